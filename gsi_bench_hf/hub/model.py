"""Pushing a model: a pipeline's folder or a LoRA's, with the card of a run of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gsi_bench_hf.durable import dump_json
from gsi_bench_hf.hub.cards import card_files
from gsi_bench_hf.hub.contents import cleaned, without_local_paths
from gsi_bench_hf.hub.errors import HubError
from gsi_bench_hf.hub.plan import File, Plan, files_under
from gsi_bench_hf.hub.sending import Pushed, send
from gsi_bench_hf.results import Results, load_results

INDEX, TRAINING = "model_index.json", "training.json"
_PARTS = ("json", "safetensors", "txt", "model", "jinja", "spm")
_WORDS = ("LICENSE*", "LICENCE*", "NOTICE*")
_LORA = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def push_model(
    folder: str | os.PathLike[str],
    repo_id: str,
    *,
    run: Results | str | os.PathLike[str] | None = None,
    dataset_id: str | None = None,
    private: bool | None = None,
    pull_request: bool | None = False,
    endpoint: str | None = None,
    dry_run: bool = False,
) -> Pushed:
    """Send a pipeline or a LoRA to a model repository, with its card.

    Of a pipeline go `model_index.json` and of the parts that it names configs, tokenisers and safetensors; of a LoRA its
    safetensors and config; and a licence and the record of the training where they lie there. Everything else in the folder stays
    here, and is named.

    Args:
        folder: what `save_pretrained` or `gsi-bench train` wrote.
        repo_id: owner/name; made if it is missing.
        run: a finished run of this very model, which fills the card; None sends the folder's own README.md.
        dataset_id: the Hub repository of the run's rows, for `.eval_results`; None is the released one, or none for rows rendered
            here.
        private: as in `push_dataset`.
        pull_request: as in `push_dataset`.
        endpoint: as in `push_dataset`.
        dry_run: only say what would be sent.

    Raises:
        HubError: no model there, weights that are pickles, no card, or as in `send`.
        CardError: the run's card can't be made.
    """
    plan = model_plan(folder, repo_id, run=run, dataset_id=dataset_id, private=private, pull_request=pull_request)
    return send(plan, endpoint=endpoint, dry_run=dry_run)


def model_plan(
    folder: str | os.PathLike[str],
    repo_id: str,
    *,
    run: Results | str | os.PathLike[str] | None = None,
    dataset_id: str | None = None,
    private: bool | None = None,
    pull_request: bool | None = False,
) -> Plan:
    """What `push_model` sends."""
    root = _model_folder(Path(folder))
    weights = _pipeline_files(root) if (root / INDEX).is_file() else _lora_files(root)
    files = {file.path: _public(file) for file in [*weights, *files_under(root, _WORDS)]}
    if (root / TRAINING).is_file():
        files[TRAINING] = File(TRAINING, dump_json(cleaned(_read(root / TRAINING))))
    notes = list(_left_out(root, files))
    if run is not None:
        results = run if isinstance(run, Results) else load_results(run)
        _check_run(results, root)
        files |= {path: File(path, data) for path, data in card_files(results, repo_id, dataset_id).items()}
    elif (root / "README.md").is_file():
        files["README.md"] = File("README.md", root / "README.md")
    else:
        raise HubError(
            f"{root} has no README.md, and no run to fill one; give --run RUN, a finished `gsi-bench run --editor {root}`"
        )
    return Plan(
        kind="model",
        repo_id=repo_id,
        files=tuple(files[path] for path in sorted(files)),
        title=f"{'Pipeline' if (root / INDEX).is_file() else 'LoRA'} and card",
        private=private,
        pull_request=pull_request,
        notes=tuple(notes),
    )


def _model_folder(root: Path) -> Path:
    """The model in a folder of `gsi-bench train`; any other folder itself."""
    inside = root / "model"
    return inside if (root / TRAINING).is_file() and inside.is_dir() else root


def _pipeline_files(root: Path) -> list[File]:
    index = _read(root / INDEX)
    parts = [name for name, value in index.items() if isinstance(value, list) and not name.startswith("_") and value[0]]
    files = files_under(root, [INDEX, *(f"{part}/**/*.{suffix}" for part in parts for suffix in _PARTS)])
    for part in parts:
        there = [path for path in (root / part).rglob("*") if path.is_file()]
        safe = any(file.path.startswith(f"{part}/") and file.path.endswith(".safetensors") for file in files)
        pickled = [path for path in there if path.suffix in _PICKLES]
        if not there:
            raise HubError(
                f"{root / INDEX} names {part!r}, and there is nothing in {root / part}; save the pipeline again"
            )
        if pickled and not safe:
            raise HubError(
                f"{pickled[0]} is a pickle, which can run code; save the pipeline with safe_serialization=True"
            )
    return files


def _lora_files(root: Path) -> list[File]:
    found = files_under(root, [*_LORA, "adapter_config.json"])
    if not any(file.path in _LORA for file in found):
        raise HubError(
            f"{root} holds no model: expected {INDEX} (a pipeline), or {_LORA[0]} (a LoRA), as save_pretrained or `gsi-bench train` "
            "writes them"
        )
    return found


def _public(file: File) -> File:
    """The same file without paths of this machine in its config."""
    if not file.path.endswith(".json") or file.size > 1_000_000:
        return file
    before = _read(file.content) if isinstance(file.content, Path) else None
    after = without_local_paths(before)
    return file if before == after else File(file.path, (json.dumps(after, indent=2) + "\n").encode())


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HubError(f"{path} is no JSON ({error}); save the model again") from None


def _left_out(root: Path, files: dict[str, File]) -> Iterator[str]:
    """What lies in the folder and isn't sent, a line a folder or file of its first level."""
    names = {
        path.relative_to(root).parts[0] for path in root.rglob("*") if path.is_file() and not _sent(root, path, files)
    }
    visible = sorted(name for name in names if not name.startswith(".") and name != "README.md")
    if visible:
        yield f"stays here: {', '.join(visible)}"


def _sent(root: Path, path: Path, files: dict[str, File]) -> bool:
    return path.relative_to(root).as_posix() in files


def _check_run(results: Results, root: Path) -> None:
    """Raise where a run was not of the weights in a folder."""
    from gsi_bench_hf.pipelines.provenance import folder_fingerprint

    editor = results.run["arguments"]["editor"]
    loras: Sequence[dict[str, Any]] = editor.get("lora") or ()
    if (root / INDEX).is_file():
        scored, here = str(editor.get("revision")), f"sha256:{folder_fingerprint(root)}"
        same = scored == here and not loras
    else:
        scored = ", ".join(str(lora["source"]) for lora in loras) or "none"
        same = len(loras) == 1 and Path(str(loras[0]["source"])).expanduser().resolve() == root.resolve()
    if not same:
        what = "weights in another state" if (root / INDEX).is_file() else f"the LoRA {scored}"
        raise HubError(
            f"{results.folder} is a run of {results.editor} with {what}, expected one of {root} as it is now; run "
            f"`gsi-bench run --editor …` of it and give that run"
        )
