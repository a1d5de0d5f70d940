"""Training pairs with their images as the encoded files that the rows hold: nothing is decoded or compressed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_COLUMNS = (
    *("id", "subset", "environment", "scene_id", "operation", "instruction", "instruction_zh"),
    *("source_image", "target_image"),
)
_MAGIC = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}


class ExportError(ValueError):
    """Rows that can't be exported, or a folder that can't take them; one line says what was got and how to mend it."""


@dataclass(frozen=True)
class EncodedPair:
    """One training example.

    Attributes:
        id: the row's.
        subset: the config that the row is of, such as "sim-train".
        environment: "tabletop", "room", "bathroom" or "real".
        scene_id: rows of one scene show the same things.
        operation: its name, such as "move".
        instruction: English.
        instruction_zh: Chinese; None where the row has none.
        source: the image before the edit, a JPEG or PNG file.
        target: the image after it.
    """

    id: str
    subset: str
    environment: str
    scene_id: str
    operation: str
    instruction: str
    instruction_zh: str | None
    source: bytes
    target: bytes

    def words(self) -> dict[str, str | None]:
        """All that it says without its images; what `jsonl` and `webdataset` write."""
        return {k: v for k, v in vars(self).items() if k not in ("source", "target")}


class Pairs(Sequence[EncodedPair]):
    """The rows of a `datasets.Dataset` as pairs, read when they are asked for.

    Args:
        rows: rows of `data.features.features()`, mapped (not streaming), with target images.
        shuffle_seed: of the order; None keeps the rows' own.
    """

    def __init__(self, rows: Any, *, shuffle_seed: int | None = None) -> None:
        import datasets

        names = getattr(rows, "column_names", None)
        if not isinstance(rows, datasets.Dataset) or names is None:
            raise ExportError(
                f"export_pairs: rows is a {type(rows).__name__}, expected a datasets.Dataset as load_dataset gives it "
                "without streaming=True"
            )
        missing = [name for name in _COLUMNS if name not in names]
        if missing or not len(rows):
            what = f"no {', '.join(missing)}" if missing else "no rows"
            raise ExportError(
                f"export_pairs: rows has {what}, expected one or more records of gsi-bench, such as sim-train's"
            )
        self._operation = rows.features["operation"]
        raw = rows.select_columns(list(_COLUMNS))
        for image in ("source_image", "target_image"):
            raw = raw.cast_column(image, datasets.Image(decode=False))
        if shuffle_seed is not None:
            raw = raw.select(np.random.default_rng(shuffle_seed).permutation(len(raw)))
        self._rows = raw.with_format(None)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> EncodedPair:  # type: ignore[override]
        return self._pair(self._rows[index])

    def part(self, start: int, stop: int) -> Iterator[EncodedPair]:
        """The pairs from `start` to `stop` - 1, one in memory at a time."""
        return (self[i] for i in range(start, min(stop, len(self))))

    def words(self) -> Iterator[tuple[str, str]]:
        """(id, instruction) of all pairs; no image is read."""
        for batch in self._rows.select_columns(["id", "instruction"]).iter(batch_size=1000):
            yield from zip(batch["id"], batch["instruction"], strict=True)

    def subsets(self) -> list[str]:
        """The configs that the pairs are of."""
        return sorted(self._rows.unique("subset"))

    def _pair(self, row: Mapping[str, Any]) -> EncodedPair:
        operation = row["operation"]
        return EncodedPair(
            id=row["id"],
            subset=row["subset"],
            environment=row["environment"],
            scene_id=row["scene_id"],
            operation=operation if isinstance(operation, str) else self._operation.int2str(operation),
            instruction=row["instruction"],
            instruction_zh=row["instruction_zh"],
            source=_encoded(row, "source_image"),
            target=_encoded(row, "target_image"),
        )


def suffix(data: bytes) -> str:
    """What a file of these bytes is called behind the dot: "jpg" or "png".

    Raises:
        ExportError: another kind of file.
    """
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    raise ExportError(f"an image starts with {data[:8]!r}, expected a JPEG or PNG file")


def _encoded(row: Mapping[str, Any], column: str) -> bytes:
    image = row[column]
    if image is None:
        raise ExportError(
            f"row {row['id']!r} of {row['subset']} has no {column}: a training pair needs both; export sim-train, or rows that "
            "have target images"
        )
    data = image["bytes"] if image["bytes"] is not None else Path(image["path"]).read_bytes()
    suffix(data)
    return bytes(data)
