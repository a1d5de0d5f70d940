"""What a lifting detector is made of: something that finds boxes, something that cuts out masks, something that measures depth.

Each is one model or a stand-in for one; the detector batches and caches, so a part does one call's work and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Found2D:
    """Something found in an image.

    Attributes:
        label: one of the labels that were asked for.
        box_px: (4,) x1, y1, x2, y2, image pixels.
        score: confidence, 0..1.
    """

    label: str
    box_px: Float
    score: float


@runtime_checkable
class FindsBoxes(Protocol):
    """Finds objects by name."""

    @property
    def id(self) -> str:
        """Which model at which revision with which thresholds: what its answers hang on, for the cache."""
        ...

    def find(self, images: Sequence[Image.Image], labels: Sequence[Sequence[str]]) -> list[list[Found2D]]:
        """The objects of each image.

        Args:
            images: RGB.
            labels: for each image, the kinds of object to look for.
        """
        ...


@runtime_checkable
class FindsMasks(Protocol):
    """Cuts out what is in a box."""

    @property
    def id(self) -> str:
        """See `FindsBoxes.id`."""
        ...

    def masks(self, images: Sequence[Image.Image], boxes: Sequence[Float]) -> list[Bool]:
        """(N, H, W) for each image, at the image's size.

        Args:
            images: RGB.
            boxes: for each image, (N, 4) x1, y1, x2, y2 in its pixels; N may be 0.
        """
        ...


@runtime_checkable
class EstimatesDepth(Protocol):
    """Says how far away everything is."""

    @property
    def id(self) -> str:
        """See `FindsBoxes.id`."""
        ...

    def depth(self, images: Sequence[Image.Image], intrinsics: Sequence[Float]) -> list[Float32]:
        """(H, W) metres along camera z for each image, at the image's size.

        Args:
            images: RGB.
            intrinsics: for each image, (3, 3) in its pixels.
        """
        ...
