"""Kinds from a folder of meshes: glTF or OBJ files, each with a JSON beside it that says what it is.

`chair.glb` goes with `chair.json`:

    {"kind": "oak-chair", "front": "+z", "size_m": [0.45, 0.5, 0.9], "licence": "CC-BY-4.0"}

`front` is the direction of the file's own axes that the thing looks to, `up` (default "+y") the one that is up; `size_m` is its
width, depth and height as it stands. `external_mesh.Sidecar` lists what else can be said. Files of one kind are its looks. A file
that can't be used is refused by name with the reason.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind
from gsi_bench_hf.synth.assets.external_mesh import MeshError, Sidecar, load_draft, read_sidecar
from gsi_bench_hf.synth.assets.library import KINDS

ENVIRONMENT_VARIABLE = "GSI_BENCH_ASSETS"
SUFFIXES = (".glb", ".gltf", ".obj")


@dataclass(frozen=True)
class Folder:
    """What a folder of meshes holds.

    Attributes:
        kinds: kind by name, ready for `KINDS`.
        licences: licence by file name, of what can be used.
        refused: reason by file name, of what can't.
    """

    kinds: Mapping[str, Kind]
    licences: Mapping[str, str]
    refused: Mapping[str, str] = field(default_factory=dict)


def read_folder(folder: str | Path) -> Folder:
    """Look through a folder (not its sub-folders); every mesh is opened once and checked.

    Args:
        folder: with meshes and their JSONs.

    Raises:
        FileNotFoundError: the folder is not there or holds no mesh.
    """
    root = Path(folder)
    meshes = sorted(path for path in root.glob("*") if path.suffix.lower() in SUFFIXES)
    if not meshes:
        raise FileNotFoundError(f"no mesh ({', '.join(SUFFIXES)}) in {root}; expected a folder of meshes with JSONs")
    looks: dict[str, list[tuple[Path, Sidecar]]] = {}
    licences: dict[str, str] = {}
    refused: dict[str, str] = {}
    for path in meshes:
        try:
            sidecar = read_sidecar(path)
            load_draft(path, sidecar)
        except MeshError as error:
            refused[path.name] = str(error).removeprefix(f"{path.name}: ")
            continue
        looks.setdefault(sidecar.kind, []).append((path, sidecar))
        licences[path.name] = sidecar.licence
    return Folder({name: _kind(found) for name, found in looks.items()}, licences, refused)


def register(folder: str | Path, *, skip_bad: bool = False) -> Folder:
    """Add a folder's kinds to the registry, for scenes of their environments.

    Data made with them are other data than without: build them into a folder of their own.

    Args:
        folder: as in `read_folder`.
        skip_bad: leave out meshes that can't be used instead of raising.

    Raises:
        MeshError: some meshes can't be used; the message names each.
        ValueError: a kind's name is taken.
    """
    found = read_folder(folder)
    if found.refused and not skip_bad:
        listing = "; ".join(f"{name}: {reason}" for name, reason in found.refused.items())
        raise MeshError(f"{len(found.refused)} meshes of {folder} can't be used; mend or remove them: {listing}")
    for name, kind in found.kinds.items():
        KINDS.add(name, kind)
    return found


def register_from_environment() -> None:
    """`register` the folder that the environment variable GSI_BENCH_ASSETS names, if it is set."""
    folder = os.environ.get(ENVIRONMENT_VARIABLE)
    if folder:
        register(folder)


def _kind(looks: list[tuple[Path, Sidecar]]) -> Kind:
    first = looks[0][1]
    label = first.label or first.kind.replace("-", " ").replace("_", " ")

    @functools.lru_cache(maxsize=8)
    def draft(index: int) -> Draft:
        return load_draft(*looks[index])

    def builder(rng: np.random.Generator) -> Draft:
        return draft(int(rng.integers(len(looks))))

    return Kind(
        label,
        first.label_zh or label,
        first.measure_zh,
        first.family,
        builder,
        first.movable,
        first.has_front,
        first.environments,
    )
