"""Move the camera 10 to 30 cm level, or turn it by 15 or 30 degrees to a side, up or down.

Forward is where the camera heads, laid level, as a person walks who looks down a little; left and right are its own. A turn to a side
is about the vertical, one up or down about the camera's own x axis: the picture never tips.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal, camera_forward, camera_right
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject
from gsi_bench_hf.synth.seeing import is_framed
from gsi_bench_hf.types import Camera

MOVES = ("forward", "backward", "left", "right")
TURNS = ("left", "right", "up", "down")
DISTANCES_CM = (10, 15, 20, 25, 30)
ANGLES_DEG = (15.0, 30.0)
PITCH_RANGE_DEG = (-20.0, 60.0)
"""How far the camera may look up (negative) or down afterwards."""

_FRAME_MARGIN_PX = 4.0


def moved_camera(camera: Camera, direction: str, distance_m: float) -> Camera:
    """The camera carried level. Raises ValueError for another direction than "forward", "backward", "left", "right"."""
    if direction not in MOVES:
        raise ValueError(f"direction is {direction!r}, expected one of {', '.join(MOVES)}")
    unit = camera_forward(camera) if direction in ("forward", "backward") else camera_right(camera)
    pose = camera.world_from_camera.copy()
    pose[:3, 3] += distance_m * unit * (1.0 if direction in ("forward", "right") else -1.0)
    return dataclasses.replace(camera, world_from_camera=pose)


def turned_camera(camera: Camera, direction: str, angle_deg: float) -> Camera:
    """The camera turned where it stands. Raises ValueError for another direction than "left", "right", "up", "down"."""
    if direction not in TURNS:
        raise ValueError(f"direction is {direction!r}, expected one of {', '.join(TURNS)}")
    pose, angle = camera.world_from_camera.copy(), np.deg2rad(angle_deg)
    if direction in ("left", "right"):
        pose[:3, :3] = rotation_z(float(angle if direction == "left" else -angle)) @ pose[:3, :3]
    else:
        c, s = np.cos(angle), np.sin(angle) * (1.0 if direction == "up" else -1.0)
        pose[:3, :3] = pose[:3, :3] @ np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    return dataclasses.replace(camera, world_from_camera=pose)


def camera_motion(before: Camera, after: Camera) -> tuple[Float, Float]:
    """A record's `camera_motion`: (3,) where the camera stands after, in the frame of the camera before, metres; and (3, 3) the axes
    of the one after in the frame of the one before.
    """
    turn = before.world_from_camera[:3, :3].T
    shift_m = turn @ (after.world_from_camera[:3, 3] - before.world_from_camera[:3, 3])
    return shift_m, turn @ after.world_from_camera[:3, :3]


def pitch_deg(camera: Camera) -> float:
    """How far the camera looks down."""
    return float(np.rad2deg(np.arcsin(np.clip(-camera.world_from_camera[2, 2], -1.0, 1.0))))


def suits(scene: Scene, item: SceneObject) -> bool:
    """Anything can be what both views are compared by."""
    return True


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """Every direction with one distance and both angles, where the object stays in view."""
    found = []
    for direction in MOVES:
        distance_m = DISTANCES_CM[int(rng.integers(len(DISTANCES_CM)))] / 100.0
        after = moved_camera(scene.camera, direction, distance_m)
        found.append(Proposal("view", item.instance_id, None, direction, distance_m=distance_m, camera=after))
    for direction in TURNS:
        for angle_deg in ANGLES_DEG:
            after = turned_camera(scene.camera, direction, angle_deg)
            found.append(Proposal("view", item.instance_id, None, direction, angle_deg=angle_deg, camera=after))
    return [found[i] for i in rng.permutation(len(found)) if _possible(scene, found[i], item)]


def _possible(scene: Scene, proposal: Proposal, item: SceneObject) -> bool:
    after = proposal.camera
    assert after is not None
    level = PITCH_RANGE_DEG[0] <= pitch_deg(after) <= PITCH_RANGE_DEG[1]
    return level and is_framed(item, after, _FRAME_MARGIN_PX)


_CHOICES = (*(f"moved {d}" for d in MOVES), *(f"turned {d}" for d in TURNS))
VIEW = OperationSpec("view", _CHOICES, suits, proposals)
