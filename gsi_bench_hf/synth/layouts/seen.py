"""Scenes from layouts: what the camera sees well is an object of the scene, everything else a fixture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import box_corners
from gsi_bench_hf.synth.layouts.scenes import Layout, sample_layout
from gsi_bench_hf.synth.placement import sample_tabletop
from gsi_bench_hf.synth.render import Renderer
from gsi_bench_hf.synth.room_views import MIN_EDITABLE, editable, ranked_views
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box
from gsi_bench_hf.synth.seeing import alone_in_room
from gsi_bench_hf.synth.viewpoints import bounds_px
from gsi_bench_hf.types import Camera

MOST_OBJECTS = 60
_LEAST_PX = 150
_LEAST_SHARE = 0.5
_LEAST_INSIDE = 0.8


def seen_scene(layout: Layout, camera: Camera, renderer: Renderer) -> Scene | None:
    """The scene of a room as a camera sees it.

    An object of the layout stays one where at least half of it shows and the frame cuts off little of it. The others are drawn but
    no longer labelled. Where a row of books shows, single books are not labelled either: nobody could say which is meant.

    Returns:
        The scene; None where fewer than `room_views.MIN_EDITABLE` objects could be edited.
    """
    whole = Scene(layout.environment, layout.fixtures, layout.objects, layout.lights, layout.ambient, camera)
    segmentation = renderer.render(whole, want=("segmentation",)).segmentation
    assert segmentation is not None
    if len(editable(layout.objects, camera, segmentation)) < MIN_EDITABLE:
        return None
    pixels = np.bincount(segmentation.ravel(), minlength=len(layout.objects) + 1)[1:]
    rows = any(f.kind == "book-row" and _ahead(f, camera) for f in layout.fixtures)
    shown = {
        item.instance_id: int(count)
        for item, count in zip(layout.objects, pixels, strict=True)
        if not (rows and item.kind == "book") and _is_framed(item, camera, int(count))
    }
    doubtful = [
        item
        for number, item in enumerate(layout.objects)
        if item.instance_id in shown and not _clear(bounds_px(item, camera), number + 1, segmentation)
    ]
    alone = alone_in_room(renderer, whole, doubtful)
    named = {i for i, count in shown.items() if i not in alone or count >= _LEAST_SHARE * alone[i]}
    kept = tuple(item for item in layout.objects if item.instance_id in named)
    left = tuple(item for item in layout.objects if item.instance_id not in named)
    if len(kept) > MOST_OBJECTS:
        return None
    return Scene(layout.environment, (*layout.fixtures, *left), kept, layout.lights, layout.ambient, camera)


def sample_scene(
    environment: Literal["tabletop", "room", "bathroom"],
    renderer: Renderer,
    *,
    rng: np.random.Generator,
    variants: range = range(24),
) -> Scene | None:
    """A scene of that environment, furnished, seen and lit; None where the draw did not work out.

    Args:
        environment: "tabletop", "room", "bathroom".
        renderer: draws small segmentations to choose the view by; not used for a tabletop.
        rng: draws everything.
        variants: which variants of each kind it may draw.
    """
    return next(sample_scenes(environment, renderer, rng=rng, variants=variants), None)


def sample_scenes(
    environment: Literal["tabletop", "room", "bathroom"],
    renderer: Renderer,
    *,
    rng: np.random.Generator,
    variants: range = range(24),
    most: int = 1,
) -> Iterator[Scene]:
    """Scenes of one room as its best views show it, for who may need another one: furnishing a room costs more than looking again.

    Args:
        environment: "tabletop", "room", "bathroom".
        renderer: as of `sample_scene`.
        rng: draws everything, as the scenes are asked for.
        variants: which variants of each kind it may draw.
        most: how many views at most; of a tabletop there is one.
    """
    if environment == "tabletop":
        table = sample_tabletop(rng=rng, variants=variants)
        yield from () if table is None else (table,)
        return
    layout = sample_layout(environment, rng=rng, variants=variants)
    if layout is None:
        return
    for camera in ranked_views(layout, renderer, rng=rng)[:most]:
        scene = seen_scene(layout, camera, renderer)
        if scene is not None:
            yield scene


def _is_framed(item: SceneObject, camera: Camera, pixels: int) -> bool:
    """Whether an object is large enough and cut off little enough to be called seen."""
    if pixels < _LEAST_PX or not _ahead(item, camera):
        return False
    bounds = bounds_px(item, camera)
    clipped = np.clip(bounds, 0.0, np.tile([camera.width, camera.height], 2))
    return bool(np.prod(clipped[2:] - clipped[:2]) >= _LEAST_INSIDE * np.prod(bounds[2:] - bounds[:2]))


def _clear(bounds: NDArray[np.float64], number: int, segmentation: NDArray[np.int32]) -> bool:
    """Whether a thing fills so much of its box that hardly anything can hide it."""
    return bool(np.count_nonzero(segmentation == number) > 0.6 * np.prod(bounds[2:] - bounds[:2]))


def _ahead(item: SceneObject, camera: Camera) -> bool:
    """Whether every corner of an object's box is before the camera."""
    box = object_box(item, camera)
    return bool(box_corners(box.center_m, box.extents_m, box.rotation)[:, 2].min() > 0.1)
