"""A run's results as the Hub's metadata: the card's YAML with `model-index`, and the entries of `.eval_results/`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.data.subsets import SUBSETS, hub_repo
from gsi_bench_hf.model_card.checks import LICENCES, CardError, is_repo_id
from gsi_bench_hf.report.cards import TITLES
from gsi_bench_hf.results import METRICS, SHORT, Results
from gsi_bench_hf.types import is_simulated

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData

    from gsi_bench_hf.pipelines.families import Family

_TASK = "image-to-image"
_METRIC_TYPES = {"average": "gsi_bench"}
_OURS = "apache-2.0"


def full_size(subset: str) -> int | None:
    """How many samples a subset has at full size; None for one that is not ours."""
    return SUBSETS[subset].num_rows if subset in SUBSETS else None


def checkpoint_of(editor: Mapping[str, Any]) -> str | None:
    """The Hub repository that a run's editor was loaded from, of its entry in `run.json`; None for any other editor."""
    name = editor.get("checkpoint")
    if not isinstance(name, str) or "/" not in name or not is_repo_id(name) or Path(name).is_dir():
        return None
    return name


def licence_of(family: Family | None, editor: Mapping[str, Any]) -> dict[str, Any]:
    """`license` and what belongs to it: the family's for its own checkpoints, and unknown for anybody else's weights."""
    from gsi_bench_hf.runner import LADDER

    checkpoint = checkpoint_of(editor)
    if editor["name"] in LADDER:
        return {"license": _OURS}
    if family is None or checkpoint is None or checkpoint != family.default_repo or editor.get("lora"):
        return {"license": "unknown"}
    identifier = family.licence.lower()
    if identifier in LICENCES:
        return {"license": identifier}
    name = re.sub(r"[^a-z0-9.]+", "-", identifier).strip("-")
    return {"license": "other", "license_name": name, "license_link": f"https://huggingface.co/{checkpoint}"}


def card_data(
    results: Results, *, model: str, family: Family | None, repo_id: str | None, dataset_id: str | None
) -> ModelCardData:
    """The YAML of a card.

    Args:
        results: of the run.
        model: what the card calls the model.
        family: the family of the model; None for an editor without one.
        repo_id: the repository that the card is for; None for that of the checkpoint itself.
        dataset_id: the Hub repository of the rows.
    """
    from huggingface_hub import ModelCardData

    editor = results.run["arguments"]["editor"]
    checkpoint = checkpoint_of(editor)
    derived = bool(editor.get("lora")) or repo_id not in (None, checkpoint)
    return ModelCardData(
        **licence_of(family, editor),
        library_name="diffusers" if editor.get("pipeline_class") else None,
        pipeline_tag=_TASK,
        base_model=checkpoint if derived else None,
        language=["en"],
        tags=["image-editing", "spatial-intelligence", "gsi-sim" if is_simulated(results.subset) else "gsi-bench"],
        metrics=[_METRIC_TYPES.get(name, f"gsi_{name}") for name in METRICS],
        model_name=model,
        eval_results=_eval_results(results, dataset_id),
    )


def entries(results: Results, *, dataset_id: str | None, source_url: str | None = None) -> list[EvalResultEntry]:
    """The entry of `.eval_results/`: the average of the four metrics, under the task that the data set's `eval.yaml` names.

    Raises:
        CardError: the rows are nowhere on the Hub, or huggingface_hub is too old.
    """
    try:
        from huggingface_hub import EvalResultEntry
    except ImportError as error:
        raise CardError('.eval_results needs huggingface_hub 1.4; pip install "huggingface_hub>=1.4"') from error
    where = dataset_id or (None if is_simulated(results.subset) else hub_repo())
    if where is None:
        raise CardError(
            f"{results.subset} is rendered here and has no home on the Hub that is known; expected dataset_id=, the repository "
            "that the rows were pushed to (`gsi-bench build` makes its folder)"
        )
    return [
        EvalResultEntry(
            dataset_id=where,
            task_id=results.subset,
            value=round(results.metrics["average"], 2),
            date=results.run["created"],
            notes=_notes(results),
            source_url=source_url,
            source_name=None if source_url is None else "gsi-bench",
        )
    ]


def _notes(results: Results) -> str:
    low, high = results.intervals["average"]
    interval = "" if math.isnan(low) else f" (95 % interval {low:.1f} to {high:.1f})"
    parts = ", ".join(f"{SHORT[name]} {results.metrics[name]:.1f}" for name in METRICS[:4])
    locality = f"locality by {results.locality.upper()}"
    return f"protocol {results.protocol}; {sample_count(results)}; average{interval} of {parts}; {locality}"


def sample_count(results: Results) -> str:
    """How many samples of the subset were run, in words.

    A run over a part is called that wherever its score goes.
    """
    done, whole = results.counts["samples"], full_size(results.subset)
    return f"{done} samples" if whole in (None, done) else f"the first {done} of {whole} samples"


def _eval_results(results: Results, dataset_id: str | None) -> list[EvalResult]:
    from huggingface_hub import EvalResult

    subset, arguments = results.subset, results.run["arguments"]
    simulated = is_simulated(subset)
    rows = {"num_samples": results.counts["samples"], "seed": arguments["dataset"]["seed"]} if simulated else None
    return [
        EvalResult(
            task_type=_TASK,
            task_name="Image editing, defined and measured in 3D",
            dataset_type=dataset_id or ("gsi-sim" if simulated else hub_repo()),
            dataset_name=f"{'GSI-Sim' if simulated else 'GSI-Bench'} {subset.removeprefix('sim-')}",
            dataset_config=subset,
            dataset_split=SUBSETS[subset].split if subset in SUBSETS else None,
            dataset_args=rows,
            metric_type=_METRIC_TYPES.get(name, f"gsi_{name}"),
            metric_name=f"{TITLES[name]} ({results.protocol})",
            metric_value=round(results.metrics[name], 2),
            metric_args=_metric_args(results, name),
        )
        for name in METRICS
        if not math.isnan(results.metrics[name])
    ]


def _metric_args(results: Results, name: str) -> dict[str, Any]:
    args: dict[str, Any] = {"protocol": results.protocol, "num_samples": results.document["metrics"][name]["n"]}
    low, high = results.intervals[name]
    if not math.isnan(low):
        args["interval_95"] = [round(low, 2), round(high, 2)]
    return args
