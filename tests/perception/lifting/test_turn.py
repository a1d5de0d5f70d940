"""A solid laid into noisy depth and an outline: what it predicts is what a ray sees, and its turn is found."""

from __future__ import annotations

import cuboids
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gsi_bench_hf.geometry import unproject_depth
from gsi_bench_hf.perception.lifting.gravity import upright_frame
from gsi_bench_hf.perception.lifting.turn import Evidence, Solid, fitted_angle

K = cuboids.INTRINSICS


def solid_of(box, pitch):
    """A cuboid of the tests as a solid, and the y of its bottom."""
    frame = upright_frame(cuboids.up_at(pitch))
    turn, center = frame.T @ box.rotation, frame.T @ box.center_m
    half = box.extents_m[1] / 2.0
    angle = float(np.arctan2(turn[2, 0], turn[0, 0]))
    return Solid(angle, center[[0, 2]], box.extents_m[[0, 2]], float(center[1] - half)), float(center[1] + half)


def evidence(depth_m, mask, pitch, ends, noise=0.0):
    frame = upright_frame(cuboids.up_at(pitch))
    return Evidence.of(depth_m, mask, mask, K, frame, noise=noise, ends=ends)


def level_points(depth_m, mask, pitch):
    return (unproject_depth(depth_m, K)[mask] @ upright_frame(cuboids.up_at(pitch)))[:, [0, 2]]


def off_deg(angle, true, every=90.0):
    return abs((np.rad2deg(angle - true) + every / 2.0) % every - every / 2.0)


views = given(yaw=st.floats(-90, 90), pitch=st.floats(5, 45), width=st.floats(0.1, 0.3), depth=st.floats(0.1, 0.3))


@settings(max_examples=25)
@views
def test_a_solid_is_seen_where_its_cuboid_is(yaw, pitch, width, depth):
    box = cuboids.standing([0.03, 0.0, 1.2], [width, 0.2, depth], yaw, pitch)
    depth_m, mask = cuboids.seen(box, pitch)
    assume(not (mask[0].any() or mask[-1].any()))
    solid, bottom = solid_of(box, pitch)
    rays = unproject_depth(np.ones_like(depth_m), K)[mask] @ upright_frame(cuboids.up_at(pitch))
    assert solid.depths(rays, bottom) == pytest.approx(depth_m[mask], abs=1e-5)
    seen = evidence(depth_m, mask, pitch, (solid.top, bottom))
    assert len(seen.normals) == 24
    assert np.abs(solid.reach_px(seen) - seen.reach_px).max() < 1.0


@settings(max_examples=25)
@views
def test_a_ray_enters_a_cylinder_on_its_surface(yaw, pitch, width, depth):
    solid = Solid(np.deg2rad(yaw), np.array([0.05, 1.2]), np.array([width, depth]), top=0.1, is_round=True)
    rng = np.random.default_rng(0)
    rays = np.column_stack([rng.uniform(-0.2, 0.3, 400), rng.uniform(0.05, 0.3, 400), np.ones(400)])
    points = solid.depths(rays, bottom=0.3)[:, None] * rays
    c, s = np.cos(solid.angle_rad), np.sin(solid.angle_rad)
    flat = (points[:, [0, 2]] - solid.center) @ np.array([[c, -s], [s, c]]) / (solid.sides / 2.0)
    away = (flat**2).sum(axis=1)
    level = (points[:, 1] > 0.1 - 1e-9) & (points[:, 1] < 0.3 + 1e-9)
    on_side, on_top = np.abs(away - 1.0) < 1e-9, (np.abs(points[:, 1] - 0.1) < 1e-9) & (away <= 1.0 + 1e-9)
    hit = level & (on_side | on_top)
    assert hit.any()
    # It is the near side that is entered: a little before, one is outside.
    before = (0.99 * points[hit][:, [0, 2]] - solid.center) @ np.array([[c, -s], [s, c]]) / (solid.sides / 2.0)
    assert ((before**2).sum(axis=1) > 1.0)[on_side[hit]].all()


@settings(max_examples=15)
@given(yaw=st.floats(-90, 90), pitch=st.floats(15, 45), seed=st.integers(0, 99))
def test_a_turn_is_found_through_noise(yaw, pitch, seed):
    box = cuboids.standing([0.0, 0.0, 1.2], [0.24, 0.2, 0.12], yaw, pitch)
    depth_m, mask = cuboids.seen(box, pitch)
    solid, bottom = solid_of(box, pitch)
    noisy = (depth_m * (1.0 + 0.03 * np.random.default_rng(seed).standard_normal(depth_m.shape))).astype(np.float32)
    seen = evidence(noisy, mask, pitch, (solid.top, bottom), noise=0.03)
    assert off_deg(fitted_angle(seen, level_points(noisy, mask, pitch), 0.05), solid.angle_rad) < 4.0


def test_an_oval_thing_is_turned_as_its_long_side():
    pitch, bottom, top = 20.0, 0.12, -0.08
    frame = upright_frame(cuboids.up_at(pitch))
    rays = unproject_depth(np.ones((cuboids.HEIGHT, cuboids.WIDTH), np.float32), K) @ frame
    rng = np.random.default_rng(1)
    off = []
    for yaw in (-70.0, -25.0, 10.0, 40.0):
        solid = Solid(np.deg2rad(yaw), np.array([0.0, 1.0]), np.array([0.2, 0.1]), top, is_round=True)
        depth = solid.depths(rays.reshape(-1, 3), bottom)
        points = depth[:, None] * rays.reshape(-1, 3)
        c, s = np.cos(solid.angle_rad), np.sin(solid.angle_rad)
        flat = (points[:, [0, 2]] - solid.center) @ np.array([[c, -s], [s, c]]) / (solid.sides / 2.0)
        inside = ((flat**2).sum(axis=1) <= 1.0 + 1e-6) & (points[:, 1] >= top - 1e-6) & (points[:, 1] <= bottom + 1e-6)
        mask = inside.reshape(rays.shape[:2])
        depth_m = depth.reshape(mask.shape) * (1.0 + 0.03 * rng.standard_normal(mask.shape))
        seen = evidence(depth_m.astype(np.float32), mask, pitch, (top, bottom), noise=0.03)
        off.append(off_deg(fitted_angle(seen, level_points(depth_m, mask, pitch), 0.05), solid.angle_rad))
    assert np.median(off) < 5.0
    assert max(off) < 12.0


def test_an_outline_that_leaves_the_image_tells_nothing_there():
    box = cuboids.standing([0.5, 0.0, 1.2], [0.3, 0.2, 0.2], 30.0, 30.0)
    depth_m, mask = cuboids.seen(box, 30.0)
    assert mask[:, -1].any()
    solid, bottom = solid_of(box, 30.0)
    seen = evidence(depth_m, mask, 30.0, (solid.top, bottom))
    assert 8 <= len(seen.normals) < 24
    assert seen.normals[:, 0].max() < 0.8
    assert np.abs(solid.reach_px(seen) - seen.reach_px).max() < 1.0
