"""The command on rendered scenes with the real detector and judge: build, run with the ladder, take up, score, report."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from datasets import load_dataset

from gsi_bench_hf.results import load_ladder, load_results

pytestmark = pytest.mark.slow
SAMPLES = 3
BEGIN = [sys.executable, "-m", "gsi_bench_hf.cli"]


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    call = [*BEGIN, *map(str, arguments)]
    return subprocess.run(
        call, capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=600
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A folder of `gsi-bench build` with one scene: a move, a rotation and a scaling."""
    out = tmp_path_factory.mktemp("data") / "gsi-bench"
    ended = command("build", "sim-tabletop", "--out", out, "--num-samples", str(SAMPLES), "--num-proc", "1")
    assert ended.returncode == 0, ended.stderr
    assert f'load_dataset("{out}", "sim-tabletop") reads it.' in ended.stdout
    return out


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> tuple[Path, str]:
    """A finished run of `paste` with the ladder, and what the command printed."""
    out = tmp_path_factory.mktemp("runs") / "paste"
    ended = command("run", *subset(data), "--editor", "paste", "--out", out)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert ended.stderr == ""
    return out, ended.stdout


def subset(data: Path) -> list[str | Path]:
    return ["--subset", "sim-tabletop", "--data-dir", data]


def test_the_command_names_its_protocol_the_ladder_and_the_report(finished):
    out, printed = finished
    lines = printed.splitlines()
    assert f"paste on sim-tabletop, protocol strict: {SAMPLES} of {SAMPLES} samples scored" in lines
    assert [line.split()[0] for line in lines[-4:-1]] == list(load_ladder(out))
    assert lines[-1] == f"Report: {out / 'report.html'}"


def test_the_ladder_has_the_order_that_it_is_there_for(finished):
    out, _ = finished
    ladder = load_ladder(out)
    assert sorted(ladder) == ["identity", "noisy-oracle", "oracle"]
    identity, oracle = ladder["identity"].metrics, ladder["oracle"].metrics
    assert identity["instruction_compliance"] == 0.0
    assert identity["spatial_accuracy"] <= 1.0
    assert oracle["instruction_compliance"] == 100.0
    assert oracle["spatial_accuracy"] >= 95.0
    assert oracle["appearance_consistency"] >= 95.0
    assert oracle["edit_locality"] >= 97.0
    assert identity["average"] < load_results(out).metrics["average"] < oracle["average"]


def test_the_run_says_what_it_was(finished):
    run = load_results(finished[0]).run
    arguments = run["arguments"]
    assert (arguments["detector"], arguments["judge"], arguments["protocol"]) == (
        "scene-fit",
        "render-compare",
        "strict",
    )
    assert arguments["dataset"]["subset"] == "sim-tabletop"
    assert arguments["dataset"]["version"]
    assert {"numpy", "mujoco", "datasets"} <= run["packages"].keys()


def test_a_line_cut_short_is_done_again_with_one_line_of_warning(finished, data, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(finished[0], out)
    before = (out / "results.json").read_bytes()
    lines = (out / "samples.jsonl").read_bytes()
    (out / "samples.jsonl").write_bytes(lines[:-30])
    ended = command("run", *subset(data), "--editor", "paste", "--out", out, "--no-ladder")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("gsi-bench: warning: ")
    assert ended.stderr.count("\n") == 1
    assert "the last line was cut short" in ended.stderr
    assert (out / "results.json").read_bytes() == before


def test_images_made_elsewhere_score_as_their_run_did(finished, data, tmp_path):
    """The run folder's own images, given as a folder: the same scores, sample by sample."""
    ended = command("score", *subset(data), "--edited", finished[0], "--out", tmp_path / "score", "--no-ladder")
    assert ended.returncode == 0, ended.stderr
    scores = [[s["scores"] for s in load_results(folder).samples] for folder in (finished[0], tmp_path / "score")]
    assert scores[0] == scores[1]


def test_detections_and_judgements_from_files(finished, data, tmp_path):
    """Files that say: the target was seen before, is nowhere now, and looks fine. Every edit but a removal then scores 0."""
    ids = [s["id"] for s in load_results(finished[0]).samples]
    seen = {}
    for row in load_dataset(str(data), "sim-tabletop", split="test"):
        (target,) = (o for o in row["objects"] if o["instance_id"] == row["target"]["instance_id"])
        before = {name: target[name] for name in ("label", "bbox_3d", "rotation_matrix")}
        before["bbox_2d"] = [896.0 / row["camera"]["width"] * edge for edge in target["bbox_2d"]]
        seen[row["id"]] = {"origin_result": {"detections": [before]}, "new_result": {"detections": []}}
    assert list(seen) == ids
    (tmp_path / "d.json").write_text(json.dumps(seen))
    (tmp_path / "j.json").write_text(json.dumps({i: {"score": 9, "reason": "fine"} for i in ids}))
    files = ["--detections", tmp_path / "d.json", "--judgements", tmp_path / "j.json"]
    ended = command("score", *subset(data), "--edited", finished[0], "--out", tmp_path / "s", "--no-ladder", *files)
    assert ended.returncode == 0, ended.stderr
    results = load_results(tmp_path / "s")
    assert results.metrics["spatial_accuracy"] == 0.0
    assert results.run["arguments"]["detector"]["arguments"]["path"] == str(tmp_path / "d.json")
    assert [s["judgement"]["score"] for s in results.samples] == [9.0] * SAMPLES


def test_missing_opengl_ends_with_2_and_one_line(data, tmp_path):
    ended = command(
        "run", *subset(data), "--editor", "identity", "--out", tmp_path / "run", "--no-ladder", MUJOCO_GL="voodoo"
    )
    assert ended.returncode == 2
    assert "MUJOCO_GL is 'voodoo', expected 'egl' or 'osmesa'" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "run" / "samples.jsonl").exists()


def test_a_second_command_on_the_folder_is_refused_and_ctrl_c_leaves_it_whole(data, tmp_path):
    out, go = tmp_path / "run", tmp_path / "go"
    (tmp_path / "waiting.py").write_text(
        "import pathlib, time\n"
        f"go = pathlib.Path({str(go)!r})\n"
        "def edit(image, prompt, **_):\n"
        "    while not go.exists():\n"
        "        time.sleep(0.05)\n"
        "    return image\n"
    )
    named = ["--editor", "python:waiting:edit", "--out", str(out), "--limit", "2", "--no-ladder", "--num-proc", "1"]
    arguments = [*BEGIN, "run", *map(str, subset(data)), *named]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    # What a shell starts in the background ignores Ctrl-C, and so would its children.
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(arguments, preexec_fn=heeds, **pipes) as first:
        try:
            deadline = time.monotonic() + 120
            while not (out / "run.json").exists():
                assert first.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            second = subprocess.run(arguments, check=False, **pipes)
            assert second.returncode == 2
            assert f"is in use by process {first.pid}" in second.stderr
            first.send_signal(signal.SIGINT)
            _, complaint = first.communicate(timeout=120)
        finally:
            go.touch()
    assert first.returncode == 130
    assert "stopped; run the same command again" in complaint
    assert "Traceback" not in complaint
    again = subprocess.run(arguments, check=False, **pipes)
    assert again.returncode == 0, again.stderr
    assert load_results(out).counts["ok"] == 2
