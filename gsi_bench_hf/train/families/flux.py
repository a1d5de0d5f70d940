"""FLUX.1 Kontext and FLUX.2 klein: transformers that see the source's tokens beside the noisy ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from gsi_bench_hf.train.families.flow import FlowRecipe
from gsi_bench_hf.train.families.pipeline_recipe import Tensors
from gsi_bench_hf.train.recipe import Pair


class FluxKontextRecipe(FlowRecipe):
    """FLUX.1 Kontext. Argument `guidance`: what the distilled guidance is told in training."""

    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> Tensors:
        """Packed latents, their places, and the embeddings of both text encoders."""
        text, pooled, _ = self.pipeline.encode_prompt(self.prompts(pairs), device=self.device)
        source, places = self._tokens(self.pixels([pair.source for pair in pairs], size))
        target, _ = self._tokens(self.pixels([pair.target for pair in pairs], size))
        beside = places.clone()
        beside[:, 0] = 1
        each = torch.cat([places, beside]).expand(len(pairs), -1, -1)
        return {"source": source, "target": target, "places": each, "text": text, "pooled": pooled}

    def predict(self, noisy: torch.Tensor, sigma: torch.Tensor, encoded: Tensors) -> torch.Tensor:
        """See `FlowRecipe.predict`."""
        dtype, text = self.dtype(), encoded["text"]
        told = float(self.making.arguments["guidance"])
        found = self.module(
            hidden_states=torch.cat([noisy.to(dtype), encoded["source"].to(dtype)], dim=1),
            timestep=sigma,
            guidance=torch.full_like(sigma, told) if self.module.config.guidance_embeds else None,
            pooled_projections=encoded["pooled"].to(dtype),
            encoder_hidden_states=text.to(dtype),
            txt_ids=torch.zeros(text.shape[1], 3, device=text.device, dtype=dtype),
            img_ids=encoded["places"][0].to(dtype),
            return_dict=False,
        )[0]
        velocity: torch.Tensor = found[:, : noisy.shape[1]]
        return velocity

    def _tokens(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        latents = self.pipeline._encode_vae_image(pixels, generator=None)
        count, channels, height, width = latents.shape
        packed = self.pipeline._pack_latents(latents, count, channels, height, width)
        ids = self.pipeline._prepare_latent_image_ids(count, height // 2, width // 2, self.device, torch.float32)
        return packed, ids


class Flux2KleinRecipe(FlowRecipe):
    """FLUX.2 klein, distilled or not. Argument `text_layers`: of the text encoder, as the pipeline's `text_encoder_out_layers`."""

    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> Tensors:
        """Packed latents, their places, and the text encoder's layers with the places of its tokens."""
        text, text_places = self.pipeline.encode_prompt(
            self.prompts(pairs),
            device=self.device,
            text_encoder_out_layers=tuple(self.making.arguments["text_layers"]),
        )
        source = self._latents(self.pixels([pair.source for pair in pairs], size))
        target = self._latents(self.pixels([pair.target for pair in pairs], size))
        places = self.pipeline._prepare_latent_ids(target)
        beside = self.pipeline._prepare_image_ids([source[:1]]).expand(len(pairs), -1, -1)
        return {
            "source": self.pipeline._pack_latents(source),
            "target": self.pipeline._pack_latents(target),
            "places": torch.cat([places, beside], dim=1).to(self.device),
            "text": text,
            "text_places": text_places,
        }

    def predict(self, noisy: torch.Tensor, sigma: torch.Tensor, encoded: Tensors) -> torch.Tensor:
        """See `FlowRecipe.predict`."""
        dtype = self.dtype()
        found = self.module(
            hidden_states=torch.cat([noisy.to(dtype), encoded["source"].to(dtype)], dim=1),
            timestep=sigma,
            guidance=None,
            encoder_hidden_states=encoded["text"].to(dtype),
            txt_ids=encoded["text_places"],
            img_ids=encoded["places"],
            return_dict=False,
        )[0]
        velocity: torch.Tensor = found[:, : noisy.shape[1]]
        return velocity

    def shift(self, tokens: int) -> float:
        """As the pipeline has it for the family's number of steps."""
        from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

        return float(compute_empirical_mu(tokens, int(self.editor_.arguments["num_inference_steps"])))

    def _latents(self, pixels: torch.Tensor) -> Any:
        return self.pipeline._encode_vae_image(pixels, generator=None)
