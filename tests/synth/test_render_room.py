"""Rooms: light that obeys the lamps, glass that one sees through, mirrors that show what is before them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from plain_scene import SIZES_M, build_asset, cuboid, item, paint, scene

from gsi_bench_hf.geometry import project_points, rotation_z
from gsi_bench_hf.synth.assets.base import Asset, Material
from gsi_bench_hf.synth.render import load_renderer
from gsi_bench_hf.synth.scene import Light, Scene, SceneObject, look_at, pinhole
from gsi_bench_hf.types import Camera

MATERIALS = {
    "pane": Material(None, (0.8, 0.9, 0.9, 0.2), 0.9, 0.9),
    "mirror": Material("mirror", specular=0.6, shininess=0.9, reflectance=1.0),
    "red": Material(None, (0.9, 0.05, 0.05, 1.0), 0.1, 0.1),
    "cabinet": Material(None, (0.6, 0.6, 0.6, 1.0), 0.1, 0.1),
}
SIZES = {"pane": (0.8, 0.01, 1.2), "mirror": (1.6, 0.02, 1.6), "red": (0.3, 0.3, 0.3), "cabinet": (0.8, 0.5, 0.9)}


def room_asset(kind, variant):
    if kind not in SIZES:
        return build_asset(kind, variant)
    size_m = np.array(SIZES[kind])
    return Asset(kind, variant, (cuboid(size_m, MATERIALS[kind]),), size_m, "red", "plastic", 2, 0.1)


def thing(name, kind, position_m, yaw_deg=0.0):
    size_m = np.array({**SIZES, **SIZES_M}[kind])
    return SceneObject(
        name, kind, 0, kind, "red", 2, size_m, np.array(position_m, float), rotation_z(np.deg2rad(yaw_deg))
    )


def room(*fixtures, objects=(), eye=(0.0, -1.5, 1.3), look=(0.0, 1.0, 0.6), lights=None, size=(320, 240)):
    shell = (
        item("floor", "floor", (0, 0, -0.1)),
        item("wall-1", "wall", (0, 2.05, 0)),
        thing("wall-2", "wall", (2.05, 0, 0), -90),
        thing("wall-3", "wall", (-2.05, 0, 0), 90),
    )
    lamp = Light(np.array([0.0, 0.0, -1.0]), np.array([0.0, 0.5, 2.4]), (0.6, 0.58, 0.5), 0.15)
    camera = Camera(pinhole(*size, 60.0), look_at(np.array(eye), np.array(look)), *size)
    return Scene("room", (*shell, *fixtures), objects, lights or (lamp,), (0.5, 0.5, 0.5), camera)


@pytest.fixture(scope="module")
def renderer():
    made = load_renderer(build_asset=room_asset, textures=paint)
    yield made
    made.close()


def at(view, point_m, image):
    """The mean of a few pixels around a point of the world."""
    pose = view.camera.world_from_camera
    local = (np.array(point_m) - pose[:3, 3]) @ pose[:3, :3]
    u, v = project_points(local[None], view.camera.intrinsics)[0].astype(int)
    return image[v - 2 : v + 3, u - 2 : u + 3].reshape(25, -1).astype(float).mean(axis=0)


def test_a_table_is_labelled_alike_in_a_room(renderer):
    table, as_room = scene(), dataclasses.replace(scene(), environment="room")
    a, b = renderer.render(table), renderer.render(as_room)
    assert np.array_equal(a.segmentation, b.segmentation)
    assert np.abs(a.depth_m - b.depth_m).max() < 1e-4


def test_a_room_in_between_leaves_a_table_s_pixels(renderer):
    before = renderer.render(scene())
    renderer.render(room(thing("mirror-1", "mirror", (0, 1.9, 0.5))))
    after = renderer.render(scene())
    assert np.array_equal(before.rgb, after.rgb)
    assert np.array_equal(before.depth_m, after.depth_m)
    assert np.array_equal(before.segmentation, after.segmentation)


def test_the_same_room_gives_the_same_bytes(renderer):
    view = room(thing("cabinet-1", "cabinet", (0.6, 1.2, 0)), thing("mirror-1", "mirror", (-0.4, 1.9, 0.6)))
    first = renderer.render(view)
    renderer.render(view.with_camera(dataclasses.replace(view.camera, width=200, height=100)))
    assert np.array_equal(first.rgb, renderer.render(view).rgb)
    fresh = load_renderer(build_asset=room_asset, textures=paint)
    assert np.array_equal(first.rgb, fresh.render(view).rgb)
    fresh.close()


def test_it_is_dark_under_what_stands_in_the_light(renderer):
    bare = room()
    shaded = room(objects=(thing("red-1", "red", (0.0, 0.5, 0.6)),))
    lit, dark = (renderer.render(view, want=("rgb",)).rgb for view in (bare, shaded))
    under, beside = (0.0, 0.35, 0.0), (1.4, 0.4, 0.0)
    assert at(bare, under, lit).mean() - at(bare, under, dark).mean() > 20
    assert abs(at(bare, beside, lit).mean() - at(bare, beside, dark).mean()) < 3


def test_no_surface_shades_itself(renderer):
    """Bare floor, walls and a cabinet's plain front in the lamp's light are smooth: no pixel stands out from those about it."""
    import cv2

    plain = dataclasses.replace(room(thing("cabinet-1", "cabinet", (0.7, 1.3, 0))), ambient=(0.1, 0.1, 0.1))
    smooth = load_renderer(build_asset=room_asset, textures=lambda _: np.full((8, 8, 3), 170, np.uint8))
    rgb = smooth.render(plain, want=("rgb",)).rgb.astype(np.float32).mean(axis=-1)
    smooth.close()
    rough = np.abs(rgb - cv2.medianBlur(rgb, 5))
    assert np.percentile(rough, 97) < 2.0


def test_a_mirror_shows_what_stands_before_it(renderer):
    mirror = thing("mirror-1", "mirror", (0.0, 1.9, 0.4))
    without, with_red = room(mirror), room(mirror, objects=(thing("red-1", "red", (0.5, 0.2, 0.9)),))
    images = [renderer.render(view, want=("rgb",)).rgb for view in (without, with_red)]
    # The front of the mirror is at y = 1.89: the image of the cube's back, y = 0.35, is as far behind it.
    image_m = (0.5, 2 * 1.89 - 0.35, 1.05)
    before, after = (at(without, image_m, image) for image in images)
    assert after[0] > 1.8 * after[1]
    assert abs(before[0] - before[1]) < 25


def test_one_sees_through_glass_of_fixtures_only(renderer):
    cube = thing("red-1", "red", (0.0, 0.8, 0.0))
    pane = thing("pane-1", "pane", (0.0, 0.2, 0.0))
    view = room(pane, objects=(cube,))
    labels = renderer.render(view).segmentation
    assert np.array_equal(labels, renderer.render(room(objects=(cube,))).segmentation)
    movable = room(objects=(cube, pane))
    assert (renderer.render(movable).segmentation == 2).sum() > 1000


def test_only_and_draft(renderer):
    view = room(objects=(thing("red-1", "red", (0.3, 0.8, 0.0)), thing("red-2", "red", (-0.3, 0.8, 0.0))))
    frame = renderer.render(view, only=("red-2",))
    assert set(np.unique(frame.segmentation)) == {0, 2}
    full, draft = (renderer.render(view, want=("rgb",), quality=q).rgb.astype(float) for q in ("full", "draft"))
    assert np.corrcoef(full.ravel(), draft.ravel())[0, 1] > 0.85
    assert abs(full.mean() - draft.mean()) < 15


def test_a_cut_out_is_lit_as_the_whole(renderer):
    view = room(thing("cabinet-1", "cabinet", (0.6, 1.2, 0)), objects=(thing("red-1", "red", (-0.2, 0.6, 0.0)),))
    k = view.camera.intrinsics.copy()
    k[:2, 2] -= (96, 80)
    part = view.with_camera(Camera(k, view.camera.world_from_camera, 160, 120))
    whole = renderer.render(view, want=("rgb",)).rgb[80:200, 96:256].astype(int)
    cut = renderer.render(part, want=("rgb",)).rgb.astype(int)
    # Taps near the rim miss what lies beyond it, and an edge's samples may round another way.
    assert np.percentile(np.abs(whole - cut), 98) <= 3


def test_too_many_lights_are_refused(renderer):
    lamp = room().lights[0]
    with pytest.raises(ValueError, match="a room has 5 lights, expected at most 4"):
        renderer.render(room(lights=(lamp,) * 5))
