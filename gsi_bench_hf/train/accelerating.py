"""The processes and devices of a training, by accelerate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from gsi_bench_hf.train.settings import Settings, TrainingStoppedError


@contextmanager
def accelerated(settings: Settings, out: Path, device: torch.device) -> Iterator[Accelerator]:
    """The accelerator of a training on a device, its trackers looked for.

    Raises:
        ImportError: a tracker's package is missing.
        TrainingStoppedError: it was launched in a way that the loop does not know.
    """
    from accelerate.tracking import get_available_trackers

    for tracker in settings.trackers:
        if tracker not in [str(t) for t in get_available_trackers()]:
            raise ImportError(f"tracker {tracker!r} needs {tracker}, which is not here; pip install {tracker}")
    accelerator = Accelerator(
        gradient_accumulation_steps=settings.accumulation,
        mixed_precision=settings.mixed_precision,
        cpu=device.type == "cpu",
        log_with=list(settings.trackers) or None,
        project_dir=str(out / "trackers"),
    )
    if str(accelerator.distributed_type).rpartition(".")[2] not in ("NO", "MULTI_GPU", "MULTI_CPU"):
        raise TrainingStoppedError(
            f"accelerate was launched as {accelerator.distributed_type}; expected one process or several, each with the whole model "
            "(`accelerate launch --num_processes N`, with --multi_gpu on GPUs)"
        )
    try:
        yield accelerator
    finally:
        _end(accelerator)


def _end(accelerator: Accelerator) -> None:
    """Let go of the trackers and the other processes, so that this process can train again, otherwise."""
    alone = accelerator.num_processes == 1
    accelerator.end_training()
    if alone:
        AcceleratorState._reset_state(reset_partial_state=True)
