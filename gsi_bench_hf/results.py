"""What a run came to: a pure function of its folder, as Python values, strict JSON and Parquet."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gsi_bench_hf.assess import SCORES
from gsi_bench_hf.durable import RunFolderError, dump_json, write_atomic
from gsi_bench_hf.store import FORMAT, RESULTS_FILE, TABLE_FILE, read_run, read_samples

METRICS = (*SCORES, "average")
SHORT = {
    "instruction_compliance": "IC",
    "spatial_accuracy": "SA",
    "appearance_consistency": "AC",
    "edit_locality": "EL",
    "average": "average",
}


@dataclass(frozen=True, eq=False)
class Results:
    """The results of a run. Metrics are 0..100; NaN where no sample could be scored.

    Attributes:
        metrics: by name: the four metrics and their "average".
        intervals: (low, high) of each, 95 %, resampled by scene.
        by_operation: operation name to metrics.
        samples: one dict a sample, in the order of the dataset: id, operation, instruction, status, reason, scores, details, boxes, …
        protocol: "paper" or "strict"; numbers of the two don't belong in one table.
        counts: samples, ok, failed, partial (of the ok ones, those that lack one of the four), and failed by_reason; where any
            failed, also by_kind; where the judge says what a missing judgement is counted as, also no_judgement by that.
        locality: what edit locality was measured by.
        run: the content of `run.json`.
        folder: where the run lies.
    """

    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    by_operation: Mapping[str, Mapping[str, float]]
    samples: Sequence[Mapping[str, Any]]
    protocol: str
    counts: Mapping[str, Any]
    locality: str
    run: Mapping[str, Any]
    folder: Path
    document: Mapping[str, Any]

    @property
    def editor(self) -> str:
        """The editor's name."""
        return str(self.run["arguments"]["editor"]["name"])

    @property
    def subset(self) -> str:
        """The subset the samples are of."""
        return str(self.run["arguments"]["dataset"]["subset"])

    def __str__(self) -> str:
        counts = self.counts
        head = f"{self.editor} on {self.subset}, protocol {self.protocol}: {counts['ok']} of {counts['samples']} samples scored"
        lines = [head, table_line("", [SHORT[name] for name in METRICS]), self.line("all")]
        for operation, values in self.by_operation.items():
            lines.append(table_line(operation, [_cell(values[name]) for name in METRICS]))
        if kinds := counts.get("by_kind"):
            lines.append(
                f"failed: {counts['failed']}, by kind: {', '.join(f'{kind} {n}' for kind, n in kinds.items())}"
            )
        if self.detector_noise is not None:
            lines.append(_noise_line(self.detector_noise))
        if kinds := counts.get("no_judgement"):
            lines.append(f"no judgement: {', '.join(f'{kind} {n}' for kind, n in kinds.items())}")
        lines += [f"failed: {count} × {reason}" for reason, count in counts["by_reason"].items()]
        return "\n".join(lines)

    @property
    def detector_noise(self) -> Mapping[str, Any] | None:
        """What several looks at each edit came to; see `metrics.detector_noise.summarise_noise`. None where there was one look."""
        return self.document.get("detector_noise")

    def line(self, name: str) -> str:
        """The means and their intervals as one line of a text table that begins with `name`."""
        return table_line(name, [_cell(self.metrics[metric], self.intervals[metric]) for metric in METRICS])


def compute_results(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of `results.json`: a function of `run.json` and `samples.jsonl` alone, whatever the order of the lines.

    Raises:
        RunFolderError: the folder is no run folder, or holds no finished sample.
    """
    from gsi_bench_hf.metrics.detector_noise import summarise_noise
    from gsi_bench_hf.metrics.scoring import SampleScore, summarise

    path = Path(folder)
    run = read_run(path)
    samples = _ordered(path, run)
    if not samples:
        raise RunFolderError(f"{path} holds no finished sample yet; run the command that began it again")
    arguments = run["arguments"]
    scores = [
        SampleScore(**{name: _number(s["scores"][name]) for name in SCORES}, reason=s["reason"], details=s["details"])
        for s in samples
    ]
    meta = [{"id": s["id"], "operation": s["operation"], "scene_id": s["scene_id"]} for s in samples]
    summary = summarise(scores, meta, protocol=arguments["protocol"], rng=np.random.default_rng(arguments["seed"]))
    failed = [s for s in samples if s["status"] == "failed"]
    noise = summarise_noise([_looked_at(s) for s in samples])
    silent = _count(kind for s in samples if (kind := (s.get("judgement") or {}).get("kind")))
    return {
        "format": FORMAT,
        "editor": arguments["editor"],
        "dataset": arguments["dataset"],
        "protocol": arguments["protocol"],
        "metrics": summary["metrics"],
        "by_operation": summary["by_operation"],
        "locality": summary["locality"],
        **({} if noise is None else {"detector_noise": noise}),
        "counts": {
            "samples": len(samples),
            "ok": len(samples) - len(failed),
            "failed": len(failed),
            "partial": summary["counts"]["partial"],
            "by_reason": _count(str(s["reason"]) for s in failed),
            **({"by_kind": _count(kind_of(s) for s in failed)} if failed else {}),
            **({"no_judgement": silent} if silent else {}),
        },
        "failed": [{"id": s["id"], "stage": s["stage"], "kind": kind_of(s), "reason": s["reason"]} for s in failed],
    }


def _looked_at(sample: Mapping[str, Any]) -> dict[str, Any]:
    scores = sample["scores"]
    return {
        "accuracy": scores["spatial_accuracy"],
        "compliance": scores["instruction_compliance"],
        "looks": sample.get("looks") or [],
    }


def kind_of(failed: Mapping[str, Any]) -> str:
    """What a failed sample is counted by: "data", "detect", "judge" or "score"; of edits "edit", "timeout", "refused", …"""
    return str(failed.get("kind") or failed["stage"])


def write_results(folder: str | os.PathLike[str]) -> Results:
    """Write `results.json` and `samples.parquet` of a run folder, and give the results."""
    path = Path(folder)
    document = compute_results(path)
    write_atomic(path / RESULTS_FILE, dump_json(document))
    write_atomic(path / TABLE_FILE, _parquet(_ordered(path, read_run(path))))
    return load_results(path)


def load_results(folder: str | os.PathLike[str]) -> Results:
    """The results of a finished run.

    Raises:
        RunFolderError: the folder holds no finished run.
    """
    path = Path(folder)
    run = read_run(path)
    try:
        document = json.loads((path / RESULTS_FILE).read_bytes())
    except FileNotFoundError:
        done = len(read_samples(path)[0])
        raise RunFolderError(
            f"{path} holds a run that is not finished ({done} samples are done, {RESULTS_FILE} is missing); run its command again"
        ) from None
    except ValueError as error:
        raise RunFolderError(
            f"{path / RESULTS_FILE} can't be read ({error}); run the command that made it again"
        ) from None
    metrics = document["metrics"]
    return Results(
        metrics={name: _number(metrics[name]["value"]) for name in METRICS},
        intervals={name: (_number(metrics[name]["low"]), _number(metrics[name]["high"])) for name in METRICS},
        by_operation={
            operation: {name: _number(values[name]["value"]) for name in METRICS}
            for operation, values in document["by_operation"].items()
        },
        samples=[{**s, "scores": {k: _number(v) for k, v in s["scores"].items()}} for s in _ordered(path, run)],
        protocol=document["protocol"],
        counts=document["counts"],
        locality=document["locality"],
        run=run,
        folder=path,
        document=document,
    )


def load_ladder(folder: str | os.PathLike[str]) -> dict[str, Results]:
    """The finished runs of the weightless editors beside the run in `folder`, by editor, the lowest average first."""
    runs = [load_results(path.parent) for path in sorted(Path(folder).glob(f"ladder/*/{RESULTS_FILE}"))]
    runs.sort(key=lambda run: -1.0 if math.isnan(run.metrics["average"]) else run.metrics["average"])
    return {run.editor: run for run in runs}


def _ordered(folder: Path, run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The finished samples in the order of the dataset, up to the run's limit."""
    records, _ = read_samples(folder)
    limit = run.get("limit")
    return sorted((r for r in records.values() if limit is None or r["index"] < limit), key=lambda r: int(r["index"]))


def _parquet(samples: Sequence[Mapping[str, Any]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    names = ("index", "id", "subset", "scene_id", "operation", "instruction", "status", "stage", "reason", "edited")
    columns: dict[str, list[Any]] = {name: [s.get(name) for s in samples] for name in names}
    columns |= {name: [s["scores"][name] for s in samples] for name in SCORES}
    details = sorted({key for s in samples for key, value in s["details"].items() if isinstance(value, (int, float))})
    columns |= {f"details.{key}": [_float(s["details"].get(key)) for s in samples] for key in details}
    columns["notes"] = ["; ".join(s.get("notes") or []) for s in samples]
    text = {name: pyarrow.string() for name in (*names[1:], "notes")}
    kinds = {"index": pyarrow.int64()} | text
    arrays = {name: pyarrow.array(values, type=kinds.get(name, pyarrow.float64())) for name, values in columns.items()}
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(arrays), sink)
    return bytes(sink.getvalue().to_pybytes())


def _count(reasons: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _cell(value: float, interval: tuple[float, float] | None = None) -> str:
    if math.isnan(value):
        return "–"
    # Of one scene alone there is no spread to see.
    return (
        f"{value:.1f}"
        if interval is None or math.isnan(interval[0])
        else f"{value:.1f} [{interval[0]:.0f}, {interval[1]:.0f}]"
    )


def _noise_line(noise: Mapping[str, Any]) -> str:
    def shown(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    line = f"detector noise: SA ± {shown(noise['spread'], '.1f')} a sample, ± {shown(noise['mean_error'], '.2f')} on the mean"
    line += (
        f", {shown(noise['share'], '.0%')} of its variance; compliance differs in {shown(noise['undecided'], '.0%')}"
    )
    still = noise["untouched"]
    if still is not None and still["position_m"] is not None:
        line += f"; what nobody touched moves {100 * still['position_m']['median']:.1f} cm and gets SA {still['accuracy']:.1f}"
    return line


def table_line(name: str, cells: Sequence[str]) -> str:
    """A line of a text table of the metrics."""
    return f"{name:<13}" + "".join(f"{cell:>17}" for cell in cells)
