"""The known source scene as the fit looks at it: poses of the target on its support, and small renders around it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import box_corners, project_points, rotation_z
from gsi_bench_hf.synth.render import Quality, Renderer
from gsi_bench_hf.synth.render_list import encloses
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box
from gsi_bench_hf.synth.surfaces import Surface, surfaces_of
from gsi_bench_hf.types import Box3D, Camera, Detection

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_IN_FRONT_M = 4e-4
_AROUND = {"full": 0.1, "lit": 0.05, "draft": 0.0}
"""Of the image's width, by quality: how far around a window a room is drawn for its light. From 0.15 on nothing changes."""


@dataclass(frozen=True)
class Pose:
    """Where the target stands, against where it stood: all that an edit on the support can change.

    Attributes:
        x_m, y_m: shift along world x and y.
        yaw_rad: turn about the vertical, counter-clockwise seen from above.
        log_scale: natural logarithm of the factor.
        rise_m: how much higher the surface is on which it stands. Refinement leaves it: surfaces are a few, and known.
    """

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.0
    log_scale: float = 0.0
    rise_m: float = 0.0

    @property
    def vector(self) -> Float:
        """(4,) the numbers that are refined, in the order of the attributes."""
        return np.array([self.x_m, self.y_m, self.yaw_rad, self.log_scale])

    def plus(self, step: Float) -> Pose:
        """The pose with (4,) `step` added."""
        x_m, y_m, yaw_rad, log_scale = (float(v) for v in self.vector + step)
        return Pose(x_m, y_m, yaw_rad, log_scale, self.rise_m)

    def apply(self, item: SceneObject) -> SceneObject:
        """The object so posed."""
        return dataclasses.replace(
            item,
            position_m=item.position_m + np.array([self.x_m, self.y_m, self.rise_m]),
            rotation=rotation_z(self.yaw_rad) @ item.rotation,
            scale=item.scale * float(np.exp(self.log_scale)),
        )


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels of an image of some size."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, larger: Window) -> tuple[slice, slice]:
        """Its rows and columns in a picture of a larger window."""
        top, left = self.top - larger.top, self.left - larger.left
        return slice(top, top + self.bottom - self.top), slice(left, left + self.right - self.left)

    @property
    def empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.right - self.left < 4 or self.bottom - self.top < 4


@dataclass(frozen=True, eq=False)
class Glimpse:
    """A small render: `rgb` (h, w, 3) uint8 of `window`, `mask` (h, w) where the target is to be seen."""

    window: Window
    rgb: NDArray[np.uint8]
    mask: Bool


class KnownScene:
    """The source scene, its target, and cheap looks at it.

    Args:
        scene: the source scene.
        target_id: the object that was to be edited.
        renderer: draws it.

    Attributes:
        glimpses: how many poses were looked at.
        is_room: whether there are several surfaces to stand on, and lamps and mirrors all around.
    """

    def __init__(self, scene: Scene, target_id: str, renderer: Renderer) -> None:
        self.scene, self.renderer = scene, renderer
        self.target = scene.object(target_id)
        self.camera = scene.camera
        self.is_room = scene.is_room
        # On a table the draft's rim takes its colour from the table. A room's furniture is too much to draw each time.
        near = () if self.is_room else tuple(item for item in scene.fixtures if not encloses(item))
        self._near = dataclasses.replace(scene, fixtures=near, objects=(self.target,))
        self._depths: dict[tuple[int, int], Float32] = {}
        self.glimpses = 0

    def level_camera(self, width: int) -> Camera:
        """The camera for an image of that width."""
        ratio = width / self.camera.width
        height = round(self.camera.height * ratio)
        scale = np.diag([ratio, height / self.camera.height, 1.0])
        return Camera(scale @ self.camera.intrinsics, self.camera.world_from_camera, width, height)

    def background_depth(self, camera: Camera) -> Float32:
        """(H, W) depth of everything but the target, metres."""
        size = (camera.width, camera.height)
        if size not in self._depths:
            scene = self.scene.without(self.target.instance_id).with_camera(camera)
            self._depths[size] = self._render(scene, ("depth",), "draft").depth_m
        return self._depths[size]

    @cached_property
    def background(self) -> NDArray[np.uint8]:
        """(H, W, 3) the scene without the target, full light."""
        return np.asarray(self._render(self.scene.without(self.target.instance_id), ("rgb",), "full").rgb)

    def box(self, pose: Pose) -> Box3D:
        """The target's box in the camera frame."""
        return object_box(pose.apply(self.target), self.camera)

    def window(self, pose: Pose, camera: Camera, margin: float) -> Window:
        """Around the projected box; see `window_around`."""
        return window_around(self.box(pose), camera, margin)

    def draft(self, pose: Pose, camera: Camera, window: Window) -> Glimpse:
        """The target (on a table: with it) without shadows or other things; the mask leaves out what they hide."""
        self.glimpses += 1
        frame = self._render(self._near_scene(pose, cropped(camera, window)), ("rgb", "depth"), "draft")
        behind = self.background_depth(camera)[window.slices]
        return Glimpse(window, frame.rgb, frame.depth_m < behind - _IN_FRONT_M)

    def full(self, pose: Pose, camera: Camera, window: Window, quality: Quality = "full") -> Glimpse:
        """The whole scene with the target so posed, in the image's own light ("full", or "lit" for less)."""
        drawn = lit_from(window, camera, _AROUND[quality]) if self.is_room else window
        scene = self.scene.with_object(pose.apply(self.target)).with_camera(cropped(camera, drawn))
        self.glimpses += 1
        frame = self._render(scene, ("rgb", "segmentation"), quality)
        number = [o.instance_id for o in scene.objects].index(self.target.instance_id) + 1
        inner = window.within(drawn)
        return Glimpse(window, frame.rgb[inner], (frame.segmentation == number)[inner])

    def overview(self, pose: Pose, width: int) -> NDArray[np.uint8]:
        """(H, W, 3) the whole scene with the target so posed, lit, at another width: shadows and mirrors show it elsewhere too."""
        scene = self.scene.with_object(pose.apply(self.target)).with_camera(self.level_camera(width))
        return np.asarray(self._render(scene, ("rgb",), "lit").rgb)

    @cached_property
    def surfaces(self) -> tuple[Surface, ...]:
        """What there is to stand on, the target itself left out."""
        return surfaces_of(self.scene.without(self.target.instance_id))

    @cached_property
    def masks(self) -> NDArray[np.int32]:
        """(H, W) the source image's segmentation: i + 1 for the i-th object."""
        return np.asarray(self._render(self.scene, ("segmentation",), "draft").segmentation)

    def silhouette(self, pose: Pose) -> Bool:
        """(H, W) where the target, so posed, is to be seen, at the image's size."""
        mask = np.zeros((self.camera.height, self.camera.width), dtype=bool)
        window = self.window(pose, self.camera, 0.05)
        if not window.empty:
            mask[window.slices] = self.draft(pose, self.camera, window).mask
        return mask

    def pose_at(
        self, u_px: float, v_px: float, height_m: float, yaw_rad: float, log_scale: float, rise_m: float = 0.0
    ) -> Pose | None:
        """The pose whose point `height_m` above its base's centre is seen at a pixel of the image; None above the horizon."""
        k, world = self.camera.intrinsics, self.camera.world_from_camera
        ray = world[:3, :3] @ np.array([(u_px - k[0, 2]) / k[0, 0], (v_px - k[1, 2]) / k[1, 1], 1.0])
        drop = float(self.target.position_m[2]) + rise_m + height_m - world[2, 3]
        if abs(ray[2]) < 1e-6 or drop / ray[2] <= 0.0:
            return None
        point = world[:3, 3] + ray * (drop / ray[2])
        shift = point[:2] - self.target.position_m[:2]
        return Pose(float(shift[0]), float(shift[1]), yaw_rad, log_scale, rise_m)

    def shifted(self, pose: Pose, du_px: float, dv_px: float) -> Pose | None:
        """The pose on its surface whose middle is seen so many pixels of the image farther right and down; None above the horizon."""
        item = pose.apply(self.target)
        height_m = 0.5 * float(item.size_m[2]) * item.scale
        u_px, v_px = self.middle_px(pose)
        return self.pose_at(u_px + du_px, v_px + dv_px, height_m, pose.yaw_rad, pose.log_scale, pose.rise_m)

    def middle_px(self, pose: Pose) -> Float:
        """(2,) the pixel of the image where the middle of the target's height is seen."""
        item, world = pose.apply(self.target), self.camera.world_from_camera
        middle = item.position_m + item.rotation @ np.array([0.0, 0.0, 0.5 * float(item.size_m[2]) * item.scale])
        seen = project_points(((middle - world[:3, 3]) @ world[:3, :3])[None], self.camera.intrinsics)
        return np.asarray(seen[0])

    def spun(self, pose: Pose, turns_rad: Iterable[float], camera: Camera) -> list[Pose]:
        """The pose turned where it is seen, drafted through `camera`: the middle of what shows stays where it is.

        A candle turns about its wax so, and not about the middle of the box that is around it and its handle.
        """
        before = self._seen_at(pose, camera)
        spun = []
        for turn_rad in turns_rad:
            turned = pose.plus(np.array([0.0, 0.0, turn_rad, 0.0]))
            after = self._seen_at(turned, camera)
            back = np.zeros(4) if before is None or after is None else before.vector - after.vector
            spun.append(turned.plus(back))
        return spun

    def _seen_at(self, pose: Pose, camera: Camera) -> Pose | None:
        """Where on its support the middle of what shows of the target is, at half its height; None where nothing shows."""
        window = self.window(pose, camera, 0.05)
        mask = None if window.empty else self.draft(pose, camera, window).mask
        if mask is None or not mask.any():
            return None
        rows, columns = np.nonzero(mask)
        ratio = self.camera.width / camera.width
        u_px = ratio * (window.left + float(columns.mean()) + 0.5)
        v_px = ratio * (window.top + float(rows.mean()) + 0.5)
        height_m = 0.5 * float(self.target.size_m[2]) * self.target.scale * float(np.exp(pose.log_scale))
        return self.pose_at(u_px, v_px, height_m, 0.0, 0.0, pose.rise_m)

    def detection(self, pose: Pose, score: float) -> Detection:
        """The target so posed, as a detection."""
        box = self.box(pose)
        corners = project_points(box_corners(box.center_m, box.extents_m, box.rotation), self.camera.intrinsics)
        seen = self.silhouette(pose)
        bounds = mask_bounds(seen) if seen.any() else np.concatenate([corners.min(axis=0), corners.max(axis=0)])
        return Detection(box.vector, bounds, box.rotation, self.target.label, score, self.target.instance_id)

    def _near_scene(self, pose: Pose, camera: Camera) -> Scene:
        return dataclasses.replace(self._near, objects=(pose.apply(self.target),), camera=camera)

    def _render(self, scene: Scene, want: tuple[str, ...], quality: Quality) -> Any:
        return self.renderer.render(scene, want=want, quality=quality)


def mask_bounds(mask: Bool) -> Float:
    """(4,) x1, y1, x2, y2 around the pixels of a mask (H, W) that has some."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)


def window_around(box: Box3D, camera: Camera, margin: float) -> Window:
    """The window around a projected box, grown on every side by `margin` of its larger side, cut to the image.

    It is empty for a box behind the eye.
    """
    if box.center_m[2] < 0.1:
        return Window(0, 0, 0, 0)
    corners = project_points(box_corners(box.center_m, box.extents_m, box.rotation), camera.intrinsics)
    low, high = corners.min(axis=0), corners.max(axis=0)
    grow = margin * float((high - low).max()) + 2.0
    limit = np.array([camera.width, camera.height])
    # Even, because the renderer's contact shadows are worked out for every second pixel.
    left, top = np.clip(np.floor((low - grow) / 2.0) * 2.0, 0, limit).astype(int)
    right, bottom = np.clip(np.ceil(high + grow), 0, limit).astype(int)
    return Window(int(left), int(top), int(right), int(bottom))


def lit_from(window: Window, camera: Camera, share: float) -> Window:
    """The window with that share of the image's width around it: in a room what stands there takes light from what it shows."""
    pad = 2 * round(0.5 * share * camera.width)
    left, top = max(0, window.left - pad), max(0, window.top - pad)
    return Window(left, top, min(camera.width, window.right + pad), min(camera.height, window.bottom + pad))


def cropped(camera: Camera, window: Window) -> Camera:
    """The camera that sees just a window of the image."""
    k = camera.intrinsics.copy()
    k[:2, 2] -= [window.left, window.top]
    return Camera(k, camera.world_from_camera, window.right - window.left, window.bottom - window.top)
