"""Generic: `images/<id>-source.jpg`, `images/<id>-target.jpg`, and one line of JSON a pair in `<name>.jsonl`, in the rows' order."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tqdm import tqdm

from gsi_bench_hf.durable import clear_errors, write_atomic
from gsi_bench_hf.export.pairs import ExportError, Pairs, suffix
from gsi_bench_hf.export.plan import Options

IMAGES = "images"


def write(pairs: Pairs, out: Path, options: Options) -> str:
    """Write the pairs; the list comes last, so that where it is, its images are.

    A line has `source` and `target` (paths below the folder), `instruction` (in the language that was asked for; English for
    "both"), `instruction_en`, `instruction_zh`, `id`, `subset`, `environment`, `scene_id`, `operation`.
    """
    images = out / IMAGES
    images.mkdir(exist_ok=True)
    lines: list[str] = []
    for pair in tqdm(pairs.part(0, len(pairs)), desc="Exporting jsonl", total=len(pairs), unit=" pairs"):
        if not pair.id.replace("-", "").replace("_", "").isalnum():
            raise ExportError(f"row id {pair.id!r} is no file name; expected letters, digits, - and _")
        words = {**pair.words(), "instruction": options.instructions(pair)[0], "instruction_en": pair.instruction}
        for role, data in (("source", pair.source), ("target", pair.target)):
            words[role] = f"{IMAGES}/{pair.id}-{role}.{suffix(data)}"
            _put(out / str(words[role]), data)
        lines.append(json.dumps(words, ensure_ascii=False) + "\n")
    write_atomic(out / f"{options.name}.jsonl", "".join(lines).encode())
    return f"{len(pairs)} pairs in {out / options.name}.jsonl"


def _put(path: Path, data: bytes) -> None:
    """Write a file if it is not there with these bytes; comparing them is cheaper than a sync for each image."""
    with clear_errors(path):
        if path.exists() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return
        beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        beside.write_bytes(data)
        beside.replace(path)
