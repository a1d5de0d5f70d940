"""Put an object onto the middle of another thing, or of its left or right half, or into the middle of what is hollow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gsi_bench_hf.geometry import project_points
from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal, camera_right, posed, rests
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject
from gsi_bench_hf.synth.surfaces import Surface, surfaces_on
from gsi_bench_hf.types import Camera

RELATIONS = ("on", "in")
INSIDE = ("inside", "basin", "tub")
"""Names of surfaces that things are put into rather than onto."""

PARTS = (None, "left half", "right half")
SHELL = ("floor", "wall", "ceiling")
"""Labels of what everything is in; edits don't speak of it."""

_HEADROOM_M = 0.02
_SHORT_M = 0.3
_ALONG = 0.8
_FRAME_MARGIN_PX = 12.0
_LARGEST_M = 0.6
"""Nobody puts an armchair onto a table."""


def relation_to(surface: Surface) -> str:
    """Whether things are put "on" or "in" it."""
    return "in" if surface.support.name in INSIDE else "on"


def middle_m(surface: Surface, part: str | None, camera: Camera) -> Float | None:
    """(3,) world, the middle of a surface or of its "left half" or "right half" in the picture.

    None for the halves of a surface that is round, too short, or seen so slantwise that it has no left and right.
    """
    if part is None:
        return surface.center_m.copy()
    across = surface.axes @ camera_right(camera)[:2]
    axis = int(np.argmax(np.abs(across)))
    half_m = float(surface.support.half_extents_m[axis])
    if surface.support.shape == "disc" or half_m < _SHORT_M or abs(across[axis]) < _ALONG:
        return None
    way = np.sign(across[axis]) * (-1.0 if part == "left half" else 1.0)
    return np.asarray(surface.center_m + np.append(way * half_m / 2.0 * surface.axes[axis], 0.0))


def put_on(item: SceneObject, point_m: Float) -> SceneObject:
    """The object on a point (3,) of a surface, world, turned as it was."""
    return posed(item, position_m=point_m)


def suits(scene: Scene, item: SceneObject) -> bool:
    """What a hand can carry."""
    return float(item.size_m.max()) * item.scale <= _LARGEST_M


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """Every surface in view that has room for it and belongs to something else than what it stands on."""
    under = rests(scene).get(item.instance_id)
    taken = {item.instance_id} if under is None else {item.instance_id, under.carrier_id}
    found = []
    for owner, number, surface in _surfaces(scene):
        if owner.instance_id in taken or owner.label in SHELL:
            continue
        carried = rests(scene).get(owner.instance_id)
        if carried is not None and carried.carrier_id == item.instance_id:
            continue
        for part in PARTS:
            point_m = middle_m(surface, part, scene.camera)
            if point_m is not None and _in_frame(scene, point_m) and _fits(item, surface, point_m):
                found.append(_proposal(item, owner, number, relation_to(surface), part, point_m))
    return [found[i] for i in rng.permutation(len(found))]


def _proposal(
    item: SceneObject, owner: SceneObject, number: int, relation: str, part: str | None, point_m: Float
) -> Proposal:
    changed = put_on(item, point_m)
    return Proposal(
        "receptacle",
        item.instance_id,
        changed,
        relation,
        relation=relation,
        reference_id=owner.instance_id,
        support=number,
        part=part,
    )


def _surfaces(scene: Scene) -> Iterator[tuple[SceneObject, int, Surface]]:
    for owner in (*scene.fixtures, *scene.objects):
        for number, surface in enumerate(surfaces_on(owner)):
            yield owner, number, surface


def _fits(item: SceneObject, surface: Surface, point_m: Float) -> bool:
    there = put_on(item, point_m)
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
