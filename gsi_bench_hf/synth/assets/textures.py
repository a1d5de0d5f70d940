"""`paint("wood:tone=oak,seed=3")`: procedural textures by name, the same bytes for the same string."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from gsi_bench_hf.registry import Registry
from gsi_bench_hf.synth.assets import graphics, interiors, prints, screens, surfaces, weaves
from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.painting import Image8, to_uint8

Painter = Callable[..., Float]

PAINTERS: Registry[Painter] = Registry("texture", group="gsi_bench_hf.textures")
"""Painter by name; each takes keyword arguments and gives (H, W, 3) floats in 0..1."""

SEAMLESS: frozenset[str] = frozenset(
    (
        *(
            "wood",
            "planks",
            "marble",
            "terrazzo",
            "fabric",
            "knit",
            "tiles",
            "bricks",
            "brushed",
            "glaze",
            "leather",
            "plastic",
        ),
        *("plaster", "wallpaper", "panelling", "curtain", "carpet", "soil", "stripes", "cardboard"),
        *("weave", "hide", "wicker", "veneer"),
    )
)
"""Textures that repeat without a visible edge in both directions."""

_ELSEWHERE = {"cardboard", "weave", "hide", "wicker", "veneer"}
for _name in ("bands", "leaf", "peel", *sorted(SEAMLESS - _ELSEWHERE)):
    PAINTERS.add(_name, getattr(surfaces, _name))
for _module in (prints, screens, graphics, weaves, interiors):
    for _name, _painter in _module.PAINTERS.items():
        PAINTERS.add(_name, _painter)


def texture(name: str, **parameters: Any) -> str:
    """The string of a texture.

    >>> texture("wood", tone="oak", seed=3)
    'wood:tone=oak,seed=3'
    """
    return name + ":" + ",".join(f"{key}={value}" for key, value in parameters.items())


@functools.lru_cache(maxsize=96)
def paint(texture: str) -> Image8:
    """Paint a texture.

    Args:
        texture: "name" or "name:key=value,key=value", as `Material.texture` holds it.

    Returns:
        (H, W, 3) uint8, read-only: it is cached.

    Raises:
        UnknownNameError: for a name that is not in `PAINTERS`.
        ValueError: for a parameter that the painter does not have, or a value it can't read.
    """
    name, _, text = texture.partition(":")
    painter = PAINTERS[name]
    image = to_uint8(painter(**_parameters(texture, painter, text)))
    image.setflags(write=False)
    return image


def _parameters(texture: str, painter: Painter, text: str) -> dict[str, Any]:
    """Keyword arguments from "key=value,key=value", each of its default's type."""
    known = inspect.signature(painter).parameters
    found: dict[str, Any] = {}
    for pair in filter(None, text.split(",")):
        key, _, value = pair.partition("=")
        if key not in known:
            raise ValueError(f"texture {texture!r}: no parameter {key!r}; it has {', '.join(known)}")
        try:
            found[key] = type(known[key].default)(value)
        except ValueError as error:
            raise ValueError(f"texture {texture!r}: {key}={value!r} is not like {known[key].default!r}") from error
    return found
