"""Soft things: padded blocks, pillows, covers that hang over a bed, and the cloth and leather they are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gsi_bench_hf.synth.assets.base import Float, Material
from gsi_bench_hf.synth.assets.outlines import rounded_rectangle
from gsi_bench_hf.synth.assets.palette import pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, merge, surface, unit
from gsi_bench_hf.synth.assets.textures import texture

CLOTH_TILE_M = 0.32

UPHOLSTERY: dict[str, tuple[str, ...]] = {
    "gray": ("8b8c8d", "75787b", "9a9895"),
    "beige": ("c3b49a", "ccbfa7", "b9a88e"),
    "blue": ("425d7f", "385174", "597495"),
    "green": ("5d725b", "4f6551", "708268"),
    "red": ("8d463f", "975148"),
    "yellow": ("bf9a4b", "c6a55b"),
    "white": ("dedbd2", "e3e0d8"),
    "pink": ("c19893", "caa49e"),
    "black": ("38383b", "3f3f42"),
    "turquoise": ("528787", "60918f"),
}
"""Colour word to the tones of furniture cloth."""

HIDES: dict[str, tuple[str, ...]] = {
    "brown": ("7d5233", "6b432a", "8b5f3c"),
    "black": ("343235", "3a383a"),
    "white": ("dcd6ca",),
    "red": ("7d332c",),
}
"""Colour word to the tones of leather."""


@dataclass(frozen=True)
class Cover:
    """What a soft thing is covered with: its material, the colour word and the material word."""

    material: Material
    color: str
    word: str


def cloth(tone: str, weave: str = "linen", number: int = 0) -> Material:
    """Furniture cloth of one colour. The painted weave is pale and tinted, so that few pictures serve all colours."""
    return Material(texture("weave", style=weave, seed=number), rgba(tone), 0.03, 0.1)


def upholstered(rng: np.random.Generator, leather: float = 0.25, *words: str) -> Cover:
    """Cloth, or leather with that probability, of a colour drawn from `words` (of `UPHOLSTERY`), or from all."""
    if rng.uniform() < leather:
        color, tone = pick(rng, HIDES)
        return Cover(Material(texture("hide", seed=seed(rng, 2)), rgba(tone), 0.35, 0.45), color, "leather")
    color, tone = pick(rng, UPHOLSTERY, *words)
    weave = ("linen", "twill", "boucle")[int(rng.integers(3))]
    return Cover(cloth(tone, weave, seed(rng, 2)), color, "fabric")


def padded(
    width: float,
    depth: float,
    height: float,
    bevel: float,
    puff: tuple[float, float, float] = (0.0, 0.0, 0.0),
    cells: int = 3,
    flat: float = 6.0,
) -> Shape:
    """A block on z = 0 with round edges whose faces swell.

    Args:
        width: along x before swelling; metres.
        depth: along y.
        height: along z.
        bevel: radius of all edges.
        puff: how far the middles of the x, y and z faces swell out; metres.
        cells: facets across the flat part of a face.
        flat: the higher, the flatter the swollen face and the steeper its fall towards the edges.

    Returns:
        The block; texture coordinates in metres.
    """
    half = np.array([width, depth, height]) / 2.0
    bevel = min(bevel, 0.98 * float(half.min()))
    box = _box_grid(half, bevel, cells)
    core = np.clip(box.vertices, bevel - half, half - bevel)
    points = core + bevel * unit(box.vertices - core)
    at = points / half
    fall = 1.0 - np.abs(at) ** flat
    swell = np.stack([fall[:, 1] * fall[:, 2], fall[:, 0] * fall[:, 2], fall[:, 0] * fall[:, 1]], axis=-1)
    return box.bent(points + np.asarray(puff) * at * swell).moved(z=float(half[2]))


def _box_grid(half: Float, bevel: float, cells: int) -> Shape:
    """The six faces of a box round the origin in cells that are finer along the edges."""
    lines = [
        np.concatenate(
            [
                np.linspace(-h, bevel - h, 3)[:-1],
                np.linspace(bevel - h, h - bevel, cells + 1),
                np.linspace(h - bevel, h, 3)[1:],
            ]
        )
        for h in half
    ]
    sides = []
    for axis in range(3):
        first, second = ((1, 2), (0, 2), (0, 1))[axis]
        for sign in (-1.0, 1.0):
            a = lines[first] if (sign > 0) != (axis == 1) else lines[first][::-1]
            u, v = np.meshgrid(a, lines[second])
            points = np.empty((*u.shape, 3))
            points[..., first], points[..., second], points[..., axis] = u, v, sign * half[axis]
            sides.append(surface(points, np.stack([u, -v], axis=-1), wrap=False))
    return merge(*sides)


def pillow(width: float, depth: float, thick: float, cells: int = 12) -> Shape:
    """A stuffed pillow on z = 0: thin seams all round, pointed corners, a full middle; texture coordinates in metres."""
    line = -np.cos(np.linspace(0.0, np.pi, cells + 1))
    a, b = np.meshgrid(line, line)
    swell = thick * (np.maximum(1 - a**4, 0.0) * np.maximum(1 - b**4, 0.0)) ** 0.55
    x, y = width / 2 * a * (1 - 0.07 * (1 - b**2)), depth / 2 * b * (1 - 0.07 * (1 - a**2))
    uv = np.stack([x, -y], axis=-1)
    upper = surface(np.stack([x, y, 0.62 * swell], axis=-1), uv, wrap=False)
    lower = surface(np.stack([x, y, -0.38 * swell], axis=-1)[:, ::-1], uv[:, ::-1], wrap=False)
    both = merge(upper, lower)
    return both.bent(both.vertices).moved(z=0.38 * thick)


def draped(
    width: float, depth: float, drop: float, rng: np.random.Generator, *, round_m: float = 0.05, head_drop: float = 0.03
) -> Shape:
    """A cover that lies on a block and hangs down its sides and its front (-y), its top at z = 0.

    Args:
        width: of the block with the cover on, along x.
        depth: the same along y.
        drop: how far it hangs.
        rng: of its folds.
        round_m: radius of its upper edge.
        head_drop: how far it hangs at the back (+y).

    Returns:
        The cover; level on top but for its edge; texture coordinates in metres.
    """
    outline = rounded_rectangle(width, depth, 0.09, 5)
    line = _even(outline, 96)
    out = unit(np.column_stack([np.gradient(line[:, 1]), -np.gradient(line[:, 0]), np.zeros(len(line))]))[:, :2]
    out[0] = out[-1] = (0.0, 1.0)
    share = np.clip((line[:, 1] - depth / 2 + 0.16) / 0.12, 0.0, 1.0)
    hang = drop + (head_drop - drop) * share**2 * (3 - 2 * share)
    along = np.arange(len(line)) / (len(line) - 1) * 2 * np.pi
    turns, starts = rng.integers(9, 17, 3), rng.uniform(0, 2 * np.pi, 3)
    folds = sum(np.sin(n * along + s) for n, s in zip(turns, starts, strict=True)) / 3.0
    rings = [_hanging(line, out, hang * t, 0.02 * t * (folds + 0.5) * (1 - share)) for t in (1.0, 0.75, 0.5, 0.3)]
    for angle in (0.0, 30.0, 60.0, 90.0):
        inset = round_m * (1 - np.cos(np.deg2rad(angle)))
        z = round_m * (np.sin(np.deg2rad(angle)) - 1.0)
        rings.append(np.column_stack([line - inset * out, np.full(len(line), z)]))
    flat = rings[-1]
    rings += [flat * np.array([s, s, 1.0]) for s in (0.6, 0.25, 0.0)]
    points = np.stack(rings)
    step = np.linalg.norm(np.diff(points, axis=0), axis=2).mean(axis=1)
    down = -np.concatenate([[0.0], np.cumsum(step)])
    skin = surface(points, np.stack(np.meshgrid(along * (width + depth) / np.pi, down), axis=-1))
    top = skin.normals[:, 2] > 0.9
    uv = np.where(top[:, None], skin.vertices[:, :2] * [1.0, -1.0], skin.uv)
    return Shape(skin.vertices, skin.faces, skin.normals, uv)


def _hanging(line: Float, out: Float, hang: Float, push: Float) -> Float:
    return np.column_stack([line + push[:, None] * out, -np.maximum(hang, 0.051)])


def _even(outline: Float, count: int) -> Float:
    """(count + 1, 2) points evenly along a closed outline."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(outline, axis=0), axis=1))])
    at = np.linspace(0.0, length[-1], count + 1)
    return np.stack([np.interp(at, length, outline[:, k]) for k in (0, 1)], axis=-1)
