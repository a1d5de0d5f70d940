"""What the training loop asks of a model: a recipe says what is trained, what its loss is, and how it is saved.

`loop.train` does the rest: batches, gradients, checkpoints, resuming, validation. A recipe has its name in `families.RECIPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from gsi_bench_hf.pipelines.resolution import Resolution

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from gsi_bench_hf.pipelines.base import Editor

Method = Literal["lora", "full"]


@dataclass(frozen=True, eq=False)
class Pair:
    """One training example.

    Attributes:
        id: the row's id, unique in its subset; cached tensors are kept under it.
        source: the image before the edit, RGB.
        target: the image after it, RGB, of the source's size.
        instruction: what was asked, English.
        row: the record it is of, for a recipe that is taught more than the images; its other images may still be encoded.
    """

    id: str
    source: Image.Image
    target: Image.Image
    instruction: str
    row: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Recipe(Protocol):
    """How one family of models is trained.

    Attributes:
        module: what is trained. Its parameters with `requires_grad` get gradients, the optimiser's steps, EMA and checkpoints; the
            others are left as they are and are in no checkpoint. Its buffers are in checkpoints where all of it is trained.
    """

    module: torch.nn.Module

    def encode(self, pairs: Sequence[Pair], size: tuple[int, int]) -> dict[str, torch.Tensor]:
        """The work of everything that is frozen: images to latents, text to embeddings or token numbers.

        It is called without gradients, must not depend on chance or on which pairs come together, and may be cached: what is drawn
        anew at each step (noise, flips, dropped instructions) belongs in `loss`.

        Args:
            pairs: the pairs of one batch.
            size: (width, height) in pixels at which both images are to be seen; the recipe scales them.

        Returns:
            Name -> tensor on the recipe's device, of any dtype; first axis = pair. All pairs of one size give tensors of one shape,
            but that the second axis may differ from batch to batch (tokens of a text): the loop then pads its end with zeros.
        """
        ...

    def loss(self, encoded: dict[str, torch.Tensor], generator: torch.Generator) -> torch.Tensor:
        """The mean loss of a batch, a scalar with gradients.

        It may call `self.module` plainly: the loop runs this method inside the wrapped (distributed, autocast) module.

        Args:
            encoded: as `encode` gives it, on the module's device.
            generator: on the CPU; everything random is drawn with it (`diffusers.utils.torch_utils.randn_tensor` moves it on).
        """
        ...

    def save(self, folder: Path) -> None:
        """Write what `load_editor` reads, a whole pipeline or a LoRA (`load_editor(base, lora=folder)`), into an empty folder."""
        ...

    def editor(self) -> Editor:
        """The model as it stands, for validation; shares its weights with `module`, which the loop sets to `eval` meanwhile."""
        ...


@dataclass(frozen=True)
class Defaults:
    """What a family is trained with where the user says nothing.

    Attributes:
        learning_rate: by method.
        optimizer: one of `optimizers.OPTIMIZERS`.
        batch_size: pairs a step a process.
        max_pixels: images are scaled down to at most so many pixels (width × height).
        multiple: both sides are multiples of it, pixels.
        resolution: the sizes it works at, over the two above.
        mixed_precision: "no", "fp16" or "bf16".
        rank: of a LoRA.
        targets: names of the layers that a LoRA is put on.
        arguments: more that only this recipe knows.
    """

    learning_rate: Mapping[Method, float] = field(default_factory=lambda: {"lora": 1e-4, "full": 1e-5})
    optimizer: str = "adamw"
    batch_size: int = 4
    max_pixels: int = 512 * 512
    multiple: int = 16
    resolution: Resolution | None = None
    mixed_precision: str = "no"
    rank: int = 16
    targets: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Making:
    """What a recipe is made with.

    Attributes:
        model: a repository of the Hub or a folder; for a recipe that starts from nothing, its name ("tiny").
        revision: of the repository; of a folder a digest of its files; None for what starts from nothing.
        method: whether all of the network is trained or a LoRA.
        rank: of the LoRA.
        alpha: of the LoRA.
        dtype: of what is frozen, "float32", "bfloat16" or "float16"; what is trained is float32.
        device: where the networks are put, "cpu" or "cuda:0".
        seed: of weights that start at random.
        targets: names of the layers that the LoRA is put on; empty for the family's.
        resolution: the sizes it is trained at, which `editor` is to work at too.
        gradient_checkpointing: compute activations again in the backward pass, to save memory.
        arguments: more that only this recipe knows, from `Defaults.arguments` and the command line (`--recipe-arg KEY=VALUE`).
    """

    model: str
    revision: str | None = None
    method: Method = "lora"
    rank: int = 16
    alpha: float = 16.0
    dtype: str = "float32"
    device: str = "cpu"
    seed: int = 0
    targets: tuple[str, ...] = ()
    resolution: Resolution | None = None
    gradient_checkpointing: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecipeSpec:
    """An entry of the registry `families.RECIPES`.

    Attributes:
        name: its key; `--model NAME` starts it from nothing where `from_nothing`.
        what: one line for a list.
        factory: "package.module:Name", imported when it is first needed; called as `factory(making) -> Recipe`.
        pipeline_classes: of `model_index.json`, which it trains.
        methods: that it knows, the first is the default.
        from_nothing: whether it needs no weights to start from.
        defaults: see `Defaults`.
    """

    name: str
    what: str
    factory: str
    pipeline_classes: tuple[str, ...]
    methods: tuple[Method, ...] = ("lora", "full")
    from_nothing: bool = False
    defaults: Defaults = field(default_factory=Defaults)

    def resolution(self, pixels: int | None = None) -> Resolution:
        """The sizes to train at; `pixels` asks for about so many instead."""
        own = self.defaults
        known = own.resolution or Resolution(multiple=own.multiple, max_pixels=own.max_pixels, rounding="down")
        return known if pixels is None else known.at(pixels)

    def load(self) -> Callable[[Making], Recipe]:
        """The factory itself."""
        module, _, name = self.factory.partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
