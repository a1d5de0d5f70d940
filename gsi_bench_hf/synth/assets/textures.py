"""`paint("wood:tone=oak,seed=3")`: procedural textures by name, the same bytes for the same string."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gsi_bench_hf.registry import Registry
from gsi_bench_hf.synth.assets import graphics, interiors, prints, screens, surfaces, weaves
from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.keeping import Keeper
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

_HELD_BYTES = 96_000_000

_ELSEWHERE = {"cardboard", "weave", "hide", "wicker", "veneer"}
_OURS: dict[str, Painter] = {
    name: getattr(surfaces, name) for name in ("bands", "leaf", "peel", *sorted(SEAMLESS - _ELSEWHERE))
}
for _module in (prints, screens, graphics, weaves, interiors):
    _OURS.update(_module.PAINTERS)
for _name, _painter in _OURS.items():
    PAINTERS.add(_name, _painter)


def texture(name: str, **parameters: Any) -> str:
    """The string of a texture.

    >>> texture("wood", tone="oak", seed=3)
    'wood:tone=oak,seed=3'
    """
    return name + ":" + ",".join(f"{key}={value}" for key, value in parameters.items())


def _painted(texture: str) -> Image8:
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


def _dumped(image: Image8) -> bytes:
    return np.array(image.shape, dtype="<i4").tobytes() + image.tobytes()


def _loaded(content: bytes) -> Image8:
    shape = np.frombuffer(content, dtype="<i4", count=3)
    return np.frombuffer(content, dtype=np.uint8, offset=12).reshape(shape)


def _is_ours(texture: str) -> bool:
    """Whether the painter is one of this package's: others may change while their names stay."""
    name = texture.partition(":")[0]
    return name in _OURS and PAINTERS[name] is _OURS[name]


paint: Keeper[Image8] = Keeper(
    _painted, dump=_dumped, load=_loaded, size=lambda image: image.nbytes, limit=_HELD_BYTES, keeps_on_disk=_is_ours
)
"""`paint(texture)`: see `_painted`. What was painted is kept: see `keeping`."""
