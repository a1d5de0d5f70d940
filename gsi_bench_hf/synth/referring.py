"""Words that pick one object: which phrases name it, and which objects a phrase names.

An expression is a noun with an optional colour and an optional relation. `named_by` evaluates one by brute force over all that may be
seen, objects and furniture; `expressions_for` offers those that name the target alone, every relation with margin. Left and right are
those of the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gsi_bench_hf._phrases import SUPERLATIVES
from gsi_bench_hf.geometry import box_corners
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.operations.base import camera_forward, rests
from gsi_bench_hf.synth.operations.receptacle import SHELL
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box
from gsi_bench_hf.types import Camera

MARGIN_M = 0.05
REACH_M = 0.45
"""Beyond this distance nobody says "the mug behind the bowl"."""

COLORS_ZH = {
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "teal": "青色",
    "blue": "蓝色",
    "navy": "深蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "brown": "棕色",
    "beige": "米色",
    "cream": "奶油色",
    "white": "白色",
    "gray": "灰色",
    "grey": "灰色",
    "silver": "银色",
    "black": "黑色",
    "gold": "金色",
    "copper": "铜色",
    "turquoise": "青绿色",
    "olive": "橄榄色",
    "tan": "棕褐色",
    "maroon": "酒红色",
    "mint": "薄荷绿色",
}
_BESIDE = {"left of": "leftmost", "right of": "rightmost", "in front of": "nearest", "behind": "farthest"}
# Words that two people may use for one colour: never told apart by them.
_ALIKE = (
    {"red", "orange", "maroon", "pink"},
    {"orange", "yellow", "gold", "copper", "tan", "brown"},
    {"beige", "cream", "white", "tan", "yellow"},
    {"white", "gray", "grey", "silver"},
    {"gray", "grey", "silver", "black"},
    {"black", "navy"},
    {"blue", "navy", "teal", "turquoise", "purple"},
    {"green", "teal", "turquoise", "olive", "mint"},
    {"pink", "purple", "maroon"},
)


@dataclass(frozen=True)
class Expression:
    """A phrase such as "blue mug" or "mug behind the bowl", in the scene's own words.

    Attributes:
        label: the noun, one of the scene's labels.
        color: of the object, or None.
        relation: one of `instructions`' relations, or None.
        reference: label of the relation's other thing, unique in the picture; None for superlatives.
    """

    label: str
    color: str | None = None
    relation: str | None = None
    reference: str | None = None


def alike(a: str, b: str) -> bool:
    """Whether two colour words may be said of one colour.

    >>> alike("red", "orange"), alike("red", "blue")
    (True, False)
    """
    return a == b or any(a in group and b in group for group in _ALIKE)


def may_be_seen(item: SceneObject, camera: Camera) -> bool:
    """Whether an object's box may reach into the picture; said of a few that don't."""
    box = object_box(item, camera)
    corners = box_corners(box.center_m, box.extents_m, box.rotation)
    limits = np.array([camera.width, camera.height])
    pixels = corners @ camera.intrinsics.T
    outside = [corners[:, 2] < 0.05]
    for axis in (0, 1):  # the sides of the picture, in homogeneous coordinates: right for corners behind the camera too
        outside += [pixels[:, axis] < 0.0, pixels[:, axis] > limits[axis] * pixels[:, 2]]
    return not any(bool(side.all()) for side in outside)


@lru_cache(maxsize=8)
def things_of(scene: Scene) -> tuple[SceneObject, ...]:
    """What a person may speak of who looks at the picture: the objects, and the fixtures in it but for the room itself."""
    fixtures = (f for f in scene.fixtures if f.label not in SHELL and may_be_seen(f, scene.camera))
    return (*scene.objects, *fixtures)


def is_called(item: SceneObject, label: str, label_zh: str | None = None) -> bool:
    """Whether a noun may be said of a thing, in either language: a coffee table is a table, a row of books holds books.

    Args:
        item: the thing.
        label: English noun.
        label_zh: the same in Chinese, or None to leave it out.
    """
    head = item.label.rpartition(" of ")[2]
    if item.label.endswith(label) or head in (label, f"{label}s"):
        return True
    own_zh = assets.KINDS[item.kind].label_zh if item.kind in assets.KINDS else None
    return own_zh is not None and label_zh is not None and own_zh.endswith(label_zh)


def called(scene: Scene, label: str, color: str | None = None) -> list[SceneObject]:
    """The things of a scene that a noun may be said of, and that have just that colour if one is given."""
    things = things_of(scene)
    kind = next((o.kind for o in things if o.label == label), None)
    label_zh = assets.KINDS[kind].label_zh if kind is not None and kind in assets.KINDS else None
    return [o for o in things if is_called(o, label, label_zh) and (color is None or o.color == color)]


def is_clear(scene: Scene, label: str, color: str | None, instance_id: str) -> bool:
    """Whether a noun, with a colour or without, can mean that one thing only."""
    same = called(scene, label)
    if color is not None:
        same = [o for o in same if alike(o.color, color)]
    return [o.instance_id for o in same] == [instance_id]


def named_by(scene: Scene, expression: Expression, *, margin_m: float = 0.0) -> tuple[str, ...]:
    """Ids of the objects that an expression names.

    Args:
        scene: seen by its camera.
        expression: the phrase.
        margin_m: by how much a relation must hold; negative: how far it may fail to hold.

    Returns:
        Ids in the scene's order, objects first, then fixtures. A superlative names the one that leads by the margin, or none; with a
        margin <= 0 all within it.
    """
    among = called(scene, expression.label, expression.color)
    relation = expression.relation
    if relation is None:
        return tuple(o.instance_id for o in among)
    if relation in SUPERLATIVES:
        return tuple(o.instance_id for o in among if _leads(scene, relation, o, among, margin_m))
    references = called(scene, expression.reference or "")
    if len(references) != 1:
        return ()
    others = [o for o in among if o is not references[0]]
    return tuple(o.instance_id for o in others if _stands(scene, relation, o, references[0], margin_m) > margin_m)


def is_unambiguous(scene: Scene, expression: Expression, target_id: str) -> bool:
    """Whether an expression names the target and nothing else, its relation with `MARGIN_M` both ways."""
    clear = named_by(scene, expression, margin_m=MARGIN_M)
    loose = named_by(scene, expression, margin_m=-MARGIN_M)
    if clear != (target_id,) or loose != (target_id,):
        return False
    return expression.color is None or is_clear(scene, expression.label, expression.color, target_id)


def expressions_for(scene: Scene, target_id: str) -> list[Expression]:
    """Every unambiguous expression for an object: plain noun, colour, superlatives, relations to unique objects, in that order."""
    target = scene.object(target_id)
    label = target.label
    offered = [Expression(label), Expression(label, target.color)]
    if len(called(scene, label)) > 1:
        offered += [Expression(label, None, relation) for relation in SUPERLATIVES]
        for other in scene.objects:
            if other.label != label and len(called(scene, other.label)) == 1 and _distance_m(target, other) < REACH_M:
                offered += [Expression(label, None, relation, other.label) for relation in _BESIDE]
        offered += [Expression(label, None, "on", o.label) for o in things_of(scene) if _is_on(scene, target, o) > 0.0]
    return [e for e in offered if is_unambiguous(scene, e, target_id)]


def _distance_m(a: SceneObject, b: SceneObject) -> float:
    return float(np.linalg.norm(a.position_m - b.position_m))


def _leads(scene: Scene, relation: str, item: SceneObject, among: list[SceneObject], margin_m: float) -> bool:
    others = [o for o in among if o is not item]
    return bool(others) and all(_lead_m(scene, relation, item, o, margin_m) > margin_m for o in others)


def _lead_m(scene: Scene, relation: str, item: SceneObject, other: SceneObject, margin_m: float) -> float:
    """By how much `item` is more "leftmost" … than `other`, in the room and in the picture.

    With a margin all must hold, so the smallest lead counts; where a relation may fail to hold, any would do: the largest.
    """
    choose = min if margin_m >= 0.0 else max
    a, b = object_box(item, scene.camera).center_m, object_box(other, scene.camera).center_m
    if relation in ("leftmost", "rightmost"):
        sign = -1.0 if relation == "leftmost" else 1.0
        leads_m = (a[0] - b[0], (a[0] / a[2] - b[0] / b[2]) * (a[2] + b[2]) / 2.0)
    elif relation in ("highest", "lowest"):
        sign = 1.0 if relation == "highest" else -1.0
        low_m = float(item.position_m[2] - other.position_m[2])
        high_m = low_m + float(item.size_m[2] * item.scale - other.size_m[2] * other.scale)
        seen_m = (b[1] / b[2] - a[1] / a[2]) * (a[2] + b[2]) / 2.0
        return float(choose(sign * low_m, sign * high_m, sign * seen_m))
    else:
        sign = -1.0 if relation == "nearest" else 1.0
        along = camera_forward(scene.camera) @ (item.position_m - other.position_m)
        leads_m = (float(np.linalg.norm(a) - np.linalg.norm(b)), along)
    return float(choose(sign * leads_m[0], sign * leads_m[1]))


def _stands(scene: Scene, relation: str, item: SceneObject, reference: SceneObject, margin_m: float) -> float:
    """By how much `item` is "left of" … `reference`."""
    if relation == "on":
        return _is_on(scene, item, reference)
    return _lead_m(scene, _BESIDE[relation], item, reference, margin_m)


def _is_on(scene: Scene, item: SceneObject, reference: SceneObject) -> float:
    """1 m where a thing stands on another, 0 where it stands on what stands there, as a mug on a book on a desk; else -1 m."""
    rest, direct = rests(scene).get(item.instance_id), True
    while rest is not None:
        if rest.carrier_id == reference.instance_id:
            return 1.0 if direct else 0.0
        rest, direct = rests(scene).get(rest.carrier_id), False
    return -1.0
