"""The decisions of all reviewers of a folder as one: what is accepted in which words, what is in conflict, how well they agree."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gsi_bench_hf.durable import plain
from gsi_bench_hf.metrics.agreement import alpha_interval
from gsi_bench_hf.metrics.uncertainty import Interval
from gsi_bench_hf.review.candidates import Brief, Candidates
from gsi_bench_hf.review.decisions import (
    CHOICES,
    Decision,
    ReviewError,
    decision_file,
    latest,
    read_decisions,
    reviewers,
)


@dataclass(frozen=True)
class Wording:
    """A candidate's final instruction, English and Chinese (None where there is none)."""

    instruction: str
    instruction_zh: str | None


@dataclass(frozen=True)
class Conflict:
    """A candidate that its reviewers don't agree on.

    Attributes:
        id: the candidate's.
        about: whether to "keep" it, or only its "wording".
        decisions: by reviewer.
    """

    id: str
    about: Literal["keep", "wording"]
    decisions: Mapping[str, Decision]


@dataclass(frozen=True)
class Agreement:
    """How far reviewers agree, judging independently, on candidates that two or more of them decided.

    Attributes:
        items: how many those are.
        same: on how many of them all agree whether to keep; `same / items` is the plain share.
        keep: Krippendorff's alpha (nominal) of keeping against rejecting, with its 95 % interval over scenes; NaN where nothing can
            be said: no such candidate, or all of them kept, or all rejected.
        choice: the same of accept, edit and reject.
    """

    items: int
    same: int
    keep: Interval
    choice: Interval


@dataclass(frozen=True)
class Merged:
    """All decisions of a folder as one; ids in the order of the candidates.

    Attributes:
        accepted: the final words of every candidate that is kept.
        rejected: the reasons for every candidate that is not.
        conflicts: what is neither, as its reviewers don't agree and nobody has settled it.
        undecided: what too few have decided.
        settled: how many conflicts somebody has settled.
        stale: how many decisions are of candidates that are gone or were made anew since; they don't count.
        counts: by reviewer, how many candidates they accepted, edited and rejected.
        agreement: how far the reviewers agree.
    """

    accepted: Mapping[str, Wording]
    rejected: Mapping[str, tuple[str, ...]]
    conflicts: tuple[Conflict, ...]
    undecided: tuple[str, ...]
    settled: int
    stale: int
    counts: Mapping[str, Mapping[str, int]]
    agreement: Agreement

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; what is not known is None."""
        found: dict[str, Any] = plain(asdict(self))
        return found

    def __str__(self) -> str:
        lines = [f"{name}: {_counted(counts)}" for name, counts in self.counts.items()]
        left = f", {len(self.undecided)} to be decided" if self.undecided else ""
        lines.append(
            f"together: {len(self.accepted)} accepted, {len(self.rejected)} rejected, {len(self.conflicts)} in conflict{left}"
        )
        if self.agreement.items:
            lines.append(_in_words(self.agreement))
        if self.stale:
            lines.append(f"{self.stale} decision(s) of candidates that are gone or were made anew since don't count")
        return "\n".join(lines)


def merged(folder: str | os.PathLike[str], *, needed: int = 1) -> Merged:
    """The decisions of all reviewers of a folder as one.

    A candidate is accepted when all who decided keep it in the same words, rejected when all reject it, and else in conflict until
    somebody settles it (`gsi-bench review DIR --settle`).

    Args:
        folder: with `candidates.parquet` and `decisions.<reviewer>.jsonl`.
        needed: how many reviewers must have decided on a candidate before that counts.

    Raises:
        ReviewError: the folder has no candidates, or `needed` is below 1.
    """
    if needed < 1:
        raise ReviewError(f"merged: needed is {needed!r}, expected a number of reviewers, 1 or more")
    return merge(Candidates(Path(folder)).briefs, read_all(Path(folder)), needed=needed)


def read_all(folder: Path) -> dict[str, list[Decision]]:
    """All decisions of a folder, by reviewer."""
    return {name: read_decisions(decision_file(folder, name)) for name in reviewers(folder)}


def merge(briefs: Sequence[Brief], decisions: Mapping[str, list[Decision]], *, needed: int = 1) -> Merged:
    """See `merged`; what the files hold is given."""
    digests = {brief.id: brief.digest for brief in briefs}
    fresh = {
        name: [d for d in given if d.id in digests and d.candidate in (None, digests[d.id])]
        for name, given in decisions.items()
    }
    votes = {name: latest(given, settles=False) for name, given in fresh.items()}
    settled = _settled(fresh)
    accepted: dict[str, Wording] = {}
    rejected: dict[str, tuple[str, ...]] = {}
    conflicts: list[Conflict] = []
    undecided: list[str] = []
    for brief in briefs:
        given = {name: table[brief.id] for name, table in votes.items() if brief.id in table}
        conflict = conflict_of(given)
        final = settled.get(brief.id)
        if len(given) < needed and final is None:
            undecided.append(brief.id)
        elif conflict is not None and final is None:
            conflicts.append(conflict)
        else:
            counted = [final] if final is not None else list(given.values())
            if counted[0].keeps:
                accepted[brief.id] = Wording(*counted[0].wording)
            else:
                rejected[brief.id] = tuple(dict.fromkeys(decision.reason for decision in counted))
    stale = sum(len(given) for given in decisions.values()) - sum(len(given) for given in fresh.values())
    return Merged(
        accepted,
        rejected,
        tuple(conflicts),
        tuple(undecided),
        len(settled),
        stale,
        {name: _counts(table) for name, table in votes.items()},
        agreement(briefs, votes),
    )


def conflict_of(given: Mapping[str, Decision]) -> Conflict | None:
    """What reviewers don't agree on in a candidate that they decided; None where they agree."""
    decisions = list(given.values())
    if len({decision.keeps for decision in decisions}) > 1:
        return Conflict(decisions[0].id, "keep", given)
    if len({decision.wording for decision in decisions if decision.keeps}) > 1:
        return Conflict(decisions[0].id, "wording", given)
    return None


def agreement(briefs: Sequence[Brief], votes: Mapping[str, Mapping[str, Decision]]) -> Agreement:
    """How far reviewers agree; `votes` by reviewer and candidate."""
    choices = np.full((len(votes), len(briefs)), math.nan)
    for r, table in enumerate(votes.values()):
        for i, brief in enumerate(briefs):
            if brief.id in table:
                choices[r, i] = CHOICES.index(table[brief.id].decision)
    # Comparing turns a missing one into False.
    keep = np.where(np.isnan(choices), math.nan, choices != CHOICES.index("reject"))
    shared = np.count_nonzero(~np.isnan(choices), axis=0) >= 2
    if not shared.any():
        nothing = Interval(math.nan, math.nan, math.nan, 0)
        return Agreement(0, 0, nothing, nothing)
    scenes = [brief.scene_id for brief in briefs]
    low, high = np.nanmin(keep[:, shared], axis=0), np.nanmax(keep[:, shared], axis=0)
    return Agreement(int(shared.sum()), int((low == high).sum()), _alpha(keep, scenes), _alpha(choices, scenes))


def _alpha(ratings: Any, scenes: Sequence[str]) -> Interval:
    return alpha_interval(ratings, scenes, level="nominal", rng=np.random.default_rng(0))


def _settled(decisions: Mapping[str, list[Decision]]) -> dict[str, Decision]:
    """The newest settlement of every candidate."""
    found = [decision for given in decisions.values() for decision in given if decision.settles]
    return {decision.id: decision for decision in sorted(found, key=lambda decision: decision.at)}


def _counts(table: Mapping[str, Decision]) -> dict[str, int]:
    chosen = [decision.decision for decision in table.values()]
    return {choice: chosen.count(choice) for choice in CHOICES}


def _counted(counts: Mapping[str, int]) -> str:
    return f"{counts['accept']} accepted, {counts['edit']} edited, {counts['reject']} rejected"


def _in_words(found: Agreement) -> str:
    share = f"agreement on {found.same} of {found.items} whether to keep"
    if math.isnan(found.keep.value):
        return f"{share}; alpha can't be told, as all were kept or all rejected"
    interval = "" if math.isnan(found.keep.low) else f" [{found.keep.low:.2f}, {found.keep.high:.2f}]"
    return f"{share}, alpha {found.keep.value:.2f}{interval}"
