"""Toy cars and rubber ducks."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, facing
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import PLASTICS, other, pick, rgba
from gsi_bench_hf.synth.assets.shapes import (
    Shape,
    ellipsoid,
    extrude,
    lathe,
    merge,
    rod,
    rounded_box,
    surface,
    turned_parts,
)


def enamel(tone: str) -> Material:
    """Glossy toy paint."""
    return Material(None, rgba(tone), 0.6, 0.75, 0.04)


def _side(outline: Float, width: float, bevel: float, count: int = 49) -> Shape:
    """A body whose outline (k, 2) is seen from the side (x along, z up), `width` across y."""
    return extrude(curve(outline, count, closed=True), width, bevel, 4).turned("x", 90).moved(y=width / 2)


_BODY = (
    (-0.49, 0.1),
    (-0.5, 0.17),
    (-0.44, 0.225),
    (-0.2, 0.235),
    (0.1, 0.23),
    (0.38, 0.205),
    (0.48, 0.175),
    (0.5, 0.11),
)
_FLOOR = ((0.46, 0.07), (0.0, 0.06), (-0.46, 0.065))
_CABINS = (
    ((-0.36, 0.2), (-0.27, 0.335), (-0.15, 0.36), (0.02, 0.35), (0.13, 0.27), (0.2, 0.2)),
    ((-0.46, 0.2), (-0.44, 0.34), (-0.3, 0.37), (0.0, 0.365), (0.1, 0.31), (0.2, 0.2)),
    ((-0.24, 0.2), (-0.16, 0.32), (-0.05, 0.345), (0.06, 0.33), (0.14, 0.27), (0.2, 0.2)),
)
"""Outlines from the side, nose to the right, in car lengths; cabins of a saloon, a van and a coupé."""


def toy_car(rng: np.random.Generator) -> Draft:
    """A die-cast toy car, its nose towards the front."""
    color, tone = pick(rng, PLASTICS, "red", "blue", "green", "yellow", "orange", "white", "black", "turquoise")
    length, width = rng.uniform(0.125, 0.155), rng.uniform(0.056, 0.066)
    wheel, tall = length * rng.uniform(0.088, 0.1), rng.uniform(0.9, 1.1)
    cabin = np.array(_CABINS[int(rng.integers(len(_CABINS)))]) * [length, length * tall]
    roof = cabin[cabin[:, 1] > cabin[:, 1].max() - 0.05 * length]
    low, high = float(roof[:, 0].min()), float(roof[:, 0].max())
    lid = rounded_box(high - low + 0.012, width * 0.8, 0.005, 0.0024, 0.008)
    parts: list[Part] = [
        _side(np.array(_BODY + _FLOOR)[::-1] * length, width, 0.007).part(enamel(tone)),
        _side(cabin[::-1], width * 0.84, 0.006).part(Material(None, rgba("28313a"), 0.9, 0.9, 0.1)),
        lid.moved((low + high) / 2, 0, float(cabin[:, 1].max()) - 0.0035).part(enamel(tone), False),
    ]
    if rng.integers(2):
        _, accent = other(rng, PLASTICS, color, "white", "black", "yellow")
        parts.append(_racing_stripes(length).part(enamel(accent), False))
    parts += _car_wheels(length, width, wheel) + _car_trim(length, width)
    return Draft(turned_parts(parts, "z", -90), color, "metal", 1, 0.15)


def _racing_stripes(length: float) -> Shape:
    """Two stripes over bonnet and boot."""
    line = curve(np.array(_BODY[1:]) * length + np.array([0, 0.0006]), 40)
    stripes = []
    for y in (-0.006, 0.006):
        edges = [np.column_stack([line[:, 0], np.full(40, y + s), line[:, 1]]) for s in (-0.003, 0.003)]
        stripes.append(surface(np.stack(edges), wrap=False))
    return merge(*stripes)


def _car_trim(length: float, width: float) -> list[Part]:
    """Lamps, grille and bumpers."""
    parts = []
    for x, z, tall, hue in ((0.485, 0.158, 0.005, "f5e9b8"), (-0.495, 0.165, 0.004, "a02822")):
        lamps = [ellipsoid(0.003, 0.0065, tall, 16, 8).moved(x * length, s * width * 0.32, z * length) for s in (-1, 1)]
        parts.append(merge(*lamps).part(Material(None, rgba(hue), 0.8, 0.9), False))
    grille = rounded_box(0.004, width * 0.34, 0.007, 0.0015).moved(0.492 * length, 0, 0.125 * length)
    ends = [np.array([x * length, 0.0, 0.088 * length]) for x in (-0.495, 0.495)]
    half = np.array([0.0, width * 0.43, 0.0])
    bars = [rod(end - half, end + half, 0.0032, 10) for end in ends]
    return [*parts, grille.part(BLACK, False), merge(*bars).part(CHROME, False)]


def _car_wheels(length: float, width: float, radius: float) -> list[Part]:
    """Four wheels with chrome hubs, axles along y."""
    w = width * 0.2
    tread = [(radius * 0.9, 0.0), (radius, w * 0.25), (radius, w * 0.75), (radius * 0.9, w)]
    tyre = lathe([(radius * 0.6, 0.0), *tread, (radius * 0.6, w)], 28)
    hub = lathe([(radius * 0.62, w * 0.9), (radius * 0.5, w * 0.78), (radius * 0.2, w * 0.85), (0.0, w * 0.97)], 20)
    parts = []
    for sx in (-0.3, 0.3):
        for sy in (-1, 1):
            pair = [
                facing(s).turned("z", 0 if sy < 0 else 180).moved(sx * length, sy * (width / 2 - w * 0.85), radius)
                for s in (tyre, hub)
            ]
            parts += [pair[0].part(Material(None, rgba("222326"), 0.15, 0.2)), pair[1].part(CHROME, False)]
    return parts


def _duck_body(size: float) -> Shape:
    """An egg with a flat underside and its tail drawn up."""
    body = ellipsoid(size, size * 1.22, size * 0.82, 40, 20)
    v = body.vertices.copy()
    back = np.clip(v[:, 1] / (1.22 * size), 0, 1)
    v[:, 2] += size * 0.75 * back**3
    v[:, 0] *= 1 - 0.55 * back**2
    v[:, 2] = np.maximum(v[:, 2], -0.6 * size)
    return body.bent(v).moved(z=0.6 * size)


def _duck_face(size: float, head_z: float) -> tuple[Shape, Shape, Shape]:
    """Beak, whites of the eyes, pupils."""
    upper = (
        ellipsoid(size * 0.3, size * 0.36, size * 0.1, 20, 10)
        .turned("x", -14)
        .moved(0, -1.32 * size, head_z - 0.04 * size)
    )
    lower = (
        ellipsoid(size * 0.24, size * 0.26, size * 0.08, 20, 10)
        .turned("x", 12)
        .moved(0, -1.25 * size, head_z - 0.17 * size)
    )
    eyes, pupils = [], []
    for s in (-1, 1):
        at = np.array([s * 0.367, -1.1, 0.204]) * size + np.array([0, 0, head_z])
        eyes.append(ellipsoid(size * 0.12, size * 0.12, size * 0.15, 16, 8).moved(*at))
        at = at + np.array([s * 0.03, -0.065, 0.01]) * size
        pupils.append(ellipsoid(size * 0.075, size * 0.075, size * 0.1, 12, 8).moved(*at))
    return merge(upper, lower), merge(*eyes), merge(*pupils)


def rubber_duck(rng: np.random.Generator) -> Draft:
    """A bath duck, its beak towards the front."""
    color, tone = pick(rng, PLASTICS, "yellow", "yellow", "yellow", "pink", "blue", "turquoise", "white", "green")
    size = rng.uniform(0.045, 0.058)
    vinyl = Material(None, rgba(tone), 0.45, 0.6, 0.02)
    head_z = 1.75 * size
    beak, eyes, pupils = _duck_face(size, head_z)
    wing = ellipsoid(size * 0.16, size * 0.62, size * 0.36, 20, 12).turned("x", 18)
    wings = [wing.turned("z", s * 12).moved(s * size * 0.9, 0.22 * size, 0.82 * size) for s in (-1, 1)]
    parts = (
        _duck_body(size).part(vinyl),
        ellipsoid(size * 0.66, size * 0.68, size * 0.64, 32, 16).moved(0, -0.62 * size, head_z).part(vinyl),
        beak.part(Material(None, rgba("dc7a26" if color != "pink" else "e0a030"), 0.45, 0.6)),
        merge(*wings).part(vinyl, False),
        eyes.part(Material(None, rgba("f4f1ea"), 0.6, 0.8), False),
        pupils.part(BLACK, False),
    )
    return Draft(parts, color, "rubber", 1, 0.1)


KINDS: dict[str, Kind] = {
    "toy-car": Kind("toy car", "玩具车", "辆", "toys", toy_car),
    "rubber-duck": Kind("rubber duck", "橡皮鸭", "只", "toys", rubber_duck),
}
