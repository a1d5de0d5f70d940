"""How an object of one image has moved in another: its points laid over the other image, both ways, by depth and colour.

Two boxes of one object differ by what each view hides, and a box has no front; its surface, laid over itself, tells by how much it
was shifted, turned about the vertical and scaled. This is a search with a robust cost, in the spirit of ICP (Besl and McKay, 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image
from scipy.optimize import minimize

from gsi_bench_hf.geometry import project_points, rotation_y, unproject_depth
from gsi_bench_hf.perception.lifting.gravity import upright_frame
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32
from gsi_bench_hf.types import Box3D

_POINTS = 700
_COLOUR = 14.0
"""Difference of colour (CIELAB) at which a point counts as wrong."""
_DEPTH = 0.012
"""Difference of depth, as a part of the depth, at which a point counts as wrong; see `_LEAST_M`."""
_LEAST_M = 0.008
_HIDDEN = 0.35
"""What a point that can't be seen costs: less than a wrong one, more than a right one."""
_TURNS = 36
_STARTS = 3
_CLEARLY = 0.03
"""By how much a turn must be better than none to be believed."""


@dataclass(frozen=True, eq=False)
class Motion:
    """p -> `to` + `scale` · `turn` (p - `pivot`), camera frame, metres.

    Attributes:
        pivot, to: (3,).
        turn: (3, 3).
        scale: uniform.
        cost: 0..1 how badly the object, so moved, fits the other image.
    """

    pivot: Float
    to: Float
    turn: Float
    scale: float
    cost: float

    def points(self, points_m: Float) -> Float:
        """(N, 3) points moved."""
        return np.asarray(self.to + self.scale * (points_m - self.pivot) @ self.turn.T)

    def back(self, points_m: Float) -> Float:
        """(N, 3) points moved back."""
        return np.asarray(self.pivot + (points_m - self.to) @ self.turn / self.scale)

    def box(self, box: Box3D) -> Box3D:
        """A box moved along with the object."""
        return Box3D(self.points(box.center_m[None])[0], box.extents_m * self.scale, self.turn @ box.rotation)


@dataclass(frozen=True, eq=False)
class Surface:
    """An object's visible surface in its image.

    Attributes:
        points_m: (N, 3) camera frame.
        colours: (N, 3) CIELAB.
        lab: (H, W, 3) the image in CIELAB.
        depth_m: (H, W).
        mask: (H, W) where the object is.
        intrinsics: (3, 3).
    """

    points_m: Float
    colours: Float
    lab: Float32
    depth_m: Float32
    mask: Bool
    intrinsics: Float

    @classmethod
    def of(cls, image: Image.Image, depth_m: Float32, mask: Bool, intrinsics: Float) -> Surface:
        """The surface of what a mask (H, W) covers; `depth_m` (H, W), `intrinsics` (3, 3)."""
        rgb = np.asarray(image.convert("RGB")).astype(np.float32) / np.float32(255.0)
        lab = np.asarray(cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 1.0), cv2.COLOR_RGB2LAB), np.float32)
        rows, columns = np.nonzero(mask & np.isfinite(depth_m) & (depth_m > 0))
        step = max(1, len(rows) // _POINTS)
        # Every n-th pixel of a scan would be a comb of columns; a fixed shuffle spreads them.
        order = np.random.default_rng(0).permutation(len(rows))[::step]
        rows, columns = rows[order], columns[order]
        points = unproject_depth(depth_m, intrinsics)[rows, columns]
        return cls(points, lab[rows, columns].astype(np.float64), lab, depth_m, mask, intrinsics)

    def misfit(self, points_m: Float, colours: Float) -> float:
        """0..1 how badly points (N, 3) with colours (N, 3) lie on the surface as its image shows it."""
        z = np.maximum(points_m[:, 2], 1e-3)
        u, v = np.floor(project_points(points_m, self.intrinsics)).T
        height, width = self.mask.shape
        inside = (points_m[:, 2] > 0.02) & (u >= 0) & (v >= 0) & (u < width) & (v < height)
        cost = np.full(len(points_m), _HIDDEN)
        column, row, z = u[inside].astype(int), v[inside].astype(int), z[inside]
        slack = np.maximum(_LEAST_M, _DEPTH * z)
        behind = (z - self.depth_m[row, column]) / slack
        apart = np.linalg.norm(self.lab[row, column] - colours[inside], axis=1) / _COLOUR
        wrong = np.minimum(1.0, 0.5 * (np.square(behind) + np.square(apart)))
        on = self.mask[row, column]
        hidden = behind > 2.0
        cost[inside] = np.where(hidden, _HIDDEN, np.where(on, wrong, 1.0))
        return float(cost.mean())


def register(before: Surface, after: Surface, boxes: tuple[Box3D, Box3D], up: Float) -> Motion:
    """The motion that takes an object to where another image shows it.

    Turns all around are tried, about the vertical; the best few are refined together with shift and scale. What looks the same
    turned is taken as not turned.

    Args:
        before: the object in the first image.
        after: the object in the second one.
        boxes: its boxes in both, where the search starts.
        up: (3,) the world's up, camera frame.
    """
    search = _Search(before, after, boxes, upright_frame(up))
    sizes = {0.0, search.log_ratio}
    turns = [*np.linspace(0.0, 2.0 * np.pi, _TURNS, endpoint=False), *search.box_turns]
    tried = sorted((search.cost(np.array([0, 0, 0, turn, size])), turn, size) for turn in turns for size in sizes)
    starts: list[tuple[float, float]] = [(0.0, min(sizes, key=lambda s: search.cost(np.array([0, 0, 0, 0, s]))))]
    for _, turn, size in tried:
        if all(abs(_wrapped(turn - other)) > 0.3 for other, _ in starts):
            starts.append((turn, size))
        if len(starts) > _STARTS:
            break
    still, *others = (search.refined(np.array([0.0, 0.0, 0.0, turn, size])) for turn, size in starts)
    best = min(others, key=search.cost, default=still)
    chosen = best if search.cost(best) < search.cost(still) - _CLEARLY else still
    return search.motion(chosen)


class _Search:
    """The search's numbers are (5,): shift along the gravity frame's x, y, z, metres; turn, radians; logarithm of the scale."""

    def __init__(self, before: Surface, after: Surface, boxes: tuple[Box3D, Box3D], frame: Float) -> None:
        self._before, self._after, self._boxes, self._frame = before, after, boxes, frame
        ratios = np.sort(boxes[1].extents_m) / np.sort(boxes[0].extents_m)
        self.log_ratio = float(np.log(np.median(ratios)))
        self._size_m = float(np.linalg.norm(boxes[0].extents_m))

    @property
    def box_turns(self) -> list[float]:
        """The four turns, radians, that lay one box over the other."""
        turn = self._frame.T @ self._boxes[1].rotation @ self._boxes[0].rotation.T @ self._frame
        yaw = float(np.arctan2(turn[0, 2], turn[0, 0]))
        return [yaw + k * np.pi / 2.0 for k in range(4)]

    def motion(self, numbers: Float, cost: float | None = None) -> Motion:
        turn = self._frame @ rotation_y(float(numbers[3])) @ self._frame.T
        to = self._boxes[1].center_m + self._frame @ numbers[:3]
        return Motion(
            self._boxes[0].center_m,
            to,
            turn,
            float(np.exp(numbers[4])),
            self.cost(numbers) if cost is None else cost,
        )

    def cost(self, numbers: Float) -> float:
        moved = self.motion(numbers, cost=0.0)
        there = self._after.misfit(moved.points(self._before.points_m), self._before.colours)
        back = self._before.misfit(moved.back(self._after.points_m), self._after.colours)
        return 0.5 * (there + back)

    def refined(self, start: Float) -> Float:
        step = np.array([0.1 * self._size_m] * 3 + [0.12, 0.08])
        simplex = np.vstack([start, start + np.diag(step)])
        options = {"initial_simplex": simplex, "maxfev": 260, "xatol": 1e-4, "fatol": 1e-5}
        found = minimize(self.cost, start, method="Nelder-Mead", options=options)
        return np.asarray(found.x if found.fun < self.cost(start) else start)


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2.0 * np.pi) - np.pi)
