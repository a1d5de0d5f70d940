"""docs/tutorial.md runs as it stands, block after block, in an empty folder, with smaller numbers and a Hub on loopback."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import hub_server
import pytest

REPOSITORY = Path(__file__).parents[1]
TUTORIAL = REPOSITORY / "docs" / "tutorial.md"
SMALLER = {"PAIRS": 7, "STEPS": 4, "ROWS": 3}


def script(text: str, smaller: dict[str, int]) -> str:
    """The tutorial's blocks as one shell script; numbers of its first block are replaced."""
    for name, number in smaller.items():
        text, count = re.subn(rf"^{name}=\d+", f"{name}={number}", text, flags=re.MULTILINE)
        assert count == 1, name
    parts = ["set -euo pipefail"]
    for language, block in re.findall(r"^```(sh|python)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        parts.append(block if language == "sh" else f"python - <<'END'\n{block}END\n")
    return "\n".join(parts)


def commands(folder: Path) -> Path:
    """A folder of programs: `gsi-bench` and `python` of this checkout."""
    folder.mkdir()
    for name, module in (("gsi-bench", "-m gsi_bench_hf.cli "), ("python", "")):
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.slow
def test_the_circle(tmp_path):
    here = tmp_path / "empty"
    here.mkdir()
    with hub_server.serve() as hub:
        environment = hub.environment(tmp_path / "hf") | {
            "PATH": os.pathsep.join([str(commands(tmp_path / "bin")), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
        }
        done = subprocess.run(
            ["bash", "-c", script(TUTORIAL.read_text(), SMALLER)],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert hub_server.TOKEN not in said
        kept = {key: repo for key, repo in hub.repos.items() if key[1].startswith("me/gsi-")}
        sets = [("dataset", f"me/gsi-{name}") for name in ("leaderboard", "results", "sim")]
        assert sorted(kept) == [*sets, ("model", "me/gsi-tiny")]
        assert all(repo.private for repo in kept.values())
        assert any(path.startswith(".eval_results/") for path in kept["model", "me/gsi-tiny"].files)
    scores = {run: json.loads((here / "runs" / run / "results.json").read_text()) for run in ("after", "again")}
    assert scores["after"]["counts"]["failed"] == 0
    assert scores["after"]["metrics"] == scores["again"]["metrics"]
    for image in sorted((here / "runs/after/edited").rglob("*.png")):
        assert image.read_bytes() == (here / "runs/again" / image.relative_to(here / "runs/after")).read_bytes()
    weights = [sorted((here / folder).rglob("*.safetensors")) for folder in ("untrained", "training/model")]
    assert [path.name for path in weights[0]] == [path.name for path in weights[1]] != []
    assert any(a.read_bytes() != b.read_bytes() for a, b in zip(*weights, strict=True))
    assert (here / "edited.png").stat().st_size > 1000


def test_every_command_of_the_tutorial_is_in_a_block_that_runs():
    """A command in a block of another language, or an indented one, would stand there untested."""
    text = TUTORIAL.read_text()
    run = script(text, {})
    for line in re.findall(r"^\s*gsi-bench .*", text, flags=re.MULTILINE):
        assert line in run
