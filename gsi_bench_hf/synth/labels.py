"""Records from scenes: the exact schema of `data.features`, images encoded."""

from __future__ import annotations

import itertools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import CORNER_SIGNS, box_corners, project_box, project_points
from gsi_bench_hf.synth.checks import Kept, Seen
from gsi_bench_hf.synth.operations.view import camera_motion
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box
from gsi_bench_hf.types import Camera

Encoded = dict[str, Any]

_OUTSIDE_M = 0.003
_NEAR_M = 0.02
# Corners of a box that differ in one sign: its edges.
_BOX_EDGES = [
    (a, b)
    for a, b in itertools.combinations(range(len(CORNER_SIGNS)), 2)
    if np.count_nonzero(CORNER_SIGNS[a] != CORNER_SIGNS[b]) == 1
]


def encode_png(image: NDArray[Any], name: str) -> Encoded:
    """An image as `datasets` stores it: `{"bytes": PNG, "path": name}`.

    Args:
        image: (H, W, 3) uint8 RGB, or (H, W) uint8 or uint16.
        name: file name.
    """
    stored = image[..., ::-1] if image.ndim == 3 else image
    done, data = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, 4])
    if not done:
        raise RuntimeError(f"OpenCV could not encode {name}, an array of {image.dtype} and shape {image.shape}")
    return {"bytes": data.tobytes(), "path": name}


def encode_jpeg(image: NDArray[np.uint8], name: str) -> Encoded:
    """An image (H, W, 3) RGB as `datasets` stores it: `{"bytes": JPEG of quality 95, "path": name}`."""
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    if not done:
        raise RuntimeError(f"OpenCV could not encode {name}, an array of {image.dtype} and shape {image.shape}")
    return {"bytes": data.tobytes(), "path": name}


def clipped_bounds(item: SceneObject, camera: Camera) -> list[float]:
    """x1, y1, x2, y2 in pixels around the projected box, clipped to the image; zeros for what is behind the camera or out of view."""
    box = object_box(item, camera)
    corners = box_corners(box.center_m, box.extents_m, box.rotation)
    if corners[:, 2].min() < _NEAR_M:
        corners = _in_front(corners)
        if not len(corners):
            return [0.0] * 4
        pixels = project_points(corners, camera.intrinsics)
        bounds = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])
    else:
        bounds = project_box(box.vector, box.rotation, camera.intrinsics)
    size = np.array([camera.width, camera.height, camera.width, camera.height], dtype=np.float64)
    if (bounds[:2] >= size[:2]).any() or (bounds[2:] <= 0.0).any():
        return [0.0] * 4
    return [float(v) for v in np.clip(bounds, 0.0, size)]


def _in_front(corners_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) of a box's corners (8, 3) those before the camera, and where its edges come within `_NEAR_M` of it."""
    found = [c for c in corners_m if c[2] >= _NEAR_M]
    for a, b in _BOX_EDGES:
        low, high = sorted((corners_m[a], corners_m[b]), key=lambda c: float(c[2]))
        if low[2] < _NEAR_M <= high[2]:
            found.append(low + (high - low) * (_NEAR_M - low[2]) / (high[2] - low[2]))
    return np.array(found).reshape(-1, 3)


def object_records(scene: Scene, seen: Seen) -> list[dict[str, Any]]:
    """A record's `objects`: every object of the scene, in its order."""
    visible = seen.visible_fraction(scene)
    records = []
    for item in scene.objects:
        box = object_box(item, scene.camera)
        records.append(
            {
                "label": item.label,
                "instance_id": item.instance_id,
                "bbox_3d": box.vector.tolist(),
                "bbox_2d": clipped_bounds(item, scene.camera),
                "rotation_matrix": box.rotation.tolist(),
                "visible_fraction": visible[item.instance_id],
            }
        )
    return records


def edit_record(kept: Kept) -> dict[str, Any]:
    """A record's `edit`: boxes and rotations before and after, in the source camera's frame, and what was asked.

    A view edit has the box of the object that both views are compared by, no new one, and the camera's motion.
    """
    source, proposal = kept.edited.source, kept.proposal
    before = object_box(source.object(proposal.target_id), source.camera)
    after = None if proposal.changed is None else object_box(proposal.changed, source.camera)
    motion = None
    if proposal.camera is not None:
        translation_m, rotation = camera_motion(source.camera, proposal.camera)
        motion = {"translation_m": translation_m.tolist(), "rotation": rotation.tolist()}
    return {
        "original_bbox_3d": before.vector.tolist(),
        "new_bbox_3d": None if after is None else after.vector.tolist(),
        "rotation_matrix": before.rotation.tolist(),
        "new_rotation_matrix": None if after is None else after.rotation.tolist(),
        "direction": proposal.direction,
        "distance_m": proposal.distance_m,
        "angle_deg": proposal.angle_deg,
        "factor": proposal.factor,
        "camera_motion": motion,
    }


def camera_record(camera: Camera) -> dict[str, Any]:
    """A record's `camera`."""
    return {
        "intrinsics": camera.intrinsics.tolist(),
        "world_from_camera": camera.world_from_camera.tolist(),
        "width": camera.width,
        "height": camera.height,
    }


def depth_mm(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(H, W) whole millimetres along camera z, at most 65,535."""
    return np.asarray(np.clip(np.rint(depth_m.astype(np.float64) * 1000.0), 0, 65535), dtype=np.uint16)


def mended_depth(depth_m: NDArray[np.float32], segmentation: NDArray[np.int32], scene: Scene) -> NDArray[np.float32]:
    """(H, W) the depth with what lies outside its object's box replaced by the median of its object's pixels around it.

    A triangle seen edge-on may be drawn with a depth off its plane: about one pixel in a hundred pictures, decimetres off.
    """
    mended = depth_m.copy()
    k = scene.camera.intrinsics
    for number, item in enumerate(scene.objects, start=1):
        box = object_box(item, scene.camera)
        v, u = np.nonzero(segmentation == number)
        rays = np.stack([(u + 0.5 - k[0, 2]) / k[0, 0], (v + 0.5 - k[1, 2]) / k[1, 1], np.ones(len(u))], axis=1)
        local = (rays * depth_m[v, u, None] - box.center_m) @ box.rotation
        wrong = (np.abs(local) - box.extents_m / 2.0).max(axis=1) > _OUTSIDE_M
        good = np.zeros(segmentation.shape, dtype=bool)
        good[v[~wrong], u[~wrong]] = True
        for row, column in zip(v[wrong], u[wrong], strict=True):
            near = np.s_[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
            if good[near].any():
                mended[row, column] = np.median(depth_m[near][good[near]])
    return mended


def source_numbers(segmentation: NDArray[np.int32], result: Scene, source: Scene) -> NDArray[np.uint8]:
    """(H, W) a segmentation of the edited scene with the numbers of the source's objects."""
    order = [o.instance_id for o in source.objects]
    table = np.zeros(len(result.objects) + 1, np.uint8)
    table[1:] = [order.index(o.instance_id) + 1 for o in result.objects]
    return np.asarray(table[segmentation])


def mask_of(segmentation: NDArray[np.int32], scene: Scene, instance_id: str) -> NDArray[np.bool_]:
    """(H, W) where an object of the scene is; all False for one that is not in the scene."""
    number = next((i + 1 for i, o in enumerate(scene.objects) if o.instance_id == instance_id), -1)
    return np.asarray(segmentation == number)
