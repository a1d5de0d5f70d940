"""Repositories as the Hub keeps them, in memory: commits, branches, large files, pull requests, and who may do what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import PurePosixPath

LARGE = {".parquet", ".safetensors", ".png", ".jpg", ".jpeg", ".webp", ".bin", ".zip", ".tar", ".arrow"}
LARGE_BYTES = 10 * 1024 * 1024
NOW = "2026-01-02T03:04:05.000Z"


class RefusedError(Exception):
    """A request that the Hub does not grant: its status and the code that the client knows it by."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


@dataclass(frozen=True)
class User:
    """Someone with a token. `orgs`: organisation -> role there (admin, write, contributor, read)."""

    name: str
    orgs: Mapping[str, str] = field(default_factory=dict)

    def may_write(self, namespace: str) -> bool:
        return namespace == self.name or self.orgs.get(namespace) in ("admin", "write")


@dataclass(frozen=True)
class Blob:
    """A file's content; a `large` one is kept outside git, as LFS does."""

    data: bytes
    large: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def pointer(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.data)}\n".encode()

    @property
    def git_oid(self) -> str:
        stored = self.pointer if self.large else self.data
        return hashlib.sha1(b"blob %d\0" % len(stored) + stored).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.git_oid


@dataclass(frozen=True)
class Commit:
    """One commit: every file of the repository after it, what changed, and what it was called."""

    oid: str
    files: Mapping[str, Blob]
    added: tuple[str, ...]
    deleted: tuple[str, ...]
    title: str
    description: str
    author: str


@dataclass
class PullRequest:
    """An open or merged pull request; its branch is `refs/pr/<num>`."""

    num: int
    title: str
    description: str
    author: str
    status: str = "open"


class Repo:
    """One repository; `refs` maps a branch to the id of its last commit."""

    def __init__(self, kind: str, repo_id: str, *, private: bool, settings: Mapping[str, object]) -> None:
        self.kind, self.id, self.private, self.settings = kind, repo_id, private, dict(settings)
        self.commits: dict[str, Commit] = {}
        self.refs: dict[str, str] = {}
        self.pull_requests: list[PullRequest] = []
        self._put("main", Commit(self._oid(), {}, (), (), "initial commit", "", repo_id.partition("/")[0]))

    @property
    def files(self) -> dict[str, bytes]:
        """Path -> content of what is on `main`."""
        return {path: blob.data for path, blob in self.at("main").files.items()}

    @property
    def history(self) -> list[Commit]:
        """Every commit of every branch but the first empty one, oldest first."""
        return list(self.commits.values())[1:]

    def at(self, revision: str) -> Commit:
        revision = revision.removeprefix("refs/heads/")
        found = self.commits.get(self.refs.get(revision, revision))
        if found is None:
            raise RefusedError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return found

    def file(self, revision: str, path: str) -> tuple[Commit, Blob]:
        commit = self.at(revision)
        if path not in commit.files:
            raise RefusedError(404, "Entry not found", "EntryNotFound")
        return commit, commit.files[path]

    def tree(self, revision: str, under: str, *, recursive: bool) -> list[dict[str, object]]:
        files, prefix = self.at(revision).files, f"{under}/" if under else ""
        inside = {path: blob for path, blob in files.items() if path.startswith(prefix)}
        if under and not inside:
            raise RefusedError(404, f"{under} does not exist on {revision}", "EntryNotFound")
        folders = {str(parent) for path in inside for parent in PurePosixPath(path).parents} - {"."}
        entries = [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in folders]
        entries += [entry(path, blob) for path, blob in inside.items()]
        return sorted(
            (e for e in entries if e["path"] != under and _shown(str(e["path"]), prefix, recursive)),
            key=lambda e: str(e["path"]),
        )

    def commit(self, branch: str, added: Mapping[str, Blob], deleted: list[str], **words: str) -> Commit:
        before = self.at(branch).files
        gone = [path for path in before if any(path == name or path.startswith(f"{name}/") for name in deleted)]
        files = {path: blob for path, blob in before.items() if path not in gone} | dict(added)
        changed = tuple(path for path, blob in added.items() if before.get(path) != blob)
        return self._put(branch, Commit(self._oid(), files, changed, tuple(gone), **words))

    def open_pull_request(self, title: str, description: str, author: str) -> PullRequest:
        request = PullRequest(len(self.pull_requests) + 1, title, description, author)
        self.pull_requests.append(request)
        self.refs[f"refs/pr/{request.num}"] = self.refs["main"]
        return request

    def merge(self, num: int) -> None:
        self.refs["main"] = self.refs[f"refs/pr/{num}"]
        self.pull_requests[num - 1].status = "merged"

    def _oid(self) -> str:
        return hashlib.sha1(f"{self.kind} {self.id} {id(self)} {len(self.commits)}".encode()).hexdigest()

    def _put(self, branch: str, commit: Commit) -> Commit:
        self.commits[commit.oid] = commit
        self.refs[branch] = commit.oid
        return commit


def is_large(path: str, size: int) -> bool:
    """Whether the Hub wants a file of this name and size outside git."""
    return size > LARGE_BYTES or PurePosixPath(path).suffix.lower() in LARGE


def entry(path: str, blob: Blob) -> dict[str, object]:
    """A file as the Hub's listings tell of it."""
    told: dict[str, object] = {"type": "file", "path": path, "oid": blob.git_oid, "size": len(blob.data)}
    if blob.large:
        told["lfs"] = {"oid": blob.sha256, "size": len(blob.data), "pointerSize": len(blob.pointer)}
    return told


def info(repo: Repo, commit: Commit) -> dict[str, object]:
    """What the Hub tells of a repository at a commit."""
    siblings = [
        {"rfilename": path, "size": len(blob.data), "blobId": blob.git_oid}
        | ({"lfs": {"sha256": blob.sha256, "size": len(blob.data), "pointerSize": 130}} if blob.large else {})
        for path, blob in sorted(commit.files.items())
    ]
    return {
        "_id": "0" * 24,
        "id": repo.id,
        "modelId": repo.id,
        "author": repo.id.partition("/")[0],
        "sha": commit.oid,
        "lastModified": NOW,
        "createdAt": NOW,
        "private": repo.private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "cardData": _card_data(commit),
        "siblings": siblings,
        **repo.settings,
    }


def _card_data(commit: Commit) -> dict[str, object]:
    try:
        return front_matter(commit.files["README.md"].data)
    except (KeyError, RefusedError):
        return {}


def front_matter(card: bytes) -> dict[str, object]:
    """The YAML of a card, as the Hub reads it.

    Raises:
        RefusedError: it can't be read.
    """
    import yaml

    found = re.match(rb"---\r?\n(.*?)\r?\n---", card, re.DOTALL)
    try:
        values = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError as error:
        raise RefusedError(400, f"Invalid metadata in README.md: {error}") from None
    return {
        key: value if not isinstance(value, datetime) else value.isoformat() for key, value in (values or {}).items()
    }


def discussion(repo: Repo, request: PullRequest) -> dict[str, object]:
    """A pull request as the Hub's listing tells of it."""
    return {
        "num": request.num,
        "title": request.title,
        "author": {"name": request.author, "type": "user"},
        "createdAt": NOW,
        "status": request.status,
        "repo": {"name": repo.id, "type": repo.kind},
        "isPullRequest": True,
        "events": [],
        "filesWithConflicts": [],
        "changes": {"base": "refs/heads/main"},
        "diff": "",
    }


def commits_of(repo: Repo) -> Iterator[dict[str, object]]:
    """The commits as the Hub's listing tells of them, newest first."""
    day = datetime(2026, 1, 2, tzinfo=timezone.utc).isoformat().replace("+00:00", ".000Z")
    for commit in reversed(repo.commits.values()):
        yield {
            "id": commit.oid,
            "title": commit.title,
            "message": commit.description,
            "date": day,
            "authors": [{"user": commit.author}],
        }


def _shown(path: str, prefix: str, recursive: bool) -> bool:
    return path.startswith(prefix) and (recursive or "/" not in path[len(prefix) :])
