"""Skins through rings that change their outline on the way up: basins, tubs, bowls, bins, cushions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.shapes import Shape, surface

Ring = tuple[Float, float]
"""An outline (m, 2), closed, counter-clockwise, and its height, metres."""


def egg(width: float, front: float, back: float, segments: int = 48, y: float = 0.0) -> Float:
    """(segments + 1, 2) closed outline: `front` metres towards -y and `back` towards +y of the line y, smooth."""
    angle = np.pi / 2 + 2 * np.pi * np.arange(segments + 1) / segments
    angle[-1] = angle[0]
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([width / 2 * c, np.where(s < 0, front, back) * s + y], axis=-1)


def squircle(
    width: float, depth: float, power: float = 2.0, segments: int = 64, x: float = 0.0, y: float = 0.0
) -> Float:
    """(segments + 1, 2) closed outline between an ellipse (`power` 2) and a rectangle (20 and more), round (x, y).

    The points lie at the same share of each quarter whatever the power, crowded near the corners, so that rings of different
    powers can be joined.
    """
    angle = np.pi / 2 + 2 * np.pi * np.arange(segments + 1) / segments
    angle[-1] = angle[0]
    c, s = np.cos(angle), np.sin(angle)
    c[np.abs(c) < 1e-12] = 0.0
    s[np.abs(s) < 1e-12] = 0.0
    bent_x, bent_y = (np.sign(v) * np.abs(v) ** (2.0 / power) for v in (c, s))
    return np.stack([width / 2 * bent_x + x, depth / 2 * bent_y + y], axis=-1)


def ringed(rings: Sequence[Ring], close: tuple[bool, bool] = (True, True), around_m: float | None = None) -> Shape:
    """A smooth skin through rings, from the lowest of the outside up (and down an inside, if there is one).

    Args:
        rings: outlines of equally many points with their heights; one given twice is a crease.
        close: whether the first and the last ring are drawn together to their middles.
        around_m: length of the texture; then coordinates are metres over it, else 0..1 round and along.
    """
    points = np.stack([np.column_stack([outline, np.full(len(outline), z)]) for outline, z in rings])
    if close[0]:
        points = np.concatenate([_middle(points[0]), points[:1], points])
    if close[1]:
        points = np.concatenate([points, points[-1:], _middle(points[-1])])
    if around_m is None:
        return surface(points)
    widest = points[np.argmax(np.ptp(points[..., 0], axis=1))]
    round_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(widest, axis=0), axis=1))])
    side = points[:, points.shape[1] // 2]
    along_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(side, axis=0), axis=1))])
    return surface(points, np.stack(np.meshgrid(round_m, -along_m), axis=-1) / around_m)


def _middle(ring: Float) -> Float:
    return np.broadcast_to(ring[:-1].mean(axis=0), ring.shape)[None]


def sectors(skin: Shape, count: int, above_m: float) -> tuple[Shape, list[Shape]]:
    """A hollow thing's skin cut up so that convex hulls of the pieces leave its inside free.

    Args:
        skin: from `ringed`, round the z axis.
        count: pieces round the turn.
        above_m: what lies wholly below this height is the floor.

    Returns:
        The floor with everything low, and the wall in `count` pieces.
    """
    corners = skin.vertices[skin.faces]
    low = corners[..., 2].max(axis=1) <= above_m + 1e-9
    middle = corners.mean(axis=1) / np.ptp(skin.vertices, axis=0)
    turn = (np.arctan2(middle[:, 1], middle[:, 0]) / (2 * np.pi) + 0.5 / count) % 1.0
    piece = np.where(low, -1, (turn * count).astype(int))
    return _only(skin, piece == -1), [_only(skin, piece == k) for k in range(count)]


def _only(skin: Shape, keep: Float) -> Shape:
    used, faces = np.unique(skin.faces[keep], return_inverse=True)
    return Shape(skin.vertices[used], faces.reshape(-1, 3).astype(np.int32), skin.normals[used], skin.uv[used])
