"""A run with a judge that a test kills: `python killed_judge.py URL FOLDER NUM_PROC`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import tiny

from gsi_bench_hf.perception import load_judge
from gsi_bench_hf.runner import evaluate_editor

if __name__ == "__main__":
    url, folder, num_proc = sys.argv[1:]
    judge = load_judge("chat", url=url, model="m", concurrency=4)
    rows = [tiny.row(n, instruction=f"Move the square 14 pixels to the right. #{n}") for n in range(40)]
    evaluate_editor(
        tiny.oracle, rows, out=folder, detector=tiny.SquareDetector(), judge=judge, lpips=None, num_proc=int(num_proc)
    )
