"""A recipe small enough for hundreds of steps: one convolution with dropout on 16 px images, the instruction's length beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tiny
import torch
from PIL import Image
from safetensors.torch import save_file

from gsi_bench_hf.pipelines.resolution import Resolution
from gsi_bench_hf.train.recipe import Pair
from gsi_bench_hf.train.settings import Settings

RESOLUTION = Resolution(multiple=16, pixels=16 * 16)


class ToyRecipe:
    """Adds what a convolution says of the source, and learns to give the target."""

    def __init__(self, seed: int = 0, dropout: float = 0.25) -> None:
        torch.manual_seed(seed)
        self.module = torch.nn.Sequential(
            torch.nn.Conv2d(4, 8, 3, padding=1),
            torch.nn.BatchNorm2d(8),
            torch.nn.Dropout(dropout),
            torch.nn.Conv2d(8, 3, 3, padding=1),
        )
        self.encoded_ids: list[str] = []

    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> dict[str, torch.Tensor]:
        self.encoded_ids += [pair.id for pair in pairs]
        text = [torch.tensor([ord(c) / 128 for c in pair.instruction]) for pair in pairs]
        return {
            "source": torch.stack([_pixels(pair.source, size) for pair in pairs]),
            "target": torch.stack([_pixels(pair.target, size) for pair in pairs]),
            "text": torch.nn.utils.rnn.pad_sequence(text, batch_first=True),
        }

    def loss(self, encoded: dict[str, torch.Tensor], generator: torch.Generator) -> torch.Tensor:
        source = encoded["source"]
        noise = torch.randn(source.shape, generator=generator)
        text = encoded["text"].mean(dim=1)[:, None, None, None].expand(-1, 1, *source.shape[2:])
        out = source + self.module(torch.cat([source + 0.1 * noise, text], dim=1))
        return torch.nn.functional.mse_loss(out, encoded["target"])

    def save(self, folder: Path) -> None:
        save_file(self.module.state_dict(), folder / "toy.safetensors")

    def editor(self) -> Any:
        def edit(*, image: Image.Image, prompt: str, generator: Any) -> tiny.Output:
            assert not self.module.training
            small = _pixels(image, (16, 16))[None]
            text = torch.tensor([ord(c) / 128 for c in prompt]).mean().expand(1, 1, 16, 16)
            with torch.no_grad():
                out = (small + self.module(torch.cat([small, text], dim=1))).clamp(0, 1)[0]
            array = (out.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
            return tiny.Output(Image.fromarray(array).resize(image.size))

        return edit


def settings(**changes: Any) -> Settings:
    own = {"steps": 12, "batch_size": 2, "learning_rate": 1e-2, "checkpoint_every": 4, "workers": 1, "progress": False}
    return Settings(**own | changes)


def _pixels(image: Image.Image, size: tuple[int, int]) -> torch.Tensor:
    array = np.asarray(image.resize(size), dtype=np.float32) / 255
    return torch.from_numpy(array).permute(2, 0, 1)
