"""Where a gallery's rows come from: a config, a folder of Parquet files, or rows that a caller has already."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gsi_bench_hf.data.subsets import SUBSETS, require_built


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to show.

    Attributes:
        title: what they are of, in a word.
        what: in a line; may be empty.
        num_rows: how many there are in all; 0 where unknown.
        rows: those to show, one by one.
    """

    title: str
    what: str
    num_rows: int
    rows: Iterable[Mapping[str, Any]]


def open_source(
    source: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
    *,
    config: str | None,
    num_samples: int,
    seed: int,
    data_dir: str | None,
) -> Rows:
    """The rows of a config, a folder, or of rows; the arguments are those of `write_gallery`."""
    if num_samples < 1:
        raise ValueError(f"write_gallery: num_samples is {num_samples!r}, expected a number >= 1")
    if not isinstance(source, (str, os.PathLike)):
        total = len(source) if isinstance(source, Sized) else 0
        return Rows("Samples", "", total, itertools.islice(source, num_samples))
    if Path(source).is_dir():
        return _folder(Path(source), config, num_samples)
    name = os.fspath(source)
    if any(mark in name for mark in (os.sep, ".", "~")):
        raise ValueError(f"{name} is no folder; give a config such as sim-tabletop, or a folder of `gsi-bench build`")
    return _config(name, num_samples, seed, data_dir)


def _config(name: str, num_samples: int, seed: int, data_dir: str | None) -> Rows:
    import datasets

    from gsi_bench_hf import registration

    subset = SUBSETS[name]
    require_built(subset, data_dir=data_dir)
    registration.install()
    count = min(num_samples, subset.num_rows)
    options: dict[str, Any] = {"seed": seed} if subset.origin == "simulated" else {"data_dir": data_dir}
    found = datasets.load_dataset("gsi-bench", name, split=subset.split, num_samples=count, **options)
    return Rows(name, subset.what, subset.num_rows, found)


def _folder(folder: Path, config: str | None, num_samples: int) -> Rows:
    paths = sorted((folder / "data").glob("*/*.parquet")) or sorted(folder.glob("*.parquet"))
    configs = list(dict.fromkeys(path.parent.name for path in paths))
    if config is not None:
        paths = [path for path in paths if path.parent.name == config]
    if not paths:
        what = f"no config {config!r}, but {', '.join(configs)}" if configs else "no Parquet files"
        raise ValueError(f"{folder} has {what}; expected a folder of `gsi-bench build`, or a config's name")
    places = [place for path in paths for place in _places(path)]
    chosen = _spread(places, num_samples)
    shown = [config] if config else configs
    what = SUBSETS[shown[0]].what if len(shown) == 1 and shown[0] in SUBSETS else ""
    return Rows(", ".join(shown), what, len(places), _read(places[i] for i in chosen))


@dataclass(frozen=True)
class _Place:
    """Where a row lies, and what it is."""

    path: Path
    number: int
    kind: tuple[Any, ...]


def _places(path: Path) -> Iterator[_Place]:
    try:
        rows = pq.ParquetFile(path).read(columns=["subset", "environment", "operation"]).to_pylist()
        kinds = [(row["subset"], row["environment"], row["operation"]) for row in rows]
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(
            f"{path} holds no records of gsi-bench ({error}); expected a file of `gsi-bench build`"
        ) from error
    for number, kind in enumerate(kinds):
        yield _Place(path, number, kind)


def _spread(places: Sequence[_Place], count: int) -> list[int]:
    """Numbers of at most `count` rows, in order: as many of each kind as goes, each kind's spread over all of its rows."""
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for i, place in enumerate(places):
        groups[place.kind].append(i)
    share = dict.fromkeys(groups, 0)
    left = min(count, len(places))
    while left:
        for kind, members in groups.items():
            if left and share[kind] < len(members):
                share[kind] += 1
                left -= 1
    return sorted(
        members[k * len(members) // share[kind]] for kind, members in groups.items() for k in range(share[kind])
    )


def _read(places: Iterable[_Place]) -> Iterator[dict[str, Any]]:
    """The rows at those places, a row group in memory at a time."""
    for (path, group), some in itertools.groupby(_with_groups(places), key=lambda item: item[0]):
        table = pq.ParquetFile(path).read_row_group(group)
        for _, number in some:
            yield table.slice(number, 1).to_pylist()[0]


def _with_groups(places: Iterable[_Place]) -> Iterator[tuple[tuple[Path, int], int]]:
    """((file, row group), number in it) of every place."""
    metadata: dict[Path, Any] = {}
    for place in places:
        if place.path not in metadata:
            metadata[place.path] = pq.read_metadata(place.path)
        number, group = place.number, 0
        while number >= metadata[place.path].row_group(group).num_rows:
            number -= metadata[place.path].row_group(group).num_rows
            group += 1
        yield (place.path, group), number
