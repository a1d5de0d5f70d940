"""Words that pick one object: which phrases name it, and which objects a phrase names.

An expression is a noun with an optional colour and an optional relation. `named_by` evaluates one over all objects, by brute force;
`expressions_for` offers those that name the target alone, every relation with margin. Left and right are those of the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gsi_bench_hf._phrases import SUPERLATIVES
from gsi_bench_hf.synth.operations.base import camera_forward
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box

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
        reference: label of the relation's other object, unique in the scene; None for superlatives.
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


def named_by(scene: Scene, expression: Expression, *, margin_m: float = 0.0) -> tuple[str, ...]:
    """Ids of the objects that an expression names.

    Args:
        scene: seen by its camera.
        expression: the phrase.
        margin_m: by how much a relation must hold; negative: how far it may fail to hold.

    Returns:
        Ids in the scene's order. A superlative names the one that leads by the margin, or none; with a margin <= 0 all within it.
    """
    among = [o for o in scene.objects if o.label == expression.label and _has_color(o, expression.color)]
    relation = expression.relation
    if relation is None:
        return tuple(o.instance_id for o in among)
    if relation in SUPERLATIVES:
        return tuple(o.instance_id for o in among if _leads(scene, relation, o, among, margin_m))
    references = [o for o in scene.objects if o.label == expression.reference]
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
    return expression.color is None or all(
        not alike(o.color, expression.color)
        for o in scene.objects
        if o.label == expression.label and o.instance_id != target_id
    )


def expressions_for(scene: Scene, target_id: str) -> list[Expression]:
    """Every unambiguous expression for an object: plain noun, colour, superlatives, relations to unique objects, in that order."""
    target = scene.object(target_id)
    label = target.label
    offered = [Expression(label), Expression(label, target.color)]
    if _count(scene, label) > 1:
        offered += [Expression(label, None, relation) for relation in SUPERLATIVES]
        for other in scene.objects:
            if other.label != label and _count(scene, other.label) == 1 and _distance_m(target, other) < REACH_M:
                offered += [
                    Expression(label, None, r, other.label) for r in ("left of", "right of", "in front of", "behind")
                ]
    return [e for e in offered if is_unambiguous(scene, e, target_id)]


def _has_color(item: SceneObject, color: str | None) -> bool:
    return color is None or item.color == color


def _count(scene: Scene, label: str) -> int:
    return sum(o.label == label for o in scene.objects)


def _distance_m(a: SceneObject, b: SceneObject) -> float:
    return float(np.linalg.norm(a.position_m - b.position_m))


def _leads(scene: Scene, relation: str, item: SceneObject, among: list[SceneObject], margin_m: float) -> bool:
    others = [o for o in among if o is not item]
    return bool(others) and all(_lead_m(scene, relation, item, o, margin_m) > margin_m for o in others)


def _lead_m(scene: Scene, relation: str, item: SceneObject, other: SceneObject, margin_m: float) -> float:
    """By how much `item` is more "leftmost" … than `other`, in the room and in the picture.

    With a margin both must hold, so the smaller lead counts; where a relation may fail to hold, either would do: the larger.
    """
    a, b = object_box(item, scene.camera).center_m, object_box(other, scene.camera).center_m
    if relation in ("leftmost", "rightmost"):
        sign = -1.0 if relation == "leftmost" else 1.0
        leads_m = (a[0] - b[0], (a[0] / a[2] - b[0] / b[2]) * (a[2] + b[2]) / 2.0)
    else:
        sign = -1.0 if relation == "nearest" else 1.0
        along = camera_forward(scene.camera) @ (item.position_m - other.position_m)
        leads_m = (float(np.linalg.norm(a) - np.linalg.norm(b)), along)
    return float((min if margin_m >= 0.0 else max)(sign * leads_m[0], sign * leads_m[1]))


def _stands(scene: Scene, relation: str, item: SceneObject, reference: SceneObject, margin_m: float) -> float:
    """By how much `item` is "left of" … `reference`."""
    superlative = {"left of": "leftmost", "right of": "rightmost", "in front of": "nearest", "behind": "farthest"}[
        relation
    ]
    return _lead_m(scene, superlative, item, reference, margin_m)
