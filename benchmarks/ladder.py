"""The ladder of weightless editors on `sim-tabletop`: what doing nothing, pasting, a jittered truth and the truth score.

    python benchmarks/ladder.py [--limit 60] [--out runs/ladder/sim-tabletop]

Each rung is an ordinary run folder: an interrupted ladder goes on where it stopped. Prints a Markdown table, the one of the README.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from datasets import load_dataset

import gsi_bench_hf

METRICS = ("instruction_compliance", "spatial_accuracy", "appearance_consistency", "edit_locality", "average")
LEVELS = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
"""Of the jitter, as multiples of 2 cm, 10° and 5 %."""


def rungs(levels: Sequence[float]) -> Iterator[tuple[str, Any, str]]:
    """Title, editor and folder name of each rung, from the lowest to the highest."""
    yield "identity", gsi_bench_hf.load_editor("identity"), "identity"
    yield "paste", gsi_bench_hf.load_editor("paste"), "paste"
    for level in levels:
        editor = gsi_bench_hf.load_editor("noisy-oracle", jitter=level)
        yield f"noisy-oracle, jitter × {level:g}", editor, f"noisy-oracle-{level:g}"
    yield "oracle", gsi_bench_hf.load_editor("oracle"), "oracle"


def main() -> None:
    """Run every rung and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("runs/ladder/sim-tabletop"))
    parser.add_argument("--num-proc", type=int, default=2, help="processes that score")
    arguments = parser.parse_args()
    rows = load_dataset("gsi-bench", "sim-tabletop", split="test", num_samples=arguments.limit)
    print(f"sim-tabletop, {len(rows)} samples, seed 0, protocol strict: value and 95 % interval, resampled by scene\n")
    print("| editor | IC | SA | AC | EL | average |\n|---|---|---|---|---|---|")
    for title, editor, name in rungs(LEVELS):
        results = gsi_bench_hf.evaluate_editor(editor, rows, out=arguments.out / name, num_proc=arguments.num_proc)
        cells = [_cell(results.metrics[m], results.intervals[m]) for m in METRICS]
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


def _cell(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.1f} ({interval[0]:.1f}–{interval[1]:.1f})"


if __name__ == "__main__":
    main()
