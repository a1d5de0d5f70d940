"""What the form's buttons do: an edit of a simulated config is rendered, and an image is scored as that edit."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from PIL import Image

from gsi_bench_hf.assess import end_with_parent
from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.types import Sample, is_simulated

CONFIGS = tuple(name for name in SUBSETS if is_simulated(name) and SUBSETS[name].split == "test")
"""The configs whose edits can be asked for: those that are rendered here, with a test split."""
_ROWS_KEPT = 64


@dataclass(frozen=True, eq=False)
class Asked:
    """An edit that is asked for.

    Attributes:
        row: of the dataset.
        instruction: what an editor is told.
        source, target: the image before, and a perfect edit.
    """

    row: Mapping[str, Any]
    instruction: str
    source: Image.Image
    target: Image.Image


@dataclass(frozen=True)
class Verdict:
    """The scores of one image.

    Attributes:
        values: by metric, 0..100; NaN where it could not be scored.
        reason: why something is NaN; empty where nothing is.
        protocol, locality: of the scores.
    """

    values: Mapping[str, float]
    reason: str
    protocol: str
    locality: str


def show(config: str, number: int, seed: int = 0) -> Asked:
    """The edit `number` of a config, as `load_dataset("gsi-bench", config, seed=seed)` has it.

    Raises:
        ValueError: no such config, or no such edit of it.
    """
    if config not in CONFIGS:
        raise ValueError(f"the config is {config!r}, expected {', '.join(CONFIGS)}")
    for name, value, most in (("number", number, SUBSETS[config].num_rows - 1), ("seed", seed, 2**31)):
        if isinstance(value, bool) or value is None or int(value) != value or not 0 <= value <= most:
            raise ValueError(f"the {name} is {value!r}, expected a whole number from 0 to {most}")
    row = _renderer().submit(_row, config, int(number), int(seed)).result()
    sample = Sample(row)
    assert sample.target_image is not None, "simulated rows have one"
    return Asked(row, sample.instruction, sample.source_image, sample.target_image)


def score(metric: str, edit: Asked, edited: Image.Image | None) -> Verdict:
    """The scores of an image as an edit.

    Args:
        metric: name of the `evaluate` module.
        edit: what was asked for.
        edited: what came out.

    Raises:
        ValueError: there is no image.
    """
    if edited is None:
        raise ValueError("there is no edited image; expected the image above after the edit, as your model made it")
    return _renderer().submit(_score, metric, edit.row, edited).result()


@functools.cache
def _renderer() -> ProcessPoolExecutor:
    """A process of its own: OpenGL belongs to the thread that began with it, and a form calls from any."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=end_with_parent)


@functools.lru_cache(_ROWS_KEPT)
def _row(config: str, number: int, seed: int) -> dict[str, Any]:
    from gsi_bench_hf.synth.generate import generate_rows
    from gsi_bench_hf.synth.render import shared_renderer

    generator = SUBSETS[config].generator
    assert generator is not None, "simulated configs have one"
    rows = generate_rows(generator, seed=seed, start=number, stop=number + 1, renderer=shared_renderer("mujoco"))
    return next(rows)


def _score(metric: str, row: Mapping[str, Any], edited: Image.Image) -> Verdict:
    module = _module(metric)
    result = module.compute(predictions=[edited], references=[row])
    (line,) = result["samples"]
    values = {name: float(line[name]) for name in module.names}
    return Verdict(values, line["reason"] or "", result["protocol"], result["locality"])


@functools.cache
def _module(name: str) -> Any:
    import evaluate

    from gsi_bench_hf import registration_evaluate

    registration_evaluate.install()
    return evaluate.load(str(registration_evaluate.script(name)))
