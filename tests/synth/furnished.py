"""A small furnished room for tests: a desk with things on it, a shelf, a stool, a bath mat as a rug."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.scene import Light, Scene, SceneObject, look_at
from gsi_bench_hf.synth.surfaces import surfaces_on
from gsi_bench_hf.types import Camera

BACK_M, SIDE_M = 1.5, 1.9


def fixture(kind: str, number: int, x_m: float, y_m: float, yaw_deg: float = 0.0, variant: int = 0) -> SceneObject:
    turn = rotation_z(np.deg2rad(yaw_deg))
    return assets.place(kind, variant, f"{kind}-{number}", np.array([x_m, y_m, 0.0]), turn)


DESK = fixture("desk", 1, 0.0, BACK_M - 0.37)
SHELF = fixture("bookshelf", 1, 1.25, BACK_M - 0.19)
MAT = fixture("bath-mat", 1, -0.9, -0.2)
SHELL = (
    fixture("floor", 1, 0.0, 0.0),
    fixture("room-wall", 1, 0.0, BACK_M),
    fixture("room-wall", 2, SIDE_M, 0.0, -90.0),
)


def on(
    owner: SceneObject, kind: str, x_m: float, y_m: float, *, number: int = 1, level: int = 0, **more
) -> SceneObject:
    """A thing on a surface of another, `x_m`, `y_m` from the surface's middle."""
    surface = surfaces_on(owner)[level]
    position_m = surface.center_m + np.append(np.array([x_m, y_m]) @ surface.axes, 0.0)
    return assets.place(kind, more.get("variant", 0), f"{kind}-{number}", position_m, more.get("rotation"))


def on_top(owner: SceneObject, kind: str, number: int) -> SceneObject:
    """A thing on the flat top of another."""
    up = np.array([0.0, 0.0, owner.size_m[2]])
    return assets.place(kind, 0, f"{kind}-{number}", owner.position_m + up)


def things() -> tuple[SceneObject, ...]:
    box = on(DESK, "box", -0.32, 0.08)
    return (
        on(DESK, "mug", 0.05, -0.05),
        on(DESK, "laptop", 0.36, 0.0),
        box,
        on_top(box, "alarm-clock", 1),
        on(SHELF, "vase", -0.1, 0.0, level=1),
        on(SHELF, "rubber-duck", -0.25, 0.0, level=2),
        fixture("stool", 1, 0.1, 0.45),
    )


def camera(eye_m=(-0.2, -1.25, 1.55), point_m=(0.3, 1.0, 0.8)) -> Camera:
    focal_px = 320.0 / np.tan(np.deg2rad(35.0))
    intrinsics = np.array([[focal_px, 0.0, 320.0], [0.0, focal_px, 240.0], [0.0, 0.0, 1.0]])
    return Camera(intrinsics, look_at(np.array(eye_m), np.array(point_m)), 640, 480)


def room(*objects: SceneObject, fixtures: tuple[SceneObject, ...] = (DESK, SHELF, MAT)) -> Scene:
    light = Light(np.array([0.3, 0.4, -1.0]), np.array([0.0, 0.0, 2.4]), (0.6, 0.6, 0.6), 0.1)
    return Scene("room", (*SHELL, *fixtures), objects, (light,), (0.4, 0.4, 0.4), camera())
