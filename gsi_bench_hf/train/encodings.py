"""The work of frozen networks, done when it is needed or kept: for each pair its tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from gsi_bench_hf.durable import write_atomic
from gsi_bench_hf.pipelines.resolution import Size
from gsi_bench_hf.store import file_name
from gsi_bench_hf.train.pairs import Batch
from gsi_bench_hf.train.recipe import Pair, Recipe
from gsi_bench_hf.train.settings import Cache

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Read:
    """A batch as far as threads can bring it: `kept` tensors of some of its pairs, the other `pairs` decoded, by their places."""

    batch: Batch
    kept: Mapping[int, Tensors]
    pairs: Mapping[int, Pair]


class Encodings:
    """What a recipe makes of pairs, kept as asked.

    A pair is then encoded alone, so that its tensors hang neither on its batch nor on whether the training was taken up again.

    Args:
        recipe: whose `encode` is called.
        cache: "none", "memory" or "disk".
        folder: of the files of "disk"; what they hang on is in its name.
        device: where the tensors go.
    """

    def __init__(self, recipe: Recipe, cache: Cache, folder: Path, device: torch.device) -> None:
        self._recipe, self._cache, self._folder, self._device = recipe, cache, folder, device
        self._memory: dict[tuple[str, Size], Tensors] = {}

    def read(self, batch: Batch) -> Read:
        """What is kept of a batch, and the images of the rest; may be called from any thread."""
        kept = {i: t for i, name in enumerate(batch.ids) if (t := self._kept(name, batch.size)) is not None}
        return Read(batch, kept, {i: batch.load(i) for i in range(len(batch.ids)) if i not in kept})

    def ahead(self, batches: Iterator[Batch], workers: int) -> Iterator[Read]:
        """The batches read, some of them ahead by threads."""
        if workers == 0:
            yield from map(self.read, batches)
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="pairs") as pool:
            waiting: list[Future[Read]] = [pool.submit(self.read, batch) for batch in islice(batches, 2 * workers)]
            try:
                while waiting:
                    yield waiting.pop(0).result()
                    waiting += [pool.submit(self.read, batch) for batch in islice(batches, 1)]
            finally:
                for future in waiting:
                    future.cancel()

    @torch.no_grad()
    def encoded(self, read: Read) -> Tensors:
        """The tensors of a batch, first axis = pair, on the device."""
        size = read.batch.size
        if self._cache == "none":
            return self._to_device(self._recipe.encode([read.pairs[i] for i in range(len(read.pairs))], size))
        each = [
            read.kept[i] if i in read.kept else self._encode_and_keep(read.pairs[i], size)
            for i in range(len(read.batch.ids))
        ]
        return self._to_device({name: _stacked([tensors[name] for tensors in each]) for name in each[0]})

    def _to_device(self, tensors: Tensors) -> Tensors:
        return {name: tensor.to(self._device) for name, tensor in tensors.items()}

    def _encode_and_keep(self, pair: Pair, size: Size) -> Tensors:
        tensors = {name: t[0].cpu().contiguous() for name, t in self._recipe.encode([pair], size).items()}
        if self._cache == "memory":
            self._memory[pair.id, size] = tensors
        else:
            write_atomic(self._path(pair.id, size), save(tensors))
        return tensors

    def _kept(self, name: str, size: Size) -> Tensors | None:
        if self._cache == "memory":
            return self._memory.get((name, size))
        path = self._path(name, size)
        if self._cache == "none" or not path.exists():
            return None
        loaded: Tensors = load(path.read_bytes())
        return loaded

    def _path(self, name: str, size: Size) -> Path:
        return self._folder / f"{size[0]}x{size[1]}" / f"{file_name(name)}.safetensors"


def _stacked(tensors: list[torch.Tensor]) -> torch.Tensor:
    """The tensors as one; shorter ones are filled up with zeros at the end of their first axis."""
    longest: Any = max(t.shape[:1] for t in tensors)
    return torch.stack(
        [
            t if t.shape[:1] == longest else torch.cat([t, t.new_zeros((int(longest[0]) - t.shape[0], *t.shape[1:]))])
            for t in tensors
        ]
    )
