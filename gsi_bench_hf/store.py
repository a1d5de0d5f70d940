"""The run folder: everything a run leaves behind, written so that a crash at any moment loses at most the samples at work.

Files are put in place whole (written beside, synced, renamed); `samples.jsonl` grows by one synced line a sample. One run at a time
may write: it holds a lock that the system lets go when the process ends, however it ends. Where several processes share a run, the
first writes `samples.jsonl` and each other one a part of its own, `samples.part1.jsonl`, …, which the first takes in when all have
ended, or at the next start.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from PIL import Image

from gsi_bench_hf.durable import (
    RunFolderError,
    RunFolderWarning,
    append_synced,
    clear_errors,
    dump_json,
    leaves,
    lock,
    plain,
    write_atomic,
)

FORMAT = 1
RUN_FILE, SAMPLES_FILE, RESULTS_FILE, TABLE_FILE, REPORT_FILE = (
    "run.json",
    "samples.jsonl",
    "results.json",
    "samples.parquet",
    "report.html",
)
_LOCK_FILE = ".lock"
_JUDGE_AGAIN = ("timeout", "endpoint")
"""Kinds of missing judgements that are no answer of a judge."""
_REQUIRED = {"id", "index", "status"}


def file_name(name: str) -> str:
    """A record's id or a subset's name as one safe part of a path.

    >>> file_name("sim-tabletop-00001"), file_name("../x y")
    ('sim-tabletop-00001', '%2E.%2Fx%20y')
    """
    safe = quote(name, safe="")
    return "%2E" + safe[1:] if safe.startswith(".") else safe


def edited_path(subset: str, sample_id: str) -> str:
    """Where the edited image of a sample lies, relative to the run folder."""
    return f"edited/{file_name(subset)}/{file_name(sample_id)}.png"


def preview_path(subset: str, sample_id: str, which: str) -> str:
    """Where the report's small copy of the "source" or "target" image of a sample lies, relative to the run folder."""
    return f"previews/{file_name(subset)}/{file_name(sample_id)}-{which}.webp"


def read_run(folder: Path) -> dict[str, Any]:
    """The `run.json` of a run folder.

    Raises:
        RunFolderError: when it is missing or can't be read.
    """
    path = folder / RUN_FILE
    try:
        run = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise RunFolderError(
            f"{folder} is no run folder: it has no {RUN_FILE}; make one with `gsi-bench run`"
        ) from None
    except (ValueError, OSError) as error:
        raise RunFolderError(f"{path} can't be read ({error}); move the folder away and run again") from None
    if not isinstance(run, dict) or run.get("format") != FORMAT:
        found = run.get("format") if isinstance(run, dict) else type(run).__name__
        raise RunFolderError(f"{path} has format {found!r}, expected {FORMAT}; it was made by another gsi-bench-hf")
    return run


def read_samples(folder: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """The finished samples by id, the latest line of each, and how many whole lines could not be read.

    A last line without its line end is one that a crash cut short: it is left out.
    """
    paths = [path for path in (folder / SAMPLES_FILE, *_parts(folder)) if path.exists()]
    parsed = [_parse(line) for path in paths for line in path.read_bytes().split(b"\n")[:-1]]
    records = {str(record["id"]): record for record in parsed if record is not None}
    return records, parsed.count(None)


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob(_part_name("*")))


def _part_name(part: int | str) -> str:
    return str(Path(SAMPLES_FILE).with_suffix(f".part{part}.jsonl"))


class RunFolder:
    """A run folder opened for writing; use it as a context manager, for its lock.

    Args:
        path: the folder.
        part: which of the processes that share the run this is; 0 is the first or only one, and starts before the others.

    Attributes:
        path: the folder.
        records: the finished samples by id, as they stand in `samples.jsonl` and its parts.
    """

    def __init__(self, path: str | os.PathLike[str], *, part: int = 0) -> None:
        self.path = Path(path)
        self.records: dict[str, dict[str, Any]] = {}
        self._part = part
        self._lock: io.FileIO | None = None

    def __enter__(self) -> RunFolder:
        with clear_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.path / f"{_LOCK_FILE}{self._part or ''}")
        if self._part:
            return self
        try:
            for left in self.path.glob("**/.*.tmp"):
                left.unlink(missing_ok=True)
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def start(self, run: Mapping[str, Any]) -> None:
        """Begin the run, or take it up where it was left.

        Args:
            run: the content of `run.json`. Its `arguments` decide every score: they have to be those that the folder was begun with.

        Raises:
            RunFolderError: for a folder that holds something else, or a run with other arguments, naming the difference.
        """
        run = plain(run)
        if self._part or (self.path / RUN_FILE).exists():
            before = read_run(self.path)
            check_same(self.path, before["arguments"], run["arguments"])
            if self._part:
                self.records, _ = read_samples(self.path)
                return
            run = {**run, "created": before.get("created"), "continued": before.get("continued", 0) + 1}
        else:
            others = sorted(p.name for p in self.path.iterdir() if not p.name.startswith("."))
            if others:
                raise RunFolderError(
                    f"{self.path} holds {', '.join(others[:3])}{', …' if len(others) > 3 else ''} and no {RUN_FILE}; "
                    "expected a new or an empty folder, or one of an earlier run: choose another --out"
                )
        write_atomic(self.path / RUN_FILE, dump_json(run))
        self._recover()
        self.take_in_parts()
        self.records, _ = read_samples(self.path)

    def forget_failed(self) -> int:
        """Let the failed samples be done again, and those that no judge could be had for; returns how many there are."""
        failed = [
            sample_id
            for sample_id, record in self.records.items()
            if record["status"] == "failed" or (record.get("judgement") or {}).get("kind") in _JUDGE_AGAIN
        ]
        for sample_id in failed:
            del self.records[sample_id]
        return len(failed)

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a finished sample; when this returns, the line is on the disk."""
        kept: dict[str, Any] = plain(record)
        line = json.dumps(kept, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        append_synced(self.path / (_part_name(self._part) if self._part else SAMPLES_FILE), line)
        self.records[kept["id"]] = kept

    def take_in_parts(self) -> None:
        """Add what other processes of the run wrote to `samples.jsonl`; they have ended, or wait."""
        for part in _parts(self.path):
            whole, _, _ = part.read_bytes().rpartition(b"\n")
            if whole:
                append_synced(self.path / SAMPLES_FILE, whole + b"\n")
            part.unlink()

    def save_edited(self, subset: str, sample_id: str, image: Image.Image) -> str:
        """Keep an edited image, as PNG; returns its path relative to the folder."""
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=3)
        relative = edited_path(subset, sample_id)
        write_atomic(self.path / relative, buffer.getvalue())
        return relative

    def save_preview(
        self, subset: str, sample_id: str, which: str, image: Image.Image, *, longest_px: int = 512
    ) -> None:
        """Keep a small copy of a record's image, so that a report can be made without the dataset."""
        path = self.path / preview_path(subset, sample_id, which)
        if path.exists():
            return
        small = image.copy()
        small.thumbnail((longest_px, longest_px))
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=85, method=2)
        write_atomic(path, buffer.getvalue())

    def _recover(self) -> None:
        path = self.path / SAMPLES_FILE
        _, garbled = read_samples(self.path)
        if path.exists():
            with path.open("rb+") as file:
                content = file.read()
                whole = content.rfind(b"\n") + 1
                if whole < len(content):
                    warnings.warn(
                        f"{path}: the last line was cut short ({len(content) - whole} bytes); "
                        "it is removed and its sample is done again",
                        RunFolderWarning,
                        stacklevel=3,
                    )
                    file.truncate(whole)
                    os.fsync(file.fileno())
        if garbled:
            warnings.warn(
                f"{path}: {garbled} line{'s' * (garbled > 1)} can't be read and {'are' if garbled > 1 else 'is'} ignored; "
                "a sample without another line is done again",
                RunFolderWarning,
                stacklevel=3,
            )


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and record.keys() >= _REQUIRED else None


def check_same(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raises RunFolderError naming the difference where a folder was begun with other arguments than those given now."""
    old, new = dict(leaves(before)), dict(leaves(now))
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if changed:
        differences = "; ".join(f"{key} was {old.get(key)!r} and is now {new.get(key)!r}" for key in changed)
        raise RunFolderError(
            f"{folder} holds a run with other arguments: {differences}. Choose another --out, or give the arguments it began with"
        )
