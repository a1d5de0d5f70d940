"""Physics: what is unstable tips, what hangs over falls, what overlaps is told; what stands stays."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.assets.base import Asset, Material, Part
from gsi_bench_hf.synth.physics import TILT_DEG, Ground, World
from gsi_bench_hf.synth.scene import Float, SceneObject
from gsi_bench_hf.synth.solids import hulls

TOP_M = 0.75


def _frustum(
    bottom_m: float,
    top_m: float,
    height_m: float,
    *,
    x_m: float = 0.0,
    z_m: float = 0.0,
    sides: int = 24,
    hollow: bool = False,
) -> Part:
    """A cone's frustum, or only its mantle."""
    turn = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    low = np.column_stack([bottom_m * ring, np.full(sides, z_m)])
    high = np.column_stack([top_m * ring, np.full(sides, z_m + height_m)])
    vertices = np.concatenate([low, high]) + np.array([x_m, 0.0, 0.0])
    i, j = np.arange(sides), (np.arange(sides) + 1) % sides
    faces = [*np.stack([i, j, j + sides], 1), *np.stack([i, j + sides, i + sides], 1)]
    if not hollow:
        faces += [np.array([0, k + 1, k]) for k in range(1, sides - 1)]
        faces += [np.array([0, k, k + 1]) + sides for k in range(1, sides - 1)]
    normals = np.tile([0.0, 0.0, 1.0], (2 * sides, 1))
    return Part(vertices, np.array(faces, dtype=np.int32), None, normals, Material())


PARTS = {
    "can": (_frustum(0.035, 0.035, 0.1),),
    "dish": (_frustum(0.05, 0.11, 0.03),),
    "spinning-top": (_frustum(0.003, 0.03, 0.12),),
    "pillar": (_frustum(0.02, 0.02, 0.25, sides=4),),
    "lamp": (_frustum(0.06, 0.06, 0.03), _frustum(0.1, 0.06, 0.12, x_m=0.1, z_m=0.3, hollow=True)),
    "club": (_frustum(0.06, 0.06, 0.03), _frustum(0.1, 0.06, 0.12, x_m=0.1, z_m=0.3)),
    "golf-club": (_frustum(0.015, 0.015, 0.2), _frustum(0.03, 0.03, 0.03, x_m=0.06, z_m=0.2)),
}


def build_asset(kind: str, variant: int) -> Asset:
    parts = PARTS[kind]
    points = np.concatenate([p.vertices_m for p in parts])
    return Asset(kind, variant, parts, np.ptp(points, axis=0), "red", "tin", 0, 0.3)


def slab(sides: int) -> Float:
    """(N, 3) corners of a table's top: a square 1 m wide, or a disc."""
    turn = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False) + np.pi / 4.0
    rim = 0.5 * (np.sqrt(2.0) if sides == 4 else 1.0) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.concatenate([np.column_stack([rim, np.full(sides, z)]) for z in (TOP_M - 0.04, TOP_M)])


def stand(name: str, kind: str, x_m: float, y_m: float, *, scale: float = 1.0) -> SceneObject:
    size_m = build_asset(kind, 0).size_m
    return SceneObject(name, kind, 0, kind, "red", 0, size_m, np.array([x_m, y_m, TOP_M]), rotation_z(0.4), scale)


def world(*objects: SceneObject, edge: int | None = None) -> World:
    """On a plane, or on a table whose top has so many sides."""
    ground = Ground({}, TOP_M) if edge is None else Ground({"table": (slab(edge),)})
    return World(objects, ground, build_asset=build_asset)


def test_what_stands_stays() -> None:
    settled = world(stand("a", "can", 0.0, 0.0), stand("b", "dish", 0.2, 0.1), stand("c", "pillar", -0.2, 0.1)).settle()
    assert settled.unstable == ()
    assert set(settled.shift_m) == {"a", "b", "c"}
    assert max(settled.shift_m.values()) < 0.001
    assert max(settled.tilt_deg.values()) < 0.5


@pytest.mark.parametrize("kind", ["spinning-top", "golf-club"])
def test_what_is_unstable_tips(kind: str) -> None:
    settled = world(stand("a", kind, 0.0, 0.0), stand("b", "can", 0.3, 0.0)).settle()
    assert settled.unstable == ("a",)
    assert settled.tilt_deg["a"] > 5.0


def test_the_table_is_tipped_by_what_it_says() -> None:
    # A pillar 25 cm high with a square base, 2·0.02/√2 = 28.3 mm wide, tips at atan(14.1 mm / 125 mm) = 6.5 degrees on edge.
    assert TILT_DEG < 6.5
    assert world(stand("a", "pillar", 0.0, 0.0)).settle().unstable == ()
    # Leaned by 4 degrees more to begin with, it is past that.
    lean = np.deg2rad(4.0)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(lean), -np.sin(lean)], [0.0, np.sin(lean), np.cos(lean)]])
    item = stand("a", "pillar", 0.0, 0.0)
    leaning = dataclasses.replace(item, rotation=turn @ item.rotation)
    assert world(leaning).settle().unstable == ("a",)


@pytest.mark.parametrize("sides", [4, 48])
def test_what_hangs_over_the_edge_falls(sides: int) -> None:
    there = world(stand("in", "can", 0.46, 0.0), stand("out", "can", -0.51, 0.0), edge=sides).settle()
    assert there.unstable == ("out",)
    # A corner of the square is no place on the disc.
    corner = world(stand("a", "can", 0.45, 0.45), edge=sides).settle()
    assert corner.unstable == (("a",) if sides == 48 else ())


def test_things_that_overlap_push_each_other() -> None:
    settled = world(stand("a", "can", 0.0, 0.0), stand("b", "can", 0.05, 0.0)).settle()
    assert settled.unstable


def test_distance() -> None:
    # Two cans of radius 35 mm, 200 mm apart, leave 130 mm.
    bodies = world(stand("a", "can", 0.0, 0.0), stand("b", "can", 0.2, 0.0), edge=4)
    assert bodies.distance_m("a", "b", 0.5) == pytest.approx(0.130, abs=0.0008)
    assert bodies.distance_m("a", "b", 0.1) == 0.1
    assert bodies.distance_m("a", "table") == pytest.approx(0.0, abs=1e-4)
    inside = world(stand("a", "can", 0.0, 0.0), stand("b", "can", 0.06, 0.0))
    assert inside.distance_m("a", "b") == pytest.approx(-0.01, abs=0.0008)


def test_scale_is_the_bodies_too() -> None:
    bodies = world(stand("a", "can", 0.0, 0.0, scale=2.0), stand("b", "can", 0.2, 0.0))
    assert bodies.distance_m("a", "b", 0.5) == pytest.approx(0.095, abs=0.001)
    assert bodies.settle().unstable == ()


def test_hulls_keep_the_base_and_few_corners() -> None:
    (hull,) = hulls(build_asset, "can", 0)
    assert len(hull.vertices_m) <= 48
    assert hull.volume_m3 == pytest.approx(12 * np.sin(np.pi / 12) * 0.035**2 * 0.1, rel=1e-6)
    assert hull.vertices_m[:, 2].min() == 0.0


def test_what_is_hollow_weighs_little() -> None:
    foot, shade = hulls(build_asset, "lamp", 0)
    assert foot.volume_m3 == pytest.approx(12 * np.sin(np.pi / 12) * 0.06**2 * 0.03, rel=1e-6)
    # A cone's mantle, pi (r + R) sqrt((R - r)^2 + h^2) = 636 cm2 of 3 mm; 24 sides are a little less than round.
    assert shade.volume_m3 == pytest.approx(636e-4 * 0.003, rel=0.02)
    assert world(stand("a", "lamp", 0.0, 0.0)).settle().unstable == ()
    assert world(stand("a", "club", 0.0, 0.0)).settle().unstable == ("a",)


def test_a_thing_without_volume_is_refused() -> None:
    def flat(kind: str, variant: int) -> Asset:
        part = dataclasses.replace(PARTS["can"][0], vertices_m=PARTS["can"][0].vertices_m * [1.0, 1.0, 0.0])
        return dataclasses.replace(build_asset("can", 0), parts=(part,))

    with pytest.raises(ValueError, match="asset 'sheet' variant 2 has no solid part with a volume"):
        hulls(flat, "sheet", 2)


def test_without_mujoco_the_extra_is_named() -> None:
    code = "import sys; sys.modules['mujoco'] = None; import gsi_bench_hf.synth.physics"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'the simulator needs the module mujoco: pip install "gsi-bench-hf[sim]"' in done.stderr
