"""README.md of a dataset repository that `repo.build` makes. It is written anew from what lies in the folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData

from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.shards import Build, read_build
from gsi_bench_hf.data.subsets import HOMEPAGE, SUBSETS, Subset
from gsi_bench_hf.types import OPERATIONS

_MARK = "<!-- made by `gsi-bench build` -->"


@dataclass(frozen=True)
class Config:
    """A config that lies complete in the folder.

    Attributes:
        subset: its spec.
        build: how it was made.
        paths: its files.
        num_bytes: of its rows in memory.
        operations, labels, difficulties: rows by value.
        num_scenes: different scenes.
    """

    subset: Subset
    build: Build
    paths: tuple[Path, ...]
    num_bytes: int
    operations: Counter[str]
    labels: Counter[str]
    difficulties: Counter[str]
    num_scenes: int


def check_readme(root: Path) -> None:
    """Raise ValueError if the folder has a README.md that would be overwritten and was not made here."""
    path = root / "README.md"
    if path.is_file() and _MARK not in path.read_text(encoding="utf-8"):
        raise ValueError(
            f"{path} was not made by gsi-bench and would be overwritten; give another folder, or move it away"
        )


def write_readme(root: Path) -> None:
    """Write `root/README.md` for every config whose files are complete under `root/data`."""
    found = (_read_config(folder) for folder in sorted((root / "data").iterdir()) if folder.is_dir())
    configs = [config for config in found if config is not None]
    text = f"---\n{_front_matter(configs)}\n---\n{_MARK}\n{_body(configs)}"
    temporary = root / ".README.md.tmp"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(root / "README.md")


def _read_config(folder: Path) -> Config | None:
    paths = sorted(folder.glob("*.parquet"))
    build = read_build(paths[0]) if paths else None
    if build is None or [str(p) for p in paths] != [shard.path for shard in build.shards(folder)]:
        return None
    columns = ["operation", "target.label", "difficulty", "scene_id"]
    table = pa.concat_tables([pq.ParquetFile(path).read(columns=columns) for path in paths])
    rows: list[dict[str, Any]] = table.to_pylist()
    return Config(
        SUBSETS[build.config],
        build,
        tuple(paths),
        sum(group.total_byte_size for path in paths for group in _row_groups(path)),
        Counter(OPERATIONS[row["operation"]] for row in rows),
        Counter(row["target"]["label"] for row in rows),
        Counter(row["difficulty"] for row in rows),
        len({row["scene_id"] for row in rows}),
    )


def _row_groups(path: Path) -> list[Any]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(i) for i in range(metadata.num_row_groups)]


def _front_matter(configs: list[Config]) -> str:
    data = DatasetCardData(
        license=configs[0].subset.licence,
        pretty_name="GSI-Sim",
        language=["en", "zh"],
        task_categories=["image-to-image"],
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
            download_size=sum(path.stat().st_size for path in config.paths),
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


def _body(configs: list[Config]) -> str:
    subset = configs[0].subset
    parts = [
        _HEAD,
        *(_section(config) for config in configs),
        _TAIL.format(licence=subset.licence.upper(), citation=subset.citation),
    ]
    return "\n".join(parts)


def _section(config: Config) -> str:
    build = config.build
    command = f"gsi-bench build {build.config} --out DIR --num-samples {build.num_rows} --seed {build.seed}"
    lines = [
        f"### {build.config}",
        "",
        f"{config.subset.what}.",
        "",
        "| split | rows | scenes | by operation | by difficulty |",
        "|---|---|---|---|---|",
        f"| {build.split} | {build.num_rows} | {config.num_scenes} | {_counts(config.operations)} | {_counts(config.difficulties)} |",
        "",
        f"Targets by kind: {_counts(config.labels)}.",
        "",
        f"Made with generator {build.version}, renderer {build.renderer}, seed {build.seed}: `{command}`.",
        "",
    ]
    return "\n".join(lines)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


_HEAD = f"""
# GSI-Sim

Image edits that are defined in 3D ("move the mug 15 cm to the left"), with the source image, the true result, and exact labels
of both: oriented 3D boxes, masks, depth, camera, and the scene itself. Rendered from a seed by `gsi-bench-hf`, after the tasks of
GSI-Bench ([arXiv 2604.20570]({HOMEPAGE})). A score on these data is **not** a GSI-Bench score of the paper; call it GSI-Sim.

```python
from datasets import load_dataset
rows = load_dataset("path/to/this/folder", "sim-tabletop", split="test")
rows[0]["source_image"], rows[0]["instruction"], rows[0]["edit"]["new_bbox_3d"]
```

## Units and frames

Metres. Pixels count from the top-left corner: the centre of pixel (u, v) is at (u + 0.5, v + 0.5). The camera frame is OpenCV's:
x right, y down, z forward. A `bbox_3d` is `[x, y, z, w, h, l, yaw]`, centre and extents along the box's own axes;
`rotation_matrix` takes box axes to camera axes. `depth` is 16-bit PNG, millimetres along z. `segmentation` holds 0 for the
background and i + 1 for the i-th of `objects`.
`scene` is JSON from which `gsi-bench-hf` renders both images again.

## Configs
"""

_TAIL = """## Licence

{licence}. Everything shown is made by code; no photographs, no third-party models.

## Citation

```bibtex
{citation}
```
"""
