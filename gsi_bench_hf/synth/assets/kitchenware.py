"""Things of a kitchen: pans, pots, jars, bread, oranges, cutting boards, pepper mills."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.drinks import clear
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, metal
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import (
    ellipsoid,
    extrude,
    label,
    lathe,
    merge,
    rod,
    rounded_box,
    surface,
    tube,
)
from gsi_bench_hf.synth.assets.tableware import vessel
from gsi_bench_hf.synth.assets.textures import texture

_KITCHEN = ("room",)


def pan(rng: np.random.Generator) -> Draft:
    """A frying pan, its handle to the right."""
    color, tone = pick(
        rng, {"black": ("2a2b2d", "333437"), "gray": ("8b8f93",), "red": ("9e3430",), "green": ("55705a",)}
    )
    r, tall = rng.uniform(0.105, 0.14), rng.uniform(0.042, 0.052)
    outside, inside = vessel(
        curve([(r * 0.8, 0.0), (r * 0.84, 0.004), (r * 0.95, tall * 0.5), (r, tall)], 12), 0.003, 0.005
    )
    line = curve(
        [(r * 0.95, 0, tall * 0.75), (r * 1.2, 0, tall * 1.0), (r * 1.6, 0, tall * 1.35), (r * 2.2, 0, tall * 1.45)], 18
    )
    grip_color = Material(texture("wood", tone="walnut", seed=1), specular=0.25) if rng.integers(2) else BLACK
    grip = tube(line[5:], np.interp(np.linspace(0, 1, 13), [0, 0.3, 1], [0.008, 0.0115, 0.0105]), 14, 0.75)
    parts = (
        outside.part(Material(None, rgba(tone), 0.5, 0.6, 0.03)),
        inside.part(Material(None, rgba("242527" if color != "gray" else "777b7f"), 0.35, 0.45), False),
        tube(line[:7], 0.0065, 10).part(CHROME),
        grip.part(grip_color),
        rod((line[-2][0], -0.0001, line[-2][2] - 0.009), (line[-2][0], 0, line[-2][2] + 0.009), 0.004, 10).part(
            CHROME, False
        ),
    )
    return Draft(parts, color, "metal", 1, 1.1)


def pot(rng: np.random.Generator) -> Draft:
    """A cooking pot with a lid and two handles, to the left and to the right."""
    color, tone = pick(
        rng,
        {
            **{k: GLAZES[k] for k in ("red", "blue", "green", "orange", "black")},
            "gray": ("b4b8bb",),
            "white": ("e6e3dc",),
        },
    )
    r, tall = rng.uniform(0.1, 0.125), rng.uniform(0.1, 0.14)
    coat = metal(tone) if color == "gray" else Material(None, rgba(tone), 0.6, 0.75, 0.04)
    body = lathe([(0.0, 0.0), (r * 0.9, 0.0), (r * 0.97, 0.008), (r, 0.03), (r, tall), (r * 0.97, tall + 0.003)], 48)
    dome = curve([(r * 1.02, tall + 0.004), (r * 0.9, tall + 0.016), (r * 0.45, tall + 0.032), (0.0, tall + 0.036)], 14)
    lid = lathe(np.concatenate([[[r * 1.0, tall], [r * 1.02, tall]], dome]), 48)
    band = lathe([(r * 0.99, tall * 0.965), (r * 1.015, tall * 0.97), (r * 1.015, tall * 0.995), (r * 0.99, tall)], 48)
    knob = lathe(curve([(0.008, 0.0), (0.007, 0.01), (0.018, 0.02), (0.014, 0.03), (0.0, 0.032)], 14), 24).moved(
        z=tall + 0.034
    )
    ears = []
    for s in (-1, 1):
        ear = [
            (s * r * 0.98, -0.04, tall * 0.78),
            (s * (r + 0.035), -0.032, tall * 0.8),
            (s * (r + 0.035), 0.032, tall * 0.8),
            (s * r * 0.98, 0.04, tall * 0.78),
        ]
        ears.append(tube(curve(ear, 16), 0.0075, 10))
    trim = BLACK if color != "black" else CHROME
    parts = (
        body.part(coat),
        lid.part(coat),
        band.part(CHROME, False),
        knob.part(trim),
        *(ear.part(trim if color == "gray" else coat) for ear in ears),
    )
    return Draft(parts, color, "metal", 2, 2.2)


_FILLS: dict[str, tuple[str, str]] = {
    "red": ("8f1f2a", "JAM"),
    "orange": ("cf7a2a", "HONEY"),
    "yellow": ("d9b24a", "PASTA"),
    "brown": ("5a3520", "COFFEE"),
    "white": ("ece6d6", "SUGAR"),
    "green": ("6f8148", "OLIVES"),
}


def jar(rng: np.random.Generator) -> Draft:
    """A glass jar with a screw lid, a label at the front and something in it."""
    color = tuple(_FILLS)[int(rng.integers(len(_FILLS)))]
    tone, name = _FILLS[color]
    r, tall = rng.uniform(0.038, 0.05), rng.uniform(0.1, 0.16)
    wall = curve([(r * 0.92, 0.0), (r, 0.008), (r, tall * 0.8), (r * 0.82, tall * 0.93)], 16)
    skin = lathe(np.concatenate([[[0.0, 0.001]], wall, [[r * 0.8, tall], [0.0, tall]]]), 40, 50.0)
    fill = lathe(
        np.concatenate(
            [[[0.0, 0.005]], wall[:12] * [0.94, 0.97] + [0, 0.005], [[0.0, float(wall[11, 1]) * 0.97 + 0.005]]]
        ),
        36,
    )
    lid = lathe(
        [
            (0.0, tall * 0.93),
            (r * 0.88, tall * 0.93),
            (r * 0.9, tall * 0.94),
            (r * 0.9, tall + 0.012),
            (r * 0.84, tall + 0.016),
            (0.0, tall + 0.016),
        ],
        40,
    )
    _, cap = pick(rng, {"red": ("a5362d",), "gray": ("b4b8bb",), "black": ("2c2c2f",), "yellow": ("c9a44a",)})
    paper = texture("label", base="c39a62", accent="33231a", text=name, seed=seed(rng, 3))
    parts = (
        fill.part(Material(texture("glaze", base=tone, seed=seed(rng, 3), depth=0.12), specular=0.2), False),
        skin.part(clear(alpha=0.14)),
        lid.part(Material(None, rgba(cap), 0.7, 0.7, 0.05)),
        label(r * 1.6, tall * 0.42, r + 0.0007, 12).moved(z=tall * 0.2).part(Material(paper, specular=0.1), False),
    )
    return Draft(parts, color, "glass", 1, 0.5)


def bread(rng: np.random.Generator) -> Draft:
    """A loaf with cuts across its crust, along x."""
    color, tone = pick(rng, {"brown": ("9a6230", "8a5429", "a9713c")})
    long, wide, tall = rng.uniform(0.2, 0.28), rng.uniform(0.095, 0.12), rng.uniform(0.07, 0.09)
    t = np.linspace(-1, 1, 33)
    turn = np.pi / 2 + 2 * np.pi * np.arange(41) / 40
    bulge = np.maximum(1 - np.abs(t) ** 3.2, 0.0) ** 0.5
    count = int(rng.integers(5, 7))
    cut = np.abs(((t * 0.72 + 1) / 2 * count) % 1.0 - 0.5) < 0.13
    dip = 1.0 - 0.07 * (cut & (np.abs(t) < 0.78))
    points = np.empty((33, 41, 3))
    up = np.sin(turn)
    points[..., 0] = (t * long / 2)[:, None]
    points[..., 1] = (wide / 2 * bulge)[:, None] * np.cos(turn)
    points[..., 2] = tall * np.where(
        up > 0, 0.36 + 0.64 * up * (bulge * dip)[:, None], 0.36 + 0.36 * up * np.minimum(1.3 * bulge, 1.0)[:, None]
    )
    points[..., 2] = np.maximum(points[..., 2], 0.045 * tall)  # flat below, so that it does not roll
    uv = np.stack(np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 33)), axis=-1)[..., ::-1]
    loaf = surface(points, uv)
    crust = Material(texture("bread", base=tone, cuts=count, seed=seed(rng, 3)), specular=0.08, shininess=0.2)
    return Draft((loaf.part(crust),), color, "crust", 2, 0.5)


def orange(rng: np.random.Generator) -> Draft:
    """An orange with its stem's star on top."""
    color, tone = pick(rng, {"orange": ("dd7f22", "e08a2c", "d8742c")})
    r = rng.uniform(0.034, 0.041)
    skin = Material(texture("orange", base=tone, seed=seed(rng, 3)), specular=0.25, shininess=0.35)
    ball = ellipsoid(r, r, r * 0.95, 36, 24)
    dented = ball.vertices.copy()
    dented[:, 2] -= (
        0.05 * r * np.exp(-((np.hypot(dented[:, 0], dented[:, 1]) / (0.22 * r)) ** 2)) * np.sign(dented[:, 2])
    )
    star = lathe([(0.005, 0.0), (0.003, 0.0016), (0.0, 0.0018)], 10).moved(z=r * 0.895)
    parts = (ball.bent(dented).part(skin), star.part(Material(None, rgba("5f6b33"), 0.1, 0.2), False))
    return Draft(parts, color, "peel", 0, 0.2)


def cutting_board(rng: np.random.Generator) -> Draft:
    """A wooden board with a knife on it, its handle to the right."""
    width, depth, thick = rng.uniform(0.3, 0.38), rng.uniform(0.2, 0.25), rng.uniform(0.016, 0.024)
    tone = ("oak", "maple", "walnut", "cherry")[int(rng.integers(4))]
    color = {"maple": "beige"}.get(tone, "brown")
    board = rounded_box(width, depth, thick, 0.004, 0.03, 5).tiled(0.5, 0.35)
    outline = np.array(
        [(-0.13, 0.0), (-0.1, -0.014), (-0.05, -0.021), (0.055, -0.023), (0.055, 0.006), (-0.08, 0.006), (-0.13, 0.0)]
    )
    angle, y = rng.uniform(8, 22), rng.uniform(-0.03, 0.02)
    blade = extrude(outline, 0.002, 0.0004, 1).moved(z=0.007)
    grip = rounded_box(0.115, 0.022, 0.016, 0.005, 0.009, 4).moved(0.112, -0.008)
    blade, grip = (s.turned("z", angle).moved(0.0, y, thick) for s in (blade, grip))
    parts = (
        board.part(Material(texture("wood", tone=tone, seed=seed(rng, 3), rings=14), specular=0.1, shininess=0.3)),
        blade.part(Material(None, rgba("c9ccd0"), 0.95, 0.9, 0.1), False),
        grip.part(BLACK),
    )
    return Draft(parts, color, "wooden", 1, 1.2)


def pepper_mill(rng: np.random.Generator) -> Draft:
    """A turned pepper mill."""
    color, tone = pick(rng, {"brown": ("walnut", "mahogany", "oak"), "black": ("ebony",), "beige": ("maple",)})
    r, tall = rng.uniform(0.025, 0.03), rng.uniform(0.17, 0.23)
    low = curve(
        [(r, 0.0), (r, tall * 0.1), (r * 0.62, tall * 0.38), (r * 0.95, tall * 0.6), (r * 0.95, tall * 0.64)], 22
    )
    high = curve(
        [
            (r * 0.95, tall * 0.65),
            (r * 0.9, tall * 0.7),
            (r * 0.6, tall * 0.76),
            (r * 0.92, tall * 0.86),
            (r * 0.5, tall * 0.95),
            (0.0, tall * 0.955),
        ],
        22,
    )
    knob = ellipsoid(0.008, 0.008, 0.008, 18, 10).moved(z=tall * 0.975)
    tones = {"walnut": "6a4529", "mahogany": "6b4128", "oak": "a5793f", "ebony": "2d2926", "maple": "c9a878"}
    coat = Material(texture("bands", base=tones[tone]), specular=0.4, shininess=0.6)
    ring = lathe(
        [(r * 0.97, tall * 0.635), (r * 0.99, tall * 0.64), (r * 0.99, tall * 0.652), (r * 0.97, tall * 0.657)], 32
    )
    parts = (
        lathe(np.concatenate([[[0.0, 0.0]], low, [[0.0, tall * 0.65]]]), 36, 50.0).part(coat),
        lathe(np.concatenate([[[0.0, tall * 0.65]], high]), 36, 50.0).part(coat),
        merge(knob, ring).part(CHROME, False),
    )
    return Draft(parts, color, "wooden", 0, 0.3)


KINDS: dict[str, Kind] = {
    "pan": Kind("frying pan", "平底锅", "口", "kitchenware", pan, environments=_KITCHEN),
    "pot": Kind("cooking pot", "汤锅", "口", "kitchenware", pot),
    "jar": Kind("jar", "玻璃罐", "个", "kitchenware", jar),
    "bread": Kind("loaf of bread", "面包", "个", "food", bread),
    "orange": Kind("orange", "橙子", "个", "food", orange, has_front=False),
    "cutting-board": Kind("cutting board", "砧板", "块", "kitchenware", cutting_board, environments=_KITCHEN),
    "pepper-mill": Kind("pepper mill", "胡椒磨", "个", "kitchenware", pepper_mill),
}
