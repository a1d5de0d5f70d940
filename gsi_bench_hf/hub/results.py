"""Pushing results: to the model's repository, in both of the Hub's formats, and to a dataset of runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.hub.cards import card_files, eval_results_path, eval_results_yaml, model_index, scored
from gsi_bench_hf.hub.errors import HubError
from gsi_bench_hf.hub.model_index import with_results
from gsi_bench_hf.hub.plan import File, Plan
from gsi_bench_hf.hub.results_dataset import MARK, results_card, results_files
from gsi_bench_hf.hub.sending import Pushed, send
from gsi_bench_hf.hub.there import There, client, look, read_text
from gsi_bench_hf.model_card.metadata import checkpoint_of
from gsi_bench_hf.results import Results
from gsi_bench_hf.types import is_simulated

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_README = "README.md"


def push_results(
    runs: Sequence[Results | str | os.PathLike[str]],
    *,
    model: str | None = None,
    to: str | None = None,
    dataset_id: str | None = None,
    private: bool | None = None,
    pull_request: bool | None = None,
    endpoint: str | None = None,
    dry_run: bool = False,
) -> list[Pushed]:
    """Send the results of finished runs to the model's repository, to a dataset of runs, or to both.

    The model's repository gets `.eval_results/<subset>.yaml` and, for older readers, `model-index` in its card; as a pull request
    where it is somebody else's. The dataset gets tables and the runs themselves, without images.

    Args:
        runs: finished runs, or their folders.
        model: the repository of the model that was run.
        to: the dataset repository; made if it is missing.
        dataset_id: the Hub repository of the runs' rows, a benchmark with `eval.yaml`; None is the released one. Rows rendered here
            have none, and without it no `.eval_results`.
        private: of `to`: None makes a new repository private and takes an old one as it is; True refuses a public one; False makes
            a new one public.
        pull_request: whether to offer the change to the repository's owner; None does so where that is somebody else.
        endpoint: another Hub's address; None is HF_ENDPOINT, or https://huggingface.co.
        dry_run: only say what would be sent.

    Returns:
        What was sent, to the dataset first.

    Raises:
        HubError: neither `model` nor `to`, runs of another model, or as in `send`.
        CardError: nothing of a run could be scored.
        RunFolderError: a folder holds no finished run.
    """
    if model is None and to is None:
        raise HubError(
            "nowhere to send results to; expected --model, the repository of the model, or --to, a dataset of runs"
        )
    loaded = [scored(run) for run in runs]
    api = client(endpoint)
    plans = []
    if to is not None:
        plans.append(_dataset_plan(api, loaded, to, private, pull_request, dry_run=dry_run))
    if model is not None:
        source = None if to is None else f"{api.endpoint}/datasets/{to}"
        plans.append(_model_plan(api, loaded, model, dataset_id, pull_request, source_url=source, dry_run=dry_run))
    return [send(plan, endpoint=endpoint, dry_run=dry_run) for plan in plans]


def _dataset_plan(
    api: HfApi, runs: Sequence[Results], to: str, private: bool | None, pull_request: bool | None, *, dry_run: bool
) -> Plan:
    files, notes, title = results_files(runs), [], f"Results: {_words(runs)}"
    there = _look(api, "dataset", to, pull_request, title, dry_run=dry_run)
    card = read_text(api, "dataset", to, _README, there)
    if card is None or MARK in card:
        files.append(File(_README, results_card(to).encode()))
    else:
        notes.append(
            "the repository's README.md is not ours and stays; its `configs` have to name summary/ and samples/"
        )
    return Plan(
        kind="dataset",
        repo_id=to,
        files=tuple(sorted(files, key=lambda file: file.path)),
        title=title,
        private=private,
        pull_request=pull_request,
        notes=tuple(notes),
    )


def _model_plan(
    api: HfApi,
    runs: Sequence[Results],
    model: str,
    dataset_id: str | None,
    pull_request: bool | None,
    *,
    source_url: str | None,
    dry_run: bool,
) -> Plan:
    title = f"GSI-Bench results: {_words(runs)}"
    there = _look(api, "model", model, pull_request, title, dry_run=dry_run)
    notes = [note for run in runs for note in _check_model(run, model, there)]
    files: dict[str, bytes] = {}
    for run in runs:
        if dataset_id is None and is_simulated(run.subset):
            notes.append(
                f"no .eval_results of {run.subset}: its rows have no known home on the Hub; give --dataset, where they were pushed"
            )
            continue
        path = eval_results_path(run)
        if path in files:
            raise HubError(f"two runs are of {run.subset}, and a model has one result of it; give one of them")
        files[path] = eval_results_yaml(run, dataset_id=dataset_id, source_url=source_url).encode()
    card = _card(read_text(api, "model", model, _README, there), runs, model, dataset_id, there)
    if card is not None:
        files[_README] = card.encode()
    elif there.unknown:
        notes.append("README.md would get model-index; it could not be read, so it is not in this list")
    else:
        notes.append("the repository has no README.md; model-index is left out")
    if not files and not there.unknown:
        raise HubError(f"nothing to send to {model}: {'; '.join(notes)}")
    return Plan(
        kind="model",
        repo_id=model,
        files=tuple(File(path, files[path]) for path in sorted(files)),
        title=title,
        pull_request=pull_request,
        must_exist=True,
        parent=there.head,
        notes=tuple(notes),
    )


def _look(api: HfApi, kind: Any, repo_id: str, pull_request: bool | None, title: str, *, dry_run: bool) -> There:
    try:
        return look(api, kind, repo_id, pull_request=pull_request, title=title)
    except HubError as error:
        if not dry_run:
            raise
        return There(unknown=str(error))


def _card(card: str | None, runs: Sequence[Results], model: str, dataset_id: str | None, there: There) -> str | None:
    """The repository's README.md with the runs' results; a new one where there is none and the repository is ours."""
    if card is None:
        if not there.ours:
            return None
        first, *runs = runs
        card = card_files(first, model, dataset_id, images=False)[_README].decode()
    for run in runs:
        index = model_index(run, repo_id=model, dataset_id=dataset_id)
        card = with_results(card, index, where=f"{model}/README.md")
    return card


def _check_model(run: Results, model: str, there: There) -> list[str]:
    """Raise where a run was of other weights than the repository's; a note where that can't be known."""
    editor = run.run["arguments"]["editor"]
    loras: Sequence[Mapping[str, Any]] = editor.get("lora") or ()
    name = str(loras[-1]["source"]) if loras else checkpoint_of(editor)
    if name == model:
        return []
    folder = name if loras else (run.run.get("environment") or {}).get("folder")
    if folder is None or not Path(folder).expanduser().is_dir():
        if name is not None and not Path(name).expanduser().is_absolute():
            raise HubError(f"{run.folder} is a run of {name}, expected one of {model}")
        return [
            f"whether {run.folder.name} ran the weights of {model} can't be known from here: that is for you to vouch for"
        ]
    root = Path(folder).expanduser()
    for path, blob in there.files.items():
        if path.endswith(".safetensors"):
            here = root / path
            if not here.is_file() or not File(path, here).is_blob(blob.oid, large=blob.large):
                raise HubError(
                    f"{run.folder} is a run of {root}, whose {path} is another than that of {model}; push the model first, or give a "
                    "run of what is there"
                )
    return []


def _words(runs: Sequence[Results]) -> str:
    """What the runs are of, in a few words that are the same the next time."""
    words = [f"{run.editor.rpartition('/')[2]} on {run.subset} ({run.protocol})" for run in runs]
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")
