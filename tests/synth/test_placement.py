"""Placement, framing, light and the filters of finished pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth import assets, filters
from gsi_bench_hf.synth.assets.base import Support
from gsi_bench_hf.synth.placement import footprint_m, gap_m, sample_tabletop
from gsi_bench_hf.synth.scene import EditedScene, Scene, to_json
from gsi_bench_hf.synth.solids import standing_m
from gsi_bench_hf.synth.surfaces import Surface, rests_of, surfaces_on
from gsi_bench_hf.synth.viewpoints import MIN_LONG_SIDE_PX, SIZE_PX, bounds_px


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    drawn = [sample_tabletop(rng=np.random.default_rng([11, i])) for i in range(30)]
    return [s for s in drawn if s is not None]


def test_most_draws_work_out_and_hold_six_to_eleven_things(scenes: list[Scene]) -> None:
    assert len(scenes) >= 15
    counts = {len(s.objects) for s in scenes}
    assert counts <= set(range(6, 12))
    assert len(counts) > 2
    assert len({o.kind for s in scenes for o in s.objects}) >= 10
    assert any(len({o.label for o in s.objects}) < len(s.objects) for s in scenes)


def test_things_stand_clear_of_each_other_and_of_the_edge(scenes: list[Scene]) -> None:
    for scene in scenes:
        top = surfaces_on(scene.fixtures[0])[0]
        places = [footprint_m(o) for o in scene.objects if o.position_m[2] == top.center_m[2]]
        for i, here in enumerate(places):
            assert top.holds(here, 0.0199)
            assert all(gap_m(here, other) > 0.0299 for other in places[i + 1 :])


def test_some_things_stand_on_others(scenes: list[Scene]) -> None:
    stacked = 0
    for scene in scenes:
        rests = rests_of(scene)
        for item in scene.objects:
            carrier = next(
                o for o in (*scene.fixtures, *scene.objects) if o.instance_id == rests[item.instance_id].carrier_id
            )
            surface = rests[item.instance_id].surface
            assert surface is not None
            assert surface.holds(standing_m(item), 0.0)
            stacked += carrier.kind != "table"
    assert stacked >= 5


def test_tables_are_enlarged_and_no_higher(scenes: list[Scene]) -> None:
    tables = [s.fixtures[0] for s in scenes]
    assert all(1.0 <= t.scale <= 2.0 for t in tables)
    assert max(t.scale for t in tables) > 1.5
    for table in tables:
        top = surfaces_on(table)[0]
        assert top.center_m[2] == pytest.approx(assets.support("table", table.variant).height_m)
        assert top.support.half_extents_m == pytest.approx(
            assets.support("table", table.variant).half_extents_m * table.scale
        )


def test_everything_is_in_frame_and_large_enough(scenes: list[Scene]) -> None:
    for scene in scenes:
        pose = scene.camera.world_from_camera
        assert pose[2, 0] == 0.0  # no roll
        assert 25.0 <= np.rad2deg(np.arcsin(-pose[2, 2])) <= 50.0
        for item in scene.objects:
            x1, y1, x2, y2 = bounds_px(item, scene.camera)
            assert min(x1, y1) > 20
            assert max(x2, y2) < SIZE_PX - 20
            assert max(x2 - x1, y2 - y1) >= MIN_LONG_SIDE_PX


def test_fronts_mostly_face_the_viewer(scenes: list[Scene]) -> None:
    cosines = []
    for scene in scenes:
        eye_m = scene.camera.world_from_camera[:3, 3]
        for item in scene.objects:
            toward = (eye_m - item.position_m)[:2]
            cosines.append(-item.rotation[:2, 1] @ toward / np.linalg.norm(toward))
    assert np.mean(np.array(cosines) > 0.5) > 0.8


def test_the_same_seed_gives_the_same_scene() -> None:
    one, two = (sample_tabletop(rng=np.random.default_rng([11, 1])) for _ in range(2))
    assert one is not None
    assert two is not None
    assert to_json(EditedScene(one)) == to_json(EditedScene(two))


def test_nothing_is_called_a_camera(scenes: list[Scene]) -> None:
    assert not any("camera" in o.label for s in scenes for o in s.objects)


@st.composite
def rectangles(draw: Any) -> np.ndarray:
    half = np.array([draw(st.floats(0.02, 0.3)), draw(st.floats(0.02, 0.3))])
    turn = rotation_z(draw(st.floats(-3.0, 3.0)))[:2, :2]
    centre = np.array([draw(st.floats(-0.5, 0.5)), draw(st.floats(-0.5, 0.5))])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    return np.asarray(corners @ turn.T + centre)


@given(rectangles(), rectangles(), st.integers(0, 2**32 - 1))
def test_the_gap_is_never_more_than_the_distance(a: np.ndarray, b: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def inside(r: np.ndarray) -> np.ndarray:
        weights = rng.random((60, 2))
        return np.asarray(r[0] + weights[:, :1] * (r[1] - r[0]) + weights[:, 1:] * (r[3] - r[0]))

    distance = np.linalg.norm(inside(a)[:, None] - inside(b)[None], axis=-1).min()
    assert gap_m(a, b) <= distance + 1e-9
    assert gap_m(a, b) == pytest.approx(gap_m(b, a))


def test_a_surface_holds_what_is_on_it() -> None:
    table = assets.place("table", 0, "table", np.zeros(3), rotation_z(0.3))
    (top,) = surfaces_on(table)
    support = assets.support("table", 0)
    assert top.center_m[2] == pytest.approx(support.height_m)
    corner = top.center_m[:2] + (support.half_extents_m * [1.0, 0.0]) @ top.axes
    assert top.holds(corner[None], -0.001)
    assert not top.holds(corner[None], 0.001)
    disc = Surface("table", np.zeros(3), np.eye(2), Support(0.0, "disc", np.array([0.5, 0.5])))
    assert disc.holds(np.array([[0.3, 0.3]]), 0.02)
    assert not disc.holds(np.array([[0.4, 0.4]]), 0.02)


def test_badly_exposed_pictures_are_named() -> None:
    gray = np.full((64, 64, 3), 120, np.uint8)
    assert filters.exposure_reason(gray) is None
    assert filters.exposure_reason(gray // 4) == "too dark"
    half_black = gray.copy()
    half_black[:32] = 0
    half_black[32:] = 240
    assert filters.exposure_reason(half_black) == "too dark"
    blown = gray.copy()
    blown[:10] = 255
    assert filters.exposure_reason(blown) == "clipped"


def test_pairs_without_a_difference_to_see_are_named() -> None:
    source = np.full((64, 64, 3), 120, np.uint8)
    region = np.zeros((64, 64), bool)
    region[10:40, 10:40] = True
    target = source.copy()
    assert filters.pair_reason(source, target, region) == "too small a change"
    target[10:30, 10:30, 1] = 150
    assert filters.pair_reason(source, target, region) is None
    assert filters.pair_reason(source, target, ~region) == "too small a change"
    assert filters.pair_reason(source, target, np.zeros_like(region)) == "too small a change"


def test_nothing_stands_beside_what_it_could_be_taken_for(scenes: list[Scene]) -> None:
    for scene in scenes:
        kinds = {o.kind for o in scene.objects}
        for pair in ({"plant", "cactus"}, {"box", "cereal-box"}, {"teapot", "kettle"}):
            assert not pair <= kinds
