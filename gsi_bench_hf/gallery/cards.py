"""A row as a page shows it: plain values, numbers already written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.gallery.pictures import data_uri, depth_picture, outline
from gsi_bench_hf.geometry import rotation_angle
from gsi_bench_hf.report.boxes import box_paths
from gsi_bench_hf.types import Box3D, Detection, Edit, Sample

_NBSP = "\u00a0"
_LABEL_PX = 110
"""About the width of a long label in a picture."""


Address = Callable[[str, Image.Image], str]
"""Where a page finds a view's picture: of the view's name and the picture."""


def _embedded(_name: str, picture: Image.Image) -> str:
    return data_uri(picture)


def make_card(row: Mapping[str, Any], *, address: Address = _embedded) -> dict[str, Any]:
    """What the template needs to know of a row.

    Args:
        row: in the schema of `data.features`; images decoded or as `{"bytes", "path"}`.
        address: gives each view ("before", "after", "depth") its `uri`; the picture itself by default.
    """
    sample = Sample(row)
    width, height = sample.source_image.size
    return {
        "id": sample.id,
        "subset": sample.subset,
        "environment": row.get("environment"),
        "operation": sample.operation,
        "difficulty": row.get("difficulty"),
        "instruction": sample.instruction,
        "instruction_zh": row.get("instruction_zh"),
        "width": width,
        "height": height,
        "views": [
            view for view in (_before(sample, address), _after(sample, address), _depth(sample, address)) if view
        ],
        "facts": _facts(sample),
    }


def _target(sample: Sample, objects: tuple[Detection, ...]) -> Detection | None:
    name = (sample.row.get("target") or {}).get("instance_id")
    return next((item for item in objects if name is not None and item.instance_id == name), None)


def _before(sample: Sample, address: Address) -> dict[str, Any]:
    found = _target(sample, sample.objects)
    original = found.box if found is not None else sample.edit.original_box
    wanted = None if sample.operation == "view" else sample.edit.new_box
    mask = sample.target_mask if sample.row.get("target") else None
    return {
        "name": "before",
        "caption": "before",
        "uri": address("before", sample.source_image),
        "mask": None if mask is None else outline(mask),
        "boxes": _boxes(sample, {"before": original, "after": wanted}),
        "objects": _objects(sample, sample.objects),
    }


def _after(sample: Sample, address: Address) -> dict[str, Any] | None:
    if sample.target_image is None:
        return None
    return {
        "name": "after",
        "caption": "after",
        "uri": address("after", sample.target_image),
        "mask": _mask_after(sample),
        "boxes": boxes_after(sample),
        "objects": _objects(sample, sample.target_objects),
    }


def boxes_after(sample: Sample) -> list[dict[str, Any]]:
    """The target's box in the image after the edit, as the template draws it."""
    found = _target(sample, sample.target_objects)
    # After a view edit the camera is another one, and only `target_objects` are seen from there.
    box = found.box if found is not None else None if sample.operation == "view" else sample.edit.new_box
    return _boxes(sample, {"after": box})


def _mask_after(sample: Sample) -> str | None:
    target = _target(sample, sample.objects)
    if target is None or sample.target_segmentation is None:
        return None
    return outline(sample.target_segmentation == sample.objects.index(target) + 1)


def _depth(sample: Sample, address: Address) -> dict[str, Any] | None:
    if sample.depth_m is None:
        return None
    picture, near_m, far_m = depth_picture(sample.depth_m)
    caption = f"depth, {near_m:.2f}{_NBSP}m bright to {far_m:.2f}{_NBSP}m dark"
    return {
        "name": "depth",
        "caption": caption,
        "uri": address("depth", picture),
        "mask": None,
        "boxes": [],
        "objects": [],
    }


def _boxes(sample: Sample, boxes: Mapping[str, Box3D | None]) -> list[dict[str, Any]]:
    drawn = {kind: _paths(sample, box) for kind, box in boxes.items() if box is not None}
    return [{"kind": kind, **paths} for kind, paths in drawn.items() if paths is not None]


def _paths(sample: Sample, box: Box3D) -> dict[str, str] | None:
    values = {"center_m": box.center_m, "extents_m": box.extents_m, "rotation": box.rotation}
    return box_paths(values, sample.camera.intrinsics)


def _objects(sample: Sample, objects: tuple[Detection, ...]) -> list[dict[str, Any]]:
    """Every object's box, and where to write its name: above it, and inside the picture."""
    width, height = sample.source_image.size
    drawn = []
    for item in objects:
        paths = _paths(sample, item.box)
        if paths is not None:
            x1, y1, x2, _ = np.clip(item.bbox_2d, 0.0, (width, height, width, height))
            x, anchor = (x1 + x2) / 2.0, "middle"
            if x < _LABEL_PX / 2:
                x, anchor = 3.0, "start"
            elif x > width - _LABEL_PX / 2:
                x, anchor = width - 3.0, "end"
            place = {"x": round(x), "y": round(max(y1 - 3.0, 14.0)), "anchor": anchor}
            drawn.append({"edges": paths["edges"], "label": item.label, **place})
    return drawn


def _facts(sample: Sample) -> list[tuple[str, str]]:
    """Names and values, in words."""
    row, edit = sample.row, sample.edit
    target, reference = row.get("target") or {}, row.get("reference") or {}
    found = _target(sample, sample.objects)
    shares = {o["instance_id"]: o.get("visible_fraction") for o in _list(row.get("objects"))}
    visible = shares.get(target.get("instance_id"))
    provenance = row.get("provenance") or {}
    facts = [
        ("target", _join(target.get("description") or target.get("label"), target.get("instance_id"))),
        ("visible", None if visible is None else f"{100 * visible:.0f}{_NBSP}%"),
        ("size", None if found is None else _cm(found.box.extents_m)),
        ("asked", _asked(sample)),
        ("reference", _join(reference.get("label"), reference.get("instance_id"))),
        ("moved by", _moved(edit.original_box, edit.new_box)),
        ("camera", _camera_motion(edit)),
        ("objects", str(len(sample.objects)) if sample.objects else None),
        ("scene", row.get("scene_id")),
        ("made by", _join(provenance.get("generator"), provenance.get("version"))),
    ]
    return [(name, value) for name, value in facts if value]


def _list(objects: Any) -> list[Mapping[str, Any]]:
    """A row's objects; some versions of `datasets` yield a list of structs as columns."""
    if isinstance(objects, Mapping):
        return [dict(zip(objects, values, strict=True)) for values in zip(*objects.values(), strict=True)]
    return list(objects or [])


def _join(first: Any, second: Any) -> str | None:
    return f"{first} ({second})" if first and second else first or None


def _cm(vector_m: Any) -> str:
    return " × ".join(f"{100 * v:.1f}" for v in vector_m) + f"{_NBSP}cm"


def _asked(sample: Sample) -> str | None:
    edit = sample.edit
    parts = [
        edit.direction,
        None if edit.distance_m is None else f"{100 * edit.distance_m:.3g}{_NBSP}cm",
        None if edit.angle_deg is None else f"{edit.angle_deg:.3g}°",
        None if edit.factor is None else f"× {edit.factor:.3g}",
    ]
    return " ".join(part for part in parts if part) or None


def _camera_motion(edit: Edit) -> str | None:
    parts = []
    if edit.camera_translation_m is not None and np.any(edit.camera_translation_m):
        parts.append(f"moved {100 * float(np.linalg.norm(edit.camera_translation_m)):.1f}{_NBSP}cm")
    if edit.camera_rotation is not None:
        angle_deg = float(np.rad2deg(rotation_angle(np.eye(3), edit.camera_rotation)))
        parts += [f"turned {angle_deg:.1f}°"] if angle_deg > 0.05 else []
    return ", ".join(parts) or None


def _moved(before: Box3D | None, after: Box3D | None) -> str | None:
    if before is None or after is None:
        return None
    step_m = after.center_m - before.center_m
    return f"{100 * float(np.linalg.norm(step_m)):.1f}{_NBSP}cm" if np.linalg.norm(step_m) > 1e-3 else None
