"""Detect, judge and score one edited image: in this process, or in a pool of processes that each have their own detector."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from PIL import Image

from gsi_bench_hf.editing import describe
from gsi_bench_hf.judging import Ahead, Elsewhere, is_ahead
from gsi_bench_hf.metrics.lpips import PUBLISHED
from gsi_bench_hf.seen import seen
from gsi_bench_hf.synth.render import RendererError
from gsi_bench_hf.types import (
    Detector,
    Judge,
    Judgement,
    JudgeStoppedError,
    Protocol_,
    Sample,
    UnscorableError,
)

SCORES = ("instruction_compliance", "spatial_accuracy", "appearance_consistency", "edit_locality")


@dataclass(frozen=True)
class Tools:
    """What scores a run: names are loaded where the scoring happens, objects are used as they are.

    Attributes:
        detector, judge: a registered name or an object.
        protocol: which scores.
        lpips: the LPIPS backbone: "published", a file, or None for locality by SSIM alone.
    """

    detector: str | Detector
    judge: str | Judge
    protocol: Protocol_
    lpips: str | None = None


class ToolsError(ValueError):
    """A detector or a judge can't be used so; the message says why."""


class Assessor:
    """The loaded tools of one process."""

    def __init__(self, tools: Tools) -> None:
        from gsi_bench_hf import perception

        self._protocol = tools.protocol
        detector, judge = tools.detector, tools.judge
        self._detector: Detector = perception.load_detector(detector) if isinstance(detector, str) else detector
        self._judge: Judge = perception.load_judge(judge) if isinstance(judge, str) else judge
        self._lpips: Any = None
        if tools.lpips is not None:
            from gsi_bench_hf.metrics.lpips import load_lpips

            self._lpips = load_lpips(None if tools.lpips == PUBLISHED else tools.lpips)

    def assess(self, row: Mapping[str, Any], edited: Image.Image, judged: Judgement | None = None) -> dict[str, Any]:
        """The part of a sample's line that says how the edited image did: status, scores, what was found.

        Whatever goes wrong in here is this sample's failure; a missing package or OpenGL is not, since it would be every one's.

        Args:
            row: the record.
            edited: the edited image.
            judged: what the judge said of it, where it was asked before.
        """
        from gsi_bench_hf.metrics.detector_noise import score_looks
        from gsi_bench_hf.metrics.scoring import score_sample

        sample, seconds = Sample(row), _Clock()
        try:
            with seconds("detect"):
                scan = self._detector.detect(sample, edited)
            with seconds("judge"):
                judgement = judged or self._judge.judge(sample, edited, scan)
            with seconds("score"):
                score = score_sample(sample, edited, scan, judgement, protocol=self._protocol, lpips=self._lpips)
                looks = score_looks(sample, scan) if self._protocol == "strict" else []
        except UnscorableError as error:
            return failure(seconds.current, f"can't be scored: {error}") | {"seconds": seconds.spent}
        except (ImportError, MemoryError, RendererError, JudgeStoppedError):
            raise
        except Exception as error:  # noqa: BLE001 - a detector's or judge's bug costs this sample, not the run
            return failure(seconds.current, f"{seconds.current} raised {describe(error)}{_place(error)}") | {
                "seconds": seconds.spent
            }
        return {
            "status": "ok" if score.scorable else "failed",
            "stage": None if score.scorable else "score",
            "reason": score.reason,
            "scores": {name: getattr(score, name) for name in SCORES},
            "details": {**score.details, **_spread(score.spatial_accuracy, looks)},
            "judgement": _judgement(judgement),
            **seen(sample, scan, self._protocol),
            **({"looks": looks} if looks else {}),
            "seconds": seconds.spent,
        }


def _place(error: BaseException) -> str:
    """Where an error came from, for a bug report: " (pose.py:12)"."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


def failure(stage: str, reason: str) -> dict[str, Any]:
    """The part of a sample's line that says why it has no scores."""
    return {"status": "failed", "stage": stage, "reason": reason, "scores": dict.fromkeys(SCORES), "details": {}}


def _judge_failed(error: Exception) -> dict[str, Any]:
    return failure("judge", f"judge raised {describe(error)}{_place(error)}") | {"seconds": {}}


def _judgement(judgement: Judgement) -> dict[str, Any]:
    more = {"kind": judgement.kind, "scores": list(judgement.scores)}
    return {"score": judgement.score, "reason": judgement.reason, **{k: v for k, v in more.items() if v}}


def _spread(accuracy: float, looks: list[dict[str, Any]]) -> dict[str, Any]:
    from gsi_bench_hf.metrics.detector_noise import spread

    return {"detector_spread": spread(accuracy, looks)} if looks else {}


class _Clock:
    """Seconds spent, by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.current = ""

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        self.current = stage
        start = time.perf_counter()
        try:
            yield
        finally:
            self.spent[stage] = round(time.perf_counter() - start, 3)


class _Inline(Executor):
    """An executor that does the work at once, in the calling thread, where the graphics context is."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - raised again by Future.result()
            future.set_exception(error)
        return future


class Pool:
    """Scores samples with `num_proc` processes; 1 means in this one.

    Raises:
        ToolsError: a detector or judge can't be sent to other processes.
        Exception: what the tools raise when they are loaded, before any sample is edited.
    """

    def __init__(self, tools: Tools, num_proc: int) -> None:
        self.num_proc = num_proc
        self._executor: Executor
        self._ahead: Ahead | None = None
        if is_ahead(tools.judge):
            self._ahead = Ahead(tools.judge, self._score, _judge_failed, in_caller=num_proc == 1)
            tools = replace(tools, judge=Elsewhere())
        if num_proc == 1:
            self._assess: Callable[..., Any] = Assessor(tools).assess
            self._executor = _Inline()
            return
        _check_portable(tools)
        self._assess = _assess_in_worker
        self._executor = ProcessPoolExecutor(
            num_proc, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(tools,)
        )
        with _one_thread_each():
            checks = [self._executor.submit(_check_worker) for _ in range(num_proc)]
        try:
            for check in checks:
                check.result()
        except BaseException:
            self.close()
            raise

    def submit(self, row: Mapping[str, Any], edited: Image.Image) -> Future[Any]:
        """The future of `Assessor.assess(row, edited)`."""
        if self._ahead is not None:
            return self._ahead.submit(row, edited)
        return self._executor.submit(self._assess, row, edited)

    @property
    def depth(self) -> int:
        """How many images are worth having at work at once."""
        return 2 * max(self.num_proc, 0 if self._ahead is None else self._ahead.concurrency)

    def _score(self, row: Mapping[str, Any], edited: Image.Image, judged: Judgement) -> Future[Any]:
        return self._executor.submit(self._assess, row, edited, judged)

    def close(self) -> None:
        """Let the processes end, without what was not begun."""
        if self._ahead is not None:
            self._ahead.close()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_portable(tools: Tools) -> None:
    for name in ("detector", "judge"):
        try:
            pickle.dumps(getattr(tools, name))
        except Exception as error:
            raise ToolsError(
                f"the {name} can't be sent to other processes ({describe(error)}); give its registered name, or num_proc=1"
            ) from error


_WORKER: list[Assessor | BaseException] = []


def _start_worker(tools: Tools) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what to do
    end_with_parent()
    try:
        _WORKER.append(Assessor(tools))
    except Exception as error:  # noqa: BLE001 - an initializer that raises only says "broken pool"; the check says why
        _WORKER.append(error)


def end_with_parent() -> None:
    """Let this process of a pool end when its parent is killed: nothing else would wake it from waiting for work."""
    threading.Thread(target=_end_with_parent, name="gsi-bench-watch", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _check_worker() -> None:
    if isinstance(_WORKER[0], BaseException):
        raise _WORKER[0]


def _assess_in_worker(row: Mapping[str, Any], edited: Image.Image, judged: Judgement | None = None) -> dict[str, Any]:
    _check_worker()
    assessor = _WORKER[0]
    assert isinstance(assessor, Assessor)
    return assessor.assess(row, edited, judged)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started in here use one thread each for linear algebra: as many as cores would only get in each other's way."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: "1" for name in names if before[name] is None})
    try:
        yield
    finally:
        for name in names:
            if before[name] is None:
                os.environ.pop(name, None)
