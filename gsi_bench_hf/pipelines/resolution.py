"""What size a model works at, how a source image is brought there, and how the result is brought back: nothing is cropped.

A source is *stretched* to the working size where that changes its shape by little (models' own scripts do the same), and otherwise
scaled as it is and *padded* by repeating its border. Either way every source pixel is inside, and `Plan.restore` is the exact inverse
of where `Plan.fit` put it.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

Size = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """How one source is fitted.

    Attributes:
        source: (width, height) of the source, pixels.
        working: (width, height) that the model gets and is asked for.
        content: (left, top, right, bottom) of the source within the working size.
    """

    source: Size
    working: Size
    content: tuple[int, int, int, int]

    @property
    def padded(self) -> bool:
        """Whether the working image has a border that is not the source's."""
        return self.content != (0, 0, *self.working)

    def fit(self, image: Image.Image) -> Image.Image:
        """The source at the working size, RGB. Raises ValueError for an image of another size than the plan's."""
        if image.size != self.source:
            raise ValueError(f"image is {image.size}, expected {self.source}, which this plan was made for")
        left, top, right, bottom = self.content
        content = _resized(image.convert("RGB"), (right - left, bottom - top))
        if not self.padded:
            return content
        border = ((top, self.working[1] - bottom), (left, self.working[0] - right), (0, 0))
        return Image.fromarray(np.pad(np.asarray(content), border, mode="edge"))

    def restore(self, image: Image.Image) -> Image.Image:
        """A result at the source's size, its padding cut off; one that is not of the working size is taken as that, scaled."""
        across, down = image.width / self.working[0], image.height / self.working[1]
        left, top, right, bottom = self.content
        if not self.padded:
            return _resized(image, self.source)
        box = (left * across, top * down, right * across, bottom * down)
        return image.resize(self.source, Image.Resampling.LANCZOS, box=box)


@dataclass(frozen=True)
class Resolution:
    """The sizes a model works at.

    Attributes:
        multiple: both sides are multiples of it.
        pixels: sources are scaled to about so many; None keeps their size.
        max_pixels: sources with more are scaled down to it.
        max_side: sources with a longer side are scaled down to it.
        min_side: sources with a shorter side are scaled up to it.
        rounding: of the sides, to the multiple.
        sizes: (width, height) of the ones it was trained at; the nearest in shape is taken, and the above is not looked at.
        only_sizes: whether it can't be asked for others.
        max_stretch: a change of width over height up to this factor is a stretch; beyond it the source is padded.

    >>> Resolution(multiple=16, pixels=1024 * 1024).plan((512, 768)).working
    (832, 1248)
    """

    multiple: int = 8
    pixels: int | None = None
    max_pixels: int | None = None
    max_side: int | None = None
    min_side: int = 0
    rounding: Literal["nearest", "down", "up"] = "nearest"
    sizes: tuple[Size, ...] = ()
    only_sizes: bool = False
    max_stretch: float = 1.1

    def plan(self, source: Size) -> Plan:
        """How a source of (width, height) pixels is fitted. Raises ValueError for an empty one."""
        if min(source) < 1:
            raise ValueError(f"source image is {source[0]}x{source[1]}, expected at least one pixel")
        working = self._nearest_size(source) if self.sizes else self._scaled(source)
        across, down = working[0] / source[0], working[1] / source[1]
        if max(across / down, down / across) <= self.max_stretch:
            return Plan(source, working, (0, 0, *working))
        scale = min(across, down)
        width, height = (max(1, min(w, round(s * scale))) for s, w in zip(source, working, strict=True))
        left, top = (working[0] - width) // 2, (working[1] - height) // 2
        return Plan(source, working, (left, top, left + width, top + height))

    def at(self, pixels: int) -> Resolution:
        """The same model asked for about so many pixels instead. Raises ValueError where it can't be."""
        if self.only_sizes:
            raise ValueError(f"pixels is {pixels}, but the model works at its own sizes alone; leave it out")
        if pixels < self.multiple**2:
            raise ValueError(f"pixels is {pixels}, expected at least {self.multiple**2} (one block of {self.multiple})")
        return dataclasses.replace(self, pixels=pixels, max_pixels=None, max_side=None, sizes=())

    def fixed(self, size: Size) -> Resolution:
        """The same model asked for (width, height) whatever the source. Raises ValueError for sides it can't have."""
        if self.only_sizes and size not in self.sizes:
            known = ", ".join(f"{w}x{h}" for w, h in self.sizes)
            raise ValueError(
                f"width and height are {size[0]} and {size[1]}, expected one of the model's own sizes: {known}"
            )
        if min(size) < self.multiple or size[0] % self.multiple or size[1] % self.multiple:
            raise ValueError(f"width and height are {size[0]} and {size[1]}, expected multiples of {self.multiple}")
        return dataclasses.replace(self, sizes=(size,))

    def _nearest_size(self, source: Size) -> Size:
        shape = math.log(source[0] / source[1])
        return min(self.sizes, key=lambda size: abs(math.log(size[0] / size[1]) - shape))

    def _scaled(self, source: Size) -> Size:
        area = source[0] * source[1]
        scale = 1.0 if self.pixels is None else math.sqrt(self.pixels / area)
        if self.max_pixels is not None:
            scale = min(scale, math.sqrt(self.max_pixels / area))
        if self.max_side is not None:
            scale = min(scale, self.max_side / max(source))
        scale = max(scale, self.min_side / min(source))
        return self._rounded(source[0] * scale), self._rounded(source[1] * scale)

    def _rounded(self, side: float) -> int:
        blocks = side / self.multiple
        # A millionth keeps a side that is a multiple but for rounding where it is.
        whole = {"nearest": round(blocks), "down": math.floor(blocks + 1e-6), "up": math.ceil(blocks - 1e-6)}
        return max(1, whole[self.rounding]) * self.multiple


def _resized(image: Image.Image, size: Size) -> Image.Image:
    return image.copy() if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
