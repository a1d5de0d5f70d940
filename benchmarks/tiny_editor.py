"""Train the tiny editor from nothing, and score it before and after on `sim-tabletop`, whose scenes, layouts and things it never saw.

    gsi-bench build sim-train --out gsi-sim --num-proc 2
    python benchmarks/tiny_editor.py --data-dir gsi-sim [--pairs 500 1500 4300] [--steps 4000] [--rows 120] [--device cuda]

With several numbers of pairs each training has as many steps, and the curve of accuracy against pairs is printed. Killed and started
again, it goes on where it stopped; the times are then those of what was left. Prints Markdown.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import load_dataset
from diffusers.utils import logging

import gsi_bench_hf
from gsi_bench_hf.metrics.uncertainty import compare, intervals
from gsi_bench_hf.results import Results
from gsi_bench_hf.train.start import fine_tune
from gsi_bench_hf.train.tiny import untrained

SETTINGS = {"schedule": "cosine", "warmup_steps": 100, "ema_decay": 0.998, "weight_decay": 0.05, "cache": "memory"}
METRICS = ("instruction_compliance", "spatial_accuracy", "appearance_consistency", "edit_locality")


def main() -> None:
    """Train for each number of pairs, score, print."""
    arguments = _arguments()
    logging.disable_progress_bar()
    wanted = load_dataset("gsi-bench", "sim-tabletop", split="test", num_samples=arguments.rows)
    pairs = _pairs(arguments)
    runs = arguments.out
    options = {"num_proc": arguments.num_proc, "lpips": None}
    identity = gsi_bench_hf.evaluate_editor("identity", wanted, out=runs / "identity", **options)
    start = gsi_bench_hf.load_editor(untrained(seed=arguments.seed))
    before = gsi_bench_hf.evaluate_editor(start, wanted, out=runs / "untrained", **options)
    curve = []
    for count in arguments.pairs or [len(pairs)]:
        trained, told = _train(pairs.select(range(min(count, len(pairs)))), runs / f"{count}", arguments)
        editor = gsi_bench_hf.load_editor(str(trained.model), device=arguments.device)
        after = gsi_bench_hf.evaluate_editor(editor, wanted, out=runs / f"{count}" / "run", **options)
        print(f"\n{count} pairs, {told}\n")
        _table({"identity": identity, "untrained": before, "trained": after}, after, wanted)
        curve.append((count, after))
    if len(curve) > 1:
        _curve(curve)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data-dir", type=Path, help="a folder of `gsi-bench build`; without it the pairs are rendered"
    )
    parser.add_argument("--environment", default="tabletop", help="train on its pairs (default: %(default)s); 'all'")
    parser.add_argument("--pairs", type=int, nargs="+", help="so many of them, for each a training (default: all)")
    parser.add_argument("--steps", type=int, default=4000, help="of 32 pairs (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=120, help="of sim-tabletop to score (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="default: a GPU, else the CPU")
    parser.add_argument("--num-proc", type=int, default=2, help="processes that score")
    parser.add_argument("--out", type=Path, default=Path("runs/tiny_editor"))
    return parser.parse_args()


def _pairs(arguments: argparse.Namespace) -> Any:
    """The pairs of the environment, in the config's order."""
    if arguments.data_dir is not None and (arguments.data_dir / "README.md").is_file():
        rows = load_dataset(str(arguments.data_dir), "sim-train", split="train")
    elif arguments.data_dir is not None:  # the Parquet files of a build that is not finished
        files = sorted(str(path) for path in arguments.data_dir.rglob("sim-train/*.parquet"))
        rows = load_dataset("parquet", data_files=files, split="train")
    else:
        rows = load_dataset("gsi-bench", "sim-train", split="train", num_proc=arguments.num_proc)
    kept = [arguments.environment in (name, "all") for name in rows["environment"]]
    return rows.select(np.flatnonzero(kept))


def _train(pairs: Any, out: Path, arguments: argparse.Namespace) -> tuple[Any, str]:
    """The training, and what it cost."""
    settings = {**SETTINGS, "steps": arguments.steps, "seed": arguments.seed}
    wall, cpu = time.monotonic(), time.process_time()
    trained = fine_tune("tiny", pairs, out=out / "training", settings=settings, device=arguments.device)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return trained, f"{arguments.steps} steps: {wall / 60:.1f} minutes, {cpu / 60:.1f} of CPU time"


def _table(runs: dict[str, Results], after: Results, rows: Any) -> None:
    """Every metric of every run, and by operation what was gained over the others in spatial accuracy."""
    print(f"sim-tabletop, {len(rows)} rows, protocol {after.protocol}: mean and 95 % interval, resampled by scene\n")
    print("| editor | IC | SA | AC | EL |\n|---|---|---|---|---|")
    for name, run in runs.items():
        print(f"| {name} | {' | '.join(_cell(run.metrics[m], *run.intervals[m]) for m in METRICS)} |")
    print(
        "\n| spatial accuracy | rows | identity | untrained | trained | gain on identity, paired | gain on untrained, paired |"
    )
    print("|---|---|---|---|---|---|---|")
    operations = list(dict.fromkeys(str(s["operation"]) for s in after.samples))
    for operation in operations:
        cells = [_gain(runs[name], after, operation) for name in ("identity", "untrained")]
        means = [_cell(*_accuracy(run, operation)) for run in runs.values()]
        count = sum(s["operation"] == operation for s in after.samples)
        print(f"| {operation} | {count} | {' | '.join(means)} | {' | '.join(cells)} |", flush=True)


def _curve(curve: Sequence[tuple[int, Results]]) -> None:
    operations = list(dict.fromkeys(str(s["operation"]) for s in curve[0][1].samples))
    print(f"\n| pairs | SA | {' | '.join(f'SA {name}' for name in operations)} |\n|---|---|{'---|' * len(operations)}")
    for count, run in curve:
        whole = _cell(run.metrics["spatial_accuracy"], *run.intervals["spatial_accuracy"])
        print(f"| {count} | {whole} | {' | '.join(_cell(*_accuracy(run, name)) for name in operations)} |")


def _accuracy(run: Results, operation: str) -> tuple[float, float, float]:
    """Mean and interval of an operation's spatial accuracy."""
    scores, scenes = _scores(run, operation)
    found = intervals(scores[:, None], scenes, rng=np.random.default_rng(0))[0]
    return found.value, found.low, found.high


def _gain(before: Results, after: Results, operation: str) -> str:
    (a, scenes), (b, _) = _scores(before, operation), _scores(after, operation)
    gain = compare(a, b, scenes, rng=np.random.default_rng(0)).difference
    return f"{gain.value:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})"


def _scores(run: Results, operation: str) -> tuple[Any, list[str]]:
    chosen = sorted((s for s in run.samples if s["operation"] == operation), key=lambda s: str(s["id"]))
    return np.array([s["scores"]["spatial_accuracy"] for s in chosen]), [str(s["scene_id"]) for s in chosen]


def _cell(value: float, low: float, high: float) -> str:
    return f"{value:.1f} ({low:.1f}–{high:.1f})"


if __name__ == "__main__":
    main()
