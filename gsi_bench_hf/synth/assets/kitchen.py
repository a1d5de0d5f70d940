"""Kitchen furniture."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.joinery import HANDLES, Finish, bar_handle, board, front, paint, wood
from gsi_bench_hf.synth.assets.lamps import CHROME
from gsi_bench_hf.synth.assets.palette import pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, lathe, merge, plate, rounded_box, surface, tube
from gsi_bench_hf.synth.assets.textures import texture

DEPTH_M, HEIGHT_M = 0.62, 0.9
_SLAB_M, _PLINTH_M, _GAP_M = 0.036, 0.1, 0.004
_STEEL = Material(texture("brushed", base="b9bbbd", seed=1), specular=0.7, shininess=0.7, reflectance=0.06)
_DARK = Material(None, rgba("1c1d20"), 0.7, 0.85)


def _worktop(rng: np.random.Generator) -> tuple[Material, tuple[float, float]]:
    """A worktop's material and its tile in metres."""
    what, number = int(rng.integers(4)), seed(rng, 2)
    if what == 0:
        return Material(texture("marble", seed=number), specular=0.5, shininess=0.8), (0.9, 0.9)
    if what == 1:
        return Material(texture("terrazzo", base="8c8a86", seed=number), specular=0.4, shininess=0.7), (0.5, 0.5)
    if what == 2:
        return Material(texture("planks", tone="oak", rows=10, gap=0.2, seed=number), specular=0.25), (1.6, 0.6)
    return Material(texture("terrazzo", seed=number), specular=0.45, shininess=0.7), (0.5, 0.5)


def _style(rng: np.random.Generator) -> tuple[Finish, str, Material]:
    """What a kitchen's fronts are like: their finish, make and handles."""
    finish = paint(rng) if rng.uniform() < 0.7 else wood(rng, "oak", "walnut", "birch", "ash")
    return finish, ("flat", "frame", "groove")[int(rng.integers(3))], HANDLES[int(rng.integers(3))]


def _unit(width: float, x: float, drawers: int, make: str) -> tuple[list[Shape], list[Shape]]:
    """Fronts and handles of one base unit: drawers, or a pair of doors for 0."""
    low, high, y = _PLINTH_M, HEIGHT_M - _SLAB_M, -DEPTH_M / 2 + 0.03
    if drawers == 0:
        wide = width / 2 - _GAP_M
        fronts = [front(wide, high - low - _GAP_M, (x + s * width / 4, y, low), make) for s in (-1, 1)]
        return fronts, [bar_handle(x + s * 0.05, y - 0.018, high - 0.13, 0.13, True) for s in (-1, 1)]
    tall = (high - low) / drawers
    fronts = [front(width - _GAP_M, tall - _GAP_M, (x, y, low + k * tall), make) for k in range(drawers)]
    return fronts, [bar_handle(x, y - 0.018, low + (k + 0.75) * tall, 0.16) for k in range(drawers)]


def counter(rng: np.random.Generator) -> Draft:
    """A run of base units with a worktop, a sink on one side and a hob on the other, free worktop between."""
    finish, make, metal = _style(rng)
    widths = [0.8, 0.6, 0.6] if rng.integers(2) else [0.8, 0.5, 0.5, 0.6]
    flip = -1 if rng.integers(2) else 1
    width = sum(widths)
    slab, tile = _worktop(rng)
    high = HEIGHT_M - _SLAB_M
    parts: list[Part] = [
        board((width, DEPTH_M - 0.03, high - _PLINTH_M), (0, 0.015, _PLINTH_M), finish.material, upright=True),
        board((width - 0.02, DEPTH_M - 0.1, _PLINTH_M + 0.001), (0, 0.04, 0), Material(None, rgba("3a3a3c"), 0.1, 0.2)),
        rounded_box(width, DEPTH_M, _SLAB_M, 0.004, steps=1).moved(z=high).tiled(*tile).part(slab),
    ]
    fronts: list[Shape] = []
    handles: list[Shape] = []
    edges = np.concatenate([[0.0], np.cumsum(widths)]) - width / 2
    middles = flip * (edges[:-1] + edges[1:]) / 2
    for k, (wide, x) in enumerate(zip(widths, middles, strict=True)):
        some, pulls = _unit(wide, x, 0 if k == 0 else (1 if k == len(widths) - 1 else 3), make)
        fronts += some
        handles += pulls
    parts.append(merge(*fronts).part(finish.material, False))
    parts.append(merge(*handles).part(metal, False))
    parts += _sink(middles[0]) + _hob(middles[-1])
    inner = sorted((middles[0] + flip * 0.42, middles[-1] - flip * 0.31))
    free = Support(
        HEIGHT_M,
        "rectangle",
        np.array([(inner[1] - inner[0]) / 2, DEPTH_M / 2 - 0.03]),
        np.array([(inner[0] + inner[1]) / 2, 0.0]),
        "counter",
    )
    hob = Support(HEIGHT_M + 0.007, "rectangle", np.array([0.25, 0.22]), np.array([middles[-1], 0.0]), "stove")
    return Draft(tuple(parts), finish.color, finish.word, 1, 120.0, (free, hob))


def _sink(x: float) -> list[Part]:
    """A steel sink let into the worktop, and its tap."""
    rim = merge(
        *(rounded_box(0.56, 0.03, 0.006, 0.002, steps=1).moved(x, y, HEIGHT_M) for y in (-0.215, 0.215)),
        *(rounded_box(0.03, 0.46, 0.006, 0.002, steps=1).moved(x + s * 0.265, 0, HEIGHT_M) for s in (-1, 1)),
    )
    bowl = plate(0.5, 0.4).moved(x, 0, HEIGHT_M + 0.001)
    line = [(0, 0.25, 0), (0, 0.25, 0.2), (0, 0.22, 0.27), (0, 0.14, 0.29), (0, 0.08, 0.26), (0, 0.07, 0.22)]
    tap = tube(np.array(line), 0.011, 10)
    return [
        rim.tiled(0.4).part(_STEEL, False),
        bowl.tiled(0.4).part(Material(None, rgba("77797c"), 0.6, 0.6), False),
        tap.moved(x, 0, HEIGHT_M).part(CHROME, False),
    ]


def _hob(x: float) -> list[Part]:
    """A glass hob with four rings, and the oven's door below it."""
    glass = rounded_box(0.56, 0.5, 0.006, 0.002, steps=1).moved(x, 0, HEIGHT_M)
    rings = []
    for dx, dy, radius in ((-0.13, -0.11, 0.09), (0.13, -0.11, 0.07), (-0.13, 0.12, 0.07), (0.13, 0.12, 0.09)):
        profile = [(radius, 0.0), (radius, 0.0008), (radius - 0.006, 0.0008), (radius - 0.006, 0.0)]
        rings.append(lathe(profile, 32).moved(x + dx, dy, HEIGHT_M + 0.006))
    y = -DEPTH_M / 2 + 0.012
    door = rounded_box(0.5, 0.006, 0.36, 0.003, steps=1).moved(x, y - 0.003, 0.2)
    grey = Material(None, rgba("8e9093"), 0.3, 0.4)
    return [merge(glass, door).part(_DARK, False), merge(*rings).part(grey, False)]


def wall_cabinet(rng: np.random.Generator) -> Draft:
    """Cupboards that hang over a worktop, their back on the wall's face."""
    finish, make, metal = _style(rng)
    count = int(rng.integers(2, 5))
    wide, depth, height = rng.uniform(0.38, 0.45), 0.34, rng.uniform(0.6, 0.74)
    width = count * wide
    body = board((width, depth - 0.018, height), (0, 0.009, 0), finish.material, upright=True)
    y = -depth / 2 + 0.018
    middles = [(k - (count - 1) / 2) * wide for k in range(count)]
    doors = [front(wide - _GAP_M, height - 0.006, (x, y, 0.003), make) for x in middles]
    pulls = [
        bar_handle(x + (1 if k % 2 == 0 else -1) * (wide / 2 - 0.04), y - 0.018, 0.12, 0.13, True)
        for k, x in enumerate(middles)
    ]
    parts = (body, merge(*doors).part(finish.material, False), merge(*pulls).part(metal, False))
    return Draft(parts, finish.color, finish.word, 1, 25.0)


def fridge(rng: np.random.Generator) -> Draft:
    """A tall refrigerator with two doors, one above the other."""
    width, depth, height = rng.uniform(0.58, 0.64), rng.uniform(0.6, 0.66), rng.uniform(1.65, 1.9)
    what = int(rng.integers(4))
    color = ("white", "gray", "gray", "red")[what]
    skin = (Material(None, rgba("e4e4e2"), 0.5, 0.6), _STEEL, _STEEL, Material(None, rgba("9c3a34"), 0.55, 0.65))[what]
    split = height * rng.uniform(0.3, 0.42)
    if rng.integers(2):
        split = height - split
    body = rounded_box(width, depth - 0.06, height - 0.03, 0.008, steps=1).moved(y=0.03, z=0.03)
    foot = rounded_box(width - 0.04, depth - 0.12, 0.032, 0.002, steps=1).moved(y=0.02)
    leaves = [(0.06, split - 0.004), (split + 0.004, height)]
    y = -depth / 2 + 0.06
    doors = [rounded_box(width, 0.058, high - low, 0.014, steps=2).moved(0, y - 0.03, low) for low, high in leaves]
    side = 1 if rng.integers(2) else -1
    pulls = []
    for low, high in leaves:
        middle = low + 0.16 if low > 0.1 else high - 0.2
        x = side * (width / 2 - 0.05)
        pulls.append(
            bar_handle(x, y - 0.058, min(max(middle, low + 0.14), high - 0.14), min(0.26, high - low - 0.08), True)
        )
    parts = (
        body.tiled(0.6).part(skin),
        foot.part(_DARK, False),
        merge(*doors).tiled(0.6).part(skin),
        merge(*pulls).part(CHROME, False),
        rounded_box(width - 0.06, depth - 0.2, 0.031, 0.001, steps=1).moved(y=0.02).part(_DARK),
    )
    top = Support(height, "rectangle", np.array([width / 2 - 0.03, depth / 2 - 0.07]), np.array([0.0, 0.03]))
    return Draft(parts, color, "metal", 1, 60.0, (top,))


def range_hood(rng: np.random.Generator) -> Draft:
    """A hood that hangs over a stove, with a duct up the wall behind it."""
    width, depth, tall = rng.uniform(0.58, 0.62), 0.46, rng.uniform(0.5, 0.7)
    rim = rounded_box(width, depth, 0.05, 0.004, steps=1)
    duct = rounded_box(0.26, 0.24, tall - 0.14, 0.004, steps=1).moved(y=depth / 2 - 0.12, z=0.14)
    low, high = (np.array([width, depth]) / 2, np.array([0.13, 0.12]))
    corners = np.array([(-1, 1), (-1, -1), (1, -1), (1, 1), (-1, 1)])
    back = depth / 2
    rings = [
        np.column_stack([corners * half + [0.0, back - half[1]], np.full(5, z)])
        for half, z in ((low, 0.05), (high, 0.15))
    ]
    hood = surface(np.repeat(np.stack(rings), 2, axis=1)[:, 1:-1])
    skin = _STEEL if rng.integers(3) else Material(None, rgba("e4e4e2"), 0.5, 0.6)
    lamps = [
        lathe([(0.0, -0.001), (0.03, -0.001)], 16).turned("x", 180).moved(s * 0.16, -0.08, -0.001) for s in (-1, 1)
    ]
    parts = (
        rim.tiled(0.5).part(skin),
        hood.tiled(1.0).part(skin),
        duct.tiled(0.5).part(skin),
        merge(*lamps).part(Material(None, rgba("fff3c9"), 0.2, 0.4), False),
    )
    return Draft(parts, "gray" if skin is _STEEL else "white", "metal", 1, 12.0)


def microwave(rng: np.random.Generator) -> Draft:
    """A microwave oven: window on the left, buttons on the right."""
    width, depth, height = rng.uniform(0.44, 0.5), rng.uniform(0.32, 0.37), rng.uniform(0.26, 0.29)
    color, tone = pick(rng, {"white": ("e6e5e1",), "black": ("2d2e31",), "gray": ("a5a8ab",), "red": ("a5362d",)})
    case = Material(None, rgba(tone), 0.5, 0.6)
    z, y = 0.012, -depth / 2 + 0.02
    body = rounded_box(width, depth - 0.02, height - z, 0.01, steps=2).moved(y=0.01, z=z)
    door = rounded_box(width * 0.74, 0.02, height - z - 0.012, 0.006, steps=1).moved(-width * 0.12, y - 0.01, z + 0.006)
    glass = rounded_box(width * 0.56, 0.004, height - 0.09, 0.002, steps=1).moved(-width * 0.15, y - 0.021, z + 0.04)
    panel = rounded_box(width * 0.2, 0.014, height - z - 0.012, 0.004, steps=1).moved(
        width * 0.385, y - 0.007, z + 0.006
    )
    screen = rounded_box(width * 0.14, 0.004, 0.03, 0.001, steps=1).moved(width * 0.385, y - 0.015, height - 0.06)
    keys = [
        lathe([(0.009, 0.0), (0.009, 0.004), (0.0, 0.005)], 12)
        .turned("x", 90)
        .moved(width * 0.385 + dx, y - 0.014, z + 0.05 + dz)
        for dx in (-0.026, 0.0, 0.026)
        for dz in (0.0, 0.032, 0.064, 0.096)
    ]
    pull = bar_handle(width * 0.21, y - 0.02, z + height * 0.47, height * 0.6, True)
    feet = [
        rounded_box(0.03, 0.03, z + 0.001, 0.002, steps=1).moved(sx * (width / 2 - 0.05), sy * (depth / 2 - 0.06))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    parts = (
        body.part(case),
        merge(*feet).part(_DARK),
        door.part(case, False),
        merge(glass, screen).part(_DARK, False),
        panel.part(Material(None, rgba("55585c" if color == "black" else "3b3d41"), 0.4, 0.5), False),
        merge(*keys).part(Material(None, rgba("d5d6d7"), 0.3, 0.4), False),
        pull.part(CHROME, False),
    )
    top = Support(height, "rectangle", np.array([width, depth - 0.02]) / 2 - 0.015, np.array([0.0, 0.01]))
    return Draft(parts, color, "metal", 1, 4.8, (top,))


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "kitchen-counter": Kind("kitchen counter", "橱柜台面", "个", "kitchen", counter, False, environments=_PLACES),
    "wall-cabinet": Kind("wall cabinet", "吊柜", "组", "kitchen", wall_cabinet, False, environments=_PLACES),
    "fridge": Kind("refrigerator", "冰箱", "台", "kitchen", fridge, False, environments=_PLACES),
    "range-hood": Kind("range hood", "抽油烟机", "台", "kitchen", range_hood, False, environments=_PLACES),
    "microwave": Kind("microwave", "微波炉", "台", "kitchen", microwave, environments=_PLACES),
}
