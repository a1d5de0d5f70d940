"""Images as data URIs of a bounded size."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from gsi_bench_hf.store import preview_path


def data_uri(path: Path, *, longest_px: int = 448) -> str | None:
    """The image at `path` as a WebP data URI; None where there is none or it can't be read."""
    try:
        with Image.open(path) as image:
            small = image.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    small.thumbnail((longest_px, longest_px))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=82, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def preview(folder: Path, sample: Mapping[str, Any], which: str) -> str | None:
    """The record's "source" or "target" image, from the run's own folder or from that of the run whose ladder it is part of."""
    relative = preview_path(sample["subset"], sample["id"], which)
    return data_uri(folder / relative) or data_uri(folder.parent.parent / relative)


def edited(folder: Path, sample: Mapping[str, Any]) -> str | None:
    """The edited image of a sample."""
    return data_uri(folder / sample["edited"]) if sample.get("edited") else None
