"""An editor that takes lists, for tests of batches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tiny
import torch
from tiny import Output

from gsi_bench_hf.editing import Task, sample_seed
from gsi_bench_hf.types import Sample


class Batches:
    """Shifts what `tiny.oracle` draws by the generator's own noise, for lists and for single images; notes its calls."""

    name = "batches"

    def __init__(self, batch_size: int, *, fits: int = 99) -> None:
        self.batch_size, self.fits = batch_size, fits
        self.calls: list[int] = []

    def __call__(self, *, image: Any, prompt: Any, generator: Any) -> Output:
        if not isinstance(image, list):
            return self(image=[image], prompt=[prompt], generator=[generator])
        assert len({i.size for i in image}) == 1
        self.calls.append(len(image))
        if len(image) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return Output(*(self.one(*each) for each in zip(image, prompt, generator, strict=True)))

    def one(self, image: Any, prompt: str, generator: torch.Generator) -> Any:
        right = np.asarray(tiny.oracle(image=image, prompt=prompt, generator=None).images[0])
        return np.roll(right, int(torch.randint(0, 3, (), generator=generator)), axis=1)


def tasks(rows: Iterable[dict[str, Any]]) -> list[Task]:
    return [Task(i, Sample(row), sample_seed(0, row["id"])) for i, row in enumerate(rows)]


def images(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (folder / "edited").rglob("*.png")}
