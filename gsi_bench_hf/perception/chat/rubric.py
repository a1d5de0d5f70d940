"""Rubrics: what a judge is asked, in a versioned file of Markdown with a head of YAML.

The head names the images and the fields that go in, and the answer's parts as a JSON Schema has them; the text below it is sent, with
the fields in place of "{field}". A file without a head is sent as it is and answered as "appearance" is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from gsi_bench_hf.registry import did_you_mean

MARK = "||V^=^V||"
_FOLDER = Path(__file__).parents[1] / "rubrics"
_HEAD = re.compile(r"---\n(.*?\n)---\n(.*)", re.DOTALL)
_TYPES = {"number", "integer", "string", "boolean"}
_PLACE = re.compile(r"\{([a-z_]+)\}")


class RubricError(ValueError):
    """A rubric can't be used; the message says why."""


@dataclass(frozen=True)
class Rubric:
    """What a judge is asked.

    Attributes:
        name, version: of the file.
        text: with "{field}" where fields go.
        images: what each image is called, and what it shows, in order.
        fields: the names in `text`.
        answer: the parts of the answer, each a JSON Schema.
        guidance: for the field "guidance", by operation.
        sha256: of the file.
    """

    name: str
    version: int
    text: str
    images: Mapping[str, str]
    fields: Sequence[str]
    answer: Mapping[str, Mapping[str, Any]]
    guidance: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        """The answer's JSON Schema."""
        properties = {name: dict(part) for name, part in self.answer.items()}
        return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

    def fill(self, fields: Mapping[str, str], *, structured: bool) -> str:
        """The text that is sent.

        Args:
            fields: a value for each of `fields`. What is put in is not looked at again.
            structured: whether the server itself sees to the answer's form; otherwise it is put between two marks.

        Raises:
            RubricError: a field is missing, or is none of this rubric's.
        """
        for name in fields:
            if name not in self.fields:
                raise RubricError(
                    f"rubric {self.name!r} has no field {name!r}.{did_you_mean(name, self.fields)} "
                    f"Expected {', '.join(self.fields) or 'none'}"
                )
        missing = [name for name in self.fields if name not in fields]
        if missing:
            raise RubricError(f"rubric {self.name!r} needs the field {missing[0]!r}, which was not given")
        filled = _PLACE.sub(lambda m: str(fields[m[1]]) if m[1] in fields else m[0], self.text)
        return f"{filled.strip()}\n\n{self._form(structured)}"

    def captions(self) -> list[str]:
        """A line before each image."""
        return [f"Picture {number}: {shows}." for number, shows in enumerate(self.images.values(), 1)]

    def _form(self, structured: bool) -> str:
        parts = ", ".join(f'"{name}": {_sort(part)}' for name, part in self.answer.items())
        if structured:
            return f"Answer with one JSON object and nothing else: {{{parts}}}"
        return (
            f"End your answer with one JSON object between two {MARK} marks, and write these marks nowhere else:\n"
            f"{MARK}{{{parts}}}{MARK}"
        )


def load_rubric(name: str | os.PathLike[str]) -> Rubric:
    """A rubric by name, or one's own file.

    Args:
        name: "appearance", "plausibility", "instruction", "rewrite", or the path of a file.

    Raises:
        RubricError: there is no such rubric, or its file is none.
    """
    path = _FOLDER / f"{name}.md"
    if not path.is_file():
        path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = sorted(p.stem for p in _FOLDER.glob("*.md"))
        hint = did_you_mean(str(name), known)
        raise RubricError(
            f"rubric {str(name)!r} can't be read ({getattr(error, 'strerror', None) or error}).{hint} "
            f"Expected a file of text, or one of {', '.join(known)}"
        ) from None
    return parse_rubric(text, path)


def parse_rubric(text: str, path: Path) -> Rubric:
    """The rubric of a file's text. Raises RubricError, with the path, for a head that is wrong."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    match = _HEAD.match(text.replace("\r\n", "\n"))
    if match is None:
        standard = load_rubric("appearance")
        used = [name for name in standard.fields if f"{{{name}}}" in text]
        return replace(standard, name=path.stem, version=0, text=text, fields=used, sha256=digest)
    try:
        head = yaml.safe_load(match[1])
        rubric = Rubric(
            name=str(head["name"]),
            version=int(head["version"]),
            text=match[2],
            images={str(k): str(v) for k, v in head["images"].items()},
            fields=tuple(map(str, head.get("fields") or ())),
            answer={str(k): dict(v) for k, v in head["answer"].items()},
            guidance={str(k): str(v) for k, v in (head.get("guidance") or {}).items()},
            sha256=digest,
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RubricError(
            f"rubric {path}: its head can't be read ({type(error).__name__}: {' '.join(str(error).split())}); expected name, "
            "version, images, fields and answer, as in the rubric 'appearance'"
        ) from None
    _check(rubric, path)
    return rubric


def _check(rubric: Rubric, path: Path) -> None:
    unused = [name for name in rubric.fields if f"{{{name}}}" not in rubric.text]
    if unused:
        raise RubricError(
            f"rubric {path}: the field {unused[0]!r} is nowhere in the text; expected {{{unused[0]}}} in it"
        )
    if not rubric.images or not rubric.answer or not rubric.text.strip():
        raise RubricError(f"rubric {path}: expected at least one image, one part of the answer, and a text")
    for name, part in rubric.answer.items():
        if part.get("type") not in _TYPES:
            raise RubricError(
                f"rubric {path}: {name!r} of the answer has type {part.get('type')!r}, expected one of {', '.join(sorted(_TYPES))}"
            )


def _sort(part: Mapping[str, Any]) -> str:
    """What a part of the answer should be, for people and models."""
    if "enum" in part:
        return " | ".join(json.dumps(value) for value in part["enum"])
    what = {"string": "text", "boolean": "true or false", "integer": "whole number"}.get(part["type"], "number")
    said = part.get("description")
    return f"<{what}{f', {said}' if said else ''}>"
