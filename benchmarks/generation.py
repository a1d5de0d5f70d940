"""How fast the `sim-*` configs are made: pairs per second, and the time over that of merely rendering the same frames.

    python benchmarks/generation.py [--config sim-room …] [--pairs 30] [--seed 0]

Each config is measured in a process of its own, all of them unless some are named. The frames are those of the data set at
full quality: once a scene the source's colour, depth and segmentation, once an edit the target's colour and segmentation. They are
rendered again from each row's `scene` JSON by the same renderer, nothing compiled kept. Textures and meshes are in memory or in the
cache folder (see `synth.assets.keeping`) for both, as the generator runs once before it is timed ("cold" is that first run; set
GSI_BENCH_CACHE to an empty folder for one without files). Times are CPU seconds of that process, `peak_mb` is the most memory it
held until all rows were made, `bytes_a_row` what a row takes in a Parquet file.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import datasets

from gsi_bench_hf.data.features import features
from gsi_bench_hf.synth.configs import CONFIGS
from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import Renderer, load_renderer
from gsi_bench_hf.synth.scene import from_json


def generate(
    renderer: Renderer, config: str, seed: int, pairs: int
) -> tuple[list[dict[str, Any]], float, Counter[str]]:
    """The rows, the CPU seconds they took, and what was refused."""
    rejections: Counter[str] = Counter()
    start_s = time.process_time()
    rows = list(generate_rows(config, seed=seed, start=0, stop=pairs, renderer=renderer, rejections=rejections))
    return rows, time.process_time() - start_s, rejections


def render_again(renderer: Renderer, rows: list[dict[str, Any]]) -> float:
    """CPU seconds of rendering the rows' frames."""
    edits = [from_json(row["scene"]) for row in rows]
    start_s, drawn = time.process_time(), ""
    for row, edited in zip(rows, edits, strict=True):
        if row["scene_id"] != drawn:
            renderer.render(edited.source)
            drawn = row["scene_id"]
        renderer.render(edited.target, want=("rgb", "segmentation"))
    return time.process_time() - start_s


def peak_mb() -> float:
    """The most memory that this process held. Linux tells a new process's own; elsewhere that of its parent may count."""
    status = Path("/proc/self/status")
    if status.exists():
        said = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(said["VmHWM"].split()[0]) / 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def bytes_a_row(rows: list[dict[str, Any]]) -> int:
    """Bytes of a Parquet file of the rows, over their number."""
    datasets.disable_progress_bars()
    buffer = io.BytesIO()
    datasets.Dataset.from_list(rows, features=features()).to_parquet(buffer)
    return len(buffer.getvalue()) // len(rows)


def measure(config: str, seed: int, pairs: int) -> dict[str, Any]:
    """All numbers of a config, in this process."""
    renderer = load_renderer("mujoco")
    cold_s = generate(renderer, config, seed, pairs)[1]
    renderer.close()
    rows, made_s, rejections = generate(renderer, config, seed, pairs)
    renderer.close()
    peak = peak_mb()
    bare_s = render_again(renderer, rows)
    renderer.close()
    return {
        "config": config,
        "pairs": len(rows),
        "pairs_per_second": round(len(rows) / made_s, 3),
        "pairs_per_second_cold": round(len(rows) / cold_s, 3),
        "bare_s": round(bare_s, 2),
        "ratio_to_bare_rendering": round(made_s / bare_s, 3),
        "ratio_cold": round(cold_s / bare_s, 3),
        "bytes_a_row": bytes_a_row(rows),
        "peak_mb": round(peak),
        "rejections": dict(rejections.most_common()),
    }


def main() -> None:
    """Measure, print one line for people and one of JSON for each config."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", action="append", choices=tuple(CONFIGS), help="may be given several times")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for config in arguments.config or CONFIGS:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            result = pool.submit(measure, config, arguments.seed, arguments.pairs).result()
        print(
            f"{config}: {result['pairs_per_second']} pairs/s, {result['ratio_to_bare_rendering']} x the bare rendering time, "
            f"{result['peak_mb']} MB at most, {result['bytes_a_row'] / 1000:.0f} kB a row"
        )
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
