"""How a scene's objects are seen: what of each shows, and what would if it stood alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import box_corners, project_points
from gsi_bench_hf.synth.render import Renderer
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject, object_box
from gsi_bench_hf.synth.viewpoints import bounds_px
from gsi_bench_hf.types import Camera

_NEAR_M = 0.05


@dataclass(frozen=True, eq=False)
class Seen:
    """How a scene is seen: `segmentation` (H, W) as rendered, and `pixels_alone`, what each object would cover by itself, by id."""

    segmentation: NDArray[np.int32]
    pixels_alone: dict[str, int]

    def visible_fraction(self, scene: Scene) -> dict[str, float]:
        """0..1 by id: the part of each object's silhouette (inside the picture) that nothing covers."""
        shown = np.bincount(self.segmentation.ravel(), minlength=len(scene.objects) + 1)
        return {
            o.instance_id: min(1.0, float(shown[i + 1]) / self.pixels_alone[o.instance_id])
            if self.pixels_alone[o.instance_id]
            else 0.0
            for i, o in enumerate(scene.objects)
        }


def segmentation_of(
    renderer: Renderer, scene: Scene, only: Collection[str] | None = None, size: tuple[int, int] | None = None
) -> NDArray[np.int32]:
    """(H, W) numbers of the scene's objects; see `Renderer.render`."""
    segmentation = renderer.render(scene, want=("segmentation",), only=only, size=size).segmentation
    assert segmentation is not None
    return segmentation


def seen_on_table(renderer: Renderer, scene: Scene) -> Seen:
    """How a scene is seen in which only objects hide objects."""
    segmentation = segmentation_of(renderer, scene)
    return Seen(segmentation, {o.instance_id: alone_on_table(renderer, scene, o, segmentation) for o in scene.objects})


def alone_on_table(renderer: Renderer, scene: Scene, item: SceneObject, segmentation: NDArray[np.int32]) -> int:
    """Pixels of an object by itself. What overlaps no other's box in the picture needs no picture of its own."""
    here = bounds_px(item, scene.camera)
    others = [bounds_px(o, scene.camera) for o in scene.objects if o.instance_id != item.instance_id]
    if all((here[:2] >= b[2:]).any() or (b[:2] >= here[2:]).any() for b in others):
        return int(np.count_nonzero(segmentation == 1 + scene.objects.index(item)))
    return int(np.count_nonzero(segmentation_of(renderer, scene, (item.instance_id,))))


def seen_in_room(renderer: Renderer, scene: Scene) -> Seen:
    """How a scene is seen in which furniture hides objects too."""
    return Seen(segmentation_of(renderer, scene), alone_in_room(renderer, scene, scene.objects))


def alone_in_room(renderer: Renderer, scene: Scene, items: Iterable[SceneObject]) -> dict[str, int]:
    """Pixels that each of the objects covers by itself inside the picture, by id. What doesn't meet shares a picture."""
    bare = dataclasses.replace(scene, fixtures=())
    limits = {o.instance_id: clipped_px(o, scene.camera) for o in items}
    alone = dict.fromkeys(limits, 0)
    groups: list[list[str]] = []
    for name, here in limits.items():
        if here is None:
            continue
        for group in groups:
            if not any(_meet(here, limits[other]) for other in group):
                group.append(name)
                break
        else:
            groups.append([name])
    numbers = {o.instance_id: i + 1 for i, o in enumerate(scene.objects)}
    for group in groups:
        shown = np.bincount(segmentation_of(renderer, bare, group).ravel(), minlength=len(numbers) + 1)
        alone.update((name, int(shown[numbers[name]])) for name in group)
    return alone


def clipped_px(item: SceneObject, camera: Camera) -> Float | None:
    """(4,) x1, y1, x2, y2 around an object's box in the picture, a pixel wider; None where it is out of it or behind the camera.

    The whole picture for what the camera is nearer to than 5 cm.
    """
    size = np.array([camera.width, camera.height], dtype=np.float64)
    box = object_box(item, camera)
    corners = box_corners(box.center_m, box.extents_m, box.rotation)
    if (corners[:, 2] < _NEAR_M).all():
        return None
    if (corners[:, 2] < _NEAR_M).any():
        return np.concatenate([np.zeros(2), size])
    pixels = project_points(corners, camera.intrinsics)
    low, high = np.maximum(pixels.min(axis=0) - 1.0, 0.0), np.minimum(pixels.max(axis=0) + 1.0, size)
    return None if (low >= high).any() else np.concatenate([low, high])


def is_framed(item: SceneObject, camera: Camera, margin_px: float) -> bool:
    """Whether the whole of an object's box is in the picture, that far from its edge."""
    box = object_box(item, camera)
    if box_corners(box.center_m, box.extents_m, box.rotation)[:, 2].min() < _NEAR_M:
        return False
    bounds = bounds_px(item, camera)
    high = np.array([camera.width, camera.height]) - margin_px
    return bool((bounds[:2] >= margin_px).all() and (bounds[2:] <= high).all())


def _meet(a: Float, b: Float | None) -> bool:
    return b is not None and bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())
