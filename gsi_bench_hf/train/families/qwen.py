"""Qwen-Image-Edit, and its successors that take several images (Plus)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from PIL import Image

from gsi_bench_hf.train.families.flow import FlowRecipe
from gsi_bench_hf.train.families.pipeline_recipe import Tensors
from gsi_bench_hf.train.recipe import Pair

_AREA = 1024 * 1024
"""Both pipelines bring every source to about so many pixels for the autoencoder, whatever size they are asked for."""
_SEEN_AREA = {"QwenImageEditPipeline": _AREA, "QwenImageEditPlusPipeline": 384 * 384}
"""And to so many for the language model."""


class QwenImageEditRecipe(FlowRecipe):
    """The language model sees the source and the instruction; the transformer sees the source's tokens beside the noisy ones."""

    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> Tensors:
        """Packed latents, the embeddings of source and instruction with their mask, and both images' sizes in tokens."""
        told = [self._told(pair, size) for pair in pairs]
        longest = max(len(text) for text in told)
        text = torch.stack([torch.cat([t, t.new_zeros(longest - len(t), t.shape[1])]) for t in told])
        mask = torch.stack([torch.arange(longest, device=self.device) < len(t) for t in told])
        given = [self._resized(pair.source, size, _AREA) for pair in pairs]
        source, source_shape = self._tokens(given, given[0].size)
        target, shape = self._tokens([pair.target for pair in pairs], size)
        shapes = torch.tensor([[shape, source_shape]] * len(pairs))
        return {"source": source, "target": target, "text": text, "mask": mask, "shapes": shapes}

    def predict(self, noisy: torch.Tensor, sigma: torch.Tensor, encoded: Tensors) -> torch.Tensor:
        """See `FlowRecipe.predict`."""
        dtype = self.dtype()
        mask = encoded["mask"]
        found = self.module(
            hidden_states=torch.cat([noisy.to(dtype), encoded["source"].to(dtype)], dim=1),
            timestep=sigma,
            guidance=torch.ones_like(sigma) if self.module.config.guidance_embeds else None,
            encoder_hidden_states=encoded["text"].to(dtype),
            encoder_hidden_states_mask=None if bool(mask.all()) else mask,
            img_shapes=[[tuple(image) for image in images] for images in encoded["shapes"].tolist()],
            return_dict=False,
        )[0]
        velocity: torch.Tensor = found[:, : noisy.shape[1]]
        return velocity

    def _told(self, pair: Pair, size: tuple[int, int]) -> torch.Tensor:
        """(tokens, channels) of what the language model makes of a pair; alone, since padding would move the images' tokens."""
        name = type(self.pipeline).__name__
        seen = self._resized(pair.source, size, _SEEN_AREA[name])
        text, _ = self.pipeline.encode_prompt(
            self.prompts([pair]), image=[seen] if "Plus" in name else seen, device=self.device
        )
        found: torch.Tensor = text[0]
        return found

    def _tokens(self, images: Sequence[Image.Image], size: tuple[int, int]) -> tuple[torch.Tensor, Any]:
        latents = self.pipeline._encode_vae_image(self.pixels(images, size).unsqueeze(2), generator=None)
        count, channels, _, height, width = latents.shape
        return self.pipeline._pack_latents(latents, count, channels, height, width), (1, height // 2, width // 2)

    def _resized(self, image: Image.Image, size: tuple[int, int], area: int) -> Image.Image:
        """An image as the pipelines bring it from the size that they are given to about so many pixels."""
        module: Any = import_module(type(self.pipeline).__module__)
        width, height = module.calculate_dimensions(area, size[0] / size[1])[:2]
        resized: Image.Image = self.pipeline.image_processor.resize(self.fitted(image, size), int(height), int(width))
        return resized
