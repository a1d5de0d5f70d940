"""The exact list of what goes where."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from gsi_bench_hf.hub.errors import HubError
from gsi_bench_hf.hub.there import check_repo_id

Kind = Literal["model", "dataset", "space"]
_CHUNK = 1 << 20
_HIDDEN_ON_PURPOSE = (".eval_results",)


@dataclass(frozen=True)
class File:
    """One file of a push.

    Attributes:
        path: its path in the repository, with "/".
        content: a file on this machine, or the bytes themselves.
    """

    path: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def read(self) -> bytes:
        """All of it."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def is_blob(self, oid: str, *, large: bool) -> bool:
        """Whether this is the content that the Hub knows by that id: SHA-256 of a large file, git's blob id of any other."""
        digest = hashlib.sha256() if large else hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        if isinstance(self.content, bytes):
            digest.update(self.content)
        else:
            with self.content.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest() == oid


@dataclass(frozen=True)
class Plan:
    """What goes where.

    Attributes:
        kind: of the repository.
        repo_id: owner/name.
        files: in the order of their paths; nothing else is sent.
        title: of the commit or the pull request.
        private: None makes a new repository private and takes an old one as it is; True refuses one that is public; False makes a
            new one public.
        pull_request: whether the change is offered to the repository's owner; None does so where that is somebody else.
        replaces: folders of the repository whose files are those of the plan alone: others there are removed, such as shards of an
            earlier build.
        must_exist: whether the repository is somebody's model, which is not made where it is missing.
        parent: the commit that the files were made from, where they change what it holds.
        sdk: of a Space.
        notes: what is left out and why, for the user.
    """

    kind: Kind
    repo_id: str
    files: tuple[File, ...]
    title: str
    private: bool | None = None
    pull_request: bool | None = None
    replaces: tuple[str, ...] = ()
    must_exist: bool = False
    parent: str | None = None
    sdk: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that can't be, and files that nobody can have meant."""
        check_repo_id(self.repo_id)
        paths = [file.path for file in self.files]
        if len(set(paths)) < len(paths):
            raise HubError(f"{_first_double(paths)!r} would be sent twice to {self.repo_id}")
        for path in paths:
            _check_path(path)

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(file.size for file in self.files)

    def with_notes(self, *notes: str) -> Plan:
        """The same with more to say."""
        return replace(self, notes=(*self.notes, *notes))


def files_under(folder: Path, names: Iterable[str]) -> list[File]:
    """Files of a folder that match glob patterns, in the order of their paths; hidden ones and links out of the folder never.

    Args:
        folder: where they lie.
        names: patterns as `Path.glob` has them, relative to the folder.
    """
    found: dict[str, File] = {}
    root = folder.resolve()
    for pattern in names:
        for path in folder.glob(pattern):
            relative = path.relative_to(folder).as_posix()
            hidden = any(part.startswith(".") for part in PurePosixPath(relative).parts)
            if path.is_file() and not hidden and path.resolve().is_relative_to(root):
                found[relative] = File(relative, path)
    return [found[name] for name in sorted(found)]


def amount(size: int) -> str:
    """A number of bytes for a person.

    >>> amount(17), amount(1_500), amount(2_340_000)
    ('17 B', '1.5 kB', '2.3 MB')
    """
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or "\\" in path or not parts:
        raise HubError(f"{path!r} is no path in a repository")
    if any(part.startswith(".") for part in parts) and parts[0] not in _HIDDEN_ON_PURPOSE:
        raise HubError(f"{path!r} is hidden, and hidden files are not sent")
    if re.search(r"[\x00-\x1f]", path):
        raise HubError(f"{path!r} has control characters in its name; rename it")


def _first_double(paths: Sequence[str]) -> str:
    return next(path for path in paths if paths.count(path) > 1)
