"""What hangs on the walls of a bathroom, and its shelf and mat: mirrors, cabinets, towel rails, radiators.

What hangs on a wall has its back at the wall (+y); `MOUNT_M` says how high its base hangs.
"""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.housekeeping import towelling
from gsi_bench_hf.synth.assets.outlines import circle
from gsi_bench_hf.synth.assets.palette import CLOTHS, pick, rgba, seed
from gsi_bench_hf.synth.assets.sanitary import STEEL, taps
from gsi_bench_hf.synth.assets.shapes import (
    Shape,
    extrude,
    label,
    lathe,
    merge,
    plate,
    rod,
    rounded_box,
    surface,
    tube,
)
from gsi_bench_hf.synth.assets.textures import texture

MIRROR = Material("mirror", specular=0.6, shininess=0.95, reflectance=1.0)
"""A renderer that can reflect draws a flat part of this material as a mirror; another shows its cool gray."""
MOUNT_M: dict[str, float] = {
    "mirror-cabinet": 1.2,
    "wall-mirror": 1.15,
    "towel-rail": 0.75,
    "radiator": 0.5,
    "paper-holder": 0.68,
}
"""How high above the floor the base of what hangs on a wall is."""


def mirror_cabinet(rng: np.random.Generator) -> Draft:
    """A shallow cabinet for the wall, its doors mirrors, a lamp over it."""
    width, depth, tall = rng.uniform(0.6, 0.95), rng.uniform(0.13, 0.16), rng.uniform(0.6, 0.72)
    doors = 2 if width < 0.75 else 3
    color, body = ("white", Material(None, rgba("e4e4e0"), 0.4, 0.6)) if rng.integers(2) else ("gray", STEEL)
    pane_w, pane_h = width - 0.016, tall - 0.016
    seams = [
        rounded_box(0.004, 0.002, pane_h, 0.0005).moved((k / doors - 0.5) * width, -depth / 2 - 0.002, 0.008)
        for k in range(1, doors)
    ]
    lamp = rounded_box(width * 0.62, 0.06, 0.045, 0.018, 0.02).moved(y=-0.02, z=tall + 0.012)
    arm = rounded_box(0.08, 0.08, 0.014, 0.003).moved(y=0.01, z=tall)
    parts = (
        rounded_box(width, depth, tall, 0.004).part(body),
        label(pane_w, pane_h).moved(y=-depth / 2 - 0.001, z=0.008).part(MIRROR, False),
        merge(*seams, arm).part(Material(None, rgba("6d7073"), 0.5, 0.6), False),
        lamp.part(Material(None, rgba("fbf7ea"), 0.3, 0.5), False),
    )
    return Draft(parts, color, "metal" if color == "gray" else "painted", 1, 12.0)


def wall_mirror(rng: np.random.Generator) -> Draft:
    """A mirror for the wall, round or rectangular, in a thin frame."""
    color, tone = pick(rng, {"brown": ("oak", "walnut"), "black": ("ebony",), "beige": ("ash",)})
    frame = wooden(tone, seed(rng, 2)) if rng.integers(2) else None
    if frame is None:
        color, frame = ("black", Material(None, rgba("2a2b2d"), 0.5, 0.6)) if rng.integers(2) else ("gray", STEEL)
    if rng.integers(2):
        radius, deep, bar = rng.uniform(0.3, 0.42), 0.028, 0.02
        turn = circle(radius, 72)
        ring = tube(np.column_stack([turn, np.zeros(73)])[:, [0, 2, 1]], bar * 0.7, 10).moved(
            y=-deep / 2, z=radius + bar
        )
        back = extrude(circle(radius, 72), 0.012, 0.002).turned("x", 90).moved(y=0.0, z=radius + bar)
        pane = _disc(radius).moved(y=-0.0125, z=radius + bar)
        shapes = (ring.part(frame, False), back.part(frame), pane.part(MIRROR, False))
    else:
        width, tall, bar, deep = rng.uniform(0.55, 0.8), rng.uniform(0.75, 1.0), rng.uniform(0.015, 0.035), 0.028
        level, upright = rounded_box(width, deep, bar, 0.004), rounded_box(bar, deep, tall, 0.004)
        pieces = [level, level.moved(z=tall - bar)] + [upright.moved(x=s * (width - bar) / 2) for s in (-1, 1)]
        back = rounded_box(width - bar, 0.012, tall - bar, 0.002).moved(y=0.008, z=bar / 2)
        pane = label(width - bar, tall - bar).moved(y=-0.002, z=bar / 2)
        shapes = (merge(*pieces).tiled(0.6).part(frame, False), back.part(frame), pane.part(MIRROR, False))
    return Draft(shapes, color, "framed", 1, 6.0)


def _disc(radius: float) -> Shape:
    """A flat disc that looks to the front, the whole picture on it."""
    points = lathe([(radius, 0.0), (radius * 0.5, 0.0), (0.0, 0.0)], 72)
    uv = 0.5 + points.vertices[:, :2] / (2.05 * radius) * np.array([1.0, -1.0])
    return Shape(points.vertices, points.faces, points.normals, uv).turned("x", 90)


def _hanging(width: float, front: float, back: float, y: float, z: float, phase: float) -> Shape:
    """A towel over a bar at (y, z): `front` metres down in front of it, `back` behind; with soft waves."""
    r = 0.017
    bend = np.linspace(0.0, np.pi, 9)[1:-1]
    line = [(y + r, z - s) for s in np.linspace(back, 0.0, 8)]
    line += [(y + r * np.cos(b), z + r * np.sin(b)) for b in bend]
    line += [(y - r, z - s) for s in np.linspace(0.0, front, 12)]
    x = np.linspace(-width / 2, width / 2, 25)
    path = np.array(line)
    hang = np.clip((z - path[:, 1]) / 0.3, 0.0, 1.0)[:, None] * np.where(path[:, :1] < y, -1.0, 1.0)
    wave = 0.006 + 0.006 * np.sin(2 * np.pi * 3 * x / width + phase)
    points = np.empty((len(path), len(x), 3))
    points[..., 0] = x
    points[..., 1] = path[:, :1] + hang * wave
    points[..., 2] = path[:, 1:]
    uv = np.stack(np.meshgrid(x, np.linspace(0.0, front + back, len(path))), axis=-1) / 0.25
    outside, thick = surface(points, uv, wrap=False), 0.007
    inner = Shape(
        outside.vertices - thick * outside.normals, outside.faces[:, ::-1].copy(), -outside.normals, outside.uv
    )
    return merge(outside, inner, *_hems(outside, thick, points.shape[0], points.shape[1]))


def _hems(outside: Shape, thick: float, rows: int, columns: int) -> list[Shape]:
    """The four edges of a cloth of that thickness."""
    out = outside.vertices.reshape(rows, columns, 3)
    back = (outside.vertices - thick * outside.normals).reshape(rows, columns, 3)
    edges = [(out[0], back[0]), (back[-1], out[-1]), (back[:, 0], out[:, 0]), (out[:, -1], back[:, -1])]
    return [surface(np.stack([b, a]), wrap=False).tiled(0.25) for a, b in edges]


def towel_rail(rng: np.random.Generator) -> Draft:
    """A bar on the wall with a towel or two over it."""
    width, metal = rng.uniform(0.5, 0.7), taps(rng)
    color, tone = pick(rng, CLOTHS, "white", "blue", "gray", "green", "beige", "red", "yellow")
    z, y = 0.72, -0.0
    bar = rod((-width / 2, y, z), (width / 2, y, z), 0.009, 14)
    arms = [rod((s * (width / 2 - 0.02), y, z), (s * (width / 2 - 0.02), y + 0.08, z), 0.008, 12) for s in (-1, 1)]
    plates = [
        lathe([(0.0, 0.0), (0.024, 0.0), (0.024, 0.006), (0.0, 0.008)], 20)
        .turned("x", 90)
        .moved(s * (width / 2 - 0.02), y + 0.082, z)
        for s in (-1, 1)
    ]
    cloth, cover = towelling(tone), rng.uniform(0.7, 0.9) * width
    towels = [
        _hanging(cover, rng.uniform(0.5, 0.66), rng.uniform(0.3, 0.45), y, z, rng.uniform(0, 6)).part(cloth, False)
    ]
    if rng.integers(2):
        _, second = pick(rng, CLOTHS, "white", "beige", "gray", "blue")
        small = (
            _hanging(cover * 0.45, 0.32, 0.28, 0.0, 0.0, 1.0)
            .scaled(1.0, 1.6, 1.0)
            .moved(cover * rng.uniform(-0.2, 0.2), y, z + 0.01)
        )
        towels.append(small.part(towelling(second), False))
    return Draft((merge(bar, *arms, *plates).part(metal), *towels), color, "terry", 1, 1.5)


def radiator(rng: np.random.Generator) -> Draft:
    """A ladder radiator for towels, one towel over it."""
    width, tall = rng.uniform(0.45, 0.6), rng.uniform(1.0, 1.3)
    white = Material(None, rgba("ecebe6"), 0.5, 0.65, 0.03)
    body, color = ((white, "white"), (STEEL, "gray"), (Material(None, rgba("3a3c3f"), 0.3, 0.4), "black"))[
        int(rng.integers(3))
    ]
    posts = [rounded_box(0.036, 0.03, tall, 0.008).moved(x=s * (width / 2 - 0.018)) for s in (-1, 1)]
    levels = [z for g in range(4) for z in np.linspace(0.06 + g * tall / 4, g * tall / 4 + 0.72 * tall / 4, 4)]
    rungs = [rod((-width / 2 + 0.02, -0.012, z), (width / 2 - 0.02, -0.012, z), 0.011, 10, False) for z in levels]
    feet = [
        rod((s * (width / 2 - 0.018), 0.0, z), (s * (width / 2 - 0.018), 0.06, z), 0.01, 8)
        for s in (-1, 1)
        for z in (0.1, tall - 0.1)
    ]
    _, tone = pick(rng, CLOTHS, "white", "blue", "gray", "green", "beige", "red")
    towel = _hanging(width * 0.72, 0.42, 0.34, -0.012, float(levels[-5]), 2.0)
    return Draft(
        (merge(*posts).part(body), merge(*rungs, *feet).part(body, False), towel.part(towelling(tone), False)),
        color,
        "metal",
        1,
        15.0,
    )


def paper_holder(rng: np.random.Generator) -> Draft:
    """A roll of toilet paper on its holder at the wall."""
    metal = taps(rng)
    hook = tube(
        [(-0.075, 0.085, 0.075), (-0.075, 0.0, 0.075), (-0.07, -0.004, 0.075), (0.075, -0.004, 0.075)], 0.006, 10
    )
    base = rounded_box(0.05, 0.01, 0.05, 0.003).moved(-0.075, 0.088, 0.05)
    paper = Material(texture("plaster", base="f0eee8", depth=0.02), specular=0.0)
    r = rng.uniform(0.045, 0.056)
    roll = (
        lathe([(0.02, -0.05), (r, -0.05), (r, 0.05), (0.02, 0.05)], 40).turned("y", 90).moved(y=-0.004, z=0.075 - 0.014)
    )
    tail = plate(0.1, 0.1, 1, 4).turned("x", 90).moved(y=-0.004 - r - 0.0006, z=0.075 - 0.014 - 0.05)
    core = lathe([(0.02, 0.05), (0.02, -0.05)], 24).turned("y", 90).moved(y=-0.004, z=0.061)
    parts = (
        merge(hook, base).part(metal, False),
        roll.tiled(1.0).part(paper),
        tail.tiled(0.2).part(paper, False),
        core.part(Material(None, rgba("b59a75"), 0.05, 0.1), False),
    )
    return Draft(parts, "white", "paper", 1, 0.4)


def bathroom_shelf(rng: np.random.Generator) -> Draft:
    """An open stand with three or four shelves."""
    width, depth, tall = rng.uniform(0.4, 0.6), rng.uniform(0.28, 0.34), rng.uniform(1.0, 1.45)
    count, thick = (4 if tall > 1.2 else 3), 0.02
    wood = bool(rng.integers(2))
    color, board = (
        ("brown", wooden(("oak", "walnut", "teak")[int(rng.integers(3))], seed(rng, 2)))
        if wood
        else ("white", Material(None, rgba("e4e3dd"), 0.35, 0.5))
    )
    frame = board if rng.integers(2) else Material(None, rgba("2c2d30"), 0.5, 0.6)
    levels = np.linspace(0.12, tall - thick, count)
    leaf = rounded_box(width - 0.02, depth, thick, 0.003).tiled(0.9, 0.5)
    posts = [
        rounded_box(0.024, 0.024, tall, 0.003).tiled(0.5).moved(sx * (width / 2 - 0.012), sy * (depth / 2 - 0.012))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    x, y = width / 2 - 0.012, depth / 2 - 0.012
    rails = [rod((s * x, -y, z + 0.06), (s * x, y, z + 0.06), 0.005, 8) for s in (-1, 1) for z in levels[:-1]]
    parts: list[Part] = [leaf.moved(z=z).part(board) for z in levels]
    parts += [post.part(frame) for post in posts]
    parts.append(merge(*rails).tiled(0.5).part(frame, False))
    half, gap = np.array([width / 2 - 0.035, depth / 2 - 0.005]), float(levels[1] - levels[0]) - thick
    supports = [Support(float(z) + thick, "rectangle", half, name="shelf", clearance_m=gap) for z in levels[:-1][::-1]]
    top = Support(tall, "rectangle", half, name="top")
    return Draft(tuple(parts), color, "wooden" if wood else "painted", 1, 9.0, (top, *supports))


def bath_mat(rng: np.random.Generator) -> Draft:
    """A soft mat before a tub or a basin."""
    width, depth = rng.uniform(0.65, 0.85), rng.uniform(0.45, 0.55)
    color, tone = pick(rng, CLOTHS, "white", "blue", "gray", "green", "beige", "red", "yellow")
    pile = rounded_box(width, depth, 0.016, 0.007, 0.04, 4).tiled(0.22).part(towelling(tone))
    pale = "".join(f"{min(255, int(int(tone[i : i + 2], 16) * 0.6 + 95)):02x}" for i in (0, 2, 4))
    bars = [
        rounded_box(width * 0.88, 0.022, 0.002, 0.0008, 0.008).tiled(0.22).moved(y=s * depth * 0.36, z=0.0152)
        for s in (-1, 1)
    ]
    return Draft(
        (pile, merge(*bars).part(towelling(pale), False)),
        color,
        "cotton",
        2,
        0.8,
        (Support(0.017, "rectangle", np.array([width, depth]) / 2 - 0.01),),
    )


_WALL = ("bathroom",)
KINDS: dict[str, Kind] = {
    "mirror-cabinet": Kind("mirror cabinet", "镜柜", "个", "bathroom", mirror_cabinet, False, environments=_WALL),
    "wall-mirror": Kind("mirror", "镜子", "面", "bathroom", wall_mirror, False, environments=("room", "bathroom")),
    "towel-rail": Kind("towel rail", "毛巾架", "个", "bathroom", towel_rail, False, environments=_WALL),
    "radiator": Kind("towel radiator", "毛巾暖气片", "个", "bathroom", radiator, False, environments=_WALL),
    "paper-holder": Kind("toilet paper holder", "纸巾架", "个", "bathroom", paper_holder, False, environments=_WALL),
    "bathroom-shelf": Kind("bathroom shelf", "浴室置物架", "个", "bathroom", bathroom_shelf, False, environments=_WALL),
    "bath-mat": Kind("bath mat", "浴室地垫", "块", "bathroom", bath_mat, False, environments=_WALL),
}
