"""What the parts of the package hand to each other: plain frozen records, no behaviour beyond reading a row.

Frames and units, everywhere: metres; pixels with the origin at the top-left *corner*, so that the centre of pixel (u, v) is at
(u + 0.5, v + 0.5); the camera frame is OpenCV's (x right, y down, z forward); the world has z up. A box's own axes are x to its
right, y down, z from its front to its back (an object whose rotation is the identity turns its front to the camera).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Float = NDArray[np.float64]
Operation = Literal["move", "rotate", "scale", "remove", "view", "place", "receptacle"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
Protocol_ = Literal["paper", "strict"]


def is_simulated(subset: str) -> bool:
    """Whether a subset is rendered here; a score on it is called GSI-Sim, never GSI-Bench."""
    return subset.startswith("sim-")


@dataclass(frozen=True, eq=False)
class Box3D:
    """An oriented box in the camera frame.

    Attributes:
        center_m: (3,) centre.
        extents_m: (3,) full extent along the box's own x, y, z.
        rotation: (3, 3) takes box axes to camera axes.
    """

    center_m: Float
    extents_m: Float
    rotation: Float

    @property
    def vector(self) -> Float:
        """(7,) `[x, y, z, w, h, l, yaw]`, the yaw that of the box's x axis about camera y, radians (protocol.md, Conventions)."""
        yaw = np.arctan2(-self.rotation[2, 0], self.rotation[0, 0])
        return np.concatenate([self.center_m, self.extents_m, [yaw]])

    @classmethod
    def from_vector(cls, bbox_3d: Any, rotation: Any) -> Box3D:
        """The box of a record's `bbox_3d` (7,) and `rotation_matrix` (3, 3)."""
        vector = np.asarray(bbox_3d, dtype=np.float64)
        return cls(vector[:3], vector[3:6], np.asarray(rotation, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera: `intrinsics` (3, 3) in pixels, `world_from_camera` (4, 4) in metres, image size in pixels."""

    intrinsics: Float
    world_from_camera: Float
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Edit:
    """An edit as the metadata state it; camera frame of the source image. None where it doesn't apply to the operation."""

    operation: Operation
    original_box: Box3D | None
    new_box: Box3D | None
    direction: str | None = None
    distance_m: float | None = None
    angle_deg: float | None = None
    factor: float | None = None
    camera_translation_m: Float | None = None
    """(3,) where the new camera stands, in the old camera's frame."""
    camera_rotation: Float | None = None
    """(3, 3) old-camera-from-new-camera."""


@dataclass(frozen=True, eq=False)
class Detection:
    """One object seen in an image.

    Attributes:
        bbox_3d: (7,) camera frame, metres; see `Box3D.vector`.
        bbox_2d: (4,) x1, y1, x2, y2 in image pixels.
        rotation_matrix: (3, 3) box axes to camera axes.
        label: the kind of object, "mug".
        score: confidence, 0..1.
        instance_id: the record's id of the object, where the detector knows which one it is.
    """

    bbox_3d: Float
    bbox_2d: Float
    rotation_matrix: Float
    label: str
    score: float = 1.0
    instance_id: str | None = None

    @property
    def box(self) -> Box3D:
        """The detection's box with its full orientation."""
        return Box3D.from_vector(self.bbox_3d, self.rotation_matrix)


@dataclass(frozen=True, eq=False)
class Scan:
    """What a detector says of one edited image.

    Attributes:
        origin: the objects of the source image.
        edited: the objects of the edited image.
        target: the edited object as found in the edited image; None where it is not there. One of `edited`.
        silhouette: (H, W) bool at the source's size, where the target is in the edited image; None where unknown.
        lost: how many objects other than the target were in the source and are gone.
        added: how many objects are in the edited image that the source did not have.
        camera_translation_m, camera_rotation: the edited image's camera in the source camera's frame, where it was looked for.
        diagnostics: plain JSON values worth keeping (residuals, number of renders).
        relative: whether `origin` was detected as `edited` was: then what was found counts relative to `source_target`.
        source_target: the target among `origin`; None where it is not there, or not known.
        looks: the same edit seen again, for how sure the detector is.
    """

    origin: tuple[Detection, ...]
    edited: tuple[Detection, ...]
    target: Detection | None
    silhouette: NDArray[np.bool_] | None = None
    lost: int = 0
    added: int = 0
    camera_translation_m: Float | None = None
    camera_rotation: Float | None = None
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    relative: bool = False
    source_target: Detection | None = None
    looks: tuple[Look, ...] = ()


@dataclass(frozen=True, eq=False)
class Look:
    """The same source and edited image seen again: cut a little otherwise, or by another detector.

    Attributes:
        name: "crop 2", or the other detector's name.
        scan: what was found, in the frame and the pixels of the whole images; None where that failed.
        reason: why it failed.
        same_detector: whether what it found can be laid beside what the first look found.
    """

    name: str
    scan: Scan | None
    reason: str | None = None
    same_detector: bool = True


@dataclass(frozen=True)
class Judgement:
    """A judge's word on how well the target kept its looks: `score` 0..10, or None with the `reason` why there is none.

    Attributes:
        score: 0..10; the mean where the judge was asked several times.
        reason: in the judge's words, or why there is no score.
        kind: what a missing score is counted as, such as "refused"; "" where there is one, or the judge knows no kinds.
        scores: of every time it was asked, where that was more than once; None where there was no score.
    """

    score: float | None
    reason: str = ""
    kind: str = ""
    scores: tuple[float | None, ...] = ()


class UnscorableError(Exception):
    """An image can't be scored; the message says why. The sample's metrics become NaN and are counted."""


class JudgeStoppedError(Exception):
    """A judge can't go on, whatever it is shown; the message says why. The run stops, and what is finished stays."""


@runtime_checkable
class Detector(Protocol):
    """Looks at an edited image in the light of its record."""

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        """Find the objects of `edited`. Raises `UnscorableError` with the reason where that can't be done."""
        ...


@runtime_checkable
class Judge(Protocol):
    """Says how well the target kept its looks."""

    def judge(self, sample: Sample, edited: Image.Image, scan: Scan) -> Judgement:
        """Judge `edited` against the record's source image. Never raises for a reply that can't be read: that is a None."""
        ...


def as_image(value: Any) -> Image.Image | None:
    """A PIL image from what a dataset row may hold: a PIL image, `{"bytes", "path"}`, an array, encoded bytes, or None."""
    if value is None or isinstance(value, Image.Image):
        return value
    if isinstance(value, Mapping):
        return Image.open(io.BytesIO(value["bytes"]) if value.get("bytes") is not None else value["path"])
    if isinstance(value, bytes):
        return Image.open(io.BytesIO(value))
    return Image.fromarray(np.asarray(value))


def operation_name(value: int | str) -> Operation:
    """The operation of a ClassLabel number or a name.

    >>> operation_name(0), operation_name("scale")
    ('move', 'scale')
    """
    if isinstance(value, (int, np.integer)) and 0 <= value < len(OPERATIONS):
        return OPERATIONS[value]
    if value in OPERATIONS:
        return value
    raise ValueError(
        f"operation is {value!r}, expected one of {', '.join(OPERATIONS)} or its number 0..{len(OPERATIONS) - 1}"
    )


@dataclass(frozen=True, eq=False)
class Sample:
    """A record of the dataset, read-only, its parts decoded on first use. `row` is the row just as `datasets` yields it."""

    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The record's id, unique in its subset."""
        return str(self.row["id"])

    @property
    def subset(self) -> str:
        """The config the record belongs to, "sim-tabletop"."""
        return str(self.row["subset"])

    @property
    def scene_id(self) -> str:
        """What the bootstrap resamples by."""
        return str(self.row["scene_id"])

    @property
    def instruction(self) -> str:
        """The English instruction."""
        return str(self.row["instruction"])

    @property
    def operation(self) -> Operation:
        """The operation's name."""
        return operation_name(self.row["operation"])

    @property
    def target_id(self) -> str:
        """`instance_id` of the edited object."""
        return str(self.row["target"]["instance_id"])

    @property
    def target_label(self) -> str:
        """Kind of the edited object."""
        return str(self.row["target"]["label"])

    @cached_property
    def source_image(self) -> Image.Image:
        """The image to be edited, RGB."""
        image = as_image(self.row["source_image"])
        if image is None:
            raise ValueError(f"record {self.id}: source_image is null, expected an image")
        return image.convert("RGB")

    @cached_property
    def target_image(self) -> Image.Image | None:
        """The ground-truth result, RGB."""
        image = as_image(self.row.get("target_image"))
        return None if image is None else image.convert("RGB")

    @cached_property
    def target_mask(self) -> NDArray[np.bool_] | None:
        """(H, W) where the target is in the source image."""
        mask = as_image(self.row["target"].get("mask"))
        return None if mask is None else np.asarray(mask.convert("L")) > 127

    @cached_property
    def segmentation(self) -> NDArray[np.int32] | None:
        """(H, W) of the source image: 0 is background, i + 1 the i-th of `objects`."""
        return self._labels("segmentation")

    @cached_property
    def target_segmentation(self) -> NDArray[np.int32] | None:
        """(H, W) of the target image, with the numbers of the *source's* `objects`."""
        return self._labels("target_segmentation")

    def _labels(self, name: str) -> NDArray[np.int32] | None:
        image = as_image(self.row.get(name))
        return None if image is None else np.asarray(image).astype(np.int32)

    @cached_property
    def depth_m(self) -> Float | None:
        """(H, W) depth of the source image along camera z, metres; 0 where unknown."""
        image = as_image(self.row.get("depth"))
        return None if image is None else np.asarray(image).astype(np.float64) / 1000.0

    @cached_property
    def camera(self) -> Camera:
        """The source image's camera."""
        camera = self.row["camera"]
        return Camera(
            np.asarray(camera["intrinsics"], dtype=np.float64),
            np.asarray(camera["world_from_camera"], dtype=np.float64),
            int(camera["width"]),
            int(camera["height"]),
        )

    @cached_property
    def edit(self) -> Edit:
        """What was asked."""
        edit = self.row["edit"]
        original, new = edit.get("original_bbox_3d"), edit.get("new_bbox_3d")
        rotation, new_rotation = edit.get("rotation_matrix"), edit.get("new_rotation_matrix")
        motion = edit.get("camera_motion") or {}
        return Edit(
            self.operation,
            None if not original else Box3D.from_vector(original, rotation),
            None if not new else Box3D.from_vector(new, new_rotation or rotation),
            edit.get("direction"),
            edit.get("distance_m"),
            edit.get("angle_deg"),
            edit.get("factor"),
            _array(motion.get("translation_m")),
            _array(motion.get("rotation")),
        )

    @cached_property
    def objects(self) -> tuple[Detection, ...]:
        """The source image's objects, exactly known (or as the released metadata have them)."""
        return _detections(self.row.get("objects"))

    @cached_property
    def target_objects(self) -> tuple[Detection, ...]:
        """The objects after the edit."""
        return _detections(self.row.get("target_objects"))

    @cached_property
    def scene(self) -> dict[str, Any] | None:
        """The parsed `scene` JSON; `gsi_bench_hf.synth.scene` reads it. None for released data."""
        text = self.row.get("scene")
        return json.loads(text) if text else None

    @cached_property
    def target_symmetry(self) -> int:
        """How often the target looks the same in one turn about its vertical: 1 no symmetry, 2, 4, …; 0 at any angle."""
        if self.scene is None:
            return 1
        objects = self.scene["source"]["objects"]
        return next((int(o["symmetry"]) for o in objects if o["instance_id"] == self.target_id), 1)


def _array(value: Any) -> Float | None:
    return None if value is None else np.asarray(value, dtype=np.float64)


def _detections(objects: Any) -> tuple[Detection, ...]:
    if not objects:
        return ()
    if isinstance(objects, Mapping):  # columns, as some versions of `datasets` yield a list of structs
        objects = [dict(zip(objects, values, strict=True)) for values in zip(*objects.values(), strict=True)]
    return tuple(
        Detection(
            np.asarray(o["bbox_3d"], dtype=np.float64),
            np.asarray(o["bbox_2d"], dtype=np.float64),
            np.asarray(o["rotation_matrix"], dtype=np.float64),
            str(o["label"]),
            instance_id=o["instance_id"],
        )
        for o in objects
    )
