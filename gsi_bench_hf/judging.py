"""Judges that are asked while others wait: they stay in the run's own process and begin before the scoring does.

Such a judge has `ahead(sample, edited)`, which gives a future of its judgement, and `concurrency`, how many of them it works at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from PIL import Image

from gsi_bench_hf.types import Judge, Judgement, Sample, Scan

Score = Callable[[Mapping[str, Any], Image.Image, Judgement], Future[Any]]


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
        in_caller: whether that has to happen in the thread that waits for it.
    """

    def __init__(self, judge: Any, score: Score, *, in_caller: bool) -> None:
        self.concurrency = max(1, int(getattr(judge, "concurrency", 1)))
        self._judge, self._score, self._in_caller = judge, score, in_caller
        self._open: set[Future[Any]] = set()
        self._lock = threading.Lock()

    def submit(self, row: Mapping[str, Any], edited: Image.Image) -> Future[Any]:
        """The future of the assessment."""
        judged: Future[Judgement] = self._judge.ahead(Sample(row), edited)
        with self._lock:
            self._open.add(judged)
        judged.add_done_callback(self._forget)
        if self._in_caller:
            return _Later(judged, lambda judgement: self._score(row, edited, judgement))
        return _chained(judged, lambda judgement: self._score(row, edited, judgement))

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

    def __init__(self, judged: Future[Judgement], score: Callable[[Judgement], Future[Any]]) -> None:
        super().__init__()
        self._judged, self._score = judged, score

    def done(self) -> bool:
        return self._judged.done()

    def result(self, timeout: float | None = None) -> Any:
        return self._score(self._judged.result(timeout)).result(timeout)


def _chained(judged: Future[Judgement], score: Callable[[Judgement], Future[Any]]) -> Future[Any]:
    """The future of what is begun when it is judged."""
    outcome: Future[Any] = Future()

    def take(scored: Future[Any]) -> None:
        try:
            outcome.set_result(scored.result())
        except BaseException as error:  # noqa: BLE001 - raised again by outcome.result()
            outcome.set_exception(error)

    def go_on(done: Future[Judgement]) -> None:
        try:
            score(done.result()).add_done_callback(take)
        except BaseException as error:  # noqa: BLE001 - raised again by outcome.result()
            outcome.set_exception(error)

    judged.add_done_callback(go_on)
    return outcome
