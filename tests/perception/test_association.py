"""Which object is which: what stands where one stood is that one, whatever was asked."""

from __future__ import annotations

import numpy as np
import pytest
import tiny

from gsi_bench_hf.perception.association import associate, overlap, target_box_px
from gsi_bench_hf.types import Detection, Sample


def at(x_px, y_px, label="square", score=0.9, side_px=tiny.SIDE_PX):
    bbox_2d = np.array([x_px, y_px, x_px + side_px, y_px + side_px], dtype=float)
    return Detection(np.array(tiny.box(x_px, y_px, side_px=side_px)), bbox_2d, np.eye(3), label, score)


def record(operation="move"):
    return Sample(tiny.row(6) | {"operation": operation})  # its square is at 9, 13 and shall go to 23, 13


def test_one_object_that_moved_anywhere():
    scan = associate(record(), [at(9, 13)], [at(40, 40)])
    assert scan.source_target is scan.origin[0]
    assert scan.target is scan.edited[0]
    assert scan.target.instance_id == "square-1"
    assert (scan.lost, scan.added, scan.relative) == (0, 0, True)


def test_a_copy_elsewhere_does_not_make_it_move():
    scan = associate(record(), [at(9, 13)], [at(23, 13, score=0.99), at(9, 13, score=0.5)])
    assert scan.target.bbox_2d[0] == 9
    assert scan.added == 1


def test_twins_that_stay_are_told_from_the_target():
    others = [at(40, 10), at(40, 40), at(5, 45, "lamp")]
    scan = associate(record(), [*others, at(9, 13)], [at(24, 14), *others[::-1]])
    assert scan.source_target is scan.origin[3]
    assert scan.target is scan.edited[0]
    assert (scan.lost, scan.added) == (0, 0)


def test_of_what_is_new_the_most_certain_of_its_kind():
    scan = associate(record(), [at(9, 13)], [at(40, 40, "lamp", 0.99), at(23, 13, score=0.6), at(45, 20, score=0.5)])
    assert scan.target is scan.edited[1]
    assert scan.added == 2


def test_another_object_takes_no_part():
    scan = associate(record(), [at(9, 13), at(40, 40)], [at(23, 13)])
    assert (scan.lost, scan.added) == (1, 0)
    nothing = associate(record(), [at(9, 13), at(40, 40)], [])
    assert (nothing.target, nothing.lost) == (None, 1)


def test_a_removed_object_may_leave_another_of_its_kind_in_sight():
    scan = associate(record("remove"), [at(9, 13)], [at(40, 40)])
    assert (scan.target, scan.added) == (None, 1)
    assert associate(record("remove"), [at(9, 13)], [at(10, 13)]).target is not None


def test_without_the_target_in_the_source_nothing_is_the_target():
    scan = associate(record(), [at(40, 40)], [at(40, 40), at(23, 13)])
    assert (scan.source_target, scan.target) == (None, None)
    assert associate(record(), [], []).source_target is None


def test_half_hidden_it_is_known_by_its_place_in_space():
    hidden = Detection(np.array(tiny.box(9, 13)), np.array([9.0, 13.0, 12.0, 15.0]), np.eye(3), "square", 0.9)
    scan = associate(record(), [hidden], [hidden])
    assert scan.target is not None


def test_the_targets_place_is_its_masks_or_its_boxs():
    assert target_box_px(record()).tolist() == [9, 13, 21, 25]
    row = tiny.row(6)
    without = Sample(row | {"target": row["target"] | {"mask": None}})
    np.testing.assert_allclose(target_box_px(without), [9, 13, 21, 25], atol=0.2)


@pytest.mark.parametrize(("box", "shared"), [([0, 0, 2, 2], 1.0), ([2, 2, 4, 4], 0.0), ([0, 0, 0, 0], 0.0)])
def test_overlap(box, shared):
    assert overlap([0, 0, 2, 2], box) == shared
