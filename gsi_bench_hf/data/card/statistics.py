"""What a config's Parquet files hold, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gsi_bench_hf.data.shards import Build, Made, add_up, read_made
from gsi_bench_hf.data.subsets import SUBSETS, Subset
from gsi_bench_hf.types import OPERATIONS

DIFFICULTIES = ("easy", "medium", "hard")
_COLUMNS = (
    "operation",
    "difficulty",
    "environment",
    "scene_id",
    "target.label",
    "camera.width",
    "camera.height",
    "objects.list.element.label",
)


@dataclass(frozen=True, eq=False)
class Config:
    """A config that lies complete in the folder.

    Attributes:
        subset: its spec.
        build: how it was made.
        paths: its files, in order.
        starts: number of the first row of each file.
        num_bytes: of its rows in memory.
        file_bytes: of its files.
        rows: for each row its values of `operation` (as a name), `difficulty`, `environment`, `scene_id`, `label` of the target,
            `size` of the pictures in pixels (width, height), `num_objects`.
        rejections: what was thrown away on the way, by reason.
        fingerprint: of all rows without their images, in hexadecimal digits.
    """

    subset: Subset
    build: Build
    paths: tuple[Path, ...]
    starts: tuple[int, ...]
    num_bytes: int
    file_bytes: int
    rows: tuple[dict[str, Any], ...]
    rejections: Counter[str]
    fingerprint: str

    def count(self, key: str) -> Counter[Any]:
        """Rows by value of a key of `rows`."""
        return Counter(row[key] for row in self.rows)

    @property
    def num_scenes(self) -> int:
        """Different scenes."""
        return len(self.count("scene_id"))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(environment, operation) of the rows, in the order of the environments' first rows and of `OPERATIONS`."""
        environments = list(self.count("environment"))
        found = {(row["environment"], row["operation"]) for row in self.rows}
        return sorted(found, key=lambda pair: (environments.index(pair[0]), OPERATIONS.index(pair[1])))


def read_config(folder: Path) -> Config | None:
    """The config of the Parquet files in a folder; None where there are none, or not all, or others."""
    paths = sorted(folder.glob("*.parquet"))
    made = [read_made(path) for path in paths]
    if not made or made[0] is None:
        return None
    build = made[0].build
    shards = build.shards(folder)
    if [str(path) for path in paths] != [shard.path for shard in shards]:
        return None
    whole: list[Made] = [each for each in made if each is not None]
    if len(whole) < len(made):
        return None
    tables = [pq.ParquetFile(path).read(columns=list(_COLUMNS)) for path in paths]
    metadata = [pq.read_metadata(path) for path in paths]
    return Config(
        subset=SUBSETS[build.config],
        build=build,
        paths=tuple(paths),
        starts=tuple(shard.start for shard in shards),
        num_bytes=sum(data.row_group(i).total_byte_size for data in metadata for i in range(data.num_row_groups)),
        file_bytes=sum(path.stat().st_size for path in paths),
        rows=tuple(_plain(row) for row in pa.concat_tables(tables).to_pylist()),
        rejections=sum((each.rejections for each in whole), Counter()),
        fingerprint=add_up([each.fingerprint for each in whole]),
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: row[key] for key in ("difficulty", "environment", "scene_id")},
        "operation": OPERATIONS[row["operation"]],
        "label": row["target"]["label"],
        "size": (row["camera"]["width"], row["camera"]["height"]),
        "num_objects": len(row["objects"]),
    }
