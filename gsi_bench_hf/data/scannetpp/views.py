"""What a frame shows, in the terms of the simulator: a scene of upright boxes, who is where in the picture, the measured surfaces.

Two sources give it: the annotated mesh of the scan (`MeshSource`), and a detector that lifts boxes, masks and depth from the picture
alone (`DetectorSource`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.data.scannetpp.mesh import ScannedRoom
from gsi_bench_hf.data.scannetpp.raster import rasterise
from gsi_bench_hf.data.scannetpp.solid import Bool, DepthSolid, MeshSolid, MeshSurfaces, Solid, hidden_share
from gsi_bench_hf.data.scannetpp.vocabulary import FRONTED, SHELL, is_movable
from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.scene import OBJECT_FROM_BOX, Scene, SceneObject, object_box
from gsi_bench_hf.synth.seeing import Seen
from gsi_bench_hf.types import Camera, Detection, Float

KIND = "photographed"
"""`SceneObject.kind` of everything in a photograph: no asset of the library."""
LEAST_PX = 100
_LEAST_VERTICES = 20
_UPRIGHT = 0.94


@dataclass(frozen=True, eq=False)
class Measured(Seen):
    """How a photograph shows a scene: as `Seen`, with the visible fractions as they were measured.

    Attributes:
        fractions: 0..1 by id.
    """

    fractions: Mapping[str, float]

    def visible_fraction(self, scene: Scene) -> dict[str, float]:
        """See `Seen.visible_fraction`."""
        return {o.instance_id: self.fractions.get(o.instance_id, 0.0) for o in scene.objects}


@dataclass(frozen=True, eq=False)
class View:
    """A frame, looked at.

    Attributes:
        image: RGB.
        scene: its camera, its movable things as objects, its other things as fixtures; all `KIND`, upright boxes.
        seen: `segmentation` has i + 1 for `scene.objects[i]`.
        depth_m: (H, W) float32 along camera z; 0 where unknown.
        solid: the measured surfaces.
    """

    image: Image.Image
    scene: Scene
    seen: Measured
    depth_m: NDArray[np.float32]
    solid: Solid


class Source(Protocol):
    """Where a frame's 3D structure comes from."""

    def things(self) -> Sequence[SceneObject]:
        """What is known before any frame is looked at: the scene's things; none where that takes a picture."""
        ...

    def look(self, image: Image.Image, camera: Camera) -> View:
        """A frame's view."""
        ...


class MeshSource:
    """3D structure from the annotated scan.

    Args:
        room: the mesh.
    """

    def __init__(self, room: ScannedRoom) -> None:
        self._room = room
        self._face_owners = room.face_owners
        self._surfaces = MeshSurfaces(room.vertices_m, room.faces, self._face_owners)
        self._things: dict[int, SceneObject] = {}
        for number, label in room.labels.items():
            points = room.vertices_m[room.owners == number]
            if len(points) >= _LEAST_VERTICES and label not in SHELL:
                self._things[number] = upright_thing(f"{label.replace(' ', '-')}-{number}", label, points)

    def things(self) -> Sequence[SceneObject]:
        """See `Source`."""
        return tuple(self._things.values())

    def look(self, image: Image.Image, camera: Camera) -> View:
        """See `Source`."""
        seen = rasterise(self._room.vertices_m, self._room.faces, self._face_owners, camera)
        pixels = np.bincount(seen.owners.ravel(), minlength=max(self._room.labels, default=0) + 1)
        shown = [n for n in self._things if pixels[n] >= LEAST_PX and _ahead(self._things[n], camera)]
        facing = {n: faced(self._things[n], camera.world_from_camera[:3, 3]) for n in shown}
        moving = [n for n in shown if is_movable(facing[n].label)]
        table = np.zeros(len(pixels), dtype=np.int32)
        table[moving] = np.arange(1, len(moving) + 1)
        fixtures = tuple(facing[n] for n in shown if n not in moving)
        scene = _scene(camera, [facing[n] for n in moving], fixtures)
        alone = {facing[n].instance_id: seen.pixels_alone[n] for n in moving}
        fractions = {facing[n].instance_id: min(1.0, float(pixels[n]) / seen.pixels_alone[n]) for n in moving}
        owners = {facing[n].instance_id: n for n in moving}
        solid = MeshSolid(self._surfaces, owners)
        return View(image, scene, Measured(table[seen.owners], alone, fractions), seen.depth_m, solid)


class Looks(Protocol):
    """What a detector gives for an image; `perception.lifting` has it."""

    @property
    def detections(self) -> Sequence[Detection]:
        """What was found."""
        ...

    @property
    def masks(self) -> Sequence[Bool]:
        """(N, H, W) where each is."""
        ...

    @property
    def depth_m(self) -> NDArray[np.float32]:
        """(H, W) along camera z."""
        ...


class Looker(Protocol):
    """A detector that lifts boxes from pictures; `perception.lifting.LiftingDetector` is one."""

    def look(
        self, images: Sequence[Image.Image], cameras: Sequence[Camera], labels: Sequence[Sequence[str]]
    ) -> Sequence[Looks]:
        """What each picture shows of the labels."""
        ...


class DetectorSource:
    """3D structure from the picture alone.

    Args:
        detector: finds, cuts out and measures.
        labels: nouns to look for.
    """

    def __init__(self, detector: Looker, labels: Sequence[str]) -> None:
        self._detector, self._labels = detector, tuple(labels)

    def things(self) -> Sequence[SceneObject]:
        """See `Source`."""
        return ()

    def look(self, image: Image.Image, camera: Camera) -> View:
        """See `Source`."""
        (found,) = self._detector.look([image], [camera], [self._labels])
        depth_m = np.nan_to_num(np.asarray(found.depth_m, np.float32), nan=0.0, posinf=0.0)
        moving: list[tuple[SceneObject, Bool]] = []
        fixtures: list[SceneObject] = []
        names: Counter[str] = Counter()
        for detection, mask in zip(found.detections, found.masks, strict=True):
            names[detection.label] += 1
            name = f"{detection.label.replace(' ', '-')}-{names[detection.label]}"
            thing = _detected(name, detection, camera)
            if thing is None or np.count_nonzero(mask) < LEAST_PX or detection.label in SHELL:
                continue
            if is_movable(detection.label):
                moving.append((thing, np.asarray(mask, dtype=bool)))
            else:
                fixtures.append(thing)
        scene = _scene(camera, [thing for thing, _ in moving], tuple(fixtures))
        segmentation = np.zeros(depth_m.shape, np.int32)
        for number, (_, mask) in sorted(
            enumerate(moving, 1), key=lambda pair: -float(object_box(pair[1][0], camera).center_m[2])
        ):
            segmentation[mask] = number
        return View(
            image, scene, _measured(scene, segmentation, depth_m), depth_m, DepthSolid(depth_m, segmentation, scene)
        )


def upright_thing(name: str, label: str, points_m: Float) -> SceneObject:
    """The upright box of least footprint around points (N, 3), world; its front is the side whose normal is -y turned by its yaw."""
    middle = points_m.mean(axis=0)
    (x, y), (width, depth), angle_deg = cv2.minAreaRect((points_m[:, :2] - middle[:2]).astype(np.float32))
    low, high = np.percentile(points_m[:, 2], [0.2, 99.8])
    size_m = np.maximum([width, depth, high - low], 0.005)
    position_m = np.array([middle[0] + x, middle[1] + y, low])
    return _thing(name, label, size_m, position_m, rotation_z(float(np.deg2rad(angle_deg))))


def faced(item: SceneObject, eye_m: Float) -> SceneObject:
    """The same box with its front named anew: the side that looks to a camera at `eye_m` (3,) most, as no box says which it is."""
    turns = [rotation_z(k * np.pi / 2.0) for k in range(4)]
    toward = eye_m - item.position_m
    k = int(np.argmax([(item.rotation @ turn)[:, 1] @ -toward for turn in turns]))
    size_m = item.size_m[[1, 0, 2]] if k % 2 else item.size_m
    return _thing(item.instance_id, item.label, size_m, item.position_m, item.rotation @ turns[k])


def _thing(name: str, label: str, size_m: Float, position_m: Float, rotation: Float) -> SceneObject:
    return SceneObject(name, KIND, 0, label, "", 1 if label in FRONTED else 0, size_m, position_m, rotation)


def _detected(name: str, detection: Detection, camera: Camera) -> SceneObject | None:
    """The thing of a detection, set exactly upright; None for a box that leans or isn't before the camera."""
    box, pose = detection.box, camera.world_from_camera
    rotation = pose[:3, :3] @ box.rotation @ OBJECT_FROM_BOX.T
    if rotation[2, 2] < _UPRIGHT or not np.isfinite(detection.bbox_3d).all():
        return None
    yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    size_m = box.extents_m[[0, 2, 1]]
    center_m = pose[:3, :3] @ box.center_m + pose[:3, 3]
    base_m = center_m - np.array([0.0, 0.0, size_m[2] / 2.0])
    thing = faced(_thing(name, detection.label, size_m, base_m, rotation_z(yaw)), pose[:3, 3])
    return thing if _ahead(thing, camera) else None


def _ahead(item: SceneObject, camera: Camera) -> bool:
    return float(object_box(item, camera).center_m[2]) > 0.2


def _scene(camera: Camera, objects: Sequence[SceneObject], fixtures: Sequence[SceneObject]) -> Scene:
    return Scene("real", tuple(fixtures), tuple(objects), (), (0.0, 0.0, 0.0), camera)


def _measured(scene: Scene, segmentation: NDArray[np.int32], depth_m: NDArray[np.float32]) -> Measured:
    """What shows of boxes of which nobody knows the hidden part: what nothing stands before, by the depth."""
    fractions, alone = {}, {}
    for number, item in enumerate(scene.objects, start=1):
        mask = segmentation == number
        before = np.where(mask, 0.0, depth_m)
        fractions[item.instance_id] = 1.0 - hidden_share(object_box(item, scene.camera), scene.camera, before)
        alone[item.instance_id] = int(np.count_nonzero(mask) / max(fractions[item.instance_id], 1e-3))
    return Measured(segmentation, alone, fractions)
