"""A small table scene of real assets, its edits, and records of them, for the tests of perception."""

from __future__ import annotations

import dataclasses
import io
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.scene import EditedScene, Light, Scene, look_at, object_box, pinhole, to_json
from gsi_bench_hf.types import Camera, Sample

SIZE = 320
SOURCE_M = {"mug-1": (-0.17, -0.05), "book-1": (0.09, -0.14), "bowl-1": (0.12, 0.15), "box-1": (-0.14, 0.21)}


def place(instance_id, kind, variant, x_m, y_m, height_m, yaw_deg=0.0, scale=1.0):
    return assets.place(
        kind, variant, instance_id, np.array([x_m, y_m, height_m]), rotation_z(np.deg2rad(yaw_deg)), scale
    )


@lru_cache
def scene():
    height_m = assets.support("table", 0).height_m
    yaws = {"mug-1": 30.0, "book-1": -25.0, "bowl-1": 0.0, "box-1": 15.0}
    objects = tuple(place(i, i[:-2], 1, x, y, height_m, yaws[i]) for i, (x, y) in SOURCE_M.items())
    eye = np.array([0.25, -1.0, height_m + 0.75])
    camera = Camera(pinhole(SIZE, SIZE, 42.0), look_at(eye, np.array([0.0, 0.02, height_m + 0.03])), SIZE, SIZE)
    lights = (
        Light(np.array([0.45, 0.5, -1.0]), np.array([-0.9, -1.0, height_m + 1.9]), (0.65, 0.63, 0.58), 0.15),
        Light(np.array([-0.5, 0.6, -0.8]), None, (0.16, 0.18, 0.2), 0.0, False),
    )
    fixtures = (
        place("table", "table", 0, 0.0, 0.0, 0.0),
        place("floor", "floor", 0, 0.0, 0.0, 0.0),
        place("wall", "wall", 0, 0.0, 1.4, 0.0),
    )
    return Scene("tabletop", fixtures, objects, lights, (0.45, 0.45, 0.46), camera)


@lru_cache
def source_image():
    return render(scene())


def render(view):
    return Image.fromarray(shared_renderer().render(view, want=("rgb",)).rgb)


def moved(instance_id, x_m=0.0, y_m=0.0, yaw_deg=0.0, scale=1.0):
    """The object after an edit."""
    item = scene().object(instance_id)
    return dataclasses.replace(
        item,
        position_m=item.position_m + np.array([x_m, y_m, 0.0]),
        rotation=rotation_z(np.deg2rad(yaw_deg)) @ item.rotation,
        scale=item.scale * scale,
    )


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return {"bytes": buffer.getvalue(), "path": None}


def sample(target_id, operation="move"):
    """A record about a target of the table scene."""
    return record(scene(), source_image(), target_id, operation)


def record(shown, image, target_id, operation):
    """A record about a target; what was wanted is left out, since perception must not look at it."""
    camera = shown.camera
    objects = []
    for item in shown.objects:
        box = object_box(item, camera)
        objects.append(
            {
                "label": item.label,
                "instance_id": item.instance_id,
                "bbox_3d": box.vector.tolist(),
                "bbox_2d": [0.0, 0.0, 1.0, 1.0],
                "rotation_matrix": box.rotation.tolist(),
                "visible_fraction": 1.0,
            }
        )
    return Sample(
        {
            "id": f"{target_id}-{operation}",
            "subset": f"sim-{shown.environment}",
            "scene_id": "s0",
            "operation": operation,
            "source_image": png(image),
            "target": {"label": shown.object(target_id).label, "instance_id": target_id, "mask": None},
            "edit": {},
            "camera": {
                "intrinsics": camera.intrinsics.tolist(),
                "world_from_camera": camera.world_from_camera.tolist(),
                "width": camera.width,
                "height": camera.height,
            },
            "objects": objects,
            "scene": to_json(EditedScene(shown)),
        }
    )


def degraded(image, *, rng):
    """Blur, gain, noise, JPEG."""
    pixels = cv2.GaussianBlur(np.asarray(image).astype(np.float32), (0, 0), 1.0)
    pixels = pixels * rng.uniform(0.95, 1.05, 3) + rng.normal(0.0, 6.0, pixels.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(buffer, "jpeg", quality=85)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def errors(scan, item, camera=None):
    """Position (mm, of the base), turn (degrees) and scale (percent) of a scan's target against where the object is."""
    found, want = scan.target.box, object_box(item, camera or scene().camera)
    feet = [box.center_m + box.rotation[:, 1] * box.extents_m[1] / 2.0 for box in (found, want)]
    turn = want.rotation.T @ found.rotation
    angle = np.rad2deg(np.arctan2(turn[0, 2], turn[0, 0]))
    return (
        1000.0 * float(np.linalg.norm(feet[0] - feet[1])),
        abs(float(angle)),
        100.0 * abs(float(np.mean(found.extents_m / want.extents_m)) - 1.0),
    )
