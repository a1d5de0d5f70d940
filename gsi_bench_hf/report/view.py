"""What the template shows: plain values, numbers already written out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gsi_bench_hf.durable import leaves
from gsi_bench_hf.report.cards import BYTES, TITLES, extremes, make_cards, number, percent
from gsi_bench_hf.report.noise import noise_view
from gsi_bench_hf.results import METRICS, SHORT, Results, kind_of, load_ladder, load_results
from gsi_bench_hf.types import is_simulated

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


def load_groups(folders: Sequence[Path], *, max_samples: int) -> list[dict[str, Any]]:
    """One group for every protocol and subset among the runs: numbers of different ones don't stand in one table."""
    runs = [load_results(folder) for folder in folders]
    keys = list(dict.fromkeys((run.protocol, run.subset) for run in runs))
    budget = BYTES // len(keys)
    return [_group([r for r in runs if (r.protocol, r.subset) == key], max_samples, budget) for key in keys]


def _group(runs: list[Results], max_samples: int, budget: int) -> dict[str, Any]:
    ladder = _ladder(runs)
    labels = _labels(runs)
    rows = sorted(
        [*zip(labels, runs, strict=True), *((r.editor, r) for r in ladder)],
        key=lambda row: _order(row[1].metrics["average"]),
    )
    cards = make_cards(runs, labels, max_samples, budget)
    return {
        "key": f"{runs[0].subset}-{runs[0].protocol}",
        "subset": runs[0].subset,
        "protocol": runs[0].protocol,
        "simulated": is_simulated(runs[0].subset),
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
        "extremes": extremes(run),
        "noise": noise_view(run),
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
                "width": percent(run.metrics[name]),
                "low": percent(run.intervals[name][0]),
                "span": percent(run.intervals[name][1] - run.intervals[name][0]),
                "whisker": run.intervals[name][1] > run.intervals[name][0],
            }
            for label, run in rows
        ],
    }


def _failed(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": sample["id"], "operation": sample["operation"], "kind": kind_of(sample), "reason": sample["reason"]}


def _facts(run: Results) -> list[tuple[str, str]]:
    """The run's provenance, as pairs to read."""
    header, arguments = run.run, run.run["arguments"]
    facts = {
        "folder": run.folder.name,
        **{f"editor {k}" if k != "name" else "editor": v for k, v in leaves(arguments["editor"], " ")},
        **{f"dataset {k}": v for k, v in leaves(arguments["dataset"], " ")},
        **dict(leaves({k: arguments[k] for k in ("protocol", "detector", "judge", "seed")}, " ")),
        "LPIPS": arguments["lpips"] or "not used",
        "time limit": f"{header['timeout_s']:g} s a sample",
        "time spent": _times(run.samples),
        "peak memory": _memory(run.samples),
        "images at once": _batches(run.samples),
        "calls at once": _above_one(header.get("concurrency")),
        "processes": _above_one(header.get("processes")),
        "edited at the second try": sum("first_try" in s for s in run.samples) or None,
        **dict(leaves(header.get("environment") or {}, " ")),
        "repeat of": (header.get("repeat_of") or {}).get("folder"),
        "begun": header["created"],
        "taken up again": f"{header['continued']} times" if header["continued"] else None,
        "gsi-bench-hf": arguments["gsi-bench-hf"],
        "Python": header["python"],
        "platform": header["platform"],
        **header["packages"],
        **{f"note {i + 1}": note for i, note in enumerate(header["notes"])},
    }
    return [(name, str(value)) for name, value in facts.items() if value is not None]


def _times(samples: Sequence[Mapping[str, Any]]) -> str | None:
    """Mean seconds a sample by stage, over the samples that went all the way."""
    spent = [s["seconds"] for s in samples if s["status"] == "ok"]
    if not spent:
        return None
    means = {stage: sum(s[stage] for s in spent) / len(spent) for stage in ("edit", "detect", "judge", "score")}
    return ", ".join(f"{stage} {mean:.2g} s" for stage, mean in means.items()) + " a sample"


def _memory(samples: Sequence[Mapping[str, Any]]) -> str | None:
    """The highest of all calls of the editor, by whose memory it is."""
    highest: dict[str, float] = {}
    for memory in (s["memory_mb"] for s in samples if s.get("memory_mb")):
        highest |= {whose: max(value, highest.get(whose, 0.0)) for whose, value in memory.items()}
    return ", ".join(f"{whose} {value:,.0f} MB" for whose, value in highest.items()) or None


def _batches(samples: Sequence[Mapping[str, Any]]) -> str | None:
    sizes = [s.get("batch", 1) for s in samples if s.get("edited")]
    if not sizes or max(sizes) == 1:
        return None
    return f"{min(sizes)} to {max(sizes)}" if min(sizes) < max(sizes) else str(max(sizes))


def _above_one(number: int | None) -> int | None:
    return number if number and number > 1 else None


def _interval(bounds: tuple[float, float]) -> str | None:
    return None if any(math.isnan(b) for b in bounds) else f"{bounds[0]:.1f} – {bounds[1]:.1f}"


def _order(value: float) -> float:
    return -1.0 if math.isnan(value) else value
