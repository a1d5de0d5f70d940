"""`gsi-bench run --repeat-of RUN`: the same again, or with what is said besides."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import tiny

from gsi_bench_hf import cli, repeat, runner
from gsi_bench_hf.durable import RunFolderError

EDITOR = """
import tiny
class Off(tiny.Mover):
    name = "off"
    def __init__(self, by=3, concurrency=1):
        super().__init__(by)
        self.concurrency = concurrency
    def provenance(self):
        return {"name": self.name, "by": self.off_px}
    def estimate(self, num_samples):
        return f"{num_samples} edits"
    def close(self):
        print("closed")
"""


@pytest.fixture(autouse=True)
def tiny_command(tmp_path, monkeypatch, capsys):
    """The command's dataset, detector and judge are the tiny ones; the editor is a module of the user's."""
    (tmp_path / "my_editor.py").write_text(EDITOR)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(cli, "_quiet", lambda: None)
    monkeypatch.setattr(cli, "_dataset", lambda arguments: tiny.rows(arguments.limit or 5))
    real = runner.evaluate_editor
    monkeypatch.setattr(runner, "evaluate_editor", lambda *args, **options: real(*args, **{**options, **tiny.TOOLS}))


def command(out: Path, *more: str) -> int:
    return cli.main(["run", "--num-proc", "1", "--out", str(out), *more])


def test_a_repeated_run_is_told_nothing_and_comes_out_the_same(tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    begin = ["--subset", "sim-tiny", "--editor", "python:my_editor:Off", "--editor-arg", "by=5", "--seed", "3"]
    assert command(first, *begin, "--limit", "4", "--concurrency", "2", "--timeout", "30") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[2] == "4 edits"
    assert "closed" in printed
    assert command(second, "--repeat-of", str(first)) == 0
    said = capsys.readouterr().out
    assert f"repeat of {first}: 4 of 4 edited images are the same, the same scores" in said
    assert (first / "results.json").read_bytes() == (second / "results.json").read_bytes()
    runs = [json.loads((folder / "run.json").read_text()) for folder in (first, second)]
    assert runs[0]["command"] == runs[1]["command"]
    assert runs[0]["command"]["editor_arg"] == [["by", 5]]
    assert (runs[1]["repeat_of"], runs[1]["concurrency"], runs[1]["timeout_s"]) == ({"folder": str(first)}, 2, 30.0)
    assert f"<dt>repeat of</dt><dd>{first}</dd>" in (second / "report.html").read_text()


def test_what_is_left_to_do_is_estimated_before_it_starts(tmp_path, capsys):
    begin = ["--subset", "sim-tiny", "--editor", "python:my_editor:Off"]
    said = []
    for limit in ("2", "5", "5"):
        command(tmp_path / "run", *begin, "--limit", limit)
        said.append(capsys.readouterr().out.splitlines()[2])
    assert said[:2] == ["2 edits", "3 edits"]
    assert "edits" not in said[2]


def test_what_is_said_besides_goes_before_and_the_difference_is_told(tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    command(first, "--subset", "sim-tiny", "--editor", "python:my_editor:Off")
    command(second, "--repeat-of", str(first), "--editor-arg", "by=20", "--limit", "3")
    assert json.loads((second / "run.json").read_text())["arguments"]["editor"] == {"name": "off", "by": 20}
    assert "of 5 edited images are the same, other scores: " in capsys.readouterr().out


def test_a_run_begun_from_python_is_repeated_with_the_editor_named(tmp_path, capsys):
    first = tmp_path / "first"
    tiny.run(tiny.Mover(), tiny.rows(3), first, seed=7, limit=2)
    saved = repeat.saved_command(first)
    assert (saved["subset"], saved["seed"], saved["limit"], saved["lpips"]) == ("sim-tiny", 7, 2, "none")
    with pytest.raises(SystemExit, match="2"):
        command(tmp_path / "second", "--repeat-of", str(first))
    assert "required: --editor" in capsys.readouterr().err
    assert command(tmp_path / "second", "--repeat-of", str(first), "--editor", "python:my_editor:Off") == 0
    assert json.loads((tmp_path / "second" / "run.json").read_text())["arguments"]["seed"] == 7


def test_a_run_of_a_named_editor_is_repeated_by_that_name(tmp_path):
    first = tmp_path / "first"
    tiny.run("oracle", tiny.rows(2), first)
    assert repeat.saved_command(first)["editor"] == "oracle"


def test_a_run_that_is_none_is_said(tmp_path, capsys):
    assert command(tmp_path / "out", "--repeat-of", str(tmp_path / "nowhere")) == 2
    assert "nowhere is no run folder" in capsys.readouterr().err
    with pytest.raises(RunFolderError, match="is no run folder"):
        repeat.saved_command(tmp_path)


def test_an_argument_that_the_editor_does_not_take_is_said(tmp_path, capsys):
    assert command(tmp_path / "out", "--subset", "sim-tiny", "--editor", "paste", "--dtype", "bfloat16") == 2
    assert "editor 'paste' takes no dtype" in capsys.readouterr().err


def test_the_command_is_kept_without_what_is_the_runs_own():
    given: dict[str, Any] = {"editor": "x", "seed": 1, "out": "x", "command": print, "retry_failed": True}
    given["editor_arg"] = [("api_key", "sk-1"), ("size", "auto")]
    kept = {"editor": "x", "seed": 1, "editor_arg": [("size", "auto")]}
    assert repeat.command_of(argparse.Namespace(**given)) == kept
