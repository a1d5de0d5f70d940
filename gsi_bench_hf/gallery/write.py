"""Puts the gallery together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gsi_bench_hf.durable import write_atomic
from gsi_bench_hf.gallery.cards import make_card
from gsi_bench_hf.gallery.source import open_source
from gsi_bench_hf.report.template import page_template
from gsi_bench_hf.types import OPERATIONS

BYTES = 24_000_000
_FILTERS = (
    ("subset", "Config"),
    ("environment", "Environment"),
    ("operation", "Operation"),
    ("difficulty", "Difficulty"),
)
_ORDER = (*OPERATIONS, "easy", "medium", "hard")


def write_gallery(
    source: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
    out: str | os.PathLike[str],
    *,
    config: str | None = None,
    num_samples: int = 48,
    seed: int = 0,
    data_dir: str | None = None,
) -> Path:
    """Write a gallery page: each sample's images, boxes, masks, depth, instruction, to be filtered by operation and difficulty.

    Args:
        source: a config such as "sim-tabletop"; a folder of `build`, finished or not; or rows, such as a `datasets.Dataset`.
        out: the HTML file.
        config: which of a folder's configs; None for all.
        num_samples: most samples on the page: of a folder spread over its operations and files, else the first ones. Fewer where
            the file would pass about 25 MB.
        seed: of a rendered config.
        data_dir: where the released files of a released config are.

    Returns:
        `out` as a path.

    Raises:
        MissingReportExtraError: jinja2 is not installed.
        UnknownNameError: `source` is neither a folder nor a config.
        ValueError: a folder without records, or no rows.
    """
    template = page_template(Path(__file__).parent, "a gallery")
    rows = open_source(source, config=config, num_samples=num_samples, seed=seed, data_dir=data_dir)
    cards: list[dict[str, Any]] = []
    used = 0
    for row in rows.rows:
        card = make_card(row)
        used += sum(len(view["uri"]) for view in card["views"])
        if used > BYTES and cards:
            break
        cards.append(card)
    if not cards:
        raise ValueError(f"write_gallery: {rows.title} has no rows, expected one or more")
    filters = _filters(cards)
    page = template.render(
        title=rows.title, what=rows.what, num_rows=max(rows.num_rows, len(cards)), cards=cards, filters=filters
    )
    write_atomic(Path(out), page.encode())
    return Path(out)


def _filters(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the cards can be filtered by, and each card's `marks`: for each filter the number of its value.

    The style sheet speaks of values by number, so that no text of the data gets into it.
    """
    filters: list[dict[str, Any]] = []
    for card in cards:
        card["marks"] = ""
    for key, title in _FILTERS:
        counts = Counter(str(card[key]) for card in cards if card[key] is not None)
        values = sorted(counts, key=_ORDER.index) if counts.keys() <= set(_ORDER) else list(counts)
        if len(values) < 2:
            continue
        for card in cards:
            if card[key] is not None:
                card["marks"] += f" f{len(filters)}-{values.index(str(card[key]))}"
        filters.append({"title": title, "options": [(value, counts[value]) for value in values]})
    return filters
