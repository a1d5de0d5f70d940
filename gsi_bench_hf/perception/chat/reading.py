"""What a reply means: an answer in the rubric's form, or which kind of none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gsi_bench_hf.perception.chat.rubric import MARK, Rubric
from gsi_bench_hf.pipelines.endpoints.chat import refusal_of, text_of

ANSWERED, REFUSED, TRUNCATED, UNREADABLE, TIMEOUT, ENDPOINT = KINDS = (
    "answered",
    "refused",
    "truncated",
    "unreadable",
    "timeout",
    "endpoint",
)
"""What every reply is counted as. The last two are no replies: asked again, there may be one."""

_THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.DOTALL)
_SORRY = re.compile(
    r"\s*(?:i['’]?m (?:very |so )?sorry|i am sorry|sorry,|i (?:can['’]?t|cannot|can not|won['’]?t|am unable|must decline)"
    r"|i['’]m (?:not able|unable)|as an ai)",
    re.IGNORECASE,
)
_PYTHON: Mapping[str, Any] = {"number": (int, float), "integer": int, "string": str, "boolean": bool}


@dataclass(frozen=True)
class Reply:
    """What came of one question.

    Attributes:
        answer: the parts that the rubric asks for; None where there is no such answer.
        kind: one of `KINDS`; "answered" with an answer.
        reason: why there is none.
        text: what the model said.
        kept: whether it was here already, and nobody was asked.
    """

    answer: Mapping[str, Any] | None
    kind: str = ANSWERED
    reason: str = ""
    text: str = ""
    kept: bool = False


def read_body(body: Any, rubric: Rubric) -> Reply:
    """The reply in the JSON of a chat completion.

    Args:
        body: decoded, `{"choices": [{"message": {"content": …}, "finish_reason": …}]}`.
        rubric: what was asked.
    """
    choices = body.get("choices") if isinstance(body, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        return Reply(None, UNREADABLE, f"no choices[0].message in the answer: {_short(json.dumps(body))}")
    if refusal := refusal_of(choice):
        return Reply(None, REFUSED, f"the model or its content filter refused: {_short(refusal)}", text_of(message))
    return read_text(text_of(message), rubric, cut=choice.get("finish_reason") == "length")


def read_text(text: str, rubric: Rubric, *, cut: bool = False) -> Reply:
    """The reply in what a model said.

    Args:
        text: what it said.
        rubric: what was asked.
        cut: whether it was stopped before it was done.
    """
    said = _THOUGHT.sub("", text, count=1)
    answer, why = _answer(said, rubric)
    if answer is not None:
        return Reply(answer, text=text)
    if cut:
        return Reply(None, TRUNCATED, f"cut short after {len(text)} characters; give it more max_tokens", text)
    if _SORRY.match(said):
        return Reply(None, REFUSED, f"the model refused: {_short(said)}", text)
    return Reply(None, UNREADABLE, f"{why}: {_short(said) or '(nothing)'}", text)


def _answer(text: str, rubric: Rubric) -> tuple[Mapping[str, Any] | None, str]:
    """The answer between the marks; without marks the text, or the one fenced block in it. Otherwise what is wrong."""
    if MARK in text:
        found = text.split(MARK)[1]
    else:
        fenced = _FENCED.findall(text)
        found = fenced[0] if len(fenced) == 1 else text
    try:
        answer = json.loads(found.strip())
    except (ValueError, RecursionError):
        return None, "the reply holds no JSON where it should"
    if not isinstance(answer, Mapping):
        return None, "the reply's JSON is no object"
    for name, part in rubric.answer.items():
        if problem := _problem(name, answer, part):
            return None, problem
    return {name: answer[name] for name in rubric.answer}, ""


def _problem(name: str, answer: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    if name not in answer:
        return f"the answer has no {name!r}"
    value = answer[name]
    wrong_type = not isinstance(value, _PYTHON[part["type"]]) or (isinstance(value, bool) and part["type"] != "boolean")
    if wrong_type or (isinstance(value, float) and not math.isfinite(value)):
        return f"{name!r} is {_short(repr(value))}, expected a {part['type']}"
    if "enum" in part and value not in part["enum"]:
        return f"{name!r} is {_short(repr(value))}, expected one of {', '.join(map(str, part['enum']))}"
    low, high = part.get("minimum", -math.inf), part.get("maximum", math.inf)
    if part["type"] in ("number", "integer") and not low <= value <= high:
        return f"{name!r} is {value!r}, expected {low:g} to {high:g}"
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:200]}…"
