"""A leaderboard as a dataset: one table of runs, one of every sample's scores, and the card that makes both loadable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from gsi_bench_hf.assess import SCORES
from gsi_bench_hf.leaderboard.entries import Entry, LeaderboardError, Score, check_means, make_samples, make_score
from gsi_bench_hf.results import METRICS

RUNS_FILE, SCORES_FILE, CARD_FILE, PAGE_FILE = "leaderboard.parquet", "scores.parquet", "README.md", "index.html"
MARK = "<!-- made by `gsi-bench leaderboard` -->"

_NESTED = ("metrics", "by_operation", "samples")
_TEXTS = tuple(f.name for f in fields(Entry) if f.name not in (*_NESTED, "weightless", "failed"))
_PARTS = ("value", "low", "high", "n")


def runs_table(entries: Sequence[Entry]) -> bytes:
    """The Parquet file of the runs, one row each: what was run, and of every metric its mean, `_low`, `_high` and `_n`."""
    import pyarrow

    score = pyarrow.struct([(part, pyarrow.int64() if part == "n" else pyarrow.float64()) for part in _PARTS])
    columns: dict[str, Any] = {"run": pyarrow.array([e.run for e in entries], pyarrow.string())}
    columns |= {name: pyarrow.array([getattr(e, name) for e in entries], pyarrow.string()) for name in _TEXTS}
    columns["weightless"] = pyarrow.array([e.weightless for e in entries], pyarrow.bool_())
    columns["num_samples"] = pyarrow.array([len(e.samples.ids) for e in entries], pyarrow.int64())
    columns["failed"] = pyarrow.array([e.failed for e in entries], pyarrow.int64())
    for name in METRICS:
        for part in _PARTS:
            values = [_null(getattr(e.metrics[name], part)) for e in entries]
            column = name if part == "value" else f"{name}_{part}"
            columns[column] = pyarrow.array(values, score.field(part).type)
    operation = pyarrow.struct([("operation", pyarrow.string()), *((name, score) for name in METRICS)])
    nested = [[{"operation": o, **_row(values)} for o, values in e.by_operation.items()] for e in entries]
    columns["by_operation"] = pyarrow.array(nested, pyarrow.list_(operation))
    return _parquet(columns)


def scores_table(entries: Sequence[Entry]) -> bytes:
    """The Parquet file of the samples' scores, one row a sample of a run."""
    import pyarrow

    columns: dict[str, Any] = {}
    texts = {
        "run": [e.run for e in entries for _ in e.samples.ids],
        "id": [i for e in entries for i in e.samples.ids],
        "scene_id": [scene for e in entries for scene in e.samples.scenes],
        "operation": [operation for e in entries for operation in e.samples.operations],
    }
    columns |= {name: pyarrow.array(values, pyarrow.string()) for name, values in texts.items()}
    for number, name in enumerate(SCORES):
        values = [_null(float(v)) for e in entries for v in e.samples.scores[:, number]]
        columns[name] = pyarrow.array(values, pyarrow.float64())
    return _parquet(columns)


def read_dataset(folder: Path) -> list[Entry]:
    """The entries of a leaderboard's folder.

    Raises:
        LeaderboardError: one of its two tables is missing or not ours.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        runs = pyarrow.parquet.read_table(folder / RUNS_FILE).to_pylist()
        lines: dict[str, list[dict[str, Any]]] = {}
        for line in pyarrow.parquet.read_table(folder / SCORES_FILE).to_pylist():
            lines.setdefault(line["run"], []).append(line)
        entries = [_entry(row, lines[row["run"]]) for row in runs]
    except (OSError, KeyError, TypeError, ValueError, pyarrow.ArrowException) as error:
        raise LeaderboardError(
            f"{folder}: {RUNS_FILE} and {SCORES_FILE} can't be read ({type(error).__name__}: {error}); "
            "expected both as `gsi-bench leaderboard` wrote them: pull the leaderboard again"
        ) from error
    for entry in entries:
        check_means(entry, str(folder))
    changed = [row["model"] for row, entry in zip(runs, entries, strict=True) if row["run"] != entry.run]
    if changed:
        raise LeaderboardError(
            f"{folder}: {RUNS_FILE} and {SCORES_FILE} don't belong together: the samples of {changed[0]!r} are others than those "
            "of its row; expected both as `gsi-bench leaderboard` wrote them: pull the leaderboard again"
        )
    return entries


def _entry(row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Entry:
    return Entry(
        **{name: row[name] for name in _TEXTS},
        weightless=row["weightless"],
        failed=row["failed"],
        metrics={
            name: make_score({p: row[name if p == "value" else f"{name}_{p}"] for p in _PARTS}) for name in METRICS
        },
        by_operation={part["operation"]: {n: make_score(part[n]) for n in METRICS} for part in row["by_operation"]},
        samples=make_samples([{**line, "scores": line} for line in lines]),
    )


def _row(values: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    return {name: {part: _null(getattr(values[name], part)) for part in _PARTS} for name in METRICS}


def _null(value: float) -> float | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def _parquet(columns: Mapping[str, Any]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(dict(columns)), sink)
    return bytes(sink.getvalue().to_pybytes())
