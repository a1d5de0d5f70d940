"""Detections and judgements from files: ours, and those that the released GSI-Bench evaluator writes.

Ours is one JSON object: record id -> what `scan_to_json` gives, or record id -> {"score", "reason"}. The released evaluator's
detections are its `infer_cache.json`, its judgements a list of {"meta": {"index"}, "prediction"}; both are recognised by their form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.metrics.appearance_consistency import parse_judgement
from gsi_bench_hf.metrics.protocol_paper import DETECTOR_SIDE_PX
from gsi_bench_hf.perception.association import associate, released_target_px
from gsi_bench_hf.types import Detection, Judgement, Sample, Scan, UnscorableError


class CachedDetector:
    """The detector "cached": it says what a file says.

    Args:
        path: our JSON or the released evaluator's `infer_cache.json`.

    `looks_at_pixels` is False: another crop can't be looked at.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is neither.
    """

    looks_at_pixels = False

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._scans = _read(self._path)
        if not isinstance(self._scans, Mapping) or not all(isinstance(v, Mapping) for v in self._scans.values()):
            raise ValueError(f"{self._path}: expected a JSON object that maps record ids to detections")

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        """The file's scan of the record. Raises `UnscorableError` where it has none."""
        entry = _entry(self._scans, sample.id)
        if entry is None:
            raise UnscorableError(f"{self._path.name} has no detections of {sample.id}")
        try:
            if "origin_result" in entry or "new_result" in entry:
                return _released_scan(entry, sample)
            return scan_from_json(entry)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise UnscorableError(
                f"{self._path.name}: the detections of {sample.id} can't be read: {type(error).__name__}: {error}"
            ) from error


class CachedJudge:
    """The judge "cached": it says what a file says.

    Args:
        path: our JSON, or a judge file of the released evaluator.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is neither.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        content = _read(self._path)
        if isinstance(content, list):
            content = {str(item["meta"]["index"]): item["prediction"] for item in content if _is_released(item)}
        if not isinstance(content, Mapping) or not content:
            raise ValueError(
                f"{self._path}: expected a JSON object that maps record ids to judgements, "
                'or a list of {"meta": {"index": ...}, "prediction": ...}'
            )
        self._judgements = content

    def judge(self, sample: Sample, edited: Image.Image, scan: Scan) -> Judgement:
        """The file's judgement of the record; a None with the reason where it has none or it can't be read."""
        entry = _entry(self._judgements, sample.id)
        if entry is None:
            return Judgement(None, f"{self._path.name} has no judgement of {sample.id}")
        if isinstance(entry, Mapping):
            score, reason = entry.get("score"), str(entry.get("reason", ""))
        else:
            score, reason = (parse_judgement(entry) if isinstance(entry, str) else entry), str(entry)
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0.0 <= score <= 10.0:
            return Judgement(None, f"{self._path.name}: the score of {sample.id} is {score!r}, expected 0..10")
        return Judgement(float(score), reason)


def scan_to_json(scan: Scan) -> dict[str, Any]:
    """A scan as plain JSON values; `scan_from_json` reads it back. Numbers keep every bit."""
    target = next((i for i, d in enumerate(scan.edited) if d is scan.target), None)
    mask = scan.silhouette
    return {
        "origin": [_detection_to_json(d) for d in scan.origin],
        "edited": [_detection_to_json(d) for d in scan.edited],
        "target": target,
        "silhouette": None if mask is None else {"size": list(mask.shape), "runs": _runs(mask)},
        "lost": scan.lost,
        "added": scan.added,
        "camera_translation_m": None if scan.camera_translation_m is None else scan.camera_translation_m.tolist(),
        "camera_rotation": None if scan.camera_rotation is None else scan.camera_rotation.tolist(),
        "diagnostics": dict(scan.diagnostics),
        "relative": scan.relative,
        "source_target": next((i for i, d in enumerate(scan.origin) if d is scan.source_target), None),
    }


def scan_from_json(entry: Mapping[str, Any]) -> Scan:
    """The scan of `scan_to_json`'s values; what is missing is unknown, only "edited" must be there."""
    edited = tuple(_detection(d) for d in entry["edited"])
    origin = tuple(_detection(d) for d in entry.get("origin", ()))
    source = entry.get("source_target")
    index, mask = entry.get("target"), entry.get("silhouette")
    translation, rotation = entry.get("camera_translation_m"), entry.get("camera_rotation")
    return Scan(
        origin=origin,
        edited=edited,
        target=None if index is None else edited[index],
        silhouette=None if mask is None else _mask(mask["runs"], mask["size"]),
        lost=int(entry.get("lost", 0)),
        added=int(entry.get("added", 0)),
        camera_translation_m=None if translation is None else np.asarray(translation, dtype=np.float64),
        camera_rotation=None if rotation is None else np.asarray(rotation, dtype=np.float64),
        diagnostics=dict(entry.get("diagnostics", {})),
        relative=bool(entry.get("relative", False)),
        source_target=None if source is None else origin[source],
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not JSON: {error}") from error


def _entry(entries: Mapping[str, Any], record_id: str) -> Any:
    """The entry of a record under its own id or the released evaluator's names for it: `_edit_` left out, or an image suffix."""
    plain = record_id.replace("_edit_", "_")
    names = [record_id, plain]
    head, _, tail = plain.rpartition("_")
    if head:
        names.append(f"{head}_edit_{tail}")
    for name in [*names, *(f"{n}{suffix}" for n in names for suffix in (".png", ".jpg"))]:
        if name in entries:
            return entries[name]
    return None


def _is_released(item: Any) -> bool:
    return (
        isinstance(item, Mapping)
        and isinstance(item.get("meta"), Mapping)
        and "index" in item["meta"]
        and "prediction" in item
    )


def _released_scan(entry: Mapping[str, Any], sample: Sample) -> Scan:
    size = (sample.camera.width, sample.camera.height)
    ratio = max(size) / DETECTOR_SIDE_PX
    origin = _released_detections(entry.get("origin_result"), ratio)
    edited = _released_detections(entry.get("new_result"), ratio)
    if (sample.row.get("edit") or {}).get("original_bbox_3d"):
        return associate(sample, origin, edited, target_px=released_target_px(sample))
    same = [d for d in edited if d.label == sample.target_label]
    return Scan(origin, edited, max(same, key=lambda d: d.score, default=None))


def _released_detections(result: Any, ratio: float) -> tuple[Detection, ...]:
    items: Iterable[Mapping[str, Any]] = (result or {}).get("detections") or ()
    return tuple(_detection(item, ratio) for item in items)


def _detection(item: Mapping[str, Any], ratio: float = 1.0) -> Detection:
    score, name = item.get("score", 1.0), item.get("instance_id")
    return Detection(
        np.asarray(item["bbox_3d"], dtype=np.float64).reshape(7),
        np.asarray(item["bbox_2d"], dtype=np.float64).reshape(4) * ratio,
        np.asarray(item["rotation_matrix"], dtype=np.float64).reshape(3, 3),
        str(item.get("label", "")),
        1.0 if score is None else float(score),
        None if name is None else str(name),
    )


def _detection_to_json(detection: Detection) -> dict[str, Any]:
    return {
        "bbox_3d": detection.bbox_3d.tolist(),
        "bbox_2d": detection.bbox_2d.tolist(),
        "rotation_matrix": detection.rotation_matrix.tolist(),
        "label": detection.label,
        "score": detection.score,
        "instance_id": detection.instance_id,
    }


def _runs(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of the runs of equal pixels, row by row, the first of them outside the mask (it may be 0)."""
    flat = np.concatenate([[False], mask.ravel()])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(v) for v in np.diff(np.concatenate([[0], edges, [mask.size]]))]


def _mask(runs: Iterable[int], size: Iterable[int]) -> NDArray[np.bool_]:
    lengths = np.asarray(list(runs), dtype=np.int64)
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(tuple(size))
