"""Records in Parquet files, written whole or not at all and read a few at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gsi_bench_hf.data.features import features

ROWS_A_GROUP = 20


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file, the operation as its name, images as `{"bytes", "path"}`."""
    names = features()["operation"].names
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_A_GROUP):
            for row in batch.to_pylist():
                yield {**row, "operation": names[row["operation"]]}


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write records to a file in the schema of `data.features`.

    Returns:
        How many they are.
    """
    schema, count, left = features(), 0, iter(rows)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with pq.ParquetWriter(beside, schema.arrow_schema, write_page_index=True) as writer:
            while group := [schema.encode_example(row) for row in islice(left, ROWS_A_GROUP)]:
                writer.write_table(pa.Table.from_pylist(group, schema=schema.arrow_schema))
                count += len(group)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count
