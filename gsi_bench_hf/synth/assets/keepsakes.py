"""Globes, trophies, pens in a cup, hourglasses, puzzle cubes."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.drinks import clear
from gsi_bench_hf.synth.assets.electronics import BLACK
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, pick, rgba
from gsi_bench_hf.synth.assets.rings import squircle
from gsi_bench_hf.synth.assets.shapes import (
    Shape,
    ellipsoid,
    extrude,
    label,
    lathe,
    merge,
    rod,
    rounded_box,
    tube,
)
from gsi_bench_hf.synth.assets.textures import texture

_ROOM = ("room",)


_GOLD = Material(None, rgba("c9a03f"), 0.95, 0.8, 0.12)


def globe(rng: np.random.Generator) -> Draft:
    """A globe on its stand, its arm at the right."""
    r = rng.uniform(0.095, 0.125)
    color, sea = pick(rng, {"blue": ("2f6496", "3f77a8", "2a5580")})
    z, tilt = r * 1.42, 23.0
    ball = ellipsoid(r, r, r, 48, 28)
    turn = np.deg2rad(np.linspace(-82, 96, 26)) - np.deg2rad(tilt) * 0
    arc = np.stack([r * 1.1 * np.cos(turn), 0 * turn, r * 1.1 * np.sin(turn)], axis=-1)
    axis = rod((0, 0, -r * 1.1), (0, 0, r * 1.13), 0.0035, 10)
    arm = tube(arc, 0.0055, 10, 1.6)
    tilted = [s.turned("y", tilt).moved(z=z) for s in (ball, merge(axis, arm))]
    low = tilted[1].vertices[np.argmin(tilted[1].vertices[:, 2])]
    stand = wooden("walnut", 1) if rng.integers(2) else _GOLD
    foot = lathe(
        [
            (0.0, 0.0),
            (r * 0.72, 0.0),
            (r * 0.74, 0.008),
            (r * 0.6, 0.018),
            (0.02, 0.026),
            (0.012, float(low[2]) + 0.012),
            (0.0, float(low[2]) + 0.012),
        ],
        40,
    )
    world = Material(texture("world", sea=sea, turn=int(rng.integers(4))), specular=0.4, shininess=0.7)
    parts = (
        tilted[0].turned("z", 0).part(world),
        foot.moved(float(low[0])).part(stand),
        tilted[1].part(_GOLD, False),
    )
    return Draft(parts, color, "paper", 1, 0.9)


def trophy(rng: np.random.Generator) -> Draft:
    """A cup with two ears on a base with a plate at the front."""
    color, tone = pick(rng, {"yellow": ("c9a03f", "d2ab48"), "gray": ("b4b8bc",)})
    shine = Material(None, rgba(tone), 0.95, 0.8, 0.15)
    r, tall, block = rng.uniform(0.05, 0.065), rng.uniform(0.19, 0.26), 0.055
    line = [
        (r * 0.62, block),
        (r * 0.6, block + 0.008),
        (r * 0.2, block + tall * 0.12),
        (r * 0.16, block + tall * 0.3),
        (r * 0.35, block + tall * 0.38),
    ]
    line += [(r * 0.9, block + tall * 0.58), (r, block + tall * 0.8), (r * 1.08, block + tall)]
    outline = curve(line, 34)
    outside = lathe(np.concatenate([[[0.0, block]], outline]), 40, 60.0)
    inside = lathe(
        [
            (r * 1.08, block + tall),
            (r * 0.92, block + tall * 0.8),
            (r * 0.5, block + tall * 0.55),
            (0.0, block + tall * 0.5),
        ],
        40,
    )
    ears = []
    for s in (-1, 1):
        loop = [
            (s * r * 0.98, 0, block + tall * 0.88),
            (s * r * 1.6, 0, block + tall * 0.92),
            (s * r * 1.62, 0, block + tall * 0.66),
            (s * r * 0.78, 0, block + tall * 0.52),
        ]
        ears.append(tube(curve(loop, 20), 0.0055, 10))
    base = rounded_box(r * 1.9, r * 1.7, block, 0.004)
    name = label(r * 1.4, block * 0.6).moved(y=-r * 0.85 - 0.0006, z=block * 0.2)
    star = _star(r * 0.36).turned("x", 90).moved(y=-r * 0.97, z=block + tall * 0.76)
    dark = wooden("ebony", 1, 0.4) if rng.integers(2) else Material(None, rgba("26262a"), 0.6, 0.7)
    place = ("1", "2", "3")[int(rng.integers(3))]
    parts = (
        outside.part(shine),
        inside.part(shine, False),
        merge(*ears).part(shine),
        base.tiled(0.3).part(dark),
        name.part(Material(texture("sign", base="d9bf74", accent="3a2a16", text=f"No {place}"), specular=0.6), False),
        star.part(Material(None, rgba("f0ead8" if color == "gray" else "e9e4d6"), 0.7, 0.7), False),
    )
    return Draft(parts, color, "metal", 1, 0.9)


def _star(radius: float) -> Shape:
    """A five-pointed plate, 4 mm thick, in the plane z = 0."""
    angle = np.pi / 2 + np.pi / 5 * np.arange(11)
    reach = np.where(np.arange(11) % 2 == 0, radius, 0.45 * radius)
    outline = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1)
    outline[-1] = outline[0]
    return extrude(outline, 0.005, 0.0)


def pen_cup(rng: np.random.Generator) -> Draft:
    """A cup with pencils, pens and a ruler or scissors in it."""
    color, tone = pick(rng, GLAZES, "white", "blue", "green", "red", "yellow", "gray", "black", "turquoise")
    r, tall = rng.uniform(0.037, 0.043), rng.uniform(0.09, 0.105)
    wall = extrude(squircle(2 * r, 2 * r, float(rng.choice([2.0, 8.0])), 48), tall, 0.0, bottom_bevel=0.003)
    rim = extrude(squircle(1.86 * r, 1.86 * r, 2.0, 40), 0.0008).moved(z=tall)
    coat = Material(None, rgba(tone), 0.4, 0.5)
    parts = [wall.part(coat), rim.part(Material(None, rgba("2a2826"), 0.05, 0.1), False)]
    for k in range(int(rng.integers(4, 7))):
        angle, lean = 360 / 5 * k + rng.uniform(-20, 20), rng.uniform(4, 16)
        long, hue = (
            rng.uniform(0.05, 0.085),
            ("e2b93b", "b9322c", "2f6db3", "3f8a4f", "2a2b2e", "d8742c")[int(rng.integers(6))],
        )
        at = np.array([0.45 * r, 0.0, tall - 0.01])
        stick = rod((0, 0, 0), (0, 0, long), 0.0038, 8, False)
        cone = lathe([(0.0038, 0.0), (0.0012, 0.013), (0.0, 0.016)], 10).moved(z=long)
        stick, cone = (s.turned("y", lean).moved(*at).turned("z", angle) for s in (stick, cone))
        parts += [
            stick.part(Material(None, rgba(hue), 0.4, 0.5), False),
            cone.part(Material(None, rgba("dcb98a"), 0.1, 0.1), False),
        ]
    ruler = rounded_box(0.022, 0.002, 0.09, 0.0005, None, 1).turned("y", -7).moved(-0.3 * r, -0.3 * r, tall - 0.008)
    parts.append(ruler.part(Material(None, rgba("c9ab6a"), 0.2, 0.3), False))
    return Draft(tuple(parts), color, "ceramic", 1, 0.3)


def hourglass(rng: np.random.Generator) -> Draft:
    """A sand glass between two wooden discs on four columns."""
    tone = ("walnut", "oak", "cherry")[int(rng.integers(3))]
    r, tall = rng.uniform(0.042, 0.05), rng.uniform(0.15, 0.19)
    disc = lathe([(0.0, 0.0), (r, 0.0), (r * 1.03, 0.004), (r * 1.03, 0.01), (r, 0.014), (0.0, 0.014)], 36)
    posts = [
        lathe(
            curve(
                [
                    (0.0045, 0.012),
                    (0.006, tall * 0.3),
                    (0.004, tall * 0.5),
                    (0.006, tall * 0.7),
                    (0.0045, tall - 0.012),
                ],
                18,
            ),
            12,
        ).moved(r * 0.86 * np.cos(a), r * 0.86 * np.sin(a))
        for a in np.deg2rad([45, 135, 225, 315])
    ]
    line = curve(
        [
            (0.0, 0.014),
            (r * 0.55, 0.02),
            (r * 0.66, tall * 0.25),
            (0.006, tall * 0.5),
            (r * 0.66, tall * 0.75),
            (r * 0.55, tall - 0.02),
            (0.0, tall - 0.014),
        ],
        40,
    )
    line[:, 0] = np.maximum(line[:, 0], 0.0)
    _, sand = pick(rng, {"white": ("ece4d0",), "blue": ("3d6491",), "red": ("b3483a",), "yellow": ("d8ac43",)})
    z = np.interp([0.30, 0.68], [0, 1], [0.014, tall - 0.014])
    low = lathe([(0.0, 0.016), (r * 0.52, 0.021), (r * 0.6, z[0] * 0.62), (0.0, z[0])], 28)
    top = [p * [0.9, 1.0] for p in line if tall * 0.52 < p[1] < z[1]]
    high = lathe([(0.0, tall * 0.515), *top, (0.0, z[1] - 0.003)], 28)
    wood = Material(
        texture("bands", base={"walnut": "6a4529", "oak": "a5793f", "cherry": "8a4b2c"}[tone]), specular=0.35
    )
    parts = (
        disc.part(wood),
        disc.moved(z=tall - 0.014).part(wood),
        *(post.part(wood) for post in posts),
        merge(low, high).part(Material(None, rgba(sand), 0.05, 0.1), False),
        lathe(line, 32).part(clear(alpha=0.2)),
    )
    return Draft(parts, "brown", "wooden", 4, 0.4)


_FACES = ("d9d9d4", "b9322c", "2f6db3", "d8742c", "3f8a4f", "e2c43b")


def puzzle_cube(rng: np.random.Generator) -> Draft:
    """A puzzle cube with three by three coloured squares on each face, mixed up."""
    side = rng.uniform(0.055, 0.068)
    body = rounded_box(side, side, side, 0.004, 0.005)
    groups: dict[str, list[Shape]] = {}
    cell = side / 3
    for face in (0, 1, 3, 4, 5):  # it stands on the sixth
        for i in range(3):
            for k in range(3):
                hue = _FACES[int(rng.integers(6))]
                tile = rounded_box(cell * 0.86, cell * 0.86, 0.0013, 0.0006, None, 1).moved(
                    (i - 1) * cell * 0.97, (k - 1) * cell * 0.97, side / 2 - 0.0003
                )
                tile = tile.turned("x", 90.0 * face) if face < 4 else tile.turned("y", 90.0 if face == 4 else -90.0)
                groups.setdefault(hue, []).append(tile.moved(z=side / 2))
    parts = [body.moved().part(BLACK)]
    parts += [merge(*tiles).part(Material(None, rgba(hue), 0.5, 0.65), False) for hue, tiles in groups.items()]
    return Draft(tuple(parts), "black", "plastic", 1, 0.12)


KINDS: dict[str, Kind] = {
    "globe": Kind("globe", "地球仪", "个", "household", globe),
    "trophy": Kind("trophy", "奖杯", "座", "household", trophy),
    "pen-cup": Kind("pen holder", "笔筒", "个", "household", pen_cup),
    "hourglass": Kind("hourglass", "沙漏", "个", "household", hourglass),
    "puzzle-cube": Kind("puzzle cube", "魔方", "个", "toys", puzzle_cube, environments=_ROOM),
}
