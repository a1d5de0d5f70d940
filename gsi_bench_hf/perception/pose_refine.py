"""The fine half of the pose search: damped Gauss-Newton on the robust difference between the edited image and a render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.perception.known_scene import Glimpse, KnownScene, Pose, Window
from gsi_bench_hf.perception.photometry import SMOOTH_PX, Look, blurred, unexplained
from gsi_bench_hf.perception.pose_search import DIM
from gsi_bench_hf.synth.render import Quality

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

MIDDLE_LENIENCY = 2.5
"""Tolerances are so many times as large as they will be in the end while a pose is refined in light, before the last stage."""
_MARGIN = 0.22
_NEAR_EACH_OTHER = 3.0
"""Times the largest window that a window for all of them may be."""
_SHADES = (0.5, 1.7)
"""Factors of brightness within which a thing is the same, badly lit."""
_SAME_SLOPES_PX = 0.7
"""A step no longer than this leaves the slopes as they were, well enough: they cost more than a look does."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A pose and how it explains the image.

    Attributes:
        pose: the pose.
        relief: what explaining by this pose takes off the background's badness, summed over pixels of the full image size.
        share: badness taken off per pixel of the silhouette, −1..1: about 1 where the object stands out and is explained.
        area_px: visible silhouette, in pixels of the full image size.
    """

    pose: Pose
    relief: float
    share: float
    area_px: float

    @property
    def on_target(self) -> float:
        """The part of the relief that is on the target's silhouette."""
        return self.share * self.area_px

    @property
    def beside(self) -> float:
        """The part of the relief that is beside the target: the shadow that it throws, below 0 where none is to be seen."""
        return self.relief - self.on_target


@dataclass(frozen=True, eq=False)
class _Slopes:
    """How a picture changes with the pose.

    Attributes:
        window: of the picture.
        free: which of x, y, yaw, log scale change.
        units: (4,) the changes that `jacobian` is for.
        jacobian: (h, w, 3, len(free)) change of colour.
    """

    window: Window
    free: tuple[int, ...]
    units: Float
    jacobian: Float32


class Matcher:
    """Compares renders with the edited image at one size.

    Args:
        known: the scene.
        look: of the edited image.
        image: (H, W, 3) float32, the edited image, 0..1.
        background: (H, W, 3) float32, the scene without the target, rendered, same size.
        quality: of the renders that poses are judged by; slopes always come from drafts.

    Attributes:
        forgives_shadows: a shadow that a pose would throw speaks for it where it is seen, and not against it where it isn't.
    """

    def __init__(self, known: KnownScene, look: Look, image: Float32, background: Float32, *, quality: Quality) -> None:
        self.known, self.look, self.quality = known, look, quality
        self.full = quality != "draft"
        self.forgives_shadows = False
        self.camera = known.level_camera(image.shape[1])
        self.scale = image.shape[1] / known.camera.width
        self.background = background
        self._image = blurred(image, SMOOTH_PX)
        self._plain = blurred(look.of(background, self.scale), SMOOTH_PX)
        self._last: dict[tuple[Pose, Window, bool], Glimpse] = {}
        self.use(1.0)

    def use(self, leniency: float) -> None:
        """Count a difference as half explained at `leniency` times the look's tolerance; more than 1 reaches farther."""
        self.tolerance = leniency * self.look.tolerance
        self.badness = unexplained(self._image, self._plain, self.tolerance)

    def measure(self, pose: Pose, window: Window | None = None) -> Fit:
        """How well a pose explains the image, looked at in a window; None for the pose's own."""
        window = window or self.known.window(pose, self.camera, _MARGIN)
        if window.empty:
            return Fit(pose, 0.0, -1.0, 0.0)
        glimpse = self._glimpse(pose, window, full=self.full)
        apart = self._difference(glimpse)
        squared = np.einsum("hwc,hwc->hw", apart, apart)
        badness = squared / (squared + self.tolerance**2)
        gained = self.badness[window.slices] - badness
        area, on_target = float(glimpse.mask.sum()), float(gained[glimpse.mask].sum())
        share = on_target / area if area >= 4 else -1.0
        beside = float(gained.sum()) - on_target
        if self.forgives_shadows:
            beside = max(0.0, beside)
        return Fit(pose, (on_target + beside) / self.scale**2, share, area / self.scale**2)

    def likeness(self, pose: Pose, leniency: float) -> float:
        """Badness that the target takes off, per pixel of its silhouette, −1..1, drawn as bright or dark as it is in the image."""
        self.use(leniency)
        window = self.known.window(pose, self.camera, _MARGIN)
        glimpse = None if window.empty else self._glimpse(pose, window, full=self.full)
        if glimpse is None or glimpse.mask.sum() < 4:
            return -1.0
        mask, drawn = glimpse.mask, blurred(self.look.of(glimpse.rgb, self.scale), SMOOTH_PX)
        seen, drawn = self._image[window.slices][mask], drawn[mask]
        shade = float(np.median(seen.sum(axis=-1) / np.maximum(drawn.sum(axis=-1), 0.05)))
        apart = np.square(seen - np.clip(shade, *_SHADES) * drawn).sum(axis=-1)
        return float((self.badness[window.slices][mask] - apart / (apart + self.tolerance**2)).mean())

    def compared(self, poses: Sequence[Pose]) -> list[Fit]:
        """Poses near each other, measured in one window that holds them all: a larger one would explain more shadow."""
        windows = [self.known.window(pose, self.camera, _MARGIN) for pose in poses]
        corners = np.array([(w.left, w.top, w.right, w.bottom) for w in windows if not w.empty]).reshape(-1, 4)
        if not len(corners):
            return [self.measure(pose) for pose in poses]
        (left, top), (right, bottom) = corners[:, :2].min(axis=0).tolist(), corners[:, 2:].max(axis=0).tolist()
        largest = float(np.prod(corners[:, 2:] - corners[:, :2], axis=1).max())
        if (right - left) * (bottom - top) > _NEAR_EACH_OTHER * largest:
            return [self.measure(pose) for pose in poses]
        return [self.measure(pose, Window(left, top, right, bottom)) for pose in poses]

    def refine(self, pose: Pose, *, free: tuple[int, ...], iterations: int, leniencies: tuple[float, ...]) -> Fit:
        """Improve a pose.

        Args:
            pose: where to start.
            free: which of x, y, yaw, log scale may change.
            iterations: steps at most, for each leniency.
            leniencies: see `use`; one after the other, the last for the result.
        """
        for leniency in leniencies:
            self.use(leniency)
            fit = self._descend(pose, free, iterations)
            pose = fit.pose
        return fit

    def _descend(self, pose: Pose, free: tuple[int, ...], iterations: int) -> Fit:
        damping, best, slopes = 1e-3, self.measure(pose), None
        for _ in range(iterations):
            if slopes is None:
                slopes = self._slopes(best.pose, free)
            if slopes is None:
                break
            step = self._step(best.pose, slopes, damping)
            tried = self._along(best, step, slopes.window if self.full else None)
            if tried is best:
                damping *= 30.0
                if damping > 10.0:
                    break
                continue
            moved = np.abs(tried.pose.vector - best.pose.vector) / self._units(best.pose)
            gained = tried.relief - best.relief
            best, damping = tried, max(damping * 0.2, 1e-4)
            if (moved < 0.03).all() or gained < 2e-3 * best.relief:
                break
            if not self.full or (moved > _SAME_SLOPES_PX).any():
                slopes = None
        return best

    def _along(self, best: Fit, step: Float, window: Window | None) -> Fit:
        """The best of ever longer steps. Fine texture makes steps too short: beyond half its wavelength it pulls nowhere."""
        for length in (1.0, 2.5) if self.full else (1.0, 2.5, 6.0):
            tried = self.measure(best.pose.plus(length * step), window)
            if tried.relief <= best.relief:
                break
            best = tried
            if (np.abs(step) < 0.1 * self._units(best.pose)).all():
                break
        return best

    def _units(self, pose: Pose) -> Float:
        """(4,) a change of each number that shifts the picture by about a pixel."""
        box = self.known.box(pose)
        pixel_m = float(box.center_m[2]) / float(self.camera.intrinsics[0, 0])
        radius_m = max(float(box.extents_m.max()) / 2.0, 1e-3)
        return np.array([pixel_m, pixel_m, pixel_m / radius_m, pixel_m / radius_m])

    def _slopes(self, pose: Pose, free: tuple[int, ...]) -> _Slopes | None:
        """How the picture around a pose changes with each free number; None where the pose is out of the picture."""
        window = self.known.window(pose, self.camera, _MARGIN)
        if window.empty:
            return None
        units = self._units(pose)
        here = self._glimpse(pose, window, full=False)
        dim = self._dim(here)
        at_rest = self._composed(here, dim)
        slopes = []
        for index in free:
            nudge = np.eye(4)[index] * units
            ahead = self._composed(self._glimpse(pose.plus(nudge), window, full=False), dim)
            if self.full:
                behind = self._composed(self._glimpse(pose.plus(-nudge), window, full=False), dim)
                slopes.append((ahead - behind) / 2.0)
            else:  # good enough for the way there, at half the renders
                slopes.append(ahead - at_rest)
        return _Slopes(window, free, units, np.stack(slopes, axis=-1))

    def _step(self, pose: Pose, slopes: _Slopes, damping: float) -> Float:
        """(4,) the change of the pose that the damped normal equations ask for."""
        window, jacobian = slopes.window, slopes.jacobian
        residual = self._difference(self._glimpse(pose, window, full=self.full))
        squared = np.einsum("hwc,hwc->hw", residual, residual)
        tolerance2 = self.tolerance**2
        weight = (tolerance2 / (squared + tolerance2)) ** 2 * _inner(window, self.camera.width, self.camera.height)
        weighted = jacobian * weight[..., None, None]
        normal = np.einsum("hwci,hwcj->ij", weighted, jacobian).astype(np.float64)
        toward = np.einsum("hwci,hwc->i", weighted, residual).astype(np.float64)
        normal += np.diag(damping * np.diag(normal) + 1e-9)
        step = np.zeros(4)
        step[list(slopes.free)] = np.clip(np.linalg.solve(normal, toward), -6.0, 6.0)
        return step * slopes.units

    def _glimpse(self, pose: Pose, window: Window, *, full: bool) -> Glimpse:
        key = (pose, window, full)
        if key not in self._last:
            if len(self._last) > 16:
                self._last.clear()
            self._last[key] = (
                self.known.full(pose, self.camera, window, self.quality)
                if full
                else self.known.draft(pose, self.camera, window)
            )
        return self._last[key]

    def _dim(self, glimpse: Glimpse) -> float:
        """How much darker the target is in the image than in the draft: its shadows, as one factor."""
        if not glimpse.mask.any():
            return 1.0
        drawn = self.look.of(glimpse.rgb, 0.0)[glimpse.mask].sum(axis=-1)
        seen = self._image[glimpse.window.slices][glimpse.mask].sum(axis=-1)
        return float(np.clip(np.median(seen / np.maximum(drawn, 0.05)), *DIM))

    def _composed(self, glimpse: Glimpse, dim: float) -> Float32:
        """(h, w, 3) the picture of the window with the target in it, as the edited image would show it."""
        rgb = glimpse.rgb.astype(np.float32) * np.float32(dim / 255.0)
        rgb = np.where(glimpse.mask[..., None], rgb, self.background[glimpse.window.slices])
        return blurred(self.look.of(rgb, self.scale), SMOOTH_PX)

    def _difference(self, glimpse: Glimpse) -> Float32:
        """(h, w, 3) image − picture."""
        if self.full:
            picture = blurred(self.look.of(glimpse.rgb, self.scale), SMOOTH_PX)
        else:
            picture = self._composed(glimpse, self._dim(glimpse))
        return np.asarray(self._image[glimpse.window.slices] - picture)


def _inner(window: Window, width: int, height: int) -> Float32:
    """(h, w) 0 in a seam along those edges of the window that are not the image's: blur and contact shadows are cut off there."""
    weight = np.ones((window.bottom - window.top, window.right - window.left), np.float32)
    seam = 3
    if window.left > 0:
        weight[:, :seam] = 0.0
    if window.top > 0:
        weight[:seam] = 0.0
    if window.right < width:
        weight[:, -seam:] = 0.0
    if window.bottom < height:
        weight[-seam:] = 0.0
    return weight


def shrink(picture: Float32, width: int) -> Float32:
    """The picture at another width, by area."""
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)
