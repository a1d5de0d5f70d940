"""A run that is killed and taken up again ends as one that never was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gsi_bench_hf.store import read_samples


@pytest.mark.slow
def test_a_run_killed_ten_times_equals_one_that_was_not(tmp_path):
    """SIGKILL at random moments, in the middle of edits, scores and writes, half of the times with processes that score."""
    rng = np.random.default_rng(0)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert finish(start(whole, 1)) == 0
    done = [0]
    for attempt in range(10):
        process = start(killed, 1 + attempt % 2)
        wait_for(killed, done[-1] + int(rng.integers(0, 5)))
        time.sleep(rng.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        assert finish(process) == -signal.SIGKILL
        done.append(finished(killed))
    assert 10 <= done[-1] < 60, done  # the kills fell into the work, not beside it
    assert finish(start(killed, 2)) == 0
    results = [json.loads((folder / "results.json").read_text()) for folder in (whole, killed)]
    assert json.dumps(results[0]["metrics"]) == json.dumps(results[1]["metrics"])
    assert (whole / "results.json").read_bytes() == (killed / "results.json").read_bytes()
    assert len(read_samples(killed)[0]) == 60
    edited = [sorted((p.name, p.read_bytes()) for p in (folder / "edited").rglob("*.*")) for folder in (whole, killed)]
    assert edited[0] == edited[1]


def start(folder: Path, num_proc: int) -> subprocess.Popen[str]:
    """The run of `killed_run.py`, past its imports."""
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), str(folder), str(num_proc)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finished(folder: Path) -> int:
    lines = folder / "samples.jsonl"
    return lines.read_bytes().count(b"\n") if lines.exists() else 0


def wait_for(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while finished(folder) < count:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def finish(process: subprocess.Popen[str]) -> int:
    code = process.wait(timeout=120)
    assert process.stdout is not None
    process.stdout.close()
    return code


def test_processes_that_score_end_with_a_killed_parent(tmp_path):
    process = start(tmp_path / "run", 2)
    deadline = time.monotonic() + 30
    while not (children := _children(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    finish(process)
    while any(_alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children
    assert not any(_alive(child) for child in children)


def _children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False
