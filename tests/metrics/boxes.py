"""Boxes and detections for tests of the scores. The camera looks along z; focal length 500 px, centre (256, 256)."""

import numpy as np

from gsi_bench_hf.geometry import project_box, rotation_y
from gsi_bench_hf.types import Box3D, Detection, Edit, Scan

INTRINSICS = np.array([[500.0, 0.0, 256.0], [0.0, 500.0, 256.0], [0.0, 0.0, 1.0]])


def vector(x=0.0, y=0.0, z=2.0, size=(0.2, 0.2, 0.2), yaw=0.0):
    return np.array([x, y, z, *size, yaw])


def turn(angle_deg):
    return rotation_y(np.deg2rad(angle_deg))


def seen(box, angle_deg=0.0):
    """A paper detection: a mapping, its 2D box projected."""
    rotation = turn(angle_deg)
    return {"bbox_3d": box, "bbox_2d": project_box(box, rotation, INTRINSICS), "rotation_matrix": rotation}


def paper_edit(new=None, *, angle_deg=0.0, original=None):
    return {
        "original_bbox_3d": vector() if original is None else original,
        "new_bbox_3d": new,
        "rotation_matrix": np.eye(3),
        "new_rotation_matrix": turn(angle_deg),
        "camera_intrinsics": INTRINSICS,
    }


def box(x=0.0, y=0.0, z=2.0, size=(0.2, 0.2, 0.2), angle_deg=0.0):
    return Box3D(np.array([x, y, z]), np.array(size, dtype=float), turn(angle_deg))


def scan(found, *, lost=0, added=0, **camera):
    """What a detector says when it found the target at this Box3D, or (None) did not find it."""
    if found is None:
        return Scan((), (), None, None, lost, added, **camera)
    detection = Detection(
        found.vector, project_box(found.vector, found.rotation, INTRINSICS), found.rotation, "thing", instance_id="t"
    )
    return Scan((), (detection,), detection, None, lost, added, **camera)


def edit(operation, original=None, new=None, **rest):
    return Edit(operation, original, new, **rest)
