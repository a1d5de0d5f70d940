"""A training that a test kills, or launches as several processes: `killed_training.py FOLDER [SECONDS A LOSS [validated]]`."""

import sys
import time
from pathlib import Path
from typing import Any

import tiny
import torch
import toy

from gsi_bench_hf.train.loop import train
from gsi_bench_hf.train.validation import Validation

STEPS = 30


class SlowRecipe(toy.ToyRecipe):
    """Takes its time, so that it is killed in the midst of steps."""

    def loss(self, encoded: dict[str, torch.Tensor], generator: torch.Generator) -> torch.Tensor:
        time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
        return super().loss(encoded, generator)


def settings(**changes: Any) -> Any:
    own = {"steps": STEPS, "checkpoint_every": 5, "accumulation": 2, "ema_decay": 0.9, "schedule": "cosine"}
    return toy.settings(**own | changes)


if __name__ == "__main__":
    print("ready", flush=True)
    given: dict[str, Any] = {"settings": settings(), "resolution": toy.RESOLUTION, "about": {"name": "toy"}}
    if "validated" in sys.argv:
        given["validation"] = Validation(tiny.rows(20), ladder=("identity",), options=dict(tiny.TOOLS))
    train(SlowRecipe(), tiny.rows(10), out=Path(sys.argv[1]), **given)
