"""Rows of the `sim-*` configs, made from a seed: row k depends on (config, seed, k) alone.

A scene serves one row an operation. What does not pass is thrown away whole and drawn again, so that a caller who asks for one row of
a scene gets just what one who asks for all of them gets.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gsi_bench_hf.synth import GENERATOR_VERSION, assets, filters, labels
from gsi_bench_hf.synth.checks import Kept, Stage
from gsi_bench_hf.synth.operations import OPERATIONS, Proposal
from gsi_bench_hf.synth.placement import sample_tabletop
from gsi_bench_hf.synth.referring import Expression
from gsi_bench_hf.synth.render import Frame, Renderer
from gsi_bench_hf.synth.scene import Scene, to_json
from gsi_bench_hf.synth.wording import choose_expression, write_instructions

NUM_ROWS: Mapping[str, int] = {"sim-tabletop": 600}
DEFAULT_OPERATIONS: Mapping[str, tuple[str, ...]] = {"sim-tabletop": ("move", "rotate", "scale")}
LICENCE = "Apache-2.0"

_MAX_ATTEMPTS = 200
# The hardest to find first; the others then take what targets are left.
_SEARCH_ORDER = ("remove", "rotate", "scale", "move")


class GenerationError(RuntimeError):
    """No scene could be found that gives all its operations."""


@dataclass(frozen=True, eq=False)
class _Pair:
    """One edit of a scene, worded and rendered."""

    kept: Kept
    expression: Expression
    instruction: str
    instruction_zh: str
    target: Frame


@dataclass(frozen=True, eq=False)
class _SceneRows:
    """A scene with all its pairs, by operation."""

    stage: Stage
    source: Frame
    pairs: Mapping[str, _Pair]


def generate_rows(
    config: str,
    *,
    seed: int,
    start: int,
    stop: int,
    renderer: Renderer,
    operations: Sequence[str] | None = None,
    rejections: Counter[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows `start` .. `stop` - 1 of a config.

    Args:
        config: name in `NUM_ROWS`.
        seed: 0 or more.
        start: number of the first row.
        stop: number after the last; a config has no end of its own here.
        renderer: draws the images.
        operations: those of a scene's rows, in turn; None for the config's own. Other operations give other rows.
        rejections: counts why scenes and edits were thrown away, by reason; added to.

    Yields:
        Rows in the schema of `data.features`: images as `{"bytes", "path"}`, the operation as its name.

    Raises:
        ValueError: an unknown config or operation, a negative seed or start.
        GenerationError: a scene index for which no attempt worked out.
    """
    if config not in NUM_ROWS:
        raise ValueError(f"config is {config!r}, expected one that the simulator makes: {', '.join(NUM_ROWS)}")
    if seed < 0 or start < 0:
        raise ValueError(f"seed is {seed} and start is {start}, expected both 0 or more")
    names = tuple(operations or DEFAULT_OPERATIONS[config])
    for name in names:
        OPERATIONS[name]
    return _rows(config, seed, range(start, stop), renderer, names, Counter() if rejections is None else rejections)


def _rows(
    config: str, seed: int, wanted: range, renderer: Renderer, names: tuple[str, ...], rejections: Counter[str]
) -> Iterator[dict[str, Any]]:
    current, made = -1, None
    for row in wanted:
        index, place = divmod(row, len(names))
        if made is None or index != current:
            current, made = index, _scene_rows(config, seed, index, renderer, names, rejections)
        identity = {"id": f"{config}-{row:05d}", "subset": config, "scene_id": f"{config}-s{index:05d}"}
        yield _record(identity, seed, made, made.pairs[names[place]])


def _scene_rows(
    config: str, seed: int, index: int, renderer: Renderer, names: tuple[str, ...], rejections: Counter[str]
) -> _SceneRows:
    """The first attempt at a scene that gives all its operations."""
    for attempt in range(_MAX_ATTEMPTS):
        rng = np.random.default_rng([zlib.crc32(config.encode()), seed, index, attempt])
        made = _attempt(renderer, names, rejections, rng=rng)
        if made is not None:
            return made
    raise GenerationError(
        f"{config}: none of {_MAX_ATTEMPTS} attempts at scene {index} of seed {seed} gives {', '.join(names)}; "
        f"most refusals: {rejections.most_common(4)}. Take another seed, or fewer operations a scene"
    )


def _attempt(
    renderer: Renderer, names: tuple[str, ...], rejections: Counter[str], *, rng: np.random.Generator
) -> _SceneRows | None:
    scene = sample_tabletop(rng=rng)
    if scene is None:
        rejections["source: no room"] += 1
        return None
    if "remove" in names and len({o.label for o in scene.objects}) == len(scene.objects):
        rejections["source: no two of a kind"] += 1
        return None
    stage = Stage(scene, renderer, rejections)
    if not stage.stands:
        return None
    found = _find_edits(stage, names, rng=rng)
    if found is None:
        return None
    return _render_pairs(stage, found, renderer, names, rejections, rng=rng)


def _find_edits(
    stage: Stage, names: tuple[str, ...], *, rng: np.random.Generator
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
    named: list[tuple[Proposal, Expression]] = []
    for item in order:
        offered = spec.proposals(stage.scene, item, rng=rng)
        expression = choose_expression(stage.scene, offered[0], rng=rng) if offered else None
        if expression is None:
            stage.rejections[f"{name}: ambiguous"] += 1
            continue
        named += [(proposal, expression) for proposal in offered]
    named.sort(key=lambda pair: (pair[0].target_id in taken, pair[0].choice != wish))
    for proposal, expression in named:
        kept = stage.check(proposal)
        if kept is not None:
            return kept, expression
    return None


def _render_pairs(
    stage: Stage,
    found: Mapping[str, tuple[Kept, Expression]],
    renderer: Renderer,
    names: tuple[str, ...],
    rejections: Counter[str],
    *,
    rng: np.random.Generator,
) -> _SceneRows | None:
    source = renderer.render(stage.scene, want=("rgb", "depth"))
    assert source.rgb is not None
    reason = filters.exposure_reason(source.rgb)
    if reason is not None:
        rejections[f"source: {reason}"] += 1
        return None
    pairs: dict[str, _Pair] = {}
    for name in dict.fromkeys(names):
        kept, expression = found[name]
        target = renderer.render(kept.result, want=("rgb",))
        assert target.rgb is not None
        target_id = kept.proposal.target_id
        region = labels.mask_of(stage.seen.segmentation, stage.scene, target_id)
        region |= labels.mask_of(kept.seen.segmentation, kept.result, target_id)
        reason = filters.pair_reason(source.rgb, target.rgb, region)
        if reason is not None:
            rejections[f"{name}: {reason}"] += 1
            return None
        english, chinese = write_instructions(stage.scene, kept.proposal, expression, rng=rng)
        pairs[name] = _Pair(kept, expression, english, chinese, target)
    return _SceneRows(stage, source, pairs)


def _record(identity: Mapping[str, str], seed: int, made: _SceneRows, pair: _Pair) -> dict[str, Any]:
    stage, kept = made.stage, pair.kept
    scene, name = stage.scene, identity["id"]
    assert made.source.rgb is not None
    assert made.source.depth_m is not None
    assert pair.target.rgb is not None
    depth_m = labels.mended_depth(made.source.depth_m, stage.seen.segmentation, scene)
    numbers = np.asarray(stage.seen.segmentation, dtype=np.uint8)
    target_numbers = labels.source_numbers(kept.seen.segmentation, kept.result, scene)
    return {
        **identity,
        "environment": scene.environment,
        "operation": kept.proposal.operation,
        "instruction": pair.instruction,
        "instruction_zh": pair.instruction_zh,
        "source_image": labels.encode_png(made.source.rgb, f"{name}-source.png"),
        "target_image": labels.encode_png(pair.target.rgb, f"{name}-target.png"),
        "target": _target_record(stage, kept, name),
        "reference": _reference_record(scene, pair.expression),
        "edit": labels.edit_record(kept),
        "camera": labels.camera_record(scene.camera),
        "objects": labels.object_records(scene, stage.seen),
        "target_objects": labels.object_records(kept.result, kept.seen),
        "depth": labels.encode_png(labels.depth_mm(depth_m), f"{name}-depth.png"),
        "segmentation": labels.encode_png(numbers, f"{name}-segmentation.png"),
        "target_segmentation": labels.encode_png(target_numbers, f"{name}-target-segmentation.png"),
        "difficulty": labels.difficulty(kept, stage.seen),
        "scene": to_json(kept.edited),
        "provenance": {
            "generator": "gsi-bench-hf",
            "version": GENERATOR_VERSION,
            "seed": seed,
            "licence": LICENCE,
            "extra": None,
        },
    }


def _target_record(stage: Stage, kept: Kept, name: str) -> dict[str, Any]:
    item = stage.scene.object(kept.proposal.target_id)
    mask = labels.mask_of(stage.seen.segmentation, stage.scene, item.instance_id)
    return {
        "label": item.label,
        "instance_id": item.instance_id,
        "description": assets.caption(assets.build_asset(item.kind, item.variant)),
        "mask": labels.encode_png(mask.astype(np.uint8) * 255, f"{name}-mask.png"),
    }


def _reference_record(scene: Scene, expression: Expression) -> dict[str, str] | None:
    if expression.reference is None:
        return None
    reference = next(o for o in scene.objects if o.label == expression.reference)
    return {"label": reference.label, "instance_id": reference.instance_id}
