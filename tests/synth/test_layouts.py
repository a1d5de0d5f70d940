"""Furnished rooms: rules hold, nothing is in anything else, everything stands, views see what they say."""

from __future__ import annotations

import numpy as np
import pytest

from gsi_bench_hf.synth import layouts
from gsi_bench_hf.synth.layouts.floor import BODY_M, outside_m
from gsi_bench_hf.synth.layouts.plan import Plan, Span, distance_m, rectangle, turn, wall_of
from gsi_bench_hf.synth.layouts.themes import THEMES
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.room_views import (
    MIN_EDITABLE,
    SITTING_M,
    STANDING_M,
    Candidate,
    areas,
    choose_view,
    dispersed,
    editable,
    suppressed,
)
from gsi_bench_hf.synth.scene import Scene, look_at, pinhole
from gsi_bench_hf.synth.standing import Standing
from gsi_bench_hf.synth.surfaces import rests_of
from gsi_bench_hf.types import Camera

VARIANTS = range(2, 5)
FLAT = ("rug", "bath-mat", "floor", "bathroom-floor")
NOWHERE = Camera(pinhole(64, 48, 60.0), np.eye(4), 64, 48)


def _layout(environment, seed, room_type=None):
    for attempt in range(8):
        rng = np.random.default_rng([seed, attempt])
        found = layouts.sample_layout(environment, rng=rng, variants=VARIANTS, room_type=room_type)
        if found is not None:
            return found
    raise AssertionError("no draw worked out")


@pytest.fixture(scope="module", params=[*layouts.ROOMS, "bathroom"])
def layout(request):
    environment = "bathroom" if request.param == "bathroom" else "room"
    return _layout(environment, 3, None if environment == "bathroom" else request.param)


def _scene(layout):
    return Scene(layout.environment, layout.fixtures, layout.objects, layout.lights, layout.ambient, NOWHERE)


def _front(item):
    return -item.rotation[:2, 1]


def test_everything_is_in_the_room_and_stands(layout):
    things = (*layout.fixtures, *layout.objects)
    assert len({t.instance_id for t in things}) == len(things)
    assert {t.variant for t in things} <= set(VARIANTS)
    rests = rests_of(_scene(layout))
    assert {o.instance_id for o in layout.objects} <= set(rests)
    inside = [t for t in things if t.kind not in ("floor", "bathroom-floor", "ceiling", "room-wall", "bathroom-wall")]
    for item in inside:
        # Windows, doors and curtains reach into the wall; nothing else does by more than the skirting board.
        assert (np.abs(footprint_m(item)) < layout.extent_m[:2] / 2 + 0.02).all(), item.instance_id
        assert item.position_m[2] + item.size_m[2] < layout.extent_m[2] + 0.001, item.instance_id
    assert Standing(_scene(layout)).source_reason() is None


def test_furniture_keeps_apart_and_leaves_room_to_walk(layout):
    things = (*layout.fixtures, *layout.objects)
    walls = ("room-wall", "bathroom-wall", "door", "curtain")
    standing = [t for t in things if t.position_m[2] < 0.001 and t.kind not in (*FLAT, *walls)]
    assert len(standing) >= 3
    corners = [footprint_m(t) for t in standing]
    for i, a in enumerate(corners):
        for b in corners[:i]:
            assert distance_m(a, b) > -1e-6
        assert outside_m(layout.free_floor_m, a).min() > BODY_M - 1e-6
    assert (np.abs(layout.free_floor_m) < layout.extent_m[:2] / 2).all()


def test_furniture_faces_what_belongs_to_it():
    office = _layout("room", 0, "office")
    desks = [f for f in office.fixtures if f.kind == "desk"]
    chairs = [o for o in office.objects if o.kind in ("dining-chair", "office-chair")]
    assert desks
    assert chairs
    for chair in chairs:
        desk = min(desks, key=lambda d: np.linalg.norm(d.position_m - chair.position_m))
        toward = (desk.position_m - chair.position_m)[:2]
        assert _front(chair) @ toward / np.linalg.norm(toward) > 0.7
        assert _front(chair) @ _front(desk) < -0.6
    living = _layout("room", 0, "living room")
    sofa, stand = (next(f for f in living.fixtures if f.kind == kind) for kind in ("sofa", "tv-stand"))
    assert _front(sofa) @ _front(stand) < -0.999
    assert _front(sofa) @ (stand.position_m - sofa.position_m)[:2] > 1.5
    assert any(o.kind == "tv" for o in living.objects)
    bath = _layout("bathroom", 0)
    basin = next(f for f in bath.fixtures if f.kind == "vanity")
    mirrors = [f for f in bath.fixtures if f.kind in ("mirror-cabinet", "wall-mirror") and wall_of(f) == wall_of(basin)]
    assert any(np.linalg.norm((m.position_m - basin.position_m)[:2]) < 0.6 for m in mirrors)


def test_the_seed_decides_and_bad_environments_are_named():
    a, b, other = (_layout("bathroom", seed) for seed in (5, 5, 6))
    assert [(t.instance_id, *t.position_m) for t in a.objects] == [(t.instance_id, *t.position_m) for t in b.objects]
    assert [t.instance_id for t in a.objects] != [t.instance_id for t in other.objects]
    with pytest.raises(ValueError, match="'tabletop', expected 'room' or 'bathroom'"):
        layouts.sample_layout("tabletop", rng=np.random.default_rng(0))


def test_themes_name_kinds_that_there_are():
    from gsi_bench_hf.synth.assets import KINDS

    named = {kind for kinds in THEMES.values() for kind in kinds}
    assert {kind for kind in named if kind not in KINDS} == set()
    assert all(KINDS[kind].movable for kind in named)


def test_walls_are_counted_from_inside():
    plan = Plan(np.array([4.0, 3.0, 2.6]), VARIANTS)
    # Facing east, the right hand is south; 1 m along and 0.5 m into a room that is 4 m wide.
    np.testing.assert_allclose(plan.spot_m("east", 1.0, 0.5), [1.5, -1.0], atol=1e-12)
    np.testing.assert_allclose(plan.spot_m("south", 1.0, 0.5), [-1.0, -1.0], atol=1e-12)
    item = plan.at_wall("nightstand", 2, "west", 0.2)
    assert item is not None
    assert wall_of(item) == "west"
    np.testing.assert_allclose(_front(item), [1.0, 0.0], atol=1e-12)
    assert plan.at_wall("nightstand", 2, "west", 0.2) is None
    assert Span(0, 1, 0, 1).meets(Span(0.9, 2, 0.5, 2))
    assert not Span(0, 1, 0, 1).meets(Span(0.9, 2, 1.0, 2))
    square = rectangle(np.zeros(2), np.array([1.0, 1.0]), 45.0)
    np.testing.assert_allclose(distance_m(square, rectangle(np.array([2.0, 0.0]), np.ones(2), 0.0)), 1.5 - np.sqrt(0.5))
    np.testing.assert_allclose(turn(90.0) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_areas_part_at_narrow_passages():
    pytest.importorskip("sklearn")
    grid = np.stack(np.meshgrid(np.arange(10), np.arange(10)), axis=-1).reshape(-1, 2) * 0.1
    passage = np.stack([np.arange(10, 20), np.full(10, 5)], axis=1) * 0.1
    both = np.concatenate([grid, passage, grid + np.array([2.0, 0.0])])
    found = areas(both)
    assert len(found) == 2
    assert all(np.ptp(area[:, 0]) < 1.2 for area in found)
    assert areas(np.zeros((0, 2))) == []


def test_places_are_dispersed_and_views_differ():
    rng = np.random.default_rng(0)
    line = np.stack([np.linspace(0, 4, 41), np.zeros(41)], axis=1)
    for _ in range(5):
        chosen = dispersed(line, 4, rng=rng)
        # Each next one halves the widest gap at worst: four on 4 m stay 0.5 m apart.
        gaps = np.diff(np.sort(chosen[:, 0]))
        assert gaps.min() >= 0.5
    cameras = [look_at(np.array([x, 0.0, 1.5]), np.array([x, 2.0, 1.0])) for x in (0.0, 0.1, 1.0)]
    views = [
        Candidate(Camera(np.eye(3), pose, 8, 8), score) for pose, score in zip(cameras, (3.0, 5.0, 4.0), strict=True)
    ]
    assert suppressed(views) == [views[1], views[2]]


@pytest.mark.slow
def test_views_are_a_persons_and_show_what_can_be_edited():
    pytest.importorskip("mujoco")
    renderer = shared_renderer()
    for environment, seed in (("room", 1), ("bathroom", 4)):
        rooms = (_layout(environment, seed + k) for k in range(3))
        views = ((room, choose_view(room, renderer, rng=np.random.default_rng(2))) for room in rooms)
        layout, camera = next((room, camera) for room, camera in views if camera is not None)
        eye, forward = camera.world_from_camera[:3, 3], camera.world_from_camera[:3, 2]
        assert np.linalg.norm(layout.free_floor_m - eye[:2], axis=1).min() < 1e-9
        assert any(low <= eye[2] <= high for low, high in (SITTING_M, STANDING_M))
        assert 0.0 <= np.rad2deg(np.arcsin(-forward[2])) <= 35.001
        assert 60.0 <= 2 * np.rad2deg(np.arctan(camera.width / 2 / camera.intrinsics[0, 0])) <= 90.0
        scene = layouts.seen_scene(layout, camera, renderer)
        assert scene is not None
        every = {t.instance_id for t in (*layout.fixtures, *layout.objects)}
        kept, rest = ({t.instance_id for t in things} for things in (scene.objects, scene.fixtures))
        assert kept | rest == every
        assert not kept & rest
        frame = renderer.render(scene)
        assert frame.depth_m.min() > 0.25
        assert 40 < frame.rgb.mean() < 245
        pixels = np.bincount(frame.segmentation.ravel(), minlength=len(scene.objects) + 1)[1:]
        assert pixels.min() >= 150
        assert len(editable(scene.objects, camera, frame.segmentation)) >= MIN_EDITABLE
