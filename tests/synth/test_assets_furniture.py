"""Furniture: what it carries, where it may be bumped into, which way it faces."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from gsi_bench_hf.synth.assets import KINDS, build_asset, caption, supports

FAMILIES = ("seating", "beds", "storage", "tables", "kitchen")
FURNITURE = tuple(name for name in KINDS if KINDS[name].family in FAMILIES and KINDS[name].environments == ("room",))
CARRIERS = tuple(name for name in (*FURNITURE, "window") if supports(name, 0))
VARIANTS = range(8)
each_piece = pytest.mark.parametrize("kind", FURNITURE)
each_carrier = pytest.mark.parametrize("kind", CARRIERS)


def solids(asset):
    """Half spaces (M, 4) of each solid part's hull."""
    return [ConvexHull(part.vertices_m).equations for part in asset.parts if part.solid]


def inside(hulls, points):
    """(N,) whether points (N, 3) are in any of the hulls, by more than a millimetre."""
    at = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    return np.any([(at @ hull.T).max(axis=1) < -1e-3 for hull in hulls], axis=0)


def over(support, heights_m, shrink=1.0, count=9):
    """(N, 3) a grid of points over a support at some heights above it."""
    line = np.linspace(-1.0, 1.0, count) * shrink
    x, y, z = np.meshgrid(line, line, heights_m)
    grid = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=-1)
    if support.shape == "disc":
        grid = grid[np.hypot(grid[:, 0], grid[:, 1]) <= shrink]
    middle = np.array([*support.center_m, support.height_m])
    return middle + grid * np.array([*support.half_extents_m, 1.0])


def test_the_rooms_have_what_they_need():
    assert {"sofa", "armchair", "dining-chair", "office-chair", "stool", "pouf", "bench"} <= set(FURNITURE)
    assert {"single-bed", "double-bed", "nightstand", "bookshelf", "open-shelf", "dresser", "wardrobe"} <= set(
        FURNITURE
    )
    assert {"desk", "coffee-table", "dining-table", "side-table", "kitchen-counter", "fridge"} <= set(FURNITURE)
    assert {"door", "window", "curtain", "rug", "painting", "ceiling-lamp", "floor-lamp"} <= set(KINDS)


@each_carrier
def test_a_support_lies_on_solid_matter_and_is_free_above(kind):
    for variant in VARIANTS:
        hulls = solids(build_asset(kind, variant))
        for support in supports(kind, variant):
            below = over(support, [-0.012], 0.97)
            assert inside(hulls, below).mean() > 0.85, (variant, support.name)  # there are gaps between cushions
            room = min(support.clearance_m, 0.5)
            above = over(support, np.linspace(0.004, room - 0.004, 6), 0.97)
            assert not inside(hulls, above).any(), (variant, support.name)


@each_carrier
def test_supports_lie_within_the_box_and_are_large_enough_to_use(kind):
    for variant in VARIANTS:
        size_m, found = build_asset(kind, variant).size_m, supports(kind, variant)
        assert len({(s.name, round(s.height_m, 4)) for s in found}) == len(found)
        for support in found:
            assert (np.abs(support.center_m) + support.half_extents_m <= size_m[:2] / 2 + 1e-6).all()
            assert 0.0 < support.height_m <= size_m[2] + 1e-6
            assert (2 * support.half_extents_m >= 0.1).all()
            assert support.clearance_m >= 0.1


def test_shelves_end_where_the_next_board_begins():
    for kind in ("bookshelf", "open-shelf"):
        for variant in VARIANTS:
            top, *shelves = supports(kind, variant)
            assert len(shelves) >= 2
            heights = [s.height_m for s in shelves]
            assert heights == sorted(heights, reverse=True)
            for upper, lower in zip([top, *shelves], shelves, strict=False):
                gap = upper.height_m - lower.height_m
                assert lower.clearance_m == pytest.approx(gap, abs=0.05)
                assert lower.clearance_m < gap


@pytest.mark.parametrize("kind", ["sofa", "armchair", "dining-chair", "office-chair", "single-bed", "double-bed"])
def test_backs_and_heads_are_at_the_back(kind):
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        points = np.concatenate([part.vertices_m for part in asset.parts])
        assert points[points[:, 2] > 0.9 * asset.size_m[2], 1].min() > 0.1 * asset.size_m[1]


@pytest.mark.parametrize("kind", ["dresser", "sideboard", "tv-stand", "wardrobe", "fridge", "microwave", "door"])
def test_handles_are_in_front(kind):
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        points = np.concatenate([part.vertices_m for part in asset.parts])
        low, high = (points[np.abs(points[:, 1] - y) < 0.004] for y in (points[:, 1].min(), points[:, 1].max()))
        assert np.ptp(low[:, [0, 2]], axis=0).prod() < np.ptp(high[:, [0, 2]], axis=0).prod()


@pytest.mark.parametrize("kind", ["door", "window", "painting", "wall-cabinet", "wall-shelf", "range-hood"])
def test_what_hangs_on_a_wall_is_flat_behind(kind):
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        points = np.concatenate([part.vertices_m for part in asset.parts])
        behind = points[points[:, 1] > asset.size_m[1] / 2 - 0.012]
        assert np.ptp(behind[:, 0]) > 0.4 * asset.size_m[0]


@each_piece
def test_every_board_and_leg_is_bumped_into(kind):
    """The solid hulls together reach as far as the piece does."""
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        points = np.concatenate([part.vertices_m for part in asset.parts if part.solid])
        assert (np.ptp(points, axis=0) > 0.7 * asset.size_m).all()


def test_captions_name_colour_and_material():
    asset = build_asset("sofa", 1)
    assert caption(asset) == f"{asset.color} {asset.material_name} sofa"
    assert {build_asset("sofa", v).material_name for v in range(24)} == {"fabric", "leather"}
    assert len({build_asset("dresser", v).color for v in range(24)}) >= 4
