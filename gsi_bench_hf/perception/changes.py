"""Where an edited image is not what the known scene would show."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Region:
    """A connected region of pixels.

    Attributes:
        mask: (H, W).
        area_px: its pixels.
        center_px: (2,) u, v of its centre of mass, image pixels.
    """

    mask: Bool
    area_px: int
    center_px: NDArray[np.float64]


def unexplained_mask(badness: Float32, threshold: float = 0.5) -> Bool:
    """(H, W) where `badness` (H, W) 0..1 stays above the threshold over a neighbourhood, so that noise and thin seams don't count."""
    width = max(3, badness.shape[1] // 128)
    smooth = cv2.blur(badness, (width, width))
    mask = (smooth > threshold).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel) > 0)


def regions(mask: Bool, least_px: float) -> list[Region]:
    """The connected regions of a mask (H, W) of at least that many pixels, largest first."""
    width = max(3, mask.shape[1] // 100)
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((width, width), np.uint8))
    count, labels, stats, centers = cv2.connectedComponentsWithStats(closed, connectivity=8)
    found = [
        Region(labels == i, int(stats[i, cv2.CC_STAT_AREA]), centers[i] + 0.5)
        for i in range(1, count)
        if stats[i, cv2.CC_STAT_AREA] >= least_px
    ]
    return sorted(found, key=lambda region: -region.area_px)


def thickness_px(mask: Bool) -> float:
    """Radius of the largest disc that fits into the mask."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return float(cv2.distanceTransform(padded, cv2.DIST_L2, 3).max())
