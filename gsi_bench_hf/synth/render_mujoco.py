"""The default renderer: MuJoCo's classic OpenGL one, on the CPU through Mesa, used for drawing only.

A set of assets is compiled once; poses, scales, lights and the camera are written straight into the list of things to draw. A full
picture of a table is drawn once a lamp, with several samples a pixel; soft shadows and contact shadows are worked out from depth
images. Rooms are drawn with shaders (`render_room`).
Everything is a fixed function of the scene: the same scene gives the same bytes.
"""

from __future__ import annotations

import ctypes
import os
from collections import OrderedDict
from collections.abc import Collection

import numpy as np

from gsi_bench_hf.synth.render import Frame, Quality, RendererError, check_want, library_asset, library_texture
from gsi_bench_hf.synth.render_gl import choose_backend, gl_context

choose_backend()  # before what imports mujoco, which reads MUJOCO_GL then

from gsi_bench_hf.synth.render_compile import (  # noqa: E402
    AssetBuilder,
    AssetName,
    Compiled,
    TexturePainter,
    compile_assets,
)
from gsi_bench_hf.synth.render_picture import Picture  # noqa: E402
from gsi_bench_hf.synth.render_room import RoomPicture  # noqa: E402
from gsi_bench_hf.synth.scene import Scene  # noqa: E402

_KEPT_SCENES = 2  # a room takes about 100 MB


class MujocoRenderer:
    """See `render.Renderer`.

    Args:
        build_asset: kind, variant -> Asset; None for `assets.build_asset`.
        textures: texture name -> (H, W, 3) uint8, last row at v = 0; None for `assets.textures.paint`.

    Raises:
        RendererError: OpenGL can't be started.
    """

    def __init__(self, build_asset: AssetBuilder | None = None, textures: TexturePainter | None = None) -> None:
        self._build_asset: AssetBuilder = build_asset or library_asset
        self._textures: TexturePainter = textures or library_texture
        self._pid = os.getpid()
        self._compiled: OrderedDict[tuple[bool, frozenset[AssetName]], Compiled] = OrderedDict()
        gl_context()

    def render(
        self,
        scene: Scene,
        *,
        want: Collection[str] = ("rgb", "depth", "segmentation"),
        size: tuple[int, int] | None = None,
        only: Collection[str] | None = None,
        quality: Quality = "full",
    ) -> Frame:
        """Render `scene` through its camera; see `render.Renderer.render`."""
        check_want(want)
        if os.getpid() != self._pid:
            raise RendererError("this renderer was made before a fork; use render.shared_renderer() in each process")
        gl_context()
        compiled = self._prepare(scene)
        width, height = size or (scene.camera.width, scene.camera.height)
        intrinsics = np.diag([width / scene.camera.width, height / scene.camera.height, 1.0]) @ scene.camera.intrinsics
        made = RoomPicture if scene.is_room else Picture
        return made(compiled, scene, intrinsics, width, height).draw(want, only, quality)

    def close(self) -> None:
        """Free what was compiled. The process's OpenGL context stays for other renderers."""
        if os.getpid() == self._pid and self._compiled:
            gl_context()
            for compiled in self._compiled.values():
                compiled.context.free()
        self._compiled.clear()

    def _prepare(self, scene: Scene) -> Compiled:
        items = (*scene.fixtures, *scene.objects)
        names = {(item.kind, item.variant) for item in items}
        count = sum(len(self._build_asset(item.kind, item.variant).parts) for item in items)
        # A scene with an object removed is drawn from what was compiled for the whole of it.
        for key, compiled in reversed(self._compiled.items()):
            if key[0] == scene.is_room and names <= key[1] and count <= compiled.scene.maxgeom:
                self._compiled.move_to_end(key)
                return compiled
        while len(self._compiled) >= _KEPT_SCENES:
            self._compiled.popitem(last=False)[1].context.free()
            _give_back()
        made = compile_assets(sorted(names), count + 32, self._build_asset, self._textures, for_shaders=scene.is_room)
        self._compiled[scene.is_room, frozenset(names)] = made
        return made


def _give_back() -> None:
    """Hand what was freed back to the system: the C library would keep it in pieces, a third of a long build's memory."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
