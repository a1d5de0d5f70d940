"""From depth and a mask to an oriented box: level, turned as the footprint is, and as deep as can be seen or must be supposed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gsi_bench_hf.geometry import project_points
from gsi_bench_hf.perception.lifting.footprint import Rectangle, rectangle, rectangle_at
from gsi_bench_hf.perception.lifting.gravity import dominant_up, support_below, upright_frame
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32
from gsi_bench_hf.perception.lifting.points import (
    CALM,
    CLEANING,
    Cleaning,
    depth_noise,
    object_pixels,
    object_points,
    smoothed,
)
from gsi_bench_hf.perception.lifting.rim import mended
from gsi_bench_hf.perception.lifting.turn import Evidence, fitted_angle
from gsi_bench_hf.types import Box3D

_TRIM = 0.01
"""Share of the points that noise may throw out of a footprint, at each side."""
_FOOT_PX = 5.0
"""How far within a mask's border pixels of what the object stands on may be."""
_STEPS = 16
_OUTSIDE = 0.04
"""Share of the mirrored points that may lie outside of the outline."""


@dataclass(frozen=True)
class Prior:
    """What is supposed where nothing is seen.

    Attributes:
        most_depth: what is seen is the near side of something symmetric, whose far side is as far away as the image allows
            (it doesn't look past its mirror image), but no farther than this many widths from the near one. 0: only what is seen.
        stands: objects stand on the level surface that is seen around their foot, so their box reaches down to it.
    """

    most_depth: float = 0.75
    stands: bool = True


PRIOR = Prior()
"""What is supposed where nothing else is asked for."""


def lift(
    depth_m: Float32,
    mask: Bool,
    intrinsics: Float,
    *,
    up: Float | None = None,
    prior: Prior = PRIOR,
    cleaning: Cleaning = CLEANING,
) -> Box3D:
    """The box of one object, in the camera frame.

    A box knows no front: of the four ways to name its sides, the one is taken whose z points away from the camera most.

    Args:
        depth_m: (H, W) along camera z, metres, of the whole image; 0 or NaN where unknown.
        mask: (H, W) where the object is.
        intrinsics: (3, 3), pixels.
        up: (3,) the world's up in the camera frame; None takes it from the largest plane that may be ground.
        prior: what is supposed of what can't be seen.
        cleaning: which of the mask's pixels are taken.

    Raises:
        LiftError: too few pixels have a depth.
    """
    depth_m, mask, intrinsics = np.asarray(depth_m, np.float32), np.asarray(mask, bool), np.asarray(intrinsics, float)
    if depth_m.shape != mask.shape or depth_m.ndim != 2:
        raise ValueError(f"lift: depth has shape {depth_m.shape}, the mask {mask.shape}; expected the same (H, W)")
    if up is None:
        up = dominant_up(depth_m, intrinsics, rng=np.random.default_rng(0))
    frame = upright_frame(up)
    depth_m, mask, intrinsics = _around(depth_m, mask, intrinsics)
    noise = depth_noise(depth_m, mask)
    if cleaning.rim_px:
        mask = mended(depth_m, mask, noise)
    kept = object_pixels(depth_m, mask, cleaning, noise)
    points = object_points(depth_m, kept, intrinsics, cleaning, noise) @ frame
    outline = Outline.of(depth_m, mask, intrinsics, frame)
    body, top, bottom = _standing(points, depth_m, mask, outline) if prior.stands else (points, *_ends(points))
    flat = body[:, [0, 2]]
    if noise > CALM:
        seen = Evidence.of(depth_m, mask, kept, intrinsics, frame, noise=noise, ends=(top, bottom))
        level = rectangle_at(flat, fitted_angle(seen, flat, _TRIM), _TRIM)
    else:
        level = rectangle(flat)
    return _box(completed(level, body, outline, prior), top, max(bottom, top + 1e-3), frame)


def _ends(points: Float) -> tuple[float, float]:
    """Y of the top and of the bottom of points (N, 3), gravity frame."""
    top, bottom = np.percentile(points[:, 1], [0.5, 99.5])
    return float(top), float(bottom)


def _standing(points: Float, depth_m: Float32, mask: Bool, outline: Outline) -> tuple[Float, float, float]:
    """The points that tell of an object's footprint, its top, and its bottom: the surface on which it stands, where one is seen."""
    top, bottom = _ends(points)
    around = smoothed(depth_m, ~mask, depth_noise(depth_m, ~mask))
    floor = support_below(around, mask, outline.intrinsics, outline.frame, bottom, bottom - top)
    if floor is None:
        return points, top, bottom
    # Pixels of the surface itself are often in a mask, along the object's foot: they say nothing of its footprint.
    clear = points[:, 1] < floor - min(0.01, 0.25 * max(floor - top, 0.0))
    clear |= _within(points, mask, outline) > _FOOT_PX
    return points[clear] if np.mean(clear) > 0.3 else points, top, floor


def _within(points: Float, mask: Bool, outline: Outline) -> Float:
    """(N,) how many pixels within the mask's border points (N, 3) are seen, gravity frame."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    u, v = np.floor(project_points(points @ outline.frame.T, outline.intrinsics)).astype(int).T
    return np.asarray(inside[v, u], np.float64)


def _around(depth_m: Float32, mask: Bool, intrinsics: Float) -> tuple[Float32, Bool, Float]:
    """The part of the image in which the object is, with as much around it as may tell of it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return depth_m, mask, intrinsics
    grow = max(12, round(0.5 * max(np.ptp(rows), np.ptp(columns))))
    top, left = max(0, rows[0] - grow), max(0, columns[0] - grow)
    part = np.s_[top : rows[-1] + grow + 1, left : columns[-1] + grow + 1]
    moved = intrinsics.copy()
    moved[:2, 2] -= [left, top]
    return depth_m[part], mask[part], moved


def completed(level: Rectangle, body: Float, outline: Outline, prior: Prior) -> Rectangle:
    """The rectangle with its far side moved away from the camera, as far as nothing is seen through it and the prior goes."""
    axes = level.axes
    # The side along which one looks is the one whose far end may be hidden.
    ahead = level.center / max(float(np.linalg.norm(level.center)), 1e-9)
    k = int(np.argmax(np.abs(axes @ ahead)))
    away = axes[k] * np.sign(axes[k] @ ahead)
    side, most = float(level.sides[k]), prior.most_depth * float(level.sides[1 - k])
    if most <= side:
        return level
    best = side
    for depth in np.linspace(side, most, _STEPS)[1:]:
        center = level.center + 0.5 * (depth - side) * away
        mirrored = body.copy()
        flat = body[:, [0, 2]]
        mirrored[:, [0, 2]] = flat - 2.0 * ((flat - center) @ away)[:, None] * away
        if outline.outside(mirrored) > _OUTSIDE:
            break
        best = float(depth)
    sides = level.sides.copy()
    sides[k] = best
    return Rectangle(level.center + 0.5 * (best - side) * away, sides, level.angle_rad)


@dataclass(frozen=True, eq=False)
class Outline:
    """Where an object can't be: where the image shows what is behind it.

    Attributes:
        open: (H, W) pixels that show what is behind the object: not its own, and not of what stands before it.
        intrinsics: (3, 3).
        frame: (3, 3) camera from gravity frame.
    """

    open: Bool
    intrinsics: Float
    frame: Float

    @classmethod
    def of(cls, depth_m: Float32, mask: Bool, intrinsics: Float, frame: Float) -> Outline:
        """The outline of a mask; what is nearer than the object's nearest part may hide more of it."""
        near = float(np.percentile(depth_m[mask & (depth_m > 0)], 5))
        grown = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        return cls(~grown & (depth_m > near), intrinsics, frame)

    def outside(self, points: Float) -> float:
        """0..1 which part of points (N, 3), gravity frame, lies where the object can't be."""
        camera = points @ self.frame.T
        camera = camera[camera[:, 2] > 0.02]
        if not len(camera):
            return 0.0
        u, v = np.floor(project_points(camera, self.intrinsics)).astype(int).T
        height, width = self.open.shape
        inside = (u >= 0) & (v >= 0) & (u < width) & (v < height)
        return float(self.open[v[inside], u[inside]].sum()) / len(camera)


def _box(level: Rectangle, top: float, bottom: float, frame: Float) -> Box3D:
    """The upright box over a rectangle, from `top` down to `bottom` (y of the gravity frame), named so that its z points away."""
    axes, sides = level.axes, level.sides
    ahead = int(np.argmax(np.abs(axes[:, 1])))
    z_axis = axes[ahead] * np.sign(axes[ahead, 1] or 1.0)
    x_axis = np.array([z_axis[1], -z_axis[0]])
    rotation = np.array([[x_axis[0], 0.0, z_axis[0]], [0.0, 1.0, 0.0], [x_axis[1], 0.0, z_axis[1]]])
    center = np.array([level.center[0], 0.5 * (top + bottom), level.center[1]])
    extents = np.array([sides[1 - ahead], bottom - top, sides[ahead]])
    return Box3D(frame @ center, extents, frame @ rotation)
