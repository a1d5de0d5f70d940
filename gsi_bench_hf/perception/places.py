"""Where the target may stand: on other surfaces of a room, around a pose, or after an edit that changes just one thing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.perception.known_scene import KnownScene, Pose
from gsi_bench_hf.perception.pose_search import LOG_SCALES, yaw_starts

Bool = NDArray[np.bool_]

_SAME_SURFACE_M = 0.005
_OVER_THE_EDGE_M = 0.05
_WIDTH_PX = 320
_MOST_PLACES = 24


def other_surfaces(known: KnownScene, centers: Iterable[NDArray[np.float64]], height_m: float) -> list[Pose]:
    """Poses on surfaces of another height than the target's own; none on a table, where edits keep the height.

    Args:
        known: the scene.
        centers: (2,) pixels u, v of the image where something is not explained.
        height_m: how far above its base the target is seen there.
    """
    found: list[Pose] = []
    if not known.is_room:
        return found
    apart_m = 0.25 * float(known.target.size_m.max()) * known.target.scale
    for u_px, v_px in centers:
        for surface in known.surfaces:
            rise_m = float(surface.center_m[2] - known.target.position_m[2])
            if abs(rise_m) < _SAME_SURFACE_M:
                continue
            pose = known.pose_at(float(u_px), float(v_px), height_m, 0.0, 0.0, rise_m)
            if pose is None or not surface.holds(pose.apply(known.target).position_m[None], -_OVER_THE_EDGE_M):
                continue
            if _is_open(known, pose, height_m, float(u_px), float(v_px)) and _is_new(pose, found, apart_m):
                found.append(pose)
    return found


def scattered(known: KnownScene, pose: Pose) -> list[Pose]:
    """Poses around one on the same surface, up to a fifth of the target's size in the picture to each side."""
    window = known.window(pose, known.camera, 0.0)
    step_px = 0.1 * min(window.right - window.left, window.bottom - window.top)
    shifts = [(u, v) for u in range(-2, 3) for v in range(-2, 3) if (u, v) != (0, 0)]
    found = [known.shifted(pose, u * step_px, v * step_px) for u, v in shifts]
    return [place for place in found if place is not None]


def along_the_view(known: KnownScene, pose: Pose) -> list[Pose]:
    """Poses nearer and farther on the same surface, and those of the source's own size which are seen in the same place.

    They look nearly the same where a surface is seen edge-on, or where what is farther away is larger.
    """
    height_m = 0.5 * float(known.target.size_m[2]) * known.target.scale
    middle_px = known.middle_px(pose)
    u_px, v_px = middle_px.tolist()
    own = [known.pose_at(u_px, v_px, height_m, 0.0, 0.0), *other_surfaces(known, [middle_px], height_m)]
    found = [dataclasses.replace(p, yaw_rad=pose.yaw_rad) for p in own if p is not None]
    ahead = known.camera.world_from_camera[:2, 2]
    ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-9)
    steps_m = [sign * step_m for step_m in (0.015, 0.03, 0.06, 0.1) for sign in (-1.0, 1.0)]
    return found + [pose.plus(np.array([*(step_m * ahead), 0.0, 0.0])) for step_m in steps_m]


def plain_edits(known: KnownScene, changed: Bool) -> list[Pose]:
    """Poses that differ from the source's in one thing: the place, all over (H, W) `changed`; the turn; the size."""
    yaws = yaw_starts(known.target.symmetry)[1:]
    found = [Pose(yaw_rad=float(yaw_rad)) for yaw_rad in yaws]
    found += [Pose(log_scale=log_scale) for log_scale in LOG_SCALES if log_scale != 0.0]
    window = known.window(Pose(), known.camera, 0.0)
    step_px = max(4, min(window.right - window.left, window.bottom - window.top) // 6)
    while np.count_nonzero(changed[step_px // 2 :: step_px, step_px // 2 :: step_px]) > _MOST_PLACES:
        step_px = round(1.2 * step_px)
    rows, columns = np.nonzero(changed[step_px // 2 :: step_px, step_px // 2 :: step_px])
    height_m = 0.4 * float(known.target.size_m[2]) * known.target.scale
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        u_px, v_px = (step_px * index + step_px // 2 + 0.5 for index in (column, row))
        pose = known.pose_at(u_px, v_px, height_m, 0.0, 0.0)
        found += [pose] if pose is not None else []
    return found


def _is_open(known: KnownScene, pose: Pose, height_m: float, u_px: float, v_px: float) -> bool:
    """Whether a thing there would be seen at that pixel, and not be hidden by what stands before it."""
    camera = known.level_camera(_WIDTH_PX)
    depth_m = known.background_depth(camera)
    ratio = camera.width / known.camera.width
    column, row = int(np.clip(u_px * ratio, 0, camera.width - 1)), int(np.clip(v_px * ratio, 0, camera.height - 1))
    world = known.camera.world_from_camera
    point = pose.apply(known.target).position_m + np.array([0.0, 0.0, height_m])
    ahead_m = float((point - world[:3, 3]) @ world[:3, 2])
    near = depth_m[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
    return ahead_m < float(near.max()) + 0.6 * float(known.target.size_m.max()) * known.target.scale


def _is_new(pose: Pose, others: Iterable[Pose], apart_m: float) -> bool:
    return all(
        abs(pose.rise_m - other.rise_m) > _SAME_SURFACE_M
        or np.hypot(pose.x_m - other.x_m, pose.y_m - other.y_m) > apart_m
        for other in others
    )
