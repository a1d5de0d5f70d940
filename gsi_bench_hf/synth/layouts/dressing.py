"""Small things on furniture: groups that belong together on tops, tidy rows on shelves, place settings, what lies on beds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.layouts.plan import Plan, distance_m, rectangle, yaw_of_deg
from gsi_bench_hf.synth.physics import stands_alone
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.scene import Float, SceneObject
from gsi_bench_hf.synth.surfaces import Surface, surfaces_on

_EDGE_M = 0.025
_NARROW_M, _NARROW_EDGE_M = 0.08, 0.004
_GAP_M = 0.03
_HEADROOM_M = 0.02
_TRIES = 24
_TURNED = ("book", "box", "picture-frame", "phone", "calculator", "game-controller", "stapler", "toy-car")
"""What is put down at an angle rather than square."""


def dress(
    plan: Plan, surface: Surface, kinds: Sequence[str], count: int, *, rng: np.random.Generator, tallest_m: float = 9.0
) -> list[SceneObject]:
    """Put up to `count` things on a surface: taller ones behind, in reach of each other, clear of what stands there.

    Args:
        plan: added to.
        surface: level, in the world.
        kinds: tried in this order.
        count: how many at most.
        rng: draws variants and places.
        tallest_m: nothing higher.
    """
    placed: list[SceneObject] = []
    for kind in kinds:
        if len(placed) >= count:
            break
        item = _stand(plan, surface, kind, placed, tallest_m, rng=rng)
        if item is not None:
            placed.append(item)
    return placed


def _stand(
    plan: Plan, surface: Surface, kind: str, group: Sequence[SceneObject], tallest_m: float, *, rng: np.random.Generator
) -> SceneObject | None:
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset(kind, variant).size_m
    if size_m[2] > min(tallest_m, surface.support.clearance_m - _HEADROOM_M) or not stands_alone(kind, variant):
        return None
    there = standing_on(plan, surface)
    for _ in range(_TRIES):
        local = _somewhere(surface, size_m, group, rng=rng)
        if put_at(plan, surface, kind, variant, local, there, _turn_deg(kind, rng=rng)) is not None:
            return plan.objects[-1] if assets.KINDS[kind].movable else plan.fixtures[-1]
    return None


def put_at(
    plan: Plan,
    surface: Surface,
    kind: str,
    variant: int,
    local_m: Float,
    there: Sequence[Float],
    turn_deg: float = 0.0,
    gap_m: float = _GAP_M,
) -> SceneObject | None:
    """Put a thing on a surface at (2,) `local_m` along its axes, turned from the owner's front; None where it does not fit.

    Args:
        plan: added to.
        surface: level, in the world.
        kind: what.
        variant: which of it.
        local_m: (2,) from the surface's middle.
        there: footprints (4, 2), world, of what stands on the surface.
        turn_deg: counter-clockwise from above.
        gap_m: least distance to those.
    """
    size_m = assets.build_asset(kind, variant).size_m
    at_m = surface.center_m[:2] + local_m @ surface.axes
    yaw_deg = float(np.rad2deg(np.arctan2(surface.axes[0, 1], surface.axes[0, 0]))) + turn_deg
    corners = rectangle(at_m, size_m[:2], yaw_deg)
    if size_m[2] > surface.support.clearance_m - 0.005 or not surface.holds(corners, edge_m(surface)):
        return None
    if any(distance_m(corners, other) < gap_m for other in there):
        return None
    low_m = float(surface.center_m[2])
    if plan.in_the_way(corners, low_m + 0.001, low_m + float(size_m[2]), but=surface.owner_id):
        return None
    return plan.add(kind, variant, [*at_m, surface.center_m[2]], yaw_deg)


def edge_m(surface: Surface) -> float:
    """How far from a surface's edge things stay; on rims and sills, which are narrow, only just."""
    return _EDGE_M if surface.support.half_extents_m.min() > _NARROW_M else _NARROW_EDGE_M


def standing_on(plan: Plan, surface: Surface) -> list[Float]:
    """Footprints (4, 2), world, of what stands on a surface."""
    return [
        footprint_m(o)
        for o in (*plan.objects, *plan.fixtures)
        if abs(o.position_m[2] - surface.center_m[2]) < 0.004
        and o.instance_id != surface.owner_id
        and surface.holds(o.position_m[None], 0.0)
    ]


def _somewhere(surface: Surface, size_m: Float, group: Sequence[SceneObject], *, rng: np.random.Generator) -> Float:
    """(2,) along the surface's axes: near one of the group or anywhere, what is tall rather at the back."""
    half = np.maximum(surface.support.half_extents_m - size_m[:2] / 2.0 - edge_m(surface), 0.0)
    local = rng.uniform(-1.0, 1.0, 2) * half
    if group and rng.random() < 0.65:
        anchor = group[int(rng.integers(len(group)))]
        middle = surface.axes @ (anchor.position_m[:2] - surface.center_m[:2])
        reach_m = (float(np.linalg.norm(size_m[:2])) + float(np.linalg.norm(anchor.size_m[:2]))) / 2.0
        angle = rng.uniform(0.0, 2.0 * np.pi)
        local = middle + (reach_m + rng.uniform(0.0, 0.14)) * np.array([np.cos(angle), np.sin(angle)])
    elif size_m[2] > 0.17 and rng.random() < 0.8:
        local[1] = half[1] * rng.uniform(0.2, 1.0)
    return np.asarray(np.clip(local, -half, half))


def _turn_deg(kind: str, *, rng: np.random.Generator) -> float:
    if not assets.KINDS[kind].has_front:
        return float(rng.uniform(-180.0, 180.0))
    return float(rng.normal(0.0, 22.0 if kind in _TURNED else 10.0))


def dress_shelves(
    plan: Plan,
    item: SceneObject,
    kinds: Sequence[str],
    *,
    rng: np.random.Generator,
    books: float = 0.5,
    filled: float = 0.75,
) -> None:
    """Fill the boards of a shelf from left to right, each with things and, in a share of `books`, a row of books.

    Args:
        plan: added to.
        item: with surfaces one above another.
        kinds: drawn from anew for every board.
        rng: draws.
        books: the share of boards that carry a row of books.
        filled: how much of a board's width is meant to be taken.
    """
    pool = list(kinds)
    for surface in surfaces_on(item):
        if surface.support.name == "top" and surface.center_m[2] > 1.5:
            continue
        if rng.random() < 0.1:
            continue
        row = ["book-row"] if rng.random() < books else []
        pool = pool[3:] + pool[:3]
        row += [pool[int(k)] for k in rng.permutation(min(len(pool), 6))]
        fill_row(plan, surface, row, filled, rng=rng)


def fill_row(plan: Plan, surface: Surface, kinds: Sequence[str], filled: float, *, rng: np.random.Generator) -> None:
    """Things side by side on a board, `filled` of its width taken."""
    chosen: list[tuple[str, int, float]] = []
    room_m = 2.0 * (float(surface.support.half_extents_m[0]) - _EDGE_M - 0.01)
    taken_m = 0.0
    for kind in kinds:
        variant = plan.variant(rng=rng)
        size_m = assets.build_asset(kind, variant).size_m
        deep = size_m[1] < 2.0 * surface.support.half_extents_m[1] - 2.0 * edge_m(surface)
        low = size_m[2] < surface.support.clearance_m - _HEADROOM_M
        if (
            deep
            and low
            and taken_m + size_m[0] + 0.05 < room_m * filled
            and (kind == "book-row" or stands_alone(kind, variant))
        ):
            chosen.append((kind, variant, float(size_m[0])))
            taken_m += float(size_m[0]) + 0.045
    if not chosen:
        return
    order = [chosen[i] for i in rng.permutation(len(chosen))]
    gaps = rng.dirichlet(np.full(len(order) + 1, 1.5)) * max(room_m - taken_m, 0.0)
    x = -room_m / 2.0
    there = standing_on(plan, surface)
    for (kind, variant, width_m), gap in zip(order, gaps, strict=False):
        x += gap
        put_at(
            plan,
            surface,
            kind,
            variant,
            np.array([x + width_m / 2.0, _shelf_y(kind, variant, surface, rng=rng)]),
            there,
        )
        x += width_m + 0.045


def _shelf_y(kind: str, variant: int, surface: Surface, *, rng: np.random.Generator) -> float:
    """Where on a board's depth: towards its front edge, where it is seen."""
    reach = (
        float(surface.support.half_extents_m[1])
        - edge_m(surface)
        - float(assets.build_asset(kind, variant).size_m[1]) / 2.0
    )
    return -max(reach, 0.0) * float(rng.uniform(0.2, 0.9))


def set_places(
    plan: Plan, table: SceneObject, chairs: Sequence[SceneObject], kinds: Sequence[str], *, rng: np.random.Generator
) -> None:
    """Lay a dining table: before each chair a plate or bowl and something to drink from, other things in the middle."""
    surface = surfaces_on(table)[0]
    dish = "plate" if rng.random() < 0.65 else "bowl"
    cup = next((k for k in ("glass", "mug") if k in kinds), "mug")
    variants = plan.variant(rng=rng), plan.variant(rng=rng)
    for chair in chairs:
        if rng.random() < 0.2:
            continue
        inward = surface.center_m[:2] - chair.position_m[:2]
        inward = inward / np.linalg.norm(inward)
        edge = _edge_distance(surface, -inward)
        at = surface.axes @ (-inward * (edge - 0.16))
        right = surface.axes @ np.array([inward[1], -inward[0]])
        turned = yaw_of_deg(chair) + 180.0 - yaw_of_deg(table)
        put_at(plan, surface, dish, variants[0], at, standing_on(plan, surface), turned, 0.015)
        beside = at + 0.17 * right * float(rng.choice([-1.0, 1.0])) + rng.uniform(0.02, 0.08) * (surface.axes @ inward)
        put_at(
            plan,
            surface,
            cup,
            variants[1],
            beside,
            standing_on(plan, surface),
            turned + float(rng.normal(0, 25.0)),
            0.02,
        )
    dress(plan, surface, [k for k in kinds if k != cup], int(rng.integers(4, 7)), rng=rng)


def _edge_distance(surface: Surface, way: Float) -> float:
    """From a surface's middle to its edge along (2,) unit `way`, world."""
    half = surface.support.half_extents_m
    if surface.support.shape == "disc":
        return float(half[0])
    local = np.abs(surface.axes @ way)
    return float(np.min(half / np.maximum(local, 1e-6)))
