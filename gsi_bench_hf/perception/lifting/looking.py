"""Looking at images with three parts, in batches, and never twice at the same."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.lifting.box import PRIOR, Prior, lift
from gsi_bench_hf.perception.lifting.gravity import dominant_up, up_of
from gsi_bench_hf.perception.lifting.parts import (
    Bool,
    EstimatesDepth,
    FindsBoxes,
    FindsMasks,
    Float,
    Float32,
    Found2D,
)
from gsi_bench_hf.perception.lifting.points import CLEANING, Cleaning, LiftError
from gsi_bench_hf.types import Camera, Detection

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Looked:
    """What was seen in an image.

    Attributes:
        detections: the objects, the surest first; camera frame.
        masks: (N, H, W) where each of them is.
        depth_m: (H, W) along camera z.
        skipped: why what was found in the image has no box, one line each.
    """

    detections: tuple[Detection, ...]
    masks: Bool
    depth_m: Float32
    skipped: tuple[str, ...] = ()


class Memo(Generic[T]):
    """The last answers, by key; the oldest goes first.

    Args:
        kept: how many.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._answers: OrderedDict[Hashable, T] = OrderedDict()

    def fill(self, keys: Sequence[Hashable], ask: Callable[[list[int]], Sequence[T]], batch: int) -> list[T]:
        """The answers to keys; those that are not known are asked for by their places, each key once, `batch` at a time."""
        found = {key: self._answers[key] for key in keys if key in self._answers}
        first = {key: place for place, key in reversed(list(enumerate(keys))) if key not in found}
        places = sorted(first.values())
        for start in range(0, len(places), batch):
            part = places[start : start + batch]
            for place, answer in zip(part, ask(part), strict=True):
                found[keys[place]] = answer
        for key in keys:
            self._answers[key] = found[key]
            self._answers.move_to_end(key)
        while len(self._answers) > self._kept:
            self._answers.popitem(last=False)
        return [found[key] for key in keys]


@dataclass(eq=False)
class Looker:
    """Looks at images with a detector, a segmenter and a depth estimator.

    Attributes:
        boxes, masks, depth: the parts.
        prior, cleaning: how masks are lifted.
        batch: images a call of a part.
        kept: images whose answers are kept.
    """

    boxes: FindsBoxes
    masks: FindsMasks
    depth: EstimatesDepth
    prior: Prior = PRIOR
    cleaning: Cleaning = CLEANING
    batch: int = 4
    kept: int = 16
    _found: Memo[list[Found2D]] = field(init=False, repr=False)
    _cut: Memo[tuple[tuple[int, ...], bytes]] = field(init=False, repr=False)
    _measured: Memo[Float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._found, self._cut = Memo(4 * self.kept), Memo(4 * self.kept)
        self._measured = Memo(self.kept)

    @property
    def id(self) -> str:
        """What the answers hang on."""
        return " + ".join((self.boxes.id, self.masks.id, self.depth.id, repr(self.prior), repr(self.cleaning)))

    def look(
        self, images: Sequence[Image.Image], cameras: Sequence[Camera], labels: Sequence[Sequence[str]]
    ) -> list[Looked]:
        """What is seen in each image.

        Args:
            images: RGB.
            cameras: of each image; its intrinsics are of the image's own pixels.
            labels: the kinds of object to look for in each.
        """
        check_sizes(images, cameras)
        prints = [fingerprint(image) for image in images]
        keys = [(p, tuple(some)) for p, some in zip(prints, labels, strict=True)]
        found = self._found.fill(
            keys,
            lambda places: self.boxes.find([images[i] for i in places], [labels[i] for i in places]),
            self.batch,
        )
        boxes = [np.array([f.box_px for f in some], dtype=np.float64).reshape(-1, 4) for some in found]
        masks, depths = self._masks(images, prints, boxes), self._depths(images, prints, cameras)
        return [self._lifted(*seen) for seen in zip(found, masks, depths, cameras, strict=True)]

    def depths(self, images: Sequence[Image.Image], cameras: Sequence[Camera]) -> list[Float32]:
        """(H, W) metric depth of each image."""
        return self._depths(images, [fingerprint(image) for image in images], cameras)

    def cut(self, image: Image.Image, boxes_px: Float) -> Bool:
        """(N, H, W) masks of what is in boxes (N, 4) of an image."""
        return self._masks([image], [fingerprint(image)], [boxes_px])[0]

    def _depths(self, images: Sequence[Image.Image], prints: Sequence[str], cameras: Sequence[Camera]) -> list[Float32]:
        keys = [(p, c.intrinsics.tobytes()) for p, c in zip(prints, cameras, strict=True)]
        return self._measured.fill(
            keys,
            lambda places: self.depth.depth([images[i] for i in places], [cameras[i].intrinsics for i in places]),
            self.batch,
        )

    def _masks(self, images: Sequence[Image.Image], prints: Sequence[str], boxes: Sequence[Float]) -> list[Bool]:
        keys = [(p, b.tobytes()) for p, b in zip(prints, boxes, strict=True)]

        def ask(places: list[int]) -> list[tuple[tuple[int, ...], bytes]]:
            cut = self.masks.masks([images[i] for i in places], [boxes[i] for i in places])
            return [(m.shape, np.packbits(m).tobytes()) for m in cut]

        return [_unpacked(*packed) for packed in self._cut.fill(keys, ask, self.batch)]

    def _lifted(self, found: list[Found2D], masks: Bool, depth_m: Float32, camera: Camera) -> Looked:
        up = upwards(camera, depth_m)
        kept, detections, skipped = [], [], []
        for number, (what, mask) in enumerate(zip(found, masks, strict=True)):
            try:
                box = lift(depth_m, mask, camera.intrinsics, up=up, prior=self.prior, cleaning=self.cleaning)
            except LiftError as error:
                skipped.append(f"{what.label}: {error}")
                continue
            kept.append(number)
            detections.append(Detection(box.vector, what.box_px, box.rotation, what.label, what.score))
        return Looked(tuple(detections), masks[kept], depth_m, tuple(skipped))


def upwards(camera: Camera, depth_m: Float32) -> Float:
    """(3,) the world's up in the camera frame: from the camera's pose, or else from what the depth (H, W) shows of the ground."""
    up = up_of(camera)
    return dominant_up(depth_m, camera.intrinsics, rng=np.random.default_rng(0)) if up is None else up


def fingerprint(image: Image.Image) -> str:
    """A digest of an image's pixels and size."""
    rgb = image.convert("RGB")
    return hashlib.sha256(repr(rgb.size).encode() + rgb.tobytes()).hexdigest()


def check_sizes(images: Sequence[Image.Image], cameras: Sequence[Camera]) -> None:
    """Raise ValueError for an image of another size than its camera's."""
    for image, camera in zip(images, cameras, strict=True):
        if image.size != (camera.width, camera.height):
            raise ValueError(
                f"the image is {image.width} x {image.height}, its camera's {camera.width} x {camera.height}; "
                "expected the same size, resize the image or scale the intrinsics"
            )


def _unpacked(shape: tuple[int, ...], packed: bytes) -> Bool:
    count = int(np.prod(shape))
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count).reshape(shape).astype(bool)
