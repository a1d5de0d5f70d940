import gzip
import json
from pathlib import Path

import pytest
from boxes import box, edit, paper_edit, scan, seen, vector

from gsi_bench_hf.metrics.spatial_accuracy import paper_accuracy, strict_accuracy

ORACLE = json.loads(gzip.decompress((Path(__file__).parents[1] / "data" / "oracle" / "scoring.json.gz").read_bytes()))


def test_oracle():
    for case in ORACLE:
        found = paper_accuracy(
            case["operation"],
            case["edit"],
            case["origin_detections"],
            case["edited_detections"],
            case["locality_check"],
        )
        assert found == pytest.approx(case["expected"]["spatial_accuracy"], abs=1e-9)


def test_by_hand_under_both_protocols():
    # Half a metre asked, three quarters found. paper: boxes don't overlap, r = 1.5, s2 = exp(−(ln √1.5)²) = exp(−0.0411) = 0.95972,
    # 0.7 · 0.95972 = 0.67181. strict: 1 − 0.25/0.5 = 0.5.
    paper = paper_accuracy("move", paper_edit(vector(0.5)), [seen(vector())], [seen(vector(0.75))], True)
    assert paper == pytest.approx(0.67181, abs=2e-5)
    assert strict_accuracy(edit("move", box(), box(0.5)), scan(box(0.75)), 1) == pytest.approx(0.5)


def test_property_identity_scores_nothing():
    assert paper_accuracy("move", paper_edit(vector(0.5)), [seen(vector())], [seen(vector())], True) == pytest.approx(
        0.0
    )
    assert strict_accuracy(edit("move", box(), box(0.5)), scan(box()), 1) == 0.0
