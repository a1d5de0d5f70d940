"""Parts of a mask: gaps through which one sees the background go, what only looks like one stays."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.perception.lifting.own_parts import own_parts

ROWS = np.mgrid[0:100, 0:120][0]
TABLE = (3.0 - 0.012 * ROWS).astype(np.float32)  # nearer towards the image's foot


def drawn(*parts):
    """Depth and mask of parts, (slices, depth) each, before a table."""
    depth_m, mask = TABLE.copy(), np.zeros(TABLE.shape, bool)
    for part, z in parts:
        depth_m[part], mask[part] = z, True
    return depth_m, mask


def test_what_shows_through_a_handle_is_not_the_objects():
    depth_m, mask = drawn((np.s_[30:70, 40:70], 1.9), (np.s_[35:60, 70:86], 1.92))
    gap = np.s_[42:53, 73:81]
    depth_m[gap] = TABLE[gap] - 0.01
    kept = own_parts(depth_m, mask, ~mask, 0.03)
    assert not kept[gap].any()
    kept[gap] = True
    assert np.array_equal(kept, mask)


def test_a_foot_on_the_table_stays_though_it_is_as_far_away_as_the_table():
    depth_m, mask = drawn((np.s_[20:60, 40:80], 1.9))
    foot = np.s_[62:74, 45:75]
    mask[foot], depth_m[foot] = True, TABLE[foot] - 0.005
    assert np.array_equal(own_parts(depth_m, mask, ~mask, 0.03), mask)


def test_a_part_behind_another_of_the_same_object_stays():
    # The far rim of a bowl, seen over its near one: all around it is the object, and it is not where the table is.
    depth_m, mask = drawn((np.s_[40:80, 30:90], 1.5))
    rim = np.s_[46:52, 45:75]
    depth_m[rim] = 1.6
    assert own_parts(depth_m, mask, ~mask, 0.03)[rim].all()


def test_strays_and_what_is_far_off_go():
    depth_m, mask = drawn((np.s_[30:80, 30:80], 1.5), (np.s_[10:13, 100:103], 1.5), (np.s_[85:97, 60:90], 1.1))
    kept = own_parts(depth_m, mask, ~mask, 0.03)
    assert np.array_equal(np.argwhere(kept).min(axis=0), [30, 30])
    assert np.array_equal(np.argwhere(kept).max(axis=0), [79, 79])


def test_a_sloping_object_is_one_part_and_thin_ones_hang_together_aslant():
    depth_m, mask = drawn((np.s_[30:80, 30:80], 1.5))
    depth_m[mask] = (1.2 + 0.01 * ROWS)[mask]
    assert own_parts(depth_m, mask, ~mask, 0.03) is mask
    depth_m, mask = drawn((np.s_[30:60, 30:60], 1.5))
    for k in range(20):  # a wire that leaves its corner
        depth_m[60 + k, 60 + k], mask[60 + k, 60 + k] = 1.5, True
    assert own_parts(depth_m, mask, ~mask, 0.03) is mask
