"""A detector of photographs, as far as its noise goes: it errs by a known amount, and alike on the same pixels."""

from __future__ import annotations

import zlib
from collections.abc import Collection

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.association import associate
from gsi_bench_hf.types import Detection, Sample, Scan


class NoisySquare:
    """Finds the red square of `tiny` by the record's own camera.

    Args:
        sigma_m: standard deviation of each coordinate of what it finds; drawn anew for other pixels.
        nearness: how much too far and too large it sees everything.
        blind_to: sizes of images (width, height) in which it sees nothing.
    """

    name = "noisy-square"

    def __init__(
        self, sigma_m: float = 0.0, *, nearness: float = 1.0, blind_to: Collection[tuple[int, int]] = ()
    ) -> None:
        self.sigma_m, self.nearness, self._blind_to, self._looks = sigma_m, nearness, set(blind_to), 0

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        self._looks += 1
        return associate(sample, self._seen(sample, sample.source_image), self._seen(sample, edited))

    def _seen(self, sample: Sample, image: Image.Image) -> list[Detection]:
        pixels = np.asarray(image.convert("RGB")).astype(int)
        v, u = np.nonzero((pixels[..., 0] - pixels[..., 2] > 80) & (pixels[..., 0] > 150))
        if len(u) == 0 or image.size in self._blind_to:
            return []
        box_px = np.array([u.min(), v.min(), u.max() + 1, v.max() + 1], dtype=np.float64)
        center_px, size_px = (box_px[:2] + box_px[2:]) / 2, box_px[2:] - box_px[:2]
        intrinsics = sample.camera.intrinsics
        center_m = np.linalg.inv(intrinsics) @ [*center_px, 1.0] * self.nearness
        rng = np.random.default_rng(zlib.crc32(image.tobytes()))
        center_m += rng.normal(0.0, self.sigma_m, 3)
        size_m = size_px / intrinsics[0, 0] * self.nearness
        return [Detection(np.array([*center_m, *size_m, 0.01, 0.0]), box_px, np.eye(3), "square", 0.9)]
