"""Referring expressions: brute force against what is offered, and the margins."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.referring import COLORS_ZH, Expression, alike, expressions_for, is_unambiguous, named_by
from gsi_bench_hf.synth.scene import Scene, SceneObject, look_at, pinhole
from gsi_bench_hf.types import Camera

CAMERA = Camera(pinhole(512, 512, 50.0), look_at(np.array([0.0, -1.0, 1.4]), np.array([0.0, 0.0, 0.75])), 512, 512)


def thing(name: str, x_m: float, y_m: float, color: str = "red") -> SceneObject:
    kind = name.partition("-")[0]
    return SceneObject(name, kind, 0, kind, color, 1, np.full(3, 0.08), np.array([x_m, y_m, 0.75]), np.eye(3))


def scene(*objects: SceneObject) -> Scene:
    return Scene("tabletop", (), objects, (), (0.0, 0.0, 0.0), CAMERA)


def test_superlatives_want_their_margin() -> None:
    clear = scene(thing("mug-1", -0.1, 0.0), thing("mug-2", 0.0, 0.0), thing("mug-3", 0.2, 0.0))
    assert named_by(clear, Expression("mug", None, "leftmost")) == ("mug-1",)
    assert named_by(clear, Expression("mug", None, "rightmost")) == ("mug-3",)
    assert is_unambiguous(clear, Expression("mug", None, "leftmost"), "mug-1")
    close = scene(thing("mug-1", -0.04, 0.0), thing("mug-2", 0.0, 0.0), thing("mug-3", 0.2, 0.0))
    assert named_by(close, Expression("mug", None, "leftmost")) == ("mug-1",)
    assert named_by(close, Expression("mug", None, "leftmost"), margin_m=0.05) == ()
    assert named_by(close, Expression("mug", None, "leftmost"), margin_m=-0.05) == ("mug-1", "mug-2")
    assert not is_unambiguous(close, Expression("mug", None, "leftmost"), "mug-1")


def test_near_and_far_are_from_the_camera() -> None:
    row = scene(thing("mug-1", 0.0, -0.1), thing("mug-2", 0.0, 0.1))
    assert named_by(row, Expression("mug", None, "nearest"), margin_m=0.05) == ("mug-1",)
    assert named_by(row, Expression("mug", None, "farthest"), margin_m=0.05) == ("mug-2",)
    # Farther to the side is farther from the camera, but not farther back: neither is "the farthest".
    side = scene(thing("mug-1", 0.0, 0.0), thing("mug-2", 0.6, 0.0))
    assert named_by(side, Expression("mug", None, "farthest"), margin_m=0.05) == ()


def test_relations_to_another_thing() -> None:
    room = scene(thing("bowl-1", 0.0, 0.0), thing("mug-1", -0.2, 0.0), thing("mug-2", 0.2, 0.0))
    assert is_unambiguous(room, Expression("mug", None, "left of", "bowl"), "mug-1")
    assert not is_unambiguous(room, Expression("mug", None, "behind", "bowl"), "mug-1")
    both = scene(thing("bowl-1", 0.0, 0.0), thing("mug-1", -0.2, 0.0), thing("mug-2", -0.3, 0.1))
    assert named_by(both, Expression("mug", None, "left of", "bowl")) == ("mug-1", "mug-2")
    twice = scene(*room.objects, thing("bowl-2", 0.3, 0.3))
    assert named_by(twice, Expression("mug", None, "left of", "bowl")) == ()


def test_colours_that_may_be_confused_tell_nothing_apart() -> None:
    assert alike("red", "orange")
    assert not alike("red", "blue")
    clear = scene(thing("mug-1", -0.2, 0.0, "red"), thing("mug-2", -0.19, 0.01, "blue"))
    assert expressions_for(clear, "mug-1") == [Expression("mug", "red")]
    mixed = scene(thing("mug-1", -0.2, 0.0, "red"), thing("mug-2", -0.19, 0.01, "orange"))
    assert expressions_for(mixed, "mug-1") == []


def test_a_kind_alone_is_named_by_its_noun_first() -> None:
    assert expressions_for(scene(thing("mug-1", 0.0, 0.0), thing("bowl-1", 0.2, 0.0)), "mug-1")[0] == Expression("mug")


@st.composite
def tables(draw: Any) -> Scene:
    places = st.tuples(st.floats(-0.4, 0.4), st.floats(-0.3, 0.3))
    count = draw(st.integers(1, 6))
    kinds = draw(st.lists(st.sampled_from(["mug", "bowl", "book"]), min_size=count, max_size=count))
    colors = draw(st.lists(st.sampled_from(["red", "orange", "blue", "white"]), min_size=count, max_size=count))
    spots = draw(st.lists(places, min_size=count, max_size=count))
    return scene(*(thing(f"{k}-{i}", *s, c) for i, (k, s, c) in enumerate(zip(kinds, spots, colors, strict=True))))


@given(tables())
def test_what_is_offered_names_the_target_alone(room: Scene) -> None:
    for target in room.objects:
        for expression in expressions_for(room, target.instance_id):
            for margin_m in (-0.05, -0.02, 0.0, 0.02, 0.05):
                assert named_by(room, expression, margin_m=margin_m) == (target.instance_id,)


@given(tables(), st.sampled_from(["leftmost", "rightmost", "nearest", "farthest"]))
def test_a_wider_margin_names_fewer(room: Scene, relation: str) -> None:
    expression = Expression("mug", None, relation)
    named = [set(named_by(room, expression, margin_m=m)) for m in (-0.1, -0.05, 0.0, 0.05, 0.1)]
    for looser, tighter in pairwise(named):
        assert tighter <= looser
    assert len(named[2]) <= 1


def test_every_colour_of_the_assets_has_a_chinese_word() -> None:
    used = {assets.build_asset(kind, variant).color for kind in assets.movable_kinds() for variant in range(6)}
    assert used <= set(COLORS_ZH), used - set(COLORS_ZH)
