"""Depth and masks, pixel by pixel and with what is around: inverse depth, means, planes, and wider and narrower masks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32


def is_measured(depth_m: Float32) -> Bool:
    """(H, W) where a depth is known: neither 0 nor NaN."""
    return np.asarray(np.isfinite(depth_m) & (depth_m > 0))


def inverse_depth(depth_m: Float32, known: Bool) -> Float32:
    """(H, W) 1 over the depth, of which planes make planes; 0 where it is not known."""
    return np.asarray(np.where(known, 1.0 / np.where(known, depth_m, 1.0), 0.0), np.float32)


def mean_of(values: Float32, part: Bool, sigma: float) -> tuple[Float32, Float32]:
    """The mean of the values in a part, under a Gaussian around each pixel, and how much of the Gaussian lies in the part.

    Args:
        values: (H, W).
        part: (H, W).
        sigma: pixels.
    """
    weight = cv2.GaussianBlur(part.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(np.where(part, values, 0.0).astype(np.float32), (0, 0), sigma)
    return np.asarray(total / np.maximum(weight, 1e-9), np.float32), np.asarray(weight, np.float32)


def planes_of(values: Float | Float32, part: Bool, sigma: float) -> tuple[Float, Float]:
    """At each pixel the value of the plane fitted to a part under a Gaussian around it, and how much of that lies in the part.

    Args:
        values: (H, W).
        part: (H, W).
        sigma: pixels.
    """
    weight = part.astype(np.float64)
    values = np.where(part, values, 0.0).astype(np.float64)
    v, u = np.mgrid[0 : part.shape[0], 0 : part.shape[1]].astype(np.float64)
    masses = (weight, weight * u, weight * v, weight * u * u, weight * u * v, weight * v * v)
    sums = (*masses, values, values * u, values * v)
    blurred = [cv2.GaussianBlur(one, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT) for one in sums]
    w, wu, wv, wuu, wuv, wvv, wq, wuq, wvq = blurred
    with np.errstate(invalid="ignore", divide="ignore"):
        mu, mv, mq = wu / w, wv / w, wq / w
        uu, uv, vv = wuu / w - mu * mu, wuv / w - mu * mv, wvv / w - mv * mv
        uq, vq = wuq / w - mu * mq, wvq / w - mv * mq
        ridge = 0.05 * sigma * sigma  # where too little is around to tell a slope, there is none
        uu, vv = uu + ridge, vv + ridge
        determinant = uu * vv - uv * uv
        slope_u, slope_v = (vv * uq - uv * vq) / determinant, (uu * vq - uv * uq) / determinant
        return np.asarray(mq + slope_u * (u - mu) + slope_v * (v - mv)), np.asarray(w, np.float64)


def eroded_by(mask: Bool, width: int) -> Bool:
    """(H, W) the mask without a rim so wide; the image's own border is no rim."""
    return np.asarray(cv2.erode(mask.astype(np.uint8), _disc(width), borderType=cv2.BORDER_REPLICATE) > 0)


def dilated_by(mask: Bool, width: int) -> Bool:
    """(H, W) the mask and a rim so wide."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disc(width)) > 0)


def _disc(width: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1)), np.uint8)
