"""Parts that know the answer: boxes, masks and depth that were rendered or measured, in the place of models.

With them a lifting detector shows what its geometry makes of perfect sight, or of sight made worse on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.association import overlap
from gsi_bench_hf.perception.lifting.looking import fingerprint
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32, Found2D


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of an image.

    Attributes:
        labels: of its objects.
        masks: (N, H, W) where each of them is; an empty one is not found.
        depth_m: (H, W) along camera z.
    """

    labels: tuple[str, ...]
    masks: Bool
    depth_m: Float32


class KnownParts:
    """All three parts of a `LiftingDetector` at once, for images that were told before: `LiftingDetector(parts, parts, parts)`.

    Args:
        name: what tells its answers from another's, for the cache.

    Attributes:
        asked: how many images each part was asked about.
    """

    def __init__(self, name: str = "known") -> None:
        self._name = name
        self._images: dict[str, Known] = {}
        self.asked = {"find": 0, "masks": 0, "depth": 0}

    @property
    def id(self) -> str:
        """The name."""
        return self._name

    def tell(self, image: Image.Image, known: Known) -> None:
        """Say what is to be seen in an image."""
        self._images[fingerprint(image)] = known

    def find(self, images: Sequence[Image.Image], labels: Sequence[Sequence[str]]) -> list[list[Found2D]]:
        """The bounds of the masks with these labels."""
        self.asked["find"] += len(images)
        return [
            [
                Found2D(label, bounds(mask), 1.0)
                for label, mask in zip(known.labels, known.masks, strict=True)
                if label in wanted and mask.any()
            ]
            for known, wanted in zip(map(self._known, images), labels, strict=True)
        ]

    def masks(self, images: Sequence[Image.Image], boxes: Sequence[Float]) -> list[Bool]:
        """For each box the mask whose bounds overlap it most."""
        self.asked["masks"] += len(images)
        return [_masks(self._known(image), asked) for image, asked in zip(images, boxes, strict=True)]

    def depth(self, images: Sequence[Image.Image], intrinsics: Sequence[Float]) -> list[Float32]:
        """The depth that was told."""
        self.asked["depth"] += len(images)
        return [self._known(image).depth_m for image in images]

    def _known(self, image: Image.Image) -> Known:
        known = self._images.get(fingerprint(image))
        if known is None:
            raise KeyError("nothing was told about this image; call tell(image, known) before looking at it")
        return known


def bounds(mask: Bool) -> Float:
    """(4,) x1, y1, x2, y2 around the pixels of a mask (H, W) that has some."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)


def _masks(known: Known, boxes: Float) -> Bool:
    shown = [mask for mask in known.masks if mask.any()]
    chosen = [max(shown, key=lambda mask: overlap(bounds(mask), box)) for box in boxes]
    return np.array(chosen, dtype=bool).reshape(-1, *known.depth_m.shape)
