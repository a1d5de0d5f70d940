"""The measured surfaces of a room: what there is to stand on, what is in the way, what hides a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.data.scannetpp.raster import samples
from gsi_bench_hf.geometry import box_corners, project_points, unproject_depth
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.scene import Scene, SceneObject
from gsi_bench_hf.types import Box3D, Camera, Float

Bool = NDArray[np.bool_]

CELL_M = 0.02
LEVEL_M = 0.025
"""How far a surface may be measured off from the height of what stands on it."""
BESIDE_M = 0.04
_IN_FRONT_M = 0.03
_RIM = 0.8
_DOWN_M = 3.0
_SAMPLE_M = 0.012
_STRIDE_PX = 2


class Solid(Protocol):
    """Surfaces as points."""

    def near(self, low_m: Float, high_m: Float, without: str) -> Float:
        """(N, 3) world, the points between two corners (3,) that don't belong to the object of that id."""
        ...

    def seen_through(self, points_m: Float) -> Bool:
        """(N,) whether something was seen behind places (N, 3), world, so that nothing is there."""
        ...


class MeshSurfaces:
    """A mesh prepared for being asked what is near a place.

    Args:
        vertices_m: (N, 3) world.
        faces: (M, 3).
        face_owners: (M,).
    """

    def __init__(self, vertices_m: Float, faces: NDArray[np.int32], face_owners: NDArray[np.int32]) -> None:
        self._vertices_m, self._faces, self._face_owners = vertices_m, faces, face_owners
        corners = vertices_m[faces]
        self._low = np.ascontiguousarray(corners.min(axis=1).T)
        self._high = np.ascontiguousarray(corners.max(axis=1).T)

    def near(self, low_m: Float, high_m: Float, without: int) -> Float:
        """(N, 3) points spread evenly over what is between two corners (3,), but for one owner's faces."""
        chosen = self._face_owners != without
        for axis in range(3):
            chosen &= (self._low[axis] <= high_m[axis]) & (self._high[axis] >= low_m[axis])
        corners = self._vertices_m[self._faces[chosen]]
        longest = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2).max(axis=1, initial=0.0)
        found = [p.reshape(3, -1).T for _, p in samples(corners, np.ceil(longest / _SAMPLE_M).astype(int))]
        points = np.concatenate([np.zeros((0, 3)), *found])
        return np.asarray(points[((points >= low_m) & (points <= high_m)).all(axis=1)])


class MeshSolid:
    """The surfaces of a mesh; what the camera can't see of them too.

    Args:
        surfaces: the mesh.
        owners: the number of an object, by id.
    """

    def __init__(self, surfaces: MeshSurfaces, owners: Mapping[str, int]) -> None:
        self._surfaces, self._owners = surfaces, owners

    def near(self, low_m: Float, high_m: Float, without: str) -> Float:
        """See `Solid`."""
        return self._surfaces.near(low_m, high_m, self._owners.get(without, -1))

    def seen_through(self, points_m: Float) -> Bool:
        """See `Solid`; a scan has no side from which it was seen."""
        return np.zeros(len(points_m), dtype=bool)


class DepthSolid:
    """The surfaces that a camera sees.

    Args:
        depth_m: (H, W).
        segmentation: (H, W), i + 1 for `scene.objects[i]`.
        scene: with the camera.
    """

    def __init__(self, depth_m: NDArray[np.float32], segmentation: NDArray[np.int32], scene: Scene) -> None:
        step = np.s_[::_STRIDE_PX, ::_STRIDE_PX]
        pose = scene.camera.world_from_camera
        points = unproject_depth(depth_m, scene.camera.intrinsics)[step].reshape(-1, 3)
        known = points[:, 2] > 0.0
        self._points = points[known] @ pose[:3, :3].T + pose[:3, 3]
        self._numbers = segmentation[step].ravel()[known]
        self._ids = [o.instance_id for o in scene.objects]
        self._depth_m, self._camera = depth_m, scene.camera

    def near(self, low_m: Float, high_m: Float, without: str) -> Float:
        """See `Solid`."""
        number = 1 + self._ids.index(without) if without in self._ids else -1
        inside = ((self._points >= low_m) & (self._points <= high_m)).all(axis=1) & (self._numbers != number)
        return np.asarray(self._points[inside])

    def seen_through(self, points_m: Float) -> Bool:
        """See `Solid`."""
        pose = self._camera.world_from_camera
        local = (points_m - pose[:3, 3]) @ pose[:3, :3]
        pixels = np.floor(project_points(local, self._camera.intrinsics))
        inside = (local[:, 2] > 0.0) & ((pixels >= 0) & (pixels < [self._camera.width, self._camera.height])).all(
            axis=1
        )
        u, v = np.where(inside[:, None], pixels, 0.0).astype(int).T
        return np.asarray(inside & (self._depth_m[v, u] > local[:, 2] + _IN_FRONT_M))


@dataclass(frozen=True)
class Footing:
    """What is under a footprint, in cells of 2 cm.

    Attributes:
        carried: cells with a surface at the height asked for.
        void: cells with a surface only lower down, or that was seen through.
        cells: all.
    """

    carried: int
    void: int
    cells: int


def footing(solid: Solid, item: SceneObject, base_m: float, *, ring_m: float = 0.0, without: str) -> Footing:
    """What is under an upright object, or around it.

    Args:
        solid: the surfaces.
        item: the object, where it would stand.
        base_m: height of its base.
        ring_m: > 0 asks for what is around its footprint, that far, and what can be seen under its rim, instead.
        without: id of the object whose own surface doesn't count.
    """
    corners = footprint_m(item)
    low = np.append(corners.min(axis=0) - ring_m - CELL_M, base_m - _DOWN_M)
    high = np.append(corners.max(axis=0) + ring_m + CELL_M, base_m + LEVEL_M)
    points = solid.near(low, high, without)
    half = item.size_m[:2] * item.scale / 2.0
    reach = half + ring_m
    count = np.maximum(1, np.ceil(2.0 * reach / CELL_M - 1e-6).astype(int))
    local = (points[:, :2] - item.position_m[:2]) @ item.rotation[:2, :2]
    within = (np.abs(local) < reach).all(axis=1)
    place = np.clip(((local[within] + reach) / (2.0 * reach) * count).astype(int), 0, count - 1)
    level = np.abs(points[within, 2] - base_m) <= LEVEL_M
    at, lower = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    at[place[level, 0], place[level, 1]] = True
    lower[place[~level, 0], place[~level, 1]] = True
    x, y = ((np.arange(n) + 0.5) / n * 2.0 * r - r for n, r in zip(count, reach, strict=True))
    middles = (
        np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2) @ item.rotation[:2, :2].T
        + item.position_m[:2]
    )
    lower |= solid.seen_through(np.column_stack([middles, np.full(len(middles), base_m)])).reshape(lower.shape)
    if ring_m > 0.0:
        rim = (np.abs(x)[:, None] > _RIM * half[0]) | (np.abs(y) > _RIM * half[1])
        at, lower = at & rim, lower & rim
    return Footing(int(at.sum()), int((lower & ~at).sum()), int(at.size))


def surface_height_m(solid: Solid, item: SceneObject) -> float | None:
    """The height of what an object stands on, measured around it; None where nothing is at its base."""
    corners = footprint_m(item)
    base_m = float(item.position_m[2])
    low = np.append(corners.min(axis=0) - BESIDE_M, base_m - LEVEL_M)
    high = np.append(corners.max(axis=0) + BESIDE_M, base_m + LEVEL_M)
    points = solid.near(low, high, item.instance_id)
    return float(np.median(points[:, 2])) if len(points) >= 8 else None


def points_within(solid: Solid, item: SceneObject, *, margin_m: float, above_m: float, without: str) -> int:
    """How many surface points are inside an upright box made smaller by `margin_m` all around and by `above_m` from below."""
    corners = footprint_m(item)
    base_m, size_m = float(item.position_m[2]), item.size_m * item.scale
    low, high = (
        np.append(corners.min(axis=0), base_m + above_m),
        np.append(corners.max(axis=0), base_m + size_m[2] - margin_m),
    )
    if (low >= high).any():
        return 0
    points = solid.near(low, high, without)
    local = (points[:, :2] - item.position_m[:2]) @ item.rotation[:2, :2]
    half = np.maximum(size_m[:2] / 2.0 - margin_m, 0.25 * size_m[:2])
    return int(np.count_nonzero((np.abs(local) < half).all(axis=1)))


def entry_depth(box: Box3D, camera: Camera) -> tuple[NDArray[np.float32], Bool]:
    """(H, W) at which depth the ray of each pixel comes into a box, and whether it does at all; no more than the picture holds.

    Args:
        box: before the camera.
        camera: of the picture.
    """
    depth, hit = np.zeros((camera.height, camera.width), np.float32), np.zeros((camera.height, camera.width), bool)
    corners = box_corners(box.center_m, box.extents_m, box.rotation)
    if corners[:, 2].min() < 0.05:
        return depth, hit
    pixels = project_points(corners, camera.intrinsics)
    hull = cv2.convexHull(pixels.astype(np.float32))[:, 0]
    u0, v0 = np.maximum(np.floor(hull.min(axis=0)).astype(int), 0)
    u1, v1 = np.minimum(np.ceil(hull.max(axis=0)).astype(int), [camera.width, camera.height])
    if u0 >= u1 or v0 >= v1:
        return depth, hit
    k = camera.intrinsics
    v, u = np.mgrid[v0:v1, u0:u1] + 0.5
    rays = np.stack([(u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1], np.ones_like(u)], axis=-1) @ box.rotation
    start = -box.center_m @ box.rotation
    rays = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    one, two = (-box.extents_m / 2.0 - start) / rays, (box.extents_m / 2.0 - start) / rays
    first, last = np.minimum(one, two).max(axis=-1), np.maximum(one, two).min(axis=-1)
    inside = (first < last) & (first > 0.0)
    hit[v0:v1, u0:u1] = inside
    depth[v0:v1, u0:u1] = np.where(inside, first, 0.0)
    return depth, hit


def hidden_share(box: Box3D, camera: Camera, depth_m: NDArray[np.float32]) -> float:
    """0..1 the part of a box's silhouette in the picture before which something is; 1 for one that isn't in the picture.

    Args:
        box: camera frame.
        camera: of the picture.
        depth_m: (H, W) of what may be before it; 0 for nothing, so that an object's own pixels don't hide it.
    """
    entry, hit = entry_depth(box, camera)
    if not hit.any():
        return 1.0
    covered = hit & (depth_m > 0.0) & (depth_m < entry - _IN_FRONT_M)
    return float(np.count_nonzero(covered)) / float(np.count_nonzero(hit))
