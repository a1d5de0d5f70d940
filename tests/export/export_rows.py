"""Rows of the full schema with small pictures, quick to make by the hundred; every picture is another."""

from __future__ import annotations

import io

import datasets
import numpy as np
from PIL import Image

from gsi_bench_hf.data.features import features

SIZE_PX = (48, 32)
OPERATIONS = ("move", "rotate", "scale", "remove")


def export_rows(count: int, *, subset: str = "sim-train") -> datasets.Dataset:
    """`count` rows, four a scene."""
    return datasets.Dataset.from_list([export_row(i, subset) for i in range(count)], features=features())


def export_row(number: int, subset: str = "sim-train") -> dict[str, object]:
    nothing = dict.fromkeys(features())
    return nothing | {
        "id": f"{subset}-{number:05d}",
        "subset": subset,
        "environment": "tabletop",
        "scene_id": f"{subset}-s{number // 4:05d}",
        "operation": OPERATIONS[number % 4],
        "instruction": f"Push mug {number} to the left.",
        "instruction_zh": f"把{number}号杯子往左移动。",
        "source_image": {"bytes": jpeg(number), "path": f"{number}.jpg"},
        "target_image": {"bytes": jpeg(number + 100_000), "path": None},
        "objects": [],
        "target_objects": [],
    }


def jpeg(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (SIZE_PX[1] // 8, SIZE_PX[0] // 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize(SIZE_PX, Image.Resampling.NEAREST).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
