"""Which object of the edited image is which of the source image: what stayed, what went, what came, and where the target is now."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image
from scipy.optimize import linear_sum_assignment

from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.perception.lifting.looking import Looked
from gsi_bench_hf.perception.lifting.parts import Bool, Float
from gsi_bench_hf.types import Detection, Sample

_IN_PLACE = 0.4
"""Overlap of the visible masks from which an object is where it was."""
_NEAR = 0.3
"""Of its size: a centre nearer than this is where it was, too."""
_HIDDEN = 0.6
"""Share of an object's mask that something else covers now, from which it may be hidden and not gone."""
_ALIKE = 0.3
"""Overlap of colour histograms from which something may be the target that has moved."""
_FOUND = 0.4


@dataclass(frozen=True)
class Matches:
    """Places in the lists of detections.

    Attributes:
        target: of the target in the edited image; None where it is not there.
        kept: source object -> edited object, without the target.
        lost: source objects that are gone.
        added: edited objects that are new.
    """

    target: int | None
    kept: dict[int, int]
    lost: tuple[int, ...]
    added: tuple[int, ...]


def target_in_source(sample: Sample, looked: Looked) -> int | None:
    """Which detection of the source image is the record's target: the one whose mask or box is the known one. None for none.

    Args:
        sample: the record, with the target's mask or its box.
        looked: at the source image.
    """
    if not looked.detections:
        return None
    known = sample.target_mask
    if known is not None and known.any():
        scores = np.array([overlap(mask, known) for mask in looked.masks])
    elif sample.edit.original_box is not None:
        box = sample.edit.original_box
        around = project_box(box.vector, box.rotation, sample.camera.intrinsics)
        scores = np.array([overlap_2d(d.bbox_2d, around) for d in looked.detections])
    else:
        return None
    named = np.array([0.1 * (d.label == sample.target_label) for d in looked.detections])
    best = int(np.argmax(scores + named))
    return best if scores[best] >= _FOUND else None


def match(
    source: Looked, edited: Looked, target: int, target_mask: Bool, images: tuple[Image.Image, Image.Image]
) -> Matches:
    """What became of the source image's objects; the camera stands still.

    Objects that are where they were are paired first, the target among them. A target that is not where it was is looked for
    among what is left over, by its label and its colours.

    Args:
        source: the source image, looked at.
        edited: the edited image, looked at.
        target: which of the source's detections is the target; -1 if it is none of them.
        target_mask: (H, W) where the target is in the source image.
        images: the two images.
    """
    pairs = _in_place(source, edited)
    found = pairs.pop(target, None)
    left = [j for j in range(len(edited.detections)) if j not in pairs.values() and j != found]
    label = source.detections[target].label if target >= 0 else None
    if found is None and left:
        found = _moved(left, edited, label, target_mask, images)
    left = [j for j in left if j != found]
    covered: Bool = np.any(edited.masks, axis=0) if len(edited.masks) else np.zeros_like(target_mask)
    gone = [
        i
        for i in range(len(source.detections))
        if i not in pairs and i != target and np.mean(covered[source.masks[i]]) < _HIDDEN
    ]
    return Matches(found, pairs, tuple(gone), tuple(left))


def _in_place(source: Looked, edited: Looked) -> dict[int, int]:
    cost = np.zeros((len(source.detections), len(edited.detections)))
    for i, before in enumerate(source.detections):
        for j, after in enumerate(edited.detections):
            if before.label != after.label:
                continue
            shared = overlap(source.masks[i], edited.masks[j])
            apart = _apart(before, after)
            if shared >= _IN_PLACE or apart < _NEAR:
                cost[i, j] = -(shared + max(0.0, 1.0 - apart))
    rows, columns = linear_sum_assignment(cost)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if cost[i, j] < 0.0}


def _moved(
    left: list[int], edited: Looked, label: str | None, target_mask: Bool, images: tuple[Image.Image, Image.Image]
) -> int | None:
    before = colours(images[0], target_mask)
    alike = {j: float(np.minimum(before, colours(images[1], edited.masks[j])).sum()) for j in left}
    # A detector may name a thing otherwise when it stands elsewhere; then its colours must say so all the more.
    good = {j: s for j, s in alike.items() if s >= (_ALIKE if edited.detections[j].label == label else 2.0 * _ALIKE)}
    named = {j: s for j, s in good.items() if edited.detections[j].label == label}
    among = named or good
    return max(among, key=lambda j: among[j]) if among else None


def colours(image: Image.Image, mask: Bool) -> Float:
    """(96,) soft histogram of lightness and the two colours (CIELAB) under a mask (H, W), of sum 1; zeros for an empty mask."""
    if not mask.any():
        return np.zeros(96)
    lab = cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2LAB)[mask].astype(np.float64)
    # Most colours lie near the middle of the two colour axes.
    bins = [np.linspace(0, 256, 33), 128 + np.linspace(-64, 64, 33), 128 + np.linspace(-64, 64, 33)]
    parts = []
    for channel, edges in enumerate(bins):
        counts = np.histogram(np.clip(lab[:, channel], edges[0], edges[-1] - 1e-6), edges)[0].astype(np.float64)
        soft = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
        parts.append(soft / max(soft.sum(), 1e-9) / 3.0)
    return np.concatenate(parts)


def overlap(a: Bool, b: Bool) -> float:
    """Intersection over union of two masks (H, W); 0 for two empty ones."""
    either = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / either) if either else 0.0


def overlap_2d(a: Float, b: Float) -> float:
    """Intersection over union of two boxes (4,) x1, y1, x2, y2; 0 for empty ones."""
    shared = np.prod(np.maximum(0.0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])))
    both = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared
    return float(shared / both) if both > 0.0 else 0.0


def _apart(a: Detection, b: Detection) -> float:
    size = float(np.linalg.norm(a.bbox_3d[3:6]))
    return float(np.linalg.norm(a.bbox_3d[:3] - b.bbox_3d[:3])) / max(size, 1e-6)
