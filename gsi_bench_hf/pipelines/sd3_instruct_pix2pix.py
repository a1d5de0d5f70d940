"""InstructPix2Pix on Stable Diffusion 3, the way UltraEdit's weights want it.

diffusers carries no class of this name; the community's is a copy of a whole pipeline. Here it is Stable Diffusion 3's own pipeline
with another denoising loop: the source's latents stand beside the noise as further channels, and guidance has two scales, as in
InstructPix2Pix (arXiv 2211.09800, equation 3). Imports torch and diffusers.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

_PACKAGE = "diffusers.pipelines.stable_diffusion_3"
_sd3: Any = import_module(f"{_PACKAGE}.pipeline_stable_diffusion_3")
_Output: Any = import_module(f"{_PACKAGE}.pipeline_output").StableDiffusion3PipelineOutput


class StableDiffusion3InstructPix2PixPipeline(_sd3.StableDiffusion3Pipeline):  # type: ignore[misc]
    """Edits images after instructions with a transformer that takes twice the channels of Stable Diffusion 3's."""

    @torch.no_grad()
    def __call__(
        self,
        prompt: str | list[str],
        image: Any,
        height: int | None = None,
        width: int | None = None,
        num_inference_steps: int = 50,
        guidance_scale: float = 7.5,
        image_guidance_scale: float = 1.5,
        negative_prompt: str | list[str] = "",
        generator: Any = None,
        output_type: str = "pil",
        max_sequence_length: int = 256,
    ) -> Any:
        """Edit one image or as many as there are prompts.

        Args:
            prompt: the instruction or instructions.
            image: the source or sources, PIL, of one size.
            height: pixels; the source's by default, as `width`.
            width: see `height`.
            num_inference_steps: denoising steps.
            guidance_scale: how closely to follow the instruction.
            image_guidance_scale: how closely to keep to the source.
            negative_prompt: what not to show.
            generator: a torch generator, or one for each.
            output_type: "pil", "np", "pt".
            max_sequence_length: tokens of the T5 encoder.

        Raises:
            ValueError: a transformer that takes other channels, such as that of the weights with a mask.
        """
        device = self._execution_device
        embeds, pooled = self._conditions(prompt, negative_prompt, max_sequence_length)
        pixels = self.image_processor.preprocess(image, height, width).to(device, embeds.dtype)
        count, channels = len(embeds) // 3, self.vae.config.latent_channels
        source = self._source_latents(pixels, channels)
        latents = self.prepare_latents(count, channels, *pixels.shape[-2:], embeds.dtype, device, generator)
        self.scheduler.set_timesteps(num_inference_steps, device=device, **self._shift(latents))
        for time in self.progress_bar(self.scheduler.timesteps):
            inputs = torch.cat([torch.cat([latents] * 3), source], dim=1)
            guess = self.transformer(
                hidden_states=inputs,
                timestep=time.expand(len(inputs)),
                encoder_hidden_states=embeds,
                pooled_projections=pooled,
                return_dict=False,
            )[0]
            both, image_alone, neither = guess.chunk(3)
            step = neither + guidance_scale * (both - image_alone) + image_guidance_scale * (image_alone - neither)
            latents = self.scheduler.step(step, time, latents, return_dict=False)[0]
        latents = latents / self.vae.config.scaling_factor + self.vae.config.shift_factor
        decoded = self.vae.decode(latents.to(self.vae.dtype), return_dict=False)[0]
        images = self.image_processor.postprocess(decoded, output_type=output_type)
        self.maybe_free_model_hooks()
        return _Output(images=images)

    def _conditions(self, prompt: Any, negative: Any, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Text embeddings of (instruction, nothing, nothing), along the batch."""
        positive, nothing, pooled, pooled_nothing = self.encode_prompt(
            prompt, None, None, negative_prompt=negative, max_sequence_length=length
        )
        return torch.cat([positive, nothing, nothing]), torch.cat([pooled, pooled_nothing, pooled_nothing])

    def _source_latents(self, pixels: torch.Tensor, channels: int) -> torch.Tensor:
        """Latents of (source, source, nothing), along the batch."""
        taken = self.transformer.config.in_channels
        if taken != 2 * channels:
            raise ValueError(
                f"the transformer takes {taken} channels, expected {2 * channels} (noise and source); weights that also take a mask "
                "are not read: use BleachNick/SD3_UltraEdit_freeform"
            )
        latents = self.vae.encode(pixels).latent_dist.mode()
        latents = (latents - self.vae.config.shift_factor) * self.vae.config.scaling_factor
        return torch.cat([latents, latents, torch.zeros_like(latents)])

    def _shift(self, latents: torch.Tensor) -> dict[str, float]:
        """What a scheduler that shifts by the image's size is told."""
        config = self.scheduler.config
        if not config.get("use_dynamic_shifting"):
            return {}
        tokens = latents.shape[-2] * latents.shape[-1] // self.transformer.config.patch_size**2
        names = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
        return {"mu": _sd3.calculate_shift(tokens, *(config[name] for name in names))}
