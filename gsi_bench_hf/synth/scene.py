"""A scene without a backend: what stands where, under which light, seen by which camera; and its exact JSON.

Frames: the world has z up, metres. `assets.base` defines the object frame. A pose is where the object frame's origin (the centre of
the object's base) stands and how it is turned. Rendering, physics and labels are views of this one record.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.types import Box3D, Camera

Float = NDArray[np.float64]
VERSION = 1

OBJECT_FROM_BOX: Float = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""Box axes (x right, y down, z back) to object axes (x right, y back, z up)."""


@dataclass(frozen=True, eq=False)
class SceneObject:
    """An asset at its place.

    Attributes:
        instance_id: unique in the scene, "mug-1".
        kind, variant: name the asset (`assets.build_asset`).
        label, color, symmetry: copied from the asset, so that a scene can be read without the asset library.
        size_m: (3,) extent in the object frame at scale 1.
        position_m: (3,) world, of the centre of the base.
        rotation: (3, 3) world from object.
        scale: uniform.
    """

    instance_id: str
    kind: str
    variant: int
    label: str
    color: str
    symmetry: int
    size_m: Float
    position_m: Float
    rotation: Float
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Light:
    """A lamp. `radius_m` > 0 gives a soft shadow; a light without a position shines along `direction` from afar."""

    direction: Float
    position_m: Float | None
    color: tuple[float, float, float]
    radius_m: float = 0.0
    casts_shadow: bool = True


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything a renderer or a simulator needs.

    Attributes:
        environment: "tabletop", "room", "bathroom".
        fixtures: what never moves: floor, walls, table.
        objects: what edits are about, in the order of the record's `objects`.
        lights, ambient: the light; colours 0..1.
        camera: the view.
    """

    environment: str
    fixtures: tuple[SceneObject, ...]
    objects: tuple[SceneObject, ...]
    lights: tuple[Light, ...]
    ambient: tuple[float, float, float]
    camera: Camera

    @property
    def is_room(self) -> bool:
        """Whether it is closed all around and has several surfaces to stand on; else it is one table."""
        return self.environment != "tabletop"

    def object(self, instance_id: str) -> SceneObject:
        """The object of that id. Raises KeyError naming those there are."""
        for item in self.objects:
            if item.instance_id == instance_id:
                return item
        raise KeyError(
            f"no object {instance_id!r} in the scene; it has {', '.join(o.instance_id for o in self.objects)}"
        )

    def with_object(self, changed: SceneObject) -> Scene:
        """The scene with the object of that id replaced; the order stays."""
        return dataclasses.replace(
            self, objects=tuple(changed if o.instance_id == changed.instance_id else o for o in self.objects)
        )

    def without(self, instance_id: str) -> Scene:
        """The scene with that object gone."""
        return dataclasses.replace(self, objects=tuple(o for o in self.objects if o.instance_id != instance_id))

    def with_camera(self, camera: Camera) -> Scene:
        """The scene seen by another camera."""
        return dataclasses.replace(self, camera=camera)


@dataclass(frozen=True, eq=False)
class EditedScene:
    """A scene and what an edit made of it; the content of a record's `scene`.

    Attributes:
        source: before.
        changed: objects with another pose or scale after.
        removed: ids of objects that are gone after.
        camera: the camera after, if it moved.
    """

    source: Scene
    changed: tuple[SceneObject, ...] = ()
    removed: tuple[str, ...] = ()
    camera: Camera | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Scene:
        """The scene after the edit."""
        scene = self.source
        for item in self.changed:
            scene = scene.with_object(item)
        for instance_id in self.removed:
            scene = scene.without(instance_id)
        return scene if self.camera is None else scene.with_camera(self.camera)


def object_box(item: SceneObject, camera: Camera) -> Box3D:
    """The object's box in the camera frame."""
    world_from_camera = camera.world_from_camera
    camera_from_world = world_from_camera[:3, :3].T
    size_m = item.size_m * item.scale
    center_m = item.position_m + item.rotation @ np.array([0.0, 0.0, size_m[2] / 2.0])
    return Box3D(
        camera_from_world @ (center_m - world_from_camera[:3, 3]),
        size_m[[0, 2, 1]],
        camera_from_world @ item.rotation @ OBJECT_FROM_BOX,
    )


def object_at_box(item: SceneObject, box: Box3D, camera: Camera) -> SceneObject:
    """`item` posed and uniformly scaled so that `object_box` gives `box`; the inverse of `object_box`."""
    world_from_camera = camera.world_from_camera
    rotation = world_from_camera[:3, :3] @ box.rotation @ OBJECT_FROM_BOX.T
    scale = float(np.mean(box.extents_m[[0, 2, 1]] / item.size_m))
    center_m = world_from_camera[:3, :3] @ box.center_m + world_from_camera[:3, 3]
    base_m = center_m - rotation @ np.array([0.0, 0.0, item.size_m[2] * scale / 2.0])
    return dataclasses.replace(item, position_m=base_m, rotation=rotation, scale=scale)


def look_at(eye_m: Float, point_m: Float) -> Float:
    """(4, 4) `world_from_camera` of a camera without roll at `eye_m` (3,) that looks at `point_m` (3,), world frame."""
    forward = (point_m - eye_m) / np.linalg.norm(point_m - eye_m)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = eye_m
    return pose


def pinhole(width: int, height: int, vertical_fov_deg: float) -> Float:
    """(3, 3) intrinsics of a centred camera with square pixels."""
    focal_px = height / 2.0 / np.tan(np.deg2rad(vertical_fov_deg) / 2.0)
    return np.array([[focal_px, 0.0, width / 2.0], [0.0, focal_px, height / 2.0], [0.0, 0.0, 1.0]])


def to_json(edited: EditedScene) -> str:
    """The JSON of a record's `scene`; floats keep every bit, so that the same pixels can be rendered from it."""
    document = {
        "version": VERSION,
        "source": _plain(edited.source),
        "changed": _plain(edited.changed),
        "removed": list(edited.removed),
        "camera": _plain(edited.camera),
        "notes": _plain(edited.notes),
    }
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def from_json(text: str | Mapping[str, Any]) -> EditedScene:
    """The scene of a record's `scene` JSON, parsed or not. Raises ValueError for another version."""
    document = json.loads(text) if isinstance(text, str) else text
    if document.get("version") != VERSION:
        raise ValueError(
            f"scene JSON has version {document.get('version')!r}, expected {VERSION}; "
            "read it with the gsi-bench-hf that made it, or build the data again"
        )
    source = document["source"]
    return EditedScene(
        Scene(
            source["environment"],
            _objects(source["fixtures"]),
            _objects(source["objects"]),
            tuple(_light(light) for light in source["lights"]),
            triple(source["ambient"]),
            _camera(source["camera"]),
        ),
        _objects(document["changed"]),
        tuple(document["removed"]),
        None if document["camera"] is None else _camera(document["camera"]),
        document["notes"],
    )


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _objects(items: Iterable[Mapping[str, Any]]) -> tuple[SceneObject, ...]:
    return tuple(SceneObject(**_with_arrays(item, ("size_m", "position_m", "rotation"))) for item in items)


def _with_arrays(item: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {k: np.array(v, dtype=np.float64) if k in names else v for k, v in item.items()}


def _light(light: Mapping[str, Any]) -> Light:
    position = light["position_m"]
    return Light(
        np.array(light["direction"]),
        None if position is None else np.array(position),
        triple(light["color"]),
        light["radius_m"],
        light["casts_shadow"],
    )


def _camera(camera: Mapping[str, Any]) -> Camera:
    return Camera(
        np.array(camera["intrinsics"], dtype=np.float64),
        np.array(camera["world_from_camera"], dtype=np.float64),
        camera["width"],
        camera["height"],
    )


def triple(values: Iterable[float]) -> tuple[float, float, float]:
    """A colour as plain numbers."""
    r, g, b = (float(v) for v in values)
    return r, g, b
