"""How much of a run's scores is the detector's own noise, as the report shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gsi_bench_hf.metrics.detector_noise import accuracies
from gsi_bench_hf.report.cards import number
from gsi_bench_hf.results import Results

_NBSP = "\u00a0"
_MOST_SAMPLES = 120
_HEIGHT = 100.0


def noise_view(run: Results) -> dict[str, Any] | None:
    """What the report says of a run's looks, numbers already written out; None where each edit was looked at once."""
    noise = run.detector_noise
    if noise is None:
        return None
    interval = run.intervals["spatial_accuracy"]
    return {
        "count": noise["samples"],
        "looks": len(noise["looks"]),
        "facts": [fact for fact in _facts(noise, interval) if fact is not None],
        "strips": _strips(run.samples),
        "by_look": [
            {"name": look["name"], "accuracy": _shown(look["accuracy"]), "n": look["n"]} for look in noise["by_look"]
        ],
        "untouched": _untouched(noise["untouched"]),
        "missing": [{"reason": reason, "count": count} for reason, count in noise["missing"].items()],
    }


def _facts(noise: Mapping[str, Any], interval: tuple[float, float]) -> list[dict[str, str] | None]:
    second = noise["second"]
    half = None if any(math.isnan(bound) for bound in interval) else (interval[1] - interval[0]) / 2
    beside = "." if half is None else f"; the draw of the samples leaves ±{_NBSP}{number(half)}."
    return [
        _fact(_share(noise["share"]), "of the accuracy’s variance over the samples is the detector’s noise."),
        _fact(
            _plus_minus(noise["spread"]),
            "is how much the accuracy of one sample varies from look to look (standard deviation).",
        ),
        _fact(
            _plus_minus(noise["mean_error"], 2),
            f"is what that leaves on the mean of {noise['samples']} samples{beside}",
        ),
        _fact(_share(noise["undecided"]), "of the edits comply in some looks and not in others."),
        None
        if second is None
        else _fact(
            _signed(second["difference"]),
            f"is how {second['name']} differs on the mean; of one sample the two are {number(second['distance'])} apart, "
            f"and agree on compliance in {_share(second['agreed'])} of {second['n']}.",
        ),
    ]


def _fact(value: str, words: str) -> dict[str, str]:
    return {"value": value, "words": words}


def _untouched(still: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if still is None:
        return None
    rows = [
        ("moved", _pair(still["position_m"], lambda v: f"{100 * v:.1f}{_NBSP}cm")),
        ("turned", _pair(still["rotation_deg"], lambda v: f"{v:.1f}°")),
        ("grew or shrank", _pair(still["log_scale"], lambda v: f"{100 * math.expm1(v):.1f}{_NBSP}%")),
    ]
    return {
        "n": still["n"],
        "lost": None if still["found"] == 1.0 else _share(1.0 - still["found"]),
        "rows": [{"name": name, "median": pair[0], "p95": pair[1]} for name, pair in rows if pair is not None],
        "accuracy": _shown(still["accuracy"]),
        "compliance": _shown(still["compliance"]),
    }


def _pair(value: Mapping[str, float] | None, written: Any) -> tuple[str, str] | None:
    return None if value is None else (written(value["median"]), written(value["p95"]))


def _strips(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One line a sample, from its lowest accuracy to its highest, the first look's as a dot; in order of the first look's.

    Of more samples than fit every n-th is drawn.
    """
    lines = []
    for sample in samples:
        first = sample["scores"]["spatial_accuracy"]
        values = accuracies(first, sample.get("looks") or [])
        if len(values) > 1 and not math.isnan(first):
            lines.append((first, float(values.min()), float(values.max()), sample["id"]))
    lines.sort()
    step = max(1, math.ceil(len(lines) / _MOST_SAMPLES))
    drawn = lines[::step]
    return {
        "width": 10 * max(1, len(drawn)),
        "lines": [
            {
                "x": 10 * i + 5,
                "top": f"{_HEIGHT - high:.1f}",
                "bottom": f"{_HEIGHT - low:.1f}",
                "dot": f"{_HEIGHT - first:.1f}",
                "title": f"{name}: {number(first, digits=0)}, over all looks {low:.0f} to {high:.0f}",
            }
            for i, (first, low, high, name) in enumerate(drawn)
        ],
        "step": step,
    }


def _shown(value: float | None) -> str:
    return "–" if value is None else number(value)


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}{_NBSP}%" if 0.0 < value < 0.1 else f"{100 * value:.0f}{_NBSP}%"


def _plus_minus(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"±{_NBSP}{number(value, digits=digits)}"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{_NBSP}{number(abs(value))}"
