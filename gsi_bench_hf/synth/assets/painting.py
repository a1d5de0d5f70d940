"""Brushes for the procedural textures: colours, periodic noise, periodic distances. Images are (H, W, 3) float in 0..1."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.assets.base import Float

Image8 = NDArray[np.uint8]


def rgb(color: str) -> Float:
    """(3,) 0..1 of a hex colour such as "c96f3a"."""
    return np.array([int(color[i : i + 2], 16) for i in (0, 2, 4)]) / 255.0


def solid(color: str, size: int = 512, height: int | None = None) -> Float:
    """An image of one colour."""
    return np.broadcast_to(rgb(color), (height or size, size, 3)).copy()


def mix(a: Float, b: Float, amount: Float) -> Float:
    """`a` where `amount` (H, W) is 0, `b` where it is 1."""
    return np.asarray(a + (b - a) * np.clip(amount, 0.0, 1.0)[..., None])


def shade(image: Float, amount: Float) -> Float:
    """The image made lighter (amount > 0) or darker, by a share of itself."""
    return np.asarray(image * (1.0 + amount[..., None]))


def smoothstep(low: float, high: float, value: Float) -> Float:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def to_uint8(image: Float) -> Image8:
    """The image as bytes."""
    return (np.clip(image, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def grid(size: int = 512, height: int | None = None) -> tuple[Float, Float]:
    """Coordinates x (right) and y (down), each (H, W), 0..1 over the image, at pixel centres."""
    rows = height or size
    x, y = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(rows) + 0.5) / rows)
    return x, y


@functools.lru_cache(maxsize=64)
def _weights(cells: int, size: int) -> Float:
    """(size, cells) periodic smooth interpolation from a ring of cells to pixels."""
    at = (np.arange(size) + 0.5) / size * cells
    low = np.floor(at).astype(int)
    f = at - low
    f = f * f * (3.0 - 2.0 * f)
    matrix = np.zeros((size, cells))
    np.add.at(matrix, (np.arange(size), low % cells), 1.0 - f)
    np.add.at(matrix, (np.arange(size), (low + 1) % cells), f)
    return matrix


def noise(rng: np.random.Generator, columns: int, rows: int, size: int = 512, height: int | None = None) -> Float:
    """(H, W) seamless value noise in -1..1 with that many blobs across and down."""
    cells = rng.uniform(-1.0, 1.0, (rows, columns))
    return np.asarray(_weights(rows, height or size) @ cells @ _weights(columns, size).T)


def fbm(
    rng: np.random.Generator, columns: int, rows: int, octaves: int = 4, size: int = 512, gain: float = 0.5
) -> Float:
    """(H, W) seamless noise of several scales, about -1..1."""
    total = np.zeros((size, size))
    for k in range(octaves):
        if max(columns, rows) << k <= size:
            total += gain**k * noise(rng, columns << k, rows << k, size)
    return total


def near(value: Float, center: float) -> Float:
    """Signed distance on a ring of length 1, -0.5..0.5."""
    return np.asarray((value - center + 0.5) % 1.0 - 0.5)


def sample(image: Float, x: Float, y: Float) -> Float:
    """(…, 3) pixels of a periodic image at x, y (0..1, any whole offset), the nearest ones."""
    rows, columns = image.shape[:2]
    return np.asarray(image[(y * rows).astype(int) % rows, (x * columns).astype(int) % columns])
