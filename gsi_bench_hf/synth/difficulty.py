"""How hard an edit is to carry out, from what can be measured: visible size, occlusion, clutter, amount of change."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.checks import Kept, Seen
from gsi_bench_hf.synth.labels import clipped_bounds
from gsi_bench_hf.synth.scene import Scene, SceneObject
from gsi_bench_hf.types import Camera

_SMALL_PX = 70.0
_OCCLUDED = 0.85
_CROWD_M = 0.25
_ROOM_CROWD_M = 0.4
_CROWD = 4
_SHORT_MOVE_M = 0.08
_SHORT_ROOM_MOVE_M = 0.13
_RESIZED = 1.3
_FAR_M = 0.25
_FAR_DEG = 30.0
_LEFT_OUT = 0.25
_ROOMFUL = 12


def difficulty(kept: Kept, before: Seen) -> str:
    """How hard an edit is to carry out: "easy", "medium" or "hard".

    One point each for
    - a target that is small in the picture (longer side of its box under 70 px);
    - one that is partly hidden before or after (visible fraction under 0.85);
    - one with four or more other objects within 25 cm (in rooms 40 cm) of where it is or will be;
    - an amount of change that is hard to get right: a move of 8 cm or less (in rooms 13 cm), a turn of 45 degrees, a factor of 0.75
      or 1.5, a target of remove that is one of three or more, a placement that makes the target's box 1.3 times as large or small.

    For view edits: a motion of 25 cm or 30 degrees or more; a quarter or more of the objects leave the picture; more than 12 objects.
    No point is easy, one is medium, more is hard.
    """
    points = _view_points(kept, before) if kept.proposal.camera is not None else _object_points(kept, before)
    return ("easy", "medium", "hard", "hard", "hard")[points]


def _object_points(kept: Kept, before: Seen) -> int:
    source, proposal = kept.edited.source, kept.proposal
    item = source.object(proposal.target_id)
    visible = [before.visible_fraction(source)[item.instance_id]]
    if proposal.changed is not None:
        visible.append(kept.seen.visible_fraction(kept.result)[item.instance_id])
    small = _side_px(item, source.camera) < _SMALL_PX
    crowded = max(_crowd(source, i) for i in (item, proposal.changed or item)) >= _CROWD
    return int(small) + int(min(visible) < _OCCLUDED) + int(crowded) + int(_is_delicate(kept, item))


def _is_delicate(kept: Kept, item: SceneObject) -> bool:
    source, proposal = kept.edited.source, kept.proposal
    if proposal.relation is not None and proposal.changed is not None:
        ratio = _side_px(proposal.changed, source.camera) / _side_px(item, source.camera)
        return max(ratio, 1.0 / ratio) >= _RESIZED
    short_m = _SHORT_ROOM_MOVE_M if source.is_room else _SHORT_MOVE_M
    return (
        (proposal.distance_m is not None and proposal.distance_m <= short_m)
        or proposal.angle_deg == 45.0
        or proposal.factor in (0.75, 1.5)
        or (proposal.operation == "remove" and sum(o.label == item.label for o in source.objects) > 2)
    )


def _view_points(kept: Kept, before: Seen) -> int:
    proposal, source = kept.proposal, kept.edited.source
    far = (proposal.distance_m or 0.0) >= _FAR_M or (proposal.angle_deg or 0.0) >= _FAR_DEG
    first, then = before.visible_fraction(source), kept.seen.visible_fraction(kept.result)
    shown = [i for i, v in first.items() if v > 0.0]
    gone = sum(then[i] == 0.0 for i in shown)
    return int(far) + int(gone >= _LEFT_OUT * len(shown)) + int(len(shown) > _ROOMFUL)


def _side_px(item: SceneObject, camera: Camera) -> float:
    x1, y1, x2, y2 = clipped_bounds(item, camera)
    return max(x2 - x1, y2 - y1)


def _crowd(scene: Scene, item: SceneObject) -> int:
    """How many other objects are near."""
    reach_m = _ROOM_CROWD_M if scene.is_room else _CROWD_M
    others = (o for o in scene.objects if o.instance_id != item.instance_id)
    return sum(float(np.linalg.norm(o.position_m - item.position_m)) < reach_m for o in others)
