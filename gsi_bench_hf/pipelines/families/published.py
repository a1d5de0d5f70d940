"""The paper's table, which stands in `published_results.json`."""

from __future__ import annotations

import json
from pathlib import Path

from gsi_bench_hf.pipelines.families.spec import Published


def published(system: str) -> Published:
    """A system's rows of the paper's table: subset -> metric ("IC", "SA", "AC", "EL", "Avg") -> 0..100.

    >>> published("Qwen-Image-Edit")["real"]["Avg"]
    43.44
    """
    table = json.loads(Path(__file__).with_name("published_results.json").read_text(encoding="utf-8"))
    return {subset: rows[system] for subset, rows in table["subsets"].items() if system in rows}
