"""BAGEL's own editing data, "unified_edit": Parquet that its `UnifiedEditIterableDataset` reads, and the files around it.

Below the folder:

- `editing/<name>/*.parquet`: `image_list` (source, target: encoded files), `instruction_list` (for each step, alternatives), `id`.
- `editing/parquet_info/<name>.json`: absolute path of each file -> how many row groups and rows it has.
- `dataset_info.json`: the entry of `DATASET_INFO` in BAGEL's `data/dataset_info.py`.
- `<name>.yaml`: for `--dataset_config_file`.
- `README.md`: how to train with them.

How BAGEL reads: it lists the folder, looks up each file in the JSON by its very path (a file that is not there is passed over), deals
the row groups out to processes and workers, and reads a group at a time; of alternatives it draws one at each visit.
"""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from gsi_bench_hf.durable import dump_json, write_atomic
from gsi_bench_hf.export.bagel_readme import readme
from gsi_bench_hf.export.pairs import EncodedPair, Pairs
from gsi_bench_hf.export.plan import Options, file_names, write_files

SCHEMA = pa.schema(
    {
        "image_list": pa.list_(pa.binary()),
        "instruction_list": pa.list_(pa.list_(pa.string())),
        "id": pa.string(),
    }
)
GROUP = "unified_edit"


def write(pairs: Pairs, out: Path, options: Options) -> str:
    """Write the pairs and the files around them; see the module. Those that hold paths are written anew at each call."""
    folder = out / "editing" / options.name
    files = file_names(folder, "train", "parquet", pairs, options.rows_per_file)
    write_files(pairs, files, options.rows_per_file, partial(_parquet, options=options), what="bagel")
    root = options.root or out.resolve()
    info = {str(root / path.relative_to(out)): _counts(path) for path in files}
    groups = sum(counts["num_row_groups"] for counts in info.values())
    info_path = Path("editing", "parquet_info", f"{options.name}.json")
    entry = {
        "data_dir": str(root / folder.relative_to(out)),
        "num_files": len(files),
        "num_total_samples": len(pairs),
        "parquet_info_path": str(root / info_path),
    }
    config = yaml.safe_dump(training_config(options.name, len(files)), sort_keys=False)
    text = readme(options.name, root, num_pairs=len(pairs), num_groups=groups)
    write_atomic(out / info_path, dump_json(info))
    write_atomic(out / "dataset_info.json", dump_json({GROUP: {options.name: entry}}))
    write_atomic(out / f"{options.name}.yaml", config.encode())
    write_atomic(out / "README.md", text.encode())
    return f"{len(pairs)} pairs in {len(files)} files, {groups} row groups; how to train on them: {out / 'README.md'}"


def training_config(name: str, num_files: int) -> dict[str, Any]:
    """What BAGEL's `--dataset_config_file` says of this dataset: each file once, sizes as in BAGEL's own example."""
    return {
        GROUP: {
            "dataset_names": [name],
            "image_transform_args": {"image_stride": 16, "max_image_size": 1024, "min_image_size": 512},
            "vit_image_transform_args": {"image_stride": 14, "max_image_size": 518, "min_image_size": 224},
            "is_mandatory": True,
            "num_used_data": [num_files],
            "weight": 1,
        }
    }


def _parquet(some: list[EncodedPair], *, options: Options) -> bytes:
    rows = [
        {"image_list": [pair.source, pair.target], "instruction_list": [options.instructions(pair)], "id": pair.id}
        for pair in some
    ]
    buffer = io.BytesIO()
    # Images are compressed already, and no two are alike.
    pq.write_table(
        pa.Table.from_pylist(rows, schema=SCHEMA),
        buffer,
        row_group_size=options.rows_per_group,
        compression="none",
        use_dictionary=False,
    )
    return buffer.getvalue()


def _counts(path: Path) -> dict[str, int]:
    metadata = pq.read_metadata(path)
    return {"num_row_groups": metadata.num_row_groups, "num_rows": metadata.num_rows}
