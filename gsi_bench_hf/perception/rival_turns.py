"""Turns on the spot that fit almost as well as the best one: near symmetries make them, and only better light tells them apart."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.perception import pose_search
from gsi_bench_hf.perception.known_scene import KnownScene
from gsi_bench_hf.perception.pose_refine import MIDDLE_LENIENCY, Fit, Matcher

_SAME_TURN_RAD = np.deg2rad(28.0)
"""Refining from poses turned by less than this leads to the same pose."""
_MET_RAD = np.deg2rad(3.0)
"""Refined turns this near to each other have met."""
_WORTH_REFINING = 0.75
"""A drafted turn is refined in full light if it is this near to the best: the best has had that already."""
_RIVAL = 0.85
"""Turns whose reliefs are so near are told apart by the best light: a handle that is all but hidden makes no more of a difference."""


def turned(known: KnownScene, draft: Matcher, middle: Matcher, best: Fit, *, free: tuple[int, ...]) -> list[Fit]:
    """A fit and those turned on the spot that may be as good.

    Args:
        known: the scene.
        draft: compares drafts.
        middle: compares renders in light.
        best: refined in light already.
        free: which parts of a pose may be refined.

    Returns:
        `best` and its rivals, refined in light, the best first.
    """
    symmetry = known.target.symmetry
    draft.use(2.0)
    now = draft.measure(best.pose).relief
    tried = [draft.measure(pose) for pose in known.spun(best.pose, pose_search.yaw_starts(symmetry)[1:], draft.camera)]
    tried = _apart([fit for fit in tried if fit.relief > 0.4 * now], best, symmetry, _SAME_TURN_RAD)[:2]
    # Most edits leave the turn as it was, and a draft can't tell a handle that is all but hidden: better light shall.
    back = [draft.measure(pose) for pose in known.spun(best.pose, [-best.pose.yaw_rad], draft.camera)]
    tried += _apart(back, best, symmetry, _SAME_TURN_RAD)
    fits = [draft.refine(fit.pose, free=free, iterations=2, leniencies=(2.0,)) for fit in tried]
    fits = _apart([middle.measure(fit.pose) for fit in fits], best, symmetry, _MET_RAD)
    fits = [
        middle.refine(fit.pose, free=free, iterations=3, leniencies=(MIDDLE_LENIENCY,))
        for fit in fits
        if fit.relief > _WORTH_REFINING * best.relief
    ]
    return near_best([best, *fits])


def near_best(fits: list[Fit]) -> list[Fit]:
    """The fit with the highest relief, even if it is below 0, and those that come near it, the best first; none of none."""
    ranked = sorted(fits, key=lambda fit: -fit.relief)
    return ranked[:1] + [fit for fit in ranked[1:] if fit.relief > _RIVAL * ranked[0].relief]


def _apart(fits: list[Fit], best: Fit, symmetry: int, least_rad: float) -> list[Fit]:
    """The fits from the best on, without those turned by no more than `least_rad` against `best` or a better one."""
    kept = [best]
    for fit in sorted(fits, key=lambda fit: -fit.relief):
        turns = (pose_search.turn_between(fit.pose.yaw_rad, other.pose.yaw_rad, symmetry) for other in kept)
        if all(abs(turn) > least_rad for turn in turns):
            kept.append(fit)
    return kept[1:]
