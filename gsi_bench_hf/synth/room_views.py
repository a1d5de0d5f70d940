"""From where a furnished room is seen: reachable places, spread over its areas, that show many things that can be edited.

The floor where a person can stand falls into areas (DBSCAN, Ester et al. 1996). In each area places are picked one after another,
each as far as can be from those before. From a place, sitting or standing, the camera turns to where things are; a count of the
things that it would show sorts the views, views much like a better one are dropped, and small renderings decide between the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.layouts.floor import CELL_M
from gsi_bench_hf.synth.render import Renderer
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject, look_at
from gsi_bench_hf.types import Camera

if TYPE_CHECKING:
    from gsi_bench_hf.synth.layouts.scenes import Layout

SIZE_PX = (640, 480)
HORIZONTAL_FOV_DEG = (60.0, 76.0)
PITCH_DEG = (0.0, 35.0)
SITTING_M, STANDING_M = (1.05, 1.25), (1.45, 1.7)
MIN_EDITABLE = 5
"""Fewer things that can be edited make no view."""

_LONG_SIDE_PX, _LEAST_PX, _LEAST_VISIBLE = 44.0, 350, 0.62
_MARGIN_PX = 12.0
_PLACES_AN_AREA, _AIMS = 8, 12
_RENDERED = 14
_SMALL_PX = (160, 120)
_APART_M, _APART_DEG = 0.45, 25.0
_NEAREST_M = 0.3
_NEAR_M, _MOST_NEAR = 0.7, 0.2
_DEEP_M = 1.6


@dataclass(frozen=True, eq=False)
class Candidate:
    """A view that may be chosen, and how many things it seems to show."""

    camera: Camera
    score: float

    def like(self, other: Candidate) -> bool:
        """Whether the two are nearly the same view."""
        a, b = self.camera.world_from_camera, other.camera.world_from_camera
        near = float(np.linalg.norm(a[:3, 3] - b[:3, 3])) < _APART_M
        return near and float(a[:3, 2] @ b[:3, 2]) > np.cos(np.deg2rad(_APART_DEG))


def choose_view(layout: Layout, renderer: Renderer, *, rng: np.random.Generator) -> Camera | None:
    """A view of a room that shows at least `MIN_EDITABLE` things that can be edited; None where none was found."""
    return next(iter(ranked_views(layout, renderer, rng=rng)), None)


def ranked_views(layout: Layout, renderer: Renderer, *, rng: np.random.Generator) -> list[Camera]:
    """Views of a room, the best first, none like another; each shows at least `MIN_EDITABLE` things that can be edited."""
    corners_m = world_corners(layout.objects)
    spots = places(layout.free_floor_m, rng=rng)
    candidates = [view for spot in spots for view in _views_from(spot, corners_m, rng=rng)]
    found = []
    for candidate in suppressed(candidates)[:_RENDERED]:
        score = _rendered_score(layout, candidate.camera, renderer) * float(rng.uniform(0.93, 1.07))
        if score > 0.0:
            found.append(Candidate(candidate.camera, score))
    return [candidate.camera for candidate in suppressed(found)]


def areas(points_m: Float) -> list[Float]:
    """The areas of a floor plan, the largest first: clusters of (N, 2) points that lie densely, narrow passages left out.

    Raises:
        ModuleNotFoundError: scikit-learn is missing; the message says how to get it.
    """
    try:
        from sklearn.cluster import DBSCAN
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'viewpoints in rooms need the module sklearn: pip install "gsi-bench-hf[sim]"', name="sklearn"
        ) from error
    if len(points_m) == 0:
        return []
    labels = DBSCAN(eps=2.2 * CELL_M, min_samples=10).fit_predict(points_m)
    found = [points_m[labels == k] for k in range(int(labels.max()) + 1)]
    return sorted(found, key=len, reverse=True) or [points_m]


def dispersed(points_m: Float, count: int, *, rng: np.random.Generator) -> Float:
    """(k, 2) up to `count` of (N, 2) points, the first drawn, each next one farthest from those before."""
    chosen = [int(rng.integers(len(points_m)))]
    far = np.linalg.norm(points_m - points_m[chosen[0]], axis=1)
    while len(chosen) < min(count, len(points_m)) and far.max() > 2.0 * CELL_M:
        chosen.append(int(np.argmax(far)))
        far = np.minimum(far, np.linalg.norm(points_m - points_m[chosen[-1]], axis=1))
    return points_m[chosen]


def places(points_m: Float, *, rng: np.random.Generator) -> Float:
    """(k, 2) where to stand: dispersed over every area of (N, 2) free points."""
    spread = [dispersed(area, _PLACES_AN_AREA, rng=rng) for area in areas(points_m)[:4]]
    return np.concatenate(spread) if spread else np.zeros((0, 2))


def suppressed(candidates: list[Candidate]) -> list[Candidate]:
    """The candidates, best first, without those that are `like` a better one (non-maximum suppression)."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -c.score):
        if not any(candidate.like(other) for other in kept):
            kept.append(candidate)
    return kept


def _views_from(place_m: Float, corners_m: Float, *, rng: np.random.Generator) -> list[Candidate]:
    """Views from a place towards things, sitting and standing.

    Args:
        place_m: (2,) where to stand.
        corners_m: (N, 8, 3) world, of the boxes of all things that could be edited.
        rng: draws heights, aims and lenses.
    """
    found = []
    things = corners_m.mean(axis=1)
    for heights in (SITTING_M, STANDING_M):
        eye_m = np.array([*place_m, rng.uniform(*heights)])
        away = np.linalg.norm(things - eye_m, axis=1)
        near = things[(away > 0.7) & (away < 2.8)]
        for aim in near[rng.permutation(len(near))[:_AIMS]]:
            camera = _camera(eye_m, aim, rng=rng)
            score = float(np.count_nonzero(fits(corners_m, camera)))
            if score >= MIN_EDITABLE:
                found.append(Candidate(camera, score))
    return found


def _camera(eye_m: Float, aim_m: Float, *, rng: np.random.Generator) -> Camera:
    """A camera at `eye_m` that has `aim_m` about its middle, its pitch and lens those of a room's view."""
    fov = float(rng.uniform(*HORIZONTAL_FOV_DEG))
    toward = aim_m - eye_m
    azimuth = np.arctan2(toward[1], toward[0]) + np.deg2rad(rng.uniform(-9.0, 9.0))
    down_deg = np.rad2deg(np.arctan2(-toward[2], np.linalg.norm(toward[:2]))) + rng.uniform(-9.0, 5.0)
    pitch = np.deg2rad(np.clip(down_deg, *PITCH_DEG))
    forward = np.array([np.cos(azimuth) * np.cos(pitch), np.sin(azimuth) * np.cos(pitch), -np.sin(pitch)])
    width, height = SIZE_PX
    focal_px = width / 2.0 / np.tan(np.deg2rad(fov) / 2.0)
    intrinsics = np.array([[focal_px, 0.0, width / 2.0], [0.0, focal_px, height / 2.0], [0.0, 0.0, 1.0]])
    return Camera(intrinsics, look_at(eye_m, eye_m + forward), width, height)


def fits(corners_m: Float, camera: Camera, margin_px: float = _MARGIN_PX) -> NDArray[np.bool_]:
    """(N,) whether things, seen through nothing, are wholly in the picture and large enough to be edited.

    Args:
        corners_m: (N, 8, 3) world, of their boxes.
        camera: of the picture.
        margin_px: how far from the frame they stay.
    """
    bounds, depth_m = _bounds_px(corners_m, camera)
    size = np.array([camera.width, camera.height])
    inside = (bounds[:, :2] > margin_px).all(axis=1) & (bounds[:, 2:] < size - margin_px).all(axis=1)
    large = (bounds[:, 2:] - bounds[:, :2]).max(axis=1) >= _LONG_SIDE_PX
    return np.asarray((depth_m > _NEAREST_M) & inside & large)


def world_corners(objects: Sequence[SceneObject]) -> Float:
    """(N, 8, 3) world, the corners of objects' boxes."""
    signs = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)])
    corners = [o.position_m + (signs * o.size_m * o.scale) @ o.rotation.T for o in objects]
    return np.array(corners).reshape(-1, 8, 3)


def _bounds_px(corners_m: Float, camera: Camera) -> tuple[Float, Float]:
    """(N, 4) x1, y1, x2, y2 around boxes, and (N,) the depth of their nearest corners; only where that is > 0 do the bounds hold."""
    pose, k = camera.world_from_camera, camera.intrinsics
    points = (corners_m - pose[:3, 3]) @ pose[:3, :3]
    z = np.maximum(points[..., 2], 1e-3)
    u, v = k[0, 0] * points[..., 0] / z + k[0, 2], k[1, 1] * points[..., 1] / z + k[1, 2]
    bounds = np.stack([u.min(axis=1), v.min(axis=1), u.max(axis=1), v.max(axis=1)], axis=1)
    return bounds, np.asarray(points[..., 2].min(axis=1))


def _rendered_score(layout: Layout, camera: Camera, renderer: Renderer) -> float:
    """How good a view is, from a small rendering; 0 where it won't do.

    What counts: how many things can be edited; that some stand higher than others, that two are of a kind (relations need that); and
    that the picture reaches into the room.
    """
    frame = renderer.render(_scene(layout, camera), want=("segmentation", "depth"), size=_SMALL_PX)
    assert frame.segmentation is not None
    assert frame.depth_m is not None
    if (frame.depth_m < _NEAREST_M).any() or np.mean(frame.depth_m < _NEAR_M) > _MOST_NEAR:
        return 0.0
    seen = editable(layout.objects, camera, frame.segmentation)
    if len(seen) < MIN_EDITABLE:
        return 0.0
    levels = len({round(float(o.position_m[2]), 1) for o in seen})
    twice = len({o.kind for o in seen}) < len(seen)
    deep = float(np.mean(frame.depth_m > _DEEP_M))
    return min(len(seen), 14) + 0.3 * min(levels, 4) + 0.8 * twice + 2.5 * min(deep, 0.6)


def editable(objects: Sequence[SceneObject], camera: Camera, segmentation: NDArray[np.int32]) -> list[SceneObject]:
    """The objects that a picture shows well: in frame, large, little hidden.

    How much of one is hidden is judged by its pixels against those of its box, of which a thing alone fills about a half.

    Args:
        objects: numbered 1, 2, … in `segmentation`.
        camera: of the picture.
        segmentation: (H, W) of any size with the camera's shape.
    """
    corners_m = world_corners(objects)
    bounds, _ = _bounds_px(corners_m, camera)
    scale = (camera.width / segmentation.shape[1]) ** 2
    pixels = np.bincount(segmentation.ravel(), minlength=len(objects) + 1)[1:] * scale
    area = np.prod(bounds[:, 2:] - bounds[:, :2], axis=1)
    good = fits(corners_m, camera) & (pixels >= _LEAST_PX) & (pixels > 0.5 * _LEAST_VISIBLE * area)
    return [item for item, is_good in zip(objects, good, strict=True) if is_good]


def _scene(layout: Layout, camera: Camera) -> Scene:
    return Scene(layout.environment, layout.fixtures, layout.objects, layout.lights, layout.ambient, camera)
