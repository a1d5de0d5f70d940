"""The hook behind `load_dataset("gsi-bench", …)`.

Every name goes through `datasets.load.dataset_module_factory`. Ours answers "gsi-bench" with the builder of this package, before
anything asks the network, and hands every other name on. Nothing is imported until a user imports `datasets`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from gsi_bench_hf._on_import import when_imported

_NAME = "gsi-bench"
_MARK = "_gsi_bench_hook"


def install() -> None:
    """Make `datasets` know "gsi-bench": now if it is imported, else when it is. Harmless when called twice."""
    when_imported("datasets.load", _hook)
    # `datasets.inspect` copies the function at import: it has ours already, unless it was imported before this package.
    when_imported("datasets.inspect", _share)


def _hook(load: ModuleType) -> None:
    if not hasattr(load.dataset_module_factory, _MARK):
        load.dataset_module_factory = _answering(load.dataset_module_factory)  # type: ignore[attr-defined]


def _share(inspect: ModuleType) -> None:
    inspect.dataset_module_factory = sys.modules["datasets.load"].dataset_module_factory  # type: ignore[attr-defined]


def _answering(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def dataset_module_factory(path: Any, *args: Any, **kwargs: Any) -> Any:
        return _module() if path == _NAME else original(path, *args, **kwargs)

    setattr(dataset_module_factory, _MARK, True)
    return dataset_module_factory


def _module() -> Any:
    from datasets.load import DatasetModule

    from gsi_bench_hf.data import builder

    return DatasetModule(builder.__name__, builder.cache_hash(), {"dataset_name": _NAME})
