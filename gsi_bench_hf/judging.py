"""Judges that are asked while others wait: they stay in the run's own process and begin before the scoring does.

Such a judge has `ahead(sample, edited)`, which gives a future of its judgement, and `concurrency`, how many of them it works at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any

from PIL import Image

from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.types import Judge, Judgement, JudgeStoppedError, Sample, Scan

Score = Callable[[Mapping[str, Any], Image.Image, Judgement], Future[Any]]
Failed = Callable[[Exception], Any]
_EVERY_SAMPLES = (JudgeStoppedError, RunFolderError, ImportError, MemoryError)
"""What is not one sample's failure."""


class Elsewhere:
    """Stands for a judge that is asked in another process."""

    def judge(self, sample: Sample, edited: Image.Image, scan: Scan) -> Judgement:
        """Nothing to say here."""
        return Judgement(None, "the judge is asked in the run's own process")


class Ahead:
    """Has images judged, and then scored.

    Args:
        judge: with `ahead` and `concurrency`.
        score: begins to score an image with its judgement.
        failed: the assessment of an image that the judge broke over.
        in_caller: whether scoring has to happen in the thread that waits for it.
    """

    def __init__(self, judge: Any, score: Score, failed: Failed, *, in_caller: bool) -> None:
        self.concurrency = max(1, int(getattr(judge, "concurrency", 1)))
        self._judge, self._score, self._failed, self._in_caller = judge, score, failed, in_caller
        self._open: set[Future[Any]] = set()
        self._lock = threading.Lock()

    def submit(self, row: Mapping[str, Any], edited: Image.Image) -> Future[Any]:
        """The future of the assessment."""
        judged: Future[Judgement] = self._judge.ahead(Sample(row), edited)
        with self._lock:
            self._open.add(judged)
        judged.add_done_callback(self._forget)

        def go_on(done: Future[Judgement]) -> Future[Any]:
            try:
                judgement = done.result()
            except _EVERY_SAMPLES:
                raise
            except Exception as error:  # noqa: BLE001 - a judge's bug costs this sample, not the run
                failed: Future[Any] = Future()
                failed.set_result(self._failed(error))
                return failed
            return self._score(row, edited, judgement)

        return (_Later if self._in_caller else _chained)(judged, go_on)

    def close(self) -> None:
        """Ask nothing more of what was not begun."""
        with self._lock:
            waiting = list(self._open)
        for judged in waiting:
            judged.cancel()

    def _forget(self, judged: Future[Any]) -> None:
        with self._lock:
            self._open.discard(judged)


def is_ahead(judge: str | Judge) -> bool:
    """Whether a judge can be asked while others wait."""
    return callable(getattr(judge, "ahead", None))


class _Later(Future[Any]):
    """Done as soon as it is judged; scored by whoever asks for the result."""

    def __init__(self, judged: Future[Judgement], go_on: Callable[[Future[Judgement]], Future[Any]]) -> None:
        super().__init__()
        self._judged, self._go_on = judged, go_on

    def done(self) -> bool:
        return self._judged.done()

    def result(self, timeout: float | None = None) -> Any:
        wait([self._judged], timeout)
        return self._go_on(self._judged).result(timeout)


def _chained(judged: Future[Judgement], go_on: Callable[[Future[Judgement]], Future[Any]]) -> Future[Any]:
    """The future of what is begun when it is judged."""
    outcome: Future[Any] = Future()

    def take(scored: Future[Any]) -> None:
        try:
            outcome.set_result(scored.result())
        except BaseException as error:  # noqa: BLE001 - raised again by outcome.result()
            outcome.set_exception(error)

    def begin(done: Future[Judgement]) -> None:
        try:
            go_on(done).add_done_callback(take)
        except BaseException as error:  # noqa: BLE001 - raised again by outcome.result()
            outcome.set_exception(error)

    judged.add_done_callback(begin)
    return outcome
