"""How fast pairs are made: pairs per second, and the time over that of merely rendering the same frames.

    python benchmarks/generation.py [--pairs 30] [--seed 0]

The frames are those of the data set at full quality: once a scene the source's colour, depth and segmentation, once an edit the
target's colour and segmentation. They are rendered again from each row's `scene` JSON by the same renderer, nothing compiled kept.
Textures and meshes are in memory for both, as the generator runs once before it is timed ("cold" is that first run). Times are CPU
seconds of this process.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from typing import Any

from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import Renderer, load_renderer
from gsi_bench_hf.synth.scene import from_json

CONFIG = "sim-tabletop"


def generate(renderer: Renderer, seed: int, pairs: int) -> tuple[list[dict[str, Any]], float, Counter[str]]:
    """The rows, the CPU seconds they took, and what was refused."""
    rejections: Counter[str] = Counter()
    start_s = time.process_time()
    rows = list(generate_rows(CONFIG, seed=seed, start=0, stop=pairs, renderer=renderer, rejections=rejections))
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


def main() -> None:
    """Measure, print one line for people and one of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    renderer = load_renderer("mujoco")
    cold_s = generate(renderer, arguments.seed, arguments.pairs)[1]
    renderer.close()
    rows, made_s, rejections = generate(renderer, arguments.seed, arguments.pairs)
    renderer.close()
    bare_s = render_again(renderer, rows)
    renderer.close()
    result = {
        "pairs": len(rows),
        "pairs_per_second": round(len(rows) / made_s, 3),
        "pairs_per_second_cold": round(len(rows) / cold_s, 3),
        "bare_s": round(bare_s, 2),
        "ratio_to_bare_rendering": round(made_s / bare_s, 3),
        "ratio_cold": round(cold_s / bare_s, 3),
        "rejections": dict(rejections.most_common()),
    }
    print(f"{result['pairs_per_second']} pairs/s, {result['ratio_to_bare_rendering']} x the bare rendering time")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
