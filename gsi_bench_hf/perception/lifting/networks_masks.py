"""Promptable segmentation models as `FindsMasks`: SAM 2, SAM and SAM 3, asked with boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.lifting.loading import Loaded, Square, image_processor, load
from gsi_bench_hf.perception.lifting.parts import Bool, Float

DEFAULT = "facebook/sam2.1-hiera-large"
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_BOXES_A_CALL = 32


class TransformersMasks:
    """Masks from a promptable segmentation model of transformers; an image is encoded once for all its boxes.

    Args:
        model: repo id or folder: SAM 2 or 2.1, SAM, or SAM 3 (its tracker, which takes boxes).
        revision, device, dtype: see `loading.load`.
    """

    def __init__(
        self, model: str = DEFAULT, *, revision: str | None = None, device: str | None = None, dtype: str = "auto"
    ) -> None:
        self._loaded = load("AutoModelForMaskGeneration", model, revision=revision, device=device, dtype=dtype)
        self._prepare = _prepared(self._loaded, model)

    @property
    def id(self) -> str:
        """Model and revision."""
        return f"{self._loaded.id} {str(self._loaded.dtype).removeprefix('torch.')}"

    def masks(self, images: Sequence[Image.Image], boxes: Sequence[Float]) -> list[Bool]:
        """See `FindsMasks`."""
        import torch

        asked = [i for i, some in enumerate(boxes) if len(some)]
        result: list[Bool] = [
            np.zeros((len(b), im.height, im.width), bool) for im, b in zip(images, boxes, strict=True)
        ]
        if not asked:
            return result
        with torch.inference_mode():
            seen = self._loaded.model.get_image_embeddings(
                self._loaded.pixels(self._prepare([images[i] for i in asked]))
            )
            for place, i in enumerate(asked):
                embedding = seen[place : place + 1] if torch.is_tensor(seen) else [s[place : place + 1] for s in seen]
                for start in range(0, len(boxes[i]), _BOXES_A_CALL):
                    part = np.s_[start : start + _BOXES_A_CALL]
                    result[i][part] = self._cut(embedding, np.asarray(boxes[i][part]), images[i].size)
        return result

    def _cut(self, embedding: Any, boxes: Float, size: tuple[int, int]) -> Bool:
        import torch

        scale = self._prepare.scale(size)
        asked = torch.as_tensor(boxes * np.tile(scale, 2), dtype=torch.float32, device=self._loaded.device)[None]
        # Half precision has no room for a pixel of 1024; the model takes the boxes as parts of the image before it rounds them.
        out = self._loaded.model(image_embeddings=embedding, input_boxes=asked, multimask_output=False)
        logits = out.pred_masks[0, :, :1].float()
        side = self._prepare.side_px
        whole = torch.nn.functional.interpolate(logits, (side, side), mode="bilinear", align_corners=False)
        # The model's square holds the image at its top left; where it was stretched, that is all of it.
        width, height = (max(1, round(s * k)) for s, k in zip(size, scale, strict=True))
        part = whole[..., :height, :width]
        cut = torch.nn.functional.interpolate(part, size[::-1], mode="bilinear", align_corners=False)
        return np.asarray((cut[:, 0] > 0.0).cpu().numpy())


class Stretched:
    """SAM 2 and 3: the image stretched to a square."""

    def __init__(self, square: Square) -> None:
        self._square, self.side_px = square, square.side_px

    def __call__(self, images: list[Image.Image]) -> Any:
        """(B, 3, side, side)."""
        return self._square(images)

    def scale(self, size: tuple[int, int]) -> Float:
        """(2,) pixels of the square for one of the image (width, height)."""
        return self.side_px / np.asarray(size, dtype=np.float64)


class Padded:
    """SAM: the longest side brought to a length, the rest of the square left empty."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self.side_px = int(processor.pad_size["height"])
        self._longest = int(processor.size["longest_edge"])

    def __call__(self, images: list[Image.Image]) -> Any:
        """(B, 3, side, side)."""
        return self._processor([im.convert("RGB") for im in images], return_tensors="pt")["pixel_values"]

    def scale(self, size: tuple[int, int]) -> Float:
        """(2,) pixels of the square for one of the image (width, height)."""
        ratio = self._longest / max(size)
        return np.array([int(s * ratio + 0.5) / s for s in size], dtype=np.float64)


def _prepared(loaded: Loaded, model: str) -> Stretched | Padded:
    if loaded.family.startswith("sam2"):
        return Stretched(Square.of(loaded, 1024, *_IMAGENET))
    if loaded.family.startswith("sam3"):
        return Stretched(Square.of(loaded, 1008, 0.5, 0.5))
    if loaded.family == "sam":
        return Padded(image_processor(loaded))
    raise ValueError(f"{model!r} is a {loaded.family!r} model, expected sam2, sam or sam3")
