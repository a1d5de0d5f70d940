"""Blender's Cycles as a renderer: light that is traced, glass that refracts, mirrors. Slow, and more like a photograph.

Colours come from one denoised render; ids and depth from another, a single ray through each pixel's centre. Blender holds one
document a process, so that only one of these renderers can be at work at a time; it keeps meshes, materials and textures.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

with contextlib.redirect_stderr(io.StringIO()):  # its audio module complains about newer NumPys, and isn't needed
    import bpy

from gsi_bench_hf.synth import render_blender_light as light
from gsi_bench_hf.synth.render import Frame, Quality, RendererError, check_want, library_asset, library_texture
from gsi_bench_hf.synth.render_blender_things import AssetBuilder, TexturePainter, Things
from gsi_bench_hf.synth.scene import Scene

Float = NDArray[np.float64]

FAR_M = 20.0
"""Depth where nothing is, as the other renderer has it."""

_DRAFT_SAMPLES = 2
_BOUNCES = 6
_AMBIENT_FROM_M = 1.2


class BlenderRenderer:
    """See `render.Renderer`.

    Args:
        build_asset: kind, variant -> Asset; None for `assets.build_asset`.
        textures: texture name -> (H, W, 3) uint8, last row at v = 0; None for `assets.textures.paint`.
        samples: rays a pixel; the picture is denoised.

    Raises:
        ValueError: `samples` is less than 1.
    """

    def __init__(
        self,
        build_asset: AssetBuilder | None = None,
        textures: TexturePainter | None = None,
        samples: int = 24,
    ) -> None:
        if samples < 1:
            raise ValueError(f"samples is {samples}, expected 1 or more; 16 to 32 look clean")
        self._samples = samples
        self._document = _empty_document()
        self._things = Things(self._document, build_asset or library_asset, textures or library_texture)

    def render(
        self,
        scene: Scene,
        *,
        want: Collection[str] = ("rgb", "depth", "segmentation"),
        size: tuple[int, int] | None = None,
        only: Collection[str] | None = None,
        quality: Quality = "full",
    ) -> Frame:
        """Render `scene` through its camera; see `render.Renderer.render`. "draft" is a coarse picture with few rays."""
        check_want(want)
        if bpy.context.window_manager is None or self._document.name not in bpy.data.scenes:
            raise RendererError("Blender's document was closed; only one Blender renderer can be open in a process")
        width, height = size or (scene.camera.width, scene.camera.height)
        self._aim(scene, width, height)
        self._things.show(scene, None if only is None else frozenset(only))
        segmentation = depth_m = rgb = None
        if {"depth", "segmentation"} & set(want):
            segmentation, depth_m = self._labels(width, height)
        if "rgb" in want:
            rgb = self._colors(scene, width, height, self._samples if quality == "full" else _DRAFT_SAMPLES)
        return Frame(rgb, depth_m if "depth" in want else None, segmentation if "segmentation" in want else None)

    def close(self) -> None:
        """Free what was made of the scenes."""
        if self._document.name in bpy.data.scenes:
            self._things.clear()

    def _aim(self, scene: Scene, width: int, height: int) -> None:
        camera = scene.camera
        k = np.diag([width / camera.width, height / camera.height, 1.0]) @ camera.intrinsics
        settings, lens = self._document.render, self._document.camera.data
        settings.resolution_x, settings.resolution_y, settings.resolution_percentage = width, height, 100
        ratio = float(k[0, 0] / k[1, 1])
        settings.pixel_aspect_x, settings.pixel_aspect_y = max(1.0, 1.0 / ratio), max(1.0, ratio)
        # The sensor is as wide as the picture; shifts count in widths.
        lens.sensor_fit, lens.sensor_width, lens.lens = "HORIZONTAL", 36.0, 36.0 * float(k[0, 0]) / width
        lens.shift_x = (width / 2.0 - float(k[0, 2])) / width
        lens.shift_y = (float(k[1, 2]) - height / 2.0) * ratio / width
        pose = camera.world_from_camera.copy()
        pose[:3, 1:3] *= -1.0
        self._document.camera.matrix_world = _matrix(pose)

    def _labels(self, width: int, height: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """(H, W) ids and (H, W) metres along camera z, of what the ray through each pixel's centre meets first."""
        cycles, layer = self._document.cycles, self._document.view_layers[0]
        cycles.samples, cycles.use_denoising, cycles.max_bounces, cycles.filter_width = 1, False, 0, 0.01
        layer.material_override = self._things.codes()
        with self._things.without_clear_fixtures():
            pixels = self._render(width, height)
        layer.material_override = None
        depth_m = np.where(pixels[..., 1] > 0.0, np.minimum(pixels[..., 1], FAR_M), FAR_M)
        return np.rint(pixels[..., 0]).astype(np.int32), depth_m.astype(np.float32)

    def _colors(self, scene: Scene, width: int, height: int, samples: int) -> NDArray[np.uint8]:
        """(H, W, 3) the picture."""
        cycles = self._document.cycles
        cycles.samples, cycles.use_denoising, cycles.max_bounces, cycles.filter_width = samples, True, _BOUNCES, 1.5
        cycles.diffuse_bounces, cycles.glossy_bounces = 2, 3
        exposure = light.light_up(self._document, scene)
        linear = self._render(width, height)[..., :3] * np.float32(exposure)
        light.lights_out(self._document)
        return light.developed(linear)

    def _render(self, width: int, height: int) -> NDArray[np.float32]:
        """(H, W, 4) linear, first row at the top."""
        with tempfile.TemporaryDirectory(prefix="gsi-bench-blender-") as folder:
            path = Path(folder) / "picture.exr"
            self._document.render.filepath = str(path)
            with _silence():
                bpy.ops.render.render(write_still=True, scene=self._document.name)
            image = bpy.data.images.load(str(path))
            pixels = np.empty(width * height * 4, np.float32)
            image.pixels.foreach_get(pixels)
            bpy.data.images.remove(image)
        return np.ascontiguousarray(pixels.reshape(height, width, 4)[::-1])


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Blender writes its progress past Python, to the process's own standard output."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _matrix(pose: Float) -> Any:
    from mathutils import Matrix

    return Matrix(pose.tolist())


def _empty_document() -> Any:
    """A new scene of Blender's with a camera, set up to write linear floats."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    document = bpy.data.scenes[0]
    document.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    document.camera.data.clip_start, document.camera.data.clip_end = 0.01, 100.0
    document.collection.objects.link(document.camera)
    settings, cycles = document.render, document.cycles
    settings.engine, cycles.device = "CYCLES", "CPU"
    settings.use_persistent_data = True  # the same room seen again is drawn without building it again
    settings.image_settings.file_format, settings.image_settings.color_mode = "OPEN_EXR", "RGBA"
    settings.image_settings.color_depth = "32"
    document.view_settings.view_transform = "Raw"
    cycles.use_adaptive_sampling, cycles.seed, cycles.denoiser = False, 0, "OPENIMAGEDENOISE"
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0  # no fireflies
    document.world = bpy.data.worlds.new("world")
    document.world.use_nodes = True
    # After one bounce, light comes evenly from all that is farther than this: the scene's ambient, without long paths through a room.
    cycles.use_fast_gi, cycles.fast_gi_method, cycles.ao_bounces_render = True, "REPLACE", 1
    document.world.light_settings.distance = _AMBIENT_FROM_M
    return document
