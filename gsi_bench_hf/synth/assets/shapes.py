"""Primitive shapes as plain triangle arrays with smooth normals and texture coordinates. NumPy only.

All lengths are metres. A shape's texture coordinates have (0, 0) at the top-left of an image; v runs downwards. Faces are
counter-clockwise seen from outside. A crease is made by giving the same ring or column of points twice: the empty strip between
them parts the normals.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gsi_bench_hf.synth.assets.base import Float, Material, Part
from gsi_bench_hf.synth.assets.outlines import Faces, inward, rounded_rectangle, triangulate, wall_profile, with_creases

_EMPTY_AREA_M2 = 1e-14


@dataclass(frozen=True, eq=False)
class Shape:
    """Triangles without a material: `vertices` (N, 3), `faces` (M, 3), unit `normals` (N, 3), `uv` (N, 2)."""

    vertices: Float
    faces: Faces
    normals: Float
    uv: Float

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Shape:
        """The shape shifted by (x, y, z) metres."""
        return dataclasses.replace(self, vertices=self.vertices + np.array([x, y, z]))

    def turned(self, axis: str, angle_deg: float) -> Shape:
        """The shape turned about the "x", "y" or "z" axis through the origin, right-handed."""
        turn = rotation(axis, angle_deg)
        return dataclasses.replace(self, vertices=self.vertices @ turn.T, normals=self.normals @ turn.T)

    def scaled(self, x: float, y: float | None = None, z: float | None = None) -> Shape:
        """The shape stretched along the axes by positive factors; one factor stretches all three."""
        factors = np.array([x, x if y is None else y, x if z is None else z])
        return dataclasses.replace(self, vertices=self.vertices * factors, normals=unit(self.normals / factors))

    def tiled(self, tile_m: float, v_m: float | None = None) -> Shape:
        """Texture coordinates divided by a tile's size (metres), for shapes whose coordinates are metres."""
        return dataclasses.replace(self, uv=self.uv / np.array([tile_m, tile_m if v_m is None else v_m]))

    def shifted_uv(self, u: float, v: float) -> Shape:
        """Texture coordinates moved, so that two pieces don't show the same grain."""
        return dataclasses.replace(self, uv=self.uv + np.array([u, v]))

    def bent(self, vertices: Float) -> Shape:
        """The shape with its vertices moved to `vertices` (N, 3) and normals made anew, smooth wherever vertices coincide."""
        corner = vertices[self.faces]
        across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        _, same = np.unique(np.round(vertices, 7), axis=0, return_inverse=True)
        same = same.ravel()
        total = np.zeros((int(same.max()) + 1, 3))
        for k in range(3):
            np.add.at(total, same[self.faces[:, k]], across)
        return Shape(vertices, self.faces, unit(total)[same], self.uv)

    def part(self, material: Material, solid: bool = True) -> Part:
        """The shape with a material on it. A part's v runs up an image, a shape's down."""
        uv = self.uv * [1.0, -1.0] + [0.0, 1.0] if material.texture is not None else None
        return Part(self.vertices, self.faces, uv, self.normals, material, solid)


def turned_parts(parts: Sequence[Part], axis: str, angle_deg: float) -> tuple[Part, ...]:
    """Finished parts turned about an axis through the origin."""
    turn = rotation(axis, angle_deg).T
    return tuple(dataclasses.replace(p, vertices_m=p.vertices_m @ turn, normals=p.normals @ turn) for p in parts)


def scaled_parts(parts: Sequence[Part], factor: float) -> tuple[Part, ...]:
    """Finished parts made larger."""
    return tuple(dataclasses.replace(p, vertices_m=p.vertices_m * factor) for p in parts)


def merge(*shapes: Shape) -> Shape:
    """Several shapes as one."""
    starts = np.cumsum([0, *(len(s.vertices) for s in shapes)])
    return Shape(
        np.concatenate([s.vertices for s in shapes]),
        np.concatenate([s.faces + start for s, start in zip(shapes, starts, strict=False)]).astype(np.int32),
        np.concatenate([s.normals for s in shapes]),
        np.concatenate([s.uv for s in shapes]),
    )


def unit(vectors: Float) -> Float:
    """(…, 3) vectors made one long; a vanishing one becomes +z."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-12, vectors / np.maximum(length, 1e-12), np.array([0.0, 0.0, 1.0]))


def rotation(axis: str, angle_deg: float) -> Float:
    """(3, 3) right-handed turn about "x", "y" or "z"."""
    i = "xyz".index(axis)
    c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    matrix = np.eye(3)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix[j, j] = matrix[k, k] = c
    matrix[j, k], matrix[k, j] = -s, s
    return matrix


def surface(points: Float, uv: Float | None = None, wrap: bool = True, ends: Float | None = None) -> Shape:
    """A smooth skin over a grid of points.

    Args:
        points: (n, m, 3). The outside is on the side of (step along m) x (step along n): rows go up, columns counter-clockwise.
        uv: (n, m, 2); by default u runs along the columns and v up the rows, 0..1, by index.
        wrap: the last column is the first one again, and normals are smooth across it.
        ends: (2, 3) normals to give the first and the last row.

    Returns:
        The skin. A ring that has shrunk to a point is a smooth pole.
    """
    points = np.asarray(points, dtype=np.float64)
    n, m = points.shape[:2]
    if uv is None:
        uv = np.stack(np.meshgrid(np.linspace(0, 1, m), np.linspace(1, 0, n)), axis=-1)
    quads = np.cross(points[1:, 1:] - points[:-1, :-1], points[1:, :-1] - points[:-1, 1:])
    row = (
        np.concatenate([quads[:, -1:], quads, quads[:, :1]], axis=1)
        if wrap
        else np.pad(quads, ((0, 0), (1, 1), (0, 0)))
    )
    row = row[:, :-1] + row[:, 1:]
    normals = np.zeros_like(points)
    normals[:-1] += row
    normals[1:] += row
    for i in (0, n - 1):
        if np.ptp(points[i], axis=0).max() < 1e-9:
            normals[i] = normals[i].sum(axis=0)
    if ends is not None:
        normals[0], normals[-1] = ends
    index = np.arange(n * m).reshape(n, m)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return _cleaned(points.reshape(-1, 3), faces, unit(normals).reshape(-1, 3), uv.reshape(-1, 2))


def _cleaned(vertices: Float, faces: NDArray[np.intp], normals: Float, uv: Float) -> Shape:
    corner = vertices[faces]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    faces = faces[area > _EMPTY_AREA_M2]
    used, faces = np.unique(faces, return_inverse=True)
    return Shape(vertices[used], faces.reshape(-1, 3).astype(np.int32), normals[used], uv[used])


def lathe(profile: ArrayLike, segments: int = 48, crease_deg: float = 40.0) -> Shape:
    """A surface of revolution about z.

    Args:
        profile: (k, 2) radius and height, from the bottom up along the outside (then down along an inside, if there is one).
        segments: round the turn; a multiple of four keeps the bounding box exact.
        crease_deg: a sharper bend of the profile is an edge.

    Returns:
        The surface; u once round with 0.5 at the front (-y), v along the profile's length, 1 at its start.
    """
    outline = with_creases(np.asarray(profile, dtype=np.float64), crease_deg)
    angle = np.pi / 2 + 2 * np.pi * np.arange(segments + 1) / segments
    angle[-1] = angle[0]
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    ring[np.abs(ring) < 1e-15] = 0.0
    points = np.empty((len(outline), segments + 1, 3))
    points[..., :2] = outline[:, None, :1] * ring
    points[..., 2] = outline[:, None, 1]
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(outline, axis=0), axis=1))])
    u, v = np.meshgrid(np.arange(segments + 1) / segments, 1.0 - along / along[-1])
    return surface(points, np.stack([u, v], axis=-1))


def tube(path: ArrayLike, radius: ArrayLike, segments: int = 12, flat: float = 1.0, round_ends: bool = True) -> Shape:
    """A round rod swept along a path.

    Args:
        path: (k, 3) centre line.
        radius: one, or (k,) of them.
        segments: round the rod.
        flat: stretches the section along the frame's second axis; below 1 makes a ribbon.
        round_ends: domes at the ends; else flat discs.

    Returns:
        The rod with closed ends; u round it, v along it.
    """
    line = np.asarray(path, dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radius, dtype=np.float64), len(line)).copy()
    tangents = unit(np.gradient(line, axis=0))
    first, second = _frames(tangents)
    if round_ends:
        bend = np.deg2rad([90.0, 60.0, 30.0])
        head = line[:1] - tangents[:1] * radii[0] * np.sin(bend)[:, None]
        tail = line[-1:] + tangents[-1:] * radii[-1] * np.sin(bend[::-1])[:, None]
        line = np.concatenate([head, line, tail])
        radii = np.concatenate([radii[0] * np.cos(bend), radii, radii[-1] * np.cos(bend[::-1])])
        extra = (3, 3)
    else:
        line = np.concatenate([line[:1], line[:1], line, line[-1:], line[-1:]])
        radii = np.concatenate([[0.0, radii[0]], radii, [radii[-1], 0.0]])
        extra = (2, 2)
    radii[[0, -1]] = 0.0
    first, second = (np.pad(axis, (extra, (0, 0)), mode="edge") for axis in (first, second))
    angle = 2 * np.pi * np.arange(segments + 1) / segments
    angle[-1] = 0.0
    ring = np.cos(angle)[None, :, None] * first[:, None] + flat * np.sin(angle)[None, :, None] * second[:, None]
    return surface(line[:, None] + radii[:, None, None] * ring)


def _frames(tangents: Float) -> tuple[Float, Float]:
    """Two axes across each tangent that don't spin along the path (parallel transport)."""
    start = np.eye(3)[np.argmin(np.abs(tangents[0]))]
    first = np.empty_like(tangents)
    first[0] = unit(np.cross(tangents[0], np.cross(start, tangents[0])))
    for i in range(1, len(tangents)):
        across = first[i - 1] - np.dot(first[i - 1], tangents[i]) * tangents[i]
        first[i] = unit(across)
    return first, np.cross(tangents, first)


def extrude(
    outline: ArrayLike, height: float, bevel: float = 0.0, steps: int = 3, bottom_bevel: float | None = None
) -> Shape:
    """A plate: an outline raised from z = 0 to `height`, its edges rounded by `bevel`.

    Args:
        outline: (k, 2) closed (last = first), counter-clockwise. Where it bends more tightly than `bevel` the bevel gets narrower.
        height: along z.
        bevel: radius of the upper edge, and of the lower one unless `bottom_bevel` says otherwise.
        steps: facets of a bevel.
        bottom_bevel: radius of the lower edge.

    Returns:
        The plate; texture coordinates in metres, x and -y on top and bottom, round and down on the sides.
    """
    edge = with_creases(np.asarray(outline, dtype=np.float64), closed=True)
    move, room = inward(edge)
    low = bevel if bottom_bevel is None else bottom_bevel
    profile = wall_profile(height, low, bevel, steps)
    rings = [edge + move * np.minimum(inset, room)[:, None] for inset in profile[:, 0]]
    return _stacked(rings, profile, low > 0.0 and bevel > 0.0)


def _stacked(rings: Sequence[Float], profile: Float, flush: bool) -> Shape:
    """The plate whose outline at height `profile[i, 1]` is `rings[i]`; `flush` when its bevels end level."""
    points = np.stack(
        [np.column_stack([ring, np.full(len(ring), z)]) for ring, z in zip(rings, profile[:, 1], strict=True)]
    )
    edge = points[np.argmin(profile[:, 0])]
    round_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))])
    down = -np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
    level = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]]) if flush else None
    side = surface(points, np.stack(np.meshgrid(round_m, down), axis=-1), ends=level)
    return merge(side, cap(points[0], up=False), cap(points[-1], up=True))


def cap(ring: Float, up: bool = True) -> Shape:
    """A flat lid on a closed ring (k, 3) of one height; any simple outline. Texture coordinates x, -y in metres."""
    points = ring[:-1]
    keep = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1) > 1e-9
    points = points[keep]
    faces = triangulate(points[:, :2])
    if not up:
        faces = faces[:, ::-1]
    normals = np.tile([0.0, 0.0, 1.0 if up else -1.0], (len(points), 1))
    return Shape(points, faces.astype(np.int32), normals, points[:, :2] * np.array([1.0, -1.0]))


def rounded_box(
    width: float, depth: float, height: float, bevel: float = 0.003, corner: float | None = None, steps: int = 3
) -> Shape:
    """A box on z = 0 with rounded edges; upright edges of radius `corner`. Texture coordinates in metres."""
    bevel = min(bevel, 0.49 * height, 0.49 * width, 0.49 * depth)
    radius = min(max(corner or 0.0, 1.02 * bevel), width / 2, depth / 2)
    profile = wall_profile(height, bevel, bevel, steps)
    rings = [
        with_creases(rounded_rectangle(width - 2 * i, depth - 2 * i, radius - i, steps), closed=True)
        for i in profile[:, 0]
    ]
    return _stacked(rings, profile, bevel > 0.0)


def ellipsoid(rx: float, ry: float, rz: float, segments: int = 32, rings: int = 16) -> Shape:
    """An ellipsoid round the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    profile = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    profile[[0, -1], 0] = 0.0
    return lathe(profile, segments).scaled(rx, ry, rz)


def rod(start: ArrayLike, end: ArrayLike, radius: float, segments: int = 16, round_ends: bool = True) -> Shape:
    """A straight round rod between two points, its ends domed or flat."""
    return tube(np.stack([np.asarray(start, float), np.asarray(end, float)]), radius, segments, round_ends=round_ends)


def loft(sections: Sequence[Float] | Float, uv: Float | None = None, caps: bool = True) -> Shape:
    """A smooth skin through closed rings (n, m, 3), each ring's last point its first; ends drawn together to poles by `caps`."""
    rings = np.asarray(sections, dtype=np.float64)
    if caps:
        ends = [np.broadcast_to(rings[i, :-1].mean(axis=0), rings[i].shape) for i in (0, -1)]
        rings = np.concatenate([ends[0][None], rings, ends[1][None]])
    return surface(rings, uv)


def sheet(points: Float) -> Shape:
    """An open skin over a grid (n, m, 3), seen from both sides: doubled, back to back."""
    front = surface(points, wrap=False)
    back = Shape(front.vertices, front.faces[:, ::-1].copy(), -front.normals, front.uv)
    return merge(front, back)


def label(width: float, height: float, bend_radius: float | None = None, steps: int = 1) -> Shape:
    """An upright picture that faces -y, centred on the origin's x with its lower edge at z = 0; the whole image on it.

    Args:
        width: along x, or along the arc.
        height: along z.
        bend_radius: wraps the picture round a cylinder of that radius about z.
        steps: columns.
    """
    edge = 0.002
    u = np.linspace(0.0, 1.0, steps + 1)
    if bend_radius is None:
        line = np.stack([(u - 0.5) * width, np.zeros_like(u)], axis=-1)
    else:
        angle = (u - 0.5) * width / bend_radius - np.pi / 2
        line = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * bend_radius
    points = np.empty((2, steps + 1, 3))
    points[..., :2] = line
    points[0, :, 2], points[1, :, 2] = 0.0, height
    uv = np.stack(np.meshgrid(edge + u * (1 - 2 * edge), [1.0 - edge, edge]), axis=-1)
    return surface(points, uv, wrap=False)


def plate(width: float, depth: float, nx: int = 1, ny: int = 1) -> Shape:
    """A level rectangle at z = 0 that faces up, in nx by ny cells; texture coordinates x, -y in metres."""
    x, y = np.meshgrid(np.linspace(-width / 2, width / 2, nx + 1), np.linspace(-depth / 2, depth / 2, ny + 1))
    points = np.stack([x, y, np.zeros_like(x)], axis=-1)
    return surface(points, np.stack([x, -y], axis=-1), wrap=False)
