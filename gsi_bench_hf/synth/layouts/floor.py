"""Where a person can stand: the squares of the floor that are clear of furniture and can be reached from the door."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from gsi_bench_hf.synth.layouts.plan import Plan
from gsi_bench_hf.synth.scene import Float

CELL_M = 0.1
BODY_M = 0.22
"""How near to a wall or to furniture the middle of a person may come."""


def free_floor(plan: Plan) -> Float:
    """(N, 2) world: the middles of squares of `CELL_M` where someone who came in by the door can stand.

    Where the door's own spot is taken, the largest connected part counts.
    """
    half = plan.size_m[:2] / 2.0
    x, y = (np.arange(-h + CELL_M / 2.0, h, CELL_M) for h in half)
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    free = (np.abs(points) < half - BODY_M).all(axis=1)
    for item_id, corners in plan.standing.items():
        if not item_id.startswith("bath-mat"):
            free &= outside_m(points, corners) > BODY_M
    grid, count = ndimage.label(free.reshape(len(x), len(y)), structure=np.ones((3, 3)))
    if count == 0:
        return np.zeros((0, 2))
    sizes = np.bincount(grid.ravel(), minlength=count + 1)[1:]
    part = 1 + int(np.argmax(sizes))
    door = next((f for f in plan.fixtures if f.kind == "door"), None)
    if door is not None:
        # The square nearest to where one stands after coming in.
        inside = door.position_m[:2] - 0.5 * door.rotation[:2, 1]
        numbers = grid.ravel()
        near = np.where(numbers > 0, np.linalg.norm(points - inside, axis=1), np.inf)
        if near.min() < 0.5:
            part = int(numbers[int(np.argmin(near))])
    return np.asarray(points[grid.ravel() == part])


def outside_m(points: Float, corners: Float) -> Float:
    """(N,) how far (N, 2) points lie outside a rectangle (4, 2); 0 inside it."""
    middle = corners.mean(axis=0)
    axes = np.stack([corners[1] - corners[0], corners[3] - corners[0]])
    size = np.linalg.norm(axes, axis=1)
    local = np.abs((points - middle) @ (axes / size[:, None]).T) - size / 2.0
    return np.asarray(np.linalg.norm(np.maximum(local, 0.0), axis=1))
