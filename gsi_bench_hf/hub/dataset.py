"""Pushing a dataset: the folder that `gsi-bench build` made, with its card, `eval.yaml` and all."""

from __future__ import annotations

import os
from pathlib import Path

from gsi_bench_hf.hub.errors import HubError
from gsi_bench_hf.hub.plan import Plan, files_under
from gsi_bench_hf.hub.sending import Pushed, send

_CARD = ("README.md", "eval.yaml", "croissant.json")


def push_dataset(
    folder: str | os.PathLike[str],
    repo_id: str,
    *,
    private: bool | None = None,
    pull_request: bool | None = False,
    endpoint: str | None = None,
    dry_run: bool = False,
) -> Pushed:
    """Send a built folder to a dataset repository: Parquet files, README.md with configs, eval.yaml, croissant.json, pictures.

    Only configs that are complete are sent. Parquet files of these configs that lie there from an earlier build are removed.

    Args:
        folder: of `build` or `merge`.
        repo_id: owner/name; made if it is missing.
        private: None makes a new repository private and takes an old one as it is; True refuses a public one; False makes a new one
            public.
        pull_request: whether to offer the files to the repository's owner; None does so where that is somebody else.
        endpoint: another Hub's address; None is HF_ENDPOINT, or https://huggingface.co.
        dry_run: only say what would be sent.

    Raises:
        HubError: the folder is no built dataset, or as in `send`.
    """
    return send(
        dataset_plan(folder, repo_id, private=private, pull_request=pull_request), endpoint=endpoint, dry_run=dry_run
    )


def dataset_plan(
    folder: str | os.PathLike[str],
    repo_id: str,
    *,
    private: bool | None = None,
    pull_request: bool | None = False,
) -> Plan:
    """What `push_dataset` sends."""
    from gsi_bench_hf.data.card import read_configs
    from gsi_bench_hf.data.card.grid import GRID_FOLDER
    from gsi_bench_hf.data.card.readme import MARK

    root = Path(folder)
    if not (root / "data").is_dir() or not (root / "README.md").is_file():
        raise HubError(
            f"{root} is no built dataset: expected README.md and data/ in it, as `gsi-bench build CONFIG --out {root}` makes them"
        )
    configs = read_configs(root)
    ours = MARK in (root / "README.md").read_text(encoding="utf-8")
    if not configs or not ours:
        raise HubError(
            f"{root} holds {'no complete config' if ours else 'a README.md of somebody else'}; run `gsi-bench build` again, or "
            "`gsi-bench merge` for the parts of a build"
        )
    names = [config.subset.name for config in configs]
    patterns = [*_CARD, *(f"{GRID_FOLDER}/{name}.jpg" for name in names)]
    patterns += [f"data/{name}/{config.build.split}-*.parquet" for name, config in zip(names, configs, strict=True)]
    left = sorted(p.name for p in (root / "data").iterdir() if p.is_dir() and p.name not in names)
    plan = Plan(
        kind="dataset",
        repo_id=repo_id,
        files=tuple(files_under(root, patterns)),
        title=f"GSI-Sim: {', '.join(f'{c.build.num_rows} rows of {c.subset.name}' for c in configs)}",
        private=private,
        pull_request=pull_request,
        replaces=tuple(f"data/{name}" for name in names),
    )
    return plan.with_notes(*(f"data/{name} is left out: not all of its files are here" for name in left))
