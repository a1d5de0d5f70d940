"""One reviewer at one folder: what there is to decide, what was decided, and writing down the next decision."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Any

from gsi_bench_hf.review.candidates import Candidates
from gsi_bench_hf.review.decisions import REASONS, Decision, Log, ReviewError, decide
from gsi_bench_hf.review.look import Look, look
from gsi_bench_hf.review.merging import merge, read_all

_LOOKS = 6
"""Candidates kept ready: the page asks for the next one while one is looked at."""


class Session:
    """Everything that the page asks for; safe to use from several threads. Use it as a context manager, for its lock.

    Args:
        folder: with the candidates.
        reviewer: who decides.
        settle: show only what others don't agree on, with what they said, and note the decisions as settlements.

    Raises:
        ReviewError: no candidates, a name that can't be a file's, or nothing to settle.
        RunFolderError: the same reviewer is at it in another process.
    """

    def __init__(self, folder: Path, reviewer: str, *, settle: bool = False) -> None:
        self.folder, self.reviewer, self.settle = folder, reviewer, settle
        self._candidates = Candidates(folder)
        self._numbers = {brief.id: n for n, brief in enumerate(self._candidates.briefs)}
        self._votes = self._conflicts() if settle else {}
        self._writing, self._looking = threading.Lock(), threading.Lock()
        self._looks: OrderedDict[int, Look] = OrderedDict()
        self._ended = False
        self._log = Log(folder, reviewer)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A thread of the server that is still in Arrow's or OpenCV's code when the interpreter ends would abort the process.
        with self._looking:
            self._ended = True
        self._log.__exit__(kind, error, trace)

    def state(self) -> dict[str, Any]:
        """All there is to decide, and what was decided of it."""
        mine = self._mine()
        return {
            "reviewer": self.reviewer,
            "folder": self.folder.name,
            "settle": self.settle,
            "reasons": REASONS,
            "items": [
                {"n": n, "id": brief.id, "decision": mine[brief.id].decision if brief.id in mine else None}
                for n, brief in enumerate(self._candidates.briefs)
                if not self.settle or brief.id in self._votes
            ],
        }

    def card(self, number: int) -> dict[str, Any]:
        """What to show of a candidate, and what was decided of it.

        Raises:
            IndexError: there is no such candidate.
        """
        shown = self._look(number).card
        mine = self._mine().get(shown["id"])
        votes = [{"reviewer": name, **_said(vote)} for name, vote in self._votes.get(shown["id"], {}).items()]
        return {**shown, "n": number, "mine": None if mine is None else _said(mine), "votes": votes}

    def picture(self, number: int, name: str) -> tuple[bytes, str]:
        """A view's picture and its media type.

        Raises:
            IndexError: there is no such candidate.
            KeyError: it has no such view.
        """
        return self._look(number).pictures[name]

    def decide(self, answer: Any) -> dict[str, Any]:
        """Write down what the page answers; when this returns it is on the disk.

        Raises:
            ReviewError: it is no decision on a candidate.
            RunFolderError: it could not be written.
        """
        name = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(name, str) or name not in self._numbers:
            raise ReviewError(f"id is {name!r}, expected that of a candidate in {self.folder}")
        brief = self._candidates.briefs[self._numbers[name]]
        decision = decide(vars(brief), answer, settles=self.settle)
        with self._writing:
            self._log.add(decision)
        return {"id": name, **_said(decision)}

    def _mine(self) -> dict[str, Decision]:
        """The reviewer's own decisions on what the candidates are now."""
        with self._writing:
            decisions = self._log.latest(settles=self.settle)
        digests = {brief.id: brief.digest for brief in self._candidates.briefs}
        return {name: d for name, d in decisions.items() if name in digests and d.candidate in (None, digests[name])}

    def _look(self, number: int) -> Look:
        with self._looking:
            if self._ended:
                raise ReviewError("this review has ended; run the same command again to go on")
            if number not in self._looks:
                self._looks[number] = look(self._candidates.row(number))
            self._looks.move_to_end(number)
            while len(self._looks) > _LOOKS:
                self._looks.popitem(last=False)
            return self._looks[number]

    def _conflicts(self) -> dict[str, dict[str, Decision]]:
        """What reviewers said, by reviewer, of each candidate that they don't agree on, whether somebody settled it or not."""
        unsettled = {
            name: [decision for decision in given if not decision.settles]
            for name, given in read_all(self.folder).items()
        }
        found = merge(self._candidates.briefs, unsettled)
        if not found.conflicts:
            raise ReviewError(f"{self.folder} has no conflict to settle:\n{found}")
        return {conflict.id: dict(conflict.decisions) for conflict in found.conflicts}


def _said(decision: Decision) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in ("decision", "instruction", "instruction_zh", "reason")}
