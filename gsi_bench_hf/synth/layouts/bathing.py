"""Bathrooms: toilet, vanity under its mirror, tub or shower, and the small things about them."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.layouts.dressing import dress
from gsi_bench_hf.synth.layouts.plan import Plan, before_m, rectangle, surface_of, wall_of, yaw_of_deg
from gsi_bench_hf.synth.layouts.themes import themed
from gsi_bench_hf.synth.scene import SceneObject
from gsi_bench_hf.synth.surfaces import surfaces_on

_WALK_M = 0.55


def furnish_bathroom(plan: Plan, *, rng: np.random.Generator) -> bool:
    """Tub or shower in a corner, vanity and toilet at walls, shelf, towels, bins. False where the three do not fit."""
    tub = _place_tub(plan, rng=rng)
    vanity = plan.along_wall("vanity", plan.other_walls(rng=rng), rng=rng, gap_m=0.08, front_m=0.6)
    toilet = plan.along_wall("toilet", plan.other_walls(rng=rng), rng=rng, gap_m=0.14, front_m=0.5)
    if tub is None or vanity is None or toilet is None:
        return False
    _hang_mirror(plan, vanity, rng=rng)
    _dress_vanity(plan, vanity, rng=rng)
    _dress_edges(plan, tub, "bath", int(rng.integers(4, 7)), rng=rng)
    _dress_edges(plan, toilet, "cistern", int(rng.integers(1, 3)), rng=rng)
    for _ in range(1 + int(rng.random() < 0.5)):
        _stand_shelf(plan, rng=rng)
    _stand_bins(plan, rng=rng)
    _hang_rails(plan, rng=rng)
    _lay_mat(plan, tub if rng.random() < 0.6 else vanity, rng=rng)
    return True


def _place_tub(plan: Plan, *, rng: np.random.Generator) -> SceneObject | None:
    """A tub or a shower in a corner, the tub along the wall that it fits."""
    for kind in ("bathtub", "shower") if rng.random() < 0.65 else ("shower", "bathtub"):
        variant = plan.variant(rng=rng)
        width = float(assets.build_asset(kind, variant).size_m[0])
        for wall in plan.other_walls(rng=rng):
            reach = (plan.length_m(wall) - width) / 2.0 - 0.015
            if reach < 0.0:
                continue
            for u_m in rng.permutation([-reach, reach]):
                item = plan.at_wall(kind, variant, wall, float(u_m), gap_m=0.02)
                if item is not None:
                    plan.keep_free(wall, float(u_m), width, float(item.size_m[1]) + 0.5)
                    return item
    return None


def _hang_mirror(plan: Plan, vanity: SceneObject, *, rng: np.random.Generator) -> None:
    """A mirror or a mirror cabinet over the basin."""
    kind = "mirror-cabinet" if rng.random() < 0.6 else "wall-mirror"
    wall = wall_of(vanity)
    u_m = float((vanity.rotation.T @ vanity.position_m)[0])
    # The tap may reach above the basin; the mirror hangs clear of it.
    low_m = max(float(vanity.size_m[2]) + 0.1, 1.15)
    for shift in (0.0, -0.08, 0.08, 0.16, -0.16):
        if plan.hang(kind, plan.variant(rng=rng), wall, u_m + shift, low_m) is not None:
            return


def _dress_vanity(plan: Plan, vanity: SceneObject, *, rng: np.random.Generator) -> None:
    """Soap and brushes first, then what else stands about a basin."""
    kinds = themed("vanity", plan.banned, rng=rng)
    kinds = [*(k for k in ("soap-dispenser", "toothbrush-cup") if k not in plan.banned), *kinds]
    for top in surfaces_on(vanity):
        if top.support.name == "shelf":
            dress(plan, top, ["towel-stack", "toilet-paper"], 2, rng=rng)
        elif top.support.name == "top":
            wide = float(top.support.half_extents_m.min()) > 0.12
            count = int(rng.integers(5, 8)) if wide else int(rng.integers(2, 4))
            dress(plan, top, kinds, count, rng=rng, tallest_m=0.35)
            kinds = kinds[2:] + kinds[:2]


def _dress_edges(plan: Plan, item: SceneObject, theme: str, count: int, *, rng: np.random.Generator) -> None:
    """Things on the rims and ledges of a fitting, one surface after another."""
    kinds = themed(theme, plan.banned, rng=rng)
    for surface in surfaces_on(item):
        if count > 0 and surface.support.name in ("rim", "tank", "ledge"):
            count -= len(dress(plan, surface, kinds, count, rng=rng, tallest_m=0.3))
            kinds = kinds[1:] + kinds[:1]


def _stand_shelf(plan: Plan, *, rng: np.random.Generator) -> None:
    item = plan.along_wall("bathroom-shelf", plan.other_walls(rng=rng), rng=rng, gap_m=0.06, front_m=0.35)
    if item is None:
        return
    for surface in surfaces_on(item):
        kinds = themed("bathroom shelf", plan.banned, rng=rng)
        dress(plan, surface, kinds, int(rng.integers(3, 6)), rng=rng)


def _stand_bins(plan: Plan, *, rng: np.random.Generator) -> None:
    """Light things that stand on the floor by the walls."""
    for kind in ("laundry-basket", "bin", "stool", "scale", "toilet-brush", "bucket"):
        if kind not in plan.banned and rng.random() < 0.65:
            item = plan.along_wall(kind, plan.other_walls(rng=rng), rng=rng, gap_m=0.06)
            if item is not None and kind == "stool":
                seat = surface_of(item)
                if seat is not None:
                    dress(plan, seat, ["towel-stack"], 1, rng=rng)


def _hang_rails(plan: Plan, *, rng: np.random.Generator) -> None:
    for kind, low_m in (("towel-rail", 0.95), ("paper-holder", 0.65), ("radiator", 0.5)):
        for _ in range(12):
            wall = plan.other_walls(rng=rng)[int(rng.integers(3))]
            reach = plan.length_m(wall) / 2.0 - 0.4
            if plan.hang(kind, plan.variant(rng=rng), wall, float(rng.uniform(-reach, reach)), low_m) is not None:
                break


def _lay_mat(plan: Plan, item: SceneObject, *, rng: np.random.Generator) -> None:
    """A mat before the tub or the basin, where the floor is bare."""
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset("bath-mat", variant).size_m
    for aside in (0.0, *rng.uniform(-0.3, 0.3, 4)):
        at_m = before_m(item, 0.06 + float(size_m[1]) / 2.0, float(aside))
        corners = rectangle(at_m, size_m[:2], yaw_of_deg(item))
        zones, plan.zones = plan.zones, []
        fits = plan.fits(corners, 0.0, gap_m=0.03)
        plan.zones = zones
        if fits:
            mat = plan.add("bath-mat", variant, [*at_m, 0.0], yaw_of_deg(item))
            plan.standing[mat.instance_id] = corners
            return
