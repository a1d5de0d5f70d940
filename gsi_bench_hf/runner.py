"""Edit, detect, judge, score: one sample at a time, resumable at any moment.

A run's results are a function of what lies in its folder alone (`results.compute_results`), so a run that was killed and taken up
again ends with the same bytes as one that was not.
"""

from __future__ import annotations

import os
import time
import warnings
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from gsi_bench_hf.assess import Pool, failure
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.editing import Deadline, EditFailedError, EditTimeoutError, call_editor, describe, sample_seed
from gsi_bench_hf.progress import Progress
from gsi_bench_hf.records import Records, fingerprint
from gsi_bench_hf.results import Results, write_results
from gsi_bench_hf.run_setup import Options, RunStoppedError, header, loaded_editor, make_pool, name_of, resolve_options
from gsi_bench_hf.store import REPORT_FILE, RunFolder
from gsi_bench_hf.types import Detector, Judge, Sample

__all__ = ["LADDER", "RunStoppedError", "evaluate_editor", "run_ladder"]

LADDER = ("identity", "paste", "noisy-oracle", "oracle")
"""Editors that need no weights, from the lowest to the highest."""
_LATE_IN_A_ROW = 3


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
) -> Results:
    """Run an editor over a dataset and score what comes out.

    Args:
        editor: called as `editor(image=PIL, prompt=str, generator=...)`, answers with `.images`; or a name for `load_editor`.
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

    Returns:
        The results, also written to `out`: results.json, samples.parquet, report.html.

    Raises:
        RunStoppedError: for arguments or data that no run can start with, or when the run can't go on.
        store.RunFolderError: the folder is in use, holds something else, or its disk is full.
    """
    editor = loaded_editor(editor)
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
    )
    with RunFolder(out) as folder:
        folder.start(header(editor, records, options))
        with make_pool(options.tools, num_proc) as pool:
            _Run(editor, folder, pool, options).all(records)
            results = write_results(folder.path)
            if ladder:
                _ladder(records, folder.path / "ladder", pool, options, skip=(name_of(editor),))
        _write_report(folder.path)
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
        with RunFolder(out / name) as folder:
            folder.start(header(editor, records, options))
            _Run(editor, folder, pool, options).all(records)
            results[name] = write_results(folder.path)
    return results


class _Run:
    """One editor over the records: edits here, in order; scoring in the pool, a few samples behind."""

    def __init__(self, editor: Any, folder: RunFolder, pool: Pool, options: Options) -> None:
        self._editor, self._folder, self._pool, self._options = editor, folder, pool, options
        self._deadline = Deadline(options.timeout_s, in_caller_thread=bool(getattr(editor, "needs_sample", False)))
        self._waiting: deque[tuple[dict[str, Any], Future[Any]]] = deque()

    def all(self, records: Records) -> None:
        """Do every record that is not done."""
        if self._options.retry_failed:
            self._folder.forget_failed()
        seen: set[str] = set()
        with Progress(name_of(self._editor), records.total, shown=self._options.progress) as self._bar:
            try:
                for index, row in enumerate(records):
                    self._one(index, row, seen)
                while self._waiting:
                    self._finish_first()
            except RunStoppedError:
                while self._waiting:
                    self._finish_first()
                raise
            finally:
                self._deadline.close()

    def _one(self, index: int, row: Mapping[str, Any], seen: set[str]) -> None:
        sample = Sample(row)
        if sample.id in seen:
            raise RunStoppedError(
                f"two records of the dataset have the id {sample.id!r}; expected ids that are unique in a subset"
            )
        seen.add(sample.id)
        head = {
            "index": index,
            "id": sample.id,
            "subset": sample.subset,
            "scene_id": sample.scene_id,
            "operation": sample.operation,
            "instruction": sample.instruction,
            "row": None,
            "edited": None,
            "notes": [],
        }
        try:
            head["row"] = fingerprint(sample)
        except Exception as error:  # noqa: BLE001 - a broken image in the data fails its sample, whatever PIL raises for it
            head |= failure("data", f"the record can't be read: {describe(error)}")
        if self._is_done(head):
            self._bar.step(self._folder.records[sample.id])
        elif "status" in head:
            self._record(head)
        else:
            self._edit(sample, head)

    def _is_done(self, head: Mapping[str, Any]) -> bool:
        record = self._folder.records.get(head["id"])
        if record is None:
            return False
        if record["index"] != head["index"] or (record["row"] or head["row"]) != head["row"]:
            raise RunStoppedError(
                f"{self._folder.path} holds sample {head['id']!r} scored on other data (another record, or at another place of the "
                "dataset); expected the dataset that the run began with: choose another --out"
            )
        return True

    def _edit(self, sample: Sample, head: dict[str, Any]) -> None:
        try:
            self._save_previews(sample)
        except RunFolderError:
            raise
        except Exception as error:  # noqa: BLE001 - a broken target image, as above
            self._record(head | failure("data", f"the record can't be read: {describe(error)}"))
            return
        start = time.perf_counter()
        try:
            edited = self._deadline.run(lambda: call_editor(self._editor, sample, seed=self._seed(sample)))
        except EditFailedError as error:
            self._record(head | failure("edit", str(error)))
            self._stop_if_late(error)
            return
        head["seconds"] = {"edit": round(time.perf_counter() - start, 3)}
        head["edited"] = self._folder.save_edited(sample.subset, sample.id, edited.image)
        head["notes"] = list(edited.notes)
        with self._pool_alive():
            self._waiting.append((head, self._pool.submit(sample.row, edited.image)))
        while self._waiting and (len(self._waiting) > 2 * self._pool.num_proc or self._waiting[0][1].done()):
            self._finish_first()

    def _seed(self, sample: Sample) -> int:
        return sample_seed(self._options.seed, sample.id)

    def _stop_if_late(self, error: EditFailedError) -> None:
        if isinstance(error, EditTimeoutError) and self._deadline.late_in_a_row >= _LATE_IN_A_ROW:
            raise RunStoppedError(
                f"the editor was late {_LATE_IN_A_ROW} times in a row (limit {self._options.timeout_s:g} s a sample); "
                "look after it or give it more time (--timeout), then run the same command again with --retry-failed"
            )

    def _save_previews(self, sample: Sample) -> None:
        if self._folder.path.parent.name == "ladder":
            return  # the run beside which the ladder stands has them
        self._folder.save_preview(sample.subset, sample.id, "source", sample.source_image)
        if sample.target_image is not None:
            self._folder.save_preview(sample.subset, sample.id, "target", sample.target_image)

    def _finish_first(self) -> None:
        head, future = self._waiting.popleft()
        with self._pool_alive():
            assessment = future.result()
        self._record(head | assessment | {"seconds": head["seconds"] | assessment["seconds"]})

    @contextmanager
    def _pool_alive(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool:
            self._waiting.clear()
            raise RunStoppedError(
                "a scoring process ended unexpectedly (killed, perhaps for want of memory); finished samples are kept: "
                "run the same command again, with a smaller --num-proc"
            ) from None

    def _record(self, record: Mapping[str, Any]) -> None:
        self._folder.append(record)
        self._bar.step(self._folder.records[str(record["id"])])


def _write_report(folder: Path) -> None:
    # The report knows results and folders, not runs; this is only so that a run leaves one behind.
    from gsi_bench_hf.report import MissingReportExtraError, write_report

    try:
        write_report([folder], folder / REPORT_FILE)
    except MissingReportExtraError as error:
        warnings.warn(f"no report was written: {error}", UserWarning, stacklevel=3)
