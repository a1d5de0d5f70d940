"""Rows of the `sim-*` configs, made from a seed: row k depends on (config, seed, k) alone.

A scene serves one row an operation. What does not pass is thrown away whole and drawn again, so that a caller who asks for one row of
a scene gets just what one who asks for all of them gets.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gsi_bench_hf.synth import GENERATOR_VERSION, assets, labels
from gsi_bench_hf.synth.checks import Kept, Stage
from gsi_bench_hf.synth.configs import CONFIGS, ConfigSpec, Place
from gsi_bench_hf.synth.difficulty import difficulty
from gsi_bench_hf.synth.filters import GeometryJudge, PairJudge
from gsi_bench_hf.synth.operations import OPERATIONS
from gsi_bench_hf.synth.pairs import Pair, SceneRows, make_pairs
from gsi_bench_hf.synth.placement import sample_tabletop
from gsi_bench_hf.synth.referring import called
from gsi_bench_hf.synth.render import Renderer
from gsi_bench_hf.synth.scene import Scene, to_json

__all__ = ["CONFIGS", "DEFAULT_OPERATIONS", "NUM_ROWS", "GenerationError", "generate_rows"]

NUM_ROWS: Mapping[str, int] = {name: spec.num_rows for name, spec in CONFIGS.items()}
DEFAULT_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    name: tuple(operation for share in spec.cycle for operation in share.operations) for name, spec in CONFIGS.items()
}
"""The operations of a config's rows, in turn, over and over."""
LICENCE = "Apache-2.0"

_MAX_ATTEMPTS = 200
_MAX_VIEWS = 4


class GenerationError(RuntimeError):
    """No scene could be found that gives all its operations."""


def generate_rows(
    config: str,
    *,
    seed: int,
    start: int,
    stop: int,
    renderer: Renderer,
    operations: Sequence[str] | None = None,
    rejections: Counter[str] | None = None,
    judge: PairJudge | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows `start` .. `stop` - 1 of a config.

    Args:
        config: name in `CONFIGS`.
        seed: 0 or more.
        start: number of the first row.
        stop: number after the last; a config has no end of its own here.
        renderer: draws the images.
        operations: those of every scene's rows, in turn; None for the config's own. Other operations give other rows.
        rejections: counts why scenes and edits were thrown away, by reason; added to.
        judge: the second stage of the filter, see `filters`; None for the one that needs no weights. Another judge may give other
            rows.

    Yields:
        Rows in the schema of `data.features`: images as `{"bytes", "path"}`, the operation as its name.

    Raises:
        ValueError: an unknown config or operation, a negative seed or start.
        GenerationError: a scene index for which no attempt worked out.
    """
    if config not in CONFIGS:
        raise ValueError(f"config is {config!r}, expected one that the simulator makes: {', '.join(CONFIGS)}")
    if seed < 0 or start < 0:
        raise ValueError(f"seed is {seed} and start is {start}, expected both 0 or more")
    spec = CONFIGS[config] if operations is None else CONFIGS[config].with_operations(operations)
    for share in spec.cycle:
        for name in share.operations:
            OPERATIONS[name]
    counter = Counter() if rejections is None else rejections
    return _rows(spec, seed, range(start, stop), renderer, judge, counter)


def _rows(
    spec: ConfigSpec,
    seed: int,
    wanted: range,
    renderer: Renderer,
    judge: PairJudge | None,
    rejections: Counter[str],
) -> Iterator[dict[str, Any]]:
    current, made = None, None
    images: Mapping[str, bytes] = {}
    for row in wanted:
        place = spec.locate(row)
        if made is None or (place.key, place.index) != current:
            current, made = (place.key, place.index), _scene_rows(spec, seed, place, renderer, judge, rejections)
            images = _source_images(spec, made)
        identity = {"id": f"{spec.name}-{row:05d}", "subset": spec.name, "scene_id": f"{place.key}-s{place.index:05d}"}
        yield _record(identity, seed, spec, made, images, made.pairs[place.operation])


def _scene_rows(
    spec: ConfigSpec,
    seed: int,
    place: Place,
    renderer: Renderer,
    judge: PairJudge | None,
    rejections: Counter[str],
) -> SceneRows:
    """The first attempt at a scene that gives all its operations."""
    names = place.share.operations
    judge = judge or GeometryJudge()
    for attempt in range(_MAX_ATTEMPTS):
        rng = np.random.default_rng([zlib.crc32(place.key.encode()), seed, place.index, attempt])
        looked = False
        for scene in _sample(place.share.environment, renderer, spec.variants, rng=rng):
            looked = True
            made = make_pairs(scene, renderer, names, judge, rejections, rng=rng)
            if made is not None:
                return made
        if not looked:
            rejections["source: no room"] += 1
    raise GenerationError(
        f"{spec.name}: none of {_MAX_ATTEMPTS} attempts at scene {place.index} of seed {seed} gives {', '.join(names)}; "
        f"most refusals: {rejections.most_common(4)}. Take another seed, or fewer operations a scene"
    )


def _sample(environment: str, renderer: Renderer, variants: range, *, rng: np.random.Generator) -> Iterator[Scene]:
    """Scenes of one draw: a table, or a room as a few cameras see it; none where the draw did not work out."""
    if environment == "tabletop":
        table = sample_tabletop(rng=rng, variants=variants)
        return iter(() if table is None else (table,))
    from gsi_bench_hf.synth.layouts import sample_scenes

    return sample_scenes(environment, renderer, rng=rng, variants=variants, most=_MAX_VIEWS)  # type: ignore[arg-type]


def _encoder(spec: ConfigSpec) -> tuple[str, Callable[[Any, str], dict[str, Any]]]:
    """The ending of a config's pictures, and what encodes them."""
    return {"png": ("png", labels.encode_png), "jpeg": ("jpg", labels.encode_jpeg)}[spec.image_format]


def _source_images(spec: ConfigSpec, made: SceneRows) -> dict[str, bytes]:
    """What all rows of a scene share, encoded once: the source's picture, depth and segmentation, by column."""
    stage = made.stage
    assert made.source.rgb is not None
    assert made.source.depth_m is not None
    depth_m = labels.mended_depth(made.source.depth_m, stage.seen.segmentation, stage.scene)
    encoded = {
        "source_image": _encoder(spec)[1](made.source.rgb, ""),
        "depth": labels.encode_png(labels.depth_mm(depth_m), ""),
        "segmentation": labels.encode_png(np.asarray(stage.seen.segmentation, dtype=np.uint8), ""),
    }
    return {column: image["bytes"] for column, image in encoded.items()}


def _record(
    identity: Mapping[str, str],
    seed: int,
    spec: ConfigSpec,
    made: SceneRows,
    images: Mapping[str, bytes],
    pair: Pair,
) -> dict[str, Any]:
    stage, kept = made.stage, pair.kept
    scene, name = stage.scene, identity["id"]
    assert pair.target.rgb is not None
    target_numbers = labels.source_numbers(kept.seen.segmentation, kept.result, scene)
    ending, encode = _encoder(spec)
    return {
        **identity,
        "environment": scene.environment,
        "operation": kept.proposal.operation,
        "instruction": pair.instruction,
        "instruction_zh": pair.instruction_zh,
        "source_image": {"bytes": images["source_image"], "path": f"{name}-source.{ending}"},
        "target_image": encode(pair.target.rgb, f"{name}-target.{ending}"),
        "target": _target_record(stage, kept, name),
        "reference": _reference_record(scene, pair),
        "edit": labels.edit_record(kept),
        "camera": labels.camera_record(scene.camera),
        "objects": labels.object_records(scene, stage.seen),
        "target_objects": labels.object_records(kept.result, kept.seen),
        "depth": {"bytes": images["depth"], "path": f"{name}-depth.png"},
        "segmentation": {"bytes": images["segmentation"], "path": f"{name}-segmentation.png"},
        "target_segmentation": labels.encode_png(target_numbers, f"{name}-target-segmentation.png"),
        "difficulty": difficulty(kept, stage.seen),
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


def _reference_record(scene: Scene, pair: Pair) -> dict[str, str] | None:
    """What a placement is to, or what the target's name speaks of."""
    proposal, expression = pair.kept.proposal, pair.expression
    if proposal.reference_id is not None:
        items = [o for o in (*scene.objects, *scene.fixtures) if o.instance_id == proposal.reference_id]
    elif expression.reference is not None:
        items = called(scene, expression.reference)
    else:
        return None
    return {"label": items[0].label, "instance_id": items[0].instance_id}
