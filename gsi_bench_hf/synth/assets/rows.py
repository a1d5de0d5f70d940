"""Books in a row, as they stand on shelves."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part
from gsi_bench_hf.synth.assets.palette import CLOTHS, pick
from gsi_bench_hf.synth.assets.shapes import Shape, label, merge, rounded_box
from gsi_bench_hf.synth.assets.textures import texture

_PAGES = Material(texture("pages", seed=0), specular=0.05)


def book_row(rng: np.random.Generator) -> Draft:
    """Five to eleven books upright, spines to the front, some with a last one that leans on them."""
    deep, x = rng.uniform(0.13, 0.155), 0.0
    parts: list[Part] = []
    blocks: list[Shape] = []
    leans = rng.random() < 0.4
    count = int(rng.integers(5, 12))
    for number in range(count):
        _, tone = pick(rng, CLOTHS)
        thick, tall = rng.uniform(0.018, 0.044), rng.uniform(0.175, 0.235)
        inset = rng.uniform(0.0, 0.012)
        angle = float(rng.uniform(9.0, 14.0)) if leans and number == count - 1 else 0.0
        # A leaning book stands on its outer foot and touches the row with its upper edge.
        foot = x + np.sin(np.deg2rad(angle)) * tall
        place = (angle, foot, inset)
        parts += [
            _posed(shape, *place).part(material, solid)
            for shape, material, solid in _book(thick, deep, tall, tone, number)
        ]
        blocks.append(_posed(_pages(thick, deep, tall), *place))
        x += thick + rng.uniform(0.0006, 0.002)
    parts.append(merge(*blocks).part(_PAGES, False))
    return Draft(tuple(parts), "mixed", "paper", 1, 0.4 * count)


def _book(thick: float, deep: float, tall: float, tone: str, number: int) -> list[tuple[Shape, Material, bool]]:
    """Cover boards and a spine with its print; the left lower front edge at the origin."""
    accent = "3a2a22" if tone in CLOTHS["yellow"] + CLOTHS["white"] + CLOTHS["beige"] else "e4c07a"
    cloth = Material(texture("fabric", base=tone, seed=0, threads=128, depth=0.08), specular=0.15, shininess=0.2)
    # One closed box is the collision body; the pages stand out of it a little at the top and the back.
    body = rounded_box(thick, deep, tall, 0.002, steps=1).tiled(0.08).moved(thick / 2, deep / 2)
    title = label(thick - 0.003, tall - 0.006).moved(thick / 2, -0.0006, 0.003)
    # The print runs down the spine, the tops of its letters to the right.
    upright = Shape(
        title.vertices, title.faces, title.normals, np.stack([title.uv[:, 1], 1.0 - title.uv[:, 0]], axis=1)
    )
    spine = Material(texture("spine", base=tone, accent=accent, seed=number % 4), specular=0.15)
    return [(body, cloth, True), (upright, spine, False)]


def _pages(thick: float, deep: float, tall: float) -> Shape:
    block = rounded_box(thick - 0.006, deep - 0.01, tall - 0.004, 0.0005, steps=1).tiled(0.02)
    return block.moved(thick / 2, deep / 2 + 0.0065, 0.0045)


def _posed(shape: Shape, lean_deg: float, x: float, inset: float) -> Shape:
    return shape.turned("y", -lean_deg).moved(x, inset, 0.0)


KINDS: dict[str, Kind] = {
    "book-row": Kind("row of books", "一排书", "排", "paper", book_row, movable=False, environments=("room",)),
}
