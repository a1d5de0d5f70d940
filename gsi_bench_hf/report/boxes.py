"""A 3D box as an SVG path over an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gsi_bench_hf.geometry import CORNER_SIGNS, box_corners, project_points

_EDGES = [
    (i, j) for i in range(8) for j in range(i + 1, 8) if np.count_nonzero(CORNER_SIGNS[i] != CORNER_SIGNS[j]) == 1
]
_NEAREST_M = 0.02


def box_paths(box: Mapping[str, Any] | None, intrinsics: Any) -> dict[str, str] | None:
    """SVG path data, in image pixels, of a box of a sample's line.

    Args:
        box: `center_m`, `extents_m`, `rotation` in the camera frame; or None.
        intrinsics: (3, 3).

    Returns:
        "edges" (the twelve) and "front" (the face towards the object's front); None without a box, or where a part of it is
        behind the camera.
    """
    if box is None:
        return None
    corners = box_corners(box["center_m"], box["extents_m"], box["rotation"])
    if corners[:, 2].min() < _NEAREST_M:
        return None
    pixels = project_points(corners, intrinsics)
    edges = " ".join(f"M{_point(pixels[i])}L{_point(pixels[j])}" for i, j in _EDGES)
    return {"edges": edges, "front": _front(pixels)}


def _front(pixels: Any) -> str:
    # The corners with z = -0.5 (a box's z goes from its front to its back), in order around the face.
    ring = [i for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)) for i in _corner(x, y)]
    return "M" + "L".join(_point(pixels[i]) for i in ring) + "Z"


def _corner(x: float, y: float) -> list[int]:
    return np.flatnonzero(np.equal(CORNER_SIGNS, [x, y, -0.5]).all(axis=1)).tolist()


def _point(pixel: Any) -> str:
    return f"{pixel[0]:.1f} {pixel[1]:.1f}"
