"""What belongs where: the kinds that people keep on a desk, a nightstand, the edge of a bath tub."""

from __future__ import annotations

import numpy as np

THEMES: dict[str, tuple[str, ...]] = {
    "desk": (
        *("mug", "book", "lamp", "calculator", "stapler", "picture-frame", "plant", "cactus", "alarm-clock", "phone"),
        *("tissue-box", "speaker", "glass", "trophy", "globe", "game-controller", "apple", "mug", "book", "pen-cup"),
        *("pen-cup", "puzzle-cube", "hourglass", "mouse", "fan"),
    ),
    "nightstand": (
        "alarm-clock",
        "book",
        "book",
        "mug",
        "glass",
        "picture-frame",
        "phone",
        "tissue-box",
        "plant",
        "perfume",
    ),
    "coffee table": (
        *("mug", "mug", "book", "book", "candle", "vase", "plant", "game-controller", "teapot", "bowl", "tissue-box"),
        *("cake", "glass", "phone", "bananas"),
    ),
    "television": (
        "speaker",
        "game-controller",
        "plant",
        "cactus",
        "picture-frame",
        "radio",
        "toy-car",
        "robot",
        "vase",
    ),
    "dresser": (
        *("vase", "picture-frame", "plant", "candle", "hat", "lamp", "table-lamp", "radio", "trophy", "alarm-clock"),
        *(
            "book",
            "globe",
            "teddy-bear",
            "tissue-box",
            "box",
            "perfume",
            "perfume",
            "picture-frame",
            "hourglass",
            "fan",
        ),
    ),
    "shelf": (
        *("robot", "toy-car", "vase", "plant", "cactus", "picture-frame", "box", "teddy-bear", "globe", "trophy"),
        *(
            "alarm-clock",
            "radio",
            "bowl",
            "speaker",
            "mug",
            "basket",
            "book",
            "picture-frame",
            "hourglass",
            "puzzle-cube",
        ),
    ),
    "pantry": (
        "jar",
        "jar",
        "bowl",
        "plate",
        "pot",
        "cereal-box",
        "wine-bottle",
        "bottle",
        "mug",
        "mug",
        "teapot",
        "bread",
        "plant",
    ),
    "counter": (
        *("toaster", "kettle", "bottle", "wine-bottle", "jar", "jar", "bowl", "mug", "mug", "cereal-box", "bread"),
        *("teapot", "plate", "glass", "pepper-mill", "cutting-board", "orange", "pear", "bananas", "microwave"),
    ),
    "stove": ("pot", "pan"),
    "dining": (
        *("bottle", "wine-bottle", "teapot", "bananas", "vase", "candle", "bread", "jar", "cake", "glass", "apple"),
        *("orange", "pepper-mill", "apple", "orange"),
    ),
    "bed": ("teddy-bear", "book", "laptop", "hat", "cushion", "cushion", "game-controller", "phone", "book", "blanket"),
    "sofa": ("cushion", "cushion", "teddy-bear", "book", "game-controller", "blanket"),
    "sill": ("plant", "cactus", "vase", "watering-can", "cactus", "plant"),
    "floor": (
        "box",
        "basket",
        "laundry-basket",
        "teddy-bear",
        "shoe",
        "shoe",
        "watering-can",
        "toy-car",
        "bin",
        "bin",
        "floor-plant",
    ),
    "vanity": (
        *("soap", "tissue-box", "plant", "hair-dryer", "glass", "perfume", "perfume", "toothpaste", "candle"),
        "toothbrush-cup",
    ),
    "bath": ("shampoo", "shampoo", "rubber-duck", "soap", "soap-dispenser", "rubber-duck"),
    "bathroom shelf": (
        *("towel-stack", "shampoo", "shampoo", "toilet-paper", "toilet-paper", "plant", "cactus", "soap-dispenser"),
        *("tissue-box", "perfume", "soap", "candle", "hair-dryer", "rubber-duck"),
    ),
    "cistern": ("toilet-paper", "toilet-paper", "tissue-box", "cactus", "plant"),
}
"""Kinds by place; one that is named twice is met twice as often."""

_MIXED_UP = (
    ("plant", "cactus", "floor-plant"),
    ("box", "cereal-box"),
    ("teapot", "kettle", "watering-can"),
    ("bottle", "wine-bottle"),
    ("basket", "laundry-basket"),
    ("apple", "orange", "pear"),
    ("globe", "trophy"),
    ("lamp", "table-lamp"),
    ("glass", "wine-glass"),
    ("bucket", "bin"),
)


def banned_kinds(*, rng: np.random.Generator) -> frozenset[str]:
    """Kinds that a room does without, so that no two that one word may mean are in it."""
    banned = {"camera"}  # of an edit of a camera nobody knows whether the view is meant
    for group in _MIXED_UP:
        kept = group[int(rng.integers(len(group)))]
        banned.update(name for name in group if name != kept)
    return frozenset(banned)


def themed(theme: str, banned: frozenset[str], *, rng: np.random.Generator) -> list[str]:
    """The kinds of a theme in a drawn order, without those that are banned."""
    kinds = [name for name in THEMES[theme] if name not in banned]
    return [kinds[i] for i in rng.permutation(len(kinds))]
