"""Parquet shards of a config: one file is a range of rows, made whole or not at all.

`python -m gsi_bench_hf.data.shards` is the worker of `repo.build`: a JSON list of shards on standard input, a line on standard output
for every row, and a last line `{"error": …}` if something went wrong. A worker whose parent is gone ends at its next row.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gsi_bench_hf.data.features import features

_METADATA_KEY = b"gsi_bench"
ROW_LINE = "row\n"


@dataclass(frozen=True)
class Build:
    """What a config's files hold; the same in all of its shards.

    Attributes:
        config: a config of `subsets.SUBSETS` that is built.
        generator: the config's name in `synth.generate`.
        version: of the generator.
        split: the config's split.
        num_rows: of the whole split.
        rows_per_shard: rows a file.
        seed: of the generator.
        renderer: its name.
    """

    config: str
    generator: str
    version: str
    split: str
    num_rows: int
    rows_per_shard: int
    seed: int
    renderer: str

    def shards(self, folder: Path) -> list[Shard]:
        """The split's files under the config's `folder`, in order."""
        starts = range(0, self.num_rows, self.rows_per_shard)
        names = [f"{self.split}-{i:05d}-of-{len(starts):05d}.parquet" for i in range(len(starts))]
        stops = [min(start + self.rows_per_shard, self.num_rows) for start in starts]
        return [
            Shard(self, start, stop, str(folder / name)) for start, stop, name in zip(starts, stops, names, strict=True)
        ]


@dataclass(frozen=True)
class Shard:
    """Rows `start` to `stop` - 1 of a build, in the file `path`."""

    build: Build
    start: int
    stop: int
    path: str


def read_build(path: Path) -> Build | None:
    """What the Parquet file says that it is part of; None for a file that says nothing of the kind or can't be read."""
    try:
        metadata: Mapping[bytes, bytes] = pq.read_schema(path).metadata or {}
    except (pa.ArrowInvalid, OSError):
        return None
    text = metadata.get(_METADATA_KEY)
    return None if text is None else Build(**json.loads(text))


def write_shard(shard: Shard, on_row: Callable[[], None]) -> None:
    """Render a shard's rows and write its file: to a temporary name, which is renamed when the file is complete.

    Args:
        shard: what to make.
        on_row: called after every row.
    """
    schema = features()
    rows = []
    for row in _rows(shard):
        rows.append(schema.encode_example(row))
        on_row()
    arrow = schema.arrow_schema
    metadata = {**(arrow.metadata or {}), _METADATA_KEY: json.dumps(asdict(shard.build), sort_keys=True).encode()}
    path = Path(shard.path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        # Images are compressed already; small row groups let a viewer and a data loader read few rows at a time.
        table = pa.Table.from_pylist(rows, schema=arrow.with_metadata(metadata))
        pq.write_table(table, file, row_group_size=100, write_page_index=True)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _rows(shard: Shard) -> Iterator[dict[str, Any]]:
    from gsi_bench_hf.synth.generate import generate_rows
    from gsi_bench_hf.synth.render import shared_renderer

    build = shard.build
    renderer = shared_renderer(build.renderer)
    yield from generate_rows(build.generator, seed=build.seed, start=shard.start, stop=shard.stop, renderer=renderer)


def main() -> int:
    """The worker; see the module's docstring."""

    def on_row() -> None:
        sys.stdout.write(ROW_LINE)
        sys.stdout.flush()  # raises BrokenPipeError when the parent is gone

    try:
        for task in json.load(sys.stdin):
            write_shard(Shard(Build(**task["build"]), task["start"], task["stop"], task["path"]), on_row)
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(1)  # without a traceback, and without flushing into the broken pipe
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it
        sys.stdout.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
