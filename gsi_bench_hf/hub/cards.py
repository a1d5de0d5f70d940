"""A run's model card, with scores in both of the Hub's formats. Nothing is sent from here.

- `model_card(results)`: a `huggingface_hub.ModelCard`, filled from the run's folder and checked by the Hub's rules.
- `write_model_card(results, out)`: that card as README.md, with the images it shows and `.eval_results/` beside it.
- `eval_results_yaml(results)`: the file of `.eval_results/` alone.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gsi_bench_hf.durable import write_atomic
from gsi_bench_hf.model_card.checks import CardError, check_card, is_repo_id
from gsi_bench_hf.model_card.examples import Example, choose_examples, draw_example
from gsi_bench_hf.model_card.how import public
from gsi_bench_hf.model_card.metadata import card_data, checkpoint_of, entries
from gsi_bench_hf.model_card.page import GENERIC, render
from gsi_bench_hf.model_card.view import card_values
from gsi_bench_hf.results import Results, load_results
from gsi_bench_hf.store import REPORT_FILE, file_name
from gsi_bench_hf.types import is_simulated

if TYPE_CHECKING:
    from huggingface_hub import ModelCard

    from gsi_bench_hf.pipelines.families import Family

__all__ = ["CardError", "eval_results_yaml", "model_card", "write_model_card"]

README = "README.md"
_MARK = "<!-- made by gsi-bench-hf -->"


def model_card(
    results: Results | str | os.PathLike[str],
    *,
    repo_id: str | None = None,
    dataset_id: str | None = None,
    images: bool | None = None,
) -> ModelCard:
    """A model card filled by a run.

    Args:
        results: a finished run, or its folder.
        repo_id: the model repository that the card is for. Another one than the run's checkpoint names that as its base model; None
            is the checkpoint's own.
        dataset_id: the Hub repository of the rows; None is the released one, or none for rows that were rendered here.
        images: whether it shows three edits; None shows those of rows rendered here, and none of released data, whose pictures are
            their authors' to share.

    Returns:
        The card; its metadata passes the Hub's rules, so far as they can be checked offline. Its images are written by
        `write_model_card`.

    Raises:
        CardError: nothing of the run could be scored, or the Hub would refuse the card or a name that was given.
        RunFolderError: the folder holds no finished run.
        MissingReportExtraError: jinja2 is not installed.
    """
    run = scored(results)
    return _card(run, _examples(run, images), repo_id=repo_id, dataset_id=dataset_id)


def write_model_card(
    results: Results | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    repo_id: str | None = None,
    dataset_id: str | None = None,
    images: bool | None = None,
) -> list[Path]:
    """Write a run's card as a model repository has it: README.md, the images it shows, and `.eval_results/<subset>.yaml`.

    The last is left out where the rows have no `dataset_id`: the Hub ties an entry to the repository of its benchmark.

    Args:
        results: as in `model_card`.
        out: the folder.
        repo_id: as in `model_card`.
        dataset_id: as in `model_card`.
        images: as in `model_card`.

    Returns:
        The files that were written.

    Raises:
        CardError: as in `model_card`, an edited image can't be read, or the folder has somebody else's README.md.
    """
    run, folder = scored(results), Path(out)
    _check_ours(folder / README)
    files = card_files(run, repo_id, dataset_id, images=images)
    for name, data in files.items():
        write_atomic(folder / name, data)
    return [folder / name for name in files]


def card_files(
    results: Results, repo_id: str | None, dataset_id: str | None, *, images: bool | None = None
) -> dict[str, bytes]:
    """Path -> content of what `write_model_card` writes; its arguments are those of `model_card`."""
    run = scored(results)
    examples = _examples(run, images)
    card = _card(run, examples, repo_id=repo_id, dataset_id=dataset_id)
    files = {example.path: draw_example(run.folder, example) for example in examples if example.path}
    if dataset_id or not is_simulated(run.subset):
        files[eval_results_path(run)] = eval_results_yaml(run, dataset_id=dataset_id).encode()
    files[README] = str(card).encode()
    return files


def model_index(results: Results, *, repo_id: str, dataset_id: str | None = None) -> list[dict[str, Any]]:
    """The `model-index` of a run's card; its arguments are those of `model_card`."""
    card = _card(scored(results), [], repo_id=repo_id, dataset_id=dataset_id)
    return list(yaml.safe_load(card.data.to_yaml())["model-index"])


def eval_results_path(results: Results) -> str:
    """Where a model repository keeps the results of a run."""
    return f".eval_results/{file_name(results.subset)}.yaml"


def eval_results_yaml(
    results: Results | str | os.PathLike[str], *, dataset_id: str | None = None, source_url: str | None = None
) -> str:
    """The text of a file of `.eval_results/`: the average, with the four metrics and the number of samples in its notes.

    Args:
        results: a finished run, or its folder.
        dataset_id: the Hub repository of the rows, a benchmark with `eval.yaml`; None is the released one.
        source_url: where the run itself can be looked at.

    Raises:
        CardError: rows that were rendered here and no `dataset_id`, or nothing could be scored.
    """
    from huggingface_hub import eval_result_entries_to_yaml

    _check_id("dataset_id", dataset_id)
    listed = eval_result_entries_to_yaml(entries(scored(results), dataset_id=dataset_id, source_url=source_url))
    return str(yaml.safe_dump(listed, sort_keys=False, allow_unicode=True, width=1000))


def _card(run: Results, examples: list[Example], *, repo_id: str | None, dataset_id: str | None) -> ModelCard:
    from huggingface_hub import ModelCard

    _check_id("repo_id", repo_id)
    _check_id("dataset_id", dataset_id)
    family = _family(run)
    editor = run.run["arguments"]["editor"]
    model = repo_id or checkpoint_of(editor) or public(editor.get("model") or run.editor)
    data = card_data(run, model=model.rpartition("/")[2], family=family, repo_id=repo_id, dataset_id=dataset_id)
    template = (family and family.card_template) or GENERIC
    body = render(template, card_values(run, model=model, family=family, examples=examples, repo_id=repo_id))
    content = f"---\n{data.to_yaml()}\n---\n\n{body}"
    check_card(content)
    return ModelCard(content)


def _family(run: Results) -> Family | None:
    from gsi_bench_hf.pipelines.families import FAMILIES

    name = run.run["arguments"]["editor"].get("family")
    if name not in FAMILIES:  # "generic" is a guess at a pipeline of no family
        return None
    return FAMILIES[name]


def _examples(run: Results, images: bool | None) -> list[Example]:
    return choose_examples(run, images=is_simulated(run.subset) if images is None else images)


def _check_ours(path: Path) -> None:
    if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace"):
        raise CardError(
            f"{path} was not made by gsi-bench-hf and is not overwritten; expected another folder, or that file elsewhere"
        )


def _check_id(what: str, name: str | None) -> None:
    if name is not None and not is_repo_id(name):
        raise CardError(f"{what} is {name!r}, expected the id of a repository on the Hub, owner/name")


def scored(results: Results | str | os.PathLike[str]) -> Results:
    """A run that has something to tell; raises CardError for one of which nothing could be scored."""
    run = results if isinstance(results, Results) else load_results(results)
    if math.isnan(run.metrics["average"]):
        raise CardError(f"{run.folder} has no average: nothing could be scored; see {run.folder / REPORT_FILE}")
    return run
