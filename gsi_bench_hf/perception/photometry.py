"""Colour, blur and noise between an edited image and a render of the known scene: what differs without anything having moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.types import UnscorableError

Float32 = NDArray[np.float32]
Float = NDArray[np.float64]

SMOOTH_PX = 0.8
"""Sigma under which pictures are compared: takes off most of the noise, and makes edges something a step can follow."""
_BLURS_PX = (0.0, 0.6, 1.0, 1.4, 2.0)
_LEAST_TOLERANCE, _MOST_TOLERANCE = 0.035, 0.12
_FLAT = 2.0 / 255.0


@dataclass(frozen=True, eq=False)
class Look:
    """How the edited image shows the same things otherwise than a render does.

    Attributes:
        gain, offset: (3,) per channel; image = gain · blurred render + offset.
        blur_px: sigma of the blur.
        noise: standard deviation of what is left under `SMOOTH_PX`, a channel, 0..1.
    """

    gain: Float32
    offset: Float32
    blur_px: float
    noise: float

    def of(self, rgb: NDArray[Any], scale: float = 1.0) -> Float32:
        """(H, W, 3) float32 0..1 that the edited image would show for a render; `scale` is the render's size over the image's."""
        picture = rgb.astype(np.float32) / np.float32(255.0) if rgb.dtype == np.uint8 else rgb
        return blurred(picture, self.blur_px * scale) * self.gain + self.offset

    @property
    def tolerance(self) -> float:
        """Difference of colour (norm over channels) at which a pixel counts as half explained."""
        return float(np.clip(5.0 * self.noise, _LEAST_TOLERANCE, _MOST_TOLERANCE))

    @property
    def is_clean(self) -> bool:
        """Whether the image has so little noise that the tolerance is at its least."""
        return self.tolerance <= _LEAST_TOLERANCE


def as_float(edited: Image.Image, size: tuple[int, int]) -> Float32:
    """(H, W, 3) float32 0..1 of an image, resized to `size` (width, height).

    Raises:
        UnscorableError: the image is of one colour, empty or not finite, so there is nothing to look at.
    """
    raw = np.asarray(edited)
    if raw.size == 0 or not np.isfinite(raw).all():
        raise UnscorableError("the edited image has no pixels or values that are not finite")
    image = edited.convert("RGB")
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(image, dtype=np.float32) / np.float32(255.0)
    if float(np.ptp(pixels.reshape(-1, 3), axis=0).max()) < _FLAT:
        raise UnscorableError("the edited image is all of one colour")
    return pixels


def blurred(picture: Float32, sigma_px: float) -> Float32:
    """The picture under a Gaussian of that sigma; itself where the sigma is next to nothing."""
    if sigma_px < 0.2:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px))


def fit_look(image: Float32, source: NDArray[np.uint8]) -> Look:
    """How `image` shows the scene of `source`, from the pixels that agree; robust against half of the image having changed.

    Args:
        image: (H, W, 3) 0..1.
        source: (H, W, 3) the source image.
    """
    reference = source.astype(np.float32) / np.float32(255.0)
    blur_px = 0.0
    for _ in range(2):  # the blur takes contrast from fine texture, which isn't the gain's doing
        gain, offset, kept = _fit_colour(image, blurred(reference, blur_px))
        blur_px = _fit_blur(image, reference * gain + offset, kept)
        if blur_px == 0.0:
            break
    apart = blurred(image - (blurred(reference, blur_px) * gain + offset), SMOOTH_PX)
    noise = 1.4826 * float(np.median(np.abs(apart[kept])))
    return Look(gain, offset, blur_px, noise)


def _fit_blur(image: Float32, reference: Float32, kept: NDArray[np.bool_]) -> float:
    # The middle half of the picture tells it as well as the whole; its first and last rows lack neighbours for the blur.
    quarter, seam = len(image) // 4, 6
    middle, inner = slice(quarter - seam, len(image) - quarter + seam), slice(seam, -seam)
    image, reference, kept = image[middle], reference[middle], kept[middle][inner]
    if not kept.any():
        return 0.0
    apart = (image[inner] - blurred(reference, sigma)[inner] for sigma in _BLURS_PX)
    errors = [float(np.mean(np.square(difference[kept]))) for difference in apart]
    return _BLURS_PX[int(np.argmin(errors))]


def _fit_colour(image: Float32, reference: Float32) -> tuple[Float32, Float32, NDArray[np.bool_]]:
    small = (reference.shape[1] // 4, reference.shape[0] // 4)
    a = cv2.resize(reference, small, interpolation=cv2.INTER_AREA).reshape(-1, 3)
    b = cv2.resize(image, small, interpolation=cv2.INTER_AREA).reshape(-1, 3)
    gain, offset = np.ones(3, np.float32), np.zeros(3, np.float32)
    apart = np.linalg.norm(b - a, axis=1)
    for _ in range(8):
        # About the better half: the fit must not lean towards what has changed.
        kept = apart <= max(1.2 * float(np.median(apart)), 0.01)
        for channel in range(3):
            gain[channel], offset[channel] = _line(a[kept, channel], b[kept, channel])
        apart = np.linalg.norm(b - (a * gain + offset), axis=1)
    kept = apart <= max(2.5 * 1.4826 * float(np.median(apart)), 0.01)
    mask = cv2.resize(kept.reshape(small[1], small[0]).astype(np.uint8), (image.shape[1], image.shape[0]))
    return gain, offset, np.asarray(mask > 0)


def _line(x: Float32, y: Float32) -> tuple[float, float]:
    """Slope and offset of y over x, held to what a camera or a codec does: a picture of another thing is not explained away."""
    spread = float(np.var(x))
    slope = float(np.mean((x - x.mean()) * (y - y.mean()))) / spread if spread > 1e-4 else 1.0
    slope = float(np.clip(slope, 0.75, 1.33))
    return slope, float(np.clip(y.mean() - slope * x.mean(), -0.15, 0.15))


def unexplained(image: Float32, picture: Float32, tolerance: float) -> Float32:
    """(H, W) 0..1 how badly `picture` explains each pixel: r² / (r² + tolerance²) (Geman and McClure, 1987)."""
    apart = image - picture
    squared = np.einsum("hwc,hwc->hw", apart, apart)
    return np.asarray(squared / (squared + np.float32(tolerance * tolerance)), dtype=np.float32)
