"""Which runs stand in one table, in what order, and how sure their ranks are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from gsi_bench_hf.assess import SCORES
from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.leaderboard.entries import Entry, Samples
from gsi_bench_hf.metrics.uncertainty import bootstrap_means

_RESAMPLES = 2_000
_PROTOCOLS = ("strict", "paper")


@dataclass(frozen=True, eq=False)
class Table:
    """Runs on the same samples of the same data, under one protocol, with locality measured in one way; the best average first."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """Any of the entries: for what they share."""
        return self.entries[0]

    @property
    def whole(self) -> bool:
        """Whether the runs are over the whole subset; true where its size is not known."""
        return self.first.whole in (None, len(self.first.samples.ids))


def make_tables(entries: Sequence[Entry]) -> list[Table]:
    """The tables: whole subsets before parts of them, then in the order of `SUBSETS`, `strict` before `paper`."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(table_key(entry), []).append(entry)
    tables = [Table(tuple(sorted(group, key=_order))) for group in groups.values()]
    return sorted(tables, key=_place)


def table_key(entry: Entry) -> tuple[str, ...]:
    """What the entries of a table share."""
    data = (entry.generator, entry.data_version, entry.data_seed, entry.samples.digest)
    return (entry.subset, entry.protocol, entry.locality, *data)


def _place(table: Table) -> tuple[bool, int, str, int, int]:
    entry, names = table.first, list(SUBSETS)
    subset = names.index(entry.subset) if entry.subset in names else len(names)
    protocol = _PROTOCOLS.index(entry.protocol) if entry.protocol in _PROTOCOLS else len(_PROTOCOLS)
    return (not table.whole, subset, entry.subset, protocol, -len(entry.samples.ids))


def _order(entry: Entry) -> tuple[float, str]:
    value = entry.metrics["average"].value
    return (math.inf if math.isnan(value) else -value, entry.model)


def rank_ranges(samples: Sequence[Samples], *, rng: np.random.Generator) -> list[tuple[int, int] | None]:
    """The 95 % interval of each run's rank by the average: the ranks it has in resamples of the scenes, the same for all runs.

    Args:
        samples: of the runs, all on the same samples.
        rng: draws the scenes.

    Returns:
        (best, worst) rank of each, from 1; None for a run without an average, or where there are not two scenes.
    """
    if not samples:
        return []
    first = samples[0]
    if len(set(first.scenes)) < 2:
        return [None] * len(samples)
    scores = np.concatenate([_aligned(run, first.ids) for run in samples], axis=1)
    means = bootstrap_means(scores, first.scenes, rng=rng, resamples=_RESAMPLES)
    averages = means.reshape(len(means), len(samples), len(SCORES)).mean(axis=2)
    # In a resample that holds none of a run's scored samples, the run comes last.
    known = np.where(np.isnan(averages), -np.inf, averages)
    ranks = scipy.stats.rankdata(-known, method="min", axis=1)
    bounds = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf").astype(int)
    scored = ~np.isnan(averages).all(axis=0)
    return [(int(low), int(high)) if is_known else None for low, high, is_known in zip(*bounds, scored, strict=True)]


def _aligned(run: Samples, ids: Sequence[str]) -> NDArray[np.float64]:
    """(N, 4) the scores in the order of `ids`."""
    place = {sample_id: index for index, sample_id in enumerate(run.ids)}
    return run.scores[[place[sample_id] for sample_id in ids]]


def of_operation(samples: Samples, operation: str | None) -> Samples:
    """The samples of one operation; all of them for None."""
    if operation is None:
        return samples
    kept = [index for index, name in enumerate(samples.operations) if name == operation]
    ids, scenes, operations = (
        tuple(values[i] for i in kept) for values in (samples.ids, samples.scenes, samples.operations)
    )
    return Samples(ids, scenes, operations, samples.scores[kept])
