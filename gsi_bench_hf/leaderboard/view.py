"""What the leaderboard's page shows: plain values, numbers already written out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gsi_bench_hf.leaderboard.entries import Entry, Score
from gsi_bench_hf.leaderboard.tables import Table, make_tables, of_operation, rank_ranges
from gsi_bench_hf.leaderboard.wording import heading, sample_words
from gsi_bench_hf.model_card.checks import is_repo_id
from gsi_bench_hf.report.cards import TITLES, number, percent
from gsi_bench_hf.report.view import CAPTIONS
from gsi_bench_hf.results import METRICS, SHORT
from gsi_bench_hf.types import OPERATIONS, is_simulated

_COLUMNS = ("average", *METRICS[:-1])
_FEW_SCENES = 20


def page_values(entries: Sequence[Entry], *, title: str) -> dict[str, Any]:
    """What the template may name."""
    tables = make_tables(entries)
    own = [entry for entry in entries if not entry.weightless]
    return {
        "title": title,
        "num_runs": len(own),
        "num_models": len({entry.model for entry in own}),
        "newest": max((entry.date[:10] for entry in own), default=""),
        "tables": [_table(table, number) for number, table in enumerate(tables)],
        "metrics": [{"name": name, "short": SHORT[name], "title": TITLES[name]} for name in _COLUMNS],
    }


def _table(table: Table, place: int) -> dict[str, Any]:
    entry = table.first
    operations = [name for name in OPERATIONS if name in set(entry.samples.operations)]
    chosen: list[str | None] = [None, *(operations if len(operations) > 1 else [])]
    return {
        "key": f"t{place}",
        "heading": heading(table),
        "subset": entry.subset,
        "protocol": entry.protocol,
        "simulated": is_simulated(entry.subset),
        "samples": sample_words(table),
        "whole": table.whole,
        "count": len(entry.samples.ids),
        "locality": entry.locality.upper().replace("+", " and "),
        "captions": [{"title": _long(name), "what": CAPTIONS[entry.protocol][name]} for name in METRICS],
        "detectors": _shared(e.detector for e in table.entries),
        "judges": _shared(e.judge for e in table.entries),
        "parts": [_part(table, operation) for operation in chosen],
        "few_scenes": len(set(entry.samples.scenes)) < _FEW_SCENES,
    }


def _long(name: str) -> str:
    """What the head of a column is short for: "IC, instruction compliance"."""
    return TITLES[name] if SHORT[name] == name else f"{SHORT[name]}, {TITLES[name].lower()}"


def _shared(names: Any) -> list[str]:
    return list(dict.fromkeys(names))


def _part(table: Table, operation: str | None) -> dict[str, Any]:
    """The rows of one operation, or of all of them, the best average first."""
    scores = [e.metrics if operation is None else e.by_operation.get(operation, {}) for e in table.entries]
    pairs = [(e, s) for e, s in zip(table.entries, scores, strict=True) if s]
    pairs.sort(key=lambda pair: _order(pair[1]["average"].value))
    own = [entry for entry, _ in pairs if not entry.weightless]
    ranges = rank_ranges([of_operation(e.samples, operation) for e in own], rng=np.random.default_rng(0))
    ranks = {id(entry): (place, found) for place, (entry, found) in enumerate(zip(own, ranges, strict=True), 1)}
    return {
        "operation": operation or "all",
        "count": len(of_operation(table.first.samples, operation).ids),
        "rows": [_row(entry, values, *ranks.get(id(entry), (None, None))) for entry, values in pairs],
    }


def _order(value: float) -> float:
    return math.inf if math.isnan(value) else -value


def _row(entry: Entry, scores: Any, place: int | None, ranks: tuple[int, int] | None) -> dict[str, Any]:
    average = scores["average"]
    return {
        "model": entry.model,
        "link": _link(entry.checkpoint),
        "lora": entry.lora,
        "settings": entry.settings,
        "revision": entry.revision[:12],
        "weightless": entry.weightless,
        "rank": None if place is None or math.isnan(average.value) else place,
        "ranks": None if ranks is None or ranks[0] == ranks[1] else f"{ranks[0]}–{ranks[1]}",
        "cells": [_cell(name, scores[name]) for name in _COLUMNS],
        "bar": {
            "width": percent(average.value),
            "low": percent(average.low),
            "span": percent(average.high - average.low),
            "whisker": average.high > average.low,
        },
        "scored": average.n,
        "failed": entry.failed,
        "detector": entry.detector,
        "judge": entry.judge,
        "date": entry.date[:10],
        "version": entry.version,
    }


def _link(checkpoint: str | None) -> str | None:
    """The model's page; an earlier leaderboard may hold anything in its place."""
    return f"https://huggingface.co/{checkpoint}" if checkpoint and is_repo_id(checkpoint) else None


def _cell(name: str, score: Score) -> dict[str, Any]:
    return {
        "name": name,
        "short": SHORT[name],
        "value": number(score.value),
        "sort": "" if math.isnan(score.value) else f"{score.value:.6f}",
        "interval": None if math.isnan(score.low) else f"{score.low:.1f}–{score.high:.1f}",
    }
