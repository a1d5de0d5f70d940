"""What a sample's line says of what was seen, as plain values."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from gsi_bench_hf.perception.packed import pack
from gsi_bench_hf.types import Box3D, Detection, Protocol_, Sample, Scan, UnscorableError


def seen(sample: Sample, scan: Scan, protocol: Protocol_) -> dict[str, Any]:
    """What a detector saw: `scan`, `detections`, the target's `boxes` (source, wanted, found), and the `camera`."""
    camera = sample.camera
    return {
        "scan": {"lost": scan.lost, "added": scan.added, "diagnostics": dict(scan.diagnostics)},
        "detections": pack(scan),
        "boxes": {
            "source": _box(sample.edit.original_box),
            "wanted": _box(_wanted_box(sample)),
            "found": _box(_found(sample, scan, protocol)),
        },
        "camera": {"intrinsics": camera.intrinsics, "width": camera.width, "height": camera.height},
    }


def _found(sample: Sample, scan: Scan, protocol: Protocol_) -> Box3D | None:
    """The target as it is counted; as it was detected where it does not count."""
    from gsi_bench_hf.metrics.scoring import strict_scan

    with suppress(UnscorableError):
        scan = strict_scan(sample, scan) if protocol == "strict" else scan
    return None if scan.target is None else scan.target.box


def _wanted_box(sample: Sample) -> Box3D | None:
    if sample.operation == "remove":
        return None
    after: dict[str | None, Detection] = {o.instance_id: o for o in sample.target_objects}
    if sample.target_id in after:
        return after[sample.target_id].box
    return sample.edit.new_box


def _box(box: Box3D | None) -> dict[str, Any] | None:
    if box is None:
        return None
    return {"center_m": box.center_m, "extents_m": box.extents_m, "rotation": np.asarray(box.rotation)}
