"""What a pipeline's `__call__` takes."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from gsi_bench_hf.registry import did_you_mean


def parameters_of(pipeline: Any) -> Mapping[str, inspect.Parameter]:
    """The named parameters of a pipeline's (or a pipeline class's) `__call__`; what only `**kwargs` would take is not among them."""
    of_class = pipeline if isinstance(pipeline, type) else type(pipeline)
    parameters = inspect.signature(of_class.__call__).parameters
    return {
        name: p for name, p in parameters.items() if name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


def check_arguments(what: str, given: Iterable[str], accepted: Iterable[str], reserved: Iterable[str]) -> None:
    """Raise TypeError naming the first of `given` that can't be passed on, and what can."""
    allowed = sorted(set(accepted) - set(reserved))
    for name in given:
        if name in reserved:
            raise TypeError(f"{what}: {name} is given by the run itself; leave it out")
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise TypeError(f"{what} takes no {name}.{hint} It takes {', '.join(allowed)}")
