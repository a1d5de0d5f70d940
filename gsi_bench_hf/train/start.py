"""From a model's name to its training: `fine_tune`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.pipelines.hardware import choose_device
from gsi_bench_hf.registry import did_you_mean
from gsi_bench_hf.train.families import RECIPES
from gsi_bench_hf.train.recipe import Making, Method, RecipeSpec
from gsi_bench_hf.train.settings import Settings, TrainingStoppedError, settings_for

if TYPE_CHECKING:
    from gsi_bench_hf.train.loop import Trained
    from gsi_bench_hf.train.validation import Validation

_DTYPES = ("auto", "float32", "bfloat16", "float16")


def fine_tune(
    model: str,
    rows: Any,
    *,
    out: Path,
    method: Method | None = None,
    settings: Mapping[str, Any] | None = None,
    validation: Validation | None = None,
    pixels: int | None = None,
    dtype: str = "auto",
    device: str | None = None,
    revision: str | None = None,
    **making: Any,
) -> Trained:
    """Fine-tune a model on rows, or go on with it.

    Args:
        model: a repository of the Hub, a folder with `model_index.json`, or the name of a recipe that starts from nothing ("tiny").
        rows: as in `loop.train`.
        out: as in `loop.train`.
        method: "lora" or "full"; by default the family's first.
        settings: fields of `Settings`, over the family's.
        validation: as in `loop.train`.
        pixels: about so many to train at, instead of what the family works at.
        dtype: of what is frozen; "auto" is bfloat16 on a GPU and float32 elsewhere.
        device: "cuda:0", "cpu", …; by default the GPU of this process, else the CPU.
        revision: of the repository.
        making: `rank`, `alpha`, `targets`, `gradient_checkpointing` and `arguments` of `Making`.

    Raises:
        TrainingStoppedError: for a model that no recipe knows, or arguments that can't be.
        OSError: nothing there that can be loaded.
        ImportError: a package is missing; the message names the extra.
    """
    _check_packages()
    spec, start = find_recipe(model, revision)
    chosen = _method(spec, method)
    made_settings = settings_for(spec.defaults, chosen, settings or {})
    at = choose_device(device)
    own = {"method": chosen, "revision": start["revision"], "dtype": _dtype(dtype, at), "device": at}
    wanted = _making(spec, model, made_settings, making, resolution=spec.resolution(pixels), **own)
    return _trained(spec, wanted, start, made_settings, rows, out, validation)


def find_recipe(model: str, revision: str | None = None) -> tuple[RecipeSpec, dict[str, Any]]:
    """The recipe of a model, and what tells the model from others.

    Raises:
        TrainingStoppedError: no recipe knows it.
        OSError: nothing there.
    """
    if model in RECIPES and RECIPES[model].from_nothing:
        return RECIPES[model], {"checkpoint": None, "revision": None}
    from gsi_bench_hf.pipelines.source import find_source, is_folder, is_repo_id

    if not is_folder(model) and not is_repo_id(model):
        names = [name for name in RECIPES if RECIPES[name].from_nothing]
        raise TrainingStoppedError(
            f"model is {model!r}, expected a repository (owner/name), a folder with model_index.json, or one of "
            f"{', '.join(names)}.{did_you_mean(model, names)}"
        )
    source = find_source(model, {} if revision is None else {"revision": revision})
    for name in RECIPES:
        if source.class_name in RECIPES[name].pipeline_classes:
            return RECIPES[name], {"checkpoint": model, "revision": source.revision, "is_folder": source.is_folder}
    known = ", ".join(c for name in RECIPES for c in RECIPES[name].pipeline_classes)
    raise TrainingStoppedError(
        f"model {model!r} is a {source.class_name}, which no recipe trains; expected one of {known}"
    )


def _trained(
    spec: RecipeSpec,
    making: Making,
    start: Mapping[str, Any],
    settings: Settings,
    rows: Any,
    out: Path,
    validation: Validation | None,
) -> Trained:
    from gsi_bench_hf.pipelines.missing_packages import do_without_missing
    from gsi_bench_hf.train.loop import train

    do_without_missing()
    assert making.resolution is not None
    about = {
        "recipe": spec.name,
        **start,
        **{n: getattr(making, n) for n in ("method", "dtype", "seed", "arguments")},
        **({"rank": making.rank, "alpha": making.alpha, "targets": making.targets} if making.method == "lora" else {}),
        "resolution": dataclasses.asdict(making.resolution),
    }
    recipe = spec.load()(making)
    return train(
        recipe,
        rows,
        out=Path(out),
        settings=settings,
        resolution=making.resolution,
        validation=validation,
        about=about,
    )


def _making(spec: RecipeSpec, model: str, settings: Settings, given: Mapping[str, Any], **own: Any) -> Making:
    arguments = dict(given.get("arguments") or {})
    unknown = sorted(set(arguments) - set(spec.defaults.arguments))
    if unknown:
        known = ", ".join(spec.defaults.arguments) or "none"
        raise TrainingStoppedError(
            f"recipe {spec.name!r} takes no argument {unknown[0]!r}; it takes {known}."
            f"{did_you_mean(unknown[0], spec.defaults.arguments)}"
        )
    rank = given.get("rank") or spec.defaults.rank
    return Making(
        model,
        rank=rank,
        alpha=given.get("alpha") or float(rank),
        targets=tuple(given.get("targets") or spec.defaults.targets),
        seed=settings.seed,
        gradient_checkpointing=bool(given.get("gradient_checkpointing")),
        arguments={**spec.defaults.arguments, **arguments},
        **own,
    )


def _method(spec: RecipeSpec, method: Method | None) -> Method:
    if method is None:
        return spec.methods[0]
    if method not in spec.methods:
        raise TrainingStoppedError(
            f"method is {method!r}, expected {' or '.join(spec.methods)} for recipe {spec.name!r}"
        )
    return method


def _dtype(name: str, device: str) -> str:
    if name not in _DTYPES:
        raise TrainingStoppedError(f"dtype is {name!r}, expected one of {', '.join(_DTYPES)}")
    if name != "auto":
        return name
    return "bfloat16" if device.startswith("cuda") else "float32"


def _check_packages() -> None:
    for package in ("torch", "accelerate", "diffusers", "peft"):
        try:
            import_module(package)
        except ImportError as error:
            raise ImportError(
                f'training needs {package} ({error}); install it: pip install "gsi-bench-hf[train]"'
            ) from error
