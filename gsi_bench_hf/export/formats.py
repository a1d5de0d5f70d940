"""The formats that pairs are exported in, by name."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.durable import RunWarning, lock
from gsi_bench_hf.export import bagel, jsonl, webdataset
from gsi_bench_hf.export.pairs import Pairs
from gsi_bench_hf.export.plan import LOCK_FILE, Options, check_folder
from gsi_bench_hf.registry import Registry


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: its key in `FORMATS`.
        what: one line for a human.
        write: (pairs, folder, options) -> one line on what was written. Called again after it was stopped, it does the rest.
        shuffled: whether its trainers read the files in order, so that the pairs should be mixed.
    """

    name: str
    what: str
    write: Callable[[Pairs, Path, Options], str]
    shuffled: bool = True


FORMATS: Registry[Format] = Registry("export format")
for _format in (
    Format("bagel", "BAGEL's unified_edit: Parquet, its row-group counts, dataset_info entry and config", bagel.write),
    Format("jsonl", "images in a folder and a line of JSON for each pair", jsonl.write, shuffled=False),
    Format("webdataset", "tar files that stream, as webdataset and load_dataset read them", webdataset.write),
):
    FORMATS.add(_format.name, _format)
del _format


def export_pairs(
    form: str,
    rows: Any,
    out: str | os.PathLike[str],
    *,
    name: str | None = None,
    rows_per_file: int = 100,
    rows_per_group: int = 10,
    language: str = "en",
    root: str | os.PathLike[str] | None = None,
    shuffle_seed: int | None = 0,
) -> str:
    """Write training pairs for another trainer; stopped and called again, it does what is left.

    Args:
        form: one of `FORMATS`.
        rows: a mapped `datasets.Dataset` of gsi-bench rows with target images. Image files are written as the rows hold them.
        out: the folder, new or of the same export.
        name: of the dataset, in file names and configs; None is the subset's.
        rows_per_file: pairs in a Parquet file or a tar.
        rows_per_group: pairs in a row group of Parquet.
        language: of the instructions, one of `plan.LANGUAGES`.
        root: where the folder will lie on the machine that trains; None is where it is made.
        shuffle_seed: of the order in which `bagel` and `webdataset` have the pairs; None keeps the rows' own.

    Returns:
        One line on what was written.

    Raises:
        UnknownNameError: no such format.
        ExportError: rows that are no pairs, an argument that makes no sense, or a folder that holds something else.
        RunFolderError: the folder is in use, or can't be written.
    """
    spec = FORMATS[form]
    seed = shuffle_seed if spec.shuffled else None
    pairs = Pairs(rows, shuffle_seed=seed)
    subsets = pairs.subsets()
    options = Options(
        name or "gsi_" + "_".join(subset.replace("-", "_") for subset in subsets),
        rows_per_file=rows_per_file,
        rows_per_group=rows_per_group,
        language=language,
        root=None if root is None else Path(root),
        shuffle_seed=seed,
    )
    _warn_of_tests(subsets)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / LOCK_FILE):
        check_folder(folder, form, pairs, options)
        for leftover in folder.rglob(".*.tmp"):  # of an export that was killed
            leftover.unlink()
        return spec.write(pairs, folder, options)


def _warn_of_tests(subsets: list[str]) -> None:
    tests = [name for name in subsets if name in SUBSETS and SUBSETS[name].split == "test"]
    if tests:
        message = f"{', '.join(tests)} is there to test on: a model that was trained on it can't be scored on it; train on sim-train"
        warnings.warn(RunWarning(message), stacklevel=3)
