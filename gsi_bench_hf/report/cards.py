"""The samples of a report: images with their boxes, scores and errors in words; which to show; the best and the worst."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gsi_bench_hf.metrics.detector_noise import accuracies
from gsi_bench_hf.report.boxes import box_paths
from gsi_bench_hf.report.images import edited, preview
from gsi_bench_hf.results import METRICS, SHORT, Results

TITLES = {
    "instruction_compliance": "Instruction compliance",
    "spatial_accuracy": "Spatial accuracy",
    "appearance_consistency": "Appearance consistency",
    "edit_locality": "Edit locality",
    "average": "Average",
}
BYTES = 14_000_000
_NBSP = "\u00a0"
_DRIFTS = {"position_m": 0.005, "rotation_deg": 1.0, "log_scale": 0.01}
"""Side errors below these are not worth a word."""


def make_cards(runs: Sequence[Results], labels: Sequence[str], max_samples: int, budget: int) -> list[dict[str, Any]]:
    """The samples to show, in the order of the dataset: at most `max_samples`, and no more images than `budget` bytes."""
    by_run = [{s["id"]: s for s in run.samples} for run in runs]
    ids = list(dict.fromkeys(i for table in by_run for i in table))
    chosen = _chosen(ids, [item["id"] for run in runs for side in extremes(run).values() for item in side], max_samples)
    cards: list[dict[str, Any]] = []
    used = 0
    for sample_id in (i for i in ids if i in chosen):
        present = [
            (run, label, t[sample_id]) for run, label, t in zip(runs, labels, by_run, strict=True) if sample_id in t
        ]
        card = _card(present)
        used += sum(len(view["uri"] or "") for view in card["views"])
        if used > budget and cards:
            break
        cards.append(card)
    return cards


def _chosen(ids: Sequence[str], named: Sequence[str], count: int) -> set[str]:
    """At least `named`, filled up to `count` with others spread over the run."""
    others = [i for i in ids if i not in named]
    room = min(len(others), max(0, count - len(set(named))))
    return {*named, *(others[k * len(others) // room] for k in range(room))}


def _card(present: Sequence[tuple[Results, str, Mapping[str, Any]]]) -> dict[str, Any]:
    first_run, _, first = present[0]
    with_boxes = next((s for _, _, s in present if s.get("boxes")), first)
    boxes = _paths(with_boxes)
    views = [_view("source", preview(first_run.folder, first, "source"), "source", boxes, ("source", "wanted"))]
    for run, label, sample in present:
        name = "edited" if len(present) == 1 else label
        views.append(
            _view(
                name,
                edited(run.folder, sample),
                "edited",
                _paths(sample) | {"wanted": boxes["wanted"]},
                ("wanted", "found"),
            )
        )
    views.append(_view("target", preview(first_run.folder, first, "target"), "target", boxes, ("wanted",)))
    camera = with_boxes.get("camera") or {"width": 1, "height": 1}
    return {
        "id": first["id"],
        "operation": first["operation"],
        "instruction": first["instruction"],
        "width": camera["width"],
        "height": camera["height"],
        "views": views,
        "results": [
            _scores(label if len(present) > 1 else None, run.protocol, sample) for run, label, sample in present
        ],
    }


def _view(name: str, uri: str | None, role: str, boxes: Mapping[str, Any], shown: Iterable[str]) -> dict[str, Any]:
    kept = [{"kind": kind, **boxes[kind]} for kind in shown if boxes.get(kind)]
    return {"name": name, "uri": uri, "role": role, "boxes": kept}


def _paths(sample: Mapping[str, Any]) -> dict[str, Any]:
    boxes, camera = sample.get("boxes") or {}, sample.get("camera")
    return {k: box_paths(boxes.get(k), camera["intrinsics"]) if camera else None for k in ("source", "wanted", "found")}


def _scores(label: str | None, protocol: str, sample: Mapping[str, Any]) -> dict[str, Any]:
    scores, details = sample["scores"], sample["details"]
    compliance = scores["instruction_compliance"]
    bars = [
        {
            "short": SHORT[name],
            "title": TITLES[name],
            "value": number(scores[name], digits=0),
            "width": percent(scores[name]),
            "measured": _measured(details.get(f"measured_{name}"), scores[name]),
        }
        for name in METRICS[1:4]
    ]
    return {
        "label": label,
        "failed": sample["status"] == "failed",
        "reason": sample.get("reason"),
        "stage": sample.get("stage"),
        "complies": None if math.isnan(compliance) else compliance > 0.0,
        "bars": bars,
        "measured": [f"{bar['short']} {bar['measured']}" for bar in bars if bar["measured"]],
        "errors": error_words(details.get("errors") or {}, sample),
        "looks": _looks(sample),
        "notes": sample.get("notes") or [],
    }


def _looks(sample: Mapping[str, Any]) -> str | None:
    """A sample's accuracies over the looks in words: "SA 47–63 over 5 looks"."""
    values = accuracies(sample["scores"]["spatial_accuracy"], sample.get("looks") or [])
    if len(values) < 2:
        return None
    low, high = (number(float(v), digits=0) for v in (values.min(), values.max()))
    return f"SA {low if low == high else f'{low}–{high}'} over {len(values)} looks"


def _measured(measured: Any, counted: float) -> str | None:
    """What was measured before a failed edit made it count 0, where that differs."""
    if not isinstance(measured, (int, float)) or abs(measured - counted) < 0.5:
        return None
    return number(float(measured), digits=0)


def error_words(errors: Mapping[str, Any], sample: Mapping[str, Any]) -> list[str]:
    """The raw errors in words a person reads: "1.2 cm off"."""
    boxes = sample.get("boxes") or {}
    if boxes.get("wanted") and not boxes.get("found") and sample["status"] == "ok":
        return ["object not found"]
    main = {"rotate": "rotation_deg", "scale": "log_scale", "view": ""}.get(sample["operation"], "position_m")
    words = {
        name: _error(name, value, name == main) for name, value in errors.items() if isinstance(value, (int, float))
    }
    shown = [name for name in words if words[name] and (name == main or errors[name] >= _DRIFTS.get(name, 0.0))]
    return [words[name] for name in sorted(shown, key=lambda name: name != main)]


def _error(name: str, value: float, asked: bool) -> str:
    """An error in what was `asked` for, or a drift of what should have stayed."""
    if name.endswith("position_m"):
        length = f"{100 * value:.1f}{_NBSP}cm" if value < 1 else f"{value:.2f}{_NBSP}m"
        return f"{length} off" if asked else f"drifted {length}"
    if name.endswith("rotation_deg"):
        return f"{value:.1f}° off" if asked else f"turned {value:.1f}°"
    if name == "log_scale":
        return f"size {100 * math.expm1(abs(value)):.0f}{_NBSP}% {'off' if asked else 'changed'}"
    return f"{value:g} other object{'s' * (value != 1)} {name}" if value else ""


def extremes(run: Results, count: int = 3) -> dict[str, list[dict[str, Any]]]:
    """The best and the worst samples by spatial accuracy, then by the others' sum; none twice."""
    scored = [s for s in run.samples if s["status"] == "ok"]
    ranked = sorted(scored, key=lambda s: (s["scores"]["spatial_accuracy"], _sum(s["scores"].values()), s["index"]))
    count = min(count, len(ranked) // 2)
    return {
        "best": [_extreme(run, s) for s in reversed(ranked[len(ranked) - count :])],
        "worst": [_extreme(run, s) for s in ranked[:count]],
    }


def _extreme(run: Results, sample: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": sample["id"],
        "instruction": sample["instruction"],
        "accuracy": number(sample["scores"]["spatial_accuracy"], digits=0),
        "errors": ", ".join(error_words(sample["details"].get("errors") or {}, sample)),
    }


def number(value: float, *, digits: int = 1) -> str:
    """A number as it is shown; a dash for one that is not known.

    >>> number(61.25), number(float("nan"))
    ('61.2', '–')
    """
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def percent(value: float) -> str:
    """A number as the width of a bar, 0..100."""
    return "0" if math.isnan(value) else f"{min(100.0, max(0.0, value)):.2f}"


def _sum(values: Iterable[float]) -> float:
    return sum(v for v in values if not math.isnan(v))
