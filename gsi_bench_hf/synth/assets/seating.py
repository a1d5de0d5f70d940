"""What one sits on."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.fixtures import WOOD_TILE_M
from gsi_bench_hf.synth.assets.joinery import BLACK, board, corner_legs, paint, wood
from gsi_bench_hf.synth.assets.lamps import CHROME
from gsi_bench_hf.synth.assets.outlines import circle, curve
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, lathe, merge, rod, rounded_box, tube
from gsi_bench_hf.synth.assets.upholstery import CLOTH_TILE_M, Cover, padded, upholstered

_CUSHION_M = 0.15
"""Thickness of a sofa's seat cushion."""


def _seat(width: float, depth: float, height: float, y: float = 0.0) -> Support:
    return Support(height, "rectangle", np.array([width, depth]) / 2, np.array([0.0, y]), "seat")


def _soft(shape: Shape, cover: Cover) -> Part:
    return shape.tiled(CLOTH_TILE_M).part(cover.material)


def _arms(
    style: str, size_m: tuple[float, float, float], x: float, foot: float, cover: Cover, timber: Material
) -> list[Part]:
    """Both arms of a sofa, of a size (width, depth, height of the upper edge), their middles `x` from the sofa's.

    "box" and "rolled" are padded from `foot` up, "wooden" is a frame of boards.
    """
    wide, depth, high = size_m
    parts = []
    for s in (-1, 1):
        if style == "wooden":
            rest = board((wide, depth - 0.04, 0.035), (s * x, 0, high - 0.035), timber, bevel=0.008)
            posts = [(s * x, y, 0.0) for y in (-depth / 2 + 0.07, depth / 2 - 0.08)]
            parts += [rest, *(board((0.045, 0.06, high - 0.034), at, timber, upright=True) for at in posts)]
        else:
            bevel = 0.49 * wide if style == "rolled" else min(0.05, 0.35 * wide)
            block = padded(wide, depth, high - foot, bevel, (0.012 if style == "rolled" else 0.006, 0.0, 0.008))
            parts.append(_soft(block.moved(s * x, 0, foot), cover))
    return parts


def _cushions(
    rng: np.random.Generator, cover: Cover, inner: float, seats: int, depth: float, seat_m: float, back_m: float
) -> list[Part]:
    """Seat cushions, or one along the whole seat, and back cushions that lean."""
    parts = []
    below = 1 if rng.integers(3) == 0 else seats
    for k in range(below):
        wide = inner / below
        seat = padded(wide - 0.008, depth - 0.22, _CUSHION_M, 0.04, (0.0, 0.01, 0.012), flat=8.0)
        parts.append(_soft(seat.moved((k - (below - 1) / 2) * wide, -0.11, seat_m - _CUSHION_M - 0.012), cover))
    soft = rng.uniform(0.02, 0.045)
    for k in range(seats):
        wide = inner / seats
        rest = padded(wide - 0.012, 0.19, back_m - seat_m + 0.03, 0.06, (0.0, soft, 0.01), flat=3.0).turned("x", -10.0)
        parts.append(_soft(rest.moved((k - (seats - 1) / 2) * wide, depth / 2 - 0.22, seat_m - 0.01), cover))
    return parts


def _couch(rng: np.random.Generator, seats: int, wide: float) -> Draft:
    """A sofa or armchair of `seats` places, each `wide`."""
    cover, style = upholstered(rng), ("box", "box", "rolled", "wooden")[int(rng.integers(4))]
    depth, seat_m = rng.uniform(0.82, 0.95), rng.uniform(0.42, 0.46)
    arm = {"box": rng.uniform(0.12, 0.2), "rolled": rng.uniform(0.17, 0.21), "wooden": 0.07}[style]
    arm_m, back_m, foot = seat_m + rng.uniform(0.12, 0.2), seat_m + rng.uniform(0.36, 0.44), rng.uniform(0.07, 0.14)
    timber = wood(rng, "oak", "walnut", "teak", "ash").material
    inner = seats * wide
    width = inner + 2 * arm
    back_wide = width - 0.04 if style != "wooden" else inner
    parts = [
        _soft(
            padded(inner, depth - 0.04, seat_m - _CUSHION_M - foot + 0.01, 0.02, cells=1).moved(y=0.01, z=foot), cover
        ),
        _soft(padded(back_wide, 0.16, back_m - 0.06 - foot, 0.05).moved(y=depth / 2 - 0.08, z=foot), cover),
        *_arms(style, (arm, depth, arm_m), (width - arm) / 2, foot, cover, timber),
        *_cushions(rng, cover, inner, seats, depth, seat_m, back_m),
    ]
    if style != "wooden":
        legs = timber if rng.integers(2) else BLACK
        parts += corner_legs(width - 0.14, depth - 0.14, foot + 0.002, 0.045, 0.03, legs, "round")
    flat = _seat(inner - 0.1, depth - 0.46, seat_m, -0.18)
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


def _star(metal: Material, height: float, reach: float) -> Part:
    """Five arms on castors and the column in their middle, as one solid."""
    pieces = []
    for k in range(5):
        angle = 2 * np.pi * k / 5 + np.pi / 2
        x, y = np.cos(angle), np.sin(angle)
        pieces.append(rod((0.02 * x, 0.02 * y, 0.105), (reach * x, reach * y, 0.07), 0.017, 8))
        wheel = lathe([(0.0, -0.018), (0.024, -0.018), (0.028, -0.01), (0.028, 0.01), (0.024, 0.018), (0.0, 0.018)], 14)
        pieces.append(wheel.turned("y", 90).turned("z", np.rad2deg(angle)).moved(reach * x, reach * y, 0.028))
    pieces.append(lathe([(0.0, 0.07), (0.035, 0.07), (0.035, 0.13), (0.022, 0.14), (0.022, height), (0.0, height)], 16))
    return merge(*pieces).part(metal)


def office_chair(rng: np.random.Generator) -> Draft:
    """A swivel chair on castors, with arms or without."""
    cover = upholstered(rng, 0.2, "black", "gray", "blue", "green", "red")
    metal = (BLACK, CHROME)[int(rng.integers(2))]
    seat_m, width = rng.uniform(0.44, 0.48), rng.uniform(0.46, 0.5)
    tall = rng.uniform(0.42, 0.62)
    seat = padded(width, 0.46, 0.075, 0.034, (0, 0, 0.006), flat=8.0).moved(z=seat_m - 0.081)
    back = (
        padded(width - 0.05, 0.06, tall, 0.028, (0.0, 0.012, 0.0), flat=3.0)
        .turned("x", -8)
        .moved(y=0.235, z=seat_m + 0.1)
    )
    spine = tube(
        [(0, 0.1, seat_m - 0.09), (0, 0.25, seat_m - 0.07), (0, 0.3, seat_m + 0.03), (0, 0.29, seat_m + 0.3)], 0.018, 8
    )
    parts = [_star(metal, seat_m - 0.075, 0.27), _soft(seat, cover), _soft(back, cover), spine.part(BLACK, False)]
    if rng.integers(3):
        for s in (-1, 1):
            x = s * (width / 2 + 0.025)
            line = [(0.7 * x, 0.05, seat_m - 0.07), (x, 0.05, seat_m - 0.06), (x, 0.05, seat_m + 0.17)]
            pad = rounded_box(0.055, 0.26, 0.028, 0.01, 0.02, steps=2).moved(x, 0.02, seat_m + 0.17)
            parts.append(merge(tube(line, 0.014, 8), pad).part(BLACK, False))
    return Draft(tuple(parts), cover.color, cover.word, 1, 11.0, (_seat(width - 0.16, 0.3, seat_m, -0.03),))


def stool(rng: np.random.Generator) -> Draft:
    """A round stool on four legs, low or as high as a bar, with a padded seat or a wooden one."""
    height = rng.uniform(0.42, 0.47) if rng.integers(2) else rng.uniform(0.6, 0.68)
    radius, legs = rng.uniform(0.15, 0.175), wood(rng) if rng.integers(3) else paint(rng)
    parts = corner_legs(1.05 * radius, 1.05 * radius, height - 0.03, 0.034, 0.026, legs.material, "round", 6.0)
    low = 0.35 * height
    reach = 1.05 * radius / 2 + np.tan(np.deg2rad(6.0)) * (height - 0.03 - low)
    bars = [rod((-reach, s * reach, low), (reach, s * reach, low), 0.009, 8) for s in (-1, 1)]
    bars += [rod((s * reach, -reach, low), (s * reach, reach, low), 0.009, 8) for s in (-1, 1)]
    parts.append(merge(*bars).part(legs.material if legs.word == "painted" else BLACK, False))
    color, word = legs.color, legs.word
    if rng.integers(2):
        cover = upholstered(rng, 0.4)
        line = [
            (0.0, 0.0),
            (radius - 0.01, 0.0),
            (radius, 0.012),
            (radius, 0.04),
            (radius - 0.015, 0.055),
            (0.0, 0.058),
        ]
        seat = lathe(line, 40, crease_deg=60.0).moved(z=height - 0.035)
        parts.append(_soft(Shape(seat.vertices, seat.faces, seat.normals, _flat_uv(seat)), cover))
        carried, color, word = height + 0.023, cover.color, cover.word
    else:
        seat = extrude(circle(radius, 40), 0.03, 0.008, 2).moved(z=height - 0.03)
        parts.append(seat.tiled(*WOOD_TILE_M).part(legs.material))
        carried = height
    flat = Support(carried, "disc", np.full(2, radius - 0.03), name="seat")
    return Draft(tuple(parts), color, word, 4, 3.5, (flat,))


def _flat_uv(shape: Shape) -> Float:
    """Texture coordinates in metres of a round cushion: from above, and round its side."""
    side = np.abs(shape.normals[:, 2]) < 0.7
    around = np.stack(
        [shape.uv[:, 0] * 2 * np.pi * np.hypot(*shape.vertices[:, :2].T).max(), -shape.vertices[:, 2]], axis=-1
    )
    return np.where(side[:, None], around, shape.vertices[:, :2] * [1.0, -1.0])


def pouf(rng: np.random.Generator) -> Draft:
    """A round upholstered seat without a back."""
    cover = upholstered(rng, 0.3)
    radius, height = rng.uniform(0.22, 0.28), rng.uniform(0.34, 0.42)
    side = [(radius * 0.9, 0.0), (radius * 0.98, 0.03), (radius * 1.02, height * 0.5), (radius * 0.98, height - 0.05)]
    line = curve([*side, (radius * 0.9, height - 0.012), (radius * 0.75, height)], 16)
    body = lathe(np.concatenate([[[0.0, 0.0]], line, [[0.0, height]]]), 48)
    seam = tube(np.column_stack([circle(radius * 0.955, 48), np.full(49, height - 0.03)]), 0.006, 6, round_ends=False)
    soft = _soft(Shape(body.vertices, body.faces, body.normals, _flat_uv(body)), cover)
    piping = seam.part(Material(None, cover.material.rgba, 0.05, 0.2), False)
    flat = Support(height, "disc", np.full(2, radius * 0.7), name="seat")
    return Draft((soft, piping), cover.color, cover.word, 0, 4.0, (flat,))


def bench(rng: np.random.Generator) -> Draft:
    """A long seat without a back, as it stands before a bed or in a hall."""
    width, depth, height = rng.uniform(0.95, 1.3), rng.uniform(0.36, 0.42), rng.uniform(0.42, 0.47)
    finish = wood(rng)
    padded_top = bool(rng.integers(2))
    top = height - (0.07 if padded_top else 0.032)
    parts = corner_legs(width - 0.12, depth - 0.09, top, 0.05, 0.034, finish.material)
    parts.append(board((width, depth, 0.032), (0, 0, top), finish.material, bevel=0.005))
    for s in (-1, 1):
        parts.append(
            board((width - 0.16, 0.02, 0.06), (0, s * (depth - 0.09) / 2, top - 0.06), finish.material, solid=False)
        )
    color, word, carried = finish.color, finish.word, top + 0.032
    if padded_top:
        cover = upholstered(rng, 0.3)
        pad = padded(width - 0.01, depth - 0.01, 0.07, 0.03, (0, 0, 0.004), flat=10.0).moved(z=top + 0.03)
        parts.append(_soft(pad, cover))
        color, word, carried = cover.color, cover.word, top + 0.104
    return Draft(tuple(parts), color, word, 2, 12.0, (_seat(width - 0.14, depth - 0.12, carried),))


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "sofa": Kind("sofa", "沙发", "张", "seating", sofa, False, environments=_PLACES),
    "armchair": Kind("armchair", "单人沙发", "张", "seating", armchair, False, environments=_PLACES),
    "dining-chair": Kind("chair", "椅子", "把", "seating", chair, environments=_PLACES),
    "office-chair": Kind("office chair", "办公椅", "把", "seating", office_chair, environments=_PLACES),
    "stool": Kind("stool", "凳子", "张", "seating", stool, has_front=False, environments=_PLACES),
    "pouf": Kind("pouf", "软墩", "个", "seating", pouf, has_front=False, environments=_PLACES),
    "bench": Kind("bench", "长凳", "张", "seating", bench, False, environments=_PLACES),
}
