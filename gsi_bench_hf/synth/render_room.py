"""Rooms as MuJoCo draws them with shaders of our own: many lamps, windows as lamps, soft shadows, gloss, one mirror.

A picture is drawn in four steps: ids and depth; depth as each lamp sees it, and from straight above; from those, at half size, how
much of each lamp and of the surroundings every point sees; then the colours, with several samples a pixel. The light depends on the
scene's lights and, through shadows, on what stands in their way; on nothing else.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

import mujoco
import numpy as np
from numpy.typing import NDArray
from OpenGL import GL  # chosen by `render_gl`, which is imported before

from gsi_bench_hf.synth import render_room_gl as gl
from gsi_bench_hf.synth import render_room_lamps as room_lamps
from gsi_bench_hf.synth.render import Frame, Quality
from gsi_bench_hf.synth.render_compile import Compiled
from gsi_bench_hf.synth.render_list import encloses, fill, in_view
from gsi_bench_hf.synth.render_mirror import Mirror, nearest_mirror
from gsi_bench_hf.synth.render_picture import FAR_M, NEAR_M, SKY, aim, set_flags
from gsi_bench_hf.synth.render_room_shaders import MOST_LAMPS
from gsi_bench_hf.synth.scene import Scene, SceneObject

Float = NDArray[np.float64]
Show = Literal["all", "solid", "casters"]

_LAMP_PX, _ABOVE_PX = 768, 512
_NOWHERE = np.array([0.0, 0.0, 0.0, 1.0])  # a plane that everything is in front of
_HANGS_M = 1.7  # what hangs higher closes nothing off
_MIDDLE_GRAY = 0.78


class RoomPicture:
    """One view of a room being drawn.

    Args:
        compiled: its assets, compiled for shaders.
        scene: the room.
        intrinsics: (3, 3) of the picture.
        width, height: pixels.
        cut_plane: (4,) world; nothing behind it is drawn. For what a mirror shows.
    """

    def __init__(
        self,
        compiled: Compiled,
        scene: Scene,
        intrinsics: Float,
        width: int,
        height: int,
        cut_plane: Float | None = None,
    ) -> None:
        self._compiled, self._scene, self._k = compiled, scene, intrinsics
        self._width, self._height = width, height
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._cut_plane = cut_plane
        self._lamps = room_lamps.lamps_of(scene)
        self._studio = gl.studio()
        self._only: Collection[str] | None = None

    def draw(self, want: Collection[str], only: Collection[str] | None, quality: Quality) -> Frame:
        """What `render.Renderer.render` gives."""
        self._only = only
        try:
            rgb = segmentation = depth_m = None
            if "rgb" in want and quality == "draft":
                rgb, depth_m = self._draft()
                if "segmentation" in want:
                    segmentation, depth_m = self._labels()
            else:
                segmentation, depth_m = self._labels()
                if "rgb" in want:
                    rgb = self._full(depth_m, several=quality == "full")
        finally:
            gl.leave()
            mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._compiled.context)
        return Frame(rgb, depth_m if "depth" in want else None, segmentation if "segmentation" in want else None)

    def shown(self, show: Show) -> list[tuple[SceneObject, int]]:
        """What is drawn, with its number: what stands in front first, since what it hides is then not shaded.

        Args:
            show: "all", "casters" of shadows (not what encloses the room), or "solid": the same as "all", for fixtures of glass
                are left out part by part.
        """
        only = None if self._only is None else set(self._only)
        fixtures = [(item, 0) for item in self._scene.fixtures]
        drawn = [
            (item, i + 1) for i, item in enumerate(self._scene.objects) if only is None or item.instance_id in only
        ]
        drawn += [f for f in fixtures if not encloses(f[0])]
        eye_m = self._scene.camera.world_from_camera[:3, 3]
        drawn.sort(key=lambda d: float(np.sum((d[0].position_m - eye_m) ** 2)))
        return drawn if show == "casters" else drawn + [f for f in fixtures if encloses(f[0])]

    def fill(self, show: Show, items: Sequence[tuple[SceneObject, int]] | None = None) -> None:
        """Write the list of things to draw; without `items` those of `shown` that the camera may see."""
        drawn = (
            (item, number, show == "all" or (show == "solid" and number != 0))
            for item, number in (self._in_view(self.shown(show)) if items is None else items)
        )
        fill(self._compiled, drawn, self._scene.camera.world_from_camera[:3, 3])

    def _in_view(self, items: list[tuple[SceneObject, int]]) -> list[tuple[SceneObject, int]]:
        pose = self._scene.camera.world_from_camera
        kept = in_view([item for item, _ in items], pose, self._k, self._width, self._height)
        return [item for item, seen in zip(items, kept, strict=True) if seen]

    def _labels(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """(H, W) ids, and (H, W) metres along camera z; one sees through fixtures of glass. Leaves the depth as a texture."""
        target = self._studio.target("labels", self._width, self._height, formats=(GL.GL_RGBA8,))
        self.fill("solid")
        set_flags(self._compiled.scene, segment=True)
        self._aim()
        self._dark()
        target.bind()
        if self._cut_plane is None:
            gl.leave()
        else:
            self._use_scene(self._studio.cut)
        self._render_into(target)
        code = gl.read_color(self._width, self._height).astype(np.int32)
        number = code[..., 0] + (code[..., 1] << 8) + (code[..., 2] << 16)
        return np.maximum(number - 1, 0).astype(np.int32), _metres(gl.read_depth(self._width, self._height))

    def _draft(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """(H, W, 3) one sample a pixel without shadows, and its depth."""
        target = self._studio.target("draft", self._width, self._height, formats=(GL.GL_RGBA8,))
        self.fill("solid")
        self._colors(target, shaded=False, mirror=None)
        rgb, depth_m = gl.read_color(self._width, self._height), _metres(gl.read_depth(self._width, self._height))
        rgb[depth_m > 0.99 * FAR_M] = np.rint(255.0 * SKY)
        return rgb, depth_m

    def _full(self, depth_m: NDArray[np.float32], *, several: bool) -> NDArray[np.uint8]:
        """(H, W, 3) the picture, several samples a pixel or one; after `_labels`, whose depth texture it reads."""
        self._light_up()
        mirror = None
        if self._cut_plane is None:
            mirror = nearest_mirror(self._in_view(self.shown("solid")), self._compiled, self._scene.camera, self._k)
        if mirror is not None:
            self._reflect(mirror)
            self._labels()
            self._light_up()
        target = self._antialiased(mirror) if several else self._aliased(mirror)
        target.bind()
        rgb = gl.read_color(self._width, self._height)
        rgb[depth_m > 0.99 * FAR_M] = np.rint(255.0 * SKY)
        return rgb

    def _antialiased(self, mirror: Mirror | None) -> gl.Target:
        """Draw the colours, several samples a pixel, and their means."""
        several = self._studio.target("samples", self._width, self._height, formats=(GL.GL_RGBA8,), samples=gl.SAMPLES)
        means = self._studio.target("picture", self._width, self._height, formats=(GL.GL_RGBA8,))
        self.fill("all")
        self._colors(several, shaded=True, mirror=mirror)
        gl.resolve(several, means, self._width, self._height)
        return means

    def _aliased(self, mirror: Mirror | None) -> gl.Target:
        """Draw the colours, one sample a pixel."""
        target = self._studio.target("picture", self._width, self._height, formats=(GL.GL_RGBA8,))
        self.fill("all")
        self._colors(target, shaded=True, mirror=mirror)
        return target

    def _reflect(self, mirror: Mirror) -> None:
        """Draw what a mirror shows into the target "mirrored", one sample a pixel: the room from behind it."""
        room = dataclasses.replace(self._scene, camera=mirror.camera)
        behind = RoomPicture(
            self._compiled,
            room,
            mirror.camera.intrinsics,
            mirror.camera.width,
            mirror.camera.height,
            cut_plane=mirror.plane,
        )
        behind._only = self._only
        behind._labels()
        behind._light_up()
        into = self._studio.target("mirrored", mirror.camera.width, mirror.camera.height, formats=(GL.GL_RGBA8,))
        behind.fill("all")
        behind._colors(into, shaded=True, mirror=None)

    def _colors(self, target: gl.Target, *, shaded: bool, mirror: Mirror | None) -> None:
        program = self._studio.scene if self._cut_plane is None else self._studio.scene_cut
        set_flags(self._compiled.scene)
        self._aim()
        self._dark()
        self._use_scene(program)
        program.integers(
            painted=0,
            lamp_seen=1,
            surrounding=2,
            mirrored=3,
            shaded=int(shaded),
            has_mirror=int(mirror is not None),
            half_px=[-(-self._width // 2), -(-self._height // 2)],
            lamps=len(self._lamps),
        )
        program.floats(ambient=self._scene.ambient, exposure=self._exposure())
        room_lamps.tell(program, self._lamps)
        if shaded:
            seen = self._studio.target("blurred", 1, 1, formats=(GL.GL_RGBA16F, GL.GL_RGBA32F))
            gl.look_at_texture(1, seen.colors[0])
            gl.look_at_texture(2, seen.colors[1])
        if mirror is not None:
            gl.look_at_texture(3, self._studio.target("mirrored", 1, 1, formats=(GL.GL_RGBA8,)).colors[0])
            top = self._height - mirror.window[3]
            program.integers(mirror_px=[mirror.window[2] - 1, top])
            program.floats(mirror_plane=mirror.plane)
        target.bind()
        self._render_into(target)

    def _use_scene(self, program: gl.Program) -> None:
        pose = self._scene.camera.world_from_camera
        program.use()
        program.floats(eye_m=pose[:3, 3], cut_plane=_NOWHERE if self._cut_plane is None else self._cut_plane)
        program.matrices("world_from_eye", pose[:3, :3] * np.array([1.0, -1.0, -1.0]))

    def _render_into(self, target: gl.Target) -> None:
        """MuJoCo draws into whatever framebuffer is bound, with whatever program is in use."""
        target.bind()
        mujoco.mjr_render(self._rect, self._compiled.scene, self._compiled.context)
        target.bind()

    def _light_up(self) -> None:
        """How much of each lamp and of its surroundings every second pixel sees, into the target "blurred"."""
        casters = self.shown("casters")
        maps = [self._lamp_map(i, lamp, casters) for i, lamp in enumerate(self._lamps) if lamp.casts_shadow]
        above = room_lamps.above_of(self._scene)
        low = [c for c in casters if c[0].position_m[2] < _HANGS_M]
        over = self._map("above", _ABOVE_PX, low, (above,), lambda: room_lamps.aim_above(self._compiled.scene, above))
        width, height = -(-self._width // 2), -(-self._height // 2)
        formats = (GL.GL_RGBA16F, GL.GL_RGBA32F)
        rough = self._studio.target("rough", width, height, formats=formats)
        even = self._studio.target("blurred", width, height, formats=formats)
        depths = self._studio.target("labels", self._width, self._height, formats=(GL.GL_RGBA8,))
        program = self._studio.light
        program.use()
        program.integers(depths=0, above=1, lamps=len(self._lamps), size_px=[self._width, self._height])
        self._tell_view(program, above)
        gl.look_at_texture(0, depths.depth)
        gl.look_at_texture(1, over)
        casting = [i for i, lamp in enumerate(self._lamps) if lamp.casts_shadow]
        for i in range(MOST_LAMPS):
            program.integers(**{f"lamp_depths[{i}]": 2 + i})
            gl.look_at_texture(2 + i, maps[casting.index(i)] if i in casting else over)
        room_lamps.tell(program, self._lamps)
        rough.bind()
        self._studio.sweep(program, width, height)
        self._studio.blur.use()
        self._studio.blur.integers(lamp_seen=1, surrounding=2, size_px=[width, height])
        gl.look_at_texture(1, rough.colors[0])
        gl.look_at_texture(2, rough.colors[1])
        even.bind()
        self._studio.sweep(self._studio.blur, width, height)

    def _tell_view(self, program: gl.Program, above: room_lamps.Above) -> None:
        pose, k = self._scene.camera.world_from_camera, self._k
        low_cy = self._height - k[1, 2]
        program.floats(
            pinhole=[k[0, 0], k[1, 1], k[0, 2], low_cy],
            range_m=[NEAR_M, FAR_M],
            eye_m=pose[:3, 3],
            above_at=[*above.middle_m, above.half_width_m, above.height_m],
            above_far_m=above.height_m,
        )
        # The taps' pattern hangs on the optical axis, so that a cut-out of a picture is lit as the whole.
        program.integers(corner_px=[round(-k[0, 2] / 2.0) & 3, round(-low_cy / 2.0) & 3])
        program.matrices("axes", pose[:3, :3] * np.array([1.0, -1.0, 1.0]))

    def _lamp_map(self, number: int, lamp: room_lamps.Lamp, casters: list[tuple[SceneObject, int]]) -> int:
        return self._map(
            f"lamp-{number}", _LAMP_PX, casters, lamp.key, lambda: room_lamps.aim_lamp(self._compiled.scene, lamp)
        )

    def _map(
        self, name: str, size: int, casters: list[tuple[SceneObject, int]], where: Any, point: Callable[[], None]
    ) -> int:
        """The depth texture of what stands in the way, drawn anew unless it is still that of the same things."""
        target = self._studio.exact(name, size, size)
        key = (
            where,
            tuple((i.kind, i.variant, i.position_m.tobytes(), i.rotation.tobytes(), i.scale) for i, _ in casters),
        )
        kept = _MAPS.get(target.framebuffer)
        if kept is not None and kept[0]() is self._compiled and kept[1] == key:
            return target.depth
        self.fill("casters", casters)
        set_flags(self._compiled.scene, segment=True)
        self._dark()
        point()
        gl.leave()
        target.bind()
        mujoco.mjr_render(mujoco.MjrRect(0, 0, size, size), self._compiled.scene, self._compiled.context)
        _MAPS[target.framebuffer] = (weakref.ref(self._compiled), key)
        return target.depth

    def _aim(self) -> None:
        aim(self._compiled.scene, self._scene.camera.world_from_camera, self._k, self._width, self._height)

    def _dark(self) -> None:
        """No light of MuJoCo's own."""
        self._compiled.scene.nlight = 0

    def _exposure(self) -> float:
        """From the lights alone: an edit must not change it."""
        level = float(np.mean(self._scene.ambient)) + sum(0.55 * float(np.mean(lamp.color)) for lamp in self._lamps)
        return _MIDDLE_GRAY / max(level, 1e-3)


_MAPS: dict[int, tuple[Any, Any]] = {}


def _metres(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of what OpenGL holds: MuJoCo has it write 1 for the near plane and 0 for the far one."""
    inverse = 1.0 / FAR_M + depths.astype(np.float64) * (1.0 / NEAR_M - 1.0 / FAR_M)
    return np.asarray(1.0 / inverse, dtype=np.float32)
