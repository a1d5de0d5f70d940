"""scene-fit and its judge in a room: several surfaces, furniture in the way, a camera that moves."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
import pytest
import tabletop

from gsi_bench_hf.geometry import rotation_angle, rotation_z
from gsi_bench_hf.metrics.protocol_strict import score_strict
from gsi_bench_hf.perception.known_scene import KnownScene, Pose
from gsi_bench_hf.perception.places import other_surfaces
from gsi_bench_hf.perception.render_compare import RenderCompare
from gsi_bench_hf.perception.scene_fit import SceneFit
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.operations.view import camera_motion, moved_camera, turned_camera
from gsi_bench_hf.synth.scene import Light, Scene, look_at, pinhole
from gsi_bench_hf.types import Camera, Edit, Sample

SHELF_M = assets.supports("open-shelf", 0)[1].height_m
TABLE_M = assets.support("coffee-table", 0).height_m


@lru_cache
def room():
    """A rack of shelves at the wall, and a low table before it."""
    shell = (
        tabletop.place("floor-1", "floor", 1, 0.0, 0.0, 0.0),
        tabletop.place("wall-1", "room-wall", 1, 0.0, 0.6, 0.0),
    )
    furniture = (
        tabletop.place("open-shelf-1", "open-shelf", 0, 0.35, 0.4, 0.0),
        tabletop.place("coffee-table-1", "coffee-table", 0, -0.25, -0.35, 0.0, yaw_deg=8.0),
    )
    objects = (
        tabletop.place("mug-1", "mug", 1, -0.35, -0.4, TABLE_M, yaw_deg=30.0),
        tabletop.place("book-1", "book", 1, -0.05, -0.3, TABLE_M, yaw_deg=-25.0),
        tabletop.place("box-1", "box", 1, 0.5, 0.4, SHELF_M, yaw_deg=15.0, scale=0.7),
        tabletop.place("bowl-1", "bowl", 1, 0.2, 0.4, assets.support("open-shelf", 0).height_m),
    )
    camera = Camera(
        pinhole(480, 360, 42.0), look_at(np.array([-0.2, -2.3, 1.5]), np.array([0.05, 0.1, 0.65])), 480, 360
    )
    lamps = (
        Light(np.array([0.3, 0.4, -1.0]), np.array([-0.5, -1.0, 2.2]), (0.6, 0.58, 0.55), 0.2),
        Light(np.array([0.0, 0.0, -1.0]), np.array([0.8, -0.4, 2.2]), (0.3, 0.3, 0.3), 0.2),
    )
    return Scene("room", shell + furniture, objects, lamps, (0.5, 0.5, 0.5), camera)


@lru_cache
def source_image():
    return tabletop.render(room())


def record(target_id, operation):
    return tabletop.record(room(), source_image(), target_id, operation)


@pytest.fixture(scope="module")
def detector():
    return SceneFit()


@pytest.mark.parametrize("noisy", [False, True], ids=["clean", "degraded"])
def test_a_target_on_a_higher_surface_is_found_there_and_keeps_its_size(detector, noisy):
    mug = dataclasses.replace(room().object("mug-1"), position_m=np.array([0.22, 0.38, SHELF_M]))
    image = tabletop.render(room().with_object(mug))
    if noisy:
        image = tabletop.degraded(image, rng=np.random.default_rng(0))
    scan = detector.detect(record("mug-1", "receptacle"), image)
    position_mm, turn_deg, scale_percent = tabletop.errors(scan, mug, room().camera)
    assert position_mm < 8.0
    assert turn_deg < 3.0
    assert scale_percent < 2.0
    assert (scan.lost, scan.added) == (0, 0)
    assert RenderCompare().judge(record("mug-1", "receptacle"), image, scan).score > 9.0


def test_a_target_half_hidden_by_furniture_is_found_on_the_floor(detector):
    box = dataclasses.replace(room().object("box-1"), position_m=np.array([-0.87, 0.2, 0.0]))
    shown = room().with_object(box)
    scan = detector.detect(record("box-1", "place"), tabletop.render(shown))
    labels = tabletop.shared_renderer().render(shown, want=("segmentation",)).segmentation
    alone = tabletop.shared_renderer().render(
        dataclasses.replace(shown, fixtures=shown.fixtures[:2], objects=(box,)), want=("segmentation",)
    )
    assert (labels == 3).sum() < 0.85 * (alone.segmentation == 1).sum()
    assert tabletop.errors(scan, box, room().camera)[0] < 10.0
    assert (scan.silhouette & (labels == 3)).sum() > 0.9 * (scan.silhouette | (labels == 3)).sum()


def test_nothing_done_is_seen_as_nothing_done(detector):
    scan = detector.detect(record("mug-1", "place"), source_image())
    assert tabletop.errors(scan, room().object("mug-1"), room().camera) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    assert (scan.lost, scan.added) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("number", [17, 58], ids=["glass on a book", "picture frame whose shade is larger than it"])
def test_rows_of_sim_room_that_were_hard_to_find(detector, number):
    (row,) = generate_rows("sim-room", seed=0, start=number, stop=number + 1, renderer=tabletop.shared_renderer())
    sample = Sample(row)
    scan = detector.detect(sample, sample.target_image)
    wanted = next(d for d in sample.target_objects if d.instance_id == sample.target_id)
    assert scan.target is not None
    assert np.linalg.norm(scan.target.box.center_m - wanted.box.center_m) < 0.01


def test_only_surfaces_that_one_sees_there_come_into_question():
    known = KnownScene(room(), "mug-1", tabletop.shared_renderer())
    point = np.array([0.22, 0.25, SHELF_M + 0.04])  # at the front of a shelf
    pose = room().camera.world_from_camera
    local = (point - pose[:3, 3]) @ pose[:3, :3]
    pixel = (room().camera.intrinsics @ (local / local[2]))[:2]
    heights_m = [TABLE_M + place.rise_m for place in other_surfaces(known, [pixel], 0.04)]
    assert heights_m == pytest.approx([SHELF_M])  # not the floor behind the table, nor the other shelves
    table = KnownScene(tabletop.scene(), "mug-1", tabletop.shared_renderer())
    assert other_surfaces(table, [np.array([160.0, 160.0])], 0.04) == []
    assert Pose(rise_m=0.2).plus(np.ones(4)).rise_m == 0.2


@pytest.mark.parametrize(
    "change",
    [
        lambda camera: moved_camera(camera, "backward", 0.3),
        lambda camera: moved_camera(camera, "left", 0.1),
        lambda camera: turned_camera(camera, "right", 15.0),
        lambda camera: turned_camera(camera, "up", 15.0),
    ],
    ids=["backward", "left", "right", "up"],
)
def test_a_degraded_view_gives_the_camera_away(detector, change):
    after = change(room().camera)
    image = tabletop.degraded(tabletop.render(room().with_camera(after)), rng=np.random.default_rng(1))
    scan = detector.detect(record("book-1", "view"), image)
    shift_m, rotation = camera_motion(room().camera, after)
    assert np.linalg.norm(scan.camera_translation_m - shift_m) < 0.01
    assert np.rad2deg(rotation_angle(scan.camera_rotation, rotation)) < 0.3
    wanted = Edit("view", None, None, camera_translation_m=shift_m, camera_rotation=rotation)
    assert score_strict(wanted, scan, 1).accuracy > 0.93
    if scan.target is not None:
        assert RenderCompare().judge(record("book-1", "view"), image, scan).score > 9.0


def test_another_room_is_no_view_of_this_one(detector):
    scan = detector.detect(record("book-1", "view"), tabletop.source_image())
    assert scan.target is None
    assert scan.camera_translation_m is None


def test_a_camera_that_stayed_did_not_move(detector):
    scan = detector.detect(record("book-1", "view"), source_image())
    assert np.linalg.norm(scan.camera_translation_m) < 0.003
    assert rotation_angle(scan.camera_rotation, rotation_z(0.0)) < 0.002
