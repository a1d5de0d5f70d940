"""Reads records out of whatever a user calls a dataset: a split of `datasets`, streaming or not, or a list of rows."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from gsi_bench_hf.durable import plain
from gsi_bench_hf.types import Sample

_EXPECTED = 'a split such as load_dataset("gsi-bench", "sim-tabletop", split="test"), or a list of its rows'


class DatasetError(ValueError):
    """What was given is no dataset that can be run; the message says what was expected."""


class Records:
    """The first `limit` records of a dataset, in order, each time anew.

    Images of a `datasets` split stay encoded until something looks at them: a sample that is done already costs next to nothing,
    and a broken image fails its own sample only.

    Args:
        dataset: a `datasets.Dataset` or `IterableDataset`, or a sequence of rows.
        limit: how many at most; None for all.

    Raises:
        DatasetError: for anything else, an empty dataset, or a limit below 1.
    """

    def __init__(self, dataset: Any, limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise DatasetError(f"limit is {limit!r}, expected a number of records, 1 or more, or None for all")
        self._dataset = undecoded(_checked(dataset))
        self.limit = limit
        first = next(iter(self), None)
        if first is None:
            raise DatasetError(f"the dataset has no records; expected {_EXPECTED}")
        missing = [name for name in ("id", "operation", "instruction", "source_image", "edit") if name not in first]
        if missing:
            raise DatasetError(f"the dataset's records have no {missing[0]!r}; expected {_EXPECTED}")
        self.first: Mapping[str, Any] = first

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return islice(iter(self._dataset), self.limit)

    @property
    def total(self) -> int | None:
        """How many there are; None where only the end will tell."""
        try:
            size = len(self._dataset)
        except TypeError:
            return self.limit
        return size if self.limit is None else min(size, self.limit)


def fingerprint(sample: Sample) -> str:
    """SHA-256 of what decides a record's score: the instruction, the edit, the camera, the scene and the source image's pixels.

    It is the same for a decoded and an encoded row, and for one that came as columns or as structs.
    """
    row = sample.row
    facts = {name: row.get(name) for name in ("id", "subset", "instruction", "edit", "camera", "scene")}
    facts["operation"] = sample.operation
    digest = hashlib.sha256(json.dumps(_without_nulls(plain(facts)), sort_keys=True).encode())
    digest.update(sample.source_image.tobytes())
    return digest.hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _without_nulls(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v is not None and v != {}}
    return value


def _checked(dataset: Any) -> Any:
    library = sys.modules.get("datasets")
    if library is not None and isinstance(dataset, (library.DatasetDict, library.IterableDatasetDict)):
        raise DatasetError(
            f"the dataset has splits ({', '.join(dataset)}); pass one of them: dataset[{next(iter(dataset), '')!r}]"
        )
    if isinstance(dataset, (str, bytes, Mapping)) or not hasattr(dataset, "__iter__"):
        raise DatasetError(f"dataset is {type(dataset).__name__}, expected {_EXPECTED}")
    if isinstance(dataset, Iterator):
        raise DatasetError(f"dataset is {type(dataset).__name__}, which can be read once only; expected {_EXPECTED}")
    if isinstance(dataset, Sequence) and any(not isinstance(row, Mapping) for row in dataset):
        raise DatasetError(
            f"the dataset is a {type(dataset).__name__} that holds something else than rows; expected {_EXPECTED}"
        )
    return dataset


def undecoded(dataset: Any) -> Any:
    """A split of `datasets` whose images stay encoded until something looks at them; anything else as it is."""
    library = sys.modules.get("datasets")
    if library is None or not isinstance(dataset, (library.Dataset, library.IterableDataset)):
        return dataset
    for name, feature in (dataset.features or {}).items():
        if isinstance(feature, library.Image):
            dataset = dataset.cast_column(name, library.Image(decode=False))
    return dataset
