"""Scoring a model in training on scenes it does not see, with the real metrics and the ladder beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.ranks import Ranks
from gsi_bench_hf.runner import LADDER, evaluate_editor, run_ladder

if TYPE_CHECKING:
    from accelerate import Accelerator

    from gsi_bench_hf.pipelines.base import Editor


@dataclass(frozen=True)
class Validation:
    """What is scored during a training, and how.

    Attributes:
        rows: whole rows, of scenes that are not trained on.
        ladder: editors that need no weights, scored once on the same rows.
        num_proc: processes that score.
        options: more for `evaluate_editor`: protocol, detector, judge, seed, timeout_s, lpips.
    """

    rows: Sequence[Any]
    ladder: tuple[str, ...] = LADDER
    num_proc: int = 1
    options: dict[str, Any] = field(default_factory=dict)

    def score(self, editor: Editor, folder: Path, step: int, accelerator: Accelerator) -> dict[str, Any]:
        """Score the model as it stands.

        Args:
            editor: the model.
            folder: of all validations; each is a run folder in it, `step-<number>/`, and the ladder's lie in `ladder/`.
            step: how many steps it was trained.
            accelerator: the processes that share the rows.

        Returns:
            "metrics" and "intervals" of the model, 0..100, and "ladder": the metrics by editor.
        """
        ranks = Ranks(accelerator.process_index, accelerator.num_processes)
        shared = {"num_proc": self.num_proc, "progress": False, "ranks": ranks, **self.options}
        rungs = run_ladder(self.rows, out=folder / "ladder", names=self.ladder, **shared) if self.ladder else {}
        results = evaluate_editor(_Named(editor, step), self.rows, out=folder / f"step-{step:08d}", **shared)
        return {
            "metrics": dict(results.metrics),
            "intervals": {name: list(interval) for name, interval in results.intervals.items()},
            "counts": dict(results.counts),
            "ladder": {name: dict(rung.metrics) for name, rung in rungs.items()},
        }


class _Named:
    """An editor under the name of its step; everything else is its own."""

    def __init__(self, editor: Any, step: int) -> None:
        self._editor, self._step = editor, step
        self.name = f"step {step}"
        self.needs_sample = getattr(editor, "needs_sample", False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        own = getattr(self._editor, name)
        return (lambda: {**own(), "name": self.name}) if name == "provenance" else own

    def __call__(self, **arguments: Any) -> Any:
        return self._editor(**arguments)
