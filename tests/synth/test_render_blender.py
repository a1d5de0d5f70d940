"""Blender against MuJoCo: the same scene has the same masks and the same depth, whoever draws it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from plain_scene import build_asset, item, paint, scene

from gsi_bench_hf.synth.render import load_renderer

pytest.importorskip("bpy", reason="Blender is an extra of its own, and made for one version of Python")


@pytest.fixture(scope="module")
def renderers():
    made = [
        load_renderer("blender", build_asset=build_asset, textures=paint, samples=4),
        load_renderer("mujoco", build_asset=build_asset, textures=paint),
    ]
    yield made
    for renderer in made:
        renderer.close()


def tilted():
    """The plain scene through an off-centre pinhole with oblong pixels."""
    base = scene(200, 160)
    k = base.camera.intrinsics.copy()
    k[1, 1] *= 1.2
    k[:2, 2] += (14.0, -9.0)
    return base.with_camera(dataclasses.replace(base.camera, intrinsics=k))


@pytest.mark.parametrize("view", [scene(200, 160), tilted()], ids=["centred", "any pinhole"])
def test_masks_and_depth_are_those_of_mujoco(renderers, view):
    ours, theirs = (renderer.render(view, want=("depth", "segmentation")) for renderer in renderers)
    for number, thing in enumerate(view.objects, start=1):
        a, b = ours.segmentation == number, theirs.segmentation == number
        assert b.sum() > 100
        assert (a & b).sum() / (a | b).sum() >= 0.97, thing.instance_id
    same = ours.segmentation == theirs.segmentation
    assert np.percentile(np.abs(ours.depth_m - theirs.depth_m)[same], 99) < 0.001
    assert ours.depth_m.dtype == np.float32
    assert ours.segmentation.dtype == np.int32


def test_no_ray_passes_a_doubled_sheet_by(renderers):
    view = dataclasses.replace(scene(300, 240), objects=(item("banner-1", "banner", (-0.05, 0.0, 0.75), 0.3),))
    ours, theirs = (renderer.render(view, want=("segmentation",)).segmentation == 1 for renderer in renderers)
    assert theirs.sum() > 1000
    assert (ours & theirs).sum() / (ours | theirs).sum() >= 0.97


def test_colours_are_near_those_of_mujoco(renderers):
    ours, theirs = (renderer.render(scene(120, 120), want=("rgb",)).rgb.astype(float) for renderer in renderers)
    assert ours.shape == (120, 120, 3)
    assert abs(ours.mean() - theirs.mean()) < 45
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.7


def test_the_same_scene_gives_the_same_picture(renderers):
    blender = renderers[0]
    first = blender.render(scene(96, 96), want=("rgb",)).rgb
    blender.render(scene(96, 96).without("brick-1"), want=("rgb",))
    again = blender.render(scene(96, 96), want=("rgb",)).rgb
    assert np.array_equal(first, again)


def test_only_keeps_the_numbers(renderers):
    frame = renderers[0].render(scene(96, 96), want=("segmentation",), only=("brick-2",))
    assert set(np.unique(frame.segmentation)) == {0, 3}


def test_more_of_a_kind_after_fewer(renderers):
    base = scene(96, 96)
    third = item("brick-3", "brick", (0.2, -0.25, 0.75))
    more = dataclasses.replace(base, objects=(*base.objects, third))
    for view in (base, more, base):
        frame = renderers[0].render(view, want=("segmentation",))
        assert frame.segmentation.max() == len(view.objects)


def test_unknown_want_is_named(renderers):
    with pytest.raises(ValueError, match=r"want has \['normals'\], expected any of"):
        renderers[0].render(scene(), want=("normals",))


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="samples is 0, expected 1 or more"):
        load_renderer("blender", samples=0)
