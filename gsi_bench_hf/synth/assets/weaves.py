"""Cloth, leather, wicker and rugs, painted pale so that a material's colour tints them. Painters as in `surfaces`."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.painting import fbm, grid, noise, shade, smoothstep, solid

_PALE = "f4f4f4"


def weave(style: str = "linen", seed: int = 0, size: int = 256) -> Float:
    """Furniture cloth: "linen" (uneven threads), "twill" (slanting ribs) or "boucle" (little loops)."""
    rng = np.random.default_rng([211, seed])
    x, y = grid(size)
    soft = 0.035 * fbm(rng, 3, 3, 3, size=size)
    if style == "twill":
        rib = np.sin(2 * np.pi * (x * 48 + y * 48))
        relief = 0.05 * rib + 0.05 * noise(rng, 96, 96, size)
    elif style == "boucle":
        loops = np.abs(noise(rng, 44, 44, size)) + 0.6 * np.abs(noise(rng, 70, 70, size))
        relief = 0.22 * (smoothstep(0.05, 0.6, loops) - 0.7)
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


PAINTERS = {"weave": weave, "hide": hide, "wicker": wicker}
