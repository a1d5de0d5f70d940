"""Agreement: published values, hand-derived ones, what must hold for any ratings, and intervals that hold what they should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from gsi_bench_hf.metrics.agreement import (
    LEVELS,
    alpha_interval,
    krippendorff_alpha,
    spearman,
    spearman_interval,
)

NAN = math.nan
# Four observers, twelve units: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C.
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_the_published_one(level, published):
    assert krippendorff_alpha(PUBLISHED, level) == pytest.approx(published, abs=5e-4)


def test_alpha_by_hand():
    """Two raters, three items: 1-1, 1-2, 2-2. Values 1, 2 occur three times each, n = 6.

    Observed: the pair 1-2 counted both ways, 2, over n: 2/6. Expected: 2·3·3 / (6·5) = 18/30. 1 − (1/3)/(3/5) = 4/9, for values
    one apart at every level.
    """
    for level in LEVELS:
        assert krippendorff_alpha([[1, 1, 2], [1, 2, 2]], level) == pytest.approx(4 / 9)


def pairwise_alpha(ratings, level):
    """Alpha by its definition: every pair of ratings, one by one."""
    units = [[v for v in column if not math.isnan(v)] for column in np.asarray(ratings, dtype=float).T]
    units = [unit for unit in units if len(unit) > 1]
    values = [v for unit in units for v in unit]
    counts = {v: values.count(v) for v in values}

    def distance(a, b):
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        return (sum(c for v, c in counts.items() if low <= v <= high) - (counts[low] + counts[high]) / 2) ** 2

    def pairs(found):
        return sum(distance(found[i], found[j]) for i in range(len(found)) for j in range(len(found)) if i != j)

    n = len(values)
    observed = sum(pairs(unit) / (len(unit) - 1) for unit in units) / n
    return 1.0 - observed / (pairs(values) / (n * (n - 1)))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.sampled_from(LEVELS))
def test_alpha_is_what_its_definition_says(seed, level):
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 5, size=(rng.integers(2, 5), rng.integers(4, 12))).astype(float)
    ratings[rng.random(ratings.shape) < 0.25] = NAN
    ratings[:2, :2] = [[0, 1], [3, 4]]
    assert krippendorff_alpha(ratings, level) == pytest.approx(pairwise_alpha(ratings, level))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_spearman_is_scipys(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 8, size=(2, int(rng.integers(5, 40)))).astype(float)
    a[:2], b[:2] = (0, 7), (7, 3)
    assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_only_the_order_counts_where_only_the_order_should(seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 20))
    assert spearman(np.exp(a), b**3) == pytest.approx(spearman(a, b))
    assert krippendorff_alpha(np.exp([a, b]), "ordinal") == pytest.approx(krippendorff_alpha([a, b], "ordinal"))
    assert krippendorff_alpha(np.array([a, b]) * 7 - 3) == pytest.approx(krippendorff_alpha([a, b]))


def test_a_shift_breaks_agreement_and_not_correlation():
    a = np.arange(20.0)
    assert spearman(a, a + 100) == 1.0
    assert krippendorff_alpha([a, a + 100]) < 0.0


def test_what_can_not_be_said_is_nan():
    assert math.isnan(spearman([], []))
    assert math.isnan(spearman([1, NAN], [1, 2]))
    assert math.isnan(spearman([1, 1, 1], [1, 2, 3]))
    for level in LEVELS:
        assert math.isnan(krippendorff_alpha(np.empty((2, 0)), level))
        assert math.isnan(krippendorff_alpha([[1, NAN], [NAN, 2]], level))
        assert math.isnan(krippendorff_alpha([[3.3, 3.3], [3.3, 3.3]], level))
    nothing = alpha_interval(np.empty((2, 0)), rng=np.random.default_rng(0))
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)
    assert nothing.n == 0
    one = spearman_interval([1, 2, 3], [1, 3, 2], ["s"] * 3, rng=np.random.default_rng(0))
    assert one.value == 0.5
    assert math.isnan(one.low)


def test_an_interval_counts_items_and_holds_the_value():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=80)
    raters = truth + 0.5 * rng.normal(size=(3, 80))
    raters[0, :10] = NAN
    raters[1:, 5] = NAN
    found = alpha_interval(raters, rng=np.random.default_rng(0))
    assert found.n == 79
    assert found.low < found.value < found.high
    assert found.value == krippendorff_alpha(raters)
    pair = spearman_interval(raters[0], raters[1], rng=np.random.default_rng(0))
    assert pair.n == 70
    assert pair.low < pair.value < pair.high
    assert pair == spearman_interval(raters[0], raters[1], rng=np.random.default_rng(0))


def test_items_of_one_scene_are_drawn_together():
    """Ten copies of the same five items say no more than the five: drawn one by one they seem to."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 1, 5)).repeat(10, axis=1).reshape(2, 50)
    scenes = list(range(5)) * 10
    together = spearman_interval(a, b, scenes, rng=np.random.default_rng(0))
    alone = spearman_interval(a, b, rng=np.random.default_rng(0))
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    apart = alpha_interval([a, b], scenes, rng=np.random.default_rng(0))
    assert apart.high - apart.low > alpha_interval([a, b], rng=np.random.default_rng(0)).high - apart.low


@pytest.mark.parametrize("level", LEVELS)
def test_intervals_cover_the_truth_about_as_often_as_they_say(level):
    """The truth is alpha over very many items; of 60 samples of 60 items most intervals hold it."""
    rng = np.random.default_rng(3)

    def ratings(count):
        truth = rng.integers(0, 4, size=count)
        return np.where(rng.random((2, count)) < 0.3, rng.integers(0, 4, size=(2, count)), truth).astype(float)

    truth = krippendorff_alpha(ratings(20_000), level)
    found = [alpha_interval(ratings(60), level=level, rng=rng, resamples=300) for _ in range(60)]
    assert sum(i.low <= truth <= i.high for i in found) >= 50


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spearman([1, 2], [1]), r"shapes \(2,\) and \(1,\), expected two raters"),
        (lambda: krippendorff_alpha([1, 2]), r"shape \(2,\), expected \(raters, items\)"),
        (lambda: krippendorff_alpha([[1], [2]], "ratio"), "level is 'ratio', expected one of nominal"),
        (
            lambda: alpha_interval([[1, 2], [1, 2]], ["a"], rng=np.random.default_rng(0)),
            "1 clusters and 2 items",
        ),
    ],
)
def test_wrong_ratings_are_said_to_be_so(call, message):
    with pytest.raises(ValueError, match=message):
        call()
