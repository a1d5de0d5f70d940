"""Solid shapes: what carries leaves room for what it carries, and its surfaces are where its mesh is."""

from __future__ import annotations

import numpy as np
import pytest
from furnished import DESK, SHELL, fixture
from scipy.spatial import ConvexHull

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.base import Support
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.solids import pieces_m, standing_m

CARRIERS = [kind for kind in assets.KINDS if assets.supports(kind, 0)]


def inside(pieces: tuple[np.ndarray, ...], points_m: np.ndarray) -> np.ndarray:
    """(N,) whether (N, 3) points are in one of the pieces."""
    found = np.zeros(len(points_m), bool)
    for piece in pieces:
        faces = ConvexHull(piece).equations
        found |= (points_m @ faces[:, :3].T + faces[:, 3] < -1e-4).all(axis=1)
    return found


def grid(support: Support, count: int = 9) -> np.ndarray:
    """(N, 2) points over a surface."""
    x, y = (g.ravel() for g in np.meshgrid(*[np.linspace(-0.93, 0.93, count)] * 2))
    if support.shape == "disc":
        x, y = x[(near := np.hypot(x, y) < 0.93)], y[near]
    return np.stack([x, y], axis=1) * support.half_extents_m + support.center_m


def crossings_m(kind: str, variant: int, point: np.ndarray) -> np.ndarray:
    """Heights at which a vertical through (2,) `point` meets the mesh."""
    corners = np.concatenate([p.vertices_m[p.faces] for p in assets.build_asset(kind, variant).parts])
    low, high = corners[..., :2].min(axis=1), corners[..., :2].max(axis=1)
    corners = corners[(low <= point).all(axis=1) & (high >= point).all(axis=1)]
    sides = corners[:, :2, :2] - corners[:, 2:, :2]
    area = sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]
    corners, sides, area = corners[keep := np.abs(area) > 1e-12], sides[keep], area[keep]
    to = point - corners[:, 2, :2]
    a = (to[:, 0] * sides[:, 1, 1] - to[:, 1] * sides[:, 1, 0]) / area
    b = (sides[:, 0, 0] * to[:, 1] - sides[:, 0, 1] * to[:, 0]) / area
    share = np.stack([a, b, 1.0 - a - b], axis=1)
    return (share * corners[..., 2]).sum(axis=1)[(share >= -1e-9).all(axis=1)]


@pytest.mark.parametrize("kind", CARRIERS)
def test_what_stands_on_a_surface_touches_the_mesh_and_has_room(kind: str) -> None:
    pieces = pieces_m(assets.place(kind, 1, "it", np.zeros(3)), fixture=not assets.KINDS[kind].movable)
    for support in assets.supports(kind, 1):
        points = grid(support)
        heights = [crossings_m(kind, 1, p) - support.height_m for p in points]
        gaps = [-h[h < 0.003].max(initial=-1.0) for h in heights]
        assert np.quantile(gaps, 0.85) < 0.008, f"{support.name}: hangs over the mesh"
        room_m = min(support.clearance_m - 0.003, 0.15)
        assert np.mean([((h > 0.003) & (h < room_m)).any() for h in heights]) < 0.08, f"{support.name}: not free"
        over = np.concatenate(
            [np.column_stack([points, np.full(len(points), support.height_m + z)]) for z in (0.012, min(0.06, room_m))]
        )
        assert inside(pieces, over).mean() < 0.06, f"{support.name}: filled"


def test_a_tub_has_walls_and_a_floor_and_room_between() -> None:
    tub = assets.place("bathtub", 0, "tub", np.array([1.0, 2.0, 0.0]))
    (well,) = (s for s in assets.supports("bathtub", 0) if s.name == "inside")
    pieces = pieces_m(tub, fixture=True)
    middle = tub.position_m + np.append(well.center_m, well.height_m)
    assert not inside(pieces, middle + np.array([[0.0, 0.0, 0.02], [0.0, 0.0, 0.25]])).any()
    assert inside(pieces, middle - np.array([[0.0, 0.0, 0.003]])).all()
    # Straight to every side there is a wall, up to the rim.
    for side in ([1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]):
        way = middle + [0.0, 0.0, 0.3] + np.linspace(0.0, 1.2, 400)[:, None] * side
        assert inside(pieces, way).any()


def test_fixtures_that_are_not_solid_are_boxes_and_walls_are_thick() -> None:
    floor, wall, _ = SHELL
    (slab,) = pieces_m(floor, fixture=True)
    assert slab[:, 2].max() == 0.0
    (block,) = pieces_m(wall, fixture=True)
    face_m = wall.position_m[1] - wall.size_m[1] / 2.0
    assert block[:, 1].min() == pytest.approx(face_m)
    assert block[:, 1].max() > face_m + 0.4


def test_furniture_stands_on_its_feet() -> None:
    stool = fixture("stool", 1, 0.3, -0.2, 30.0)
    feet, whole = standing_m(stool), footprint_m(stool)
    assert np.allclose(feet.mean(axis=0), stool.position_m[:2], atol=0.02)
    assert (feet.min(axis=0) > whole.min(axis=0) - 1e-6).all()
    assert (feet.max(axis=0) < whole.max(axis=0) + 1e-6).all()
    assert np.ptp(standing_m(DESK)[:, 0]) > 1.0
