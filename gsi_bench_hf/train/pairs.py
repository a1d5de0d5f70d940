"""The training pairs out of rows, mapped or streaming, in batches of one size each; every batch has a number and can be had again."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol

from gsi_bench_hf.pipelines.resolution import Resolution, Size
from gsi_bench_hf.records import fingerprint, undecoded
from gsi_bench_hf.train.recipe import Pair
from gsi_bench_hf.train.settings import TrainingStoppedError
from gsi_bench_hf.types import Sample, as_image


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch of pairs that is not read yet.

    Attributes:
        number: counts the batches of all processes.
        ids: of its pairs.
        size: (width, height) in pixels that it is trained at.
        load: reads the pair at a place of it.
        state: where a stream has to begin to come to this batch again; JSON.
    """

    number: int
    ids: tuple[str, ...]
    size: Size
    load: Callable[[int], Pair]
    state: Mapping[str, Any] | None = None


class PairSource(Protocol):
    """Where batches come from."""

    def batches(self, start: int, state: Mapping[str, Any] | None) -> Iterator[Batch]:
        """The batches from number `start` on, without end; `state` is that of the batch before it, None at the beginning."""
        ...

    def identity(self) -> dict[str, Any]:
        """What tells these pairs from others, JSON."""
        ...


def pair_of(row: Mapping[str, Any]) -> Pair:
    """The pair of a row.

    Raises:
        TrainingStoppedError: a row without a target image.
    """
    source, target = as_image(row["source_image"]), as_image(row.get("target_image"))
    if source is None or target is None:
        raise TrainingStoppedError(
            f"row {row['id']}: {'source' if source is None else 'target'}_image is null; train on rows with both, such as sim-train"
        )
    return Pair(str(row["id"]), source.convert("RGB"), target.convert("RGB"), str(row["instruction"]), row)


def size_of(row: Mapping[str, Any]) -> Size:
    """(width, height) of a row's images, pixels."""
    camera = row.get("camera")
    if camera:
        return int(camera["width"]), int(camera["height"])
    image = as_image(row["source_image"])
    assert image is not None, row["id"]
    return image.size


def plan(sizes: Sequence[Size], batch_size: int, *, rng: random.Random) -> list[list[int]]:
    """The pairs in a random order as batches of one size each.

    A size's last batch is filled up with its first pairs, so that every batch is full and every pair is there.

    >>> plan([(1, 1), (2, 1), (1, 1)], 2, rng=random.Random(0))
    [[1, 1], [0, 2]]
    """
    order = list(range(len(sizes)))
    rng.shuffle(order)
    by_size: dict[Size, list[int]] = {}
    for index in order:
        by_size.setdefault(sizes[index], []).append(index)
    batches = []
    for members in by_size.values():
        for start in range(0, len(members), batch_size):
            batches.append([members[i % len(members)] for i in range(start, start + batch_size)])
    rng.shuffle(batches)
    return batches


class MappedPairs:
    """Pairs of rows that can be had by their number.

    Args:
        rows: a `datasets.Dataset`, or a sequence of rows.
        batch_size: pairs a batch.
        resolution: what size each is trained at.
        seed: of the order.

    Raises:
        TrainingStoppedError: there are no rows.
    """

    def __init__(self, rows: Any, *, batch_size: int, resolution: Resolution, seed: int) -> None:
        self._rows = undecoded(rows)
        self.ids, sizes = _ids_and_sizes(self._rows)
        if not self.ids:
            raise TrainingStoppedError("there are no rows to train on; expected one or more")
        self.sizes = [resolution.plan(size).working for size in sizes]
        self._batch_size = batch_size
        self._seed = seed
        self._planned: tuple[int, list[list[int]]] = (-1, [])

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def batches_an_epoch(self) -> int:
        """How many batches show every pair once."""
        return len(self._plan(0))

    def batches(self, start: int, state: Mapping[str, Any] | None) -> Iterator[Batch]:
        """The batches from number `start` on; needs no state."""
        number = start
        while True:
            epoch, place = divmod(number, self.batches_an_epoch)
            for indices in self._plan(epoch)[place:]:
                yield self.batch(number, indices)
                number += 1

    def batch(self, number: int, indices: Sequence[int]) -> Batch:
        """The batch of these rows, which are of one size."""
        chosen = list(indices)
        ids = tuple(self.ids[i] for i in chosen)
        return Batch(number, ids, self.sizes[chosen[0]], lambda place: self.pair(chosen[place]))

    def pair(self, index: int) -> Pair:
        """The pair of a row."""
        return pair_of(self._rows[index])

    def identity(self) -> dict[str, Any]:
        """Number, ids and first row."""
        return {"rows": len(self.ids), "ids": _digest("\n".join(self.ids)), **_first(self._rows[0])}

    def _plan(self, epoch: int) -> list[list[int]]:
        if self._planned[0] != epoch:
            rng = random.Random(f"{self._seed}:{epoch}")
            self._planned = (epoch, plan(self.sizes, self._batch_size, rng=rng))
        return self._planned[1]


class StreamedPairs:
    """Pairs of a stream, shuffled within blocks of rows.

    Args:
        rows: a `datasets.IterableDataset`.
        batch_size: pairs a batch.
        resolution: what size each is trained at.
        seed: of the order within blocks.
        block: rows a block.
    """

    def __init__(self, rows: Any, *, batch_size: int, resolution: Resolution, seed: int, block: int) -> None:
        self._rows = undecoded(rows)
        self._batch_size, self._resolution, self._seed, self._block = batch_size, resolution, seed, block

    def batches(self, start: int, state: Mapping[str, Any] | None) -> Iterator[Batch]:
        """The batches from number `start` on; without a state the stream is read from its beginning."""
        begin: Mapping[str, Any] = state or {"number": 0, "epoch": 0, "block": 0, "stream": None}
        number, epoch = int(begin["number"]), int(begin["epoch"])
        while True:
            before = number
            for at, rows in self._blocks(epoch, begin if begin["epoch"] == epoch else None):
                here = {**at, "number": number}
                for batch in self._batches(rows, here):
                    if batch.number >= start:
                        yield batch
                    number = batch.number + 1
            if number == before and begin["epoch"] != epoch:
                raise TrainingStoppedError("the stream has no rows to train on; expected one or more")
            epoch += 1

    def identity(self) -> dict[str, Any]:
        """Of the first row, and how far a row can get from its place."""
        return {"rows": "streamed", "block": self._block, **_first(next(iter(self._rows)))}

    def _blocks(
        self, epoch: int, begin: Mapping[str, Any] | None
    ) -> Iterator[tuple[dict[str, Any], list[Mapping[str, Any]]]]:
        """The blocks of an epoch, each with where it begins."""
        self._rows.set_epoch(epoch)
        at: dict[str, Any] = {"epoch": epoch, "block": 0, "stream": None}
        if begin is not None and begin["stream"] is not None:
            self._rows.load_state_dict(begin["stream"])
            at = {**at, "block": begin["block"], "stream": begin["stream"]}
        stream = iter(self._rows)
        while rows := list(islice(stream, self._block)):
            after = self._rows.state_dict()
            yield at, rows
            at = {**at, "block": at["block"] + 1, "stream": after}

    def _batches(self, rows: Sequence[Mapping[str, Any]], at: Mapping[str, Any]) -> Iterator[Batch]:
        sizes = [self._resolution.plan(size_of(row)).working for row in rows]
        rng = random.Random(f"{self._seed}:{at['epoch']}:{at['block']}")
        for number, indices in enumerate(plan(sizes, self._batch_size, rng=rng), at["number"]):
            chosen = [rows[i] for i in indices]
            ids = tuple(str(row["id"]) for row in chosen)
            yield Batch(number, ids, sizes[indices[0]], partial(_nth_pair, chosen), at)


def pair_source(rows: Any, *, batch_size: int, resolution: Resolution, seed: int, block: int) -> PairSource:
    """The pairs of rows, mapped or streaming."""
    if hasattr(rows, "load_state_dict"):
        return StreamedPairs(rows, batch_size=batch_size, resolution=resolution, seed=seed, block=block)
    return MappedPairs(rows, batch_size=batch_size, resolution=resolution, seed=seed)


def _nth_pair(rows: Sequence[Mapping[str, Any]], place: int) -> Pair:
    return pair_of(rows[place])


def _ids_and_sizes(rows: Any) -> tuple[list[str], list[Size]]:
    if hasattr(rows, "select_columns"):  # no image is read for them
        rows = rows.select_columns([name for name in ("id", "camera") if name in rows.column_names])
    ids, sizes = [], []
    for row in rows:
        ids.append(str(row["id"]))
        sizes.append(size_of(row))
    return ids, sizes


def _first(row: Mapping[str, Any]) -> dict[str, Any]:
    provenance = row.get("provenance") or {}
    known = {name: provenance.get(name) for name in ("generator", "version", "seed")}
    return {**known, "first": fingerprint(Sample(row))}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
