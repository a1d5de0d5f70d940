"""What lies in a dataset repository beside its Parquet files: README.md, eval.yaml, croissant.json and a picture of samples a config.

All of it is written anew from what the Parquet files hold and say of themselves, so that it can't say anything else.
"""

from __future__ import annotations

import json
from pathlib import Path

from gsi_bench_hf.data.card.croissant import croissant
from gsi_bench_hf.data.card.grid import GRID_FOLDER, write_grid
from gsi_bench_hf.data.card.readme import MARK, eval_yaml, readme
from gsi_bench_hf.data.card.statistics import Config, read_config
from gsi_bench_hf.durable import write_atomic

__all__ = ["Config", "check_readme", "read_configs", "write_card"]


def check_readme(root: Path) -> None:
    """Raise ValueError if the folder has a README.md that would be overwritten and was not made here."""
    path = root / "README.md"
    if path.is_file() and MARK not in path.read_text(encoding="utf-8"):
        raise ValueError(
            f"{path} was not made by gsi-bench and would be overwritten; give another folder, or move it away"
        )


def read_configs(root: Path) -> list[Config]:
    """Every config whose files are complete under `root/data`, by name."""
    found = (read_config(folder) for folder in sorted((root / "data").iterdir()) if folder.is_dir())
    return [config for config in found if config is not None]


def write_card(root: Path) -> list[Config]:
    """Write what describes the configs that are complete under `root/data`; nothing where none is.

    Returns:
        The configs.
    """
    configs = read_configs(root)
    if not configs:
        return []
    for config in configs:
        write_grid(config, root / GRID_FOLDER / f"{config.subset.name}.jpg")
    tasks = eval_yaml(configs)
    if tasks is None:
        (root / "eval.yaml").unlink(missing_ok=True)
    else:
        write_atomic(root / "eval.yaml", tasks.encode())
    text = json.dumps(croissant(configs), indent=1, ensure_ascii=False)
    write_atomic(root / "croissant.json", f"{text}\n".encode())
    write_atomic(root / "README.md", readme(configs).encode())
    return configs
