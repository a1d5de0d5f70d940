"""The default renderer: MuJoCo's classic OpenGL one, on the CPU through Mesa, used for drawing only.

A set of assets is compiled once; poses, scales, lights and the camera are written straight into the list of things to draw. A full
picture is the mean of several with the camera shifted by parts of a pixel (antialiasing) and the lamps by parts of their size
(soft shadows); contact shadows come from the depth. Everything is a fixed function of the scene: the same scene gives the same bytes.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.render import Frame, Quality, RendererError
from gsi_bench_hf.synth.render_gl import choose_backend, gl_context

choose_backend()

import mujoco  # noqa: E402 MuJoCo reads MUJOCO_GL when it is imported

from gsi_bench_hf.synth import render_shade  # noqa: E402
from gsi_bench_hf.synth.assets.base import Asset  # noqa: E402
from gsi_bench_hf.synth.render_compile import (  # noqa: E402
    AssetBuilder,
    AssetName,
    Compiled,
    TexturePainter,
    compile_assets,
)
from gsi_bench_hf.synth.scene import Light, Scene, SceneObject  # noqa: E402

Float = NDArray[np.float64]

PASSES = 8
_KEPT_SCENES = 4
# An even spread over the pixel (Roberts, 2018, "R2"), centred so that a picture isn't shifted.
_SUBPIXELS = (np.arange(PASSES)[:, None] * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0
_SUBPIXELS -= _SUBPIXELS.mean(axis=0)
_SKY = np.array([0.62, 0.66, 0.70])
_FAR_LAMP_M = 3.0  # how far off a light without a position is, for the size of its penumbra
_NEAR_M, _FAR_M = 0.05, 20.0


class MujocoRenderer:
    """See `render.Renderer`.

    Args:
        build_asset: kind, variant -> Asset; None for `assets.build_asset`.
        textures: texture name -> (H, W, 3) uint8, last row at v = 0; None for `assets.textures.paint`.

    Raises:
        RendererError: OpenGL can't be started.
    """

    def __init__(self, build_asset: AssetBuilder | None = None, textures: TexturePainter | None = None) -> None:
        self._build_asset: AssetBuilder = build_asset or _build_asset
        self._textures: TexturePainter = textures or _paint
        self._pid = os.getpid()
        self._compiled: OrderedDict[frozenset[AssetName], Compiled] = OrderedDict()
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
        unknown = set(want) - {"rgb", "depth", "segmentation"}
        if unknown:
            raise ValueError(f"render: want has {sorted(unknown)}, expected any of 'rgb', 'depth', 'segmentation'")
        if os.getpid() != self._pid:
            raise RendererError("this renderer was made before a fork; use render.shared_renderer() in each process")
        gl_context()
        compiled = self._prepare(scene)
        width, height = size or (scene.camera.width, scene.camera.height)
        intrinsics = np.diag([width / scene.camera.width, height / scene.camera.height, 1.0]) @ scene.camera.intrinsics
        picture = _Picture(compiled, scene, intrinsics, width, height)
        picture.place(only)
        segmentation = picture.segmentation() if "segmentation" in want else None
        depth_m = picture.depth() if "depth" in want or ("rgb" in want and quality == "full") else None
        rgb = None
        if "rgb" in want:
            rgb = picture.draft() if depth_m is None or quality == "draft" else picture.full(depth_m)
        return Frame(rgb, depth_m if "depth" in want else None, segmentation)

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
            if names <= key and count <= compiled.scene.maxgeom:
                self._compiled.move_to_end(key)
                return compiled
        while len(self._compiled) >= _KEPT_SCENES:
            self._compiled.popitem(last=False)[1].context.free()
        made = compile_assets(sorted(names), count + 32, self._build_asset, self._textures)
        self._compiled[frozenset(names)] = made
        return made


class _Picture:
    """One view being drawn."""

    def __init__(self, compiled: Compiled, scene: Scene, intrinsics: Float, width: int, height: int) -> None:
        self._compiled, self._scene, self._k = compiled, scene, intrinsics
        self._rect = mujoco.MjrRect(0, 0, width, height)
        context = compiled.context
        if width > context.offWidth or height > context.offHeight:
            mujoco.mjr_resizeOffscreen(max(width, context.offWidth), max(height, context.offHeight), context)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        self._pixels = np.empty((height, width, 3), np.uint8)
        self._depths = np.empty((height, width), np.float32)

    def place(self, only: Collection[str] | None) -> None:
        """Fill the list of things to draw."""
        drawn: list[tuple[SceneObject, int]] = [(item, 0) for item in self._scene.fixtures]
        shown = None if only is None else set(only)
        drawn += [
            (item, i + 1) for i, item in enumerate(self._scene.objects) if shown is None or item.instance_id in shown
        ]
        scene, slot = self._compiled.scene, 0
        for item, number in drawn:
            name = (item.kind, item.variant)
            for part, template in enumerate(self._compiled.templates[name]):
                geom = scene.geoms[slot]
                if self._compiled.slots[slot] != (name, part):
                    for field, value in template.values:
                        setattr(geom, field, value)
                    self._compiled.slots[slot] = (name, part)
                # GL normalises normals, so a scale may ride in the rotation.
                geom.mat = item.scale * item.rotation @ template.mesh_rotation
                geom.pos = item.position_m + item.scale * item.rotation @ template.mesh_position_m
                geom.segid = number
                slot += 1
        scene.ngeom = slot

    def segmentation(self) -> NDArray[np.int32]:
        """(H, W): 0, or i + 1 for the i-th object. Drawn without antialiasing, ids coded in the colour."""
        self._flags(segment=True)
        self._aim(0.0, 0.0)
        self._lights(())
        self._draw(depth=False)
        code = self._pixels[::-1].astype(np.int32)
        code = code[..., 0] + (code[..., 1] << 8) + (code[..., 2] << 16)
        return np.asarray(
            np.maximum(code - 1, 0), dtype=np.int32
        )  # MuJoCo writes the id plus one, and leaves out what has a negative id

    def depth(self) -> NDArray[np.float32]:
        """(H, W) metres along camera z."""
        self._flags(segment=True)
        self._aim(0.0, 0.0)
        self._lights(())
        self._draw(depth=True)
        inverse = 1.0 / _NEAR_M - self._depths[::-1].astype(np.float64) * (1.0 / _NEAR_M - 1.0 / _FAR_M)
        return np.asarray(1.0 / inverse, dtype=np.float32)

    def draft(self) -> NDArray[np.uint8]:
        """(H, W, 3) one pass without shadows."""
        self._flags()
        self._aim(0.0, 0.0)
        self._lights(self._scene.lights)
        self._draw(depth=True)
        return render_shade.tone(self._with_sky())

    def full(self, depth_m: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(H, W, 3) the picture the data set holds."""
        self._flags(shadow=True)
        has_sky = bool((depth_m > 0.99 * _FAR_M).any())
        total = np.zeros(self._pixels.shape, np.float32)
        for i in range(PASSES):
            self._aim(*_SUBPIXELS[i])
            self._lights(_jittered(self._scene.lights, i))
            self._draw(depth=has_sky)
            total += self._with_sky() if has_sky else self._pixels[::-1]
        total *= np.float32(1.0 / PASSES if has_sky else 1.0 / (255.0 * PASSES))
        total *= self._lamp_pool(depth_m)[..., None]
        occlusion = render_shade.ambient_occlusion(depth_m, self._k)
        total *= (1.0 - render_shade.AO_STRENGTH * (1.0 - occlusion))[..., None]
        return render_shade.tone(total)

    def _with_sky(self) -> NDArray[np.float32]:
        picture = self._pixels[::-1].astype(np.float32) / np.float32(255.0)
        picture[self._depths[::-1] >= 1.0] = _SKY
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
        tables = [item for item in self._scene.fixtures if item.kind not in ("floor", "wall")]
        if not tables:
            return np.zeros(3)
        item = tables[0]
        return np.asarray(item.position_m + item.rotation @ np.array([0.0, 0.0, item.scale * item.size_m[2]]))

    def _flags(self, *, shadow: bool = False, segment: bool = False) -> None:
        flags = self._compiled.scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadow
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = segment
        flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = segment
        for name in ("REFLECTION", "SKYBOX", "FOG", "HAZE"):
            flags[getattr(mujoco.mjtRndFlag, f"mjRND_{name}")] = False

    def _aim(self, shift_u_px: float, shift_v_px: float) -> None:
        """Set the camera, its principal point shifted by parts of a pixel."""
        pose = self._scene.camera.world_from_camera
        fx, fy, cx, cy = self._k[0, 0], self._k[1, 1], self._k[0, 2] + shift_u_px, self._k[1, 2] + shift_v_px
        width, height = self._rect.width, self._rect.height
        for camera in self._compiled.scene.camera:
            camera.pos, camera.forward, camera.up = pose[:3, 3], pose[:3, 2], -pose[:3, 1]
            camera.frustum_near, camera.frustum_far = _NEAR_M, _FAR_M
            camera.frustum_width = _NEAR_M * width / (2.0 * fx)
            camera.frustum_center = _NEAR_M * (width / 2.0 - cx) / fx
            camera.frustum_top = _NEAR_M * cy / fy
            camera.frustum_bottom = _NEAR_M * (cy - height) / fy
            camera.orthographic = 0

    def _lights(self, lights: Iterable[Light]) -> None:
        """Set an even light for the ambient, a weak one from above for form, and `lights`, all as if from afar."""
        scene, middle = self._compiled.scene, self._middle()
        ambient = np.asarray(self._scene.ambient)
        _set_light(scene.lights[0], np.array([0.0, 0.0, -1.0]), middle, 0.4 * ambient, False, ambient=0.6 * ambient)
        scene.nlight = 1
        for light in lights:
            direction = _direction(light, middle)
            _set_light(scene.lights[scene.nlight], direction, middle, np.asarray(light.color), light.casts_shadow)
            scene.nlight += 1

    def _draw(self, *, depth: bool) -> None:
        context = self._compiled.context
        mujoco.mjr_render(self._rect, self._compiled.scene, context)
        mujoco.mjr_readPixels(self._pixels, self._depths if depth else None, self._rect, context)


def _set_light(
    slot: object, direction: Float, middle: Float, diffuse: Float, shadow: bool, ambient: Float | None = None
) -> None:
    values = {
        "type": mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        "pos": middle - direction,
        "dir": direction,
        "ambient": np.zeros(3) if ambient is None else ambient,
        "diffuse": diffuse,
        "specular": np.zeros(3) if ambient is not None else 0.5 * diffuse,
        "attenuation": np.array([1.0, 0.0, 0.0]),
        "headlight": 0,
        "castshadow": int(shadow),
        "texid": -1,
    }
    for name, value in values.items():
        setattr(slot, name, value)


def _direction(light: Light, middle: Float) -> Float:
    toward = light.direction if light.position_m is None else middle - light.position_m
    return np.asarray(toward / np.linalg.norm(toward))


def _jittered(lights: Iterable[Light], index: int) -> list[Light]:
    """The lamps as points spread over their discs, the `index`-th of `PASSES`."""
    radius, angle = np.sqrt((index + 0.5) / PASSES), 2.399963 * index
    moved = []
    for light in lights:
        axis = light.direction / np.linalg.norm(light.direction)
        side = np.cross(axis, [0.0, 1.0, 0.0] if abs(axis[2]) > 0.9 else [0.0, 0.0, 1.0])
        side /= np.linalg.norm(side)
        offset = light.radius_m * radius * (np.cos(angle) * side + np.sin(angle) * np.cross(axis, side))
        if light.position_m is None:
            moved.append(Light(axis - offset / _FAR_LAMP_M, None, light.color, 0.0, light.casts_shadow))
        else:
            moved.append(Light(axis, light.position_m + offset, light.color, 0.0, light.casts_shadow))
    return moved


def _build_asset(kind: str, variant: int) -> Asset:
    from gsi_bench_hf.synth.assets import build_asset  # here, for renderers that are given their own

    return build_asset(kind, variant)


def _paint(texture: str) -> NDArray[np.uint8]:
    from gsi_bench_hf.synth.assets.textures import paint

    return paint(texture)
