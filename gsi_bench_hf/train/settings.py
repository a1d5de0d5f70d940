"""How a training goes, apart from what is trained: `Settings`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gsi_bench_hf.train.recipe import Defaults, Method

Cache = Literal["none", "memory", "disk"]
Precision = Literal["no", "fp16", "bf16"]
SCHEDULES = ("constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial")
TRACKERS = ("tensorboard", "wandb", "trackio")
_MAY_CHANGE = ("checkpoint_every", "keep_checkpoints", "cache", "workers", "validate_every", "trackers", "progress")


class TrainingStoppedError(Exception):
    """A training can't start or can't go on; the message says why and how to mend it. What is saved stays saved."""


@dataclass(frozen=True)
class Settings:
    """How a training goes. A folder is taken up again with the same ones, but for the last block, which changes no weight.

    (But for rounding: with a cache, a pair is encoded alone rather than in its batch.)

    Attributes:
        steps: optimiser steps.
        batch_size: pairs a process takes at once; all of one size.
        accumulation: batches whose gradients make one step.
        learning_rate: its peak; 1 is right for "prodigy", which finds its own.
        optimizer: a name of `optimizers.OPTIMIZERS`.
        weight_decay: of the optimiser.
        schedule: one of `SCHEDULES`, of diffusers.
        warmup_steps: over which the learning rate rises from 0.
        max_grad_norm: gradients longer than it are scaled down to it; 0 for none.
        ema_decay: of the averaged weights, which are then what is validated and saved; None for none.
        mixed_precision: what the forward pass computes in; weights that are trained stay float32.
        shuffle_buffer: rows that a stream is shuffled within.
        seed: of the order of the pairs, and of everything drawn in the losses.
        checkpoint_every: steps between checkpoints.
        keep_checkpoints: so many of the latest stay.
        cache: where the work of frozen networks is kept: recomputed each time, in this process's memory, or in the folder.
        workers: threads that read and decode images ahead.
        validate_every: steps between validations; 0 for one at the end.
        trackers: of `TRACKERS`.
        progress: whether a bar is shown on a terminal.
    """

    steps: int = 1000
    batch_size: int = 4
    accumulation: int = 1
    learning_rate: float = 1e-4
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    schedule: str = "constant"
    warmup_steps: int = 0
    max_grad_norm: float = 1.0
    ema_decay: float | None = None
    mixed_precision: Precision = "no"
    shuffle_buffer: int = 512
    seed: int = 0

    checkpoint_every: int = 500
    keep_checkpoints: int = 2
    cache: Cache = "none"
    workers: int = 2
    validate_every: int = 0
    trackers: tuple[str, ...] = ()
    progress: bool = True

    def __post_init__(self) -> None:
        _check(self)

    def identity(self) -> dict[str, Any]:
        """What decides the weights at each step."""
        own = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in _MAY_CHANGE}
        if self.schedule.startswith("constant"):
            own.pop("steps")  # more of them only go on
        return own


def settings_for(defaults: Defaults, method: Method, given: Mapping[str, Any]) -> Settings:
    """A family's settings, under those that are given.

    Args:
        defaults: of the family.
        method: which learning rate.
        given: fields of `Settings`.

    Raises:
        TrainingStoppedError: for a value that can't be.
    """
    optimizer = given.get("optimizer", defaults.optimizer)
    own = {
        "learning_rate": 1.0 if optimizer == "prodigy" else defaults.learning_rate[method],
        "optimizer": optimizer,
        "batch_size": defaults.batch_size,
        "mixed_precision": defaults.mixed_precision,
    }
    return Settings(**own | dict(given))


def _check(settings: Settings) -> None:
    from gsi_bench_hf.train.optimizers import OPTIMIZERS

    for name in ("steps", "batch_size", "accumulation", "shuffle_buffer", "checkpoint_every", "keep_checkpoints"):
        if getattr(settings, name) < 1:
            raise TrainingStoppedError(f"{name} is {getattr(settings, name)}, expected 1 or more")
    for name in ("warmup_steps", "max_grad_norm", "weight_decay", "seed", "workers", "validate_every"):
        if not getattr(settings, name) >= 0:
            raise TrainingStoppedError(f"{name} is {getattr(settings, name)}, expected 0 or more")
    if not settings.learning_rate > 0:
        raise TrainingStoppedError(f"learning_rate is {settings.learning_rate}, expected more than 0")
    if settings.ema_decay is not None and not 0 < settings.ema_decay < 1:
        raise TrainingStoppedError(f"ema_decay is {settings.ema_decay}, expected something between 0 and 1, or None")
    choices: dict[str, tuple[str, ...]] = {
        "optimizer": tuple(OPTIMIZERS),
        "schedule": SCHEDULES,
        "mixed_precision": get_args(Precision),
        "cache": get_args(Cache),
    }
    for name, known in choices.items():
        if getattr(settings, name) not in known:
            raise TrainingStoppedError(f"{name} is {getattr(settings, name)!r}, expected one of {', '.join(known)}")
    for tracker in settings.trackers:
        if tracker not in TRACKERS:
            raise TrainingStoppedError(f"tracker is {tracker!r}, expected one of {', '.join(TRACKERS)}")
