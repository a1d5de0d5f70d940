"""The `paper` protocol for one edit: the scores of the released GSI-Bench evaluator (arXiv 2604.20570), quirks included.

Detections and edits are plain mappings with the released keys (`bbox_3d`, `bbox_2d`, `rotation_matrix`; `original_bbox_3d`, …).
Each quirk is kept on purpose, so that a score can stand beside the published table, and is pinned by a test that is named for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gsi_bench_hf.geometry import iou_3d, project_box, rotation_angle

if TYPE_CHECKING:
    from gsi_bench_hf.metrics.lpips import Lpips

Float = NDArray[np.float64]
Record = Mapping[str, Any]

DETECTOR_SIDE_PX = 896
"""The released detector resizes every image so that its longest side has this many pixels, and reports `bbox_2d` there."""

_EPSILON = 1e-5
_SAME_2D = 100.0
_SAME_ORIGINAL_3D = 0.1
_SAME_MATRIX = 1e-4
_MIN_SHIFT = 0.2
_MAX_ROTATE_SHIFT_M = 0.5
_CANDIDATE_3D = {"move": 0.1, "rotate": 0.001, "scale": 0.001}

_LOWE_RATIO = 0.75
_MIN_MATCHES = 10
_FOCAL_PX = 1000.0
_MAX_VIEW_ROTATION_DEG = 10.0


def score_edit(
    operation: str, edit: Record, origin_detections: Sequence[Record], edited_detections: Sequence[Record], gate: bool
) -> dict[str, float]:
    """Instruction compliance and spatial accuracy of one edit (protocol.md, "`paper`: one edit").

    Args:
        operation: "move", "rotate", "scale" or "remove"; view edits go to `view_score`.
        edit: `original_bbox_3d`, `rotation_matrix`, `camera_intrinsics`, and `new_bbox_3d` (move, rotate, scale),
            `new_rotation_matrix` (rotate).
        origin_detections: what the detector saw in the source image, `bbox_2d` in the detector frame.
        edited_detections: the same of the edited image.
        gate: the locality gate, for rotate and-ed with the viewpoint check.

    Returns:
        `instruction_compliance` (0 or 1) and `spatial_accuracy` (0..1).

    Raises:
        ValueError: for an operation that has no such score.
    """
    if operation not in _SCORES:
        raise ValueError(
            f"score_edit: operation is {operation!r}, expected one of {', '.join(_SCORES)}; view edits are scored by view_score"
        )
    box = origin_bbox_2d(edit, origin_detections)
    if box is None or not gate or (operation != "remove" and not edited_detections):
        return _scores(False, 0.0)
    with np.errstate(all="ignore"):  # detections hold what a network said: NaNs and negative extents too
        return _SCORES[operation](edit, box, origin_detections, edited_detections)


def origin_bbox_2d(edit: Record, origin_detections: Sequence[Record]) -> Float | None:
    """(4,) `bbox_2d` of the first origin detection that is the edited object; None where the detector did not see it."""
    original = edit.get("original_bbox_3d")
    if original is None:
        return None
    for detection in origin_detections:
        if same(detection["bbox_3d"], original, _SAME_ORIGINAL_3D):
            return np.asarray(detection["bbox_2d"], dtype=np.float64)
    return None


def same(a: ArrayLike, b: ArrayLike, threshold: float) -> bool:
    """Whether the sum of squared differences is below `threshold`.

    A quirk: a `bbox_3d` mixes metres and radians in that sum, and at 0.1 two boxes 30 cm apart are "the same".

    >>> same([0.0, 0.0], [0.0, 0.3], 0.1), same([0.0, 0.0], [0.0, 0.4], 0.1)
    (True, False)
    """
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
        return bool(np.vdot(difference, difference) < threshold)


def view_score(edited: Any, target: Any, lpips: Lpips | None) -> float:
    """Score of a camera move: half SSIM, half 1 − LPIPS, of the whole image against the ground truth.

    Args:
        edited: PIL image or (H, W, 3) uint8, RGB, at its own size.
        target: the ground-truth image; None scores 0, and so does another size than `edited`'s.
        lpips: from `load_lpips`; None takes SSIM alone (not comparable with published numbers).
    """
    from gsi_bench_hf.metrics.lpips import to_lpips_range
    from gsi_bench_hf.metrics.ssim import ssim_map

    if target is None:
        return 0.0
    a, b = _rgb(edited), _rgb(target)
    if a.shape != b.shape:
        return 0.0
    # Quirks: the span of the ground truth's values is the data range, and the mean takes in the borders.
    similarity = float(ssim_map(a, b, data_range=float(np.ptp(b))).mean())
    if lpips is None:
        return similarity
    return 0.5 * similarity + 0.5 * (1.0 - lpips(to_lpips_range(b), to_lpips_range(a)))


def same_viewpoint(source: Any, edited: Any) -> bool | None:
    """Whether both images were taken from one viewpoint: SIFT matches, essential matrix, camera rotation below 10°.

    Quirks, all of which decide cases: SIFT takes the RGB channels for BGR; a fixed focal length stands for every camera's; the four
    poses of the essential matrix are told apart as if pixels were coordinates on a unit focal plane, RANSAC's outliers among them; a
    cosine that rounding brings above 1 has no angle, and counts as "no".

    Args:
        source: PIL image or (H, W, 3) uint8, RGB.
        edited: the same size.

    Returns:
        None where there are too few matches to tell; the protocol counts that as "no".
    """
    import cv2

    a, b = _rgb(source), _rgb(edited)
    first, second = _matches(a, b)
    if len(first) < _MIN_MATCHES:
        return None
    height, width = a.shape[:2]
    # OpenCV's RANSAC starts from a fixed seed.
    camera: dict[str, Any] = {"focal": _FOCAL_PX, "pp": (width / 2, height / 2)}
    matrix, _ = cv2.findEssentialMat(first, second, method=cv2.RANSAC, prob=0.999, threshold=1.0, **camera)
    if matrix is None or matrix.shape != (3, 3):
        return None
    _, rotation, _, _ = cv2.recoverPose(matrix, first, second)
    cosine = float(np.trace(rotation) - 1.0) / 2.0
    return -1.0 <= cosine <= 1.0 and math.degrees(math.acos(cosine)) < _MAX_VIEW_ROTATION_DEG


def to_detector_frame(bbox_2d: ArrayLike, size: tuple[int, int]) -> Float:
    """(4,) a box in image pixels brought to the detector frame of an image of `size` (width, height).

    The quirk: the scores compare it with boxes projected by the metadata's intrinsics, which are in image pixels.
    """
    return np.asarray(bbox_2d, dtype=np.float64) * (DETECTOR_SIDE_PX / max(size))


def _rgb(image: Any) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB") if hasattr(image, "convert") else image)


def _matches(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[Float, Float]:
    import cv2

    sift = getattr(cv2, "SIFT_create")()  # noqa: B009 - OpenCV's type stubs don't know it
    points_a, descriptors_a = sift.detectAndCompute(a, None)
    points_b, descriptors_b = sift.detectAndCompute(b, None)
    if descriptors_a is None or descriptors_b is None:
        return np.empty((0, 2)), np.empty((0, 2))
    pairs = cv2.BFMatcher().knnMatch(descriptors_a, descriptors_b, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _LOWE_RATIO * pair[1].distance]
    first = np.array([points_a[match.queryIdx].pt for match in good]).reshape(-1, 2)
    return first, np.array([points_b[match.trainIdx].pt for match in good]).reshape(-1, 2)


def _scores(compliance: bool, accuracy: float) -> dict[str, float]:
    return {"instruction_compliance": float(compliance), "spatial_accuracy": float(accuracy)}


def _stack(detections: Sequence[Record], key: str) -> Float:
    return np.array([detection[key] for detection in detections], dtype=np.float64).reshape(len(detections), -1)


def _squared_distances(a: Float, b: Float) -> Float:
    difference = a[:, None, :] - b[None, :, :]
    return np.asarray(np.einsum("ijk,ijk->ij", difference, difference))


def _choose(
    operation: str,
    origin_2d: Float,
    gt_2d: Float,
    gt_center_m: Float,
    origin: Sequence[Record],
    edited: Sequence[Record],
) -> Record | None:
    """The edited detection that is taken for the edited object, or None.

    It has to be unlike *every* origin detection, whatever their labels. One whose centre is no number is near to nothing.
    """
    boxes_2d, boxes_3d = _stack(edited, "bbox_2d"), _stack(edited, "bbox_3d")
    near_3d = _squared_distances(boxes_3d, _stack(origin, "bbox_3d")) < _CANDIDATE_3D[operation]
    near_2d = _squared_distances(boxes_2d, _stack(origin, "bbox_2d")) < _SAME_2D
    shift = np.linalg.norm(boxes_2d - origin_2d, axis=1) / (np.linalg.norm(gt_2d - origin_2d) + _EPSILON)
    distances = np.linalg.norm(boxes_3d[:, :3] - gt_center_m, axis=1)
    candidates = np.flatnonzero(~(near_3d | near_2d).any(axis=1) & (shift > _MIN_SHIFT) & np.isfinite(distances))
    return edited[int(candidates[np.argmin(distances[candidates])])] if len(candidates) else None


def _closeness(log_ratio: Any) -> Any:
    return np.exp(-np.square(log_ratio))


def _move(edit: Record, origin_2d: Float, origin: Sequence[Record], edited: Sequence[Record]) -> dict[str, float]:
    original, new = _vector(edit["original_bbox_3d"]), _vector(edit["new_bbox_3d"])
    gt_2d = project_box(new, edit["rotation_matrix"], edit["camera_intrinsics"])
    chosen = _choose("move", origin_2d, gt_2d, new[:3], origin, edited)
    overlap = distance_ratio = 0.0
    if chosen is not None:
        found = _vector(chosen["bbox_3d"])
        overlap = iou_3d(new, found)
        wanted = np.linalg.norm(new[:3] - original[:3]) + _EPSILON
        distance_ratio = float(np.linalg.norm(found[:3] - original[:3]) / wanted)
    # A quirk: the distance alone counts, so a move of the right length in the wrong direction keeps 0.7.
    accuracy = 0.3 * overlap + 0.7 * float(_closeness(math.log(math.sqrt(distance_ratio) + _EPSILON)))
    if len(origin) != len(edited):
        accuracy *= 0.5
    return _scores(accuracy > 0.05, accuracy)


def _rotate(edit: Record, origin_2d: Float, origin: Sequence[Record], edited: Sequence[Record]) -> dict[str, float]:
    original = _vector(edit["original_bbox_3d"])
    before, after = edit["rotation_matrix"], edit["new_rotation_matrix"]
    gt_2d = project_box(original, after, edit["camera_intrinsics"])
    chosen = _choose("rotate", origin_2d, gt_2d, original[:3], origin, edited)
    if chosen is None:
        return _scores(False, 0.0)
    found = chosen["rotation_matrix"]
    accuracy = 0.0
    if np.linalg.norm(_vector(chosen["bbox_3d"])[:3] - original[:3]) < _MAX_ROTATE_SHIFT_M:
        ratio = rotation_angle(before, found) / (rotation_angle(before, after) + _EPSILON)
        accuracy = 0.5 * float(_closeness(math.log(ratio + _EPSILON))) + 0.5 * math.exp(-rotation_angle(after, found))
    return _scores(not same(found, before, _SAME_MATRIX), accuracy)


def _scale(edit: Record, origin_2d: Float, origin: Sequence[Record], edited: Sequence[Record]) -> dict[str, float]:
    original, new = _vector(edit["original_bbox_3d"]), _vector(edit["new_bbox_3d"])
    gt_2d = project_box(new, edit["rotation_matrix"], edit["camera_intrinsics"])
    chosen = _choose("scale", origin_2d, gt_2d, new[:3], origin, edited)
    wanted = new[3:6] / (original[3:6] + _EPSILON)
    # A quirk: without a chosen detection the factor found is 1, and the accuracy stays above 0.
    found = np.ones(3) if chosen is None else _vector(chosen["bbox_3d"])[3:6] / (original[3:6] + _EPSILON)
    logs = np.log(found / (wanted + _EPSILON) + _EPSILON)
    return _scores(bool(np.linalg.norm(found - 1.0) > 0.2), math.exp(-float(np.mean(logs**2))))


def _remove(edit: Record, origin_2d: Float, origin: Sequence[Record], edited: Sequence[Record]) -> dict[str, float]:
    original = _vector(edit["original_bbox_3d"])
    still_there = any(
        iou_3d(original, detection["bbox_3d"]) > 0.1 or same(detection["bbox_2d"], origin_2d, _SAME_2D)
        for detection in edited
    )
    # A quirk: fewer objects lost than one gives more than 1 before the clip, so that added objects cost nothing.
    accuracy = 0.0 if still_there else min(1.0, max(0.0, 1.0 - 0.3 * (len(origin) - len(edited) - 1)))
    return _scores(accuracy >= 0.5, accuracy)


def _vector(box: ArrayLike) -> Float:
    return np.asarray(box, dtype=np.float64)


_SCORES = {"move": _move, "rotate": _rotate, "scale": _scale, "remove": _remove}
