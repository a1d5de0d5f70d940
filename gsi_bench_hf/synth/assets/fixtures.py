"""What never moves: tables, floors, walls."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.palette import rgba, seed
from gsi_bench_hf.synth.assets.shapes import (
    Shape,
    circle,
    extrude,
    label,
    lathe,
    merge,
    plate,
    rounded_box,
    rounded_rectangle,
)
from gsi_bench_hf.synth.assets.surfaces import WOODS
from gsi_bench_hf.synth.assets.textures import texture

WOOD_TILE_M = 0.8
_TOPS = ("oak", "walnut", "pine", "planks", "marble", "white", "cherry", "teak", "birch", "dark", "ash", "terrazzo")


def wooden(tone: str, number: int, gloss: float = 0.25) -> Material:
    """Varnished wood."""
    return Material(texture("wood", tone=tone, seed=number), specular=gloss, shininess=0.45)


def _top_material(rng: np.random.Generator) -> tuple[Material, float, str, str]:
    """A table top's material, its tile in metres, colour word, material word."""
    what = _TOPS[int(rng.integers(len(_TOPS)))]
    number = seed(rng, 4)
    if what == "marble":
        return (
            Material(texture("marble", seed=number), specular=0.5, shininess=0.8, reflectance=0.06),
            0.9,
            "white",
            "marble",
        )
    if what == "terrazzo":
        return (
            Material(texture("terrazzo", seed=number), specular=0.4, shininess=0.7, reflectance=0.04),
            0.5,
            "white",
            "terrazzo",
        )
    if what == "white":
        return (
            Material(texture("plaster", base="dcd9d2", seed=number, depth=0.012), specular=0.3, shininess=0.5),
            0.6,
            "white",
            "painted",
        )
    if what == "planks":
        tone = ("oak", "teak", "walnut")[int(rng.integers(3))]
        return Material(texture("planks", tone=tone, seed=number, gap=0.7), specular=0.2), 0.75, "brown", "wooden"
    tone = "ebony" if what == "dark" else what
    return wooden(tone, number), WOOD_TILE_M, "brown", "wooden"


def table(rng: np.random.Generator) -> Draft:
    """A dining table, rectangular or round, on four legs or a column."""
    height, thick = rng.uniform(0.72, 0.76), rng.uniform(0.028, 0.04)
    material, tile, color, what = _top_material(rng)
    legs = (
        material
        if what == "wooden"
        else (wooden("oak", 2) if rng.integers(2) else Material(None, rgba("3a3b3e"), 0.5, 0.6))
    )
    leg_tile = WOOD_TILE_M
    if rng.integers(3) == 0:
        radius = rng.uniform(0.55, 0.65)
        top = extrude(circle(radius, 96), thick, 0.008, 4)
        face = _disc_grid(radius - 0.008).moved(z=thick + 0.0002)
        frame = _column(height - thick, radius)
        carried = Support(height + 0.0002, "disc", np.array([radius, radius]) - 0.008)
    else:
        width, depth = rng.uniform(1.2, 1.6), rng.uniform(0.75, 0.9)
        top = extrude(rounded_rectangle(width, depth, rng.choice([0.012, 0.03, 0.06]), 6), thick, 0.008, 4)
        face = plate(width - 0.13, depth - 0.13, 14, 8).moved(z=thick + 0.0002)
        frame = _four_legs(height - thick, width, depth, bool(rng.integers(2)))
        carried = Support(height + 0.0002, "rectangle", np.array([width, depth]) / 2 - 0.01)
    parts = [
        top.moved(z=height - thick).tiled(tile).part(material),
        face.moved(z=height - thick).tiled(tile).part(material, False),
    ]
    parts += [piece.tiled(leg_tile).shifted_uv(0.37 * k, 0.21 * k).part(legs) for k, piece in enumerate(frame)]
    return Draft(tuple(parts), color, what, 2 if carried.shape == "rectangle" else 4, 25.0, carried)


def _disc_grid(radius: float) -> Shape:
    """A level disc of many triangles; texture coordinates x, -y in metres."""
    disc = lathe([(r, 0.0) for r in np.linspace(radius, 0.0, 8)], 64)
    return Shape(disc.vertices, disc.faces, disc.normals, disc.vertices[:, :2] * np.array([1.0, -1.0]))


def _four_legs(height: float, width: float, depth: float, turned: bool) -> list[Shape]:
    """Square or tapered round legs under the corners, and an apron."""
    pieces = []
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = sx * (width / 2 - 0.07), sy * (depth / 2 - 0.07)
            if turned:
                leg = lathe(
                    [(0.0, 0.0), (0.016, 0.0), (0.019, 0.006), (0.032, height - 0.1), (0.034, height), (0.0, height)],
                    20,
                )
                leg = Shape(
                    leg.vertices, leg.faces, leg.normals, np.stack([-leg.vertices[:, 2], leg.uv[:, 0] * 0.2], axis=-1)
                )
            else:
                leg = rounded_box(0.06, 0.06, height, 0.004)
                leg = Shape(leg.vertices, leg.faces, leg.normals, leg.uv[:, ::-1])
            pieces.append(leg.moved(x, y))
    for sy in (-1, 1):
        pieces.append(rounded_box(width - 0.2, 0.02, 0.08, 0.003).moved(y=sy * (depth / 2 - 0.07), z=height - 0.08))
    for sx in (-1, 1):
        pieces.append(rounded_box(0.02, depth - 0.2, 0.08, 0.003).moved(x=sx * (width / 2 - 0.07), z=height - 0.08))
    return pieces


def _column(height: float, radius: float) -> list[Shape]:
    """A turned column on a disc foot."""
    foot = lathe(
        [(0.0, 0.0), (radius * 0.55, 0.0), (radius * 0.55, 0.012), (radius * 0.5, 0.022), (0.06, 0.035), (0.0, 0.035)],
        48,
    )
    column = lathe(
        [
            (0.045, 0.03),
            (0.05, 0.1),
            (0.035, height * 0.5),
            (0.05, height - 0.08),
            (0.14, height - 0.01),
            (0.14, height),
        ],
        32,
    )
    return [foot, column]


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
    return Draft((shape.part(material, False),), color, word, 1, 100.0, Support(0.0, "rectangle", np.array([3.0, 3.0])))


def wall(rng: np.random.Generator) -> Draft:
    """Six metres of wall, 2.6 m high, its face towards -y; with a skirting board, and often panels and a picture."""
    number = seed(rng, 3)
    parts: list[Part] = []
    tones = ("e4ded2", "cfd6d3", "d9cdbd", "c9d0da", "dcd7e0", "b9c4b4", "e6d3c4", "a9b8c0")
    tone = tones[int(rng.integers(len(tones)))]
    if rng.integers(3):
        material, tile = Material(texture("plaster", base=tone, seed=number), specular=0.05), 1.5
    else:
        style = ("stripes", "leaves", "lattice", "dots")[int(rng.integers(4))]
        accent = "".join(f"{int(int(tone[i : i + 2], 16) * 0.9):02x}" for i in (0, 2, 4))
        material, tile = (
            Material(texture("wallpaper", base=tone, accent=accent, style=style, seed=number), specular=0.05),
            0.6,
        )
    parts.append(plate(6.0, 2.6, 24, 10).turned("x", 90).moved(y=-0.03, z=1.3).tiled(tile).part(material, False))
    white = Material(None, rgba("e8e5de"), 0.25, 0.4)
    trim = [rounded_box(6.0, 0.018, 0.1, 0.006).moved(y=-0.039)]
    if rng.integers(2):
        trim += _panels()
    parts.append(merge(*trim).part(white, False))
    parts += _pictures(rng)
    return Draft(tuple(parts), "white", "plastered", 1, 100.0)


def _panels() -> list[Shape]:
    """Wainscot up to 0.9 m: boards, rails and a chair rail."""
    pieces = [
        rounded_box(6.0, 0.008, 0.9, 0.002).moved(y=-0.034),
        rounded_box(6.0, 0.03, 0.05, 0.008).moved(y=-0.04, z=0.88),
    ]
    pieces += [rounded_box(0.09, 0.008, 0.72, 0.002).moved(x, -0.042, 0.12) for x in np.arange(-2.75, 2.9, 0.5)]
    return pieces


def _pictures(rng: np.random.Generator) -> list[Part]:
    """One to three framed prints."""
    parts = []
    count = int(rng.integers(1, 4))
    for k in range(count):
        width, height = rng.uniform(0.35, 0.6), rng.uniform(0.4, 0.7)
        x = (k - (count - 1) / 2) * 1.1 + rng.uniform(-0.15, 0.15)
        z = 1.55 - height / 2 + rng.uniform(-0.05, 0.05)
        frame = wooden(list(WOODS)[int(rng.integers(len(WOODS)))], 1)
        style = ("sun", "hills", "leaf", "blocks", "frame")[int(rng.integers(5))]
        base, accent = (("e8e0d0", "c9703a"), ("2f4a5f", "d8b46a"), ("d9d2c0", "5d7d58"), ("f0ebe0", "a5362d"))[
            int(rng.integers(4))
        ]
        picture = Material(texture("art", base=base, accent=accent, style=style, seed=seed(rng)), specular=0.1)
        bars = [
            rounded_box(width + 0.06, 0.025, 0.03, 0.005).moved(x, -0.043, z - 0.03),
            rounded_box(width + 0.06, 0.025, 0.03, 0.005).moved(x, -0.043, z + height),
            rounded_box(0.03, 0.025, height + 0.06, 0.005).moved(x - width / 2 - 0.015, -0.043, z - 0.03),
            rounded_box(0.03, 0.025, height + 0.06, 0.005).moved(x + width / 2 + 0.015, -0.043, z - 0.03),
        ]
        parts.append(merge(*bars).tiled(WOOD_TILE_M).part(frame, False))
        parts.append(label(width, height).moved(x, -0.036, z).part(picture, False))
    return parts


KINDS: dict[str, Kind] = {
    "table": Kind("table", "桌子", "张", "fixture", table, movable=False),
    "floor": Kind("floor", "地板", "块", "fixture", floor, movable=False),
    "wall": Kind("wall", "墙", "面", "fixture", wall, movable=False),
}
