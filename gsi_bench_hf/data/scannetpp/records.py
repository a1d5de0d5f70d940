"""Candidate edits as records of `data.features`."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.data.released_layout import edit_id
from gsi_bench_hf.data.scannetpp.layout import Shot
from gsi_bench_hf.data.scannetpp.propose import WordedEdit
from gsi_bench_hf.data.scannetpp.views import View
from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.synth import labels
from gsi_bench_hf.synth.difficulty import difficulty

SUBSET = "real"
GENERATOR = "gsi-bench-hf, ScanNet++"
VERSION = "1"
LICENCE = "ScanNet++ terms of use: for those who have accepted them, not to be passed on"
_QUALITY = 95


def image_id(shot: Shot) -> str:
    """The released layout's id of a frame.

    >>> image_id(Shot("0a7cc12c0e", "frame_000120", 120, None, None, np.eye(3), np.eye(4)))
    '0a7cc12c0e_frame_000120'
    """
    return f"{shot.scene_id}_{shot.name}"


def photograph(shot: Shot, image: Image.Image) -> dict[str, Any]:
    """A frame's picture as a record holds it: the very file where it was not made smaller, else a JPEG of quality 95."""
    name = image_id(shot)
    if shot.image is not None and shot.image.suffix.lower() != ".png":
        data = shot.image.read_bytes()
        with Image.open(io.BytesIO(data)) as original:
            if original.size == image.size and original.getexif().get(0x0112, 1) == 1:
                return {"bytes": data, "path": f"{name}.jpg"}
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return {"bytes": buffer.getvalue(), "path": f"{name}.jpg"}


def records(shot: Shot, view: View, edits: list[WordedEdit], *, seed: int) -> list[dict[str, Any]]:
    """The rows of a frame's edits, numbered from 0. What can't be known of a photograph is null: its target image, its scene."""
    name, seen = image_id(shot), view.seen
    shared = {
        "source_image": photograph(shot, view.image),
        "depth": labels.encode_png(labels.depth_mm(view.depth_m), f"{name}-depth.png"),
        "segmentation": labels.encode_png(
            np.minimum(seen.segmentation, 255).astype(np.uint8), f"{name}-segmentation.png"
        ),
        "camera": labels.camera_record(view.scene.camera),
        "objects": labels.object_records(view.scene, seen),
    }
    return [_record(shot, view, edit, shared, str(query), seed) for query, edit in enumerate(edits)]


def _record(shot: Shot, view: View, edit: WordedEdit, shared: dict[str, Any], query: str, seed: int) -> dict[str, Any]:
    kept, name = edit.kept, image_id(shot)
    proposal = kept.proposal
    item = view.scene.object(proposal.target_id)
    mask = labels.mask_of(view.seen.segmentation, view.scene, item.instance_id)
    extra = {"scannetpp_scene": shot.scene_id, "frame": shot.name, "template": edit.instruction}
    return {
        "id": edit_id(name, query),
        "subset": SUBSET,
        "environment": SUBSETS[SUBSET].environment,
        "scene_id": name,
        "operation": proposal.operation,
        "instruction": edit.instruction,
        "instruction_zh": edit.instruction_zh,
        "target_image": None,
        "target": {
            "label": item.label,
            "instance_id": item.instance_id,
            "description": None,
            "mask": labels.encode_png(mask.astype(np.uint8) * 255, f"{name}-{query}-mask.png"),
        },
        "reference": None,
        "edit": labels.edit_record(kept),
        **shared,
        "target_objects": labels.object_records(kept.result, kept.seen),
        "target_segmentation": None,
        "difficulty": difficulty(kept, view.seen),
        "scene": None,
        "provenance": {
            "generator": GENERATOR,
            "version": VERSION,
            "seed": seed,
            "licence": LICENCE,
            "extra": json.dumps(extra, ensure_ascii=False),
        },
    }
