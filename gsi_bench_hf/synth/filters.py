"""What a finished pair of pictures is refused for: too dark, blown out, or no difference to see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image8 = NDArray[np.uint8]

MIN_MEAN = 70.0
MAX_CLIPPED = 0.08
MAX_BLACK = 0.30
MIN_CHANGED_PX = 220
MIN_STEP = 20
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def exposure_reason(rgb: Image8) -> str | None:
    """Why a picture (H, W, 3) is badly exposed: "too dark" or "clipped"; None where it is not."""
    luma = rgb[::2, ::2].astype(np.float32) @ _LUMA
    if luma.mean() < MIN_MEAN or (luma < 4.0).mean() > MAX_BLACK:
        return "too dark"
    return "clipped" if (luma > 252.0).mean() > MAX_CLIPPED else None


def change_reason(source: Image8, target: Image8, region: NDArray[np.bool_]) -> str | None:
    """Says "too small a change" where fewer than `MIN_CHANGED_PX` pixels of `region` (H, W) differ by `MIN_STEP` in some channel.

    Args:
        source: (H, W, 3).
        target: (H, W, 3).
        region: where the target object is in either picture.
    """
    step = np.abs(source[region].astype(np.int16) - target[region].astype(np.int16)).max(axis=-1, initial=0)
    return None if np.count_nonzero(step >= MIN_STEP) >= MIN_CHANGED_PX else "too small a change"


def pair_reason(source: Image8, target: Image8, region: NDArray[np.bool_]) -> str | None:
    """Why a pair is refused, or None; see `exposure_reason` (of the target) and `change_reason`."""
    return exposure_reason(target) or change_reason(source, target, region)
