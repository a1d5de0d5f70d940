"""The tiny editor as a diffusers pipeline: `TinyEditPipeline`, with `save_pretrained`, `from_pretrained` and `push_to_hub`.

The flow runs at a small size, from noise to the edited image; what is then known of the edit (which pixels move where, what is
painted anew) is done to the source at its own size, so that all else stays as it was, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import ImagePipelineOutput
from diffusers.utils.torch_utils import randn_tensor
from huggingface_hub import snapshot_download
from PIL import Image

from gsi_bench_hf.pipelines.resolution import Resolution, Size
from gsi_bench_hf.train.tiny.layers import Layers, crisp, soft
from gsi_bench_hf.train.tiny.network import MULTIPLE, TinyEditNetwork
from gsi_bench_hf.train.tiny.tokens import tokenize

if TYPE_CHECKING:
    from diffusers import FlowMatchEulerDiscreteScheduler

_diffusers: Any = import_module("diffusers")

_FILES = ("model_index.json", "unet/*.json", "unet/*.safetensors", "scheduler/*.json")
_FETCHING = ("cache_dir", "force_download", "local_files_only", "revision", "token")


class TinyEditPipeline(_diffusers.DiffusionPipeline):  # type: ignore[misc]
    """Edits images after instructions.

    Args:
        unet: the network.
        scheduler: of the flow.
    """

    model_cpu_offload_seq = "unet"

    def __init__(self, unet: TinyEditNetwork, scheduler: FlowMatchEulerDiscreteScheduler) -> None:
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler)

    @classmethod
    def download(cls, pretrained_model_name: str, **kwargs: Any) -> str:
        """Fetch the pipeline's files; diffusers would refuse a network whose module is not its own. Code is not fetched."""
        kept = {name: kwargs[name] for name in _FETCHING if kwargs.get(name) is not None}
        return str(snapshot_download(pretrained_model_name, allow_patterns=list(_FILES), **kept))

    @torch.no_grad()
    def __call__(
        self,
        image: Image.Image | Sequence[Image.Image],
        prompt: str | Sequence[str],
        num_inference_steps: int = 4,
        pixels: int | None = None,
        generator: torch.Generator | list[torch.Generator] | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
    ) -> Any:
        """Edit one image, or several of one size.

        Args:
            image: the source or sources.
            prompt: the instruction, or one for each.
            num_inference_steps: of the flow.
            pixels: about so many the flow runs at; by default as many as it was trained at.
            generator: a torch generator, or one for each image.
            output_type: "pil" or "np" (N, H, W, 3) 0..1.
            return_dict: whether the answer is an object with `.images`; else a tuple.

        Raises:
            ValueError: not as many prompts as images, or images of several sizes.
        """
        images = [image] if isinstance(image, Image.Image) else list(image)
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        if len(images) != len(prompts) or len({i.size for i in images}) != 1:
            sizes = ", ".join(sorted({f"{i.width}x{i.height}" for i in images})) or "none"
            raise ValueError(
                f"{len(images)} images ({sizes}) and {len(prompts)} prompts; expected images of one size, and a prompt for each"
            )
        size = Resolution(multiple=MULTIPLE, pixels=pixels or self.unet.config.pixels).plan(images[0].size).working
        source = as_pixels(images).to(self._execution_device)
        small = as_pixels([shrunk(i, size) for i in images]).to(self._execution_device)
        layers = self._flow(small, *self._tokens(prompts), num_inference_steps, generator)
        edited = (crisp(layers, source).permute(0, 2, 3, 1).cpu().float().numpy() + 1) / 2
        answer: Any = edited
        if output_type == "pil":
            answer = [Image.fromarray(np.rint(picture * 255).astype(np.uint8)) for picture in edited]
        return ImagePipelineOutput(images=answer) if return_dict else (answer,)

    def _tokens(self, prompts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        config = self.unet.config
        tokens, values = tokenize(prompts, vocabulary=config.vocabulary, length=config.length)
        device = self._execution_device
        return torch.from_numpy(tokens).to(device), torch.from_numpy(values).to(device)

    def _flow(
        self, source: torch.Tensor, tokens: torch.Tensor, values: torch.Tensor, steps: int, generator: Any
    ) -> Layers:
        """From noise to the edited image at the size of `source`; its layers, as they are known at the end."""
        now = randn_tensor(source.shape, generator=generator, device=source.device, dtype=torch.float32)
        self.scheduler.set_timesteps(steps, device=source.device)
        layers: Layers | None = None
        for step in self.progress_bar(self.scheduler.timesteps):
            sigma = (step / self.scheduler.config.num_train_timesteps).float()
            layers = self._layers(now, sigma, source, tokens, values)
            velocity = (now - soft(layers, source)) / sigma
            now = self.scheduler.step(velocity, step, now, return_dict=False)[0]
        assert layers is not None
        return layers

    def _layers(self, now: torch.Tensor, sigma: torch.Tensor, source: torch.Tensor, *text: torch.Tensor) -> Layers:
        dtype = self.unet.dtype
        tokens, values = text
        found: Layers = self.unet(
            now.to(dtype), sigma.expand(len(now)).to(dtype), source.to(dtype), tokens, values.to(dtype)
        )
        return Layers(*(part.float() for part in (found.target, found.repaint, found.paint, found.motion, found.kept)))


def shrunk(image: Image.Image, size: Size) -> Image.Image:
    """An image at a smaller size, each pixel the mean of those it stands for."""
    return image.convert("RGB").resize(size, Image.Resampling.BOX)


def as_pixels(images: Sequence[Image.Image]) -> torch.Tensor:
    """(N, 3, H, W) -1..1."""
    stacked = np.stack([np.asarray(image.convert("RGB")) for image in images])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 127.5 - 1
