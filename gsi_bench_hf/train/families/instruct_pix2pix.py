"""InstructPix2Pix, on Stable Diffusion 1.5 and XL: a UNet that predicts noise, the source's latents beside the noisy ones."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from diffusers import DDPMScheduler
from diffusers.utils.torch_utils import randn_tensor

from gsi_bench_hf.pipelines import load_editor
from gsi_bench_hf.pipelines.hardware import dtype_argument
from gsi_bench_hf.pipelines.source import find_source
from gsi_bench_hf.train.families.pipeline_recipe import PipelineRecipe, Tensors
from gsi_bench_hf.train.recipe import Making, Pair
from gsi_bench_hf.train.settings import TrainingStoppedError


class InstructPix2PixRecipe(PipelineRecipe):
    """Trained as its authors do: the mean squared error of the noise, the instruction or the source left out now and then.

    Brooks et al., CVPR 2023, section 3.2: each left out alone in 5 % of the pairs, and both in 5 %; here `drop` of them.
    """

    network = "unet"
    base, edits = "StableDiffusionPipeline", "StableDiffusionInstructPix2PixPipeline"

    def load(self) -> Any:
        """An editing pipeline, or a text-to-image one that is made into one as the authors made theirs."""
        making = self.making
        source = find_source(making.model, self.revision())
        if source.class_name != self.base:
            return super().load()
        if making.method != "full":
            raise TrainingStoppedError(
                f"method is {making.method!r}, and {making.model!r} is a {self.base}, whose UNet does not see a source yet; expected "
                "method 'full', which gives it the channels, or a model that edits"
            )
        diffusers: Any = import_module("diffusers")
        dtype = {dtype_argument(): getattr(torch, making.dtype)}
        pipeline = getattr(diffusers, self.base).from_pretrained(making.model, **dtype, **self.revision())
        pipeline.unet = _seeing(pipeline.unet)
        return load_editor(getattr(diffusers, self.edits).from_pipe(pipeline).to(making.device))

    def __init__(self, making: Making) -> None:
        super().__init__(making)
        scheduler: Any = DDPMScheduler
        self.noise = scheduler.from_config(self.pipeline.scheduler.config)
        self.drop = float(making.arguments["drop"])
        with torch.no_grad():
            self.nothing = self.text([""])

    def text(self, prompts: Sequence[str]) -> Tensors:
        """The embeddings of prompts, first axis = prompt."""
        tokenizer = self.pipeline.tokenizer
        ids = tokenizer(
            list(prompts),
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        return {"text": self.pipeline.text_encoder(ids.to(self.device))[0]}

    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> Tensors:
        """The source's latents as the pipeline takes them (unscaled), and the mean and deviation of the target's."""
        vae = self.pipeline.vae
        target = vae.encode(self.pixels([pair.target for pair in pairs], size)).latent_dist
        scale = vae.config.scaling_factor
        return {
            "source": vae.encode(self.pixels([pair.source for pair in pairs], size)).latent_dist.mode(),
            "target": target.mean * scale,
            "deviation": target.std * scale,
            **self.text(self.prompts(pairs)),
        }

    def loss(self, encoded: Tensors, generator: torch.Generator) -> torch.Tensor:
        """The mean squared error of what the scheduler's prediction type names."""
        target = encoded["target"]
        latents = target + encoded["deviation"] * self._noise(target, generator)
        noise = self._noise(target, generator)
        count = self.noise.config.num_train_timesteps
        steps = torch.randint(0, count, (len(target),), generator=generator).to(target.device)
        chance = torch.rand(len(target), generator=generator).to(target.device)
        without_text, without_source = chance < 2 * self.drop, (self.drop <= chance) & (chance < 3 * self.drop)
        given = {name: self._dropped(encoded[name], without_text, empty) for name, empty in self.nothing.items()}
        source = encoded["source"] * ~without_source[:, None, None, None]
        noisy = self.noise.add_noise(latents, noise, steps)
        # `.dtype` of a UNet that a LoRA in float32 was put on may be either.
        dtype = self.module.conv_in.weight.dtype
        predicted = self.module(
            torch.cat([noisy, source], dim=1).to(dtype),
            steps,
            given["text"].to(dtype),
            added_cond_kwargs=self.conditions(given, target),
        ).sample
        wanted = (
            noise if self.noise.config.prediction_type == "epsilon" else self.noise.get_velocity(latents, noise, steps)
        )
        return torch.nn.functional.mse_loss(predicted.float(), wanted.float())

    def conditions(self, given: Tensors, latents: torch.Tensor) -> dict[str, Any] | None:
        """What the UNet is given besides."""
        return None

    def _noise(self, like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        noise: torch.Tensor = randn_tensor(like.shape, generator=generator, device=like.device, dtype=like.dtype)
        return noise

    def _dropped(self, tensor: torch.Tensor, dropped: torch.Tensor, empty: torch.Tensor) -> torch.Tensor:
        return torch.where(dropped.view(-1, *[1] * (tensor.ndim - 1)), empty, tensor)


class InstructPix2PixXLRecipe(InstructPix2PixRecipe):
    """The same on Stable Diffusion XL, with its two text encoders and its sizes."""

    base, edits = "StableDiffusionXLPipeline", "StableDiffusionXLInstructPix2PixPipeline"

    def prepare(self) -> None:
        """Its autoencoder overflows in half precision."""
        vae = self.pipeline.vae
        if vae.config.force_upcast and vae.dtype == torch.float16:
            vae.to(torch.float32)

    def text(self, prompts: Sequence[str]) -> Tensors:
        """The embeddings of prompts; of the empty one zeros, where the pipeline takes it so."""
        embedded, _, pooled, _ = self.pipeline.encode_prompt(
            list(prompts), device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        if list(prompts) == [""] and self.pipeline.config.force_zeros_for_empty_prompt:
            embedded, pooled = torch.zeros_like(embedded), torch.zeros_like(pooled)
        return {"text": embedded, "pooled": pooled}

    def conditions(self, given: Tensors, latents: torch.Tensor) -> dict[str, Any] | None:
        """The pooled text, and the size as the pipeline tells it: uncropped."""
        height, width = (side * self.pipeline.vae_scale_factor for side in latents.shape[2:])
        sizes = torch.tensor([height, width, 0, 0, height, width], device=latents.device, dtype=given["pooled"].dtype)
        return {"text_embeds": given["pooled"], "time_ids": sizes.expand(len(latents), -1)}


def _seeing(unet: Any) -> Any:
    """A UNet with as many input channels again, for the source; their weights are zero, so that it begins as it was."""
    old = unet.conv_in
    channels = old.in_channels
    unet.register_to_config(in_channels=2 * channels)
    unet.conv_in = torch.nn.Conv2d(
        2 * channels, old.out_channels, old.kernel_size, old.stride, old.padding, device=old.weight.device
    ).to(old.weight.dtype)
    with torch.no_grad():
        unet.conv_in.weight.zero_()
        unet.conv_in.weight[:, :channels].copy_(old.weight)
        unet.conv_in.bias.copy_(old.bias)
    return unet
