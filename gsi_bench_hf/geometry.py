"""Boxes, rotations and projection on plain NumPy arrays.

Conventions of `types.py`. The functions marked "paper" reproduce the released evaluator of GSI-Bench (arXiv 2604.20570), quirks
included; `protocol_strict` uses only those that have none.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
Turn = Literal["clockwise", "counterclockwise"]

CORNER_SIGNS: Float = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
_AXES: dict[str, tuple[int, float]] = {
    "left": (0, -1.0),
    "right": (0, 1.0),
    "above": (1, -1.0),
    "below": (1, 1.0),
    "front": (2, -1.0),
    "behind": (2, 1.0),
}


def rotation_y(angle_rad: float) -> Float:
    """(3, 3) `[[c, 0, s], [0, 1, 0], [-s, 0, c]]`: a turn by `angle_rad` about y."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def rotation_z(angle_rad: float) -> Float:
    """(3, 3) a turn by `angle_rad` about z; with the world's z up, counter-clockwise seen from above."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def box_corners(center_m: ArrayLike, extents_m: ArrayLike, rotation: ArrayLike) -> Float:
    """(8, 3) corners, in the frame that `rotation` (3, 3) takes box axes to."""
    corners = CORNER_SIGNS * np.asarray(extents_m, dtype=np.float64)
    return np.asarray(corners @ np.asarray(rotation, dtype=np.float64).T + np.asarray(center_m, dtype=np.float64))


def project_points(points_m: ArrayLike, intrinsics: ArrayLike) -> Float:
    """(N, 2) pixels of (N, 3) points in the camera frame. Nothing special behind the camera."""
    image: Float = np.asarray(points_m, dtype=np.float64) @ np.asarray(intrinsics, dtype=np.float64).T
    with np.errstate(divide="ignore", invalid="ignore"):  # a point in the camera's own plane has no pixel
        return np.asarray(image[:, :2] / image[:, 2:3])


def unproject_depth(depth_m: NDArray[Any], intrinsics: ArrayLike) -> Float:
    """(H, W, 3) points in the camera frame of a depth image (H, W) along camera z; pixel centres at u + 0.5, v + 0.5."""
    k = np.asarray(intrinsics, dtype=np.float64)
    height, width = depth_m.shape
    v, u = np.mgrid[0:height, 0:width] + 0.5
    x = (u - k[0, 2]) / k[0, 0]
    y = (v - k[1, 2]) / k[1, 1]
    return np.asarray(np.stack([x, y, np.ones_like(x)], axis=-1) * depth_m[..., None])


def project_box(box: ArrayLike, rotation: ArrayLike, intrinsics: ArrayLike) -> Float:
    """(4,) x1, y1, x2, y2 in pixels around the projected corners of a `bbox_3d` (7,), turned by `rotation` (3, 3) (paper).

    No clipping to the image, and nothing special behind the camera: the released evaluator does neither.
    """
    box = np.asarray(box, dtype=np.float64)
    pixels = project_points(box_corners(box[:3], box[3:6], rotation), intrinsics)
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


def rotation_angle(a: ArrayLike, b: ArrayLike) -> float:
    """Angle between two rotations (3, 3), radians, 0..π: `arccos(clip((trace(aᵀ b) − 1) / 2, −1, 1))`."""
    trace = np.trace(np.asarray(a, dtype=np.float64).T @ np.asarray(b, dtype=np.float64))
    return float(np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0)))


def rotate_about_vertical(rotation: ArrayLike, angle_deg: float, direction: Turn) -> Float:
    """(3, 3) `rotation` turned about the box's own vertical: `rotation @ R_y(θ)ᵀ`, θ the angle for "counterclockwise" and
    360° − angle for "clockwise", both seen from above (the box's y points down).
    """
    if direction not in ("clockwise", "counterclockwise"):
        raise ValueError(
            f"rotate_about_vertical: direction is {direction!r}, expected 'clockwise' or 'counterclockwise'"
        )
    theta_deg = angle_deg if direction == "counterclockwise" else 360.0 - angle_deg
    return np.asarray(np.asarray(rotation, dtype=np.float64) @ rotation_y(np.deg2rad(theta_deg)).T)


def move_box(box: ArrayLike, direction: str, distance_cm: float, rotation: ArrayLike | None = None) -> Float:
    """(7,) `box` moved by `distance_cm` along a unit axis of the camera (paper).

    left/right = −/+ x, above/below = −/+ y, front/behind = −/+ z. With `rotation` (3, 3) the released code means the box's own axis,
    but takes the *row index* of the largest entry of that column for a column index; that quirk is kept.
    """
    if direction not in _AXES:
        raise ValueError(f"move_box: direction is {direction!r}, expected one of {', '.join(_AXES)}")
    axis, sign = _AXES[direction]
    unit = np.eye(3)[axis]
    if rotation is not None:
        matrix = np.asarray(rotation, dtype=np.float64)
        unit = matrix[:, int(np.argmax(np.abs(matrix[:, axis])))]
    moved = np.array(box, dtype=np.float64)
    moved[:3] += sign * distance_cm / 100.0 * unit
    return moved


def footprint(box: ArrayLike) -> Float:
    """(4, 2) corners in the x-z plane of a `bbox_3d` (7,), turned by its yaw only: `x' = c·x + s·z`, `z' = −s·x + c·z`."""
    x, _, z, w, _, length, yaw = np.asarray(box, dtype=np.float64)
    c, s = np.cos(yaw), np.sin(yaw)
    corners = np.array([[-w, -length], [w, -length], [w, length], [-w, length]]) / 2.0
    return np.asarray(corners @ np.array([[c, -s], [s, c]]) + np.array([x, z]))


def polygon_area(polygon: Float) -> float:
    """Signed area of an (N, 2) polygon, by the shoelace formula; 0 for fewer than three corners."""
    if len(polygon) < 3:
        return 0.0
    x, y = (polygon - polygon[0]).T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2.0)


def clip_polygon(subject: Float, clip: Float) -> Float:
    """(M, 2) the part of a convex polygon (N, 2) inside another (K, 2), by Sutherland and Hodgman (1974)."""
    inside_sign = np.sign(polygon_area(clip))
    for start, end in zip(clip, np.roll(clip, -1, axis=0), strict=True):
        if len(subject) == 0:
            break
        edge = end - start
        side = inside_sign * (edge[0] * (subject[:, 1] - start[1]) - edge[1] * (subject[:, 0] - start[0]))
        kept: list[Float] = []
        for i in range(len(subject)):
            j = (i + 1) % len(subject)
            if side[i] >= 0:
                kept.append(subject[i])
            if (side[i] >= 0) != (side[j] >= 0):
                kept.append(subject[i] + (subject[j] - subject[i]) * (side[i] / (side[i] - side[j])))
        subject = np.array(kept).reshape(-1, 2)
    return subject


def iou_3d(box_a: ArrayLike, box_b: ArrayLike) -> float:
    """Intersection over union of two `bbox_3d` (7,), turned by yaw only (paper). 0 where one is degenerate or the union is 0.

    A negative extent counts as its absolute value: the corners are the same. A box with a number that is not finite is degenerate.
    """
    a, b = np.asarray(box_a, dtype=np.float64), np.asarray(box_b, dtype=np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0
    areas = abs(polygon_area(footprint(a))), abs(polygon_area(footprint(b)))
    if 0.0 in areas:
        return 0.0
    heights = abs(a[4]), abs(b[4])
    shared = abs(polygon_area(clip_polygon(footprint(a), footprint(b))))
    top, bottom = max(a[1] - heights[0] / 2, b[1] - heights[1] / 2), min(a[1] + heights[0] / 2, b[1] + heights[1] / 2)
    intersection = shared * max(0.0, bottom - top)
    union = areas[0] * heights[0] + areas[1] * heights[1] - intersection
    return float(intersection / union) if union > 0.0 else 0.0
