"""Useful furniture of offices, halls and kitchens: filing cabinet, kitchen cart, radiator, whiteboard, coat rack."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.joinery import BLACK, HANDLES, board, corner_legs, front, wood
from gsi_bench_hf.synth.assets.lamps import CHROME
from gsi_bench_hf.synth.assets.palette import pick, rgba
from gsi_bench_hf.synth.assets.shapes import ellipsoid, label, lathe, merge, rod, rounded_box

_WHITE = Material(None, rgba("e8e5de"), 0.25, 0.4)
_METALS = {"gray": ("a3a6a8", "85888b"), "white": ("e2e1dc",), "black": ("38393c",), "green": ("76907f",)}


def _top(width: float, depth: float, height: float, name: str = "top", clearance: float = float("inf")) -> Support:
    return Support(height, "rectangle", np.array([width, depth]) / 2 - 0.01, np.zeros(2), name, clearance)


def filing_cabinet(rng: np.random.Generator) -> Draft:
    """A metal cabinet of two to four drawers, with label holders."""
    color, tone = pick(rng, _METALS)
    paint, rows = Material(None, rgba(tone), 0.4, 0.5), int(rng.integers(2, 5))
    width, depth, drawer = rng.uniform(0.4, 0.46), rng.uniform(0.46, 0.56), rng.uniform(0.26, 0.3)
    height = rows * drawer + 0.05
    y = -depth / 2 + 0.018
    fronts = [front(width - 0.008, drawer - 0.008, (0, y, 0.03 + k * drawer), "flat") for k in range(rows)]
    pulls = [
        rounded_box(0.13, 0.022, 0.014, 0.004, steps=1).moved(0, y - 0.028, 0.03 + (k + 0.62) * drawer)
        for k in range(rows)
    ]
    cards = [label(0.07, 0.035).moved(0, y - 0.0185, 0.03 + (k + 0.74) * drawer) for k in range(rows)]
    parts = (
        board((width, depth - 0.018, height), (0, 0.009, 0), paint, bevel=0.004),
        merge(*fronts).part(paint, False),
        merge(*pulls).part(CHROME, False),
        merge(*cards).part(Material(None, rgba("f1efe8"), 0.1, 0.2), False),
    )
    return Draft(parts, color, "metal", 1, 25.0, (_top(width, depth - 0.03, height),))


def kitchen_cart(rng: np.random.Generator) -> Draft:
    """A trolley with a wooden top and two open shelves, a towel bar at its right."""
    width, depth, height, post = rng.uniform(0.55, 0.75), rng.uniform(0.4, 0.46), rng.uniform(0.84, 0.9), 0.035
    top = wood(rng, "oak", "birch", "walnut", "ash")
    frame = (top.material, _WHITE, BLACK)[int(rng.integers(3))]
    parts = [board((width, depth, 0.035), (0, 0, height - 0.035), top.material, bevel=0.005)]
    for sx in (-1, 1):
        for sy in (-1, 1):
            at = (sx * (width - post - 0.02) / 2, sy * (depth - post - 0.02) / 2, 0.05)
            parts.append(board((post, post, height - 0.084), at, frame, upright=True))
    inner = (width - 2 * post - 0.02, depth - 0.04)
    levels = (0.16, 0.5)
    parts += [board((width - 0.03, depth - 0.03, 0.02), (0, 0, z - 0.02), frame) for z in levels]
    wheel = lathe([(0.0, -0.012), (0.026, -0.012), (0.026, 0.012), (0.0, 0.012)], 16).turned("y", 90)
    corners = [(sx * (width - 0.055) / 2, sy * (depth - 0.055) / 2) for sx in (-1, 1) for sy in (-1, 1)]
    parts.append(merge(*(wheel.moved(x, y, 0.026) for x, y in corners)).part(BLACK, False))
    x = width / 2
    ends = [(x + 0.04, s * (depth / 2 - 0.05), height - 0.09) for s in (-1, 1)]
    bar = merge(
        rod(ends[0], ends[1], 0.007, 8), *(rod((x - 0.03, y, z), (x + 0.04, y, z), 0.006, 6) for _, y, z in ends)
    )
    parts.append(bar.part(CHROME, False))
    gaps = (levels[1] - 0.02 - levels[0], height - 0.035 - levels[1])
    shelves = [_top(*inner, z, "shelf", gap) for z, gap in zip(levels, gaps, strict=True)]
    return Draft(tuple(parts), top.color, top.word, 1, 20.0, (_top(width, depth, height), *shelves[::-1]))


def heater(rng: np.random.Generator) -> Draft:
    """A ribbed radiator on short feet, before a wall."""
    count, pitch, deep, height = int(rng.integers(9, 16)), 0.062, 0.1, rng.uniform(0.52, 0.62)
    rib = rounded_box(pitch - 0.012, deep, height - 0.08, 0.02, 0.02, steps=1)
    ribs = [rib.moved((k - (count - 1) / 2) * pitch, 0, 0.08) for k in range(count)]
    width = count * pitch
    pipes = [rod((-width / 2, 0, z), (width / 2, 0, z), 0.018, 8) for z in (0.13, height - 0.06)]
    feet = [rounded_box(0.03, 0.08, 0.09, 0.004, steps=1).moved(s * (width / 2 - 0.06)) for s in (-1, 1)]
    valve = lathe([(0.0, 0.0), (0.02, 0.0), (0.023, 0.05), (0.0, 0.055)], 12).moved(width / 2 + 0.03, 0, height - 0.09)
    core = rounded_box(width - 0.02, deep * 0.6, height - 0.09, 0.004, steps=1).moved(z=0.085)
    return Draft((core.part(_WHITE), merge(*ribs, *pipes, *feet, valve).part(_WHITE, False)), "white", "metal", 1, 25.0)


def whiteboard(rng: np.random.Generator) -> Draft:
    """A whiteboard in a metal frame with a tray of pens, its back on the wall's face."""
    width = rng.uniform(0.9, 1.4)
    height = width * rng.uniform(0.6, 0.7)
    panel = rounded_box(width, 0.014, height, 0.002, steps=1).moved(y=-0.007, z=0.03)
    bars = [rounded_box(width + 0.02, 0.02, 0.016, 0.004, steps=1).moved(0, -0.01, z) for z in (0.024, 0.024 + height)]
    bars += [rounded_box(0.016, 0.02, height, 0.004, steps=1).moved(s * width / 2, -0.01, 0.03) for s in (-1, 1)]
    tray = rounded_box(0.5 * width, 0.07, 0.012, 0.004, steps=1).moved(0, -0.045, 0.012)
    parts: list[Part] = [
        panel.part(Material(None, rgba("f4f4f2"), 0.5, 0.7)),
        merge(*bars, tray).part(Material(None, rgba("a9abad"), 0.6, 0.6), False),
    ]
    for k, tone in enumerate(("b9322c", "2f6db3", "2a2b2e")):
        pen = rod((0.08 * k - 0.12, -0.05, 0.031), (0.08 * k - 0.06, -0.05, 0.031), 0.007, 8)
        parts.append(pen.part(Material(None, rgba(tone), 0.4, 0.5), False))
    return Draft(tuple(parts), "white", "metal", 1, 8.0)


def coat_rack(rng: np.random.Generator) -> Draft:
    """A pole with pegs all round its upper end."""
    finish, height = wood(rng), rng.uniform(1.6, 1.75)
    pole = board((0.04, 0.04, height), (0, 0, 0.0), finish.material, upright=True, bevel=0.006)
    feet = corner_legs(0.05, 0.05, 0.16, 0.035, 0.03, finish.material, "round", 55.0)
    pegs, caps = [], []
    for k in range(8):
        z, angle = height - 0.06 - 0.26 * (k % 2), np.pi / 4 * k
        end = np.array([0.13 * np.cos(angle), 0.13 * np.sin(angle), z + 0.1])
        pegs.append(rod((0, 0, z), end, 0.009, 8))
        caps.append(ellipsoid(0.014, 0.014, 0.014, 10, 6).moved(*end))
    parts = [
        pole,
        *feet,
        merge(*pegs).part(finish.material, False),
        merge(*caps).part(HANDLES[int(rng.integers(3))], False),
    ]
    return Draft(tuple(parts), finish.color, finish.word, 4, 6.0)


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "filing-cabinet": Kind("filing cabinet", "文件柜", "个", "storage", filing_cabinet, False, environments=_PLACES),
    "kitchen-cart": Kind("kitchen cart", "厨房推车", "辆", "storage", kitchen_cart, False, environments=_PLACES),
    "heater": Kind("radiator", "暖气片", "组", "building", heater, False, environments=("room", "bathroom")),
    "whiteboard": Kind("whiteboard", "白板", "块", "building", whiteboard, False, environments=_PLACES),
    "coat-rack": Kind("coat rack", "衣帽架", "个", "building", coat_rack, False, False, _PLACES),
}
