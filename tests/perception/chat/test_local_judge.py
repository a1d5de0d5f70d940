"""The judge "local", and the judge "chat" before `transformers serve`: real code on a multimodal model of random weights."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import tiny
import tiny_vlm
from PIL import Image
from transformers.utils.import_utils import is_serve_available

from gsi_bench_hf.perception import load_judge

SAYS = '||V^=^V||{"reasoning": "same", "score": 7.5}'
PICTURE = Image.new("RGB", (64, 48), (200, 10, 10))
FIELDS = {"instruction": "Move the mug.", "target": "mug", "guidance": "It moved."}


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return tiny_vlm.save(tmp_path_factory.mktemp("vlm") / "model", says=SAYS)


@pytest.fixture(scope="session")
def babbler(tmp_path_factory):
    return tiny_vlm.save(tmp_path_factory.mktemp("vlm") / "babbler", seed=1)


def test_a_run_is_judged_by_a_model_in_this_process(model, tmp_path):
    judge = load_judge("local", model=model, max_tokens=80)
    results = tiny.run(tiny.oracle, tiny.rows(2), tmp_path, judge=judge)
    assert results.metrics["appearance_consistency"] == pytest.approx(75.0)
    assert [s["judgement"]["reason"] for s in results.samples] == ["same", "same"]
    lines = [json.loads(line) for line in (tmp_path / "replies.jsonl").read_text().splitlines()]
    assert [json.loads(line["body"])["choices"][0]["message"]["content"] for line in lines] == [SAYS, SAYS]
    assert lines[0]["usage"]["completion_tokens"] == len(SAYS) + 1
    told = json.loads((tmp_path / "run.json").read_text())["arguments"]["judge"]
    assert told["name"] == "local"
    assert told["model"] == str(model)
    assert told["images"] == "png, at most 1024 px"
    again = load_judge("local", model=model, max_tokens=80)
    tiny.run(tiny.oracle, tiny.rows(2), tmp_path / "again", judge=again)
    assert "2 questions, 2 answered" in again.summary()


def test_what_is_cut_short_is_truncated_and_random_words_are_unreadable(model, babbler):
    cut = load_judge("local", model=model, max_tokens=20).ask("appearance", [PICTURE, PICTURE], FIELDS)
    assert (cut.kind, cut.text) == ("truncated", SAYS[:20])
    babble = load_judge("local", model=babbler, max_tokens=8, temperature=1.5)
    said = [babble.ask("appearance", [PICTURE, PICTURE], FIELDS, repeat=n) for n in (0, 1, 0)]
    assert {reply.kind for reply in said} == {"truncated"}
    assert said[0].text != said[1].text
    assert said[2].text == said[0].text
    assert [reply.kept for reply in said] == [False, False, True]
    other = load_judge("local", model=babbler, max_tokens=8, temperature=1.5)
    assert other.ask("appearance", [PICTURE, PICTURE], FIELDS).text == said[0].text  # the seed decides


def test_dtype_and_arguments(model):
    import torch

    judge = load_judge("local", model=model, dtype="bfloat16", device="cpu", max_tokens=80)
    assert judge._network.dtype == torch.bfloat16
    assert judge.ask("appearance", [PICTURE, PICTURE], FIELDS).answer == {"reasoning": "same", "score": 7.5}
    with pytest.raises(TypeError, match="temprature"):
        load_judge("local", model=model, temprature=0.5)
    with pytest.raises(ValueError, match="'local' needs model=, a repo id of the Hub or a folder"):
        load_judge("local")


@pytest.mark.slow
@pytest.mark.skipif(not is_serve_available(), reason='`transformers serve` needs pip install "transformers[serving]"')
def test_transformers_serve_is_a_chat_endpoint(model, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(model) as url:
        judge = load_judge("chat", url=url, model=str(model), max_tokens=80, concurrency=2, timeout_s=300.0)
        results = tiny.run(tiny.oracle, tiny.rows(3), tmp_path, judge=judge)
        judge.close()
        short = load_judge("chat", url=url, model=str(model), max_tokens=20, timeout_s=300.0)
        assert short.ask("appearance", [PICTURE, PICTURE], FIELDS).kind == "truncated"
        short.close()
    assert results.metrics["appearance_consistency"] == pytest.approx(75.0)
    lines = [json.loads(line) for line in (tmp_path / "replies.jsonl").read_text().splitlines()]
    assert [line["outcome"] for line in lines if line["status"] == 200] == ["reply"] * 3
    assert json.loads(lines[-1]["body"])["object"] == "chat.completion"
    assert lines[-1]["usage"]["completion_tokens"] == len(SAYS) + 1


class serving:  # noqa: N801 - a context manager that reads as one
    """`transformers serve MODEL`, as long as the context."""

    def __init__(self, model):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model)]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--device", "cpu", "--log-level", "error"]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )

    def __enter__(self):
        deadline = time.monotonic() + 240
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health"):
                    return f"http://127.0.0.1:{self.port}/v1"
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
