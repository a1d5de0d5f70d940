"""Edit locality: whether what should not change stayed as it was. The released evaluator's way (`paper`) and ours (`strict`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.metrics.protocol_paper import DETECTOR_SIDE_PX, origin_bbox_2d, same
from gsi_bench_hf.metrics.ssim import masked_mean, masked_ssim, ssim_map

if TYPE_CHECKING:
    from gsi_bench_hf.metrics.lpips import Lpips

Record = Mapping[str, Any]
Mask = NDArray[np.bool_]

_PATCH_PX = 14
_MEAN_RGB = np.array([123.675, 116.28, 103.53], dtype=np.float32)
_GATE_SSIM, _GATE_LPIPS = 0.6, 0.3

DILATION = 0.08
"""How far the neighbourhood of a silhouette reaches, as a part of its bounding box's diagonal (protocol.md, `strict`)."""


@dataclass(frozen=True)
class Locality:
    """How alike two images are outside the edited object; `lpips` is None where it was not asked for.

    Attributes:
        ssim: -1..1, 1 for equal images.
        lpips: 0 for equal images.
        mse: mean squared difference of 0..255 values.
    """

    ssim: float
    lpips: float | None
    mse: float


def paper_locality(
    source: Any,
    edited: Any,
    origin_detections: Sequence[Record],
    edited_detections: Sequence[Record],
    edit: Record,
    lpips: Lpips | None,
) -> Locality:
    """Likeness outside the edited object, as the released evaluator has it (protocol.md, "`paper`: Edit Locality").

    Quirks that are kept: the image is judged on the top-left part of its 896-pixel enlargement, the padding is the mean colour,
    channels are BGR, detections are in the detector frame, the *last* new detection is taken for the edited object, and SSIM's data
    range is the span of the *edited* image.

    Args:
        source: PIL image or (H, W, 3) uint8, RGB.
        edited: the same; resized to the source's size when it has another.
        origin_detections: mappings with `bbox_3d` and `bbox_2d` (detector frame) of the source image.
        edited_detections: the same of the edited image.
        edit: `original_bbox_3d`, `rotation_matrix`, `camera_intrinsics`.
        lpips: from `load_lpips`; None leaves LPIPS out.

    Returns:
        Where the two boxes cover the whole image, SSIM and MSE are NaN and LPIPS is 0, a quirk too: as a weighted mean it is divided
        by a weight that is at least a millionth.
    """
    source_image, edited_image = as_rgb(source), as_rgb(edited)
    if edited_image.size != source_image.size:
        edited_image = edited_image.resize(source_image.size)
    a, b = paper_image(source_image), paper_image(edited_image)
    mask = paper_mask(a.shape[:2], origin_detections, edited_detections, edit)
    if not mask.any():
        return Locality(float("nan"), None if lpips is None else 0.0, float("nan"))
    similarity = masked_ssim(a, b, mask, data_range=float(b.max() - b.min()))
    difference = a - b
    mse = masked_mean(np.einsum("ijk,ijk->ij", difference, difference), mask) / 3.0
    distance = None
    if lpips is not None:
        distance = masked_mean(lpips.map(_paper_lpips_range(a), _paper_lpips_range(b)), mask)
    return Locality(similarity, distance, mse)


def paper_gate(ssim: float, lpips: float | None, real: bool) -> bool:
    """Whether an edit left enough of the image alone to be scored at all.

    Args:
        ssim: of `paper_locality`.
        lpips: of `paper_locality`; with None the gate looks at SSIM alone.
        real: GSI-Real passes on either number, synthetic data need both.
    """
    if lpips is None:
        return ssim > _GATE_SSIM
    if real:
        return ssim > _GATE_SSIM or lpips < _GATE_LPIPS
    return ssim > _GATE_SSIM and lpips < _GATE_LPIPS


def paper_image(image: Image.Image) -> NDArray[np.float32]:
    """(h, w, 3) float32 BGR, 0..255: what the released evaluator compares, h and w at most 896.

    The image is enlarged (or shrunk) to 896 pixels, cut to whole patches, padded, and then cut to its *original* size from the
    top-left corner. The released code normalises before the padding and undoes it afterwards; that leaves the mean colour there.
    """
    width, height = image.size
    factor = DETECTOR_SIDE_PX / max(width, height)
    size = int(width * factor + 0.5), int(height * factor + 0.5)
    top, left = size[1] % _PATCH_PX // 2, size[0] % _PATCH_PX // 2
    shape = min(height, DETECTOR_SIDE_PX), min(width, DETECTOR_SIDE_PX)
    rows, columns = min(size[1] // _PATCH_PX * _PATCH_PX, shape[0]), min(size[0] // _PATCH_PX * _PATCH_PX, shape[1])
    pixels = _resized_part(np.asarray(image)[:, :, ::-1], size, top + rows, left + columns)
    if (rows, columns) == shape:
        return np.ascontiguousarray(pixels[top : top + rows, left : left + columns])
    padded = np.empty((*shape, 3), dtype=np.float32)
    padded[:] = _MEAN_RGB[::-1]
    padded[:rows, :columns] = pixels[top : top + rows, left : left + columns]
    return padded


def paper_mask(
    shape: tuple[int, ...], origin_detections: Sequence[Record], edited_detections: Sequence[Record], edit: Record
) -> Mask:
    """(h, w) True outside the edited object's box before and after.

    Quirks: after, it is the last new detection's; and of a box that ends left of or above the image, that end is counted from the
    opposite side, as negative indices are.
    """
    mask = np.ones(shape, dtype=bool)
    for box in (origin_bbox_2d(edit, origin_detections), _last_new_bbox_2d(edited_detections, edit)):
        if box is not None:
            x1, y1, x2, y2 = (
                int(v) for v in (max(0, box[0]), max(0, box[1]), min(shape[1], box[2]), min(shape[0], box[3]))
            )
            mask[y1:y2, x1:x2] = False
    return mask


def strict_locality(reference: Any, edited: Any, changed: Mask, lpips: Lpips | None) -> Locality:
    """Likeness at native size, RGB, Gaussian SSIM, outside `changed` (protocol.md, `strict`).

    What lies inside takes no part at all: it is made equal in both images, for else SSIM's window and the network's much larger one
    would carry it across the border.

    Args:
        reference: PIL image or (H, W, 3) uint8, RGB.
        edited: the same; resized when it has another size.
        changed: (H, W) True where the edit may change the image, dilated already.
        lpips: from `load_lpips`; None leaves LPIPS out.

    Returns:
        NaN in every part where `changed` covers the whole image.
    """
    reference_image, edited_image = as_rgb(reference), as_rgb(edited)
    if edited_image.size != reference_image.size:
        edited_image = edited_image.resize(reference_image.size)
    a, b = np.asarray(reference_image), np.asarray(edited_image)
    kept = ~changed
    if not kept.any():
        return Locality(float("nan"), None if lpips is None else float("nan"), float("nan"))
    b = np.where(changed[:, :, None], a, b)
    similarity = ssim_map(a, b, data_range=255.0, window="gaussian")[kept].mean()
    mse = np.square(a[kept].astype(np.float64) - b[kept]).mean()
    distance = None
    if lpips is not None:
        from gsi_bench_hf.metrics.lpips import to_lpips_range

        distance = float(lpips.map(to_lpips_range(a), to_lpips_range(b))[kept].mean(dtype=np.float64))
    return Locality(float(similarity), distance, float(mse))


def strict_el(locality: Locality) -> float:
    """0..1: SSIM, and the mean of SSIM and 1 − LPIPS where LPIPS was measured."""
    value = locality.ssim if locality.lpips is None else (locality.ssim + 1.0 - locality.lpips) / 2.0
    return float(np.clip(value, 0.0, 1.0))


def dilate(silhouette: Mask, part: float = DILATION) -> Mask:
    """(H, W) the silhouette and all pixels nearer to it than `part` of its bounding box's diagonal."""
    import cv2

    rows, columns = np.flatnonzero(silhouette.any(axis=1)), np.flatnonzero(silhouette.any(axis=0))
    if len(rows) == 0:
        return silhouette
    radius_px = part * np.hypot(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
    distance_px = cv2.distanceTransform((~silhouette).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance_px <= radius_px)


def fill_box(mask: Mask, bbox_2d: ArrayLike, value: bool) -> None:
    """Set the pixels of a box (x1, y1, x2, y2), clipped to the mask and truncated to integers, in place."""
    height, width = mask.shape
    box = np.clip(np.asarray(bbox_2d, dtype=np.float64), 0, [width, height, width, height]).astype(int)
    mask[box[1] : box[3], box[0] : box[2]] = value


def as_rgb(image: Any) -> Image.Image:
    """A PIL image in RGB from a PIL image or an (H, W, 3) uint8 array."""
    return image.convert("RGB") if isinstance(image, Image.Image) else Image.fromarray(np.asarray(image)).convert("RGB")


def _last_new_bbox_2d(edited_detections: Sequence[Record], edit: Record) -> Any:
    original = edit.get("original_bbox_3d")
    if original is None:
        return None
    projected = project_box(original, edit["rotation_matrix"], edit["camera_intrinsics"])
    for detection in reversed(edited_detections):
        if not same(detection["bbox_3d"], original, 0.1) and not same(detection["bbox_2d"], projected, 100.0):
            return detection["bbox_2d"]
    return None


def _resized_part(pixels: NDArray[np.uint8], size: tuple[int, int], rows: int, columns: int) -> NDArray[np.float32]:
    """At least the first `rows` and `columns` of `pixels` (H, W, 3) resized to `size` (width, height)."""
    height, width = pixels.shape[:2]
    if size[0] >= width and size[1] >= height:
        import cv2

        # There is nothing to antialias in an enlargement, and OpenCV's plain bilinear filter is the same and ten times faster.
        # A pixel takes from its two neighbours only, so what lies beyond the part that is asked for can stay away.
        factors = size[0] / width, size[1] / height
        used = pixels[: int(rows / factors[1]) + 3, : int(columns / factors[0]) + 3].astype(np.float32)
        if used.shape[:2] == (height, width):
            return np.asarray(cv2.resize(used, size, interpolation=cv2.INTER_LINEAR))
        return np.asarray(cv2.resize(used, None, fx=factors[0], fy=factors[1], interpolation=cv2.INTER_LINEAR))
    # Pillow's filter on float channels is the antialiased bilinear one that torch took over from it.
    channels = [Image.fromarray(pixels[:, :, i].astype(np.float32)) for i in range(3)]
    return np.stack([np.asarray(c.resize(size, Image.Resampling.BILINEAR)) for c in channels], axis=-1)


def _paper_lpips_range(image: NDArray[np.float32]) -> NDArray[np.float32]:
    # A quirk: what has no value above 1 is taken to be scaled already.
    scaled = image / np.float32(255.0) if image.max() > 1.0 else image.copy()
    scaled *= np.float32(2.0)
    scaled -= np.float32(1.0)
    return np.asarray(scaled)
