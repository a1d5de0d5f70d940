"""The renderer against projective geometry: what it draws is where the camera model says, exactly and every time."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from plain_scene import TABLE_M, build_asset, item, paint, scene

from gsi_bench_hf.geometry import box_corners, project_points, unproject_depth
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.synth.render import RendererError, load_renderer, shared_renderer
from gsi_bench_hf.synth.scene import object_box
from gsi_bench_hf.types import Camera


@pytest.fixture(scope="module")
def renderer():
    made = load_renderer(build_asset=build_asset, textures=paint)
    yield made
    made.close()


def hull_mask(box, camera):
    """Which pixel centres lie inside the projection of a box: exact, by the convex hull of its corners."""
    from scipy.spatial import ConvexHull

    corners = project_points(box_corners(box.center_m, box.extents_m, box.rotation), camera.intrinsics)
    planes = ConvexHull(corners).equations
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
    return np.all(planes[:, 0, None, None] * u + planes[:, 1, None, None] * v + planes[:, 2, None, None] <= 0, axis=0)


@pytest.mark.parametrize("scale", [1.0, 0.6, 2.0])
@pytest.mark.parametrize("skew", [(1.0, 0.0, 0.0), (1.3, 21.0, -13.5)], ids=["centred", "any pinhole"])
def test_mask_is_the_projection(renderer, scale, skew):
    base = scene()
    k = base.camera.intrinsics.copy()
    k[1, 1] *= skew[0]
    k[:2, 2] += skew[1:]
    camera = Camera(k, base.camera.world_from_camera, 256, 192)
    brick = dataclasses.replace(base.objects[0], scale=scale)
    view = base.with_object(brick).with_camera(camera)
    mask = renderer.render(view, want=("segmentation",), only=("brick-1",)).segmentation == 1
    assert mask.sum() > 200
    expected = hull_mask(object_box(brick, camera), camera)
    assert (mask != expected).mean() < 2e-4  # a handful of centres that lie on an edge within rounding


def test_depth_lies_on_the_box(renderer):
    view = scene()
    frame = renderer.render(view, want=("depth", "segmentation"))
    points = unproject_depth(frame.depth_m, view.camera.intrinsics)
    for number, thing in enumerate(view.objects, start=1):
        box = object_box(thing, view.camera)
        local = np.abs((points[frame.segmentation == number] - box.center_m) @ box.rotation) / (box.extents_m / 2.0)
        gap_m = np.abs(local - 1.0) * box.extents_m / 2.0
        assert len(local) > 100
        assert (local < 1.0 + 0.001 / box.extents_m.min()).all()
        assert gap_m.min(axis=1).max() < 0.001  # every point is on one of the faces


def test_depth_of_the_table_top(renderer):
    view = scene()
    frame = renderer.render(view, want=("depth", "segmentation"), only=())
    assert not frame.segmentation.any()
    pose = view.camera.world_from_camera
    world = unproject_depth(frame.depth_m, view.camera.intrinsics) @ pose[:3, :3].T + pose[:3, 3]
    on_top = (np.abs(world[..., :2]) < [0.69, 0.49]).all(axis=-1) & (world[..., 2] > 0.7)
    assert on_top.mean() > 0.2
    assert np.abs(world[on_top][:, 2] - TABLE_M).max() < 0.001


def test_segmentation_has_only_whole_ids(renderer):
    view = scene()
    frame = renderer.render(view)
    assert set(np.unique(frame.segmentation)) == {0, 1, 2, 3}
    assert frame.rgb.shape == (256, 256, 3)
    assert frame.rgb.dtype == np.uint8
    assert frame.depth_m.dtype == np.float32


def test_only_keeps_the_numbers(renderer):
    frame = renderer.render(scene(), want=("segmentation",), only=("brick-2",))
    assert set(np.unique(frame.segmentation)) == {0, 3}


def test_size_scales_the_intrinsics(renderer):
    view = scene()
    small = renderer.render(view, want=("segmentation",)).segmentation
    large = renderer.render(view, want=("segmentation",), size=(768, 768)).segmentation
    assert large.shape == (768, 768)
    assert (large[1::3, 1::3] == small).mean() > 0.999


def test_picture_is_not_shifted(renderer, monkeypatch):
    """The antialiased picture, contact shadows aside, lies on the mean of a much finer one, within a twentieth of a pixel."""
    import cv2

    monkeypatch.setattr("gsi_bench_hf.synth.render_shade.AO_STRENGTH", 0.0)
    view = dataclasses.replace(scene(), lights=(), ambient=(0.9, 0.9, 0.9))
    picture = renderer.render(view, want=("rgb",)).rgb
    fine = renderer.render(view, want=("rgb",), size=(1024, 1024), quality="draft").rgb
    mean = fine.reshape(256, 4, 256, 4, 3).astype(np.float64).mean(axis=(1, 3))
    window = cv2.createHanningWindow((256, 256), cv2.CV_64F)
    shift, _ = cv2.phaseCorrelate(mean[..., 1], picture[..., 1].astype(np.float64), window)
    assert np.abs(shift).max() < 0.05, shift


def test_shadow_falls_away_from_the_light(renderer):
    base = scene()
    lit = renderer.render(base, want=("rgb",), only=("brick-1",)).rgb.astype(float).mean(axis=-1)
    bare = renderer.render(base, want=("rgb",), only=()).rgb.astype(float).mean(axis=-1)
    brick = base.objects[0]
    foot = object_box(brick, base.camera).center_m
    right = project_points((foot + np.array([0.11, 0.04, 0.05]))[None], base.camera.intrinsics)[0].astype(int)
    left = project_points((foot + np.array([-0.15, 0.04, 0.0]))[None], base.camera.intrinsics)[0].astype(int)
    darker = bare - lit
    assert darker[right[1], right[0]] > 15
    assert abs(darker[left[1], left[0]]) < 5


def test_draft_is_near_the_full_picture(renderer):
    view = scene()
    full = renderer.render(view, want=("rgb",)).rgb.astype(float)
    draft = renderer.render(view, want=("rgb",), quality="draft").rgb.astype(float)
    assert np.abs(full - draft).mean() < 25
    assert np.corrcoef(full.ravel(), draft.ravel())[0, 1] > 0.85


def test_the_same_scene_gives_the_same_bytes(renderer):
    first = digest(renderer)
    renderer.render(scene().without("brick-1"))
    assert digest(renderer) == first
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_render_mujoco as t; "
        "print(t.digest(t.load_renderer(build_asset=t.build_asset, textures=t.paint)))"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert fresh.stdout.strip() == first


def digest(renderer):
    frame = renderer.render(scene())
    return hashlib.sha256(frame.rgb.tobytes() + frame.depth_m.tobytes() + frame.segmentation.tobytes()).hexdigest()


def test_scale_leaves_the_light_alone(renderer):
    """A scale rides in the rotation that is given to OpenGL, which makes normals unit length again: brightness must not change."""
    base = scene()
    colours = []
    for scale in (0.5, 1.0, 2.0):
        view = base.with_object(dataclasses.replace(base.objects[0], scale=scale))
        frame = renderer.render(view, want=("rgb", "segmentation"), only=("brick-1",), quality="draft")
        colours.append(np.percentile(frame.rgb[frame.segmentation == 1], 90, axis=0))
    assert np.ptp(colours, axis=0).max() <= 6  # the pool of light is a little brighter higher up


def test_a_fixture_hides_what_is_behind_it(renderer):
    base = scene()
    sunk = dataclasses.replace(base.objects[0], position_m=base.objects[0].position_m - [0.0, 0.0, 0.2])
    assert not (renderer.render(base.with_object(sunk), want=("segmentation",)).segmentation == 1).any()


def test_walls_cast_no_shadow(renderer):
    """A lamp may stand beyond a wall."""
    base = scene()
    walled = dataclasses.replace(base, fixtures=(*base.fixtures, item("wall-2", "wall", (0.0, -1.6, 0.0))))
    lit, other = (renderer.render(view, want=("rgb",), only=()).rgb for view in (base, walled))
    assert np.array_equal(lit, other)


def test_scenes_beyond_those_kept(renderer):
    """More sets of assets than are kept compiled, there and back."""
    kinds = ("brick", "slab", "table", "floor", "wall")
    base = dataclasses.replace(scene(), fixtures=(item("table", "table", (0, 0, 0)),))
    for kind in kinds + kinds:
        view = dataclasses.replace(base, objects=(item("it", kind, (0, 0, TABLE_M), scale=0.3),))
        assert renderer.render(view, want=("segmentation",)).segmentation.any()


def test_unknown_want_is_named(renderer):
    with pytest.raises(ValueError, match=r"want has \['normals'\], expected any of"):
        renderer.render(scene(), want=("normals",))


def test_unknown_renderer_suggests():
    with pytest.raises(UnknownNameError, match="Did you mean 'mujoco'"):
        load_renderer("mujocco")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_draws_the_same():
    """Mesa's threads don't survive a fork; the child must get a context of its own and not hang."""
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_render_mujoco as t
from gsi_bench_hf.synth import render
render.RENDERERS.add("plain", lambda: t.load_renderer(build_asset=t.build_asset, textures=t.paint))
before = t.digest(render.shared_renderer("plain"))
child = os.fork()
if child == 0:
    os._exit(0 if t.digest(render.shared_renderer("plain")) == before else 3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert t.digest(render.shared_renderer("plain")) == before
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_draw_where_no_shader_was_ever_kept(tmp_path):
    """Mesa writes a cache of shaders from a thread, which a child of a process that began OpenGL does not have."""
    code = """
import os
from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import shared_renderer
shared_renderer()
children = []
for seed in range(2):
    child = os.fork()
    if child == 0:
        list(generate_rows("sim-tabletop", seed=seed, start=0, stop=9, renderer=shared_renderer()))
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MESA_") and k != "LP_NUM_THREADS"}
    environment = {**kept, "XDG_CACHE_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True) as process:
        try:
            assert process.wait(timeout=240) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_shared_renderer_is_one_per_process():
    assert shared_renderer("mujoco") is shared_renderer("mujoco")


def start_without_opengl(environment, hide):
    """Try to start the renderer in a process where loading the hidden libraries fails as if they were not installed."""
    code = f"""
import ctypes, sys
load = ctypes.CDLL.__init__
def hidden(self, name, *args, **kwargs):
    if any(part in str(name) for part in {hide!r}):
        raise OSError(str(name) + ": cannot open shared object file: No such file or directory")
    load(self, name, *args, **kwargs)
ctypes.CDLL.__init__ = hidden
from gsi_bench_hf.synth.render import RendererError, load_renderer
try:
    load_renderer()
except RendererError as error:
    print(error)
    sys.exit(7)
"""
    clean = {k: v for k, v in os.environ.items() if k not in ("MUJOCO_GL", "PYOPENGL_PLATFORM")}
    return subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("environment", "hide", "code", "words"),
    [
        ({}, ("libEGL", "libOSMesa"), 7, "libegl1 and libgl1-mesa-dri .* or libosmesa6 and set MUJOCO_GL=osmesa"),
        ({"MUJOCO_GL": "glx"}, (), 7, "MUJOCO_GL is 'glx', expected 'egl' or 'osmesa'"),
        (
            {"MUJOCO_GL": "egl"},
            ("libEGL", "libGL", "libOpenGL"),
            7,
            "MUJOCO_GL=egl can't be used; .*libegl1 libgl1-mesa-dri",
        ),
        ({}, ("libEGL",), 0, "^$"),
    ],
    ids=["none", "unknown", "wanted but missing", "falls back to osmesa"],
)
def test_missing_opengl_names_the_packages(environment, hide, code, words):
    done = start_without_opengl(environment, hide)
    assert done.returncode == code, done.stderr
    assert re.search(words, done.stdout.strip()), done.stdout


def test_another_process_s_renderer_is_refused(renderer, monkeypatch):
    monkeypatch.setattr(renderer, "_pid", -1)
    with pytest.raises(RendererError, match="made before a fork"):
        renderer.render(scene())
