"""Glasses, wine."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import (
    label,
    lathe,
)
from gsi_bench_hf.synth.assets.tableware import vessel
from gsi_bench_hf.synth.assets.textures import texture

_ROOM = ("room",)


def clear(tone: str = "dfe8e6", alpha: float = 0.2) -> Material:
    """Glass that one sees through."""
    return Material(None, rgba(tone, alpha), 1.0, 0.95, 0.1)


_DRINKS: dict[str, tuple[str, ...]] = {
    "orange": ("dd8f35",),
    "red": ("8c2130",),
    "brown": ("4a2a17",),
    "yellow": ("d9b85c",),
    "white": ("ece8de",),
}


def glass(rng: np.random.Generator) -> Draft:
    """A tumbler with juice, milk, tea or cola in it."""
    color, drink = pick(rng, _DRINKS)
    r, tall = rng.uniform(0.034, 0.04), rng.uniform(0.1, 0.14)
    narrow, full = rng.uniform(0.78, 0.95), rng.uniform(0.55, 0.8)
    wall = curve([(r * narrow, 0.0), (r * (0.1 + 0.9 * narrow), tall * 0.3), (r, tall)], 14)
    outside, inside = vessel(wall, 0.0022, 0.012)
    r0, r1 = (float(np.interp(z, wall[:, 1], wall[:, 0])) - 0.003 for z in (0.012, tall * full))
    liquid = lathe([(0.0, 0.012), (r0 * 0.95, 0.012), (r0, 0.016), (r1, tall * full), (0.0, tall * full)], 36)
    parts = (
        liquid.part(Material(None, rgba(drink), 0.5, 0.8), False),
        outside.part(clear()),
        inside.part(clear(), False),
    )
    return Draft(parts, color, "glass", 0, 0.35)


def wine_glass(rng: np.random.Generator) -> Draft:
    """A glass of wine on its stem."""
    color, wine = pick(rng, {"red": ("6e1224", "7d1a2c"), "yellow": ("d8c071",)})
    r, tall = rng.uniform(0.036, 0.042), rng.uniform(0.18, 0.21)
    bowl_z, full = tall * 0.46, rng.uniform(0.4, 0.55)
    foot = [(0.0, 0.002), (r * 0.92, 0.0), (r * 0.92, 0.002), (r * 0.5, 0.005), (0.006, 0.012), (0.004, 0.03)]
    bowl = curve(
        [(0.004, bowl_z * 0.95), (r * 0.7, bowl_z + tall * 0.07), (r, bowl_z + tall * 0.2), (r * 0.78, tall)], 18
    )
    inner = bowl[2:][::-1] - [0.0016, 0.0]
    outside = lathe(np.concatenate([foot, [[0.0038, bowl_z * 0.85]], bowl]), 36)
    z = bowl_z + (tall - bowl_z) * full
    fill = bowl[(bowl[:, 1] < z) & (bowl[:, 0] > 0.008)] * [0.93, 1.0] + [0.0, 0.001]
    level = float(np.interp(z, bowl[:, 1], bowl[:, 0])) * 0.93
    liquid = lathe(np.concatenate([[[0.0, fill[0, 1]]], fill, [[level, z], [0.0, z]]]), 36)
    parts = (
        liquid.part(Material(None, rgba(wine), 0.5, 0.8), False),
        outside.part(clear(alpha=0.24)),
        lathe(np.concatenate([inner, [[0.0, bowl_z]]]), 36).part(clear(), False),
    )
    return Draft(parts, color, "glass", 0, 0.25)


def wine_bottle(rng: np.random.Generator) -> Draft:
    """A bottle of wine: high shoulders, a capsule, a label at the front."""
    color, tone = pick(rng, {"green": ("23402a", "2f5a3c"), "brown": ("3b2414",), "black": ("1f2421",)})
    r, tall = rng.uniform(0.036, 0.039), rng.uniform(0.29, 0.315)
    side = [(0.0, 0.004), (r * 0.7, 0.003), (r * 0.93, 0.0), (r, 0.006), (r, tall * 0.6)]
    neck = curve([(r, tall * 0.6), (r * 0.9, tall * 0.665), (r * 0.44, tall * 0.74), (r * 0.38, tall * 0.8)], 14)
    body = lathe(np.concatenate([side, neck[1:], [[r * 0.37, tall * 0.97], [0.0, tall * 0.97]]]), 40, 60.0)
    capsule = lathe(
        [
            (r * 0.41, tall * 0.8),
            (r * 0.4, tall * 0.95),
            (r * 0.43, tall * 0.955),
            (r * 0.43, tall * 0.99),
            (r * 0.38, tall),
            (0.0, tall),
        ],
        28,
    )
    _, foil = pick(rng, {"red": ("7a1f2a",), "black": ("26262a",), "yellow": ("b8973f",)})
    name = ("CHATEAU|DORE", "RIOJA|1998", "BAROLO", "MERLOT", "VIN|ROUGE")[int(rng.integers(5))]
    paper = texture(
        "label",
        base="f0e8d4",
        accent=("5a1822", "2b2b2d", "6b5320")[int(rng.integers(3))],
        text=name.replace("|", "_"),
        seed=seed(rng, 3),
    )
    parts = (
        body.part(Material(None, rgba(tone), 0.9, 0.9, 0.1)),
        capsule.part(Material(None, rgba(foil), 0.5, 0.6)),
        label(r * 2.5, tall * 0.3, r + 0.0006, 16).moved(z=tall * 0.2).part(Material(paper, specular=0.05), False),
    )
    return Draft(parts, color, "glass", 1, 1.2)


KINDS: dict[str, Kind] = {
    "glass": Kind("glass", "玻璃杯", "个", "kitchenware", glass),
    "wine-glass": Kind("wine glass", "红酒杯", "个", "kitchenware", wine_glass),
    "wine-bottle": Kind("wine bottle", "红酒", "瓶", "kitchenware", wine_bottle),
}
