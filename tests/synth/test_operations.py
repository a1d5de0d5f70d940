"""Operations: their geometry is that of `geometry`, whatever stands wherever, seen by whatever level camera."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsi_bench_hf.geometry import move_box, rotate_about_vertical, rotation_z
from gsi_bench_hf.synth.operations import OPERATIONS
from gsi_bench_hf.synth.operations.move import DISTANCES_CM, moved, unit_of
from gsi_bench_hf.synth.operations.rotate import ANGLES_DEG, looks_the_same, rotated
from gsi_bench_hf.synth.operations.scale import FACTORS, scaled
from gsi_bench_hf.synth.scene import Scene, SceneObject, look_at, object_box, pinhole
from gsi_bench_hf.types import Camera

ANGLE = st.floats(-np.pi, np.pi)


@st.composite
def objects(draw: Any) -> SceneObject:
    size_m = np.array([draw(st.floats(0.02, 0.5)) for _ in range(3)])
    position_m = np.array([draw(st.floats(-0.5, 0.5)), draw(st.floats(-0.5, 0.5)), draw(st.floats(0.6, 0.9))])
    return SceneObject(
        "mug-1", "mug", 0, "mug", "red", 1, size_m, position_m, rotation_z(draw(ANGLE)), draw(st.floats(0.5, 2.0))
    )


@st.composite
def cameras(draw: Any) -> Camera:
    azimuth, height_m = draw(ANGLE), draw(st.floats(1.1, 2.0))
    eye_m = np.array([1.2 * np.sin(azimuth), 1.2 * np.cos(azimuth), height_m])
    return Camera(pinhole(512, 512, 50.0), look_at(eye_m, np.array([0.0, 0.0, 0.75])), 512, 512)


@given(objects(), cameras(), st.sampled_from(["left", "right"]), st.integers(1, 40))
def test_left_and_right_are_the_cameras(item: SceneObject, camera: Camera, direction: str, distance_cm: int) -> None:
    wanted = move_box(object_box(item, camera).vector, direction, distance_cm)
    found = object_box(moved(item, direction, distance_cm / 100.0, camera), camera)
    assert np.allclose(found.vector, wanted, atol=1e-12)


@given(objects(), cameras(), st.sampled_from(["towards", "away"]), st.integers(1, 40))
def test_towards_and_away_stay_on_the_table(
    item: SceneObject, camera: Camera, direction: str, distance_cm: int
) -> None:
    after = moved(item, direction, distance_cm / 100.0, camera)
    assert after.position_m[2] == item.position_m[2]
    shift_m = object_box(after, camera).center_m - object_box(item, camera).center_m
    assert np.isclose(np.linalg.norm(shift_m), distance_cm / 100.0, atol=1e-12)
    assert abs(shift_m[0]) < 1e-12
    assert (shift_m[2] > 0) == (direction == "away")


@given(objects(), cameras(), st.sampled_from(["clockwise", "counterclockwise"]), st.sampled_from(ANGLES_DEG))
def test_turns_are_those_of_the_protocol(item: SceneObject, camera: Camera, direction: Any, angle_deg: float) -> None:
    before, after = object_box(item, camera), object_box(rotated(item, angle_deg, direction), camera)
    assert np.allclose(after.rotation, rotate_about_vertical(before.rotation, angle_deg, direction), atol=1e-12)
    assert np.allclose(after.center_m, before.center_m, atol=1e-12)


def test_counterclockwise_is_so_from_above() -> None:
    item = SceneObject("a", "mug", 0, "mug", "red", 1, np.ones(3), np.zeros(3), np.eye(3))
    # The front points to −y; a quarter turn counter-clockwise, seen from above, takes it to +x.
    front = rotated(item, 90.0, "counterclockwise").rotation @ np.array([0.0, -1.0, 0.0])
    assert np.allclose(front, [1.0, 0.0, 0.0])


@given(objects(), cameras(), st.sampled_from(FACTORS))
def test_scaling_keeps_the_base(item: SceneObject, camera: Camera, factor: float) -> None:
    before, after = object_box(item, camera), object_box(scaled(item, factor), camera)
    assert np.allclose(after.extents_m, before.extents_m * factor)

    def base(box: Any) -> Any:  # the box's y points down
        return box.center_m + box.rotation[:, 1] * box.extents_m[1] / 2.0

    assert np.allclose(base(after), base(before), atol=1e-12)
    assert np.array_equal(after.rotation, before.rotation)


@pytest.mark.parametrize(
    ("symmetry", "same"),
    [(0, {45.0, 90.0, 135.0, 180.0}), (1, set()), (2, {180.0}), (4, {90.0, 180.0}), (8, {45.0, 90.0, 135.0, 180.0})],
)
def test_turns_that_show_nothing_are_known(symmetry: int, same: set[float]) -> None:
    assert {a for a in ANGLES_DEG if looks_the_same(symmetry, a)} == same


@given(objects(), cameras(), st.sampled_from(["move", "rotate", "scale", "remove"]), st.integers(0, 2**32 - 1))
def test_proposals_say_what_they_do(item: SceneObject, camera: Camera, name: str, seed: int) -> None:
    scene = Scene("tabletop", (), (item,), (), (0.0, 0.0, 0.0), camera)
    offered = OPERATIONS[name].proposals(scene, item, rng=np.random.default_rng(seed))
    assert offered
    for proposal in offered:
        result = proposal.apply(scene).target
        if name == "remove":
            assert result.objects == ()
            continue
        after = result.object("mug-1")
        if name == "move":
            assert proposal.direction is not None
            assert proposal.distance_m is not None
            assert round(proposal.distance_m * 100.0, 9) in DISTANCES_CM
            wanted_m = item.position_m + proposal.distance_m * unit_of(proposal.direction, camera)
            assert np.array_equal(after.position_m, wanted_m)
        elif name == "rotate":
            assert proposal.angle_deg in ANGLES_DEG
            assert proposal.direction is not None
            assert np.array_equal(after.rotation, rotated(item, proposal.angle_deg, proposal.direction).rotation)
        else:
            assert proposal.factor in FACTORS
            assert np.isclose(after.scale / item.scale, proposal.factor)


def test_only_one_of_several_can_be_removed_and_only_what_has_a_front_turned() -> None:
    camera = Camera(pinhole(8, 8, 50.0), np.eye(4), 8, 8)
    mugs = [SceneObject(f"mug-{i}", "mug", i, "mug", "red", i, np.ones(3), np.zeros(3), np.eye(3)) for i in (0, 1)]
    two, one = (Scene("tabletop", (), tuple(mugs[:n]), (), (0.0, 0.0, 0.0), camera) for n in (2, 1))
    assert OPERATIONS["remove"].suits(two, mugs[0])
    assert not OPERATIONS["remove"].suits(one, mugs[0])
    assert not OPERATIONS["rotate"].suits(two, mugs[0])
    assert OPERATIONS["rotate"].suits(two, mugs[1])
    foliage = dataclasses.replace(mugs[1], kind="plant")
    assert not OPERATIONS["rotate"].suits(
        two, foliage
    )  # it does look different, but nobody could say how far it turned


def test_unknown_words_are_refused() -> None:
    camera = Camera(pinhole(8, 8, 50.0), np.eye(4), 8, 8)
    item = SceneObject("a", "mug", 0, "mug", "red", 1, np.ones(3), np.zeros(3), np.eye(3))
    with pytest.raises(ValueError, match="direction is 'north', expected one of left, right, towards, away"):
        unit_of("north", camera)
    with pytest.raises(ValueError, match="direction is 'left', expected one of clockwise, counterclockwise"):
        rotated(item, 90.0, "left")
    with pytest.raises(ValueError, match=r"factor is 0\.0, expected more than 0"):
        scaled(item, 0.0)
