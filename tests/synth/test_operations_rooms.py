"""View, place and receptacle: their geometry, whatever the camera, and the words for where things are put."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from furnished import DESK, MAT, SHELF, camera, fixture, on, room, things
from hypothesis import given
from hypothesis import strategies as st

from gsi_bench_hf.geometry import rotation_angle
from gsi_bench_hf.instructions import parse
from gsi_bench_hf.synth.operations import OPERATIONS, Proposal
from gsi_bench_hf.synth.operations.move import ROOM_DISTANCES_CM
from gsi_bench_hf.synth.operations.place import placed, toward
from gsi_bench_hf.synth.operations.receptacle import middle_m
from gsi_bench_hf.synth.operations.view import (
    ANGLES_DEG,
    DISTANCES_CM,
    MOVES,
    TURNS,
    camera_motion,
    moved_camera,
    pitch_deg,
    turned_camera,
)
from gsi_bench_hf.synth.referring import Expression, expressions_for, named_by, things_of
from gsi_bench_hf.synth.scene import object_box
from gsi_bench_hf.synth.surfaces import surfaces_on
from gsi_bench_hf.synth.wording import choose_expression, reference_names, write_instructions

EYES = st.tuples(st.floats(-1.0, 1.0), st.floats(-1.3, 0.0), st.floats(1.0, 1.7))


@given(EYES, st.sampled_from(MOVES), st.sampled_from(DISTANCES_CM))
def test_a_moved_camera_stays_level_and_keeps_its_heading(eye, direction, distance_cm):
    before = camera(eye)
    after = moved_camera(before, direction, distance_cm / 100.0)
    shift_m, turn = camera_motion(before, after)
    assert np.isclose(np.linalg.norm(shift_m), distance_cm / 100.0)
    assert np.allclose(turn, np.eye(3))
    assert np.isclose(after.world_from_camera[2, 3], before.world_from_camera[2, 3])
    sign = {"right": (0, 1), "left": (0, -1), "forward": (2, 1), "backward": (2, -1)}[direction]
    assert shift_m[sign[0]] * sign[1] > 0.0
    if direction in ("left", "right"):
        assert np.allclose(shift_m[1:], 0.0)
    else:
        assert np.isclose(shift_m[0], 0.0)


@given(EYES, st.sampled_from(TURNS), st.sampled_from(ANGLES_DEG))
def test_a_turned_camera_stays_where_it_is_and_never_tips(eye, direction, angle_deg):
    before = camera(eye)
    after = turned_camera(before, direction, angle_deg)
    shift_m, turn = camera_motion(before, after)
    assert np.allclose(shift_m, 0.0)
    assert np.isclose(np.rad2deg(rotation_angle(np.eye(3), turn)), angle_deg)
    assert np.isclose(after.world_from_camera[2, 0], 0.0)  # its x axis is level
    change_deg = pitch_deg(after) - pitch_deg(before)
    if direction in ("left", "right"):
        assert np.isclose(change_deg, 0.0)
        # What was ahead is seen on the other side.
        ahead = turn.T @ np.array([0.0, 0.0, 1.0])
        assert (ahead[0] > 0.0) == (direction == "left")
    else:
        assert np.isclose(change_deg, -angle_deg if direction == "up" else angle_deg)


def test_the_motion_takes_points_from_the_new_camera_to_the_old():
    before = camera()
    after = turned_camera(moved_camera(before, "left", 0.3), "up", 15.0)
    shift_m, turn = camera_motion(before, after)
    item = on(DESK, "mug", 0.0, 0.0)
    there, here = object_box(item, after), object_box(item, before)
    assert np.allclose(turn @ there.center_m + shift_m, here.center_m)
    assert np.allclose(turn @ there.rotation, here.rotation)


def test_view_proposals_keep_the_object_in_the_picture():
    scene = room(*things())
    for item in scene.objects:
        for proposal in OPERATIONS["view"].proposals(scene, item, rng=np.random.default_rng(0)):
            assert proposal.camera is not None
            assert proposal.choice in OPERATIONS["view"].choices
            edited = proposal.apply(scene)
            assert edited.target.camera is proposal.camera
            assert edited.target.objects == scene.objects
            x, y, z = object_box(item, proposal.camera).center_m
            u, v = proposal.camera.intrinsics[:2] @ [x / z, y / z, 1.0]
            assert 0.0 < u < 640.0
            assert 0.0 < v < 480.0


def test_things_are_placed_beside_others_on_what_those_stand_on():
    scene = room(*things())
    item = scene.object("rubber-duck-1")
    found = OPERATIONS["place"].proposals(scene, item, rng=np.random.default_rng(0))
    assert {p.reference_id for p in found} >= {"mug-1", "laptop-1"}
    for proposal in found:
        assert proposal.changed is not None
        assert proposal.reference_id is not None
        reference = scene.object(proposal.reference_id)
        shift_m = proposal.changed.position_m - reference.position_m
        assert np.isclose(np.linalg.norm(shift_m), proposal.distance_m)
        assert np.isclose(shift_m[2], 0.0)
        assert np.array_equal(proposal.changed.rotation, item.rotation)
        # The relation holds in the picture's own terms.
        seen = object_box(proposal.changed, scene.camera).center_m - object_box(reference, scene.camera).center_m
        axis, sign = {"left of": (0, -1), "right of": (0, 1), "in front of": (2, -1), "behind": (2, 1)}[
            str(proposal.relation)
        ]
        assert seen[axis] * sign > 0.0


def test_placed_beside_is_along_the_image_whatever_way_the_reference_faces():
    reference = on(DESK, "mug", 0.0, 0.0, rotation=np.diag([-1.0, -1.0, 1.0]))
    after = placed(on(DESK, "rubber-duck", 0.3, 0.0), reference, "left of", 0.2, camera())
    assert np.allclose((after.position_m - reference.position_m) @ camera().world_from_camera[:3, 0], -0.2)
    with pytest.raises(ValueError, match="relation is 'under', expected one of left of, right of, in front of, behind"):
        toward("under", camera())


def test_receptacles_are_other_things_than_what_carries_the_target():
    scene = room(*things())
    for item in scene.objects:
        for proposal in OPERATIONS["receptacle"].proposals(scene, item, rng=np.random.default_rng(0)):
            assert proposal.changed is not None
            owner = next(o for o in (*scene.fixtures, *scene.objects) if o.instance_id == proposal.reference_id)
            assert owner.label not in ("floor", "wall", item.label)
            surface = surfaces_on(owner)[proposal.support or 0]
            wanted_m = middle_m(surface, proposal.part, scene.camera)
            assert np.allclose(proposal.changed.position_m, wanted_m)
            assert item.size_m[2] < surface.support.clearance_m
    mug = OPERATIONS["receptacle"].proposals(scene, scene.object("mug-1"), rng=np.random.default_rng(0))
    assert mug
    assert "desk-1" not in {p.reference_id for p in mug}


def test_halves_are_those_of_the_picture():
    (desk,) = surfaces_on(DESK)
    right = camera().world_from_camera[:3, 0]
    left_m, right_m = (middle_m(desk, part, camera()) for part in ("left half", "right half"))
    assert left_m is not None
    assert right_m is not None
    assert (right_m - left_m) @ right > 0.5 * desk.support.half_extents_m[0]
    assert np.allclose((left_m + right_m) / 2.0, desk.center_m)
    slant = camera((1.6, -0.2, 1.5), (0.2, 1.2, 0.7))
    assert middle_m(desk, "left half", slant) is None
    stool = surfaces_on(fixture("stool", 1, 0.0, 0.0))[0]
    assert middle_m(stool, "right half", camera()) is None


def test_shelves_are_counted_from_the_bottom_and_halves_said():
    scene = room(*things())
    shelves = [s.name for s in (surface.support for surface in surfaces_on(SHELF))]
    named = {}
    for number in range(len(shelves)):
        proposal = Proposal("receptacle", "mug-1", None, relation="on", reference_id="bookshelf-1", support=number)
        named[number] = reference_names(scene, proposal)
    assert named[0] == ("top of the bookshelf", "书架的顶面")
    assert named[len(shelves) - 1] == ("bottom shelf of the bookshelf", "书架最下面一层")
    assert named[len(shelves) - 2] == ("second shelf from the bottom of the bookshelf", "书架从下往上数第二层")
    half = Proposal("receptacle", "mug-1", None, relation="on", reference_id="desk-1", support=0, part="left half")
    assert reference_names(scene, half) == ("left half of the desk", "书桌左半边")
    assert reference_names(scene, dataclasses.replace(half, reference_id="room-wall-1", part=None)) is None


def test_furniture_in_the_picture_counts_for_what_a_noun_means():
    one = room(*things())
    assert Expression("stool") in expressions_for(one, "stool-1")
    far = fixture("stool", 2, 0.6, 0.9)
    two = room(*things(), fixtures=(DESK, SHELF, MAT, far))
    assert far in things_of(two)
    assert named_by(two, Expression("stool")) == ("stool-1", "stool-2")
    assert Expression("stool") not in expressions_for(two, "stool-1")
    behind = fixture("stool", 2, 0.0, -2.5)
    unseen = room(*things(), fixtures=(DESK, SHELF, MAT, behind))
    assert behind not in things_of(unseen)
    assert Expression("stool") in expressions_for(unseen, "stool-1")


def test_a_noun_means_its_compounds_too():
    coffee = fixture("coffee-table", 1, 0.4, 0.2)
    scene = room(*things(), fixtures=(DESK, SHELF, coffee))
    assert named_by(scene, Expression("table")) == ("coffee-table-1",)
    books = room(on(DESK, "book", 0.0, 0.0), fixtures=(DESK, SHELF, on(SHELF, "book-row", 0.0, 0.0)))
    assert named_by(books, Expression("book")) == ("book-1", "book-row-1")


def test_higher_and_lower_are_told_in_the_room_and_in_the_picture():
    scene = room(on(SHELF, "vase", 0.0, 0.0, level=1, number=1), on(SHELF, "vase", 0.0, 0.0, level=2, number=2))
    assert named_by(scene, Expression("vase", None, "highest"), margin_m=0.05) == ("vase-1",)
    assert named_by(scene, Expression("vase", None, "lowest"), margin_m=0.05) == ("vase-2",)
    level = room(on(DESK, "vase", -0.2, 0.0, number=1), on(DESK, "vase", 0.2, 0.0, number=2))
    assert named_by(level, Expression("vase", None, "highest"), margin_m=0.05) == ()


def test_on_means_directly_on():
    scene = room(on(DESK, "vase", 0.0, 0.0, number=1), on(SHELF, "vase", 0.0, 0.0, level=1, number=2))
    assert named_by(scene, Expression("vase", None, "on", "desk"), margin_m=0.05) == ("vase-1",)
    assert Expression("vase", None, "on", "bookshelf") in expressions_for(scene, "vase-2")
    (box, clock) = (o for o in things() if o.instance_id in ("box-1", "alarm-clock-1"))
    stacked = room(box, clock, on(SHELF, "alarm-clock", 0.0, 0.0, level=1, number=2))
    assert named_by(stacked, Expression("alarm clock", None, "on", "desk"), margin_m=0.05) == ()
    assert Expression("alarm clock", None, "on", "cardboard box") in expressions_for(stacked, "alarm-clock-1")
    assert Expression("alarm clock", None, "on", "desk") not in expressions_for(stacked, "alarm-clock-1")


@pytest.mark.parametrize("name", ["place", "receptacle", "view"])
def test_what_is_written_is_read_back(name):
    scene, rng = room(*things()), np.random.default_rng(0)
    for item in scene.objects:
        for proposal in OPERATIONS[name].proposals(scene, item, rng=rng)[:4]:
            expression = choose_expression(scene, proposal, rng=rng)
            names = None if name == "view" else reference_names(scene, proposal)
            if expression is None or (names is None and name != "view"):
                continue
            for number, text in enumerate(write_instructions(scene, proposal, expression, rng=rng)):
                said = parse(text)
                assert said.operation == name
                assert (said.distance_m, said.angle_deg) == (proposal.distance_m, proposal.angle_deg)
                if name == "view":
                    assert (said.target, said.direction) == ("camera", proposal.direction)
                else:
                    assert said.relation == proposal.relation
                    assert names is not None
                    assert said.reference == names[number].lower()


def test_things_in_rooms_move_10_to_30_cm():
    scene = room(*things())
    for proposal in OPERATIONS["move"].proposals(scene, scene.objects[0], rng=np.random.default_rng(0)):
        assert proposal.distance_m is not None
        assert round(proposal.distance_m * 100.0) in ROOM_DISTANCES_CM


def test_unknown_directions_of_the_camera_are_refused():
    with pytest.raises(ValueError, match="direction is 'up', expected one of forward, backward, left, right"):
        moved_camera(camera(), "up", 0.1)
    with pytest.raises(ValueError, match="direction is 'forward', expected one of left, right, up, down"):
        turned_camera(camera(), "forward", 15.0)
