"""Pixels of a boxed object, re-posed: every ray of the new view meets the new box, and takes its colour from where that point of the
box was seen in the source. Pure NumPy, camera frame; pixel (u, v) has its centre at u + 0.5, v + 0.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from gsi_bench_hf.geometry import box_corners, polygon_area, project_box, project_points, rotate_about_vertical
from gsi_bench_hf.types import Box3D

Float = NDArray[np.float64]
VERTICAL = 1
"""The box axis that points down."""
_BOXY = 0.85
"""Part of a box's outline in the image that a thing covers which is a box itself."""
_MIN_FACING = 0.15
"""Cosine under which a face is seen too obliquely to take its texture from."""


def moved(box: Box3D, direction: str, distance_m: float) -> Box3D:
    """`box` shifted along its support: left and right of the camera, towards it and away from it.

    Args:
        box: camera frame; its own y axis is the support's downward normal.
        direction: "left", "right", "towards", "away".
        distance_m: how far, along the support.
    """
    signed_axes = {"left": (0, -1.0), "right": (0, 1.0), "towards": (2, -1.0), "away": (2, 1.0)}
    if direction not in signed_axes:
        raise ValueError(f"moved: direction is {direction!r}, expected one of {', '.join(signed_axes)}")
    axis, sign = signed_axes[direction]
    down = box.rotation[:, VERTICAL]
    along = sign * (np.eye(3)[axis] - down[axis] * down)
    return Box3D(box.center_m + distance_m * along / np.linalg.norm(along), box.extents_m, box.rotation)


def beside(box: Box3D, reference: Box3D, direction: str, distance_m: float) -> Box3D:
    """`box` put so far beside another, centre to centre, on the same support; `direction` as for `moved`."""
    down = reference.rotation[:, VERTICAL]
    foot = moved(reference, direction, distance_m).center_m + reference.extents_m[VERTICAL] / 2.0 * down
    return Box3D(foot - box.extents_m[VERTICAL] / 2.0 * down, box.extents_m, box.rotation)


def turned(box: Box3D, direction: Any, angle_deg: float) -> Box3D:
    """`box` turned about its own vertical, "clockwise" or "counterclockwise" seen from above."""
    return Box3D(box.center_m, box.extents_m, rotate_about_vertical(box.rotation, angle_deg, direction))


def scaled(box: Box3D, factor: float) -> Box3D:
    """`box` made `factor` times as large; the centre of its base stays."""
    rise_m = (1.0 - factor) * box.extents_m[VERTICAL] / 2.0
    return Box3D(box.center_m + rise_m * box.rotation[:, VERTICAL], factor * box.extents_m, box.rotation)


def rays(pixels: Float, intrinsics: Float) -> Float:
    """(N, 3) directions, z = 1, through (N, 2) pixel positions."""
    return np.asarray(np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(intrinsics).T)


def box_entry(directions: Float, box: Box3D) -> tuple[Float, NDArray[np.intp], NDArray[np.bool_]]:
    """Where rays from the camera's centre enter a box.

    Args:
        directions: (N, 3) camera frame.
        box: what they may meet.

    Returns:
        (N, 3) entry points in box axes, as fractions of the extents (-0.5..0.5); (N,) the axis of the face entered; (N,) whether the
        ray meets the box at all.
    """
    origin = -(box.rotation.T @ box.center_m) / box.extents_m
    local = (directions @ box.rotation) / box.extents_m
    local = np.where(np.abs(local) < 1e-12, 1e-12, local)
    near = np.minimum((-0.5 - origin) / local, (0.5 - origin) / local)
    far = np.maximum((-0.5 - origin) / local, (0.5 - origin) / local)
    axis = near.argmax(axis=1)
    entry = near.max(axis=1)
    return origin + entry[:, None] * local, axis, (entry < far.min(axis=1)) & (entry > 0.0)


def facing(box: Box3D) -> Float:
    """(3, 2) how squarely the camera looks at each face: cosine at the face's centre; column 0 the face at -0.5, column 1 at +0.5."""
    cosines = np.empty((3, 2))
    for axis in range(3):
        for side, sign in enumerate((-1.0, 1.0)):
            normal = sign * box.rotation[:, axis]
            center = box.center_m + 0.5 * box.extents_m[axis] * normal
            cosines[axis, side] = -normal @ center / np.linalg.norm(center)
    return cosines


def textured_points(points: Float, axis: NDArray[np.intp], box: Box3D) -> Float:
    """Points on the box to take the texture from: the same ones where their face can be seen, else their mirror image on the opposite
    face, else their like on the upright face that is seen best.

    Args:
        points: (N, 3) on the box's surface, fractions of the extents.
        axis: (N,) the axis of each point's face.
        box: the source box, camera frame.

    Returns:
        (N, 3) fractions of the extents.
    """
    cosines = facing(box)
    seen = cosines > _MIN_FACING
    rows = np.arange(len(points))
    side = (points[rows, axis] > 0).astype(np.intp)
    own, opposite = seen[axis, side], seen[axis, 1 - side]
    result = points.copy()
    result[rows, axis] = np.where(~own & opposite, -points[rows, axis], points[rows, axis])
    best_axis = 0 if cosines[0].max() > cosines[2].max() else 2
    lost = ~own & ~opposite & (axis == 2 - best_axis)
    result[lost, 2 - best_axis] = points[lost, best_axis]
    result[lost, best_axis] = cosines[best_axis].argmax() - 0.5
    return result


def fills_its_box(mask: NDArray[np.bool_], box: Box3D, intrinsics: Float) -> bool:
    """Whether an object looks like a box: its mask (H, W) covers nearly all of the box's outline in the image."""
    corners = project_points(box_corners(box.center_m, box.extents_m, box.rotation), intrinsics)
    outline = corners[ConvexHull(corners).vertices]
    return bool(mask.sum() >= _BOXY * abs(polygon_area(outline)))


def squeezed_pixels(pixels: Float, source: Box3D, target: Box3D, intrinsics: Float, *, mirrored: bool) -> Float:
    """Where each pixel of the edited image takes its colour from, if the object's picture is stretched as its box's bounds are.

    For an object that is turned and is no box: its hidden sides are not known, but its picture stays whole and gets the right width.

    Args:
        pixels: (N, 2) positions in the edited image.
        source: the object's box before, camera frame, metres.
        target: its box after.
        intrinsics: (3, 3) pixels.
        mirrored: whether left and right change places, as they do for more than a quarter turn.

    Returns:
        (N, 2) positions in the source image; NaN outside the target box's bounds.
    """
    before, after = (project_box(box.vector, box.rotation, intrinsics) for box in (source, target))
    fraction = (pixels - after[:2]) / (after[2:] - after[:2])
    outside = ((fraction < 0.0) | (fraction > 1.0)).any(axis=1)
    if mirrored:
        fraction = np.column_stack([1.0 - fraction[:, 0], fraction[:, 1]])
    positions = before[:2] + fraction * (before[2:] - before[:2])
    positions[outside] = np.nan
    return np.asarray(positions)


def source_pixels(pixels: Float, source: Box3D, target: Box3D, intrinsics: Float, *, keep_faces: bool) -> Float:
    """Where each pixel of the edited image takes its colour from.

    Args:
        pixels: (N, 2) positions in the edited image.
        source: the object's box before, camera frame, metres.
        target: its box after.
        intrinsics: (3, 3) pixels.
        keep_faces: each face keeps its own texture even where it can't be seen in the source (what a shift or a change of scale
            brings into view is a sliver); else see `textured_points`.

    Returns:
        (N, 2) positions in the source image; NaN where the ray misses the target box.
    """
    points, axis, hit = box_entry(rays(pixels, intrinsics), target)
    if not keep_faces:
        points = textured_points(points, axis, source)
    inside = (points * source.extents_m) @ source.rotation.T + source.center_m
    positions = project_points(inside, intrinsics)
    positions[~hit] = np.nan
    return positions
