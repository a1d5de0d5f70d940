"""The released evaluator's quirks, one named test each. Its golden values are in tests/oracle."""

import math

import numpy as np
import pytest
from boxes import paper_edit, seen, turn, vector
from PIL import Image

from gsi_bench_hf.geometry import iou_3d
from gsi_bench_hf.metrics.protocol_paper import same, same_viewpoint, score_edit, to_detector_frame, view_score
from gsi_bench_hf.metrics.ssim import ssim_map


def scores(operation, edit, origin, edited, gate=True):
    result = score_edit(operation, edit, origin, edited, gate)
    return result["instruction_compliance"], result["spatial_accuracy"]


def texture(seed=0, shape=(48, 64, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def photo(seed=0, size=(320, 240)):
    """Blobs that SIFT finds."""
    small = Image.fromarray(texture(seed, (40, 60, 3)))
    return small.resize(size, Image.Resampling.BICUBIC)


def test_a_perfect_move_scores_one_less_the_epsilons():
    # IoU 1. r = 0.5 / (0.5 + 1e-5) = 0.99998; ln(√r + 1e-5) ≈ 0; so 0.3 · 1 + 0.7 · 1 = 1.
    ic, sa = scores("move", paper_edit(vector(0.5)), [seen(vector())], [seen(vector(0.5))])
    assert (ic, sa) == (1.0, pytest.approx(1.0, abs=1e-8))


def test_quirk_a_move_in_the_wrong_direction_keeps_seven_tenths():
    # Half a metre to the left instead of to the right: no overlap, but the distance is right: 0.3 · 0 + 0.7 · 1.
    ic, sa = scores("move", paper_edit(vector(0.5)), [seen(vector())], [seen(vector(-0.5))])
    assert (ic, sa) == (1.0, pytest.approx(0.7, abs=1e-8))


def test_quirk_a_move_below_316_mm_is_taken_for_no_move():
    # `same` at 0.1: 0.31² = 0.096 < 0.1, so even the perfect edit has no candidate; 0.32² = 0.102 does.
    assert scores("move", paper_edit(vector(0.31)), [seen(vector())], [seen(vector(0.31))]) == (0.0, pytest.approx(0.0))
    assert scores("move", paper_edit(vector(0.32)), [seen(vector())], [seen(vector(0.32))])[1] > 0.99


def test_quirk_same_adds_metres_and_radians():
    assert same(vector(yaw=0.3), vector(), 0.1)
    assert not same(vector(yaw=0.2, x=0.25), vector(), 0.1)


def test_quirk_a_lost_object_halves_a_move():
    other = seen(vector(-1.0))
    whole = scores("move", paper_edit(vector(0.5)), [seen(vector()), other], [seen(vector(0.5)), other])[1]
    halved = scores("move", paper_edit(vector(0.5)), [seen(vector()), other], [seen(vector(0.5))])[1]
    assert halved == pytest.approx(whole / 2, abs=1e-15)


def test_the_candidate_nearest_to_the_ground_truth_is_chosen():
    near, far = seen(vector(0.6)), seen(vector(1.2))
    sa = scores("move", paper_edit(vector(0.5)), [seen(vector())], [far, near])[1]
    # Halved, as there is one object more. r = 0.6/0.5 = 1.2: s2 = exp(−(ln √1.2)²).
    expected = 0.3 * iou_3d(vector(0.5), vector(0.6)) + 0.7 * math.exp(-(math.log(math.sqrt(1.2)) ** 2))
    assert sa == pytest.approx(expected / 2, abs=1e-5)


@pytest.mark.parametrize("operation", ["move", "rotate", "scale"])
def test_a_closed_gate_an_unseen_object_or_nothing_detected_scores_zero(operation):
    edit = paper_edit(vector(0.5), angle_deg=90)
    origin, edited = [seen(vector())], [seen(vector(0.5), 90)]
    assert scores(operation, edit, origin, edited, gate=False) == (0.0, 0.0)
    assert scores(operation, edit, [seen(vector(2.0))], edited) == (0.0, 0.0)
    assert scores(operation, edit, origin, []) == (0.0, 0.0)


def test_rotate_by_half_the_angle():
    # r = 45/90 = 0.5: 0.5 · exp(−ln(0.5)²) + 0.5 · exp(−π/4) = 0.5 · 0.61850 + 0.5 · 0.45594 = 0.53722.
    edit = paper_edit(vector(), angle_deg=90)
    found = seen(vector(0.01, yaw=math.pi / 4), 45)
    ic, sa = scores("rotate", edit, [seen(vector())], [found])
    assert (ic, sa) == (1.0, pytest.approx(0.53722, abs=1e-4))


def test_quirk_a_rotated_object_half_a_metre_away_still_complies():
    found = seen(vector(0.6, yaw=math.pi / 2), 90)
    assert scores("rotate", paper_edit(vector(), angle_deg=90), [seen(vector())], [found]) == (1.0, 0.0)


def test_scale_to_the_wanted_size():
    new = vector(size=(0.4, 0.4, 0.4))
    ic, sa = scores("scale", paper_edit(new), [seen(vector())], [seen(new)])
    assert (ic, sa) == (1.0, pytest.approx(1.0, abs=1e-8))


def test_quirk_scale_without_a_candidate_stays_above_zero():
    # Nothing changed: fp = [1, 1, 1], f1 = 2, q = 0.5: exp(−ln(0.5)²) = exp(−0.48045) = 0.61850.
    ic, sa = scores("scale", paper_edit(vector(size=(0.4, 0.4, 0.4))), [seen(vector())], [seen(vector())])
    assert (ic, sa) == (0.0, pytest.approx(0.61850, abs=1e-4))


def test_remove():
    other = seen(vector(-1.0))
    origin = [seen(vector()), other]
    assert scores("remove", paper_edit(), origin, [other]) == (1.0, 1.0)
    assert scores("remove", paper_edit(), origin, origin) == (0.0, 0.0)
    # One object too many is lost: 1 − 0.3 · (2 − 0 − 1) = 0.7.
    assert scores("remove", paper_edit(), origin, []) == (1.0, pytest.approx(0.7))


def test_quirk_objects_added_while_removing_cost_nothing():
    added = [seen(vector(x)) for x in (-1.0, 1.0, 1.5)]
    assert scores("remove", paper_edit(), [seen(vector()), added[0]], added) == (1.0, 1.0)


def test_an_operation_without_such_a_score_is_refused():
    with pytest.raises(ValueError, match="operation is 'view', expected one of move, rotate, scale, remove"):
        score_edit("view", paper_edit(), [], [], True)


@pytest.mark.parametrize("operation", ["move", "rotate", "scale", "remove"])
def test_property_scores_lie_between_zero_and_one(operation):
    rng = np.random.default_rng(3)
    for _ in range(100):
        boxes = [
            vector(*rng.uniform(-0.5, 0.5, 2), 2.0, rng.uniform(0.05, 0.5, 3), rng.uniform(-3, 3)) for _ in range(3)
        ]
        edit = paper_edit(boxes[1], angle_deg=rng.uniform(10, 180), original=boxes[0])
        ic, sa = scores(operation, edit, [seen(boxes[0])], [seen(boxes[2], rng.uniform(-180, 180))])
        assert ic in (0.0, 1.0)
        assert 0.0 <= sa <= 1.0


def test_quirk_detections_are_enlarged_to_896_pixels_and_projections_are_not():
    assert to_detector_frame([10.0, 20.0, 30.0, 40.0], (448, 336)) == pytest.approx([20.0, 40.0, 60.0, 80.0])


def test_quirk_the_two_frames_hide_a_rotation_in_a_512_pixel_image():
    # A bar turned by 90° where it stands: its 2D box changes enough, until the detections are enlarged by 896/512 and the projected
    # ground truth is not. Then ‖gt_2d − origin_2d‖ is mostly that difference, and the shift falls below a fifth of it.
    bar = vector(x=0.4, y=0.3, size=(0.3, 0.1, 0.1))
    edit = paper_edit(bar, original=bar, angle_deg=90)
    # The detector reads its own yaw; a hair of it makes the 3D box "another one".
    before, after = seen(bar), seen(bar + np.array([0, 0, 0, 0, 0, 0, 0.1]), 90)
    assert scores("rotate", edit, [before], [after]) == (1.0, pytest.approx(1.0, abs=1e-6))
    enlarged = [{**d, "bbox_2d": to_detector_frame(d["bbox_2d"], (512, 512))} for d in (before, after)]
    assert scores("rotate", edit, enlarged[:1], enlarged[1:]) == (0.0, 0.0)


def test_view_of_the_target_itself_is_one():
    assert view_score(texture(), texture(), None) == pytest.approx(1.0, abs=1e-12)


def test_view_of_another_size_or_without_a_target_is_zero():
    assert view_score(texture(), texture(shape=(48, 65, 3)), None) == 0.0
    assert view_score(texture(), None, None) == 0.0


def test_quirk_view_takes_the_target_images_span_for_the_data_range_and_counts_the_borders():
    flat = (texture() // 8 + 100).astype(np.uint8)
    noisy = texture(1)
    assert (np.ptp(flat), np.ptp(noisy)) == (31, 255)
    assert view_score(noisy, flat, None) == pytest.approx(ssim_map(noisy, flat, data_range=31.0).mean(), abs=1e-12)
    assert view_score(flat, noisy, None) == pytest.approx(ssim_map(noisy, flat, data_range=255.0).mean(), abs=1e-12)


def test_a_camera_turned_by_fifteen_degrees_is_another_viewpoint():
    import cv2

    # A pure rotation of a camera with the focal length that the test assumes moves pixels by the homography K R K⁻¹.
    size = (1024, 768)
    k = np.array([[1000.0, 0, 512], [0, 1000.0, 384], [0, 0, 1]])
    source = np.asarray(photo(size=size))
    small, large = (cv2.warpPerspective(source, k @ turn(angle) @ np.linalg.inv(k), size) for angle in (3, 15))
    assert same_viewpoint(source, small) is True
    assert same_viewpoint(source, large) is False


def test_quirk_the_viewpoint_check_takes_rgb_for_bgr():
    # Red and blue cancel out in the right grey (0.299 red + 0.114 blue) and don't in 0.114 red + 0.299 blue.
    pattern = np.asarray(photo(size=(320, 240)))[:, :, :1] / 127.5 - 1.0
    image = np.round(128 + pattern * [0.114 * 400, 0.0, -0.299 * 400]).clip(0, 255).astype(np.uint8)
    assert np.ptp(image @ [0.299, 0.587, 0.114]) < 2.0
    assert same_viewpoint(image, image) is not None


@pytest.mark.parametrize(
    ("size", "seed", "angle_deg", "expected"),
    [((640, 480), 0, 4, True), ((640, 480), 2, 3, True), ((640, 480), 3, 2, True), ((320, 240), 1, 3, False)],
)
def test_quirk_the_pose_is_chosen_without_the_camera(size, seed, angle_deg, expected):
    # A pure rotation leaves two poses half a turn apart; told of the camera, OpenCV would choose the other one in all four cases.
    import cv2

    k = np.array([[1000.0, 0, size[0] / 2], [0, 1000.0, size[1] / 2], [0, 0, 1]])
    source = np.asarray(photo(seed, size))
    assert same_viewpoint(source, cv2.warpPerspective(source, k @ turn(angle_deg) @ np.linalg.inv(k), size)) is expected


def test_a_detection_that_is_not_a_number_is_not_chosen():
    # A NaN in the centre is nearest to nothing, an infinite one too; the other detection is taken, and halved: there are two.
    nowhere = [{**seen(vector(0.5)), "bbox_3d": vector(0.5) * [bad, 1, 1, 1, 1, 1, 1]} for bad in (math.nan, math.inf)]
    alone = scores("move", paper_edit(vector(0.5)), [seen(vector())], [seen(vector(0.5))])[1]
    for first in nowhere:
        found = scores("move", paper_edit(vector(0.5)), [seen(vector())], [first, seen(vector(0.5))])
        assert found == (1.0, pytest.approx(alone / 2, abs=1e-12))
        assert scores("move", paper_edit(vector(0.5)), [seen(vector())], [first]) == (0.0, pytest.approx(0.0))


def test_quirk_too_few_matches_give_no_answer():
    assert same_viewpoint(np.full((64, 64, 3), 127, np.uint8), np.full((64, 64, 3), 127, np.uint8)) is None
