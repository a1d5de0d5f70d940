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
    pixels = np.bincount(segmentation.ravel(), minlength=len(layout.objects) + 1)[1:]
    rows = any(f.kind == "book-row" and _ahead(f, camera) for f in layout.fixtures)
    kept: list[SceneObject] = []
    left: list[SceneObject] = []
    for number, item in enumerate(layout.objects):
        plain = not (rows and item.kind == "book")
        labelled = plain and _labelled(whole, item, number, int(pixels[number]), segmentation, renderer)
        (kept if labelled else left).append(item)
    if len(editable(layout.objects, camera, segmentation)) < MIN_EDITABLE or len(kept) > MOST_OBJECTS:
        return None
    return Scene(layout.environment, (*layout.fixtures, *left), tuple(kept), layout.lights, layout.ambient, camera)


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


def _labelled(
    scene: Scene, item: SceneObject, number: int, pixels: int, segmentation: NDArray[np.int32], renderer: Renderer
) -> bool:
    """Whether enough of an object shows to be called seen."""
    if pixels < _LEAST_PX or not _ahead(item, scene.camera):
        return False
    bounds = bounds_px(item, scene.camera)
    clipped = np.clip(bounds, 0.0, np.tile([scene.camera.width, scene.camera.height], 2))
    if np.prod(clipped[2:] - clipped[:2]) < _LEAST_INSIDE * np.prod(bounds[2:] - bounds[:2]):
        return False
    if _clear(bounds, number + 1, segmentation):
        return True
    alone = renderer.render(scene, want=("segmentation",), only=(item.instance_id,)).segmentation
    assert alone is not None
    return bool(pixels >= _LEAST_SHARE * np.count_nonzero(alone))


def _clear(bounds: NDArray[np.float64], number: int, segmentation: NDArray[np.int32]) -> bool:
    """Whether a thing fills so much of its box that hardly anything can hide it."""
    return bool(np.count_nonzero(segmentation == number) > 0.6 * np.prod(bounds[2:] - bounds[:2]))


def _ahead(item: SceneObject, camera: Camera) -> bool:
    """Whether every corner of an object's box is before the camera."""
    box = object_box(item, camera)
    return bool(box_corners(box.center_m, box.extents_m, box.rotation)[:, 2].min() > 0.1)
