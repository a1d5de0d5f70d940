"""A run that several processes share: `accelerate launch ranked_run.py FOLDER COUNT [fails] [stops] [slow]`.

Each process says what it came to in FOLDER.RANK.txt, since the launcher shows the first one's words only.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import tiny

from gsi_bench_hf.ranks import Ranks
from gsi_bench_hf.runner import evaluate_editor


class Editor(tiny.Mover):
    def __call__(self, *, sample: Any, **kwargs: Any) -> tiny.Output:
        if "slow" in sys.argv:
            time.sleep(0.4)
        if "fails" in sys.argv and sample.id.endswith("3"):
            raise RuntimeError("no")
        return super().__call__(sample=sample, **kwargs)


class Detector(tiny.SquareDetector):
    def detect(self, sample: Any, edited: Any) -> Any:
        if "stops" in sys.argv and sample.id.endswith("3"):
            raise ImportError("this detector needs a package")
        return super().detect(sample, edited)


if __name__ == "__main__":
    ranks = Ranks.of_environment()
    tools = {"detector": Detector(), "judge": tiny.ColourJudge(), "lpips": None}
    Path(f"{sys.argv[1]}.{ranks.rank}.pid").write_text(str(os.getpid()))
    say = Path(f"{sys.argv[1]}.{ranks.rank}.txt").write_text
    try:
        results = evaluate_editor(Editor(), tiny.rows(int(sys.argv[2])), out=sys.argv[1], ranks=ranks, **tools)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
        say(f"{type(error).__name__}: {error}")
    else:
        say(f"{results.counts['ok']} ok, {results.metrics['average']:.6f}")
