"""What the recipes of diffusers pipelines share: loading, the LoRA, images to tensors, saving, and the editor for validation."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image

from gsi_bench_hf.pipelines import load_editor
from gsi_bench_hf.pipelines.resolution import Resolution
from gsi_bench_hf.pipelines.source import is_folder
from gsi_bench_hf.train.recipe import Making, Pair
from gsi_bench_hf.train.settings import TrainingStoppedError

Tensors = dict[str, torch.Tensor]
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class PipelineRecipe:
    """A pipeline whose denoiser is trained, whole or by a LoRA; everything else of it is frozen.

    Args:
        making: what to load, and how.

    Attributes:
        network: the name of the denoiser in the pipeline, "unet" or "transformer".
        editor_: the pipeline as `load_editor` gives it.
        module: the denoiser.
    """

    network: ClassVar[str]

    def __init__(self, making: Making) -> None:
        self.making = making
        self.device = torch.device(making.device)
        self.editor_ = self.load()
        if making.resolution is not None:
            self.editor_.resolution = making.resolution
        self.pipeline: Any = self.editor_.pipeline
        self.pipeline.set_progress_bar_config(disable=True)
        for part in self.pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.requires_grad_(False)
        self.prepare()
        self.module: Any = getattr(self.pipeline, self.network)
        if making.gradient_checkpointing:
            self.module.enable_gradient_checkpointing()
        if making.method == "lora":
            self._add_lora()
        else:
            self.module.to(torch.float32).requires_grad_(True)

    def load(self) -> Any:
        """The pipeline as an editor."""
        return load_editor(self.making.model, dtype=self.making.dtype, device=self.making.device, **self.revision())

    def revision(self) -> dict[str, str]:
        """The argument that names the revision of a repository; of a folder there is none."""
        making = self.making
        return {} if is_folder(making.model) or making.revision is None else {"revision": making.revision}

    def prepare(self) -> None:
        """Change the pipeline before its denoiser is made trainable; by default nothing."""
        return

    @abstractmethod
    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> Tensors:
        """See `Recipe.encode`."""

    @abstractmethod
    def loss(self, encoded: Tensors, generator: torch.Generator) -> torch.Tensor:
        """See `Recipe.loss`."""

    def save(self, folder: Path) -> None:
        """The LoRA, or the whole pipeline."""
        if self.making.method == "full":
            self.pipeline.save_pretrained(folder, safe_serialization=True)
            return
        from peft.utils import get_peft_model_state_dict

        self.pipeline.save_lora_weights(
            folder,
            **{
                f"{self.network}_lora_layers": get_peft_model_state_dict(self.module),
                f"{self.network}_lora_adapter_metadata": self.module.peft_config["default"].to_dict(),
            },
        )

    def editor(self) -> Any:
        """The pipeline as it stands, at the sizes it is trained at."""
        return _Editor(self.editor_, self.autocast)

    @contextlib.contextmanager
    def autocast(self) -> Iterator[None]:
        """What makes a denoiser in float32 work beside frozen parts in another dtype."""
        frozen = _DTYPES[self.making.dtype]
        mixed = self.making.method == "full" and frozen is not torch.float32
        with torch.autocast(self.device.type, frozen, enabled=mixed):
            yield

    def pixels(self, images: Sequence[Image.Image], size: tuple[int, int]) -> torch.Tensor:
        """(N, 3, H, W) in -1..1, on the device: the images fitted into (width, height) as they are when the model edits."""
        fitted = np.stack([np.asarray(self.fitted(image, size)) for image in images])
        tensor = torch.from_numpy(fitted).permute(0, 3, 1, 2).float() / 127.5 - 1
        return tensor.to(self.device, self.pipeline.vae.dtype)

    def fitted(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        """An image brought to (width, height) as sources are when the model edits."""
        return Resolution(sizes=(size,)).plan(image.size).fit(image)

    def prompts(self, pairs: Sequence[Pair]) -> list[str]:
        """The instructions in the family's form."""
        return [self.editor_.family.prompt(pair.instruction) for pair in pairs]

    def _add_lora(self) -> None:
        from diffusers.training_utils import cast_training_params
        from peft import LoraConfig

        # Its annotation wants whole numbers; any will do.
        alpha: Any = self.making.alpha
        config = LoraConfig(
            r=self.making.rank,
            lora_alpha=alpha,
            target_modules=list(self.making.targets),
            init_lora_weights="gaussian",
        )
        torch.manual_seed(self.making.seed)
        try:
            self.module.add_adapter(config)
        except ValueError as error:
            raise TrainingStoppedError(
                f"no LoRA could be put on {type(self.module).__name__}: {error}; name its layers by --targets"
            ) from error
        cast_training_params(self.module, torch.float32)


class _Editor:
    """An editor that is called within a context; everything else is its own."""

    def __init__(self, editor: Any, context: Any) -> None:
        self._editor, self._context = editor, context

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._editor, name)

    def __call__(self, **arguments: Any) -> Any:
        with self._context():
            return self._editor(**arguments)
