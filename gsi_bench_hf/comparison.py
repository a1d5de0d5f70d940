"""Two runs on the same samples, compared pair by pair: which is better, how sure that is, and how many samples would settle it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.assess import SCORES
from gsi_bench_hf.metrics.uncertainty import Interval, compare, samples_needed
from gsi_bench_hf.results import METRICS, SHORT, Results, load_results

Float = NDArray[np.float64]

_SAME_DATA = ("subset", "generator", "version", "seed")
_OTHERWISE = ("detector", "judge", "lpips", "gsi-bench-hf")


class NotComparableError(ValueError):
    """Two runs whose scores don't belong beside each other; the message says why."""


@dataclass(frozen=True)
class MetricComparison:
    """One metric over the samples that both runs have a score of.

    Attributes:
        a, b: the runs' means over those samples, 0..100.
        difference: b − a with its 95 % interval, resampled by scene; `n` is the number of samples.
        p_value: two-sided, of the sign-flip test by scene: swapping the runs in any scene changes nothing.
        samples_needed: how many samples from scenes like these tell a difference as large as this one from 0 in four of five
            tries; infinite for equal means, NaN where there are not two scenes.
    """

    a: float
    b: float
    difference: Interval
    p_value: float
    samples_needed: float


@dataclass(frozen=True)
class RunComparison:
    """What `compare_runs` found.

    Attributes:
        a, b: name and folder of each run.
        subset, protocol, locality: of both.
        common: how many samples both runs have.
        only_a, only_b: how many samples one of them lacks; they take no part.
        scenes: how many scenes the common samples are of.
        metrics: by name: the four and their "average", per sample the mean of its four.
        notes: what else differs between the runs, and may be why they differ.
    """

    a: Mapping[str, str]
    b: Mapping[str, str]
    subset: str
    protocol: str
    locality: str
    common: int
    only_a: int
    only_b: int
    scenes: int
    metrics: Mapping[str, MetricComparison]
    notes: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file; what is infinite or NaN becomes null there."""
        names = ("a", "b", "subset", "protocol", "locality", "common", "only_a", "only_b", "scenes")
        return {
            **{name: getattr(self, name) for name in names},
            "metrics": {name: _metric_json(metric) for name, metric in self.metrics.items()},
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"{letter}: {run['editor']} ({run['folder']})" for letter, run in (("A", self.a), ("B", self.b))]
        left_out = [f"{n} only in {letter}" for n, letter in ((self.only_a, "A"), (self.only_b, "B")) if n]
        missing = f" ({', '.join(left_out)} left out)" if left_out else ""
        lines.append(
            f"{self.subset}, protocol {self.protocol}: {self.common} samples of {self.scenes} scene"
            f"{'s' * (self.scenes != 1)} in both{missing}"
        )
        lines.append(f"{'':<9}{'A':>8}{'B':>8}{'B − A  [95 %]':>26}{'p':>9}{'n':>7}{'n needed':>10}")
        lines += [_line(SHORT[name], metric) for name, metric in self.metrics.items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)


def compare_runs(
    a: Results | str | os.PathLike[str], b: Results | str | os.PathLike[str], *, seed: int = 0
) -> RunComparison:
    """Compare two finished runs sample by sample.

    Args:
        a: a run, or its folder.
        b: another one, on the same data under the same protocol.
        seed: of the resamples and the flips.

    Raises:
        NotComparableError: the runs have other protocols, another make of locality, other data, or no sample in common.
        RunFolderError: a folder holds no finished run.
    """
    first, second = (run if isinstance(run, Results) else load_results(run) for run in (a, b))
    _check_comparable(first, second)
    ours, theirs = ({str(s["id"]): s for s in run.samples} for run in (first, second))
    common = [sample_id for sample_id in ours if sample_id in theirs]
    _check_same_samples(first, second, [(ours[i], theirs[i]) for i in common])
    scenes = [str(ours[i]["scene_id"]) for i in common]
    left, right = (_scores([side[i] for i in common]) for side in (ours, theirs))
    rng = np.random.default_rng(seed)
    metrics = {
        name: _compare_metric(left[:, column], right[:, column], scenes, rng) for column, name in enumerate(METRICS)
    }
    return RunComparison(
        a={"editor": first.editor, "folder": str(first.folder)},
        b={"editor": second.editor, "folder": str(second.folder)},
        subset=first.subset,
        protocol=first.protocol,
        locality=first.locality,
        common=len(common),
        only_a=len(ours) - len(common),
        only_b=len(theirs) - len(common),
        scenes=len(set(scenes)),
        metrics=metrics,
        notes=_notes(first, second),
    )


def _check_comparable(a: Results, b: Results) -> None:
    if a.protocol != b.protocol:
        raise NotComparableError(
            f"{a.folder} has protocol {a.protocol!r} and {b.folder} {b.protocol!r}; expected two runs of one protocol: "
            "run one of them again with the other's --protocol"
        )
    before, after = a.run["arguments"]["dataset"], b.run["arguments"]["dataset"]
    changed = [name for name in _SAME_DATA if before.get(name) != after.get(name)]
    if changed:
        name = changed[0]
        raise NotComparableError(
            f"{a.folder} and {b.folder} are runs on other data: {name} is {before.get(name)!r} and {after.get(name)!r}; "
            "expected two runs on the same subset"
        )
    if a.locality != b.locality:
        raise NotComparableError(
            f"edit locality is {a.locality} in {a.folder} and {b.locality} in {b.folder}; "
            "expected the same in both: run one of them again with the other's --lpips"
        )


def _check_same_samples(a: Results, b: Results, pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
    if not pairs:
        raise NotComparableError(
            f"{a.folder} and {b.folder} have no sample in common, expected runs on the same samples"
        )
    for one, other in pairs:
        # None is the fingerprint of a record that could not be read; its sample has no scores either.
        if one["row"] and other["row"] and one["row"] != other["row"]:
            raise NotComparableError(
                f"{a.folder} and {b.folder} are runs on other data: the record {one['id']!r} differs in its image, instruction or "
                "edit; expected two runs on the same records"
            )


def _scores(samples: Sequence[Mapping[str, Any]]) -> Float:
    """(N, 5) the metrics of every sample, the last one the mean of the others; NaN where there is none."""
    scores = np.array([[s["scores"][name] for name in SCORES] for s in samples], dtype=np.float64)
    return np.concatenate([scores, scores.mean(axis=1, keepdims=True)], axis=1)


def _compare_metric(a: Float, b: Float, scenes: Sequence[str], rng: np.random.Generator) -> MetricComparison:
    found = compare(a, b, scenes, rng=rng)
    known = ~np.isnan(b - a)
    if len({scene for scene, is_known in zip(scenes, known, strict=True) if is_known}) < 2:
        needed = math.nan
    else:
        needed = samples_needed(a, b, scenes)
    mean_a, mean_b = (float(side[known].mean()) if known.any() else math.nan for side in (a, b))
    return MetricComparison(mean_a, mean_b, found.difference, found.p_value, needed)


def _notes(a: Results, b: Results) -> list[str]:
    before, after = a.run["arguments"], b.run["arguments"]
    return [
        f"{name} is {_short(before.get(name))} in A and {_short(after.get(name))} in B"
        for name in _OTHERWISE
        if before.get(name) != after.get(name)
    ]


def _short(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    arguments = ", ".join(f"{k}={v}" for k, v in value.get("arguments", {}).items())
    return f"{value.get('name')}({arguments})" if arguments else str(value.get("name"))


def _metric_json(metric: MetricComparison) -> dict[str, Any]:
    difference = metric.difference
    return {
        "a": metric.a,
        "b": metric.b,
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "n": difference.n,
        "p_value": metric.p_value,
        "samples_needed": _whole(metric.samples_needed),
    }


def _whole(samples: float) -> int | None:
    """A number of samples as one that a person can collect: two differences that agree are the least that says anything."""
    return max(2, math.ceil(samples)) if math.isfinite(samples) else None


def _line(name: str, metric: MetricComparison) -> str:
    difference = metric.difference
    if difference.n == 0:
        return f"{name:<9}{'–':>8}{'–':>8}{'–':>26}{'–':>9}{0:>7}{'–':>10}"
    interval = "" if math.isnan(difference.low) else f" [{difference.low:+.1f}, {difference.high:+.1f}]"
    p_value = "<0.001" if metric.p_value < 0.001 else f"{metric.p_value:.3f}"
    needed = _whole(metric.samples_needed) or "–"
    shown = f"{difference.value:+.1f}{interval}"
    return f"{name:<9}{metric.a:>8.1f}{metric.b:>8.1f}{shown:>26}{p_value:>9}{difference.n:>7}{needed:>10}"
