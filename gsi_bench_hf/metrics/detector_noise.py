"""How much of a `strict` score is the detector's own noise: the same edit scored by several looks at it.

Looks of one detector at other crops give a spread of every sample's accuracy. Looks at the *source* image give a floor: nothing was
edited between two of them, so whatever has moved is noise. A second detector shows what one alone can't: where both err alike.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.metrics.scoring import strict_pose
from gsi_bench_hf.types import Look, Sample, Scan, UnscorableError

Float = NDArray[np.float64]

ERRORS = ("position_m", "rotation_deg", "log_scale")


def score_looks(sample: Sample, scan: Scan) -> list[dict[str, Any]]:
    """Every look of a scan, scored as the scan itself is, as plain JSON values.

    Returns:
        For each look `name`, `same_detector`, `accuracy` and `compliance` (0..100, None with a `reason`), and `untouched`: what the
        target in the *source* image seems to have done between the first look and this one (`found`, the `ERRORS`, `accuracy`,
        `compliance`). It is None where the two can't be laid side by side.
    """
    return [_scored(sample, scan, look) for look in scan.looks]


def accuracies(accuracy: float | None, looks: Iterable[Mapping[str, Any]]) -> Float:
    """(N,) the accuracies that one detector gives a sample, 0..100, its first look's first; what is unknown is left out."""
    same = [look["accuracy"] for look in looks if look["same_detector"]]
    return np.array([value for value in (accuracy, *same) if value is not None and not math.isnan(value)])


def spread(accuracy: float | None, looks: Iterable[Mapping[str, Any]]) -> float | None:
    """The standard deviation of a sample's accuracy from look to look; None with fewer than two.

    >>> spread(50.0, [{"same_detector": True, "accuracy": 54.0}])
    2.8284271247461903
    """
    values = accuracies(accuracy, looks)
    return float(values.std(ddof=1)) if len(values) > 1 else None


def summarise_noise(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the looks of a run's samples come to; None where there are none.

    Args:
        samples: mappings with `accuracy`, `compliance` (0..100, NaN or None where there is none) and `looks` of `score_looks`.

    Returns:
        `samples`; `looks`, their names; `missing`, reason to count; `spread`, the root of the mean variance of a sample's accuracy
        from look to look; `share` of the variance of the accuracies that this is, 0..1; `mean_error` of the run's mean, from the
        detector alone; `undecided`, the share of samples whose compliance differs from look to look; `by_look`, the mean accuracy of
        each; `untouched` and `second`, see `_untouched` and `_second`. None is what can't be known.
    """
    seen = [sample for sample in samples if sample.get("looks")]
    if not seen:
        return None
    looks = [look for sample in seen for look in sample["looks"]]
    return {
        "samples": len(seen),
        "looks": list(dict.fromkeys(look["name"] for look in looks)),
        "missing": dict(Counter(look["reason"] for look in looks if look["accuracy"] is None).most_common()),
        **_spread(seen),
        "by_look": _by_look(seen),
        "untouched": _untouched([look["untouched"] for look in looks if look["untouched"] is not None]),
        "second": _second(seen),
    }


def _scored(sample: Sample, scan: Scan, look: Look) -> dict[str, Any]:
    line: dict[str, Any] = {
        "name": look.name,
        "same_detector": look.same_detector,
        "accuracy": None,
        "compliance": None,
        "reason": look.reason,
        "untouched": None,
    }
    if look.scan is None:
        return line
    line["untouched"] = _still(sample, scan, look.scan) if look.same_detector else None
    try:
        score = strict_pose(sample, look.scan)
    except UnscorableError as error:
        return line | {"reason": str(error)}
    return line | {"accuracy": 100.0 * score.accuracy, "compliance": 100.0 * score.compliance}


def _still(sample: Sample, first: Scan, other: Scan) -> dict[str, Any] | None:
    """The source's target laid against itself: found in the first look, and, unedited, in another."""
    box = sample.edit.original_box
    if first.source_target is None or box is None:
        return None
    laid = replace(first, target=other.source_target, edited=other.origin, lost=0, added=0)
    found = other.source_target is not None
    # Against its own box as the wanted one the errors are those of standing still; the score is that of the edit.
    errors = strict_pose(_unmoved(sample), laid).errors if found else {}
    try:
        score = strict_pose(sample, laid)
    except UnscorableError:
        return None
    return {
        "found": found,
        **{name: errors.get(name) for name in ERRORS},
        "accuracy": 100.0 * score.accuracy,
        "compliance": 100.0 * score.compliance,
    }


def _unmoved(sample: Sample) -> Sample:
    """A record that asks to move the target by nothing at all."""
    edit = sample.row["edit"]
    same = {"new_bbox_3d": edit["original_bbox_3d"], "new_rotation_matrix": edit["rotation_matrix"]}
    return Sample({**sample.row, "operation": "move", "edit": {**edit, **same}})


def _spread(samples: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    values = [accuracies(sample["accuracy"], sample["looks"]) for sample in samples]
    values = [v for v in values if len(v) > 1]
    if not values:
        return dict.fromkeys(("spread", "share", "mean_error", "undecided"))
    variances = np.array([v.var(ddof=1) for v in values])
    within = float(variances.mean())
    total = float(np.concatenate([v - np.mean([w.mean() for w in values]) for v in values]).var())
    return {
        "spread": math.sqrt(within),
        "share": min(1.0, within / total) if total > 0.0 else None,
        "mean_error": math.sqrt(float(variances.sum())) / len(variances),
        "undecided": float(np.mean([len(_decisions(sample)) > 1 for sample in samples])),
    }


def _decisions(sample: Mapping[str, Any]) -> set[float]:
    same = [look["compliance"] for look in sample["looks"] if look["same_detector"]]
    return {value for value in (sample["compliance"], *same) if value is not None and not math.isnan(value)}


def _by_look(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean accuracy of every look, the first one's first; 0..100."""
    values: dict[str, list[float]] = {"whole image": []}
    for sample in samples:
        if sample["accuracy"] is not None and not math.isnan(sample["accuracy"]):
            values["whole image"].append(sample["accuracy"])
        for look in sample["looks"]:
            if look["accuracy"] is not None:
                values.setdefault(look["name"], []).append(look["accuracy"])
    return [{"name": name, "accuracy": _mean(found), "n": len(found)} for name, found in values.items()]


def _untouched(stills: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What objects that nobody touched seem to do: `n`, share `found` again, median and 95th percentile of each of `ERRORS`, mean
    `accuracy` and `compliance` (0..100) that they get for it, where 0 is right but for what vanishes when it shall.
    """
    if not stills:
        return None
    errors = {name: [still[name] for still in stills if still[name] is not None] for name in ERRORS}
    return {
        "n": len(stills),
        "found": float(np.mean([still["found"] for still in stills])),
        **{
            name: {"median": float(np.median(v)), "p95": float(np.percentile(v, 95))} if v else None
            for name, v in errors.items()
        },
        "accuracy": _mean([still["accuracy"] for still in stills]),
        "compliance": _mean([still["compliance"] for still in stills]),
    }


def _second(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The other detector beside the first, on the samples that both score: `name`, `n`, its mean `accuracy`, the `difference` from
    the first's, the mean `distance` of a sample's two, and the share on whose compliance they are `agreed`.
    """
    others = [
        (sample, look)
        for sample in samples
        for look in sample["looks"]
        if not look["same_detector"] and look["accuracy"] is not None and sample["accuracy"] is not None
    ]
    others = [(sample, look) for sample, look in others if not math.isnan(sample["accuracy"])]
    if not others:
        return None
    off = np.array([look["accuracy"] - sample["accuracy"] for sample, look in others])
    return {
        "name": others[0][1]["name"],
        "n": len(others),
        "accuracy": _mean([look["accuracy"] for _, look in others]),
        "difference": float(off.mean()),
        "distance": float(np.abs(off).mean()),
        "agreed": float(np.mean([look["compliance"] == sample["compliance"] for sample, look in others])),
    }


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
