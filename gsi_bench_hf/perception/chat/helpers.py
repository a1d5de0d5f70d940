"""Threads that wait for answers while the caller goes on. None of them keeps a process from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Helpers:
    """Up to `count` daemon threads, begun as they are needed."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._begun = self._at_work = 0

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """The future of a call."""
        future: Future[T] = Future()
        with self._lock:
            self._at_work += 1
            if self._begun < min(self._count, self._at_work):
                self._begun += 1
                threading.Thread(target=self._serve, name="gsi-bench-judge", daemon=True).start()
        self._calls.put((future, call))
        return future

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        with self._lock:
            for _ in range(self._begun):
                self._calls.put(None)
            self._begun = 0

    def _serve(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            if future.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as error:  # noqa: BLE001 - handed to whoever waits, who raises it
                    future.set_exception(error)
                else:
                    future.set_result(result)
            with self._lock:
                self._at_work -= 1
            item = future = call = result = None  # type: ignore[assignment]  # images need not wait with the thread
