"""A record as it would be had its image been cut smaller, and what was found there back in the whole image.

Cutting changes pixels, not the camera: what is in metres stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.types import Camera, Detection, Sample, Scan, as_image

_KEY = "crop"


@dataclass(frozen=True)
class Window:
    """A part of an image, in pixels: left and top edge, width and height."""

    left: int
    top: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom, as PIL wants them."""
        return self.left, self.top, self.left + self.width, self.top + self.height

    def cut(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        """The part of an image, which is first brought to `size` (width, height)."""
        image = image.convert("RGB")
        return (image if image.size == size else image.resize(size)).crop(self.corners)


def random_window(size: tuple[int, int], jitter: float, *, rng: np.random.Generator) -> Window:
    """A window that leaves out up to `jitter` of an image of `size` (width, height) on each side."""
    width, height = size
    left, right = rng.integers(0, int(jitter * width) + 1, size=2)
    top, bottom = rng.integers(0, int(jitter * height) + 1, size=2)
    return Window(int(left), int(top), int(width - left - right), int(height - top - bottom))


def cropped(sample: Sample, window: Window) -> Sample:
    """The record of the source image cut to a window. It has no scene: a scene would be rendered whole."""
    camera = sample.camera
    size = (camera.width, camera.height)
    row = dict(sample.row)
    target = dict(row["target"])
    mask = as_image(target.get("mask"))
    target["mask"] = None if mask is None else mask.crop(window.corners)
    row |= dict.fromkeys(("target_image", "segmentation", "target_segmentation", "depth", "scene"))
    row |= {
        "source_image": window.cut(sample.source_image, size),
        "target": target,
        "camera": {
            **row["camera"],
            "intrinsics": _shifted(camera.intrinsics, window).tolist(),
            "width": window.width,
            "height": window.height,
        },
        "objects": None,
        "target_objects": None,
        _KEY: {
            "camera": row["camera"],
            "left": window.left,
            "top": window.top,
            "labels": object_labels(sample),
        },
    }
    return Sample(row)


def is_crop(sample: Sample) -> bool:
    """Whether a record is one of `cropped`."""
    return _KEY in sample.row


def whole_camera(sample: Sample) -> Camera:
    """The camera of the image that a record was cut from; its own where it was not cut."""
    return Sample({"camera": sample.row[_KEY]["camera"]}).camera if is_crop(sample) else sample.camera


def object_labels(sample: Sample) -> list[str]:
    """What the record calls the objects of its image, or of the image that it was cut from."""
    if is_crop(sample):
        return list(sample.row[_KEY].get("labels", []))
    return [o.label for o in sample.objects]


def crop_offset_px(sample: Sample) -> NDArray[np.float64]:
    """(2,) where the record's image begins in the one that it was cut from; zeros where it was not cut."""
    crop: Mapping[str, Any] = sample.row.get(_KEY) or {}
    return np.array([crop.get("left", 0), crop.get("top", 0)], dtype=np.float64)


def uncropped(scan: Scan, window: Window, size: tuple[int, int]) -> Scan:
    """A scan of a cropped record in the pixels of the whole image of `size` (width, height)."""
    origin = {id(d): _moved(d, window) for d in scan.origin}
    edited = {id(d): _moved(d, window) for d in scan.edited}
    silhouette = scan.silhouette
    if silhouette is not None:
        whole = np.zeros(size[::-1], dtype=bool)
        whole[window.top : window.top + window.height, window.left : window.left + window.width] = silhouette
        silhouette = whole
    return replace(
        scan,
        origin=tuple(origin.values()),
        edited=tuple(edited.values()),
        target=None if scan.target is None else edited.get(id(scan.target), _moved(scan.target, window)),
        source_target=None if scan.source_target is None else origin[id(scan.source_target)],
        silhouette=silhouette,
    )


def _shifted(intrinsics: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    changed = intrinsics.copy()
    changed[:2, 2] -= (window.left, window.top)
    return changed


def _moved(detection: Detection, window: Window) -> Detection:
    return replace(detection, bbox_2d=detection.bbox_2d + np.array([window.left, window.top] * 2))
