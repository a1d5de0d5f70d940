"""Cloth, leather, wicker and rugs, painted pale so that a material's colour tints them. Painters as in `surfaces`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.painting import fbm, grid, mix, near, noise, rgb, shade, smoothstep, solid

_PALE = "f4f4f4"


def weave(style: str = "linen", seed: int = 0, size: int = 256) -> Float:
    """Furniture cloth: "linen" (uneven threads), "twill" (slanting ribs), "boucle" (loops), "quilt" (stitched diamonds)."""
    rng = np.random.default_rng([211, seed])
    x, y = grid(size)
    soft = 0.035 * fbm(rng, 3, 3, 3, size=size)
    if style == "twill":
        rib = np.sin(2 * np.pi * (x * 48 + y * 48))
        relief = 0.05 * rib + 0.05 * noise(rng, 96, 96, size)
    elif style == "boucle":
        loops = np.abs(noise(rng, 44, 44, size)) + 0.6 * np.abs(noise(rng, 70, 70, size))
        relief = 0.22 * (smoothstep(0.05, 0.6, loops) - 0.7)
    elif style == "quilt":
        seam = np.minimum(np.abs(near((x + y) * 3, 0.0)), np.abs(near((x - y) * 3, 0.0)))
        relief = 0.2 * smoothstep(0.0, 0.32, seam) - 0.17 + 0.03 * noise(rng, 128, 128, size)
    else:
        threads = 0.05 * np.sin(2 * np.pi * x * 64) * np.sin(2 * np.pi * y * 64)
        relief = threads + 0.05 * noise(rng, 64, 5, size) + 0.05 * noise(rng, 5, 64, size)
    return shade(solid(_PALE, size), relief + soft - 0.05)


def hide(seed: int = 0, size: int = 256) -> Float:
    """Furniture leather: a fine grain and soft clouds."""
    rng = np.random.default_rng([223, seed])
    cells = np.minimum(np.abs(fbm(rng, 30, 30, 2, size=size)), np.abs(fbm(rng, 41, 41, 2, size=size)))
    crease = 1.0 - smoothstep(0.0, 0.2, cells)
    return shade(solid(_PALE, size), 0.08 * fbm(rng, 2, 2, 4, size=size) - 0.14 * crease - 0.03)


def wicker(base: str = "b98f5a", seed: int = 0, rods: int = 10) -> Float:
    """Basket work: flat strips over and under upright rods."""
    rng = np.random.default_rng([227, seed])
    x, y = grid(256)
    column, row = np.floor(x * rods), np.floor(y * rods * 2)
    over = (column + row) % 2
    arch = np.sin(np.pi * ((x * rods) % 1.0))
    across = np.sin(np.pi * ((y * rods * 2) % 1.0))
    relief = 0.34 * np.sqrt(across) * np.where(over > 0, 0.55 + 0.45 * arch, 0.95 - 0.45 * arch)
    tints = rng.uniform(-0.08, 0.06, 2 * rods)[row.astype(int)]
    return shade(solid(base, 256), relief - 0.3 + tints + 0.05 * noise(rng, 12, 128, 256))


def rug(base: str = "31527f", accent: str = "e4e0d6", style: str = "border", seed: int = 0) -> Float:
    """A whole rug: "border", "diamonds", "bands", "medallion", "plain" or "round" (rings). Not seamless."""
    rng = np.random.default_rng([229, seed])
    x, y = grid(384)
    a, b = np.abs(x - 0.5) * 2, np.abs(y - 0.5) * 2
    share = _RUGS[style](a, b, x, y)
    middle = rgb(base) + 0.35 * (rgb(accent) - rgb(base))
    image = mix(solid(base, 384), rgb(accent), np.clip(share, 0.0, 1.0))
    image = mix(image, middle, np.clip(-share, 0.0, 1.0))
    pile = 0.1 * noise(rng, 190, 190, 384) + 0.05 * noise(rng, 96, 96, 384) + 0.05 * fbm(rng, 3, 3, 3, size=384)
    return shade(image, pile - 0.02)


def _line(value: Float, at: float, width: float) -> Float:
    return 1.0 - smoothstep(width / 2 - 0.004, width / 2 + 0.004, np.abs(value - at))


def _border(a: Float, b: Float, x: Float, y: Float) -> Float:
    edge = np.maximum(a, b)
    return np.asarray(_line(edge, 0.9, 0.035) + _line(edge, 0.81, 0.012) - 0.6 * smoothstep(0.93, 0.94, edge))


def _diamonds(a: Float, b: Float, x: Float, y: Float) -> Float:
    u, v = np.abs(near(x * 7, 0.5)), np.abs(near(y * 5, 0.5))
    net = _line(u + v, 0.5, 0.09) + (1.0 - smoothstep(0.13, 0.15, u + v))
    return np.asarray(np.where(np.maximum(a, b) < 0.9, net, _line(np.maximum(a, b), 0.93, 0.03)))


def _bands(a: Float, b: Float, x: Float, y: Float) -> Float:
    wide = 1.0 - smoothstep(0.16, 0.17, np.abs(near(x * 5, 0.5)))
    return np.asarray(wide - 0.8 * _line(np.abs(near(x * 5, 0.0)), 0.12, 0.05))


def _medallion(a: Float, b: Float, x: Float, y: Float) -> Float:
    far = a + b
    rings = _line(far, 0.62, 0.05) + _line(far, 0.3, 0.05) - 0.7 * (1.0 - smoothstep(0.58, 0.6, far))
    return np.asarray(np.clip(rings + (1.0 - smoothstep(0.12, 0.13, far)) * 2, -1, 1) + _border(a, b, x, y))


def _plain(a: Float, b: Float, x: Float, y: Float) -> Float:
    return np.asarray(0.12 * np.sin(2 * np.pi * y * 40))


def _round(a: Float, b: Float, x: Float, y: Float) -> Float:
    far = np.hypot(a, b)
    return np.asarray(_line(far, 0.86, 0.06) + _line(far, 0.62, 0.03) - 0.8 * (1.0 - smoothstep(0.3, 0.31, far)))


_RUGS = {
    "border": _border,
    "diamonds": _diamonds,
    "bands": _bands,
    "medallion": _medallion,
    "plain": _plain,
    "round": _round,
}

PAINTERS: dict[str, Callable[..., Float]] = {"weave": weave, "hide": hide, "wicker": wicker, "rug": rug}
