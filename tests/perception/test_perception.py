"""The registries, and the small parts that the fit is made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsi_bench_hf import perception
from gsi_bench_hf.perception import changes, photometry, pose_search
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.types import Sample


def test_the_names_are_registered():
    assert {"scene-fit", "cached", "lifting", "detany3d"} <= set(perception.DETECTORS)
    assert {"render-compare", "cached"} <= set(perception.JUDGES)


def test_unknown_names_suggest():
    with pytest.raises(UnknownNameError, match="Did you mean 'scene-fit'"):
        perception.load_detector("scenefit")
    with pytest.raises(UnknownNameError, match="Did you mean 'render-compare'"):
        perception.load_judge("render_compare")


def test_the_default_depends_on_the_scene():
    with_scene = Sample({"id": "a", "subset": "sim-tabletop", "scene": '{"version": 1}'})
    assert perception.default_detector(with_scene) == "scene-fit"
    assert perception.default_judge(with_scene) == "render-compare"
    without = Sample({"id": "b", "subset": "real", "scene": None})
    with pytest.raises(ValueError, match=r"record b of 'real' has no scene.*--detections FILE.*'lifting' .*'detany3d'"):
        perception.default_detector(without)
    with pytest.raises(ValueError, match="--judgements FILE"):
        perception.default_judge(without)


def picture(seed=0, size=192):
    """A coloured, smooth random picture 0..1."""
    noise = np.random.default_rng(seed).random((size, size, 3)).astype(np.float32)
    smooth = photometry.blurred(noise, 3.0)
    low, high = smooth.min(axis=(0, 1)), smooth.max(axis=(0, 1))
    return (0.1 + 0.75 * (smooth - low) / (high - low)).astype(np.float32)


def test_colour_and_blur_are_found_though_a_third_has_changed():
    source = np.rint(picture() * 255.0).astype(np.uint8)
    gain, offset = np.array([1.05, 0.95, 1.02], np.float32), np.array([0.01, -0.02, 0.0], np.float32)
    shown = photometry.blurred(source.astype(np.float32) / 255.0, 1.0) * gain + offset
    shown[:, :64] = picture(seed=9)[:, :64]
    look = photometry.fit_look(shown, source)
    assert np.abs(look.gain - gain).max() < 0.04
    assert np.abs(look.of(source) - shown)[:, 68:].mean() < 0.004
    assert np.abs(source / 255.0 - shown)[:, 68:].mean() > 0.015
    assert look.blur_px == 1.0
    bad = photometry.unexplained(shown, look.of(source), look.tolerance)
    assert bad[:, 68:].mean() < 0.05
    assert bad[:, :60].mean() > 0.5


def test_regions_are_largest_first_and_small_ones_are_left_out():
    mask = np.zeros((60, 80), bool)
    mask[5:15, 5:15] = mask[30:50, 40:60] = True
    mask[0, 79] = True
    found = changes.regions(mask, 4)
    assert [region.area_px for region in found] == [400, 100]
    assert found[0].center_px == pytest.approx([50.0, 40.0])
    assert changes.thickness_px(found[1].mask) == pytest.approx(5.0, abs=0.5)


@given(st.floats(-20, 20), st.floats(-20, 20), st.sampled_from([1, 2, 4]))
def test_turns_are_taken_modulo_the_symmetry(a_rad, b_rad, symmetry):
    turn = pose_search.turn_between(a_rad, b_rad, symmetry)
    assert abs(turn) <= np.pi / symmetry + 1e-9
    periods = (b_rad - a_rad - turn) / (2.0 * np.pi / symmetry)
    assert abs(periods - round(periods)) < 1e-6


def test_a_body_of_revolution_has_no_turns():
    assert pose_search.turn_between(0.3, 2.0, 0) == 0.0
    assert pose_search.yaw_starts(0).tolist() == [0.0]
    assert len(pose_search.yaw_starts(1)) == 8
    assert pose_search.yaw_starts(2).max() < np.pi
