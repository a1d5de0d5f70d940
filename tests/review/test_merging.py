"""Several reviewers' decisions as one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from candidate_rows import candidate, note, write

from gsi_bench_hf.review import ReviewError, Wording, merged
from gsi_bench_hf.review.candidates import Candidates

IDS = [f"real-{index:05d}" for index in range(5)]


def test_what_nobody_decided_is_undecided(folder):
    found = merged(folder)
    assert (dict(found.accepted), dict(found.rejected), found.conflicts) == ({}, {}, ())
    assert found.undecided == tuple(IDS)
    assert found.agreement.items == 0
    assert math.isnan(found.agreement.keep.value)
    assert str(found) == "together: 0 accepted, 0 rejected, 0 in conflict, 5 to be decided"


def test_one_reviewer_decides(folder):
    note(folder, "ann", {3: "accept", 0: ("edit", "Shift it."), 1: ("reject", "too dark")})
    found = merged(folder)
    assert list(found.accepted) == [IDS[0], IDS[3]]  # in the order of the candidates
    assert found.accepted[IDS[0]] == Wording("Shift it.", "把方块向右移动0厘米。")
    assert found.accepted[IDS[3]].instruction == candidate(3)["instruction"]
    assert dict(found.rejected) == {IDS[1]: ("too dark",)}
    assert found.undecided == (IDS[2], IDS[4])


def two(folder):
    note(folder, "ann", {0: "accept", 1: "accept", 2: ("edit", "A"), 3: ("reject", "x")})
    note(folder, "bob", {0: "accept", 1: ("reject", "y"), 2: ("edit", "B"), 3: ("reject", "z"), 4: "accept"})


def test_two_reviewers_agree_or_not(folder):
    two(folder)
    found = merged(folder)
    assert list(found.accepted) == [IDS[0], IDS[4]]
    assert dict(found.rejected) == {IDS[3]: ("x", "z")}
    assert [(conflict.id, conflict.about) for conflict in found.conflicts] == [(IDS[1], "keep"), (IDS[2], "wording")]
    assert found.conflicts[0].decisions["bob"].reason == "y"
    assert found.counts["bob"] == {"accept": 2, "edit": 1, "reject": 2}


def test_an_acceptance_and_another_wording_are_a_conflict(folder):
    note(folder, "ann", {0: "accept"})
    note(folder, "bob", {0: ("edit", "Other words.")})
    assert [conflict.about for conflict in merged(folder).conflicts] == ["wording"]


def test_agreement_by_hand(folder):
    """Krippendorff's alpha of the four candidates that both decided; k for keep, r for reject.

    ann kkkr, bob krkr: values n = 8, of which k 5 and r 3. One unit of four disagrees: ordered pairs that differ, each unit's
    divided by its m - 1 = 1, are 2, so observed = 2 / 8. Expected = 2 * 5 * 3 / (8 * 7) = 30 / 56. Alpha = 1 - 0.25 * 56 / 30.
    """
    two(folder)
    agreement = merged(folder).agreement
    assert (agreement.items, agreement.same) == (4, 3)
    assert agreement.keep.value == pytest.approx(1.0 - 0.25 * 56.0 / 30.0)
    assert agreement.keep.n == 4
    # Accept, edit and reject apart: aaer and arer; n a 3, e 2, r 3: expected 2 * (3*2 + 3*3 + 2*3) / 56.
    assert agreement.choice.value == pytest.approx(1.0 - 0.25 * 56.0 / 42.0)
    assert "agreement on 3 of 4 whether to keep, alpha 0.53" in str(merged(folder))


def test_where_all_is_kept_alpha_is_not_told(folder):
    note(folder, "ann", {0: "accept", 1: "accept"})
    note(folder, "bob", {0: "accept", 1: "accept"})
    found = merged(folder)
    assert math.isnan(found.agreement.keep.value)
    assert "alpha can't be told, as all were kept" in str(found)
    assert found.to_json()["agreement"]["keep"]["value"] is None


def test_a_settlement_settles_and_is_no_vote(folder):
    two(folder)
    before = merged(folder).agreement
    note(folder, "ann", {2: ("edit", "Older.")}, settles=True, at="2026-02-01")
    note(folder, "cleo", {1: "accept", 2: ("edit", "Newer.")}, settles=True, at="2026-02-02")
    note(folder, "bob", {2: ("edit", "Oldest.")}, settles=True, at="2026-01-31")
    found = merged(folder)
    assert found.conflicts == ()
    assert found.settled == 2
    assert found.accepted[IDS[1]].instruction == candidate(1)["instruction"]
    assert found.accepted[IDS[2]].instruction == "Newer."
    np.testing.assert_equal(vars(found.agreement), vars(before))


def test_a_candidate_made_anew_is_to_be_decided_again(folder):
    digests = {brief.id: brief.digest for brief in Candidates(folder).briefs}
    note(folder, "ann", {0: "accept"}, candidate=digests[IDS[0]])
    note(folder, "ann", {1: "accept"}, candidate=digests[IDS[1]])
    write(folder, [candidate(0), candidate(1, instruction="Another edit.")])
    found = merged(folder)
    assert (list(found.accepted), found.undecided, found.stale) == ([IDS[0]], (IDS[1],), 1)
    note(folder, "ann", {4: "accept"})  # which is gone
    assert merged(folder).stale == 2


def test_two_can_be_asked_for(folder):
    two(folder)
    found = merged(folder, needed=2)
    assert (list(found.accepted), found.undecided) == ([IDS[0]], (IDS[4],))
    with pytest.raises(ReviewError, match="needed is 0, expected a number of reviewers, 1 or more"):
        merged(folder, needed=0)


def test_who_came_first_makes_no_difference(tmp_path):
    given = {
        "ann": {0: "accept", 1: "accept", 2: ("edit", "A")},
        "bob": {0: "accept", 1: ("reject", "y"), 3: "accept"},
        "cleo": {0: ("reject", "x"), 2: ("edit", "A")},
    }
    found = []
    for k, order in enumerate(itertools.permutations(given)):
        folder = write(tmp_path / str(k), [candidate(index) for index in range(5)])
        for name, renamed in zip(order, given, strict=True):
            note(folder, renamed, given[name])
        one = merged(folder)
        found.append((dict(one.accepted), dict(one.rejected), [(c.id, c.about) for c in one.conflicts], one.undecided))
        np.testing.assert_allclose(one.agreement.keep.value, merged(tmp_path / "0").agreement.keep.value)
    assert all(one == found[0] for one in found)
