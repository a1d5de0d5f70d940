"""What an operation is: who can be its target, how its parameters are drawn, what it makes of the object."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gsi_bench_hf.synth.scene import EditedScene, Float, Scene, SceneObject
from gsi_bench_hf.synth.surfaces import Rest, rests_of
from gsi_bench_hf.types import Camera, Operation


@dataclass(frozen=True, eq=False)
class Proposal:
    """An edit with its parameters, not yet checked.

    Attributes:
        operation: its name.
        target_id: id of the object it changes.
        changed: the object after; None where it is gone, or where the camera moves.
        direction, distance_m, angle_deg, factor: as in the record's `edit`; None where they don't apply. The direction of a view edit
            is the camera's.
        relation: place and receptacle: how the target shall stand to the reference, "left of", "on", "in".
        reference_id: place and receptacle: id of that other object or fixture.
        support: receptacle: which of the reference's surfaces, its place in `assets.supports`.
        part: receptacle: "left half" or "right half" of that surface, as the camera sees it; None for the whole.
        camera: view: the camera after. The target then is an object that both views show, which judges compare.
    """

    operation: Operation
    target_id: str
    changed: SceneObject | None
    direction: str | None = None
    distance_m: float | None = None
    angle_deg: float | None = None
    factor: float | None = None
    relation: str | None = None
    reference_id: str | None = None
    support: int | None = None
    part: str | None = None
    camera: Camera | None = None

    @property
    def choice(self) -> str | float | None:
        """What the edit's parameters come in: the direction of a move, the angle of a turn, the factor of a scaling, the relation
        of a placement; for view the direction and whether the camera is "moved" or "turned" to it.
        """
        if self.camera is not None:
            return f"{'turned' if self.distance_m is None else 'moved'} {self.direction}"
        return self.relation or self.angle_deg or self.factor or self.direction

    def apply(self, scene: Scene) -> EditedScene:
        """The scene and what the edit makes of it."""
        if self.camera is not None:
            return EditedScene(scene, camera=self.camera)
        if self.changed is None:
            return EditedScene(scene, removed=(self.target_id,))
        return EditedScene(scene, changed=(self.changed,))


@dataclass(frozen=True)
class OperationSpec:
    """An operation as the registry holds it.

    Attributes:
        choices: the values of `Proposal.choice`, to be met equally often.
        suits: whether an object of a scene can be its target at all.
        proposals: every edit of an object that it knows, in an order drawn with `rng`, best guesses first; nothing checked but what
            costs nothing.
    """

    name: Operation
    choices: tuple[str | float | None, ...]
    suits: Callable[[Scene, SceneObject], bool]
    proposals: Callable[..., list[Proposal]]


@lru_cache(maxsize=8)
def rests(scene: Scene) -> Mapping[str, Rest]:
    """`surfaces.rests_of` a scene: what each thing stands on, by id. Kept for the scenes asked last."""
    return rests_of(scene)


def camera_right(camera: Camera) -> Float:
    """(3,) world, the camera's x axis; level, as the cameras of scenes have no roll."""
    return np.asarray(camera.world_from_camera[:3, 0])


def camera_forward(camera: Camera) -> Float:
    """(3,) world, unit, the camera's z axis laid level."""
    level = camera.world_from_camera[:3, 2] * np.array([1.0, 1.0, 0.0])
    return np.asarray(level / np.linalg.norm(level))


def posed(
    item: SceneObject,
    *,
    position_m: Float | None = None,
    rotation: Float | None = None,
    scale: float | None = None,
) -> SceneObject:
    """The object with another position, rotation or scale."""
    return dataclasses.replace(
        item,
        position_m=item.position_m if position_m is None else position_m,
        rotation=item.rotation if rotation is None else rotation,
        scale=item.scale if scale is None else scale,
    )
