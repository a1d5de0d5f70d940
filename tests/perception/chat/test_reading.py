"""Rubrics and what replies mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsi_bench_hf.metrics.appearance_consistency import parse_judgement
from gsi_bench_hf.perception import load_judge
from gsi_bench_hf.perception.chat.reading import read_body, read_text
from gsi_bench_hf.perception.chat.rubric import MARK, RubricError, load_rubric
from gsi_bench_hf.types import OPERATIONS

APPEARANCE = load_rubric("appearance")
NAMES = ("appearance", "plausibility", "instruction", "rewrite")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("structured", [True, False])
def test_a_rubric_of_ours_fills_in(name, structured):
    rubric = load_rubric(name)
    fields = {field: f"<{field} with {{target}} in it>" for field in rubric.fields}
    text = rubric.fill(fields, structured=structured)
    assert rubric.version >= 1
    assert all(value in text for value in fields.values())  # and what was put in is not filled in again
    assert (MARK in text) is not structured
    assert all(f'"{part}"' in text for part in rubric.answer)
    assert rubric.schema["required"] == list(rubric.answer)
    assert len(rubric.captions()) == len(rubric.images)


def test_the_judges_rubric_has_a_word_on_every_operation():
    assert set(APPEARANCE.guidance) == set(OPERATIONS)


def test_the_rubrics_are_part_of_the_package():
    from importlib.resources import files

    assert {p.name for p in (files("gsi_bench_hf.perception") / "rubrics").iterdir()} == {f"{n}.md" for n in NAMES}


def test_a_file_without_a_head_is_answered_as_appearance_is(tmp_path):
    own = tmp_path / "own.md"
    own.write_text("Was this done: {instruction}? Braces like {this} and {} stay.")
    rubric = load_rubric(own)
    assert (rubric.name, rubric.fields, rubric.answer) == ("own", ["instruction"], APPEARANCE.answer)
    assert "{this} and {} stay" in rubric.fill({"instruction": "x"}, structured=False)
    assert rubric.sha256 != load_rubric("appearance").sha256


HEAD = "---\nname: own\nversion: 2\nimages: {source: before, edited: after}\nfields: [target]\nanswer:\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nname: x\n---\nHello", r"head can't be read \(KeyError: 'version'\); expected name, version, images"),
        ("---\nname: [\n---\nHello", r"head can't be read \(ParserError"),
        (HEAD + "  score: {type: number}\n---\nNo field here", "the field 'target' is nowhere in the text"),
        (
            HEAD + "  score: {type: numbr}\n---\n{target}",
            "'score' of the answer has type 'numbr', expected one of boolean",
        ),
    ],
)
def test_a_wrong_rubric_is_said_to_be_so(tmp_path, text, message):
    path = tmp_path / "own.md"
    path.write_text(text)
    with pytest.raises(RubricError, match=message):
        load_rubric(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "  good: {type: boolean}\n---\n{target}", "has no score from a minimum to a maximum"),
        (
            HEAD.replace("[target]", "[target, colour]")
            + "  score: {type: number, minimum: 0, maximum: 5}\n---\n{target} {colour}",
            "wants the field 'colour', which a judge does not have",
        ),
        (
            HEAD.replace("edited: after", "depth: depth")
            + "  score: {type: number, minimum: 0, maximum: 5}\n---\n{target}",
            "wants the image 'depth'",
        ),
    ],
)
def test_a_judge_needs_a_rubric_it_can_answer(tmp_path, text, message):
    path = tmp_path / "own.md"
    path.write_text(text)
    with pytest.raises(RubricError, match=message):
        load_judge("chat", url="http://localhost:1/v1", rubric=path)


def test_unknown_rubrics_and_fields_get_a_suggestion():
    with pytest.raises(
        RubricError, match=r"'apearance' can't be read \(No such file or directory\)\. Did you mean 'appearance'\?"
    ):
        load_rubric("apearance")
    with pytest.raises(RubricError, match=r"has no field 'instructions'\. Did you mean 'instruction'\?"):
        APPEARANCE.fill({"instructions": "x"}, structured=False)
    with pytest.raises(RubricError, match="needs the field 'instruction', which was not given"):
        APPEARANCE.fill({"target": "x"}, structured=False)


GOOD = '{"reasoning": "same", "score": 7}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  {GOOD}\n",
        f"Well. {MARK}{GOOD}{MARK}",
        f"{MARK} {GOOD}",
        f"{MARK}{GOOD}{MARK} and some more {{}}",
        f"Here:\n```json\n{GOOD}\n```\nDone.",
        f"```\n{GOOD}\n```",
        f"<think>{MARK}{{}}{MARK}</think>\n{MARK}{GOOD}{MARK}",
        f'{MARK}{{"reasoning": "same", "score": 7, "more": null}}{MARK}',
    ],
)
def test_answers(text):
    reply = read_text(text, APPEARANCE)
    assert (reply.kind, reply.answer) == ("answered", {"reasoning": "same", "score": 7})
    if MARK in text and "think" not in text:
        assert parse_judgement(text) == 7  # the released evaluator reads the same


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("", "unreadable", "(nothing)"),
        ("8", "unreadable", "the reply's JSON is no object"),
        ("The score is 8.", "unreadable", "no JSON where it should"),
        (f"{GOOD}{GOOD}", "unreadable", "no JSON where it should"),
        (f"```json\n{GOOD}\n```\n```json\n{GOOD}\n```", "unreadable", "no JSON where it should"),
        ('{"reasoning": "same"}', "unreadable", "no 'score'"),
        ('{"score": 7}', "unreadable", "no 'reasoning'"),
        ('{"reasoning": "same", "score": "7"}', "unreadable", "'score' is '7', expected a number"),
        ('{"reasoning": "same", "score": true}', "unreadable", "'score' is True, expected a number"),
        ('{"reasoning": "same", "score": NaN}', "unreadable", "'score' is nan, expected a number"),
        ('{"reasoning": "same", "score": 1e999}', "unreadable", "'score' is inf"),
        ('{"reasoning": "same", "score": 10.1}', "unreadable", "'score' is 10.1, expected 0 to 10"),
        ('{"reasoning": "same", "score": -1}', "unreadable", "expected 0 to 10"),
        ("[" * 100_000, "unreadable", "no JSON where it should"),
        ("I'm sorry, I can't help with that.", "refused", "the model refused: I'm sorry"),
        ("I cannot assist with this.", "refused", "I cannot"),
        (f"I'm sorry to say that it melted. {MARK}{GOOD}{MARK}", "answered", ""),
    ],
)
def test_what_is_no_answer(text, kind, reason):
    reply = read_text(text, APPEARANCE)
    assert reply.kind == kind
    assert reason in reply.reason
    assert (reply.answer is None) is (kind != "answered")


def test_cut_short_is_truncated_only_where_the_answer_is_lost():
    assert read_text(f"{MARK}{GOOD}{MARK} And", APPEARANCE, cut=True).answer is not None
    assert read_text("<think>It seems", APPEARANCE, cut=True).kind == "truncated"


def test_choices_of_words():
    rubric = load_rubric("plausibility")
    answer = {"reasoning": "fine", "problem": "none", "plausible": True}
    assert read_text(json.dumps(answer), rubric).answer == answer
    wrong = read_text(json.dumps({**answer, "problem": "too heavy"}), rubric)
    assert "'problem' is 'too heavy', expected one of none, wrong_object" in wrong.reason
    assert read_text(json.dumps({**answer, "plausible": 1}), rubric).kind == "unreadable"


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_json_is_read_without_a_crash(value):
    reply = read_body(value, APPEARANCE)
    assert reply.kind in ("unreadable", "refused", "truncated")
    assert reply.answer is None


@settings(max_examples=40, deadline=None)
@given(st.text(), st.booleans())
def test_any_text_is_read_without_a_crash(text, cut):
    assert read_text(text, APPEARANCE, cut=cut).answer is None
