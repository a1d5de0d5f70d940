"""Which way is up: from the camera's pose, or from the largest plane that a room's floor or a table can be."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.geometry import unproject_depth
from gsi_bench_hf.perception.lifting.neighbourhood import is_measured
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32
from gsi_bench_hf.types import Camera

_TRIALS = 400
_SAMPLED = 6000
_STEEPEST_DEG = 60.0
"""A camera is held upright, looking down by no more than this: a plane whose normal is farther from the image's up is a wall."""
_WITHIN = 0.01
_RIM_PX = 4.0


def up_of(camera: Camera) -> Float | None:
    """(3,) the world's up in the camera frame; None where the camera's pose is not known (the identity, or not a rotation)."""
    pose = np.asarray(camera.world_from_camera, dtype=np.float64)
    if pose.shape != (4, 4):  # released records have none
        return None
    rotation = pose[:3, :3]
    known = np.isfinite(rotation).all() and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3)
    if not known or np.allclose(rotation, np.eye(3), atol=1e-6):
        return None
    return np.asarray(rotation.T @ np.array([0.0, 0.0, 1.0]))


def dominant_up(depth_m: Float32, intrinsics: Float, *, rng: np.random.Generator) -> Float:
    """(3,) unit normal, towards the camera's up, of the plane that most points lie on (RANSAC; Fischler and Bolles, 1981).

    Only planes that the ground of an upright camera can be are tried: their normal lies within 60° of the image's up.
    Where none has a twentieth of the points, the image's up itself is the answer.

    Args:
        depth_m: (H, W) along camera z; 0 or NaN where unknown.
        intrinsics: (3, 3).
        rng: draws the trials.
    """
    known = is_measured(depth_m)
    image_up = np.array([0.0, -1.0, 0.0])
    points = unproject_depth(depth_m, intrinsics)[known]
    if len(points) < 100:
        return image_up
    points = points[rng.choice(len(points), min(_SAMPLED, len(points)), replace=False)]
    a, b, c = (points[rng.integers(len(points), size=_TRIALS)] for _ in range(3))
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1)
    good = lengths > 1e-9
    normals, a = normals[good] / lengths[good, None], a[good]
    normals *= np.sign(normals @ image_up)[:, None]
    upright = normals @ image_up > np.cos(np.deg2rad(_STEEPEST_DEG))
    normals, a = normals[upright], a[upright]
    if not len(normals):
        return image_up
    # What counts as on a plane grows with the distance, as the error of depth does.
    near = _WITHIN * points[:, 2]
    votes = np.array([np.count_nonzero(np.abs((points - p) @ n) < near) for n, p in zip(normals, a, strict=True)])
    best = int(votes.argmax())
    if votes[best] < 0.05 * len(points):
        return image_up
    return _fitted(points, normals[best], a[best], near)


def _fitted(points_m: Float, normal: Float, on_it: Float, near_m: Float) -> Float:
    """The normal of the least-squares plane through the points near a plane, twice over."""
    for _ in range(2):
        inliers = points_m[np.abs((points_m - on_it) @ normal) < near_m]
        on_it = inliers.mean(axis=0)
        fitted = np.linalg.svd(inliers - on_it, full_matrices=False)[2][2]
        normal = fitted * np.sign(fitted @ normal)
    return np.asarray(normal)


def upright_frame(up: Float) -> Float:
    """(3, 3) camera from gravity frame: x level and to the camera's right, y down, z level and away from the camera.

    Args:
        up: (3,) the world's up in the camera frame, of any length.
    """
    down = -np.asarray(up, dtype=np.float64) / np.linalg.norm(up)
    ahead = np.array([0.0, 0.0, 1.0]) - down[2] * down
    if np.linalg.norm(ahead) < 1e-3:  # looking straight down: the image's up is as good an "ahead"
        ahead = np.array([0.0, -1.0, 0.0]) + down[1] * down
    ahead /= np.linalg.norm(ahead)
    return np.stack([np.cross(down, ahead), down, ahead], axis=1)


def support_below(
    depth_m: Float32, mask: Bool, intrinsics: Float, frame: Float, bottom_m: float, height_m: float
) -> float | None:
    """Height, as the y of the gravity frame, of the level surface on which an object stands; None where none is seen near its foot.

    Args:
        depth_m: (H, W).
        mask: (H, W) the object.
        intrinsics: (3, 3).
        frame: (3, 3) from `upright_frame`.
        bottom_m: y of the object's lowest visible point.
        height_m: how high its visible part is.
    """
    rows, columns = np.nonzero(mask)
    grow = max(6, int(0.25 * max(np.ptp(rows), np.ptp(columns))))
    near = np.s_[
        max(0, rows.min() - grow) : rows.max() + grow + 1, max(0, columns.min() - grow) : columns.max() + grow + 1
    ]
    points = (unproject_depth(depth_m, intrinsics)[near]) @ frame
    ring = ~mask[near] & is_measured(depth_m[near])
    level = _is_level(points) & ring
    # What is taken for the object may end some pixels above its foot, where it is as far away as the ground.
    rim_m = _RIM_PX * float(np.median(depth_m[mask])) / float(intrinsics[1, 1])
    reach = max(0.03, 0.35 * height_m) + rim_m
    body = points[mask[near] & np.isfinite(points).all(axis=2)]
    low, high = np.percentile(body[:, [0, 2]], [2, 98], axis=0)
    slack = max(0.05, 0.5 * float((high - low).max()))
    beside = ((points[..., [0, 2]] > low - slack) & (points[..., [0, 2]] < high + slack)).all(axis=2)
    heights = points[..., 1][level & beside & (np.abs(points[..., 1] - bottom_m) < reach)]
    if len(heights) < 30:
        return None
    width = 0.006
    counts, edges = np.histogram(
        heights, bins=max(2, int(2.0 * reach / width)), range=(bottom_m - reach, bottom_m + reach)
    )
    counts = counts + np.concatenate([counts[1:], [0]]) + np.concatenate([[0], counts[:-1]])
    best = int(counts.argmax())
    if counts[best] < 0.3 * len(heights):
        return None
    middle = 0.5 * (edges[best] + edges[best + 1])
    return float(np.median(heights[np.abs(heights - middle) < 1.6 * (edges[1] - edges[0])]))


def _is_level(points: Float) -> Bool:
    """(H, W) where the surface faces up within about 20°, from the differences over a few pixels."""
    step = 2
    level = np.zeros(points.shape[:2], bool)
    if min(points.shape[:2]) <= 2 * step:
        return level
    across = points[step:-step, 2 * step :] - points[step:-step, : -2 * step]
    along = points[2 * step :, step:-step] - points[: -2 * step, step:-step]
    normal = np.cross(across, along)
    with np.errstate(invalid="ignore", divide="ignore"):
        upright = np.abs(normal[..., 1]) / np.linalg.norm(normal, axis=2)
    level[step:-step, step:-step] = upright > np.cos(np.deg2rad(20.0))
    return level
