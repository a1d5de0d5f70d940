"""What a judge that sees says of candidates: whether they make sense, and how a person would put them.

A reply that can't be had or read is counted and leaves the candidate as it is, unverified, for the people who review: it is no
verdict. A rewriting that changes what is asked (a number, a direction, the operation) is thrown away, and the template stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from PIL import Image

from gsi_bench_hf.data.scannetpp.marks import marked
from gsi_bench_hf.instructions import paper_operation
from gsi_bench_hf.types import Sample

PLAUSIBILITY, REWRITE = "plausibility", "rewrite"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Meaning, its English words, its Chinese ones; what is part of another's word comes after it.
_MEANINGS = (
    ("leftmost", r"left-?most", "最左"),
    ("rightmost", r"right-?most", "最右"),
    ("nearest", r"nearest|closest", "最近|最靠近"),
    ("farthest", r"farthest|furthest", "最远"),
    ("highest", r"highest|top-?most|upper-?most", "最高|最上"),
    ("lowest", r"lowest|bottom-?most|lower-?most", "最低|最下|最矮"),
    ("counterclockwise", r"(?:counter|anti)-?clockwise", "逆时针"),
    ("clockwise", r"clockwise", "顺时针"),
    ("left", r"left(?:wards?)?", "左"),
    ("right", r"right(?:wards?)?", "右"),
    ("towards", r"towards?|closer|nearer", "近|朝向|往镜头|向镜头"),
    ("away", r"away|farther|further", "远"),
)


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


@dataclass(frozen=True)
class Opinion:
    """What a judge made of one candidate.

    Attributes:
        row: the candidate, reworded where that was asked and went well; None where the judge found a problem.
        verdict: "plausible", the problem that was named, or "unverified: " and why.
        rewriting: "reworded", "as before", "changed in meaning", or why there was no answer; None where nobody asked.
    """

    row: dict[str, Any] | None
    verdict: str
    rewriting: str | None = None


def opinions(rows: Iterable[Mapping[str, Any]], judge: Asks, *, rewrite: bool = True) -> Iterator[tuple[str, Opinion]]:
    """The ids of candidates and what the judge makes of them, in order; asked about as many at once as the judge says it can.

    Args:
        rows: records.
        judge: who is asked.
        rewrite: whether to ask for other words too.
    """
    at_once = int(getattr(judge, "concurrency", 1))
    left = iter(rows)
    with ThreadPoolExecutor(at_once) as threads:
        while group := list(islice(left, 4 * at_once)):
            found = threads.map(lambda row: opinion(row, judge, rewrite=rewrite), group)
            yield from zip((str(row["id"]) for row in group), found, strict=True)


def opinion(row: Mapping[str, Any], judge: Asks, *, rewrite: bool = True) -> Opinion:
    """What a judge makes of one candidate; see `opinions`."""
    sample = Sample(row)
    images = [sample.source_image, marked(row)]
    fields = {"instruction": sample.instruction, "target": sample.target_label}
    reply = judge.ask(PLAUSIBILITY, images, fields, about=sample.id)
    verdict = _verdict(reply)
    if reply.answer is not None and verdict != "plausible":
        return Opinion(None, verdict)
    if not rewrite:
        return Opinion(dict(row), verdict)
    reply = judge.ask(REWRITE, images, fields, about=sample.id)
    if reply.answer is None:
        return Opinion(dict(row), verdict, f"no answer: {reply.kind}")
    english, chinese = (" ".join(str(reply.answer.get(n) or "").split()) for n in ("instruction", "instruction_zh"))
    if not same_request(sample.instruction, english):
        return Opinion(dict(row), verdict, "changed in meaning")
    kept_zh = same_numbers(sample.instruction, chinese) and same_directions_zh(sample.instruction, chinese)
    words = {"instruction": english, "instruction_zh": chinese if chinese and kept_zh else row["instruction_zh"]}
    return Opinion({**row, **words}, verdict, "as before" if english == sample.instruction else "reworded")


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
    return same_operation and same_numbers(before, after) and _meanings(before, 1) == _meanings(after, 1)


def still_asks(template: str, after: str, direction: str | None) -> bool:
    """Whether a person's words still say what was measured: every number of the template, and the direction of the edit.

    A person may name the object otherwise than the template does, by other relations too.

    >>> still_asks("Move the leftmost mug 15 cm to the left.", "Move the mug on the right of the plate 15 cm left.", "left")
    True
    >>> still_asks("Move the mug 15 cm to the left.", "Move the mug 15 cm to the right.", "left")
    False
    """
    numbers = [Counter(float(n) for n in _NUMBER.findall(text)) for text in (template, after)]
    return numbers[0] <= numbers[1] and (direction is None or direction in _meanings(after, 1))


def same_numbers(before: str, after: str) -> bool:
    """Whether two texts hold the same numbers."""
    return Counter(float(n) for n in _NUMBER.findall(before)) == Counter(float(n) for n in _NUMBER.findall(after))


def same_directions_zh(english: str, chinese: str) -> bool:
    """Whether the Chinese has a word for each direction and superlative of the English, and none for the opposite turn."""
    said = _meanings(english, 1)
    return said <= _meanings(chinese, 2) and not ({"clockwise", "counterclockwise"} - said) & _meanings(chinese, 2)


def _meanings(text: str, column: int) -> set[str]:
    """The directions and superlatives that a text names, in English (1) or Chinese (2)."""
    plain, found = text.lower(), set()
    for row in _MEANINGS:
        pattern = rf"\b(?:{row[1]})\b" if column == 1 else row[2]
        plain, count = re.subn(pattern, " ", plain)
        if count:
            found.add(row[0])
    return found


def _verdict(reply: Answer) -> str:
    if reply.answer is None:
        return f"unverified: {reply.kind}"
    problem = str(reply.answer.get("problem") or "other")
    if reply.answer.get("plausible"):
        return "plausible"
    return problem if problem != "none" else "other"
