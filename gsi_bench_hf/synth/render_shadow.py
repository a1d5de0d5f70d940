"""Soft shadows in image space, from a depth map seen from the lamp (percentage-closer soft shadows after Fernando, 2005)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

MAP_PX, COARSE_MAP_PX = 1024, 512
REACH_M = 1.0
_SEARCH_TAPS, _TAPS, _COARSE_TAPS = 8, 20, 8
_SEARCH_M = 0.03
_LEAST_M, _MOST_M = 0.0025, 0.06
_BIAS_M = 0.003


@dataclass(frozen=True, eq=False)
class ShadowMap:
    """Depth as the lamp sees it, along parallel rays.

    Attributes:
        depth: (S, S) along `forward` from `origin_m`, 0 at `near_m` and 1 at `far_m`; row 0 is towards −`up`.
        origin_m: (3,) world, a point on the lamp's side of everything, in the middle of the map.
        right, up, forward: (3,) unit, world.
        spread: how fast a penumbra grows with the distance from what casts it: the lamp's radius over its distance.
    """

    depth: Float32
    near_m: float
    far_m: float
    origin_m: Float
    right: Float
    up: Float
    forward: Float
    spread: float


def visibility(
    shadow_map: ShadowMap, depth_m: Float32, intrinsics: Float, world_from_camera: Float, *, fine: bool = True
) -> Float32:
    """(H, W) 0..1 how much of the lamp each pixel sees.

    Worked at half size; only where that finds an edge of a shadow, at full size.

    Args:
        shadow_map: from the lamp.
        depth_m: (H, W) of the picture, along camera z.
        intrinsics: (3, 3) of the picture.
        world_from_camera: (4, 4).
        fine: whether to work edges at full size; else they are as smooth as half size makes them.
    """
    axes = np.stack([shadow_map.right, shadow_map.up, shadow_map.forward])
    turn = (axes @ world_from_camera[:3, :3]).astype(np.float32)
    shift = (axes @ (world_from_camera[:3, 3] - shadow_map.origin_m)).astype(np.float32)
    points = _points(depth_m, intrinsics) @ turn.T + shift
    small = np.ascontiguousarray(points[::2, ::2])
    slope = _slopes(small)
    width_m = _penumbra(shadow_map, small.reshape(-1, 3), slope.reshape(-1, 2)).reshape(small.shape[:2])
    taps = _TAPS if fine else _COARSE_TAPS
    coarse = _lit(shadow_map, small.reshape(-1, 3), slope.reshape(-1, 2), width_m.ravel(), taps).reshape(width_m.shape)
    height, width = depth_m.shape
    if not fine:
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    lit = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    kernel = np.ones((5, 5), np.uint8)
    edge = cv2.dilate(coarse, kernel) - cv2.erode(coarse, kernel) > 0.02
    rows, columns = np.nonzero(cv2.resize(edge.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST))
    half_rows, half_columns = rows // 2, columns // 2
    lit[rows, columns] = _lit(
        shadow_map, points[rows, columns], slope[half_rows, half_columns], width_m[half_rows, half_columns], taps
    )
    return np.asarray(lit, dtype=np.float32)


def _points(depth_m: Float32, intrinsics: Float) -> Float32:
    height, width = depth_m.shape
    x = ((np.arange(width) + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]).astype(np.float32)
    y = ((np.arange(height) + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]).astype(np.float32)
    return np.stack([x[None, :] * depth_m, y[:, None] * depth_m, depth_m], axis=-1)


def _slopes(points: Float32) -> Float32:
    """(H, W, 2) how the lamp's depth of the surface changes along the map's x and y; 0..±3, steeper ones get little light anyway."""
    across = _steps(points, 1)
    down = _steps(points, 0)
    determinant = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    safe = np.where(np.abs(determinant) < 1e-12, np.float32(1e-12), determinant)
    gx = (across[..., 2] * down[..., 1] - down[..., 2] * across[..., 1]) / safe
    gy = (down[..., 2] * across[..., 0] - across[..., 2] * down[..., 0]) / safe
    return np.clip(np.stack([gx, gy], axis=-1), -3.0, 3.0)


def _steps(points: Float32, axis: int) -> Float32:
    """The smaller of the steps to the neighbours on both sides, so that silhouettes don't tilt a surface."""
    step = np.diff(points, axis=axis)
    pad = [(0, 0)] * 3
    pad[axis] = (0, 1)
    forward = np.pad(step, pad, mode="edge")
    pad[axis] = (1, 0)
    backward = np.pad(step, pad, mode="edge")
    size = np.einsum("hwc,hwc->hw", forward, forward) < np.einsum("hwc,hwc->hw", backward, backward)
    return np.asarray(np.where(size[..., None], forward, backward), dtype=np.float32)


def _disc(taps: int) -> Float32:
    """(taps, 2) points spread evenly over the unit disc (sunflower)."""
    i = np.arange(taps)
    radius, angle = np.sqrt((i + 0.5) / taps), 2.399963229728653 * i
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)


def _gap(shadow_map: ShadowMap, points: Float32, slope: Float32, dx: Float32, dy: Float32) -> Float32:
    """(N,) metres by which something is nearer to the lamp than the surface, at a spot beside each point; negative: nothing is."""
    size_px = len(shadow_map.depth)
    scale = np.float32(size_px / (2.0 * REACH_M))
    column = ((points[:, 0] + dx) * scale + np.float32(size_px / 2)).astype(np.int32)
    row = ((points[:, 1] + dy) * scale + np.float32(size_px / 2)).astype(np.int32)
    np.clip(column, 0, size_px - 1, out=column)
    np.clip(row, 0, size_px - 1, out=row)
    seen = shadow_map.depth.ravel()[row * size_px + column]
    seen = seen * np.float32(shadow_map.far_m - shadow_map.near_m) + np.float32(shadow_map.near_m)
    return np.asarray(points[:, 2] + slope[:, 0] * dx + slope[:, 1] * dy - seen - np.float32(_BIAS_M))


def _penumbra(shadow_map: ShadowMap, points: Float32, slope: Float32) -> Float32:
    """(N,) radius of the penumbra at each point, metres."""
    total, count = np.zeros(len(points), np.float32), np.zeros(len(points), np.float32)
    for x, y in _disc(_SEARCH_TAPS) * np.float32(_SEARCH_M):
        gap = _gap(shadow_map, points, slope, x, y)
        blocked = gap > 0.0
        total += np.where(blocked, gap, 0.0)
        count += blocked
    return np.clip(shadow_map.spread * total / np.maximum(count, 1.0), _LEAST_M, _MOST_M).astype(np.float32)


def _lit(shadow_map: ShadowMap, points: Float32, slope: Float32, width_m: Float32, taps: int) -> Float32:
    lit = np.zeros(len(points), np.float32)
    for x, y in _disc(taps):
        gap = _gap(shadow_map, points, slope, x * width_m, y * width_m)
        # A ramp of a few millimetres instead of a step hides the texels of the map.
        lit += np.clip(1.0 - gap * np.float32(400.0), 0.0, 1.0)
    # Shadows fade out towards the rim of the map, beyond which nothing is known.
    rim = np.clip((REACH_M - np.abs(points[:, :2]).max(axis=1)) / np.float32(0.25 * REACH_M), 0.0, 1.0)
    return np.asarray(1.0 - rim * (1.0 - lit / np.float32(taps)), dtype=np.float32)
