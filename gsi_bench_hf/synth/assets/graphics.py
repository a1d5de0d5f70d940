"""Painted surfaces of bathroom things and devices: mirror, scale, displays, keys, paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.drawing import Sheet
from gsi_bench_hf.synth.assets.painting import fbm, grid, mix, noise, rgb, shade, smoothstep, solid


def mirror() -> Float:
    """What a mirror shows to a renderer that can't reflect: a cool gray that gets lighter to the upper left, with two glints."""
    x, y = grid(128)
    image = mix(solid("8f9da3", 128), rgb("dfe7ea"), 0.9 - 0.45 * (x + y))
    glint = np.exp(-(((x + y - 0.75) / 0.05) ** 2)) + 0.7 * np.exp(-(((x + y - 0.93) / 0.02) ** 2))
    return mix(image, rgb("f4f8f9"), 0.6 * smoothstep(0.0, 1.0, glint))


def tube(base: str = "f1f1ee", accent: str = "2f6db3", text: str = "DENTA") -> Float:
    """A tube of paste from above, its cap at the left: a swoosh, a name, the other half the same seen from below."""
    sheet = Sheet(256, 96, base)
    sheet.polygon([(0, 0), (46, 0), (78, 96), (0, 96)], accent)
    sheet.polygon([(60, 0), (70, 0), (102, 96), (92, 96)], accent)
    sheet.box(0, 78, 256, 18, accent)
    sheet.words(text.replace("_", "|"), 168, 40, 34, accent, 130)
    return sheet.done()


def bread(base: str = "9a6230", cuts: int = 3, seed: int = 0) -> Float:
    """A crust from end to end (x) and round it (y, its top at the upper and the lower edge): floury cuts across the top."""
    rng = np.random.default_rng([301, seed])
    x, y = grid(256)
    top = np.abs(y - 0.5) * 2
    image = shade(solid(base, 256), 0.16 * fbm(rng, 10, 10, 4, size=256) + 0.22 * (top - 0.5))
    across = np.abs((((2 * x - 1) * 0.72 + 1) / 2 * cuts) % 1.0 - 0.5)
    where = (1.0 - smoothstep(0.07, 0.16, across + 0.03 * noise(rng, 24, 24, 256))) * smoothstep(0.5, 0.62, top)
    image = mix(image, rgb("e3c391"), 0.85 * where * (np.abs(2 * x - 1) < 0.8))
    return mix(image, rgb("efe3cb"), 0.3 * smoothstep(0.2, 0.9, noise(rng, 40, 40, 256)) * top)


def orange(base: str = "dd7f22", seed: int = 0) -> Float:
    """Orange peel: pores all over, paler spots, a green tinge at one pole."""
    rng = np.random.default_rng([307, seed])
    _, y = grid(256)
    pores = smoothstep(0.35, 0.8, noise(rng, 84, 42, 256))
    image = shade(solid(base, 256), 0.05 * noise(rng, 6, 5, 256) - 0.16 * pores)
    return mix(image, rgb("8a8a3a"), 0.5 * (1.0 - smoothstep(0.02, 0.1, y)))


PAINTERS: dict[str, Callable[..., Float]] = {"mirror": mirror, "tube": tube, "bread": bread, "orange": orange}
