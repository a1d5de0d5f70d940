"""Fruit and cake."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import rgba, seed
from gsi_bench_hf.synth.assets.plants import leaf_blade
from gsi_bench_hf.synth.assets.shapes import Shape, ellipsoid, extrude, lathe, merge, surface, tube
from gsi_bench_hf.synth.assets.textures import texture

STALK = Material(None, rgba("5a4028"), 0.1, 0.2)


def apple(rng: np.random.Generator) -> Draft:
    """An apple, its leaf towards the front and the right."""
    color, tone, blush = (
        ("red", "a8322a", "d8a545"),
        ("red", "b23a30", "dcc06a"),
        ("green", "8aa640", "b9c46a"),
        ("yellow", "d3b24a", "d98a4a"),
    )[int(rng.integers(4))]
    r = rng.uniform(0.036, 0.044)
    outline = (
        curve(
            [
                (0.0, 0.14),
                (0.22, 0.02),
                (0.5, 0.08),
                (0.88, 0.55),
                (1.0, 1.05),
                (0.86, 1.55),
                (0.5, 1.78),
                (0.2, 1.7),
                (0.0, 1.48),
            ],
            34,
        )
        * r
    )
    outline[[0, -1], 0] = 0.0
    body = lathe(outline, 40, 80.0)
    v = body.vertices.copy()
    angle = np.arctan2(v[:, 1], v[:, 0])
    v[:, :2] *= (1.0 + 0.035 * np.cos(5 * angle) * np.clip(1 - v[:, 2] / (1.6 * r), 0, 1))[:, None]
    stalk = tube(
        curve([(0, 0, 1.45 * r), (0.02 * r, -0.02 * r, 1.75 * r), (0.16 * r, -0.08 * r, 2.02 * r)], 8),
        np.linspace(0.0016, 0.0024, 8),
        8,
    )
    spine = np.array([(0.03, -0.05, 1.72), (0.4, -0.35, 1.98), (0.85, -0.6, 1.92)]) * r
    leaf = leaf_blade(spine, 0.46 * r)
    parts = (
        body.bent(v).part(
            Material(texture("peel", base=tone, blush=blush, seed=seed(rng)), specular=0.5, shininess=0.6)
        ),
        stalk.part(STALK, False),
        leaf.part(Material(texture("leaf", base="4f7a3a"), specular=0.2), False),
    )
    return Draft(parts, color, "fruit", 1, 0.18)


_PEARS = (("green", "7f9f42", "94a648"), ("yellow", "d2b450", "c98f45"), ("brown", "9c7340", "b98f55"))
_PEAR = (
    (0.0, 0.08),
    (0.3, 0.0),
    (0.75, 0.25),
    (1.0, 0.85),
    (0.85, 1.5),
    (0.52, 2.1),
    (0.4, 2.5),
    (0.24, 2.72),
    (0.0, 2.72),
)
"""Half a pear's outline in radii."""


def pear(rng: np.random.Generator) -> Draft:
    """A pear that leans a little to the right."""
    color, tone, blush = _PEARS[int(rng.integers(3))]
    r = rng.uniform(0.034, 0.04)
    outline = curve(np.array(_PEAR) * r, 34)
    outline[[0, -1], 0] = 0.0
    body = lathe(outline, 40, 80.0)
    v = body.vertices.copy()
    v[:, 0] += 0.09 * r * np.clip(v[:, 2] / r - 0.8, 0, None) ** 2
    top = v[np.argmax(v[:, 2])]
    knots = top + np.array([(0, 0, -0.004), (0.002, 0, 0.01), (0.008, 0.001, 0.02)])
    stalk = tube(curve(knots, 8), np.linspace(0.0017, 0.0024, 8), 8)
    leaf = leaf_blade(top + np.array([(0.001, 0, 0.006), (-0.008, -0.014, 0.014), (-0.014, -0.03, 0.01)]), 0.017)
    skin = texture("peel", base=tone, blush=blush, seed=seed(rng), streaks=0.15)
    parts = (
        body.bent(v).part(Material(skin, specular=0.3, shininess=0.4)),
        stalk.part(STALK, False),
        leaf.part(Material(texture("leaf", base="4f7a3a"), specular=0.2), False),
    )
    return Draft(parts, color, "fruit", 1, 0.18)


def _banana(stem: Float, fan_rad: float, size: float) -> tuple[Shape, Float]:
    """One fruit that hangs out from `stem` (3,) in the direction `fan_rad` of the front, and its line (20, 3)."""
    out = np.array([np.sin(fan_rad), -np.cos(fan_rad), 0.0])
    reach = np.array([0.0, 0.03, 0.075, 0.12, 0.155, 0.166])
    rise = np.array([0.0, -0.014, -0.0255, -0.0235, -0.006, 0.003])
    line = curve(stem + size * (reach[:, None] * out + rise[:, None] * np.array([0.0, 0.0, 1.0])), 20)
    t = np.linspace(0, 1, 20)
    girth = (0.0055 + 0.0125 * np.sin(np.pi * np.clip((t - 0.05) * 1.04, 0, 1)) ** 0.55) * size
    girth *= 1.0 - 0.55 * np.clip((t - 0.8) / 0.2, 0, 1) ** 1.5
    fruit = tube(line, girth, 15)
    ridge = 1.0 + 0.07 * np.cos(5 * 2 * np.pi * fruit.uv[:, 0])
    axis = line[np.argmin(np.linalg.norm(fruit.vertices[:, None] - line[None], axis=2), axis=1)]
    return fruit.bent(axis + (fruit.vertices - axis) * ridge[:, None]), line


def bananas(rng: np.random.Generator) -> Draft:
    """A hand of bananas, their tips towards the front."""
    tone = ("dcb53a", "e2bf45", "c9b93f")[int(rng.integers(3))]
    count, size = int(rng.integers(3, 5)), rng.uniform(0.95, 1.1)
    skin = Material(
        texture("peel", base=tone, blush="c7a634", seed=seed(rng), streaks=0.25), specular=0.2, shininess=0.3
    )
    stem = np.array([0.0, 0.05, 0.042]) * size
    fans = np.deg2rad((np.arange(count) - (count - 1) / 2) * 24 + rng.uniform(-3, 3, count))
    made = [_banana(stem, float(fan), size) for fan in fans]
    # The bunch leans on its bellies, a little pressed flat: so it lies still.
    fruits = [fruit.turned("x", -2.3 if count == 3 else -1.2) for fruit, _ in made]
    low = min(float(fruit.vertices[:, 2].min()) for fruit in fruits) + 0.0025
    flat = [fruit.bent(np.maximum(fruit.vertices, [-np.inf, -np.inf, low])) for fruit in fruits]
    ends = [
        ellipsoid(0.0042, 0.0042, 0.0042, 12, 6).moved(*(line[-1] + (line[-1] - line[-2]) * 0.4)) for _, line in made
    ]
    knots = stem + np.array([[0, -0.004, -0.002], [0, 0.008, 0.006], [0, 0.016, 0.016]])
    crown = tube(curve(knots, 8), [0.009, 0.0095, 0.009, 0.008, 0.007, 0.0066, 0.0064, 0.006], 12)
    parts = [fruit.part(skin) for fruit in flat]
    parts.append(crown.part(Material(None, rgba("8f8a3a"), 0.1, 0.2), False))
    parts.append(merge(*ends).part(Material(None, rgba("3f3220"), 0.1, 0.2), False))
    return Draft(tuple(parts), "yellow", "fruit", 1, 0.5)


_CAKES = (
    ("brown", "5a3722", "e6d3b8", "4a2b1b"),
    ("white", "dfb877", "f2e8d8", "f0e6d4"),
    ("pink", "d9a86f", "e2a6ac", "dd97a0"),
    ("red", "8f2f2c", "f2e8de", "b3413c"),
)
"""Colour word, crumb, cream, icing."""


def cake(rng: np.random.Generator) -> Draft:
    """A slice of layer cake, its point towards the front, a cherry on top."""
    color, crumb, cream, icing = _CAKES[int(rng.integers(4))]
    length, half, tall = rng.uniform(0.105, 0.12), np.deg2rad(rng.uniform(19, 24)), rng.uniform(0.06, 0.07)
    arc = np.linspace(half, -half, 9)
    rim = np.stack([np.sin(arc), np.cos(arc)], axis=-1) * length
    layers = []
    for k in range(5):
        inset, bevel, tone = ((0.0, 0.002, crumb), (0.0012, 0.001, cream))[k % 2]
        wedge = np.concatenate([[[0.0, 0.0]], rim, [[0.0, 0.0]]]) * (1 - inset / length)
        shape = extrude(wedge, tall / 5, bevel, 2).moved(y=inset, z=k * tall / 5)
        layers.append(shape.tiled(0.06).part(Material(texture("plaster", base=tone, depth=0.14), specular=0.05)))
    cover = np.concatenate([[[0.0, -0.0015]], rim * 1.03, [[0.0, -0.0015]]])
    coat = extrude(cover, 0.007, 0.003, 3, bottom_bevel=0.0).moved(z=tall)
    back = surface(
        np.stack([np.column_stack([rim * 1.03, np.full(9, z)]) for z in (0.0, tall * 0.5, tall + 0.004)]), wrap=False
    )
    parts = (
        *layers,
        merge(coat, back).part(Material(None, rgba(icing), 0.25, 0.4), False),
        *_cherry(length * 0.72, tall),
    )
    return Draft(parts, color, "sponge", 1, 0.2)


def _cherry(y: float, z: float) -> list[Part]:
    """A swirl of cream with a cherry on it, at (0, y, z)."""
    swirl = [
        ellipsoid(r, r, 0.0055, 20, 8).moved(0.0, y, z + 0.008 + 0.006 * k)
        for k, r in enumerate((0.0155, 0.012, 0.008))
    ]
    stalk = curve([(0, y, z + 0.038), (0.003, y, z + 0.05), (0.012, y - 0.004, z + 0.06)], 8)
    return [
        merge(*swirl).part(Material(None, rgba("f3ead9"), 0.25, 0.4), False),
        ellipsoid(0.0095, 0.0095, 0.009, 20, 10)
        .moved(0.0, y, z + 0.031)
        .part(Material(None, rgba("9c1f2a"), 0.8, 0.85), False),
        tube(stalk, 0.0008, 6).part(STALK, False),
    ]


KINDS: dict[str, Kind] = {
    "apple": Kind("apple", "苹果", "个", "food", apple, has_front=False),
    "pear": Kind("pear", "梨", "个", "food", pear, has_front=False),
    "bananas": Kind("bunch of bananas", "香蕉", "把", "food", bananas),
    "cake": Kind("slice of cake", "蛋糕", "块", "food", cake),
}
