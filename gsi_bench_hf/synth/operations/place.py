"""Put an object beside another: so far to its left or right, in front of it or behind it, on what that one stands on.

The distance is between the centres of the two, along the image's left and right or level towards and away from the camera.
"""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal, posed, rests
from gsi_bench_hf.synth.operations.move import unit_of
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject
from gsi_bench_hf.synth.surfaces import Surface
from gsi_bench_hf.types import Camera

RELATIONS = ("left of", "right of", "in front of", "behind")
DISTANCES_CM = (15, 20, 25, 30, 35, 40)

_DIRECTIONS = {"left of": "left", "right of": "right", "in front of": "towards", "behind": "away"}
_GAP_M = 0.02
_MIN_SHIFT_M = 0.10


def toward(relation: str, camera: Camera) -> Float:
    """(3,) world, unit, level: where "left of" … something is, for a camera. Raises ValueError for another relation."""
    if relation not in _DIRECTIONS:
        raise ValueError(f"relation is {relation!r}, expected one of {', '.join(RELATIONS)}")
    return unit_of(_DIRECTIONS[relation], camera)


def placed(item: SceneObject, reference: SceneObject, relation: str, distance_m: float, camera: Camera) -> SceneObject:
    """The object at `distance_m` from the reference, centre to centre, its base as high as the reference's, turned as it was."""
    return posed(item, position_m=reference.position_m + distance_m * toward(relation, camera))


def suits(scene: Scene, item: SceneObject) -> bool:
    """Whatever has another thing to stand beside."""
    return len(scene.objects) > 1


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """Beside every other object, to each side: the least distance that leaves a gap, and now and then the next one."""
    found = []
    for reference in scene.objects:
        rest = rests(scene).get(reference.instance_id)
        surface = None if rest is None else rest.surface
        if surface is None or item.instance_id in (reference.instance_id, surface.owner_id):
            continue
        for relation in RELATIONS:
            proposal = _beside(scene, item, reference, surface, relation, rng=rng)
            if proposal is not None:
                found.append(proposal)
    return [found[i] for i in rng.permutation(len(found))]


def _beside(
    scene: Scene,
    item: SceneObject,
    reference: SceneObject,
    surface: Surface,
    relation: str,
    *,
    rng: np.random.Generator,
) -> Proposal | None:
    unit = toward(relation, scene.camera)[:2]
    needed_m = _half_m(item, unit) + _half_m(reference, unit) + _GAP_M
    distances_m = [cm / 100.0 for cm in DISTANCES_CM if cm / 100.0 >= needed_m]
    if not distances_m:
        return None
    distance_m = distances_m[:2][int(rng.integers(len(distances_m[:2])))]
    changed = placed(item, reference, relation, distance_m, scene.camera)
    far_enough = float(np.linalg.norm(changed.position_m - item.position_m)) >= _MIN_SHIFT_M
    low_enough = item.size_m[2] * item.scale < surface.support.clearance_m
    if not (far_enough and low_enough and surface.holds(footprint_m(changed))):
        return None
    return Proposal(
        "place",
        item.instance_id,
        changed,
        relation,
        distance_m=distance_m,
        relation=relation,
        reference_id=reference.instance_id,
    )


def _half_m(item: SceneObject, unit: Float) -> float:
    """How far an object reaches from its centre along a level direction (2,)."""
    return float(np.abs((footprint_m(item) - item.position_m[:2]) @ unit).max())


PLACE = OperationSpec("place", RELATIONS, suits, proposals)
