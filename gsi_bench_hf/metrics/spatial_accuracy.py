"""Spatial accuracy: how near, in 3D, the edit came to what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gsi_bench_hf.metrics.protocol_paper import score_edit
from gsi_bench_hf.metrics.protocol_strict import score_strict
from gsi_bench_hf.types import Edit, Scan


def paper_accuracy(
    operation: str,
    edit: Mapping[str, Any],
    origin_detections: Sequence[Mapping[str, Any]],
    edited_detections: Sequence[Mapping[str, Any]],
    gate: bool,
) -> float:
    """0..1 under `paper`; arguments as `protocol_paper.score_edit`."""
    return score_edit(operation, edit, origin_detections, edited_detections, gate)["spatial_accuracy"]


def strict_accuracy(edit: Edit, scan: Scan, symmetry: int) -> float:
    """0..1 under `strict`; arguments as `protocol_strict.score_strict`."""
    return score_strict(edit, scan, symmetry).accuracy
