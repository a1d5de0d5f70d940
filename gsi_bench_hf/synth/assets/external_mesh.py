"""One external mesh: the JSON beside it, its checks, and the way into the object frame."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.assets.base import Draft, Float, Material, Part, Support
from gsi_bench_hf.synth.assets.shapes import unit
from gsi_bench_hf.synth.assets.textures import PAINTERS, texture

MAX_TRIANGLES = 100_000
MAX_TEXTURE_PX = 1024
SIZES_M = (0.005, 6.0)
PROPORTION_TOLERANCE = 0.1
_AXES = {sign + axis: (1.0 if sign == "+" else -1.0) * np.eye(3)[i] for i, axis in enumerate("xyz") for sign in "+-"}
_IMAGES: dict[str, NDArray[np.uint8]] = {}


class MeshError(ValueError):
    """A mesh or its JSON can't be used; the message names the file and says why."""


@dataclass(frozen=True)
class Sidecar:
    """What the JSON beside a mesh says.

    Attributes:
        kind: name of the kind in the registry; not one that is taken.
        front, up: of the file's own axes, "+x" … "-z".
        size_m: width, depth and height of the thing as it stands.
        licence: of the mesh, an SPDX name best.
        label, label_zh, measure_zh: what people call it; the kind's words by default.
        family, color, material, symmetry, mass_kg, movable, has_front, environments: as in `Kind` and `Asset`.
        supports: surfaces it carries things on, as keyword arguments of `Support` for a thing of `size_m`, centred on its axis.
        source, author: for the dataset card.
    """

    kind: str
    front: str
    size_m: tuple[float, float, float]
    licence: str
    up: str = "+y"
    label: str = ""
    label_zh: str = ""
    measure_zh: str = "个"
    family: str = "external"
    color: str = "gray"
    material: str = "mixed"
    symmetry: int = 1
    mass_kg: float = 1.0
    movable: bool = True
    has_front: bool = True
    environments: tuple[str, ...] = ("tabletop", "room")
    supports: tuple[Mapping[str, Any], ...] = ()
    source: str = ""
    author: str = ""


def read_sidecar(path: Path) -> Sidecar:
    """The JSON beside a mesh. Raises MeshError that names the mesh and what is missing, unknown or wrong in it."""
    beside = path.with_suffix(".json")
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MeshError(f"{path.name}: no {beside.name} beside it; it says kind, front, size_m and licence") from None
    except ValueError as error:
        raise MeshError(f"{path.name}: {beside.name} is not JSON: {error}") from None
    known = {f.name for f in dataclasses.fields(Sidecar)}
    if not isinstance(said, dict) or set(said) - known:
        odd = ", ".join(sorted(set(said) - known)) if isinstance(said, dict) else type(said).__name__
        raise MeshError(
            f"{path.name}: {beside.name} has {odd}; expected an object with any of {', '.join(sorted(known))}"
        )
    missing = [key for key in ("kind", "front", "size_m", "licence") if not said.get(key)]
    if missing:
        raise MeshError(f"{path.name}: {beside.name} lacks {', '.join(missing)}")
    for key in ("size_m", "environments", "supports"):
        if key in said:
            said[key] = tuple(said[key])
    sidecar = Sidecar(**said)
    _check(path, sidecar)
    return sidecar


def _check(path: Path, sidecar: Sidecar) -> None:
    for key in ("front", "up"):
        if getattr(sidecar, key) not in _AXES:
            raise MeshError(f"{path.name}: {key} is {getattr(sidecar, key)!r}, expected one of {', '.join(_AXES)}")
    if sidecar.front[1] == sidecar.up[1]:
        raise MeshError(f"{path.name}: front {sidecar.front!r} and up {sidecar.up!r} lie on one axis; expected two")
    low, high = SIZES_M
    sizes = sidecar.size_m
    if len(sizes) != 3 or not all(isinstance(v, (int, float)) and low <= v <= high for v in sizes):
        raise MeshError(f"{path.name}: size_m is {list(sizes)}, expected three metres between {low} and {high}")


def load_draft(path: Path, sidecar: Sidecar) -> Draft:
    """A mesh in the object frame, scaled to the height that its JSON gives.

    Raises:
        MeshError: it can't be read, is not finite, has no extent, too many or no triangles, or other proportions than `size_m`.
    """
    front, up = _AXES[sidecar.front], _AXES[sidecar.up]
    turn = np.stack([np.cross(-front, up), -front, up])
    pieces = [_turned(piece, turn) for piece in _geometry(path)]
    points = np.concatenate([piece.vertices_m for piece in pieces])
    extent = np.ptp(points, axis=0)
    if not (extent > 1e-9 * max(float(extent.max()), 1e-12)).all():
        raise MeshError(f"{path.name}: it has no extent along an axis: {extent.tolist()}")
    wanted = np.array(sidecar.size_m, dtype=np.float64)
    factor = wanted[2] / extent[2]
    if np.abs(extent * factor / wanted - 1.0).max() > PROPORTION_TOLERANCE:
        shape = " x ".join(f"{v:.3f}" for v in extent * factor)
        raise MeshError(
            f"{path.name}: size_m is {list(sidecar.size_m)}, but at that height the mesh is {shape} m; "
            "check size_m (width, depth, height), front and up"
        )
    middle = np.array([*(points.min(axis=0) + extent / 2)[:2], points[:, 2].min()])
    parts = tuple(dataclasses.replace(piece, vertices_m=(piece.vertices_m - middle) * factor) for piece in pieces)
    supports = tuple(_support(path, said) for said in sidecar.supports)
    return Draft(parts, sidecar.color, sidecar.material, sidecar.symmetry, sidecar.mass_kg, supports)


def _support(path: Path, said: Mapping[str, Any]) -> Support:
    arrays = {key: np.array(said[key], dtype=np.float64) for key in ("half_extents_m", "center_m") if key in said}
    try:
        return Support(**{"shape": "rectangle", **said, **arrays})
    except TypeError as error:
        raise MeshError(f"{path.name}: a support of its JSON is wrong: {error}") from None


def _geometry(path: Path) -> list[Part]:
    """The file's meshes in its own frame."""
    try:
        import trimesh
    except ImportError as error:
        raise ImportError('external assets need the package trimesh: pip install "gsi-bench-hf[sim]"') from error

    try:
        scene = trimesh.load_scene(path, process=False)
        meshes = [mesh for mesh in scene.dump() if isinstance(mesh, trimesh.Trimesh)]
    except Exception as error:  # parsers of foreign files raise whatever they like
        raise MeshError(f"{path.name}: it can't be read: {type(error).__name__}: {error}") from error
    count = sum(len(mesh.faces) for mesh in meshes)
    if not 4 <= count <= MAX_TRIANGLES:
        raise MeshError(f"{path.name}: it has {count} triangles, expected 4 to {MAX_TRIANGLES}")
    if not all(np.isfinite(mesh.vertices).all() for mesh in meshes):
        raise MeshError(f"{path.name}: it has vertices that are not finite")
    return [_part(mesh) for mesh in meshes if len(mesh.faces)]


def _part(mesh: Any) -> Part:
    material, uv = _material(mesh.visual)
    points = np.array(mesh.vertices, dtype=np.float64)
    return Part(points, np.array(mesh.faces, dtype=np.int32), uv, unit(np.array(mesh.vertex_normals)), material)


def _turned(part: Part, turn: Float) -> Part:
    return dataclasses.replace(part, vertices_m=part.vertices_m @ turn.T, normals=part.normals @ turn.T)


def _material(visual: Any) -> tuple[Material, Float | None]:
    """A mesh's material; its texture coordinates if it has a picture."""
    if visual.kind != "texture":
        color = np.asarray(visual.main_color, dtype=np.float64) / 255.0
        return Material(None, _rgba(color)), None
    said = visual.material
    image = getattr(said, "baseColorTexture", None) or getattr(said, "image", None)
    factor = getattr(said, "baseColorFactor", None)
    color = np.ones(4) if factor is None else np.asarray(factor, dtype=np.float64) / 255.0
    if factor is None and image is None:
        color = np.asarray(said.main_color, dtype=np.float64) / 255.0
    rough = getattr(said, "roughnessFactor", None)
    shininess = 0.4 if rough is None else float(np.clip(1.0 - rough, 0.0, 1.0))
    if getattr(said, "alphaMode", None) != "BLEND":
        color[3] = 1.0
    if image is None or visual.uv is None:
        return Material(None, _rgba(color), 0.5 * shininess, shininess), None
    name = _keep(image)
    return Material(name, _rgba(color), 0.5 * shininess, shininess), np.array(visual.uv, dtype=np.float64)


def _rgba(color: Float) -> tuple[float, float, float, float]:
    r, g, b, a = (float(v) for v in color)
    return (r, g, b, a)


def _keep(image: Any) -> str:
    """The texture string of a picture, which is kept under its hash."""
    small = image.convert("RGB")
    small.thumbnail((MAX_TEXTURE_PX, MAX_TEXTURE_PX))
    pixels = np.asarray(small, dtype=np.uint8)
    key = hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:16]
    _IMAGES.setdefault(key, pixels)
    return texture("picture", key=key)


def picture(key: str = "") -> Float:
    """A picture that came with an external asset; a gray checker without a key. Raises ValueError for one that no folder holds."""
    if not key:
        return np.kron(np.indices((8, 8)).sum(axis=0) % 2 * 0.1 + 0.5, np.ones((8, 8)))[..., None].repeat(3, axis=2)
    if key not in _IMAGES:
        raise ValueError(f"no picture {key!r}; register the folder of external assets that it belongs to")
    return np.asarray(_IMAGES[key], dtype=np.float64) / 255.0


PAINTERS.add("picture", picture)
