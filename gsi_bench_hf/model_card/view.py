"""What a card's template shows: plain values, numbers already written out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.data.subsets import CITATION, SUBSETS
from gsi_bench_hf.model_card.examples import Example
from gsi_bench_hf.model_card.how import argument_rows, command, editor_arguments, editor_name, public, version_rows
from gsi_bench_hf.model_card.metadata import checkpoint_of, full_size, licence_of, sample_count
from gsi_bench_hf.report.cards import TITLES, error_words, number
from gsi_bench_hf.report.view import CAPTIONS
from gsi_bench_hf.results import METRICS, SHORT, Results, load_ladder
from gsi_bench_hf.types import is_simulated

if TYPE_CHECKING:
    from gsi_bench_hf.pipelines.families import Family

FEW_SCENES = 20
"""Below so many scenes a bootstrap over scenes is too sure of itself."""


def card_values(
    results: Results, *, model: str, family: Family | None, examples: Sequence[Example], repo_id: str | None
) -> dict[str, Any]:
    """What the templates of `model_cards/` may name.

    Args:
        results: of the run.
        model: what the card calls the model.
        family: its family; None for an editor without one.
        examples: the edits to show.
        repo_id: the repository that the card goes to, where that is known.
    """
    simulated, arguments = is_simulated(results.subset), results.run["arguments"]
    editor = arguments["editor"]
    scenes = len({s["scene_id"] for s in results.samples})
    return {
        "model": model,
        "about": _about(results, family),
        "benchmark": "GSI-Sim" if simulated else "GSI-Bench",
        "simulated": simulated,
        "subset": results.subset,
        "what": SUBSETS[results.subset].what if results.subset in SUBSETS else "",
        "instruction": next((s["instruction"] for s in results.samples), ""),
        "samples": sample_count(results),
        "partial": results.counts["samples"] < (full_size(results.subset) or 0),
        "scenes": scenes,
        "few_scenes": scenes < FEW_SCENES,
        "protocol": results.protocol,
        "detector": _name(arguments["detector"]),
        "metrics": [SHORT[name] for name in METRICS],
        "scores": [_score(results, name) for name in METRICS],
        "operations": _operations(results),
        "counts": results.counts,
        "kinds": ", ".join(f"{kind} {count}" for kind, count in results.counts.get("by_kind", {}).items()),
        "failures": [(count, public(reason)) for reason, count in results.counts["by_reason"].items()],
        "ladder": _ladder(results, model),
        "published": _published(results, family),
        "examples": [_example(example) for example in examples],
        "use": _use(results, repo_id),
        "arguments": argument_rows(results),
        "versions": version_rows(results),
        "command": command(results, repo_id),
        "seconds": _seconds(results),
        "working_size": _size_words(editor.get("resolution")),
        "assumptions": editor.get("assumptions", []),
        "notes": [note[:1].upper() + note[1:] for note in results.run.get("notes", [])],
        "family": family,
        "licence": licence_of(family, editor),
        "citation": CITATION,
    }


def _about(results: Results, family: Family | None) -> str:
    from gsi_bench_hf.pipelines import EDITORS

    if family is not None:
        return f"{family.what}."
    if results.editor in EDITORS:
        return f"An editor that gsi-bench-hf knows by name: {getattr(EDITORS[results.editor], 'what', results.editor)}."
    editor = results.run["arguments"]["editor"]
    if pipeline := editor.get("pipeline_class"):
        return f"A diffusers pipeline of class {pipeline}."
    if endpoint := editor.get("endpoint"):
        return f"A model behind an endpoint: {public(endpoint)}. What serves it there is not known."
    if editor["name"].startswith("folder:"):
        return "Images that were made elsewhere, and only scored here."
    return "An image editor that gsi-bench-hf knows nothing more of than how it was run."


def _score(results: Results, name: str) -> dict[str, str]:
    low, high = results.intervals[name]
    return {
        "title": TITLES[name],
        "short": SHORT[name],
        "value": number(results.metrics[name]),
        "interval": "–" if math.isnan(low) else f"{low:.1f}–{high:.1f}",
        "caption": CAPTIONS[results.protocol][name],
    }


def _operations(results: Results) -> list[dict[str, Any]]:
    document = results.document["by_operation"]
    return [
        {
            "name": operation,
            "n": document[operation]["instruction_compliance"]["n"],
            "cells": [_cell(document[operation][name]) for name in METRICS],
        }
        for operation in results.by_operation
    ]


def _cell(entry: Mapping[str, Any]) -> str:
    if entry["value"] is None:
        return "–"
    return f"{entry['value']:.1f}" + ("" if entry["low"] is None else f" ({entry['low']:.0f}–{entry['high']:.0f})")


def _ladder(results: Results, model: str) -> list[dict[str, Any]]:
    """The weightless editors and this run between them, the lowest average first; empty where there are none."""
    rungs = [(name, run, False) for name, run in load_ladder(results.folder).items()]
    if not rungs:
        return []
    rows = sorted([*rungs, (model, results, True)], key=lambda row: _order(row[1].metrics["average"]))
    return [
        {
            "name": name,
            "own": own,
            "samples": run.counts["samples"],
            "cells": [_cell(run.document["metrics"][metric]) for metric in METRICS],
        }
        for name, run, own in rows
    ]


def _order(value: float) -> float:
    return -1.0 if math.isnan(value) else value


def _published(results: Results, family: Family | None) -> list[str]:
    """The paper's row for the model, where it may stand beside ours: on the released data, under its protocol."""
    own = family is not None and checkpoint_of(results.run["arguments"]["editor"]) == family.default_repo
    if family is None or not own or is_simulated(results.subset) or results.protocol != "paper":
        return []
    row = family.published.get(results.subset, {})
    keys = {"average": "Avg"}
    return [f"{row[keys.get(name, SHORT[name])]:.2f}" for name in METRICS] if row else []


def _example(example: Example) -> dict[str, Any]:
    sample = example.sample
    scores = ", ".join(f"{SHORT[name]} {number(sample['scores'][name], digits=0)}" for name in METRICS[:4])
    errors = ", ".join(error_words(sample["details"].get("errors") or {}, sample))
    return {
        "rank": example.rank,
        "instruction": sample["instruction"],
        "scores": f"{scores}; {errors}" if errors else scores,
        "path": example.path,
    }


def _seconds(results: Results) -> str:
    """The median time of an edit; empty where none was measured."""
    times = [s["seconds"]["edit"] for s in results.samples if "edit" in (s.get("seconds") or {})]
    return f"{median(times):.3g}" if times else ""


def _name(tool: Any) -> str:
    return str(tool["name"] if isinstance(tool, Mapping) else tool)


def _size_words(resolution: Mapping[str, Any] | None) -> str:
    """The size a model works at, as `run.json` has it, in words; empty for an editor that says nothing of it."""
    if not resolution:
        return ""
    blocks = f", both sides multiples of {resolution['multiple']}"
    if resolution.get("sizes"):
        sizes = [f"{width} × {height}" for width, height in resolution["sizes"]]
        return f"{sizes[0]} pixels" if len(sizes) == 1 else f"the nearest in shape of {len(sizes)} sizes"
    if resolution.get("pixels"):
        return f"about {resolution['pixels']:,} pixels{blocks}"
    if resolution.get("max_pixels"):
        return f"at most {resolution['max_pixels']:,} pixels{blocks}"
    return f"its own size{blocks}"


def _use(results: Results, repo_id: str | None) -> str | None:
    """Python that makes the run again; None for an editor that `load_editor` has no name for."""
    arguments = results.run["arguments"]
    name = editor_name(results.run, repo_id)
    if name is None:
        return None
    given = "".join(f", {key}={value!r}" for key, value in editor_arguments(results.run).items())
    split = SUBSETS[results.subset].split if results.subset in SUBSETS else "test"
    rows, options = [f'"{results.subset}"', f'split="{split}"'], [f'protocol="{results.protocol}"']
    if is_simulated(results.subset):
        rows.append(f"num_samples={results.counts['samples']}")
        rows += [f"seed={arguments['dataset']['seed']}"] if arguments["dataset"]["seed"] else []
    elif results.run.get("limit"):
        options.append(f"limit={results.run['limit']}")
    options += [f"seed={arguments['seed']}"] if arguments["seed"] else []
    return "\n".join(
        [
            "import gsi_bench_hf",
            "from datasets import load_dataset",
            "",
            f'rows = load_dataset("gsi-bench", {", ".join(rows)})',
            f"editor = gsi_bench_hf.load_editor({json.dumps(name)}{given})",
            f'results = gsi_bench_hf.evaluate_editor(editor, rows, out="run", {", ".join(options)})',
            "print(results)",
        ]
    )
