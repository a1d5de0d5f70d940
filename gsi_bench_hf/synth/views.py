"""Whether another view of a scene is one a person could have, and shows enough of what the first one shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from gsi_bench_hf.geometry import project_points, unproject_depth
from gsi_bench_hf.synth.scene import Float, Scene
from gsi_bench_hf.synth.standing import Standing
from gsi_bench_hf.types import Camera

NEAREST_M = 0.25
"""Nothing in a picture is nearer to the camera, along its z."""
MIN_SHARED = 0.3
MIN_KEPT = 0.4

_HEAD_M = 0.12
_WAY_STEPS = 7
_EYE_M = (0.4, 2.3)
_SHOWN_PX = 100
_KEPT_PX = 0.4
_MIN_COUNT = 3


def is_blocked(standing: Standing, before: Camera, after: Camera) -> bool:
    """Whether a head on its way from one camera to the other comes into a thing, or ends at a height where none is.

    Args:
        standing: of the scene, for its pieces.
        before: where the way starts.
        after: where it ends.
    """
    start_m, end_m = before.world_from_camera[:3, 3], after.world_from_camera[:3, 3]
    if not _EYE_M[0] <= end_m[2] <= _EYE_M[1]:
        return True
    way_m = start_m + np.linspace(0.0, 1.0, _WAY_STEPS)[:, None] * (end_m - start_m)
    for _, piece in standing.near(way_m.min(axis=0), way_m.max(axis=0), _HEAD_M):
        faces = ConvexHull(piece).equations
        # Nearer than a head to every face's plane from outside, or inside all of them.
        if ((way_m @ faces[:, :3].T + faces[:, 3]).max(axis=1) < _HEAD_M).any():
            return True
    return False


def shared_part(depth_m: NDArray[np.float32], before: Camera, after: Camera) -> float:
    """0..1 which part of a picture's points lies in the other camera's picture, hidden or not.

    Args:
        depth_m: (H, W) of the first picture, at any size.
        before: its camera.
        after: the other camera.
    """
    height, width = depth_m.shape
    intrinsics = np.diag([width / before.width, height / before.height, 1.0]) @ before.intrinsics
    points = unproject_depth(depth_m, intrinsics).reshape(-1, 3)
    world = points @ before.world_from_camera[:3, :3].T + before.world_from_camera[:3, 3]
    local: Float = (world - after.world_from_camera[:3, 3]) @ after.world_from_camera[:3, :3]
    ahead = local[:, 2] > NEAREST_M
    pixels = project_points(local[ahead], after.intrinsics)
    inside = ((pixels > 0.0) & (pixels < [after.width, after.height])).all(axis=1)
    return float(np.count_nonzero(inside)) / len(points)


def keeps_enough(before: NDArray[np.int32], after: NDArray[np.int32], scene: Scene) -> bool:
    """Whether enough objects that a picture shows are still in the other one, with `_KEPT_PX` of their pixels.

    Args:
        before: (H, W) segmentation of the first picture.
        after: (H, W) of the other one, with the same numbers.
        scene: with the objects.
    """
    size = len(scene.objects) + 1
    first = np.bincount(before.ravel(), minlength=size)[1:]
    then = np.bincount(after.ravel(), minlength=size)[1:]
    shown = first >= _SHOWN_PX
    count, kept = int(shown.sum()), int((shown & (then >= _KEPT_PX * first)).sum())
    return kept >= max(min(count, _MIN_COUNT), MIN_KEPT * count)
