import json
import math
from pathlib import Path

import pytest

from gsi_bench_hf.metrics.appearance_consistency import appearance_consistency, parse_judgement

ORACLE = json.loads((Path(__file__).parents[1] / "data" / "oracle" / "judgements.json").read_text())


@pytest.mark.parametrize("case", ORACLE, ids=range(len(ORACLE)))
def test_oracle(case):
    assert parse_judgement(case["prediction"]) == case["expected"]


@pytest.mark.parametrize(
    "text",
    [
        '||V^=^V||{"score": "nine"}||V^=^V||',
        '||V^=^V||{"score": NaN}||V^=^V||',
        "||V^=^V||[9]||V^=^V||",
        '||V^=^V||{"score": true}||V^=^V||',
        '||V^=^V||"score"||V^=^V||',
        '||V^=^V||{"score": "neun"',
        '{"score": 9}||V^=^V||',
        None,
    ],
)
def test_what_is_no_number_is_none(text):
    assert parse_judgement(text) is None


def test_quirk_the_json_stands_after_the_first_mark_and_the_second_may_be_missing():
    assert parse_judgement('{"score": 1} ||V^=^V|| {"score": 7, "reasoning": "schön 马克杯"}') == 7
    assert parse_judgement('||V^=^V||{"score": 7}||V^=^V||{"score": 8}||V^=^V||') == 7


def test_by_hand():
    # 7.5 of 10 is 75 of 100.
    assert appearance_consistency(7.5) == 75.0
    assert math.isnan(appearance_consistency(None))


def test_property_monotone_over_the_scale():
    values = [appearance_consistency(score / 4) for score in range(41)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0.0, 100.0)


@pytest.mark.parametrize("score", [-1, 10.5, math.inf])
def test_a_score_outside_the_scale_is_refused(score):
    with pytest.raises(ValueError, match=r"score is .*, expected 0\.\.10"):
        appearance_consistency(score)
