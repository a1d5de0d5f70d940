"""Tables."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Support
from gsi_bench_hf.synth.assets.outlines import circle, rounded_rectangle
from gsi_bench_hf.synth.assets.palette import rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, lathe, plate, rounded_box
from gsi_bench_hf.synth.assets.textures import texture

WOOD_TILE_M = (1.2, 0.8)
"""Along the grain and across it."""
_TOPS = ("oak", "walnut", "pine", "marble", "white", "cherry", "teak", "birch", "dark", "ash", "terrazzo", "blue")


def wooden(tone: str, number: int, gloss: float = 0.25) -> Material:
    """Varnished wood."""
    return Material(texture("wood", tone=tone, seed=number, rings=16), specular=gloss, shininess=0.45)


def _top_material(rng: np.random.Generator) -> tuple[Material, tuple[float, float], str, str]:
    """A table top's material, its tile in metres, colour word, material word."""
    what, number = _TOPS[int(rng.integers(len(_TOPS)))], seed(rng, 4)
    if what == "marble":
        return (
            Material(texture("marble", seed=number), specular=0.5, shininess=0.8, reflectance=0.06),
            (0.9, 0.9),
            "white",
            "marble",
        )
    if what == "terrazzo":
        return Material(texture("terrazzo", seed=number), specular=0.4, shininess=0.7), (0.6, 0.6), "white", "terrazzo"
    if what in ("white", "blue"):
        base = {"white": "dcd9d2", "blue": "7f96a3"}[what]
        return (
            Material(texture("planks", tone="ash", seed=number, rows=6, joints=0, gap=0.6, paint=base), specular=0.25),
            WOOD_TILE_M,
            what,
            "painted",
        )
    tone = "ebony" if what == "dark" else what
    if rng.integers(2):
        return (
            Material(texture("planks", tone=tone, seed=number, rows=6, gap=0.35, joints=0), specular=0.25),
            WOOD_TILE_M,
            "brown",
            "wooden",
        )
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
        top.moved(z=height - thick).tiled(*tile).part(material),
        face.moved(z=height - thick).tiled(*tile).part(material, False),
    ]
    parts += [piece.tiled(*WOOD_TILE_M).shifted_uv(0.37 * k, 0.21 * k).part(legs) for k, piece in enumerate(frame)]
    return Draft(tuple(parts), color, what, 2 if carried.shape == "rectangle" else 4, 25.0, (carried,))


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


KINDS: dict[str, Kind] = {"table": Kind("table", "桌子", "张", "fixture", table, movable=False)}
