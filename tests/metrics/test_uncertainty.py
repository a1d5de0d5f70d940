import math

import numpy as np
import pytest
from scipy.stats import bootstrap

from gsi_bench_hf.metrics.uncertainty import (
    bootstrap_means,
    cluster_weights,
    compare,
    intervals,
    samples_needed,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def interval(values, clusters, seed=0, resamples=10_000):
    return intervals(np.asarray(values)[:, None], clusters, rng=rng(seed), resamples=resamples)[0]


def test_unclustered_data_agree_with_scipy():
    values = rng(1).beta(2, 5, size=120) * 100
    ours = interval(values, range(120))
    theirs = bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=rng(2)).confidence_interval
    # Each bound is an order statistic of 10,000 draws: its own error is about 3 % of the standard error of 1.4.
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.2)
    assert (ours.value, ours.n) == (pytest.approx(values.mean()), 120)


def test_weights_are_multinomial():
    weights = cluster_weights(7, 30_000, rng=rng())
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.03)
    # Variance of a binomial(7, 1/7): 7 · (1/7) · (6/7) = 0.857.
    assert weights.var(axis=0) == pytest.approx(np.full(7, 6 / 7), abs=0.04)


def test_resampled_means_by_hand():
    # Two scenes of means 0 and 10: a resample holds two scenes, so its mean is 0, 5 or 10, with chances 1/4, 1/2, 1/4.
    means = bootstrap_means(np.array([[0.0], [0.0], [10.0], [10.0]]), ["a", "a", "b", "b"], rng=rng(), resamples=8000)[
        :, 0
    ]
    values, counts = np.unique(means, return_counts=True)
    assert values.tolist() == [0.0, 5.0, 10.0]
    assert counts / 8000 == pytest.approx([0.25, 0.5, 0.25], abs=0.02)


def test_samples_of_one_scene_count_as_one():
    # Every scene three times over says no more than once.
    values = rng(3).normal(50, 10, 60)
    once, thrice = interval(values, range(60)), interval(np.repeat(values, 3), np.repeat(np.arange(60), 3))
    assert thrice.high - thrice.low == pytest.approx(once.high - once.low, rel=0.03)
    naive = interval(np.repeat(values, 3), range(180))
    assert naive.high - naive.low < 0.65 * (thrice.high - thrice.low)


def test_what_is_missing_takes_no_part():
    values = np.array([[1.0, math.nan], [3.0, 5.0], [math.nan, 7.0]])
    first, second = intervals(values, "abc", rng=rng())
    assert (first.value, first.n, second.value, second.n) == (2.0, 2, 6.0, 2)
    assert 1.0 <= first.low <= first.high <= 3.0


@pytest.mark.parametrize("values", [[], [math.nan, math.nan]])
def test_nothing_known_is_nan(values):
    result = interval(np.array(values, dtype=float), range(len(values)))
    assert (result.n, math.isnan(result.value), math.isnan(result.low)) == (0, True, True)


def test_one_scene_has_no_interval():
    result = interval([1.0, 2.0], ["a", "a"])
    assert (result.value, math.isnan(result.low), math.isnan(result.high)) == (1.5, True, True)


def test_the_same_seed_gives_the_same_interval_and_another_does_not():
    values = rng(4).normal(size=30)
    assert interval(values, range(30)) == interval(values, range(30))
    assert interval(values, range(30)) != interval(values, range(30), seed=9)


@pytest.mark.slow
def test_coverage_is_close_to_nominal():
    # 40 scenes of 3 samples that share a scene effect as large as their own noise.
    draw, covered, runs = rng(7), 0, 400
    clusters = np.repeat(np.arange(40), 3)
    for _ in range(runs):
        values = 50 + 10 * np.repeat(draw.normal(size=40), 3) + 10 * draw.normal(size=120)
        found = intervals(values[:, None], clusters, rng=draw, resamples=1000)[0]
        covered += found.low <= 50 <= found.high
    assert 0.90 <= covered / runs <= 0.99


def test_compare_finds_a_difference_and_pairs_the_samples():
    scene = np.repeat(rng(5).normal(50, 20, 50), 2)
    a, b = scene + rng(6).normal(0, 1, 100), scene + 2 + rng(7).normal(0, 1, 100)
    result = compare(a, b, np.repeat(np.arange(50), 2), rng=rng())
    assert result.difference.low < 2 < result.difference.high
    assert result.difference.high - result.difference.low < 1.5
    assert result.p_value == pytest.approx(1 / 10_001)


def test_sign_flips_by_hand():
    # Two scenes, differences 1 and 2: the sums of the flips are ±3 and ±1, so half of them are as extreme as 3.
    assert compare([0.0, 0.0], [1.0, 2.0], "ab", rng=rng()).p_value == pytest.approx(0.5, abs=0.02)


def test_sign_flips_are_fair_where_nothing_differs():
    draw = rng(8)
    p_values = [
        compare(draw.normal(size=40), draw.normal(size=40), range(40), rng=draw, resamples=500).p_value
        for _ in range(300)
    ]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.06)


def test_comparing_different_samples_is_refused():
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\), expected the same samples"):
        compare([1.0, 2.0], [1.0, 2.0, 3.0], "ab", rng=rng())


def test_samples_needed_by_hand():
    # Differences 1 and 3, alternating, each its own scene: mean 2, standard deviation 1 (population).
    # Variance of the mean over n: 1/(n−1) ≈ 1/100 for n = 101 → n · ((1.960 + 0.842)/2)² · 1/100 with n = 100 scenes: 1.983.
    difference = np.tile([1.0, 3.0], 50)
    needed = samples_needed(np.zeros(100), difference, range(100))
    assert needed == pytest.approx(100 * ((1.959964 + 0.841621) / 2) ** 2 / 99, rel=1e-4)


def test_samples_needed_for_equal_runs_is_infinite_and_one_scene_is_refused():
    assert samples_needed([1.0, 2.0], [2.0, 1.0], "ab") == math.inf
    with pytest.raises(ValueError, match=r"1 scene\(s\), expected at least 2"):
        samples_needed([1.0, 2.0], [2.0, 1.0], "aa")


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\) and there are 3 clusters, expected \(N, M\) and N"):
        intervals(np.zeros(3), "abc", rng=rng())
