"""The candidate edits of a folder, `candidates.parquet`: their words at once, their images one by one."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from gsi_bench_hf.review.decisions import ReviewError
from gsi_bench_hf.types import as_image, operation_name

CANDIDATES_FILE = "candidates.parquet"
_DIGESTED = ("id", "scene_id", "operation", "instruction", "instruction_zh", "edit", "camera")
_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True)
class Brief:
    """A candidate without its images.

    Attributes:
        id: unique in its folder.
        scene_id: what resamples are drawn by.
        operation: by name.
        instruction: in English.
        instruction_zh: in Chinese; None where there is none.
        digest: see `digest`.
    """

    id: str
    scene_id: str
    operation: str
    instruction: str
    instruction_zh: str | None
    digest: str


def digest(row: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for a candidate's words, numbers and camera: made again, it is another candidate."""
    facts = [row.get(name) for name in _DIGESTED]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


class Candidates:
    """The candidates of a folder, in order.

    Args:
        folder: with `candidates.parquet`, of the schema `data.features.features()`.

    Raises:
        ReviewError: there is no such file, it holds something else or nothing, or an id twice.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / CANDIDATES_FILE
        if not path.is_file():
            raise ReviewError(
                f"{folder} has no {CANDIDATES_FILE}; make it with `gsi-bench build real --scannetpp ROOT`"
            )
        try:
            self._file = pq.ParquetFile(path)
            rows = self._file.read(columns=list(_DIGESTED)).to_pylist()
            self.briefs = tuple(_brief(row) for row in rows)
        except (pa.ArrowInvalid, ValueError, KeyError, TypeError) as error:
            raise ReviewError(f"{path} holds no records of gsi-bench ({error}); make it again") from error
        if not rows:
            raise ReviewError(
                f"{path} has no candidates, expected one or more; candidates.json says why they were rejected"
            )
        twice = [name for name, count in Counter(brief.id for brief in self.briefs).items() if count > 1]
        if twice:
            raise ReviewError(f"{path} has the id {twice[0]!r} more than once, expected each candidate to have its own")
        self._reading = threading.Lock()
        self._group: tuple[int, pa.Table] | None = None

    def row(self, number: int) -> dict[str, Any]:
        """The whole record of a candidate; one row group is kept in memory."""
        with self._reading:
            group, start = self._place(number)
            if self._group is None or self._group[0] != group:
                self._group = None  # not two in memory at once
                self._group = (group, self._file.read_row_group(group))
            row: dict[str, Any] = self._group[1].slice(number - start, 1).to_pylist()[0]
        return row

    def _place(self, number: int) -> tuple[int, int]:
        """The row group of a row, and the number of the group's first."""
        start = 0
        for group in range(self._file.metadata.num_row_groups):
            stop = start + self._file.metadata.row_group(group).num_rows
            if start <= number < stop:
                return group, start
            start = stop
        raise IndexError(number)


def encoded_image(value: Any) -> tuple[bytes, str] | None:
    """An image of a row as it is kept, or as PNG, and its media type; None where there is none."""
    data = value.get("bytes") if isinstance(value, Mapping) else value
    if isinstance(data, bytes):
        kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
        if kind is not None:
            return data, kind
    image = as_image(value)
    return None if image is None else (png(image), "image/png")


def png(image: Image.Image) -> bytes:
    """The image as PNG, written fast."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _brief(row: Mapping[str, Any]) -> Brief:
    return Brief(
        str(row["id"]),
        str(row["scene_id"]),
        operation_name(row["operation"]),
        str(row["instruction"]),
        row["instruction_zh"] or None,
        digest(row),
    )
