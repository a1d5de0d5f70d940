"""A part's model and image processor from the Hub or a folder: pinned, in evaluation mode, on its device, in its dtype."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.pipelines.hardware import choose_device, choose_dtype, split_dtype
from gsi_bench_hf.pipelines.provenance import folder_fingerprint

PINNED = {
    "IDEA-Research/grounding-dino-base": "12bdfa3120f3e7ec7b434d90674b3396eccf88eb",
    "facebook/sam2.1-hiera-large": "665f8e2ad61cf5f53d65644ff27c8ee525124610",
}
"""Revisions of repos that are used by name. Another one is taken at what its `main` is, and its commit becomes part of its id."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model that is ready.

    Attributes:
        model: the transformers model.
        family: its `model_type`, "sam2".
        id: "repo@commit", or "folder@fingerprint".
        source: what `from_pretrained` takes: a repo id or a folder.
        revision: what `from_pretrained` takes beside it.
        device, dtype: where and in what it computes.
    """

    model: Any
    family: str
    id: str
    source: str
    revision: str | None
    device: str
    dtype: Any

    def pixels(self, values: Any) -> Any:
        """An array or tensor of pixel values, on the model's device and in its dtype."""
        import torch

        return torch.as_tensor(values).to(self.device, self.dtype)


def load(
    auto_class: str, source: str, *, revision: str | None = None, device: str | None = None, dtype: str = "auto"
) -> Loaded:
    """A model by repo id or folder; safetensors only, no code of the repo's.

    Args:
        auto_class: of transformers, "AutoModelForMaskGeneration".
        source: repo id or folder.
        revision: commit, branch or tag of a repo; None for the pinned one where there is one, else `main`.
        device: None for the GPU, else the CPU.
        dtype: "auto" (bfloat16 on a GPU, float32 elsewhere), "float16", "bfloat16" or "float32".

    Raises:
        ImportError: torch or transformers is missing.
        ValueError: there is no such model, or it is of another kind.
    """
    transformers = require_transformers()
    place = choose_device(device)
    number = choose_dtype(split_dtype(dtype, None)[0], "bfloat16", place)
    folder = Path(source).expanduser()
    is_folder = folder.is_dir()
    where = str(folder) if is_folder else source
    revision = None if is_folder else revision or PINNED.get(source)
    try:
        model: Any = getattr(transformers, auto_class).from_pretrained(
            where, revision=revision or "main", dtype=number, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        kind = auto_class.removeprefix("AutoModelFor")
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(
            f"{source!r} (revision {revision or 'main'}) can't be loaded for {kind}: {said}; "
            "expected the repo id or the folder of such a model of transformers"
        ) from error
    commit = folder_fingerprint(folder)[:16] if is_folder else getattr(model.config, "_commit_hash", None) or revision
    model.to(place).eval()
    return Loaded(model, str(model.config.model_type), f"{source}@{commit}", where, revision, place, number)


def require_transformers() -> Any:
    """The transformers package. Raises ImportError with what to install."""
    try:
        import_module("torch")
        return import_module("transformers")
    except ImportError as error:
        raise ImportError(
            f"the detector 'lifting' needs torch and transformers ({error}); pip install \"gsi-bench-hf[detectors]\""
        ) from error


def image_processor(loaded: Loaded) -> Any:
    """The model's own image processor, in its PIL form, so that the same image gives the same pixels everywhere."""
    transformers = require_transformers()
    try:
        import_module("transformers.image_processing_backends")
        form: dict[str, Any] = {"backend": "pil"}
    except ImportError:  # before transformers 5
        form = {"use_fast": False}
    return transformers.AutoImageProcessor.from_pretrained(loaded.source, revision=loaded.revision or "main", **form)


@dataclass(frozen=True)
class Square:
    """The preparation of models that see a square: stretched to its size, 0..1, normalised.

    Those models' processors need torchvision for this, which not every machine has.

    Attributes:
        side_px: of the square.
        mean, std: a channel.
        resample: PIL's number of the filter.
    """

    side_px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resample: int = 2

    @classmethod
    def of(
        cls, loaded: Loaded, side_px: int, mean: float | tuple[float, ...], std: float | tuple[float, ...]
    ) -> Square:
        """As the model's `preprocessor_config.json` says; the arguments are for what it leaves out."""
        base = import_module("transformers.image_processing_base").ImageProcessingMixin
        said, _ = base.get_image_processor_dict(loaded.source, revision=loaded.revision or "main")
        size = said.get("size") or {}
        side = size if isinstance(size, int) else size.get("height", side_px)
        mean3, std3 = _three(said.get("image_mean") or mean), _three(said.get("image_std") or std)
        return cls(int(side), mean3, std3, int(said.get("resample") or 2))

    def __call__(self, images: list[Image.Image]) -> Any:
        """(B, 3, side, side) float32 numpy array."""
        filters = Image.Resampling(self.resample)
        resized = [np.asarray(im.convert("RGB").resize((self.side_px, self.side_px), filters)) for im in images]
        values: Any = np.stack(resized).astype(np.float32) / np.float32(255.0)
        values = (values - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _three(value: Any) -> tuple[float, ...]:
    """A number or three, as three.

    >>> _three(0.5)
    (0.5, 0.5, 0.5)
    """
    return tuple(np.broadcast_to(np.asarray(value, np.float64), 3).tolist())
