"""A plain scene of boxes and a vase, with its own assets, for the tests of the renderer."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.assets.base import Asset, Material, Part
from gsi_bench_hf.synth.assets.shapes import sheet
from gsi_bench_hf.synth.scene import Light, Scene, SceneObject, look_at, pinhole
from gsi_bench_hf.types import Camera

SIZES_M = {
    "table": (1.4, 1.0, 0.75),
    "floor": (8.0, 8.0, 0.1),
    "wall": (8.0, 0.1, 3.0),
    "brick": (0.12, 0.08, 0.1),
    "slab": (0.16, 0.22, 0.03),
    "banner": (0.2, 0.04, 0.25),
}
COLOURS = {"floor": (0.6, 0.6, 0.55), "wall": (0.8, 0.78, 0.7), "brick": (0.8, 0.2, 0.15)}
TABLE_M = 0.75


def cuboid(size_m, material):
    vertices, normals, faces, uv = [], [], [], []
    for axis in range(3):
        for side in (-1.0, 1.0):
            a, b = [i for i in range(3) if i != axis]
            corners = np.zeros((4, 3))
            corners[:, axis] = side
            corners[:, a], corners[:, b] = (-1, 1, 1, -1), (-1, -1, 1, 1)
            if np.cross(corners[1] - corners[0], corners[2] - corners[0])[axis] * side < 0:
                corners = corners[::-1]
            first = 4 * len(faces) // 2
            vertices.extend((corners / 2.0 + [0.0, 0.0, 0.5]) * size_m)
            normals.extend([np.eye(3)[axis] * side] * 4)
            uv.extend([(0, 0), (1, 0), (1, 1), (0, 1)])
            faces.extend([(first, first + 1, first + 2), (first, first + 2, first + 3)])
    return Part(np.array(vertices), np.array(faces, np.int32), np.array(uv, float), np.array(normals), material)


def skin(size_m, material):
    """An upright bent skin without thickness, doubled back to back."""
    bend = np.linspace(-1.0, 1.0, 12)
    x, y, z = np.broadcast_arrays(bend / 2.0, np.cos(3.0 * bend) / 2.0, np.linspace(0.0, 1.0, 9)[:, None])
    shape = sheet(size_m * np.stack([x, y, z], axis=-1))
    return Part(shape.vertices, shape.faces, None, shape.normals, material)


def build_asset(kind, variant):
    size_m = np.array(SIZES_M[kind])
    material = Material(None, (*COLOURS[kind], 1.0)) if kind in COLOURS else Material(f"stripes-{kind}")
    part = skin(size_m, Material(None, (0.9, 0.9, 0.8, 1.0))) if kind == "banner" else cuboid(size_m, material)
    return Asset(kind, variant, (part,), size_m, "red", "plastic", 2, 0.1)


def paint(texture):
    rows, columns = np.mgrid[0:128, 0:128]
    wave = 20.0 * (np.sin(rows / 3.0) + np.sin(columns / (11.0 + len(texture))))
    return np.clip(np.array([180.0, 140.0, 100.0]) + wave[..., None], 0, 255).astype(np.uint8)


def item(instance_id, kind, position_m, yaw_rad=0.0, scale=1.0):
    size_m = np.array(SIZES_M[kind])
    return SceneObject(
        instance_id, kind, 0, kind, "red", 2, size_m, np.array(position_m, float), rotation_z(yaw_rad), scale
    )


def scene(width=256, height=256):
    camera = Camera(
        pinhole(width, height, 40.0), look_at(np.array([0.3, -1.25, 1.55]), np.array([0.0, 0.0, 0.78])), width, height
    )
    return Scene(
        "tabletop",
        (item("floor", "floor", (0, 0, -0.1)), item("wall", "wall", (0, 1.5, 0)), item("table", "table", (0, 0, 0))),
        (
            item("brick-1", "brick", (-0.2, -0.1, TABLE_M), 0.5),
            item("slab-1", "slab", (0.05, -0.3, TABLE_M), -0.4),
            item("brick-2", "brick", (0.1, 0.1, TABLE_M), 1.2, 1.3),
        ),
        (
            Light(np.array([0.4, 0.5, -1.0]), np.array([-0.9, -1.0, 2.6]), (0.75, 0.72, 0.66), 0.15),
            Light(np.array([-0.5, 0.6, -0.8]), None, (0.18, 0.2, 0.24), 0.0, False),
        ),
        (0.32, 0.32, 0.34),
        camera,
    )
