"""What a candidate's edit would look like, from the pixels of its source image alone, where nobody has made a target image."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gsi_bench_hf.instructions import ParsedEdit
from gsi_bench_hf.pipelines._reshoot import reshoot
from gsi_bench_hf.pipelines.paste import cutout, put
from gsi_bench_hf.types import Camera, Edit, Sample


def sketch(sample: Sample) -> Image.Image | None:
    """The target's pixels where the record's new box is, the hole filled from around it; for view the image reshot.

    Returns:
        None where the record lacks what that takes: the target's mask and boxes, or for view the camera's motion and the depth.
    """
    try:
        if sample.operation == "view":
            return _reshot(sample)
        if sample.operation != "remove" and sample.edit.new_box is None:
            return None
        edit = ParsedEdit(sample.operation, sample.target_label, angle_deg=sample.edit.angle_deg)
        target = None if sample.operation == "remove" else sample.edit.new_box
        return Image.fromarray(put(cutout(sample.source_image, sample), target, edit))
    except ValueError:  # of `cutout` and `put`: a field is null, or the box is behind the camera
        return None


def _reshot(sample: Sample) -> Image.Image | None:
    motion = _motion(sample.edit)
    if motion is None:
        return None
    before = sample.camera
    after = Camera(before.intrinsics, before.world_from_camera @ motion, before.width, before.height)
    return Image.fromarray(reshoot(np.asarray(sample.source_image), sample.depth_m, before, after))


def _motion(edit: Edit) -> np.ndarray | None:
    """(4, 4) old-camera-from-new-camera."""
    if edit.camera_translation_m is None and edit.camera_rotation is None:
        return None
    motion = np.eye(4)
    if edit.camera_rotation is not None:
        motion[:3, :3] = edit.camera_rotation
    if edit.camera_translation_m is not None:
        motion[:3, 3] = edit.camera_translation_m
    return motion
