"""How an upright object is turned, where depth is noisy: a solid laid into all of its depth and its outline at once.

The footprint of noisy points is blurred, and of a thing as thin as the noise nothing is left of it. A solid has few parameters and
averages over every pixel: a cuboid or an elliptic cylinder, whichever fits better, over the object's height.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from gsi_bench_hf.geometry import project_points, unproject_depth
from gsi_bench_hf.perception.lifting.footprint import axes_at, rectangle_at
from gsi_bench_hf.perception.lifting.parts import Bool, Float, Float32

_BLOCKS = 300
"""About as many averages are taken of the depth."""
_DIRECTIONS = 24
_STARTS = 12
_FINISHED = 3
"""Of the starts, for each solid, these are followed to their end."""
_STEPS = 12
_SHAPE_M = 0.004
"""By how much a surface leaves the solid's."""
_LOOSE = 2.0
"""Standard deviations from which a residual counts less (Cauchy)."""
_RIM_PX = 1.0
"""By how much an outline may be too wide or too narrow all around; a pixel is what else it is off by."""
_OBLONG = 2.0
"""Logarithm of how much longer than wide a footprint may well be: where nothing shows how deep it is, it is about square."""
_LEAST_M = 0.006
_SCALES = (0.1, 0.01, 0.01, 0.1, 0.1, 0.01, 1.0)
_CORNERS = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
_CIRCLE = np.stack([np.cos(np.arange(12) * np.pi / 6.0), np.sin(np.arange(12) * np.pi / 6.0)], axis=1) / 2.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an image shows of an upright solid. The frame is the gravity frame (x level, y down, z level and away).

    Attributes:
        rays: (N, 3) through the object, of length 1 along the camera's z.
        depth_m: (N,) along them.
        sigma_m: (N,) by how much each may be wrong.
        normals: (D, 2) directions in the image.
        reach_px: (D,) how far the object's outline reaches in each of them, from the image's origin.
        intrinsics: (3, 3).
        frame: (3, 3) camera from gravity frame.
        top, bottom: y of the object's ends.
    """

    rays: Float
    depth_m: Float
    sigma_m: Float
    normals: Float
    reach_px: Float
    intrinsics: Float
    frame: Float
    top: float
    bottom: float

    @classmethod
    def of(
        cls,
        depth_m: Float32,
        mask: Bool,
        kept: Bool,
        intrinsics: Float,
        frame: Float,
        *,
        noise: float,
        ends: tuple[float, float],
    ) -> Evidence:
        """The evidence of an image.

        Args:
            depth_m: (H, W).
            mask: (H, W) where the object is.
            kept: (H, W) those of its pixels whose depth is the object's.
            intrinsics: (3, 3).
            frame: (3, 3) from `upright_frame`.
            noise: of the depth, from `depth_noise`.
            ends: y of the object's top and bottom.
        """
        rays, depths, counts = _averaged(depth_m, kept, intrinsics)
        sigma = np.hypot(noise * depths / np.sqrt(counts), _SHAPE_M)
        normals, reach = _outline(mask)
        top, bottom = min(ends[0], ends[1] - _LEAST_M), ends[1]
        return cls(rays @ frame, depths, sigma, normals, reach, intrinsics, frame, top, bottom)


@dataclass(frozen=True, eq=False)
class Solid:
    """An upright cuboid or elliptic cylinder.

    Attributes:
        angle_rad: of the first side, from x towards z.
        center: (2,) x and z of its middle.
        sides: (2,) metres.
        top: y of its upper end.
        is_round: an elliptic cylinder.
        rim_px: by how much the outline is drawn too wide.
    """

    angle_rad: float
    center: Float
    sides: Float
    top: float
    is_round: bool = False
    rim_px: float = 0.0

    def depths(self, rays: Float, bottom: float) -> Float:
        """(N,) where rays (N, 3) from the origin enter the solid; of one that misses it, about where it passes by."""
        axes = axes_at(self.angle_rad)
        along, middle = rays[:, [0, 2]] @ axes.T, axes @ self.center
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.sort(np.stack([self.top / rays[:, 1], bottom / rays[:, 1]]), axis=0)
            sides = _through_ellipse if self.is_round else _through_rectangle
            near, far = sides(along / (0.5 * self.sides), middle / (0.5 * self.sides))
            near, far = np.maximum(near, level[0]), np.minimum(far, level[1])
            return np.asarray(np.where(near < far, near, 0.5 * (near + far)))

    def reach_px(self, seen: Evidence) -> Float:
        """(D,) how far its image reaches in each direction."""
        rim = (_CIRCLE if self.is_round else _CORNERS) * self.sides @ axes_at(self.angle_rad) + self.center
        ends = [np.column_stack([rim[:, 0], np.full(len(rim), y), rim[:, 1]]) for y in (self.top, seen.bottom)]
        camera = np.concatenate(ends) @ seen.frame.T
        camera[:, 2] = np.maximum(camera[:, 2], 1e-3)
        return np.asarray((project_points(camera, seen.intrinsics) @ seen.normals.T).max(axis=0) + self.rim_px)


def fitted_angle(seen: Evidence, body: Float, trim: float) -> float:
    """The angle, from x towards z, of a side of the solid that fits the evidence best.

    Args:
        seen: depth and outline.
        body: (N, 2) the object's points in the level plane, to start from.
        trim: share of them that may lie outside, at each side.
    """
    starts = []
    for angle in np.arange(_STARTS) * np.pi / 2.0 / _STARTS:
        level = rectangle_at(body, float(angle), trim)
        starts.append(Solid(float(angle), level.center, np.maximum(level.sides, 0.01), seen.top))
    found: list[tuple[float, float]] = []
    for is_round in (False, True):
        solids = [replace(start, is_round=is_round) for start in starts]
        for k in np.argsort([_cost(seen, solid) for solid in solids])[:_FINISHED]:
            found.append(_refined(seen, solids[k]))
    return min(found)[1]


def _refined(seen: Evidence, start: Solid) -> tuple[float, float]:
    """Cost and angle of the solid that is reached from a start."""

    def residuals(values: Float) -> Float:
        return _residuals(seen, _solid(values, start.is_round))

    best = least_squares(
        residuals, _values(start), loss="cauchy", f_scale=_LOOSE, x_scale=_SCALES, max_nfev=_STEPS, method="trf"
    )
    return float(best.cost), float(best.x[0])


def _values(solid: Solid) -> Float:
    return np.array([solid.angle_rad, *solid.center, *np.log(solid.sides), solid.top, solid.rim_px])


def _solid(values: Float, is_round: bool) -> Solid:
    sides = np.exp(np.clip(values[3:5], -6.0, 3.0))
    return Solid(float(values[0]), values[1:3], sides, float(values[5]), is_round, float(values[6]))


def _residuals(seen: Evidence, solid: Solid) -> Float:
    """How far, in standard deviations, a solid is from the depth, the outline, and what is supposed."""
    depth = (seen.depth_m - solid.depths(seen.rays, seen.bottom)) / seen.sigma_m
    outline = seen.reach_px - solid.reach_px(seen)
    top = (solid.top - seen.top) / (0.01 + 0.1 * (seen.bottom - seen.top))
    supposed = [np.log(solid.sides[0] / solid.sides[1]) / _OBLONG, solid.rim_px / _RIM_PX, top]
    return np.concatenate([np.clip(np.nan_to_num(depth, nan=50.0), -50.0, 50.0), outline, supposed])


def _cost(seen: Evidence, solid: Solid) -> float:
    return float(np.log1p((_residuals(seen, solid) / _LOOSE) ** 2).sum())


def _averaged(depth_m: Float32, kept: Bool, intrinsics: Float) -> tuple[Float, Float, Float]:
    """Rays (N, 3), camera frame, and depths (N,) of square blocks of the kept pixels, and how many are in each."""
    v, u = np.nonzero(kept)
    side = max(1, int(np.sqrt(len(v) / _BLOCKS)))
    _, block, counts = np.unique((v // side) * kept.shape[1] + u // side, return_inverse=True, return_counts=True)
    rays = unproject_depth(np.ones_like(depth_m), intrinsics)[v, u]
    mean_rays = np.stack([np.bincount(block, rays[:, k]) / counts for k in range(3)], axis=1)
    # Over a plane the mean of inverse depths is the inverse depth in the middle.
    return mean_rays, counts / np.bincount(block, 1.0 / depth_m[v, u]), counts.astype(float)


def _outline(mask: Bool) -> tuple[Float, Float]:
    """Directions (D, 2) in the image, and how far (D,) the mask reaches in each; not those in which it leaves the image."""
    angles = np.arange(_DIRECTIONS) * 2.0 * np.pi / _DIRECTIONS
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    v, u = np.nonzero(mask)
    reach = np.column_stack([u + 0.5, v + 0.5]) @ normals.T
    height, width = mask.shape
    at_border = (u == 0) | (v == 0) | (u == width - 1) | (v == height - 1)
    inside = reach[at_border].max(axis=0, initial=-np.inf) < reach.max(axis=0) - 1.0
    return normals[inside], reach.max(axis=0)[inside] + 0.5


def _through_rectangle(rays: Float, middle: Float) -> tuple[Float, Float]:
    """Where rays (N, 2) from the origin enter and leave the square of half side 1 around a point."""
    first, second = (middle - 1.0) / rays, (middle + 1.0) / rays
    return np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)


def _through_ellipse(rays: Float, middle: Float) -> tuple[Float, Float]:
    """Where rays (N, 2) from the origin enter and leave the unit circle around a point; where one passes by, for both."""
    square, ahead = (rays**2).sum(axis=1), rays @ middle
    root = np.sqrt(np.maximum(ahead**2 - square * (middle @ middle - 1.0), 0.0))
    return (ahead - root) / square, (ahead + root) / square
