"""One sample's score, and what many of them come to: means, intervals, counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.metrics.uncertainty import Interval, bootstrap_means, column_means, interval_of
from gsi_bench_hf.types import operation_name

METRICS = ("instruction_compliance", "spatial_accuracy", "appearance_consistency", "edit_locality")
AVERAGE = "average"


@dataclass(frozen=True)
class SampleScore:
    """What one sample counts.

    Attributes:
        instruction_compliance, spatial_accuracy, appearance_consistency, edit_locality: 0..100 as they enter the means, or NaN.
            Under both protocols appearance and locality count only where the instruction was complied with, and are 0 elsewhere;
            under `paper` a judgement of 0 or None takes everything to 0. What was measured before that is in `details`.
        reason: why something is NaN; None where nothing is.
        details: plain JSON values: what was measured (`measured_…`), errors, drift, ssim, lpips, mse, "locality" …
    """

    instruction_compliance: float
    spatial_accuracy: float
    appearance_consistency: float
    edit_locality: float
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scorable(self) -> bool:
        """Whether the edit itself could be scored."""
        return not math.isnan(self.instruction_compliance)


def unscorable(reason: str) -> SampleScore:
    """The score of a sample that can't be scored: NaN everywhere, counted and reported, never 0."""
    return SampleScore(math.nan, math.nan, math.nan, math.nan, reason)


def summarise(
    scores: Sequence[SampleScore],
    samples_meta: Sequence[Mapping[str, Any]],
    *,
    protocol: str,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """The means with their 95 % intervals, over all samples and by operation.

    Every mean is over what was scored (NaNs are left out and counted), of the counted values of `SampleScore`: so EL and AC are 0
    where IC is 0, and `identity` has 0 everywhere. "average" is the mean of the four means.

    Args:
        scores: one a sample.
        samples_meta: mappings with `id`, `operation` (name or number) and `scene_id`, in the same order.
        protocol: "paper" or "strict"; named in the result.
        rng: draws the resamples (of scenes, 10,000).

    Returns:
        `metrics` {name: {"value", "low", "high", "n"}} for the four and "average"; `by_operation` {operation: the same};
        `counts` {"scored", "unscorable", "partial", "by_reason"}; `locality` "ssim", "ssim+lpips" or "lpips" (what EL is made of);
        `protocol`. Values that can't be known are NaN.

    Raises:
        ValueError: for lists of different lengths, or scores that disagree about what locality is made of.
    """
    if len(scores) != len(samples_meta):
        raise ValueError(
            f"summarise: {len(scores)} scores and {len(samples_meta)} samples, expected one score a sample"
        )
    values = np.array([[getattr(score, name) for name in METRICS] for score in scores]).reshape(-1, len(METRICS))
    operations = [operation_name(meta["operation"]) for meta in samples_meta]
    scenes = [meta["scene_id"] for meta in samples_meta]
    groups = list(dict.fromkeys(operations))
    columns = [values, *(np.where(np.array(operations)[:, None] == group, values, np.nan) for group in groups)]
    tables = _tables(np.concatenate(columns, axis=1), scenes, rng)
    return {
        "protocol": protocol,
        "locality": _locality_name(scores),
        "metrics": tables[0],
        "by_operation": dict(zip(groups, tables[1:], strict=True)),
        "counts": _counts(scores),
    }


def _tables(columns: NDArray[np.float64], scenes: Sequence[Any], rng: np.random.Generator) -> list[dict[str, Any]]:
    """One table for every four columns; all share their resamples, so that their averages' intervals are right."""
    resampled, observed = bootstrap_means(columns, scenes, rng=rng), column_means(columns)
    tables = []
    for start in range(0, columns.shape[1], len(METRICS)):
        part = slice(start, start + len(METRICS))
        table = {
            name: interval_of(observed[i], resampled[:, i], columns[:, i], scenes)
            for i, name in enumerate(METRICS, start=start)
        }
        any_metric = columns[:, part].sum(axis=1)
        table[AVERAGE] = interval_of(observed[part].mean(), resampled[:, part].mean(axis=1), any_metric, scenes)
        tables.append({name: _plain_interval(interval) for name, interval in table.items()})
    return tables


def _plain_interval(interval: Interval) -> dict[str, float | int]:
    return {"value": interval.value, "low": interval.low, "high": interval.high, "n": interval.n}


def _counts(scores: Sequence[SampleScore]) -> dict[str, Any]:
    scored = sum(score.scorable for score in scores)
    return {
        "scored": scored,
        "unscorable": len(scores) - scored,
        "partial": sum(score.scorable and score.reason is not None for score in scores),
        "by_reason": dict(Counter(score.reason for score in scores if score.reason is not None)),
    }


def _locality_name(scores: Sequence[SampleScore]) -> str:
    names = {score.details["locality"] for score in scores if "locality" in score.details}
    if len(names) > 1:
        raise ValueError(
            f"summarise: edit locality is {' in some samples, '.join(sorted(names))} in others, expected one of them; "
            "score them all with LPIPS or all without"
        )
    return names.pop() if names else "ssim"
