"""What a reviewer decides: what counts as a decision, and that none is lost."""

from __future__ import annotations

import json

import pytest
from candidate_rows import accept, lines

from gsi_bench_hf.durable import RunFolderError, RunFolderWarning
from gsi_bench_hf.review.decisions import MAX_CHARS, Log, ReviewError, decide, decision_file, read_decisions, reviewers

CANDIDATE = {
    "id": "real-1",
    "instruction": "Move the mug.",
    "instruction_zh": "移动杯子。",
    "digest": "0123456789abcdef",
}


def test_accepting_keeps_the_words_and_says_what_was_looked_at():
    found = decide(CANDIDATE, {"decision": "accept", "instruction": "not these", "reason": "nor this"})
    assert (found.decision, *found.wording, found.reason) == ("accept", "Move the mug.", "移动杯子。", "")
    assert (found.candidate, found.settles) == ("0123456789abcdef", False)


def test_an_edit_has_new_words_on_one_line():
    found = decide(
        CANDIDATE, {"decision": "edit", "instruction": " Move\tthe\n red\u200b mug. ", "instruction_zh": " "}
    )
    assert (found.decision, *found.wording) == ("edit", "Move the red mug.", None)


def test_an_edit_that_changes_nothing_is_an_acceptance():
    same = {"decision": "edit", "instruction": "Move the  mug. ", "instruction_zh": "移动杯子。"}
    assert decide(CANDIDATE, same).decision == "accept"
    assert decide(CANDIDATE, {**same, "instruction_zh": "移动红杯子。"}).decision == "edit"


def test_a_rejection_has_its_reason_and_the_old_words():
    found = decide(CANDIDATE, {"decision": "reject", "reason": " too\x00 dark ", "instruction": "no"}, settles=True)
    assert (found.decision, found.reason, found.instruction, found.settles) == (
        "reject",
        "too dark",
        "Move the mug.",
        True,
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"decision": "maybe"}, "decision is 'maybe', expected one of accept, edit, reject"),
        ({}, "decision is None, expected one of"),
        (["accept"], "decision is 'list', expected one of"),
        ({"decision": ["accept"]}, r"decision is \['accept'\], expected one of"),
        ({"decision": "edit", "instruction": " \n "}, "the instruction is empty, expected the words"),
        ({"decision": "edit", "instruction": 5}, "instruction is int, expected text"),
        (
            {"decision": "edit", "instruction": "x" * (MAX_CHARS + 1)},
            "instruction has 2001 characters, expected at most 2000",
        ),
    ],
)
def test_what_is_no_decision_is_refused(answer, message):
    with pytest.raises(ReviewError, match=message):
        decide(CANDIDATE, answer)


def test_half_a_surrogate_can_be_written_down(folder):
    with Log(folder, "ann") as log:
        log.add(decide(CANDIDATE, json.loads('{"decision": "edit", "instruction": "Move \\ud83d it."}')))
    assert lines(folder, "ann")[0]["instruction"] == "Move it."


def test_the_last_decision_counts_and_all_are_kept(folder):
    with Log(folder, "ann") as log:
        log.add(accept(0))
        log.add(decide(CANDIDATE | {"id": "real-00000"}, {"decision": "reject"}))
    with Log(folder, "ann") as again:
        assert again.latest(settles=False)["real-00000"].decision == "reject"
    assert [line["decision"] for line in lines(folder, "ann")] == ["accept", "reject"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_cut_short_is_removed_and_said(folder, cut):
    with Log(folder, "ann") as log:
        log.add(accept(0))
        log.add(accept(1))
    path = decision_file(folder, "ann")
    path.write_bytes(path.read_bytes()[: -1 - cut])
    with pytest.warns(RunFolderWarning, match="last line was cut short"):
        again = Log(folder, "ann")
    with again as log:
        assert list(log.latest(settles=False)) == ["real-00000"]
        log.add(accept(2))
    assert [line["id"] for line in lines(folder, "ann")] == ["real-00000", "real-00002"]


def test_a_whole_line_without_its_end_is_kept(folder):
    with Log(folder, "ann") as log:
        log.add(accept(0))
    path = decision_file(folder, "ann")
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    with Log(folder, "ann") as log:
        log.add(accept(1))
    assert [line["id"] for line in lines(folder, "ann")] == ["real-00000", "real-00001"]


@pytest.mark.parametrize(
    "garbled", ["{", "[]", '{"id": "a"}', '{"id": 3, "decision": "accept", "instruction": ""}', "\x00"]
)
def test_a_line_that_can_not_be_read_costs_no_other(folder, garbled):
    with Log(folder, "ann") as log:
        log.add(accept(0))
    path = decision_file(folder, "ann")
    path.write_text(f"{garbled}\n" + path.read_text())
    with pytest.warns(RunFolderWarning, match="1 line can't be read and is ignored"):
        assert read_decisions(path) == [accept(0)]


def test_one_reviewer_is_at_it_once_and_two_at_a_time(folder):
    with Log(folder, "ann"), Log(folder, "bob") as other:
        other.add(accept(0))
        with pytest.raises(RunFolderError, match=r"in use by process \d+; .* or give another --reviewer"):
            Log(folder, "ann")
    with Log(folder, "ann"):
        assert reviewers(folder) == ("bob",)


@pytest.mark.parametrize("name", ["", "../ann", "a b", ".ann", "a.b", "x" * 41, "-x"])
def test_a_name_that_can_be_no_files_is_refused(folder, name):
    with pytest.raises(ReviewError, match="expected 1 to 40 letters, digits, '-' or '_'; give a name with --reviewer"):
        Log(folder, name)
