"""One view being drawn by MuJoCo: what is in the list of things to draw, the camera, ids and depth; and the light of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth import render_shade, render_shadow
from gsi_bench_hf.synth.render import Frame, Quality
from gsi_bench_hf.synth.render_compile import Compiled
from gsi_bench_hf.synth.render_gl import attach_depth
from gsi_bench_hf.synth.render_list import encloses, fill, in_view
from gsi_bench_hf.synth.scene import Light, Scene, SceneObject

Float = NDArray[np.float64]

SAMPLES = 4
OFFSCREEN_PX = 512
NEAR_M, FAR_M = 0.05, 20.0
SKY = np.array([0.62, 0.66, 0.70])
_FAR_LAMP_M = 3.0  # how far off a light without a position is, for the size of its penumbra


class Picture:
    """One view being drawn."""

    def __init__(self, compiled: Compiled, scene: Scene, intrinsics: Float, width: int, height: int) -> None:
        self._compiled, self._scene, self._k = compiled, scene, intrinsics
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._things: list[tuple[SceneObject, int]] = []
        self._in_view = np.zeros(0, dtype=bool)
        context = compiled.context
        if width > context.offWidth or height > context.offHeight:
            mujoco.mjr_resizeOffscreen(max(width, context.offWidth), max(height, context.offHeight), context)
        if width > context.auxWidth[0] or height > context.auxHeight[0]:
            mujoco.mjr_addAux(
                0,
                max(width, OFFSCREEN_PX, context.auxWidth[0]),
                max(height, OFFSCREEN_PX, context.auxHeight[0]),
                SAMPLES,
                context,
            )
            attach_depth(
                int(context.auxFBO[0]), int(context.auxWidth[0]), int(context.auxHeight[0]), int(context.auxSamples[0])
            )
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        self._pixels = np.empty((height, width, 3), np.uint8)
        self._depths = np.empty((height, width), np.float32)

    def draw(self, want: Collection[str], only: Collection[str] | None, quality: Quality) -> Frame:
        """What `render.Renderer.render` gives."""
        # The number with which a thing is drawn in pictures of ids: 0 for fixtures.
        self._things = [(item, 0) for item in self._scene.fixtures]
        shown = None if only is None else set(only)
        objects = enumerate(self._scene.objects, start=1)
        self._things += [(item, i) for i, item in objects if shown is None or item.instance_id in shown]
        pose, rect = self._scene.camera.world_from_camera, self._rect
        self._in_view = in_view([item for item, _ in self._things], pose, self._k, rect.width, rect.height)
        self.place()
        drafted = "rgb" in want and quality == "draft"
        rgb, depth_m, segmentation = None, None, None
        if not drafted or "segmentation" in want:
            segmentation, depth_m = self.plan("segmentation" in want, "depth" in want or "rgb" in want)
        if drafted:
            rgb, depth_m = self.draft()
        elif "rgb" in want:
            assert depth_m is not None
            rgb = self.full(depth_m, fine=quality == "full")
        return Frame(rgb, depth_m if "depth" in want else None, segmentation)

    def place(self, *, casters: bool = False) -> None:
        """Fill the list of things to draw: those that are in view; with `casters` all that cast shadows, in pictures of depth."""
        # What is out of view comes last, so that the others keep their slots.
        order = np.argsort(~self._in_view, kind="stable")
        drawn = [self._things[i] for i in (order if casters else order[: self._in_view.sum()])]
        if casters:
            # What encloses the room casts no shadow: a lamp may stand beyond a wall. MuJoCo leaves out what has a negative id.
            drawn = [(item, -1 if encloses(item) else number) for item, number in drawn]
        eye_m = self._scene.camera.world_from_camera[:3, 3]
        fill(self._compiled, ((item, number, True) for item, number in drawn), eye_m)

    def plan(self, segmentation: bool, depth: bool) -> tuple[NDArray[np.int32] | None, NDArray[np.float32] | None]:
        """What is where, as far as asked for: (H, W) 0, or i + 1 for the i-th object; and (H, W) metres along camera z.

        Drawn once, without antialiasing, ids coded in the colour.
        """
        self._flags(segment=True)
        self._aim()
        self._lights(())
        self._draw(depth=depth)
        depth_m = self._linear_depth() if depth else None
        if not segmentation:
            return None, depth_m
        code = self._pixels[::-1].astype(np.int32)
        code = code[..., 0] + (code[..., 1] << 8) + (code[..., 2] << 16)
        # MuJoCo writes the id plus one, and leaves out what has a negative id.
        return np.asarray(np.maximum(code - 1, 0), dtype=np.int32), depth_m

    def _linear_depth(self) -> NDArray[np.float32]:
        inverse = 1.0 / NEAR_M - self._depths[::-1].astype(np.float64) * (1.0 / NEAR_M - 1.0 / FAR_M)
        return np.asarray(1.0 / inverse, dtype=np.float32)

    def draft(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """(H, W, 3) one pass without shadows, and its depth (H, W)."""
        self._flags()
        self._aim()
        self._lights(self._scene.lights)
        self._draw(depth=True)
        depth_m = self._linear_depth()
        return render_shade.tone(self._with_sky() * self._lamp_pool(depth_m)[..., None]), depth_m

    def full(self, depth_m: NDArray[np.float32], *, fine: bool) -> NDArray[np.uint8]:
        """(H, W, 3) what each shadowless light gives, and each lamp as far as it is seen; `fine` as the data set holds it."""
        pose = self._scene.camera.world_from_camera
        casting = [light for light in self._scene.lights if light.casts_shadow]
        self.place(casters=True)
        size_px = render_shadow.MAP_PX if fine else render_shadow.COARSE_MAP_PX
        maps = [self._shadow_map(lamp, size_px) for lamp in casting]
        seen = [render_shadow.visibility(shadow_map, depth_m, self._k, pose, fine=fine) for shadow_map in maps]
        self.place()
        self._flags()
        self._aim()
        self._lights([light for light in self._scene.lights if not light.casts_shadow])
        drawn = self._antialiased if fine else self._aliased
        total = drawn()
        for lamp, visible in zip(casting, seen, strict=True):
            self._lights([lamp], ambient=False)
            total += drawn() * visible[..., None]
        total *= self._lamp_pool(depth_m)[..., None]
        occlusion = render_shade.ambient_occlusion(depth_m, self._k, fine=fine)
        total *= (1.0 - render_shade.AO_STRENGTH * (1.0 - occlusion))[..., None]
        total[depth_m > 0.99 * FAR_M] = SKY
        return render_shade.tone(total)

    def _shadow_map(self, lamp: Light, size_px: int) -> render_shadow.ShadowMap:
        """What the lamp sees, as if from afar."""
        forward = _direction(lamp, middle := self._middle())
        right = np.cross(forward, [0.0, 1.0, 0.0] if abs(forward[2]) > 0.95 else [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        up, near, far = np.cross(right, forward), 0.01, 4.0
        origin = middle - 0.5 * far * forward
        self._flags(segment=True)
        self._lights(())
        for camera in self._compiled.scene.camera:
            camera.pos, camera.forward, camera.up = origin, forward, up
            camera.frustum_near, camera.frustum_far, camera.orthographic = near, far, 1
            camera.frustum_center, camera.frustum_width = 0.0, render_shadow.REACH_M
            camera.frustum_top, camera.frustum_bottom = render_shadow.REACH_M, -render_shadow.REACH_M
        depths, rect = np.empty((size_px, size_px), np.float32), mujoco.MjrRect(0, 0, size_px, size_px)
        mujoco.mjr_render(rect, self._compiled.scene, self._compiled.context)
        mujoco.mjr_readPixels(None, depths, rect, self._compiled.context)
        distance_m = _FAR_LAMP_M if lamp.position_m is None else float(np.linalg.norm(lamp.position_m - middle))
        spread = lamp.radius_m / distance_m
        return render_shadow.ShadowMap(depths, near, far, origin, right, up, forward, spread)

    def _antialiased(self) -> NDArray[np.float32]:
        """(H, W, 3) 0..1 the list of things, several samples a pixel."""
        context = self._compiled.context
        mujoco.mjr_setAux(0, context)
        mujoco.mjr_render(self._rect, self._compiled.scene, context)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        mujoco.mjr_blitAux(0, self._rect, 0, 0, context)
        mujoco.mjr_readPixels(self._pixels, None, self._rect, context)
        return np.multiply(self._pixels[::-1], np.float32(1.0 / 255.0), dtype=np.float32)

    def _aliased(self) -> NDArray[np.float32]:
        """(H, W, 3) 0..1 the list of things, one sample a pixel."""
        self._draw(depth=False)
        return np.multiply(self._pixels[::-1], np.float32(1.0 / 255.0), dtype=np.float32)

    def _with_sky(self) -> NDArray[np.float32]:
        picture = self._pixels[::-1].astype(np.float32) / np.float32(255.0)
        picture[self._depths[::-1] >= 1.0] = SKY
        return picture

    def _lamp_pool(self, depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        lamps = [light for light in self._scene.lights if light.position_m is not None]
        if not lamps:
            return np.ones(depth_m.shape, np.float32)
        pose = self._scene.camera.world_from_camera
        position = np.asarray(lamps[0].position_m)
        reach_m = float(np.linalg.norm(position - self._middle()))
        return render_shade.falloff(depth_m, self._k, pose[:3, :3].T @ (position - pose[:3, 3]), reach_m)

    def _middle(self) -> Float:
        """Where the objects are, for the shadow map and the lamps' aim. Not of `objects`: an edit must not move the light."""
        tables = [item for item in self._scene.fixtures if not encloses(item)]
        if not tables:
            return np.zeros(3)
        item = tables[0]
        return np.asarray(item.position_m + item.rotation @ np.array([0.0, 0.0, item.scale * item.size_m[2]]))

    def _flags(self, *, segment: bool = False) -> None:
        set_flags(self._compiled.scene, segment=segment)

    def _aim(self) -> None:
        aim(self._compiled.scene, self._scene.camera.world_from_camera, self._k, self._rect.width, self._rect.height)

    def _lights(self, lights: Iterable[Light], *, ambient: bool = True) -> None:
        """Set `lights`, all as if from afar, and for the ambient an even light and a weak one from above for form."""
        scene, middle = self._compiled.scene, self._middle()
        scene.nlight = 0
        if ambient:
            even = np.asarray(self._scene.ambient)
            _set_light(scene.lights[0], np.array([0.0, 0.0, -1.0]), 0.4 * even, 0.6 * even)
            scene.nlight = 1
        for light in lights:
            _set_light(scene.lights[scene.nlight], _direction(light, middle), np.asarray(light.color), None)
            scene.nlight += 1

    def _draw(self, *, depth: bool) -> None:
        context = self._compiled.context
        mujoco.mjr_render(self._rect, self._compiled.scene, context)
        mujoco.mjr_readPixels(self._pixels, self._depths if depth else None, self._rect, context)


def _set_light(slot: object, direction: Float, diffuse: Float, ambient: Float | None) -> None:
    values = {
        "type": mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        "pos": np.zeros(3),
        "dir": direction,
        "ambient": np.zeros(3) if ambient is None else ambient,
        "diffuse": diffuse,
        "specular": np.zeros(3) if ambient is not None else 0.5 * diffuse,
        "attenuation": np.array([1.0, 0.0, 0.0]),
        "headlight": 0,
        "castshadow": 0,
        "texid": -1,
    }
    for name, value in values.items():
        setattr(slot, name, value)


def _direction(light: Light, middle: Float) -> Float:
    toward = light.direction if light.position_m is None else middle - light.position_m
    return np.asarray(toward / np.linalg.norm(toward))


def set_flags(drawn: Any, *, segment: bool = False) -> None:
    """Have MuJoCo draw ids instead of colours, or not; and none of its own effects."""
    flags = drawn.flags
    flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = segment
    flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = segment
    for name in ("SHADOW", "REFLECTION", "SKYBOX", "FOG", "HAZE"):
        flags[getattr(mujoco.mjtRndFlag, f"mjRND_{name}")] = False


def aim(drawn: Any, pose: Float, intrinsics: Float, width: int, height: int) -> None:
    """Set MuJoCo's cameras.

    Args:
        drawn: MuJoCo's list of things to draw.
        pose: (4, 4) world from camera.
        intrinsics: (3, 3) of a picture of that many pixels.
        width: pixels.
        height: pixels.
    """
    fx, fy, cx, cy = intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 2], intrinsics[1, 2]
    for camera in drawn.camera:
        camera.pos, camera.forward, camera.up = pose[:3, 3], pose[:3, 2], -pose[:3, 1]
        camera.frustum_near, camera.frustum_far = NEAR_M, FAR_M
        camera.frustum_width = NEAR_M * width / (2.0 * fx)
        camera.frustum_center = NEAR_M * (width / 2.0 - cx) / fx
        camera.frustum_top = NEAR_M * cy / fy
        camera.frustum_bottom = NEAR_M * (cy - height) / fy
        camera.orthographic = 0
