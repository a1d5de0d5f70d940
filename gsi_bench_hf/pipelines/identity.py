"""`identity`: the input, untouched. The lower end of the ladder."""

from __future__ import annotations

from typing import Any

from PIL import Image

from gsi_bench_hf.pipelines.base import EditOutput


class IdentityEditor:
    """Returns a copy of what it was given."""

    name = "identity"
    needs_sample = False

    def __call__(self, *, image: Image.Image, prompt: str, generator: Any = None) -> EditOutput:
        """Return a copy of `image`, whatever `prompt` says."""
        return EditOutput((image.convert("RGB"),))
