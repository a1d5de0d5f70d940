"""Check a dataset repository before it is published: every file, then every row as `datasets` alone reads it.

    python dataset_scripts/check.py DIR

Files are read through (checksums, columns, ids, fingerprint); then each config is loaded by `datasets` as a user would, and in every
row the labels are compared with each other: masks with boxes, depth with boxes, segmentation with the target's mask. Prints one line
a config; ends with 1 where something is wrong, each of it named.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np

from gsi_bench_hf.data.card import Config, read_configs
from gsi_bench_hf.data.merge import verify_shard
from gsi_bench_hf.types import Sample

BOX_MARGIN_PX, BOX_MARGIN_M = 2.0, 0.005


def problems(sample: Sample) -> Iterator[str]:
    """What in a row's labels contradicts something else in them."""
    segmentation, depth_m = sample.segmentation, sample.depth_m
    if segmentation is None or depth_m is None:
        yield "has no segmentation or no depth"
        return
    k = sample.camera.intrinsics
    v, u = np.indices(segmentation.shape)
    rays = np.stack([(u + 0.5 - k[0, 2]) / k[0, 0], (v + 0.5 - k[1, 2]) / k[1, 1], np.ones(u.shape)], axis=-1)
    for number, item in enumerate(sample.objects, start=1):
        rows, columns = np.nonzero(segmentation == number)
        if len(rows) == 0:
            continue
        x1, y1, x2, y2 = item.bbox_2d
        outside = max(x1 - columns.min(), y1 - rows.min(), columns.max() + 1 - x2, rows.max() + 1 - y2)
        if outside > BOX_MARGIN_PX:
            yield f"{item.instance_id}: its mask leaves its box by {outside:.1f} px"
        points_m = rays[rows, columns] * depth_m[rows, columns, None]
        local_m = (points_m - item.box.center_m) @ item.box.rotation
        beyond_m = float((np.abs(local_m) - item.box.extents_m / 2.0).max())
        if beyond_m > BOX_MARGIN_M:
            yield f"{item.instance_id}: its depth leaves its box by {1000 * beyond_m:.1f} mm"
    target = next((i for i, o in enumerate(sample.objects, start=1) if o.instance_id == _target_id(sample)), None)
    if target is not None and sample.target_mask is not None:
        different = int(np.count_nonzero(sample.target_mask != (segmentation == target)))
        if different:
            yield f"the target's mask differs from the segmentation in {different} pixels"


def _target_id(sample: Sample) -> Any:
    return (sample.row.get("target") or {}).get("instance_id")


def check_config(root: Path, config: Config, cache: str) -> list[str]:
    """What is wrong with a config, a line each."""
    build = config.build
    for path, shard in zip(config.paths, build.shards(Path()), strict=True):
        verify_shard(path, shard)
    rows = datasets.load_dataset(
        str(root), build.config, split=build.split, cache_dir=cache, verification_mode="all_checks"
    )
    found = [] if len(rows) == build.num_rows else [f"has {len(rows)} rows, expected {build.num_rows}"]
    return [*found, *(f"{row['id']}: {problem}" for row in rows for problem in problems(Sample(row)))]


def main() -> int:
    """Parse the arguments and check."""
    parser = argparse.ArgumentParser(description="Check a dataset repository before it is published.")
    parser.add_argument("folder", type=Path, help="folder of the repository")
    folder: Path = parser.parse_args().folder
    wrong = 0
    with tempfile.TemporaryDirectory() as cache:
        for config in read_configs(folder):
            found = check_config(folder, config, cache)
            wrong += len(found)
            verdict = "all right" if not found else f"{len(found)} problems"
            sys.stdout.write(f"{config.subset.name}: {config.build.num_rows} rows, {verdict}\n")
            sys.stdout.writelines(f"  {line}\n" for line in found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
