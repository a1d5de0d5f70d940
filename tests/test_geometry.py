"""Boxes, rotations, projection: predicates on random input, and values worked out by hand. Oracle values: tests/oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gsi_bench_hf import geometry

finite = st.floats(-3.0, 3.0)
angles = st.floats(-np.pi, np.pi)
lengths = st.floats(0.01, 2.0)
boxes = st.builds(
    lambda c, e, yaw: np.array([*c, *e, yaw]),
    arrays(float, 3, elements=finite),
    arrays(float, 3, elements=lengths),
    angles,
)


def test_iou_of_half_overlapping_unit_boxes_is_one_third():
    # Overlap 0.5 × 1 × 1 = 0.5; union 1 + 1 − 0.5 = 1.5; 0.5 / 1.5 = 1/3.
    a = [0, 0, 0, 1, 1, 1, 0.0]
    assert geometry.iou_3d(a, [0.5, 0, 0, 1, 1, 1, 0.0]) == pytest.approx(1 / 3, abs=1e-12)


def test_iou_of_a_square_and_its_eighth_turn():
    # A unit square and itself turned by 45° share a regular octagon of area 2(√2 − 1); IoU = A / (2 − A).
    area = 2 * (np.sqrt(2) - 1)
    assert geometry.iou_3d([0, 0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1, np.pi / 4]) == pytest.approx(
        area / (2 - area), abs=1e-12
    )


@given(boxes)
def test_iou_with_itself_is_one(box):
    assert geometry.iou_3d(box, box) == pytest.approx(1.0, abs=1e-9)


@given(boxes, boxes)
def test_iou_is_symmetric_and_within_bounds(a, b):
    iou = geometry.iou_3d(a, b)
    assert 0.0 <= iou <= 1.0 + 1e-9
    assert iou == pytest.approx(geometry.iou_3d(b, a), abs=1e-9)


@given(boxes, boxes, arrays(float, 3, elements=finite), angles)
def test_iou_does_not_change_under_a_rigid_motion(a, b, shift, turn):
    def moved(box):
        center = geometry.rotation_y(turn) @ box[:3] + shift
        return np.array([*center, *box[3:6], box[6] + turn])

    assert geometry.iou_3d(moved(a), moved(b)) == pytest.approx(geometry.iou_3d(a, b), abs=1e-7)


@pytest.mark.parametrize("axis", [3, 4, 5])
def test_a_flat_box_has_no_iou(axis):
    flat = np.array([0, 0, 0, 1, 1, 1, 0.7])
    flat[axis] = 0.0
    assert geometry.iou_3d(flat, [0, 0, 0, 1, 1, 1, 0.0]) == 0.0
    assert geometry.iou_3d(flat, flat) == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", range(7))
def test_a_box_with_a_number_that_is_none_has_no_iou(bad, place):
    box = np.array([0.1, 0.2, 2.0, 1, 1, 1, 0.0])
    broken = box.copy()
    broken[place] = bad
    assert geometry.iou_3d(box, broken) == geometry.iou_3d(broken, box) == 0.0


@given(boxes, boxes, st.sampled_from([3, 4, 5]))
def test_a_negative_extent_is_the_same_box(a, b, axis):
    mirrored = a.copy()
    mirrored[axis] *= -1.0
    assert geometry.iou_3d(mirrored, b) == pytest.approx(geometry.iou_3d(a, b), abs=1e-12)


def test_quirk_iou_turns_boxes_by_their_yaw_alone():
    # A rod along z and its yaw of 90°: 0.2 · 0.2 of two 1 · 0.2 share: 0.04 / (0.2 + 0.2 − 0.04) = 1/9. A pitch can't be said at all.
    rod = [0, 0, 3, 0.2, 1, 1.0, 0.0]
    assert geometry.iou_3d(rod, [0, 0, 3, 0.2, 1, 1.0, np.pi / 2]) == pytest.approx(1 / 9, abs=1e-12)


def test_quirk_a_box_around_the_camera_is_projected_all_the_same():
    # Corners at z = −0.5 and 1.5: behind, x = ±0.5 lands at 320 ± 300 · 0.5 / −0.5, which is farther out than in front, ±100.
    k = [[300, 0, 320], [0, 300, 240], [0, 0, 1]]
    assert geometry.project_box([0, 0, 0.5, 1, 1, 2, 0], np.eye(3), k) == pytest.approx([20, -60, 620, 540])


def test_a_corner_in_the_cameras_plane_has_no_finite_pixel():
    k = [[300, 0, 320], [0, 300, 240], [0, 0, 1]]
    assert not np.isfinite(geometry.project_box([0, 0, 0.5, 1, 1, 1, 0], np.eye(3), k)).all()


def test_quirk_moving_along_an_objects_axis_takes_the_row_of_the_largest_entry_for_a_column():
    # Axis x of the box is column 0, (0, 0, 1). Its largest entry stands in row 2, so that column 2, (0, 1, 0), is the way "right".
    rotation = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert geometry.move_box(np.zeros(7), "right", 100, rotation)[:3] == pytest.approx([0, 1, 0])
    assert rotation[:, 0] == pytest.approx([0, 0, 1])


def test_projection_of_a_box_by_hand():
    # The near face is at z = 2 − 0.5 = 1.5; ±0.5 / 1.5 × 300 = ±100 around (320, 240).
    k = [[300, 0, 320], [0, 300, 240], [0, 0, 1]]
    assert geometry.project_box([0, 0, 2, 1, 1, 1, 0], np.eye(3), k) == pytest.approx([220, 140, 420, 340])


@given(angles, angles)
def test_rotation_angle_is_the_angle_between(a, b):
    difference = abs((a - b + np.pi) % (2 * np.pi) - np.pi)
    assert geometry.rotation_angle(geometry.rotation_y(a), geometry.rotation_y(b)) == pytest.approx(
        difference, abs=1e-6
    )


@given(st.floats(0, 360))
def test_turning_there_and_back_is_nothing(angle_deg):
    there = geometry.rotate_about_vertical(np.eye(3), angle_deg, "clockwise")
    back = geometry.rotate_about_vertical(there, angle_deg, "counterclockwise")
    assert np.allclose(back, np.eye(3), atol=1e-12)


def test_counterclockwise_is_seen_from_above():
    # Box x points right, z away from the viewer. Counter-clockwise from above takes "right" to "away".
    turned = geometry.rotate_about_vertical(np.eye(3), 90, "counterclockwise")
    assert turned @ [1, 0, 0] == pytest.approx([0, 0, 1])


def test_an_unknown_turn_is_refused():
    with pytest.raises(ValueError, match="direction is 'cw', expected 'clockwise' or 'counterclockwise'"):
        geometry.rotate_about_vertical(np.eye(3), 90, "cw")


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="direction is 'up', expected one of left, right"):
        geometry.move_box(np.zeros(7), "up", 10)


@pytest.mark.parametrize(
    ("direction", "axis", "sign"),
    [("left", 0, -1), ("right", 0, 1), ("above", 1, -1), ("below", 1, 1), ("front", 2, -1), ("behind", 2, 1)],
)
@given(box=boxes, distance_cm=st.floats(0, 100))
def test_moving_shifts_one_axis(direction, axis, sign, box, distance_cm):
    shift = geometry.move_box(box, direction, distance_cm) - box
    expected = np.zeros(7)
    expected[axis] = sign * distance_cm / 100
    assert shift == pytest.approx(expected, abs=1e-9)


@given(arrays(np.float64, (4, 6), elements=st.floats(0.5, 5.0)))
def test_projection_undoes_unprojection(depth_m):
    k = np.array([[40.0, 0, 3.0], [0, 42.0, 2.0], [0, 0, 1]])
    points = geometry.unproject_depth(depth_m, k)
    v, u = np.mgrid[0:4, 0:6] + 0.5
    assert np.allclose(geometry.project_points(points.reshape(-1, 3), k), np.stack([u, v], -1).reshape(-1, 2))
    assert np.allclose(points[..., 2], depth_m)
