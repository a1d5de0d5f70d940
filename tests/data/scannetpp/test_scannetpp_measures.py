"""Sharpness, the mesh as a camera sees it, boxes of points, and what is under, in and before a place; on hand-made surfaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from gsi_bench_hf.data.scannetpp.raster import rasterise
from gsi_bench_hf.data.scannetpp.sharpness import high_frequency_share
from gsi_bench_hf.data.scannetpp.solid import (
    BESIDE_M,
    DepthSolid,
    MeshSolid,
    MeshSurfaces,
    entry_depth,
    footing,
    hidden_share,
    points_within,
    surface_height_m,
)
from gsi_bench_hf.data.scannetpp.views import KIND, faced, upright_thing
from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box, pinhole
from gsi_bench_hf.types import Box3D, Camera

LEVEL = np.eye(4)
LEVEL[:3, :3] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # looks along world +y
CAMERA = Camera(pinhole(100, 80, 53.13010235415598), LEVEL, 100, 80)  # focal length 80 px


@pytest.mark.parametrize(("waves", "share"), [(5, 0.0), (20, 1.0)])
def test_a_wave_is_in_or_outside_the_disc_of_a_tenth_of_the_shorter_side(waves, share):
    # 80 rows: the disc's radius is 8 waves a picture
    wave = np.cos(2.0 * np.pi * waves * np.arange(100) / 100.0)
    picture = np.tile(128.0 + 100.0 * wave, (80, 1)).round().astype(np.uint8)
    assert high_frequency_share(Image.fromarray(picture)) == pytest.approx(share, abs=1e-3)


def test_sharpness_falls_with_blur_and_is_nothing_for_one_colour():
    rng = np.random.default_rng(0)
    sharp = Image.fromarray(rng.integers(0, 255, (80, 100), dtype=np.uint8)).resize(
        (200, 160), Image.Resampling.NEAREST
    )
    shares = [high_frequency_share(sharp.filter(ImageFilter.GaussianBlur(r))) for r in (0, 2, 5)]
    assert shares[0] > 2.0 * shares[1] > 4.0 * shares[2]
    assert high_frequency_share(Image.new("RGB", (60, 40), "red")) == 0.0


def wall(y_m: float, left: float, right: float, z: tuple[float, float] = (-1.0, 1.0)) -> tuple[np.ndarray, np.ndarray]:
    corners = [[left, y_m, z[0]], [right, y_m, z[0]], [right, y_m, z[1]], [left, y_m, z[1]]]
    return np.array(corners), np.array([[0, 1, 2], [0, 2, 3]])


def joined(*parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *(len(v) for v, _ in parts)])
    faces = [f + start for (_, f), start in zip(parts, starts, strict=False)]
    owners = np.concatenate([np.full(len(f), i + 1) for i, (_, f) in enumerate(parts)])
    return np.concatenate([v for v, _ in parts]), np.concatenate(faces), owners


def test_a_nearer_wall_hides_half_of_a_farther_one():
    # At 4 m a pixel is 4/80 = 5 cm: the far wall of 2 x 2 m covers 40 x 40 pixels, the near one, 0.5 m wide at 2 m, 20 x 80;
    # and half a pixel more on each side, where they are touched.
    vertices, faces, owners = joined(wall(4.0, -1.0, 1.0), wall(2.0, 0.0, 0.5))
    seen = rasterise(vertices, faces, owners, CAMERA)
    assert seen.pixels_alone == {1: pytest.approx(41 * 41, abs=90), 2: pytest.approx(21 * 80, abs=80)}
    assert np.count_nonzero(seen.owners == 1) == pytest.approx(20.5 * 41, abs=45)
    assert seen.owners[40, 60] == 2
    assert seen.depth_m[40, 40] == pytest.approx(4.0, abs=1e-5)
    assert seen.depth_m[40, 60] == pytest.approx(2.0, abs=1e-5)
    assert seen.depth_m[40, 5] == 0.0
    inside = seen.owners[22:58, 32:68]
    assert (inside > 0).all(), "no holes"


def test_what_is_behind_the_camera_is_not_drawn():
    vertices, faces, owners = joined(wall(-2.0, -1.0, 1.0), wall(0.01, -1.0, 1.0))
    assert not rasterise(vertices, faces, owners, CAMERA).owners.any()


def test_the_box_of_a_turned_cuboid_of_points_is_found():
    rng = np.random.default_rng(0)
    turn = rotation_z(np.deg2rad(25.0))
    points = rng.uniform(-0.5, 0.5, (20_000, 3)) * [0.4, 0.2, 0.3] @ turn.T + [1.0, 2.0, 0.95]
    item = upright_thing("x", "box", points)
    assert item.position_m == pytest.approx([1.0, 2.0, 0.8], abs=0.003)
    assert sorted(item.size_m) == pytest.approx([0.2, 0.3, 0.4], abs=0.004)
    for eye_m, size_m in (([1.0, -3.0, 1.0], [0.4, 0.2, 0.3]), ([5.0, 2.0, 1.0], [0.2, 0.4, 0.3])):
        front = faced(item, np.array(eye_m))
        assert front.size_m == pytest.approx(size_m, abs=0.004)
        away = front.rotation @ [0.0, 1.0, 0.0]
        assert away @ (front.position_m - eye_m) > 0.7 * np.linalg.norm(front.position_m - eye_m)
        assert front.rotation @ front.rotation.T == pytest.approx(np.eye(3))


def level(z_m: float, low: tuple[float, float], high: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    corners = [[low[0], low[1], z_m], [high[0], low[1], z_m], [high[0], high[1], z_m], [low[0], high[1], z_m]]
    return np.array(corners), np.array([[0, 1, 2], [0, 2, 3]])


def box(x_m: float, base_m: float = 0.7, size: tuple[float, float, float] = (0.2, 0.2, 0.2)) -> SceneObject:
    return SceneObject("mug-3", KIND, 0, "mug", "", 1, np.array(size), np.array([x_m, 0.0, base_m]), np.eye(3))


@pytest.fixture(scope="module")
def solid() -> MeshSolid:
    """A table top at 0.7 m from x = -1 to 0.5, a floor, and a mug's own lid at 0.7 m that doesn't count."""
    parts = (
        level(0.7, (-1.0, -0.5), (0.5, 0.5)),
        level(0.0, (-2.0, -2.0), (2.0, 2.0)),
        level(0.7, (0.5, -0.5), (2.0, 0.5)),
    )
    vertices, faces, owners = joined(*parts)
    return MeshSolid(MeshSurfaces(vertices, faces, owners), {"mug-3": 3})


@pytest.mark.parametrize(("x_m", "carried"), [(0.0, 1.0), (0.5, 0.55), (1.0, 0.0)])
def test_what_is_under_a_place_is_what_was_measured_there(solid, x_m, carried):
    found = footing(solid, box(x_m), 0.7, without="mug-3")
    assert found.carried / found.cells == pytest.approx(carried, abs=0.06)
    assert found.carried + found.void == found.cells
    lower = footing(solid, box(x_m, 0.5), 0.5, without="mug-3")
    assert (lower.carried, lower.void) == (0, lower.cells)


def test_where_the_camera_sees_past_an_edge_there_is_nothing():
    # A table top 1 m below the camera from y = 3 to 4, the floor 1 m lower: what is nearer than the edge is seen through.
    vertices, faces, owners = joined(level(-1.0, (-1.0, 3.0), (1.0, 4.0)), level(-2.0, (-5.0, 0.5), (5.0, 9.0)))
    seen = rasterise(vertices, faces, owners, CAMERA)
    scene = Scene("real", (), (), (), (0.0, 0.0, 0.0), CAMERA)
    depth = DepthSolid(seen.depth_m, np.zeros_like(seen.owners), scene)
    carried, over = (replace(box(0.0, -1.0), position_m=np.array([0.0, y, -1.0])) for y in (3.4, 2.96))
    assert footing(depth, carried, -1.0, without="mug-3").void == 0
    found = footing(depth, over, -1.0, without="mug-3")
    assert found.void > 0.3 * found.cells
    assert depth.seen_through(np.array([[0.0, 2.9, -1.0], [0.0, 3.5, -1.0], [0.0, -1.0, 0.0]])).tolist() == [
        True,
        False,
        False,
    ]


def test_around_a_place_only_the_rim_counts(solid):
    whole, ring = (footing(solid, box(0.0), 0.7, ring_m=r, without="mug-3") for r in (0.0, BESIDE_M))
    # 14 x 14 cells of 2 cm less the inner 8 x 8
    assert whole.carried == 100
    assert ring.carried == pytest.approx(14 * 14 - 8 * 8, abs=8)


def test_the_height_of_a_surface_and_of_none(solid):
    assert surface_height_m(solid, box(0.0, 0.71)) == pytest.approx(0.7)
    assert surface_height_m(solid, box(0.0, 0.4)) is None


def test_what_is_inside_a_box_is_counted_but_not_what_it_stands_on(solid):
    assert points_within(solid, box(0.0), margin_m=0.015, above_m=0.03, without="mug-3") == 0
    assert points_within(solid, box(0.0, 0.6), margin_m=0.015, above_m=0.03, without="mug-3") > 100
    assert points_within(solid, box(1.2, 0.6), margin_m=0.015, above_m=0.03, without="mug-3") == 0, "its own surface"


def test_a_ray_comes_into_a_box_at_its_front():
    # A cube of 1 m at 4 m: its front at 3.5 m covers 1/3.5*80 = 22.9 pixels.
    depth_m, hit = entry_depth(Box3D(np.array([0.0, 0.0, 4.0]), np.ones(3), np.eye(3)), CAMERA)
    assert np.count_nonzero(hit[40]) == pytest.approx(22.9, abs=1.0)
    assert depth_m[40, 50] == pytest.approx(3.5, abs=1e-6)
    assert depth_m[~hit].max() == 0.0


def test_what_stands_before_a_box_hides_it():
    item = SceneObject("a", KIND, 0, "box", "", 0, np.ones(3), np.array([0.0, 4.0, -0.5]), np.eye(3))
    target = object_box(item, CAMERA)
    scene_m = np.full((80, 100), 3.45, np.float32)  # as far as its front, but for 5 cm
    scene_m[:, 50:] = 0.0
    assert hidden_share(target, CAMERA, scene_m) == pytest.approx(0.5, abs=0.05)
    assert hidden_share(target, CAMERA, np.full((80, 100), 3.6, np.float32)) == 0.0
    assert (
        hidden_share(object_box(replace(item, position_m=np.array([0.0, -4.0, 0.0])), CAMERA), CAMERA, scene_m) == 1.0
    )
