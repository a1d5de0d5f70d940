"""Lamps for rooms: on the floor, on a bedside table, under the ceiling."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part
from gsi_bench_hf.synth.assets.joinery import BLACK, HANDLES, wood
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, pick, rgba
from gsi_bench_hf.synth.assets.shapes import lathe, merge, rod

_SHADES: dict[str, tuple[str, ...]] = {
    "white": ("efeae0", "f2eee6"),
    "beige": ("d9c6a3", "cfbc98"),
    "gray": ("8f9296",),
    "blue": ("4a6788",),
    "green": ("5f7a62",),
    "red": ("9a463c",),
    "yellow": ("d3a94a",),
    "black": ("37373a",),
}
_INSIDE = Material(None, rgba("fbf3df"), 0.05, 0.1, emission=0.45)
_BULB = Material(None, rgba("fff3c9"), 0.3, 0.5, emission=1.0)


def _drum(low: float, high: float, height: float, z: float, tone: str) -> list[Part]:
    """A cloth shade open above and below, radius `low` at its lower edge, and its inside."""
    outside = lathe([(low, z), (high, z + height)], 48)
    inside = lathe([(high - 0.003, z + height), (low - 0.003, z)], 48)
    rims = lathe([(low - 0.003, z), (low, z)], 48), lathe([(high, z + height), (high - 0.003, z + height)], 48)
    cloth = Material(None, rgba(tone), 0.03, 0.1, emission=0.15)
    return [merge(outside, *rims).part(cloth), inside.part(_INSIDE, False)]


def _bulb(z: float) -> Part:
    return (
        lathe([(0.0, 0.0), (0.012, 0.0), (0.014, 0.03), (0.03, 0.06), (0.028, 0.085), (0.0, 0.1)], 20)
        .moved(z=z)
        .part(_BULB, False)
    )


def floor_lamp(rng: np.random.Generator) -> Draft:
    """A standing lamp with a drum shade."""
    color, tone = pick(rng, _SHADES)
    height, low = rng.uniform(1.35, 1.65), rng.uniform(0.17, 0.23)
    tall, high = rng.uniform(0.22, 0.3), low * rng.uniform(0.72, 1.0)
    z = height - tall
    metal = HANDLES[int(rng.integers(3))]
    if rng.integers(2):
        foot = [
            lathe([(0.0, 0.0), (0.14, 0.0), (0.14, 0.012), (0.13, 0.02), (0.02, 0.03), (0.0, 0.03)], 40).part(metal)
        ]
        pole = lathe([(0.0, 0.02), (0.011, 0.02), (0.011, z + tall * 0.6), (0.0, z + tall * 0.6)], 16).part(metal)
    else:
        legs, joint = wood(rng, "oak", "walnut", "ash").material, z - 0.03
        ends = [(0.26 * np.cos(a), 0.26 * np.sin(a), 0.012) for a in np.deg2rad([45, 135, 225, 315])]
        foot = [rod(end, (0.1 * end[0], 0.1 * end[1], joint), 0.012, 10, round_ends=False).part(legs) for end in ends]
        pole = lathe(
            [
                (0.0, joint - 0.04),
                (0.035, joint - 0.04),
                (0.035, joint),
                (0.012, joint + 0.02),
                (0.012, z + 0.6 * tall),
                (0.0, z + 0.6 * tall),
            ],
            16,
        ).part(metal)
    spokes = [
        rod((-high, 0, height - 0.02), (high, 0, height - 0.02), 0.003, 6),
        rod((0, -high, height - 0.02), (0, high, height - 0.02), 0.003, 6),
    ]
    parts = (*foot, pole, merge(*spokes).part(metal, False), _bulb(z + 0.35 * tall), *_drum(low, high, tall, z, tone))
    return Draft(parts, color, "fabric", 4, 5.0)


def table_lamp(rng: np.random.Generator) -> Draft:
    """A bedside lamp: a turned ceramic body under a cloth shade."""
    color, tone = pick(rng, _SHADES, "white", "beige", "gray", "yellow", "green", "blue")
    _, glaze = pick(rng, GLAZES)
    height, radius = rng.uniform(0.17, 0.24), rng.uniform(0.055, 0.075)
    shape = int(rng.integers(3))
    waist = ((0.6, 0.95, 1.0, 0.5), (1.0, 0.9, 0.55, 0.3), (0.55, 1.0, 0.8, 0.35))[shape]
    turns = [
        (0.76 * radius, 0.0),
        *((w * radius, height * f) for w, f in zip(waist, (0.2, 0.42, 0.66, 0.9), strict=True)),
    ]
    outline = curve([*turns, (0.014, height)], 22)
    profile = np.concatenate([[(0.0, 0.0)], outline, [(0.012, height + 0.1), (0.0, height + 0.1)]])
    low = rng.uniform(0.11, 0.14)
    tall = rng.uniform(0.14, 0.18)
    body = lathe(profile, 36, crease_deg=60.0).part(Material(None, rgba(glaze), 0.5, 0.6))
    parts = (body, _bulb(height + 0.04), *_drum(low, low * rng.uniform(0.65, 0.9), tall, height + 0.02, tone))
    return Draft(parts, color, "fabric", 0, 1.4)


def ceiling_lamp(rng: np.random.Generator) -> Draft:
    """A lamp under the ceiling: a flat glass dome, or a shade on a cord. Its top touches the ceiling."""
    if rng.integers(2):
        radius = rng.uniform(0.17, 0.24)
        rim = lathe([(radius, 0.06), (radius * 1.04, 0.06), (radius * 1.04, 0.1), (0.0, 0.1)], 48)
        dome = lathe([(0.0, 0.0), (0.45 * radius, 0.006), (0.8 * radius, 0.026), (radius, 0.06)], 48, crease_deg=70.0)
        glass = Material(None, rgba("fff8ea"), 0.3, 0.5, emission=0.9)
        return Draft((rim.part(HANDLES[int(rng.integers(3))]), dome.part(glass)), "white", "glass", 0, 3.0)
    color, tone = pick(rng, _SHADES)
    radius, tall, cord = rng.uniform(0.18, 0.26), rng.uniform(0.16, 0.22), rng.uniform(0.3, 0.45)
    rose = lathe([(0.0, 0.0), (0.02, 0.0), (0.05, 0.025), (0.05, 0.03), (0.0, 0.03)], 24).moved(z=tall + cord - 0.03)
    line = rod((0, 0, 0.6 * tall), (0, 0, tall + cord - 0.01), 0.004, 6)
    shade = _drum(radius, radius * rng.uniform(0.35, 0.9), tall, 0.0, tone)
    parts = (merge(rose, line).part(BLACK, False), *shade, _bulb(0.4 * tall))
    return Draft(parts, color, "fabric", 0, 2.0)


KINDS: dict[str, Kind] = {
    "floor-lamp": Kind("floor lamp", "落地灯", "盏", "lamps", floor_lamp, has_front=False, environments=("room",)),
    "table-lamp": Kind("table lamp", "床头灯", "盏", "lamps", table_lamp, has_front=False, environments=("room",)),
    "ceiling-lamp": Kind("ceiling lamp", "吸顶灯", "盏", "building", ceiling_lamp, False, False, ("room", "bathroom")),
}
