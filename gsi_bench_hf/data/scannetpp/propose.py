"""The edits of a frame: targets, parameters and words from the simulator's own operations, kept where `checks` lets them pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gsi_bench_hf.data.scannetpp.checks import PhotoStage
from gsi_bench_hf.data.scannetpp.vocabulary import chinese_of
from gsi_bench_hf.instructions import ParsedEdit, render
from gsi_bench_hf.synth.checks import Kept
from gsi_bench_hf.synth.operations import OPERATIONS, Proposal
from gsi_bench_hf.synth.referring import Expression
from gsi_bench_hf.synth.scene import Scene, look_at
from gsi_bench_hf.synth.wording import choose_expression
from gsi_bench_hf.types import Camera

OFFERED = ("move", "rotate", "remove", "scale")
"""Operations that can be proposed for a photograph."""
DEFAULT = ("move", "rotate", "remove")
"""Those of GSI-Real."""
MAX_ROLL_DEG, MAX_PITCH_DEG = 20.0, 65.0
_MAX_CHECKS = 60


@dataclass(frozen=True, eq=False)
class WordedEdit:
    """An edit of a frame that passed the checks, with its words; no Chinese where a noun is not known."""

    kept: Kept
    expression: Expression
    instruction: str
    instruction_zh: str | None


def tilt_reason(camera: Camera) -> str | None:
    """Why left, right, towards and away would mean nothing in a picture: the camera is rolled, or looks down or up too steeply."""
    right, forward = camera.world_from_camera[:3, 0], camera.world_from_camera[:3, 2]
    upside_down = camera.world_from_camera[2, 1] > 0.0
    if abs(right[2]) > np.sin(np.deg2rad(MAX_ROLL_DEG)) or upside_down:
        return "camera rolled"
    return "camera too steep" if abs(forward[2]) > np.sin(np.deg2rad(MAX_PITCH_DEG)) else None


def propose(stage: PhotoStage, operations: Sequence[str], most: int, *, rng: np.random.Generator) -> list[WordedEdit]:
    """At most one edit an operation and `most` in all, of different targets where possible.

    Args:
        stage: the frame.
        operations: names, of `OFFERED`.
        most: how many edits.
        rng: draws targets, parameters and words.
    """
    targets = stage.targets()
    level = stage.scene.with_camera(levelled(stage.scene.camera))
    found: list[WordedEdit] = []
    for name in [operations[i] for i in rng.permutation(len(operations))]:
        if len(found) < most:
            taken = [edit.kept.proposal.target_id for edit in found]
            edit = _find(stage, level, name, [t.instance_id for t in targets], taken, rng=rng)
            if edit is not None:
                found.append(edit)
    return found


def levelled(camera: Camera) -> Camera:
    """The camera without its roll: its left and right are level, so that what is moved along them stays on its surface."""
    pose = camera.world_from_camera
    return dataclasses.replace(camera, world_from_camera=look_at(pose[:3, 3], pose[:3, 3] + pose[:3, 2]))


def _find(
    stage: PhotoStage, level: Scene, name: str, ids: Sequence[str], taken: Sequence[str], *, rng: np.random.Generator
) -> WordedEdit | None:
    spec = OPERATIONS[name]
    offered: list[tuple[Proposal, Expression]] = []
    for instance_id in [ids[i] for i in rng.permutation(len(ids))]:
        item = level.object(instance_id)
        if not spec.suits(level, item):
            continue
        proposals = spec.proposals(level, item, rng=rng)
        expression = choose_expression(stage.scene, proposals[0], rng=rng) if proposals else None
        if expression is None:
            stage.rejections[f"{name}: ambiguous"] += 1
            continue
        offered += [(proposal, expression) for proposal in proposals]
    if not offered:
        stage.rejections[f"{name}: no target"] += 1
        return None
    wish = spec.choices[int(rng.integers(len(spec.choices)))]
    offered.sort(key=lambda pair: (pair[0].target_id in taken, pair[0].choice != wish))
    for proposal, expression in offered[:_MAX_CHECKS]:
        kept = stage.check(proposal)
        if kept is not None:
            return WordedEdit(kept, expression, *words(proposal, expression, rng=rng))
    return None


def words(proposal: Proposal, expression: Expression, *, rng: np.random.Generator) -> tuple[str, str | None]:
    """The instruction in English, and in Chinese where its nouns have one."""
    english = _parsed(proposal, expression, expression.label, expression.reference)
    text = render(english, rng=rng)
    noun, reference = chinese_of(expression.label), chinese_of(expression.reference or "")
    if noun is None or (expression.reference is not None and reference is None):
        return text, None
    return text, render(_parsed(proposal, expression, noun, reference), rng=rng, language="zh")


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
