"""Looking again: crops are the same image to the camera, and what the looks differ by is the detector's noise."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
from noisy import NoisySquare

from gsi_bench_hf.geometry import project_points
from gsi_bench_hf.perception import load_detector
from gsi_bench_hf.perception.crops import (
    Window,
    crop_offset_px,
    cropped,
    is_crop,
    random_window,
    uncropped,
    whole_camera,
)
from gsi_bench_hf.perception.repeated import RepeatedDetector
from gsi_bench_hf.types import Sample, Scan


def record(index: int = 6, **changes) -> Sample:
    return Sample(tiny.row(index) | changes)


def test_a_crop_shows_the_same_points_at_the_same_places():
    sample, window = record(), Window(3, 5, 50, 40)
    part = cropped(sample, window)
    assert (part.camera.width, part.camera.height) == part.source_image.size == (50, 40)
    points = np.random.default_rng(0).normal([0, 0, 2], 0.3, (20, 3))
    before, after = (project_points(points, s.camera.intrinsics) for s in (sample, part))
    np.testing.assert_allclose(before - after, np.tile([3.0, 5.0], (20, 1)))
    assert np.array_equal(np.asarray(part.source_image), np.asarray(sample.source_image)[5:45, 3:53])
    assert np.array_equal(part.target_mask, sample.target_mask[5:45, 3:53])
    assert (part.scene, part.target_image, part.objects) == (None, None, ())
    assert is_crop(part)
    assert not is_crop(sample)
    np.testing.assert_array_equal(whole_camera(part).intrinsics, sample.camera.intrinsics)
    assert crop_offset_px(part).tolist() == [3.0, 5.0]
    assert part.edit.original_box.vector.tolist() == sample.edit.original_box.vector.tolist()


def test_what_is_found_in_a_crop_comes_back_to_the_whole_image():
    sample, window = record(), Window(3, 5, 50, 40)
    whole = NoisySquare().detect(sample, sample.target_image)
    part = NoisySquare().detect(cropped(sample, window), window.cut(sample.target_image, (64, 64)))
    back = uncropped(part, window, (64, 64))
    for name in ("target", "source_target"):
        np.testing.assert_allclose(getattr(back, name).bbox_2d, getattr(whole, name).bbox_2d)
        np.testing.assert_allclose(getattr(back, name).bbox_3d, getattr(whole, name).bbox_3d)
    assert back.target is back.edited[0]
    assert back.source_target is back.origin[0]
    mask = np.ones((40, 50), dtype=bool)
    silhouette = uncropped(Scan((), (), None, mask), window, (64, 64)).silhouette
    assert silhouette.shape == (64, 64)
    assert silhouette.sum() == mask.sum()
    assert silhouette[5:45, 3:53].all()


def test_windows_stay_inside_and_leave_out_no_more_than_they_may():
    rng = np.random.default_rng(0)
    windows = [random_window((200, 100), 0.1, rng=rng) for _ in range(300)]
    trims = np.array([[w.left, 200 - w.left - w.width, w.top, 100 - w.top - w.height] for w in windows])
    assert trims.min(axis=0).tolist() == [0, 0, 0, 0]
    assert trims.max(axis=0).tolist() == [20, 20, 10, 10]


def test_the_scan_is_the_first_looks_and_others_stand_beside_it():
    sample, inner = record(), NoisySquare(0.01)
    scan = RepeatedDetector(inner, repeats=3, second=NoisySquare(nearness=1.3)).detect(sample, sample.target_image)
    alone = NoisySquare(0.01).detect(sample, sample.target_image)
    np.testing.assert_array_equal(scan.target.bbox_3d, alone.target.bbox_3d)
    assert inner._looks == 4
    assert [(look.name, look.same_detector) for look in scan.looks] == [
        ("crop 1", True),
        ("crop 2", True),
        ("crop 3", True),
        ("noisy-square", False),
    ]
    centers = np.array([look.scan.target.bbox_3d[:3] for look in scan.looks])
    assert 0.002 < np.abs(centers[:3] - alone.target.bbox_3d[:3]).mean() < 0.03
    np.testing.assert_allclose(centers[3], sample.edit.new_box.center_m * 1.3)


def test_crops_hang_on_the_source_image_and_the_seed_alone():
    windows = [
        RepeatedDetector(NoisySquare(), repeats=2, seed=seed)._windows(record(i))
        for seed, i in ((0, 6), (0, 6), (0, 7), (1, 6))
    ]
    assert windows[0] == windows[1] == RepeatedDetector(NoisySquare(), repeats=2)._windows(record(instruction="Else."))
    assert windows[0] != windows[2]
    assert windows[0] != windows[3]


def test_a_look_that_fails_is_no_failure_of_the_sample():
    class Tired(NoisySquare):
        def detect(self, sample, edited):
            if is_crop(sample):
                from gsi_bench_hf.types import UnscorableError

                raise UnscorableError("too small")
            return super().detect(sample, edited)

    sample = record()
    scan = RepeatedDetector(Tired(), repeats=2).detect(sample, sample.target_image)
    assert scan.target is not None
    assert [(look.scan, look.reason) for look in scan.looks] == [(None, "too small")] * 2


def test_a_view_edit_is_looked_at_once():
    sample = record(operation="view")
    assert RepeatedDetector(NoisySquare(), repeats=2).detect(sample, sample.source_image).looks == ()


def test_it_says_what_it_is():
    told = RepeatedDetector(NoisySquare(0.01), repeats=2, second=NoisySquare(nearness=1.3)).arguments
    assert told["repeats"] == 2
    assert told["sigma_m"] == 0.01
    assert (told["second name"], told["second nearness"]) == ("noisy-square", 1.3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repeats": 0}, "repeats is 0, expected 1 or more, or a second detector"),
        ({"repeats": -1}, "repeats is -1"),
        ({"jitter": 0.5}, r"jitter is 0.5, expected a part of the image between 0 and 0.5"),
    ],
)
def test_numbers_that_are_none(options, words):
    with pytest.raises(ValueError, match=words):
        RepeatedDetector(NoisySquare(), **options)


def test_what_cant_see_a_crop_is_refused_but_may_be_laid_beside(tmp_path):
    (tmp_path / "scans.json").write_text("{}")
    cached = load_detector("cached", path=tmp_path / "scans.json")
    with pytest.raises(ValueError, match="CachedDetector can't look at a crop"):
        RepeatedDetector(cached, repeats=2)
    with pytest.raises(ValueError, match="SceneFit can't look at a crop"):
        RepeatedDetector(load_detector("scene-fit"), repeats=1)
    sample = record()
    scan = RepeatedDetector(NoisySquare(), repeats=1, second=cached).detect(sample, sample.target_image)
    assert scan.looks[1].reason == f"scans.json has no detections of {sample.id}"
