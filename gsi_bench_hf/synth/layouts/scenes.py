"""Furnished rooms without a camera, and what a camera makes of them: scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.layouts.bathing import furnish_bathroom
from gsi_bench_hf.synth.layouts.floor import free_floor
from gsi_bench_hf.synth.layouts.living import fill_bowls, furnish_kitchen, furnish_living_room
from gsi_bench_hf.synth.layouts.plan import Plan
from gsi_bench_hf.synth.layouts.shell import cut_openings, hang_pictures, light_room, raise_walls
from gsi_bench_hf.synth.layouts.sleeping import furnish_bedroom, furnish_office
from gsi_bench_hf.synth.scene import Float, Light, SceneObject

Environment = Literal["room", "bathroom"]
Furnish = Callable[..., bool]

ROOMS: dict[str, Furnish] = {
    "bedroom": furnish_bedroom,
    "living room": furnish_living_room,
    "kitchen": furnish_kitchen,
    "office": furnish_office,
}
"""The types of "room", and who furnishes them."""


@dataclass(frozen=True, eq=False)
class Layout:
    """A furnished room that nobody looks at yet.

    Attributes:
        environment: "room" or "bathroom".
        room_type: "bedroom", "living room", "kitchen", "office", "bathroom".
        fixtures: what no edit changes.
        objects: all that could be edited, wherever it is.
        lights, ambient: as in `Scene`.
        free_floor_m: (N, 2) world, the middles of the squares of the floor where a person who came in by the door can stand.
        extent_m: (3,) width (x), depth (y) and height of the room, whose floor has its middle at the origin.
    """

    environment: Environment
    room_type: str
    fixtures: tuple[SceneObject, ...]
    objects: tuple[SceneObject, ...]
    lights: tuple[Light, ...]
    ambient: tuple[float, float, float]
    free_floor_m: Float
    extent_m: Float


def sample_layout(
    environment: Environment, *, rng: np.random.Generator, variants: range = range(24), room_type: str | None = None
) -> Layout | None:
    """A room with its furniture and small things; None where the draw did not work out.

    Args:
        environment: "room" draws one of `ROOMS`; or "bathroom".
        rng: draws everything.
        variants: which variants of each kind it may draw.
        room_type: one of `ROOMS`, where "room" shall be that.

    Raises:
        ValueError: for another environment.
    """
    if environment not in ("room", "bathroom"):
        raise ValueError(f"environment is {environment!r}, expected 'room' or 'bathroom'; tabletops have no layout")
    if environment == "bathroom":
        name, furnish = "bathroom", furnish_bathroom
    else:
        name = room_type or tuple(ROOMS)[int(rng.integers(len(ROOMS)))]
        furnish = ROOMS[name]
    plan = raise_walls(name, variants, rng=rng)
    cut_openings(plan, name, rng=rng)
    if not furnish(plan, rng=rng):
        return None
    return _finished(plan, environment, name, rng=rng)


def _finished(plan: Plan, environment: Environment, name: str, *, rng: np.random.Generator) -> Layout | None:
    fill_bowls(plan, rng=rng)
    hang_pictures(plan, ("painting",), int(rng.integers(1, 5)), rng=rng)
    variant = plan.variant(rng=rng)
    lamp_m = float(assets.build_asset("ceiling-lamp", variant).size_m[2])
    lamp = plan.add("ceiling-lamp", variant, [0.0, 0.0, plan.size_m[2] - lamp_m])
    lights, ambient = light_room(plan, lamp, rng=rng)
    free_m = free_floor(plan)
    if len(free_m) < 8:
        return None
    # The order of `objects` must not tell the rules' order.
    objects = tuple(plan.objects[i] for i in rng.permutation(len(plan.objects)))
    return Layout(environment, name, tuple(plan.fixtures), objects, lights, ambient, free_m, plan.size_m.copy())
