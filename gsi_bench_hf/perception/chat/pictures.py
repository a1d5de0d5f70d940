"""How images are sent to a judge: without loss or as JPEG of a stated quality, and no larger than a stated size."""

from __future__ import annotations

import base64
import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

_PATCH_PX = 28
"""Side of the patch that is one token in Qwen2.5-VL and its kin; others differ, so that estimates say "about"."""


@dataclass(frozen=True)
class Picture:
    """An image as it is sent: `data` are the bytes of a PNG or JPEG file, `size` is (width, height) in pixels."""

    data: bytes
    media_type: str
    size: tuple[int, int]

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def url(self) -> str:
        """A data URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True)
class Format:
    """How images are sent.

    Attributes:
        image_format: "png" or "jpeg".
        jpeg_quality: 1..100, of JPEG.
        longest_px: larger images are made so large, their shape kept; None sends every image at its own size.
    """

    image_format: str = "png"
    jpeg_quality: int = 95
    longest_px: int | None = 1024

    def __post_init__(self) -> None:
        if self.image_format not in ("png", "jpeg"):
            raise ValueError(f"image_format is {self.image_format!r}, expected 'png' or 'jpeg'")
        if not 1 <= self.jpeg_quality <= 100:
            raise ValueError(f"jpeg_quality is {self.jpeg_quality!r}, expected 1 to 100")
        if self.longest_px is not None and self.longest_px < 1:
            raise ValueError(f"longest_px is {self.longest_px!r}, expected a number of pixels, or None for no limit")

    def __str__(self) -> str:
        form = "png" if self.image_format == "png" else f"jpeg of quality {self.jpeg_quality}"
        return form if self.longest_px is None else f"{form}, at most {self.longest_px} px"

    def sent_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The (width, height) that an image of this size is sent at.

        >>> Format(longest_px=100).sent_size((400, 301)), Format().sent_size((512, 512))
        ((100, 75), (512, 512))
        """
        if self.longest_px is None or max(size) <= self.longest_px:
            return size
        ratio = self.longest_px / max(size)
        return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))

    def encode(self, image: Image.Image) -> Picture:
        """The image as it is sent; the same image gives the same bytes."""
        image = image.convert("RGB")
        size = self.sent_size(image.size)
        if size != image.size:
            image = image.resize(size, Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        if self.image_format == "png":
            image.save(buffer, "PNG", compress_level=3)
        else:
            image.save(buffer, "JPEG", quality=self.jpeg_quality, subsampling=0)
        return Picture(buffer.getvalue(), f"image/{self.image_format}", size)

    def tokens(self, sizes: Sequence[tuple[int, int]]) -> int:
        """About how many tokens images of these (width, height) come to, 28 × 28 pixels a token.

        >>> Format().tokens([(560, 280)])
        200
        """
        sent = [self.sent_size(size) for size in sizes]
        return sum(math.ceil(w / _PATCH_PX) * math.ceil(h / _PATCH_PX) for w, h in sent)
