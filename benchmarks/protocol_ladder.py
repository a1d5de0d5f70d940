"""What the quirks of the `paper` protocol cost: the same edits scored under both protocols.

    python benchmarks/protocol_ladder.py [--subsets sim-tabletop …] [--limit 60] [--out runs/ladder] [--docs docs]

Runs the rungs of `ladder.py` (or takes up its folders) under `strict`, and one more: moves carried out in the opposite direction. The
detections and judgements of those runs are then scored under `paper` too, so that only the formulas differ. The published LPIPS
weights are left out (`lpips=None`), so `paper` judges locality by SSIM. Brings the tables and figures of `protocols.md` up to date.
"""

import argparse
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from datasets import Dataset, load_dataset
from ladder import LEVELS, METRICS, rungs
from PIL import Image

import gsi_bench_hf
from gsi_bench_hf.metrics.scoring import score_sample
from gsi_bench_hf.metrics.summary import SampleScore, summarise
from gsi_bench_hf.perception.packed import unpack
from gsi_bench_hf.pipelines.base import EditOutput
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.scene import from_json
from gsi_bench_hf.types import OPERATIONS, Judgement, Sample, Scan

PROTOCOLS = ("strict", "paper")
SUBSETS = ("sim-tabletop", "sim-room", "sim-bathroom")
COLORS = dict(
    zip(OPERATIONS, ("#1f5f8b", "#e08e45", "#7aa95c", "#a04668", "#5b5b9a", "#b8a13a", "#4fa3a5"), strict=True)
)
Found = dict[str, dict[str, dict[str, Any]]]
"""A summary by protocol, by rung."""


class WrongWay:
    """Moves the target as far as was asked, in the opposite direction; leaves other edits undone."""

    name, needs_sample = "wrong-way", True

    def __call__(self, *, image: Image.Image, sample: Sample, **_: Any) -> EditOutput:
        """Render the scene so edited."""
        if sample.operation != "move":
            return EditOutput((image,))
        edited = from_json(sample.row["scene"])
        before, after = (scene.object(sample.target_id) for scene in (edited.source, edited.target))
        wrong = dataclasses.replace(before, position_m=2.0 * before.position_m - after.position_m)
        rgb = shared_renderer().render(edited.source.with_object(wrong), want=("rgb",)).rgb
        return EditOutput((Image.fromarray(rgb),))


def paper_summary(folder: Path, rows: Dataset) -> dict[str, Any]:
    """A run's detections and judgements, scored under `paper`."""
    lines = {line["id"]: line for line in map(json.loads, (folder / "samples.jsonl").read_text().splitlines())}
    scores, heads = [], []
    for row in rows:
        line, sample = lines[row["id"]], Sample(row)
        scores.append(paper_score(folder, line, sample))
        heads.append({"id": sample.id, "operation": sample.operation, "scene_id": sample.scene_id})
    return summarise(scores, heads, protocol="paper", rng=np.random.default_rng(0))


def paper_score(folder: Path, line: dict[str, Any], sample: Sample) -> SampleScore:
    """One line of `samples.jsonl`, scored under `paper`; what has no edit has the same scores under both protocols."""
    if line["status"] == "failed":
        scores = {name: float("nan") if value is None else value for name, value in line["scores"].items()}
        return SampleScore(**scores, reason=line["reason"], details=line["details"])
    origin, edited = unpack(line["detections"])
    target = next((d for d in edited if d.instance_id == sample.target_id), None)
    scan = Scan(origin, edited, target, lost=line["scan"]["lost"], added=line["scan"]["added"])
    judgement = Judgement(line["judgement"]["score"], line["judgement"]["reason"])
    return score_sample(sample, Image.open(folder / line["edited"]), scan, judgement, protocol="paper", lpips=None)


def measured(rows: Dataset, out: Path) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Each rung's title and its summaries by protocol."""
    wrong = ("moves the wrong way", WrongWay(), "wrong-way")
    for title, editor, name in [*rungs(LEVELS), wrong]:
        gsi_bench_hf.evaluate_editor(editor, rows, out=out / name, num_proc=2)
        strict = json.loads((out / name / "results.json").read_text())
        yield title, {"strict": strict, "paper": paper_summary(out / name, rows)}


def operations(found: Found) -> list[str]:
    """The operations that were met."""
    return list(next(iter(found.values()))["strict"]["by_operation"])


def table(found: Found) -> str:
    """Markdown: IC, SA and average under both protocols, and SA by operation."""
    names = operations(found)
    heads = [f"{p} {m}" for p in PROTOCOLS for m in ("IC", "SA", "average", *(f"SA {o}" for o in names))]
    lines = [f"| editor | {' | '.join(heads)} |", f"|---{'|---' * len(heads)}|"]
    for title, by_protocol in found.items():
        cells = []
        for protocol in PROTOCOLS:
            summary = by_protocol[protocol]
            cells += [summary["metrics"][name]["value"] for name in (METRICS[0], METRICS[1], "average")]
            cells += [accuracy(summary, name) for name in names]
        lines.append(f"| {title} | {' | '.join('–' if c is None else f'{c:.1f}' for c in cells)} |")
    return "\n".join(lines)


def accuracy(summary: dict[str, Any], operation: str) -> float | None:
    """Spatial Accuracy of an operation; None where nothing of it could be scored."""
    value = summary["by_operation"].get(operation, {}).get("spatial_accuracy", {}).get("value")
    return None if value is None or np.isnan(value) else float(value)


def figure(subset: str, found: Found, path: Path) -> None:
    """Spatial accuracy by operation, a column a protocol."""
    mpl.use("agg")
    import matplotlib.pyplot as plt

    height = 1.0 + len(found) * (0.14 + 0.08 * len(operations(found)))
    drawn, axes = plt.subplots(1, 2, figsize=(11, height), sharey="row", layout="constrained")
    for axis, protocol in zip(axes, PROTOCOLS, strict=True):
        bars(axis, found, protocol)
        axis.set(title=f"{subset}, protocol {protocol}", xlim=(0, 100), xlabel="Spatial Accuracy")
    axes[0].invert_yaxis()  # shared by both
    axes[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    drawn.savefig(path, dpi=110)


def bars(axis: Any, found: Found, protocol: str) -> None:
    """One panel: a group of bars a rung."""
    titles, names = list(found), operations(found)
    width = 0.78 / len(names)
    for place, operation in enumerate(names):
        values = [accuracy(found[title][protocol], operation) or 0.0 for title in titles]
        height = np.arange(len(titles)) + width * (place - (len(names) - 1) / 2.0)
        axis.barh(height, values, 0.92 * width, label=operation, color=COLORS[operation])
    axis.set_yticks(range(len(titles)), titles)
    axis.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Run, print the tables, and write the page's figure and tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subsets", nargs="+", default=SUBSETS, choices=SUBSETS)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("runs/ladder"))
    parser.add_argument("--docs", type=Path, default=None, help="folder of protocols.md, to be brought up to date")
    arguments = parser.parse_args()
    for subset in arguments.subsets:
        rows = load_dataset("gsi-bench", subset, split="test", num_samples=arguments.limit)
        found = dict(measured(rows, arguments.out / subset))
        shown = f"{len(rows)} samples of `{subset}`.\n\n{table(found)}"
        print(f"{shown}\n", flush=True)
        if arguments.docs is not None:
            write_table(arguments.docs / "protocols.md", subset, shown)
            figure(subset, found, arguments.docs / f"protocols-{subset}.png")


def write_table(page: Path, subset: str, shown: str) -> None:
    """Replace the page's table of a subset."""
    between = f"<!-- {subset} -->\n{shown}\n<!-- end -->"
    text = re.sub(rf"<!-- {subset} -->.*?<!-- end -->", lambda _: between, page.read_text(), flags=re.DOTALL)
    page.write_text(text)


if __name__ == "__main__":
    main()
