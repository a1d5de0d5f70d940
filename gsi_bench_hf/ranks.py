"""Several processes that share one run, as `accelerate launch`, `torchrun` and `mpirun` begin them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from gsi_bench_hf.editing import describe

_SIZES = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
_NUMBERS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK")
_PATIENCE = timedelta(days=30)
"""A process that has done its share waits for the others' as long as they live."""


class OtherRankError(Exception):
    """Another process of the run can't go on; the message is its own."""


@dataclass(frozen=True)
class Ranks:
    """A process among those that share a run; `Ranks()` is one on its own, and waits for nobody.

    Attributes:
        rank: its number.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def of_environment(cls) -> Ranks:
        """As the launcher says it: accelerate and torchrun, or MPI, by which accelerate launches on CPUs; without one, alone.

        A process among several also gets the GPU of its number on its machine, for "cuda" to mean that one.
        """
        count, rank = _number(_SIZES), _number(_NUMBERS)
        if count is None or rank is None or count == 1:
            return cls()
        import torch

        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        return cls(rank, count)

    def does(self, block: int) -> bool:
        """Whether a block of samples is this one's to do."""
        return block % self.count == self.rank

    @contextmanager
    def together(self) -> Iterator[None]:
        """All do what is in here, and go on when all have done it.

        Raises:
            OtherRankError: another one failed in here.
        """
        try:
            yield
        except Exception as error:
            self._exchange(describe(error))
            raise
        self._exchange(None)

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """The first does what is in here, then the others do; all go on when all have done it.

        Raises:
            OtherRankError: another one failed in here.
        """
        if self.rank > 0:
            self._exchange(None)
        with self.together():
            yield
        if self.rank == 0:
            self._exchange(None)

    def _exchange(self, failure: str | None) -> None:
        if self.count == 1:
            return
        import torch.distributed

        heard: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(heard, failure, group=_group(self))
        for rank, what in enumerate(heard):
            if what is not None and rank != self.rank and failure is None:
                raise OtherRankError(f"process {rank} of the run stopped: {what}")


def _number(names: tuple[str, ...]) -> int | None:
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdigit()), None)


@cache
def _group(ranks: Ranks) -> Any:
    """What the processes talk through: of their own, since a user's may have a back end that needs GPUs, and less patience."""
    import torch.distributed

    if not torch.distributed.is_initialized():
        # Where they meet, as accelerate has it: MPI does not say.
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29500")
        torch.distributed.init_process_group("gloo", timeout=_PATIENCE, rank=ranks.rank, world_size=ranks.count)
    return torch.distributed.new_group(backend="gloo", timeout=_PATIENCE)
