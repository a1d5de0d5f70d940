import math

import numpy as np
import pytest
from boxes import box, edit, scan, turn
from hypothesis import given
from hypothesis import strategies as st

from gsi_bench_hf.geometry import rotation_angle, rotation_y
from gsi_bench_hf.metrics.protocol_strict import score_strict, symmetric_angle
from gsi_bench_hf.types import Box3D, UnscorableError

MOVE = edit("move", box(), box(0.2))
ROTATE = edit("rotate", box(), box(angle_deg=90))
SCALE = edit("scale", box(), box(size=(0.4, 0.4, 0.4)))
angles = st.floats(-180.0, 180.0)


def accuracy(wanted, found, symmetry=1):
    return score_strict(wanted, scan(found), symmetry).accuracy


@pytest.mark.parametrize("wanted", [MOVE, ROTATE, SCALE], ids=["move", "rotate", "scale"])
def test_the_perfect_edit_scores_one_and_copying_the_input_zero(wanted):
    perfect = score_strict(wanted, scan(wanted.new_box), 1)
    assert (perfect.accuracy, perfect.compliance) == (pytest.approx(1.0), 1.0)
    copied = score_strict(wanted, scan(wanted.original_box), 1)
    assert (copied.accuracy, copied.compliance) == (pytest.approx(0.0, abs=1e-12), 0.0)


def test_a_move_in_the_wrong_direction_scores_zero():
    assert accuracy(MOVE, box(-0.2)) == 0.0


def test_a_move_that_stops_short():
    # 15 of 20 cm: 1 − 5/20 = 0.75.
    assert accuracy(MOVE, box(0.15)) == pytest.approx(0.75)


def test_a_move_with_drift():
    # Right place, turned by 45°: drift 45/90 = 0.5, so 1 · (1 − 0.5 · 0.5) = 0.75.
    assert accuracy(MOVE, box(0.2, angle_deg=45)) == pytest.approx(0.75)
    # Twice the size: |ln 2| / ln 2 = 1, so 1 − 0.5 · 1 = 0.5; that just complies.
    result = score_strict(MOVE, scan(box(0.2, size=(0.4, 0.4, 0.4))), 1)
    assert (result.accuracy, result.compliance) == (pytest.approx(0.5), 1.0)
    # The larger of the two counts, not their sum.
    assert accuracy(MOVE, box(0.2, size=(0.4, 0.4, 0.4), angle_deg=45)) == pytest.approx(0.5)


def test_a_tiny_move_is_judged_over_two_centimetres():
    # Asked 1 cm, found 1 cm off: 1 − 0.01 / max(0.01, 0.02) = 0.5.
    assert accuracy(edit("move", box(), box(0.01)), box(0.02)) == pytest.approx(0.5)


def test_rotate_by_two_thirds_of_the_angle():
    # 1 − 30/90 = 2/3.
    assert accuracy(ROTATE, box(angle_deg=60)) == pytest.approx(2 / 3)


def test_rotate_with_a_shift():
    # Diameter √3 · 0.2 = 0.34641; shift 0.1: drift 0.28868; 1 − 0.5 · 0.28868 = 0.85566.
    assert accuracy(ROTATE, box(0.1, angle_deg=90)) == pytest.approx(0.855662, abs=1e-6)


def test_scale_to_half_way():
    # Asked 2, found √2: 1 − ln(√2)/ln 2 = 0.5.
    assert accuracy(SCALE, box(size=(0.2 * math.sqrt(2),) * 3)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("found", "lost", "added", "expected"), [(None, 0, 0, 1.0), (None, 1, 1, 0.4), (box(), 0, 0, 0.0)]
)
def test_remove(found, lost, added, expected):
    # Gone with one other object lost and one added: 1 − 0.3 − 0.3 = 0.4.
    assert score_strict(edit("remove", box()), scan(found, lost=lost, added=added), 1).accuracy == pytest.approx(
        expected
    )


@pytest.mark.parametrize("operation", ["place", "receptacle"])
def test_placement_is_scored_as_a_move(operation):
    assert accuracy(edit(operation, box(), box(0.2)), box(0.15)) == pytest.approx(0.75)


def test_view_takes_the_worse_of_both_errors():
    wanted = edit("view", camera_translation_m=np.array([0.0, 0.0, 0.2]), camera_rotation=turn(20))
    # 0.05 of 0.2 m is 0.25; 10 of 20 degrees is 0.5: 1 − 0.5.
    seen = scan(None, camera_translation_m=np.array([0.0, 0.0, 0.15]), camera_rotation=turn(10))
    assert score_strict(wanted, seen, 1).accuracy == pytest.approx(0.5)


def test_view_measures_a_part_that_was_not_asked_over_a_fixed_span():
    wanted = edit("view", camera_rotation=turn(20))
    # 2 cm of the 10 cm that count where no translation was asked.
    seen = scan(None, camera_translation_m=np.array([0.02, 0.0, 0.0]), camera_rotation=turn(20))
    assert score_strict(wanted, seen, 1).accuracy == pytest.approx(0.8, abs=1e-6)


def test_a_target_that_is_not_found_scores_zero():
    for wanted in (MOVE, ROTATE, SCALE):
        assert score_strict(wanted, scan(None), 1).accuracy == 0.0


@pytest.mark.parametrize(
    ("wanted", "seen", "symmetry", "message"),
    [
        (edit("move", box()), scan(box()), 1, "no original or no new box"),
        (ROTATE, scan(box()), 4, "can't be seen"),
        (ROTATE, scan(box()), 0, "can't be seen"),
        (edit("scale", box(), box()), scan(box()), 1, "the scale asked for is 1"),
        (edit("view", camera_rotation=turn(5)), scan(None), 1, "did not look for the camera"),
        (
            edit("view"),
            scan(None, camera_translation_m=np.zeros(3), camera_rotation=np.eye(3)),
            1,
            "the record has no camera motion",
        ),
    ],
)
def test_what_cannot_be_scored_says_why(wanted, seen, symmetry, message):
    with pytest.raises(UnscorableError, match=message):
        score_strict(wanted, seen, symmetry)


def test_rotation_errors_are_taken_modulo_the_symmetry():
    # A box with two equal halves, asked to turn by 45°: 225° looks the same.
    wanted = edit("rotate", box(), box(angle_deg=45))
    assert accuracy(wanted, box(angle_deg=225), symmetry=2) == pytest.approx(1.0)
    assert accuracy(wanted, box(angle_deg=225), symmetry=1) == 0.0


def test_what_was_asked_is_taken_modulo_the_symmetry_too():
    # 135° of a 2-fold object look like −45°: leaving it is 45° off out of 45°, not out of 135°.
    assert accuracy(edit("rotate", box(), box(angle_deg=135)), box(), symmetry=2) == pytest.approx(0.0, abs=1e-12)


def test_a_round_object_has_no_rotation_drift():
    assert accuracy(MOVE, box(0.2, angle_deg=77), symmetry=0) == pytest.approx(1.0)
    assert accuracy(MOVE, box(0.2, angle_deg=90), symmetry=4) == pytest.approx(1.0)


@given(angles, angles, st.sampled_from([1, 2, 3, 4, 6]), st.integers(0, 5))
def test_property_a_symmetry_turn_changes_nothing(a, b, symmetry, k):
    one = symmetric_angle(turn(a), turn(b), symmetry)
    turned = symmetric_angle(turn(a + 360.0 * k / symmetry), turn(b), symmetry)
    assert one == pytest.approx(turned, abs=1e-6)
    assert one <= math.pi / symmetry + 1e-9


@given(angles, st.floats(-40.0, 40.0))
def test_property_any_angle_is_the_limit_of_many(a, tilt):
    tilted = np.array(
        [
            [1, 0, 0],
            [0, math.cos(math.radians(tilt)), -math.sin(math.radians(tilt))],
            [0, math.sin(math.radians(tilt)), math.cos(math.radians(tilt))],
        ]
    )
    assert symmetric_angle(turn(a), tilted, 0) == pytest.approx(symmetric_angle(turn(a), tilted, 720), abs=5e-3)


@given(st.floats(0.0, 0.4), st.floats(0.0, 0.4))
def test_property_a_larger_error_never_scores_more(near, far):
    near, far = sorted((near, far))
    assert accuracy(MOVE, box(0.2 + far)) <= accuracy(MOVE, box(0.2 + near)) + 1e-12


@given(angles, st.floats(-1.0, 1.0), st.floats(-0.1, 0.1), angles)
def test_property_moving_the_whole_world_changes_nothing(camera_deg, shift_m, error_m, yaw_deg):
    rotation, offset = turn(camera_deg), np.array([shift_m, -shift_m, 1.0])

    def seen_from_elsewhere(item):
        return Box3D(rotation @ item.center_m + offset, item.extents_m, rotation @ item.rotation)

    found = box(0.2 + error_m, angle_deg=yaw_deg / 10)
    elsewhere = edit("move", seen_from_elsewhere(box()), seen_from_elsewhere(box(0.2)))
    assert accuracy(elsewhere, seen_from_elsewhere(found)) == pytest.approx(accuracy(MOVE, found), abs=1e-6)


def test_rotation_angle_agrees_without_symmetry():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rotation_y(rng.uniform(-3, 3)), rotation_y(rng.uniform(-3, 3))
        assert symmetric_angle(a, b, 1) == rotation_angle(a, b)
