"""The one record of every config, as an Arrow schema. `design.md` of the project fixes the names; `types.Sample` reads a row."""

from __future__ import annotations

import datasets

from gsi_bench_hf.types import OPERATIONS

_NUMBER = datasets.Value("float64")
_TEXT = datasets.Value("string")


def _vector(length: int) -> datasets.List:
    return datasets.List(_NUMBER, length=length)


def _matrix(rows: int, columns: int) -> datasets.List:
    return datasets.List(_vector(columns), length=rows)


def _objects() -> datasets.List:
    return datasets.List(
        {
            "label": _TEXT,
            "instance_id": _TEXT,
            "bbox_3d": _vector(7),
            "bbox_2d": _vector(4),
            "rotation_matrix": _matrix(3, 3),
            "visible_fraction": _NUMBER,
        }
    )


def features() -> datasets.Features:
    """The schema. Units and frames are those of `types`; images are PNG (`depth` 16-bit, millimetres along camera z).

    `provenance.extra` is JSON of what a released file says beyond the schema. `segmentation` and `target_segmentation` hold 0 for
    background and i + 1 for the i-th of `objects` (the source's list, in both).
    """
    return datasets.Features(
        {
            "id": _TEXT,
            "subset": _TEXT,
            "environment": _TEXT,
            "scene_id": _TEXT,
            "operation": datasets.ClassLabel(names=list(OPERATIONS)),
            "instruction": _TEXT,
            "instruction_zh": _TEXT,
            "source_image": datasets.Image(),
            "target_image": datasets.Image(),
            "target": {"label": _TEXT, "instance_id": _TEXT, "description": _TEXT, "mask": datasets.Image()},
            "reference": {"label": _TEXT, "instance_id": _TEXT},
            "edit": {
                "original_bbox_3d": _vector(7),
                "new_bbox_3d": _vector(7),
                "rotation_matrix": _matrix(3, 3),
                "new_rotation_matrix": _matrix(3, 3),
                "direction": _TEXT,
                "distance_m": _NUMBER,
                "angle_deg": _NUMBER,
                "factor": _NUMBER,
                "camera_motion": {"translation_m": _vector(3), "rotation": _matrix(3, 3)},
            },
            "camera": {
                "intrinsics": _matrix(3, 3),
                "world_from_camera": _matrix(4, 4),
                "width": datasets.Value("int32"),
                "height": datasets.Value("int32"),
            },
            "objects": _objects(),
            "target_objects": _objects(),
            "depth": datasets.Image(),
            "segmentation": datasets.Image(),
            "target_segmentation": datasets.Image(),
            "difficulty": _TEXT,
            "scene": _TEXT,
            "provenance": {
                "generator": _TEXT,
                "version": _TEXT,
                "seed": datasets.Value("int64"),
                "licence": _TEXT,
                "extra": _TEXT,
            },
        }
    )
