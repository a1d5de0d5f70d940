"""What edits an image: the ladder of editors that need no weights, and images made elsewhere.

- `EDITORS`: the registry, name -> `EditorSpec`; other packages add through the entry-point group `gsi_bench_hf.editors`.
- `load_editor(name, **kwargs)`: an editor by its name, or `folder:DIR`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from gsi_bench_hf.pipelines.base import Editor, EditorSpec, EditOutput
from gsi_bench_hf.registry import Registry

__all__ = ["EDITORS", "EditOutput", "Editor", "EditorSpec", "load_editor"]

EDITORS: Registry[EditorSpec] = Registry("editor", "gsi_bench_hf.editors")
_FOLDER = "folder:"

for _name, _factory, _what in (
    ("identity", "identity:IdentityEditor", "the input, untouched"),
    ("paste", "paste:PasteEditor", "warps the target's pixels after the instruction and inpaints the hole"),
    ("noisy-oracle", "noisy_oracle:NoisyOracleEditor", "the true scene, rendered with the target a little off"),
    ("oracle", "oracle:OracleEditor", "the ground-truth image"),
):
    EDITORS.add(_name, EditorSpec(f"gsi_bench_hf.pipelines.{_factory}", _what))
del _name, _factory, _what


def load_editor(name: str, **kwargs: Any) -> Any:
    """An editor by its name.

    Args:
        name: a name of `EDITORS`, or `folder:DIR` for images that were made elsewhere (`DIR/<id>.png` or
            `DIR/edited/<subset>/<id>.png`).
        kwargs: the editor's own arguments, such as `jitter=` of "noisy-oracle".

    Returns:
        The editor; call it as `editor(image=…, prompt=…).images[0]`, with `sample=` and `seed=` besides where `needs_sample`.

    Raises:
        UnknownNameError: no editor of that name; suggests the nearest.
        NotImplementedError: a Hub model or an endpoint, which this version does not read.
        TypeError: an argument that the editor does not take; names those it takes.

    >>> load_editor("identity").name
    'identity'
    """
    if name.startswith(_FOLDER):
        from gsi_bench_hf.pipelines.folder import FolderEditor

        _check_arguments(name, FolderEditor, {"folder", *kwargs})
        return FolderEditor(name[len(_FOLDER) :], **kwargs)
    if name not in EDITORS and ("/" in name or ":" in name):
        raise NotImplementedError(
            f"editor {name!r} looks like a Hub model or an endpoint; this version of gsi-bench-hf has {', '.join(EDITORS)} and "
            "folder:DIR. Make the images with the model, save them as DIR/<id>.png and use 'folder:DIR'; "
            "or give your own callable instead of a name"
        )
    factory = EDITORS[name].load()
    _check_arguments(name, factory, set(kwargs))
    return factory(**kwargs)


def _check_arguments(name: str, factory: Callable[..., Any], given: set[str]) -> None:
    parameters = inspect.signature(factory).parameters
    unknown = sorted(given - set(parameters))
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        accepted = ", ".join(p for p in parameters if p != "folder") or "no arguments"
        raise TypeError(f"editor {name!r} takes no {', '.join(unknown)}; it takes {accepted}")
