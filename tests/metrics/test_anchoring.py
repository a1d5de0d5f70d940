"""Poses relative to what the same detector saw in the source image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gsi_bench_hf.geometry import rotation_y
from gsi_bench_hf.metrics.anchoring import anchored
from gsi_bench_hf.types import Box3D, Detection, Scan, UnscorableError


def detection(center, extents, rotation):
    box = Box3D(np.asarray(center, float), np.asarray(extents, float), rotation)
    return Detection(box.vector, np.zeros(4), rotation, "mug")


ORIGINAL = Box3D(np.array([0.2, 0.1, 2.0]), np.array([0.1, 0.2, 0.3]), rotation_y(0.4))


def scan(seen, found):
    return Scan((seen,), (found,), found, relative=True, source_target=seen)


def random_box(rng):
    return detection(rng.normal([0, 0, 3], 0.5), rng.uniform(0.1, 1, 3), Rotation.random(random_state=rng).as_matrix())


def test_what_did_not_change_gives_the_records_box_bit_by_bit():
    rng = np.random.default_rng(0)
    for _ in range(20):
        seen = random_box(rng)
        box = anchored(ORIGINAL, scan(seen, replace(seen))).target.box
        assert np.array_equal(box.center_m, ORIGINAL.center_m)
        assert np.array_equal(box.extents_m, ORIGINAL.extents_m)
        assert np.array_equal(box.rotation, ORIGINAL.rotation)


def test_a_detector_that_is_right_is_left_alone():
    seen = detection(ORIGINAL.center_m, ORIGINAL.extents_m, ORIGINAL.rotation)
    found = random_box(np.random.default_rng(1))
    box = anchored(ORIGINAL, scan(seen, found)).target.box
    assert np.array_equal(box.center_m, found.box.center_m)
    assert np.array_equal(box.rotation, found.box.rotation)


def test_everything_too_far_and_too_large_by_a_tenth_comes_out_right():
    """Seen at 1.1 · (0.2, 0.1, 2.0), found at 1.1 · (0.5, 0.1, 2.0): the move is 0.3, not 0.33."""
    seen = detection(1.1 * ORIGINAL.center_m, 1.1 * ORIGINAL.extents_m, ORIGINAL.rotation)
    found = detection(1.1 * np.array([0.5, 0.1, 2.0]), 1.1 * 2 * ORIGINAL.extents_m, ORIGINAL.rotation)
    box = anchored(ORIGINAL, scan(seen, found)).target.box
    np.testing.assert_allclose(box.center_m, [0.5, 0.1, 2.0])
    np.testing.assert_allclose(box.extents_m, [0.2, 0.4, 0.6])


def test_a_turn_is_counted_from_where_the_detector_saw_the_front():
    """It sees the front 0.7 too far round, twice; the object was turned by 0.5."""
    seen = detection(ORIGINAL.center_m, ORIGINAL.extents_m, rotation_y(0.7) @ ORIGINAL.rotation)
    found = detection(ORIGINAL.center_m, ORIGINAL.extents_m, rotation_y(0.5 + 0.7) @ ORIGINAL.rotation)
    box = anchored(ORIGINAL, scan(seen, found)).target.box
    np.testing.assert_allclose(box.rotation, rotation_y(0.5) @ ORIGINAL.rotation, atol=1e-12)


def test_scans_that_know_the_scene_are_left_alone():
    found = random_box(np.random.default_rng(2))
    plain = Scan((), (found,), found)
    assert anchored(ORIGINAL, plain) is plain


def test_neither_place_nor_absence_tells_anything_without_the_source():
    found = random_box(np.random.default_rng(3))
    for target in (found, None):
        with pytest.raises(UnscorableError, match="does not find the target in the source image"):
            anchored(ORIGINAL, Scan((), (), target, relative=True))


def test_what_is_gone_stays_gone():
    seen = random_box(np.random.default_rng(4))
    assert anchored(ORIGINAL, Scan((seen,), (), None, relative=True, source_target=seen)).target is None
