"""Put an object onto the middle of another piece of furniture or thing, or into the middle of what is hollow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gsi_bench_hf.geometry import project_points
from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal, posed, rests
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject
from gsi_bench_hf.synth.surfaces import Surface, surfaces_on

RELATIONS = ("on", "in")
INSIDE = ("inside", "basin", "tub")
"""Names of surfaces that things are put into rather than onto."""

SHELL = ("floor", "wall", "ceiling")
"""Labels of what everything is in; edits don't speak of it."""

_HEADROOM_M = 0.02
_FRAME_MARGIN_PX = 12.0
_LARGEST_M = 0.6
"""Nobody puts an armchair onto a table."""


def relation_to(surface: Surface) -> str:
    """Whether things are put "on" or "in" it."""
    return "in" if surface.support.name in INSIDE else "on"


def put_on(item: SceneObject, surface: Surface) -> SceneObject:
    """The object on the middle of a surface, turned as it was."""
    return posed(item, position_m=surface.center_m.copy())


def suits(scene: Scene, item: SceneObject) -> bool:
    """What a hand can carry."""
    return float(item.size_m.max()) * item.scale <= _LARGEST_M


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """Every surface in view that has room for it and belongs to something else than what it stands on."""
    under = rests(scene).get(item.instance_id)
    taken = {item.instance_id} if under is None else {item.instance_id, under.carrier_id}
    found = []
    for owner, number, surface in _surfaces(scene):
        if (
            owner.instance_id in taken
            or owner.label in SHELL
            or not _in_frame(scene, surface.center_m)
            or not _fits(item, surface)
        ):
            continue
        carried = rests(scene).get(owner.instance_id)
        if carried is not None and carried.carrier_id == item.instance_id:
            continue
        relation = relation_to(surface)
        found.append(
            Proposal(
                "receptacle",
                item.instance_id,
                put_on(item, surface),
                relation,
                relation=relation,
                reference_id=owner.instance_id,
                support=number,
            )
        )
    return [found[i] for i in rng.permutation(len(found))]


def _surfaces(scene: Scene) -> Iterator[tuple[SceneObject, int, Surface]]:
    for owner in (*scene.fixtures, *scene.objects):
        for number, surface in enumerate(surfaces_on(owner)):
            yield owner, number, surface


def _fits(item: SceneObject, surface: Surface) -> bool:
    there = put_on(item, surface)
    high_enough = item.size_m[2] * item.scale + _HEADROOM_M <= surface.support.clearance_m
    return bool(high_enough and surface.holds(footprint_m(there), 0.0))


def _in_frame(scene: Scene, point_m: Float) -> bool:
    camera = scene.camera
    pose = camera.world_from_camera
    local = pose[:3, :3].T @ (point_m - pose[:3, 3])
    if local[2] < 0.2:
        return False
    pixel = project_points(local[None], camera.intrinsics)[0]
    limit = np.array([camera.width, camera.height]) - _FRAME_MARGIN_PX
    return bool((pixel > _FRAME_MARGIN_PX).all() and (pixel < limit).all())


RECEPTACLE = OperationSpec("receptacle", RELATIONS, suits, proposals)
