"""The ladder of weightless editors on `sim-tabletop`: what doing nothing, pasting, a jittered truth and the truth score.

    python benchmarks/ladder.py [--limit 60] [--out runs/ladder] [--levels 0.25 0.5 1 2 4 8]

Each rung is an ordinary run folder: an interrupted ladder goes on where it stopped. Prints a Markdown table, the one of the README.
"""

import argparse
from pathlib import Path

from datasets import Dataset, load_dataset

import gsi_bench_hf

METRICS = ("instruction_compliance", "spatial_accuracy", "appearance_consistency", "edit_locality", "average")


def main() -> None:
    """Run every rung and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("runs/ladder"))
    parser.add_argument("--levels", type=float, nargs="+", default=[0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
    arguments = parser.parse_args()
    rows = load_dataset("gsi-bench", "sim-tabletop", split="test", num_samples=arguments.limit)
    print(f"sim-tabletop, {len(rows)} samples, seed 0, protocol strict: value and 95 % interval, resampled by scene\n")
    print("| editor | IC | SA | AC | EL | average |\n|---|---|---|---|---|---|")
    print(_line("identity", "identity", {}, rows, arguments.out))
    print(_line("paste", "paste", {}, rows, arguments.out))
    for level in sorted(arguments.levels, reverse=True):
        print(_line(f"noisy-oracle, jitter × {level:g}", "noisy-oracle", {"jitter": level}, rows, arguments.out))
    print(_line("oracle", "oracle", {}, rows, arguments.out))


def _line(title: str, name: str, options: dict[str, float], rows: Dataset, out: Path) -> str:
    folder = out / "-".join([name, *(f"{value:g}" for value in options.values())])
    results = gsi_bench_hf.evaluate_editor(gsi_bench_hf.load_editor(name, **options), rows, out=folder)
    cells = [_cell(results.metrics[m], results.intervals[m]) for m in METRICS]
    return f"| {title} | {' | '.join(cells)} |"


def _cell(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.1f} ({interval[0]:.1f}–{interval[1]:.1f})"


if __name__ == "__main__":
    main()
