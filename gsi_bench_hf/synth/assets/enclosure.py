"""What closes a room: bare walls, ceiling, the floor of a bathroom. Doors, windows and pictures are things of their own."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.palette import rgba, seed
from gsi_bench_hf.synth.assets.shapes import plate, rounded_box
from gsi_bench_hf.synth.assets.textures import texture

SPAN_M, HEIGHT_M = 6.0, 2.6
"""Width of a wall and of a floor, and height of a wall. In a smaller room they reach beyond its corners, where nobody looks."""

SKIRTING_M = 0.016
"""How far a skirting board stands before its wall."""

_PAINTS = ("e6e0d4", "d7ddd9", "e0d4c3", "d3dbe3", "e2dfe7", "c9d3c3", "ead9cb", "bccbd4", "d6c8b2", "ebe8e1")
_TILES = ("eeece6", "dfe6e2", "d2dddd", "c5d2c0", "d9d3c8", "c9d6e0", "ebe4da", "e6e6e8")
_WHITE = Material(None, rgba("e8e5de"), 0.25, 0.4)


def room_wall(rng: np.random.Generator) -> Draft:
    """Six metres of painted or papered wall with a skirting board, its face towards -y."""
    number, tone = seed(rng, 3), _PAINTS[int(rng.integers(len(_PAINTS)))]
    if rng.random() < 0.3:
        motif = ("stripes", "leaves", "lattice", "dots")[int(rng.integers(4))]
        accent = "".join(f"{int(int(tone[i : i + 2], 16) * 0.92):02x}" for i in (0, 2, 4))
        paper = texture("wallpaper", base=tone, accent=accent, style=motif, seed=number)
        face = _face(0.0, HEIGHT_M, Material(paper, specular=0.05), 0.6)
    else:
        face = _face(0.0, HEIGHT_M, Material(texture("plaster", base=tone, seed=number), specular=0.05), 1.5)
    skirting = rounded_box(SPAN_M, SKIRTING_M, 0.09, 0.004).moved(y=-SKIRTING_M / 2).part(_WHITE, False)
    return Draft((face, skirting), "white", "plastered", 1, 100.0)


def bathroom_wall(rng: np.random.Generator) -> Draft:
    """Six metres of tiled wall, to the ceiling or up to a border with paint above, its face towards -y."""
    number, base = seed(rng, 3), _TILES[int(rng.integers(len(_TILES)))]
    style = ("bricks", "tiles", "bricks")[int(rng.integers(3))]
    tile_m = {"bricks": 0.8, "tiles": (0.8, 1.2)[int(rng.integers(2))]}[style]
    glazed = Material(texture(style, base=base, seed=number), specular=0.45, shininess=0.8)
    if rng.random() < 0.5:
        parts = [_face(0.0, HEIGHT_M, glazed, tile_m)]
    else:
        top_m = 1.25
        tone = _PAINTS[int(rng.integers(len(_PAINTS)))]
        paint = Material(texture("plaster", base=tone, seed=number), specular=0.05)
        parts = [_face(0.0, top_m, glazed, tile_m), _face(top_m, HEIGHT_M, paint, 1.5)]
        parts.append(rounded_box(SPAN_M, 0.01, 0.03, 0.003).moved(y=-0.004, z=top_m - 0.015).part(_WHITE, False))
    parts.append(rounded_box(SPAN_M, SKIRTING_M, 0.06, 0.004).moved(y=-SKIRTING_M / 2).part(_WHITE, False))
    return Draft(tuple(parts), "white", "tiled", 1, 100.0)


def ceiling(rng: np.random.Generator) -> Draft:
    """Six by six metres of white ceiling that faces down."""
    tone = ("efede8", "eceae4", "f0eeea")[int(rng.integers(3))]
    shape = plate(SPAN_M, SPAN_M, 24, 24).turned("x", 180).tiled(2.0)
    return Draft(
        (shape.part(Material(texture("plaster", base=tone, seed=0), specular=0.0), False),), "white", "", 1, 100.0
    )


def bathroom_floor(rng: np.random.Generator) -> Draft:
    """Six by six metres of floor tiles, its surface at z = 0."""
    number = seed(rng, 3)
    base, dark = (
        *(("d9d5cc", ""), ("b9b4aa", ""), ("8f9496", ""), ("c9b8a0", "")),
        *(("e2ded6", "6a6f70"), ("e4e0d8", "56696b"), ("ddd8cd", "8a7a68")),
    )[int(rng.integers(7))]
    tiles = texture("tiles", base=base, checker=dark, seed=number) if dark else texture("tiles", base=base, seed=number)
    shape = plate(SPAN_M, SPAN_M, 24, 24).tiled(0.8 if dark else 1.2)
    carried = Support(0.0, "rectangle", np.full(2, SPAN_M / 2), name="floor")
    return Draft((shape.part(Material(tiles, specular=0.3), False),), "white", "tiled", 1, 100.0, (carried,))


def _face(low_m: float, high_m: float, material: Material, tile_m: float) -> Part:
    face = plate(SPAN_M, high_m - low_m, 24, max(2, round(4 * (high_m - low_m)))).turned("x", 90)
    # Texture from the floor up, so that tiles start whole.
    return face.moved(z=(low_m + high_m) / 2).shifted_uv(0.0, -(low_m + high_m) / 2).tiled(tile_m).part(material, False)


KINDS: dict[str, Kind] = {
    "room-wall": Kind("wall", "墙", "面", "enclosure", room_wall, movable=False, environments=("room",)),
    "bathroom-wall": Kind("wall", "墙", "面", "enclosure", bathroom_wall, movable=False, environments=("bathroom",)),
    "ceiling": Kind("ceiling", "天花板", "块", "enclosure", ceiling, movable=False, environments=("room", "bathroom")),
    "bathroom-floor": Kind(
        "floor", "地板", "块", "enclosure", bathroom_floor, movable=False, environments=("bathroom",)
    ),
}
