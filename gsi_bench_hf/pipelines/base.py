"""What an editor is: anything that is called like a diffusers pipeline and answers with `.images`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from gsi_bench_hf.types import Sample


@dataclass(frozen=True, eq=False)
class EditOutput:
    """An editor's answer, with the one attribute that is read of a diffusers pipeline's output: `images`, RGB."""

    images: tuple[Image.Image, ...]


@runtime_checkable
class Editor(Protocol):
    """Edits an image after an instruction.

    Attributes:
        name: for reports.
        needs_sample: whether it wants the record itself: it is then called with `sample=` and `seed=` besides.
    """

    name: str
    needs_sample: bool

    def __call__(self, *, image: Image.Image, prompt: str, **kwargs: Any) -> Any:
        """Edit `image` after `prompt`; the answer has `.images`."""
        ...


@dataclass(frozen=True)
class EditorSpec:
    """An entry of the registry.

    Attributes:
        factory: "package.module:Name" of what makes the editor, imported when it is first needed; its keyword arguments are those of
            `load_editor`.
        what: one line for a list.
    """

    factory: str
    what: str

    def load(self) -> Callable[..., Any]:
        """The factory itself."""
        module, _, name = self.factory.partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]


def target_image(sample: Sample) -> Image.Image:
    """The record's ground-truth image. Raises ValueError naming the record where there is none."""
    if sample.target_image is None:
        raise ValueError(
            f"record {sample.id}: target_image is null, and 'oracle' has nothing to return; "
            "use 'paste' or 'identity' here, or a config with target images, such as 'sim-tabletop'"
        )
    return sample.target_image
