"""Bathrooms and small things: mirrors, glass, hollows, what stands where."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from gsi_bench_hf.synth.assets import KINDS, build_asset, movable_kinds, supports
from gsi_bench_hf.synth.assets.bathroom import MOUNT_M
from gsi_bench_hf.synth.assets.rings import ringed, sectors, squircle

VARIANTS = range(10)
FIXED = (
    "toilet",
    "vanity",
    "bathtub",
    "shower",
    "mirror-cabinet",
    "wall-mirror",
    "towel-rail",
    "radiator",
    "bathroom-shelf",
)


def hulls(asset):
    return [ConvexHull(part.vertices_m).equations for part in asset.parts if part.solid]


def blocked(asset, points):
    """(N,) whether points (N, 3) lie in a solid part, by more than two millimetres."""
    at = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    return np.any([(at @ hull.T).max(axis=1) < -2e-3 for hull in hulls(asset)], axis=0)


def above(support, height_m, count=7):
    """(N, 3) points over a support."""
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, count)] * 2))
    flat = support.center_m + np.stack([x, y], axis=-1) * support.half_extents_m
    return np.column_stack([flat, np.full(len(flat), support.height_m + height_m)])


def test_a_bathroom_has_its_things():
    assert set(FIXED) <= {name for name in KINDS if not KINDS[name].movable and "bathroom" in KINDS[name].environments}
    small = set(movable_kinds("bathroom"))
    assert {
        "towel-stack",
        "soap-dispenser",
        "shampoo",
        "toothbrush-cup",
        "toilet-paper",
        "laundry-basket",
        "bin",
    } <= small
    assert len(small) >= 15
    assert small & set(movable_kinds("tabletop")) == {"tissue-box"}
    assert set(MOUNT_M) <= set(KINDS)


@pytest.mark.parametrize("kind", ["mirror-cabinet", "wall-mirror"])
def test_a_mirror_is_one_flat_part_that_looks_to_the_front(kind):
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        panes = [part for part in asset.parts if part.material.texture == "mirror"]
        assert len(panes) == 1
        (pane,) = panes
        assert pane.material.reflectance == 1.0
        assert np.ptp(pane.vertices_m[:, 1]) < 1e-9
        np.testing.assert_allclose(pane.normals, np.tile([0.0, -1.0, 0.0], (len(pane.normals), 1)), atol=1e-9)
        assert np.ptp(pane.vertices_m[:, 0]) * np.ptp(pane.vertices_m[:, 2]) > 0.25
        assert not blocked(asset, pane.vertices_m.mean(axis=0) - [[0.0, 0.003, 0.0]]).any()


@pytest.mark.parametrize("kind", ["glass", "wine-glass", "jar", "hourglass", "shower"])
def test_glass_is_seen_through(kind):
    alphas = [part.material.rgba[3] for part in build_asset(kind, 0).parts]
    assert 0.0 < min(alphas) < 0.5
    assert max(alphas) == 1.0


@pytest.mark.parametrize("kind", [k for k in FIXED if supports(k, 1)] + ["bath-mat"])
def test_what_stands_on_a_fixture_is_free_and_held(kind):
    """Over a support there is room for a thing of five centimetres, and just below it there is a solid part."""
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        for support in supports(kind, variant):
            assert support.half_extents_m.min() > 0.03
            assert not blocked(asset, above(support, 0.03)).any(), (variant, support.name)
            assert not blocked(asset, above(support, 0.06)).any(), (variant, support.name)
            tops = [p.vertices_m[:, 2].max() for p in asset.parts if p.solid]
            assert min(abs(top - support.height_m) for top in tops) < 0.012, (variant, support.name)


def test_a_tub_is_hollow_and_its_walls_are_not():
    for variant in VARIANTS:
        asset = build_asset("bathtub", variant)
        inside = next(s for s in supports("bathtub", variant) if s.name == "inside")
        for height in (0.02, 0.2, 0.35):
            assert not blocked(asset, above(inside, height)).any()
        walls = np.concatenate([part.vertices_m for part in asset.parts if part.solid])
        assert np.ptp(walls[:, 0]) > 0.9 * asset.size_m[0]
        assert walls[:, 2].max() > 0.5


def test_a_toilet_offers_its_lid_only_when_it_is_closed():
    offered = {tuple(s.name for s in supports("toilet", v)) for v in range(24)}
    assert offered == {("tank",), ("tank", "lid")}


def test_a_wash_stand_has_room_beside_its_basin():
    wide = [supports("vanity", v) for v in range(24)]
    assert all(found and found[0].half_extents_m[0] >= found[-1].half_extents_m[0] for found in wide)
    assert np.mean([found[0].half_extents_m[0] > 0.1 for found in wide]) > 0.6


def test_what_hangs_on_a_wall_is_flat_and_hangs_below_the_ceiling():
    for kind, height_m in MOUNT_M.items():
        for variant in VARIANTS:
            size_m = build_asset(kind, variant).size_m
            assert size_m[1] < 0.25
            assert height_m > 0.3
            assert height_m + size_m[2] < 2.3


def test_sectors_leave_the_inside_of_a_bowl_free():
    rings = [(squircle(s, s), z) for s, z in ((0.5, 0.0), (0.7, 0.3), (0.66, 0.3), (0.4, 0.05))]
    skin = ringed(rings)
    low, walls = sectors(skin, 6, 0.06)
    assert len(low.faces) + sum(len(wall.faces) for wall in walls) == len(skin.faces)
    hollow = np.array([[0.0, 0.0, 0.2], [0.15, 0.1, 0.2], [-0.1, -0.15, 0.25]])
    for wall in walls:
        equations = ConvexHull(wall.vertices).equations
        assert ((np.column_stack([hollow, np.ones(3)]) @ equations.T).max(axis=1) > 0).all()


def test_a_squircle_goes_from_an_ellipse_to_a_rectangle():
    round_, square = squircle(2.0, 1.0, 2.0, 64), squircle(2.0, 1.0, 80.0, 64)
    np.testing.assert_allclose((round_[:, 0]) ** 2 + (2 * round_[:, 1]) ** 2, 1.0, atol=1e-12)
    corner = np.abs(square) @ np.array([1.0, 1.0])
    assert corner.max() == pytest.approx(1.5, abs=0.03)
    for outline in (round_, square):
        np.testing.assert_allclose(outline[0], outline[-1], atol=1e-12)
        area = 0.5 * np.sum(outline[:-1, 0] * outline[1:, 1] - outline[1:, 0] * outline[:-1, 1])
        assert area > 0
