"""What one sits on."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Part, Support
from gsi_bench_hf.synth.assets.joinery import BLACK, board, corner_legs, paint, wood
from gsi_bench_hf.synth.assets.shapes import Shape
from gsi_bench_hf.synth.assets.upholstery import CLOTH_TILE_M, Cover, padded, upholstered


def _seat(width: float, depth: float, height: float, y: float = 0.0) -> Support:
    return Support(height, "rectangle", np.array([width, depth]) / 2, np.array([0.0, y]), "seat")


def _soft(shape: Shape, cover: Cover) -> Part:
    return shape.tiled(CLOTH_TILE_M).part(cover.material)


def _couch(rng: np.random.Generator, seats: int, wide: float) -> Draft:
    """A sofa or armchair of `seats` cushions, each `wide`."""
    cover = upholstered(rng)
    depth, seat_m, arm = rng.uniform(0.82, 0.95), rng.uniform(0.42, 0.46), rng.uniform(0.13, 0.2)
    arm_m, back_m, foot = seat_m + rng.uniform(0.12, 0.2), seat_m + rng.uniform(0.36, 0.44), rng.uniform(0.07, 0.14)
    inner = seats * wide
    width = inner + 2 * arm
    cushion, back = 0.15, 0.2
    parts = [
        _soft(padded(inner, depth - 0.04, seat_m - cushion - foot + 0.01, 0.02).moved(y=0.01, z=foot), cover),
        _soft(padded(width - 0.04, 0.16, back_m - 0.06 - foot, 0.05).moved(y=depth / 2 - 0.08, z=foot), cover),
    ]
    roundness = rng.uniform(0.03, 0.065)
    for s in (-1, 1):
        block = padded(arm, depth, arm_m - foot, roundness, (0.008, 0.0, 0.01)).moved(s * (width - arm) / 2, 0, foot)
        parts.append(_soft(block, cover))
    for k in range(seats):
        x = (k - (seats - 1) / 2) * wide
        seat = padded(wide - 0.008, depth - back - 0.02, cushion, 0.04, (0.0, 0.01, 0.012), flat=8.0)
        parts.append(_soft(seat.moved(x, -back / 2 - 0.01, seat_m - cushion - 0.012), cover))
        rest = padded(wide - 0.012, 0.2, back_m - seat_m + 0.03, 0.06, (0.0, 0.035, 0.01), flat=3.0).turned("x", -10.0)
        parts.append(_soft(rest.moved(x, depth / 2 - back - 0.02, seat_m - 0.01), cover))
    legs = wood(rng, "oak", "walnut", "ebony").material if rng.integers(2) else BLACK
    parts += corner_legs(width - 0.14, depth - 0.14, foot + 0.002, 0.045, 0.03, legs, "round")
    flat = _seat(inner - 0.1, depth - back - 0.16, seat_m, -back / 2 - 0.03)
    return Draft(tuple(parts), cover.color, cover.word, 1, 25.0 * (seats + 1), (flat,))


def sofa(rng: np.random.Generator) -> Draft:
    """A sofa for two or three."""
    seats = int(rng.integers(2, 4))
    return _couch(rng, seats, rng.uniform(0.58, 0.66))


def armchair(rng: np.random.Generator) -> Draft:
    """A sofa for one."""
    return _couch(rng, 1, rng.uniform(0.54, 0.62))


def chair(rng: np.random.Generator) -> Draft:
    """A dining chair: four legs, a seat of wood or padded, a back of slats, rails or a board."""
    finish = wood(rng) if rng.uniform() < 0.65 else paint(rng)
    width, depth, seat_m = rng.uniform(0.4, 0.46), rng.uniform(0.4, 0.44), rng.uniform(0.43, 0.46)
    height, bar = seat_m + rng.uniform(0.4, 0.5), 0.036
    wide, deep = width - bar, depth - bar
    parts = [
        board((bar, bar, seat_m - 0.02), (s * wide / 2, -deep / 2, 0), finish.material, upright=True) for s in (-1, 1)
    ]
    posts = [board((bar, bar, height), (s * wide / 2, deep / 2, 0), finish.material, upright=True) for s in (-1, 1)]
    parts += posts
    parts.append(board((width, depth, 0.022), (0, -0.004, seat_m - 0.022), finish.material, bevel=0.006))
    for s in (-1, 1):
        parts.append(board((0.018, deep - bar, 0.05), (s * wide / 2, 0, seat_m - 0.072), finish.material, solid=False))
        parts.append(board((wide - bar, 0.018, 0.05), (0, s * deep / 2, seat_m - 0.072), finish.material, solid=False))
        parts.append(board((0.016, deep - bar, 0.025), (s * wide / 2, 0, 0.16), finish.material, solid=False))
    y, inner = deep / 2, wide - bar + 0.004
    style = int(rng.integers(3))
    top = board((inner, 0.022, 0.075), (0, y, height - 0.085), finish.material, bevel=0.006)
    parts.append(top)
    if style == 0:
        parts += [
            board((0.03, 0.012, height - seat_m - 0.12), ((k - 2) * inner / 5.2, y, seat_m + 0.05), finish.material,
                  upright=True, solid=False)
            for k in range(5)
        ]  # fmt: skip
        parts.append(board((inner, 0.018, 0.03), (0, y, seat_m + 0.03), finish.material, solid=False))
    elif style == 1:
        parts += [board((inner, 0.016, 0.055), (0, y, seat_m + dz), finish.material) for dz in (0.09, 0.21)]
    else:
        parts.append(board((inner, 0.014, height - seat_m - 0.2), (0, y, seat_m + 0.1), finish.material, upright=True))
    carried, color, word = seat_m, finish.color, finish.word
    if rng.integers(2):
        cover = upholstered(rng, 0.3)
        pad = padded(width - 0.02, depth - 0.05, 0.045, 0.02, (0, 0, 0.006), flat=8.0).moved(0, -0.015, seat_m)
        parts.append(_soft(pad, cover))
        carried = seat_m + 0.051
    return Draft(tuple(parts), color, word, 1, 4.5, (_seat(width - 0.12, depth - 0.16, carried, -0.02),))


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "sofa": Kind("sofa", "沙发", "张", "seating", sofa, False, environments=_PLACES),
    "armchair": Kind("armchair", "单人沙发", "张", "seating", armchair, False, environments=_PLACES),
    "chair": Kind("chair", "椅子", "把", "seating", chair, environments=_PLACES),
}
