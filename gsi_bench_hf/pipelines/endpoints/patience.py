"""Trying again: which wait comes before which attempt, and one gate for all threads when a server asks for rest."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TypeVar

from gsi_bench_hf.editing import EditUnavailableError

T = TypeVar("T")


class TransientError(Exception):
    """What another attempt may mend; `retry_after_s` is how long the server asked to wait, None where it did not."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Patience:
    """How long one sample is tried for.

    Attributes:
        attempts: calls at most, 1 for no second one.
        first_wait_s: before the second attempt; each further wait is twice as long, up to a quarter more at random.
        longest_wait_s: what the waits grow to. A server may ask for more.
        total_s: no attempt begins later than this after the first.
    """

    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    total_s: float = 540.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts!r}, expected 1 or more")
        for name in ("first_wait_s", "longest_wait_s", "total_s"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name} is {value!r}, expected a number of seconds above 0")

    def wait_s(self, failures: int, retry_after_s: float | None, jitter: float) -> float:
        """How long to wait after so many failures.

        Args:
            failures: 1 after the first attempt.
            retry_after_s: what the server asked for; it is never undercut.
            jitter: 0..1, keeps many clients from coming back at once.

        >>> [Patience().wait_s(n, None, 0.0) for n in (1, 2, 3, 9)], Patience().wait_s(1, 20.0, 0.0)
        ([1.0, 2.0, 4.0, 60.0], 20.0)
        """
        wait = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (failures - 1)) * (1.0 + jitter / 4.0)
        return max(wait, retry_after_s or 0.0)


class Gate:
    """What the threads of one editor go through before each call: closed for as long as the server asked to wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opens_at = 0.0
        self._stopped = threading.Event()

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long."""
        with self._lock:
            self._opens_at = max(self._opens_at, time.monotonic() + seconds)

    def remaining_s(self) -> float:
        """How long until it opens."""
        with self._lock:
            return max(0.0, self._opens_at - time.monotonic())

    def pause(self, seconds: float) -> None:
        """Wait. Raises EditUnavailableError when the editor is closed meanwhile."""
        if self._stopped.wait(seconds):
            raise EditUnavailableError("the editor was closed while it waited for the endpoint")

    def stop(self) -> None:
        """Wake all who wait, for good."""
        self._stopped.set()


def persist(attempt: Callable[[float], T], patience: Patience, gate: Gate) -> T:
    """The result of `attempt(seconds left)`, tried as often as `patience` allows while it raises TransientError.

    Raises:
        EditUnavailableError: when the last attempt failed too, with what it failed of.
    """
    start = time.monotonic()
    failures, last = 0, "the endpoint asked for rest"
    wait = 0.0
    while True:
        wait = max(wait, gate.remaining_s())
        left = patience.total_s - (time.monotonic() - start) - wait
        if left <= 0:
            raise EditUnavailableError(f"{last} ({_so_far(failures, start)}, the next only after {wait:.0f} s)")
        gate.pause(wait)
        try:
            return attempt(left)
        except TransientError as error:
            failures, last = failures + 1, str(error)
            if failures >= patience.attempts:
                raise EditUnavailableError(f"{last} ({_so_far(failures, start)})") from error
            wait = patience.wait_s(failures, error.retry_after_s, random.random())
            if error.retry_after_s:
                gate.hold(error.retry_after_s)


def _so_far(failures: int, start: float) -> str:
    return f"{failures} attempt{'s' * (failures != 1)} in {time.monotonic() - start:.0f} s"


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The wait that a server asked for: `Retry-After` in seconds or as a date, or `retry-after-ms`; None for none.

    Args:
        headers: with lower-case names.
        now: for a date; the present by default.

    >>> retry_after_s({"retry-after": "2"}), retry_after_s({"retry-after-ms": "1500"}), retry_after_s({"retry-after": "soon"})
    (2.0, 1.5, None)
    """
    seconds = _number(headers.get("retry-after-ms"), 0.001)
    if seconds is None:
        seconds = _number(headers.get("retry-after"), 1.0)
    if seconds is not None or "retry-after" not in headers:
        return seconds
    try:
        date = parsedate_to_datetime(headers["retry-after"])
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - (now or datetime.now(timezone.utc))).total_seconds())


def _number(text: str | None, unit: float) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value * unit if math.isfinite(value) and value >= 0 else None
