"""Reads an export as BAGEL's training does, by its rules: what it is not told of, or not under that very path, it does not see."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import yaml
from PIL import Image


@dataclass(frozen=True)
class Seen:
    """What one visit to a row gives the network."""

    id: str
    source: Image.Image
    target: Image.Image
    instruction: str


class Reader:
    """One of `world_size` processes with `num_workers` workers each.

    Args:
        config: the YAML file.
        registered: the JSON of entries for DATASET_INFO.
        seed: of the order of the row groups.
    """

    def __init__(
        self,
        config: Path,
        registered: Path,
        *,
        rank: int = 0,
        world_size: int = 1,
        num_workers: int = 1,
        seed: int = 42,
    ) -> None:
        known = json.loads(registered.read_text())
        (group, arguments), *others = yaml.safe_load(config.read_text()).items()
        assert (group, others) == ("unified_edit", [])
        counts: dict[str, dict[str, int]] = {}
        groups: list[tuple[str, int]] = []
        for name, num_used in zip(arguments["dataset_names"], arguments["num_used_data"], strict=True):
            entry = known[group][name]
            folder = entry["data_dir"]
            counts.update(json.loads(Path(entry["parquet_info_path"]).read_text()))
            listed = [f"{folder}/{p.name}" for p in Path(folder).iterdir() if p.suffix == ".parquet"]
            used = (listed * (num_used // len(listed) + 1))[:num_used]
            groups += [(path, i) for path in used if path in counts for i in range(counts[path]["num_row_groups"])]
        groups.sort()
        random.Random(seed).shuffle(groups)
        each = len(groups) // world_size
        self.of_rank = groups[rank * each : (rank + 1) * each]
        self.num_workers = num_workers

    def worker(self, number: int) -> list[tuple[str, int]]:
        """The row groups that a worker reads, over and over."""
        each = len(self.of_rank) // self.num_workers
        return self.of_rank[each * number : each * (number + 1)][::-1]

    def epoch(self, *, rng: random.Random) -> Iterator[Seen]:
        """All that the process' workers see once."""
        for number in range(self.num_workers):
            for path, group in self.worker(number):
                with Path(path).open("rb") as file:
                    table = pq.ParquetFile(file).read_row_group(group).to_pandas()
                for _, row in table.iterrows():
                    yield _visit(row, rng)


def _visit(row: dict[str, object], rng: random.Random) -> Seen:
    """Two images are one step: the first is shown, the second to be made."""
    images, instructions = row["image_list"], row["instruction_list"]
    assert len(images) == len(instructions) + 1 == 2
    source, target = (Image.open(io.BytesIO(image)).convert("RGB") for image in images)
    return Seen(row["id"], source, target, rng.choice(instructions[0]))
