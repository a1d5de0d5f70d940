"""Pushing a leaderboard: its dataset, and its page as a static Space."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.hub.errors import HubError, hub_errors
from gsi_bench_hf.hub.plan import File, Plan, files_under
from gsi_bench_hf.hub.sending import Pushed, send
from gsi_bench_hf.hub.there import There, client, look

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_SPACE_README = """---
title: {title}
emoji: 📐
colorFrom: blue
colorTo: gray
sdk: static
app_file: index.html
pinned: false
tags:
- leaderboard
- image-editing
- spatial-intelligence
datasets:
- {dataset}
---

The page of the leaderboard [{dataset}](https://huggingface.co/datasets/{dataset}), whose tables hold everything it shows.
"""


def push_leaderboard(
    folder: str | os.PathLike[str],
    repo_id: str,
    *,
    space: str | None = None,
    replace: bool = False,
    private: bool | None = None,
    pull_request: bool | None = False,
    endpoint: str | None = None,
    dry_run: bool = False,
) -> list[Pushed]:
    """Send a leaderboard to a dataset repository, and its page to a static Space.

    Args:
        folder: of `write_leaderboard`.
        repo_id: owner/name of the dataset; made if it is missing.
        space: owner/name of the Space; None sends no page but the one in the dataset.
        replace: whether runs that are there and not in the folder are dropped; otherwise that is an error, so that a run that
            somebody else added meanwhile is not lost.
        private: as in `push_dataset`.
        pull_request: as in `push_dataset`.
        endpoint: as in `push_dataset`.
        dry_run: only say what would be sent.

    Raises:
        HubError: the folder is no leaderboard, runs would be lost, or as in `send`.
    """
    plans = leaderboard_plans(folder, repo_id, space=space, private=private, pull_request=pull_request)
    api = client(endpoint)
    there = _there(api, plans[0], dry_run=dry_run)
    if not replace:
        _check_kept(api, plans[0], there)
    if there.head is not None:
        # Whoever adds a run between the look and the commit is not overwritten.
        plans[0] = _after(plans[0], there.head)
    return [send(plan, endpoint=endpoint, dry_run=dry_run) for plan in plans]


def leaderboard_plans(
    folder: str | os.PathLike[str],
    repo_id: str,
    *,
    space: str | None = None,
    private: bool | None = None,
    pull_request: bool | None = False,
) -> list[Plan]:
    """What `push_leaderboard` sends."""
    from gsi_bench_hf.leaderboard.dataset import CARD_FILE, MARK, PAGE_FILE, RUNS_FILE, SCORES_FILE

    root = Path(folder)
    names = (CARD_FILE, PAGE_FILE, RUNS_FILE, SCORES_FILE)
    missing = [name for name in names if not (root / name).is_file()]
    if missing or MARK not in (root / CARD_FILE).read_text(encoding="utf-8", errors="replace"):
        lacks = f"{missing[0]} is missing" if missing else f"{CARD_FILE} is somebody else's"
        raise HubError(f"{root} is no leaderboard: {lacks}; make one with `gsi-bench leaderboard RUN … --out {root}`")
    common: dict[str, Any] = {"title": "Leaderboard", "private": private, "pull_request": pull_request}
    card = (root / CARD_FILE).read_text(encoding="utf-8").replace('"REPO"', f'"{repo_id}"').encode()
    files = [File(CARD_FILE, card), *(file for file in files_under(root, names) if file.path != CARD_FILE)]
    plans = [Plan(kind="dataset", repo_id=repo_id, files=tuple(files), **common)]
    if space is not None:
        readme = _SPACE_README.format(title=_title(card.decode()), dataset=repo_id).encode()
        page = (File(CARD_FILE, readme), File(PAGE_FILE, root / PAGE_FILE))
        plans.append(Plan(kind="space", repo_id=space, files=page, sdk="static", **common))
    return plans


def _title(card: str) -> str:
    """The leaderboard's title as a YAML string."""
    import json

    from huggingface_hub import DatasetCard

    return json.dumps(str(DatasetCard(card).data.get("pretty_name") or "Leaderboard"), ensure_ascii=False)


def _after(plan: Plan, head: str) -> Plan:
    from dataclasses import replace

    return replace(plan, parent=head)


def _there(api: HfApi, plan: Plan, *, dry_run: bool) -> There:
    try:
        return look(api, plan.kind, plan.repo_id, pull_request=plan.pull_request, title=plan.title)
    except HubError:
        if not dry_run:
            raise
        return There()  # `send` says that the Hub was not asked


def _check_kept(api: HfApi, plan: Plan, there: There) -> None:
    """That every run of the leaderboard there is in the one that is sent."""
    from huggingface_hub import hf_hub_download

    from gsi_bench_hf.leaderboard.dataset import RUNS_FILE

    if RUNS_FILE not in there.files:
        return
    with hub_errors(f"read {RUNS_FILE} of {plan.repo_id}", again="try again"):
        path = hf_hub_download(plan.repo_id, RUNS_FILE, repo_type=plan.kind, revision=there.head, endpoint=api.endpoint)
    before = _runs(path)
    now = _runs(io.BytesIO(next(file for file in plan.files if file.path == RUNS_FILE).read()))
    lost = [model for run, model in before.items() if run not in now]
    if lost:
        raise HubError(
            f"{plan.repo_id} has {len(lost)} run{'s' * (len(lost) != 1)} that would be lost, such as one of {lost[0]!r}; pull it and "
            f"add to it (`gsi-bench pull leaderboard {plan.repo_id} --out OLD`, `gsi-bench leaderboard OLD RUN … --out DIR`), or "
            "drop them with --replace"
        )


def _runs(file: Any) -> dict[str, str]:
    """The runs of a leaderboard's table, with their models; empty for a table of something else."""
    import pyarrow
    import pyarrow.parquet

    try:
        rows = pyarrow.parquet.read_table(file, columns=["run", "model"]).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError):
        return {}
    return {row["run"]: row["model"] for row in rows}
