"""What a camera sees of a triangle mesh, without a graphics library: every triangle is sampled more finely than the pixels.

Real scans have many small triangles, for which this is fast and holds no surprises. A pixel counts that a triangle touches, so that
silhouettes are half a pixel too wide all around.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.types import Camera, Float

_NEAR_M = 0.05
_NOTHING = np.uint64(0xFFFFFFFFFFFFFFFF)
_STEP_PX = 0.85
"""In a lattice of equilateral triangles that wide no point is farther than half a pixel from a sample: each pixel gets one."""
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
    nearest = np.full(camera.width * camera.height, _NOTHING, dtype=np.uint64)
    alone = np.zeros((len(names), len(nearest)), dtype=bool)
    longest = np.linalg.norm(pixels - np.roll(pixels, -1, axis=1), axis=2).max(axis=1, initial=0.0)
    k = camera.intrinsics
    for rows, points in samples(corners, np.ceil(longest / _STEP_PX).astype(int)):
        x, y, z = points.reshape(3, -1)
        u, v = (k[0, 0] * x / z + k[0, 2]).astype(np.int64), (k[1, 1] * y / z + k[1, 2]).astype(np.int64)
        inside = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
        place, group = (v * camera.width + u)[inside], np.tile(index[rows], points.shape[1])[inside]
        alone[group, place] = True
        # The bits of a positive float are ordered as it is: one number holds the depth and whose it is.
        bits = z[inside].astype(np.float32).view(np.uint32).astype(np.uint64)
        np.minimum.at(nearest, place, (bits << np.uint64(32)) | group.astype(np.uint64))
    drawn = nearest != _NOTHING
    depth, owner = np.zeros(len(nearest), np.float32), np.zeros(len(nearest), np.int32)
    depth[drawn] = (nearest[drawn] >> np.uint64(32)).astype(np.uint32).view(np.float32)
    owner[drawn] = names[(nearest[drawn] & np.uint64(0xFFFFFFFF)).astype(np.int64)]
    counts = {int(name): int(count) for name, count in zip(names, alone.sum(axis=1), strict=True)}
    shape = (camera.height, camera.width)
    return Seen(depth.reshape(shape), owner.reshape(shape), counts)


def samples(corners: Float, parts: NDArray[np.int_]) -> Iterator[tuple[NDArray[np.int_], Float]]:
    """Points spread evenly over triangles, a few triangles at a time.

    Args:
        corners: (M, 3, 3).
        parts: (M,) into how many each side is cut; no more than 512.

    Yields:
        Numbers of triangles (K,), and their points (3, S, K), corners included.
    """
    parts = np.clip(np.where(parts > _EVERY, -(-parts // _EVERY) * _EVERY, parts), 1, _FINEST)
    for n in np.unique(parts):
        rows = np.flatnonzero(parts == n)
        weights = _weights(int(n))
        step = max(1, _AT_ONCE // len(weights))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            yield some, np.stack([weights @ corners[some, :, axis].T for axis in range(3)])


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
