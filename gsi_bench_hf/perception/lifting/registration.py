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
from gsi_bench_hf.perception.lifting.neighbourhood import is_measured
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32
from gsi_bench_hf.types import Box3D

_POINTS = 600
_COLOUR = 14.0
"""Difference of colour (CIELAB) at which a point counts as wrong."""
_LIGHTNESS = np.array([0.5, 1.0, 1.0])
"""What a difference of lightness counts for: a thing that is moved or turned stands in another light."""
_MOST_LIGHT = np.array([25.0, 8.0, 8.0])
"""How much another light may change all of an object's colours."""
_DEPTH = 0.012
_LEAST_M = 0.008
"""Difference of depth at which a point counts as wrong: this part of the depth, or so many metres."""
_COARSE = 0.12
"""Of the object's size: what depth may be off at first."""
_GRAZING = 0.15
"""Cosine between a surface's normal and the line of sight under which it is not looked at."""
_HIDDEN = 0.3
"""What a point costs that faces the camera and lies behind what is seen, or out of the image: it may be hidden, or wrong."""
_AVERTED = 0.06
"""What a point costs that faces away from the camera: about as much as a right one that is seen."""
_AWAY = 0.1
"""Cost of a shift by the object's own size away from where its box is, and of a scale by e that its box doesn't have."""
_TURNS = 24
_ALIKE_RAD = 0.3
_STARTS = 6
_FINISHED = 3


@dataclass(frozen=True, eq=False)
class Motion:
    """p -> `to` + `scale` · `turn` (p - `pivot`), camera frame, metres.

    Attributes:
        pivot, to: (3,).
        turn: (3, 3).
        scale: uniform.
        cost: from 0 to 1 and more, how badly the object, so moved, fits the other image.
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
class Points:
    """Points of a surface.

    Attributes:
        at: (N, 3) metres, camera frame.
        normals: (N, 3) unit, towards the camera that saw them.
        colours: (N, 3) CIELAB.
    """

    at: Float
    normals: Float
    colours: Float


@dataclass(frozen=True, eq=False)
class Surface:
    """An object's visible surface in its image.

    Attributes:
        points: some of it.
        lab: (H, W, 3) the image in CIELAB.
        depth_m: (H, W).
        mask: (H, W) where the object is, a little grown: a point at its rim may come to lie beside it.
        intrinsics: (3, 3).
    """

    points: Points
    lab: Float32
    depth_m: Float32
    mask: Bool
    intrinsics: Float

    @classmethod
    def of(cls, image: Image.Image, depth_m: Float32, mask: Bool, intrinsics: Float) -> Surface:
        """The surface of what a mask (H, W) covers; `depth_m` (H, W), `intrinsics` (3, 3)."""
        rgb = np.asarray(image.convert("RGB")).astype(np.float32) / np.float32(255.0)
        lab = np.asarray(cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 1.0), cv2.COLOR_RGB2LAB), np.float32)
        measured = mask & is_measured(depth_m)
        space = unproject_depth(depth_m, intrinsics)
        normals = _normals(space, measured)
        rows, columns = np.nonzero(measured)
        # Every n-th pixel of a scan would be a comb of columns; a fixed shuffle spreads them.
        order = np.random.default_rng(0).permutation(len(rows))[:_POINTS]
        rows, columns = rows[order], columns[order]
        points = Points(space[rows, columns], normals[rows, columns], lab[rows, columns].astype(np.float64))
        grown = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        return cls(points, lab, depth_m, grown, intrinsics)

    def misfit(self, points: Points, slack_m: float, light: Float) -> float:
        """How badly points lie on the surface as its image shows it: 0 not at all, 1 and more utterly.

        Args:
            points: in this image's camera frame.
            slack_m: how far off in depth a point may be before it is wrong; at least what depth is good for.
            light: (3,) how much more of each of CIELAB's three everything has in this image.
        """
        at = points.at
        u, v = np.floor(project_points(at, self.intrinsics)).T
        height, width = self.mask.shape
        inside = (at[:, 2] > 0.02) & (u >= 0) & (v >= 0) & (u < width) & (v < height)
        column, row, at = u[inside].astype(int), v[inside].astype(int), at[inside]
        slack = np.maximum(slack_m, _DEPTH * at[:, 2])
        behind = (at[:, 2] - self.depth_m[row, column]) / slack
        apart = np.linalg.norm((self.lab[row, column] - points.colours[inside] - light) * _LIGHTNESS, axis=1) / _COLOUR
        wrong = np.minimum(1.0, 0.5 * (np.square(behind) + np.square(apart)))
        facing = -(points.normals[inside] * at).sum(axis=1) > _GRAZING * np.linalg.norm(at, axis=1)
        # A side that is turned away is not seen, but must lie behind what is.
        turned = np.where(behind < -2.0, 1.0, _AVERTED)
        on = np.where(behind > 2.0, _HIDDEN, np.where(facing, wrong, turned))
        beside = np.where(behind > 2.0, _HIDDEN, 1.0)
        cost = np.full(len(points.at), _HIDDEN)
        cost[inside] = np.where(self.mask[row, column], np.where(facing | (behind < -2.0), on, turned), beside)
        return float(cost.mean())


def _normals(space_m: Float, mask: Bool) -> Float:
    """(H, W, 3) unit normals towards the camera, of points (H, W, 3) smoothed within a mask."""
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.2)[..., None]
    total = cv2.GaussianBlur(np.where(mask[..., None], space_m, 0.0).astype(np.float32), (0, 0), 1.2)
    smooth = np.where(mask[..., None], total / np.maximum(weight, 1e-6), np.nan)
    filled = np.where(np.isfinite(smooth), smooth, space_m)
    normals = np.cross(np.gradient(filled, axis=0), np.gradient(filled, axis=1))
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-12)
    return np.asarray(-normals * np.sign((normals * space_m).sum(axis=2, keepdims=True)), dtype=np.float64)


def register(before: Surface, after: Surface, boxes: tuple[Box3D, Box3D], up: Float, *, clearly: float) -> Motion:
    """The motion that takes an object to where another image shows it.

    Turns all around are tried, about the vertical; the best few are refined together with shift and scale, coarse to fine. What
    looks the same turned is taken as not turned.

    Args:
        before: the object in the first image.
        after: the object in the second one.
        boxes: its boxes in both, where the search starts.
        up: (3,) the world's up, camera frame.
        clearly: by how much a turn must lower the cost against none.
    """
    search = _Search(before, after, boxes, upright_frame(up))
    coarse = _COARSE * search.size_m
    still = search.refined(search.refined(search.start(0.0, coarse), coarse), _LEAST_M)
    starts = sorted(
        (search.start(turn, coarse) for turn in search.turns), key=lambda numbers: search.cost(numbers, coarse)
    )
    apart: list[Float] = []
    for start in starts:
        if all(abs(_wrapped(start[3] - other[3])) > _ALIKE_RAD for other in apart) and len(apart) < _STARTS:
            apart.append(start)
    rough = sorted((search.refined(start, coarse) for start in apart), key=lambda n: search.cost(n, coarse))
    fine = [search.refined(numbers, _LEAST_M) for numbers in rough[:_FINISHED]]
    best = min(fine, key=search.cost)
    return search.motion(best if search.cost(best) < search.cost(still) - clearly else still)


class _Search:
    """The search's numbers are (5,): shift along the gravity frame's x, y, z, metres; turn, radians; logarithm of the scale."""

    def __init__(self, before: Surface, after: Surface, boxes: tuple[Box3D, Box3D], frame: Float) -> None:
        self._before, self._after, self._boxes, self._frame = before, after, boxes, frame
        ratios = np.sort(boxes[1].extents_m) / np.sort(boxes[0].extents_m)
        self._log_ratio = float(np.log(np.median(ratios)))
        self._middles = [np.median(surface.points.at, axis=0) for surface in (before, after)]
        self.size_m = float(np.linalg.norm(boxes[0].extents_m))
        apart = np.median(after.points.colours, axis=0) - np.median(before.points.colours, axis=0)
        self._light = np.clip(apart, -_MOST_LIGHT, _MOST_LIGHT)

    @property
    def turns(self) -> list[float]:
        """Turns to try, radians: all around, and the four that lay one box over the other."""
        turn = self._frame.T @ self._boxes[1].rotation @ self._boxes[0].rotation.T @ self._frame
        yaw = float(np.arctan2(turn[0, 2], turn[0, 0]))
        return [*np.linspace(0.0, 2.0 * np.pi, _TURNS, endpoint=False), *(yaw + k * np.pi / 2.0 for k in range(4))]

    def start(self, turn: float, slack_m: float) -> Float:
        """The numbers of a turn that fit best: box on box or middle on middle, as large as before or as the boxes say."""
        starts = []
        for size in (0.0, self._log_ratio):
            on_box = np.array([0.0, 0.0, 0.0, turn, size])
            apart = self._middles[1] - self.motion(on_box, cost=0.0).points(self._middles[0][None])[0]
            starts += [on_box, np.concatenate([self._frame.T @ apart, on_box[3:]])]
        return min(starts, key=lambda numbers: self.cost(numbers, slack_m))

    def motion(self, numbers: Float, cost: float | None = None) -> Motion:
        """The motion of the numbers."""
        turn = self._frame @ rotation_y(float(numbers[3])) @ self._frame.T
        to = self._boxes[1].center_m + self._frame @ numbers[:3]
        cost = self.cost(numbers) if cost is None else cost
        return Motion(self._boxes[0].center_m, to, turn, float(np.exp(numbers[4])), cost)

    def cost(self, numbers: Float, slack_m: float = _LEAST_M) -> float:
        """How badly each surface, moved by the numbers, lies on the other."""
        moved = self.motion(numbers, cost=0.0)
        first, second = self._before.points, self._after.points
        there = Points(moved.points(first.at), first.normals @ moved.turn.T, first.colours)
        back = Points(moved.back(second.at), second.normals @ moved.turn, second.colours)
        misfit = 0.5 * (
            self._after.misfit(there, slack_m, self._light) + self._before.misfit(back, slack_m, -self._light)
        )
        size = float(numbers[4])
        away = np.square(np.linalg.norm(numbers[:3]) / self.size_m) + min(abs(size), abs(size - self._log_ratio))
        return misfit + _AWAY * float(away)

    def refined(self, start: Float, slack_m: float) -> Float:
        """The numbers near `start` with the least cost (Nelder and Mead, 1965)."""
        wide = slack_m / _LEAST_M > 1.0
        step = np.array([0.08 * self.size_m] * 3 + [0.12, 0.08]) * (1.0 if wide else 0.4)
        simplex = np.vstack([start, start + np.diag(step)])
        options = {"initial_simplex": simplex, "maxfev": 70 if wide else 200, "xatol": 1e-4, "fatol": 1e-5}
        found = minimize(self.cost, start, args=(slack_m,), method="Nelder-Mead", options=options)
        return np.asarray(found.x if found.fun < self.cost(start, slack_m) else start)


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2.0 * np.pi) - np.pi)
