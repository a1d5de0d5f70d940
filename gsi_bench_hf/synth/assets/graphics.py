"""Painted surfaces of bathroom things and devices: mirror, scale, displays, keys, paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.painting import grid, mix, rgb, smoothstep, solid


def mirror() -> Float:
    """What a mirror shows to a renderer that can't reflect: a cool gray that gets lighter to the upper left, with two glints."""
    x, y = grid(128)
    image = mix(solid("8f9da3", 128), rgb("dfe7ea"), 0.9 - 0.45 * (x + y))
    glint = np.exp(-(((x + y - 0.75) / 0.05) ** 2)) + 0.7 * np.exp(-(((x + y - 0.93) / 0.02) ** 2))
    return mix(image, rgb("f4f8f9"), 0.6 * smoothstep(0.0, 1.0, glint))


PAINTERS: dict[str, Callable[..., Float]] = {"mirror": mirror}
