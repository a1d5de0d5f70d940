"""The rectangle on which an object stands, from its points in the level plane."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gsi_bench_hf.perception.lifting.parts import Float

_FITTED = 1200
"""Points at most that a footprint's angle is fitted to."""
_STEP_DEG = 1.5
_ROOMY = 1.25
"""Of the least area: what a footprint may have whose sides fit better."""


@dataclass(frozen=True, eq=False)
class Rectangle:
    """A rectangle in the level plane: `center` (2,), `sides` (2,) lengths, `angle_rad` of the first side from x towards z."""

    center: Float
    sides: Float
    angle_rad: float

    @property
    def axes(self) -> Float:
        """(2, 2) unit vectors along the two sides, in rows."""
        return axes_at(self.angle_rad)


def rectangle(points: Float) -> Rectangle:
    """The rectangle around points (N, 2) in the level plane (x, z).

    Of the rectangles whose area is near the least, the one whose sides the points lie nearest to: what is seen of an object is
    mostly its sides (the closeness criterion of Zhang et al., 2017).

    Args:
        points: (N, 2).
    """
    few = points[:: -(-len(points) // _FITTED)]
    (_, _), (w, h), least_deg = cv2.minAreaRect(points.astype(np.float32))
    angles = np.deg2rad(least_deg + np.arange(0.0, 90.0, _STEP_DEG))
    areas, near = np.empty(len(angles)), np.empty(len(angles))
    for number, angle in enumerate(angles):
        turned = few @ axes_at(angle).T
        low, high = turned.min(axis=0), turned.max(axis=0)
        to_side = np.minimum(np.abs(turned - low), np.abs(turned - high)).min(axis=1)
        near[number] = np.mean(1.0 / np.maximum(to_side, 0.05 * min(w, h) + 0.003))
        areas[number] = np.prod(np.maximum(high - low, 1e-4))
    near[areas > _ROOMY * areas.min()] = -np.inf
    return rectangle_at(points, float(angles[near.argmax()]))


def rectangle_at(points: Float, angle_rad: float, trim: float = 0.0) -> Rectangle:
    """The rectangle around points, turned by a known angle.

    Args:
        points: (N, 2).
        angle_rad: of the first side, from x towards z.
        trim: share of the points that may lie outside, at each side; for noisy ones.
    """
    axes = axes_at(angle_rad)
    low, high = np.quantile(points @ axes.T, [trim, 1.0 - trim], axis=0)
    return Rectangle(0.5 * (low + high) @ axes, np.maximum(high - low, 1e-4), angle_rad)


def axes_at(angle_rad: float) -> Float:
    """(2, 2) unit vectors at an angle from x towards z, and across it, in rows."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, s], [-s, c]])
