"""Metric depth models as `EstimatesDepth`, brought to the known intrinsics: Depth Pro, Depth Anything (metric), ZoeDepth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.lifting.loading import Square, image_processor, load
from gsi_bench_hf.perception.lifting.parts import Float, Float32

DEFAULT = "apple/DepthPro-hf"
_TRAINED_FOCAL = {"hypersim": 0.866, "indoor": 0.866, "nyu": 0.811, "outdoor": 0.584, "vkitti": 0.584, "kitti": 0.581}
"""Focal length of the training set's camera over its image's width, by a word in the model's name: Hypersim 886.8 / 1024,
NYU 518.9 / 640, Virtual KITTI 725.0 / 1242, KITTI 721.5 / 1242."""


class TransformersDepth:
    """Depth from a metric depth model of transformers.

    Depth Pro says inverse depth for a camera whose focal length is the image's width, so the known focal length makes it
    metric. The others learnt the camera of their training set: what looks so large to them is nearer or farther through
    another lens, in proportion to the focal length.

    Args:
        model: repo id or folder.
        trained_focal: focal length over image width of the camera that the model was trained with, for the families that
            have one; None reads it off the model's name, 0 leaves depth as the model says it.
        revision, device, dtype: see `loading.load`.
    """

    def __init__(
        self,
        model: str = DEFAULT,
        *,
        trained_focal: float | None = None,
        revision: str | None = None,
        device: str | None = None,
        dtype: str = "auto",
    ) -> None:
        self._loaded = load("AutoModelForDepthEstimation", model, revision=revision, device=device, dtype=dtype)
        family, config = self._loaded.family, self._loaded.model.config
        if family not in ("depth_pro", "depth_anything", "zoedepth"):
            raise ValueError(f"{model!r} is a {family!r} model, expected depth_pro, depth_anything or zoedepth")
        if family == "depth_anything" and config.depth_estimation_type != "metric":
            raise ValueError(
                f"{model!r} tells relative depth; expected a metric one, such as "
                "depth-anything/Depth-Anything-V2-Metric-Indoor-Large-hf"
            )
        self._focal = _trained_focal(model) if trained_focal is None else trained_focal
        square = Square.of(self._loaded, 1536, 0.5, 0.5) if family == "depth_pro" else None
        self._prepare: Any = image_processor(self._loaded) if square is None else square
        self._is_pro = family == "depth_pro"

    @property
    def id(self) -> str:
        """Model, revision and the focal length it was trained with."""
        focal = "" if self._is_pro else f" trained_focal={self._focal}"
        return f"{self._loaded.id} {str(self._loaded.dtype).removeprefix('torch.')}{focal}"

    def depth(self, images: Sequence[Image.Image], intrinsics: Sequence[Float]) -> list[Float32]:
        """See `EstimatesDepth`."""
        result: list[Float32 | None] = [None] * len(images)
        # One call for images of one size: the families that keep the aspect ratio can't stack others.
        for size in dict.fromkeys(im.size for im in images):
            places = [i for i, im in enumerate(images) if im.size == size]
            told = self._told([images[i].convert("RGB") for i in places], size)
            for i, values in zip(places, told, strict=True):
                result[i] = self._metric(values, float(intrinsics[i][0, 0]), size[0])
        return [r for r in result if r is not None]

    def _told(self, images: list[Image.Image], size: tuple[int, int]) -> Any:
        """(B, H, W) float32 what the model says, at the images' size."""
        import torch

        pixels = self._prepare(images) if self._is_pro else self._prepare(images, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            said = self._loaded.model(pixel_values=self._loaded.pixels(pixels)).predicted_depth.float()[:, None]
        width, height = size
        across, down = self._padding(width), self._padding(height)
        whole = torch.nn.functional.interpolate(
            said, (height + 2 * down, width + 2 * across), mode="bilinear", align_corners=False
        )
        return whole[:, 0, down : down + height, across : across + width].cpu().numpy()

    def _padding(self, side_px: int) -> int:
        """How far ZoeDepth's processor mirrors the image beyond its border."""
        padded = self._loaded.family == "zoedepth" and getattr(self._prepare, "do_pad", False)
        return int(np.sqrt(side_px / 2) * 3) if padded else 0

    def _metric(self, values: Float32, focal_px: float, width: int) -> Float32:
        ratio = focal_px / width
        if self._is_pro:
            return np.asarray(ratio / np.clip(values, 1e-4, 1e4), dtype=np.float32)
        return np.asarray(values * (ratio / self._focal if self._focal else 1.0), dtype=np.float32)


def _trained_focal(model: str) -> float:
    """Of the first known word in a model's name; 0 where there is none.

    >>> _trained_focal("depth-anything/Depth-Anything-V2-Metric-Indoor-Large-hf"), _trained_focal("me/mine")
    (0.866, 0.0)
    """
    return next((focal for word, focal in _TRAINED_FOCAL.items() if word in model.lower()), 0.0)
