"""What a judge that sees says of candidates: whether they make sense, and how a person would put them.

A reply that can't be had or read is counted and leaves the candidate as it is, unverified, for the people who review: it is no
verdict. A rewriting that changes what is asked (a number, a direction, the operation) is thrown away, and the template stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from PIL import Image

from gsi_bench_hf.data.scannetpp.marks import marked
from gsi_bench_hf.instructions import paper_operation
from gsi_bench_hf.types import Sample

PLAUSIBILITY, REWRITE = "plausibility", "rewrite"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIRECTIONS = (
    ("left", "左"),
    ("right", "右"),
    ("counterclockwise", "逆时针"),
    ("counter-clockwise", "逆时针"),
    ("clockwise", "顺时针"),
    ("toward", "靠近"),
    ("closer", "靠近"),
    ("away", "远离"),
)
_SAME = {"counter-clockwise": "counterclockwise", "closer": "toward"}
_RELATIONS = ("leftmost", "rightmost", "nearest", "farthest", "highest", "lowest")


class Answer(Protocol):
    """A judge's reply; `perception.chat` has it."""

    @property
    def answer(self) -> Mapping[str, Any] | None:
        """What was asked for, by name; None where there is none."""
        ...

    @property
    def kind(self) -> str:
        """Which kind of reply it is: "answered", or one of those that are none."""
        ...


class Asks(Protocol):
    """A judge that can be asked by a rubric; `perception.chat`'s judges are."""

    def ask(self, rubric: str, images: Sequence[Image.Image], fields: Mapping[str, str], *, about: str = "") -> Answer:
        """The reply to a rubric's question."""
        ...


@dataclass
class Verified:
    """What came of asking.

    Attributes:
        verdicts: by id, "plausible", the problem that was named, or "unverified: " and why.
        counts: how many of each verdict.
        rewriting: how many instructions were "reworded", "as before", "changed in meaning", or not to be had.
    """

    verdicts: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    rewriting: Counter[str] = field(default_factory=Counter)


def verify(row: Mapping[str, Any], judge: Asks, found: Verified, *, rewrite: bool = True) -> dict[str, Any] | None:
    """The candidate, reworded where that is asked and went well; None where the judge found a problem.

    Args:
        row: a record.
        judge: who is asked.
        found: what came of it is added here.
        rewrite: whether to ask for other words.
    """
    sample = Sample(row)
    images = [sample.source_image, marked(row)]
    fields = {"instruction": sample.instruction, "target": sample.target_label}
    reply = judge.ask(PLAUSIBILITY, images, fields, about=sample.id)
    verdict = _verdict(reply)
    found.verdicts[sample.id] = verdict
    found.counts[verdict] += 1
    if reply.answer is not None and verdict != "plausible":
        return None
    if not rewrite:
        return dict(row)
    reply = judge.ask(REWRITE, images, fields, about=sample.id)
    if reply.answer is None:
        found.rewriting[f"not to be had: {reply.kind}"] += 1
        return dict(row)
    english, chinese = (" ".join(str(reply.answer.get(n) or "").split()) for n in ("instruction", "instruction_zh"))
    if not same_request(sample.instruction, english):
        found.rewriting["changed in meaning"] += 1
        return dict(row)
    found.rewriting["as before" if english == sample.instruction else "reworded"] += 1
    kept_zh = same_numbers(sample.instruction, chinese) and same_directions_zh(sample.instruction, chinese)
    return {**row, "instruction": english, "instruction_zh": chinese if chinese and kept_zh else row["instruction_zh"]}


def same_request(before: str, after: str) -> bool:
    """Whether a reworded instruction still asks for the same, as far as words can tell.

    >>> same_request("Move the mug 15 cm to the left.", "Slide that blue mug 15 cm left.")
    False
    >>> same_request("Move the mug 15 cm to the left.", "Shift the blue mug by the window 15 cm to the left.")
    True
    >>> same_request("Move the mug 15 cm to the left.", "Move the mug 15 cm to the right.")
    False

    The first is refused as the released evaluator doesn't know the verb.
    """
    same_operation = paper_operation(before) == paper_operation(after)
    return same_operation and same_numbers(before, after) and _directions(before) == _directions(after)


def same_numbers(before: str, after: str) -> bool:
    """Whether two texts hold the same numbers."""
    return Counter(float(n) for n in _NUMBER.findall(before)) == Counter(float(n) for n in _NUMBER.findall(after))


def same_directions_zh(english: str, chinese: str) -> bool:
    """Whether the Chinese has the word of each direction of the English."""
    return all(
        chinese_word in chinese for word, chinese_word in _DIRECTIONS if _SAME.get(word, word) in _directions(english)
    )


def _directions(text: str) -> set[str]:
    """The directions and superlatives that a text names, each by one word; those that tell which thing is meant among them."""
    plain = text.lower()
    found = {relation for relation in _RELATIONS if relation in plain}
    for relation in found:
        plain = plain.replace(relation, "")
    for word, _ in _DIRECTIONS:
        if word in plain:
            found.add(_SAME.get(word, word))
            plain = plain.replace(word, "")
    return found


def _verdict(reply: Answer) -> str:
    if reply.answer is None:
        return f"unverified: {reply.kind}"
    problem = str(reply.answer.get("problem") or "other")
    if reply.answer.get("plausible"):
        return "plausible"
    return problem if problem != "none" else "other"
