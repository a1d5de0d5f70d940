"""Which of the objects seen in an edited image is which of those seen in its source, for detectors that know of no scene.

What was asked is never looked at: neither the wanted pose nor the target image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gsi_bench_hf.data.released import GENERATOR
from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.metrics.protocol_paper import DETECTOR_SIDE_PX
from gsi_bench_hf.perception.crops import crop_offset_px, whole_camera
from gsi_bench_hf.types import Box3D, Detection, Sample, Scan

Float = NDArray[np.float64]

_OVERLAP = 0.3
"""Of two 2D boxes of one object, the record's and the detector's, at least."""
_IN_PLACE = 0.5
"""Overlap of the 2D boxes of an object that stayed, before and after."""
_NEAR = 0.5
"""Of an object's diagonal: how far its 3D box may be off where its 2D box is half hidden or misjudged."""


def associate(
    sample: Sample, origin: Sequence[Detection], edited: Sequence[Detection], *, target_px: ArrayLike | None = None
) -> Scan:
    """What two sets of detections say of an edit.

    An object that stands where one stood before is that one. What is left over may be the target elsewhere: of those of its kind the
    most certain one. For an edit that removes, only what stands in the target's place counts as the target.

    Args:
        sample: the record.
        origin: objects in the source image.
        edited: objects in the edited image, by the same detector.
        target_px: (4,) the target's 2D box in the source image; by default that of the record's mask, or of its 3D box.

    Returns:
        A scan that is `relative`. Without a `source_target` nothing can be said of where the target went.
    """
    here = target_box_px(sample) if target_px is None else np.asarray(target_px, dtype=np.float64)
    source = _source_target(sample.edit.original_box, origin, here)
    before = tuple(_named(d, sample) if i == source else d for i, d in enumerate(origin))
    stayed = _stayed(before, edited)
    at = stayed.get(source) if source is not None else None
    spare = [j for j in range(len(edited)) if j not in stayed.values()]
    if at is None and source is not None and sample.operation != "remove":
        at = _moved_to(before[source], edited, spare)
        spare = [j for j in spare if j != at]
    after = tuple(_named(d, sample) if j == at else d for j, d in enumerate(edited))
    return Scan(
        before,
        after,
        None if at is None else after[at],
        lost=sum(i not in stayed for i in range(len(before)) if i != source),
        added=len(spare),
        relative=True,
        source_target=None if source is None else before[source],
    )


def target_box_px(sample: Sample) -> Float | None:
    """(4,) x1, y1, x2, y2 around the target in the source image: of its mask, or of its 3D box; None where neither is known."""
    mask, box = sample.target_mask, sample.edit.original_box
    if mask is not None and mask.any():
        v, u = np.nonzero(mask)
        return np.array([u.min(), v.min(), u.max() + 1, v.max() + 1], dtype=np.float64)
    if box is None:
        return None
    return project_box(box.vector, box.rotation, sample.camera.intrinsics)


def is_released(sample: Sample) -> bool:
    """Whether a record was read from the released files, whose boxes are in the released detector's frame."""
    return (sample.row.get("provenance") or {}).get("generator") == GENERATOR


def released_target_px(sample: Sample) -> Float | None:
    """(4,) the target's 2D box in the source image, where the record's 3D box is as the released detector gave it.

    Its box projects, by the metadata's intrinsics, into the detector's frame (protocol.md, "The detector frame").
    """
    box, camera = sample.edit.original_box, whole_camera(sample)
    if box is None:
        return None
    seen = project_box(box.vector, box.rotation, camera.intrinsics) * (
        max(camera.width, camera.height) / DETECTOR_SIDE_PX
    )
    return np.asarray(seen - np.tile(crop_offset_px(sample), 2))


def overlap(a: ArrayLike, b: ArrayLike) -> float:
    """Intersection over union of two 2D boxes (4,) x1, y1, x2, y2; 0 for degenerate ones.

    >>> overlap([0, 0, 2, 2], [1, 0, 3, 2])
    0.3333333333333333
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    shared = np.clip(np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2]), 0.0, None).prod()
    union = sum(np.clip(box[2:] - box[:2], 0.0, None).prod() for box in (first, second)) - shared
    return float(shared / union) if union > 0.0 else 0.0


def _named(detection: Detection, sample: Sample) -> Detection:
    return replace(detection, instance_id=sample.target_id)


def _source_target(box: Box3D | None, origin: Sequence[Detection], here: Float | None) -> int | None:
    """The one that is most like the record's, in the image and in space."""
    best, most = None, 0.0
    for index, detection in enumerate(origin):
        shared = 0.0 if here is None else overlap(detection.bbox_2d, here)
        near = 0.0 if box is None else 1.0 - _distance(detection, box) / _NEAR
        if (shared >= _OVERLAP or near > 0.0) and shared + max(0.0, near) > most:
            best, most = index, shared + max(0.0, near)
    return best


def _stayed(origin: Sequence[Detection], edited: Sequence[Detection]) -> dict[int, int]:
    """Index in `origin` to index in `edited`, of what is in its place: first by the image, the rest by space."""
    by_image = np.array([[overlap(o.bbox_2d, e.bbox_2d) for e in edited] for o in origin])
    pairs = _pairs(np.where(by_image >= _IN_PLACE, by_image, 0.0))
    by_space = np.array([[1.0 - _distance(e, o.box) / _NEAR for e in edited] for o in origin])
    for i, j in pairs.items():
        by_space[i, :] = by_space[:, j] = 0.0
    return pairs | _pairs(np.clip(by_space, 0.0, None))


def _pairs(likeness: Float) -> dict[int, int]:
    """The assignment with the highest sum of a matrix (N, M); what has no likeness at all has no partner."""
    from scipy.optimize import linear_sum_assignment

    if likeness.size == 0:
        return {}
    rows, columns = linear_sum_assignment(likeness, maximize=True)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if likeness[i, j] > 0.0}


def _moved_to(source: Detection, edited: Sequence[Detection], spare: Sequence[int]) -> int | None:
    kind = [j for j in spare if edited[j].label.strip().lower() == source.label.strip().lower()]
    return max(kind, key=lambda j: (edited[j].score, -_distance(edited[j], source.box)), default=None)


def _distance(detection: Detection, box: Box3D) -> float:
    """Between centres, in parts of the box's diagonal."""
    off_m = float(np.linalg.norm(detection.box.center_m - box.center_m))
    return off_m / max(float(np.linalg.norm(box.extents_m)), 1e-6)
