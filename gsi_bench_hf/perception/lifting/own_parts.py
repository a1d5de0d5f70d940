"""Which connected parts of a mask are the object's: what shows through a handle or between two leaves is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gsi_bench_hf.perception.lifting.neighbourhood import dilated_by, inverse_depth, planes_of
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32

_LEAST_PX = 8
_LEAST_SHARE = 0.01
"""Of the largest part: smaller ones are stray."""
_FRAMED = 0.5
"""Share of a gap's border, at least, that is the object's: a foot that spreads over a table looks like a gap, but for that."""
_NEAR = 0.2
"""Part of its depth by which other parts of an object may be nearer or farther than its largest."""
_BLUR_PX = 6.0
_ALIKE = 0.02
"""Part of its depth by which a gap's pixels leave what is around the object, where they show that."""

Slices = tuple[slice, slice]
_BELOW = ((np.s_[:], np.s_[:]), (np.s_[:-1], np.s_[1:]), (np.s_[1:], np.s_[:-1]))
"""Columns of a row, and those of the row below that are straight under them, or one to the right or left."""


def own_parts(depth_m: Float32, mask: Bool, around: Bool, edge: float) -> Bool:
    """(H, W) the mask's largest part, and those beside it that are large too, about as far away, and not what is around the object.

    A part is what hangs together without a jump of depth.

    Args:
        depth_m: (H, W).
        mask: (H, W) whose depth is known.
        around: (H, W) pixels whose depth is known and is not the object's.
        edge: jump of depth between neighbouring pixels, as a part of the depth, at which a part ends.
    """
    labels, areas = _parts(depth_m, mask, edge)
    if len(areas) < 2:
        return mask
    order = np.argsort(-areas)
    main = labels == order[0]
    low, high = np.percentile(depth_m[main], [2, 98])
    slack = max(_NEAR * low, high - low)
    behind = _leaving(depth_m, mask, around)
    kept: Bool = main
    for number in order[1:]:
        if areas[number] < max(_LEAST_PX, _LEAST_SHARE * areas[order[0]]):
            break
        part = labels == number
        is_gap = float(np.median(behind[part])) < _ALIKE and _enclosed(part, mask) > _FRAMED
        if low - slack <= float(np.median(depth_m[part])) <= high + slack and not is_gap:
            kept |= part
    return kept


def _enclosed(part: Bool, mask: Bool) -> float:
    """0..1 which part of a part's border is to other parts of the mask."""
    border = dilated_by(part, 1) & ~part
    return float(np.mean(mask[border]))


def _leaving(depth_m: Float32, mask: Bool, around: Bool) -> Float:
    """(H, W) by which part of its depth a pixel of the mask leaves what is around the object; infinite where nothing is near."""
    inverse = inverse_depth(depth_m, mask | around)
    plane, near = planes_of(inverse, around, _BLUR_PX)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(mask & (near > 1e-3), np.abs(plane / inverse - 1.0), np.inf)


def _parts(depth_m: Float32, mask: Bool, edge: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(H, W) number of the part to which each pixel of the mask belongs, -1 outside; and the parts' areas."""
    index = np.full(mask.shape, -1)
    index[mask] = np.arange(mask.sum())
    pairs = [(np.s_[:, :-1], np.s_[:, 1:]), *((np.s_[:-1, a], np.s_[1:, b]) for a, b in _BELOW)]
    first, second = np.concatenate([_joined(depth_m, index, edge, *pair) for pair in pairs], axis=1)
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(int(mask.sum()),) * 2)
    _, of = connected_components(graph, directed=False)
    labels = np.full(mask.shape, -1)
    labels[mask] = of
    return labels, np.bincount(of)


def _joined(depth_m: Float32, index: NDArray[np.int64], edge: float, here: Slices, there: Slices) -> NDArray[np.int64]:
    """(2, N) the numbers of neighbours that are both of the mask and have no jump of depth between them."""
    a, b = depth_m[here], depth_m[there]
    joined = (index[here] >= 0) & (index[there] >= 0) & (np.abs(b - a) < edge * np.minimum(a, b))
    return np.stack([index[here][joined], index[there][joined]])
