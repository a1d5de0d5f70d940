"""A run as a leaderboard has it: what was run on what, its scores with intervals, and every sample's."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.assess import SCORES
from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.durable import plain
from gsi_bench_hf.metrics.uncertainty import column_means
from gsi_bench_hf.model_card.how import public
from gsi_bench_hf.model_card.metadata import checkpoint_of
from gsi_bench_hf.results import METRICS
from gsi_bench_hf.types import is_simulated

_TOLERANCE = 0.01
_LONGEST = 120


class LeaderboardError(ValueError):
    """What was given makes no leaderboard; the message says why and what was expected."""


@dataclass(frozen=True)
class Score:
    """A mean of 0..100 with its 95 % interval over `n` samples; NaN where it is not known."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, eq=False)
class Samples:
    """The scores of a run's samples, in the order of the dataset.

    Attributes:
        ids, scenes, operations: of each sample.
        scores: (N, 4) in the order of `SCORES`, 0..100; NaN where there is none.
    """

    ids: tuple[str, ...]
    scenes: tuple[str, ...]
    operations: tuple[str, ...]
    scores: NDArray[np.float64]

    @property
    def digest(self) -> str:
        """Names the set of samples, whatever their order."""
        return hashlib.sha256("\n".join(sorted(self.ids)).encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Entry:
    """One run. Texts are public: of a path on somebody's machine only the last part is in them.

    Attributes:
        model: what the row is called: a Hub repository where the editor has one, and its name otherwise.
        checkpoint: that repository; None for any other editor.
        revision, lora: of the weights; empty where there are none.
        settings: what the editor was called with, in short.
        weightless: whether it is an editor of the ladder.
        subset, protocol, locality: of the scores; numbers that differ in one of these don't stand in one table.
        generator, data_version, data_seed: of the rows.
        detector, judge: their names, with their arguments where they have any.
        failed: how many samples have no score; they take no part in the means.
        date: of the run, ISO 8601.
        version: of gsi-bench-hf.
        source: the results dataset that the run was read from; empty for a folder.
        metrics: by name, the four and "average".
        by_operation: operation to the same.
    """

    model: str
    checkpoint: str | None
    revision: str
    lora: str
    settings: str
    weightless: bool
    subset: str
    protocol: str
    locality: str
    generator: str
    data_version: str
    data_seed: str
    detector: str
    judge: str
    failed: int
    date: str
    version: str
    metrics: Mapping[str, Score]
    by_operation: Mapping[str, Mapping[str, Score]]
    samples: Samples = field(repr=False)
    source: str = ""

    @property
    def benchmark(self) -> str:
        """What a score of it is called."""
        return "GSI-Sim" if is_simulated(self.subset) else "GSI-Bench"

    @property
    def whole(self) -> int | None:
        """How many samples the subset has; None for one that is not ours."""
        return SUBSETS[self.subset].num_rows if self.subset in SUBSETS else None

    @property
    def run(self) -> str:
        """Names the run: the same for a run folder and for its copy on the Hub."""
        scores = [None if math.isnan(v) else round(float(v), 6) for v in self.samples.scores.ravel()]
        what = [self.model, self.subset, self.protocol, self.settings, self.date, self.samples.ids, scores]
        return hashlib.sha256(json.dumps(plain(what)).encode()).hexdigest()[:16]


def make_entry(
    run: Mapping[str, Any], document: Mapping[str, Any], samples: Samples, *, where: str, source: str = ""
) -> Entry:
    """The entry of a run.

    Args:
        run: the content of `run.json`.
        document: the content of `results.json`.
        samples: of the run.
        where: it lies, for errors.
        source: the results dataset it is from, if any.

    Raises:
        LeaderboardError: the files are not those of a run, or the results are not what the samples come to.
    """
    from gsi_bench_hf.runner import LADDER

    try:
        arguments = run["arguments"]
        editor, dataset = arguments["editor"], arguments["dataset"]
        entry = Entry(
            model=_model(editor),
            checkpoint=checkpoint_of(editor),
            revision=str(editor.get("revision") or ""),
            lora=", ".join(public(str(lora["source"])) for lora in editor.get("lora") or ()),
            settings=_settings(run),
            weightless=editor["name"] in LADDER,
            subset=str(dataset["subset"]),
            protocol=str(document["protocol"]),
            locality=str(document["locality"]),
            **{key: _text(dataset.get(name)) for key, name in _DATA.items()},
            detector=_tool(arguments["detector"]),
            judge=_tool(arguments["judge"]),
            failed=int(document["counts"]["failed"]),
            date=str(run.get("created") or ""),
            version=_text(arguments.get("gsi-bench-hf")),
            metrics=_scores(document["metrics"]),
            by_operation={str(name): _scores(values) for name, values in document["by_operation"].items()},
            samples=samples,
            source=source,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LeaderboardError(
            f"{where}: run.json or results.json is not that of a run ({type(error).__name__}: {error}); "
            "expected a folder that `gsi-bench run` finished"
        ) from error
    check_means(entry, where)
    return entry


_DATA = {"generator": "generator", "data_version": "version", "data_seed": "seed"}


def check_means(entry: Entry, where: str) -> None:
    """Check that the means are those of the samples, so that no number enters a table that nothing bears out.

    Raises:
        LeaderboardError: they are not; `where` is named.
    """
    found = [float(mean) for mean in column_means(entry.samples.scores)]
    for name, mean in zip(METRICS, [*found, sum(found) / len(found)], strict=True):
        said = entry.metrics[name].value
        if math.isnan(said) != math.isnan(mean) or abs(said - mean) > _TOLERANCE:
            raise LeaderboardError(
                f"{where}: {name} of {entry.model!r} is said to be {said:.2f} and its samples come to {mean:.2f}; "
                "expected the same: run the command of the run again, which makes its results anew"
            )


def _model(editor: Mapping[str, Any]) -> str:
    return _short(checkpoint_of(editor) or public(str(editor.get("model") or editor["name"])))


def _settings(run: Mapping[str, Any]) -> str:
    """The editor's arguments and the seed, where they say anything."""
    from gsi_bench_hf.model_card.how import editor_arguments

    said = ("model", "lora", "revision")
    parts = [
        f"{name} {value}"
        for name, value in editor_arguments(run).items()
        if name not in said and isinstance(value, (str, int, float))
    ]
    seed = run["arguments"].get("seed")
    return _short(", ".join([*parts, *([f"seed {seed}"] if seed else [])]))


def _tool(tool: Any) -> str:
    """A detector or a judge as its name, with its arguments where it has any."""
    if not isinstance(tool, Mapping):
        return public(str(tool))
    given = ", ".join(f"{name} {value}" for name, value in (tool.get("arguments") or {}).items() if name != "sha256")
    return _short(public(f"{tool['name']} ({given})" if given else str(tool["name"])))


def _scores(table: Mapping[str, Mapping[str, Any]]) -> dict[str, Score]:
    return {name: make_score(table[name]) for name in METRICS}


def make_score(parts: Mapping[str, Any]) -> Score:
    """The score of a mapping with `value`, `low`, `high` (None where unknown) and `n`."""
    value, low, high = (_number(parts[name]) for name in ("value", "low", "high"))
    return Score(value, low, high, int(parts["n"]))


def make_samples(lines: Sequence[Mapping[str, Any]]) -> Samples:
    """The samples of records with `id`, `scene_id`, `operation` and `scores`."""
    scores = [[_number(line["scores"][name]) for name in SCORES] for line in lines]
    return Samples(
        tuple(str(line["id"]) for line in lines),
        tuple(str(line["scene_id"]) for line in lines),
        tuple(str(line["operation"]) for line in lines),
        np.array(scores, dtype=np.float64).reshape(len(lines), len(SCORES)),
    )


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]} …"
