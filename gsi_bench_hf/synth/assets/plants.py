"""Plants in pots."""

from __future__ import annotations

import dataclasses

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, ellipsoid, lathe, merge, sheet, tube
from gsi_bench_hf.synth.assets.textures import texture


def _pot(rng: np.random.Generator, radius: float, height: float) -> tuple[list[tuple[Shape, Material, bool]], str, str]:
    """A pot with its soil, colour word, material word."""
    clay = rng.integers(2) == 0
    color, tone = (
        ("orange", "b5673f")
        if clay
        else pick(rng, GLAZES, "white", "blue", "gray", "black", "yellow", "turquoise", "pink")
    )
    foot = radius * rng.uniform(0.68, 0.8)
    rim = (
        [
            (radius * 0.97, height * 0.78),
            (radius * 1.07, height * 0.785),
            (radius * 1.09, height),
            (radius * 0.98, height),
        ]
        if clay
        else [(radius, height), (radius * 0.93, height)]
    )
    outside = lathe([(0.0, 0.0), (foot, 0.0), (foot * 1.02, 0.004), *rim, (radius * 0.92, height * 0.88)], 40)
    earth = lathe([(radius * 0.94, height * 0.88), (radius * 0.5, height * 0.93), (0.0, height * 0.94)], 32)
    earth = Shape(earth.vertices, earth.faces, earth.normals, earth.vertices[:, :2] / 0.12)
    skin = texture("glaze", base=tone, seed=seed(rng), depth=0.06)
    return (
        [
            (outside, Material(skin, specular=0.1 if clay else 0.45, shininess=0.2 if clay else 0.6), True),
            (earth, Material(texture("soil"), specular=0.0), False),
        ],
        color,
        "terracotta" if clay else "ceramic",
    )


def leaf_blade(spine: Float, width: float, tip: float = 1.0, fold: float = 0.25, rows: int = 9) -> Shape:
    """A leaf along a curve.

    Args:
        spine: (k, 3) midrib, from the stalk to the tip.
        width: greatest, metres.
        tip: how pointed; above 1 the widest part moves to the stalk.
        fold: how far the halves rise above the midrib, as a share of their width.
        rows: cells along it.
    """
    line = curve(spine, rows + 1)
    t = np.linspace(0.0, 1.0, rows + 1)
    half = width / 2 * np.sin(np.pi * t**tip) ** 0.75
    half[[0, -1]] = width * 0.02
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, [0.0, 0.0, 1.0])
    flat = np.linalg.norm(across, axis=1, keepdims=True)
    across = np.where(
        flat > 0.05, across / np.maximum(flat, 1e-9), across[len(across) // 2] / max(flat[len(across) // 2, 0], 1e-9)
    )
    up = np.cross(across, along)
    s = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    points = line[:, None] + half[:, None, None] * (
        s[None, :, None] * across[:, None] + fold * (s**2)[None, :, None] * up[:, None]
    )
    return sheet(points)


def _arching(rng: np.random.Generator, start: Float, count: int, length: float, width: float) -> list[Shape]:
    """Broad leaves on stalks that arch out all round, in golden-angle order."""
    leaves = []
    for k in range(count):
        angle = 2.4 * k + rng.uniform(-0.25, 0.25)
        out = np.array([np.cos(angle), np.sin(angle), 0.0])
        rise = 1.0 - 0.62 * (1 - k / count) + rng.uniform(-0.06, 0.06)
        reach = length * rng.uniform(0.85, 1.1) * (1.05 - 0.45 * k / count)
        base = start + out * 0.006 + np.array([0, 0, 0.02 * k / count])
        bend = base + out * reach * 0.32 + np.array([0, 0, length * rise * 0.75])
        mid = base + out * reach * 0.72 + np.array([0, 0, length * rise * 0.9])
        end = base + out * reach * 1.12 + np.array([0, 0, length * rise * 0.62])
        leaves.append(tube(curve([base, base + (bend - base) * [0.35, 0.35, 0.6], bend], 7), 0.0019, 6))
        leaves.append(leaf_blade(np.stack([bend, mid, end]), width * rng.uniform(0.85, 1.1)))
    return leaves


def _swords(rng: np.random.Generator, start: Float, count: int, length: float, width: float) -> list[Shape]:
    """Upright stiff leaves, as a snake plant has."""
    leaves = []
    for k in range(count):
        angle = 2.4 * k + rng.uniform(-0.3, 0.3)
        out = np.array([np.cos(angle), np.sin(angle), 0.0])
        tall = length * rng.uniform(0.6, 1.1)
        base = start + out * 0.014 * np.sqrt(k / 2)
        lean = rng.uniform(0.08, 0.24)
        spine = np.stack(
            [base, base + out * lean * tall * 0.4 + [0, 0, tall * 0.5], base + out * lean * tall + [0, 0, tall]]
        )
        leaves.append(leaf_blade(spine, width, 0.8, 0.5))
    return leaves


def _rosette(rng: np.random.Generator, start: Float, count: int, length: float, width: float) -> list[Shape]:
    """Thick leaves in a rosette, as a succulent has."""
    leaves = []
    for k in range(count):
        angle, level = 2.4 * k, k / count
        size = length * (1.05 - 0.55 * level)
        leaf = ellipsoid(size * 0.5, width * 0.5 * (1.1 - 0.4 * level), size * 0.1, 14, 8)
        v = leaf.vertices.copy()
        v[:, 1] *= 1.0 - 0.5 * np.clip(v[:, 0] / (size * 0.5), -0.6, 1.0)
        leaf = dataclasses.replace(leaf.bent(v), uv=leaf.uv[:, ::-1])
        leaf = (
            leaf.moved(x=size * 0.45).turned("y", -12 - 62 * level).turned("z", np.rad2deg(angle) + rng.uniform(-6, 6))
        )
        leaves.append(leaf.moved(*(start + np.array([0, 0, 0.004 + 0.012 * level]))))
    return leaves


def plant(rng: np.random.Generator) -> Draft:
    """A houseplant: broad leaves, swords or a rosette."""
    radius, height = rng.uniform(0.045, 0.06), rng.uniform(0.075, 0.1)
    pieces, _, what = _pot(rng, radius, height)
    start = np.array([0.0, 0.0, height * 0.9])
    kind = int(rng.integers(3))
    if kind == 0:
        tone, rib = (("3f6f38", "86a862"), ("4d7f45", "a9bf7a"), ("2f5a3a", "7fa070"))[int(rng.integers(3))]
        leaves = _arching(rng, start, int(rng.integers(11, 16)), rng.uniform(0.1, 0.13), rng.uniform(0.045, 0.06))
    elif kind == 1:
        tone, rib = (("3f6a45", "c3b96a"), ("4a7355", "9db37a"))[int(rng.integers(2))]
        leaves = _swords(rng, start, int(rng.integers(9, 13)), rng.uniform(0.17, 0.23), 0.032)
    else:
        tone, rib = (("6f9a78", "a8c4a0"), ("86a58a", "c3a7a0"), ("5f8a5a", "b4c88a"))[int(rng.integers(3))]
        leaves = _rosette(rng, start, 26, rng.uniform(0.075, 0.095), 0.034)
    green = Material(texture("leaf", base=tone, rib=rib, seed=seed(rng, 3)), specular=0.25, shininess=0.4)
    parts = [shape.part(material, solid) for shape, material, solid in pieces]
    return Draft((*parts, merge(*leaves).part(green)), "green", what, 1, 0.9)


def cactus(rng: np.random.Generator) -> Draft:
    """A ribbed cactus with one or two arms and a flower."""
    radius, height = rng.uniform(0.036, 0.046), rng.uniform(0.06, 0.075)
    pieces, _, what = _pot(rng, radius, height)
    tone = ("4f7f4a", "5f8a55", "3f7050")[int(rng.integers(3))]
    skin = Material(
        texture("glaze", base=tone, seed=seed(rng, 3), depth=0.08, speckle="e8e2c0", amount=0.5), specular=0.1
    )
    tall, thick = rng.uniform(0.11, 0.15), rng.uniform(0.022, 0.027)
    trunk = _ribbed([(0, 0, height * 0.85), (0, 0, height + tall * 0.5), (0, 0, height + tall)], thick)
    side = int(rng.choice([-1, 1]))
    arms = []
    for k in range(int(rng.integers(1, 3))):
        s, z = side * (-1) ** k, height + tall * (0.4 + 0.18 * k)
        arms.append(
            _ribbed(
                [
                    (s * thick * 0.5, 0, z),
                    (s * thick * 1.7, -0.004, z + 0.004),
                    (s * thick * 2.2, -0.006, z + 0.018),
                    (s * thick * 2.25, -0.006, z + 0.045 - 0.01 * k),
                ],
                thick * 0.52,
            )
        )
    _, bloom = pick(rng, GLAZES, "pink", "red", "yellow", "orange")
    petals = [
        ellipsoid(0.009, 0.0042, 0.0022, 12, 6).moved(x=0.008).turned("y", -35).turned("z", 60 * k) for k in range(6)
    ]
    flower = merge(*petals).moved(0.006, -0.012, height + tall + thick * 0.7)
    parts = [shape.part(material, solid) for shape, material, solid in pieces]
    parts += [
        trunk.part(skin),
        *(arm.part(skin) for arm in arms),
        flower.part(Material(None, rgba(bloom), 0.2, 0.3), False),
    ]
    return Draft(tuple(parts), "green", what, 1, 0.5)


def _ribbed(path: list[tuple[float, float, float]], radius: float, ribs: int = 9) -> Shape:
    """A tube with ribs along it and a domed end."""
    shape = tube(curve(path, 14), radius, ribs * 4)
    center = curve(path, 60)
    nearest = center[np.argmin(np.linalg.norm(shape.vertices[:, None] - center[None], axis=2), axis=1)]
    depth = 1.0 + 0.11 * np.cos(2 * np.pi * ribs * shape.uv[:, 0])
    v = nearest + (shape.vertices - nearest) * depth[:, None]
    return dataclasses.replace(shape.bent(v), uv=shape.uv * [3.0, 1.5])


KINDS: dict[str, Kind] = {
    "plant": Kind("potted plant", "盆栽", "盆", "plants", plant, has_front=False),
    "cactus": Kind("cactus", "仙人掌", "盆", "plants", cactus),
}
