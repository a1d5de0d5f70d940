"""The folder of a training: what it was begun with, its log, its validations, its model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.durable import RunFolderError, clear_errors, dump_json, lock, plain, write_atomic
from gsi_bench_hf.pipelines.provenance import library_versions, versions_of
from gsi_bench_hf.store import check_same
from gsi_bench_hf.train.recipe import Recipe
from gsi_bench_hf.train.settings import Settings

if TYPE_CHECKING:
    import io

    from accelerate import Accelerator

FORMAT = 1
TRAINING_FILE, LOG_FILE, VALIDATION_FILE = "training.json", "log.jsonl", "validation.jsonl"


class TrainFolder:
    """A folder opened for a training; use it as a context manager, for its lock.

    Args:
        path: the folder.
        about: the model.
        data: what tells the rows from others.
        settings: how it is trained.
        accelerator: which of the processes this is; only the first one writes.

    Attributes:
        path: the folder.
        checkpoints: where those lie.
        model: where the model will lie.
    """

    def __init__(
        self,
        path: Path,
        about: Mapping[str, Any],
        data: Mapping[str, Any],
        settings: Settings,
        accelerator: Accelerator,
    ) -> None:
        self.path, self.checkpoints, self.model = path, path / "checkpoints", path / "model"
        self._settings, self._accelerator = settings, accelerator
        self._arguments = plain(
            {
                "gsi-bench-hf": versions_of(["gsi-bench-hf"]).get("gsi-bench-hf"),
                "model": dict(about),
                "data": dict(data),
                "settings": settings.identity(),
                "processes": accelerator.num_processes,
            }
        )
        self._lock: io.FileIO | None = None

    def __enter__(self) -> TrainFolder:
        if self._accelerator.is_main_process:
            with clear_errors(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
            self._lock = lock(self.path / ".lock")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()

    def start(self) -> None:
        """Begin the training, or take it up.

        Raises:
            RunFolderError: for a folder that holds something else, or a training with other arguments, naming the difference.
        """
        if self._accelerator.is_main_process:
            before = self._before()
            if before is not None:
                check_same(self.path, before["arguments"], self._arguments)
            write_atomic(self.path / TRAINING_FILE, dump_json(self._document((before or {}).get("step", 0))))
        self._accelerator.wait_for_everyone()

    def log(self, line: Mapping[str, Any]) -> None:
        """Add what a step came to."""
        self._append(LOG_FILE, line)

    def cut_log(self, step: int) -> None:
        """Forget what the log says of steps after this one: they are done again."""
        if not self._accelerator.is_main_process or not (self.path / LOG_FILE).exists():
            return
        lines = [line for line in read_lines(self.path / LOG_FILE) if line["step"] <= step]
        write_atomic(self.path / LOG_FILE, "".join(json.dumps(line) + "\n" for line in lines).encode())

    def log_validation(self, step: int, results: Mapping[str, Any]) -> None:
        """Add what a validation came to."""
        self._append(VALIDATION_FILE, {"step": step, **results})
        self._accelerator.wait_for_everyone()

    def validated(self, step: int) -> bool:
        """Whether the weights of a step were validated."""
        return any(line["step"] == step for line in read_lines(self.path / VALIDATION_FILE))

    def last_validation(self) -> dict[str, float]:
        """The metrics of the last validation; empty where there was none."""
        lines = read_lines(self.path / VALIDATION_FILE)
        return dict(max(lines, key=lambda line: int(line["step"]))["metrics"]) if lines else {}

    def save_model(self, recipe: Recipe, step: int) -> None:
        """Put the model in place, whole, with a copy of `training.json`."""
        if self._accelerator.is_main_process:
            beside = self.path / ".model.tmp"
            document = dump_json(self._document(step))
            with clear_errors(self.model):
                shutil.rmtree(beside, ignore_errors=True)
                beside.mkdir()
                recipe.save(beside)
                write_atomic(beside / TRAINING_FILE, document)
                if self.model.exists():
                    shutil.rmtree(self.model)
                beside.rename(self.model)
            write_atomic(self.path / TRAINING_FILE, document)
        self._accelerator.wait_for_everyone()

    def _document(self, step: int) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "arguments": self._arguments,
            "steps": self._settings.steps,
            "step": step,
            "packages": library_versions(),
        }

    def _before(self) -> dict[str, Any] | None:
        path = self.path / TRAINING_FILE
        if path.exists():
            try:
                found: dict[str, Any] = json.loads(path.read_bytes())
            except ValueError as error:
                raise RunFolderError(f"{path} can't be read ({error}); move the folder away and train again") from None
            return found
        others = sorted(p.name for p in self.path.iterdir() if not p.name.startswith("."))
        if others:
            raise RunFolderError(
                f"{self.path} holds {', '.join(others[:3])} and no {TRAINING_FILE}; expected a new or an empty folder, or one of an "
                "earlier training: choose another --out"
            )
        return None

    def _append(self, name: str, line: Mapping[str, Any]) -> None:
        if self._accelerator.is_main_process:
            with clear_errors(self.path / name), (self.path / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(plain(line), allow_nan=False) + "\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; a last one that a crash cut short is left out. Empty where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
