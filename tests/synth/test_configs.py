"""The configs as data: counts of the paper, rows that follow from their number, and nothing in common between training and test."""

from __future__ import annotations

from collections import Counter

import pytest

from gsi_bench_hf.synth.configs import CONFIGS, TEST_VARIANTS, TRAIN_VARIANTS, Share

SIX = ("move", "rotate", "remove", "view", "place", "receptacle")


def places(name):
    return [CONFIGS[name].locate(row) for row in range(CONFIGS[name].num_rows)]


@pytest.mark.parametrize(("name", "rows"), [("sim-room", 593), ("sim-bathroom", 200)])
def test_rooms_take_turns_over_six_operations(name, rows):
    found = places(name)
    assert len(found) == rows
    for row, place in enumerate(found):
        assert place.operation == SIX[row % 6]
        assert place.index == row // 3
        assert place.key == name
        assert place.share.operations == (SIX[:3] if place.index % 2 == 0 else SIX[3:])
    counts = Counter(place.operation for place in found)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_training_is_seven_pairs_of_1500():
    found = places("sim-train")
    pairs = Counter((place.share.environment, place.operation) for place in found)
    assert pairs == {
        **{("tabletop", operation): 1500 for operation in ("move", "rotate", "scale")},
        **{("room", operation): 1500 for operation in ("move", "rotate", "remove", "view")},
    }
    for row, place in enumerate(found):
        assert place.index == row // 7
        assert place.key == f"sim-train-{place.share.environment}"


def test_the_tabletop_config_is_as_it_was():
    for row, place in enumerate(places("sim-tabletop")):
        assert (place.key, place.index, place.operation) == (
            "sim-tabletop",
            row // 3,
            ("move", "rotate", "scale")[row % 3],
        )


def test_scenes_begin_with_every_cycle():
    for spec in CONFIGS.values():
        for turn in (1, 2, 5):
            first, before = spec.locate(turn * spec.rows_a_cycle), spec.locate(turn * spec.rows_a_cycle - 1)
            assert (first.key, first.index) != (before.key, before.index)


def test_other_operations_are_given_by_every_scene():
    spec = CONFIGS["sim-room"].with_operations(("remove", "move"))
    assert spec.cycle == (Share("room", ("remove", "move")),)
    assert [(spec.locate(k).index, spec.locate(k).operation) for k in range(3)] == [
        (0, "remove"),
        (0, "move"),
        (1, "remove"),
    ]
    both = CONFIGS["sim-train"].with_operations(("move",))
    assert [both.locate(k).key for k in range(3)] == ["sim-train-tabletop", "sim-train-room", "sim-train-tabletop"]


def test_training_draws_other_assets_and_other_random_numbers_than_the_tests():
    assert not set(TEST_VARIANTS) & set(TRAIN_VARIANTS)
    keys = {name: {place.key for place in places(name)} for name in CONFIGS}
    for name, spec in CONFIGS.items():
        assert spec.variants == (TRAIN_VARIANTS if name == "sim-train" else TEST_VARIANTS)
        for other in CONFIGS:
            assert name == other or not keys[name] & keys[other]
