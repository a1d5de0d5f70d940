"""The objects that the edit was not about: still there, lost, or new."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.perception.changes import Region, regions, thickness_px
from gsi_bench_hf.perception.known_scene import KnownScene
from gsi_bench_hf.perception.photometry import Look

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_SIZE_PX = 128
_LOST_BELOW = 0.4
_NEW_FROM = 0.35
"""Of the median object's silhouette: what is smaller and unexplained is no object."""
_NEW_COLOUR = 0.12
"""Mean colour difference from which a region is a thing and not a smear or a shadow."""


@dataclass(frozen=True)
class Others:
    """Ids of the objects that are gone, and how many there are that the source didn't have."""

    lost: tuple[str, ...]
    added: int


def count_others(
    known: KnownScene,
    look: Look,
    image: Float32,
    picture: Float32,
    labels: NDArray[np.int32],
    hidden: Bool,
    target_mask: Bool,
    doubled: bool,
) -> Others:
    """Compare the image with the render that explains it best; small shifts (4 px of 512) are forgiven.

    Args:
        known: the scene.
        look: of the image.
        image: (H, W, 3) the edited image.
        picture: (H, W, 3) the render: the scene with the target where it was found.
        labels: (H, W) the source's segmentation.
        hidden: (H, W) the found target's silhouette.
        target_mask: (H, W) the target's silhouette in the source.
        doubled: whether the target is known to be in the image a second time, at its source place.
    """
    ratio = _SIZE_PX / image.shape[1]
    size = (_SIZE_PX, round(image.shape[0] * ratio))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    shown = look.of(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), ratio)
    apart = _least_difference(small, shown)
    bad = np.square(apart) / (np.square(apart) + np.float32(min(2.0 * look.tolerance, 0.15) ** 2))
    number = cv2.resize(labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    covered = _resized(hidden, size)
    lost = []
    for i, item in enumerate(known.scene.objects, start=1):
        mask = (number == i) & ~covered
        if item.instance_id != known.target.instance_id and mask.sum() >= 6 and 1.0 - bad[mask].mean() < _LOST_BELOW:
            lost.append((item.instance_id, mask))
    excused = covered | np.any([mask for _, mask in lost], axis=0) if lost else covered
    if doubled:
        excused = excused | _resized(target_mask, size)
    areas = [float((number == i).sum()) for i in range(1, len(known.scene.objects) + 1)]
    least_px = max(12.0, _NEW_FROM * float(np.median([a for a in areas if a > 0] or [12.0])))
    grown = cv2.dilate(excused.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    new = [r for r in regions((bad > 0.5) & ~grown, least_px) if _is_thing(r, apart, small, shown)]
    return Others(tuple(name for name, _ in lost), len(new) + int(doubled))


def _resized(mask: Bool, size: tuple[int, int]) -> Bool:
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5)


def _least_difference(image: Float32, picture: Float32) -> Float32:
    """(h, w) colour difference, the least over shifts by a pixel."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows, columns = image.shape[:2]
    shifted = (padded[v : v + rows, u : u + columns] for v in range(3) for u in range(3))
    return np.asarray(np.min([np.linalg.norm(image - other, axis=-1) for other in shifted], axis=0), dtype=np.float32)


def _is_thing(region: Region, apart: Float32, image: Float32, picture: Float32) -> bool:
    """Whether an unexplained region is an object: thick, of another colour, and not what was there only darker or brighter."""
    if thickness_px(region.mask) < 2.0 or float(apart[region.mask].mean()) < _NEW_COLOUR:
        return False
    here, there = image[region.mask] + 0.02, picture[region.mask] + 0.02
    ratio = here.mean(axis=1, keepdims=True) / there.mean(axis=1, keepdims=True)
    return float(np.linalg.norm(here - ratio * there, axis=1).mean()) > 0.04
