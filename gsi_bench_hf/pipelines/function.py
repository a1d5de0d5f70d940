"""A function as an editor, and `python:module:function`."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from gsi_bench_hf.pipelines.provenance import named, plain


class _Images(NamedTuple):
    """An answer with `.images`; arrays among them are looked at by the run."""

    images: tuple[Any, ...]


class FunctionEditor:
    """Calls a function that takes `image` and `prompt`, and what else it likes of `generator`, `sample` and `seed`.

    Args:
        function: returns an image (PIL, NumPy), or an object with `.images` as a pipeline does.
        name: what reports call it; the function's own name by default.
        arguments: given to every call.

    Raises:
        TypeError: it takes no image or no prompt, or not the arguments.
    """

    def __init__(
        self, function: Callable[..., Any], *, name: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> None:
        self.function = function
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self.arguments = dict(arguments or {})
        parameters = inspect.signature(function).parameters
        self._all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        self._names = set(parameters)
        missing = [n for n in ("image", "prompt", *self.arguments) if n not in self._names and not self._all]
        if missing:
            raise TypeError(
                f"{self.name} takes {', '.join(parameters) or 'nothing'}, and no {', '.join(missing)}; expected a function that is "
                "called as function(image=PIL image, prompt=str) and returns an image"
            )
        self.needs_sample = bool(getattr(function, "needs_sample", "sample" in self._names))

    def __call__(self, *, image: Any, prompt: Any, **kwargs: Any) -> Any:
        """The function's answer, as an object with `.images`."""
        passed = {k: v for k, v in kwargs.items() if k in self._names or self._all}
        output = self.function(image=image, prompt=prompt, **{**self.arguments, **passed})
        return _Images((output,)) if isinstance(output, (Image.Image, np.ndarray)) else output

    def provenance(self) -> dict[str, Any]:
        """The function's name, a digest of the file it stands in, and its arguments."""
        told = {"name": self.name, "function": named(self.function), "arguments": plain(self.arguments)}
        try:
            file = inspect.getsourcefile(inspect.unwrap(self.function))
        except TypeError:
            file = None
        if file is not None and Path(file).is_file():
            told["source_sha256"] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        return told


def from_python(name: str, **kwargs: Any) -> Any:
    """The editor of `python:module:object`.

    A class is made an object of with `kwargs`, which is the editor; a function is the editor, called with `kwargs` besides.
    """
    found = import_object(name.partition(":")[2])
    if isinstance(found, type):
        return found(**kwargs)
    if not callable(found):
        raise TypeError(f"editor {name!r} is {type(found).__name__}, expected a function or a class")
    if inspect.isfunction(found) or kwargs:
        return FunctionEditor(found, name=name, arguments=kwargs)
    return found


def import_object(path: str) -> Any:
    """What "module:name" stands for.

    Raises:
        ValueError: it is not written so.
        ImportError: no such module, or no such name in it.
    """
    module, _, name = path.partition(":")
    if not module or not name:
        raise ValueError(f"{path!r} is not of the form module:function, such as my_package.editors:edit")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"{path!r} can't be imported ({error}); it has to be on Python's path: set PYTHONPATH"
        ) from error
    return found
