"""The leaderboard's dataset card: the Hub's YAML, what the columns are, and every table with its first rows."""

from __future__ import annotations

from collections.abc import Sequence

from huggingface_hub import DatasetCardData

from gsi_bench_hf.data.subsets import CITATION
from gsi_bench_hf.leaderboard.dataset import MARK, RUNS_FILE, SCORES_FILE
from gsi_bench_hf.leaderboard.entries import Entry, Score
from gsi_bench_hf.leaderboard.tables import Table, make_tables
from gsi_bench_hf.leaderboard.wording import heading, sample_words
from gsi_bench_hf.model_card.page import escape
from gsi_bench_hf.report.cards import number
from gsi_bench_hf.results import METRICS, SHORT

_MOST_ROWS = 20
_HEAD = """\

# {title}

Image editors on edits that are defined in 3D and measured in 3D. A mean is of 0 to 100, with its 95 % interval, resampled by scene.
Runs stand in one table only where they are on the same samples of the same data, under the same protocol, with edit locality measured
in the same way. A score on `sim-*` data is a score of GSI-Sim, and none of the paper's GSI-Bench table.
"""
_COLUMNS = f"""
## Columns

- config `runs` (`{RUNS_FILE}`), one row a run: `model`, `checkpoint`, `revision`, `lora`, `settings`, `weightless` (an editor
  of the ladder, for comparison); `subset`, `protocol`, `locality`, `detector`, `judge`; `generator`, `data_version`, `data_seed`
  of the rows; `num_samples`, `failed` (without a score, with no part in the means); of each metric its mean, `_low`, `_high` and
  `_n`; `by_operation`.
- config `scores` (`{SCORES_FILE}`), one row a sample of a run: `run`, `id`, `scene_id`, `operation` and the four metrics.

```python
from datasets import load_dataset

runs = load_dataset("REPO", "runs", split="train")
scores = load_dataset("REPO", "scores", split="train")
```

`gsi-bench leaderboard THIS RUN … --out DIR` adds runs to it.

## Cite

```
{CITATION}
```
"""


def card_text(entries: Sequence[Entry], *, title: str) -> str:
    """The text of README.md."""
    data = DatasetCardData(
        pretty_name=title,
        task_categories=["image-to-image"],
        tags=["leaderboard", "image-editing", "spatial-intelligence", "benchmark"],
    )
    data["configs"] = [
        {"config_name": name, "data_files": [{"split": "train", "path": file}], **default}
        for name, file, default in (("runs", RUNS_FILE, {"default": True}), ("scores", SCORES_FILE, {}))
    ]
    front = data.to_yaml(line_break="\n")
    tables = "".join(_table(table) for table in make_tables(entries))
    return f"---\n{front}\n---\n{MARK}\n{_HEAD.format(title=title)}{tables}{_COLUMNS}"


def _table(table: Table) -> str:
    names = [SHORT[name] for name in METRICS]
    left = len(table.entries) - _MOST_ROWS
    return "\n".join(
        [
            f"\n## {heading(table)}",
            "",
            f"{sample_words(table)}; locality by {table.first.locality.upper()}.",
            "",
            f"| model | {' | '.join(names)} | detector |",
            f"|---|{'---|' * len(names)}---|",
            *(_row(entry) for entry in table.entries[:_MOST_ROWS]),
            *([f"\n… and {left} more."] if left > 0 else []),
            "",
        ]
    )


def _row(entry: Entry) -> str:
    cells = [_cell(entry.metrics[name]) for name in METRICS]
    name = f"*{escape(entry.model)}* (no weights)" if entry.weightless else escape(entry.model)
    return f"| {' | '.join([name, *cells, escape(entry.detector)])} |"


def _cell(score: Score) -> str:
    interval = "" if score.low != score.low else f" ({score.low:.1f}–{score.high:.1f})"  # NaN is not itself
    return f"{number(score.value)}{interval}"
