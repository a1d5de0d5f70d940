"""Records from scenes: the exact schema of `data.features`, images encoded."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.synth.checks import Kept, Seen
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box
from gsi_bench_hf.types import Camera

Encoded = dict[str, Any]

_SMALL_PX = 70.0
_OCCLUDED = 0.85
_SHORT_MOVE_M = 0.08
_OUTSIDE_M = 0.003


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


def clipped_bounds(item: SceneObject, camera: Camera) -> list[float]:
    """x1, y1, x2, y2 in pixels around the projected box, clipped to the image."""
    box = object_box(item, camera)
    bounds = project_box(box.vector, box.rotation, camera.intrinsics)
    size = np.array([camera.width, camera.height, camera.width, camera.height], dtype=np.float64)
    return [float(v) for v in np.clip(bounds, 0.0, size)]


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
    """A record's `edit`: boxes and rotations before and after, in the source camera's frame, and what was asked."""
    source, proposal = kept.edited.source, kept.proposal
    before = object_box(source.object(proposal.target_id), source.camera)
    after = None if proposal.changed is None else object_box(proposal.changed, source.camera)
    return {
        "original_bbox_3d": before.vector.tolist(),
        "new_bbox_3d": None if after is None else after.vector.tolist(),
        "rotation_matrix": before.rotation.tolist(),
        "new_rotation_matrix": None if after is None else after.rotation.tolist(),
        "direction": proposal.direction,
        "distance_m": proposal.distance_m,
        "angle_deg": proposal.angle_deg,
        "factor": proposal.factor,
        "camera_motion": None,
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


def difficulty(kept: Kept, before: Seen) -> str:
    """How hard an edit is to carry out: "easy", "medium" or "hard".

    One point each for: a target that is small in the picture (longer side of its box under 70 px); one that is partly hidden before
    or after (visible fraction under 0.85); a slight change (a move of 8 cm or less, a turn of 45 degrees, a factor of 0.75 or 1.5, a
    target of remove that is one of three or more). No point is easy, one is medium, more is hard.
    """
    source, proposal = kept.edited.source, kept.proposal
    item = source.object(proposal.target_id)
    x1, y1, x2, y2 = clipped_bounds(item, source.camera)
    visible = [before.visible_fraction(source)[item.instance_id]]
    if proposal.changed is not None:
        visible.append(kept.seen.visible_fraction(kept.result)[item.instance_id])
    slight = (
        (proposal.distance_m is not None and proposal.distance_m <= _SHORT_MOVE_M)
        or proposal.angle_deg == 45.0
        or proposal.factor in (0.75, 1.5)
        or (proposal.operation == "remove" and sum(o.label == item.label for o in source.objects) > 2)
    )
    points = (max(x2 - x1, y2 - y1) < _SMALL_PX) + (min(visible) < _OCCLUDED) + slight
    return ("easy", "medium", "hard", "hard")[points]


def mask_of(segmentation: NDArray[np.int32], scene: Scene, instance_id: str) -> NDArray[np.bool_]:
    """(H, W) where an object of the scene is; all False for one that is not in the scene."""
    number = next((i + 1 for i, o in enumerate(scene.objects) if o.instance_id == instance_id), -1)
    return np.asarray(segmentation == number)
