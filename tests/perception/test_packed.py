"""Detections in a run's lines: every bit comes back, what did not change is kept once."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gsi_bench_hf.perception.packed import pack, unpack
from gsi_bench_hf.types import Detection, Scan


def detection(rng, label="mug", name=None):
    return Detection(
        rng.normal(size=7), rng.uniform(0, 500, 4), rng.normal(size=(3, 3)), label, float(rng.random()), name
    )


def fields(d):
    return d.bbox_3d.tolist(), d.bbox_2d.tolist(), d.rotation_matrix.tolist(), d.label, d.score, d.instance_id


def test_every_bit_comes_back_and_what_stayed_is_a_number():
    rng = np.random.default_rng(0)
    origin = (detection(rng, "mug", "mug-1"), detection(rng, "Stuhl 椅子"))
    stayed = Detection(*(np.array(v) for v in fields(origin[1])[:3]), *fields(origin[1])[3:])
    moved = detection(rng, "mug", "mug-1")
    line = json.dumps(pack(Scan(origin, (moved, stayed), moved)))
    assert json.loads(line)["edited"][1] == 1
    before, after = unpack(json.loads(line))
    assert [fields(d) for d in before] == [fields(d) for d in origin]
    assert [fields(d) for d in after] == [fields(moved), fields(stayed)]


def test_one_bit_of_a_difference_is_kept():
    one = detection(np.random.default_rng(1))
    other = Detection(np.nextafter(one.bbox_3d, 9), *(one.bbox_2d, one.rotation_matrix, one.label, one.score))
    _, (found,) = unpack(pack(Scan((one,), (other,), None)))
    assert found.bbox_3d.tolist() == other.bbox_3d.tolist()


def test_nothing_seen():
    assert unpack(pack(Scan((), (), None))) == ((), ())


@pytest.mark.parametrize(
    "packed", [{}, {"origin": [], "edited": [0]}, {"origin": [["mug", 1.0, None, [1.0, 2.0]]], "edited": []}]
)
def test_what_is_not_ours_is_said(packed):
    with pytest.raises(ValueError, match="packed detections can't be read"):
        unpack(packed)
