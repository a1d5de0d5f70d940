"""Masks drawn too wide or too narrow: depth says where the object ends."""

from __future__ import annotations

import cuboids
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gsi_bench_hf.perception.lifting.neighbourhood import dilated_by, eroded_by
from gsi_bench_hf.perception.lifting.points import depth_noise
from gsi_bench_hf.perception.lifting.rim import mended, rim_px


def drawn(mask, by_px):
    """A mask that is so much too wide; too narrow where it is less than 0."""
    return dilated_by(mask, by_px) if by_px > 0 else eroded_by(mask, -by_px) if by_px < 0 else mask


@settings(max_examples=25)
@given(
    by_px=st.integers(-4, 4),
    yaw=st.floats(-90, 90),
    pitch=st.floats(5, 40),
    noise=st.sampled_from([0.0, 0.01, 0.03]),
    seed=st.integers(0, 99),
)
def test_a_wrong_rim_is_told_and_mended(by_px, yaw, pitch, noise, seed):
    true = cuboids.standing([0.03, -0.02, 1.1], [0.2, 0.3, 0.14], yaw, pitch)
    depth_m, mask = cuboids.seen(true, pitch)
    assume(not (mask[0].any() or mask[-1].any()))
    depth_m = depth_m * (1.0 + noise * np.random.default_rng(seed).standard_normal(depth_m.shape).astype(np.float32))
    wrong = drawn(mask, by_px)
    level = depth_noise(depth_m, wrong)
    # Along its foot an object is as far away as the floor, so a row or two of the border may go either way.
    assert abs(rim_px(depth_m, wrong, level) + by_px) <= 1
    left = np.mean(mended(depth_m, wrong, level) != mask)
    assert left <= max(0.35 * np.mean(wrong != mask), 0.004)


def test_where_depth_tells_nothing_the_mask_stays():
    mask = np.zeros((60, 80), bool)
    mask[20:40, 30:50] = True
    wall = np.full(mask.shape, 2.0, np.float32)
    assert mended(wall, mask, 0.0) is mask
    assert mended(np.where(mask, 1.0, np.nan).astype(np.float32), mask, 0.0) is mask  # nothing is known around
    # What stands before an object hides how wide it is.
    assert mended(np.where(mask, 2.0, 1.0).astype(np.float32), eroded_by(mask, 2), 0.0).sum() == 16 * 16
    nothing = np.zeros_like(mask)
    assert mended(wall, nothing, 0.0) is nothing


def test_an_object_before_it_does_not_widen_a_mask():
    depth_m = np.full((80, 100), 3.0, np.float32)
    mask = np.zeros(depth_m.shape, bool)
    mask[20:60, 30:70] = True
    depth_m[mask] = 1.5
    depth_m[15:65, 50:90] = 1.0  # hides its right half
    mask[:, 50:] = False
    assert mended(depth_m, mask, 0.0) is mask
    assert np.array_equal(mended(depth_m, dilated_by(mask, 2), 0.0), eroded_by(dilated_by(mask, 2), 2))


@pytest.mark.parametrize("by_px", [-1, 1, 3])
def test_what_is_thin_comes_out_as_thin_as_it_is(by_px):
    depth_m = np.full((80, 60), 3.0, np.float32)
    mask = np.zeros(depth_m.shape, bool)
    mask[10:70, 27:33] = True
    depth_m[mask] = 1.5
    left = mended(depth_m, drawn(mask, by_px), 0.0)
    assert left.any(axis=1).sum() == 60
    assert left.any(axis=0).sum() == 6
