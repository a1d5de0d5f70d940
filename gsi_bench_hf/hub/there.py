"""What lies on the Hub already, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gsi_bench_hf.hub.errors import HubError, hub_errors, status_of
from gsi_bench_hf.model_card.checks import is_repo_id

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from gsi_bench_hf.hub.plan import Kind

_WRITERS = ("admin", "write")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
MAIN = "main"


@dataclass(frozen=True)
class Blob:
    """A file on the Hub: its size in bytes, and its id, SHA-256 where it is `large`, git's blob id otherwise."""

    size: int
    oid: str
    large: bool


@dataclass(frozen=True)
class There:
    """A repository as it is before a push.

    Attributes:
        exists: whether there is one.
        private: whether only its owner sees it.
        ours: whether the token's user may write to it; None where nobody asked.
        branch: what the files are of: "main", or that of a pull request of ours that is still open.
        head: the last commit of the branch.
        files: by path.
        unknown: why the Hub could not be asked; empty where it was.
    """

    exists: bool = False
    private: bool | None = None
    ours: bool | None = None
    branch: str = MAIN
    head: str | None = None
    files: Mapping[str, Blob] = field(default_factory=dict)
    unknown: str = ""


def client(endpoint: str | None = None) -> HfApi:
    """The Hub's client; the token is the one that huggingface_hub finds by itself.

    Args:
        endpoint: another Hub's address; None is HF_ENDPOINT, or https://huggingface.co.

    Raises:
        HubError: an address that the token may not be sent to.
    """
    from huggingface_hub import HfApi

    if endpoint is not None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise HubError("the endpoint is no plain address; expected one such as https://hub.example.org")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise HubError(f"the endpoint http://{parts.netloc} would get the token unencrypted; expected https://")
    return HfApi(endpoint=endpoint.rstrip("/") if endpoint else None, library_name="gsi-bench-hf")


def look(api: HfApi, kind: Kind, repo_id: str, *, pull_request: bool | None = None, title: str = "") -> There:
    """What a repository holds.

    Args:
        api: the client.
        kind: of the repository.
        repo_id: owner/name.
        pull_request: True looks for a pull request of ours that is still open, None does where the repository is not ours.
        title: that pull request's.

    Raises:
        HubError: the Hub can't be reached, or does not know the token.
    """
    from huggingface_hub.hf_api import RepoFile

    check_repo_id(repo_id)
    with hub_errors(f"look at {kind} {repo_id}", again="try again"):
        user: Mapping[str, Any] = {} if pull_request is False else api.whoami()
        ours = _is_ours(user, repo_id) if user else None
        info = _info(api, kind, repo_id)
        if info is None:
            return There(ours=ours)
        offered = pull_request or (pull_request is None and not ours)
        branch = _open_request(api, kind, repo_id, title, user["name"]) if offered else MAIN
        files = {
            entry.path: Blob(entry.size, entry.lfs.sha256 if entry.lfs else entry.blob_id, entry.lfs is not None)
            for entry in api.list_repo_tree(repo_id, recursive=True, revision=branch, repo_type=kind)
            if isinstance(entry, RepoFile)
        }
        head = info.sha if branch == MAIN else api.repo_info(repo_id, repo_type=kind, revision=branch).sha
        return There(True, bool(info.private), ours, branch, head, files)


def check_repo_id(repo_id: str) -> None:
    """Raise HubError for what is no owner/name."""
    if not is_repo_id(repo_id) or "/" not in repo_id:
        raise HubError(f"the repository is {repo_id!r}, expected owner/name")


def read_text(api: HfApi, kind: Kind, repo_id: str, path: str, there: There) -> str | None:
    """The text of a file as it is on the Hub; None where there is none."""
    from huggingface_hub import hf_hub_download

    if path not in there.files:
        return None
    with hub_errors(f"read {path} of {kind} {repo_id}", again="try again"), TemporaryDirectory() as folder:
        found = hf_hub_download(
            repo_id, path, local_dir=folder, repo_type=kind, revision=there.head, endpoint=api.endpoint
        )
        return Path(found).read_text(encoding="utf-8")


def _is_ours(user: Mapping[str, Any], repo_id: str) -> bool:
    owner = repo_id.partition("/")[0]
    orgs = {org["name"]: org.get("roleInOrg") for org in user.get("orgs") or ()}
    return owner == user["name"] or orgs.get(owner) in _WRITERS


def _info(api: HfApi, kind: Kind, repo_id: str) -> Any:
    """What the Hub tells of a repository; None where there is none that the token may see."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return api.repo_info(repo_id, repo_type=kind)
    except RepositoryNotFoundError as error:
        # The Hub answers 401 for a repository that is not there and for a token that it does not know.
        if status_of(error) == 401 and _has_token():
            api.whoami()
        return None


def _has_token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None


def _open_request(api: HfApi, kind: Kind, repo_id: str, title: str, user: str) -> str:
    """The branch of our open pull request of this title; `main` where there is none."""
    listed = api.get_repo_discussions(
        repo_id, author=user, discussion_type="pull_request", discussion_status="open", repo_type=kind
    )
    return next((request.git_reference or MAIN for request in listed if request.title == title), MAIN)
