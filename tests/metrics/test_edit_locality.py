"""Locality under both protocols. The released evaluator's golden values are in tests/oracle."""

import math

import numpy as np
import pytest
from boxes import INTRINSICS, paper_edit, seen, vector
from PIL import Image

from gsi_bench_hf.metrics.edit_locality import (
    Locality,
    dilate,
    fill_box,
    paper_gate,
    paper_image,
    paper_locality,
    paper_mask,
    strict_el,
    strict_locality,
)
from gsi_bench_hf.metrics.ssim import ssim_map

MEAN_BGR = [103.53, 116.28, 123.675]


def texture(seed=0, size=(120, 80)):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def painted(image, x1, y1, x2, y2, color=(255, 0, 0)):
    pixels = np.asarray(image).copy()
    pixels[y1:y2, x1:x2] = color
    return Image.fromarray(pixels)


class Recorder:
    """An LPIPS that keeps what it is given, and finds the distance 0.25 everywhere."""

    def map(self, source, edited):
        self.source, self.edited = source, edited
        return np.full(source.shape[:2], 0.25, np.float32)


def test_quirk_the_image_is_judged_on_the_top_left_of_its_enlargement():
    # 448 px wide, doubled to 896 and cut to 448 again: only the left quarter of the area is looked at.
    image = Image.new("RGB", (448, 448), (10, 10, 10))
    lower_right = paper_image(painted(image, 240, 240, 448, 448))
    assert lower_right == pytest.approx(np.full((448, 448, 3), 10.0), abs=1e-3)
    assert paper_image(painted(image, 0, 0, 100, 100))[:190, :190] == pytest.approx(
        np.tile([0.0, 0, 255.0], (190, 190, 1)), abs=1e-3
    )


def test_quirk_channels_are_swapped():
    assert paper_image(Image.new("RGB", (28, 28), (10, 20, 30)))[5, 5] == pytest.approx([30.0, 20.0, 10.0], abs=1e-4)


def test_quirk_padding_is_the_mean_colour():
    # 1200×900 shrinks to 896×672 and is padded to 896×896; rows 672.. are the mean.
    processed = paper_image(Image.new("RGB", (1200, 900), (10, 20, 30)))
    assert processed.shape == (896, 896, 3)
    assert processed[672:] == pytest.approx(np.tile(MEAN_BGR, (224, 896, 1)), abs=1e-3)


def test_both_sides_are_cut_to_whole_patches_around_the_centre():
    # 512×768: 597.33 → 597 wide, cut to 588 = 42 · 14; 4 columns go on the left. A ramp of 1 a column shows it.
    ramp = np.repeat(np.repeat(np.arange(512)[None, :, None] / 4, 768, axis=0), 3, axis=2).astype(np.uint8)
    processed = paper_image(Image.fromarray(ramp))
    assert processed.shape == (768, 512, 3)
    # Column 104 of what is left is column 108 of 597: pixel (108.5 · 512 / 597 − 0.5) = 92.55 of the source, and 92 // 4 = 23.
    assert processed[300, 104] == pytest.approx(np.full(3, 23.0), abs=0.6)


def test_quirk_the_last_new_detection_is_masked():
    first, last = seen(vector(0.6)), seen(vector(-0.6))
    mask = paper_mask((512, 512), [seen(vector())], [first, last, seen(vector())], paper_edit(vector(0.6)))
    box = [int(v) for v in last["bbox_2d"]]
    assert not mask[box[1] : box[3], box[0] : box[2]].any()
    assert mask[256, int(first["bbox_2d"][0]) + 5]
    assert not mask[256, 256]


def test_nothing_detected_masks_nothing():
    assert paper_mask((64, 64), [], [], paper_edit(vector(0.6))).all()
    assert paper_mask((64, 64), [], [], {"camera_intrinsics": INTRINSICS}).all()


def test_boxes_are_clipped_and_truncated():
    mask = np.ones((10, 20), dtype=bool)
    fill_box(mask, [-3.7, 2.9, 4.9, 99.0], False)
    assert np.argwhere(~mask).min(axis=0).tolist() == [2, 0]
    assert np.argwhere(~mask).max(axis=0).tolist() == [9, 3]


def test_property_equal_images_are_one_zero_zero():
    locality = paper_locality(texture(), texture(), [], [], paper_edit(), None)
    assert (locality.ssim, locality.lpips, locality.mse) == (pytest.approx(1.0, abs=1e-6), None, 0.0)


def test_a_uniform_change_by_hand():
    # 10 more in red everywhere: the squares are 100, 0, 0, so the mean is 33.3.
    source = Image.new("RGB", (56, 56), (100, 50, 20))
    brighter = painted(source, 0, 0, 56, 56, (110, 50, 20))
    assert paper_locality(source, brighter, [], [], paper_edit(), None).mse == pytest.approx(100 / 3, abs=1e-3)


def test_quirk_lpips_sees_bgr_from_minus_one_to_one():
    lpips = Recorder()
    source = Image.new("RGB", (56, 56), (255, 0, 51))
    assert paper_locality(source, source, [], [], paper_edit(), lpips).lpips == 0.25
    assert lpips.source[3, 3] == pytest.approx([-0.6, -1.0, 1.0], abs=1e-5)


def test_an_edited_image_of_another_size_is_resized():
    source = texture()
    larger = source.resize((240, 160), Image.Resampling.BICUBIC)
    back = larger.resize(source.size)
    one, other = (paper_locality(source, image, [], [], paper_edit(), None) for image in (larger, back))
    assert one == other


def test_quirk_boxes_over_the_whole_image_leave_an_lpips_of_0_which_opens_the_gate_on_real_data():
    everything = {**seen(vector()), "bbox_2d": [0, 0, 999, 999]}
    locality = paper_locality(texture(), texture(1), [everything], [], paper_edit(), Recorder())
    assert math.isnan(locality.ssim)
    assert math.isnan(locality.mse)
    assert locality.lpips == 0.0
    assert (paper_gate(locality.ssim, locality.lpips, True), paper_gate(locality.ssim, locality.lpips, False)) == (
        True,
        False,
    )
    assert paper_locality(texture(), texture(1), [everything], [], paper_edit(), None).lpips is None


def test_quirk_a_box_left_of_the_image_masks_from_the_other_side():
    # x2 = −20 is taken for the column 20 from the right: rows 10..29 keep the last 20 columns only.
    mask = paper_mask((40, 100), [{**seen(vector()), "bbox_2d": [-60.0, 10.0, -20.0, 30.0]}], [], paper_edit())
    expected = np.ones((40, 100), dtype=bool)
    expected[10:30, :80] = False
    assert np.array_equal(mask, expected)


def test_quirk_the_span_of_the_edited_image_is_the_data_range():
    # The source has all values, the edited image a span of 31: constants of that span, whichever way round the images are.
    source = texture()
    flat = Image.fromarray((np.asarray(texture(1)) // 8 + 100).astype(np.uint8))
    for a, b in ((source, flat), (flat, source)):
        one, other = paper_image(a), paper_image(b)
        expected = ssim_map(one, other, data_range=float(np.ptp(other))).mean(dtype=np.float64)
        assert paper_locality(a, b, [], [], paper_edit(), None).ssim == pytest.approx(expected, abs=1e-6)
        wrong = ssim_map(one, other, data_range=float(np.ptp(one))).mean(dtype=np.float64)
        assert abs(wrong - expected) > 1e-3


def test_quirk_a_black_image_is_taken_to_be_scaled_already():
    # 1 of 255 is not above 1, so it stays 1 and becomes 1 · 2 − 1 = 1: white for LPIPS. 2 of 255 becomes −0.984.
    lpips = Recorder()
    dark, less_dark = Image.new("RGB", (896, 896), (1, 1, 1)), Image.new("RGB", (896, 896), (2, 2, 2))
    paper_locality(dark, less_dark, [], [], paper_edit(), lpips)
    assert lpips.source[5, 5] == pytest.approx([1.0, 1.0, 1.0])
    assert lpips.edited[5, 5] == pytest.approx([2 / 255 * 2 - 1] * 3, abs=1e-6)


@pytest.mark.parametrize(
    "size", [(512, 512), (320, 240), (640, 480), (211, 97), (895, 40), (512, 768), (896, 672), (60, 890)]
)
def test_enlarging_the_part_that_is_looked_at_is_enlarging_the_whole(size):
    torch = pytest.importorskip("torch", reason="the released preprocessing is torch's")
    image = texture(3, size)
    wanted = [int(side * 896 / max(size) + 0.5) for side in size[::-1]]
    whole = torch.nn.functional.interpolate(
        torch.from_numpy(np.array(image, np.float32)).permute(2, 0, 1)[None], wanted, mode="bilinear", antialias=True
    )[0].permute(1, 2, 0)
    top, left = (side % 14 // 2 for side in wanted)
    rows, columns = (min(side // 14 * 14, limit) for side, limit in zip(wanted, size[::-1], strict=True))
    expected = whole[top : top + rows, left : left + columns].numpy()[:, :, ::-1]
    assert paper_image(image)[:rows, :columns] == pytest.approx(expected, abs=0.02)  # a grid off by one is off by tens


@pytest.mark.parametrize("size", [(896, 896), (2000, 10), (8, 1600), (897, 1)])
def test_long_and_thin_images_are_processed(size):
    processed = paper_image(Image.new("RGB", size, (10, 20, 30)))
    assert processed.shape == (min(size[1], 896), min(size[0], 896), 3)
    assert np.isfinite(processed).all()


@pytest.mark.parametrize(
    ("ssim", "lpips", "real", "synthetic"),
    [
        (0.7, 0.1, True, True),
        (0.7, 0.5, True, False),
        (0.5, 0.1, True, False),
        (0.5, 0.5, False, False),
        (0.6, 0.3, False, False),
    ],
)
def test_the_gate_is_an_or_on_real_and_an_and_on_synthetic_data(ssim, lpips, real, synthetic):
    assert (paper_gate(ssim, lpips, True), paper_gate(ssim, lpips, False)) == (real, synthetic)


def test_the_gate_without_lpips_looks_at_ssim():
    assert [paper_gate(ssim, None, real) for ssim in (0.5, 0.7) for real in (True, False)] == [False, False, True, True]


def test_strict_looks_only_outside_the_changed_region():
    source, changed = texture(), np.zeros((80, 120), dtype=bool)
    changed[20:60, 30:70] = True
    inside = painted(source, 40, 30, 55, 45)
    lpips = Recorder()
    assert strict_locality(source, inside, changed, lpips).ssim == pytest.approx(1.0, abs=1e-9)
    assert np.array_equal(lpips.edited, lpips.source)
    outside = strict_locality(source, painted(source, 90, 30, 110, 60), changed, Recorder())
    assert outside.ssim < 0.95
    assert outside.lpips == 0.25


def test_strict_el_is_the_mean_of_both_or_ssim_alone():
    # (0.9 + 1 − 0.3) / 2 = 0.8.
    assert strict_el(Locality(0.9, 0.3, 1.0)) == pytest.approx(0.8)
    assert strict_el(Locality(0.9, None, 1.0)) == 0.9
    assert strict_el(Locality(-0.2, None, 1.0)) == 0.0
    assert math.isnan(strict_el(strict_locality(texture(), texture(), np.ones((80, 120), dtype=bool), None)))


def test_dilation_reaches_eight_hundredths_of_the_diagonal():
    # A 30×40 rectangle: diagonal 50, so 4 pixels.
    silhouette = np.zeros((100, 100), dtype=bool)
    silhouette[30:70, 40:70] = True
    grown = dilate(silhouette)
    assert grown[50].nonzero()[0][[0, -1]].tolist() == [36, 73]
    assert grown[:, 50].nonzero()[0][[0, -1]].tolist() == [26, 73]
    assert not grown[26, 36]
    assert not dilate(np.zeros((5, 5), dtype=bool)).any()


def test_property_more_noise_is_less_local():
    source, noise = np.asarray(texture()), np.random.default_rng(2).normal(size=(80, 120, 3))
    images = [np.clip(source + level * noise, 0, 255).astype(np.uint8) for level in (0, 5, 20, 60)]
    nothing = np.zeros((80, 120), dtype=bool)
    for values in (
        [strict_locality(source, i, nothing, None).ssim for i in images],
        [paper_locality(source, i, [], [], paper_edit(), None).ssim for i in images],
    ):
        assert values == sorted(values, reverse=True)
