"""Furniture that holds things: shelves, chests of drawers, sideboards, wardrobes."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.joinery import (
    BLACK,
    HANDLES,
    Finish,
    bar_handle,
    board,
    corner_legs,
    front,
    knob,
    paint,
    upended,
    wood,
    wood_or_paint,
)
from gsi_bench_hf.synth.assets.shapes import Shape, merge, rod

_GAP_M = 0.004
FRONT_M = 0.018
"""Thickness of doors and drawer fronts."""


def _rectangle(
    width: float, depth: float, height: float, name: str = "top", clearance: float = float("inf"), y: float = 0.0
) -> Support:
    return Support(height, "rectangle", np.array([width, depth]) / 2, np.array([0.0, y]), name, clearance)


def _shelves(width: float, depth: float, levels: list[float], thick: float, top_m: float) -> list[Support]:
    """The boards whose upper faces are at `levels`, the highest first after the top; named from what lies above them."""
    ordered = sorted(levels)
    found = []
    for low, high in zip(ordered, [*(z - thick for z in ordered[1:]), top_m - thick], strict=True):
        found.append(_rectangle(width, depth, low, "shelf", high - low))
    return found[::-1]


def bookshelf(rng: np.random.Generator) -> Draft:
    """A tall or half-high bookcase with a back."""
    finish, width, depth = wood_or_paint(rng), rng.uniform(0.7, 1.0), rng.uniform(0.28, 0.34)
    tall, thick = rng.uniform() < 0.65, 0.022
    count = int(rng.integers(5, 7)) if tall else 3
    foot, gap = 0.06, rng.uniform(0.31, 0.36)
    height = foot + count * gap + thick
    inner = width - 2 * thick
    levels = [foot + thick + i * gap for i in range(count)]
    parts = [
        board((thick, depth, height), (s * (width - thick) / 2, 0, 0), finish.material, upright=True) for s in (-1, 1)
    ]
    parts += [board((inner, depth - 0.012, thick), (0, 0, z - thick), finish.material) for z in levels]
    parts.append(board((inner, depth, thick), (0, 0, height - thick), finish.material))
    parts.append(board((inner, 0.008, height - foot), (0, depth / 2 - 0.004, foot), finish.material, upright=True))
    parts.append(board((inner, 0.015, foot), (0, -depth / 2 + 0.03, 0), finish.material))
    supports = (
        _rectangle(width, depth, height),
        *_shelves(inner - 0.01, depth - 0.03, levels, thick, height),
    )
    return Draft(tuple(parts), finish.color, finish.word, 1, 30.0, supports)


def open_shelf(rng: np.random.Generator) -> Draft:
    """A rack of boards on a metal frame, open on all sides."""
    finish, width, depth = wood(rng), rng.uniform(0.6, 0.95), rng.uniform(0.3, 0.38)
    count, gap, thick = int(rng.integers(3, 6)), rng.uniform(0.3, 0.38), 0.024
    height, post = 0.12 + (count - 1) * gap + 0.02, 0.022
    levels = [0.12 + i * gap for i in range(count)]
    frame = BLACK if rng.integers(3) else Material(None, (0.85, 0.84, 0.81, 1.0), 0.4, 0.5)
    parts = [board((width, depth, thick), (0, 0, z - thick), finish.material) for z in levels]
    for sx in (-1, 1):
        for sy in (-1, 1):
            at = (sx * (width - post) / 2, sy * (depth - post) / 2)
            parts.append(board((post, post, height), (at[0], at[1], 0), frame, bevel=0.001))
    braces = [
        rod((-width / 2, depth / 2 - post / 2, 0.12), (width / 2, depth / 2 - post / 2, levels[1] - thick), 0.004, 6),
        rod((width / 2, depth / 2 - post / 2, 0.12), (-width / 2, depth / 2 - post / 2, levels[1] - thick), 0.004, 6),
    ]
    parts.append(merge(*braces).part(frame, False))
    inside = (width - 2 * post - 0.01, depth - 0.02)
    shelves = _shelves(*inside, levels[:-1], thick, levels[-1])
    return Draft(tuple(parts), finish.color, finish.word, 2, 20.0, (_rectangle(*inside, levels[-1]), *shelves))


def _cabinet(width: float, depth: float, low: float, high: float, finish: Finish, lid: Finish) -> list[Part]:
    """A closed body from `low` up to a lid whose upper face is at `high`; its front face at -depth / 2 + FRONT_M."""
    body = board((width, depth - FRONT_M, high - low - 0.022), (0, FRONT_M / 2, low), finish.material, upright=True)
    top = board((width + 0.012, depth + 0.008, 0.022), (0, -0.004, high - 0.022), lid.material, bevel=0.004)
    return [body, top]


def _drawers(
    width: float, low: float, high: float, rows: int, columns: int, y: float, style: str
) -> tuple[list[Shape], list[tuple[float, float, float, float]]]:
    """Fronts in rows and columns on the plane y, and where their middles are: x, y, z, and width of each."""
    wide, tall = (width - _GAP_M) / columns - _GAP_M, (high - low - _GAP_M) / rows - _GAP_M
    fronts, middles = [], []
    for row in range(rows):
        for column in range(columns):
            x = (column - (columns - 1) / 2) * (wide + _GAP_M)
            z = low + _GAP_M + row * (tall + _GAP_M)
            fronts.append(front(wide, tall, (x, y, z), style, FRONT_M))
            middles.append((x, y - FRONT_M, z + tall / 2, wide))
    return fronts, middles


def _pulls(middles: list[tuple[float, float, float, float]], style: str) -> list[Shape]:
    """Handles in the middles of drawers: "knob", "pair" or "bar"."""
    shapes: list[Shape] = []
    for x, y, z, wide in middles:
        if style == "bar":
            shapes.append(bar_handle(x, y, z, min(0.16, 0.4 * wide)))
        else:
            apart = (-0.28, 0.28) if style == "pair" and wide > 0.5 else (0.0,)
            shapes += [knob(x + a * wide, y, z) for a in apart]
    return shapes


def _chest(
    rng: np.random.Generator, width: float, depth: float, height: float, rows: int, columns: int, foot: float
) -> tuple[list[Part], Finish]:
    """A chest of drawers on feet: its parts and what it is made of."""
    finish = wood_or_paint(rng, 0.5)
    lid = wood(rng) if finish.word == "painted" and rng.integers(2) else finish
    style = ("flat", "groove", "frame")[int(rng.integers(3))]
    parts = _cabinet(width, depth, foot, height, finish, lid)
    fronts, middles = _drawers(width, foot, height - 0.022, rows, columns, -depth / 2 + FRONT_M, style)
    parts.append(merge(*fronts).part(finish.material, False))
    pull = ("knob", "pair", "bar")[int(rng.integers(3))]
    metal = HANDLES[int(rng.integers(3))]
    parts.append(merge(*_pulls(middles, pull)).part(metal, False))
    legs = "round" if rng.integers(2) else "square"
    parts += corner_legs(width - 0.08, depth - 0.08, foot + 0.001, 0.045, 0.03, lid.material, legs)
    return parts, finish


def dresser(rng: np.random.Generator) -> Draft:
    """A chest of drawers as high as a hip."""
    width, depth = rng.uniform(0.75, 1.4), rng.uniform(0.42, 0.5)
    rows, columns = int(rng.integers(3, 5)), 2 if width > 1.0 else 1
    height = rng.uniform(0.76, 0.95)
    parts, finish = _chest(rng, width, depth, height, rows, columns, rng.uniform(0.06, 0.14))
    return Draft(tuple(parts), finish.color, finish.word, 1, 40.0, (_rectangle(width, depth, height),))


def _doors(width: float, low: float, high: float, count: int, y: float, style: str) -> tuple[list[Shape], list[Shape]]:
    """Doors side by side on the plane y, and their handles, in pairs."""
    wide = (width - _GAP_M) / count - _GAP_M
    doors, handles = [], []
    for k in range(count):
        x = (k - (count - 1) / 2) * (wide + _GAP_M)
        doors.append(front(wide, high - low - 2 * _GAP_M, (x, y, low + _GAP_M), style, FRONT_M))
        side = 1.0 if k % 2 == 0 else -1.0
        at = min(low + 0.62 * (high - low), 1.05)
        handles.append(bar_handle(x + side * (wide / 2 - 0.035), y - FRONT_M, at, min(0.16, 0.3 * (high - low)), True))
    return doors, handles


def sideboard(rng: np.random.Generator) -> Draft:
    """A long low cupboard on legs, with doors."""
    width, depth, height = rng.uniform(1.3, 1.8), rng.uniform(0.4, 0.46), rng.uniform(0.72, 0.86)
    foot, finish = rng.uniform(0.12, 0.2), wood_or_paint(rng, 0.3)
    style = ("flat", "frame", "groove")[int(rng.integers(3))]
    parts = _cabinet(width, depth, foot, height, finish, finish)
    doors, handles = _doors(width, foot, height - 0.022, 4 if width > 1.5 else 3, -depth / 2 + FRONT_M, style)
    parts.append(merge(*doors).part(finish.material, False))
    parts.append(merge(*handles).part(HANDLES[int(rng.integers(3))], False))
    legs = wood(rng, "oak", "walnut", "teak").material if rng.integers(2) else BLACK
    parts += corner_legs(width - 0.2, depth - 0.12, foot + 0.001, 0.04, 0.022, legs, "round", 6.0)
    return Draft(tuple(parts), finish.color, finish.word, 1, 45.0, (_rectangle(width, depth, height),))


def tv_stand(rng: np.random.Generator) -> Draft:
    """A low bench for a television: closed at the sides, an open shelf in the middle."""
    width, depth, height = rng.uniform(1.2, 1.8), rng.uniform(0.38, 0.45), rng.uniform(0.42, 0.56)
    finish, foot, thick = wood_or_paint(rng, 0.35), rng.uniform(0.08, 0.14), 0.022
    wing = 0.3 * width
    parts = [board((width, depth, thick), (0, 0, height - thick), finish.material, bevel=0.003)]
    boxes = [board((wing, depth - FRONT_M, height - thick - foot), (s * (width - wing) / 2, FRONT_M / 2, foot),
                   finish.material, upright=True) for s in (-1, 1)]  # fmt: skip
    middle = width - 2 * wing
    shelf = board((middle, depth - 0.02, thick), (0, 0.01, foot), finish.material)
    back = board((middle, 0.01, height - foot - thick), (0, depth / 2 - 0.005, foot), finish.material)
    style = ("flat", "groove", "frame")[int(rng.integers(3))]
    tall = height - thick - foot - 2 * _GAP_M
    y = -depth / 2 + FRONT_M
    doors = [front(wing - _GAP_M, tall, (s * (width - wing) / 2, y, foot + _GAP_M), style, FRONT_M) for s in (-1, 1)]
    pulls = [knob(s * (width / 2 - wing + 0.04), y - FRONT_M, foot + 0.6 * tall, 0.012) for s in (-1, 1)]
    parts += [*boxes, shelf, back, merge(*doors).part(finish.material, False)]
    parts.append(merge(*pulls).part(HANDLES[int(rng.integers(3))], False))
    parts += corner_legs(
        width - 0.2, depth - 0.1, foot + 0.001, 0.04, 0.025, wood(rng, "oak", "walnut").material, "round"
    )
    inside = _rectangle(middle - 0.01, depth - 0.05, foot + thick, "shelf", height - 2 * thick - foot)
    return Draft(tuple(parts), finish.color, finish.word, 1, 35.0, (_rectangle(width, depth, height), inside))


def wardrobe(rng: np.random.Generator) -> Draft:
    """A wardrobe with two or three doors."""
    count = int(rng.integers(2, 4))
    width, depth, height = count * rng.uniform(0.45, 0.55), rng.uniform(0.55, 0.6), rng.uniform(1.9, 2.15)
    finish = wood_or_paint(rng, 0.55)
    style = ("flat", "frame", "frame", "groove")[int(rng.integers(4))]
    foot = 0.07
    parts = _cabinet(width, depth, foot, height, finish, finish)
    doors, handles = _doors(width, foot, height - 0.022, count, -depth / 2 + FRONT_M, style)
    parts.append(merge(*(upended(door) for door in doors)).part(finish.material, False))
    parts.append(merge(*handles).part(HANDLES[int(rng.integers(3))], False))
    parts.append(board((width - 0.02, depth - 0.06, foot + 0.001), (0, 0.02, 0), finish.material))
    return Draft(tuple(parts), finish.color, finish.word, 1, 80.0, (_rectangle(width, depth, height),))


def nightstand(rng: np.random.Generator) -> Draft:
    """A bedside cabinet: a drawer over an open shelf, or two drawers."""
    width, depth, height = rng.uniform(0.4, 0.52), rng.uniform(0.36, 0.42), rng.uniform(0.48, 0.6)
    if rng.integers(2):
        parts, finish = _chest(rng, width, depth, height, 2, 1, rng.uniform(0.08, 0.16))
        return Draft(tuple(parts), finish.color, finish.word, 1, 12.0, (_rectangle(width, depth, height),))
    finish, thick, drawer = wood_or_paint(rng, 0.4), 0.018, 0.14
    low = rng.uniform(0.1, 0.16)
    parts = [
        board((thick, depth, height), (s * (width - thick) / 2, 0, 0), finish.material, upright=True) for s in (-1, 1)
    ]
    inner = width - 2 * thick
    parts.append(board((width + 0.012, depth + 0.008, 0.02), (0, -0.004, height), finish.material, bevel=0.004))
    parts.append(board((inner, depth - 0.02, drawer), (0, 0.01, height - drawer), finish.material))
    parts.append(board((inner, depth - 0.01, thick), (0, 0, low), finish.material))
    parts.append(board((inner, 0.008, height - low - drawer), (0, depth / 2 - 0.004, low), finish.material))
    face = front(inner - 0.006, drawer - 0.008, (0, -depth / 2 + 0.016, height - drawer + 0.004), "groove", 0.016)
    parts.append(face.part(finish.material, False))
    parts.append(knob(0, -depth / 2, height - drawer / 2).part(HANDLES[int(rng.integers(3))], False))
    shelf = _rectangle(inner - 0.01, depth - 0.04, low + thick, "shelf", height - drawer - low - thick)
    return Draft(tuple(parts), finish.color, finish.word, 1, 10.0, (_rectangle(width, depth, height + 0.02), shelf))


def wall_shelf(rng: np.random.Generator) -> Draft:
    """A board on two brackets, hung on a wall behind it."""
    width, depth, thick = rng.uniform(0.6, 1.1), rng.uniform(0.2, 0.26), 0.026
    finish = wood(rng) if rng.integers(3) else paint(rng, "white", "black")
    metal, wall_y = HANDLES[int(rng.integers(1, 3))], depth / 2 - 0.006
    parts = [board((width, depth, thick), (0, 0, 0.14), finish.material, bevel=0.003)]
    for x in (0.12 - width / 2, width / 2 - 0.12):
        upright = rod((x, wall_y, 0.006), (x, wall_y, 0.14), 0.006, 8)
        brace = rod((x, wall_y, 0.012), (x, 0.04 - depth / 2, 0.134), 0.005, 8)
        parts.append(merge(upright, brace).part(metal))
    return Draft(tuple(parts), finish.color, finish.word, 1, 4.0, (_rectangle(width, depth, 0.14 + thick),))


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "bookshelf": Kind("bookshelf", "书架", "个", "storage", bookshelf, False, environments=_PLACES),
    "open-shelf": Kind("shelf rack", "置物架", "个", "storage", open_shelf, False, environments=_PLACES),
    "dresser": Kind("dresser", "斗柜", "个", "storage", dresser, False, environments=_PLACES),
    "sideboard": Kind("sideboard", "餐边柜", "个", "storage", sideboard, False, environments=_PLACES),
    "tv-stand": Kind("TV stand", "电视柜", "个", "storage", tv_stand, False, environments=_PLACES),
    "wardrobe": Kind("wardrobe", "衣柜", "个", "storage", wardrobe, False, environments=_PLACES),
    "nightstand": Kind("nightstand", "床头柜", "个", "storage", nightstand, False, environments=_PLACES),
    "wall-shelf": Kind("wall shelf", "壁架", "个", "storage", wall_shelf, False, environments=_PLACES),
}
