"""The checks of edits in a room: what is seen, what stands, what another view still shows."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from furnished import DESK, MAT, SHELF, camera, on, room, things

from gsi_bench_hf.synth import views
from gsi_bench_hf.synth.checks import Stage
from gsi_bench_hf.synth.operations.base import Proposal, posed
from gsi_bench_hf.synth.operations.move import moved
from gsi_bench_hf.synth.operations.view import moved_camera, turned_camera
from gsi_bench_hf.synth.render import Renderer, load_renderer
from gsi_bench_hf.synth.scene import SceneObject
from gsi_bench_hf.synth.standing import Standing
from gsi_bench_hf.synth.surfaces import surfaces_on

NEAR = camera((0.3, -0.1, 1.3), (0.35, 1.13, 0.88))


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = load_renderer("mujoco")
    yield made
    made.close()


def stage(renderer: Renderer, *objects: SceneObject, fixtures: tuple[SceneObject, ...] = (DESK, SHELF, MAT)) -> Stage:
    scene = room(*objects, fixtures=fixtures)
    return Stage(scene.with_camera(NEAR), renderer, Counter())


def refusal(made: Stage, proposal: Proposal) -> str:
    made.rejections.clear()
    assert made.check(proposal) is None
    ((reason, count),) = made.rejections.items()
    assert count == 1
    return reason


def view(made: Stage, target_id: str, direction: str, *, angle_deg: float = 0.0, distance_m: float = 0.0) -> Proposal:
    before = made.scene.camera
    if angle_deg:
        after = turned_camera(before, direction, angle_deg)
        return Proposal("view", target_id, None, direction, angle_deg=angle_deg, camera=after)
    after = moved_camera(before, direction, distance_m)
    return Proposal("view", target_id, None, direction, distance_m=distance_m, camera=after)


def move(made: Stage, name: str, direction: str, distance_m: float) -> Proposal:
    after = moved(made.scene.object(name), direction, distance_m, made.scene.camera)
    return Proposal("move", name, after, direction, distance_m=distance_m)


def test_what_can_be_edited(renderer: Renderer) -> None:
    made = stage(renderer, *things())
    assert made.stands
    suited = {o.instance_id for o in made.scene.objects if made.suits(o)}
    # The stool and the vase are cut by the frame, the box carries the clock.
    assert suited == {"mug-1", "laptop-1", "rubber-duck-1", "alarm-clock-1"}


def test_furniture_hides_things(renderer: Renderer) -> None:
    post = on(DESK, "cereal-box", 0.09, -0.17)
    plain, behind = stage(renderer, *things()), stage(renderer, *things(), fixtures=(DESK, SHELF, post))
    name = "mug-1"
    assert plain.seen.visible_fraction(plain.scene)[name] > 0.95
    assert behind.seen.visible_fraction(behind.scene)[name] < 0.75
    assert plain.seen.pixels_alone[name] == behind.seen.pixels_alone[name]


def test_pixels_alone_are_those_of_a_picture_with_nothing_else(renderer: Renderer) -> None:
    made = stage(renderer, *things())
    bare = dataclasses.replace(made.scene, fixtures=())
    for number, item in enumerate(made.scene.objects, start=1):
        alone = renderer.render(bare, want=("segmentation",), only=(item.instance_id,)).segmentation
        assert alone is not None
        assert made.seen.pixels_alone[item.instance_id] == np.count_nonzero(alone == number)


def test_moves(renderer: Renderer) -> None:
    made = stage(renderer, *things())
    kept = made.check(move(made, "mug-1", "left", 0.15))
    assert kept is not None
    assert kept.seen.visible_fraction(kept.result)["mug-1"] > 0.9
    assert refusal(made, move(made, "mug-1", "right", 0.25)) == "move: collision"
    assert refusal(made, move(made, "mug-1", "towards", 0.4)) in ("move: off the surface", "move: out of frame")
    assert refusal(made, move(made, "box-1", "right", 0.12)) == "move: carries something"
    assert refusal(made, move(made, "laptop-1", "left", 0.02)) == "move: too small a change"


def test_nothing_may_be_hidden_that_was_seen(renderer: Renderer) -> None:
    small, tall = on(DESK, "rubber-duck", 0.25, 0.2), on(DESK, "cereal-box", -0.15, -0.2)
    made = stage(renderer, small, tall, fixtures=(DESK,))
    before = posed(tall, position_m=on(DESK, "cereal-box", 0.26, -0.02).position_m)
    assert refusal(made, Proposal("move", tall.instance_id, before)) == "move: hides another"
    behind = posed(small, position_m=on(DESK, "rubber-duck", -0.24, 0.0).position_m)
    assert refusal(made, Proposal("move", small.instance_id, behind)) in ("move: hidden", "move: collision")


def test_removal_and_receptacle(renderer: Renderer) -> None:
    made = stage(renderer, *things())
    kept = made.check(Proposal("remove", "alarm-clock-1", None))
    assert kept is not None
    assert len(kept.result.objects) == len(made.scene.objects) - 1
    level = surfaces_on(SHELF)[3]
    there = posed(made.scene.object("mug-1"), position_m=level.center_m)
    asked = Proposal("receptacle", "mug-1", there, relation="on", reference_id="bookshelf-1", support=3)
    kept = made.check(asked)
    assert kept is not None
    assert Standing(kept.result).rests["mug-1"].carrier_id == "bookshelf-1"
    assert refusal(made, dataclasses.replace(asked, reference_id="desk-1")) == "receptacle: off the surface"


def test_views_that_pass_show_the_target_and_what_was_seen(renderer: Renderer) -> None:
    made = stage(renderer, *things())
    for direction, more in (
        ("left", {"distance_m": 0.2}),
        ("backward", {"distance_m": 0.15}),
        ("up", {"angle_deg": 15.0}),
    ):
        kept = made.check(view(made, "laptop-1", direction, **more))
        assert kept is not None, made.rejections
        assert kept.seen.visible_fraction(kept.result)["laptop-1"] > 0.6
        assert kept.edited.camera is kept.result.camera


def test_views_that_do_not(renderer: Renderer) -> None:
    made = stage(renderer, *things())
    assert refusal(made, view(made, "mug-1", "left", angle_deg=75.0)) in (
        "view: too little in common",
        "view: too few objects in common",
    )
    assert refusal(made, view(made, "mug-1", "forward", distance_m=1.9)) == "view: camera in a thing"
    assert refusal(made, view(made, "rubber-duck-1", "left", angle_deg=25.0)) in (
        "view: out of frame",
        "view: too few objects in common",
    )
    close = stage(renderer, *things())
    pose = close.scene.camera.world_from_camera.copy()
    vase = close.scene.object("vase-1")
    pose[:3, 3] = vase.position_m + np.array([-0.1, -0.27, 0.12])
    pose[:3, :3] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    near = dataclasses.replace(close.scene.camera, world_from_camera=pose)
    assert refusal(close, Proposal("view", "vase-1", None, "right", camera=near)) in (
        "view: camera too near",
        "view: camera in a thing",
    )


def test_the_way_of_a_camera() -> None:
    scene = room(*things())
    standing = Standing(scene)
    middle = camera((0.0, -0.5, 1.5), (0.0, 1.0, 0.9))

    def at(*eye_m: float) -> bool:
        return views.is_blocked(standing, middle, camera(eye_m, (0.0, 1.0, 0.9)))

    assert not at(0.2, -0.3, 1.5)
    assert at(0.0, 1.45, 1.5)  # in the wall's face
    assert at(0.0, 1.9, 1.5)  # behind it
    assert at(0.0, -0.5, 0.2)  # on the floor
    assert at(1.25, 1.06, 1.33)  # in the shelf's front
    assert not at(0.0, 0.9, 1.4)  # over the desk


def test_what_two_views_share() -> None:
    before = camera()
    depth_m = np.full((48, 64), 2.0, np.float32)
    assert views.shared_part(depth_m, before, before) == 1.0
    # At 2 m a picture of 70 degrees is 4 m tan 35 = 2.80 m wide: a step of 0.28 m to a side loses a tenth.
    pose = before.world_from_camera.copy()
    pose[:3, 3] += 0.28 * pose[:3, 0]
    aside = dataclasses.replace(before, world_from_camera=pose)
    assert views.shared_part(depth_m, before, aside) == pytest.approx(0.9, abs=0.02)
    assert views.shared_part(depth_m, before, turned_camera(before, "left", 110.0)) == 0.0
    scene = room(*things())
    numbers = np.zeros((40, 40), np.int32)
    numbers[:, :20], numbers[:, 20:30], numbers[:, 30:] = 1, 2, 3
    assert views.keeps_enough(numbers, numbers, scene)
    assert not views.keeps_enough(numbers, np.where(numbers == 3, 0, numbers), scene)
