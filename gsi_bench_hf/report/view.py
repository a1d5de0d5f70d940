"""What the template shows: plain values, numbers already written out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gsi_bench_hf.report.boxes import box_paths
from gsi_bench_hf.report.images import edited, preview
from gsi_bench_hf.results import METRICS, SHORT, Results, load_ladder, load_results

TITLES = {
    "instruction_compliance": "Instruction compliance",
    "spatial_accuracy": "Spatial accuracy",
    "appearance_consistency": "Appearance consistency",
    "edit_locality": "Edit locality",
    "average": "Average",
}
CAPTIONS = {
    "strict": {
        "instruction_compliance": "Share of edits that did what was asked: spatial accuracy of 50 or more.",
        "spatial_accuracy": "How near the object's pose in 3D came to the one asked for, less what drifted.",
        "appearance_consistency": "Whether the object still looks like itself. Counts 0 where the edit failed.",
        "edit_locality": "Whether everything else stayed as it was. Counts 0 where the edit failed.",
        "average": "Mean of the four metrics.",
    },
    "paper": {
        "instruction_compliance": "Share of edits that the released evaluator accepts.",
        "spatial_accuracy": "The released evaluator's score of the object's 3D pose.",
        "appearance_consistency": "The judge's word on the result, times ten. Counts 0 where the edit failed.",
        "edit_locality": "100 less LPIPS outside the edited object. Counts 0 where the edit failed.",
        "average": "Mean of the four metrics.",
    },
}
_BYTES = 14_000_000
_DRIFTS = {"position_m": 0.005, "rotation_deg": 1.0, "log_scale": 0.01}
"""Side errors below these are not worth a word."""


def load_groups(folders: Sequence[Path], *, max_samples: int) -> list[dict[str, Any]]:
    """One group for every protocol and subset among the runs: numbers of different ones don't stand in one table."""
    runs = [load_results(folder) for folder in folders]
    keys = list(dict.fromkeys((run.protocol, run.subset) for run in runs))
    budget = _BYTES // len(keys)
    return [_group([r for r in runs if (r.protocol, r.subset) == key], max_samples, budget) for key in keys]


def _group(runs: list[Results], max_samples: int, budget: int) -> dict[str, Any]:
    ladder = _ladder(runs)
    labels = _labels(runs)
    rows = sorted(
        [*zip(labels, runs, strict=True), *((r.editor, r) for r in ladder)],
        key=lambda row: _order(row[1].metrics["average"]),
    )
    cards = _cards(runs, labels, max_samples, budget)
    return {
        "key": f"{runs[0].subset}-{runs[0].protocol}",
        "subset": runs[0].subset,
        "protocol": runs[0].protocol,
        "simulated": runs[0].subset.startswith("sim-"),
        "locality": runs[0].locality,
        "runs": [_run(run, label) for run, label in zip(runs, labels, strict=True)],
        "has_ladder": bool(ladder),
        "panels": [_panel(name, rows, runs) for name in METRICS] if len(rows) > 1 else [],
        "cards": cards,
        "operations": list(dict.fromkeys(card["operation"] for card in cards)),
        "num_samples": len({s["id"] for run in runs for s in run.samples}),
    }


def _ladder(runs: Sequence[Results]) -> list[Results]:
    """The weightless editors' runs beside these ones: of each editor the first, on the same samples only."""
    found: dict[str, Results] = {}
    ids = {tuple(s["id"] for s in run.samples) for run in runs}
    shown = {run.editor for run in runs}
    for run in runs:
        for name, rung in load_ladder(run.folder).items():
            same = tuple(s["id"] for s in rung.samples) in ids and rung.protocol == run.protocol
            if same and name not in shown:
                found.setdefault(name, rung)
    return list(found.values())


def _labels(runs: Sequence[Results]) -> list[str]:
    names = [run.editor for run in runs]
    return [
        name if names.count(name) == 1 else f"{name} ({run.folder.name})" for name, run in zip(names, runs, strict=True)
    ]


def _run(run: Results, label: str) -> dict[str, Any]:
    return {
        "label": label,
        "tiles": [
            {
                "short": SHORT[name],
                "title": TITLES[name],
                "caption": CAPTIONS[run.protocol][name],
                "value": number(run.metrics[name]),
                "interval": _interval(run.intervals[name]),
            }
            for name in METRICS
        ],
        "operations": [
            {
                "name": operation,
                "count": sum(s["operation"] == operation for s in run.samples),
                "values": [number(values[name]) for name in METRICS],
            }
            for operation, values in run.by_operation.items()
        ],
        "total": [number(run.metrics[name]) for name in METRICS],
        "counts": run.counts,
        "failed": [_failed(s) for s in run.samples if s["status"] == "failed"],
        "noted": sum(bool(s.get("notes")) for s in run.samples),
        "extremes": _extremes(run),
        "facts": _facts(run),
    }


def _panel(name: str, rows: Sequence[tuple[str, Results]], runs: Sequence[Results]) -> dict[str, Any]:
    return {
        "title": TITLES[name],
        "rows": [
            {
                "label": label,
                "own": any(run is own for own in runs),
                "value": number(run.metrics[name]),
                "interval": _interval(run.intervals[name]),
                "width": _percent(run.metrics[name]),
                "low": _percent(run.intervals[name][0]),
                "span": _percent(run.intervals[name][1] - run.intervals[name][0]),
                "whisker": run.intervals[name][1] > run.intervals[name][0],
            }
            for label, run in rows
        ],
    }


def _cards(runs: Sequence[Results], labels: Sequence[str], max_samples: int, budget: int) -> list[dict[str, Any]]:
    by_run = [{s["id"]: s for s in run.samples} for run in runs]
    ids = list(dict.fromkeys(i for table in by_run for i in table))
    chosen = _chosen(
        ids, [item["id"] for run in runs for side in _extremes(run).values() for item in side], max_samples
    )
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
            "width": _percent(scores[name]),
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
        "errors": _errors(details.get("errors") or {}, sample),
        "notes": sample.get("notes") or [],
    }


def _measured(measured: Any, counted: float) -> str | None:
    """What was measured before a failed edit made it count 0, where that differs."""
    if not isinstance(measured, (int, float)) or abs(measured - counted) < 0.5:
        return None
    return number(float(measured), digits=0)


def _errors(errors: Mapping[str, Any], sample: Mapping[str, Any]) -> list[str]:
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
        length = f"{100 * value:.1f} cm" if value < 1 else f"{value:.2f} m"
        return f"{length} off" if asked else f"drifted {length}"
    if name.endswith("rotation_deg"):
        return f"{value:.1f}° off" if asked else f"turned {value:.1f}°"
    if name == "log_scale":
        return f"size {100 * math.expm1(abs(value)):.0f} % {'off' if asked else 'changed'}"
    return f"{value:g} other object{'s' * (value != 1)} {name}" if value else ""


def _extremes(run: Results, count: int = 3) -> dict[str, list[dict[str, Any]]]:
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
        "errors": ", ".join(_errors(sample["details"].get("errors") or {}, sample)),
    }


def _failed(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": sample["id"], "operation": sample["operation"], "stage": sample["stage"], "reason": sample["reason"]}


def _facts(run: Results) -> list[tuple[str, str]]:
    """The run's provenance, as pairs to read."""
    header, arguments = run.run, run.run["arguments"]
    facts = {
        "folder": run.folder.name,
        **{f"editor {k}" if k != "name" else "editor": v for k, v in _flat(arguments["editor"])},
        **{f"dataset {k}": v for k, v in _flat(arguments["dataset"])},
        **dict(_flat({k: arguments[k] for k in ("protocol", "detector", "judge", "seed")})),
        "LPIPS": arguments["lpips"] or "not used",
        "time limit": f"{header['timeout_s']:g} s a sample",
        "begun": header["created"],
        "taken up again": f"{header['continued']} times" if header["continued"] else None,
        "gsi-bench-hf": arguments["gsi-bench-hf"],
        "Python": header["python"],
        "platform": header["platform"],
        **header["packages"],
        **{f"note {i + 1}": note for i, note in enumerate(header["notes"])},
    }
    return [(name, str(value)) for name, value in facts.items() if value is not None]


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, part in value.items():
        pairs += _flat(part, f"{prefix}{key} ") if isinstance(part, Mapping) else [(f"{prefix}{key}", part)]
    return pairs


def number(value: float, *, digits: int = 1) -> str:
    """A number as it is shown; a dash for one that is not known.

    >>> number(61.25), number(float("nan"))
    ('61.2', '–')
    """
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _interval(bounds: tuple[float, float]) -> str | None:
    return None if any(math.isnan(b) for b in bounds) else f"{bounds[0]:.1f} – {bounds[1]:.1f}"


def _percent(value: float) -> str:
    return "0" if math.isnan(value) else f"{min(100.0, max(0.0, value)):.2f}"


def _order(value: float) -> float:
    return -1.0 if math.isnan(value) else value


def _sum(values: Iterable[float]) -> float:
    return sum(v for v in values if not math.isnan(v))
