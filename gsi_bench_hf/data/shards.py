"""Parquet shards of a config: one file is the rows of whole scenes, made whole or not at all, and says what it is part of."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gsi_bench_hf.data.features import features

ROWS_PER_SHARD, MAX_SHARDS = 24, 100
_BUILD, _MADE = b"gsi_bench", b"gsi_bench_made"
_FINGERPRINTS = 1 << 256


@dataclass(frozen=True)
class Build:
    """What a config's files hold; the same in all of its shards.

    Attributes:
        config: a config of `subsets.SUBSETS` that is built.
        generator: the config's name in `synth.generate`.
        version: of the generator.
        split: the config's split.
        num_rows: of the whole split.
        num_shards: files of the whole split.
        rows_a_cycle: rows of the scenes that follow each other over and over; shards are cut between cycles alone, so that no
            scene is made twice.
        seed: of the generator.
        renderer: its name.
    """

    config: str
    generator: str
    version: str
    split: str
    num_rows: int
    num_shards: int
    rows_a_cycle: int
    seed: int
    renderer: str

    def shards(self, folder: Path) -> list[Shard]:
        """The split's files under the config's `folder`, in order, of nearly equal length."""
        cycles = num_cycles(self.num_rows, self.rows_a_cycle)
        cuts = [cycles * i // self.num_shards * self.rows_a_cycle for i in range(self.num_shards + 1)]
        cuts[-1] = self.num_rows
        names = [f"{self.split}-{i:05d}-of-{self.num_shards:05d}.parquet" for i in range(self.num_shards)]
        return [
            Shard(self, start, stop, str(folder / name))
            for start, stop, name in zip(cuts[:-1], cuts[1:], names, strict=True)
        ]

    def difference(self, other: Build) -> str:
        """In words, where `other` is not this build; empty where it is."""
        ours, theirs = asdict(self), asdict(other)
        return ", ".join(f"{key} is {theirs[key]!r}, not {ours[key]!r}" for key in ours if ours[key] != theirs[key])


@dataclass(frozen=True)
class Shard:
    """Rows `start` to `stop` - 1 of a build, in the file `path`."""

    build: Build
    start: int
    stop: int
    path: str


@dataclass(frozen=True)
class Made:
    """What a finished file says of itself.

    Attributes:
        build: what it is part of.
        rejections: how many scenes and edits were thrown away for its rows, by reason; each scene is counted in one file alone.
        fingerprint: of its rows without their images, see `fingerprint`.
    """

    build: Build
    rejections: Counter[str]
    fingerprint: int


def num_cycles(num_rows: int, rows_a_cycle: int) -> int:
    """Pieces that `num_rows` rows can be cut into, the last one perhaps shorter.

    >>> num_cycles(7, 3)
    3
    """
    return -(-num_rows // rows_a_cycle)


def default_num_shards(num_rows: int) -> int:
    """Files of a split where nobody says another number: of about 24 rows each, but no more than a hundred.

    >>> default_num_shards(600), default_num_shards(10_500), default_num_shards(1)
    (25, 100, 1)
    """
    return min(-(-num_rows // ROWS_PER_SHARD), MAX_SHARDS)


def read_made(path: Path) -> Made | None:
    """What the Parquet file says of itself; None for a file that says nothing of the kind or can't be read.

    Raises:
        ValueError: the file was made by a version of this package that cut its shards in another way.
    """
    try:
        metadata: Mapping[bytes, bytes] = pq.read_schema(path).metadata or {}
    except (pa.ArrowInvalid, OSError):
        return None
    if _BUILD not in metadata:
        return None
    try:
        build, made = Build(**json.loads(metadata[_BUILD])), json.loads(metadata[_MADE])
        return Made(build, Counter(made["rejections"]), int(made["fingerprint"], 16))
    except (TypeError, KeyError) as error:
        raise ValueError(
            f"{path} was made by another version of gsi-bench-hf; give another folder, or remove {path.parent}"
        ) from error


def fingerprint(rows: Sequence[Mapping[str, Any]]) -> int:
    """A number of 256 bits that stands for rows without their images: the sum of the rows' SHA-256.

    Parts of a split may be added up (modulo 2**256): the sum is that of the split, however it was cut.

    Args:
        rows: as the Parquet file gives them.
    """
    total = 0
    for row in rows:
        text = json.dumps(_without_images(row), sort_keys=True, ensure_ascii=True)
        total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return total % _FINGERPRINTS


def add_up(fingerprints: Sequence[int]) -> str:
    """The fingerprint of a split from those of its shards, in hexadecimal digits."""
    return f"{sum(fingerprints) % _FINGERPRINTS:064x}"


def _without_images(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_images(v) for k, v in value.items() if not (isinstance(v, Mapping) and "bytes" in v)}
    return value


def write_shard(shard: Shard, on_row: Callable[[], None]) -> None:
    """Render a shard's rows and write its file: to a temporary name, which is renamed when the file is complete.

    Args:
        shard: what to make.
        on_row: called after every row.
    """
    schema = features()
    rejections: Counter[str] = Counter()
    rows = []
    for row in _rows(shard, rejections):
        rows.append(schema.encode_example(row))
        on_row()
    arrow = schema.arrow_schema
    table = pa.Table.from_pylist(rows, schema=arrow)
    made = {"rejections": rejections, "fingerprint": f"{fingerprint(table.to_pylist()):064x}"}
    metadata = {
        **(arrow.metadata or {}),
        _BUILD: json.dumps(asdict(shard.build), sort_keys=True).encode(),
        _MADE: json.dumps(made, sort_keys=True).encode(),
    }
    path = Path(shard.path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        # Images are compressed already; small row groups let a viewer and a data loader read few rows at a time. The checksums are
        # for what travels from one machine to another.
        pq.write_table(
            table.replace_schema_metadata(metadata),
            file,
            row_group_size=100,
            write_page_index=True,
            write_page_checksum=True,
        )
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _rows(shard: Shard, rejections: Counter[str]) -> Iterator[dict[str, Any]]:
    from gsi_bench_hf.synth.generate import generate_rows
    from gsi_bench_hf.synth.render import shared_renderer

    build = shard.build
    yield from generate_rows(
        build.generator,
        seed=build.seed,
        start=shard.start,
        stop=shard.stop,
        renderer=shared_renderer(build.renderer),
        rejections=rejections,
    )
