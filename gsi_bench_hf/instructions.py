"""What an edit is called in words, English and Chinese: filling templates, and reading them back.

`render` and `parse` are inverse to each other over every template of `_phrases.TEMPLATES`: the same text that makes a sentence is
compiled to the pattern that reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from gsi_bench_hf._phrases import SLOTS, SUPERLATIVES, TEMPLATES, Language, Template, relation_phrase, split_relation
from gsi_bench_hf.types import Operation

_NUMBER = r"\d+(?:\.\d+)?"
_UNITS_M = {"mm": 0.001, "cm": 0.01, "m": 1.0}
_UNIT_WORDS = {
    "mm": r"mm|millimet(?:er|re)s?|毫米",
    "cm": r"cms?|centimet(?:er|re)s?|厘米|公分",
    "m": r"m|met(?:er|re)s?|米",
}
_PAPER_WORDS = {
    "move": ("move", "shift", "relocate", "place", "put", "push", "pull"),
    "rotate": ("rotate", "turn", "spin"),
    "remove": ("remove",),
    "scale": ("scale", "resize", "make", "shrink", "reduce", "enlarge", "expand", "increase"),
    "view": ("view", "changeview", "look"),
}
_PUNCTUATION = " .,;:!?。，！？；："
_KEEP_REST = re.compile(
    r"[,;，；]?\s*(?:(?:while|and) )?(?:keeping|keep|leaving|leave) (?:the |all )?(?:other objects|everything else|the rest)"
    r" (?:unchanged|as (?:it is|they are))$|[,，]?(?:保持)?其他(?:物体|东西)(?:保持)?不变$"
)


class InstructionError(ValueError):
    """A text that no template reads."""


@dataclass(frozen=True)
class ParsedEdit:
    """What an instruction asks for; None where it says nothing of the kind.

    Attributes:
        operation: which edit.
        target: noun phrase of the object, without article, in the instruction's language: "blue mug"; "camera" for view.
        direction: move: "left", "right", "towards", "away"; rotate: "clockwise", "counterclockwise", seen from above; view: "left",
            "right", "up", "down", "forward", "backward".
        distance_m: how far; for place from centre to centre.
        angle_deg: how much to turn, > 0.
        factor: how many times as large.
        relation: which of several, "leftmost", "rightmost", "nearest", "farthest", "highest", "lowest", or where it stands to
            `reference`: "left of", "right of", "in front of", "behind", "on"; for place and receptacle ("on", "in") where it shall
            stand, for receptacle in the middle.
        reference: noun phrase of the other object of the relation.
    """

    operation: Operation
    target: str
    direction: str | None = None
    distance_m: float | None = None
    angle_deg: float | None = None
    factor: float | None = None
    relation: str | None = None
    reference: str | None = None


def render_all(edit: ParsedEdit, language: Language = "en") -> list[str]:
    """Every sentence that says `edit`, each template once, in a fixed order.

    Args:
        edit: what to say; its nouns in `language`.
        language: "en" or "zh".

    Returns:
        Sentences; never empty. Raises ValueError for an edit that no template says.
    """
    sentences = [_fill(t, edit, 0) for t in TEMPLATES[language] if t.fits(edit)]
    if not sentences:
        raise ValueError(
            f"no {language} template says {edit}; expected a direction, distance, angle or factor of its operation"
        )
    return sentences


def render(edit: ParsedEdit, *, rng: np.random.Generator, language: Language = "en") -> str:
    """One sentence that says `edit`, template and wording drawn with `rng`.

    >>> mug = ParsedEdit("move", "blue mug", direction="left", distance_m=0.15)
    >>> render(mug, rng=np.random.default_rng(1))
    'Move the blue mug to the left by 15 cm.'
    """
    templates = [t for t in TEMPLATES[language] if t.fits(edit)]
    if not templates:
        render_all(edit, language)
    template = templates[int(rng.integers(len(templates)))]
    return _fill(template, edit, int(rng.integers(1 << 16)))


def _fill(template: Template, edit: ParsedEdit, pick: int) -> str:
    language = template.language

    def word(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "target":
            bare = template.operation in ("place", "receptacle")
            return edit.target if bare else relation_phrase(edit.target, edit.relation, edit.reference, language)
        if name == "reference":
            return edit.reference or ""
        if name in SLOTS[language]:
            options = SLOTS[language][name][edit.relation if name in ("relation", "into") else edit.direction]  # type: ignore[index]
            return options[pick % min(len(options), template.wordings)]
        return _quantity(name, edit, language)

    return re.sub(r"\{(\w+)\}", word, template.text)


def _quantity(name: str, edit: ParsedEdit, language: Language) -> str:
    factor = edit.factor or 1.0
    if name == "distance":
        return f"{round((edit.distance_m or 0.0) * 100.0, 4):g}" + (" cm" if language == "en" else "厘米")
    if name == "angle":
        return f"{edit.angle_deg:g}" + (" degrees" if language == "en" else "度")
    values = {
        "factor": factor,
        "percent": factor * 100.0,
        "growth": (factor - 1.0) * 100.0,
        "cut": (1.0 - factor) * 100,
    }
    return f"{round(values[name], 4):g}" + ("" if name == "factor" else "%")


def parse(text: str) -> ParsedEdit:
    """What an English or Chinese instruction asks for.

    Tolerant of case, punctuation, "please", units (mm, cm, m and their names), "degrees" and "°".

    Args:
        text: an instruction, such as "Please move the blue mug 15cm to the left".

    Returns:
        The edit; numbers rounded to 1e-6. Raises InstructionError for a text that no template reads.

    >>> parse("please rotate the Teapot 90° counter-clockwise")  # doctest: +ELLIPSIS
    ParsedEdit(operation='rotate', target='teapot', direction='counterclockwise', distance_m=None, angle_deg=90.0, ...)
    """
    language: Language = "zh" if re.search(r"[一-鿿]", text) else "en"
    plain = _normalise(text, language)
    for template, pattern in _patterns(language):
        match = pattern.fullmatch(plain)
        if match is not None:
            return _read(template, match, language)
    raise InstructionError(
        f"can't read the instruction {text!r}; expected one like 'Move the mug 15 cm to the left.', "
        "'Rotate the mug 90 degrees clockwise.', 'Scale the mug to 150% of its size.' or 'Remove the leftmost mug.'"
    )


def _normalise(text: str, language: Language) -> str:
    plain = unicodedata.normalize("NFKC", text).lower().strip(_PUNCTUATION)
    while (shorter := _KEEP_REST.sub("", plain).strip(_PUNCTUATION)) != plain:
        plain = shorter
    if language == "zh":
        return re.sub(r"^请|\s+|[,，]", "", plain)
    plain = re.sub(r"^(?:(?:please|kindly)\b[\s,]*)+|[\s,]*\bplease$", "", plain)
    return " ".join(plain.replace(", ", " ").split())


@cache
def _patterns(language: Language) -> tuple[tuple[Template, re.Pattern[str]], ...]:
    # The most specific first ("the size of the vase" must not be read as a target); place would swallow a move by a distance.
    def rank(template: Template) -> tuple[bool, int]:
        words = re.sub(r"\{\w+\}", "", _normalise(template.text, language))
        return template.operation in ("place", "receptacle"), -len(words)

    ordered = sorted(TEMPLATES[language], key=rank)
    return tuple((t, re.compile(_pattern(t))) for t in ordered)


def _pattern(template: Template) -> str:
    pieces = re.split(r"(\{\w+\})", _normalise(template.text, template.language))
    return "".join(
        _slot_pattern(p[1:-1], template.language) if p.startswith("{") else re.escape(p).replace(r"\ ", r"\s*")
        for p in pieces
    )


def _slot_pattern(name: str, language: Language) -> str:
    if name in ("target", "reference"):
        return rf"(?P<{name}>.+?)"
    if name in SLOTS[language]:
        words = sorted((w for options in SLOTS[language][name].values() for w in options), key=len, reverse=True)
        return rf"(?P<{name}>{'|'.join(re.escape(w) for w in words)})"
    if name == "distance":
        return rf"(?P<distance>{_NUMBER})\s*(?P<unit>{'|'.join(_UNIT_WORDS.values())})"
    if name == "angle":
        return rf"(?P<angle>{_NUMBER})\s*(?:degrees?|deg|°|度)"
    return rf"(?P<{name}>{_NUMBER})" + ("" if name == "factor" else r"\s*(?:%|percent)")


def _read(template: Template, match: re.Match[str], language: Language) -> ParsedEdit:
    found = match.groupdict()
    operation, relation, reference = template.operation, None, found.get("reference")
    target = found.get("target") or "camera"
    if operation in ("place", "receptacle"):
        slot = "into" if "into" in found else "relation"
        relation = _meaning(language, slot, found[slot])
        operation = "receptacle" if relation in ("on", "in") else "place"  # they share their sentences
    elif "target" in found:
        target, relation, reference = split_relation(target, language)
    direction = next((_meaning(language, n, found[n]) for n in ("direction", "turn", "camera") if n in found), None)
    return ParsedEdit(
        operation,
        target,
        direction,
        _distance_m(found),
        float(found["angle"]) if "angle" in found else None,
        _factor(found),
        relation,
        reference,
    )


def _meaning(language: Language, slot: str, word: str) -> str:
    return next(meaning for meaning, options in SLOTS[language][slot].items() if word in options)


def _distance_m(found: dict[str, str]) -> float | None:
    if "distance" not in found:
        return None
    unit = next(u for u, words in _UNIT_WORDS.items() if re.fullmatch(words, found["unit"]))
    return round(float(found["distance"]) * _UNITS_M[unit], 6)


def _factor(found: dict[str, str]) -> float | None:
    readings: dict[str, Callable[[float], float]] = {
        "factor": lambda v: v,
        "percent": lambda v: v / 100.0,
        "growth": lambda v: 1.0 + v / 100.0,
        "cut": lambda v: 1.0 - v / 100.0,
    }
    return next((round(read(float(found[n])), 6) for n, read in readings.items() if n in found), None)


def is_superlative(relation: str | None) -> bool:
    """Whether a relation picks one of several by itself ("leftmost"), without another object."""
    return relation in SUPERLATIVES


def paper_operation(prompt: str) -> str:
    """The operation that the released evaluator reads from a prompt (protocol.md, `paper`).

    Quirks: words end at a blank alone, so that "Please," is none of its words; "camera" counts in lower case only; and a camera
    anywhere in the prompt makes it "view" unless "from the camera" or "to the camera" stands there.

    Args:
        prompt: an English instruction.

    Returns:
        "move", "rotate", "remove", "scale" or "view"; a first word outside its lists comes back as it is, in lower case; "" for an
        empty prompt.

    >>> paper_operation("Push the bowl 8 cm away from the camera."), paper_operation("Move the camera 10 cm forward.")
    ('move', 'view')
    """
    if "camera" in prompt and "from the camera" not in prompt and "to the camera" not in prompt:
        return "view"
    words = prompt.lower().split(" ")
    word = words[1] if words[0] == "please" and len(words) > 1 else words[0]
    return next((operation for operation, known in _PAPER_WORDS.items() if word in known), word)
