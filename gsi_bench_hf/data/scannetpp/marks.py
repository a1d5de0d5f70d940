"""A photograph with an edit drawn into it: a solid outline around the object, a dashed one around the place it would go to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.geometry import CORNER_SIGNS, box_corners, project_points
from gsi_bench_hf.types import Box3D, Sample

_OBJECT, _PLACE = (255, 64, 32), (32, 200, 255)
_EDGES = [(a, b) for a in range(8) for b in range(a) if np.count_nonzero(CORNER_SIGNS[a] != CORNER_SIGNS[b]) == 1]
_DASH = 0.012


def marked(row: Mapping[str, Any]) -> Image.Image:
    """The photograph of a record, marked; the place is drawn as the edges of its box.

    Args:
        row: a record with its target's mask.
    """
    sample = Sample(row)
    picture = np.array(sample.source_image)
    thick = max(2, round(max(picture.shape[:2]) / 500))
    mask = sample.target_mask
    if mask is not None:
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, contours, -1, (0, 0, 0), thick + 2, cv2.LINE_AA)
        cv2.drawContours(picture, contours, -1, _OBJECT, thick, cv2.LINE_AA)
    box = sample.edit.new_box
    if box is not None and sample.operation != "rotate":
        _draw_dashed(picture, box, sample.camera.intrinsics, thick)
    return Image.fromarray(picture)


def _draw_dashed(picture: NDArray[np.uint8], box: Box3D, intrinsics: Any, thick: int) -> None:
    pixels = project_points(box_corners(box.center_m, box.extents_m, box.rotation), intrinsics)
    dash = _DASH * max(picture.shape[:2])
    for a, b in _EDGES:
        start, end = pixels[a], pixels[b]
        count = 1 + 2 * round(float(np.linalg.norm(end - start)) / dash / 2.0)  # odd: corners are drawn
        for i in range(0, count, 2):
            one, two = (start + (end - start) * min(1.0, t / count) for t in (i, i + 1))
            ends = [tuple(int(v) for v in np.round(p)) for p in (one, two)]
            cv2.line(picture, ends[0], ends[1], (0, 0, 0), thick + 2, cv2.LINE_AA)
            cv2.line(picture, ends[0], ends[1], _PLACE, thick, cv2.LINE_AA)
