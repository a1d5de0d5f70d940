"""The coarse half of the pose search: which turn and size of the target, moved where, explains most of what the background doesn't.

Around a few places the target is rendered in several turns and sizes; each render is slid over the image. The gain of a placement is
the squared error that the background leaves there, less the error that the render leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.perception.known_scene import KnownScene, Pose
from gsi_bench_hf.perception.photometry import Look

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

LOG_SCALES = tuple(float(v) for v in np.log([0.5, 0.72, 1.0, 1.42, 2.0]))
DIM = (0.3, 1.1)
"""How much darker or brighter the target may be in the image than in a draft without shadows."""


_SAME_SURFACE_M = 0.005


@dataclass(frozen=True)
class Candidate:
    """A pose and the gain it promises: squared colour difference, summed over pixels of the full image size."""

    pose: Pose
    gain: float


def yaw_starts(symmetry: int, steps: int = 8) -> Float:
    """Turns to try, radians: spread over what the symmetry leaves distinct, a whole turn for 1, one value for 0."""
    if symmetry == 0:
        return np.zeros(1)
    count = max(3, round(steps / symmetry**0.5)) if symmetry > 1 else steps
    return np.arange(count) * (2.0 * np.pi / symmetry / count)


class CoarseSearch:
    """Slides renders of the target over the edited image.

    Args:
        known: the scene.
        look: of the edited image.
        image: (H, W, 3) the edited image 0..1 at the search's size.
        background: (H, W, 3) what it would show without the target, same size.
        weight: (H, W) 0..1 how much each pixel matters; 0 where something else explains it.
    """

    def __init__(
        self, known: KnownScene, look: Look, image: Float32, background: Float32, weight: Float32 | None = None
    ) -> None:
        self._known, self._look, self._image = known, look, image
        self._camera = known.level_camera(image.shape[1])
        self._scale = image.shape[1] / known.camera.width
        apart = image - background
        self._left = np.einsum("hwc,hwc->hw", apart, apart)
        self._weight = np.ones(self._left.shape, np.float32) if weight is None else weight

    def around(self, poses: Iterable[Pose], yaws: Float, log_scales: Sequence[float]) -> list[Candidate]:
        """The best shift of each turn and size near each place, most gain first.

        Args:
            poses: places; their own yaw and scale are left out.
            yaws: turns to try, radians.
            log_scales: sizes to try.
        """
        found = []
        for place in poses:
            for yaw_rad in yaws:
                for log_scale in log_scales:
                    found += self._best_shifts(Pose(place.x_m, place.y_m, float(yaw_rad), log_scale, place.rise_m))
        return sorted(found, key=lambda candidate: -candidate.gain)

    def _best_shifts(self, pose: Pose) -> list[Candidate]:
        """The best shift; in a room also the next one, for a draft darkened as a whole may explain a shadow beside the thing."""
        window = self._known.window(pose, self._camera, 0.0)
        if window.empty:
            return []
        glimpse = self._known.draft(pose, self._camera, window)
        area = int(glimpse.mask.sum())
        if area < 12:
            return []
        rows, columns = glimpse.mask.shape
        reach = max(6, (rows + columns) // 3)
        top, left = max(0, window.top - reach), max(0, window.left - reach)
        part = (slice(top, window.bottom + reach), slice(left, window.right + reach))
        mask = glimpse.mask.astype(np.float32)
        gains = self._gains(part, self._look.of(glimpse.rgb), mask)
        found = []
        for _ in range(2 if self._known.is_room else 1):
            v, u = (int(i) for i in np.unravel_index(int(np.argmax(gains)), gains.shape))
            moved = self._known.shifted(
                pose, (u + left - window.left) / self._scale, (v + top - window.top) / self._scale
            )
            if moved is not None:
                found.append(Candidate(moved, float(gains[v, u]) / self._scale**2))
            gains[max(0, v - rows // 4) : v + rows // 4 + 1, max(0, u - columns // 4) : u + columns // 4 + 1] = -np.inf
        return found

    def _gains(self, part: tuple[slice, slice], template: Float32, mask: Float32) -> Float32:
        """Gain at every shift: Σ over the mask of weight · (error of the background − error of the render)."""
        weight, image = self._weight[part], self._image[part]
        left = cv2.matchTemplate(weight * self._left[part], mask, cv2.TM_CCORR)
        squares = cv2.matchTemplate(weight * np.einsum("hwc,hwc->hw", image, image), mask, cv2.TM_CCORR)
        cross = cv2.matchTemplate(
            np.ascontiguousarray(image * weight[..., None]),
            np.ascontiguousarray(template * mask[..., None]),
            cv2.TM_CCORR,
        )
        own = cv2.matchTemplate(weight, mask * np.einsum("hwc,hwc->hw", template, template), cv2.TM_CCORR)
        # A draft has no shadows on the target; let it be darker as a whole.
        dim = np.clip(cross / np.maximum(own, 1e-6), *DIM)
        return np.asarray(left - (squares - 2.0 * dim * cross + dim * dim * own))


def distinct(candidates: Iterable[Candidate], count: int, known: KnownScene, symmetry: int) -> list[Candidate]:
    """The first `count` candidates that differ by more than a refinement would close: place, turn or size."""
    kept: list[Candidate] = []
    reach_m = 0.35 * float(known.target.size_m[:2].max()) * known.target.scale
    for candidate in candidates:
        if all(_apart(candidate.pose, other.pose, reach_m, symmetry) for other in kept):
            kept.append(candidate)
        if len(kept) == count:
            break
    return kept


def _apart(a: Pose, b: Pose, reach_m: float, symmetry: int) -> bool:
    turn = abs(turn_between(a.yaw_rad, b.yaw_rad, symmetry))
    return bool(
        np.hypot(a.x_m - b.x_m, a.y_m - b.y_m) > reach_m
        or turn > np.deg2rad(30.0)
        or abs(a.log_scale - b.log_scale) > 0.4
        or abs(a.rise_m - b.rise_m) > _SAME_SURFACE_M
    )


def turn_between(a_rad: float, b_rad: float, symmetry: int) -> float:
    """Signed smallest turn from `a` to `b` that tells them apart under the symmetry; 0 where any turn looks the same."""
    if symmetry == 0:
        return 0.0
    period = 2.0 * np.pi / symmetry
    return float((b_rad - a_rad + period / 2.0) % period - period / 2.0)
