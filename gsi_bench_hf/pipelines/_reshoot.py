"""A picture as another camera would have taken it, from its own pixels and depth: what `paste` makes of a view edit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import project_points, unproject_depth
from gsi_bench_hf.types import Camera

Image8 = NDArray[np.uint8]
Float = NDArray[np.float64]

_NEAREST_M = 0.05
_UNKNOWN_M = 1e6
_INPAINT_RADIUS_PX = 5


def reshoot(image: Image8, depth_m: Float | None, before: Camera, after: Camera) -> Image8:
    """The image seen by another camera. What it did not show is filled from around, or beyond its rim stretched from it.

    Args:
        image: (H, W, 3) taken by `before`.
        depth_m: (H, W) along camera z, 0 where unknown; only needed where the camera's place changes.
        before: its camera.
        after: the other camera, of the same size.

    Raises:
        ValueError: the camera's place changes, and there is no depth.
    """
    motion = np.linalg.inv(before.world_from_camera) @ after.world_from_camera
    if np.linalg.norm(motion[:3, 3]) < 1e-9:
        return _turned(image, motion[:3, :3], before.intrinsics, after.intrinsics)
    if depth_m is None:
        raise ValueError(
            "editor 'paste': the record has no depth, expected one to carry the camera; it can still turn it"
        )
    there_m = _carried_depth(depth_m, motion, before.intrinsics, after.intrinsics)
    known = there_m < _UNKNOWN_M
    points = unproject_depth(np.where(known, there_m, 1.0), after.intrinsics).reshape(-1, 3)
    seen = _sampled(image, points @ motion[:3, :3].T + motion[:3, 3], before.intrinsics)
    holes = (~known).astype(np.uint8)
    return np.asarray(cv2.inpaint(seen, holes, _INPAINT_RADIUS_PX, cv2.INPAINT_TELEA), dtype=np.uint8)


def _turned(image: Image8, rotation: Float, intrinsics: Float, new_intrinsics: Float) -> Image8:
    far = unproject_depth(np.ones(image.shape[:2]), new_intrinsics).reshape(-1, 3)
    return _sampled(image, far @ rotation.T, intrinsics)


def _sampled(image: Image8, points: Float, intrinsics: Float) -> Image8:
    """(H, W, 3) the colours at which points (H·W, 3), in the image's camera frame, are seen in it; at its rim for those beyond."""
    ahead = np.concatenate([points[:, :2], np.maximum(points[:, 2:], _NEAREST_M)], axis=1)
    grid = (project_points(ahead, intrinsics) - 0.5).astype(np.float32).reshape(*image.shape[:2], 2)
    colors = cv2.remap(image, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(colors, dtype=np.uint8)


def _carried_depth(depth_m: Float, motion: Float, intrinsics: Float, new_intrinsics: Float) -> Float:
    """(H, W) depth as the camera sees it from where it is now; `_UNKNOWN_M` where nothing is known. One-pixel gaps are closed."""
    height, width = depth_m.shape
    points = unproject_depth(depth_m, intrinsics).reshape(-1, 3)[depth_m.ravel() > 0.0]
    points = (points - motion[:3, 3]) @ motion[:3, :3]
    points = points[points[:, 2] > _NEAREST_M]
    columns, rows = np.floor(project_points(points, new_intrinsics)).astype(np.int64).T
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    there_m = np.full((height, width), _UNKNOWN_M)
    np.minimum.at(there_m, (rows[inside], columns[inside]), points[inside, 2])
    around = cv2.erode(there_m, np.ones((3, 3), np.uint8))
    # What is far shows through the gaps between the pixels of what is near.
    return np.asarray(np.where(there_m > 1.05 * around, around, there_m))
