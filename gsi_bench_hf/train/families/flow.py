"""What the recipes of flow-matching transformers share: where on the way from the target to noise, and the loss there."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from diffusers.training_utils import compute_density_for_timestep_sampling
from diffusers.utils.torch_utils import randn_tensor

from gsi_bench_hf.train.families.pipeline_recipe import PipelineRecipe, Tensors


class FlowRecipe(PipelineRecipe):
    """Rectified flow: the network is shown `(1 - σ) target + σ noise` and learns the velocity, `noise - target`.

    σ is drawn logit-normally and then shifted towards noise as the pipeline's scheduler shifts it for as many tokens (Esser et al.,
    2024, section 3.1 and equation 23). Arguments: `logit_mean`, `logit_std`.
    """

    network = "transformer"

    @abstractmethod
    def predict(self, noisy: torch.Tensor, sigma: torch.Tensor, encoded: Tensors) -> torch.Tensor:
        """The velocity of the target's tokens.

        Args:
            noisy: (N, tokens, channels).
            sigma: (N,) in 0..1.
            encoded: as `encode` gives it.
        """

    def shift(self, tokens: int) -> float:
        """The scheduler's μ for so many tokens of the target; 0 leaves σ as it is."""
        config = self.pipeline.scheduler.config
        if not config.use_dynamic_shifting:
            return math.log(config.shift)
        per_token = (config.max_shift - config.base_shift) / (config.max_image_seq_len - config.base_image_seq_len)
        return float(config.base_shift + per_token * (tokens - config.base_image_seq_len))

    def loss(self, encoded: Tensors, generator: torch.Generator) -> torch.Tensor:
        """The mean squared error of the velocity."""
        target = encoded["target"].float()
        noise = randn_tensor(target.shape, generator=generator, device=target.device, dtype=target.dtype)
        sigma = self._sigma(target, generator)
        along = sigma.view(-1, 1, 1)
        predicted = self.predict((1 - along) * target + along * noise, sigma, encoded)
        return torch.nn.functional.mse_loss(predicted.float(), noise - target)

    def _sigma(self, target: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        drawn = compute_density_for_timestep_sampling(
            "logit_normal",
            len(target),
            logit_mean=float(self.making.arguments["logit_mean"]),
            logit_std=float(self.making.arguments["logit_std"]),
            generator=generator,
        )
        far = math.exp(self.shift(target.shape[1]))
        sigma: torch.Tensor = far / (far + (1 / drawn.clamp(1e-4, 1 - 1e-4) - 1))
        return sigma.to(target.device)

    def dtype(self) -> torch.dtype:
        """What the transformer's frozen or trained weights are in."""
        found: torch.dtype = next(p for name, p in self.module.named_parameters() if "lora_" not in name).dtype
        return found
