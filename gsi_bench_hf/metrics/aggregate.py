"""From per-sample values to a subset's row of the table, as the released evaluator does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

_SUFFIXES = (".jpg", ".png")


def count_paper(
    compliance: float, accuracy: float, ssim: float | None, lpips: float | None, judged: float | None
) -> dict[str, float]:
    """What one sample counts, 0..100 (protocol.md, "`paper`: a subset").

    Quirks: a judgement that is missing or 0 takes everything else to 0; accuracy is kept where nothing complied.

    Args:
        compliance: of `score_edit`, 0..1.
        accuracy: of `score_edit`, 0..1.
        ssim: of `paper_locality`; None where it is missing.
        lpips: of `paper_locality`; None where it is missing.
        judged: the judge's score, 0..10; None where there is none.

    Returns:
        `ic`, `sa`, `ac`, `el_ssim`, `el_lpips`.
    """
    if compliance <= 0:
        return {"ic": 100.0 * compliance, "sa": 100.0 * accuracy, "ac": 0.0, "el_ssim": 0.0, "el_lpips": 0.0}
    if not judged:
        return dict.fromkeys(("ic", "sa", "ac", "el_ssim", "el_lpips"), 0.0)
    return {
        "ic": 100.0 * compliance,
        "sa": 100.0 * accuracy,
        "ac": 10.0 * judged,
        "el_ssim": 0.0 if ssim is None else 100.0 * ssim,
        "el_lpips": 0.0 if lpips is None else 100.0 - 100.0 * lpips,
    }


def aggregate_paper(
    ic: Mapping[str, Mapping[str, Any]],
    sa: Mapping[str, Mapping[str, Any]],
    el: Mapping[str, Mapping[str, Any]],
    ac: Mapping[str, float | None],
) -> dict[str, float]:
    """A subset's summary, 0..100, with the keys ic, sa, ac, el_ssim, el_lpips, average.

    Args:
        ic: `<img_id>_<query_id>` to `{"operation", "compliance"}`. Its keys are the subset.
        sa: the same keys to `{"operation", "edit_score"}`.
        el: the same keys, as far as there, to `{"operation", "ssim", "lpips", "mse"}`.
        ac: `<img_id>_edit_<query_id>`, with or without .jpg or .png, to the judge's score or None.

    Raises:
        ValueError: for no samples, or a key of `ic` that `sa` does not have.
    """
    if not ic:
        raise ValueError("aggregate_paper: ic is empty, expected at least one sample")
    absent = next((key for key in ic if key not in sa), None)
    if absent is not None:
        raise ValueError(f"aggregate_paper: sa has no {absent!r}, expected every key of ic")
    counted = []
    for key, value in ic.items():
        locality = el.get(key, {})
        image_id, _, query_id = key.rpartition("_")
        counted.append(
            count_paper(
                value["compliance"],
                sa[key]["edit_score"],
                locality.get("ssim"),
                locality.get("lpips"),
                _judged(ac, f"{image_id}_edit_{query_id}"),
            )
        )
    summary = {name: float(np.mean([sample[name] for sample in counted])) for name in counted[0]}
    summary["average"] = (summary["ic"] + summary["sa"] + summary["el_lpips"] + summary["ac"]) / 4.0
    return summary


def _judged(ac: Mapping[str, float | None], key: str) -> float | None:
    return next((ac[name] for name in (key, *(key + suffix for suffix in _SUFFIXES)) if name in ac), None)
