"""Bedrooms and offices: a bed with nightstands, a desk with its chair, what stands along the walls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.layouts.dressing import dress, dress_shelves, fill_row, put_at, standing_on
from gsi_bench_hf.synth.layouts.plan import (
    LOW_M,
    Plan,
    Span,
    Zone,
    before_m,
    distance_m,
    rectangle,
    surface_of,
    wall_of,
    wall_yaw_deg,
    yaw_of_deg,
)
from gsi_bench_hf.synth.layouts.themes import themed
from gsi_bench_hf.synth.scene import SceneObject

_WALK_M = 0.5


def furnish_bedroom(plan: Plan, *, rng: np.random.Generator) -> bool:
    """A bed with nightstands, a wardrobe, a desk or a dresser, perhaps a bookshelf. False where the bed does not fit."""
    bed = _place_bed(plan, rng=rng)
    if bed is None:
        return False
    lay_rug(plan, before_m(bed, -0.35), yaw_of_deg(bed), rng=rng, keep=0.8)
    if rng.random() < 0.8:
        place_desk(plan, plan.other_walls(rng=rng), rng=rng)
    stand_dresser(plan, "dresser", "dresser", rng=rng)
    plan.along_wall("wardrobe", plan.other_walls(rng=rng), rng=rng, front_m=_WALK_M)
    if rng.random() < 0.7:
        stand_bookshelf(plan, rng=rng)
    dress_bed(plan, bed, rng=rng)
    scatter(plan, int(rng.integers(1, 4)), rng=rng)
    return True


def _place_bed(plan: Plan, *, rng: np.random.Generator) -> SceneObject | None:
    """A double bed about the middle of a wall or a single one in a corner, with its nightstands."""
    double = plan.size_m[0] * plan.size_m[1] > 10.5 and rng.random() < 0.7
    kind = "double-bed" if double else "single-bed"
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset(kind, variant).size_m
    for wall in plan.other_walls(plan.door_wall, rng=rng):
        reach = (plan.length_m(wall) - size_m[0]) / 2.0
        spots = rng.uniform(-0.35, 0.35, 3) * reach if double else rng.permutation([-1.0, 1.0]) * (reach - 0.03)
        for u_m in spots:
            bed = plan.at_wall(kind, variant, wall, float(u_m))
            if bed is not None:
                _place_nightstands(plan, bed, wall, float(u_m), rng=rng)
                _keep_sides_free(plan, bed)
                return bed
    return None


def _place_nightstands(plan: Plan, bed: SceneObject, wall: str, u_m: float, *, rng: np.random.Generator) -> None:
    variant = plan.variant(rng=rng)
    width_m = float(assets.build_asset("nightstand", variant).size_m[0])
    lamp = plan.variant(rng=rng)
    for side in (-1.0, 1.0):
        at_m = u_m + side * (float(bed.size_m[0]) / 2.0 + width_m / 2.0 + float(rng.uniform(0.04, 0.1)))
        stand = plan.at_wall("nightstand", variant, wall, at_m, gap_m=0.02)
        top = None if stand is None else surface_of(stand)
        if top is None:
            continue
        if rng.random() < 0.75:
            half = top.support.half_extents_m
            local = np.array([side * float(rng.uniform(0.0, 0.4)) * half[0], 0.35 * half[1]])
            name = "table-lamp" if "lamp" in plan.banned else "lamp"
            put_at(plan, top, name, lamp, local, standing_on(plan, top), float(rng.normal(0.0, 8.0)))
        dress(plan, top, themed("nightstand", plan.banned, rng=rng), int(rng.integers(2, 4)), rng=rng)


def _keep_sides_free(plan: Plan, bed: SceneObject) -> None:
    """Room to walk at the foot and along the sides."""
    width, depth = float(bed.size_m[0]), float(bed.size_m[1])
    foot = rectangle(before_m(bed, _WALK_M / 2.0), np.array([width, _WALK_M]), yaw_of_deg(bed))
    plan.zones.append(Zone(foot))
    for side in (-1.0, 1.0):
        at_m = before_m(bed, -(depth - 0.5) / 2.0, side * (width + 0.4) / 2.0)
        plan.zones.append(Zone(rectangle(at_m, np.array([0.4, depth - 0.6]), yaw_of_deg(bed))))


def dress_bed(plan: Plan, bed: SceneObject, *, rng: np.random.Generator) -> None:
    """A few things on the blanket."""
    top = surface_of(bed, "bed") or surface_of(bed)
    if top is not None:
        dress(plan, top, themed("bed", plan.banned, rng=rng), int(rng.integers(2, 5)), rng=rng, tallest_m=0.4)


def lay_rug(plan: Plan, at_m: np.ndarray, yaw_deg: float, *, rng: np.random.Generator, keep: float = 0.9) -> None:
    """A rug, in a share of `keep`, where it does not run under a wall."""
    if rng.random() > keep:
        return
    for _ in range(4):
        variant = plan.variant(rng=rng)
        size_m = assets.build_asset("rug", variant).size_m
        corners = rectangle(at_m, size_m[:2], yaw_deg)
        low = (o for o in plan.objects if o.size_m[2] < LOW_M and o.instance_id in plan.standing)
        clear = all(distance_m(corners, plan.standing[o.instance_id]) > 0.01 for o in low)
        if clear and (np.abs(corners) < plan.size_m[:2] / 2.0 - 0.05).all():
            plan.add("rug", variant, [*at_m, 0.0], yaw_deg)
            plan.rugs.append(corners)
            return


def place_desk(plan: Plan, walls: Sequence[str], *, rng: np.random.Generator) -> SceneObject | None:
    """A desk at a wall with a chair that faces it, and what one works with."""
    desk = plan.along_wall("desk", walls, rng=rng, front_m=0.75)
    if desk is None:
        return None
    plan.zones.pop()  # the chair stands in the room that was left for it
    _place_chair(plan, desk, rng=rng)
    plan.zones.append(
        Zone(rectangle(before_m(desk, 0.5), np.array([float(desk.size_m[0]) * 0.8, 1.0]), yaw_of_deg(desk)))
    )
    dress_desk(plan, desk, rng=rng)
    return desk


def _place_chair(plan: Plan, desk: SceneObject, *, rng: np.random.Generator) -> None:
    """A chair that faces the desk, pulled out and turned a little."""
    kind = "office-chair" if rng.random() < 0.6 else "dining-chair"
    variant = plan.variant(rng=rng)
    depth = float(assets.build_asset(kind, variant).size_m[1])
    for _ in range(8):
        aside = float(rng.uniform(-0.15, 0.15)) * float(desk.size_m[0])
        at_m = before_m(desk, depth / 2.0 + float(rng.uniform(0.04, 0.2)), aside)
        turned = yaw_of_deg(desk) + 180.0 + float(np.clip(rng.normal(0.0, 14.0), -30.0, 30.0))
        if plan.on_floor(kind, variant, at_m, turned, gap_m=0.015) is not None:
            return


def dress_desk(plan: Plan, desk: SceneObject, *, rng: np.random.Generator) -> None:
    """A laptop, or a monitor with its keyboard, and five to seven smaller things."""
    top = surface_of(desk)
    if top is None:
        return
    half = top.support.half_extents_m
    middle = float(rng.uniform(-0.3, 0.3)) * float(half[0])
    if rng.random() < 0.5:
        variant = plan.variant(rng=rng)
        back = float(half[1]) - float(assets.build_asset("monitor", variant).size_m[1]) / 2.0 - 0.04
        put_at(plan, top, "monitor", variant, np.array([middle, back]), [], float(rng.normal(0.0, 4.0)))
        front = np.array([middle + float(rng.uniform(-0.03, 0.03)), -float(half[1]) * 0.35])
        put_at(plan, top, "keyboard", plan.variant(rng=rng), front, standing_on(plan, top), float(rng.normal(0.0, 3.0)))
    else:
        spot = np.array([middle, -float(half[1]) * float(rng.uniform(0.0, 0.25))])
        put_at(plan, top, "laptop", plan.variant(rng=rng), spot, [], float(rng.normal(0.0, 9.0)))
    kinds = themed("desk", plan.banned, rng=rng)
    kinds = [kinds[0], *kinds] if rng.random() < 0.4 else kinds
    dress(plan, top, kinds, int(rng.integers(6, 9)), rng=rng)
    if rng.random() < 0.45:
        hang_shelf(plan, desk, rng=rng)


def hang_shelf(plan: Plan, item: SceneObject, *, rng: np.random.Generator) -> None:
    """A board on the wall above a piece of furniture, with things on it."""
    wall = wall_of(item)
    u_m = float((item.rotation.T @ item.position_m)[0]) + float(rng.uniform(-0.2, 0.2))
    shelf = plan.hang("wall-shelf", plan.variant(rng=rng), wall, u_m, float(rng.uniform(1.3, 1.45)))
    top = None if shelf is None else surface_of(shelf)
    if shelf is not None and top is not None:
        half = float(shelf.size_m[0]) / 2.0
        plan.spans[wall].append(Span(u_m - half, u_m + half, 1.3, 1.85))  # nothing hangs behind what stands on it
        fill_row(plan, top, ["book-row", *themed("shelf", plan.banned, rng=rng)[:5]], 0.8, rng=rng)


def stand_dresser(plan: Plan, kind: str, theme: str, *, rng: np.random.Generator) -> SceneObject | None:
    """A chest at a wall with three to five things on it."""
    item = plan.along_wall(kind, plan.other_walls(rng=rng), rng=rng, front_m=_WALK_M)
    top = None if item is None else surface_of(item)
    if top is not None:
        kinds = themed(theme, plan.banned, rng=rng)
        kinds = [kinds[0], *kinds] if rng.random() < 0.35 else kinds
        dress(plan, top, kinds, int(rng.integers(6, 9)), rng=rng)
    if item is not None and item.kind == "dresser" and rng.random() < 0.5:
        u_m = float((item.rotation.T @ item.position_m)[0])
        plan.hang("wall-mirror", plan.variant(rng=rng), wall_of(item), u_m, float(item.size_m[2]) + 0.3)
    return item


def stand_bookshelf(
    plan: Plan, *, rng: np.random.Generator, kind: str | None = None, theme: str = "shelf"
) -> SceneObject | None:
    """A shelf at a wall, filled."""
    name = kind or ("bookshelf" if rng.random() < 0.6 else "open-shelf")
    item = plan.along_wall(name, plan.other_walls(rng=rng), rng=rng, front_m=_WALK_M)
    if item is not None:
        books = 0.5 if theme == "shelf" else 0.1
        dress_shelves(plan, item, themed(theme, plan.banned, rng=rng), rng=rng, books=books)
    return item


def scatter(plan: Plan, count: int, *, rng: np.random.Generator) -> None:
    """Up to `count` things on the floor near the walls; shoes come in pairs."""
    for kind in themed("floor", plan.banned, rng=rng)[:count]:
        variant = plan.variant(rng=rng)
        size_m = assets.build_asset(kind, variant).size_m
        for _ in range(12):
            wall = plan.other_walls(rng=rng)[int(rng.integers(4))]
            half = plan.length_m(wall) / 2.0 - 0.35
            at_m = plan.spot_m(wall, float(rng.uniform(-half, half)), float(rng.uniform(0.1, 0.5)) + size_m[1] / 2.0)
            yaw_deg = wall_yaw_deg(wall) + float(rng.normal(0.0, 25.0))
            item = plan.on_floor(kind, variant, at_m, yaw_deg, gap_m=0.06)
            if item is not None and kind == "shoe":
                beside = at_m + (float(size_m[0]) + 0.035) * item.rotation[:2, 0]
                plan.on_floor(kind, variant, beside, yaw_deg + float(rng.normal(0.0, 6.0)), gap_m=0.01)
            if item is not None:
                break


def furnish_office(plan: Plan, *, rng: np.random.Generator) -> bool:
    """One or two desks, shelves, a sideboard. False where no desk fits."""
    desk = place_desk(plan, plan.other_walls(rng=rng), rng=rng)
    if desk is None:
        return False
    if rng.random() < 0.45:
        place_desk(plan, plan.other_walls(rng=rng), rng=rng)
    stand_bookshelf(plan, rng=rng)
    stand_dresser(plan, "sideboard", "dresser", rng=rng)
    if rng.random() < 0.6:
        stand_bookshelf(plan, rng=rng, kind="open-shelf")
    if rng.random() < 0.5:
        plan.along_wall("armchair", plan.other_walls(rng=rng), rng=rng, gap_m=0.08, front_m=_WALK_M)
    lay_rug(plan, rng.uniform(-0.2, 0.2, 2), float(rng.choice([0.0, 90.0])), rng=rng, keep=0.6)
    scatter(plan, int(rng.integers(1, 3)), rng=rng)
    return True
