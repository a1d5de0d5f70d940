"""Detections as a run's `samples.jsonl` keeps them: every bit of every number, what did not change only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gsi_bench_hf.types import Detection, Scan

_NUMBERS = 7 + 4 + 9


def pack(scan: Scan) -> dict[str, list[Any]]:
    """A scan's detections as plain JSON values.

    Returns:
        `origin` and `edited`, lists of `[label, score, instance_id, numbers]`, the 20 numbers of `bbox_3d`, `bbox_2d` and
        `rotation_matrix` in a row; camera frame, metres, image pixels.
        An object of `edited` that is just as one of `origin` is that one's index.
    """
    origin = [_row(d) for d in scan.origin]
    edited = [_row(d) for d in scan.edited]
    return {"origin": origin, "edited": [origin.index(row) if row in origin else row for row in edited]}


def unpack(packed: Mapping[str, Sequence[Any]]) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
    """The detections in the source and in the edited image.

    Raises:
        ValueError: for what `pack` did not make.
    """
    try:
        origin = tuple(_detection(row) for row in packed["origin"])
        return origin, tuple(origin[row] if isinstance(row, int) else _detection(row) for row in packed["edited"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"packed detections can't be read ({type(error).__name__}: {error}), expected those of `pack`"
        ) from error


def _row(detection: Detection) -> list[Any]:
    arrays = (detection.bbox_3d, detection.bbox_2d, detection.rotation_matrix)
    numbers = np.concatenate([np.asarray(array, dtype=np.float64).ravel() for array in arrays])
    return [detection.label, float(detection.score), detection.instance_id, numbers.tolist()]


def _detection(row: Sequence[Any]) -> Detection:
    label, score, instance_id, values = row
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (_NUMBERS,):
        raise ValueError(f"{numbers.size} numbers, expected {_NUMBERS}")
    return Detection(numbers[:7], numbers[7:11], numbers[11:].reshape(3, 3), label, score, instance_id)
