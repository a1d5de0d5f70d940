"""Do raters agree? Spearman's rank correlation and Krippendorff's alpha, each with a bootstrap interval.

Alpha as in Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): 1 − observed over expected disagreement, any number of
raters, ratings may be missing. The ordinal distance between two values is that between their places in the order of all ratings
(the mean rank of each), so ordinal alpha is interval alpha of those. Intervals are percentiles over resampled items, or over whole
clusters of items where items of one scene resemble each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gsi_bench_hf.metrics.uncertainty import Interval, cluster_weights, interval_of

__all__ = ["LEVELS", "Level", "alpha_interval", "krippendorff_alpha", "spearman", "spearman_interval"]

Float = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]
LEVELS: tuple[Level, ...] = get_args(Level)
RESAMPLES = 2_000
_CHUNK = 2_000_000


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Rank correlation, −1..1, of two raters; equal values share their mean rank.

    Args:
        a: (N,) ratings; an item that either rater left out (NaN) takes no part.
        b: (N,) ratings of the same items.

    Returns:
        NaN where fewer than two items are left, or one of the raters says the same of all of them.

    >>> round(spearman([1, 2, 3, 4], [10, 20, 40, 30]), 6)
    0.8
    """
    first, second = _pairs(a, b)
    return float(_spearmen(first, second, np.ones((1, len(first))))[0])


def spearman_interval(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Sequence[Any] | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Interval:
    """`spearman` with its 95 % interval; `n` is the number of items that both rated.

    Args:
        a: (N,) ratings, NaN where missing.
        b: (N,) ratings of the same items.
        clusters: (N,) hashable; what is drawn together, such as the scene. None draws item by item.
        rng: where the draws come from.
        resamples: how many.
    """
    known = ~np.isnan(np.asarray(a, dtype=np.float64) + np.asarray(b, dtype=np.float64))
    first, second = _pairs(a, b)
    drawn_from = [c for c, k in zip(_clusters(clusters, len(known)), known, strict=True) if k]
    weights = _weights(drawn_from, rng, resamples)
    return interval_of(spearman(first, second), _spearmen(first, second, weights), first, drawn_from)


def krippendorff_alpha(ratings: ArrayLike, level: Level = "interval") -> float:
    """How far raters agree beyond chance: 1 wholly, 0 as if by chance, below 0 worse than that.

    Args:
        ratings: (raters, items); NaN where a rater left an item out. An item with fewer than two ratings takes no part.
        level: what a difference between ratings means: "nominal" (names), "ordinal" (ranks) or "interval" (amounts).

    Returns:
        NaN where no item has two ratings, or all ratings are the same, so that nothing can be said.

    Raises:
        ValueError: for another shape or level.

    >>> krippendorff_alpha([[1, 2, 3], [1, 2, 3]]), round(krippendorff_alpha([[1, 1, 2], [1, 2, 2]], "nominal"), 3)
    (1.0, 0.444)
    """
    counts, values, _ = _counted(ratings, level)
    return float(_alphas(counts, values, np.ones((1, len(counts))), level)[0])


def alpha_interval(
    ratings: ArrayLike,
    clusters: Sequence[Any] | None = None,
    *,
    level: Level = "interval",
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Interval:
    """`krippendorff_alpha` with its 95 % interval; `n` is the number of items with two ratings or more.

    Args:
        ratings: (raters, items), NaN where missing.
        clusters: (items,) hashable; what is drawn together. None draws item by item.
        level: as in `krippendorff_alpha`.
        rng: where the draws come from.
        resamples: how many.
    """
    counts, values, known = _counted(ratings, level)
    drawn_from = [c for c, k in zip(_clusters(clusters, len(known)), known, strict=True) if k]
    drawn = _alphas(counts, values, _weights(drawn_from, rng, resamples), level)
    return interval_of(krippendorff_alpha(ratings, level), drawn, np.ones(len(counts)), drawn_from)


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[Float, Float]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"spearman: ratings have shapes {first.shape} and {second.shape}, expected two raters of the same items, (N,)"
        )
    known = ~np.isnan(first + second)
    return first[known], second[known]


def _counted(ratings: ArrayLike, level: str) -> tuple[Float, Float, NDArray[np.bool_]]:
    """(N, K) how often each item got each value, the values (K,), and which of the items have two ratings or more."""
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"krippendorff_alpha: ratings have shape {table.shape}, expected (raters, items)")
    if level not in LEVELS:
        raise ValueError(f"krippendorff_alpha: level is {level!r}, expected one of {', '.join(LEVELS)}")
    rated = ~np.isnan(table)
    known = rated.sum(axis=0) >= 2
    table, rated = table[:, known], rated[:, known]
    values, codes = np.unique(table[rated], return_inverse=True)
    counts = np.zeros((table.shape[1], len(values)))
    np.add.at(counts, (np.nonzero(rated)[1], codes), 1.0)
    return counts, values, known


def _alphas(counts: Float, values: Float, weights: Float, level: str) -> Float:
    """(B,) alpha where item u counts `weights[:, u]` times."""
    step = max(1, _CHUNK // max(1, counts.size))
    blocks = [_alpha_block(counts, values, weights[i : i + step], level) for i in range(0, len(weights), step)]
    return np.concatenate(blocks)


def _alpha_block(counts: Float, values: Float, weights: Float, level: str) -> Float:
    per_item = counts.sum(axis=1)
    totals = weights @ counts
    n = totals.sum(axis=1)
    if level == "nominal":
        within = (per_item**2 - (counts**2).sum(axis=1))[None, :]
        expected = n**2 - (totals**2).sum(axis=1)
    else:
        places = _midranks(totals) if level == "ordinal" else np.broadcast_to(values, totals.shape)
        places = places - places.mean(axis=1, keepdims=True) if places.size else places
        # Σ over pairs of (x − y)² is 2 (m Σ x² − (Σ x)²).
        within = 2.0 * (per_item * (places**2 @ counts.T) - (places @ counts.T) ** 2)
        expected = 2.0 * (n * (totals * places**2).sum(axis=1) - (totals * places).sum(axis=1) ** 2)
    observed = (weights * within / np.maximum(per_item - 1.0, 1.0)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha = 1.0 - (n - 1.0) * observed / expected
    return np.asarray(np.where(expected > 1e-9 * np.maximum(n, 1.0), alpha, math.nan))


def _spearmen(a: Float, b: Float, weights: Float) -> Float:
    """(B,) rank correlations where item u counts `weights[:, u]` times."""
    found = np.empty(len(weights))
    step = max(1, _CHUNK // max(1, len(a)))
    for start in range(0, len(weights), step):
        part = weights[start : start + step]
        found[start : start + step] = _correlation(_ranks(a, part), _ranks(b, part), part)
    return found


def _ranks(x: Float, weights: Float) -> Float:
    """(B, N) the mean rank of every item's value among items that count so often."""
    _, codes = np.unique(x, return_inverse=True)
    width = int(codes.max()) + 1 if len(codes) else 0
    offsets = np.arange(len(weights))[:, None] * width + codes[None, :]
    totals = np.bincount(offsets.ravel(), weights=weights.ravel(), minlength=len(weights) * width)
    return np.asarray(_midranks(np.asarray(totals, dtype=np.float64).reshape(len(weights), width))[:, codes])


def _midranks(totals: Float) -> Float:
    """(B, K) the middle of each value's ranks, where value k occurs `totals[:, k]` times."""
    return np.asarray(np.cumsum(totals, axis=1) - totals / 2.0)


def _correlation(x: Float, y: Float, weights: Float) -> Float:
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weights.sum(axis=1, keepdims=True)
        x, y = (v - (weights * v).sum(axis=1, keepdims=True) / total for v in (x, y))
        spreads = (weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1)
        found = (weights * x * y).sum(axis=1) / np.sqrt(spreads)
    return np.asarray(np.where(spreads > 1e-9, found, math.nan))


def _clusters(clusters: Sequence[Any] | None, count: int) -> Sequence[Any]:
    if clusters is None:
        return range(count)
    if len(clusters) != count:
        raise ValueError(f"there are {len(clusters)} clusters and {count} items, expected one cluster an item")
    return clusters


def _weights(clusters: Sequence[Any], rng: np.random.Generator, resamples: int) -> Float:
    """(resamples, N) how often each item was drawn."""
    numbers: dict[Any, int] = {}
    of = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters], dtype=np.intp)
    return np.asarray(cluster_weights(len(numbers), resamples, rng=rng)[:, of])
