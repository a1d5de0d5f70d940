"""Edits need neither torchvision nor ftfy: where one is missing, transformers and diffusers are told to do without it.

- Processors of vision-language models load a video half, which needs torchvision, though no editor gives them a video. Their image
  half has a PIL back end already.
- OmniGen's own processor uses four of torchvision's transforms.
- ChronoEdit mends broken Unicode with ftfy; instructions in ASCII have none.

Where the packages are there, nothing is touched.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image

_VIDEO = "video_processor"
_MARK = "_gsi_without_video"


def do_without_missing() -> tuple[str, ...]:
    """Make pipelines load without these packages; done once, and for good. Returns the names of those that are missing."""
    missing = tuple(name for name in ("torchvision", "ftfy") if importlib.util.find_spec(name) is None)
    if "torchvision" in missing:
        _without_videos()
        _without_transforms()
    if "ftfy" in missing:
        chronoedit = _module("chronoedit.pipeline_chronoedit")
        if chronoedit is not None and not hasattr(chronoedit, "ftfy"):
            chronoedit.ftfy = Unicode
    return missing


def _without_videos() -> None:
    mixin: Any = import_module("transformers.processing_utils").ProcessorMixin
    if hasattr(mixin, _MARK) or not hasattr(mixin, "get_attributes"):
        return  # older ones look for the video half in another way
    attributes = mixin.get_attributes.__func__
    mixin.get_attributes = classmethod(lambda cls: [name for name in attributes(cls) if name != _VIDEO])
    setattr(mixin, _MARK, True)


def _without_transforms() -> None:
    processor, pipeline = _module("omnigen.processor_omnigen"), _module("omnigen.pipeline_omnigen")
    if processor is not None and not hasattr(processor, "transforms"):
        processor.transforms = Transforms
        pipeline.OmniGenMultiModalProcessor = processor.OmniGenMultiModalProcessor


def _module(name: str) -> Any:
    """A module of diffusers' pipelines; None in a version without it."""
    try:
        return import_module(f"diffusers.pipelines.{name}")
    except ImportError:
        return None


class Unicode:
    """Stands in for ftfy."""

    @staticmethod
    def fix_text(text: str) -> str:
        """The text as it is. Raises ImportError for one that is not ASCII, which ftfy might change."""
        if not text.isascii():
            raise ImportError(
                f"the prompt {text[:40]!r} is not ASCII, and its pipeline needs ftfy for that; pip install ftfy"
            )
        return text


class Transforms:
    """The four of `torchvision.transforms` that OmniGen uses."""

    @staticmethod
    def Compose(steps: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:  # noqa: N802 - torchvision's names
        """One step after another."""

        def composed(value: Any) -> Any:
            for step in steps:
                value = step(value)
            return value

        return composed

    @staticmethod
    def Lambda(function: Callable[[Any], Any]) -> Callable[[Any], Any]:  # noqa: N802
        """A function as a step."""
        return function

    @staticmethod
    def ToTensor() -> Callable[[Image.Image], Any]:  # noqa: N802
        """An RGB image as a (3, H, W) float32 tensor, 0..1."""
        import torch

        return lambda image: torch.from_numpy(np.asarray(image.convert("RGB")).copy()).permute(2, 0, 1) / 255.0

    @staticmethod
    def Normalize(mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Callable[[Any], Any]:  # noqa: N802
        """(value - mean) / std, channel by channel."""
        import torch

        return lambda tensor: (tensor - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
