"""From a kept edit to its instructions: which words name the target, and the sentence around them."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.instructions import ParsedEdit, is_superlative, render
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.operations import Proposal
from gsi_bench_hf.synth.referring import COLORS_ZH, Expression, expressions_for
from gsi_bench_hf.synth.scene import Scene


def choose_expression(scene: Scene, proposal: Proposal, *, rng: np.random.Generator) -> Expression | None:
    """An unambiguous name for the target, drawn from those there are; None where there is none.

    A target of remove is named by a relation. Others by the noun, with the colour now and then, or by what tells it from its like.
    """
    offered = expressions_for(scene, proposal.target_id)
    if proposal.operation == "remove":
        offered = [e for e in offered if e.relation is not None]
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
    # "Move the mug left of the bowl 10 cm to the left" is hard to read.
    return 1.0 if proposal.operation == "remove" else 0.0


def write_instructions(
    scene: Scene, proposal: Proposal, expression: Expression, *, rng: np.random.Generator
) -> tuple[str, str]:
    """The instruction in English and Chinese."""
    english = _parsed(proposal, expression, _english(expression), expression.reference)
    reference = None if expression.reference is None else _label_zh(scene, expression.reference)
    chinese = _parsed(proposal, expression, _chinese(scene, expression), reference)
    return render(english, rng=rng), render(chinese, rng=rng, language="zh")


def _parsed(proposal: Proposal, expression: Expression, noun: str, reference: str | None) -> ParsedEdit:
    return ParsedEdit(
        proposal.operation,
        noun,
        proposal.direction,
        proposal.distance_m,
        proposal.angle_deg,
        proposal.factor,
        expression.relation,
        reference,
    )


def _english(expression: Expression) -> str:
    return expression.label if expression.color is None else f"{expression.color} {expression.label}"


def _chinese(scene: Scene, expression: Expression) -> str:
    noun = _label_zh(scene, expression.label)
    return noun if expression.color is None else f"{COLORS_ZH[expression.color]}的{noun}"


def _label_zh(scene: Scene, label: str) -> str:
    kind = next(o.kind for o in scene.objects if o.label == label)
    return assets.KINDS[kind].label_zh
