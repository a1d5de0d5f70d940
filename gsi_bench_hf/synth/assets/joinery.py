"""What furniture is put together from: boards, legs, fronts, handles, and finishes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gsi_bench_hf.synth.assets.base import Material, Part
from gsi_bench_hf.synth.assets.fixtures import WOOD_TILE_M
from gsi_bench_hf.synth.assets.lamps import BRASS, CHROME
from gsi_bench_hf.synth.assets.palette import pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, lathe, merge, rod, rounded_box
from gsi_bench_hf.synth.assets.textures import texture

BLACK = Material(None, rgba("2b2c2f"), 0.45, 0.5)
HANDLES = (CHROME, BRASS, BLACK)

WOOD_WORDS: dict[str, str] = {
    "oak": "brown",
    "pine": "beige",
    "maple": "beige",
    "birch": "beige",
    "cherry": "brown",
    "walnut": "brown",
    "teak": "brown",
    "mahogany": "brown",
    "ebony": "black",
    "ash": "beige",
}
"""Tone of wood to the colour that a person would name."""

_TONES = (
    "oak",
    "oak",
    "pine",
    "maple",
    "birch",
    "cherry",
    "walnut",
    "walnut",
    "teak",
    "mahogany",
    "ebony",
    "ash",
    "ash",
)

PAINTS: dict[str, tuple[str, ...]] = {
    "white": ("e4e1d9", "dedcd6"),
    "gray": ("8d9092", "a3a39f"),
    "blue": ("6f8ba3", "4f6e8a"),
    "green": ("7f9480", "5f7a66"),
    "black": ("37383a",),
    "beige": ("cbbfa6",),
}
"""Colour word to the tones of painted furniture."""


@dataclass(frozen=True)
class Finish:
    """What a piece is made of: its material, the colour word and the material word."""

    material: Material
    color: str
    word: str


def wooden(tone: str, number: int) -> Material:
    """Varnished furniture wood."""
    return Material(texture("veneer", tone=tone, seed=number), specular=0.15, shininess=0.45)


def wood(rng: np.random.Generator, *tones: str) -> Finish:
    """Varnished wood of one of the tones, or of any."""
    names = tones or _TONES
    tone = names[int(rng.integers(len(names)))]
    return Finish(wooden(tone, seed(rng, 2)), WOOD_WORDS[tone], "wooden")


def paint(rng: np.random.Generator, *words: str) -> Finish:
    """Painted wood of one of the colours, or of any."""
    color, tone = pick(rng, PAINTS, *words)
    return Finish(Material(None, rgba(tone), 0.2, 0.35), color, "painted")


def wood_or_paint(rng: np.random.Generator, painted: float = 0.4) -> Finish:
    """Wood, or paint with that probability."""
    return paint(rng) if rng.uniform() < painted else wood(rng)


def upended(shape: Shape) -> Shape:
    """The shape with its grain across: upwards where it ran along x."""
    return Shape(shape.vertices, shape.faces, shape.normals, shape.uv[:, ::-1])


def board(
    size_m: tuple[float, float, float],
    at_m: tuple[float, float, float],
    material: Material,
    *,
    upright: bool = False,
    bevel: float = 0.002,
    solid: bool = True,
) -> Part:
    """A board: a box of `size_m` (x, y, z) whose underside's middle is at `at_m`; the grain along x, or z if `upright`."""
    shape = rounded_box(*size_m, bevel, steps=1)
    if upright:
        shape = upended(shape)
    shape = shape.tiled(*WOOD_TILE_M).shifted_uv(*(0.37 * np.array(at_m[:2]) + 0.53 * at_m[2]))
    return shape.moved(*at_m).part(material, solid)


def grained(shape: Shape) -> Shape:
    """A turned shape (a leg) with the grain along its height; texture coordinates in tiles of wood."""
    uv = np.stack([-shape.vertices[:, 2], shape.uv[:, 0] * 0.15], axis=-1)
    return Shape(shape.vertices, shape.faces, shape.normals, uv / np.array(WOOD_TILE_M))


def leg(height: float, top: float, foot: float, style: str = "square") -> Shape:
    """A leg on z = 0, `top` thick above and `foot` below: "square" or "round"; grain upwards."""
    if style == "round":
        return grained(lathe([(0.0, 0.0), (foot / 2, 0.0), (top / 2, height), (0.0, height)], 16))
    box = rounded_box(top, top, height, 0.002, steps=1)
    narrow = foot / top + (1.0 - foot / top) * box.vertices[:, 2:] / height
    box = Shape(
        box.vertices * np.concatenate([narrow, narrow, np.ones_like(narrow)], axis=1), box.faces, box.normals, box.uv
    )
    return Shape(box.vertices, box.faces, box.normals, box.uv[:, ::-1] / np.array(WOOD_TILE_M))


def corner_legs(
    width: float,
    depth: float,
    height: float,
    top: float,
    foot: float,
    material: Material,
    style: str = "square",
    splay_deg: float = 0.0,
) -> list[Part]:
    """Four legs whose upper ends stand at the corners of a `width` by `depth` rectangle, one solid each."""
    parts = []
    for sx in (-1, 1):
        for sy in (-1, 1):
            one = leg(height, top, foot, style).moved(z=-height)
            one = one.turned("x", -sy * splay_deg * -1.0).turned("y", sx * splay_deg * -1.0)
            one = one.moved(sx * width / 2, sy * depth / 2, -one.vertices[:, 2].min())
            parts.append(one.shifted_uv(0.31 * sx, 0.17 * sy).part(material))
    return parts


def front(width: float, height: float, at_m: tuple[float, float, float], style: str, thick: float = 0.018) -> Shape:
    """A door's or drawer's front: "flat", "frame" (a sunk panel in a frame) or "groove" (a bead near its edge).

    Args:
        width: metres.
        height: metres.
        at_m: middle of its lower edge, on the plane it lies against; it rises towards -y.
        style: how it is made.
        thick: metres.

    Returns:
        The front; texture coordinates in tiles of wood, the grain along x.
    """
    x, y, z = at_m
    if style != "frame" or min(width, height) < 0.14:
        shape = rounded_box(width, thick, height, 0.003 if style == "flat" else 0.007, steps=1)
        return shape.moved(x, y - thick / 2, z).tiled(*WOOD_TILE_M).shifted_uv(0.7 * x, 0.9 * z)
    bar = min(0.07, 0.28 * min(width, height))
    level, upright = rounded_box(width, thick, bar, 0.003, steps=1), rounded_box(bar, thick, height, 0.003, steps=1)
    upright = upended(upright)
    panel = rounded_box(width - bar, thick * 0.5, height - bar, 0.001, steps=1).moved(z=bar / 2, y=thick * 0.25)
    pieces = [level, level.moved(z=height - bar), panel]
    pieces += [upright.moved(s * (width - bar) / 2) for s in (-1, 1)]
    return merge(*pieces).moved(x, y - thick / 2, z).tiled(*WOOD_TILE_M).shifted_uv(0.7 * x, 0.9 * z)


def knob(x: float, y: float, z: float, radius: float = 0.014) -> Shape:
    """A round knob on a front whose face is at y."""
    profile = [(0.45, 0.0), (0.4, 0.5), (1.0, 0.9), (1.0, 1.35), (0.6, 1.6), (0.0, 1.62)]
    return lathe(np.array(profile) * radius, 12).turned("x", 90).moved(x, y, z)


def bar_handle(x: float, y: float, z: float, length: float, upright: bool = False) -> Shape:
    """A bar on two posts on a front whose face is at y."""
    ends = [(s * length / 2, 0.0, 0.0) for s in (-1, 1)]
    bar = rod((ends[0][0], -0.028, 0), (ends[1][0], -0.028, 0), 0.005, 8)
    posts = [rod((0.86 * a, 0, 0), (0.86 * a, -0.028, 0), 0.004, 6, round_ends=False) for a, _, _ in ends]
    shape = merge(bar, *posts)
    return (shape.turned("y", 90) if upright else shape).moved(x, y, z)
