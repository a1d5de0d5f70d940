"""`oracle`: the ground-truth image. The upper end of the ladder."""

from __future__ import annotations

from typing import Any

from PIL import Image

from gsi_bench_hf.pipelines.base import EditOutput, target_image
from gsi_bench_hf.types import Sample


class OracleEditor:
    """Returns the record's target image."""

    name = "oracle"
    needs_sample = True

    def __call__(
        self, *, image: Image.Image, prompt: str, sample: Sample, generator: Any = None, seed: int = 0
    ) -> EditOutput:
        """Return `sample`'s target image. Raises ValueError for a record that has none."""
        return EditOutput((target_image(sample),))
