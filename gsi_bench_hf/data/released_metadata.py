"""One JSON file of the released layout, checked: what it says, or which field of it is wrong and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.instructions import paper_operation
from gsi_bench_hf.types import OPERATIONS

Float = NDArray[np.float64]

FIELDS = (
    "prompt",
    "target",
    "original_bbox_3d",
    "new_bbox_3d",
    "camera_intrinsics",
    "rotation_matrix",
    "new_rotation_matrix",
)
_SHAPES = {
    "original_bbox_3d": (7,),
    "new_bbox_3d": (7,),
    "camera_intrinsics": (3, 3),
    "rotation_matrix": (3, 3),
    "new_rotation_matrix": (3, 3),
}
_OBJECT_FIELDS = ("prompt", "target", "original_bbox_3d", "camera_intrinsics", "rotation_matrix")
_NEEDED = {
    "move": (*_OBJECT_FIELDS, "new_bbox_3d"),
    "scale": (*_OBJECT_FIELDS, "new_bbox_3d"),
    "rotate": (*_OBJECT_FIELDS, "new_rotation_matrix"),
    "remove": _OBJECT_FIELDS,
    "view": ("prompt",),
}
ROTATION_TOLERANCE = 1e-2
"""How far `R Rᵀ` may be from the identity, entry by entry: single precision and rounding to three places pass, a scale does not."""


class ReleasedDataError(ValueError):
    """A released file that can't become a record.

    Attributes:
        file: the file.
        field: the JSON key, or "image", "target image", "id", "file" for what is not in the JSON.
        reason: one of a few fixed phrases, to count by.
    """

    def __init__(self, file: Path, field: str, reason: str, detail: str) -> None:
        super().__init__(f"{file}: {field}: {reason}: {detail}")
        self.file, self.field, self.reason = file, field, reason


@dataclass(frozen=True)
class Metadata:
    """What an edit's JSON says.

    Attributes:
        operation: as the released evaluator reads it from the prompt; one of `types.OPERATIONS`.
        values: the keys of `FIELDS` that the file gives a value, numbers as floats.
        extra: JSON of what has no place of its own in a record: the file's other keys, and keys of `FIELDS` that are there but null;
            None where there is neither.
    """

    operation: str
    values: Mapping[str, Any]
    extra: str | None


def read_metadata(file: Path) -> Metadata:
    """Read and check an edit's JSON file.

    A key that an operation does not need may be missing or null: move and scale need both boxes, rotate the new
    rotation, remove the original box alone, view nothing but its prompt.

    Raises:
        ReleasedDataError: naming file, field and reason.
    """
    content = _parse(file)
    prompt = _text(file, content, "prompt")
    if prompt is None:
        raise _missing(file, "prompt", content, "every edit")
    operation = paper_operation(prompt)
    if operation not in OPERATIONS:
        raise ReleasedDataError(
            file, "prompt", "unknown operation", f"{prompt!r} begins like none of {', '.join(OPERATIONS)}"
        )
    values: dict[str, Any] = {"prompt": prompt, "target": _text(file, content, "target")}
    values |= {name: _array(file, name, content.get(name)) for name in _SHAPES}
    for name in _NEEDED.get(operation, _OBJECT_FIELDS):
        if values[name] is None:
            raise _missing(file, name, content, operation)
    for name, value in values.items():
        _check(file, name, value)
    given = {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in values.items() if v is not None}
    extra = {name: value for name, value in content.items() if name not in FIELDS or value is None}
    return Metadata(operation, given, json.dumps(extra) if extra else None)


def _parse(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ReleasedDataError(file, "file", "unreadable file", f"{error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ReleasedDataError(file, "file", "not JSON", f"{error}") from error
    if not isinstance(content, dict):
        raise ReleasedDataError(file, "file", "not JSON", f"it holds a {type(content).__name__}, expected an object")
    return content


def _missing(file: Path, name: str, content: Mapping[str, Any], what: str) -> ReleasedDataError:
    got = "it is null" if name in content else f"the file has {', '.join(sorted(content)) or 'no keys'}"
    return ReleasedDataError(file, name, "missing key", f"{got}; {what} needs it")


def _text(file: Path, content: Mapping[str, Any], name: str) -> str | None:
    value = content.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ReleasedDataError(file, name, "wrong type", f"{_short(value)}, expected a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ReleasedDataError(file, name, "wrong type", f"no valid Unicode ({error.reason})") from error
    return value


def _array(file: Path, name: str, value: Any) -> Float | None:
    """`value` as the array of the field's shape; the very numbers, as floats."""
    if value is None:
        return None
    shape = _SHAPES[name]
    wanted = " x ".join(map(str, shape)) + " numbers"
    if not isinstance(value, list):
        raise ReleasedDataError(file, name, "wrong type", f"{_short(value)}, expected {wanted}")
    rows = [value] if len(shape) == 1 else value
    lengths = [len(row) if isinstance(row, list) else None for row in rows]
    if lengths != [shape[-1]] * (1 if len(shape) == 1 else shape[0]):
        raise ReleasedDataError(file, name, "wrong length", f"{_short(value)}, expected {wanted}")
    numbers = [_number(file, name, number) for row in rows for number in row]
    return np.array(numbers, dtype=np.float64).reshape(shape)


def _number(file: Path, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ReleasedDataError(file, name, "wrong type", f"it holds {_short(value)}, expected numbers")
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise ReleasedDataError(file, name, "not finite", f"it holds {_short(value)}, expected finite numbers")
    if number != value:
        raise ReleasedDataError(file, name, "wrong type", f"{value} has more digits than a double holds")
    return number


def _check(file: Path, name: str, value: Any) -> None:
    """What numbers of the right shape have to fulfil to be a box, a rotation, a camera."""
    if value is None:
        return
    if name.endswith("bbox_3d"):
        if value[2] <= 0.0:
            raise ReleasedDataError(
                file, name, "behind the camera", f"its centre is at z = {value[2]:g} m, expected z > 0"
            )
        if np.any(value[3:6] <= 0.0):
            raise ReleasedDataError(
                file, name, "no volume", f"its extents are {value[3:6].tolist()} m, expected them > 0"
            )
    elif name.endswith("rotation_matrix"):
        with np.errstate(over="ignore", invalid="ignore"):
            off = float(np.abs(value @ value.T - np.eye(3)).max())
        if not off <= ROTATION_TOLERANCE or np.linalg.det(value) < 0.0:
            detail = f"R Rᵀ is {off:.2g} off the identity, expected at most {ROTATION_TOLERANCE:g} and no mirroring"
            raise ReleasedDataError(file, name, "not a rotation", detail)
    elif name == "camera_intrinsics" and (value[0, 0] <= 0.0 or value[1, 1] <= 0.0 or np.any(value[2] != (0, 0, 1))):
        raise ReleasedDataError(
            file, name, "no camera", f"{value.tolist()}, expected [[fx > 0, s, cx], [0, fy > 0, cy], [0, 0, 1]]"
        )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
