"""Poses, boxes and the JSON of a scene."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsi_bench_hf import geometry
from gsi_bench_hf.synth import scene as scenes
from gsi_bench_hf.types import Camera


def a_camera(eye=(0.0, -1.0, 0.6), point=(0.0, 0.0, 0.0)):
    pose = scenes.look_at(np.array(eye), np.array(point))
    return Camera(scenes.pinhole(512, 512, 50.0), pose, 512, 512)


def an_object(position=(0.1, 0.2, 0.3), yaw=0.4, scale=1.0, instance_id="mug-1"):
    size_m = np.array([0.1, 0.08, 0.12])
    return scenes.SceneObject(
        instance_id,
        "mug",
        3,
        "mug",
        "blue",
        1,
        size_m,
        np.array(position, dtype=float),
        geometry.rotation_z(yaw),
        scale,
    )


def a_scene():
    floor = an_object((0, 0, 0), 0.0, instance_id="floor")
    lamp = scenes.Light(np.array([0.3, 0.4, -0.87]), np.array([0.0, 0.0, 2.0]), (1.0, 0.9, 0.8), 0.05)
    sun = scenes.Light(np.array([0.0, 0.0, -1.0]), None, (0.2, 0.2, 0.2), casts_shadow=False)
    objects = (an_object(), an_object((0.4, 0, 0.3), instance_id="mug-2"))
    return scenes.Scene("tabletop", (floor,), objects, (lamp, sun), (0.1, 0.1, 0.1), a_camera())


def test_json_keeps_every_bit():
    source = a_scene()
    moved = an_object((1 / 3, 0.1, 0.3), 0.7)
    edited = scenes.EditedScene(source, (moved,), ("mug-2",), a_camera((0.2, -1, 0.6)), {"seed": 7})
    text = scenes.to_json(edited)
    again = scenes.from_json(text)
    assert scenes.to_json(again) == text
    assert again.source.objects[0].position_m.tolist() == source.objects[0].position_m.tolist()
    assert again.target.object("mug-1").position_m[0] == 1 / 3
    assert [o.instance_id for o in again.target.objects] == ["mug-1"]


def test_json_of_another_version_is_refused():
    document = json.loads(scenes.to_json(scenes.EditedScene(a_scene())))
    with pytest.raises(ValueError, match="scene JSON has version 99, expected 1; read it with"):
        scenes.from_json({**document, "version": 99})


def test_an_unknown_object_is_named_with_those_there_are():
    with pytest.raises(KeyError, match="no object 'cup-9' in the scene; it has mug-1, mug-2"):
        a_scene().object("cup-9")


def test_box_of_an_unturned_object_straight_ahead():
    # The camera stands 1 m before the object at half its height and looks along world +y: camera x is world x,
    # camera y is world −z, camera z is world +y. An unturned object's box then has the identity as its rotation.
    item = an_object((0, 0, 0), 0.0)
    camera = a_camera((0, -1, 0.06), (0, 0, 0.06))
    box = scenes.object_box(item, camera)
    assert box.center_m == pytest.approx([0, 0, 1])
    assert box.rotation == pytest.approx(np.eye(3))
    assert box.extents_m == pytest.approx([0.1, 0.12, 0.08])
    assert box.vector[6] == pytest.approx(0.0)


@given(
    st.tuples(*[st.floats(-2, 2)] * 3),
    st.floats(-np.pi, np.pi),
    st.floats(0.3, 3.0),
    st.tuples(st.floats(-1, 1), st.floats(-3, -1), st.floats(0.2, 2)),
)
def test_placing_at_a_box_undoes_the_box(position, yaw, scale, eye):
    item, camera = an_object(position, yaw, scale), a_camera(eye)
    again = scenes.object_at_box(an_object(), scenes.object_box(item, camera), camera)
    assert again.position_m == pytest.approx(item.position_m, abs=1e-9)
    assert again.rotation == pytest.approx(item.rotation, abs=1e-9)
    assert again.scale == pytest.approx(scale, abs=1e-9)


@given(st.floats(-np.pi, np.pi), st.floats(1, 359))
def test_turning_the_object_is_turning_its_box_about_its_vertical(yaw, angle_deg):
    camera = a_camera()
    before = scenes.object_box(an_object(yaw=yaw), camera)
    after = scenes.object_box(an_object(yaw=yaw + np.deg2rad(angle_deg)), camera)
    expected = geometry.rotate_about_vertical(before.rotation, angle_deg, "counterclockwise")
    assert after.rotation == pytest.approx(expected, abs=1e-9)


@given(st.tuples(st.floats(-2, 2), st.floats(-3, -0.5), st.floats(0.1, 2)))
def test_look_at_sees_the_point_in_the_middle_without_roll(eye):
    pose = scenes.look_at(np.array(eye), np.zeros(3))
    assert pose[:3, :3].T @ pose[:3, :3] == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
    pixel = geometry.project_points((pose[:3, :3].T @ -pose[:3, 3])[None], scenes.pinhole(640, 480, 50))
    assert pixel[0] == pytest.approx([320, 240])
    assert pose[2, 0] == pytest.approx(0.0, abs=1e-12)  # camera x stays level
    assert pose[2, 1] < 0  # camera y points down
