"""Plants that stand on the floor."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, pick, rgba, seed
from gsi_bench_hf.synth.assets.plants import leaf_blade
from gsi_bench_hf.synth.assets.shapes import Shape, lathe, merge, tube
from gsi_bench_hf.synth.assets.textures import texture

_BARK = Material(None, rgba("6b543e"), 0.05, 0.1)


def _planter(rng: np.random.Generator) -> tuple[list[Part], float]:
    """A large pot or basket with its soil, and the soil's height."""
    radius, height = rng.uniform(0.14, 0.18), rng.uniform(0.24, 0.33)
    foot = radius * rng.uniform(0.72, 0.95)
    level = height * 0.9
    line = [(0.0, 0.0), (foot, 0.0), (foot * 1.02, 0.008), (radius, height - 0.006), (radius * 0.97, height)]
    pot = lathe([*line, (radius * 0.9, height), (radius * 0.88, level)], 40)
    soil = lathe([(radius * 0.9, level), (0.0, level + 0.012)], 24)
    if rng.integers(3) == 0:
        skin, repeat = Material(texture("wicker", seed=seed(rng, 2)), specular=0.05), np.array([5.0, 2.0])
    else:
        _, tone = pick(rng, GLAZES, "white", "gray", "black", "blue", "brown")
        skin, repeat = Material(None, rgba(tone), 0.35, 0.5), np.ones(2)
    pot = Shape(pot.vertices, pot.faces, pot.normals, pot.uv * repeat)
    earth = Shape(soil.vertices, soil.faces, soil.normals, soil.vertices[:, :2] / 0.15)
    return [pot.part(skin), earth.part(Material(texture("soil"), specular=0.0), False)], level


def _outward(angle: float) -> Float:
    return np.array([np.cos(angle), np.sin(angle), 0.0])


def _fig(rng: np.random.Generator, level: float) -> tuple[list[Shape], list[Shape]]:
    """Trunks and the broad, hanging leaves of a fiddle-leaf fig."""
    trunks, leaves = [], []
    for k in range(int(rng.integers(1, 3))):
        tall = rng.uniform(0.75, 1.1) * (1.0 - 0.2 * k)
        lean = 0.12 * _outward(rng.uniform(0, 2 * np.pi)) * (1 + k)
        start = np.array([0.0, 0.0, level - 0.03])
        line = curve([start, start + 0.3 * lean + [0, 0, 0.5 * tall], start + lean + [0, 0, tall]], 14)
        trunks.append(tube(line, np.linspace(0.016, 0.008, 14), 8))
        count = 17
        for i in range(count):
            share = 0.35 + 0.65 * i / (count - 1)
            at = np.array([np.interp(share, np.linspace(0, 1, 14), line[:, axis]) for axis in range(3)])
            out = _outward(2.4 * i + rng.uniform(-0.3, 0.3))
            long, rise = rng.uniform(0.17, 0.25) * (1.15 - 0.35 * share), rng.uniform(0.0, 0.5) + 0.7 * (share > 0.95)
            tip = at + out * long + [0, 0, long * (rise - 0.35)]
            bend = at + out * 0.5 * long + [0, 0, long * (0.5 * rise + 0.12)]
            leaves.append(leaf_blade(np.stack([at, bend, tip]), 0.62 * long, 0.8, 0.3, rows=5))
    return trunks, leaves


def _palm(rng: np.random.Generator, level: float) -> tuple[list[Shape], list[Shape]]:
    """Long stalks that arch out, each with narrow leaflets to both sides."""
    stalks, leaves = [], []
    for k in range(8):
        out = _outward(2.4 * k + rng.uniform(-0.3, 0.3))
        tall, far = rng.uniform(0.7, 1.05) * (1 - 0.03 * k), rng.uniform(0.3, 0.48)
        start = np.array([0.0, 0.0, level - 0.02]) + 0.03 * out
        line = curve([start, start + 0.2 * far * out + [0, 0, 0.6 * tall], start + far * out + [0, 0, tall]], 12)
        stalks.append(tube(line, np.linspace(0.007, 0.003, 12), 5))
        side = np.cross(out, [0.0, 0.0, 1.0])
        for i in range(4, 12):
            for s in (-1.0, 1.0):
                long = 0.2 * np.sin(np.pi * (i - 2.5) / 10.5)
                end = line[i] + long * (s * 0.75 * side + 0.5 * out - np.array([0.0, 0.0, 0.35]))
                mid = (line[i] + end) / 2 + [0, 0, 0.12 * long]
                leaves.append(leaf_blade(np.stack([line[i], mid, end]), 0.03, 0.8, 0.2, rows=2))
    return stalks, leaves


def _blades(rng: np.random.Generator, level: float) -> tuple[list[Shape], list[Shape]]:
    """Stiff upright leaves of a tall snake plant."""
    leaves = []
    for k in range(16):
        out = _outward(2.4 * k + rng.uniform(-0.3, 0.3))
        tall, lean = rng.uniform(0.45, 0.85), rng.uniform(0.05, 0.2)
        base = np.array([0.0, 0.0, level - 0.02]) + 0.028 * np.sqrt(k) * out
        mid = base + 0.4 * lean * tall * out + [0, 0, 0.5 * tall]
        leaves.append(
            leaf_blade(np.stack([base, mid, base + lean * tall * out + [0, 0, tall]]), 0.08, 0.8, 0.4, rows=6)
        )
    return [], leaves


_GREENS = (("3f6f38", "86a862"), ("4d7f45", "a9bf7a"), ("2f5a3a", "7fa070"))


def floor_plant(rng: np.random.Generator) -> Draft:
    """A knee- to breast-high plant: a fig, a palm or a snake plant."""
    parts, level = _planter(rng)
    kind = int(rng.integers(3))
    stems, leaves = (_fig, _palm, _blades)[kind](rng, level)
    base, rib = ("3f6a45", "c3b96a") if kind == 2 else _GREENS[int(rng.integers(3))]
    green = Material(texture("leaf", base=base, rib=rib, seed=seed(rng, 3)), specular=0.25, shininess=0.4)
    if stems:
        parts.append(merge(*stems).part(_BARK if kind == 0 else Material(None, rgba("6f8a4e"), 0.1, 0.2), False))
    parts.append(merge(*leaves).part(green))
    return Draft(tuple(parts), "green", "potted", 1, 8.0)


KINDS: dict[str, Kind] = {
    "floor-plant": Kind(
        "floor plant", "落地绿植", "盆", "plants", floor_plant, has_front=False, environments=("room",)
    ),
}
