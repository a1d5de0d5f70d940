"""Sixty samples through a whole run against a server that misbehaves: every one is accounted for, in the bin it belongs to."""

import json
from collections import Counter

import pytest
import tiny
from loopback import KEY, order

from gsi_bench_hf.cli import _parser
from gsi_bench_hf.pipelines import load_editor
from gsi_bench_hf.repeat import origin
from gsi_bench_hf.results import load_results
from gsi_bench_hf.runner import RunStoppedError

PLAN = [
    *["well", "429*1", "500*2", "well", "cut*1", "refuse"] * 5,
    *["slow", "500", "html", "empty", "drop*1", "black"] * 3,
]
PLAN += ["well"] * 12
BINS = {"slow": "timeout", "500": "endpoint", "html": "endpoint", "refuse": "refused", "empty": "edit", "black": "edit"}


def rows():
    found = []
    for number, behaviour in enumerate(PLAN):
        name, _, times = behaviour.partition("*")
        told = "Move the square 14 pixels to the right." + order(name, number, times=int(times) if times else None)
        found.append(tiny.row(number, instruction=told))
    return found


def records(folder):
    lines = (folder / "samples.jsonl").read_text().splitlines()
    return {record["index"]: record for record in map(json.loads, lines)}


@pytest.mark.parametrize("scheme", ["", "chat+"])
def test_sixty_samples_end_in_their_bins(server, tmp_path, monkeypatch, scheme):
    assert len(PLAN) == 60
    monkeypatch.setenv("GSI_BENCH_API_KEY", KEY)
    server.required_key = KEY
    options = {"concurrency": 6, "first_wait_s": 0.01, "attempts": 3, "timeout_s": 4.0, "model": "bagel"}
    editor = load_editor(f"{scheme}{server.url}/v1", **options)
    results = tiny.run(editor, rows(), tmp_path)
    editor.close()

    found = records(tmp_path)
    assert sorted(found) == list(range(60))
    kinds = [found[n].get("kind", "?") if found[n]["status"] == "failed" else "ok" for n in range(60)]
    assert kinds == [BINS.get(behaviour, "ok") for behaviour in PLAN]
    assert Counter(kinds) == {"ok": 40, "timeout": 3, "refused": 5, "endpoint": 6, "edit": 6}
    assert results.counts["failed"] == 20
    assert load_results(tmp_path).metrics["instruction_compliance"] == results.metrics["instruction_compliance"]

    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), f"{path} holds the key"
    told = json.loads((tmp_path / "run.json").read_text())
    assert told["arguments"]["editor"]["model"] == "bagel"
    assert told["environment"]["with_key"] is True


def test_a_server_that_is_gone_ends_the_run_and_loses_nothing(server, tmp_path):
    def run(count, **options):
        quick = {"first_wait_s": 0.01, "attempts": 2, "concurrency": 2}
        editor = load_editor(f"{server.url}/v1", **quick)
        try:
            return tiny.run(editor, tiny.rows(count), tmp_path, **options)
        finally:
            editor.close()

    run(3)
    server.required_key = KEY
    with pytest.raises(
        RunStoppedError, match=r"could not be had 6 times in a row, at last because .* 401 .*--retry-failed"
    ):
        run(16)
    assert [record["status"] for _, record in sorted(records(tmp_path).items())][:3] == ["ok"] * 3
    assert len(server.calls) < 3 + 16
    server.required_key = None
    assert run(16, retry_failed=True).counts["failed"] == 0


def test_a_key_of_the_command_line_is_not_kept(server):
    command = [
        "run",
        "--subset",
        "sim-tabletop",
        "--out",
        "o",
        "--editor",
        server.url,
        "--editor-arg",
        f"api_key={KEY}",
    ]
    command += ["--editor-arg", "api_key_env=MY_KEY", "--editor-arg", "model=bagel"]
    kept = origin(_parser().parse_args(command))
    assert KEY not in json.dumps(kept)
    assert kept["command"]["editor_arg"] == [("api_key_env", "MY_KEY"), ("model", "bagel")]


def test_each_sample_gets_its_own_seed_whatever_the_order(server, tmp_path):
    def seeds(folder, rows, **options):
        server.calls.clear()
        editor = load_editor(f"{server.url}/v1", **options)
        tiny.run(editor, rows, folder)
        editor.close()
        return {call.fields["prompt"]: call.fields["seed"] for call in server.calls}

    some = [tiny.row(n, instruction=f"Move the square {n + 1} pixels to the right.") for n in range(6)]
    one = seeds(tmp_path / "one", some, concurrency=1)
    assert len(set(one.values())) == 6
    assert seeds(tmp_path / "two", some[::-1], concurrency=4) == one


def test_a_run_is_taken_up_with_another_key_and_another_concurrency(server, tmp_path):
    def run(count, **options):
        editor = load_editor(f"{server.url}/v1", model="bagel", **options)
        results = tiny.run(editor, tiny.rows(count), tmp_path)
        editor.close()
        return results

    run(3, concurrency=1)
    asked = len(server.calls)
    results = run(6, concurrency=4, api_key=KEY, timeout_s=100)
    assert (asked, len(server.calls)) == (3, 6)
    assert results.counts["failed"] == 0
