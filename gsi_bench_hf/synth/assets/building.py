"""What belongs to the house: door, window, curtains, radiator, rug, pictures on the wall."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.joinery import HANDLES, WOOD_WORDS, front, upended, wood, wooden
from gsi_bench_hf.synth.assets.outlines import circle
from gsi_bench_hf.synth.assets.palette import pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, label, lathe, merge, rod, rounded_box, surface, tube
from gsi_bench_hf.synth.assets.textures import texture
from gsi_bench_hf.synth.assets.upholstery import CLOTH_TILE_M, UPHOLSTERY, cloth

_WHITE = Material(None, rgba("e8e5de"), 0.25, 0.4)


def _casing(width: float, height: float, bar: float, deep: float, sill: bool) -> Shape:
    """Bars round an opening that stands on z = 0 (`bar` higher with a bar below), flush with the plane y = 0 behind."""
    level = rounded_box(width + 2 * bar, deep, bar, 0.005, steps=1)
    upright = rounded_box(bar, deep, height + (2 if sill else 1) * bar, 0.005, steps=1)
    low = bar if sill else 0.0
    pieces = [level.moved(z=low + height), *(upright.moved(s * (width + bar) / 2) for s in (-1, 1))]
    if sill:
        pieces.append(level)
    return merge(*pieces).moved(y=-deep / 2)


def door(rng: np.random.Generator) -> Draft:
    """A closed door in its casing, its back on the wall's face."""
    width, height, bar = rng.uniform(0.78, 0.88), rng.uniform(1.98, 2.06), 0.07
    if rng.uniform() < 0.6:
        material, color, word = (
            Material(None, rgba(pick(rng, {"white": ("e6e3db", "dddad2")})[1]), 0.3, 0.45),
            "white",
            "painted",
        )
    else:
        finish = wood(rng, "oak", "walnut", "teak", "ash")
        material, color, word = finish.material, finish.color, finish.word
    leaf = front(width - 0.004, height - 0.006, (0, -0.012, 0.004), "flat", 0.02)
    leaf = upended(leaf)
    panels = [_moulding(width * w, height * h, x * width, z * height) for w, h, x, z in _PANELS[int(rng.integers(3))]]
    side = 1 if rng.integers(2) else -1
    x, z = side * (width / 2 - 0.06), 1.02
    plate = rounded_box(0.04, 0.008, 0.2, 0.003, steps=1).moved(x, -0.036, z - 0.12)
    lever = tube([(x, -0.034, z), (x, -0.075, z), (x - side * 0.03, -0.085, z), (x - side * 0.12, -0.085, z)], 0.009, 8)
    frame = _casing(width, height, bar, 0.045, False)
    parts = (
        frame.tiled(1.2, 0.8).part(_WHITE if word == "painted" else material, False),
        leaf.part(material),
        merge(*panels).part(material, False) if panels else leaf.part(material, False),
        merge(plate, lever).part(HANDLES[int(rng.integers(3))], False),
    )
    return Draft(parts, color, word, 1, 30.0)


_PANELS: tuple[tuple[tuple[float, float, float, float], ...], ...] = (
    ((0.66, 0.36, 0.0, 0.07), (0.66, 0.44, 0.0, 0.5)),
    ((0.3, 0.36, -0.19, 0.07), (0.3, 0.36, 0.19, 0.07), (0.3, 0.44, -0.19, 0.5), (0.3, 0.44, 0.19, 0.5)),
    ((0.66, 0.19, 0.0, 0.06), (0.66, 0.19, 0.0, 0.28), (0.66, 0.19, 0.0, 0.5), (0.66, 0.19, 0.0, 0.72)),
)
"""Panels of a door: width, height, x of the middle and z of the lower edge, as shares of the leaf."""


def _moulding(width: float, height: float, x: float, z: float) -> Shape:
    """A raised bead round a panel on a door's face."""
    bar = 0.022
    level, upright = rounded_box(width, 0.012, bar, 0.005, steps=1), rounded_box(bar, 0.012, height, 0.005, steps=1)
    pieces = [level, level.moved(z=height - bar), *(upright.moved(s * (width - bar) / 2) for s in (-1, 1))]
    pieces.append(upended(rounded_box(width - 0.12, 0.008, height - 0.12, 0.004, steps=1)).moved(z=0.06))
    return merge(*pieces).moved(x, -0.034, z).tiled(1.2, 0.8)


def window(rng: np.random.Generator) -> Draft:
    """A window with a view, casing, bars and a sill that carries things; its back on the wall's face."""
    width, height, bar = rng.uniform(0.95, 1.4), rng.uniform(1.05, 1.3), 0.055
    deep = rng.uniform(0.17, 0.21)
    board = rounded_box(width + 0.2, deep, 0.03, 0.008, steps=1).moved(y=-deep / 2)
    frame = _casing(width, height, bar, 0.045, True).moved(z=0.03)
    low = 0.03 + bar
    posts = [rounded_box(0.045, 0.03, height, 0.004, steps=1).moved(0, -0.018, low)]
    if rng.integers(2):
        posts.append(rounded_box(width, 0.025, 0.03, 0.004, steps=1).moved(0, -0.016, low + height * 0.62))
    style = ("garden", "street", "hills", "garden", "hills", "dusk")[int(rng.integers(6))]
    view = Material(
        texture("outlook", style=style, seed=seed(rng, 3)), specular=0.0, emission=0.45 if style == "dusk" else 0.85
    )
    handle = rod((0.0, -0.045, low + 0.4 * height), (0.0, -0.045, low + 0.4 * height + 0.1), 0.008, 8)
    parts = [
        board.part(_WHITE),
        merge(frame, *posts, handle).part(_WHITE, False),
        label(width, height).moved(0, -0.004, low).part(view, False),
    ]
    if rng.uniform() < 0.3:
        parts.append(_blind(rng, width, height * rng.uniform(0.12, 0.4), low + height))
    flat = Support(
        0.03, "rectangle", np.array([width / 2 + 0.06, (deep - 0.05) / 2]), np.array([0.0, -(deep + 0.045) / 2]), "sill"
    )
    return Draft(tuple(parts), "white", "painted", 1, 30.0, (flat,))


def _blind(rng: np.random.Generator, width: float, length: float, top: float) -> Part:
    """A roller blind, drawn down by `length` before the glass."""
    cloth_m = rounded_box(width - 0.02, 0.004, length, 0.001, steps=1).moved(0, -0.052, top - length)
    roll = rod((-width / 2, -0.056, top), (width / 2, -0.056, top), 0.02, 12)
    hem = rounded_box(width - 0.02, 0.012, 0.02, 0.004, steps=1).moved(0, -0.052, top - length - 0.01)
    tone = pick(rng, UPHOLSTERY, "white", "beige", "gray")[1]
    return merge(cloth_m, roll, hem).tiled(CLOTH_TILE_M).part(cloth(tone), False)


def curtain(rng: np.random.Generator) -> Draft:
    """A pair of drawn-back curtains on a rod, to hang before a window; their back stands off the wall by 12 cm."""
    width, height = rng.uniform(1.75, 2.1), rng.uniform(2.3, 2.4)
    color, tone = pick(rng, UPHOLSTERY, "white", "beige", "gray", "blue", "green", "pink", "yellow", "turquoise")
    share = rng.uniform(0.16, 0.22)
    drapes = [_drape(rng, share * width, height - 0.04).moved(s * (0.5 - share / 2) * width) for s in (-1, 1)]
    bar = rod((-width / 2 - 0.08, 0, height), (width / 2 + 0.08, 0, height), 0.011, 10)
    knobs = [
        lathe([(0, -0.024), (0.02, -0.012), (0.024, 0.0), (0.02, 0.012), (0, 0.024)], 12).moved(
            s * (width / 2 + 0.1), 0, height
        )
        for s in (-1, 1)
    ]
    arms = [rod((s * width * 0.47, 0, height), (s * width * 0.47, 0.09, height), 0.007, 8) for s in (-1, 1)]
    metal = HANDLES[int(rng.integers(3))]
    parts = (merge(*drapes).tiled(CLOTH_TILE_M).part(cloth(tone), False), merge(bar, *knobs, *arms).part(metal, False))
    return Draft(parts, color, "fabric", 1, 4.0)


def _drape(rng: np.random.Generator, width: float, height: float) -> Shape:
    """Gathered cloth hanging from z = `height`; folds that are even above and looser below. Seen from both sides."""
    folds, columns, rows = max(3, round(width / 0.075)), 64, 10
    u, v = np.meshgrid(np.linspace(0.0, 1.0, columns + 1), np.linspace(0.0, 1.0, rows + 1))
    start, other = rng.uniform(0, 2 * np.pi, 2)
    loose = (1.0 - v) ** 1.5
    wave = np.sin(2 * np.pi * folds * u) + 0.5 * loose * np.sin(2 * np.pi * (folds * 0.5 * u) + start)
    sway = 0.012 * loose * np.sin(2 * np.pi * u + other)
    points = np.stack([(u - 0.5) * width + sway, 0.028 * wave * (0.8 + 0.4 * loose), v * height], axis=-1)
    uv = np.stack([u * width * 1.6, -v * height], axis=-1)
    face = surface(points, uv, wrap=False)
    back = Shape(face.vertices, face.faces[:, ::-1].copy(), -face.normals, face.uv)
    return merge(face, back)


_RUGS: dict[str, tuple[str, ...]] = {
    "blue": ("4a6079", "5b748c"),
    "red": ("84504a", "7a423c"),
    "gray": ("7d7d7b", "989691"),
    "green": ("66765c", "55684f"),
    "brown": ("86705a", "75604c"),
    "beige": ("bfae93", "c9bca4"),
    "orange": ("b0744f",),
    "white": ("d9d4c8",),
}


def rug(rng: np.random.Generator) -> Draft:
    """A thin rug, oblong or round. Nothing stands on it in particular: it gives way to what stands on the floor."""
    color, tone = pick(rng, _RUGS)
    accent = _RUGS["beige" if color == "white" else "white"][0]
    thick = 0.006
    style = ("border", "diamonds", "bands", "medallion", "border", "plain")[int(rng.integers(6))]
    if rng.integers(4) == 0:
        radius = rng.uniform(0.6, 0.95)
        ring = texture("rug", base=tone, accent=accent, style="round", seed=seed(rng, 2))
        disc = extrude(circle(radius, 64), thick, 0.003, 1)
        uv = disc.vertices[:, :2] * [1.0, -1.0] / (2 * radius) * 0.99 + 0.5
        shape = Shape(disc.vertices, disc.faces, disc.normals, uv)
        return Draft((shape.part(Material(ring, specular=0.0, shininess=0.0), False),), color, "woven", 0, 5.0)
    width, depth = rng.uniform(1.4, 2.3), rng.uniform(0.95, 1.5)
    block = rounded_box(width, depth, thick, 0.003, steps=1)
    uv = block.vertices[:, :2] * [1.0, -1.0] / [width, depth] * 0.995 + 0.5
    pattern = texture("rug", base=tone, accent=accent, style=style, seed=seed(rng, 2))
    shape = Shape(block.vertices, block.faces, block.normals, uv)
    return Draft((shape.part(Material(pattern, specular=0.0, shininess=0.0), False),), color, "woven", 2, 6.0)


def painting(rng: np.random.Generator) -> Draft:
    """A framed print, upright or oblong, to hang on a wall; its back on the wall's face."""
    width = rng.uniform(0.35, 0.6)
    height = width * rng.uniform(1.25, 1.45)
    tone = ("oak", "walnut", "ebony", "ash")[int(rng.integers(4))]
    style = ("sun", "hills", "leaf", "blocks", "frame")[int(rng.integers(5))]
    base, accent = (("e8e0d0", "c9703a"), ("2f4a5f", "d8b46a"), ("d9d2c0", "5d7d58"), ("f0ebe0", "a5362d"))[
        int(rng.integers(4))
    ]
    picture = Material(texture("art", base=base, accent=accent, style=style, seed=seed(rng, 3)), specular=0.1)
    frame = _casing(width, height, 0.025, 0.022, True).tiled(1.2, 0.8).part(wooden(tone, 1), False)
    back = rounded_box(width + 0.03, 0.01, height + 0.03, 0.001, steps=1).moved(y=-0.0051, z=0.01).part(_WHITE)
    face = label(width, height).moved(0, -0.012, 0.025).part(picture, False)
    return Draft((back, frame, face), WOOD_WORDS[tone], "wooden", 1, 2.0)


_PLACES = ("room", "bathroom")
KINDS: dict[str, Kind] = {
    "door": Kind("door", "门", "扇", "building", door, False, environments=_PLACES),
    "window": Kind("window", "窗户", "扇", "building", window, False, environments=_PLACES),
    "curtain": Kind("pair of curtains", "窗帘", "副", "building", curtain, False, environments=("room",)),
    "rug": Kind("rug", "地毯", "块", "building", rug, False, has_front=False, environments=("room",)),
    "painting": Kind("painting", "挂画", "幅", "building", painting, False, environments=_PLACES),
}
