"""The solid shape of assets: convex hulls of what can fall, finer pieces of what stands still and carries, the outline of a base."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull, QhullError

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.base import Asset, Part, Support
from gsi_bench_hf.synth.scene import Float, SceneObject

BuildAsset = Callable[[str, int], Asset]

_MAX_HULL_VERTICES = 64
_SHEET_M = 0.003
_SLAB_M = 0.006
_BASE_M = 0.01
_THIN_M = 0.03
_WALL_M = 0.5
_SECTORS = 12
_BANDS = 3
_FINE_M = 0.06
_FILLED = 0.6


@dataclass(frozen=True, eq=False)
class Hull:
    """A solid part as the physics has it.

    Attributes:
        vertices_m: (N, 3) corners of its convex hull, object frame.
        volume_m3: of the stuff it is made of, for the weight: that of a closed mesh, that of a sheet for an open one.
    """

    vertices_m: Float
    volume_m3: float


@lru_cache(maxsize=1024)
def hulls(build_asset: BuildAsset, kind: str, variant: int) -> tuple[Hull, ...]:
    """The hulls of an asset's solid parts, at scale 1, with at most about 100 corners each. Parts without volume have none."""
    found = []
    for part in build_asset(kind, variant).parts:
        if not part.solid:
            continue
        try:
            hull = ConvexHull(part.vertices_m)
        except QhullError:  # flat: nothing to bump into
            continue
        if hull.volume > 1e-9:
            found.append(Hull(_simplified(part.vertices_m[hull.vertices]), _stuff_m3(part, float(hull.volume))))
    if not found:
        raise ValueError(f"asset {kind!r} variant {variant} has no solid part with a volume; the physics needs one")
    return tuple(found)


def _stuff_m3(part: Part, hull_m3: float) -> float:
    """Lamp shades and mugs are hollow: an open surface weighs as a sheet of `_SHEET_M`, a closed one by what it encloses."""
    corners = (part.vertices_m - part.vertices_m.mean(axis=0))[part.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area_m2 = float(np.linalg.norm(across, axis=1).sum()) / 2.0
    is_open = np.linalg.norm(across.sum(axis=0)) / 2.0 > 0.005 * area_m2
    enclosed_m3 = abs(float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])))) / 6.0
    return float(np.clip(_SHEET_M * area_m2 if is_open else enclosed_m3, 0.02 * hull_m3, hull_m3))


def _simplified(vertices_m: Float) -> Float:
    """Corners that stand out in some direction, those of the lowest and highest rims among them."""
    if len(vertices_m) <= _MAX_HULL_VERTICES:
        return vertices_m
    turn = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    flat = np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)
    keep: set[int] = set()
    for z in (vertices_m[:, 2].min(), vertices_m[:, 2].max()):
        rim = np.flatnonzero(np.abs(vertices_m[:, 2] - z) < 2e-4)
        keep.update(rim[np.argmax(vertices_m[rim] @ flat.T, axis=0)].tolist())
    for slope in (-0.8, 0.0, 0.8):
        keep.update(np.argmax(vertices_m @ (flat + np.array([0.0, 0.0, slope])).T, axis=0).tolist())
    return vertices_m[sorted(keep)]


@lru_cache(maxsize=2048)
def base_outline_m(kind: str, variant: int) -> Float:
    """(N, 2) corners, object frame at scale 1, of the convex outline in which an asset touches what it stands on."""
    points = np.concatenate([h.vertices_m for h in hulls(assets.build_asset, kind, variant)])
    low = points[points[:, 2] < points[:, 2].min() + _BASE_M, :2]
    try:
        return np.asarray(low[ConvexHull(low).vertices])
    except QhullError:  # it stands on a line or on fewer than three points
        return low


def standing_m(item: SceneObject) -> Float:
    """(N, 2) world, the outline in which an upright object touches what it stands on."""
    outline = base_outline_m(item.kind, item.variant) * item.scale
    return np.asarray(outline @ item.rotation[:2, :2].T + item.position_m[:2])


def pieces_m(item: SceneObject, *, fixture: bool) -> tuple[Float, ...]:
    """What a thing that stands still takes up, as convex pieces (N, 3) of corners in the world.

    Things stand in bowls and tubs and on seats: what its hull would fill of the room over its surfaces is left free. A fixture
    without solid parts is its box; a wall goes on behind its face; rugs, floors and ceilings are only their surfaces.
    """
    pieces = _fixture_pieces(item.kind, item.variant) if fixture else still_pieces(item.kind, item.variant)
    return tuple(piece * item.scale @ item.rotation.T + item.position_m for piece in pieces)


@lru_cache(maxsize=2048)
def _fixture_pieces(kind: str, variant: int) -> tuple[Float, ...]:
    asset = assets.build_asset(kind, variant)
    if assets.KINDS[kind].label == "wall":
        half = asset.size_m / 2.0
        return (_box(np.array([-half[0], -half[1], 0.0]), np.array([half[0], _WALL_M, asset.size_m[2]])),)
    if any(part.solid for part in asset.parts):
        return still_pieces(kind, variant)
    surfaces = tuple(_slab(s) for s in assets.supports(kind, variant))
    if asset.size_m[2] < _THIN_M:
        return surfaces
    half = asset.size_m / 2.0
    return (_box(np.array([-half[0], -half[1], 0.0]), np.array([half[0], half[1], asset.size_m[2]])), *surfaces)


@lru_cache(maxsize=2048)
def still_pieces(kind: str, variant: int) -> tuple[Float, ...]:
    """(N, 3) corners, object frame at scale 1, of the convex pieces of an asset that stands still, its surfaces as thin slabs."""
    supports = assets.supports(kind, variant)
    pieces: list[Float] = []
    for part in assets.build_asset(kind, variant).parts:
        if part.solid:
            pieces += _opened(part, supports)
    return (*pieces, *(_slab(support) for support in supports))


def _opened(part: Part, supports: tuple[Support, ...]) -> list[Float]:
    """The hull of a part; if it fills the room over a surface, those of its separate pieces; of a hollow one, of its walls."""
    hull = _hull(part.vertices_m)
    if hull is None:
        return []
    blocked = [s for s in supports if _fills(hull, s)]
    if not blocked:
        return [_simplified(part.vertices_m[hull.vertices])]
    pieces: list[Float] = []
    for vertices_m, faces in _separate(part):
        hull = _hull(vertices_m)
        if hull is None:
            continue
        closed = Part(vertices_m, faces, None, vertices_m, part.material)
        above = next((s for s in blocked if _fills(hull, s)), None)
        if above is None or _stuff_m3(closed, float(hull.volume)) > _FILLED * hull.volume:
            pieces.append(_simplified(vertices_m[hull.vertices]))
        else:
            pieces += _walls(vertices_m, faces, above)
    return pieces


def _hull(vertices_m: Float) -> ConvexHull | None:
    try:
        hull = ConvexHull(vertices_m)
    except QhullError:  # flat: nothing to bump into
        return None
    return hull if hull.volume > 1e-9 else None


def _fills(hull: ConvexHull, support: Support) -> bool:
    """Whether a hull takes up a good part of the room just over a surface."""
    step = np.linspace(-0.75, 0.75, 7)
    x, y = (g.ravel() for g in np.meshgrid(step, step))
    if support.shape == "disc":
        x, y = x[(inside := np.hypot(x, y) <= 0.8)], y[inside]
    height = support.height_m + min(0.02, 0.5 * support.clearance_m)
    flat = np.stack([x, y], axis=1) * support.half_extents_m + support.center_m
    points = np.column_stack([flat, np.full(len(flat), height)])
    within = (points @ hull.equations[:, :3].T + hull.equations[:, 3] < -0.002).all(axis=1)
    return bool(within.mean() > 0.2)


def _separate(part: Part) -> list[tuple[Float, np.ndarray]]:
    """Vertices (N, 3) and faces (M, 3) of the pieces of a part that hang together."""
    _, same = np.unique(np.round(part.vertices_m, 4), axis=0, return_inverse=True)
    faces = same.ravel()[part.faces]
    edges = np.concatenate([faces[:, :2], faces[:, 1:]])
    count = int(faces.max()) + 1
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    _, piece = connected_components(graph, directed=False)
    found = []
    for number in np.unique(piece[faces[:, 0]]):
        chosen = part.faces[piece[faces[:, 0]] == number]
        used, small = np.unique(chosen, return_inverse=True)
        found.append((part.vertices_m[used], small.reshape(-1, 3)))
    return found


def _walls(vertices_m: Float, faces: np.ndarray, support: Support) -> list[Float]:
    """A hollow thing as sectors around the middle of what it holds, each in a few bands of height; a millimetre thick or more."""
    corners = _refined(vertices_m[faces])
    middle = corners.mean(axis=1)
    out = middle[:, :2] - support.center_m
    sector = np.floor((np.arctan2(out[:, 1], out[:, 0]) / (2.0 * np.pi) + 0.5) * _SECTORS).astype(int) % _SECTORS
    rise = (middle[:, 2] - support.height_m - 0.002) / max(1e-6, float(vertices_m[:, 2].max()) - support.height_m)
    band = np.where(rise < 0.0, 0, 1 + np.clip(np.floor(rise * _BANDS), 0, _BANDS - 1)).astype(int)
    thick = 0.0005 * np.concatenate([np.eye(3), -np.eye(3)])
    pieces = []
    for cell in np.unique(sector * (_BANDS + 1) + band):
        points = corners[sector * (_BANDS + 1) + band == cell].reshape(-1, 3)
        points = (points[:, None] + thick).reshape(-1, 3)
        points = points[ConvexHull(points).vertices]
        if cell % (_BANDS + 1) == 0:
            points = np.minimum(points, [np.inf, np.inf, support.height_m])
        pieces.append(_simplified(points))
    return pieces


def _refined(corners: Float) -> Float:
    """(M, 3, 3) triangles cut until no side is longer than `_FINE_M`."""
    for _ in range(8):
        sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
        large = sides.max(axis=1) > _FINE_M
        if not large.any():
            break
        longest = sides[large].argmax(axis=1)
        rows = np.arange(len(longest))
        a, b, c = (corners[large][rows, (longest + k) % 3] for k in range(3))
        half = (a + b) / 2.0
        corners = np.concatenate([corners[~large], np.stack([a, half, c], 1), np.stack([half, b, c], 1)])
    return corners


def _slab(support: Support) -> Float:
    """(N, 3) corners of a thin slab under a surface."""
    if support.shape == "disc":
        turn = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
        rim = np.stack([np.cos(turn), np.sin(turn)], axis=1) * support.half_extents_m
    else:
        rim = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * support.half_extents_m
    rim = rim + support.center_m
    low, high = support.height_m - _SLAB_M, support.height_m
    return np.concatenate([np.column_stack([rim, np.full(len(rim), z)]) for z in (low, high)])


def _box(low: Float, high: Float) -> Float:
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
