"""Tables to work, eat and sit at."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Part, Support
from gsi_bench_hf.synth.assets.fixtures import WOOD_TILE_M
from gsi_bench_hf.synth.assets.joinery import (
    BLACK,
    HANDLES,
    board,
    corner_legs,
    front,
    knob,
    paint,
    wood,
    wood_or_paint,
)
from gsi_bench_hf.synth.assets.outlines import circle
from gsi_bench_hf.synth.assets.shapes import extrude, lathe, merge

_EDGE_M = 0.01


def _top(width: float, depth: float, height: float, name: str = "top", clearance: float = float("inf")) -> Support:
    return Support(
        height, "rectangle", np.array([width, depth]) / 2 - _EDGE_M, np.zeros(2), name=name, clearance_m=clearance
    )


def _apron(width: float, depth: float, height: float, tall: float, part_of: list[Part]) -> None:
    """Four rails under a top, of the material of the first part."""
    material = part_of[-1].material
    for s in (-1, 1):
        part_of.append(board((width, 0.02, tall), (0, s * depth / 2, height - tall), material, solid=False))
        part_of.append(board((0.02, depth, tall), (s * width / 2, 0, height - tall), material, solid=False))


def desk(rng: np.random.Generator) -> Draft:
    """A writing desk: a top on legs, with a block of drawers on one side or a flat drawer under the top."""
    width, depth, height, thick = rng.uniform(1.1, 1.6), rng.uniform(0.58, 0.72), rng.uniform(0.72, 0.76), 0.028
    finish = wood_or_paint(rng, 0.25)
    under = height - thick
    parts = [board((width, depth, thick), (0, 0, under), finish.material, bevel=0.004)]
    style = int(rng.integers(3))
    if style == 0:  # panels for legs and a block of drawers
        side = 1 if rng.integers(2) else -1
        wide = 0.4
        panel = board((0.025, depth - 0.04, under), (-side * (width / 2 - 0.03), 0, 0), finish.material, upright=True)
        x = side * (width / 2 - wide / 2 - 0.02)
        block = board((wide, depth - 0.06, under - 0.03), (x, 0, 0.03), finish.material, upright=True)
        foot = board((wide - 0.04, depth - 0.1, 0.031), (x, 0, 0), BLACK)
        tall = (under - 0.03 - 0.004) / 3
        y = -(depth - 0.06) / 2
        drawers = [front(wide - 0.008, tall - 0.004, (x, y, 0.034 + k * tall), "flat") for k in range(3)]
        pulls = [knob(x, y - 0.018, 0.034 + (k + 0.55) * tall) for k in range(3)]
        parts += [panel, block, foot, merge(*drawers).part(finish.material, False)]
        parts.append(merge(*pulls).part(HANDLES[int(rng.integers(3))], False))
        brace = board(
            (width - wide - 0.08, 0.018, 0.3), (-side * wide / 2, depth / 2 - 0.08, under - 0.3), finish.material
        )
        parts.append(brace)
    else:
        metal = style == 1
        legs = BLACK if metal else (finish if finish.word == "wooden" else wood(rng)).material
        size = 0.04 if metal else 0.05
        parts += corner_legs(width - 0.1, depth - 0.1, under, size, size if metal else 0.032, legs)
        _apron(width - 0.1, depth - 0.1, under, 0.05 if metal else 0.08, parts)
        if not metal:
            face = front(0.45 * width, 0.07, (0, -depth / 2 + 0.04, under - 0.075), "groove", 0.012)
            parts.append(face.part(finish.material, False))
            parts.append(knob(0, -depth / 2 + 0.028, under - 0.04).part(HANDLES[int(rng.integers(3))], False))
    return Draft(tuple(parts), finish.color, finish.word, 1, 30.0, (_top(width, depth, height),))


def coffee_table(rng: np.random.Generator) -> Draft:
    """A low table before a sofa: square-legged with a shelf below, or round."""
    height, thick = rng.uniform(0.38, 0.46), 0.028
    finish = wood_or_paint(rng, 0.2)
    under = height - thick
    if rng.integers(3) == 0:
        radius = rng.uniform(0.35, 0.48)
        top = extrude(circle(radius, 48), thick, 0.006, 2).moved(z=under).tiled(*WOOD_TILE_M)
        parts = [top.part(finish.material)]
        legs = finish.material if finish.word == "wooden" else wood(rng).material
        parts += corner_legs(1.1 * radius, 1.1 * radius, under, 0.045, 0.026, legs, "round", 8.0)
        disc = Support(height, "disc", np.full(2, radius - _EDGE_M))
        return Draft(tuple(parts), finish.color, finish.word, 4, 12.0, (disc,))
    width, depth = rng.uniform(0.85, 1.25), rng.uniform(0.5, 0.65)
    parts = [board((width, depth, thick), (0, 0, under), finish.material, bevel=0.005)]
    metal = rng.integers(2) == 0
    legs = BLACK if metal else finish.material
    parts += corner_legs(width - 0.08, depth - 0.08, under, 0.03 if metal else 0.055, 0.03 if metal else 0.05, legs)
    supports = [_top(width, depth, height)]
    if rng.integers(3):
        low = rng.uniform(0.1, 0.14)
        parts.append(board((width - 0.09, depth - 0.09, 0.02), (0, 0, low), finish.material))
        supports.append(_top(width - 0.14, depth - 0.14, low + 0.02, "shelf", under - low - 0.02))
    else:
        _apron(width - 0.08, depth - 0.08, under, 0.06, parts)
    return Draft(tuple(parts), finish.color, finish.word, 2, 15.0, tuple(supports))


def dining_table(rng: np.random.Generator) -> Draft:
    """A table for four to six."""
    width, depth, height, thick = rng.uniform(1.2, 1.8), rng.uniform(0.78, 0.92), rng.uniform(0.73, 0.76), 0.032
    finish = wood_or_paint(rng, 0.15)
    under = height - thick
    parts = [board((width, depth, thick), (0, 0, under), finish.material, bevel=0.005)]
    legs = finish if rng.integers(3) else paint(rng, "white", "black")
    style = "round" if rng.integers(3) == 0 else "square"
    parts += corner_legs(width - 0.13, depth - 0.13, under, 0.07, 0.045, legs.material, style)
    _apron(width - 0.16, depth - 0.16, under, 0.08, parts)
    return Draft(tuple(parts), finish.color, finish.word, 2, 35.0, (_top(width, depth, height),))


def side_table(rng: np.random.Generator) -> Draft:
    """A little table beside a sofa or an armchair."""
    height, finish = rng.uniform(0.48, 0.6), wood_or_paint(rng, 0.3)
    thick = 0.022
    under = height - thick
    if rng.integers(2):
        radius = rng.uniform(0.2, 0.26)
        top = extrude(circle(radius, 40), thick, 0.005, 2).moved(z=under).tiled(*WOOD_TILE_M)
        parts = [top.part(finish.material)]
        legs = BLACK if rng.integers(2) else wood(rng).material
        if rng.integers(2):
            parts += corner_legs(radius, radius, under, 0.03, 0.02, legs, "round", 7.0)
            turns = 4
        else:
            foot = lathe([(0, 0), (0.75 * radius, 0), (0.75 * radius, 0.012), (0.02, 0.02), (0.0, 0.02)], 32)
            metal = HANDLES[int(rng.integers(3))]
            parts.append(foot.part(metal))
            parts.append(lathe([(0.0, 0.015), (0.016, 0.015), (0.016, under), (0.0, under)], 16).part(metal))
            turns = 4
        disc = Support(height, "disc", np.full(2, radius - _EDGE_M))
        return Draft(tuple(parts), finish.color, finish.word, turns, 5.0, (disc,))
    width, depth = rng.uniform(0.38, 0.5), rng.uniform(0.38, 0.5)
    parts = [board((width, depth, thick), (0, 0, under), finish.material, bevel=0.004)]
    parts += corner_legs(width - 0.05, depth - 0.05, under, 0.032, 0.028, finish.material)
    low = 0.14
    parts.append(board((width - 0.06, depth - 0.06, 0.016), (0, 0, low), finish.material))
    shelf = _top(width - 0.09, depth - 0.09, low + 0.016, "shelf", under - low - 0.016)
    return Draft(tuple(parts), finish.color, finish.word, 2, 7.0, (_top(width, depth, height), shelf))


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "desk": Kind("desk", "书桌", "张", "tables", desk, False, environments=_PLACES),
    "coffee-table": Kind("coffee table", "茶几", "张", "tables", coffee_table, False, environments=_PLACES),
    "dining-table": Kind("dining table", "餐桌", "张", "tables", dining_table, False, environments=_PLACES),
    "side-table": Kind("side table", "边几", "张", "tables", side_table, False, environments=_PLACES),
}
