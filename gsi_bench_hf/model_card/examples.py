"""Three edits of a run as images beside its card: the best, the median and the worst, so that nobody picks them."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from gsi_bench_hf.model_card.checks import CardError
from gsi_bench_hf.results import Results
from gsi_bench_hf.store import file_name, preview_path

IMAGE_FOLDER = "images"
_SIDE_PX = 384
_GAP_PX = 8
_PAPER = (255, 255, 255)


@dataclass(frozen=True)
class Example:
    """An edit that a card shows.

    Attributes:
        rank: "best", "median" or "worst" of the run, by spatial accuracy.
        sample: its record in the run.
        path: where its image lies beside the card; None where it has none.
    """

    rank: str
    sample: Mapping[str, Any]
    path: str | None


def choose_examples(results: Results, *, images: bool) -> list[Example]:
    """The best, the median and the worst of the scored edits, by spatial accuracy, then by the sum of the others; none twice.

    Args:
        results: of the run.
        images: whether the card has images of them.
    """
    scored = [s for s in results.samples if s["status"] == "ok" and not math.isnan(s["scores"]["spatial_accuracy"])]
    ranked = sorted(scored, key=lambda s: (*_rank(s["scores"]), -s["index"]), reverse=True)
    places = {"best": 0, "median": len(ranked) // 2, "worst": len(ranked) - 1}
    shown: dict[int, str] = {}
    for rank, place in places.items():
        if ranked:
            shown.setdefault(place, rank)
    return [Example(rank, ranked[k], _image_path(ranked[k]) if images else None) for k, rank in shown.items()]


def draw_example(folder: Path, example: Example) -> bytes:
    """Source, edit and wanted image of an example side by side, as WebP; a place stays empty where there is no image.

    Args:
        folder: the run's folder.
        example: one of the run's.

    Raises:
        CardError: the edited image is gone from the run's folder, or damaged.
    """
    sample = example.sample
    previews = [folder / preview_path(sample["subset"], sample["id"], which) for which in ("source", "target")]
    images = [_open(path) for path in (previews[0], folder / sample["edited"], previews[1])]
    edited = images[1]
    if edited is None:
        raise CardError(
            f"{folder / sample['edited']} can't be read as an image; expected the edit of sample {sample['id']!r}: "
            "make the card where the run's images are, or with images=False"
        )
    scale = _SIDE_PX / max(edited.size)
    width, height = (max(1, round(side * scale)) for side in edited.size)
    strip = Image.new("RGB", (3 * width + 2 * _GAP_PX, height), _PAPER)
    for place, image in enumerate(images):
        if image is not None:
            strip.paste(image.resize((width, height), Image.Resampling.LANCZOS), (place * (width + _GAP_PX), 0))
    buffer = io.BytesIO()
    strip.save(buffer, "WEBP", quality=88, method=4)
    return buffer.getvalue()


def _rank(scores: Mapping[str, float]) -> Sequence[float]:
    others = [v for k, v in scores.items() if k != "spatial_accuracy" and not math.isnan(v)]
    return scores["spatial_accuracy"], sum(others)


def _image_path(sample: Mapping[str, Any]) -> str:
    # A percent sign in a link would be read as the start of an escape.
    return f"{IMAGE_FOLDER}/{file_name(sample['id']).replace('%', '_')}.webp"


def _open(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
