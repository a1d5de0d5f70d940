"""Edits what there is to edit, however the editor likes to be called: one by one, in batches, several calls at once.

A batch that runs out of memory is halved, and so are all that follow. A sample that fails is tried once more, alone. A finished call
is followed by the next before its images are looked at, so that the editor need not wait for disks and scores.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gsi_bench_hf.durable import RunWarning
from gsi_bench_hf.editing import Edited, EditFailedError, EditMemoryError, Editor, Task, call_editor
from gsi_bench_hf.lanes import CallerLane, Lanes, ThreadLanes

Batch = tuple[Task, ...]


@dataclass(frozen=True)
class Way:
    """How an editor is called.

    Attributes:
        batch_size: how many images a call takes at most.
        concurrency: how many calls are under way at once.
        in_caller_thread: whether the editor has to be called in the thread that began the run.
        timeout_s: how long one edit may take; a batch so many times as long.
    """

    batch_size: int = 1
    concurrency: int = 1
    in_caller_thread: bool = False
    timeout_s: float = 600.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a task.

    Attributes:
        task: the task.
        result: the edited image, or why there is none.
        seconds: the call's wall time, shared out evenly over its images.
        memory_mb: the call's peak: of the GPU where there is one in use, otherwise of this process so far.
        batch: how many images were edited in that call.
    """

    task: Task
    result: Edited | EditFailedError
    seconds: float | None = None
    memory_mb: dict[str, float] | None = None
    batch: int = 1


def edit_all(editor: Editor, tasks: Iterable[Task], way: Way) -> Iterator[Outcome]:
    """Edit every task; outcomes come as they are ready, for one call at a time in the order of the tasks but for second tries.

    Args:
        editor: see `call_editor`.
        tasks: read as they are needed, one batch ahead of the calls.
        way: how to call it.

    Raises:
        RendererError: when the editor can't render for want of OpenGL.
    """
    lanes: Lanes[Batch] = CallerLane() if way.in_caller_thread else ThreadLanes(way.concurrency)
    batches = _Batches(tasks, way.batch_size)

    def fill() -> None:
        while lanes.free and (batch := batches.take()):
            lanes.start(batch, partial(_measured, editor, batch), way.timeout_s * len(batch))

    try:
        fill()
        while lanes.busy:
            batches.prepare()
            batch, answer = lanes.answer()
            outcomes = list(batches.settle(batch, answer))
            if all(isinstance(outcome.result, Edited) for outcome in outcomes):
                fill()
            yield from outcomes
            fill()
    finally:
        lanes.close()


class _Batches:
    """The tasks as batches: those to be tried again first, then those of the dataset, in order.

    A batch holds the samples of one block of `size` places in the dataset, done ones too where others of it are not: in another
    company arithmetic rounds otherwise, and neither the number of devices nor a pause in the run should change an image at all.
    """

    def __init__(self, tasks: Iterable[Task], size: int) -> None:
        self._size = self._limit = size
        self._fresh = self._blocks(tasks)
        self._waiting: deque[Batch] = deque()

    def _blocks(self, tasks: Iterable[Task]) -> Iterator[Batch]:
        batch: list[Task] = []
        for task in tasks:
            if batch and self._kind(task) != self._kind(batch[0]):
                yield from _unless_done(batch)
                batch = []
            batch.append(task)
            if task.index % self._size == self._size - 1:
                yield from _unless_done(batch)
                batch = []
        yield from _unless_done(batch)

    def _kind(self, task: Task) -> tuple[int, tuple[int, int]]:
        return task.index // self._size, task.sample.source_image.size

    def prepare(self) -> None:
        """Read the next batch, unless one lies ready."""
        if not self._waiting:
            self._waiting.extend([batch] if (batch := next(self._fresh, None)) else [])

    def take(self) -> Batch | None:
        """The next batch; None where none is left for now."""
        self.prepare()
        if not self._waiting:
            return None
        batch = self._waiting.popleft()
        if len(batch) > self._limit:
            self._waiting.appendleft(batch[self._limit :])
        return batch[: self._limit]

    def settle(self, batch: Batch, answer: Any) -> Iterator[Outcome]:
        """The outcomes that a call's answer settles; what is to be tried again is put first in line.

        Raises:
            Exception: an answer that is no sample's failure.
        """
        if isinstance(answer, EditMemoryError):
            _free_memory()
        if isinstance(answer, EditMemoryError) and len(batch) > 1:
            self._limit = min(self._limit, len(batch) // 2)
            warnings.warn(f"out of memory: no more than {self._limit} images at once from here on", RunWarning, 4)
            self._waiting.appendleft(batch)
            return
        if isinstance(answer, EditFailedError):
            outcomes = [Outcome(task, answer, batch=len(batch)) for task in batch]
        elif isinstance(answer, Exception):
            raise answer
        else:
            outcomes = answer
        outcomes = [o for o in outcomes if o.task.wanted]
        second = [o for o in outcomes if isinstance(o.result, EditFailedError) and o.result.again and not o.task.failed]
        self._waiting.extendleft((replace(o.task, failed=str(o.result)),) for o in reversed(second))
        yield from (o for o in outcomes if o not in second)


def _unless_done(batch: list[Task]) -> Iterator[Batch]:
    if any(task.wanted for task in batch):
        yield tuple(batch)


def _measured(editor: Editor, batch: Batch) -> list[Outcome]:
    cuda = _cuda()
    if cuda is not None:
        cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    results = call_editor(editor, batch)
    seconds = round((time.perf_counter() - start) / len(batch), 3)
    if cuda is not None:
        memory = {"gpu": cuda.max_memory_allocated() / 1e6}
    else:
        memory = {"process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if _MAC else 1e3)}
    memory = {name: round(value) for name, value in memory.items()}
    return [Outcome(t, result, seconds, memory, len(batch)) for t, result in zip(batch, results, strict=True)]


_MAC = sys.platform == "darwin"


def _cuda() -> Any:
    """`torch.cuda`, where something on this process's device was used before; nothing is imported for it."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda if cuda is not None and cuda.is_initialized() else None


def _free_memory() -> None:
    gc.collect()
    cuda = _cuda()
    if cuda is not None:
        cuda.empty_cache()
