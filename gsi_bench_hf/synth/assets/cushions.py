"""Soft things and small things of living rooms: cushions, blankets, baskets, tissues, globes, trophies, pens, hourglasses, cubes."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.electronics import BLACK
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.kitchenware import clear
from gsi_bench_hf.synth.assets.outlines import circle, curve
from gsi_bench_hf.synth.assets.palette import CLOTHS, GLAZES, other, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.shapes import (
    Shape,
    ellipsoid,
    extrude,
    label,
    lathe,
    merge,
    rod,
    rotation,
    rounded_box,
    sheet,
    surface,
    tube,
)
from gsi_bench_hf.synth.assets.textures import texture

_ROOM = ("room",)
_GOLD = Material(None, rgba("c9a03f"), 0.95, 0.8, 0.12)


def cloth(rng: np.random.Generator, tone: str, accent: str) -> Material:
    """Furnishing cloth: plain weave or stripes."""
    if rng.integers(2):
        return Material(texture("fabric", base=tone, seed=seed(rng, 2), threads=96, depth=0.12), specular=0.03)
    return Material(texture("stripes", base=tone, accent=accent, count=6, share=0.3), specular=0.03)


def cushion(rng: np.random.Generator) -> Draft:
    """A square cushion that leans back a little, as on a sofa; a button or a piping."""
    color, tone = pick(rng, CLOTHS)
    accent = other(rng, CLOTHS, color, "white", "beige", "gray", "black")[1]
    side, thick = rng.uniform(0.38, 0.46), rng.uniform(0.15, 0.18)
    u = np.linspace(-1, 1, 25)
    x, z = np.meshgrid(u, u)
    full = np.maximum((1 - x**2) * (1 - z**2), 0.0) ** 0.42
    pinch = 1.0 - 0.07 * (1 - x**2) * z**2 - 0.07 * (1 - z**2) * x**2 + 0.03 * (x * z) ** 2
    faces = []
    for s in (-1, 1):
        points = np.stack([side / 2 * x * pinch, -s * thick / 2 * full, side / 2 * z * pinch], axis=-1)
        flat = np.stack([(x + 1) / 2, (1 - z) / 2], axis=-1)
        faces.append(surface(points if s > 0 else points[:, ::-1], flat if s > 0 else flat[:, ::-1], wrap=False))
    edge = np.concatenate([u[:-1], np.ones(24), -u[:-1], -np.ones(25)])
    rise = np.concatenate([-np.ones(24), u[:-1], np.ones(24), -u])
    fold = 1.0 - 0.07 * (1 - edge**2) * rise**2 - 0.07 * (1 - rise**2) * edge**2 + 0.03 * (edge * rise) ** 2
    seam = np.stack([side / 2 * edge * fold, 0 * edge, side / 2 * rise * fold], axis=-1)
    lean = rotation("x", -rng.uniform(8, 11)).T
    skin = merge(*faces)
    skin = skin.bent(skin.vertices @ lean)
    ground = float(skin.vertices[:, 2].min()) + 0.06  # the lowest centimetres are pressed flat by the weight
    piping, top = _pressed(seam @ lean, ground + 0.005), ellipsoid(0.014, 0.005, 0.014, 16, 8).moved(y=-thick / 2)
    parts = (
        skin.bent(_pressed(skin.vertices, ground)).part(cloth(rng, tone, accent)),
        merge(tube(piping, 0.005, 7), top.bent(top.vertices @ lean)).part(
            Material(None, rgba(accent), 0.05, 0.1), False
        ),
    )
    return Draft(parts, color, "fabric", 1, 0.6)


def _pressed(points: Float, ground_m: float) -> Float:
    """Points (N, 3) below a height lifted to it."""
    return np.column_stack([points[:, :2], np.maximum(points[:, 2], ground_m)])


def blanket(rng: np.random.Generator) -> Draft:
    """A folded blanket with fringes at its right and left."""
    color, tone = pick(rng, CLOTHS)
    width, depth, layers = rng.uniform(0.38, 0.46), rng.uniform(0.28, 0.34), int(rng.integers(3, 5))
    accent = other(rng, CLOTHS, color, "white", "beige", "gray")[1]
    coat = Material(texture("stripes", base=tone, accent=accent, count=5, share=0.22), specular=0.0)
    thick = 0.024
    parts: list[Part] = []
    for k in range(layers):
        shrink = rng.uniform(0.0, 0.008)
        leaf = rounded_box(width - shrink, depth - shrink, thick, 0.0115, 0.02, 4).tiled(0.4)
        parts.append(leaf.moved(rng.uniform(-0.003, 0.003), rng.uniform(-0.003, 0.003), k * (thick - 0.001)).part(coat))
    strands = []
    for y in np.linspace(-depth / 2 + 0.015, depth / 2 - 0.015, 22):
        z, drift = float(rng.integers(layers)) * (thick - 0.001) + thick / 2, rng.uniform(-0.004, 0.004)
        root, tip = np.array([width / 2 - 0.004, y, z]), np.array([width / 2 + 0.028, y + drift, max(z - 0.012, 0.002)])
        strands += [rod(root * turn, tip * turn, 0.002, 5) for turn in ([1, 1, 1], [-1, -1, 1])]
    parts.append(merge(*strands).part(Material(None, rgba(accent), 0.02, 0.05), False))
    top = Support(layers * (thick - 0.001) + 0.001, "rectangle", np.array([width * 0.44, depth * 0.42]))
    return Draft(tuple(parts), color, "wool", 2, 1.0, (top,))


_CANES: dict[str, tuple[str, ...]] = {"brown": ("8a6238", "77522f"), "beige": ("c9ab7c",), "gray": ("8b8a86",)}


def basket(rng: np.random.Generator) -> Draft:
    """An open wicker basket with two handles and something soft in it."""
    color, tone = pick(rng, _CANES)
    width, depth, tall = rng.uniform(0.3, 0.38), rng.uniform(0.22, 0.28), rng.uniform(0.17, 0.22)
    power = float(rng.choice([2.0, 4.0]))
    cane = Material(texture("wicker", base=tone, seed=seed(rng, 3), rods=8), specular=0.1, shininess=0.2)

    def outline(grow: float) -> Float:
        return squircle(width + grow, depth + grow, power, 56)

    wall = ringed(
        [(outline(-0.07), 0.0), (outline(-0.07), 0.0), (outline(-0.06), 0.008), (outline(0.0), tall)],
        (True, False),
        0.24,
    )
    inside = ringed([(outline(-0.014), tall), (outline(-0.07), 0.02)], (False, True), 0.24)
    rim = tube(np.column_stack([outline(-0.006), np.full(57, tall)]), 0.0105, 8).tiled(0.08, 0.5)
    arch = [
        tube(
            curve(
                [
                    (s * (width / 2 - 0.004), -0.055, tall),
                    (s * (width / 2 + 0.012), -0.04, tall + 0.05),
                    (s * (width / 2 + 0.012), 0.04, tall + 0.05),
                    (s * (width / 2 - 0.004), 0.055, tall),
                ],
                18,
            ),
            0.0095,
            10,
        )
        for s in (-1, 1)
    ]
    _, wool = pick(rng, CLOTHS, "white", "blue", "red", "yellow", "green")
    fill = curve([(1.0, 0.0), (0.96, 0.3), (0.7, 0.8), (0.3, 1.0)], 8)
    heap = ringed(
        [(squircle((width - 0.03) * s, (depth - 0.03) * s, power, 40), tall * 0.78 + 0.035 * z) for s, z in fill],
        (False, True),
    )
    ripple = heap.vertices + 0.006 * np.sin(heap.vertices[:, :1] * 60 + heap.vertices[:, 1:2] * 25) * [0, 0, 1]
    parts = (
        wall.part(cane),
        inside.part(cane, False),
        merge(rim, *arch).part(Material(texture("wicker", base=tone, seed=1, rods=8), specular=0.1), False),
        heap.bent(ripple).tiled(0.25).part(Material(texture("knit", base=wool), specular=0.0), False),
    )
    return Draft(parts, color, "wicker", 2, 0.9)


def tissue_box(rng: np.random.Generator) -> Draft:
    """A box of tissues, one of them sticking out."""
    color, tone = pick(rng, CLOTHS, "blue", "green", "red", "yellow", "gray", "orange", "beige")
    width, depth, tall = rng.uniform(0.2, 0.24), rng.uniform(0.11, 0.125), rng.uniform(0.07, 0.09)
    accent = other(rng, CLOTHS, color, "white", "beige", "blue")[1]
    style = ("leaves", "dots", "lattice", "stripes")[int(rng.integers(4))]
    print_ = Material(texture("wallpaper", base=tone, accent=accent, style=style), specular=0.2)
    slot = extrude(circle(width * 0.26, 40, depth * 0.22), 0.001).moved(z=tall - 0.0004)
    name = rounded_box(width * 0.4, 0.002, tall * 0.36, 0.0005, None, 1).moved(y=-depth / 2, z=tall * 0.3)
    word = label(width * 0.38, tall * 0.32).moved(y=-depth / 2 - 0.0012, z=tall * 0.32)
    u = np.linspace(-1, 1, 17)
    tuft = []
    for k, (turn, high) in enumerate(((10.0, 0.075), (70.0, 0.06), (-50.0, 0.065))):
        v = np.linspace(0, 1, 8)[:, None]
        x = u * (0.016 + 0.036 * v) * (1 - 0.15 * v)
        z = tall - 0.004 + high * v * (1 - 0.35 * u**2)
        y = 0.016 * np.sin(3.0 * u + k) * v + 0.01 * v**2
        tuft.append(sheet(np.stack([x, np.broadcast_to(y, x.shape), z], axis=-1)).turned("z", turn))
    parts = (
        rounded_box(width, depth, tall, 0.002).tiled(0.16).part(print_),
        merge(slot).part(Material(None, rgba("3a3733"), 0.05, 0.1), False),
        name.part(Material(None, rgba("f3f0e6"), 0.2, 0.3), False),
        word.part(Material(texture("sign", base="f3f0e6", accent=tone, text="SOFT"), specular=0.1), False),
        merge(*tuft).part(Material(None, rgba("f3f2ee"), 0.02, 0.05), False),
    )
    return Draft(parts, color, "cardboard", 1, 0.2)


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
    "cushion": Kind("cushion", "靠垫", "个", "soft", cushion, environments=_ROOM),
    "blanket": Kind("folded blanket", "毯子", "条", "soft", blanket, environments=_ROOM),
    "basket": Kind("basket", "篮子", "个", "soft", basket, environments=("room", "bathroom")),
    "tissue-box": Kind("tissue box", "纸巾盒", "个", "household", tissue_box, environments=("room", "bathroom")),
    "globe": Kind("globe", "地球仪", "个", "household", globe, environments=_ROOM),
    "trophy": Kind("trophy", "奖杯", "座", "household", trophy, environments=_ROOM),
    "pen-cup": Kind("pen holder", "笔筒", "个", "household", pen_cup, environments=_ROOM),
    "hourglass": Kind("hourglass", "沙漏", "个", "household", hourglass, environments=_ROOM),
    "puzzle-cube": Kind("puzzle cube", "魔方", "个", "toys", puzzle_cube, environments=_ROOM),
}
