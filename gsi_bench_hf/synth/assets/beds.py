"""Beds, made."""

from __future__ import annotations

import dataclasses

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.joinery import Finish, board, corner_legs, wood_or_paint
from gsi_bench_hf.synth.assets.palette import other
from gsi_bench_hf.synth.assets.shapes import Shape, loft, merge
from gsi_bench_hf.synth.assets.upholstery import (
    CLOTH_TILE_M,
    UPHOLSTERY,
    cloth,
    draped,
    padded,
    pillow,
    upholstered,
)

_LENGTH_M = 2.0
_COVER_M = 0.05
"""How far the duvet's level top lies above the mattress."""
_LINEN: Material = cloth("e9e6de", "linen")


def _headboard(rng: np.random.Generator, width: float, wood: Material, y: float) -> list[Part]:
    """A board at the head: padded, plain, or of slats."""
    height = rng.uniform(0.9, 1.15)
    style = int(rng.integers(3))
    if style == 0:
        cover, count = upholstered(rng, 0.15), 4 if width < 1.3 else 6
        wide = width / count
        panel = padded(wide - 0.004, 0.09, height - 0.32, 0.03, (0.0, 0.01, 0.0), cells=1)
        row = [panel.moved((k - (count - 1) / 2) * wide, y + 0.03, 0.3) for k in range(count)]
        pad = merge(*row).tiled(CLOTH_TILE_M).part(cover.material)
        return [pad, board((width, 0.03, 0.6), (0, y + 0.05, 0), wood)]
    if style == 1:
        return [board((width, 0.04, height - 0.1), (0, y + 0.03, 0.1), wood, bevel=0.008)]
    posts = [board((0.06, 0.06, height), (s * (width / 2 - 0.03), y + 0.03, 0), wood, upright=True) for s in (-1, 1)]
    rails = [board((width - 0.1, 0.03, 0.07), (0, y + 0.03, z), wood) for z in (0.4, height - 0.1)]
    count = max(5, round(width / 0.14))
    step, tall = (width - 0.1) / count, height - 0.5
    middles = [(k - (count - 1) / 2) * step for k in range(count)]
    slats = [board((0.04, 0.016, tall), (x, y + 0.03, 0.45), wood, upright=True, solid=False) for x in middles]
    return [*posts, *rails, *slats]


def _pillows(rng: np.random.Generator, width: float, top: float, accent: Material) -> list[Part]:
    """Pillows leant against the head, one or two side by side, and sometimes a small one of the accent before them."""
    count, back = 2 if width > 1.25 else 1, _LENGTH_M / 2
    wide = min(0.7, width / count - 0.05)
    parts = []
    for k in range(count):
        one = pillow(wide, 0.46, 0.2, 10).turned("x", rng.uniform(18, 26)).turned("z", rng.uniform(-3, 3))
        one = one.moved((k - (count - 1) / 2) * width / count, back - 0.26, top - one.vertices[:, 2].min() - 0.012)
        parts.append(one.tiled(CLOTH_TILE_M).part(_LINEN))
    if rng.integers(2):
        small = pillow(0.42, 0.3, 0.15, 8).turned("x", 38).turned("z", rng.uniform(-6, 6))
        small = small.moved(rng.uniform(-0.05, 0.05), back - 0.44, top - small.vertices[:, 2].min() + 0.01)
        parts.append(small.tiled(CLOTH_TILE_M).part(accent))
    return parts


def _band(width: float, length: float, drop: float, thick: float = 0.012) -> Shape:
    """Cloth laid across a bed: level at z = 0, hanging `drop` at both sides; round edges; texture coordinates in metres."""
    bend, half = np.deg2rad(np.linspace(0.0, 90.0, 5)), width / 2
    round_m = 0.05
    rings = []
    for y, share in ((0.0, 0.2), (0.012, 1.0), (length - 0.012, 1.0), (length, 0.2)):
        paths = []
        for inset in (0.5 * thick * (1 - share), 0.5 * thick * (1 + share)):
            r = round_m - inset
            corner = np.column_stack([half - round_m + r * np.cos(bend), -round_m + r * np.sin(bend)])
            side = np.array([[half - inset, -drop], [half - inset, -0.5 * (drop + round_m)]])
            right = np.concatenate([side, corner])
            paths.append(np.concatenate([right, right[::-1] * [-1.0, 1.0]]))
        ring = np.concatenate([paths[0], paths[1][::-1], paths[0][:1]])
        rings.append(np.column_stack([ring[:, 0], np.full(len(ring), length / 2 - y), ring[:, 1]]))
    skin = loft(rings)
    return Shape(
        skin.vertices, skin.faces, skin.normals, np.stack([skin.vertices[:, 1], -skin.vertices[:, 0]], axis=-1)
    )


def _covers(rng: np.random.Generator, width: float, top: float) -> tuple[list[Part], str, Material, Float]:
    """A duvet over the lower part of the mattress, its turned-down end, maybe a throw at the foot.

    Returns:
        The parts, the duvet's colour word, an accent that goes with it, and the free stretch along y (2,).
    """
    color, tone = other(rng, UPHOLSTERY, "black")
    accent = cloth(other(rng, UPHOLSTERY, color)[1], "twill")
    length, drop = rng.uniform(1.38, 1.52), rng.uniform(0.2, 0.3)
    low, level = -_LENGTH_M / 2 - 0.05, top + _COVER_M
    duvet = draped(width + 0.1, length, drop, rng).moved(y=low + length / 2, z=level)
    weave, tile = ("quilt", 0.6) if rng.integers(2) else ("linen", CLOTH_TILE_M)
    parts = [duvet.tiled(tile).part(cloth(tone, weave), False)]
    free = np.array([low + 0.12, low + length - 0.08])
    if rng.integers(3):
        fold = _band(width + 0.135, 0.24, 0.13).moved(y=low + length - 0.12, z=level + 0.012)
        parts.append(fold.tiled(CLOTH_TILE_M).part(_LINEN if color != "white" else accent, False))
        free[1] -= 0.2
    if rng.integers(2):
        throw = _band(width + 0.145, 0.42, drop * 0.85).moved(y=low + 0.38, z=level + 0.012)
        parts.append(throw.tiled(CLOTH_TILE_M).part(accent, False))
        free[0] += 0.5
    return parts, color, accent, free


def _frame(width: float, finish: Finish, low: float, high: float) -> list[Part]:
    """A box on four feet that the mattress lies in."""
    size = (width + 0.06, _LENGTH_M + 0.06, high - low + 0.03)
    box = board(size, (0, 0, low), finish.material, bevel=0.008)
    legs = corner_legs(width - 0.1, _LENGTH_M - 0.1, low + 0.001, 0.07, 0.05, finish.material)
    return [box, *(dataclasses.replace(leg, solid=False) for leg in legs)]


def _bed(rng: np.random.Generator, width: float) -> Draft:
    finish, low, thick = wood_or_paint(rng, 0.35), rng.uniform(0.1, 0.18), rng.uniform(0.18, 0.24)
    base = low + 0.14
    top = base + thick
    parts = _frame(width, finish, low, base)
    mattress = padded(width, _LENGTH_M, thick, 0.05, cells=1).moved(z=base)
    parts.append(mattress.tiled(CLOTH_TILE_M).part(_LINEN))
    parts += _headboard(rng, width + 0.06, finish.material, _LENGTH_M / 2 + 0.03)
    covers, color, accent, free = _covers(rng, width, top)
    parts += covers + _pillows(rng, width, top, accent)
    # The duvet's skin is hollow: a block below it is what things lie on in the physics.
    end = float(free[1]) + 0.05
    start = -_LENGTH_M / 2 + 0.06
    block = padded(width - 0.04, end - start, _COVER_M, 0.01, cells=1).moved(y=(end + start) / 2, z=top - 0.001)
    parts.append(block.tiled(CLOTH_TILE_M).part(_LINEN))
    half = np.array([width / 2 - 0.08, float(free[1] - free[0]) / 2])
    flat = Support(top + _COVER_M, "rectangle", half, np.array([0.0, float(free.mean())]), "bed")
    return Draft(tuple(parts), color, "fabric", 1, 60.0, (flat,))


def single_bed(rng: np.random.Generator) -> Draft:
    """A bed for one, made, its head towards +y."""
    return _bed(rng, rng.uniform(0.9, 1.05))


def double_bed(rng: np.random.Generator) -> Draft:
    """A bed for two, made, its head towards +y."""
    return _bed(rng, rng.uniform(1.4, 1.7))


_PLACES = ("room",)
KINDS: dict[str, Kind] = {
    "single-bed": Kind("single bed", "单人床", "张", "beds", single_bed, False, environments=_PLACES),
    "double-bed": Kind("double bed", "双人床", "张", "beds", double_bed, False, environments=_PLACES),
}
