"""What the page shows of one candidate: its words and numbers as JSON, its pictures as files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from gsi_bench_hf.durable import leaves, plain
from gsi_bench_hf.gallery.cards import boxes_after, make_card
from gsi_bench_hf.review.candidates import encoded_image
from gsi_bench_hf.review.sketch import sketch
from gsi_bench_hf.types import Sample

_SKETCH = "sketch: the object’s own pixels where the new box is"
_SKETCH_REMOVED = "sketch: without the object’s pixels"
_SKETCH_VIEW = "sketch: the picture from where the camera would go"
_EXTRA, _EXTRA_CHARS = 16, 240


@dataclass(frozen=True)
class Look:
    """One candidate: `card` is plain JSON for the page, `pictures` are (bytes, media type) by the view's name."""

    card: dict[str, Any]
    pictures: Mapping[str, tuple[bytes, str]]


def look(row: Mapping[str, Any]) -> Look:
    """What to show of a row in the schema of `data.features`.

    The source image goes as it is kept, so that its flaws are seen and none is added. Without a target image, there is a sketch.
    """
    pictures: dict[str, tuple[bytes, str]] = {}
    kept = {"before": row["source_image"], "after": row.get("target_image")}

    def address(name: str, picture: Image.Image) -> str:
        pictures[name] = encoded_image(kept.get(name)) or _jpeg(picture)
        return name

    card = make_card(row, address=address)
    sample = Sample(row)
    if sample.target_image is None and (drawn := sketch(sample)) is not None:
        caption = {"remove": _SKETCH_REMOVED, "view": _SKETCH_VIEW}.get(sample.operation, _SKETCH)
        boxes = [] if sample.operation == "view" else boxes_after(sample)
        uri = address("after", drawn)
        view = {"name": "after", "caption": caption, "uri": uri, "mask": None, "boxes": boxes, "objects": []}
        card["views"].insert(1, view)
    card["facts"] += _extra(row)
    return Look(plain(card), pictures)


def _jpeg(picture: Image.Image) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=92)
    return buffer.getvalue(), "image/jpeg"


def _extra(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What else is known of how the candidate came to be."""
    try:
        extra = json.loads((row.get("provenance") or {}).get("extra") or "{}")
    except ValueError:
        return []
    if not isinstance(extra, Mapping):
        return []
    found = [(name, str(value)) for name, value in leaves(extra, separator=" ") if isinstance(value, (str, int, float))]
    return [(name, value[:_EXTRA_CHARS]) for name, value in found[:_EXTRA]]
