"""The hook behind `evaluate.load("gsi_…")`.

`evaluate.load` looks names up through `evaluate.loading.evaluation_module_factory`, which asks the Hub. Ours answers the five names
with the scripts that come with this package, before anything asks the network, and hands every other name on. Nothing is imported
until a user imports `evaluate`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from gsi_bench_hf._on_import import when_imported
from gsi_bench_hf._shipped import shipped

MODULES = (
    "gsi_instruction_compliance",
    "gsi_spatial_accuracy",
    "gsi_appearance_consistency",
    "gsi_edit_locality",
    "gsi_bench",
)
_MARK = "_gsi_bench_hook"


def install() -> None:
    """Make `evaluate` know the five modules: now if it is imported, else when it is. Harmless when called twice."""
    when_imported("evaluate.loading", _hook)
    # These copy the function at import: they have ours already, unless they were imported before this package.
    when_imported("evaluate.inspect", _share)
    when_imported("evaluate.evaluation_suite", _share)


def script(name: str) -> Path:
    """The script of one of the five modules: in the installed package, or in `metrics/` of a checkout.

    Raises:
        FileNotFoundError: when neither is there.
    """
    return shipped(f"the evaluate module {name!r}", "_evaluate_modules", "metrics", f"{name}/{name}.py")


def _hook(loading: ModuleType) -> None:
    if not hasattr(loading.evaluation_module_factory, _MARK):
        loading.evaluation_module_factory = _answering(loading.evaluation_module_factory)  # type: ignore[attr-defined]


def _share(module: ModuleType) -> None:
    module.evaluation_module_factory = sys.modules["evaluate.loading"].evaluation_module_factory  # type: ignore[attr-defined]


def _answering(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def evaluation_module_factory(path: Any, *args: Any, **kwargs: Any) -> Any:
        return original(str(script(path)) if path in MODULES else path, *args, **kwargs)

    setattr(evaluation_module_factory, _MARK, True)
    return evaluation_module_factory
