"""Where a leaderboard's runs come from: run folders, pulled results datasets, earlier leaderboards."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gsi_bench_hf.assess import SCORES
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.leaderboard.dataset import RUNS_FILE, read_dataset
from gsi_bench_hf.leaderboard.entries import Entry, LeaderboardError, Samples, make_entry, make_samples
from gsi_bench_hf.results import load_results
from gsi_bench_hf.store import RESULTS_FILE, RUN_FILE, SAMPLES_FILE, TABLE_FILE, read_run


def read_entries(paths: Sequence[str | os.PathLike[str]]) -> list[Entry]:
    """The runs in these folders, each once, in order; of a weightless editor the first on the same samples.

    Args:
        paths: run folders (with the ladders beside them), folders that hold some, such as a pulled results dataset, and folders of
            earlier leaderboards.

    Raises:
        LeaderboardError: a folder holds none of these, or files that are not those of a run.
        RunFolderError: a run folder can't be read.
    """
    if not paths:
        raise LeaderboardError("no folders were given, expected one or more of runs, results datasets or leaderboards")
    found: dict[tuple[str, ...], Entry] = {}
    for path in paths:
        for entry in _entries(Path(path)):
            found.setdefault(_identity(entry), entry)
    return list(found.values())


def _identity(entry: Entry) -> tuple[str, ...]:
    if not entry.weightless:
        return (entry.run,)
    # Every run brings the same ladder along, made at another time.
    data = (entry.subset, entry.protocol, entry.locality, entry.generator, entry.data_version, entry.data_seed)
    return (entry.model, entry.settings, entry.detector, entry.judge, *data, entry.samples.digest)


def _entries(path: Path) -> Iterator[Entry]:
    if (path / RUNS_FILE).is_file():
        yield from read_dataset(path)
        return
    runs = _run_folders(path)
    if not runs:
        raise LeaderboardError(
            f"{path} holds no finished run, expected a run folder ({RUN_FILE} and {RESULTS_FILE}), a pulled results dataset, "
            f"or a leaderboard ({RUNS_FILE})"
        )
    for folder in runs:
        yield _read_run(folder)


def _run_folders(path: Path) -> list[Path]:
    """The folder itself if it is a run's, and those of runs below it; hidden folders are none."""
    if not path.is_dir():
        return []
    if (path / RUN_FILE).is_file() and not (path / RESULTS_FILE).is_file():
        load_results(path)  # says that it is not finished
    runs = (p for p in sorted(p.parent for p in path.rglob(RUN_FILE)) if (p / RESULTS_FILE).is_file())
    return [run for run in runs if not any(part.startswith(".") for part in run.relative_to(path).parts)]


def _read_run(folder: Path) -> Entry:
    if (folder / SAMPLES_FILE).is_file():
        results = load_results(folder)
        return make_entry(results.run, results.document, make_samples(results.samples), where=str(folder))
    run = read_run(folder)
    try:
        document = json.loads((folder / RESULTS_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder / RESULTS_FILE} can't be read ({error}); pull it again") from error
    return make_entry(run, document, _table(folder / TABLE_FILE), where=str(folder))


def _table(path: Path) -> Samples:
    """The samples of a `samples.parquet`."""
    import pyarrow
    import pyarrow.parquet

    names = ["id", "scene_id", "operation", *SCORES]
    try:
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path, columns=names).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise LeaderboardError(
            f"{path} can't be read ({error}); expected {TABLE_FILE} or {SAMPLES_FILE} beside {RUN_FILE}"
        ) from error
    return make_samples([{**row, "scores": row} for row in rows])
