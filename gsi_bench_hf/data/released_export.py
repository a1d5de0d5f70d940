"""What an editor made of a subset, and how it did, as the files that the released evaluator reads and writes.

Below one folder: `generated_images_<subset>/<img_id>_edit_<query>.png`, `<subset>_eval/infer_cache.json` (detections before and
after), `<subset>_eval/{instruction-compliance,spatial-accuracy,edit-locality}_eval_results.json` (scores 0..1), and
`judgements/gsi-bench_<subset>_<model>.json`. `<subset>` is the released name, "fine" for GSI-Real.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gsi_bench_hf.data.released_layout import edit_id, row_names
from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.types import Detection, Judgement

_MARK = "||V^=^V||"
RESULTS = {
    "instruction-compliance": ("compliance",),
    "spatial-accuracy": ("edit_score",),
    "edit-locality": ("ssim", "lpips", "mse"),
}
"""Metric's file name -> the keys of its values."""


@dataclass(frozen=True)
class Outcome:
    """One sample of a run.

    Attributes:
        record: has `id`, `scene_id` and `operation` (its name): a row of the dataset, or a line of a run's `samples.jsonl`.
        edited: file of the edited image; None where the editor failed.
        origin, found: detections in the source and in the edited image, in the detector's frame; None where it did not come to that.
        judgement: None where it did not come to that.
        scores: `compliance`, `edit_score`, `ssim`, `lpips`, `mse` as the `paper` protocol has them, those that are known.
    """

    record: Mapping[str, Any]
    edited: Path | None = None
    origin: Sequence[Detection] | None = None
    found: Sequence[Detection] | None = None
    judgement: Judgement | None = None
    scores: Mapping[str, float | None] | None = None


def official_name(subset: str) -> str:
    """The name that the released files have for a config; a config that was not released keeps its own.

    >>> official_name("real"), official_name("tabletop"), official_name("sim-tabletop")
    ('fine', 'mesatask', 'sim-tabletop')
    """
    file = SUBSETS[subset].hub_file
    return Path(file).stem.removesuffix("_dataset") if file and file.endswith(".zip") else subset


def official_model(model: str) -> str:
    """An editor's name as the released files spell models: no underscores, nothing that a path or a pattern would mind.

    >>> official_model("My_Editor/v1_0")
    'MyEditorv10'
    """
    return re.sub(r"[^0-9A-Za-z.-]", "", model).lstrip(".-") or "model"


def export_official(outcomes: Iterable[Outcome], out: Path, *, subset: str, model: str) -> list[Path]:
    """Write a run in the released evaluator's layout.

    Args:
        outcomes: the run's samples; what one lacks is left out of the file that it would stand in.
        out: the folder, made where missing; files that are there are replaced.
        subset: the config's name.
        model: the editor's name, for the judge file, whose name can hold no underscores beyond its own.

    Returns:
        The JSON files written. Files for which no sample has anything are not written.

    Raises:
        ValueError: for two samples of one id, or an edited image that is neither PNG nor JPEG.
    """
    name = official_name(subset)
    images = out / f"generated_images_{name}"
    images.mkdir(parents=True, exist_ok=True)
    cache: dict[str, Any] = {}
    results: dict[str, dict[str, Any]] = {metric: {} for metric in RESULTS}
    judged: list[dict[str, Any]] = []
    seen: set[str] = set()
    for outcome in outcomes:
        image_id, query = row_names(outcome.record)
        sample_id, key = edit_id(image_id, query), f"{image_id}_{query}"
        if key in seen:
            raise ValueError(f"export_official: two samples are {sample_id!r}, expected every id once")
        seen.add(key)
        _copy_image(outcome.edited, images, sample_id)
        if outcome.origin is not None and outcome.found is not None:
            cache[key] = {"origin_result": _detections(outcome.origin), "new_result": _detections(outcome.found)}
        for metric, values in _scores(outcome).items():
            results[metric][key] = values
        if outcome.judgement is not None:
            judged.append({"meta": {"index": sample_id}, "prediction": judge_reply(outcome.judgement)})
    files: dict[str, Any] = {f"{name}_eval/infer_cache.json": cache}
    files |= {f"{name}_eval/{metric}_eval_results.json": values for metric, values in results.items()}
    files[f"judgements/gsi-bench_{name}_{official_model(model)}.json"] = judged
    return [_write_json(out / file, content) for file, content in files.items() if content]


def judge_reply(judgement: Judgement) -> str:
    """The text that `parse_judgement` reads as this judgement; one without a score becomes a text that it reads as None.

    >>> judge_reply(Judgement(8.5, "same mug"))
    '||V^=^V||{"score": 8.5, "reasoning": "same mug"}||V^=^V||'
    """
    if judgement.score is None:
        return judgement.reason.replace(_MARK, "")
    # A mark inside the reason would end the JSON early.
    content = {"score": judgement.score, "reasoning": judgement.reason.replace(_MARK, "")}
    return f"{_MARK}{json.dumps(content, ensure_ascii=False)}{_MARK}"


def _copy_image(edited: Path | None, folder: Path, sample_id: str) -> None:
    if edited is None:
        return
    suffix = edited.suffix.lower()
    if suffix not in (".png", ".jpg", ".jpeg"):
        raise ValueError(f"export_official: {edited} is neither .png nor .jpg, which the released evaluator expects")
    shutil.copyfile(edited, folder / f"{sample_id}{'.png' if suffix == '.png' else '.jpg'}")


def _detections(detections: Sequence[Detection]) -> dict[str, Any]:
    return {
        "detections": [
            {
                "label": d.label,
                "score": float(d.score),
                "bbox_3d": np.asarray(d.bbox_3d, dtype=np.float64).tolist(),
                "bbox_2d": np.asarray(d.bbox_2d, dtype=np.float64).tolist(),
                "rotation_matrix": np.asarray(d.rotation_matrix, dtype=np.float64).tolist(),
            }
            for d in detections
        ]
    }


def _scores(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """The entry of each metric that is known; of locality, LPIPS may be missing, and what has no value is NaN, as in the original."""
    known = {name: float(value) for name, value in (outcome.scores or {}).items() if value is not None}
    if "lpips" in known:  # boxes over the whole image leave no SSIM
        known = {"ssim": math.nan, "mse": math.nan, **known}
    entries = {}
    for metric, names in RESULTS.items():
        values = {name: known[name] for name in names if name in known}
        if names[0] in values:
            entries[metric] = {"operation": outcome.record["operation"], **values}
    return entries


def _write_json(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
    return path
