"""Structural similarity (Wang et al. 2004) as a map, with the two windows that the protocols ask for."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Window = Literal["uniform", "gaussian"]

_UNIFORM_SIZE = 7
_GAUSSIAN_SIGMA = 1.5
_GAUSSIAN_SIZE = 11  # scikit-image cuts the Gaussian off at 3.5 sigma: five pixels to either side
_K1, _K2 = 0.01, 0.03


def ssim_map(
    image_a: NDArray[Any], image_b: NDArray[Any], *, data_range: float, window: Window = "uniform"
) -> NDArray[Any]:
    """Similarity of every pixel's surroundings, equal to the full map of scikit-image's `structural_similarity`.

    Args:
        image_a: (H, W) or (H, W, C), any number type. float32 is worked in float32, everything else in float64.
        image_b: the same shape.
        data_range: span of the values, 255 for 8-bit images.
        window: "uniform" is scikit-image's default (7×7, sample covariance), used by the `paper` protocol;
            "gaussian" (σ 1.5, 11×11, population covariance) is the one of Wang et al., used by `strict`.

    Returns:
        The input's shape; -1..1. NaN where both images are flat and `data_range` is 0, as scikit-image has it.

    Raises:
        ValueError: for shapes that differ, or images smaller than the window.
    """
    a, b = _same_type(image_a, image_b)
    _check(a, b, window)
    if a.ndim == 2:
        return _plane(a, b, data_range, window)
    # Channel by channel: three planes fit the processor's cache where the whole image does not.
    planes = np.ascontiguousarray(np.moveaxis(a, 2, 0)), np.ascontiguousarray(np.moveaxis(b, 2, 0))
    return np.stack([_plane(one, other, data_range, window) for one, other in zip(*planes, strict=True)], axis=2)


def ssim(image_a: NDArray[Any], image_b: NDArray[Any], *, data_range: float, window: Window = "uniform") -> float:
    """Mean of `ssim_map` over all pixels whose window lies inside the image (scikit-image's mean), -1..1.

    Args and Raises: as `ssim_map`.
    """
    border = (_UNIFORM_SIZE if window == "uniform" else _GAUSSIAN_SIZE) // 2
    full = ssim_map(image_a, image_b, data_range=data_range, window=window)
    return float(full[border:-border, border:-border].mean(dtype=np.float64))


def masked_ssim(
    image_a: NDArray[Any],
    image_b: NDArray[Any],
    mask: NDArray[np.bool_],
    *,
    data_range: float,
    window: Window = "uniform",
) -> float:
    """Mean of `ssim_map` over the pixels of `mask` (H, W) and the channels, plane by plane. NaN where one of them is.

    Args and Raises: as `ssim_map`; the mask has at least one pixel.
    """
    a, b = _same_type(image_a, image_b)
    _check(a, b, window)
    means = []
    for channel in range(a.shape[2]):
        one, other = (np.ascontiguousarray(image[..., channel]) for image in (a, b))
        means.append(masked_mean(_plane(one, other, data_range, window), mask))
    return float(np.mean(means))


def masked_mean(values: NDArray[Any], mask: NDArray[np.bool_]) -> float:
    """Mean of (H, W) `values`, summed up in double precision, over the True pixels of `mask`, of which there is at least one."""
    return float(values[mask].mean(dtype=np.float64))


def _plane(a: NDArray[Any], b: NDArray[Any], data_range: float, window: Window) -> NDArray[Any]:
    """SSIM of two (H, W) planes: (2 μa μb + c1)(2 σab + c2) / ((μa² + μb² + c1)(σa² + σb² + c2)), in place where it can be."""
    sample = 1.0 if window == "gaussian" else _UNIFORM_SIZE**2 / (_UNIFORM_SIZE**2 - 1)
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    mean_a, mean_b = _blur(a, window), _blur(b, window)
    powers = a * a
    powers += b * b
    variances = _blur(powers, window)  # of both, which only their sum is needed of
    covariances = _blur(a * b, window)
    products = mean_a * mean_b
    covariances -= products
    covariances *= 2.0 * sample
    covariances += c2
    products *= 2.0
    products += c1
    squares = mean_a * mean_a
    squares += mean_b * mean_b
    variances -= squares
    variances *= sample
    variances += c2
    squares += c1
    with np.errstate(invalid="ignore", divide="ignore"):
        covariances *= products
        variances *= squares
        covariances /= variances
    return covariances


def _same_type(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    dtype = np.float32 if a.dtype == b.dtype == np.float32 else np.float64
    return np.ascontiguousarray(a, dtype=dtype), np.ascontiguousarray(b, dtype=dtype)


def _check(a: NDArray[Any], b: NDArray[Any], window: Window) -> None:
    if a.shape != b.shape:
        raise ValueError(f"ssim: images have shapes {a.shape} and {b.shape}, expected equal shapes; resize one first")
    size = _UNIFORM_SIZE if window == "uniform" else _GAUSSIAN_SIZE
    if a.ndim not in (2, 3) or min(a.shape[:2]) < size:
        raise ValueError(
            f"ssim: image has shape {a.shape}, expected (H, W) or (H, W, C) of at least {size}×{size} pixels"
        )


def _blur(image: NDArray[Any], window: Window) -> NDArray[Any]:
    import cv2

    if window == "uniform":
        size = (_UNIFORM_SIZE, _UNIFORM_SIZE)
        return np.asarray(cv2.boxFilter(image, -1, size, borderType=cv2.BORDER_REFLECT))
    size = (_GAUSSIAN_SIZE, _GAUSSIAN_SIZE)
    return np.asarray(cv2.GaussianBlur(image, size, _GAUSSIAN_SIGMA, borderType=cv2.BORDER_REFLECT))
