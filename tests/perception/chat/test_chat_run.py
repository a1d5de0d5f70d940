"""Runs with a judge behind a server that misbehaves: every reply is in its bin, kept raw, and asked for once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import tiny
from judge_server import KEY

from gsi_bench_hf.perception.chat.helpers import Helpers
from gsi_bench_hf.results import load_results
from gsi_bench_hf.runner import RunStoppedError
from gsi_bench_hf.types import Judgement

PLAN = [
    *["well", "429*1", "500*2", "fenced", "thinking", "parts", "drop*1", "cut-body*1", "sorry", "truncated"] * 3,
    *["filter", "refusal", "moderated", "prose", "bad-json", "twelve", "no-choices", "empty", "null", "well"] * 2,
    *["500", "cut-body", "html", "slow", "400", "well", "503*2", "truncated", "prose", "well"],
]
BINS = {
    "refused": ("sorry", "filter", "refusal", "moderated"),
    "truncated": ("truncated",),
    "unreadable": ("prose", "bad-json", "twelve", "no-choices", "empty", "null"),
    "endpoint": ("500", "cut-body", "html", "400"),
    "timeout": ("slow",),
}
KIND = {behaviour: kind for kind, behaviours in BINS.items() for behaviour in behaviours}


def rows(count):
    """Records whose instruction holds their number."""
    return [
        tiny.row(n, instruction=f"Move the square 14 pixels to the right. #{n}") | {"id": f"sim-tiny-{n:05d}"}
        for n in range(count)
    ]


def run(judge, count, out, **options):
    return tiny.run(tiny.oracle, rows(count), out, judge=judge, **options)


def replies(folder):
    return [json.loads(line) for line in (folder / "replies.jsonl").read_text().splitlines()]


def samples(folder):
    records = map(json.loads, (folder / "samples.jsonl").read_text().splitlines())
    return {record["index"]: record for record in records}


def test_sixty_replies_end_in_their_bins(server, load, tmp_path, monkeypatch):
    assert len(PLAN) == 60
    monkeypatch.setenv("GSI_BENCH_API_KEY", KEY)
    server.required_key, server.plan = KEY, dict(enumerate(PLAN))
    judge = load(concurrency=6, timeout_s=4.0)
    results = run(judge, 60, tmp_path)

    found = samples(tmp_path)
    assert [found[n]["judgement"].get("kind", "") for n in range(60)] == [KIND.get(b, "") for b in PLAN]
    for n, behaviour in enumerate(PLAN):
        score = found[n]["scores"]["appearance_consistency"]
        if behaviour in KIND:
            assert score is None
            assert found[n]["reason"].startswith(f"no judgement: {KIND[behaviour]}: ")
        else:
            expected = 7 if behaviour in ("fenced", "thinking", "parts") else n % 11
            assert score == pytest.approx(10.0 * expected)
    counts = Counter(KIND[b] for b in PLAN if b in KIND)
    assert results.counts["no_judgement"] == counts
    assert results.counts["failed"] == 0
    assert results.counts["partial"] == sum(counts.values())
    assert "no judgement: unreadable 13, refused 9, endpoint 4, truncated 4, timeout 1" in str(results)
    known = [found[n]["judgement"]["score"] for n, b in enumerate(PLAN) if b not in KIND]
    assert results.metrics["appearance_consistency"] == pytest.approx(10.0 * sum(known) / len(known))

    lines = replies(tmp_path)
    assert len(lines) == len(server.calls)  # every call left its line
    assert Counter(line["about"] for line in lines) == Counter(f"sim-tiny-{call.number:05d}" for call in server.calls)
    raw = {line["about"]: line for line in lines}
    assert json.loads(raw["sim-tiny-00008"]["body"])["choices"][0]["message"]["content"].startswith("I'm sorry, but")
    assert "Please log in" in raw["sim-tiny-00052"]["body"]
    assert raw["sim-tiny-00053"]["outcome"] == "late"
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), f"{path} holds the key"
    assert "60 questions, 29 answered; refused 9, truncated 4, unreadable 13, timeout 1, endpoint 4" in judge.summary()


def test_what_no_judge_could_be_had_for_is_tried_again_when_asked_to(server, load, tmp_path):
    server.plan = {1: "500", 2: "sorry", 3: "slow"}
    run(load(timeout_s=2.0), 5, tmp_path)
    assert {n: r["judgement"].get("kind") for n, r in samples(tmp_path).items()} == {
        0: None,
        1: "endpoint",
        2: "refused",
        3: "timeout",
        4: None,
    }
    before, server.plan = len(server.calls), {}
    results = run(load(timeout_s=2.0), 5, tmp_path)
    assert len(server.calls) == before
    assert results.counts["no_judgement"] == {"endpoint": 1, "refused": 1, "timeout": 1}
    results = run(load(timeout_s=2.0), 5, tmp_path, retry_failed=True)
    assert [call.number for call in server.calls[before:]] == [1, 3] or [c.number for c in server.calls[before:]] == [
        3,
        1,
    ]
    assert results.counts["no_judgement"] == {"refused": 1}


@pytest.mark.parametrize("num_proc", [1, 2])
def test_killed_half_way_and_started_again_nothing_is_asked_twice(server, tmp_path, num_proc):
    server.hold_after = 20
    script = [
        sys.executable,
        str(Path(__file__).with_name("killed_judge.py")),
        server.url,
        str(tmp_path),
        str(num_proc),
    ]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(script, env=environment) as process:
        wait_for(lambda: len(server.answered) >= 20 and kept(tmp_path) >= 20, process)
        process.send_signal(signal.SIGKILL)
    done, before = {line["about"] for line in replies(tmp_path)}, len(server.calls)
    assert 20 <= len(done) < 40
    server.release.set()
    subprocess.run(script, env=environment, check=True)
    again = {f"sim-tiny-{call.number:05d}" for call in server.calls[before:]}
    assert again.isdisjoint(done)
    assert len(again) == 40 - len(done)
    assert len(server.calls) - before == len(again)
    results = load_results(tmp_path)
    assert results.counts["ok"] == 40
    assert [s["judgement"]["score"] for s in results.samples] == [n % 11 for n in range(40)]


def kept(folder):
    path = folder / "replies.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(condition, process):
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, "the run ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_max_calls_stops_a_run_that_goes_on_later(server, load, tmp_path):
    judge = load(max_calls=7, concurrency=2)
    with pytest.raises(RunStoppedError, match=r"made 7 calls, as many as max_calls allows.*larger --max-calls"):
        run(judge, 12, tmp_path)
    assert len(server.calls) == 7
    assert len(samples(tmp_path)) == 7
    with pytest.raises(RunStoppedError, match="made 7 calls"):
        run(load(max_calls=7), 12, tmp_path)
    assert len(server.calls) == 7
    assert run(load(max_calls=12), 12, tmp_path).counts["ok"] == 12
    assert len(server.calls) == 12


def test_failed_calls_count_too(server, load, tmp_path):
    server.plan = {0: "500*2"}
    with pytest.raises(RunStoppedError, match="made 3 calls"):
        run(load(max_calls=3, concurrency=1), 2, tmp_path)
    assert [call.number for call in server.calls] == [0, 0, 0]


def test_what_every_call_would_meet_stops_the_run_at_once(server, load, tmp_path):
    server.required_key = KEY
    with pytest.raises(
        RunStoppedError, match=r"the judge can't be asked: the endpoint answered 401.*GSI_BENCH_API_KEY"
    ):
        run(load(api_key="sk-wrong-0123456789", concurrency=1), 30, tmp_path)
    assert len(server.calls) <= 3
    assert not (tmp_path / "samples.jsonl").exists() or not samples(tmp_path)
    assert "sk-wrong-0123456789" not in (tmp_path / "replies.jsonl").read_text()
    assert run(load(api_key=KEY), 30, tmp_path).counts["ok"] == 30


def test_a_server_that_is_gone_stops_the_run(load, tmp_path):
    judge = load(url="http://127.0.0.1:9/v1", concurrency=2, attempts=2)
    with pytest.raises(RunStoppedError, match=r"could not be had 6 times in a row.*can't be reached.*--retry-failed"):
        run(judge, 30, tmp_path)


@pytest.mark.parametrize("num_proc", [1, 2])
def test_questions_are_asked_at_once_however_many_processes_score(server, load, tmp_path, num_proc):
    server.hold_after = 0
    server.score = lambda call: 3.0
    judge = load(concurrency=5, api_key=KEY)
    watch = threading.Thread(target=_until, args=(lambda: server.most_at_once >= 5, server.release.set))
    watch.start()
    results = run(judge, 15, tmp_path, num_proc=num_proc)
    watch.join()
    assert server.most_at_once == 5
    assert results.metrics["appearance_consistency"] == pytest.approx(30.0)
    assert sorted(call.number for call in server.calls) == list(range(15))


def _until(condition, then):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    then()


@pytest.mark.parametrize("num_proc", [1, 2])
def test_a_judges_bug_costs_its_sample_only(tmp_path, num_proc):
    class Buggy:
        name, concurrency = "buggy", 2

        def __init__(self):
            self.helpers = Helpers(2)

        def ahead(self, sample, edited):
            return self.helpers.submit(lambda: Judgement([5.0][int(sample.id[-1])]))

    results = run(Buggy(), 3, tmp_path, num_proc=num_proc)
    assert [s["status"] for s in results.samples] == ["ok", "failed", "failed"]
    assert results.samples[1]["reason"].startswith(
        "judge raised IndexError: list index out of range (test_chat_run.py:"
    )
    assert results.counts["by_kind"] == {"judge": 2}


def test_another_rubric_is_another_run(load, tmp_path):
    run(load(), 2, tmp_path / "run")
    own = tmp_path / "own.md"
    own.write_text("Compare the two. It was asked: {instruction}")
    with pytest.raises(Exception, match=r"judge\.rubric\.name was 'appearance' and is now 'own'"):
        run(load(rubric=own), 2, tmp_path / "run")
