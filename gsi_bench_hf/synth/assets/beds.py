"""Beds, made."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.joinery import board, corner_legs, wood_or_paint
from gsi_bench_hf.synth.assets.palette import pick
from gsi_bench_hf.synth.assets.shapes import merge
from gsi_bench_hf.synth.assets.upholstery import CLOTH_TILE_M, UPHOLSTERY, cloth, draped, padded, pillow, upholstered

_LENGTH_M = 2.0
_LINEN: Material = cloth("e9e6de", "linen")


def _headboard(rng: np.random.Generator, width: float, wood: Material, at_y: float) -> list[Part]:
    """A board at the head: plain, of slats, or padded."""
    height = rng.uniform(0.9, 1.15)
    style = int(rng.integers(3))
    if style == 0:
        cover = upholstered(rng, 0.15)
        panels = [padded(width / 4 - 0.004, 0.09, height - 0.32, 0.03, (0.0, 0.01, 0.0)) for _ in range(4)]
        row = [p.moved((k - 1.5) * width / 4, at_y + 0.03, 0.3) for k, p in enumerate(panels)]
        pad = merge(*row).tiled(CLOTH_TILE_M).part(cover.material)
        return [pad, board((width, 0.03, 0.6), (0, at_y + 0.05, 0), wood)]
    if style == 1:
        return [board((width, 0.04, height - 0.1), (0, at_y + 0.03, 0.1), wood, bevel=0.008)]
    posts = [board((0.06, 0.06, height), (s * (width / 2 - 0.03), at_y + 0.03, 0), wood, upright=True) for s in (-1, 1)]
    rails = [board((width - 0.1, 0.03, 0.07), (0, at_y + 0.03, z), wood) for z in (0.4, height - 0.1)]
    count = max(5, round(width / 0.14))
    slats = [
        board((0.04, 0.016, height - 0.5), ((k - (count - 1) / 2) * (width - 0.1) / count, at_y + 0.03, 0.45), wood,
              upright=True, solid=False)
        for k in range(count)
    ]  # fmt: skip
    return [*posts, *rails, *slats]


def _pillows(rng: np.random.Generator, width: float, top: float, back: float) -> list[Part]:
    """Pillows leant against the head, one or two side by side, and sometimes a small one before them."""
    count = 2 if width > 1.25 else 1
    wide = 0.68 if count == 2 else 0.7
    wide = min(wide, width / count - 0.06)
    parts = []
    for k in range(count):
        one = pillow(wide, 0.46, 0.2).turned("x", rng.uniform(16, 24)).turned("z", rng.uniform(-3, 3))
        one = one.moved((k - (count - 1) / 2) * (width / count), back - 0.27, top - one.vertices[:, 2].min() - 0.01)
        parts.append(one.tiled(CLOTH_TILE_M).part(_LINEN))
    return parts


def _cover(rng: np.random.Generator, width: float, top: float) -> tuple[list[Part], str, Float]:
    """A duvet over the lower part of the mattress, its turned-down hem, its colour word, and y of its upper end."""
    color, tone = pick(rng, UPHOLSTERY)
    length = rng.uniform(1.3, 1.5)
    y = -_LENGTH_M / 2 - 0.05 + length / 2
    duvet = draped(width + 0.1, length, rng.uniform(0.22, 0.32), rng).moved(y=y, z=top + 0.05)
    parts = [duvet.tiled(CLOTH_TILE_M).part(cloth(tone, ("linen", "twill")[int(rng.integers(2))]), False)]
    return parts, color, np.array(y + length / 2)


def _bed(rng: np.random.Generator, width: float) -> Draft:
    finish = wood_or_paint(rng, 0.35)
    low, base_top = 0.16, 0.3
    thick = rng.uniform(0.18, 0.24)
    top = base_top + thick
    mattress = padded(width, _LENGTH_M, thick, 0.05, (0.0, 0.0, 0.0), cells=2).moved(z=base_top)
    parts = [board((width + 0.06, _LENGTH_M + 0.06, base_top - low + 0.03), (0, 0, low), finish.material, bevel=0.008)]
    parts += corner_legs(width - 0.1, _LENGTH_M - 0.1, low + 0.001, 0.07, 0.05, finish.material)
    parts.append(mattress.tiled(CLOTH_TILE_M).part(_LINEN))
    parts += _headboard(rng, width + 0.06, finish.material, _LENGTH_M / 2 + 0.03)
    covers, color, end = _cover(rng, width, top)
    parts += covers + _pillows(rng, width, top, _LENGTH_M / 2)
    # The cover's level part is what carries things; physics has it as a block under the cover's skin.
    front_y = -_LENGTH_M / 2 + 0.05
    block = padded(width - 0.02, float(end) - front_y, 0.05, 0.01).moved(y=(float(end) + front_y) / 2, z=top - 0.0005)
    parts.append(block.tiled(CLOTH_TILE_M).part(_LINEN))
    half = np.array([width / 2 - 0.1, (float(end) - front_y) / 2 - 0.1])
    flat = Support(top + 0.05, "rectangle", half, np.array([0.0, (float(end) + front_y) / 2]), "bed")
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
