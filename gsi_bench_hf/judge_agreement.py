"""How far judges agree: runs on the same edited images, each with another judge, laid beside each other image by image."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_uppercase
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.metrics.agreement import alpha_interval, spearman_interval
from gsi_bench_hf.metrics.uncertainty import Interval
from gsi_bench_hf.results import Results, load_results

Float = NDArray[np.float64]
Item = tuple[str, str]


class NothingInCommonError(ValueError):
    """Runs whose judges did not see the same images; the message says what was seen."""


@dataclass(frozen=True)
class Rater:
    """A judge, and how it went.

    Attributes:
        letter: what the tables call it.
        name: the judge, with its model.
        folder: of its run.
        scored: how many images it gave a score.
        missing: of how many it did not, by kind.
        mean: of its scores, 0..10.
        with_itself: interval alpha between the times it was asked; None where that was once.
        repeats: how often it was asked about an image.
    """

    letter: str
    name: str
    folder: str
    scored: int
    missing: Mapping[str, int]
    mean: float
    with_itself: Interval | None
    repeats: int


@dataclass(frozen=True)
class Pair:
    """Two judges over the images that both scored: rank correlation, interval alpha, and the mean of b − a."""

    a: str
    b: str
    spearman: Interval
    alpha: Interval
    difference: float


@dataclass(frozen=True)
class Agreement:
    """What `compare_judges` found.

    Attributes:
        raters: the judges.
        pairs: every two of them.
        alpha, ordinal: Krippendorff's alpha of all judges, of amounts and of ranks.
        shared: how many edited images at least two runs have.
        alone: how many only one has; they take no part.
        scenes: what the intervals resample.
    """

    raters: Sequence[Rater]
    pairs: Sequence[Pair]
    alpha: Interval
    ordinal: Interval
    shared: int
    alone: int
    scenes: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "shared": self.shared,
            "alone": self.alone,
            "scenes": self.scenes,
            "raters": [{**vars(r), "with_itself": r.with_itself and vars(r.with_itself)} for r in self.raters],
            "pairs": [{**vars(p), "spearman": vars(p.spearman), "alpha": vars(p.alpha)} for p in self.pairs],
            "alpha": vars(self.alpha),
            "ordinal": vars(self.ordinal),
        }

    def __str__(self) -> str:
        left_out = f" ({self.alone} that only one run has left out)" if self.alone else ""
        lines = [
            f"{self.shared} edited images of {self.scenes} scene{'s' * (self.scenes != 1)} in two runs or more{left_out}"
        ]
        lines += [_rater_line(rater) for rater in self.raters]
        lines.append(f"{'':<9}{'Spearman  [95 %]':>24}{'alpha  [95 %]':>24}{'B − A':>9}{'n':>7}")
        for pair in self.pairs:
            difference = "–" if math.isnan(pair.difference) else f"{pair.difference:+.2f}"
            cells = f"{_cell(pair.spearman):>24}{_cell(pair.alpha):>24}{difference:>9}{pair.alpha.n:>7}"
            lines.append(f"{f'{pair.a} and {pair.b}':<9}{cells}")
        lines.append(f"all: Krippendorff's alpha {_cell(self.alpha)} of amounts, {_cell(self.ordinal)} of ranks")
        return "\n".join(lines)


def compare_judges(runs: Sequence[Results | str | os.PathLike[str]], *, seed: int = 0) -> Agreement:
    """Say how far the judges of some runs agree.

    Runs of one editor on the same records have the same edited images if the editor gives the same again; otherwise have those of
    one run judged anew by `gsi-bench score --edited RUN/edited/<subset>`. Only images that are the same pixel by pixel are compared.

    Args:
        runs: finished runs or their folders, each with another judge. One alone is compared with itself, where it asked repeatedly.
        seed: of the resamples.

    Raises:
        NothingInCommonError: no two runs have an edited image in common.
        RunFolderError: a folder holds no finished run.
    """
    loaded = [run if isinstance(run, Results) else load_results(run) for run in runs]
    seen = [_judged(run) for run in loaded]
    counts = Counter(item for items in seen for item in items)
    least = min(2, len(loaded))
    shared = [item for item, count in counts.items() if count >= least]
    if not shared:
        raise NothingInCommonError(
            f"{', '.join(str(run.folder) for run in loaded)} have no edited image in common; expected runs whose judges saw the same "
            "images: judge those of one run again with `gsi-bench score --edited RUN/edited/SUBSET --judge …`"
        )
    scenes = [next(str(items[item]["scene_id"]) for items in seen if item in items) for item in shared]
    table = np.array([[_score(items.get(item)) for item in shared] for items in seen])
    rng = np.random.default_rng(seed)
    letters = [ascii_uppercase[i % 26] * (1 + i // 26) for i in range(len(loaded))]
    raters = [
        _rater(letter, run, [items[item] for item in shared if item in items], rng)
        for letter, run, items in zip(letters, loaded, seen, strict=True)
    ]
    return Agreement(
        raters=raters,
        pairs=[_pair(letters, table, scenes, i, j, rng) for i, j in combinations(range(len(loaded)), 2)],
        alpha=alpha_interval(table, scenes, rng=rng),
        ordinal=alpha_interval(table, scenes, level="ordinal", rng=rng),
        shared=len(shared),
        alone=len(counts) - len(shared),
        scenes=len(set(scenes)),
    )


def _judged(run: Results) -> dict[Item, Mapping[str, Any]]:
    """The samples that were shown to a judge, by id and what was shown."""
    found: dict[Item, Mapping[str, Any]] = {}
    for sample in run.samples:
        if sample.get("judgement") is None or sample["edited"] is None:
            continue
        with Image.open(run.folder / sample["edited"]) as image:
            pixels = hashlib.sha256(repr(image.size).encode() + image.convert("RGB").tobytes()).hexdigest()
        found[str(sample["id"]), pixels] = sample
    return found


def _score(sample: Mapping[str, Any] | None) -> float:
    score = None if sample is None else sample["judgement"]["score"]
    return math.nan if score is None else float(score)


def _rater(letter: str, run: Results, samples: Sequence[Mapping[str, Any]], rng: np.random.Generator) -> Rater:
    judge = run.run["arguments"]["judge"]
    name = judge if isinstance(judge, str) else " ".join(str(judge[k]) for k in ("name", "model") if judge.get(k))
    scores = np.array([_score(sample) for sample in samples])
    known = scores[~np.isnan(scores)]
    missing = Counter(str(s["judgement"].get("kind") or "no reason known") for s in samples if math.isnan(_score(s)))
    times = [[math.nan if v is None else v for v in s["judgement"].get("scores", ())] for s in samples]
    repeats = max(map(len, times), default=0)
    with_itself = None
    if repeats > 1:
        table = np.array([row + [math.nan] * (repeats - len(row)) for row in times], dtype=np.float64).T
        with_itself = alpha_interval(table, [str(s["scene_id"]) for s in samples], rng=rng)
    mean = float(known.mean()) if len(known) else math.nan
    folder = str(run.folder)
    return Rater(letter, name, folder, len(known), dict(missing.most_common()), mean, with_itself, max(1, repeats))


def _pair(
    letters: Sequence[str], table: Float, scenes: Sequence[str], i: int, j: int, rng: np.random.Generator
) -> Pair:
    a, b = table[i], table[j]
    known = ~np.isnan(a + b)
    difference = float((b - a)[known].mean()) if known.any() else math.nan
    ranks = spearman_interval(a, b, scenes, rng=rng)
    return Pair(letters[i], letters[j], ranks, alpha_interval(table[[i, j]], scenes, rng=rng), difference)


def _rater_line(rater: Rater) -> str:
    missing = "".join(f", {kind} {count}" for kind, count in rater.missing.items())
    mean = "" if math.isnan(rater.mean) else f", mean {rater.mean:.2f}"
    itself = (
        "" if rater.with_itself is None else f", alpha with itself {_cell(rater.with_itself)}, {rater.repeats} times"
    )
    return f"{rater.letter}: {rater.name} ({rater.folder}): {rater.scored} scored{missing}{mean}{itself}"


def _cell(interval: Interval) -> str:
    if math.isnan(interval.value):
        return "–"
    shown = f"{interval.value:.2f}"
    return shown if math.isnan(interval.low) else f"{shown} [{interval.low:.2f}, {interval.high:.2f}]"
