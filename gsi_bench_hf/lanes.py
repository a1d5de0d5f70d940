"""Calls that may hang, one or several at once: each has a limit, and nobody waits longer than that for it."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Generic, Protocol, TypeVar

from gsi_bench_hf.editing import EditTimeoutError

K = TypeVar("K")
Call = Callable[[], Any]
Answers = queue.SimpleQueue[tuple[int, Any]]


class Lanes(Protocol[K]):
    """Where calls are done. Each has a key, by which its answer is known."""

    @property
    def free(self) -> bool:
        """Whether one more call may be started."""
        ...

    @property
    def busy(self) -> bool:
        """Whether there are calls that were started and not yet answered."""
        ...

    def start(self, key: K, call: Call, timeout_s: float) -> None:
        """Begin a call."""
        ...

    def answer(self) -> tuple[K, Any]:
        """Wait for the next call that ends: its key, and its result or the `Exception` it raised, `EditTimeoutError` when late."""
        ...

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        ...


class ThreadLanes(Generic[K]):
    """A thread a lane, since native code can't be interrupted: one that is late is left behind, and a new one takes its place.

    Args:
        count: how many calls at once.
    """

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._idle: list[queue.SimpleQueue[Any]] = []
        self._at_work: dict[int, tuple[K, float, float, queue.SimpleQueue[Any]]] = {}
        self._answers: Answers = queue.SimpleQueue()
        self._started = 0

    @property
    def free(self) -> bool:
        """See `Lanes`."""
        return len(self._at_work) < self._count

    @property
    def busy(self) -> bool:
        """See `Lanes`."""
        return bool(self._at_work)

    def start(self, key: K, call: Call, timeout_s: float) -> None:
        """See `Lanes`."""
        lane = self._idle.pop() if self._idle else self._new_lane()
        self._started += 1
        self._at_work[self._started] = (key, timeout_s, time.monotonic() + timeout_s, lane)
        lane.put((self._started, call))

    def answer(self) -> tuple[K, Any]:
        """See `Lanes`."""
        while True:
            first_due, number = min((due, number) for number, (_, _, due, _) in self._at_work.items())
            try:
                answered, result = self._answers.get(timeout=max(0.0, first_due - time.monotonic()))
            except queue.Empty:
                key, timeout_s, _, lane = self._at_work.pop(number)
                lane.put(None)
                return key, _late(timeout_s)
            if answered in self._at_work:  # and not one that was given up
                key, _, _, lane = self._at_work.pop(answered)
                self._idle.append(lane)
                if isinstance(result, BaseException) and not isinstance(result, Exception):
                    raise result
                return key, result

    def close(self) -> None:
        """See `Lanes`."""
        for lane in (*self._idle, *(lane for _, _, _, lane in self._at_work.values())):
            lane.put(None)
        self._idle, self._at_work = [], {}

    def _new_lane(self) -> queue.SimpleQueue[Any]:
        lane: queue.SimpleQueue[Any] = queue.SimpleQueue()
        arguments = (lane, self._answers, _same_device())
        threading.Thread(target=_serve, args=arguments, name="gsi-bench-editor", daemon=True).start()
        return lane


class CallerLane(Generic[K]):
    """Calls run in the thread that waits for them: a graphics context belongs to the thread that made it.

    A timer interrupts Python code that is late (in the main thread only: elsewhere Python has no timers).
    """

    def __init__(self) -> None:
        self._next: tuple[K, Call, float] | None = None

    @property
    def free(self) -> bool:
        """See `Lanes`."""
        return self._next is None

    @property
    def busy(self) -> bool:
        """See `Lanes`."""
        return self._next is not None

    def start(self, key: K, call: Call, timeout_s: float) -> None:
        """See `Lanes`."""
        self._next = (key, call, timeout_s)

    def answer(self) -> tuple[K, Any]:
        """See `Lanes`."""
        assert self._next is not None
        (key, call, timeout_s), self._next = self._next, None
        try:
            return key, _interrupted(call, timeout_s)
        except Exception as error:  # noqa: BLE001 - handed over as an answer, as a thread does it
            return key, error

    def close(self) -> None:
        """See `Lanes`."""


def _interrupted(call: Call, timeout_s: float) -> Any:
    if threading.current_thread() is not threading.main_thread():
        return call()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _late(timeout_s)

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        return call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _late(timeout_s: float) -> EditTimeoutError:
    return EditTimeoutError(f"the editor was not done after {timeout_s:g} s")


def _serve(lane: queue.SimpleQueue[Any], answers: Answers, prepare: Callable[[], None]) -> None:
    prepare()
    while (item := lane.get()) is not None:
        number, call = item
        try:
            answers.put((number, call()))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            answers.put((number, error))
        item = call = None  # what it holds on to, a batch of images perhaps, is not needed while waiting


def _same_device() -> Callable[[], None]:
    """Gives another thread this thread's CUDA device, which would be device 0 there."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)  # a torch that another thread is importing has none yet
    if cuda is None or not cuda.is_initialized():
        return lambda: None
    device = cuda.current_device()
    return lambda: cuda.set_device(device)
