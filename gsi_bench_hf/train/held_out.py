"""Scenes that are not trained on, to validate on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gsi_bench_hf.train.settings import TrainingStoppedError


def hold_out(rows: Any, count: int, limit: int | None = None) -> tuple[list[Mapping[str, Any]], Any]:
    """The first rows, and the later ones that are of other scenes.

    The simulated configs begin with every operation in turn, so that a few rows are a fair sample of them.

    Args:
        rows: a `datasets.Dataset`, an `IterableDataset`, or a sequence of rows.
        count: how many rows to hold out.
        limit: of the later ones, how many to keep; None for all.

    Raises:
        TrainingStoppedError: nothing would be left.
    """
    streaming = hasattr(rows, "load_state_dict")
    held = list(rows.take(count)) if streaming else [rows[i] for i in range(min(count, len(rows)))]
    scenes = {str(row["scene_id"]) for row in held}
    if streaming:
        left = rows if not count else rows.filter(lambda scene: scene not in scenes, input_columns=["scene_id"])
        return held, left if limit is None else left.take(limit)
    kept = [i for i, scene in enumerate(_scenes(rows)) if scene not in scenes][:limit]
    if not kept:
        raise TrainingStoppedError(
            f"all {len(rows)} rows are of the scenes of the first {count}, which are held out for validation; expected more rows: "
            "give a larger --limit or a smaller --validation-samples"
        )
    return held, rows.select(kept) if hasattr(rows, "select") else [rows[i] for i in kept]


def _scenes(rows: Any) -> Sequence[str]:
    if hasattr(rows, "select_columns"):  # no image is read for them
        return [str(scene) for scene in rows.select_columns(["scene_id"])["scene_id"]]
    return [str(row["scene_id"]) for row in rows]
