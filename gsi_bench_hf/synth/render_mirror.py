"""Flat mirrors: which one of a view matters, and the camera that sees what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.render_compile import Compiled
from gsi_bench_hf.synth.scene import SceneObject
from gsi_bench_hf.types import Camera

Float = NDArray[np.float64]

_NEAR_M = 0.05
_SAME_PLANE_M = 0.004


@dataclass(frozen=True, eq=False)
class Mirror:
    """A mirror in a picture.

    Attributes:
        plane: (4,) world, n and -n·p: positive before the mirror.
        window: left, top, right, bottom; the pixels of the picture that it lies within.
        camera: sees, the other way round, what the mirror shows in that window.
    """

    plane: Float
    window: tuple[int, int, int, int]
    camera: Camera


def nearest_mirror(
    items: Iterable[tuple[SceneObject, int]], compiled: Compiled, camera: Camera, intrinsics: Float
) -> Mirror | None:
    """The mirror that takes most of the picture, with others in its plane; None where none is seen from before.

    Args:
        items: what is drawn, and its number.
        compiled: knows which parts are mirrors.
        camera: the view.
        intrinsics: (3, 3) of the picture, whose size may be another than the camera's.
    """
    pose = camera.world_from_camera
    width, height = _size(camera, intrinsics)
    planes: list[tuple[Float, list[Float]]] = []
    for item, _ in items:
        for template in compiled.templates[item.kind, item.variant]:
            if template.mirror_m is None or len(template.mirror_m) < 3:
                continue
            corners = item.position_m + item.scale * template.mirror_m @ item.rotation.T
            front = -item.rotation[:, 1]
            plane = np.array([*front, -front @ corners.mean(axis=0)])
            if plane[:3] @ pose[:3, 3] + plane[3] > _NEAR_M:
                _join(planes, plane, corners)
    seen = [(plane, _window(np.concatenate(corners), pose, intrinsics, width, height)) for plane, corners in planes]
    areas = [0 if w is None else (w[2] - w[0]) * (w[3] - w[1]) for _, w in seen]
    best = int(np.argmax(areas)) if areas else 0
    if not areas or areas[best] == 0:
        return None
    plane, window = seen[best]
    assert window is not None
    return Mirror(plane, window, _behind(plane, window, pose, intrinsics))


def _join(planes: list[tuple[Float, list[Float]]], plane: Float, corners: Float) -> None:
    for other, points in planes:
        if np.abs(corners @ other[:3] + other[3]).max() < _SAME_PLANE_M:
            points.append(corners)
            return
    planes.append((plane, [corners]))


def _size(camera: Camera, intrinsics: Float) -> tuple[int, int]:
    scale = intrinsics[:2, :2].diagonal() / camera.intrinsics[:2, :2].diagonal()
    return round(camera.width * float(scale[0])), round(camera.height * float(scale[1]))


def _window(corners: Float, pose: Float, k: Float, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The pixels around a flat thing, on even ones; all of the picture where it reaches behind the camera."""
    local = (corners - pose[:3, 3]) @ pose[:3, :3]
    if (local[:, 2] < _NEAR_M).any():
        return (0, 0, width, height) if (local[:, 2] > _NEAR_M).any() else None
    at = local @ k.T
    at = at[:, :2] / at[:, 2:]
    low, high = np.floor(at.min(axis=0) - 1.0), np.ceil(at.max(axis=0) + 1.0)
    left, top = (int(v) for v in np.clip(low, 0, [width, height]))
    right, bottom = (int(v) for v in np.clip(high, 0, [width, height]))
    return (left, top, right, bottom) if right - left > 3 and bottom - top > 3 else None


def _behind(plane: Float, window: tuple[int, int, int, int], pose: Float, k: Float) -> Camera:
    """The camera's mirror image, turned to a right-handed frame by counting its pixels from the right."""
    left, top, right, bottom = window
    normal = plane[:3]
    flip = np.eye(3) - 2.0 * np.outer(normal, normal)
    mirrored = np.eye(4)
    mirrored[:3, :3] = flip @ pose[:3, :3] * np.array([-1.0, 1.0, 1.0])
    mirrored[:3, 3] = pose[:3, 3] - 2.0 * (normal @ pose[:3, 3] + plane[3]) * normal
    cropped = k.copy()
    cropped[0, 2], cropped[1, 2] = right - k[0, 2], k[1, 2] - top
    return Camera(cropped, mirrored, right - left, bottom - top)
