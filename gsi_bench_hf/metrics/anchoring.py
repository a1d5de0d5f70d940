"""Poses counted relative to what the same detector saw in the source image.

A detector that looks at photographs is off in ways that it repeats: too near, too large, turned a little. What it says of the target
in the source image, beside the record's box, shows how; taken off again, an object that stayed has not moved at all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gsi_bench_hf.types import Box3D, Detection, Scan, UnscorableError

_SAME = 1e-9


def anchored(original: Box3D | None, scan: Scan) -> Scan:
    """The scan with its target's pose corrected by how the source's detection differs from the record's box.

    With c centres, s extents, R rotations; 0 the record's, s the detector's in the source, f the detector's in the edited image:
    `c = c0 + (cf − cs) · |c0| / |cs|`, because what one camera misjudges is above all distance, and lengths with it;
    `s = s0 · sf / ss` along each axis; `R = Rf Rsᵀ R0`. A detection that is just as in the source gives the record's box, bit by bit.

    Args:
        original: the target's box in the source image, as the record has it.
        scan: what a detector found; one that is not `relative` comes back as it is.

    Raises:
        UnscorableError: the target was not found in the source image, so that neither its place nor its absence tells anything.
    """
    if not scan.relative:
        return scan
    seen = scan.source_target
    if seen is None:
        raise UnscorableError(
            "the detector does not find the target in the source image, so nothing can be said of where it went"
        )
    if scan.target is None or original is None:
        return scan
    box = _anchored(original, seen.box, scan.target.box)
    return replace(scan, target=_with_box(scan.target, box))


def _anchored(original: Box3D, seen: Box3D, found: Box3D) -> Box3D:
    if _equal(found, seen, 0.0):
        return original
    if _equal(seen, original, _SAME):
        return found
    scale = float(np.linalg.norm(original.center_m)) / max(float(np.linalg.norm(seen.center_m)), _SAME)
    return Box3D(
        original.center_m + (found.center_m - seen.center_m) * scale,
        original.extents_m * found.extents_m / seen.extents_m,
        found.rotation @ seen.rotation.T @ original.rotation,
    )


def _equal(a: Box3D, b: Box3D, tolerance: float) -> bool:
    parts = ((a.center_m, b.center_m), (a.extents_m, b.extents_m), (a.rotation, b.rotation))
    return all(np.allclose(x, y, rtol=0.0, atol=tolerance) for x, y in parts)


def _with_box(detection: Detection, box: Box3D) -> Detection:
    return replace(detection, bbox_3d=box.vector, rotation_matrix=box.rotation)
