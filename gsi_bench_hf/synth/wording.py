"""From a kept edit to its instructions: which words name the target and what it is put to, and the sentence around them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gsi_bench_hf._phrases import relation_phrase
from gsi_bench_hf.instructions import ParsedEdit, is_superlative, render
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.base import Support
from gsi_bench_hf.synth.operations import Proposal
from gsi_bench_hf.synth.referring import COLORS_ZH, Expression, expressions_for, is_clear, is_unambiguous, things_of
from gsi_bench_hf.synth.scene import Scene, SceneObject

Names = tuple[str, str]
"""A noun phrase in English and in Chinese."""

# What a surface is called after its thing {n}: English, Chinese.
_PARTS: Mapping[str, Names] = {
    "top": ("top of the {n}", "{n}的顶面"),
    "shelf": ("shelf of the {n}", "{n}的隔板"),
    "seat": ("seat of the {n}", "{n}的座面"),
    "lid": ("lid of the {n}", "{n}的盖子"),
    "tank": ("tank of the {n}", "{n}的水箱"),
    "counter": ("counter of the {n}", "{n}的台面"),
    "sill": ("sill of the {n}", "{n}的窗台"),
}
_ALWAYS_SAID = ("sill", "lid", "tank")
"""Surfaces that nobody means who names the whole thing."""
_HALVES: Mapping[str, Names] = {
    "left half": ("left half of the {n}", "{n}左半边"),
    "right half": ("right half of the {n}", "{n}右半边"),
}
# From the bottom: whether the top of a rack counts as a shelf is anybody's guess.
_ORDINALS = (
    ("bottom", "最下面一层"),
    ("second", "从下往上数第二层"),
    ("third", "从下往上数第三层"),
    ("fourth", "从下往上数第四层"),
)
_SAME_HEIGHT_M = 0.05
_OFF_MIDDLE = 0.4
"""The middle of a thing is within this part of its half extents."""


def choose_expression(scene: Scene, proposal: Proposal, *, rng: np.random.Generator) -> Expression | None:
    """An unambiguous name for the target, drawn from those there are; None where there is none.

    A target of remove is named by a relation. Others by the noun, with the colour now and then, or by what tells it from its like. A
    view edit is about the camera.
    """
    if proposal.camera is not None:
        return Expression("camera")
    offered = expressions_for(scene, proposal.target_id)
    if proposal.operation == "remove":
        offered = [e for e in offered if e.relation is not None]
    elif proposal.relation is not None:  # "Put the mug on the desk onto the shelf" would be hard to read
        offered = [e for e in offered if e.relation is None or is_superlative(e.relation)]
    weights = np.array([_weight(e, proposal) for e in offered])
    if not len(offered) or weights.sum() == 0.0:
        return None
    return offered[int(rng.choice(len(offered), p=weights / weights.sum()))]


def _weight(expression: Expression, proposal: Proposal) -> float:
    if expression.color is not None:
        return 2.0 if expression.color in COLORS_ZH else 0.0
    if expression.relation is None:
        return 3.0
    if is_superlative(expression.relation):
        return 2.0
    if expression.relation == "on":
        return 2.0
    # "Move the mug left of the bowl 10 cm to the left" is hard to read.
    return 1.0 if proposal.operation == "remove" else 0.0


def reference_names(scene: Scene, proposal: Proposal) -> Names | None:
    """What a placement's other thing is called, in English and Chinese; None where no words mean it alone.

    A thing with several surfaces is called by the one meant: "second shelf from the top of the bookshelf".
    """
    item = next((o for o in things_of(scene) if o.instance_id == proposal.reference_id), None)
    if item is None:
        return None
    names = _clear_names(scene, item)
    if names is not None and proposal.support is not None:
        names = _surface_names(names, item, proposal.support)
    if names is not None and proposal.part is not None:
        names = _filled(_HALVES[proposal.part], names)
    return names


def _clear_names(scene: Scene, item: SceneObject) -> Names | None:
    """A thing's noun, with its colour or with where it is in the picture where that is needed."""
    label_zh = assets.KINDS[item.kind].label_zh
    if is_clear(scene, item.label, None, item.instance_id):
        return item.label, label_zh
    if item.color in COLORS_ZH and is_clear(scene, item.label, item.color, item.instance_id):
        return f"{item.color} {item.label}", f"{COLORS_ZH[item.color]}的{label_zh}"
    for relation in ("leftmost", "rightmost"):
        if is_unambiguous(scene, Expression(item.label, None, relation), item.instance_id):
            return relation_phrase(item.label, relation, None, "en"), relation_phrase(label_zh, relation, None, "zh")
    return None


def _surface_names(names: Names, item: SceneObject, number: int) -> Names | None:
    """The names of one surface of a thing, from those of the thing; None where words would not tell it from the thing's others."""
    supports = assets.supports(item.kind, item.variant)
    surface = supports[number]
    same = sorted((s for s in supports if s.name == surface.name), key=lambda s: s.height_m)
    if len(same) == 1:
        if len(supports) == 1 and surface.name not in _ALWAYS_SAID:
            return names if _is_central(surface, item) else None
        return _filled(_PARTS[surface.name], names) if surface.name in _PARTS else None
    level = same.index(surface)
    heights_m = np.array([s.height_m for s in same])
    if surface.name != "shelf" or np.diff(heights_m).min() < _SAME_HEIGHT_M or level >= len(_ORDINALS):
        return None
    ordinal, ordinal_zh = _ORDINALS[level]
    from_bottom = " from the bottom" if level else ""
    return f"{ordinal} shelf{from_bottom} of the {names[0]}", f"{names[1]}{ordinal_zh}"


def _filled(pattern: Names, names: Names) -> Names:
    return pattern[0].format(n=names[0]), pattern[1].format(n=names[1])


def _is_central(surface: Support, item: SceneObject) -> bool:
    """Whether the middle of a surface is about the middle of its thing, seen from above."""
    return bool((np.abs(surface.center_m) <= _OFF_MIDDLE * item.size_m[:2] / 2.0).all())


def write_instructions(
    scene: Scene, proposal: Proposal, expression: Expression, *, rng: np.random.Generator
) -> tuple[str, str]:
    """The instruction in English and Chinese."""
    noun, noun_zh = _nouns(scene, proposal, expression)
    if proposal.relation is not None:
        names = reference_names(scene, proposal)
        if names is None:
            raise ValueError(
                f"no words mean {proposal.reference_id} alone; expected a proposal that reference_names has words for"
            )
    elif expression.reference is not None:
        names = (expression.reference, _label_zh(scene, expression.reference))
    else:
        names = None
    reference, reference_zh = names or (None, None)
    english = _parsed(proposal, expression, noun, reference)
    chinese = _parsed(proposal, expression, noun_zh, reference_zh)
    return render(english, rng=rng), render(chinese, rng=rng, language="zh")


def _nouns(scene: Scene, proposal: Proposal, expression: Expression) -> Names:
    """What the target is called; for a placement with its relation, as the sentence's own says where it is put."""
    if proposal.camera is not None:
        return "camera", "镜头"
    noun, noun_zh = expression.label, _label_zh(scene, expression.label)
    if expression.color is not None:
        noun, noun_zh = f"{expression.color} {noun}", f"{COLORS_ZH[expression.color]}的{noun_zh}"
    if proposal.relation is not None and expression.relation is not None:
        noun = relation_phrase(noun, expression.relation, None, "en")
        noun_zh = relation_phrase(noun_zh, expression.relation, None, "zh")
    return noun, noun_zh


def _parsed(proposal: Proposal, expression: Expression, noun: str, reference: str | None) -> ParsedEdit:
    placement = proposal.relation is not None
    return ParsedEdit(
        proposal.operation,
        noun,
        None if placement else proposal.direction,
        proposal.distance_m,
        proposal.angle_deg,
        proposal.factor,
        proposal.relation if placement else expression.relation,
        reference,
    )


def _label_zh(scene: Scene, label: str) -> str:
    kind = next(o.kind for o in things_of(scene) if o.label == label)
    return assets.KINDS[kind].label_zh
