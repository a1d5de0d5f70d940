"""A Hub on loopback for this process and for others, and things to push."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hub_server
import pytest
from card_runs import Editor, run

import gsi_bench_hf

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def hub(monkeypatch):
    """A running Hub without repositories; this process is logged in as `me`."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    with hub_server.serve() as server:
        yield server


@pytest.fixture
def elsewhere(hub, tmp_path):
    """Runs a script as on another machine that has this Hub and nothing else; gives what it prints."""
    (tmp_path / "there").mkdir()

    def run_script(code: str, *arguments: str) -> str:
        environment = hub.environment(tmp_path / "home") | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path / "there",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_script


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """Four rows of sim-tabletop as `gsi-bench build` writes them, in two files."""
    return gsi_bench_hf.build("sim-tabletop", tmp_path_factory.mktemp("built") / "gsi-sim", num_samples=4, num_shards=2)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A run of an editor called me/model, with one rung of the ladder and a failed sample."""
    out = run(tmp_path_factory.mktemp("runs") / "mine", Editor("mine", 5, checkpoint="me/model", revision="0" * 40))
    run(out / "ladder" / "identity", Editor("identity", 40))
    return out
