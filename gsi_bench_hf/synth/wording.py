"""From a kept edit to its instructions: which words name the target and what it is put to, and the sentence around them."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.instructions import ParsedEdit, is_superlative, render
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.base import Support
from gsi_bench_hf.synth.operations import Proposal
from gsi_bench_hf.synth.referring import COLORS_ZH, Expression, expressions_for, is_clear, things_of
from gsi_bench_hf.synth.scene import Scene, SceneObject

Names = tuple[str, str]
"""A noun phrase in English and in Chinese."""

_PARTS_ZH = {
    "top": "顶面",
    "shelf": "隔板",
    "seat": "座面",
    "lid": "盖子",
    "tank": "水箱",
    "counter": "台面",
    "sill": "窗台",
}
_ORDINALS = ("top", "second", "third", "fourth", "fifth", "sixth")
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
        offered = [e for e in offered if e.relation is None]
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
    if names is None or proposal.support is None:
        return names
    return _surface_names(names, item, proposal.support)


def _clear_names(scene: Scene, item: SceneObject) -> Names | None:
    label_zh = assets.KINDS[item.kind].label_zh
    if is_clear(scene, item.label, None, item.instance_id):
        return item.label, label_zh
    if item.color in COLORS_ZH and is_clear(scene, item.label, item.color, item.instance_id):
        return f"{item.color} {item.label}", f"{COLORS_ZH[item.color]}的{label_zh}"
    return None


def _surface_names(names: Names, item: SceneObject, number: int) -> Names | None:
    """The names of one surface of a thing, from those of the thing; None where words would not tell it from the thing's others."""
    supports = assets.supports(item.kind, item.variant)
    surface, (english, chinese) = supports[number], names
    same = sorted((s for s in supports if s.name == surface.name), key=lambda s: -s.height_m)
    if len(same) == 1:
        if len(supports) == 1:
            return names if _is_central(surface, item) else None
        part_zh = _PARTS_ZH.get(surface.name)
        return None if part_zh is None else (f"{surface.name} of the {english}", f"{chinese}的{part_zh}")
    level = same.index(surface)
    heights_m = np.array([s.height_m for s in same])
    if surface.name != "shelf" or np.abs(np.diff(heights_m)).min() < _SAME_HEIGHT_M or level >= len(_ORDINALS):
        return None
    ordinal = f"{_ORDINALS[level]} shelf" + (" from the top" if level else "")
    return f"{ordinal} of the {english}", f"{chinese}从上往下数第{'一二三四五六'[level]}层"


def _is_central(surface: Support, item: SceneObject) -> bool:
    """Whether the middle of a surface is about the middle of its thing, seen from above."""
    return bool((np.abs(surface.center_m) <= _OFF_MIDDLE * item.size_m[:2] / 2.0).all())


def write_instructions(
    scene: Scene, proposal: Proposal, expression: Expression, *, rng: np.random.Generator
) -> tuple[str, str]:
    """The instruction in English and Chinese."""
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
    english = _parsed(proposal, expression, _english(expression), reference)
    noun_zh = "镜头" if proposal.camera is not None else _chinese(scene, expression)
    chinese = _parsed(proposal, expression, noun_zh, reference_zh)
    return render(english, rng=rng), render(chinese, rng=rng, language="zh")


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


def _english(expression: Expression) -> str:
    return expression.label if expression.color is None else f"{expression.color} {expression.label}"


def _chinese(scene: Scene, expression: Expression) -> str:
    noun = _label_zh(scene, expression.label)
    return noun if expression.color is None else f"{COLORS_ZH[expression.color]}的{noun}"


def _label_zh(scene: Scene, label: str) -> str:
    kind = next(o.kind for o in things_of(scene) if o.label == label)
    return assets.KINDS[kind].label_zh
