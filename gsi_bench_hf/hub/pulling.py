"""Fetching what was pushed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from gsi_bench_hf.hub.errors import HubError, hub_errors
from gsi_bench_hf.hub.plan import Kind
from gsi_bench_hf.hub.there import check_repo_id, client

What = Literal["dataset", "model", "results", "leaderboard"]
KINDS: dict[What, Kind] = {"dataset": "dataset", "model": "model", "results": "dataset", "leaderboard": "dataset"}
_FILES = {
    "dataset": ["README.md", "eval.yaml", "croissant.json", "data/**", "samples/*.jpg"],
    "model": ["README.md", "LICEN[SC]E*", "NOTICE*", "*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "*.spm"],
    "results": ["README.md", "runs/**"],
    "leaderboard": ["README.md", "*.parquet", "index.html"],
}
_EARLIER = ".cache/huggingface"


def pull(
    what: What,
    repo_id: str,
    out: str | os.PathLike[str],
    *,
    revision: str | None = None,
    endpoint: str | None = None,
) -> Path:
    """Fetch a dataset, a model, runs or a leaderboard into a folder, as the commands that use them expect it.

    Broken off and called again, it fetches what is missing.

    Args:
        what: which of them; files of no use for it stay on the Hub.
        repo_id: owner/name.
        out: the folder; made if it is missing, and empty unless it is of an earlier `pull`.
        revision: branch, tag or commit; None is the newest.
        endpoint: another Hub's address; None is HF_ENDPOINT, or https://huggingface.co.

    Returns:
        The folder.

    Raises:
        HubError: no such repository, nothing of the kind in it, the connection broke off, or `out` holds something else.
    """
    from huggingface_hub import snapshot_download

    check_repo_id(repo_id)
    folder, api = Path(out), client(endpoint)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _EARLIER).is_dir():
        raise HubError(f"{folder} is not empty and was not made by `gsi-bench pull`; give another --out")
    with hub_errors(
        f"pull {what} {repo_id}", again="run the same command again: what has arrived is not fetched twice"
    ):
        # Asked first: where the Hub can't be reached, the client would answer with what a folder happens to hold.
        commit = api.repo_info(repo_id, repo_type=KINDS[what], revision=revision).sha
        snapshot_download(
            repo_id,
            repo_type=KINDS[what],
            revision=commit,
            local_dir=folder,
            allow_patterns=_FILES[what],
            endpoint=api.endpoint,
        )
    if not any(path.is_file() for path in folder.iterdir()):
        raise HubError(f"{repo_id} holds no {what} that gsi-bench pushed; look at its files on the Hub")
    return folder
