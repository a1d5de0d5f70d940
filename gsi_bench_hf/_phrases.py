"""The words of `instructions`: templates, synonyms, and noun phrases with a relation, English and Chinese. Data and little else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gsi_bench_hf.types import Operation

Language = Literal["en", "zh"]
SUPERLATIVES = ("leftmost", "rightmost", "nearest", "farthest", "highest", "lowest")


@dataclass(frozen=True)
class Template:
    """A sentence with slots.

    Attributes:
        operation: what it says.
        text: with `{slots}`; see `SLOTS` and the quantities distance, angle, factor, percent, growth, cut.
        language: "en" or "zh".
        said: False for one that is only read.
        only: directions that the verb allows ("pull" is towards); None for all.
        wordings: how many of a slot's synonyms sound right in it; reading accepts all.
    """

    operation: Operation
    text: str
    language: Language
    said: bool = True
    only: tuple[str, ...] | None = None
    wordings: int = 1

    def fits(self, edit: Any) -> bool:
        """Whether the sentence can say this `ParsedEdit`."""
        if (
            not self.said
            or edit.operation != self.operation
            or (self.only is not None and edit.direction not in self.only)
        ):
            return False
        needs = set(re.findall(r"\{(\w+)\}", self.text)) - {"target", "reference", "relation", "into"}
        if self.operation == "place" and edit.distance_m is not None and "distance" not in needs:
            return False  # it would leave the distance unsaid
        if ("growth" in needs and not (edit.factor or 0.0) > 1.0) or (
            "cut" in needs and not 0.0 < (edit.factor or 0.0) < 1.0
        ):
            return False
        has = {
            "distance": edit.distance_m is not None,
            "angle": edit.angle_deg is not None,
            "direction": edit.direction is not None,
            "turn": edit.direction is not None,
            "camera": edit.direction is not None,
        }
        return all(has.get(name, edit.factor is not None) for name in needs)


# First in each tuple is the wording that suits every template; the others are read, and said where `wordings` allows. "towards the
# camera" is only read: the released evaluator takes a prompt with "camera" for a view edit unless it says "to" or "from the camera".
SLOTS: Mapping[Language, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "direction": {
            "left": ("to the left", "left", "leftward", "leftwards", "left relative to the camera view"),
            "right": ("to the right", "right", "rightward", "rightwards", "right relative to the camera view"),
            "towards": (
                "closer to the camera",
                "nearer to the camera",
                "towards the camera",
                "toward the camera",
                "toward you",
            ),
            "away": ("away from the camera", "farther from the camera", "further from the camera", "away from you"),
        },
        "turn": {
            "clockwise": ("clockwise",),
            "counterclockwise": ("counterclockwise", "anticlockwise", "counter-clockwise", "anti-clockwise"),
        },
        "camera": {
            "left": ("to the left", "left"),
            "right": ("to the right", "right"),
            "up": ("up", "upward", "upwards"),
            "down": ("down", "downward", "downwards"),
            "forward": ("forward", "forwards"),
            "backward": ("backward", "backwards", "back"),
        },
        "relation": {
            "left of": ("to the left of", "left of"),
            "right of": ("to the right of", "right of"),
            "in front of": ("in front of",),
            "behind": ("behind",),
            "on": ("on", "onto", "on top of"),
            "in": ("in", "into", "inside"),
        },
        "into": {"on": ("onto", "on"), "in": ("into", "in")},
    },
    "zh": {
        "direction": {
            "left": ("向左", "往左", "朝左"),
            "right": ("向右", "往右", "朝右"),
            "towards": ("向镜头方向", "朝镜头方向", "往镜头方向", "向靠近镜头的方向"),
            "away": ("向远离镜头的方向", "朝远离镜头的方向", "往远离镜头的方向"),
        },
        "turn": {"clockwise": ("顺时针",), "counterclockwise": ("逆时针",)},
        "camera": {
            "left": ("向左", "往左"),
            "right": ("向右", "往右"),
            "up": ("向上", "往上"),
            "down": ("向下", "往下"),
            "forward": ("向前", "往前"),
            "backward": ("向后", "往后"),
        },
        "relation": {
            "left of": ("的左边", "的左侧", "左边"),
            "right of": ("的右边", "的右侧", "右边"),
            "in front of": ("的前面", "前面"),
            "behind": ("的后面", "后面"),
            "on": ("上", "上面"),
            "in": ("里", "里面"),
        },
        "into": {"on": ("上", "上面"), "in": ("里", "里面")},
    },
}

_TURNS = ("left", "right", "up", "down")
_ALL_WAYS = (*_TURNS, "forward", "backward")

_ENGLISH: tuple[tuple[Any, ...], ...] = (
    ("move", "Move the {target} {distance} {direction}.", None, 2),
    ("move", "Shift the {target} {distance} {direction}.", None, 2),
    ("move", "Move the {target} {direction} by {distance}."),
    ("move", "Please move the {target} {distance} {direction}.", None, 2),
    ("move", "Relocate the {target} {distance} {direction}."),
    ("move", "Push the {target} {distance} {direction}.", ("away", "left", "right")),
    ("move", "Pull the {target} {distance} {direction}.", ("towards",)),
    ("rotate", "Rotate the {target} {angle} {turn}."),
    ("rotate", "Rotate the {target} {turn} by {angle}."),
    ("rotate", "Turn the {target} {angle} {turn}, seen from above.", None, 2),
    ("rotate", "Please turn the {target} {turn} by {angle} when viewed from above."),
    ("rotate", "Spin the {target} {angle} {turn}.", None, 2),
    ("scale", "Scale the {target} to {percent} of its size."),
    ("scale", "Resize the {target} to {factor} times its current size."),
    ("scale", "Make the {target} {factor} times as large."),
    ("scale", "Enlarge the {target} by {growth}."),
    ("scale", "Increase the size of the {target} by {growth}."),
    ("scale", "Shrink the {target} by {cut}."),
    ("scale", "Reduce the size of the {target} by {cut}."),
    ("remove", "Remove the {target}."),
    ("remove", "Please remove the {target} from the picture."),
    ("remove", "Remove the {target} from the scene, while keeping other objects unchanged."),
    ("remove", "Remove the {target} and leave everything else as it is."),
    ("view", "Move the camera {distance} {camera}.", _ALL_WAYS),
    ("view", "Move the camera {camera} by {distance}.", _ALL_WAYS),
    ("view", "Shift the camera {distance} {camera}.", _ALL_WAYS),
    ("view", "Show the same scene with the camera moved {distance} {camera}.", _ALL_WAYS),
    ("view", "Rotate the camera {angle} {camera}.", _TURNS),
    ("view", "Turn the camera {camera} by {angle}.", _TURNS),
    ("view", "Show the same scene with the camera turned {angle} {camera}.", _TURNS),
    ("view", "Look {camera} by {angle}.", _TURNS, 2),
    ("place", "Place the {target} {relation} the {reference}."),
    ("place", "Move the {target} {relation} the {reference}."),
    ("place", "Place the {target} {distance} {relation} the {reference}, measured from center to center."),
    ("place", "Move the {target} so that it stands {distance} {relation} the {reference}, center to center."),
    ("place", "Put the {target} {relation} the {reference}, their centers {distance} apart."),
    ("place", "Relocate the {target} to a spot {distance} {relation} the {reference}, counted between their centers."),
    ("receptacle", "Put the {target} {into} the middle of the {reference}."),
    ("receptacle", "Place the {target} {relation} the {reference}, right in the middle."),
    ("receptacle", "Move the {target} {into} the middle of the {reference}."),
    ("receptacle", "Please relocate the {target} {into} the {reference} and leave it in the middle."),
)
# Read, never said.
_ENGLISH_READ: tuple[tuple[Any, ...], ...] = (
    ("scale", "Make the {target} {factor} times larger."),
    ("scale", "Scale up the {target} by {growth}."),
    ("scale", "Scale down the {target} by {cut}."),
    ("scale", "Expand the {target} by {growth}."),
    ("scale", "Scale the {target} by a factor of {factor}."),
    ("rotate", "Turn the {target} {turn} by {angle}."),
    ("remove", "Remove the {target} from the scene."),
    ("remove", "Remove the {target} from the table."),
    ("place", "Put the {target} {relation} the {reference}."),
    ("place", "Place the {target} {distance} {relation} the {reference}."),
    ("place", "Put the {target} {distance} {relation} the {reference}."),
    ("place", "Move the {target} {distance} {relation} the {reference}."),
    ("receptacle", "Put the {target} {relation} the {reference}."),
    ("receptacle", "Place the {target} {relation} the {reference}."),
    ("receptacle", "Move the {target} {relation} the {reference}."),
)
_CHINESE: tuple[tuple[Any, ...], ...] = (
    ("move", "把{target}{direction}移动{distance}。", None, 3),
    ("move", "请将{target}{direction}移动{distance}。"),
    ("move", "将{target}{direction}平移{distance}。"),
    ("move", "把{target}{direction}挪{distance}。", None, 2),
    ("rotate", "把{target}{turn}旋转{angle}。"),
    ("rotate", "请将{target}{turn}转动{angle}。"),
    ("rotate", "从上方看，将{target}{turn}旋转{angle}。"),
    ("rotate", "让{target}{turn}转{angle}。"),
    ("scale", "将{target}缩放到原来的{factor}倍。"),
    ("scale", "把{target}的尺寸调整为原来的{percent}。"),
    ("scale", "请将{target}变为原来大小的{factor}倍。"),
    ("scale", "把{target}放大{growth}。"),
    ("scale", "把{target}缩小{cut}。"),
    ("remove", "移除{target}。"),
    ("remove", "请把{target}移走。"),
    ("remove", "将{target}从画面中去掉，其他物体保持不变。"),
    ("remove", "删除{target}。"),
    ("view", "将镜头{camera}移动{distance}。", _ALL_WAYS, 2),
    ("view", "请把相机{camera}平移{distance}。", _ALL_WAYS),
    ("view", "让镜头{camera}移{distance}。", _ALL_WAYS),
    ("view", "将拍摄位置{camera}移动{distance}。", _ALL_WAYS),
    ("view", "把镜头{camera}转动{angle}。", _TURNS, 2),
    ("view", "将相机{camera}旋转{angle}。", _TURNS),
    ("view", "请让镜头{camera}转{angle}。", _TURNS),
    ("view", "将视角{camera}偏转{angle}。", _TURNS),
    ("place", "把{target}放到{reference}{relation}。", None, 2),
    ("place", "将{target}移到{reference}{relation}。"),
    ("place", "把{target}放到{reference}{relation}，两者中心相距{distance}。", None, 2),
    ("place", "将{target}移到{reference}{relation}{distance}处，以中心计算。"),
    ("place", "请把{target}摆在{reference}{relation}，中心间距为{distance}。"),
    ("place", "把{target}挪到{reference}{relation}，与它的中心距离{distance}。", None, 2),
    ("receptacle", "把{target}放到{reference}{into}的正中间。"),
    ("receptacle", "将{target}放在{reference}{into}的中央。"),
    ("receptacle", "请把{target}移到{reference}{into}的中间位置。"),
    ("receptacle", "把{target}摆到{reference}{into}，放在正中间。"),
)
_CHINESE_READ: tuple[tuple[Any, ...], ...] = (
    ("receptacle", "把{target}放到{reference}{relation}。"),
    ("receptacle", "将{target}放在{reference}{relation}。"),
)


def _templates(language: Language, rows: tuple[tuple[Any, ...], ...], said: bool = True) -> tuple[Template, ...]:
    return tuple(Template(row[0], row[1], language, said, *row[2:]) for row in rows)


TEMPLATES: Mapping[Language, tuple[Template, ...]] = {
    "en": _templates("en", _ENGLISH) + _templates("en", _ENGLISH_READ, said=False),
    "zh": _templates("zh", _CHINESE) + _templates("zh", _CHINESE_READ, said=False),
}

# How a noun is told from others of its kind: (said and read as), first the one that is said. {n} is the noun, {r} the reference.
_RELATIONS: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "leftmost": ("leftmost {n}", "leftest {n}", "{n} on the far left"),
        "rightmost": ("rightmost {n}", "rightest {n}", "{n} on the far right"),
        "nearest": (
            "{n} closest to the camera",
            "{n} nearest to the camera",
            "{n} at the closest position to the camera",
            "closest {n}",
            "nearest {n}",
        ),
        "farthest": (
            "{n} farthest from the camera",
            "{n} furthest from the camera",
            "{n} at the farthest position from the camera",
            "farthest {n}",
            "furthest {n}",
        ),
        "highest": ("highest {n}", "topmost {n}", "{n} at the highest position"),
        "lowest": ("lowest {n}", "bottommost {n}", "{n} at the lowest position"),
        "left of": ("{n} to the left of the {r}", "{n} left of the {r}"),
        "right of": ("{n} to the right of the {r}", "{n} right of the {r}"),
        "in front of": ("{n} in front of the {r}",),
        "behind": ("{n} behind the {r}",),
        "on": ("{n} on the {r}", "{n} on top of the {r}"),
    },
    "zh": {
        "leftmost": ("最左边的{n}", "最左侧的{n}"),
        "rightmost": ("最右边的{n}", "最右侧的{n}"),
        "nearest": ("离镜头最近的{n}", "离相机最近的{n}"),
        "farthest": ("离镜头最远的{n}", "离相机最远的{n}"),
        "highest": ("位置最高的{n}", "最高处的{n}"),
        "lowest": ("位置最低的{n}", "最低处的{n}"),
        "left of": ("{r}左边的{n}", "{r}左侧的{n}"),
        "right of": ("{r}右边的{n}", "{r}右侧的{n}"),
        "in front of": ("{r}前面的{n}",),
        "behind": ("{r}后面的{n}",),
        "on": ("{r}上的{n}", "{r}上面的{n}"),
    },
}


def relation_phrase(noun: str, relation: str | None, reference: str | None, language: Language) -> str:
    """A noun phrase with its relation: ("mug", "behind", "bowl") -> "mug behind the bowl"."""
    if relation is None:
        return noun
    return _RELATIONS[language][relation][0].format(n=noun, r=reference)


def split_relation(phrase: str, language: Language) -> tuple[str, str | None, str | None]:
    """Noun, relation, reference of a noun phrase; the inverse of `relation_phrase`, synonyms too."""
    for relation, forms in _RELATIONS[language].items():
        for form in forms:
            pattern = re.escape(form).replace(r"\{n\}", "(?P<n>.+?)").replace(r"\{r\}", "(?P<r>.+?)")
            match = re.fullmatch(pattern.replace(r"\ ", " "), phrase)
            if match is not None:
                return match["n"], relation, match.groupdict().get("r")
    return phrase, None, None
