"""From where a furnished room is seen: reachable places, spread over its areas, that show many things that can be edited.

The floor where a person can stand falls into areas (DBSCAN, Ester et al. 1996). In each area places are picked one after another,
each as far as can be from those before. From a place, sitting or standing, the camera turns to where things are; a count of the
things that it would show sorts the views, views much like a better one are dropped, and small renderings decide between the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gsi_bench_hf.synth.layouts.floor import CELL_M
from gsi_bench_hf.synth.render import Renderer
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject, look_at
from gsi_bench_hf.synth.viewpoints import bounds_px
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
_PLACES_AN_AREA = 6
_RENDERED = 7
_SMALL_PX = (160, 120)
_APART_M, _APART_DEG = 0.45, 25.0
_NEAREST_M = 0.28


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
    candidates = [
        view for place in places(layout.free_floor_m, rng=rng) for view in _views_from(layout, place, rng=rng)
    ]
    best: Candidate | None = None
    for candidate in suppressed(candidates)[:_RENDERED]:
        score = _rendered_score(layout, candidate.camera, renderer) * float(rng.uniform(0.85, 1.15))
        if score > (0.0 if best is None else best.score):
            best = Candidate(candidate.camera, score)
    return None if best is None else best.camera


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


def _views_from(layout: Layout, place_m: Float, *, rng: np.random.Generator) -> list[Candidate]:
    """Views from a place towards things, sitting and standing."""
    found = []
    things = np.array([_middle_m(o) for o in layout.objects]).reshape(-1, 3)
    for heights in (SITTING_M, STANDING_M):
        eye_m = np.array([*place_m, rng.uniform(*heights)])
        away = np.linalg.norm(things - eye_m, axis=1)
        near = things[(away > 0.7) & (away < 2.8)]
        for aim in near[rng.permutation(len(near))[:8]]:
            camera = _camera(eye_m, aim, rng=rng)
            score = _seeming(layout.objects, camera)
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


def shows(item: SceneObject, camera: Camera, margin_px: float = _MARGIN_PX) -> bool:
    """Whether an object, seen through nothing, is wholly in the picture and large enough to be edited."""
    pose = camera.world_from_camera
    middle = _middle_m(item)
    if float((middle - pose[:3, 3]) @ pose[:3, 2]) < float(np.linalg.norm(item.size_m)) / 2.0 + 0.15:
        return False
    bounds = bounds_px(item, camera)
    size = np.array([camera.width, camera.height])
    inside = (bounds[:2] > margin_px).all() and (bounds[2:] < size - margin_px).all()
    return bool(inside and (bounds[2:] - bounds[:2]).max() >= _LONG_SIDE_PX)


def _middle_m(item: SceneObject) -> Float:
    """(3,) world, the middle of an object's box."""
    return np.asarray(item.position_m + item.rotation @ np.array([0.0, 0.0, item.size_m[2] * item.scale / 2.0]))


def _seeming(objects: tuple[SceneObject, ...], camera: Camera) -> float:
    """How many things a view would show if nothing hid another."""
    forward, eye = camera.world_from_camera[:3, 2], camera.world_from_camera[:3, 3]
    ahead = [o for o in objects if float((o.position_m - eye) @ forward) > 0.4]
    return float(sum(shows(o, camera) for o in ahead))


def _rendered_score(layout: Layout, camera: Camera, renderer: Renderer) -> float:
    """How good a view is, from a small rendering: things that can be edited, several kinds and heights; 0 where it won't do."""
    frame = renderer.render(_scene(layout, camera), want=("segmentation", "depth"), size=_SMALL_PX)
    assert frame.segmentation is not None
    assert frame.depth_m is not None
    if (frame.depth_m < _NEAREST_M).any() or np.percentile(frame.depth_m, 20) < 0.55:
        return 0.0
    seen = editable(layout.objects, camera, frame.segmentation)
    if len(seen) < MIN_EDITABLE:
        return 0.0
    kinds = len({o.kind for o in seen})
    levels = len({round(float(o.position_m[2]), 1) for o in seen})
    twice = len(seen) - kinds > 0
    return min(len(seen), 14) + 0.3 * min(levels, 4) + 0.8 * twice


def editable(objects: tuple[SceneObject, ...], camera: Camera, segmentation: np.ndarray) -> list[SceneObject]:
    """The objects that a picture shows well: in frame, large, little hidden.

    How much of one is hidden is judged by its pixels against those of its box, of which a thing alone fills about a half.

    Args:
        objects: numbered 1, 2, … in `segmentation`.
        camera: of the picture.
        segmentation: (H, W) of any size with the camera's shape.
    """
    scale = (camera.width / segmentation.shape[1]) ** 2
    pixels = np.bincount(segmentation.ravel(), minlength=len(objects) + 1)[1:] * scale
    found = []
    for item, count in zip(objects, pixels, strict=True):
        if count >= _LEAST_PX and shows(item, camera):
            bounds = bounds_px(item, camera)
            if count > 0.5 * _LEAST_VISIBLE * float(np.prod(bounds[2:] - bounds[:2])):
                found.append(item)
    return found


def _scene(layout: Layout, camera: Camera) -> Scene:
    return Scene(layout.environment, layout.fixtures, layout.objects, layout.lights, layout.ambient, camera)
