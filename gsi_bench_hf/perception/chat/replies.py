"""Every reply as it came, one synced line of JSON each: what was paid for is kept, and nobody is asked the same thing twice."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gsi_bench_hf.durable import append_synced, clear_errors
from gsi_bench_hf.types import JudgeStoppedError

REPLIES_FILE = "replies.jsonl"
CAME = ("reply", "refused")
"""Outcomes that stand: the question has been answered, if only by a refusal. "failed" and "late" may be tried again."""


class Replies:
    """The calls that a judge made, in a folder, or in memory only.

    Args:
        max_calls: how many there may be in all, failed ones included; None for no limit.

    Attributes:
        calls: how many there were, those of earlier starts included.
    """

    def __init__(self, max_calls: int | None = None) -> None:
        if max_calls is not None and max_calls < 1:
            raise ValueError(f"max_calls is {max_calls!r}, expected 1 or more, or None for no limit")
        self.max_calls = max_calls
        self._lock = threading.RLock()
        self._folder: Path | None = None
        self._file: Path | None = None
        self._forget()

    def _forget(self) -> None:
        self._by_key: dict[str, Mapping[str, Any]] = {}
        self._usage: Counter[str] = Counter()
        self.calls, self._read = 0, False

    def keep_in(self, folder: str | os.PathLike[str], part: int = 0) -> None:
        """Keep replies in this folder from now on, and know those that lie there.

        Args:
            folder: where; it is made when there is a first reply.
            part: which of several processes that share the folder this is.
        """
        with self._lock:
            self._folder = Path(folder)
            self._file = self._folder / (REPLIES_FILE if part == 0 else f"replies.part{part}.jsonl")
            self._forget()

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The line of a question that was answered."""
        with self._lock:
            self._load()
            return self._by_key.get(key)

    def begin(self) -> None:
        """Count a call that is about to be made. Raises JudgeStoppedError where it would be one too many."""
        with self._lock:
            self._load()
            if self.max_calls is not None and self.calls >= self.max_calls:
                where = f", those in {self._folder} included" if self._folder else ""
                raise JudgeStoppedError(
                    f"the judge has made {self.calls} calls, as many as max_calls allows{where}; every reply is kept: give it "
                    "a larger --max-calls and run the same command again"
                )
            self.calls += 1

    def keep(self, key: str, outcome: str, **said: Any) -> Mapping[str, Any]:
        """Keep what came of a call; when this returns, it is on the disk.

        Args:
            key: of the question.
            outcome: "reply", "refused", "failed" or "late".
            said: more for the line; "usage" is summed up.
        """
        line = {"key": key, "outcome": outcome, "at": datetime.now(timezone.utc).isoformat(timespec="seconds"), **said}
        with self._lock:
            self._load()
            if self._file is not None:
                with clear_errors(self._file):
                    self._file.parent.mkdir(parents=True, exist_ok=True)
                append_synced(self._file, json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            self._take(line)
        return line

    @property
    def answered(self) -> int:
        """How many questions have been answered."""
        with self._lock:
            self._load()
            return len(self._by_key)

    def usage(self) -> dict[str, int]:
        """Tokens "in" and "out" of all replies, as far as they say."""
        with self._lock:
            self._load()
            return {"in": self._usage["prompt_tokens"], "out": self._usage["completion_tokens"]}

    def _load(self) -> None:
        if self._read:
            return
        self._read = True
        for path in sorted(self._folder.glob("replies*.jsonl")) if self._folder is not None else ():
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if path == self._file and whole < len(content):
                with path.open("rb+") as file:  # a line that a crash cut short: its question is asked again
                    file.truncate(whole)
            for text in content[:whole].split(b"\n")[:-1]:
                self.calls += 1
                if (line := _parse(text)) is not None:
                    self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        if line["outcome"] in CAME:
            self._by_key[str(line["key"])] = line
        for name, count in (line.get("usage") or {}).items():
            if isinstance(count, int):
                self._usage[name] += count


def _parse(text: bytes) -> Mapping[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and line.keys() >= {"key", "outcome"} else None
