"""What is done to a rendered picture in image space: contact shadows, light that falls off, a tone curve."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float = NDArray[np.float64]

# OpenCV's worker threads don't survive a fork, and a child that waits for them never ends; data sets are built in forked children.
cv2.setNumThreads(1)

AO_RADIUS_M = 0.055
AO_STRENGTH = 0.62
_AO_SAMPLES, _COARSE_AO_SAMPLES = 14, 6


def ambient_occlusion(depth_m: Float32, intrinsics: Float, *, fine: bool = True) -> Float32:
    """(H, W) 0..1 how much of the sky above each point its surroundings leave open, from the depth image alone.

    After the idea of screen-space ambient occlusion (Mittring, 2007): points around a pixel that rise above its tangent plane hide
    part of the sky. Worked at half size.

    Args:
        depth_m: (H, W) along camera z.
        intrinsics: (3, 3) of that image.
        fine: whether to look around each point in many directions, or in a few.
    """
    samples = _AO_SAMPLES if fine else _COARSE_AO_SAMPLES
    height, width = depth_m.shape
    points = _points(np.ascontiguousarray(depth_m[::2, ::2]), intrinsics)
    normals = _normals(points)
    rows, columns = points.shape[:2]
    radius_px = np.clip(intrinsics[0, 0] / 2.0 * AO_RADIUS_M / points[..., 2], 1.0, 40.0).astype(np.float32)
    v, u = np.mgrid[0:rows, 0:columns].astype(np.float32)
    hidden = np.zeros((rows, columns), np.float32)
    for i in range(samples):
        angle, reach = 2.399963 * i, np.sqrt((i + 0.5) / samples)
        du, dv = np.float32(np.cos(angle) * reach), np.float32(np.sin(angle) * reach)
        other = cv2.remap(points, u + du * radius_px, v + dv * radius_px, cv2.INTER_NEAREST, None, cv2.BORDER_REPLICATE)
        offset = other - points
        distance2 = np.einsum("hwc,hwc->hw", offset, offset) + np.float32(1e-8)
        rise = np.einsum("hwc,hwc->hw", offset, normals) / np.sqrt(distance2)
        fade = np.clip(1.0 - distance2 / np.float32((1.6 * AO_RADIUS_M) ** 2), 0.0, 1.0)
        hidden += np.clip(rise - 0.12, 0.0, 1.0) * fade
    open_sky = 1.0 - np.clip(hidden * np.float32(2.2 / samples), 0.0, 1.0)
    smooth = cv2.bilateralFilter(open_sky.astype(np.float32), 5, 0.3, 2.0)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _points(depth_m: Float32, intrinsics: Float) -> Float32:
    rows, columns = depth_m.shape
    x = ((2.0 * np.arange(columns) + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]).astype(np.float32)
    y = ((2.0 * np.arange(rows) + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]).astype(np.float32)
    return np.stack([x[None, :] * depth_m, y[:, None] * depth_m, depth_m], axis=-1)


def _normals(points: Float32) -> Float32:
    """(H, W, 3) unit, towards the camera; of the nearer neighbour on each side, so that silhouettes don't bend them."""
    across, down = _nearest_difference(points, 1), _nearest_difference(points, 0)
    normals = np.cross(down, across)
    return np.asarray(normals / (np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-12), dtype=np.float32)


def _nearest_difference(points: Float32, axis: int) -> Float32:
    forward = np.diff(points, axis=axis, append=np.take(points, [-1], axis=axis))
    backward = np.diff(points, axis=axis, prepend=np.take(points, [0], axis=axis))
    last = [slice(None)] * 3
    last[axis] = slice(-1, None)
    forward[tuple(last)] = backward[tuple(last)]
    last[axis] = slice(0, 1)
    backward[tuple(last)] = forward[tuple(last)]
    pick = np.abs(forward[..., 2:]) < np.abs(backward[..., 2:])
    return np.asarray(np.where(pick, forward, backward))


def falloff(depth_m: Float32, intrinsics: Float, light_m: Float, reach_m: float) -> Float32:
    """(H, W) brightness of a lamp's pool of light: 1 at `reach_m` from the lamp, gently less beyond and more before.

    Args:
        depth_m: (H, W) along camera z.
        intrinsics: (3, 3).
        light_m: (3,) where the lamp is, camera frame.
        reach_m: its distance to what it shines at.
    """
    height, width = depth_m.shape
    x = ((np.arange(width) + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]).astype(np.float32)[None, :] * depth_m
    y = ((np.arange(height) + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]).astype(np.float32)[:, None] * depth_m
    a, b, c = (np.float32(value) for value in light_m)
    distance2 = (x - a) ** 2 + (y - b) ** 2 + (depth_m - c) ** 2
    return np.asarray((2.0 * reach_m**2 / (reach_m**2 + distance2)) ** 0.5, dtype=np.float32)


def tone(linear: Float32) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of brightness 0..: straight in the shadows and middle, bending over above 0.7 so that lights don't clip."""
    knee = np.float32(0.7)
    over = np.maximum(linear - knee, 0.0)
    bent = np.minimum(linear, knee) + (1.0 - knee) * (1.0 - np.exp(-over / (1.0 - knee)))
    return np.asarray(np.rint(np.clip(bent, 0.0, 1.0) * 255.0), dtype=np.uint8)
