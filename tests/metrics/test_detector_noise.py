"""How much of a score is detector noise: by hand, and against a detector whose noise is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import tiny
from noisy import NoisySquare

from gsi_bench_hf.durable import plain
from gsi_bench_hf.metrics.detector_noise import accuracies, score_looks, spread, summarise_noise
from gsi_bench_hf.metrics.scoring import strict_pose
from gsi_bench_hf.perception.repeated import RepeatedDetector
from gsi_bench_hf.types import Sample

SIGMA_M = 0.01


def look(accuracy, compliance=100.0, *, same=True, name="crop 1", untouched=None, reason=None):
    return {
        "name": name,
        "same_detector": same,
        "accuracy": accuracy,
        "compliance": compliance,
        "reason": reason,
        "untouched": untouched,
    }


def still(position_m, accuracy=0.0, found=True):
    return {
        "found": found,
        "position_m": position_m,
        "rotation_deg": 0.0,
        "log_scale": 0.0,
        "accuracy": accuracy,
        "compliance": 0.0,
    }


def scored(sample: Sample, edited, detector) -> dict:
    scan = detector.detect(sample, edited)
    pose = strict_pose(sample, scan)
    return {
        "accuracy": 100 * pose.accuracy,
        "compliance": 100 * pose.compliance,
        "looks": score_looks(sample, scan),
    }


def test_by_hand():
    """Accuracies 40, 44 and 80, 80: variances 8 and 0, their mean 4, its root 2; of the mean √8 / 2 = √2.

    All four vary by (21² + 17² + 19² + 19²) / 4 = 363 about 61, so the detector's share is 4 / 363.
    """
    samples = [
        {"accuracy": 40.0, "compliance": 0.0, "looks": [look(44.0, 100.0, untouched=still(0.01, 2.0))]},
        {"accuracy": 80.0, "compliance": 100.0, "looks": [look(80.0, untouched=still(0.03))]},
    ]
    noise = summarise_noise(samples)
    assert noise["spread"] == pytest.approx(2.0)
    assert noise["mean_error"] == pytest.approx(math.sqrt(2.0))
    assert noise["share"] == pytest.approx(4 / 363)
    assert noise["undecided"] == 0.5
    assert noise["by_look"] == [
        {"name": "whole image", "accuracy": 60.0, "n": 2},
        {"name": "crop 1", "accuracy": 62.0, "n": 2},
    ]
    assert noise["untouched"]["position_m"] == {"median": pytest.approx(0.02), "p95": pytest.approx(0.029)}
    assert noise["untouched"]["accuracy"] == 1.0
    assert (noise["second"], noise["missing"]) == (None, {})


def test_a_second_detector_has_no_part_in_the_firsts_spread():
    """It says 30 for 40 and 90 for 80: the same on average, ten off each time, and one of the two decisions another."""
    samples = [
        {"accuracy": 40.0, "compliance": 0.0, "looks": [look(30.0, 0.0, same=False, name="other")]},
        {"accuracy": 80.0, "compliance": 100.0, "looks": [look(90.0, 0.0, same=False, name="other")]},
    ]
    noise = summarise_noise(samples)
    assert noise["spread"] is None
    assert noise["second"] == {
        "name": "other",
        "n": 2,
        "accuracy": 60.0,
        "difference": 0.0,
        "distance": 10.0,
        "agreed": 0.5,
    }


def test_what_is_not_known_takes_no_part_and_is_counted():
    samples = [
        {"accuracy": math.nan, "compliance": math.nan, "looks": [look(None, None, reason="not found")]},
        {"accuracy": 80.0, "compliance": 100.0, "looks": [look(None, None, reason="not found"), look(70.0)]},
        {"accuracy": 50.0, "compliance": 100.0, "looks": []},
    ]
    noise = summarise_noise(samples)
    assert noise["samples"] == 2
    assert noise["missing"] == {"not found": 2}
    assert noise["spread"] == pytest.approx(math.sqrt(50.0))
    assert noise["untouched"] is None
    assert json.loads(json.dumps(plain(noise), allow_nan=False)) == plain(noise)


def test_a_run_without_looks_has_no_such_numbers():
    assert summarise_noise([]) is None
    assert summarise_noise([{"accuracy": 50.0, "compliance": 100.0, "looks": []}]) is None
    assert spread(50.0, []) is None
    assert accuracies(math.nan, [look(3.0), look(4.0, same=False)]).tolist() == [3.0]


@pytest.fixture(scope="module")
def noisy():
    """Every edit done right, and seen five times by a detector that is 1 cm off in each coordinate of every look."""
    detector = RepeatedDetector(NoisySquare(SIGMA_M, nearness=1.2), repeats=4)
    samples = [Sample(tiny.row(index)) for index in range(25)]
    return summarise_noise([scored(s, s.target_image, detector) for s in samples])


def test_the_floor_is_the_detectors_own_noise(noisy):
    """Nearness 1.2 makes 1 cm 1/1.2 cm. Between two looks each coordinate differs by √2 of that; the median of three such errors'
    length is 1.538 times it.
    """
    expected = math.sqrt(2.0) * SIGMA_M / 1.2 * 1.538
    assert noisy["untouched"]["position_m"]["median"] == pytest.approx(expected, rel=0.15)
    assert noisy["untouched"]["n"] == 100
    assert noisy["untouched"]["found"] == 1.0
    assert noisy["untouched"]["compliance"] == 0.0


def test_the_spread_is_what_the_noise_makes_of_a_right_answer(noisy):
    """The error's length has the standard deviation √(3 − 8/π) σ = 0.673 σ; asked were 14/64 m."""
    sigma_m = math.sqrt(2.0) * SIGMA_M / 1.2
    expected = 100.0 * 0.673 * sigma_m / (14 / 64)
    assert noisy["spread"] == pytest.approx(expected, rel=0.2)
    assert noisy["mean_error"] == pytest.approx(noisy["spread"] / 5.0, rel=1e-9)
    # Every edit is right: all that its accuracies differ by is the detector's.
    assert noisy["share"] > 0.9


def test_without_noise_nothing_moves_and_nothing_differs():
    detector = RepeatedDetector(NoisySquare(nearness=1.2), repeats=3)
    lines = []
    for index in range(6):
        sample = Sample(tiny.row(index))
        edited = sample.source_image if index % 2 else sample.target_image
        lines.append(scored(sample, edited, detector))
    noise = summarise_noise(lines)
    assert noise["spread"] == pytest.approx(0.0, abs=1e-9)
    assert noise["untouched"]["position_m"]["p95"] == pytest.approx(0.0, abs=1e-9)
    assert noise["untouched"]["accuracy"] == pytest.approx(0.0, abs=1e-9)
    assert [round(line["accuracy"]) for line in lines] == [100, 0] * 3


def test_the_source_against_itself_scores_nothing_at_the_first_look_however_noisy():
    detector = RepeatedDetector(NoisySquare(0.05), repeats=2)
    for index in range(8):
        sample = Sample(tiny.row(index))
        assert scored(sample, sample.source_image, detector)["accuracy"] == 0.0


def test_an_object_that_a_look_misses_is_counted_as_gone():
    """For a removal that is a false success; for a move it is a look that can't be scored."""
    sizes = {RepeatedDetector(NoisySquare(), repeats=1)._windows(Sample(tiny.row(6)))[0]}
    blind = NoisySquare(blind_to=[(window.width, window.height) for window in sizes])
    detector = RepeatedDetector(blind, repeats=1)
    move, remove = (Sample(tiny.row(6) | {"operation": operation}) for operation in ("move", "remove"))
    (moved,) = scored(move, move.target_image, detector)["looks"]
    assert (moved["accuracy"], moved["untouched"]["found"], moved["untouched"]["accuracy"]) == (None, False, 0.0)
    assert "does not find the target in the source image" in moved["reason"]
    (gone,) = scored(remove, remove.source_image, detector)["looks"]
    assert (gone["untouched"]["found"], gone["untouched"]["accuracy"]) == (False, 100.0)
    assert np.isfinite(summarise_noise([scored(remove, remove.source_image, detector)])["untouched"]["accuracy"])
