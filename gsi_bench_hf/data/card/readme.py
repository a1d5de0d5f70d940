"""README.md and eval.yaml of a dataset repository."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from typing import Any

import datasets
import yaml
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData

from gsi_bench_hf.data.card.grid import GRID_FOLDER
from gsi_bench_hf.data.card.statistics import DIFFICULTIES, Config
from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.subsets import HOMEPAGE

MARK = "<!-- made by `gsi-bench build` -->"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

_NOTES = {
    "sim-train": " The paper speaks of 10,500 training pairs, 1,500 for each of seven pairs of an operation and an environment; "
    "which seven is our reading of it. The scenes, layouts, objects (asset seeds) and views are others than those of the test "
    "configs. `source_image` and `target_image` are JPEG of quality 95; everything else is lossless.",
}


def readme(configs: Sequence[Config]) -> str:
    """The text of README.md for these configs: the Hub's YAML, then what a person wants to know."""
    subset = configs[0].subset
    body = "\n".join(
        [
            _HEAD.format(config=subset.name, split=configs[0].build.split, difficulty=_difficulty()),
            *(_section(config) for config in configs),
            _TAIL.format(licence=subset.licence.upper(), citation=subset.citation),
        ]
    )
    return f"---\n{_front_matter(configs)}\n---\n{MARK}\n{body}"


def eval_yaml(configs: Sequence[Config]) -> str | None:
    """The text of eval.yaml, which tells the Hub that the repository is a benchmark; None without a test split."""
    tests = [config for config in configs if config.build.split == "test"]
    if not tests:
        return None
    content = {
        "name": "GSI-Sim",
        "description": "Does an image editor understand space? Edits that are defined in 3D, measured in 3D.",
        "evaluation_framework": "gsi-bench-hf",
        "tasks": [{"id": c.subset.name, "config": c.subset.name, "split": c.build.split} for c in tests],
    }
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))


def _front_matter(configs: Sequence[Config]) -> str:
    num_rows = sum(config.build.num_rows for config in configs)
    data = DatasetCardData(
        license=configs[0].subset.licence,
        pretty_name="GSI-Sim",
        language=["en", "zh"],
        task_categories=["image-to-image"],
        annotations_creators=["machine-generated"],
        source_datasets=["original"],
        size_categories=[next((name for size, name in _SIZES if num_rows < size), "n>1M")],
        tags=["image-editing", "spatial-intelligence", "3d", "benchmark", "synthetic"],
    )
    infos = {}
    for config in configs:
        split = datasets.SplitInfo(
            config.build.split, num_bytes=config.num_bytes, num_examples=config.build.num_rows, dataset_name=None
        )
        infos[config.subset.name] = datasets.DatasetInfo(
            features=features(),
            splits=datasets.SplitDict({split.name: split}),
            download_size=config.file_bytes,
            dataset_size=config.num_bytes,
            config_name=config.subset.name,
        )
    DatasetInfosDict(infos).to_dataset_card_data(data)
    data["configs"] = [
        {
            "config_name": config.subset.name,
            "data_files": [
                {"split": config.build.split, "path": f"data/{config.subset.name}/{config.build.split}-*.parquet"}
            ],
        }
        for config in configs
    ]
    return str(data.to_yaml(line_break="\n"))


def _section(config: Config) -> str:
    build, name = config.build, config.subset.name
    objects = sum(row["num_objects"] for row in config.rows) / len(config.rows)
    sizes = " or ".join(f"{width} × {height}" for width, height in sorted(config.count("size")))
    return "\n".join(
        [
            f"### {name}",
            "",
            f"{config.subset.what}.{_NOTES.get(name, '')}",
            "",
            f"![Pairs of {name}, before and after]({GRID_FOLDER}/{name}.jpg)",
            "",
            "| split | rows | scenes | picture, pixels | labeled objects a picture | bytes a row |",
            "|---|---|---|---|---|---|",
            f"| {build.split} | {build.num_rows} | {config.num_scenes} | {sizes} | {objects:.1f} | "
            f"{config.file_bytes // build.num_rows:,} |",
            "",
            *_operations(config),
            "",
            f"Targets by kind: {_counts(config.count('label'))}.",
            "",
            *_rejections(config),
            f"Made with generator {build.version}, renderer {build.renderer}, seed {build.seed}: "
            f"`{build_command(config)} --out DIR`.",
            f"Fingerprint of the rows without their images: `{config.fingerprint[:16]}`; the same, however many processes or "
            "machines made them.",
            "",
        ]
    )


def build_command(config: Config) -> str:
    """The command that makes the config's rows again, but for the folder."""
    build = config.build
    renderer = "" if build.renderer == "mujoco" else f" --renderer {build.renderer}"
    return f"gsi-bench build {build.config} --num-samples {build.num_rows} --seed {build.seed}{renderer}"


def _operations(config: Config) -> list[str]:
    several = len(config.count("environment")) > 1
    table = Counter((row["environment"], row["operation"], row["difficulty"]) for row in config.rows)
    lines = [
        f"| operation | {' | '.join(DIFFICULTIES)} | all |",
        f"|---|{'---|' * (len(DIFFICULTIES) + 1)}",
    ]
    for environment, operation in config.pairs:
        counts = [table[environment, operation, difficulty] for difficulty in DIFFICULTIES]
        title = f"{operation}, {environment}" if several else operation
        lines.append(f"| {title} | {' | '.join(map(str, counts))} | {sum(counts)} |")
    totals = [config.count("difficulty")[difficulty] for difficulty in DIFFICULTIES]
    return [*lines, f"| all | {' | '.join(map(str, totals))} | {sum(totals)} |"]


def _rejections(config: Config) -> list[str]:
    if not config.rejections:
        return []
    reasons = sorted(config.rejections.items(), key=lambda item: (-item[1], item[0]))
    return [
        "<details>",
        f"<summary>What was thrown away on the way: {sum(config.rejections.values()):,} scenes and edits, by reason</summary>",
        "",
        "| reason | times |",
        "|---|---|",
        *(f"| {reason} | {count:,} |" for reason, count in reasons),
        "",
        "</details>",
        "",
    ]


def _difficulty() -> str:
    """How `difficulty` is defined: in the words of the function that measures it, so that the two can't part."""
    from gsi_bench_hf.synth.difficulty import difficulty

    return inspect.getdoc(difficulty) or ""


def _counts(counter: Counter[Any]) -> str:
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered)


_HEAD = f"""
# GSI-Sim

Image edits that are defined in 3D ("move the mug 15 cm to the left"), with the source image, the true result, and exact labels
of both: oriented 3D boxes, masks, depth, camera, and the scene itself. Rendered from a seed by `gsi-bench-hf`, after the tasks of
GSI-Bench ([arXiv 2604.20570]({HOMEPAGE})). A score on these data is **not** a GSI-Bench score of the paper; call it GSI-Sim.

```python
from datasets import load_dataset
rows = load_dataset("path/to/this/folder", "{{config}}", split="{{split}}")
rows[0]["source_image"], rows[0]["instruction"], rows[0]["edit"]["original_bbox_3d"]
```

## Units and frames

Metres. Pixels count from the top-left corner: the center of pixel (u, v) is at (u + 0.5, v + 0.5). The camera frame is OpenCV's:
x right, y down, z forward. A `bbox_3d` is `[x, y, z, w, h, l, yaw]`, center and extents along the box's own axes;
`rotation_matrix` takes box axes to camera axes. `depth` is 16-bit PNG, millimeters along z. `segmentation` holds 0 for the
background and i + 1 for the i-th of `objects`; `target_segmentation` has the same numbers. `target_image` is the true result.
`scene` is JSON from which `gsi-bench-hf` renders both images again.

## Difficulty

{{difficulty}}

## Configs
"""

_TAIL = """## Licence

{licence}. Everything shown is made by code; no photographs, no third-party models, no people.

## Citation

```bibtex
{citation}
```
"""
