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
