"""Depth and masks of upright cuboids on a floor, worked out ray by ray: truth that no renderer of ours has a hand in."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.geometry import rotation_y
from gsi_bench_hf.perception.lifting.gravity import upright_frame
from gsi_bench_hf.types import Box3D

WIDTH, HEIGHT = 200, 160
INTRINSICS = np.array([[220.0, 0.0, WIDTH / 2], [0.0, 220.0, HEIGHT / 2], [0.0, 0.0, 1.0]])


def up_at(pitch_deg):
    """The world's up, camera frame, of a camera without roll that looks down by so much."""
    pitch = np.deg2rad(pitch_deg)
    return np.array([0.0, -np.cos(pitch), -np.sin(pitch)])


def standing(center_m, extents_m, yaw_deg, pitch_deg):
    """A box with its centre at a place of the camera frame, upright under that pitch."""
    frame = upright_frame(up_at(pitch_deg))
    return Box3D(np.array(center_m), np.array(extents_m), frame @ rotation_y(np.deg2rad(yaw_deg)))


def seen(box, pitch_deg):
    """(H, W) depth and mask of a box that stands on a floor without end."""
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    rays = np.stack([u - INTRINSICS[0, 2], v - INTRINSICS[1, 2], np.full_like(u, 220.0)], axis=-1) / 220.0
    down = -up_at(pitch_deg)
    foot = box.center_m @ down + box.extents_m[1] / 2.0
    slope = rays @ down
    with np.errstate(divide="ignore"):
        floor = np.where(slope > 1e-6, foot / slope, np.inf)
    hit = _entry(rays @ box.rotation, -box.center_m @ box.rotation, box.extents_m / 2.0)
    depth = np.minimum(np.minimum(floor, hit), 12.0)
    return depth.astype(np.float32), np.asarray(hit < floor)


def _entry(rays, start, half):
    """(H, W) how far along each ray the box begins; infinite where it is missed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (-half - start) / rays, (half - start) / rays
    near, far = np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)
    return np.where((near <= far) & (near > 0.0), near, np.inf)
