"""Appearance consistency: what a judge says of the target's looks, 0..10, as a metric of 0..100."""

from __future__ import annotations

import json
import math

_MARK = "||V^=^V||"


def parse_judgement(text: str | None) -> float | None:
    """The score in a judge's reply: JSON with `score` between two `||V^=^V||` marks; None where it can't be read.

    Quirks: what stands before the first mark and after the second takes no part, and the second may be missing.

    >>> parse_judgement('||V^=^V||{"score": 8, "reasoning": "same mug"}||V^=^V||')
    8
    >>> parse_judgement("I would give it an 8.") is None
    True
    """
    parts = text.split(_MARK) if isinstance(text, str) else []
    if len(parts) < 2:
        return None
    try:
        score = json.loads(parts[1].strip())["score"]
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not math.isfinite(score):
        return None
    return score


def appearance_consistency(score: float | None) -> float:
    """0..100 from a judge's 0..10; NaN for None. Raises ValueError for a score outside 0..10.

    >>> appearance_consistency(8.5)
    85.0
    """
    if score is None:
        return math.nan
    if not 0.0 <= score <= 10.0:
        raise ValueError(f"appearance_consistency: score is {score}, expected 0..10; mend the judge that gave it")
    return 10.0 * score
