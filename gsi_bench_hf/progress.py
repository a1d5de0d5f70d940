"""The progress bar of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gsi_bench_hf.results import SHORT


class Progress:
    """A progress bar with the running means of what was scored."""

    def __init__(self, name: str, total: int | None, *, shown: bool) -> None:
        from tqdm.auto import tqdm

        # None shows it on a terminal only.
        self._bar = tqdm(total=total, desc=name, unit="sample", dynamic_ncols=True, disable=None if shown else True)
        self._sums = dict.fromkeys(("instruction_compliance", "spatial_accuracy"), 0.0)
        self._scored = self._failed = 0

    def step(self, record: Mapping[str, Any]) -> None:
        """One more sample is done."""
        scores = record["scores"]
        if all(scores[name] is not None for name in self._sums):
            self._scored += 1
            for name in self._sums:
                self._sums[name] += scores[name]
        self._failed += record["status"] == "failed"
        means = {SHORT[name]: f"{total / max(1, self._scored):.0f}" for name, total in self._sums.items()}
        self._bar.set_postfix(means | ({"failed": self._failed} if self._failed else {}), refresh=False)
        self._bar.update()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
