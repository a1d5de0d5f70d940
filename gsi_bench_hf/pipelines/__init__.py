"""What edits an image: the ladder of editors that need no weights, diffusers pipelines, endpoints, and images made elsewhere.

- `EDITORS`: the registry, name -> `EditorSpec`; other packages add through the entry-point group `gsi_bench_hf.editors`.
- `load_editor(name, **kwargs)`: an editor by its name, its repository, its folder, its address, or out of an object.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from gsi_bench_hf.pipelines.base import Editor, EditorSpec, EditOutput
from gsi_bench_hf.registry import Registry

__all__ = ["EDITORS", "EditOutput", "Editor", "EditorSpec", "is_bare_pipeline", "load_editor"]

EDITORS: Registry[EditorSpec] = Registry(
    "editor",
    "gsi_bench_hf.editors",
    beside="a diffusers repository (OWNER/NAME or ./FOLDER), an endpoint (http://…), folder:DIR, inference:REPO, python:MODULE:NAME",
)
_PREFIXES = {
    "http": "endpoints:from_name",
    "https": "endpoints:from_name",
    "chat+http": "endpoints:from_name",
    "chat+https": "endpoints:from_name",
    "inference": "endpoints:from_name",
    "python": "function:from_python",
}

for _name, _factory, _what in (
    ("identity", "identity:IdentityEditor", "the input, untouched"),
    ("paste", "paste:PasteEditor", "warps the target's pixels after the instruction and inpaints the hole"),
    ("noisy-oracle", "noisy_oracle:NoisyOracleEditor", "the true scene, rendered with the target a little off"),
    ("oracle", "oracle:OracleEditor", "the ground-truth image"),
):
    EDITORS.add(_name, EditorSpec(f"gsi_bench_hf.pipelines.{_factory}", _what))
del _name, _factory, _what


def load_editor(name: Any, **kwargs: Any) -> Any:
    """An editor by what names it, or out of what is one already.

    Args:
        name: one of

            - a name of `EDITORS`: "paste", …, and those of other packages;
            - a repository of the Hub or a folder with `model_index.json`: a diffusers pipeline, see `loading.load_pipeline`;
            - "folder:DIR" or "folder:MAP.csv": images that were made elsewhere, see `folder.FolderEditor`;
            - "http(s)://…": an endpoint with `/images/edits`; "chat+http(s)://…": one that edits through chat completions;
            - "inference:REPO": Hugging Face Inference Providers;
            - "python:module:function": a function of yours, or a class that makes an editor;
            - an object: a diffusers pipeline, which is wrapped, a function of image and prompt, or an editor.
        kwargs: the editor's own arguments, such as `jitter=` of "noisy-oracle" or `num_inference_steps=` of a pipeline.

    Returns:
        The editor; call it as `editor(image=…, prompt=…).images[0]`, with `sample=` and `seed=` besides where `needs_sample`.

    Raises:
        UnknownNameError: no editor of that name; suggests the nearest.
        OSError: a folder or a repository that holds no pipeline.
        TypeError: an argument that the editor does not take; names those it takes.
        ImportError: a package is missing; names it.

    >>> load_editor("identity").name
    'identity'
    """
    if not isinstance(name, str):
        return _from_object(name, kwargs)
    prefix = name.partition(":")[0]
    if prefix in _PREFIXES:
        return _maker(_PREFIXES[prefix])(name, **kwargs)
    if prefix == "folder":
        factory = _maker("folder:FolderEditor")
        _check_arguments(name, factory, {"folder", *kwargs})
        return factory(name.partition(":")[2], **kwargs)
    if name not in EDITORS and _is_pipeline(name):
        return _maker("loading:load_pipeline")(name, **kwargs)
    spec: Any = EDITORS[name]
    factory = spec.load() if isinstance(spec, EditorSpec) else spec
    _check_arguments(name, factory, set(kwargs))
    return factory(**kwargs)


def is_bare_pipeline(thing: Any) -> bool:
    """Whether an object is a pipeline of diffusers, not wrapped yet."""
    diffusers = sys.modules.get("diffusers")  # an object of its classes has imported it
    return diffusers is not None and isinstance(thing, diffusers.DiffusionPipeline)


def _maker(path: str) -> Callable[..., Any]:
    return EditorSpec(f"gsi_bench_hf.pipelines.{path}", "").load()


def _is_pipeline(name: str) -> bool:
    from gsi_bench_hf.pipelines.source import is_folder, is_repo_id

    return is_folder(name) or is_repo_id(name)


def _from_object(thing: Any, kwargs: dict[str, Any]) -> Any:
    """An editor out of an object: pipelines are wrapped, and so are functions; anything else is one if it can be called."""
    if is_bare_pipeline(thing):
        from gsi_bench_hf.pipelines.diffusers_editor import GSIEditPipeline
        from gsi_bench_hf.pipelines.families import FAMILIES

        own = {
            k: kwargs.pop(k) for k in ("family", "name", "resolution", "batch_size", "prompt_rewriter") if k in kwargs
        }
        if isinstance(own.get("family"), str):
            own["family"] = FAMILIES[own["family"]]
        return GSIEditPipeline(thing, arguments=kwargs, **own)
    if inspect.isroutine(thing) or (kwargs and callable(thing)):
        from gsi_bench_hf.pipelines.function import FunctionEditor

        return FunctionEditor(thing, arguments=kwargs)
    if not callable(thing):
        raise TypeError(
            f"editor is {type(thing).__name__}, expected a name, a diffusers pipeline, or something to call with image= and prompt="
        )
    return thing


def _check_arguments(name: str, factory: Callable[..., Any], given: set[str]) -> None:
    parameters = inspect.signature(factory).parameters
    unknown = sorted(given - set(parameters))
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        accepted = ", ".join(p for p in parameters if p != "folder") or "no arguments"
        raise TypeError(f"editor {name!r} takes no {', '.join(unknown)}; it takes {accepted}")
