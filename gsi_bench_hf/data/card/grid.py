"""One picture that shows samples of a config: for every operation of every environment a few pairs, before and after."""

from __future__ import annotations

import bisect
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont

from gsi_bench_hf.data.card.statistics import Config
from gsi_bench_hf.durable import write_atomic
from gsi_bench_hf.types import as_image

GRID_FOLDER = "samples"
PAIRS_A_ROW = 2
_IMAGE_PX, _GAP_PX, _MARGIN_PX, _CAPTION_PX = 300, 4, 28, 46
_PAPER, _INK, _MUTED = (251, 251, 249), (29, 33, 38), (95, 104, 113)
_PAIR_PX = 2 * _IMAGE_PX + _GAP_PX


def write_grid(config: Config, path: Path) -> None:
    """Draw the grid of a config's samples to a JPEG file.

    Args:
        config: a config that lies complete in a folder.
        path: the file.
    """
    lines = [_choose(config, pair, i / len(config.pairs)) for i, pair in enumerate(config.pairs)]
    heights_px = [_height_px(config.rows[numbers[0]]["size"]) for numbers in lines]
    size = (
        _MARGIN_PX + max(map(len, lines)) * (_PAIR_PX + _MARGIN_PX),
        _MARGIN_PX + sum(heights_px) + len(lines) * _CAPTION_PX,
    )
    canvas, y = Image.new("RGB", size, _PAPER), _MARGIN_PX
    for numbers, height_px in zip(lines, heights_px, strict=True):
        for j, number in enumerate(numbers):
            _draw_pair(canvas, (_MARGIN_PX + j * (_PAIR_PX + _MARGIN_PX), y), height_px, _read(config, number))
        y += height_px + _CAPTION_PX
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=88)
    write_atomic(path, buffer.getvalue())


def _height_px(size: tuple[int, int]) -> int:
    return round(_IMAGE_PX * size[1] / size[0])


def _choose(config: Config, pair: tuple[str, str], offset: float) -> list[int]:
    """Numbers of the rows to show of an environment and operation: spread over all of them.

    The `offset`, 0 to 1, keeps the lines of the grid from showing the same scenes.
    """
    rows = [i for i, row in enumerate(config.rows) if (row["environment"], row["operation"]) == pair]
    count = min(PAIRS_A_ROW, len(rows))
    return [rows[int((k + offset) * len(rows) / count)] for k in range(count)]


def _read(config: Config, number: int) -> dict[str, Any]:
    """The images and the instruction of a row."""
    file = bisect.bisect_right(config.starts, number) - 1
    parquet, place, group = pq.ParquetFile(config.paths[file]), number - config.starts[file], 0
    while place >= parquet.metadata.row_group(group).num_rows:
        place -= parquet.metadata.row_group(group).num_rows
        group += 1
    table = parquet.read_row_group(group, columns=["source_image", "target_image", "instruction"])
    row: dict[str, Any] = table.slice(place, 1).to_pylist()[0]
    return row


def _draw_pair(canvas: Image.Image, corner: tuple[int, int], picture_px: int, row: dict[str, Any]) -> None:
    x, y = corner
    for k, name in enumerate(("source_image", "target_image")):
        image = as_image(row[name])
        if image is not None:
            small = image.convert("RGB").resize((_IMAGE_PX, picture_px), Image.Resampling.LANCZOS)
            canvas.paste(small, (x + k * (_IMAGE_PX + _GAP_PX), y))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(14)
    lines = _wrapped(row["instruction"], draw, font)
    for k, line in enumerate(lines):
        draw.text((x, y + picture_px + 5 + 17 * k), line, font=font, fill=_INK if k < 2 else _MUTED)


def _wrapped(text: str, draw: ImageDraw.ImageDraw, font: Any) -> Sequence[str]:
    """At most two lines that fit under a pair; what is left of a longer text is cut off with an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= _PAIR_PX:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1]} …"]
