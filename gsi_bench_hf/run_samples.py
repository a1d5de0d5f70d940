"""The samples of a run: edited in order, scored a few samples behind, each kept as soon as it is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gsi_bench_hf.assess import Pool, failure
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.edit_queue import Outcome, Way, edit_all
from gsi_bench_hf.editing import EditFailedError, EditTimeoutError, EditUnavailableError, Task, describe, sample_seed
from gsi_bench_hf.progress import Progress
from gsi_bench_hf.records import Records, fingerprint
from gsi_bench_hf.run_setup import Options, RunStoppedError, name_of
from gsi_bench_hf.store import RunFolder
from gsi_bench_hf.types import JudgeStoppedError, Sample

_IN_VAIN_IN_A_ROW = 3


class SamplesRun:
    """One editor over the records."""

    def __init__(self, editor: Any, folder: RunFolder, pool: Pool, options: Options, way: Way) -> None:
        self._editor, self._folder, self._pool, self._options, self._way = editor, folder, pool, options, way
        self._heads: dict[str, dict[str, Any]] = {}
        self._waiting: deque[tuple[dict[str, Any], Future[Any]]] = deque()
        self._in_vain: list[EditFailedError] = []
        self._stopped: RunStoppedError | None = None

    def all(self, records: Records) -> None:
        """Do every record that is not done."""
        if self._options.retry_failed:
            self._folder.forget_failed()
        with Progress(name_of(self._editor), records.total, shown=self._options.progress) as self._bar:
            try:
                for outcome in edit_all(self._editor, self._tasks(records), self._way):
                    self._take(outcome)
            except RunStoppedError as error:
                self._stopped = error
            while self._waiting:
                try:
                    self._finish_first()
                except RunStoppedError as error:
                    self._stopped = self._stopped or error
        if self._stopped is not None:
            raise self._stopped

    def _tasks(self, records: Records) -> Iterator[Task]:
        """What is to be edited; what can't be is recorded on the way. When it can't go on, what was begun is finished first."""
        try:
            for head, sample in self._mine(records):
                if self._is_done(head):
                    self._bar.step(self._folder.records[sample.id])
                    if self._way.batch_size > 1 and "status" not in head:
                        yield replace(self._edit_of(head, sample), wanted=False)
                elif "status" in head:
                    self._record(head)
                elif (task := self._task(head, sample)) is not None:
                    self._heads[sample.id] = head
                    yield task
        except RunStoppedError as error:
            self._stopped = error

    def _mine(self, records: Records) -> Iterator[tuple[dict[str, Any], Sample]]:
        """The records that are this process's to do, each with the head of its line."""
        seen: set[str] = set()
        for index, row in enumerate(records):
            sample = Sample(row)
            if sample.id in seen:
                raise RunStoppedError(
                    f"two records of the dataset have the id {sample.id!r}; expected ids that are unique in a subset"
                )
            seen.add(sample.id)
            if self._options.ranks.does(index // self._way.batch_size):
                yield _head(index, sample), sample

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

    def _task(self, head: dict[str, Any], sample: Sample) -> Task | None:
        try:
            self._save_previews(sample)
        except RunFolderError:
            raise
        except Exception as error:  # noqa: BLE001 - a broken target image, as above
            self._record(head | failure("data", f"the record can't be read: {describe(error)}"))
            return None
        return self._edit_of(head, sample)

    def _edit_of(self, head: Mapping[str, Any], sample: Sample) -> Task:
        return Task(head["index"], sample, sample_seed(self._options.seed, sample.id))

    def _take(self, outcome: Outcome) -> None:
        sample, edited = outcome.task.sample, outcome.result
        head = self._heads.pop(sample.id)
        if isinstance(edited, EditFailedError):
            self._record(head | failure("edit", str(edited)) | {"kind": edited.kind})
            self._stop_if_in_vain(edited)
            return
        self._in_vain = []
        head["seconds"] = {"edit": outcome.seconds}
        head["memory_mb"] = outcome.memory_mb
        head |= {"batch": outcome.batch} if outcome.batch > 1 else {}
        head |= {"first_try": outcome.task.failed} if outcome.task.failed else {}
        head["edited"] = self._folder.save_edited(sample.subset, sample.id, edited.image)
        head["notes"] = list(edited.notes)
        with self._pool_alive():
            self._waiting.append((head, self._pool.submit(sample.row, edited.image)))
        while self._waiting and (len(self._waiting) > self._pool.depth or self._waiting[0][1].done()):
            self._finish_first()

    def _stop_if_in_vain(self, error: EditFailedError) -> None:
        if not isinstance(error, (EditTimeoutError, EditUnavailableError)):
            self._in_vain = []
        elif error not in self._in_vain:  # a batch is late as one
            self._in_vain.append(error)
        if len(self._in_vain) < _IN_VAIN_IN_A_ROW * self._way.concurrency:
            return
        times = f"{len(self._in_vain)} times in a row"
        if isinstance(error, EditTimeoutError):
            raise RunStoppedError(
                f"the editor was late {times} (limit {self._options.timeout_s:g} s a sample); "
                "look after it or give it more time (--timeout), then run the same command again with --retry-failed"
            )
        raise RunStoppedError(
            f"the editor could not be had {times}, at last because {error}; mend that, then run the same command again with "
            "--retry-failed"
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
            try:
                assessment = future.result()
            except JudgeStoppedError as error:
                raise RunStoppedError(str(error)) from error
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


def _head(index: int, sample: Sample) -> dict[str, Any]:
    """What a sample's line begins with; it has a "status" already where the record can't be read."""
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
    return head
