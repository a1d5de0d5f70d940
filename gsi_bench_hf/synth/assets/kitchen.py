"""Kitchen furniture."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.joinery import HANDLES, Finish, bar_handle, board, front, paint, wood
from gsi_bench_hf.synth.assets.lamps import CHROME
from gsi_bench_hf.synth.assets.palette import rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, lathe, merge, plate, rounded_box, tube
from gsi_bench_hf.synth.assets.textures import texture

DEPTH_M, HEIGHT_M = 0.62, 0.9
_SLAB_M, _PLINTH_M, _GAP_M = 0.036, 0.1, 0.004
_STEEL = Material(texture("brushed", base="b9bbbd", seed=1), specular=0.7, shininess=0.7)
_DARK = Material(None, rgba("1c1d20"), 0.7, 0.85)


def _worktop(rng: np.random.Generator) -> tuple[Material, tuple[float, float]]:
    """A worktop's material and its tile in metres."""
    what, number = int(rng.integers(4)), seed(rng, 2)
    if what == 0:
        return Material(texture("marble", seed=number), specular=0.5, shininess=0.8), (0.9, 0.9)
    if what == 1:
        return Material(texture("terrazzo", base="8c8a86", seed=number), specular=0.4, shininess=0.7), (0.5, 0.5)
    if what == 2:
        return Material(texture("planks", tone="oak", rows=10, gap=0.2, seed=number), specular=0.25), (1.6, 0.6)
    return Material(texture("terrazzo", seed=number), specular=0.45, shininess=0.7), (0.5, 0.5)


def _style(rng: np.random.Generator) -> tuple[Finish, str, Material]:
    """What a kitchen's fronts are like: their finish, make and handles."""
    finish = paint(rng) if rng.uniform() < 0.7 else wood(rng, "oak", "walnut", "birch", "ash")
    return finish, ("flat", "frame", "groove")[int(rng.integers(3))], HANDLES[int(rng.integers(3))]


def _unit(width: float, x: float, drawers: int, make: str) -> tuple[list[Shape], list[Shape]]:
    """Fronts and handles of one base unit: drawers, or a pair of doors for 0."""
    low, high, y = _PLINTH_M, HEIGHT_M - _SLAB_M, -DEPTH_M / 2 + 0.03
    if drawers == 0:
        wide = width / 2 - _GAP_M
        fronts = [front(wide, high - low - _GAP_M, (x + s * width / 4, y, low), make) for s in (-1, 1)]
        return fronts, [bar_handle(x + s * 0.05, y - 0.018, high - 0.13, 0.13, True) for s in (-1, 1)]
    tall = (high - low) / drawers
    fronts = [front(width - _GAP_M, tall - _GAP_M, (x, y, low + k * tall), make) for k in range(drawers)]
    return fronts, [bar_handle(x, y - 0.018, low + (k + 0.75) * tall, 0.16) for k in range(drawers)]


def counter(rng: np.random.Generator) -> Draft:
    """A run of base units with a worktop, a sink on one side and a hob on the other, free worktop between."""
    finish, make, metal = _style(rng)
    widths = [0.8, 0.6, 0.6] if rng.integers(2) else [0.8, 0.5, 0.5, 0.6]
    flip = -1 if rng.integers(2) else 1
    width = sum(widths)
    slab, tile = _worktop(rng)
    high = HEIGHT_M - _SLAB_M
    parts: list[Part] = [
        board((width, DEPTH_M - 0.03, high - _PLINTH_M), (0, 0.015, _PLINTH_M), finish.material, upright=True),
        board((width - 0.02, DEPTH_M - 0.1, _PLINTH_M + 0.001), (0, 0.04, 0), Material(None, rgba("3a3a3c"), 0.1, 0.2)),
        rounded_box(width, DEPTH_M, _SLAB_M, 0.004, steps=1).moved(z=high).tiled(*tile).part(slab),
    ]
    fronts: list[Shape] = []
    handles: list[Shape] = []
    edges = np.concatenate([[0.0], np.cumsum(widths)]) - width / 2
    middles = flip * (edges[:-1] + edges[1:]) / 2
    for k, (wide, x) in enumerate(zip(widths, middles, strict=True)):
        some, pulls = _unit(wide, x, 0 if k == 0 else (1 if k == len(widths) - 1 else 3), make)
        fronts += some
        handles += pulls
    parts.append(merge(*fronts).part(finish.material, False))
    parts.append(merge(*handles).part(metal, False))
    parts += _sink(middles[0]) + _hob(middles[-1])
    inner = sorted((middles[0] + flip * 0.42, middles[-1] - flip * 0.31))
    free = Support(
        HEIGHT_M,
        "rectangle",
        np.array([(inner[1] - inner[0]) / 2, DEPTH_M / 2 - 0.03]),
        np.array([(inner[0] + inner[1]) / 2, 0.0]),
        "counter",
    )
    return Draft(tuple(parts), finish.color, finish.word, 1, 120.0, (free,))


def _sink(x: float) -> list[Part]:
    """A steel sink let into the worktop, and its tap."""
    rim = merge(
        *(rounded_box(0.56, 0.03, 0.006, 0.002, steps=1).moved(x, y, HEIGHT_M) for y in (-0.215, 0.215)),
        *(rounded_box(0.03, 0.46, 0.006, 0.002, steps=1).moved(x + s * 0.265, 0, HEIGHT_M) for s in (-1, 1)),
    )
    bowl = plate(0.5, 0.4).moved(x, 0, HEIGHT_M + 0.001)
    line = [(0, 0.25, 0), (0, 0.25, 0.2), (0, 0.22, 0.27), (0, 0.14, 0.29), (0, 0.08, 0.26), (0, 0.07, 0.22)]
    tap = tube(np.array(line), 0.011, 10)
    return [
        rim.tiled(0.4).part(_STEEL, False),
        bowl.tiled(0.4).part(Material(None, rgba("77797c"), 0.6, 0.6), False),
        tap.moved(x, 0, HEIGHT_M).part(CHROME, False),
    ]


def _hob(x: float) -> list[Part]:
    """A glass hob with four rings, and the oven's door below it."""
    glass = rounded_box(0.56, 0.5, 0.006, 0.002, steps=1).moved(x, 0, HEIGHT_M)
    rings = []
    for dx, dy, radius in ((-0.13, -0.11, 0.09), (0.13, -0.11, 0.07), (-0.13, 0.12, 0.07), (0.13, 0.12, 0.09)):
        profile = [(radius, 0.0), (radius, 0.0008), (radius - 0.006, 0.0008), (radius - 0.006, 0.0)]
        rings.append(lathe(profile, 32).moved(x + dx, dy, HEIGHT_M + 0.006))
    y = -DEPTH_M / 2 + 0.012
    door = rounded_box(0.5, 0.006, 0.36, 0.003, steps=1).moved(x, y - 0.003, 0.2)
    grey = Material(None, rgba("8e9093"), 0.3, 0.4)
    return [merge(glass, door).part(_DARK, False), merge(*rings).part(grey, False)]


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "kitchen-counter": Kind("kitchen counter", "橱柜台面", "个", "kitchen", counter, False, environments=_PLACES),
}
