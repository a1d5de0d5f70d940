"""Where the camera of a tabletop scene stands, and under which light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gsi_bench_hf.geometry import box_corners, project_points
from gsi_bench_hf.synth.scene import Float, Light, SceneObject, look_at, object_box, pinhole, triple
from gsi_bench_hf.types import Camera

SIZE_PX = 512
MIN_LONG_SIDE_PX = 45.0
_FRAME_MARGIN_PX = 26.0
_DISTANCES_M = np.arange(0.8, 1.301, 0.05)


@dataclass(frozen=True)
class View:
    """From where a scene is to be seen, before its distance is known.

    Attributes:
        azimuth_deg: of the camera's forward direction from world +y, counter-clockwise seen from above.
        pitch_deg: how far it looks down.
        fov_deg: vertical.
    """

    azimuth_deg: float
    pitch_deg: float
    fov_deg: float

    @property
    def forward(self) -> Float:
        """(3,) unit, where the camera looks."""
        azimuth, pitch = np.deg2rad([self.azimuth_deg, self.pitch_deg])
        return np.array([-np.sin(azimuth) * np.cos(pitch), np.cos(azimuth) * np.cos(pitch), -np.sin(pitch)])

    def camera(self, point_m: Float, distance_m: float) -> Camera:
        """The camera that looks at `point_m` (3,) from `distance_m`."""
        pose = look_at(point_m - distance_m * self.forward, point_m)
        return Camera(pinhole(SIZE_PX, SIZE_PX, self.fov_deg), pose, SIZE_PX, SIZE_PX)


def sample_view(*, rng: np.random.Generator) -> View:
    """A view that a person sitting or standing at the table has."""
    return View(float(rng.uniform(-22.0, 22.0)), float(rng.uniform(26.0, 48.0)), float(rng.uniform(41.0, 58.0)))


def corners_px(item: SceneObject, camera: Camera) -> Float:
    """(8, 2) pixels of the corners of an object's box."""
    box = object_box(item, camera)
    return project_points(box_corners(box.center_m, box.extents_m, box.rotation), camera.intrinsics)


def bounds_px(item: SceneObject, camera: Camera) -> Float:
    """(4,) x1, y1, x2, y2 around an object's projected box, not clipped."""
    corners = corners_px(item, camera)
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def frame(objects: Sequence[SceneObject], view: View, *, rng: np.random.Generator) -> Camera | None:
    """The camera of `view` from the nearest distance that has every object in frame, with room for moves.

    Args:
        objects: what must be seen.
        view: direction and lens.
        rng: draws how much farther than needed it stands.

    Returns:
        The camera, or None where no distance of 0.8 to 1.3 m has all in frame and each at least `MIN_LONG_SIDE_PX` long.
    """
    low = np.min([o.position_m for o in objects], axis=0)
    high = np.max([o.position_m for o in objects], axis=0)
    point_m = (low + high) / 2.0 + [0.0, 0.0, 0.05]
    slack = float(rng.uniform(1.0, 1.1))
    for distance_m in _DISTANCES_M:
        camera = _centred(objects, view, point_m, float(min(distance_m * slack, 1.3)))
        bounds = np.stack([bounds_px(o, camera) for o in objects])
        if bounds[:, :2].min() < _FRAME_MARGIN_PX or bounds[:, 2:].max() > SIZE_PX - _FRAME_MARGIN_PX:
            continue
        sides = (bounds[:, 2:] - bounds[:, :2]).max(axis=1)
        return camera if sides.min() >= MIN_LONG_SIDE_PX else None
    return None


def _centred(objects: Sequence[SceneObject], view: View, point_m: Float, distance_m: float) -> Camera:
    """The camera whose picture has the group in its middle."""
    for _ in range(3):
        camera = view.camera(point_m, distance_m)
        corners = np.concatenate([corners_px(o, camera) for o in objects])
        off_px = (corners.min(axis=0) + corners.max(axis=0)) / 2.0 - SIZE_PX / 2.0
        metres_a_px = distance_m / camera.intrinsics[0, 0]
        pose = camera.world_from_camera
        ground = view.forward * [1.0, 1.0, 0.0] / np.linalg.norm(view.forward[:2])
        down = -off_px[1] * metres_a_px / np.sin(np.deg2rad(view.pitch_deg))
        point_m = point_m + off_px[0] * metres_a_px * pose[:3, 0] + 0.8 * down * ground
    return view.camera(point_m, distance_m)


def sample_lights(point_m: Float, *, rng: np.random.Generator) -> tuple[tuple[Light, ...], tuple[float, float, float]]:
    """A lamp or window with a soft shadow, a weak fill from the other side, and the ambient.

    Args:
        point_m: (3,) world, what the lamp shines at.
        rng: draws direction, warmth, softness, brightness.

    Returns:
        Lights, and the ambient colour.
    """
    azimuth = np.deg2rad(rng.uniform(-150.0, 150.0)) - np.pi / 2.0  # not from straight behind the objects
    elevation, distance_m = np.deg2rad(rng.uniform(38.0, 68.0)), rng.uniform(1.6, 2.4)
    away = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    warmth = rng.uniform(-0.5, 1.0)
    tint = np.array([1.0, 1.0 - 0.06 * warmth, 1.0 - 0.17 * warmth])
    tint /= tint.max()
    key = tint * rng.uniform(0.55, 0.72)
    radius_m = float(rng.uniform(0.08, 0.28))
    fill_azimuth = azimuth + np.pi + rng.uniform(-0.7, 0.7)
    fill = -np.array([np.cos(fill_azimuth), np.sin(fill_azimuth), 0.8])
    fill_color = tint[::-1] * rng.uniform(0.12, 0.22)
    ambient = (0.7 + 0.3 * tint) * rng.uniform(0.5, 0.64)
    lights = (
        Light(-away, point_m + distance_m * away, triple(key), radius_m),
        Light(fill / np.linalg.norm(fill), None, triple(fill_color), 0.0, casts_shadow=False),
    )
    return lights, triple(ambient)
