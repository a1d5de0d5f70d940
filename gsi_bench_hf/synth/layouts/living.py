"""Living rooms and kitchens: a sofa towards the television, a counter along a wall, a laid table."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.layouts.dressing import dress, put_at, set_places, standing_on
from gsi_bench_hf.synth.layouts.plan import (
    Plan,
    Zone,
    before_m,
    opposite,
    rectangle,
    surface_of,
    wall_yaw_deg,
    yaw_of_deg,
)
from gsi_bench_hf.synth.layouts.sleeping import lay_rug, scatter, stand_bookshelf, stand_dresser
from gsi_bench_hf.synth.layouts.themes import themed
from gsi_bench_hf.synth.scene import SceneObject
from gsi_bench_hf.synth.surfaces import surfaces_on

_WALK_M = 0.55


def furnish_living_room(plan: Plan, *, rng: np.random.Generator) -> bool:
    """A television on its stand, the sofa opposite, a coffee table between, an armchair, shelves. False where they do not fit."""
    stand, wall, u_m = _place_television(plan, rng=rng)
    if stand is None:
        return False
    sofa = _place_sofa(plan, stand, wall, u_m, rng=rng)
    if sofa is None:
        return False
    table = _place_coffee_table(plan, sofa, rng=rng)
    middle = before_m(sofa, 0.5) if table is None else table.position_m[:2]
    lay_rug(plan, middle, yaw_of_deg(sofa), rng=rng, keep=0.85)
    _place_armchair(plan, sofa, table, rng=rng)
    stand_bookshelf(plan, rng=rng)
    if rng.random() < 0.6:
        stand_dresser(plan, "sideboard", "dresser", rng=rng)
    _place_side_table(plan, sofa, rng=rng)
    if rng.random() < 0.5:
        plan.along_wall("floor-lamp", plan.other_walls(rng=rng), rng=rng, gap_m=0.06)
    scatter(plan, int(rng.integers(1, 3)), rng=rng)
    return True


def _place_television(plan: Plan, *, rng: np.random.Generator) -> tuple[SceneObject | None, str, float]:
    """The stand about the middle of a wall, the set on it, small things beside the set."""
    variant = plan.variant(rng=rng)
    for wall in plan.other_walls(rng=rng):
        if plan.window is not None and abs(wall_yaw_deg(wall) - yaw_of_deg(plan.window)) < 1.0:
            continue  # nobody puts the set before the window
        reach = (plan.length_m(wall) - float(assets.build_asset("tv-stand", variant).size_m[0])) / 2.0
        for u_m in rng.uniform(-0.4, 0.4, 4) * reach:
            stand = plan.at_wall("tv-stand", variant, wall, float(u_m))
            if stand is None:
                continue
            top = surface_of(stand)
            if top is not None:
                back = np.array([0.0, 0.1 * float(top.support.half_extents_m[1])])
                put_at(plan, top, "tv", plan.variant(rng=rng), back, [], float(rng.normal(0.0, 2.0)))
                dress(
                    plan,
                    top,
                    themed("television", plan.banned, rng=rng),
                    int(rng.integers(2, 5)),
                    rng=rng,
                    tallest_m=0.35,
                )
            return stand, wall, float(u_m)
    return None, "", 0.0


def _place_sofa(
    plan: Plan, stand: SceneObject, wall: str, u_m: float, *, rng: np.random.Generator
) -> SceneObject | None:
    """The sofa that faces the set, at the far wall or free in the room, with cushions."""
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset("sofa", variant).size_m
    far_m = plan.length_m("east" if wall in ("north", "south") else "north")
    away = float(stand.size_m[1]) + rng.uniform(1.9, 2.4)
    for off_m in (min(away + size_m[1] / 2.0, far_m - size_m[1] / 2.0 - 0.03), far_m - size_m[1] / 2.0 - 0.03):
        for aside in (0.0, *rng.uniform(-0.4, 0.4, 3)):
            at_m = plan.spot_m(wall, u_m + float(aside), float(off_m))
            sofa = plan.on_floor("sofa", variant, at_m, wall_yaw_deg(opposite(wall)), gap_m=0.04)
            if sofa is not None:
                gap = rectangle(before_m(sofa, 0.55), np.array([float(size_m[0]), 1.1]), yaw_of_deg(sofa))
                plan.zones.append(Zone(gap, above_m=0.62))
                seat = surface_of(sofa, "seat") or surface_of(sofa)
                if seat is not None:
                    dress(plan, seat, themed("sofa", plan.banned, rng=rng), int(rng.integers(3, 6)), rng=rng)
                return sofa
    return None


def _place_coffee_table(plan: Plan, sofa: SceneObject, *, rng: np.random.Generator) -> SceneObject | None:
    variant = plan.variant(rng=rng)
    depth = float(assets.build_asset("coffee-table", variant).size_m[1])
    at_m = before_m(sofa, 0.38 + depth / 2.0 + float(rng.uniform(0.0, 0.1)), float(rng.uniform(-0.12, 0.12)))
    table = plan.on_floor("coffee-table", variant, at_m, yaw_of_deg(sofa), gap_m=0.3)
    if table is None:
        return None
    tops = surfaces_on(table)
    kinds = themed("coffee table", plan.banned, rng=rng)
    if "bowl" in kinds and rng.random() < 0.6:
        kinds = ["bowl", *[k for k in kinds if k != "bowl"]]
    dress(plan, tops[0], kinds, int(rng.integers(6, 9)), rng=rng)
    for lower in tops[1:]:
        dress(plan, lower, ["book", "book", "box"], int(rng.integers(0, 3)), rng=rng)
    return table


def _place_armchair(plan: Plan, sofa: SceneObject, table: SceneObject | None, *, rng: np.random.Generator) -> None:
    """An armchair, a pouf or a stool beside the coffee table, turned to it."""
    kind = ("armchair", "armchair", "pouf", "stool")[int(rng.integers(4))]
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset(kind, variant).size_m
    for side in rng.permutation([-1.0, 1.0]):
        right = float(side) * (float(sofa.size_m[0]) / 2.0 + float(size_m[1]) / 2.0 - 0.1)
        at_m = before_m(sofa, 0.55 + float(rng.uniform(0.0, 0.35)), right)
        aim = (before_m(sofa, 0.6) if table is None else table.position_m[:2]) - at_m
        yaw_deg = float(np.rad2deg(np.arctan2(aim[0], -aim[1]))) + float(rng.normal(0.0, 8.0))
        zones, plan.zones = plan.zones, [z for z in plan.zones if z.above_m != 0.62]
        chair = plan.on_floor(kind, variant, at_m, yaw_deg, gap_m=0.08)
        plan.zones = zones
        if chair is not None:
            seat = surface_of(chair, "seat")
            if kind == "armchair" and seat is not None and rng.random() < 0.6:
                dress(plan, seat, ["cushion", "book", "teddy-bear"], 1, rng=rng)
            return


def _place_side_table(plan: Plan, sofa: SceneObject, *, rng: np.random.Generator) -> None:
    """A small table at one end of the sofa, with a lamp, a book, a mug."""
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset("side-table", variant).size_m
    for side in rng.permutation([-1.0, 1.0]):
        right = float(side) * (float(sofa.size_m[0]) + float(size_m[0]) + 0.1) / 2.0
        at_m = before_m(sofa, -float(sofa.size_m[1]) / 2.0 - float(rng.uniform(-0.1, 0.1)), right)
        table = plan.on_floor("side-table", variant, at_m, yaw_of_deg(sofa), gap_m=0.02)
        top = None if table is None else surface_of(table)
        if top is not None:
            name = "table-lamp" if "lamp" in plan.banned else "lamp"
            put_at(plan, top, name, plan.variant(rng=rng), np.array([0.0, 0.08]), [])
            dress(plan, top, themed("nightstand", plan.banned, rng=rng), int(rng.integers(1, 4)), rng=rng)
            return


def furnish_kitchen(plan: Plan, *, rng: np.random.Generator) -> bool:
    """A counter along a wall with cabinets above and a fridge beside, a table with chairs. False where the counter does not fit."""
    if not _place_counter(plan, rng=rng):
        return False
    table = _place_table(plan, rng=rng)
    if table is None or rng.random() < 0.5:
        stand_dresser(plan, "sideboard", "counter", rng=rng)
    stand_bookshelf(plan, rng=rng, kind="open-shelf", theme="pantry")
    scatter(plan, 1, rng=rng)
    return True


def _place_counter(plan: Plan, *, rng: np.random.Generator) -> bool:
    variant, fridge = plan.variant(rng=rng), plan.variant(rng=rng)
    width = float(assets.build_asset("kitchen-counter", variant).size_m[0])
    beside = float(assets.build_asset("fridge", fridge).size_m[0])
    for wall in plan.other_walls(rng=rng):
        length = plan.length_m(wall)
        if width + 0.04 > length:
            continue
        side = float(rng.choice([-1.0, 1.0]))
        both = width + beside + 0.06 <= length
        u_m = (
            side * (length - width) / 2.0 * 0.98
            if both
            else float(rng.uniform(-1.0, 1.0)) * (length - width) / 2.0 * 0.9
        )
        counter = plan.at_wall("kitchen-counter", variant, wall, u_m)
        if counter is None:
            continue
        if both:
            off = side * (u_m * side - width / 2.0 - beside / 2.0 - 0.025)
            plan.at_wall("fridge", fridge, wall, off, gap_m=0.015)
        plan.keep_free(wall, u_m, width, float(counter.size_m[1]) + 0.8)
        _hang_cabinets(plan, counter, wall, u_m, width, rng=rng)
        _dress_counter(plan, counter, rng=rng)
        return True
    return False


def _hang_cabinets(
    plan: Plan, counter: SceneObject, wall: str, u_m: float, width: float, *, rng: np.random.Generator
) -> None:
    """A hood over the stove and cabinets over the rest of the counter, as far as the window leaves room."""
    variant = plan.variant(rng=rng)
    each = float(assets.build_asset("wall-cabinet", variant).size_m[0])
    stove = surface_of(counter, "stove")
    left, right = u_m - width / 2.0, u_m + width / 2.0
    if stove is not None:
        at = float((counter.rotation.T @ stove.center_m)[0])
        plan.hang("range-hood", plan.variant(rng=rng), wall, at, 1.62, over=not plan.spans[wall][:1])
    for at in np.arange(left + each / 2.0, right - each / 2.0 + 1e-6, 0.1):
        plan.hang("wall-cabinet", variant, wall, float(at), 1.5)


def _dress_counter(plan: Plan, counter: SceneObject, *, rng: np.random.Generator) -> None:
    """Things on every free stretch of the worktop, a pot or pan on the stove."""
    for top in surfaces_on(counter):
        area = float(4.0 * np.prod(top.support.half_extents_m))
        if top.support.name in ("stove", "hob"):
            dress(plan, top, themed("stove", plan.banned, rng=rng), int(rng.integers(1, 3)), rng=rng)
        elif top.support.name not in ("inside", "sink"):
            kinds = themed("counter", plan.banned, rng=rng)
            dress(plan, top, kinds, int(np.clip(round(area * 9.0), 2, 8)), rng=rng, tallest_m=0.45)


def _place_table(plan: Plan, *, rng: np.random.Generator) -> SceneObject | None:
    """A table with two to four chairs, in the middle of what is free or at a wall."""
    kind = "dining-table" if rng.random() < 0.7 else "table"
    for _ in range(30):
        variant = plan.variant(rng=rng)
        size_m = assets.build_asset(kind, variant).size_m
        half = np.maximum(plan.size_m[:2] / 2.0 - 0.75, 0.1)
        at_m = rng.uniform(-half, half)
        table = plan.on_floor(kind, variant, at_m, float(rng.choice([0.0, 90.0])), gap_m=0.5)
        if table is None:
            continue
        chairs = _place_chairs(plan, table, size_m, rng=rng)
        if len(chairs) >= 2:
            set_places(plan, table, chairs, themed("dining", plan.banned, rng=rng), rng=rng)
            return table
        for item in (table, *chairs):
            plan.drop(item)
    return None


def _place_chairs(plan: Plan, table: SceneObject, size_m: np.ndarray, *, rng: np.random.Generator) -> list[SceneObject]:
    """Chairs at the sides of a table, facing it, pulled out a little."""
    variant = plan.variant(rng=rng)
    depth = float(assets.build_asset("dining-chair", variant).size_m[1])
    chairs = []
    for side in rng.permutation(4)[: int(rng.integers(2, 5))]:
        out = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)][int(side)]
        reach = float(np.abs(np.array(out)) @ size_m[:2]) / 2.0 + depth / 2.0 + float(rng.uniform(0.025, 0.12))
        at_m = table.position_m[:2] + table.rotation[:2, :2] @ (np.array(out) * reach)
        # A chair turned by 180° faces north, towards a table that lies north of it.
        yaw_deg = yaw_of_deg(table) + {0: 180.0, 1: -90.0, 2: 0.0, 3: 90.0}[int(side)] + float(rng.normal(0.0, 6.0))
        chair = plan.on_floor("dining-chair", variant, at_m, yaw_deg, gap_m=0.02)
        if chair is not None:
            chairs.append(chair)
    return chairs


def fill_bowls(plan: Plan, *, rng: np.random.Generator) -> None:
    """Fruit in some of the bowls that have a level inside."""
    for bowl in [o for o in plan.objects if o.kind == "bowl"]:
        inside = surface_of(bowl, "inside")
        if inside is None or rng.random() > 0.6:
            continue
        fruit = next((k for k in themed("dining", plan.banned, rng=rng) if k in ("apple", "orange", "pear")), None)
        if fruit is not None:
            put_at(plan, inside, fruit, plan.variant(rng=rng), np.zeros(2), standing_on(plan, inside))
