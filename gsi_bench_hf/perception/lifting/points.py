"""From depth and a mask to the points of one object: a wrong rim and what floats about are left out, noise is smoothed away."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gsi_bench_hf.geometry import unproject_depth
from gsi_bench_hf.perception.lifting.neighbourhood import (
    dilated_by,
    eroded_by,
    inverse_depth,
    is_measured,
    mean_of,
    planes_of,
)
from gsi_bench_hf.perception.lifting.own_parts import own_parts
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32

_LEAST_PX = 8
CALM = 0.002
"""Relative noise up to which depth is taken as it is."""
_MOST_SIGMA_PX = 6.0
_FAR = 5.0
"""Times what is clear: how much farther than the inside a rim is that can't be the object."""
_SEARCHED = 4000
"""Points at most that neighbours are looked up among."""


class LiftError(ValueError):
    """Depth and mask don't give a box; the message says why."""


@dataclass(frozen=True)
class Cleaning:
    """How an object's pixels are chosen.

    Attributes:
        rim_px: how far in from the mask's border pixels may be the background's; depth decides there. With 0 the border is
            where the mask has it; else it is first brought, all around, to where depth says that the object ends.
        edge: jump of depth between neighbouring pixels, as a part of the depth, from which it is an edge.
        outlier: a point whose neighbours are farther off than this many standard deviations over the mean is left out.
    """

    rim_px: int = 4
    edge: float = 0.03
    outlier: float = 5.0


CLEANING = Cleaning()
"""How masks are cleaned where nothing else is asked for."""


def depth_noise(depth_m: Float32, mask: Bool) -> float:
    """Standard deviation of what depth does from pixel to pixel, as a part of the depth; smooth surfaces have next to none.

    Args:
        depth_m: (H, W).
        mask: (H, W) which pixels to look at.
    """
    z = np.where(is_measured(depth_m), depth_m, np.nan).astype(np.float64)
    # The second difference of a plane's inverse depth is 0, whatever its slope (the four weights' squares sum to 6 a direction).
    inverse = 1.0 / z
    across = inverse[1:-1, :-2] - 2.0 * inverse[1:-1, 1:-1] + inverse[1:-1, 2:]
    inner = mask[1:-1, 1:-1] & np.isfinite(across)
    if inner.sum() < _LEAST_PX:
        return 0.0
    relative = across[inner] * z[1:-1, 1:-1][inner]
    return float(1.4826 * np.median(np.abs(relative - np.median(relative))) / np.sqrt(6.0))


def smoothed(depth_m: Float32, mask: Bool, noise: float) -> Float32:
    """(H, W) depth smoothed within the mask, the more the noisier it is; as it is where it is calm.

    Around each pixel a plane is fitted to the inverse depth, weighted by a Gaussian: planes stay what they are, up to the mask's rim.

    Args:
        depth_m: (H, W).
        mask: (H, W) pixels that may be looked at together.
        noise: from `depth_noise`.
    """
    if noise <= CALM or mask.sum() < _LEAST_PX:
        return depth_m
    thick = _thickness(mask)
    # White noise of s under a Gaussian of sigma p is s / (2 p sqrt(pi)).
    sigma = float(np.clip(noise / (2.0 * np.sqrt(np.pi) * CALM), 0.8, min(_MOST_SIGMA_PX, max(1.2, 0.5 * thick))))
    plane, _ = planes_of(inverse_depth(depth_m, mask), mask, sigma)
    with np.errstate(divide="ignore"):
        return np.where(mask & (plane > 0), 1.0 / plane, depth_m).astype(np.float32)


def object_mask(depth_m: Float32, mask: Bool, cleaning: Cleaning = CLEANING, noise: float = 0.0) -> Bool:
    """(H, W) the mask's pixels whose depth is the object's.

    Left out are: what lies at the mask's border and is as far away as what is around; the border itself where it is not as far
    away as what it borders on; what lies in the middle of an edge, as smeared depth does; small stray parts.

    Args:
        depth_m: (H, W); 0 or NaN where unknown.
        mask: (H, W).
        cleaning: how.
        noise: of the depth; an edge must stand out from it.
    """
    measured = is_measured(depth_m)
    calm = np.where(measured, depth_m, 0).astype(np.float32)
    if noise > CALM:
        calm = np.asarray(cv2.medianBlur(cv2.medianBlur(calm, 5), 3), np.float32)
    edge = cleaning.edge + 0.3 * noise
    known = mask & measured
    known &= ~_background(calm, known, measured, cleaning.rim_px, 0.5 * edge)
    kept = _confirmed(calm, known & ~_in_between(calm, known, 0.5 * edge), edge)
    kept = kept if kept.sum() >= max(_LEAST_PX, 0.2 * known.sum()) else known
    return own_parts(calm, kept, measured & ~dilated_by(mask, 1), edge)


def _background(depth_m: Float32, mask: Bool, measured: Bool, rim_px: int, clear: float) -> Bool:
    """(H, W) where the mask's rim is nearer in depth to what is around the mask than to the mask's own inside.

    Told only where the two differ by more than `clear` of the inverse depth, and only near an inside: a thin part has none.
    """
    width = min(rim_px, int(_thickness(mask) / 2.0))
    if width < 1:
        return np.zeros_like(mask)
    inside = eroded_by(mask, width) & measured
    outside = ~dilated_by(mask, 1) & measured
    inverse = inverse_depth(depth_m, measured)
    (near, near_weight), (around, around_weight) = (mean_of(inverse, part, 0.8 * width) for part in (inside, outside))
    told = (near_weight > 0.02) & (around_weight > 0.02) & (np.abs(near - around) > clear * near)
    # Where several things are behind an object, their mean is none of them.
    behind = (np.abs(inverse - around) < np.abs(inverse - near)) | (near - inverse > _FAR * clear * near)
    return np.asarray(mask & ~inside & told & behind)


def _in_between(depth_m: Float32, mask: Bool, step: float) -> Bool:
    """(H, W) where a pixel of the mask has nearer and farther neighbours in it, both by more than `step` of its depth."""
    far, near = _extremes(depth_m, mask)
    return mask & (far - depth_m > step * depth_m) & (depth_m - near > step * depth_m)


def _confirmed(depth_m: Float32, mask: Bool, edge: float) -> Bool:
    """(H, W) the mask without those pixels of its border whose depth is not that of a neighbour within the border."""
    inner = eroded_by(mask, 1)
    if not inner.any():
        return mask
    far, near = _extremes(depth_m, inner)
    slack = edge * depth_m
    return np.asarray(inner | (mask & (depth_m > near - slack) & (depth_m < far + slack)))


def _extremes(depth_m: Float32, mask: Bool) -> tuple[Float32, Float32]:
    """(H, W) the largest and the smallest depth that the mask has among the 3 × 3 pixels around; -inf and inf where it has none."""
    around = np.ones((3, 3), np.uint8)
    far = cv2.dilate(np.where(mask, depth_m, -np.inf).astype(np.float32), around, borderValue=-np.inf)
    near = -cv2.dilate(np.where(mask, -depth_m, -np.inf).astype(np.float32), around, borderValue=-np.inf)
    return np.asarray(far, np.float32), np.asarray(near, np.float32)


def _thickness(mask: Bool) -> float:
    return float(cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 3).max())


def object_pixels(depth_m: Float32, mask: Bool, cleaning: Cleaning, noise: float) -> Bool:
    """(H, W) as `object_mask`, where that leaves enough.

    Raises:
        LiftError: fewer than 8 pixels have a depth.
    """
    kept = object_mask(depth_m, mask, cleaning, noise)
    if kept.sum() < _LEAST_PX:
        raise LiftError(
            f"the mask has {int(mask.sum())} pixels, of which {int(kept.sum())} have a depth that can be used; "
            f"expected {_LEAST_PX} or more"
        )
    return kept


def object_points(
    depth_m: Float32, kept: Bool, intrinsics: Float, cleaning: Cleaning = CLEANING, noise: float = 0.0
) -> NDArray[np.float64]:
    """(N, 3) the object's points in the camera frame, metres.

    Args:
        depth_m: (H, W) along camera z, metres; 0 or NaN where unknown.
        kept: (H, W) the object's pixels, from `object_pixels`.
        intrinsics: (3, 3), pixels.
        cleaning: which points are outliers.
        noise: of the depth, from `depth_noise`.
    """
    points = unproject_depth(smoothed(depth_m, kept, noise), intrinsics)[kept]
    return without_outliers(points, cleaning.outlier)


def without_outliers(points_m: Float, deviations: float, neighbours: int = 8) -> Float:
    """(M, 3) the points whose neighbours are about as near as is usual (statistical outlier removal; Rusu et al., 2008).

    Args:
        points_m: (N, 3).
        deviations: how many standard deviations over the mean distance is too far.
        neighbours: how many are looked at.
    """
    if len(points_m) <= 2 * neighbours:
        return points_m
    step = -(-len(points_m) // _SEARCHED)
    among = points_m[::step]
    if len(among) <= neighbours:
        return points_m
    far = cKDTree(among).query(among, k=neighbours + 1)[0][:, 1:].mean(axis=1)
    return np.asarray(among[far <= far.mean() + deviations * far.std()])
