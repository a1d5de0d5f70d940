"""`paste`: cut the target out, warp it as its box would go, fill the hole. What classical tools make of an edit, knowing the source.

It reads the instruction, and of the record only what belongs to the source image: the target's box and mask, the boxes and masks of
the other objects, which of them the instruction speaks of, the depth and the camera. It never sees the target image, the new box, or
the edit's numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.geometry import box_corners, project_points
from gsi_bench_hf.instructions import ParsedEdit, parse
from gsi_bench_hf.pipelines import _warp
from gsi_bench_hf.pipelines._reshoot import reshoot
from gsi_bench_hf.pipelines.base import EditOutput
from gsi_bench_hf.types import Box3D, Sample

Image8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Float = NDArray[np.float64]
Mapping = Callable[[Float], Float]

_SHADOW = 0.08
"""How far around the target its contact shadow is erased, as a fraction of the mask's diagonal."""
_BESIDE = {"left of": "left", "right of": "right", "in front of": "towards", "behind": "away"}
_SUPERSAMPLING = 2
_BLEED_PX = 2.0
_EDGE_GAIN = 2.0
_INPAINT_RADIUS_PX = 5


@dataclass(frozen=True, eq=False)
class Cutout:
    """What is known of the source image.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) where the target is.
        layers: (M, H, W) where each of the other objects is.
        depths_m: (M,) depth of their boxes' centres along camera z.
        box: the target's box, camera frame.
        intrinsics: (3, 3) pixels.
        reference: box of the object that the target is to be put beside; None where there is none, or where it has no box.
    """

    image: Image8
    mask: Mask
    layers: NDArray[np.bool_]
    depths_m: Float
    box: Box3D
    intrinsics: Float
    reference: Box3D | None = None


class PasteEditor:
    """Moves, places, turns, scales or removes the target's pixels, or shifts the view, after an English or Chinese instruction."""

    name = "paste"
    needs_sample = True

    def __call__(
        self, *, image: Image.Image, prompt: str, sample: Sample, generator: Any = None, seed: int = 0
    ) -> EditOutput:
        """Edit `image` after `prompt`.

        Raises:
            InstructionError: the prompt can't be read.
            ValueError: an operation it can't do, or a record without the target's mask or box.
        """
        edit = parse(prompt)
        if edit.operation == "view":
            return EditOutput((Image.fromarray(_seen_anew(image, sample, edit)),))
        return EditOutput((Image.fromarray(paste(cutout(image, sample), edit)),))


def _seen_anew(image: Image.Image, sample: Sample, edit: ParsedEdit) -> Image8:
    """The image from where the instruction sends the camera."""
    from gsi_bench_hf.synth.operations.view import moved_camera, turned_camera

    if not edit.direction or not (edit.distance_m or edit.angle_deg):
        raise ValueError(
            f"editor 'paste' can't shift the view {_given(edit)}; it moves the camera by a distance or turns it by an angle"
        )
    if edit.distance_m:
        after = moved_camera(sample.camera, edit.direction, edit.distance_m)
    else:
        after = turned_camera(sample.camera, edit.direction, edit.angle_deg or 0.0)
    return reshoot(np.asarray(image.convert("RGB")), sample.depth_m, sample.camera, after)


def cutout(image: Image.Image, sample: Sample) -> Cutout:
    """What `paste` may know of a record. Raises ValueError naming the field that is missing."""
    row = sample.row
    # Read from the row itself: `sample.edit` would touch the answer (the new box) as well.
    box, rotation = row["edit"].get("original_bbox_3d"), row["edit"].get("rotation_matrix")
    if sample.target_mask is None or not box or not rotation:
        missing = "target.mask" if sample.target_mask is None else "edit.original_bbox_3d or edit.rotation_matrix"
        raise ValueError(
            f"record {sample.id}: {missing} is null, and 'paste' needs it; use another editor for this config"
        )
    reference = (row.get("reference") or {}).get("instance_id")
    numbered = [(i + 1, o) for i, o in enumerate(sample.objects) if o.instance_id != sample.target_id]
    labels = sample.segmentation
    if labels is None:
        labels, numbered = np.zeros(sample.target_mask.shape, dtype=np.int32), []
    return Cutout(
        np.asarray(image.convert("RGB")),
        sample.target_mask,
        np.array([labels == number for number, _ in numbered], dtype=bool).reshape(-1, *labels.shape),
        np.array([o.bbox_3d[2] for _, o in numbered], dtype=np.float64),
        Box3D.from_vector(box, rotation),
        sample.camera.intrinsics,
        next((o.box for o in sample.objects if o.instance_id == reference), None),
    )


def new_box(box: Box3D, edit: ParsedEdit, reference: Box3D | None = None) -> Box3D | None:
    """Where the instruction sends the target's box; None where it removes it.

    Args:
        box: the target's, camera frame.
        edit: what to do.
        reference: box of what the target is to be put beside.

    Raises:
        ValueError: for what `paste` can't do.
    """
    if edit.operation == "remove":
        return None
    if edit.operation == "move" and edit.direction and edit.distance_m:
        return _warp.moved(box, edit.direction, edit.distance_m)
    if edit.operation == "rotate" and edit.direction and edit.angle_deg:
        return _warp.turned(box, edit.direction, edit.angle_deg)
    if edit.operation == "scale" and edit.factor:
        return _warp.scaled(box, edit.factor)
    if edit.operation == "place" and reference is not None and edit.relation in _BESIDE and edit.distance_m:
        return _warp.beside(box, reference, _BESIDE[edit.relation], edit.distance_m)
    raise ValueError(
        f"editor 'paste' can't do the edit {edit.operation!r} {_given(edit)}; it moves by a distance, places beside an object, "
        "rotates by an angle, scales, removes, and shifts the view; what a surface is it doesn't know"
    )


def _given(edit: ParsedEdit) -> str:
    """What the instruction gives of the edit, in brackets."""
    given = {f.name: getattr(edit, f.name) for f in dataclasses.fields(edit) if f.name != "operation"}
    return "(" + ", ".join(f"{name} {value!r}" for name, value in given.items() if value not in (None, "")) + ")"


def paste(source: Cutout, edit: ParsedEdit) -> Image8:
    """The edited image, (H, W, 3) uint8 RGB."""
    return put(source, new_box(source.box, edit, source.reference), edit)


def put(source: Cutout, target: Box3D | None, edit: ParsedEdit) -> Image8:
    """The image with the target where a box says.

    Args:
        source: what is known of the image.
        target: where, camera frame; None to remove it.
        edit: its operation, and the angle where it turns.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    background = fill(source)
    if target is None:
        return background
    color, alpha = warp(source, target, _mapping(source, target, edit))
    for layer, depth_m in zip(source.layers, source.depths_m, strict=True):
        if depth_m < target.center_m[2]:
            alpha = alpha * ~layer[..., None]
    return np.clip(np.rint(alpha * color + (1.0 - alpha) * background), 0, 255).astype(np.uint8)


def _mapping(source: Cutout, target: Box3D, edit: ParsedEdit) -> Mapping:
    """From positions (N, 2) in the edited image to those in the source image that they take their colour from."""
    boxes: dict[str, Any] = {"source": source.box, "target": target, "intrinsics": source.intrinsics}
    if edit.operation != "rotate":
        return partial(_warp.source_pixels, **boxes, keep_faces=True)
    if _warp.fills_its_box(source.mask, source.box, source.intrinsics):
        return partial(_warp.source_pixels, **boxes, keep_faces=False)
    return partial(_warp.squeezed_pixels, **boxes, mirrored=np.cos(np.deg2rad(edit.angle_deg or 0.0)) < -1e-9)


def fill(source: Cutout) -> Image8:
    """The image with the target and its contact shadow inpainted from around it; the other objects stay as they are."""
    v, u = np.nonzero(source.mask)
    if len(v) == 0:
        return source.image.copy()
    reach_px = max(2, round(_SHADOW * float(np.hypot(np.ptp(u) + 1, np.ptp(v) + 1))))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach_px + 1, 2 * reach_px + 1))
    others = np.asarray(source.layers.any(axis=0))
    hole = _grown(source.mask, kernel) & ~(others & ~source.mask)
    # The other objects are filled too, and put back: else their colours would flow into the hole.
    unknown = hole | _grown(others, np.ones((5, 5), np.uint8))
    y1, x1 = np.maximum([v.min() - 3 * reach_px, u.min() - 3 * reach_px], 0)
    near = np.s_[y1 : v.max() + 3 * reach_px + 1, x1 : u.max() + 3 * reach_px + 1]
    if unknown[near].all():
        unknown = hole
    filled = source.image.copy()
    patch = cv2.inpaint(
        source.image[near].copy(), unknown[near].astype(np.uint8), _INPAINT_RADIUS_PX, cv2.INPAINT_TELEA
    )
    filled[near][hole[near]] = patch[hole[near]]
    return filled


def _grown(mask: Mask, kernel: NDArray[Any]) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel)) > 0


def warp(source: Cutout, target: Box3D, mapping: Mapping) -> tuple[Float, Float]:
    """The target's pixels where its new box is.

    Returns:
        (H, W, 3) colours 0..255 and (H, W, 1) coverage 0..1.
    """
    height, width = source.mask.shape
    color, alpha = np.zeros((height, width, 3)), np.zeros((height, width, 1))
    x1, y1, x2, y2 = _bounds(target, source.intrinsics, width, height)
    if x1 >= x2 or y1 >= y2:
        return color, alpha
    n = _SUPERSAMPLING
    v, u = np.mgrid[n * y1 : n * y2, n * x1 : n * x2].astype(np.float64)
    pixels = (np.stack([u, v], axis=-1).reshape(-1, 2) + 0.5) / n
    positions = mapping(pixels)
    # OpenCV counts from pixel centres; what misses the box goes outside the image, where coverage is 0.
    grid = np.nan_to_num(positions - 0.5, nan=-1e4).reshape(*u.shape, 2).astype(np.float32)
    sampled = cv2.remap(_texture(source), grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    small = cv2.resize(sampled, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    # Coverage is blurred in the source's pixels; a magnified edge is made sharp again.
    magnified = float(target.extents_m[1] / source.box.extents_m[1] * source.box.center_m[2] / target.center_m[2])
    alpha[y1:y2, x1:x2] = np.clip((small[..., 3:] - 0.5) * _EDGE_GAIN * max(magnified, 1.0) + 0.5, 0.0, 1.0)
    color[y1:y2, x1:x2] = small[..., :3]
    return color, alpha


def _texture(source: Cutout) -> NDArray[np.float32]:
    """(H, W, 4) the target's colours, continued past its edge so that no background is mixed in, and its coverage."""
    mask = source.mask.astype(np.float32)
    image = source.image.astype(np.float32)
    weight = cv2.GaussianBlur(mask, (0, 0), _BLEED_PX)[..., None]
    around = cv2.GaussianBlur(image * mask[..., None], (0, 0), _BLEED_PX) / np.maximum(weight, 1e-6)
    color = np.where(source.mask[..., None], image, around)
    return np.dstack([color, cv2.GaussianBlur(mask, (0, 0), 1.0)]).astype(np.float32)


def _bounds(box: Box3D, intrinsics: Float, width: int, height: int) -> tuple[int, int, int, int]:
    corners = box_corners(box.center_m, box.extents_m, box.rotation)
    if corners[:, 2].min() <= 0.0:
        raise ValueError("editor 'paste': the edit takes the target behind the camera; expected a box before it")
    pixels = project_points(corners, intrinsics)
    x1, y1 = np.clip(np.floor(pixels.min(axis=0)), 0, (width, height)).astype(int)
    x2, y2 = np.clip(np.ceil(pixels.max(axis=0)), 0, (width, height)).astype(int)
    return int(x1), int(y1), int(x2), int(y2)
