"""Level surfaces of a scene that things can stand on: the floor, table tops, shelves, seats, the top book of a stack."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.base import Support
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject

EDGE_MARGIN_M = 0.02
_TOUCHING_M = 0.003


@dataclass(frozen=True, eq=False)
class Surface:
    """A support in the world.

    Attributes:
        owner_id: instance id of the fixture or object that it belongs to.
        center_m: (3,) world, the middle of the surface.
        axes: (2, 2) its unit x and y, world, as rows.
        support: its shape, extents and clearance in metres, the owner's scale applied.
    """

    owner_id: str
    center_m: Float
    axes: Float
    support: Support

    def holds(self, points_m: Float, margin_m: float = EDGE_MARGIN_M) -> bool:
        """Whether all points (N, 2 or 3), world, lie over the surface, `margin_m` from its edge."""
        local = (points_m[:, :2] - self.center_m[:2]) @ self.axes.T
        half = self.support.half_extents_m - margin_m
        if self.support.shape == "disc":
            return bool((np.linalg.norm(local, axis=1) <= half[0]).all())
        return bool((np.abs(local) <= half).all())


def surfaces_on(item: SceneObject) -> tuple[Surface, ...]:
    """The surfaces of one upright thing, the main one first; none for most, and for what is no asset of the library."""
    if item.kind not in assets.KINDS:
        return ()
    return tuple(_placed(item, support) for support in assets.supports(item.kind, item.variant))


def surfaces_of(scene: Scene) -> tuple[Surface, ...]:
    """Every surface of a scene, those of fixtures first."""
    return tuple(s for item in (*scene.fixtures, *scene.objects) for s in surfaces_on(item))


def surface_under(scene: Scene, item: SceneObject) -> Surface | None:
    """The surface that an object stands on: at the height of its base, under its middle; None where it hangs in the air."""
    for surface in surfaces_of(scene):
        level = abs(float(surface.center_m[2] - item.position_m[2])) < _TOUCHING_M
        if surface.owner_id != item.instance_id and level and surface.holds(item.position_m[None], 0.0):
            return surface
    return None


def _placed(item: SceneObject, support: Support) -> Surface:
    at = item.scale * np.array([*support.center_m, support.height_m])
    scaled = dataclasses.replace(
        support,
        height_m=support.height_m * item.scale,
        half_extents_m=support.half_extents_m * item.scale,
        center_m=support.center_m * item.scale,
        clearance_m=support.clearance_m * item.scale,
    )
    return Surface(item.instance_id, item.position_m + item.rotation @ at, item.rotation[:2, :2].T, scaled)


@dataclass(frozen=True, eq=False)
class Rest:
    """What a thing stands on: a surface of another one, or only its flat top, where no surface was declared.

    Attributes:
        carrier_id: instance id of what carries it.
        surface: None for a flat top.
    """

    carrier_id: str
    surface: Surface | None


def rests_of(scene: Scene, surfaces: Sequence[Surface] | None = None) -> dict[str, Rest]:
    """What each fixture and object stands on, by id; those are missing that hang on a wall, in the air, or are the room itself.

    Args:
        scene: with upright things.
        surfaces: `surfaces_of(scene)`, where that is known.
    """
    found = surfaces_of(scene) if surfaces is None else surfaces
    items = (*scene.fixtures, *scene.objects)
    base_m = np.stack([i.position_m for i in items]) if items else np.zeros((0, 3))
    rests: dict[str, Rest] = {}
    for surface in found:
        for row in np.flatnonzero(np.abs(base_m[:, 2] - surface.center_m[2]) < _TOUCHING_M):
            item = items[row]
            new = item.instance_id not in rests and item.instance_id != surface.owner_id
            if new and surface.holds(base_m[row, None], 0.0):
                rests[item.instance_id] = Rest(surface.owner_id, surface)
    for item in items:
        carrier = None if item.instance_id in rests else _topmost(item, items)
        if carrier is not None:
            rests[item.instance_id] = Rest(carrier.instance_id, None)
    return rests


def _topmost(item: SceneObject, items: Sequence[SceneObject]) -> SceneObject | None:
    """What has its top where a thing has its base, under its middle."""
    for other in items:
        top_m = float(other.position_m[2] + other.size_m[2] * other.scale)
        if other is item or abs(top_m - float(item.position_m[2])) >= _TOUCHING_M:
            continue
        local = (item.position_m - other.position_m) @ other.rotation
        if (np.abs(local[:2]) <= other.size_m[:2] * other.scale / 2.0).all():
            return other
    return None
