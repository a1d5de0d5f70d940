"""GSI-Bench for Hugging Face: measure, in 3D, whether image-editing models understand space.

Importing this package registers `gsi-bench` with `datasets.load_dataset` and the `gsi_*` metrics with `evaluate.load`.

The public names:

- `evaluate_editor`: score an editor on a data set, into a run folder that can be resumed.
- `load_results`: read a run folder; `compare_runs`: two of them, sample by sample.
- `aggregate_official`, `export_run`: the released evaluator's files, summed up and written.
- `load_editor`, `load_detector`, `load_judge`: by name.
- `build`: write a data set as a folder of Parquet that `load_dataset` reads.
- `hub.model_card`: a run as a model card; `hub.push_dataset`, `hub.push_model`, `hub.push_results`, `hub.pull`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gsi_bench_hf import registration, registration_evaluate

if TYPE_CHECKING:
    from gsi_bench_hf.comparison import compare_runs
    from gsi_bench_hf.data.repo import build
    from gsi_bench_hf.official import aggregate_official, export_run
    from gsi_bench_hf.perception import load_detector, load_judge
    from gsi_bench_hf.pipelines import load_editor
    from gsi_bench_hf.results import Results, load_results
    from gsi_bench_hf.runner import evaluate_editor

__version__ = "0.1.0"
__all__ = [
    "Results",
    "aggregate_official",
    "build",
    "compare_runs",
    "evaluate_editor",
    "export_run",
    "load_detector",
    "load_editor",
    "load_judge",
    "load_results",
]

# Where each public name lives; loaded on first use, so that the import stays light.
_HOMES = {
    "Results": "results",
    "aggregate_official": "official",
    "build": "data.repo",
    "compare_runs": "comparison",
    "evaluate_editor": "runner",
    "export_run": "official",
    "load_detector": "perception",
    "load_editor": "pipelines",
    "load_judge": "perception",
    "load_results": "results",
}


def __getattr__(name: str) -> Any:
    if name == "hub":
        return importlib.import_module(f"{__name__}.hub")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


registration.install()
registration_evaluate.install()
