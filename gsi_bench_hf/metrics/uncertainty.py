"""How sure a mean is: bootstrap intervals and paired comparisons, resampled by scene.

Edits of one scene resemble each other, so whole scenes are drawn: `C` scenes with replacement out of `C`, all their samples with them
(the cluster bootstrap, percentile intervals; Efron and Tibshirani 1993). What can't be scored is NaN and takes no part in its mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]

RESAMPLES = 10_000
LEVEL = 0.95
_CHUNK_DRAWS = 2_000_000  # bounds the memory of one block of resamples, about 30 MB


@dataclass(frozen=True)
class Interval:
    """A mean, its interval, and how many samples it is over. NaN bounds: fewer than two scenes, so no spread to see."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same samples: `difference` (b − a) with its interval, and `p_value` of the sign-flip test."""

    difference: Interval
    p_value: float


def cluster_weights(num_clusters: int, resamples: int, *, rng: np.random.Generator) -> Float:
    """(resamples, num_clusters) how often each cluster was drawn: multinomial counts, each row summing to `num_clusters`."""
    counts = np.empty((resamples, num_clusters), dtype=np.float64)
    step = max(1, _CHUNK_DRAWS // max(1, num_clusters))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(0, num_clusters, size=(rows, num_clusters), dtype=np.int32)
        drawn += (np.arange(rows, dtype=np.int32) * num_clusters)[:, None]
        counts[start : start + rows] = np.bincount(drawn.ravel(), minlength=rows * num_clusters).reshape(rows, -1)
    return counts


def bootstrap_means(
    values: ArrayLike, clusters: Sequence[Any], *, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Float:
    """(resamples, M) means of every column of `values` in every resample; NaN where none of its values was drawn.

    Args:
        values: (N, M), NaN where a value is missing.
        clusters: (N,) hashable scene of each row.
        rng: where the draws come from.
        resamples: how many.
    """
    columns, numbers = _columns(values, clusters)
    known = ~np.isnan(columns)
    count = int(numbers.max()) + 1 if len(numbers) else 0
    sums, totals = np.zeros((count, columns.shape[1])), np.zeros((count, columns.shape[1]))
    np.add.at(sums, numbers, np.where(known, columns, 0.0))
    np.add.at(totals, numbers, known.astype(np.float64))
    weights = cluster_weights(count, resamples, rng=rng)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights @ sums) / (weights @ totals))


def intervals(
    values: ArrayLike,
    clusters: Sequence[Any],
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> list[Interval]:
    """The mean of every column of `values` (N, M) with its percentile interval; arguments as `bootstrap_means`.

    All columns share their resamples. A column of NaNs alone, or no rows, gives NaN with n = 0.
    """
    columns, _ = _columns(values, clusters)
    means = bootstrap_means(columns, clusters, rng=rng, resamples=resamples)
    return [
        interval_of(column_means(columns)[i], means[:, i], columns[:, i], clusters, level)
        for i in range(columns.shape[1])
    ]


def interval_of(value: float, means: Float, column: Float, clusters: Sequence[Any], level: float = LEVEL) -> Interval:
    """The interval of a statistic: `means` (B,) are its resampled values, `column` (N,) what it is over."""
    known = ~np.isnan(column)
    scenes = {cluster for cluster, is_known in zip(clusters, known, strict=True) if is_known}
    drawn = means[~np.isnan(means)]
    if len(scenes) < 2 or len(drawn) == 0:
        return Interval(float(value), math.nan, math.nan, int(known.sum()))
    low, high = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(float(value), float(low), float(high), int(known.sum()))


def column_means(columns: Float) -> Float:
    """(M,) mean of every column of (N, M) without its NaNs; NaN where nothing is left."""
    known = ~np.isnan(columns)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, columns, 0.0).sum(axis=0) / known.sum(axis=0))


def compare(
    a: ArrayLike, b: ArrayLike, clusters: Sequence[Any], *, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Comparison:
    """Compare two runs sample by sample: the paired bootstrap of b − a, and a sign-flip test by scene.

    Args:
        a: (N,) scores; a pair with a NaN is left out.
        b: (N,) scores of the same samples in the same order.
        clusters: (N,) scene of each.
        rng: where draws and flips come from.
        resamples: how many of each.

    Returns:
        The p-value is two-sided, of the hypothesis that swapping a and b in any scene changes nothing. NaN for no pairs.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"compare: runs have shapes {first.shape} and {second.shape}, expected the same samples in both, (N,)"
        )
    difference = second - first
    interval = intervals(difference[:, None], clusters, rng=rng, resamples=resamples)[0]
    known = ~np.isnan(difference)
    if not known.any():
        return Comparison(interval, math.nan)
    _, numbers = np.unique([str(c) for c, k in zip(clusters, known, strict=True) if k], return_inverse=True)
    sums = np.bincount(numbers, weights=difference[known])
    flips = rng.integers(0, 2, size=(resamples, len(sums)), dtype=np.int8) * 2.0 - 1.0
    # The slack keeps flips that give the same sum in another order of addition from counting as smaller.
    extreme = np.abs(flips @ sums) >= abs(sums.sum()) * (1.0 - 1e-12)
    return Comparison(interval, float((1 + extreme.sum()) / (1 + resamples)))


def samples_needed(
    a: ArrayLike, b: ArrayLike, clusters: Sequence[Any], *, power: float = 0.8, level: float = LEVEL
) -> float:
    """How many samples, drawn from scenes like these, tell the two runs' observed difference from 0 with this `power`.

    The normal approximation: n · ((z + z_power) · standard error / difference)², the error by scene. Infinite for equal means.

    Args:
        a: (N,) scores; a pair with a NaN is left out.
        b: (N,) scores of the same samples in the same order.
        clusters: (N,) scene of each.
        power: chance to find the difference.
        level: of the interval that must not hold 0.
    """
    difference = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    known = ~np.isnan(difference)
    names, numbers = np.unique([str(c) for c, k in zip(clusters, known, strict=True) if k], return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"samples_needed: {len(names)} scene(s), expected at least 2 to see a spread")
    values = difference[known]
    mean, total = values.mean(), len(values)
    residuals = np.bincount(numbers, weights=values - mean)
    error = math.sqrt(float((residuals**2).sum()) * len(names) / (len(names) - 1)) / total
    normal = NormalDist()
    factor = normal.inv_cdf((1.0 + level) / 2.0) + normal.inv_cdf(power)
    return math.inf if mean == 0.0 else total * (factor * error / float(mean)) ** 2


def _columns(values: ArrayLike, clusters: Sequence[Any]) -> tuple[Float, NDArray[np.intp]]:
    columns = np.asarray(values, dtype=np.float64)
    if columns.ndim != 2 or len(columns) != len(clusters):
        raise ValueError(
            f"values have shape {columns.shape} and there are {len(clusters)} clusters, expected (N, M) and N"
        )
    numbers: dict[Any, int] = {}
    return columns, np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters], dtype=np.intp)
