"""The facade: one sample's four scores under either protocol. What many of them come to is in `summary`, and is here too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.metrics.aggregate import count_paper
from gsi_bench_hf.metrics.anchoring import anchored
from gsi_bench_hf.metrics.appearance_consistency import appearance_consistency
from gsi_bench_hf.metrics.edit_locality import (
    Locality,
    as_rgb,
    dilate,
    fill_box,
    paper_gate,
    paper_locality,
    strict_el,
    strict_locality,
)
from gsi_bench_hf.metrics.lpips import choose_lpips
from gsi_bench_hf.metrics.protocol_paper import same_viewpoint, score_edit, to_detector_frame, view_score
from gsi_bench_hf.metrics.protocol_strict import StrictScore, score_strict
from gsi_bench_hf.metrics.summary import AVERAGE, METRICS, SampleScore, summarise, unscorable
from gsi_bench_hf.types import Box3D, Detection, Judgement, Protocol_, Sample, Scan, UnscorableError, is_simulated

if TYPE_CHECKING:
    from gsi_bench_hf.metrics.lpips import Lpips

__all__ = [
    "AVERAGE",
    "METRICS",
    "PROTOCOLS",
    "SampleScore",
    "changed_region",
    "paper_inputs",
    "resolve_lpips",
    "resolve_protocol",
    "score_sample",
    "strict_pose",
    "strict_scan",
    "summarise",
    "unscorable",
]

PROTOCOLS = ("paper", "strict")

# The released evaluator knows these as moves: its instruction parser reads "place" and "put" so.
_PAPER_OPERATION = {"place": "move", "receptacle": "move"}


def resolve_protocol(protocol: str, sample: Sample) -> Protocol_:
    """The protocol that "auto" means for a record: `strict` on simulated data, `paper` on released data.

    Raises:
        ValueError: for an unknown protocol.
    """
    if protocol == "auto":
        return "strict" if is_simulated(sample.subset) else "paper"
    if protocol == "paper":
        return "paper"
    if protocol == "strict":
        return "strict"
    raise ValueError(f"protocol is {protocol!r}, expected 'auto', {' or '.join(map(repr, PROTOCOLS))}")


def resolve_lpips(lpips: Lpips | str | None, protocol: str) -> Lpips | None:
    """The LPIPS to score with; `lpips.choose_lpips` has the rule.

    Args:
        lpips: what `choose_lpips` takes, or a built `Lpips`, which is used as it is.
        protocol: "paper" or "strict".

    Raises:
        LpipsUnavailableError: where the weights asked for can't be had; pass lpips=None to do without.
    """
    return choose_lpips(lpips, protocol).network if isinstance(lpips, str) else lpips


def score_sample(
    sample: Sample,
    edited: Image.Image,
    scan: Scan,
    judgement: Judgement,
    *,
    protocol: Protocol_,
    lpips: Lpips | None,
) -> SampleScore:
    """Score one edited image.

    Args:
        sample: the record.
        edited: the edited image; another size than the source's is resized for the comparison of pixels.
        scan: what a detector found in it.
        judgement: what a judge said of it.
        protocol: "paper" or "strict"; see `resolve_protocol` for "auto".
        lpips: from `resolve_lpips`. None leaves LPIPS out: `strict` then takes SSIM alone, and so does `paper`, whose gate and
            average differ from the published table's in that; `details["locality"]` says "ssim".

    Returns:
        NaNs with the reason where the scan or the record does not allow a score.
    """
    try:
        if protocol == "paper":
            return _score_paper(sample, edited, scan, judgement, lpips)
        if protocol == "strict":
            return _score_strict(sample, edited, scan, judgement, lpips)
    except UnscorableError as error:
        return unscorable(str(error))
    raise ValueError(f"score_sample: protocol is {protocol!r}, expected {' or '.join(map(repr, PROTOCOLS))}")


def paper_inputs(sample: Sample, scan: Scan) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The released evaluator's view of a record: its edit, and the detections before and after in the detector frame.

    Our scans hold `bbox_2d` in image pixels; here they become those of an image whose longest side is 896 pixels, because the
    published scores mix the two frames (protocol.md, "The detector frame").
    """
    edit = {**sample.row["edit"], "camera_intrinsics": sample.camera.intrinsics}
    if edit.get("new_rotation_matrix") is None:
        edit["new_rotation_matrix"] = edit.get("rotation_matrix")
    size = sample.source_image.size
    return edit, [_plain_detection(d, size) for d in scan.origin], [_plain_detection(d, size) for d in scan.edited]


def strict_pose(sample: Sample, scan: Scan) -> StrictScore:
    """The `strict` score of the pose alone.

    Raises:
        UnscorableError: the record or the scan lacks what is needed.
    """
    return score_strict(sample.edit, strict_scan(sample, scan), sample.target_symmetry)


def strict_scan(sample: Sample, scan: Scan) -> Scan:
    """The scan as `strict` counts it: what a detector of photographs found is anchored (`anchoring`). Raises `UnscorableError`."""
    return scan if sample.operation == "view" else anchored(sample.edit.original_box, scan)


def changed_region(sample: Sample, scan: Scan) -> NDArray[np.bool_]:
    """(H, W) where a `strict` edit may change the source image: around the target's silhouettes before, wanted and found.

    Each is dilated by 8 % of its own diagonal. Where a silhouette is unknown, the projected box stands in for it. After a view
    edit nothing may change: the edited image is compared with the target image.
    """
    size = sample.source_image.size
    changed = np.zeros(size[::-1], dtype=bool)
    if sample.operation == "view":
        return changed
    edit, camera = sample.edit, sample.camera.intrinsics
    silhouettes = [_silhouette(sample.target_mask, edit.original_box, camera, changed.shape)]
    if sample.operation != "remove":
        silhouettes.append(_silhouette(_wanted_mask(sample), edit.new_box, camera, changed.shape))
    if scan.target is not None:
        found = scan.silhouette
        if found is None:
            found = np.zeros(changed.shape, dtype=bool)
            fill_box(found, scan.target.bbox_2d, True)
        silhouettes.append(found)
    for silhouette in silhouettes:
        changed |= dilate(silhouette)
    return changed


def _score_paper(
    sample: Sample, edited: Image.Image, scan: Scan, judgement: Judgement, lpips: Lpips | None
) -> SampleScore:
    edit, origin, found = paper_inputs(sample, scan)
    source = sample.source_image
    operation = _PAPER_OPERATION.get(sample.operation, sample.operation)
    locality = paper_locality(source, edited, origin, found, edit, lpips)
    details: dict[str, Any] = {"locality": "ssim" if lpips is None else "lpips", **_plain_locality(locality)}
    if operation == "view":
        accuracy = compliance = view_score(_resized(edited, source.size), sample.target_image, lpips)
    else:
        gate = paper_gate(locality.ssim, locality.lpips, sample.row.get("environment") == "real")
        if operation == "rotate":
            details["same_viewpoint"] = same_viewpoint(source, _resized(edited, source.size))
            gate = gate and bool(details["same_viewpoint"])
        details["gate"] = gate
        result = score_edit(operation, edit, origin, found, gate)
        compliance, accuracy = result["instruction_compliance"], result["spatial_accuracy"]
    # SSIM is NaN only for an image of one colour or boxes over all of it; neither keeps anything as it was.
    counted = count_paper(compliance, accuracy, _or_none(locality.ssim), _or_none(locality.lpips), judgement.score)
    el = counted["el_ssim"] if lpips is None else counted["el_lpips"]
    details |= {
        "measured_instruction_compliance": 100.0 * compliance,
        "measured_spatial_accuracy": 100.0 * accuracy,
        "measured_appearance_consistency": None if judgement.score is None else 10.0 * judgement.score,
        "el_ssim": counted["el_ssim"],
    }
    return SampleScore(counted["ic"], counted["sa"], counted["ac"], el, None, details)


def _score_strict(
    sample: Sample, edited: Image.Image, scan: Scan, judgement: Judgement, lpips: Lpips | None
) -> SampleScore:
    score = strict_pose(sample, scan)
    reference = sample.target_image if sample.operation == "view" else sample.source_image
    if reference is None:
        raise UnscorableError("a view edit is compared with its target image, and the record has none")
    locality = strict_locality(reference, edited, changed_region(sample, scan), lpips)
    el = 100.0 * strict_el(locality)
    ac = appearance_consistency(judgement.score)
    details = {
        "locality": "ssim" if lpips is None else "ssim+lpips",
        **_plain_locality(locality),
        "base": score.base,
        "drift": score.drift,
        "errors": score.errors,
        "measured_appearance_consistency": _or_none(ac),
        "measured_edit_locality": _or_none(el),
    }
    ic = 100.0 * score.compliance
    if ic == 0.0:
        return SampleScore(0.0, 100.0 * score.accuracy, 0.0, 0.0, None, details)
    reasons = [f"no judgement: {judgement.reason}"] if math.isnan(ac) else []
    reasons += ["the object's surroundings fill the image: no locality"] if math.isnan(el) else []
    return SampleScore(ic, 100.0 * score.accuracy, ac, el, "; ".join(reasons) or None, details)


def _plain_detection(detection: Detection, size: tuple[int, int]) -> dict[str, Any]:
    return {
        "bbox_3d": detection.bbox_3d,
        "bbox_2d": to_detector_frame(detection.bbox_2d, size),
        "rotation_matrix": detection.rotation_matrix,
        "label": detection.label,
        "score": detection.score,
    }


def _silhouette(
    mask: NDArray[np.bool_] | None, box: Box3D | None, intrinsics: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    if mask is not None:
        return mask
    filled = np.zeros(shape, dtype=bool)
    if box is not None:
        fill_box(filled, project_box(box.vector, box.rotation, intrinsics), True)
    return filled


def _wanted_mask(sample: Sample) -> NDArray[np.bool_] | None:
    labels = sample.target_segmentation
    ids = [item.instance_id for item in sample.objects]
    if labels is None or sample.target_id not in ids:
        return None
    return np.asarray(labels == ids.index(sample.target_id) + 1)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    image = as_rgb(image)
    return image if image.size == size else image.resize(size)


def _plain_locality(locality: Locality) -> dict[str, float | None]:
    return {"ssim": _or_none(locality.ssim), "lpips": _or_none(locality.lpips), "mse": _or_none(locality.mse)}


def _or_none(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
