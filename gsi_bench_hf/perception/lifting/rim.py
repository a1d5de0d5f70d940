"""Where an object ends: a mask drawn too wide or too narrow all around is told by depth, and mended."""

from __future__ import annotations

import cv2
import numpy as np

from gsi_bench_hf.perception.lifting.neighbourhood import dilated_by, eroded_by, inverse_depth, is_measured, planes_of
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32

_REACH_PX = 5
"""How far a mask's border may be off, and one more."""
_AROUND_PX = 10
"""Width of the ring beside that in which what is behind the object is looked up."""
_BLUR_PX = 4.0
_ROUGH = 0.01
"""Part of its depth by which a surface leaves the mean around it."""
_CAPPED = 4.5
"""What one pixel may say at most, as the logarithm of a likelihood ratio: it may show neither of the two."""
_CERTAIN = 5.0
"""By how much more likely, as a logarithm, another border must be than the one that was drawn."""


def mended(depth_m: Float32, mask: Bool, noise: float) -> Bool:
    """(H, W) the mask, grown or shrunk by the same width all around, up to 5 px, as depth says that the object ends.

    Args:
        depth_m: (H, W) along camera z, metres; 0 or NaN where unknown.
        mask: (H, W) where the object is, or nearly.
        noise: of the depth, from `depth_noise`.
    """
    if not mask.any() or mask.all():
        return mask
    width = rim_px(depth_m, mask, noise)
    if width > 0:
        return dilated_by(mask, width)
    shrunk = eroded_by(mask, -width) if width < 0 else mask
    return shrunk if shrunk.any() else mask


def rim_px(depth_m: Float32, mask: Bool, noise: float) -> int:
    """By how many pixels the object is wider, all around, than its mask; negative where the mask is too wide.

    Near the border each pixel is weighed: is its depth that of the object beside it, or of what is behind? The border is
    where most of the pixels within are of the first kind, and most of those without of the second.

    Args:
        depth_m: (H, W).
        mask: (H, W).
        noise: of the depth.
    """
    known = is_measured(depth_m)
    inverse = inverse_depth(depth_m, known)
    within = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    without = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    # Rings are counted outwards: 0 is the first outside of the mask, -1 the last within.
    ring = np.where(mask, -within, without - 1.0).round().astype(int)
    deep = min(_REACH_PX, int(0.5 * within.max()))
    behind = known & (ring >= _REACH_PX - 1) & (ring < _REACH_PX + _AROUND_PX)
    says = _object_not_behind(inverse, known & (ring < -deep), behind, noise)
    rings = [says[known & (ring == number)].sum() for number in range(-_REACH_PX, _REACH_PX)]
    total = np.concatenate([[0.0], np.cumsum(rings)])
    likely = 2.0 * total - total[-1]  # of the border before each ring: what is within it less what is without
    best = int(likely.argmax())
    return best - _REACH_PX if likely[best] > likely[_REACH_PX] + _CERTAIN else 0


def _object_not_behind(inverse: Float32, inside: Bool, behind: Bool, noise: float) -> Float:
    """(H, W) how much likelier a pixel's inverse depth is the object's near it than that of what is behind, as a logarithm."""
    near, beside_object = planes_of(inverse, inside, _BLUR_PX)
    far, beside_other = planes_of(inverse, behind, _BLUR_PX)
    sigma = np.maximum(near, 1e-6) * np.hypot(noise, _ROUGH)
    # What stands before the object tells nothing of where it ends, nor what is as far away.
    told = (beside_object > 1e-3) & (beside_other > 1e-3) & (near - far > 0.5 * sigma)
    of_object, of_other = (np.minimum(0.5 * ((inverse - mean) / sigma) ** 2, _CAPPED) for mean in (near, far))
    return np.where(told, of_other - of_object, 0.0)
