"""What the five `evaluate` modules share: images and rows in, the facade of `metrics.scoring` in the middle, a plain dict out.

Rows hold images and scenes, so they don't go through Arrow: `compute`, `add` and `add_batch` keep them as they are.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import datasets
import evaluate
import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from gsi_bench_hf import perception
from gsi_bench_hf.data.features import features
from gsi_bench_hf.metrics.scoring import (
    AVERAGE,
    METRICS,
    SampleScore,
    resolve_lpips,
    resolve_protocol,
    score_sample,
    summarise,
    unscorable,
)
from gsi_bench_hf.registry import did_you_mean
from gsi_bench_hf.types import Detector, Judge, Judgement, Protocol_, Sample, UnscorableError, as_image

if TYPE_CHECKING:
    from gsi_bench_hf.metrics.lpips import Lpips

_APPEARANCE = "appearance_consistency"
_NEEDED = ("id", "subset", "scene_id", "operation", "source_image", "target", "edit", "camera")

CITATION = """\
@inproceedings{gsibench2026,
  title = {Exploring Spatial Intelligence from a Generative Perspective},
  booktitle = {CVPR},
  year = {2026},
  note = {arXiv 2604.20570}
}"""
INPUTS = """

Args:
    predictions: edited images, one a row: PIL images, (H, W, 3) uint8 arrays, paths, encoded bytes, `{"bytes", "path"}`,
        or None where an editor gave nothing (counted as unscorable).
    references: the rows of the dataset as `load_dataset("gsi-bench", …)` yields them: a list of dicts, a `Dataset`, or `dataset[:n]`.
    protocol: "auto" (`strict` on sim-* data, `paper` on released data), "strict" or "paper".
    detector: "auto", a name for `gsi_bench_hf.load_detector`, or a detector.
    judge: "auto", a name for `gsi_bench_hf.load_judge`, or a judge.
    lpips: "auto" (required under `paper`, used under `strict` where its weights are on this machine), "published", the path of an
        AlexNet backbone, or None for SSIM alone, which `locality` in the result then says.
    seed: of the bootstrap.
Returns:
    the metric by its name (0..100), `intervals` (95 %, resampled by scene), `by_operation`, `samples`, `counts`, `protocol` and
    `locality`.
"""


@dataclass(frozen=True)
class Options:
    """How `compute` scores; see `INPUTS`."""

    protocol: str = "auto"
    detector: str | Detector = "auto"
    judge: str | Judge = "auto"
    lpips: str | Lpips | None = "auto"
    seed: int = 0


class GsiMetric(evaluate.Metric):  # type: ignore[misc]
    """A module that reports `names`, some of the four metrics and "average"."""

    names: tuple[str, ...] = ()
    description = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._predictions: list[Any] = []
        self._references: list[Any] = []

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=self.description,
            citation=CITATION,
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": datasets.Image(), "references": features()}),
            reference_urls=["https://arxiv.org/abs/2604.20570"],
            license="apache-2.0",
        )

    def compute(self, *, predictions: Any = None, references: Any = None, **options: Any) -> dict[str, Any]:
        """Score `predictions` against `references`, after what `add` and `add_batch` have collected."""
        if predictions is not None or references is not None:
            self.add_batch(predictions=predictions, references=references)
        images, rows = self._predictions, self._references
        self._predictions, self._references = [], []
        return compute(images, rows, self.names, options)

    def add_batch(self, *, predictions: Any = None, references: Any = None, **unknown: Any) -> None:
        """Keep images and rows for `compute`, which takes the options."""
        _refuse(unknown, ("predictions", "references"), "add_batch")
        images, rows = _images(predictions), _rows(references)
        if len(images) != len(rows):
            raise ValueError(f"got {len(images)} predictions and {len(rows)} references, expected one image a row")
        self._predictions += images
        self._references += rows

    def add(self, *, prediction: Any = None, reference: Any = None, **unknown: Any) -> None:
        """Keep one image and its row for `compute`."""
        _refuse(unknown, ("prediction", "reference"), "add")
        self.add_batch(predictions=[prediction], references=[reference])

    def __len__(self) -> int:
        return len(self._references)


def compute(
    images: Sequence[Any], rows: Sequence[Mapping[str, Any]], names: tuple[str, ...], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Score images against rows and report `names`; `arguments` are those of `Options`, the modules' documented ones.

    Raises:
        ValueError: for no images, rows that lack a column, or rows that "auto" would score under different protocols.
        TypeError: for an unknown argument.
    """
    _refuse(arguments, tuple(Options.__dataclass_fields__), "compute")
    options = Options(**arguments)
    if not rows:
        raise ValueError("got no predictions and no references, expected at least one image and its row")
    samples = [Sample(row) for row in rows]
    protocol = _protocol(options.protocol, samples)
    score = _scorer(options, samples[0], protocol, needs_judge=_APPEARANCE in names or protocol == "paper")
    scores = [
        score(sample, image)
        for sample, image in tqdm(zip(samples, images, strict=True), total=len(samples), disable=None, desc="scoring")
    ]
    meta = [{"id": s.id, "operation": s.operation, "scene_id": s.scene_id} for s in samples]
    summary = summarise(scores, meta, protocol=protocol, rng=np.random.default_rng(options.seed))
    return _report(summary, names, [_line(m, s, names) for m, s in zip(meta, scores, strict=True)])


def _report(summary: Mapping[str, Any], names: Sequence[str], lines: list[dict[str, Any]]) -> dict[str, Any]:
    table = summary["metrics"]
    return {
        **{name: table[name]["value"] for name in names},
        "intervals": {name: {key: table[name][key] for key in ("low", "high", "n")} for name in names},
        "by_operation": {
            operation: {name: values[name] for name in names} for operation, values in summary["by_operation"].items()
        },
        "samples": lines,
        **{key: summary[key] for key in ("counts", "protocol", "locality")},
    }


def _line(meta: Mapping[str, Any], score: SampleScore, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(score, name) for name in METRICS}
    values[AVERAGE] = math.fsum(values.values()) / len(METRICS)
    return {
        "id": meta["id"],
        "operation": meta["operation"],
        **{name: values[name] for name in names},
        "reason": score.reason,
    }


def _scorer(
    options: Options, first: Sample, protocol: Protocol_, *, needs_judge: bool
) -> Callable[[Sample, Any], SampleScore]:
    lpips = resolve_lpips(options.lpips, protocol)
    detector, judge = _detector(options.detector, first), _judge(options.judge, first, needs_judge)

    def score(sample: Sample, value: Any) -> SampleScore:
        try:
            edited = _image(value)
            scan = detector.detect(sample, edited)
        except UnscorableError as error:
            return unscorable(str(error))
        judgement = Judgement(None, "not asked for") if judge is None else judge.judge(sample, edited, scan)
        result = score_sample(sample, edited, scan, judgement, protocol=protocol, lpips=lpips)
        return result if judge is not None else _without_appearance(result)

    return score


def _without_appearance(score: SampleScore) -> SampleScore:
    # Nobody asked for a judgement, so its absence is no reason to count the sample as scored in part.
    reason = score.reason if not score.scorable or math.isnan(score.edit_locality) else None
    return SampleScore(
        score.instruction_compliance, score.spatial_accuracy, math.nan, score.edit_locality, reason, score.details
    )


def _detector(detector: str | Detector, sample: Sample) -> Detector:
    if not isinstance(detector, str):
        return detector
    name = perception.default_detector(sample) if detector == "auto" else detector
    return perception.load_detector(name)


def _judge(judge: str | Judge, sample: Sample, needed: bool) -> Judge | None:
    if not isinstance(judge, str):
        return judge
    if judge != "auto":
        return perception.load_judge(judge)
    if not needed:
        return None
    if sample.scene is None:
        raise ValueError(
            f"judge is 'auto', but no judge fits subset {sample.subset!r} by itself: its rows carry no scene; "
            "expected judge= an object from gsi_bench_hf.load_judge, such as the judgements of a file ('cached')"
        )
    return perception.load_judge("render-compare")


def _protocol(protocol: str, samples: Sequence[Sample]) -> Protocol_:
    found = {resolve_protocol(protocol, sample) for sample in samples}
    if len(found) > 1:
        raise ValueError(
            "references hold simulated and released rows, which 'auto' scores under different protocols; "
            "score them apart, or pass protocol='strict' or 'paper'"
        )
    return found.pop()


def _image(value: Any) -> Image.Image:
    if value is None:
        raise UnscorableError("there is no edited image")
    try:
        image = Image.open(value) if isinstance(value, (str, os.PathLike)) else as_image(value)
        assert image is not None
        return image.convert("RGB")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UnscorableError(f"the edited image can't be read: {error}") from error


def _images(predictions: Any) -> list[Any]:
    if predictions is None or isinstance(predictions, (str, bytes, Mapping, Image.Image)):
        raise ValueError(f"predictions is {type(predictions).__name__}, expected a list of images")
    return list(predictions)


def _rows(references: Any) -> list[Mapping[str, Any]]:
    if isinstance(references, Mapping) and isinstance(references.get("id"), (list, tuple)):
        # `dataset[:n]` is a dict of columns.
        references = [dict(zip(references, values, strict=True)) for values in zip(*references.values(), strict=True)]
    if references is None or isinstance(references, (str, bytes, Mapping)):
        raise ValueError(f"references is {type(references).__name__}, expected a list of rows or a Dataset")
    rows = list(references)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise ValueError(f"references[{number}] is {type(row).__name__}, expected a row of the dataset, a dict")
        missing = [name for name in _NEEDED if name not in row]
        if missing:
            raise ValueError(
                f"references[{number}] lacks {', '.join(missing)}, expected a row as load_dataset('gsi-bench', …) yields it"
            )
    return rows


def _refuse(arguments: Mapping[str, Any], known: Sequence[str], function: str) -> None:
    for name in arguments:
        if name not in known:
            hint = did_you_mean(name, known)
            raise TypeError(f"{function} got an unknown argument {name!r}.{hint} Known: {', '.join(known)}")
