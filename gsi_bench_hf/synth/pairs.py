"""From a scene to its pairs: an edit for every operation that passes the checks, worded, rendered and filtered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gsi_bench_hf.synth import filters, labels
from gsi_bench_hf.synth.checks import Kept, Stage
from gsi_bench_hf.synth.operations import OPERATIONS, OperationSpec, Proposal
from gsi_bench_hf.synth.referring import Expression
from gsi_bench_hf.synth.render import Frame, Renderer
from gsi_bench_hf.synth.scene import Scene, SceneObject
from gsi_bench_hf.synth.wording import Names, choose_expression, reference_names, write_instructions

# The hardest to find first; the others then take what targets are left.
_SEARCH_ORDER = ("receptacle", "place", "view", "remove", "rotate", "scale", "move")
_MAX_CHECKS = 40
"""Edits of one operation that are checked in a room before its scene is given up. (A table has few objects: all are.)"""


@dataclass(frozen=True, eq=False)
class Pair:
    """One edit of a scene, worded and rendered."""

    kept: Kept
    expression: Expression
    instruction: str
    instruction_zh: str
    target: Frame


@dataclass(frozen=True, eq=False)
class SceneRows:
    """A scene with all its pairs, by operation."""

    stage: Stage
    source: Frame
    pairs: Mapping[str, Pair]


def make_pairs(
    scene: Scene,
    renderer: Renderer,
    names: Sequence[str],
    judge: filters.PairJudge,
    rejections: Counter[str],
    *,
    rng: np.random.Generator,
) -> SceneRows | None:
    """A pair for every operation of `names`; None where the scene does not give all of them.

    Args:
        scene: the source.
        renderer: draws the images.
        names: operations.
        judge: the second stage of the filter.
        rejections: counts why the scene or an edit was thrown away; added to.
        rng: draws targets, parameters and words.
    """
    if "remove" in names and len({o.label for o in scene.objects}) == len(scene.objects):
        rejections["source: no two of a kind"] += 1
        return None
    stage = Stage(scene, renderer, rejections)
    if not stage.stands:
        return None
    found = _find_edits(stage, names, rng=rng)
    if found is None:
        return None
    return _render_pairs(stage, found, renderer, names, judge, rng=rng)


def _find_edits(
    stage: Stage, names: Sequence[str], *, rng: np.random.Generator
) -> dict[str, tuple[Kept, Expression]] | None:
    """One edit an operation, of different targets where possible; None where an operation has none."""
    found: dict[str, tuple[Kept, Expression]] = {}
    taken: list[str] = []
    for name in sorted(set(names), key=_SEARCH_ORDER.index):
        edit = _find_edit(stage, name, taken, rng=rng)
        if edit is None:
            stage.rejections[f"source: no {name}"] += 1
            return None
        found[name] = edit
        taken.append(edit[0].proposal.target_id)
    return found


def _find_edit(
    stage: Stage, name: str, taken: Sequence[str], *, rng: np.random.Generator
) -> tuple[Kept, Expression] | None:
    """An edit with the drawn choice of parameters where some object allows it (else hard ones would be rare), or with any."""
    spec = OPERATIONS[name]
    order = [stage.scene.objects[i] for i in rng.permutation(len(stage.scene.objects))]
    order = [o for o in order if spec.suits(stage.scene, o) and stage.suits(o)]
    wish = spec.choices[int(rng.integers(len(spec.choices)))]
    named = _named(stage, spec, order, rng=rng)
    named.sort(key=lambda pair: (pair[0].target_id in taken, pair[0].choice != wish))
    limit = _MAX_CHECKS if stage.scene.is_room else len(named)
    for proposal, expression in named[:limit]:
        kept = stage.check(proposal)
        if kept is not None:
            return kept, expression
    return None


def _named(
    stage: Stage, spec: OperationSpec, order: Sequence[SceneObject], *, rng: np.random.Generator
) -> list[tuple[Proposal, Expression]]:
    """What words can be found for, of all edits of the objects, in their order."""
    named: list[tuple[Proposal, Expression]] = []
    known: dict[tuple[str | None, int | None, str | None], Names | None] = {}
    for item in order:
        offered = spec.proposals(stage.scene, item, rng=rng)
        expression = choose_expression(stage.scene, offered[0], rng=rng) if offered else None
        if expression is None:
            stage.rejections[f"{spec.name}: ambiguous"] += 1
            continue
        for proposal in offered:
            reference = (proposal.reference_id, proposal.support, proposal.part)
            if proposal.relation is not None and reference not in known:
                known[reference] = reference_names(stage.scene, proposal)
            if proposal.relation is None or known[reference] is not None:
                named.append((proposal, expression))
    return named


def _render_pairs(
    stage: Stage,
    found: Mapping[str, tuple[Kept, Expression]],
    renderer: Renderer,
    names: Sequence[str],
    judge: filters.PairJudge,
    *,
    rng: np.random.Generator,
) -> SceneRows | None:
    drawn = renderer.render(stage.scene, want=("rgb", "depth"))
    source = Frame(drawn.rgb, drawn.depth_m, stage.seen.segmentation)
    assert source.rgb is not None
    reason = filters.exposure_reason(source.rgb)
    if reason is not None:
        stage.rejections[f"source: {reason}"] += 1
        return None
    pairs: dict[str, Pair] = {}
    for name in dict.fromkeys(names):
        kept, expression = found[name]
        drawn = renderer.render(kept.result, want=("rgb", "depth"))
        target = Frame(drawn.rgb, drawn.depth_m, kept.seen.segmentation)
        reason = _pixel_reason(stage, kept, source, target)
        english, chinese = (
            write_instructions(stage.scene, kept.proposal, expression, rng=rng) if not reason else ("", "")
        )
        if reason is None:
            reason = judge(filters.Pair(name, english, kept.proposal.target_id, kept.edited, source, target))
        if reason is not None:
            stage.rejections[f"{name}: {reason}"] += 1
            return None
        pairs[name] = Pair(kept, expression, english, chinese, target)
    return SceneRows(stage, source, pairs)


def _pixel_reason(stage: Stage, kept: Kept, source: Frame, target: Frame) -> str | None:
    """Why a pair is refused for its pixels."""
    assert source.rgb is not None
    assert target.rgb is not None
    if kept.proposal.camera is not None:
        return filters.view_reason(source.rgb, target.rgb)
    target_id = kept.proposal.target_id
    region = labels.mask_of(stage.seen.segmentation, stage.scene, target_id)
    region |= labels.mask_of(kept.seen.segmentation, kept.result, target_id)
    return filters.pair_reason(source.rgb, target.rgb, region)
