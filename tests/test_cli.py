"""The command: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import pytest
import tiny

from gsi_bench_hf import cli, cli_arguments
from gsi_bench_hf.runner import evaluate_editor

TOOLS: dict[str, Any] = {"detector": tiny.SquareDetector(), "judge": tiny.ColourJudge(), "lpips": None}


@pytest.fixture(autouse=True)
def undo_quiet(monkeypatch, recwarn):
    """`main` is a process's own: it silences warnings and logging, which a test must not."""
    monkeypatch.setattr(cli, "_quiet", lambda: None)
    monkeypatch.setattr(cli, "_quiet_datasets", lambda _library: None)


@pytest.fixture
def tiny_data(monkeypatch):
    """The command's dataset, detector and judge are the tiny ones; all the rest is real."""
    import gsi_bench_hf.runner as runner

    real = runner.evaluate_editor
    monkeypatch.setattr(cli, "_dataset", lambda arguments: tiny.rows(arguments.limit or 5))
    monkeypatch.setattr(
        runner, "evaluate_editor", lambda editor, rows, **options: real(editor, rows, **{**options, **TOOLS})
    )


def finished(out: Path, *, fails: bool = False) -> Path:
    editor = tiny.Mover()
    if fails:
        editor = lambda **_: None  # noqa: E731
    evaluate_editor(editor, tiny.rows(3), out=out, **TOOLS)
    return out


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "gsi_bench_hf.cli", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["rnu"], "invalid choice: 'rnu'"),
        (["run", "--editor", "paste", "--out", "x"], "required: --subset"),
        (
            ["run", "--subset", "s", "--editor", "e", "--out", "x", "--limit", "0"],
            "'0' is no whole number of 1 or more",
        ),
        (["run", "--subset", "s", "--editor", "e", "--out", "x", "--protocol", "lenient"], "invalid choice: 'lenient'"),
        (
            ["run", "--subset", "s", "--editor", "e", "--out", "x", "--editor-arg", "jitter"],
            "'jitter' is not KEY=VALUE",
        ),
        (["build", "sim-tabletop", "--out", "x", "--seed", "-1"], "--seed"),
        (["build", "sim-tabletop", "--out", "x", "--shards", "0:10"], "'0:10' is no A:B/N"),
        (["build", "sim-tabletop", "--out", "x", "--shards", "3:3/9"], "'3:3/9' is no A:B/N"),
        (["build", "sim-tabletop", "--out", "x", "--shards", "0:10/9"], "with 0 <= A < B <= N, such as 0:10/100"),
        (["merge", "part"], "required: --out"),
        (["list", "colours"], "invalid choice: 'colours'"),
    ],
)
def test_bad_arguments_end_with_2_and_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert one_line(printed.err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--subset", "sim-tabletop", "--editor", "pasta"], "unknown editor 'pasta'. Did you mean 'paste'?"),
        (
            ["run", "--subset", "sim-tabeltop", "--editor", "paste"],
            "unknown config 'sim-tabeltop'. Did you mean 'sim-tabletop'?",
        ),
        (
            ["run", "--subset", "train", "--editor", "paste"],
            "config 'train' would come from the released 'training pairs'",
        ),
        (
            ["run", "--subset", "sim-tabletop", "--editor", "paste", "--editor-arg", "jiter=2"],
            "editor 'paste' takes no jiter",
        ),
        (["run", "--subset", "sim-tabletop", "--editor", "python:nowhere:edit"], "'nowhere:edit' can't be imported"),
        (["score", "--subset", "sim-tabletop", "--edited", "nowhere"], "nowhere is no folder"),
    ],
)
def test_what_can_not_start_ends_with_2_and_one_line(capsys, tmp_path, arguments, message):
    assert cli.main([*arguments, "--out", str(tmp_path / "run")]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert one_line(printed.err)
    assert not (tmp_path / "run").exists()


def test_parts_are_built_and_merged(capsys, tmp_path):
    parts = [str(tmp_path / name) for name in ("a", "b")]
    for part, shards in zip(parts, ("0:1/2", "1:2/2"), strict=True):
        arguments = ["--shards", shards, "--num-samples", "4", "--num-proc", "1", "--out", part]
        assert cli.main(["build", "sim-tabletop", *arguments]) == 0
        assert capsys.readouterr().out.startswith(f"Part: {part} holds 1 of the 2 shards of sim-tabletop.\n")
    assert cli.main(["merge", parts[0], "--out", str(tmp_path / "all")]) == 2
    assert "make them with `gsi-bench build sim-tabletop --shards 1:2/2 --num-samples 4" in capsys.readouterr().err
    assert cli.main(["merge", *parts, "--out", str(tmp_path / "all")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("sim-tabletop: 4 rows, fingerprint ")
    (rows,) = datasets.load_dataset(str(tmp_path / "all"), "sim-tabletop", cache_dir=str(tmp_path / "cache")).values()
    assert len(rows) == 4


def test_report_of_no_run_ends_with_2(capsys, tmp_path):
    assert cli.main(["report", str(tmp_path), "--out", str(tmp_path / "r.html")]) == 2
    assert "is no run folder" in capsys.readouterr().err


def test_report_names_the_file(capsys, tmp_path):
    run = finished(tmp_path / "run")
    assert cli.main(["report", str(run), "--out", str(tmp_path / "r.html")]) == 0
    assert capsys.readouterr().out == f"Report: {tmp_path / 'r.html'}\n"
    assert (tmp_path / "r.html").stat().st_size > 10_000


def test_a_run_prints_its_table_the_ladder_and_the_report(capsys, tmp_path, tiny_data):
    out = tmp_path / "run"
    assert (
        cli.main(
            ["run", "--subset", "sim-tiny", "--editor", "oracle", "--out", str(out), "--limit", "4", "--num-proc", "1"]
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "Editing and scoring 4 samples"
    assert lines[2] == "oracle on sim-tiny, protocol strict: 4 of 4 samples scored"
    assert lines[4].split()[:2] == ["all", "100.0"]
    assert lines[-1] == f"Report: {out / 'report.html'}"
    assert not (out / "ladder").exists()  # these records carry no scene: nothing to render


def test_failed_samples_end_with_1_and_are_listed(capsys, tmp_path, tiny_data):
    edited = tmp_path / "edited"
    edited.mkdir()
    for row in tiny.rows(3)[1:]:
        row["target_image"].save(edited / f"{row['id']}.png")
    arguments = [
        "score",
        "--subset",
        "sim-tiny",
        "--edited",
        str(edited),
        "--out",
        str(tmp_path / "run"),
        "--limit",
        "3",
    ]
    assert cli.main([*arguments, "--num-proc", "1"]) == 1
    printed = capsys.readouterr().out
    assert "2 of 3 samples scored" in printed
    assert "failed: 1 × the editor raised FileNotFoundError: record sim-tiny-00000: no edited image" in printed


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    def interrupt(_arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_dataset", interrupt)
    assert cli.main(["run", "--subset", "s", "--editor", "identity", "--out", str(tmp_path / "run")]) == 130
    assert "run the same command again to go on" in capsys.readouterr().err


def test_a_bug_shows_its_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "_dataset", lambda _arguments: {}["bug"])
    with pytest.raises(KeyError, match="bug"):
        cli.main(["run", "--subset", "s", "--editor", "identity", "--out", str(tmp_path / "run")])


def test_the_process_itself_ends_so_and_can_show_more(tmp_path):
    ended = command("report", tmp_path, "--out", tmp_path / "r.html")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("gsi-bench: ")
    assert one_line(ended.stderr)
    assert "Traceback" in command("report", tmp_path, "--out", "r.html", GSI_BENCH_TRACEBACK="1").stderr


def test_a_busy_folder_ends_with_2_and_names_the_process(capsys, tmp_path, tiny_data):
    from gsi_bench_hf.store import RunFolder

    with RunFolder(tmp_path):
        assert cli.main(["run", "--subset", "sim-tiny", "--editor", "oracle", "--out", str(tmp_path)]) == 2
    assert f"is in use by process {os.getpid()}" in capsys.readouterr().err


def test_list_names_what_there_is(capsys):
    assert cli.main(["list", "editors"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names[:4] == ["identity", "paste", "noisy-oracle", "oracle"]
    assert cli.main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "sim-tabletop" in printed
    assert "scene-fit" in printed
    assert "render-compare" in printed
    assert "[not in this version]" in printed


def test_help_loads_nothing_heavy():
    code = "import sys; from gsi_bench_hf import cli\ntry: cli.main(['run', '--help'])\nexcept SystemExit: print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "--retry-failed" in loaded
    for heavy in ("torch", "mujoco", "cv2", "datasets", "jinja2", "pyarrow"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize(
    ("text", "value"), [("jitter=2", 2), ("renderer=mujoco", "mujoco"), ("x=[1, 2]", [1, 2]), ("x=", "")]
)
def test_editor_arguments_are_json_or_text(text, value):
    assert cli_arguments._assignment(text) == (text.partition("=")[0], value)


def test_data_dir_may_be_a_built_folder(tmp_path):
    """A folder as `gsi-bench build` makes them: README with `configs:`, Parquet."""
    features = datasets.Features({"id": datasets.Value("string")})
    (tmp_path / "data").mkdir()
    datasets.Dataset.from_list([{"id": "a"}, {"id": "b"}], features=features).to_parquet(
        tmp_path / "data" / "test.parquet"
    )
    readme = (
        "---\nconfigs:\n- config_name: sim-tabletop\n  data_files:\n  - split: test\n    path: data/test.parquet\n---\n"
    )
    (tmp_path / "README.md").write_text(readme)
    arguments = cli._parser().parse_args(
        ["run", "--subset", "sim-tabletop", "--editor", "e", "--out", "o", "--data-dir", str(tmp_path)]
    )
    assert cli._dataset(arguments)["id"] == ["a", "b"]


def test_results_of_the_command_are_those_of_the_function(tmp_path, tiny_data, capsys):
    cli.main(["run", "--subset", "sim-tiny", "--editor", "oracle", "--out", str(tmp_path / "a"), "--num-proc", "1"])
    from gsi_bench_hf.pipelines import load_editor

    results = evaluate_editor(load_editor("oracle"), tiny.rows(5), out=tmp_path / "b", **TOOLS)
    assert json.loads((tmp_path / "a" / "results.json").read_text()) == results.document
