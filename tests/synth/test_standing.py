"""Things in rooms: what stands on what, what can be taken, where an edit may put it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from furnished import DESK, MAT, SHELF, SHELL, fixture, on, on_top, room, things

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.operations.base import Proposal, posed
from gsi_bench_hf.synth.scene import Scene, SceneObject
from gsi_bench_hf.synth.standing import Standing
from gsi_bench_hf.synth.surfaces import surfaces_on

LIFT = np.array([0.0, 0.0, 0.05])


def shifted(scene: Scene, name: str, x_m: float, y_m: float, **more) -> Proposal:
    """A move by (x_m, y_m) in the world."""
    item = scene.object(name)
    return Proposal("move", name, posed(item, position_m=item.position_m + np.array([x_m, y_m, 0.0])), **more)


def verdict(scene: Scene, proposal: Proposal) -> str | None:
    standing = Standing(scene)
    return standing.off_reason(proposal) or standing.standing_reason(proposal)


def test_what_stands_on_what() -> None:
    scene = room(*things())
    standing = Standing(scene)
    carriers = {
        name: (rest.carrier_id, rest.surface and rest.surface.support.name) for name, rest in standing.rests.items()
    }
    assert carriers["mug-1"] == ("desk-1", "top")
    assert carriers["vase-1"] == ("bookshelf-1", "shelf")
    assert carriers["stool-1"] == ("floor-1", "top")
    assert carriers["alarm-clock-1"] == ("box-1", "top")
    assert standing.rests["vase-1"].surface.center_m[2] > standing.rests["rubber-duck-1"].surface.center_m[2]
    free = [o.instance_id for o in scene.objects if standing.is_free(o)]
    assert free == ["mug-1", "laptop-1", "alarm-clock-1", "vase-1", "rubber-duck-1", "stool-1"]


def test_a_furnished_room_stands() -> None:
    assert Standing(room(*things())).source_reason() is None


def test_sources_that_do_not_stand() -> None:
    mug = on(DESK, "mug", 0.0, 0.0)
    assert Standing(room(dataclasses.replace(mug, position_m=mug.position_m + LIFT))).source_reason() == "floating"
    near = on(DESK, "bowl", 0.06, 0.0)
    assert Standing(room(mug, near)).source_reason() == "collision"
    # In the shelf's side.
    edge = surfaces_on(SHELF)[2].support.half_extents_m[0]
    assert Standing(room(on(SHELF, "vase", float(edge) - 0.01, 0.0, level=2))).source_reason() == "collision"
    # A box that leans falls back; one with its middle well over the desk stays.
    c, d = np.cos(0.08), np.sin(0.08)
    lean = np.array([[1.0, 0.0, 0.0], [0.0, c, -d], [0.0, d, c]])
    assert Standing(room(on(DESK, "box", 0.0, 0.0, rotation=lean))).source_reason() == "unstable"
    edge = float(surfaces_on(DESK)[0].support.half_extents_m[1])
    assert Standing(room(on(DESK, "box", 0.0, 0.03 - edge))).source_reason() is None


def test_stacks_stand_as_one() -> None:
    def pile(*shifts_m: float) -> list[SceneObject]:
        stack = [on(DESK, "book", 0.0, 0.0)]
        for number, shift_m in enumerate(shifts_m, start=2):
            top = on_top(stack[-1], "book", number)
            stack.append(dataclasses.replace(top, position_m=top.position_m + np.array([shift_m, 0.0, 0.0])))
        return stack

    assert Standing(room(*pile(0.02, -0.02, 0.01))).source_reason() is None
    # Each book by itself is held by the one below, but three of them lean out over the lowest: overhangs of w / 3 add up.
    width = pile()[0].size_m[0]
    assert Standing(room(*pile(*(0.36 * width,) * 3))).source_reason() == "unstable"
    standing = Standing(room(*pile(0.0, 0.0)))
    assert [standing.is_free(o) for o in standing._scene.objects] == [False, False, True]


def test_what_carries_is_not_changed_or_removed() -> None:
    scene = room(*things())
    assert verdict(scene, shifted(scene, "box-1", 0.1, 0.0)) == "carries something"
    assert verdict(scene, Proposal("remove", "box-1", None)) == "carries something"
    assert verdict(scene, Proposal("remove", "alarm-clock-1", None)) is None


def test_moves_on_furniture() -> None:
    scene = room(*things())
    assert verdict(scene, shifted(scene, "mug-1", -0.12, 0.0)) is None
    assert verdict(scene, shifted(scene, "mug-1", 0.22, 0.0)) == "collision"
    assert verdict(scene, shifted(scene, "mug-1", 0.0, -0.4)) == "off the surface"
    assert verdict(scene, shifted(scene, "vase-1", 0.15, 0.0)) is None
    assert verdict(scene, shifted(scene, "vase-1", 0.6, 0.0)) == "off the surface"
    side = float(surfaces_on(SHELF)[1].support.half_extents_m[0])
    outline = scene.object("vase-1").size_m[0] / 2.0
    assert verdict(scene, shifted(scene, "vase-1", 0.1 + side - outline + 0.005, 0.0)) in (
        "collision",
        "off the surface",
    )


def test_moves_on_the_floor() -> None:
    scene = room(*things())
    assert verdict(scene, shifted(scene, "stool-1", -0.3, 0.0)) is None
    # Its seat goes under the desk's top.
    assert verdict(scene, shifted(scene, "stool-1", -0.1, 0.55)) is None
    assert verdict(scene, shifted(scene, "stool-1", 1.15, 0.7)) == "collision"
    # Beyond the wall there is floor, but no way.
    assert verdict(scene, shifted(scene, "stool-1", 1.75, -0.5)) == "collision"
    # A mat is another surface: half on it is nowhere.
    assert verdict(scene, shifted(scene, "stool-1", -0.65, -0.65)) == "collision"


def test_placed_beside_another_thing_it_stands_on_the_same() -> None:
    scene = room(*things())
    duck, mug = scene.object("rubber-duck-1"), scene.object("mug-1")
    beside = posed(duck, position_m=mug.position_m + np.array([-0.2, 0.0, 0.0]))
    asked = Proposal("place", "rubber-duck-1", beside, relation="left of", reference_id="mug-1")
    assert verdict(scene, asked) is None
    assert verdict(scene, dataclasses.replace(asked, reference_id="vase-1")) == "off the surface"
    higher = posed(beside, position_m=beside.position_m + LIFT)
    assert verdict(scene, dataclasses.replace(asked, changed=higher)) == "off the surface"
    into = posed(duck, position_m=mug.position_m + np.array([-0.05, 0.0, 0.0]))
    assert verdict(scene, dataclasses.replace(asked, changed=into)) == "collision"


def test_put_onto_a_surface_it_stands_on_that_one() -> None:
    scene = room(*things())
    mug, levels = scene.object("mug-1"), surfaces_on(SHELF)
    there = posed(mug, position_m=levels[3].center_m)
    asked = Proposal("receptacle", "mug-1", there, relation="on", reference_id="bookshelf-1", support=3)
    assert verdict(scene, asked) is None
    assert verdict(scene, dataclasses.replace(asked, support=4)) == "off the surface"
    assert verdict(scene, dataclasses.replace(asked, reference_id="desk-1", support=None)) == "off the surface"
    taken = posed(mug, position_m=levels[1].center_m)
    assert verdict(scene, dataclasses.replace(asked, changed=taken, support=1)) == "collision"
    # Its top is above the eye, so its middle is not seen.
    top = posed(mug, position_m=levels[0].center_m)
    assert verdict(scene, dataclasses.replace(asked, changed=top, support=0)) == "surface not seen"
    tall = dataclasses.replace(on(DESK, "vase", -0.2, 0.0), scale=1.1)
    assert tall.size_m[2] * tall.scale > levels[3].support.clearance_m
    asked = dataclasses.replace(asked, target_id="vase-1", changed=posed(tall, position_m=levels[3].center_m))
    assert verdict(room(tall), asked) == "no headroom"


def test_a_turn_that_takes_it_over_the_edge_is_refused() -> None:
    half = float(surfaces_on(DESK)[0].support.half_extents_m[1])
    book = on(DESK, "book", 0.0, 0.0)
    long_m, short_m = max(book.size_m[:2]), min(book.size_m[:2])
    assert long_m > short_m + 0.03
    turn = rotation_z(np.pi / 2.0 if book.size_m[1] > book.size_m[0] else 0.0)
    book = on(DESK, "book", 0.0, half - float(short_m) / 2.0 - 0.012, rotation=turn)
    scene = room(book)
    quarter = posed(book, rotation=rotation_z(np.pi / 2.0) @ book.rotation)
    assert verdict(scene, Proposal("rotate", "book-1", quarter, "clockwise", angle_deg=90.0)) == "off the surface"
    half_turn = posed(book, rotation=rotation_z(np.pi) @ book.rotation)
    assert verdict(scene, Proposal("rotate", "book-1", half_turn, "clockwise", angle_deg=180.0)) is None


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.1, 0.05)])
def test_nothing_depends_on_the_order_of_things(shift: tuple[float, float]) -> None:
    forward = room(*things())
    backward = Scene(
        "room", (MAT, SHELF, DESK, *SHELL[::-1]), forward.objects[::-1], forward.lights, forward.ambient, forward.camera
    )
    for name in ("mug-1", "stool-1", "laptop-1"):
        asked = [verdict(s, shifted(s, name, *shift)) for s in (forward, backward)]
        assert asked[0] == asked[1]


def test_a_stool_goes_under_a_desk_unless_it_is_too_high() -> None:
    low = fixture("stool", 2, 0.0, float(DESK.position_m[1]))
    assert 0.65 < low.size_m[2] < 0.7 < DESK.size_m[2] < 0.76
    assert Standing(room(low)).source_reason() is None
    assert Standing(room(dataclasses.replace(low, scale=1.08))).source_reason() == "collision"
