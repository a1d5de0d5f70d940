"""A run that a test kills: `python killed_run.py FOLDER NUM_PROC`. Prints a line when its imports are done."""

import sys
import time
from typing import Any

import tiny

from gsi_bench_hf.runner import evaluate_editor


class SlowMover(tiny.Mover):
    def __call__(self, **kwargs: Any) -> tiny.Output:
        time.sleep(0.03)
        return super().__call__(**kwargs)


if __name__ == "__main__":
    print("ready", flush=True)
    evaluate_editor(
        SlowMover(),
        tiny.rows(60),
        out=sys.argv[1],
        detector=tiny.SquareDetector(),
        judge=tiny.ColourJudge(),
        lpips=None,
        num_proc=int(sys.argv[2]),
    )
