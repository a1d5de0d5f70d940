import numpy as np
import pytest
from skimage.metrics import structural_similarity

from gsi_bench_hf.metrics.ssim import masked_mean, masked_ssim, ssim, ssim_map

SETTINGS = {"uniform": {}, "gaussian": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}}


def images(shape=(40, 53, 3), seed=0):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 256, shape).astype(np.float64)
    return a, np.clip(a + rng.normal(0, 30, shape), 0, 255)


@pytest.mark.parametrize("window", ["uniform", "gaussian"])
@pytest.mark.parametrize("shape", [(40, 53, 3), (64, 11), (7 + 4, 90, 1)])
def test_agrees_with_scikit_image(window, shape):
    a, b = images(shape)
    channel_axis = 2 if len(shape) == 3 else None
    mean, full = structural_similarity(a, b, data_range=255.0, channel_axis=channel_axis, full=True, **SETTINGS[window])
    assert np.abs(ssim_map(a, b, data_range=255.0, window=window) - full).max() < 1e-9
    assert ssim(a, b, data_range=255.0, window=window) == pytest.approx(mean, abs=1e-9)


def test_single_precision_stays_single_and_close():
    a, b = images()
    single = ssim_map(a.astype(np.float32), b.astype(np.float32), data_range=255.0)
    assert single.dtype == np.float32
    assert np.abs(single - ssim_map(a, b, data_range=255.0)).max() < 1e-4


@pytest.mark.parametrize("window", ["uniform", "gaussian"])
def test_the_masked_mean_is_that_of_the_map(window):
    a, b = images()
    mask = np.random.default_rng(1).random(a.shape[:2]) < 0.3
    expected = ssim_map(a, b, data_range=255.0, window=window)[mask].mean()
    assert masked_ssim(a, b, mask, data_range=255.0, window=window) == pytest.approx(expected, abs=1e-12)
    assert masked_mean(a[..., 0].copy(), mask) == pytest.approx(a[..., 0][mask].mean(), rel=1e-12)
    assert np.isnan(masked_ssim(a * 0, b * 0, mask, data_range=0.0, window=window))


def test_two_flat_images_by_hand():
    # No variance: (2·50·100 + C1) / (50² + 100² + C1) with C1 = (0.01·255)² = 6.5025: 10006.5025 / 12506.5025 = 0.800104.
    a, b = np.full((20, 20), 50, np.uint8), np.full((20, 20), 100, np.uint8)
    assert ssim_map(a, b, data_range=255.0) == pytest.approx(np.full((20, 20), 0.8001040), abs=1e-7)


@pytest.mark.parametrize("window", ["uniform", "gaussian"])
def test_property_equal_images_are_one_and_order_does_not_matter(window):
    a, b = images()
    assert ssim_map(a, a, data_range=255.0, window=window) == pytest.approx(np.ones(a.shape), abs=1e-9)
    forth, back = (ssim_map(*pair, data_range=255.0, window=window) for pair in ((a, b), (b, a)))
    assert forth == pytest.approx(back, abs=1e-12)
    assert forth.max() < 1.0 + 1e-12


def test_unequal_or_small_images_are_refused():
    with pytest.raises(ValueError, match=r"shapes \(9, 9\) and \(9, 8\), expected equal shapes"):
        ssim_map(np.zeros((9, 9)), np.zeros((9, 8)), data_range=1.0)
    with pytest.raises(ValueError, match=r"at least 11×11 pixels"):
        ssim_map(np.zeros((9, 9)), np.zeros((9, 9)), data_range=1.0, window="gaussian")
