"""The registry of kinds, and what a generator asks of it: assets, placed objects, supports, captions."""

from __future__ import annotations

import dataclasses
import io
import pickle
import zlib
from itertools import chain
from typing import Any

import numpy as np

from gsi_bench_hf.registry import Registry
from gsi_bench_hf.synth.assets import (
    appliances,
    bathroom,
    beds,
    books,
    building,
    clothing,
    cushions,
    desks,
    drinks,
    electronics,
    enclosure,
    figures,
    fixtures,
    food,
    greenery,
    household,
    housekeeping,
    keeping,
    keepsakes,
    kitchen,
    kitchenware,
    lamps,
    lighting,
    media,
    plants,
    rooms,
    rows,
    sanitary,
    seating,
    storage,
    tableware,
    toiletries,
    toys,
    tubs,
    utility,
)
from gsi_bench_hf.synth.assets.base import Asset, Draft, Float, Kind, Part, Support
from gsi_bench_hf.synth.scene import SceneObject

KINDS: Registry[Kind] = Registry("kind of asset", group="gsi_bench_hf.kinds")
"""Every kind of thing by name; other packages add theirs through the entry-point group."""

_HELD_BYTES = 64_000_000
_ARRAY_NAMES = ("_reconstruct", "_frombuffer", "ndarray", "dtype", "scalar")

_FAMILIES = (
    tableware,
    books,
    electronics,
    toys,
    figures,
    lamps,
    plants,
    clothing,
    food,
    household,
    fixtures,
    rooms,
    enclosure,
    rows,
    sanitary,
    tubs,
    bathroom,
    housekeeping,
    toiletries,
    seating,
    beds,
    storage,
    desks,
    kitchen,
    building,
    lighting,
    greenery,
    utility,
    kitchenware,
    media,
    cushions,
    keepsakes,
    appliances,
    drinks,
)
_OURS = dict(chain.from_iterable(family.KINDS.items() for family in _FAMILIES))
for _name, _kind in _OURS.items():
    KINDS.add(_name, _kind)


def build_asset(kind: str, variant: int) -> Asset:
    """The geometry and materials of one variant of a kind; the same every time.

    Args:
        kind: name in `KINDS`.
        variant: seed of its looks, 0 or more.

    Returns:
        The asset, its box centred on the z axis and standing on z = 0.
    """
    return _made(kind, variant)[0]


def _drafted(kind: str, variant: int) -> tuple[Asset, tuple[Support, ...]]:
    """An asset and its surfaces: of one draft, as drafting is what takes long."""
    builder = KINDS[kind].builder
    if variant < 0:
        raise ValueError(f"variant of {kind} is {variant}, expected 0 or more")
    draft = builder(np.random.default_rng([zlib.crc32(kind.encode()), variant]))
    points = np.concatenate([part.vertices_m for part in draft.parts])
    low, high = points.min(axis=0), points.max(axis=0)
    origin = _origin(draft)
    parts = tuple(_shifted(part, -origin) for part in _joined(draft.parts))
    asset = Asset(kind, variant, parts, high - low, draft.color, draft.material_name, draft.symmetry, draft.mass_kg)
    surfaces = tuple(
        dataclasses.replace(found, height_m=found.height_m - origin[2], center_m=found.center_m - origin[:2])
        for found in draft.supports
    )
    return asset, surfaces


class _Unpickler(pickle.Unpickler):
    """Reads what an asset is made of, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse all but our plain classes and NumPy's arrays."""
        of_numpy = module.partition(".")[0] == "numpy" and name in _ARRAY_NAMES
        if of_numpy or (module == Asset.__module__ and name in ("Asset", "Part", "Material", "Support")):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"a kept asset names {module}.{name}, expected arrays and asset classes only")


def is_own_kind(kind: str, variant: int = 0) -> bool:
    """Whether a kind is one of this package's: others may change while their names stay."""
    return kind in _OURS and KINDS[kind] is _OURS[kind]


def _bytes_of(made: tuple[Asset, tuple[Support, ...]]) -> int:
    arrays = [a for p in made[0].parts for a in (p.vertices_m, p.normals, p.faces, p.uv) if a is not None]
    return 4096 + sum(array.nbytes for array in arrays)


_made: keeping.Keeper[tuple[Asset, tuple[Support, ...]]] = keeping.Keeper(
    _drafted,
    dump=pickle.dumps,
    load=lambda content: _Unpickler(io.BytesIO(content)).load(),
    size=_bytes_of,
    limit=_HELD_BYTES,
    keeps_on_disk=is_own_kind,
)


def _origin(draft: Draft) -> Float:
    """(3,) the middle of the underside of what was drafted."""
    points = np.concatenate([part.vertices_m for part in draft.parts])
    low, high = points.min(axis=0), points.max(axis=0)
    return np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])


def _joined(parts: tuple[Part, ...]) -> list[Part]:
    """The parts with those merged that are of one material and not solid: fewer things to draw."""
    solid = [part for part in parts if part.solid]
    groups: dict[object, list[Part]] = {}
    for part in parts:
        if not part.solid:
            groups.setdefault(part.material, []).append(part)
    return solid + [_one(group) for group in groups.values()]


def _one(group: list[Part]) -> Part:
    starts = np.cumsum([0, *(len(part.vertices_m) for part in group)])
    faces = np.concatenate([part.faces + start for part, start in zip(group, starts, strict=False)])
    uv = None if group[0].uv is None else np.concatenate([part.uv for part in group if part.uv is not None])
    return Part(
        np.concatenate([part.vertices_m for part in group]),
        faces.astype(np.int32),
        uv,
        np.concatenate([part.normals for part in group]),
        group[0].material,
        solid=False,
    )


def _shifted(part: Part, offset: Float) -> Part:
    """The part elsewhere; its arrays lie in memory in one way, whether it was just made or was kept."""
    return dataclasses.replace(
        part,
        vertices_m=np.ascontiguousarray(part.vertices_m + offset),
        normals=np.ascontiguousarray(part.normals),
        faces=np.ascontiguousarray(part.faces),
        uv=None if part.uv is None else np.ascontiguousarray(part.uv),
    )


def place(
    kind: str, variant: int, instance_id: str, position_m: Float, rotation: Float | None = None, scale: float = 1.0
) -> SceneObject:
    """An asset at its place in a scene.

    Args:
        kind: name in `KINDS`.
        variant: seed of its looks.
        instance_id: unique in the scene.
        position_m: (3,) world, of the centre of the base.
        rotation: (3, 3) world from object; None for the identity.
        scale: uniform.
    """
    asset = build_asset(kind, variant)
    return SceneObject(
        instance_id,
        kind,
        variant,
        KINDS[kind].label,
        asset.color,
        asset.symmetry,
        asset.size_m.copy(),
        np.asarray(position_m, dtype=np.float64),
        np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64),
        scale,
    )


def supports(kind: str, variant: int) -> tuple[Support, ...]:
    """Where things can stand on an asset, the main surface first, in the object frame at scale 1; none for most things."""
    return _made(kind, variant)[1]


def support(kind: str, variant: int) -> Support:
    """The main surface of `supports`. Raises ValueError for a kind that carries nothing."""
    found = supports(kind, variant)
    if not found:
        carriers = ", ".join(name for name in KINDS if not KINDS[name].movable)
        raise ValueError(
            f"nothing can stand on a {kind}; expected one of the fixtures that carry things among {carriers}"
        )
    return found[0]


def caption(asset: Asset | SceneObject) -> str:
    """What a person would call it: "blue ceramic mug"; without the material for an object of a scene."""
    kind = KINDS[asset.kind]
    words = [asset.color, kind.label]
    if isinstance(asset, Asset) and kind.family not in ("food", "plants") and asset.material_name not in kind.label:
        words.insert(1, asset.material_name)
    return " ".join(words)


def movable_kinds(environment: str | None = None) -> tuple[str, ...]:
    """Names of the kinds that can be the target of an edit, in the registry's order; of one environment, or of any."""
    return tuple(
        name
        for name in KINDS
        if KINDS[name].movable and (environment is None or environment in KINDS[name].environments)
    )
