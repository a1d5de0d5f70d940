"""What the judge "chat" sends, and what it makes of answers; all of it over real HTTP."""

from __future__ import annotations

import json

import huggingface_hub
import numpy as np
import pytest
import tiny
from judge_server import KEY
from PIL import Image

from gsi_bench_hf.perception import load_judge
from gsi_bench_hf.perception.chat.rubric import MARK, RubricError
from gsi_bench_hf.types import JudgeStoppedError, Sample

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))


def sample(number=3, **more):
    return Sample(tiny.row(number, instruction=f"Move the square 14 pixels to the right. #{number}") | more)


def judged(judge, number=3):
    return judge.judge(sample(number), sample(number).target_image)


def test_the_question(server, load):
    assert judged(load(temperature=0.5, max_tokens=77, seed=9, top_p=0.9)).score == 3.0
    (call,) = server.calls
    body = {k: v for k, v in call.body.items() if k not in ("messages", "response_format")}
    assert body == {"model": "m", "max_tokens": 77, "temperature": 0.5, "seed": 9, "top_p": 0.9}
    assert "Move the square 14 pixels to the right. #3" in call.text
    assert "seen from elsewhere it may look" in call.text  # the word on moves, and on no other operation
    assert "The camera was to move" not in call.text
    assert [part["type"] for part in call.body["messages"][0]["content"]] == ["text", "image_url"] * 2 + ["text"]
    assert np.array_equal(np.asarray(call.image(0)), np.asarray(sample().source_image))
    assert np.array_equal(np.asarray(call.image(1)), np.asarray(sample().target_image))


def test_images_as_jpeg_and_no_larger_than_asked(server, load):
    load(image_format="jpeg", jpeg_quality=80, longest_px=30).ask(
        "rewrite", [PICTURE, PICTURE], {"instruction": "x", "target": "y"}
    )
    image = server.calls[0].image(0)
    assert (image.format, image.size) == ("JPEG", (30, 20))
    load(longest_px=None).ask("rewrite", [PICTURE, PICTURE], {"instruction": "x", "target": "y"})
    assert (server.calls[-1].image(0).format, server.calls[-1].image(0).size) == ("PNG", (60, 40))


@pytest.mark.parametrize("structures", ["obeys", "ignores"])
def test_the_answers_form_is_asked_for(server, load, structures):
    server.structures = structures
    assert judged(load()).score == 3.0
    (call,) = server.calls
    schema = call.body["response_format"]["json_schema"]
    assert call.body["response_format"]["type"] == "json_schema"
    assert schema["schema"]["properties"]["score"]["maximum"] == 10
    assert MARK not in call.text


def test_a_server_without_forms_is_asked_for_marks_and_not_again(server, load):
    server.structures = "refuses"
    judge = load()
    assert [judged(judge, n).score for n in (3, 4)] == [3.0, 4.0]
    assert [(c.number, "response_format" in c.body, MARK in c.text) for c in server.calls] == [
        (3, True, False),
        (3, False, True),
        (4, False, True),
    ]
    assert judged(load(structured=True)).kind == "endpoint"
    server.calls.clear()
    assert judged(load(structured=False)).score == 3.0
    assert len(server.calls) == 1


def test_another_error_is_not_taken_for_a_want_of_forms(server, load):
    server.plan = {3: "400"}
    judgement = judged(load())
    assert (judgement.score, judgement.kind) == (None, "endpoint")
    assert "maximum context length" in judgement.reason
    assert len(server.calls) == 1


def test_repeats_are_averaged_and_what_is_missing_takes_no_part(server, load):
    server.score = lambda call: [4, 7, 9][call.body["seed"]]
    judgement = judged(load(repeats=3, temperature=1.0))
    assert judgement.score == pytest.approx(20 / 3)
    assert judgement.scores == (4.0, 7.0, 9.0)
    assert judgement.reason == "4, 7, 9: seen 3"
    assert sorted(call.body["seed"] for call in server.calls) == [0, 1, 2]
    server.plan = {4: "sorry*1", 5: "sorry"}
    partly = judged(load(repeats=2), 4)
    assert (partly.score, partly.scores, partly.reason) == (7.0, (None, 7.0), "–, 7: seen 4")
    none = judged(load(repeats=2), 5)
    assert (none.score, none.kind, none.scores) == (None, "refused", (None, None))


def test_a_scale_of_ones_own_is_brought_to_ten(server, load, tmp_path):
    own = tmp_path / "five.md"
    own.write_text(
        "---\nname: five\nversion: 1\nimages: {edited: the result}\nfields: [instruction]\n"
        "answer: {score: {type: integer, minimum: 1, maximum: 5}}\n---\nHow good is it? {instruction}"
    )
    server.score = lambda call: 4
    judgement = judged(load(rubric=own))
    assert judgement.score == pytest.approx(7.5)
    assert len(server.calls[0].images) == 1


def test_what_was_answered_is_never_asked_again(server, load, tmp_path):
    first = load()
    first.keep_in(tmp_path)
    assert judged(first).score == 3.0
    assert judged(first).score == 3.0
    other = load()
    other.keep_in(tmp_path)
    assert judged(other).score == 3.0
    assert len(server.calls) == 1
    for different in ({"temperature": 0.3}, {"model": "n"}, {"seed": 1}, {"image_format": "jpeg"}, {"top_p": 0.5}):
        another = load(**different)
        another.keep_in(tmp_path)
        judged(another)
    assert len(server.calls) == 6
    assert judged(other, 4).score == 4.0
    moved = load(url=server.url.replace("127.0.0.1", "localhost"))  # the same model at another address
    moved.keep_in(tmp_path)
    assert judged(moved).score == 3.0
    assert len(server.calls) == 7


def test_a_line_cut_short_by_a_crash_is_asked_again(server, load, tmp_path):
    judge = load()
    judge.keep_in(tmp_path)
    judged(judge, 3)
    judged(judge, 4)
    path = tmp_path / "replies.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    again = load()
    again.keep_in(tmp_path)
    assert [judged(again, n).score for n in (3, 4)] == [3.0, 4.0]
    assert [call.number for call in server.calls] == [3, 4, 4]
    assert [json.loads(line)["outcome"] for line in path.read_text().splitlines()] == ["reply", "reply"]


def test_processes_that_share_a_run_know_each_others_replies(server, load, tmp_path):
    for part in (0, 1):
        judge = load()
        judge.keep_in(tmp_path, part)
        judged(judge, part)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["replies.jsonl", "replies.part1.jsonl"]
    judge = load()
    judge.keep_in(tmp_path)
    assert [judged(judge, n).score for n in (0, 1)] == [0.0, 1.0]
    assert len(server.calls) == 2


def test_asking_anything_there_is_a_rubric_for(server, load):
    fields = {"instruction": "Move the mug. #8", "target": "mug"}
    reply = load().ask("instruction", [PICTURE, PICTURE], fields, about="row-8")
    assert (reply.kind, reply.answer) == ("unreadable", None)  # the server says nothing of "followed"
    assert "no 'followed'" in reply.reason
    with pytest.raises(RubricError, match="wants photo, marked, and 1 images were given"):
        load().ask("plausibility", [PICTURE], fields)
    with pytest.raises(RubricError, match="has no field 'colour'"):
        load().ask("plausibility", [PICTURE, PICTURE], {**fields, "colour": "red"})
    assert len(server.calls) == 1


def test_the_target_image_is_shown_where_the_rubric_wants_it(server, load, tmp_path):
    own = tmp_path / "pair.md"
    own.write_text(
        "---\nname: pair\nversion: 1\nimages: {edited: the result, target: what was wanted}\nfields: [instruction]\n"
        "answer: {score: {type: number, minimum: 0, maximum: 10}}\n---\n{instruction}"
    )
    judge = load(rubric=own)
    assert judged(judge).score == 3.0
    without = judge.judge(sample(target_image=None), PICTURE)
    assert without.score is None
    assert "shows the target image, and the record has none" in without.reason


def test_through_huggingface_hubs_client(server, monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_of-this-machine-1234")
    server.plan = {5: "moderated", 6: "500*1"}
    judge = load_judge("chat", provider=server.url, model="m", first_wait_s=0.01, top_k=5)
    judge.keep_in(tmp_path)
    assert judged(judge).score == 3.0
    assert server.calls[0].authorization == ""  # the Hub's token stays away from other hosts
    assert server.calls[0].body["top_k"] == 5
    assert "response_format" in server.calls[0].body
    assert judged(judge, 5).kind == "refused"
    assert judged(judge, 6).score == 6.0
    with_key = load_judge("chat", provider=server.url, model="m", api_key=KEY)
    judged(with_key, 7)
    assert server.calls[-1].authorization == f"Bearer {KEY}"
    provider = load_judge("chat", provider="auto", model="org/m")
    assert provider._transport.key.reveal() == "hf_of-this-machine-1234"
    huggingface_hub.utils.close_session()


def test_the_key_is_in_no_message_and_no_provenance(server, load):
    server.required_key = "another"
    judge = load(api_key=KEY)
    with pytest.raises(JudgeStoppedError, match=r"401.*Incorrect API key provided: Bearer \*\*\*"):
        judged(judge)
    assert KEY not in json.dumps(judge.provenance())
    assert judge.provenance()["rubric"]["version"] == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "needs either url="),
        ({"url": "http://a/v1", "provider": "auto"}, ValueError, "needs either url="),
        ({"provider": "auto"}, ValueError, "with provider='auto' needs model="),
        ({"url": "localhost:8000"}, ValueError, "is no address, expected http"),
        ({"url": "http://a/v1", "repeats": 0}, ValueError, "repeats is 0, expected 1 or more"),
        ({"url": "http://a/v1", "temperature": 3}, ValueError, "temperature is 3, expected 0 to 2"),
        (
            {"url": "http://a/v1", "structured": "yes"},
            ValueError,
            "structured is 'yes', expected 'auto', True or False",
        ),
        ({"url": "http://a/v1", "image_format": "gif"}, ValueError, "image_format is 'gif', expected 'png' or 'jpeg'"),
        ({"url": "http://a/v1", "jpeg_quality": 0}, ValueError, "jpeg_quality is 0, expected 1 to 100"),
        ({"url": "http://a/v1", "longest_px": 0}, ValueError, "longest_px is 0"),
        ({"url": "http://a/v1", "concurrency": 0}, ValueError, "concurrency is 0, expected 1 or more"),
        ({"url": "http://a/v1", "timeout_s": 0}, ValueError, "timeout_s is 0, expected a number of seconds"),
        ({"url": "http://a/v1", "max_calls": 0}, ValueError, "max_calls is 0, expected 1 or more"),
        ({"url": "http://a/v1", "temprature": 0}, TypeError, "takes no temprature. Did you mean 'temperature'?"),
    ],
)
def test_wrong_arguments_are_said_to_be_so(options, error, message):
    with pytest.raises(error, match=message.replace("?", r"\?")):
        load_judge("chat", **options)


def test_the_estimate_by_hand(load):
    """10 samples, 3 times each: 30 calls of 2 images; an image of 560 × 280 is 20 × 10 patches of 28 px."""
    judge = load(repeats=3, max_tokens=100, price_in=2.0, price_out=10.0)
    found = judge.estimate(10, (560, 280))
    text = (found.tokens_in - 30 * 2 * 200) / 30
    assert (found.calls, found.images, found.tokens_out) == (30, 60, 3000)
    assert 300 < text < 1200
    assert found.price == pytest.approx((found.tokens_in * 2.0 + 3000 * 10.0) / 1e6)
    assert "30 calls with 60 images, about" in str(found)
    assert f"{found.price:.2f} at most at the prices given" in str(found)
    assert "price" not in str(load().estimate(10, (560, 280)))
    with pytest.raises(
        JudgeStoppedError, match=r"needs 30 calls for 10 samples \(3 each\), and max_calls is 29; nothing was asked"
    ):
        load(repeats=3, max_calls=29).check_budget(10)
    load(repeats=3, max_calls=30).check_budget(10)
