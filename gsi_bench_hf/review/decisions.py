"""What a reviewer said of candidates: a file that only ever grows, one JSON line a decision; the last of a candidate counts."""

from __future__ import annotations

import json
import os
import re
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

from gsi_bench_hf.durable import RunFolderWarning, append_synced, clear_errors, lock

Choice = Literal["accept", "edit", "reject"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
REASONS = (
    "the box does not fit the object",
    "it is not clear which object is meant",
    "the object can't be there",
    "the instruction is wrong",
    "blurred, dark or private",
)
"""Why candidates are rejected, for the page's buttons; a reviewer may write another."""
MAX_CHARS = 2_000
_REVIEWER = re.compile(r"\w[\w-]{0,39}")
_FILE = "decisions.{}.jsonl"


class ReviewError(ValueError):
    """A folder can't be reviewed, or something that is no decision; the message says why and how to mend it."""


@dataclass(frozen=True)
class Decision:
    """One reviewer's word on one candidate.

    Attributes:
        id: the candidate's.
        decision: "accept" it as it is, accept it with another wording ("edit"), or "reject" it.
        instruction: the English instruction it shall have, whatever the decision.
        instruction_zh: the Chinese one; None where there is none.
        reason: why it was rejected; may be empty.
        at: when, ISO 8601 in UTC.
        candidate: digest of what was looked at, see `candidates.digest`; None where it was not noted.
        settles: whether it settles other reviewers' conflict, and is no independent judgement.
    """

    id: str
    decision: Choice
    instruction: str
    instruction_zh: str | None = None
    reason: str = ""
    at: str = ""
    candidate: str | None = None
    settles: bool = False

    @property
    def keeps(self) -> bool:
        """Whether the candidate shall be kept, in whatever words."""
        return self.decision != "reject"

    @property
    def wording(self) -> tuple[str, str | None]:
        """The instruction in both languages."""
        return self.instruction, self.instruction_zh


def decide(candidate: Mapping[str, Any], answer: Any, *, settles: bool = False) -> Decision:
    """The decision that an answer of the page is.

    Args:
        candidate: `id`, `instruction`, `instruction_zh` and `digest` of what was looked at.
        answer: parsed JSON of anyone's making: `decision`, and `instruction`, `instruction_zh`, `reason` where they matter.
        settles: whether it settles a conflict.

    Returns:
        An "edit" that leaves the words as they were is an "accept".

    Raises:
        ReviewError: it is none.
    """
    if not isinstance(answer, Mapping) or answer.get("decision") not in CHOICES:
        got = answer.get("decision") if isinstance(answer, Mapping) else type(answer).__name__
        raise ReviewError(f"decision is {got!r}, expected one of {', '.join(CHOICES)}")
    choice: Choice = answer["decision"]
    before = (str(candidate["instruction"]), candidate["instruction_zh"] or None)
    wording = before
    if choice == "edit":
        wording = (_line(answer, "instruction"), _line(answer, "instruction_zh") or None)
        if not wording[0]:
            raise ReviewError("the instruction is empty, expected the words that the candidate shall have")
        choice = "accept" if wording == before else "edit"
    reason = _line(answer, "reason") if choice == "reject" else ""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return Decision(str(candidate["id"]), choice, *wording, reason, now, candidate["digest"], settles)


def _line(answer: Mapping[str, Any], name: str) -> str:
    """A text of an answer on one line, without characters that don't print."""
    value = answer.get(name)
    if value is not None and not isinstance(value, str):
        raise ReviewError(f"{name} is {type(value).__name__}, expected text")
    # Halves of surrogates can't be written; directions of writing and what has no width have no place in an instruction.
    kept = "".join(c for c in value or "" if unicodedata.category(c) not in ("Cf", "Cs"))
    line = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in kept).split())
    if len(line) > MAX_CHARS:
        raise ReviewError(f"{name} has {len(line)} characters, expected at most {MAX_CHARS}")
    return line


def decision_file(folder: Path, reviewer: str) -> Path:
    """Where a reviewer's decisions lie.

    Raises:
        ReviewError: a name that can't be part of a file's.
    """
    if not _REVIEWER.fullmatch(reviewer):
        raise ReviewError(
            f"reviewer is {reviewer!r}, expected 1 to 40 letters, digits, '-' or '_'; give a name with --reviewer"
        )
    return folder / _FILE.format(reviewer)


def reviewers(folder: Path) -> tuple[str, ...]:
    """Who has decided something in a folder, by name."""
    start, end = _FILE.split("{}")
    names = (path.name.removeprefix(start).removesuffix(end) for path in folder.glob(_FILE.format("*")))
    return tuple(sorted(name for name in names if _REVIEWER.fullmatch(name)))


def read_decisions(path: Path) -> list[Decision]:
    """The decisions of a file, oldest first. Lines that can't be read are left out, with a warning."""
    if not path.exists():
        return []
    with clear_errors(path):
        lines = path.read_bytes().split(b"\n")
    parsed = [_parse(line) for line in lines if line.strip()]
    if garbled := parsed.count(None):
        warnings.warn(
            f"{path}: {garbled} line{'s' * (garbled > 1)} can't be read and {'are' if garbled > 1 else 'is'} ignored; "
            "a candidate without another line is still to be decided",
            RunFolderWarning,
            stacklevel=2,
        )
    return [decision for decision in parsed if decision is not None]


def latest(decisions: list[Decision], *, settles: bool) -> dict[str, Decision]:
    """The decision that counts for every candidate, of those that settle a conflict or of those that don't."""
    return {decision.id: decision for decision in decisions if decision.settles == settles}


def _parse(line: bytes) -> Decision | None:
    try:
        record = json.loads(line)
        known = {name: record[name] for name in Decision.__dataclass_fields__ if name in record}
        decision = Decision(**known)
    except (ValueError, TypeError):
        return None
    texts = (decision.id, decision.instruction, decision.reason, decision.at)
    fine = decision.decision in CHOICES and all(isinstance(text, str) for text in texts)
    return decision if fine and isinstance(decision.instruction_zh, (str, type(None))) else None


class Log:
    """A reviewer's file, opened to add to it; nobody else can while it is open. Use it as a context manager.

    Args:
        folder: with the candidates.
        reviewer: whose it is.

    Raises:
        ReviewError: a name that can't be part of a file's.
        RunFolderError: another process has it open, or it can't be written.
    """

    def __init__(self, folder: Path, reviewer: str) -> None:
        self.path = decision_file(folder, reviewer)
        self._lock = lock(folder / f".review.{reviewer}.lock", otherwise="give another --reviewer")
        try:
            self._mend()
            self._decisions = read_decisions(self.path)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def latest(self, *, settles: bool) -> dict[str, Decision]:
        """See `latest`."""
        return latest(self._decisions, settles=settles)

    def add(self, decision: Decision) -> None:
        """Write a decision down: when this returns it is on the disk.

        Raises:
            RunFolderError: it could not be written, and is not there.
        """
        record = asdict(decision)
        if not decision.settles:
            del record["settles"]
        append_synced(self.path, json.dumps(record, ensure_ascii=False).encode() + b"\n")
        self._decisions.append(decision)

    def _mend(self) -> None:
        """Remove a last line that a crash cut short; end one that is whole but for its line end."""
        if not self.path.exists():
            return
        with clear_errors(self.path), self.path.open("rb+") as file:
            content = file.read()
            whole = content.rfind(b"\n") + 1
            rest = content[whole:]
            if not rest:
                return
            if _parse(rest) is not None:
                file.write(b"\n")
            else:
                _warn_cut(self.path, len(rest))
                file.truncate(whole)
            file.flush()
            os.fsync(file.fileno())


def _warn_cut(path: Path, count: int) -> None:
    warnings.warn(
        f"{path}: the last line was cut short ({count} bytes); it is removed and its candidate is to be decided again",
        RunFolderWarning,
        stacklevel=5,
    )
