"""Runs as a dataset: a table of runs, a table of samples, and the runs themselves, for reports and leaderboards.

    README.md
    summary/<run>.parquet        one row: what was run on what, and its scores with intervals
    samples/<run>.parquet        one row a sample, the same columns for every run
    runs/<run>/run.json, results.json, samples.jsonl, ladder/…   what `load_results` reads

Every run has files of its own, so that several people can push to one repository. Images stay where they were made. Of paths on the
machine of the run only the last part is sent.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gsi_bench_hf.assess import SCORES
from gsi_bench_hf.data.subsets import CITATION
from gsi_bench_hf.durable import dump_json
from gsi_bench_hf.hub.contents import cleaned
from gsi_bench_hf.hub.plan import File
from gsi_bench_hf.model_card.how import public
from gsi_bench_hf.model_card.metadata import checkpoint_of
from gsi_bench_hf.results import METRICS, Results, load_ladder
from gsi_bench_hf.store import RESULTS_FILE, RUN_FILE, SAMPLES_FILE

MARK = "<!-- made by `gsi-bench push results` -->"
_LONGEST_NAME = 40


def run_name(results: Results) -> str:
    """What a run is called in a results dataset: editor, subset, protocol, and a digest of everything that its scores hang on."""
    what = {
        "arguments": results.run["arguments"],
        "limit": results.run.get("limit"),
        "metrics": results.document["metrics"],
    }
    digest = hashlib.sha256(dump_json(what)).hexdigest()[:8]
    editor = re.sub(r"[^A-Za-z0-9.]+", "-", public(results.editor)).strip("-.")[:_LONGEST_NAME] or "editor"
    return f"{editor}--{re.sub(r'[^A-Za-z0-9.]+', '-', results.subset)}--{results.protocol}--{digest}"


def results_files(runs: Sequence[Results]) -> list[File]:
    """The files of some runs, without the card."""
    return [file for results in runs for file in _files_of(results)]


def results_card(repo_id: str) -> str:
    """README.md of a results dataset: the same whatever runs it holds."""
    return _CARD.format(mark=MARK, repo=repo_id, citation=CITATION)


def _files_of(results: Results) -> list[File]:
    name = run_name(results)
    files = [
        File(f"summary/{name}.parquet", _parquet(_SUMMARY, [_summary(results, name)])),
        File(f"samples/{name}.parquet", _parquet(_SAMPLES, [_sample(results, name, s) for s in results.samples])),
        *_folder(f"runs/{name}", results),
    ]
    for rung, run in load_ladder(results.folder).items():
        files += _folder(f"runs/{name}/ladder/{rung}", run)
    return files


def _folder(path: str, results: Results) -> list[File]:
    """What `load_results` reads of a run, cleaned."""
    lines = (json.dumps(cleaned(_strict(s)), ensure_ascii=False, allow_nan=False) for s in results.samples)
    return [
        File(f"{path}/{RUN_FILE}", dump_json(cleaned(results.run))),
        File(f"{path}/{RESULTS_FILE}", dump_json(cleaned(results.document))),
        File(f"{path}/{SAMPLES_FILE}", "".join(f"{line}\n" for line in lines).encode()),
    ]


def _strict(sample: Mapping[str, Any]) -> dict[str, Any]:
    """A sample as `samples.jsonl` has it: no NaN."""
    return dict(json.loads(dump_json(sample)))


_SUMMARY = {
    **dict.fromkeys(("run", "editor", "checkpoint", "revision", "lora", "subset", "protocol"), "string"),
    **dict.fromkeys(("detector", "judge", "locality", "created", "version"), "string"),
    **dict.fromkeys(("samples", "ok", "failed", "seed"), "int64"),
    **{f"{name}{end}": "float64" for name in METRICS for end in ("", "_low", "_high")},
}
_SAMPLES = {
    "run": "string",
    "index": "int64",
    **dict.fromkeys(("id", "subset", "protocol", "scene_id", "operation", "instruction"), "string"),
    **dict.fromkeys(("status", "stage", "reason"), "string"),
    **dict.fromkeys(SCORES, "float64"),
    "details": "string",
}


def _summary(results: Results, name: str) -> dict[str, Any]:
    arguments, counts = results.run["arguments"], results.counts
    editor = arguments["editor"]
    row: dict[str, Any] = {
        "run": name,
        "editor": results.editor,
        "checkpoint": checkpoint_of(editor),
        "revision": editor.get("revision"),
        "lora": ", ".join(str(lora["source"]) for lora in editor.get("lora") or ()) or None,
        "subset": results.subset,
        "protocol": results.protocol,
        "detector": _name(arguments["detector"]),
        "judge": _name(arguments["judge"]),
        "locality": results.locality,
        "created": results.run.get("created"),
        "version": arguments.get("gsi-bench-hf"),
        "seed": arguments["seed"],
        **{key: counts[key] for key in ("samples", "ok", "failed")},
    }
    for metric in METRICS:
        low, high = results.intervals[metric]
        row |= {metric: results.metrics[metric], f"{metric}_low": low, f"{metric}_high": high}
    return row


def _sample(results: Results, name: str, sample: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: sample.get(key) for key in _SAMPLES if key not in SCORES}
    details = json.dumps(_strict(sample["details"]), ensure_ascii=False)
    return {**known, "run": name, "protocol": results.protocol, **sample["scores"], "details": details}


def _name(tool: Any) -> str:
    return str(tool["name"] if isinstance(tool, Mapping) else tool)


def _parquet(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in columns.items()])
    values = [{name: _null(cleaned(row.get(name))) for name in columns} for row in rows]
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(values, schema=schema), sink)
    return bytes(sink.getvalue().to_pybytes())


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


_CARD = """---
pretty_name: Results of gsi-bench
tags:
- image-editing
- spatial-intelligence
- evaluation-results
configs:
- config_name: runs
  default: true
  data_files: summary/*.parquet
- config_name: samples
  data_files: samples/*.parquet
---
{mark}

# Results of gsi-bench

Runs of image editors on edits that are defined and measured in 3D. Metrics are 0 to 100, `_low` and `_high` their 95 % interval,
resampled by scene; null where nothing could be scored. **Compare only rows of the same `subset` and `protocol`**, and edit locality
only where `locality` is the same. Scores on `sim-*` are of GSI-Sim, not of the paper's GSI-Bench.

```python
from datasets import load_dataset

runs = load_dataset("{repo}", "runs", split="train")
samples = load_dataset("{repo}", "samples", split="train")
```

`gsi-bench pull results {repo} --out DIR` fetches the runs themselves: each folder of `DIR/runs/` is one that
`gsi_bench_hf.load_results`, `gsi-bench compare` and `gsi-bench leaderboard` read. The edited images are not in it.

```
{citation}
```
"""
