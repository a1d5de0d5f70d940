"""Flat outlines and profiles, (k, 2) arrays in metres: what `shapes` raises, turns and sweeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gsi_bench_hf.synth.assets.base import Float

Faces = NDArray[np.int32]


def curve(points: ArrayLike, count: int, closed: bool = False) -> Float:
    """(count, d) points along a smooth (centripetal-free Catmull-Rom) curve through `points` (k, d).

    A closed curve's last point is its first one again.
    """
    knots = np.asarray(points, dtype=np.float64)
    if closed:
        padded = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    spans = len(padded) - 3
    t = np.linspace(0.0, spans, count)
    i = np.minimum(t.astype(int), spans - 1)
    f = (t - i)[:, None]
    p0, p1, p2, p3 = (padded[i + k] for k in range(4))
    return np.asarray(
        p1 + 0.5 * f * (p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0))), dtype=np.float64
    )


def circle(radius: float, segments: int = 48, depth_radius: float | None = None) -> Float:
    """(segments + 1, 2) closed counter-clockwise circle or ellipse that starts at the back."""
    angle = np.pi / 2 + 2 * np.pi * np.arange(segments + 1) / segments
    angle[-1] = angle[0]
    return np.stack([np.cos(angle) * radius, np.sin(angle) * (depth_radius or radius)], axis=-1)


def rounded_rectangle(width: float, depth: float, radius: float, steps: int = 4) -> Float:
    """(k, 2) counter-clockwise outline round the origin, closed (last = first), starting at the middle of the back (+y)."""
    radius = min(radius, width / 2, depth / 2)
    steps = steps if radius > 1e-5 else 0
    angle = np.linspace(0.0, np.pi / 2, steps + 1) if steps else np.array([np.pi / 4])
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * radius
    corner = np.array([width / 2 - radius, depth / 2 - radius])
    pieces = []
    for quarter in (1, 2, 3, 0):
        c, s = np.cos(quarter * np.pi / 2), np.sin(quarter * np.pi / 2)
        sign = np.array([[-1, 1], [-1, -1], [1, -1], [1, 1]][quarter - 1])
        pieces.append(arc @ np.array([[c, s], [-s, c]]) + corner * sign)
    middle = np.array([[0.0, depth / 2]])
    outline = np.concatenate([middle, *pieces])
    apart = np.linalg.norm(outline - np.roll(outline, 1, axis=0), axis=1) > 1e-9
    apart[0] = True
    if not apart.all() or np.linalg.norm(outline[-1] - outline[0]) < 1e-9:
        outline = outline[apart]
        outline = outline[:-1] if np.linalg.norm(outline[-1] - outline[0]) < 1e-9 else outline
    return np.concatenate([outline, outline[:1]])


def with_creases(points: Float, angle_deg: float = 40.0, closed: bool = False) -> Float:
    """(k, d) polyline with the points doubled at which it turns by more than `angle_deg`."""
    steps = np.diff(points, axis=0)
    steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-12)
    sharp = np.zeros(len(points), dtype=bool)
    sharp[1:-1] = np.sum(steps[1:] * steps[:-1], axis=1) < np.cos(np.deg2rad(angle_deg))
    if closed:
        sharp[0] = sharp[-1] = bool(np.dot(steps[-1], steps[0]) < np.cos(np.deg2rad(angle_deg)))
    return np.asarray(np.repeat(points, 1 + sharp, axis=0))


def wall_profile(height: float, low: float, bevel: float, steps: int) -> Float:
    """(k, 2) inset and height from the lower edge's bevel up to the upper one's."""
    sunk, raised = _bevel_profile(low, 0.0, steps), _bevel_profile(bevel, height, steps)[::-1]
    raised[:, 1] = 2 * height - raised[:, 1]
    return np.concatenate([sunk, raised])


def _bevel_profile(bevel: float, start_z: float, steps: int) -> Float:
    """(steps + 1, 2) inset and height of a rounded lower edge."""
    if bevel <= 0.0:
        return np.array([[0.0, start_z]])
    angle = np.linspace(0.0, np.pi / 2, steps + 1)
    return np.stack([bevel * (1 - np.sin(angle)), start_z + bevel * (1 - np.cos(angle))], axis=-1)


def inward(edge: Float) -> tuple[Float, Float]:
    """How far each point of a closed outline (k, 2) moves for an inset of one metre (k, 2), and the widest inset it bears (k,)."""
    steps = np.diff(edge, axis=0)
    length = np.linalg.norm(steps, axis=1)
    real = length > 1e-12
    steps, length = steps[real] / length[real, None], length[real]
    where = np.cumsum(real)
    ends = np.concatenate([[-1], where - 1])
    starts = np.concatenate([[0], where]) % len(steps)
    before, after = steps[ends], steps[starts]
    left = np.stack([-(before + after)[:, 1], (before + after)[:, 0]], axis=-1)
    move = 2.0 * left / np.maximum(np.sum(left**2, axis=1, keepdims=True), 0.2)
    turn = np.arctan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], np.sum(before * after, axis=1))
    radius = np.where(turn > 1e-6, 0.5 * (length[ends] + length[starts]) / np.maximum(turn, 1e-6), np.inf)
    open_ = radius[:-1]
    near = np.min([np.roll(open_, k) for k in (-2, -1, 0, 1, 2)], axis=0)
    return move, 0.8 * np.append(near, near[:1])


def triangulate(outline: Float) -> Faces:
    """(k - 2, 3) counter-clockwise triangles of a simple polygon (k, 2), given counter-clockwise, not closed."""
    steps = np.roll(outline, -1, axis=0) - outline
    after = np.roll(steps, -1, axis=0)
    if np.all(steps[:, 0] * after[:, 1] - steps[:, 1] * after[:, 0] >= -1e-12):
        k = np.arange(1, len(outline) - 1)
        return np.stack([np.zeros_like(k), k, k + 1], axis=-1).astype(np.int32)
    try:
        import mapbox_earcut
    except ImportError as error:
        raise ImportError('assets need the package mapbox_earcut: pip install "gsi-bench-hf[sim]"') from error

    faces = mapbox_earcut.triangulate_float64(outline, np.array([len(outline)], dtype=np.uint32))
    return np.asarray(faces, dtype=np.int32).reshape(-1, 3)
