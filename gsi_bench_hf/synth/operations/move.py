"""Move an object to the left or right of the image, or level towards or away from the camera: 5 to 20 cm on a table, 10 to 30 cm in
a room.
"""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal, camera_forward, camera_right, posed
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject
from gsi_bench_hf.types import Camera

DIRECTIONS = ("left", "right", "towards", "away")
DISTANCES_CM = range(5, 21)
ROOM_DISTANCES_CM = range(10, 31)

# A long, a middle and a short distance.
_TABLETOP_BANDS_CM = ((13, 21), (9, 14), (5, 10))
_ROOM_BANDS_CM = ((21, 31), (15, 22), (10, 16))


def unit_of(direction: str, camera: Camera) -> Float:
    """(3,) world, unit, level: where a direction points for a camera.

    Raises ValueError for another than "left", "right", "towards", "away".
    """
    if direction in ("left", "right"):
        return camera_right(camera) * (-1.0 if direction == "left" else 1.0)
    if direction in ("towards", "away"):
        return camera_forward(camera) * (-1.0 if direction == "towards" else 1.0)
    raise ValueError(f"direction is {direction!r}, expected one of {', '.join(DIRECTIONS)}")


def moved(item: SceneObject, direction: str, distance_m: float, camera: Camera) -> SceneObject:
    """The object after a move of `distance_m`; its height stays."""
    return posed(item, position_m=item.position_m + distance_m * unit_of(direction, camera))


def suits(scene: Scene, item: SceneObject) -> bool:
    """Anything can be moved."""
    return True


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """Each direction with a long, a middle and a short distance; the long ones, which show best, rather first."""
    bands = _ROOM_BANDS_CM if scene.is_room else _TABLETOP_BANDS_CM
    found, order = [], []
    for direction in DIRECTIONS:
        for step, (low, high) in enumerate(bands):
            order.append(step + rng.uniform(0.0, 2.5))
            distance_m = int(rng.integers(low, high)) / 100.0
            changed = moved(item, direction, distance_m, scene.camera)
            found.append(Proposal("move", item.instance_id, changed, direction, distance_m=distance_m))
    return [found[i] for i in np.argsort(order)]


MOVE = OperationSpec("move", DIRECTIONS, suits, proposals)
