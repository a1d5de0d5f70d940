"""Run something when a module is imported, without importing it ourselves.

`datasets` and `evaluate` take seconds to import and pull in torch where it is installed; the hooks that make `gsi-bench` and `gsi_*`
known to them wait here until a user imports them.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Callback = Callable[[ModuleType], None]


def when_imported(module_name: str, callback: Callback) -> None:
    """Call `callback(module)` once `module_name` is imported: now if it is already, else right after its code has run.

    The callback runs again after `importlib.reload`, so it must be harmless when it is called twice.

    Args:
        module_name: full dotted name, "datasets.load".
        callback: is given the module. What it raises comes out of the import statement.
    """
    _FINDER.callbacks.setdefault(module_name, []).append(callback)
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    module = sys.modules.get(module_name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        callback(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the other finders find a watched module, and has its loader call back after the module's code has run."""

    def __init__(self) -> None:
        self.callbacks: dict[str, list[Callback]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.callbacks:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    self._call_back_after(spec.loader, fullname)
                return spec
        return None

    def _call_back_after(self, loader: Any, fullname: str) -> None:
        # The loader is a fresh object of this one import. Setting its attribute, rather than wrapping it, keeps its type and thereby
        # whatever else (`inspect`, `importlib.resources`) asks of a loader.
        exec_module = loader.exec_module

        def exec_then_call_back(module: ModuleType) -> None:
            exec_module(module)
            for callback in self.callbacks[fullname]:
                callback(module)

        loader.exec_module = exec_then_call_back


_FINDER = _Finder()
