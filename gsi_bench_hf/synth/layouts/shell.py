"""The room itself: floor, four walls, ceiling, door, window, and the light that comes in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.enclosure import SKIRTING_M
from gsi_bench_hf.synth.layouts.dressing import dress
from gsi_bench_hf.synth.layouts.plan import WALLS, Plan, opposite, surface_of, wall_yaw_deg
from gsi_bench_hf.synth.layouts.themes import banned_kinds, themed
from gsi_bench_hf.synth.scene import Light, SceneObject, triple

SIZES_M: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "bedroom": ((3.6, 4.6), (3.3, 4.2)),
    "living room": ((3.9, 4.8), (3.6, 4.4)),
    "kitchen": ((3.4, 4.4), (3.2, 4.0)),
    "office": ((3.2, 4.2), (3.0, 3.8)),
    "bathroom": ((2.4, 3.2), (2.2, 2.9)),
}
"""Least and greatest width and depth by type of room, metres."""

_HEIGHT_M = 2.58
_SILL_M = 0.9
_DOOR_SWING_M = 0.85


def raise_walls(room_type: str, variants: range, *, rng: np.random.Generator) -> Plan:
    """An empty room of that type: walls, floor, ceiling; the door comes with `cut_openings`."""
    (least, most), (shallow, deep) = SIZES_M[room_type]
    size_m = np.array([rng.uniform(least, most), rng.uniform(shallow, deep), _HEIGHT_M])
    plan = Plan(size_m, variants, banned_kinds(rng=rng))
    wet = room_type == "bathroom"
    tiled = wet or (room_type == "kitchen" and rng.random() < 0.4)
    wall = plan.variant(rng=rng)
    accent = plan.variant(rng=rng) if rng.random() < 0.3 and not wet else wall
    accented = WALLS[int(rng.integers(4))]
    plan.add("bathroom-floor" if tiled else "floor", _floor(plan, room_type, rng=rng), np.zeros(3))
    for name in WALLS:
        at_m = plan.spot_m(name, 0.0, -SKIRTING_M / 2.0)
        kind = "bathroom-wall" if wet else "room-wall"
        plan.add(kind, accent if name == accented else wall, [*at_m, 0.0], wall_yaw_deg(name))
    plan.add("ceiling", plan.variant(rng=rng), [0.0, 0.0, _HEIGHT_M])
    return plan


def _floor(plan: Plan, room_type: str, *, rng: np.random.Generator) -> int:
    """A floor's variant; carpets and checkers are not for kitchens."""
    for _ in range(20):
        variant = plan.variant(rng=rng)
        material = assets.build_asset("floor", variant).material_name
        if material == "wooden" or (material == "carpeted" and room_type in ("bedroom", "living room", "office")):
            return variant
    return plan.variants[0]


def cut_openings(plan: Plan, room_type: str, *, rng: np.random.Generator) -> None:
    """A door and, but for some bathrooms, a window; the plan knows where they are."""
    wall = WALLS[int(rng.integers(4))]
    door = plan.variant(rng=rng)
    half = float(assets.build_asset("door", door).size_m[0]) / 2.0
    reach = plan.length_m(wall) / 2.0 - half - 0.12
    u_m = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.75, 1.0)) * reach
    plan.hang("door", door, wall, u_m, 0.0)
    plan.keep_free(wall, u_m, 2.0 * half, _DOOR_SWING_M)
    plan.door_wall = wall
    if room_type == "bathroom" and rng.random() < 0.55:
        return
    others = [name for name in WALLS if name != wall]
    chosen = opposite(wall) if rng.random() < 0.5 else others[int(rng.integers(3))]
    plan.window = _window(plan, chosen, room_type, rng=rng)


def _window(plan: Plan, wall: str, room_type: str, *, rng: np.random.Generator) -> SceneObject | None:
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset("window", variant).size_m
    reach = plan.length_m(wall) / 2.0 - float(size_m[0]) / 2.0 - 0.35
    if reach < 0.0:
        return None
    u_m = float(rng.uniform(-0.6, 0.6)) * reach
    low_m = min(_SILL_M + float(rng.uniform(0.0, 0.12)), _HEIGHT_M - float(size_m[2]) - 0.1)
    window = plan.hang("window", variant, wall, u_m, low_m)
    if window is not None:
        top = surface_of(window, "sill")
        if room_type != "bathroom" and rng.random() < 0.35:
            _hang_curtains(plan, wall, u_m, rng=rng)
        elif top is not None and rng.random() < 0.7:
            dress(plan, top, themed("sill", plan.banned, rng=rng), int(rng.integers(1, 4)), rng=rng)
        plan.keep_free(wall, u_m, float(size_m[0]) + 0.1, 0.4, above_m=low_m - 0.05)
    return window


def _hang_curtains(plan: Plan, wall: str, u_m: float, *, rng: np.random.Generator) -> None:
    """Curtains beside the window; nothing comes to stand before them."""
    variant = plan.variant(rng=rng)
    size_m = assets.build_asset("curtain", variant).size_m
    low_m = max(0.02, plan.size_m[2] - 0.15 - float(size_m[2]))
    if plan.hang("curtain", variant, wall, u_m, low_m, over=True) is not None:
        plan.keep_free(wall, u_m, float(size_m[0]), 0.2)


def light_room(
    plan: Plan, lamp: SceneObject | None, *, rng: np.random.Generator
) -> tuple[tuple[Light, ...], tuple[float, float, float]]:
    """The window's daylight and the ceiling lamp's light, one of them the stronger, and what the walls throw back.

    Args:
        plan: the room, with or without a window.
        lamp: under the ceiling, or None: then the light comes from there all the same.
        rng: draws warmth and brightness.

    Returns:
        Lights, the strongest first, and the ambient colour.
    """
    window = plan.window
    day = window is not None and rng.random() < 0.7
    warmth = rng.uniform(0.2, 1.0) if not day else rng.uniform(0.0, 0.5)
    tint = np.array([1.0, 1.0 - 0.07 * warmth, 1.0 - 0.19 * warmth])
    below_m = 0.25 if lamp is None else float(lamp.size_m[2]) + 0.05
    at_m = np.array([0.0, 0.0, plan.size_m[2] - below_m]) if lamp is None else lamp.position_m - [0.0, 0.0, 0.05]
    ceiling = Light(
        np.array([0.0, 0.0, -1.0]), at_m, triple(tint * rng.uniform(*((0.2, 0.3) if day else (0.5, 0.62)))), 0.18
    )
    ambient = triple((0.75 + 0.25 * tint) * rng.uniform(0.46, 0.56))
    if window is None:
        return (ceiling,), ambient
    into, up = -window.rotation[:, 1], np.array([0.0, 0.0, 1.0])
    aim = into - 0.75 * up
    middle = window.position_m + window.size_m[2] / 2.0 * up + 0.1 * into
    sky = np.array([0.94, 0.98, 1.0]) if rng.random() < 0.5 else np.array([1.0, 0.96, 0.88])
    strength = rng.uniform(0.42, 0.55) if day else rng.uniform(0.08, 0.14)
    daylight = Light(aim / np.linalg.norm(aim), middle, triple(sky * strength), 0.45)
    return ((daylight, ceiling) if day else (ceiling, daylight)), ambient


def hang_pictures(plan: Plan, kinds: Sequence[str], count: int, *, rng: np.random.Generator) -> None:
    """Up to `count` things on free parts of the walls, at the height of someone's eyes."""
    for _ in range(4 * count):
        if count <= 0:
            return
        wall = WALLS[int(rng.integers(4))]
        kind, variant = kinds[int(rng.integers(len(kinds)))], plan.variant(rng=rng)
        size_m = assets.build_asset(kind, variant).size_m
        reach = plan.length_m(wall) / 2.0 - 0.2 - float(size_m[0]) / 2.0
        low_m = float(rng.uniform(1.5, 1.6)) - float(size_m[2]) / 2.0
        if reach > 0.0 and plan.hang(kind, variant, wall, float(rng.uniform(-reach, reach)), low_m) is not None:
            count -= 1
