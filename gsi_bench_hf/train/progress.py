"""The progress bar of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gsi_bench_hf.train.settings import Settings


class TrainProgress:
    """A bar over the steps, with a running loss and images a second.

    Args:
        settings: of the training.
        step: how many steps are done.
        shown: whether this process shows one, where there is a terminal.
    """

    def __init__(self, settings: Settings, step: int, *, shown: bool) -> None:
        self._bar = _bar(settings, shown, desc="train", total=settings.steps, initial=step, unit="step")
        self._loss: float | None = None

    @classmethod
    def encoding(cls, total: int, settings: Settings, *, shown: bool) -> Any:
        """A bar over the pairs that are encoded before the first step."""
        return _bar(settings, shown, desc="encode", total=total, unit="pair")

    def step(self, line: Mapping[str, Any]) -> None:
        """One more step is done."""
        loss = float(line["loss"])
        self._loss = loss if self._loss is None else 0.95 * self._loss + 0.05 * loss
        shown = {"loss": f"{self._loss:.4f}", "images/s": f"{line['images_per_s']:.1f}"}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    def __enter__(self) -> TrainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def _bar(settings: Settings, shown: bool, **arguments: Any) -> Any:
    from tqdm.auto import tqdm

    # None shows it on a terminal only.
    return tqdm(dynamic_ncols=True, disable=None if shown and settings.progress else True, **arguments)
