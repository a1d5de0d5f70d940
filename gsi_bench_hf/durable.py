"""Files that are whole or not there at all, strict JSON, and errors of the disk that say what to do."""

from __future__ import annotations

import errno
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def leaves(value: Mapping[str, Any], separator: str = ".", prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested mappings, each with the keys that lead to it, joined.

    >>> list(leaves({"a": 1, "b": {"c": 2}}))
    [('a', 1), ('b.c', 2)]
    """
    for key, part in value.items():
        if isinstance(part, Mapping):
            yield from leaves(part, separator, f"{prefix}{key}{separator}")
        else:
            yield f"{prefix}{key}", part


class RunFolderError(Exception):
    """A run folder can't be used, or can't be written any more; the message says why and how to mend it."""


class RunWarning(UserWarning):
    """Something that happened in a run and that its user should know."""


class RunFolderWarning(RunWarning):
    """A run folder was damaged and mended."""


def plain(value: Any) -> Any:
    """`value` as strict JSON can hold it: arrays become lists, NaN and infinities None, keys strings.

    >>> plain({"a": np.array([1.0, np.nan]), 2: (np.int32(3), True)})
    {'a': [1.0, None], '2': [3, True]}
    """
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def dump_json(value: Any) -> bytes:
    """Indented strict JSON with a final newline; the same value gives the same bytes."""
    return (json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_atomic(path: Path, data: bytes) -> None:
    """Put a file in place whole: after a crash it is either the old one or the new one.

    Raises:
        RunFolderError: when it can't be written; what was there before is still there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with clear_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


def append_synced(path: Path, data: bytes) -> None:
    """Add to the end of a file; when this returns, all of it is on the disk, and when it raises, none.

    Raises:
        RunFolderError: when it can't be written.
    """
    with clear_errors(path), path.open("ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        try:
            written = 0
            while written < len(data):
                written += file.write(data[written:]) or 0
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(size)
            raise


def lock(path: Path, *, otherwise: str = "choose another --out") -> io.FileIO:
    """Lock a file of this name until what is returned is closed, or this process ends, however it ends.

    Args:
        path: the file.
        otherwise: what to do where another process holds it and shall go on.

    Raises:
        RunFolderError: another process holds it.
    """
    import fcntl

    with clear_errors(path.parent):
        file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
            file.write(str(os.getpid()).encode())
        except BlockingIOError:
            owner = file.read().decode(errors="replace").strip()
            file.close()
            raise RunFolderError(
                f"{path.parent} is in use by process {owner or '(unknown)'}; wait until it ends, stop it, or {otherwise}"
            ) from None
        except BaseException:
            file.close()
            raise
    return file


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Errors of the system while `path` is worked on become `RunFolderError`s."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise RunFolderError(
                f"no space left to write {path}; finished samples are kept: free some space and run the same command again"
            ) from error
        raise RunFolderError(f"{path} can't be written: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
