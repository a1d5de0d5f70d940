"""A drawing surface for printed pictures, on Pillow: drawn at twice the size, then halved."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gsi_bench_hf.synth.assets.base import Float

Color = tuple[int, int, int]


def ink(color: str) -> Color:
    """0..255 of a hex colour."""
    r, g, b = (int(color[i : i + 2], 16) for i in (0, 2, 4))
    return (r, g, b)


@functools.lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font."""
    return ImageFont.load_default(size)


def points(x: Float, y: Float) -> list[tuple[float, float]]:
    """Pairs of two (k,) arrays."""
    return list(zip(x.tolist(), y.tolist(), strict=True))


class Sheet:
    """A drawing surface in units of the image (x to `width`, y to `height`), drawn at twice the size."""

    def __init__(self, width: int, height: int, color: str) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (2 * width, 2 * height), ink(color))
        self.draw = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, w: float, h: float, color: str, radius: float = 0.0) -> None:
        """A rectangle from its top left corner, its corners rounded by `radius`."""
        self.draw.rounded_rectangle((2 * x, 2 * y, 2 * (x + w) - 1, 2 * (y + h) - 1), 2 * radius, ink(color))

    def oval(self, x: float, y: float, rx: float, ry: float, color: str) -> None:
        """An ellipse round x, y."""
        self.draw.ellipse((2 * (x - rx), 2 * (y - ry), 2 * (x + rx), 2 * (y + ry)), ink(color))

    def polygon(self, points: list[tuple[float, float]], color: str) -> None:
        """A filled polygon."""
        self.draw.polygon([(2 * x, 2 * y) for x, y in points], ink(color))

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float, color: str) -> None:
        """A straight line."""
        self.draw.line((2 * x0, 2 * y0, 2 * x1, 2 * y1), ink(color), max(1, round(2 * width)))

    def words(self, text: str, x: float, y: float, height: float, color: str, limit: float = 1e9) -> None:
        """Centred lines (parted by "|"), the middle at x, y; made smaller to be no wider than `limit`."""
        lines = text.split("|")
        widest = max(self.draw.textlength(line, font(100)) for line in lines)
        size = min(2 * height, 200 * limit / max(widest, 1.0))
        for k, line in enumerate(lines):
            at = (2 * x, 2 * y + (k - (len(lines) - 1) / 2) * size * 1.1)
            self.draw.text(
                at,
                line,
                ink(color),
                font(max(6, int(size))),
                anchor="mm",
                stroke_width=max(0, int(size / 28)),
                stroke_fill=ink(color),
            )

    def done(self) -> Float:
        """The (H, W, 3) picture, 0..1."""
        small = self.image.resize((self.width, self.height), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.float64) / 255.0
