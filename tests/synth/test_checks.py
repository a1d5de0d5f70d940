"""The checks of an edit: each reason for a refusal comes up where it should, and a good edit passes."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from gsi_bench_hf.instructions import parse
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.checks import Stage
from gsi_bench_hf.synth.operations.base import Proposal
from gsi_bench_hf.synth.operations.move import moved
from gsi_bench_hf.synth.operations.rotate import rotated
from gsi_bench_hf.synth.operations.scale import scaled
from gsi_bench_hf.synth.referring import Expression
from gsi_bench_hf.synth.render import Renderer, load_renderer
from gsi_bench_hf.synth.scene import Light, Scene, SceneObject, look_at, pinhole
from gsi_bench_hf.synth.surfaces import surfaces_on
from gsi_bench_hf.synth.wording import choose_expression, write_instructions
from gsi_bench_hf.types import Camera

TABLE = assets.place("table", 0, "table", np.zeros(3))
TOP_M = assets.support("table", 0).height_m
HALF_M = assets.support("table", 0).half_extents_m


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = load_renderer("mujoco")
    yield made
    made.close()


def put(kind: str, x_m: float, y_m: float, number: int = 1, variant: int = 0) -> SceneObject:
    return assets.place(kind, variant, f"{kind}-{number}", np.array([x_m, y_m, TOP_M]))


def stage(renderer: Renderer, *objects: SceneObject) -> Stage:
    middle_m = np.array([0.0, 0.0, TOP_M])
    camera = Camera(pinhole(512, 512, 45.0), look_at(middle_m + np.array([0.0, -0.95, 0.5]), middle_m), 512, 512)
    light = Light(np.array([0.3, 0.4, -1.0]), None, (0.6, 0.6, 0.6))
    return Stage(Scene("tabletop", (TABLE,), objects, (light,), (0.4, 0.4, 0.4), camera), renderer, Counter())


def move(made: Stage, name: str, direction: str, distance_m: float) -> Proposal:
    after = moved(made.scene.object(name), direction, distance_m, made.scene.camera)
    return Proposal("move", name, after, direction, distance_m=distance_m)


def refusal(made: Stage, proposal: Proposal) -> str:
    assert made.check(proposal) is None
    ((reason, count),) = made.rejections.items()
    assert count == 1
    return reason


def test_a_good_edit_passes_with_what_is_seen_after(renderer: Renderer) -> None:
    made = stage(renderer, put("mug", 0.0, 0.0), put("bowl", 0.25, 0.1))
    assert made.stands
    assert made.suits(made.scene.objects[0])
    kept = made.check(move(made, "mug-1", "left", 0.15))
    assert kept is not None
    assert not made.rejections
    assert kept.seen.visible_fraction(kept.result) == {"mug-1": 1.0, "bowl-1": 1.0}
    before = np.nonzero(made.seen.segmentation == 1)[1].mean()
    assert np.nonzero(kept.seen.segmentation == 1)[1].mean() < before - 40


def test_out_of_frame_and_off_the_table(renderer: Renderer) -> None:
    made = stage(renderer, put("mug", -0.25, 0.0))
    assert refusal(made, move(made, "mug-1", "left", 0.2)) == "move: out of frame"
    edge = stage(renderer, put("mug", 0.0, float(HALF_M[1]) - 0.15))
    assert refusal(edge, move(edge, "mug-1", "away", 0.25)) == "move: off the surface"
    small = stage(renderer, put("mug", 0.0, 0.0))
    assert refusal(small, move(small, "mug-1", "left", 0.01)) == "move: too small a change"
    tiny = Proposal("scale", "mug-1", scaled(small.scene.objects[0], 0.2), factor=0.2)
    small.rejections.clear()
    assert refusal(small, tiny) == "scale: too small"


def test_collisions(renderer: Renderer) -> None:
    made = stage(renderer, put("mug", -0.1, 0.0), put("box", 0.12, 0.0))
    assert refusal(made, move(made, "mug-1", "right", 0.12)) == "move: collision"
    made.rejections.clear()
    grown = Proposal("scale", "mug-1", scaled(made.scene.objects[0], 3.0), factor=3.0)
    assert refusal(made, grown) == "scale: collision"


def test_what_is_hidden_and_what_hides(renderer: Renderer) -> None:
    tall = dataclasses.replace(put("box", 0.1, 0.0), scale=1.3)
    behind = stage(renderer, tall, put("mug", -0.14, 0.2))
    assert refusal(behind, move(behind, "mug-1", "right", 0.24)) == "move: hidden"
    before = stage(renderer, dataclasses.replace(tall, position_m=np.array([-0.2, 0.0, TOP_M])), put("mug", 0.08, 0.22))
    assert refusal(before, move(before, "box-1", "right", 0.26)) == "move: hides another"


def test_a_turn_that_shows_nothing_is_refused_however_it_is_declared(renderer: Renderer) -> None:
    bowl = dataclasses.replace(put("bowl", 0.0, 0.0), symmetry=1)
    made = stage(renderer, bowl, put("book", 0.25, 0.1))
    turned = Proposal("rotate", "bowl-1", rotated(bowl, 90.0, "clockwise"), "clockwise", angle_deg=90.0)
    assert refusal(made, turned) == "rotate: looks the same"
    book = made.scene.objects[1]
    assert made.check(Proposal("rotate", "book-1", rotated(book, 90.0, "clockwise"), "clockwise", angle_deg=90.0))


def test_a_turn_that_could_be_another_one_is_refused(renderer: Renderer) -> None:
    # The sides of a packet are alike: a quarter turn either way draws the same picture, an eighth does not.
    made = stage(renderer, put("cereal-box", 0.0, 0.0), put("mug", 0.25, 0.1))
    packet = made.scene.objects[0]
    quarter = Proposal("rotate", "cereal-box-1", rotated(packet, 90.0, "clockwise"), "clockwise", angle_deg=90.0)
    assert refusal(made, quarter) == "rotate: turns look alike"
    assert made.check(dataclasses.replace(quarter, changed=rotated(packet, 45.0, "clockwise"), angle_deg=45.0))
    # One that says of itself that half a turn changes nothing has no other turn to be taken for.
    even = dataclasses.replace(packet, symmetry=2)
    declared = stage(renderer, even, put("mug", 0.25, 0.1))
    assert declared.check(dataclasses.replace(quarter, changed=rotated(even, 90.0, "clockwise")))


def test_what_carries_something_stays_and_what_it_carries_may_change(renderer: Renderer) -> None:
    bowl = put("bowl", 0.0, 0.0)
    (inside,) = surfaces_on(bowl)
    apple = assets.place("apple", 0, "apple-1", inside.center_m)
    made = stage(renderer, bowl, apple)
    assert made.stands
    assert not made.suits(bowl)
    assert refusal(made, move(made, "apple-1", "left", 0.15)) == "move: off the surface"
    made.rejections.clear()
    assert made.check(Proposal("remove", "apple-1", None))


def test_sources_that_do_not_stand(renderer: Renderer) -> None:
    touching = stage(renderer, put("mug", 0.0, 0.0), put("bowl", 0.09, 0.0))
    assert not touching.stands
    assert set(touching.rejections) <= {"source: unstable", "source: collision"}
    hidden = stage(renderer, dataclasses.replace(put("box", 0.0, -0.05), scale=1.3), put("mug", 0.0, 0.2))
    assert not hidden.stands
    assert hidden.rejections == {"source: hidden object": 1}
    assert not hidden.suits(hidden.scene.object("mug-1"))


def test_visible_fraction_is_that_of_the_silhouette_alone(renderer: Renderer) -> None:
    made = stage(renderer, put("box", 0.0, -0.05), put("mug", 0.1, 0.2))
    fraction = made.seen.visible_fraction(made.scene)
    assert fraction["box-1"] == 1.0
    alone = renderer.render(made.scene, want=("segmentation",), only=("mug-1",)).segmentation
    assert alone is not None
    shown = np.count_nonzero(made.seen.segmentation == 2)
    assert fraction["mug-1"] == shown / np.count_nonzero(alone)
    assert 0.0 < fraction["mug-1"] < 1.0


def test_a_removal_is_worded_by_a_relation(renderer: Renderer) -> None:
    made = stage(renderer, put("mug", -0.2, 0.0, 1), put("mug", 0.2, 0.0, 2, 3), put("book", 0.0, 0.1))
    gone = Proposal("remove", "mug-1", None)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        expression = choose_expression(made.scene, gone, rng=rng)
        assert expression is not None
        assert expression.relation is not None
        english, chinese = write_instructions(made.scene, gone, expression, rng=rng)
        assert (parse(english).relation, parse(english).target) == (expression.relation, "mug")
        assert parse(chinese).relation == expression.relation
    same = stage(renderer, put("mug", -0.02, 0.0, 1), put("mug", 0.02, 0.0, 2))
    assert choose_expression(same.scene, gone, rng=np.random.default_rng(0)) is None


def test_chinese_words_come_from_the_kinds(renderer: Renderer) -> None:
    made = stage(renderer, put("mug", 0.0, 0.0))
    color = made.scene.objects[0].color
    shrink = Proposal("scale", "mug-1", scaled(made.scene.objects[0], 0.5), factor=0.5)
    rng = np.random.default_rng(0)
    english, chinese = write_instructions(made.scene, shrink, Expression("mug", color), rng=rng)
    assert f"{color} mug" in english
    assert assets.KINDS["mug"].label_zh in chinese
