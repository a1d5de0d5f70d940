"""Edit, detect, judge, score: any editor over any records, resumable at any moment.

A run's results are a function of what lies in its folder alone (`results.compute_results`), so a run that was killed and taken up
again ends with the same bytes as one that was not.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from gsi_bench_hf.assess import Pool
from gsi_bench_hf.ranks import Ranks
from gsi_bench_hf.records import Records
from gsi_bench_hf.results import Results, load_results, write_results
from gsi_bench_hf.run_samples import SamplesRun
from gsi_bench_hf.run_setup import (
    Options,
    RunStoppedError,
    closing,
    header,
    keep_replies,
    loaded_editor,
    make_pool,
    name_of,
    resolve_options,
    way_to_call,
)
from gsi_bench_hf.store import REPORT_FILE, RunFolder
from gsi_bench_hf.types import Detector, Judge

__all__ = ["LADDER", "RunStoppedError", "evaluate_editor", "run_ladder"]

LADDER = ("identity", "paste", "noisy-oracle", "oracle")
"""Editors that need no weights, from the lowest to the highest."""


def evaluate_editor(
    editor: Any,
    dataset: Any,
    *,
    out: str | os.PathLike[str],
    protocol: Literal["auto", "paper", "strict"] = "auto",
    detector: str | Detector = "auto",
    judge: str | Judge = "auto",
    limit: int | None = None,
    seed: int = 0,
    timeout_s: float = 600.0,
    lpips: str | None = "auto",
    ladder: bool = False,
    num_proc: int = 1,
    retry_failed: bool = False,
    progress: bool = True,
    ranks: Ranks | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Results:
    """Run an editor over a dataset and score what comes out.

    Args:
        editor: called as `editor(image=PIL, prompt=str, generator=...)`, answers with `.images`; or a name for `load_editor`.
            One with a `batch_size` above 1 is called with lists, one with a `concurrency` above 1 from so many threads.
        dataset: records: a split of `load_dataset("gsi-bench", ...)`, streaming or not, or a list of rows.
        out: the run folder. One that holds a part of the same run is taken up where it was left.
        protocol: "auto" is "strict" for `sim-*` subsets and "paper" otherwise.
        detector: finds the objects in edited images: a name for `load_detector`, an object, or "auto" (what fits the records).
        judge: judges the target's looks: a name for `load_judge`, an object, or "auto".
        limit: only the first so many records. A finished run can be taken up with a larger one.
        seed: of the edits (each sample gets its own from it and its id) and of the intervals.
        timeout_s: how long one edit may take; a longer one is a failed sample, three in a row end the run. An editor with
            `needs_sample` runs in the calling thread, where only Python code can be interrupted.
        lpips: "auto" uses LPIPS for locality where it is on this machine; None leaves it out; or the backbone's file.
        ladder: also run the editors that need no weights on the same samples, into `out/ladder/`, for comparison.
        num_proc: processes that score; 1 scores in this one.
        retry_failed: do the failed samples of an earlier start again.
        progress: show a progress bar where the output is a terminal.
        ranks: `Ranks.of_environment()` where several processes, each with its own editor, make this call and share the samples.
        origin: more for `run.json`, which the results don't hang on: the command that began the run, the run it repeats.

    Returns:
        The results, also written to `out`: results.json, samples.parquet, report.html.

    Raises:
        RunStoppedError: for arguments or data that no run can start with, or when the run can't go on.
        store.RunFolderError: the folder is in use, holds something else, or its disk is full.
    """
    records = Records(dataset, limit)
    options = resolve_options(
        records,
        protocol=protocol,
        detector=detector,
        judge=judge,
        seed=seed,
        timeout_s=timeout_s,
        lpips=lpips,
        retry_failed=retry_failed,
        progress=progress,
        ranks=ranks,
        origin=origin or ({"command": {"editor": editor}} if isinstance(editor, str) else {}),
    )
    keep_replies(options.tools.judge, Path(out), options.ranks)
    with closing(editor) as used, make_pool(options.tools, num_proc) as pool:
        results = _run_one(used, records, Path(out), pool, options)
        if ladder:
            rungs = replace(options, origin={})
            _ladder(records, Path(out, "ladder"), pool, rungs, skip=(name_of(used),))
    if options.ranks.rank == 0:
        _write_report(Path(out))
    return results


def run_ladder(
    dataset: Any,
    *,
    out: str | os.PathLike[str],
    names: Sequence[str] = LADDER,
    limit: int | None = None,
    num_proc: int = 1,
    **options: Any,
) -> dict[str, Results]:
    """Run the editors that need no weights over a dataset, each an ordinary run in `out/<name>/`.

    Args:
        dataset: as in `evaluate_editor`.
        out: folder of the run folders.
        names: which editors.
        limit: as in `evaluate_editor`.
        num_proc: as in `evaluate_editor`.
        options: its other options: protocol, detector, judge, seed, timeout_s, lpips, retry_failed, progress.

    Returns:
        The results by editor, in the order of `names`.
    """
    records = Records(dataset, limit)
    resolved = resolve_options(records, **options)
    keep_replies(resolved.tools.judge, Path(out), resolved.ranks)
    with make_pool(resolved.tools, num_proc) as pool:
        return _ladder(records, Path(out), pool, resolved, names=names)


def _ladder(
    records: Records,
    out: Path,
    pool: Pool,
    options: Options,
    *,
    names: Sequence[str] = LADDER,
    skip: Sequence[str] = (),
) -> dict[str, Results]:
    results = {}
    for name in names:
        if name in skip:
            continue
        editor = loaded_editor(name)
        results[name] = _run_one(editor, records, out / name, pool, options)
    return results


def _run_one(editor: Any, records: Records, out: Path, pool: Pool, options: Options) -> Results:
    """One editor over the records, from the header to the results."""
    ranks, way = options.ranks, way_to_call(editor, options)
    with ExitStack() as stack:
        with ranks.first_before_others():
            folder = stack.enter_context(RunFolder(out, part=ranks.rank))
            folder.start(header(editor, records, options, way))
        with ranks.together():
            SamplesRun(editor, folder, pool, options, way).all(records)
        with ranks.first_before_others():
            if ranks.rank > 0:
                return load_results(out)
            folder.take_in_parts()
            return write_results(out)


def _write_report(folder: Path) -> None:
    # The report knows results and folders, not runs; this is only so that a run leaves one behind.
    from gsi_bench_hf.report import MissingReportExtraError, write_report

    try:
        write_report([folder], folder / REPORT_FILE)
    except MissingReportExtraError as error:
        warnings.warn(f"no report was written: {error}", UserWarning, stacklevel=3)
