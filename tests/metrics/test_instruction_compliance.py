import gzip
import json
from pathlib import Path

import pytest
from boxes import box, edit, paper_edit, scan, seen, vector

from gsi_bench_hf.metrics.instruction_compliance import paper_compliance, strict_compliance

ORACLE = json.loads(gzip.decompress((Path(__file__).parents[1] / "data" / "oracle" / "scoring.json.gz").read_bytes()))


def test_oracle():
    for case in ORACLE:
        found = paper_compliance(
            case["operation"],
            case["edit"],
            case["origin_detections"],
            case["edited_detections"],
            case["locality_check"],
        )
        assert found == case["expected"]["instruction_compliance"]


@pytest.mark.parametrize(("reached_m", "complies"), [(0.09, 0.0), (0.101, 1.0), (0.2, 1.0), (0.299, 1.0), (0.31, 0.0)])
def test_strict_complies_from_half_of_the_way_on(reached_m, complies):
    # 0.2 m asked. At 0.09 m: 1 − 0.11/0.2 = 0.45 < 0.5; at 0.101 m: 0.505; at 0.31 m: 0.45.
    assert strict_compliance(edit("move", box(), box(0.2)), scan(box(reached_m)), 1) == complies


def test_paper_scale_complies_where_the_size_changed_by_a_fifth():
    # ‖fp − 1‖ over three extents: 1.1 gives √3 · 0.1 = 0.173, 1.2 gives √3 · 0.2 = 0.346; the threshold is 0.2.
    wanted = paper_edit(vector(size=(0.4, 0.4, 0.4)))
    for factor, complies in ((1.1, 0.0), (1.2, 1.0)):
        found = seen(vector(0.01, size=(0.2 * factor,) * 3))
        assert paper_compliance("scale", wanted, [seen(vector())], [found], True) == complies


def test_property_doing_nothing_never_complies():
    assert (
        paper_compliance("rotate", paper_edit(vector(), angle_deg=90), [seen(vector())], [seen(vector())], True) == 0.0
    )
    for wanted in (edit("move", box(), box(0.1)), edit("rotate", box(), box(angle_deg=45)), edit("remove", box())):
        assert strict_compliance(wanted, scan(box()), 1) == 0.0
