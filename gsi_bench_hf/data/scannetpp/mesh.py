"""The scanned room: its triangle mesh, and which vertex belongs to which annotated object.

Read of `<scene>/scans/`: `mesh_aligned_0.05.ply`, `segments.json` (`segIndices`: a segment number a vertex) and `segments_anno.json`
(`segGroups`: `objectId`, `label`, `segments`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.data.scannetpp.layout import ScanNetppError, SceneFolder
from gsi_bench_hf.types import Float

MESH = Path("scans", "mesh_aligned_0.05.ply")
SEGMENTS = Path("scans", "segments.json")
ANNOTATIONS = Path("scans", "segments_anno.json")
_SCALARS = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2", "uint16": "u2",
    "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True, eq=False)
class ScannedRoom:
    """A scene's mesh with its annotations.

    Attributes:
        vertices_m: (N, 3) world, z up.
        faces: (M, 3) vertex numbers.
        owners: (N,) int32, the `objectId` of each vertex; 0 where nothing is annotated.
        labels: by `objectId`, what the annotators called it, in lower case.
    """

    vertices_m: Float
    faces: NDArray[np.int32]
    owners: NDArray[np.int32]
    labels: Mapping[int, str]

    @property
    def face_owners(self) -> NDArray[np.int32]:
        """(M,) the owner of two corners of each face, or of the first where all differ."""
        a, b, c = self.owners[self.faces].T
        return np.asarray(np.where(b == c, b, a), dtype=np.int32)


def read_room(scene: SceneFolder) -> ScannedRoom:
    """The mesh and the annotations of a scene.

    Raises:
        ScanNetppError: a file is missing, can't be read, or doesn't go with the others.
    """
    vertices_m, faces = read_ply(scene.path / MESH)
    segments = np.asarray(_json(scene.path / SEGMENTS, "segIndices"), dtype=np.int64)
    if len(segments) != len(vertices_m):
        raise ScanNetppError(
            f"{scene.path / SEGMENTS} has {len(segments)} segIndices and the mesh {len(vertices_m)} vertices, expected as many"
        )
    groups = _json(scene.path / ANNOTATIONS, "segGroups")
    table = np.zeros(int(segments.max(initial=0)) + 1, dtype=np.int32)
    labels: dict[int, str] = {}
    try:
        for group in groups:
            own = np.asarray(group["segments"], dtype=np.int64)
            table[own[(own >= 0) & (own < len(table))]] = int(group["objectId"])
            labels[int(group["objectId"])] = " ".join(str(group["label"]).lower().split())
    except (KeyError, TypeError, ValueError) as error:
        raise ScanNetppError(
            f"{scene.path / ANNOTATIONS}: a group has no objectId, label or segments ({type(error).__name__}: {error})"
        ) from error
    return ScannedRoom(vertices_m, faces, table[segments], labels)


def read_ply(path: Path) -> tuple[Float, NDArray[np.int32]]:
    """Vertices (N, 3) and triangles (M, 3) of a PLY file, ASCII or binary.

    Raises:
        ScanNetppError: it is not there, is no PLY file, or has no vertices or faces, or other faces than triangles.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScanNetppError(f"{path} can't be read: {error.strerror or error}") from error
    try:
        return _parse_ply(data)
    except (ValueError, IndexError, KeyError) as error:
        raise ScanNetppError(f"{path} is no mesh in PLY ({error}); expected vertices x, y, z and triangles") from error


def _parse_ply(data: bytes) -> tuple[Float, NDArray[np.int32]]:
    head, found, body = data.partition(b"end_header\n")
    lines = [line.split() for line in head.decode("ascii", "replace").splitlines()]
    if not found or not lines or lines[0] != ["ply"]:
        raise ValueError("no header")
    order = next(line[1] for line in lines if line[:1] == ["format"])
    elements: list[tuple[str, int, list[list[str]]]] = []
    for line in lines:
        if line[:1] == ["element"]:
            elements.append((line[1], int(line[2]), []))
        elif line[:1] == ["property"]:
            elements[-1][2].append(line[1:])
    read = _ascii_element if order == "ascii" else _binary_element
    tables: dict[str, Any] = {}
    for name, count, properties in elements:
        tables[name], body = read(body, count, properties, _ORDERS.get(order, "<"))
    vertex, face = tables["vertex"], tables["face"]
    vertices = np.stack([np.asarray(vertex[axis], dtype=np.float64) for axis in "xyz"], axis=1)
    triangles = np.asarray(face["corners"], dtype=np.int32).reshape(-1, 3)
    if not len(vertices) or triangles.max(initial=-1) >= len(vertices):
        raise ValueError("its faces name vertices that it does not have")
    return vertices, triangles


def _dtype(properties: list[list[str]], order: str) -> np.dtype[Any]:
    fields: list[Any] = []
    for words in properties:
        if words[0] == "list":
            fields += [("count", order + _SCALARS[words[1]]), ("corners", order + _SCALARS[words[2]], (3,))]
        else:
            fields.append((words[1], order + _SCALARS[words[0]]))
    return np.dtype(fields)


def _binary_element(body: bytes, count: int, properties: list[list[str]], order: str) -> tuple[Any, bytes]:
    dtype = _dtype(properties, order)
    size = dtype.itemsize * count
    if len(body) < size:
        raise ValueError(f"it ends after {len(body)} of {size} bytes, or has faces that are no triangles")
    table = np.frombuffer(body[:size], dtype=dtype)
    _only_triangles(table)
    return table, body[size:]


def _ascii_element(body: bytes, count: int, properties: list[list[str]], _order: str) -> tuple[Any, bytes]:
    lines = body.split(b"\n", count)
    dtype = _dtype(properties, "<")
    numbers = np.array([line.split() for line in lines[:count]], dtype=np.float64).reshape(count, -1)
    table, at = np.zeros(count, dtype=dtype), 0
    for name in dtype.names or ():
        width = 3 if name == "corners" else 1
        table[name] = numbers[:, at : at + width] if width > 1 else numbers[:, at]
        at += width
    _only_triangles(table)
    return table, lines[count] if len(lines) > count else b""


def _only_triangles(table: Any) -> None:
    if "count" in (table.dtype.names or ()) and (table["count"] != 3).any():
        raise ValueError("it has faces that are no triangles")


def _json(path: Path, key: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))[key]
    except (OSError, ValueError) as error:
        raise ScanNetppError(f"{path} can't be read: {error}") from error
    except (KeyError, TypeError) as error:
        raise ScanNetppError(f"{path} has no {key!r}, expected the file of that name as ScanNet++ has it") from error
