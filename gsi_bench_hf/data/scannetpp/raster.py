"""What a camera sees of a triangle mesh, without a graphics library: every triangle is sampled more finely than the pixels.

Real scans have many small triangles, for which this is fast and holds no surprises; what it gives is good to a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.types import Camera, Float

_NEAR_M = 0.05
_STEP_PX = 0.7
_FINEST = 512
_EVERY = 16
"""Above this many parts a side, multiples of it: few different numbers are worked off faster."""
_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Seen:
    """A mesh as a camera sees it.

    Attributes:
        depth_m: (H, W) float32 along camera z; 0 where there is nothing.
        owners: (H, W) int32, whose face it is; 0 for nobody's.
        pixels_alone: by owner, how many pixels it would cover with nothing before it.
    """

    depth_m: NDArray[np.float32]
    owners: NDArray[np.int32]
    pixels_alone: dict[int, int]


def rasterise(vertices_m: Float, faces: NDArray[np.int32], owners: NDArray[np.int32], camera: Camera) -> Seen:
    """See `Seen`.

    Args:
        vertices_m: (N, 3) world.
        faces: (M, 3) vertex numbers.
        owners: (M,) of the faces, >= 0.
        camera: of the picture.
    """
    pose = camera.world_from_camera
    local = (vertices_m - pose[:3, 3]) @ pose[:3, :3]
    chosen, pixels = _in_view(local, faces, camera)
    corners, whose = local[faces[chosen]], owners[chosen]
    names, index = np.unique(whose, return_inverse=True)
    size = camera.width * camera.height
    depth, owner = np.full(size, np.inf, np.float32), np.zeros(size, np.int32)
    alone = np.zeros((len(names), size), dtype=bool)
    longest = np.linalg.norm(pixels - np.roll(pixels, -1, axis=1), axis=2).max(axis=1, initial=0.0)
    for rows, points in samples(corners, np.ceil(longest / _STEP_PX).astype(int)):
        x, y, z = points.reshape(-1, 3).T
        k = camera.intrinsics
        u, v = np.floor(k[0, 0] * x / z + k[0, 2]).astype(int), np.floor(k[1, 1] * y / z + k[1, 2]).astype(int)
        inside = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
        place, near = (v * camera.width + u)[inside], z[inside].astype(np.float32)
        group = np.repeat(index[rows], points.shape[1])[inside]
        alone[group, place] = True
        order = np.argsort(-near, kind="stable")  # the nearest is written last
        place, near, group = place[order], near[order], group[order]
        drawn, drawn_owner = np.full(size, np.inf, np.float32), np.zeros(size, np.int32)
        drawn[place], drawn_owner[place] = near, names[group]
        closer = drawn < depth
        depth[closer], owner[closer] = drawn[closer], drawn_owner[closer]
    counts = {int(name): int(count) for name, count in zip(names, alone.sum(axis=1), strict=True)}
    shape = (camera.height, camera.width)
    return Seen(
        np.where(np.isfinite(depth), depth, 0.0).astype(np.float32).reshape(shape), owner.reshape(shape), counts
    )


def samples(corners: Float, parts: NDArray[np.int_]) -> Iterator[tuple[NDArray[np.int_], Float]]:
    """Points spread evenly over triangles, a few triangles at a time.

    Args:
        corners: (M, 3, 3).
        parts: (M,) into how many each side is cut; no more than 512.

    Yields:
        Numbers of triangles (K,), and their points (K, S, 3), corners included.
    """
    parts = np.clip(np.where(parts > _EVERY, -(-parts // _EVERY) * _EVERY, parts), 1, _FINEST)
    for n in np.unique(parts):
        rows = np.flatnonzero(parts == n)
        weights = _weights(int(n))
        step = max(1, _AT_ONCE // len(weights))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            yield some, np.einsum("sc,kcd->ksd", weights, corners[some])


@lru_cache(maxsize=64)
def _weights(n: int) -> Float:
    """(S, 3) barycentric weights of a triangle whose sides are cut into `n` parts."""
    i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    i, j = i[i + j <= n], j[i + j <= n]
    return np.stack([i, j, n - i - j], axis=1) / n


def _in_view(local: Float, faces: NDArray[np.int32], camera: Camera) -> tuple[NDArray[np.int_], Float]:
    """Numbers of the faces that are before the camera and may be in the picture, and their corners' pixels (K, 3, 2)."""
    ahead = local[:, 2] > _NEAR_M
    chosen = np.flatnonzero(ahead[faces].all(axis=1))
    k, z = camera.intrinsics, np.where(ahead, local[:, 2], 1.0)
    pixels = np.stack([k[0, 0] * local[:, 0] / z + k[0, 2], k[1, 1] * local[:, 1] / z + k[1, 2]], axis=1)
    corners = pixels[faces[chosen]]
    low, high = corners.min(axis=1), corners.max(axis=1)
    shown = (high > 0.0).all(axis=1) & (low[:, 0] < camera.width) & (low[:, 1] < camera.height)
    return chosen[shown], corners[shown]
