"""How the training loop trains the tiny editor."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.pipelines.diffusers_editor import GSIEditPipeline
from gsi_bench_hf.pipelines.source import is_folder
from gsi_bench_hf.train.recipe import Making, Pair
from gsi_bench_hf.train.tiny.network import TinyEditNetwork
from gsi_bench_hf.train.tiny.pipeline import TinyEditPipeline, shrunk
from gsi_bench_hf.train.tiny.teaching import Lesson, loss_of, varied
from gsi_bench_hf.train.tiny.tokens import PADDING, tokenize
from gsi_bench_hf.types import Sample

Tensors = dict[str, torch.Tensor]
_diffusers: Any = import_module("diffusers")


class TinyRecipe:
    """Trains the tiny editor, from nothing or from one that was saved.

    Arguments: `channels`, of its three levels, and `precision`, "bfloat16" or "float32", of the forward pass.

    Args:
        making: `model` is "tiny", or a folder or repository.
    """

    def __init__(self, making: Making) -> None:
        if making.model == "tiny":
            torch.manual_seed(making.seed)
            own = {} if not making.resolution or not making.resolution.pixels else {"pixels": making.resolution.pixels}
            network = TinyEditNetwork(channels=tuple(making.arguments["channels"]), **own)
            self.pipeline: Any = TinyEditPipeline(network, _diffusers.FlowMatchEulerDiscreteScheduler())
        else:
            at = {} if is_folder(making.model) else {"revision": making.revision}
            self.pipeline = TinyEditPipeline.from_pretrained(making.model, **at)
        self.pipeline.to(making.device)
        self.pipeline.set_progress_bar_config(disable=True)
        self.module: Any = self.pipeline.unet.to(memory_format=torch.channels_last).requires_grad_(True)
        # On a CPU it is several times as fast where there are instructions for it, and no slower where not.
        self._autocast = making.arguments["precision"] == "bfloat16"

    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> Tensors:
        """Images of (width, height) as bytes, tokens, and where the target is."""
        config = self.module.config
        tokens, values = tokenize([p.instruction for p in pairs], vocabulary=config.vocabulary, length=config.length)
        longest = int((tokens != PADDING).sum(1).max(initial=1))
        masks = [_target_masks(p) for p in pairs]
        return {
            "source": _bytes([shrunk(p.source, size) for p in pairs]),
            "edited": _bytes([shrunk(p.target, size) for p in pairs]),
            "tokens": torch.from_numpy(tokens[:, :longest]),
            "values": torch.from_numpy(values[:, :longest]),
            "before": _masks([before for before, _ in masks], size),
            "after": _masks([after for _, after in masks], size),
            "told": torch.tensor([float(before is not None and after is not None) for before, after in masks]),
        }

    def loss(self, encoded: Tensors, generator: torch.Generator) -> torch.Tensor:
        """The flow's loss, and that of the layers."""
        images = {name: encoded[name].float() / 127.5 - 1 for name in ("source", "edited")}
        masks = {name: encoded[name].float() / 255 for name in ("before", "after")}
        rest = {name: encoded[name] for name in ("tokens", "values", "told")}
        lesson = varied(Lesson(**images, **masks, **rest), self.module.config.vocabulary, generator)
        device = lesson.source.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self._autocast or torch.is_autocast_enabled(device)):
            parts = loss_of(self.module, lesson, generator)
        return torch.stack([part.float() for part in parts.values()]).sum()

    def save(self, folder: Path) -> None:
        """The pipeline."""
        self.pipeline.save_pretrained(folder, safe_serialization=True)

    def editor(self) -> Any:
        """The pipeline as it stands, at the sizes it is trained at."""
        return GSIEditPipeline(self.pipeline, name="tiny")


def _target_masks(pair: Pair) -> tuple[Image.Image | None, Image.Image | None]:
    """Where the target is before and after; nothing where the record doesn't say, or the edit is not about a target."""
    if not pair.row or Sample(pair.row).operation == "view":
        return None, None
    sample = Sample(pair.row)
    number = next(
        (i for i, o in enumerate(sample.row.get("objects") or [], 1) if o["instance_id"] == sample.target_id), None
    )
    if sample.target_mask is None or sample.target_segmentation is None or number is None:
        return None, None
    after = sample.target_segmentation == number
    return _grey(sample.target_mask), _grey(after)


def _grey(mask: NDArray[np.bool_]) -> Image.Image:
    return Image.fromarray(mask.astype(np.uint8) * np.uint8(255))


def _bytes(images: Sequence[Image.Image]) -> torch.Tensor:
    return torch.from_numpy(np.stack([np.asarray(image) for image in images])).permute(0, 3, 1, 2).contiguous()


def _masks(masks: Sequence[Image.Image | None], size: tuple[int, int]) -> torch.Tensor:
    """(N, 1, H, W) uint8, 0 where there is none."""
    small = [
        np.zeros(size[::-1], np.uint8) if m is None else np.asarray(m.resize(size, Image.Resampling.BOX)) for m in masks
    ]
    return torch.from_numpy(np.stack(small))[:, None]
