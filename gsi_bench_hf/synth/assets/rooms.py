"""Floors and walls."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.palette import rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, label, merge, plate, rounded_box
from gsi_bench_hf.synth.assets.textures import texture

WALL_WIDTH_M, WALL_HEIGHT_M = 6.0, 2.6
_PAINTS = ("e4ded2", "d3dad6", "dccfbd", "ccd5de", "dedae4", "bfcab9", "e8d5c6", "a9bbc4", "c9b8a0", "e9e6df")
_WHITE = Material(None, rgba("e8e5de"), 0.25, 0.4)
_FACE_Y = -0.03


def floor(rng: np.random.Generator) -> Draft:
    """Six by six metres of floor, its surface at z = 0."""
    number = seed(rng, 3)
    what = ("planks", "planks", "tiles", "carpet", "planks", "checker")[int(rng.integers(6))]
    if what == "planks":
        tone = ("oak", "walnut", "ash", "teak", "pine", "maple")[int(rng.integers(6))]
        material, tile, color, word = (
            Material(texture("planks", tone=tone, seed=number), specular=0.15),
            0.9,
            "brown",
            "wooden",
        )
    elif what == "tiles":
        base = ("d9d5cc", "b9b4aa", "c9a98a", "8f9496")[int(rng.integers(4))]
        material, tile, color, word = (
            Material(texture("tiles", base=base, seed=number), specular=0.3),
            1.4,
            "gray",
            "tiled",
        )
    elif what == "checker":
        dark = ("5b5f60", "6f4f3c", "56696b")[int(rng.integers(3))]
        material, tile, color, word = (
            Material(texture("tiles", base="ddd8cd", checker=dark, seed=number), specular=0.3),
            1.2,
            "white",
            "tiled",
        )
    else:
        base = ("8d8577", "6c7480", "a3937c", "7a6a62")[int(rng.integers(4))]
        material, tile, color, word = (
            Material(texture("carpet", base=base, seed=number), specular=0.0, shininess=0.0),
            0.5,
            "gray",
            "carpeted",
        )
    shape = plate(6.0, 6.0, 24, 24).tiled(tile)
    return Draft(
        (shape.part(material, False),), color, word, 1, 100.0, (Support(0.0, "rectangle", np.array([3.0, 3.0])),)
    )


def wall(rng: np.random.Generator) -> Draft:
    """Six metres of wall, 2.6 m high, its face towards -y; with a skirting board and things on it, none deeper than 6 cm."""
    number, tone = seed(rng, 3), _PAINTS[int(rng.integers(len(_PAINTS)))]
    style = ("paint", "paint", "paper", "panels", "tiles", "brick")[int(rng.integers(6))]
    parts = [_wall_face(0.0, WALL_HEIGHT_M, *_wall_material(style, tone, number, rng))]
    if style == "panels":
        parts += _wainscot(number)
    elif style == "tiles":
        parts.append(
            _wall_face(
                1.45, WALL_HEIGHT_M, Material(texture("plaster", base=tone, seed=number), specular=0.05), 1.5, 0.002
            )
        )
    parts.append(rounded_box(WALL_WIDTH_M, 0.018, 0.1, 0.006).moved(y=_FACE_Y - 0.009).part(_WHITE, False))
    parts += _window(rng) if rng.integers(3) == 0 else _pictures(rng)
    return Draft(tuple(parts), "white", "plastered", 1, 100.0)


def _wall_material(style: str, tone: str, number: int, rng: np.random.Generator) -> tuple[Material, float]:
    """A wall's material and its tile in metres."""
    if style == "paper":
        motif = ("stripes", "leaves", "lattice", "dots")[int(rng.integers(4))]
        accent = "".join(f"{int(int(tone[i : i + 2], 16) * 0.9):02x}" for i in (0, 2, 4))
        return Material(texture("wallpaper", base=tone, accent=accent, style=motif, seed=number), specular=0.05), 0.6
    if style == "tiles":
        base = ("eeece6", "dfe6e2", "c9d6d6", "b9c9b4")[int(rng.integers(4))]
        return Material(texture("bricks", base=base, seed=number), specular=0.5, shininess=0.8), 0.6
    if style == "brick":
        base, grout = (("e4e0d8", "d3cec4"), ("a8654a", "b9ada0"), ("b98a6a", "c4b8a8"))[int(rng.integers(3))]
        return Material(
            texture("bricks", base=base, grout=grout, seed=number, bevel=0.16, spread=0.09), specular=0.03
        ), 0.72
    return Material(texture("plaster", base=tone, seed=number), specular=0.05), 1.5


def _wall_face(low: float, high: float, material: Material, tile: float, lift: float = 0.0) -> Part:
    face = plate(WALL_WIDTH_M, high - low, 24, max(2, round(4 * (high - low)))).turned("x", 90)
    return face.moved(y=_FACE_Y - lift, z=(low + high) / 2).tiled(tile).part(material, False)


def _wainscot(number: int) -> list[Part]:
    """Painted boards up to 1 m and a rail on them."""
    boards = _wall_face(0.0, 1.0, Material(texture("panelling", seed=number), specular=0.2, shininess=0.3), 0.6, 0.008)
    rail = rounded_box(WALL_WIDTH_M, 0.03, 0.045, 0.008).moved(y=_FACE_Y - 0.012, z=0.985)
    return [boards, rail.part(_WHITE, False)]


def _frame(x: float, z: float, width: float, height: float, bar: float, deep: float) -> Shape:
    """Four bars round an opening whose lower left corner is at (x - width / 2, z)."""
    level, upright = rounded_box(width + 2 * bar, deep, bar, 0.005), rounded_box(bar, deep, height + 2 * bar, 0.005)
    pieces = [level.moved(x, 0, z - bar), level.moved(x, 0, z + height)]
    pieces += [upright.moved(x + s * (width + bar) / 2, 0, z - bar) for s in (-1, 1)]
    return merge(*pieces).moved(y=_FACE_Y - deep / 2)


def _window(rng: np.random.Generator) -> list[Part]:
    """A window with glazing bars, a sill, a view, and curtains or none."""
    width, height, z = rng.uniform(0.9, 1.3), rng.uniform(1.0, 1.25), rng.uniform(0.95, 1.1)
    x = rng.uniform(-0.6, 0.6)
    bars = [rounded_box(0.03, 0.02, height, 0.004).moved(x, _FACE_Y - 0.012, z)]
    bars += [rounded_box(width, 0.02, 0.03, 0.004).moved(x, _FACE_Y - 0.012, z + height * 0.55)]
    sill = rounded_box(width + 0.2, 0.055, 0.03, 0.008).moved(x, _FACE_Y - 0.0275, z - 0.075)
    style = ("garden", "town", "dusk")[int(rng.integers(3))]
    glass = label(width, height).moved(x, _FACE_Y - 0.003, z)
    bright = Material(texture("view", style=style, seed=seed(rng, 3)), (1.0, 1.0, 1.0, 1.0), 0.3, 0.7)
    parts = [merge(_frame(x, z, width, height, 0.05, 0.03), *bars, sill).part(_WHITE, False), glass.part(bright, False)]
    if rng.integers(2):
        base = ("b9b2a2", "8fa3ad", "c4a48a", "9fae9a", "d8d2c6")[int(rng.integers(5))]
        drapes = [
            plate(0.36, 2.2, 6, 10)
            .turned("x", 90)
            .moved(x + s * (width / 2 + 0.16), _FACE_Y - 0.058, 1.3)
            .tiled(0.36, 1.2)
            for s in (-1, 1)
        ]
        parts.append(merge(*drapes).part(Material(texture("curtain", base=base, seed=1), specular=0.0), False))
    return parts


def _pictures(rng: np.random.Generator) -> list[Part]:
    """One to three framed prints at the height of someone who sits."""
    parts: list[Part] = []
    count, start = int(rng.integers(1, 4)), rng.uniform(-0.35, 0.35)
    tone = ("oak", "walnut", "ebony", "ash")[int(rng.integers(4))]
    for k in range(count):
        width = rng.uniform(0.28, 0.42)
        height = width * rng.uniform(1.2, 1.45)
        x, z = start + (k - (count - 1) / 2) * 0.66 + rng.uniform(-0.04, 0.04), 1.02 + rng.uniform(0, 0.06)
        style = ("sun", "hills", "leaf", "blocks", "frame")[int(rng.integers(5))]
        base, accent = (("e8e0d0", "c9703a"), ("2f4a5f", "d8b46a"), ("d9d2c0", "5d7d58"), ("f0ebe0", "a5362d"))[
            int(rng.integers(4))
        ]
        picture = Material(texture("art", base=base, accent=accent, style=style, seed=seed(rng)), specular=0.1)
        parts.append(_frame(x, z, width, height, 0.025, 0.022).tiled(1.2, 0.8).part(wooden(tone, 1), False))
        parts.append(label(width, height).moved(x, _FACE_Y - 0.008, z).part(picture, False))
    return parts


KINDS: dict[str, Kind] = {
    "floor": Kind("floor", "地板", "块", "fixture", floor, movable=False),
    "wall": Kind("wall", "墙", "面", "fixture", wall, movable=False),
}
