"""`gsi-bench export`, on pairs that are rendered here."""

import json
import random
import re
import shlex
from pathlib import Path

import pytest
from bagel_reader import Reader

from gsi_bench_hf import cli, cli_export
from gsi_bench_hf.cli import main
from gsi_bench_hf.data.repo import build
from gsi_bench_hf.export import FORMATS


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build("sim-train", tmp_path_factory.mktemp("built"), num_samples=3)


def test_the_command_knows_every_format():
    assert list(FORMATS) == list(cli_export.FORMATS)


def test_a_built_folder_becomes_what_bagel_reads(built, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "pairs"
    assert (
        main(["export", "bagel", "--data-dir", str(built), "--out", str(out), "--limit", "2", "--rows-per-group", "1"])
        == 0
    )
    assert capsys.readouterr().out == f"2 pairs in 1 files, 2 row groups; how to train on them: {out / 'README.md'}\n"
    seen = list(Reader(out / "gsi_sim_train.yaml", out / "dataset_info.json").epoch(rng=random.Random(0)))
    assert sorted(pair.id for pair in seen) == ["sim-train-00000", "sim-train-00001"]
    assert all(min(pair.source.size) >= 512 and pair.source.size == pair.target.size for pair in seen)


def test_rows_that_are_not_built_are_rendered(tmp_path, capsys):
    assert main(["export", "jsonl", "--subset", "sim-train", "--out", str(tmp_path), "--limit", "1"]) == 0
    (line,) = (tmp_path / "gsi_sim_train.jsonl").read_text().splitlines()
    assert json.loads(line)["subset"] == "sim-train"
    assert (tmp_path / json.loads(line)["source"]).stat().st_size > 10_000


def test_a_second_export_into_the_folder_is_one_line_and_exit_code_2(built, tmp_path, capsys):
    arguments = ["--data-dir", str(built), "--out", str(tmp_path / "pairs")]
    assert main(["export", "jsonl", *arguments]) == 0
    assert main(["export", "bagel", *arguments]) == 2
    (line,) = [text for text in capsys.readouterr().err.splitlines() if text.startswith("gsi-bench:")]
    assert "holds another export: format is 'jsonl', not 'bagel'" in line


def test_the_commands_of_the_docs_are_understood():
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    lines = re.findall(r"^gsi-bench (export .*)", page, flags=re.MULTILINE)
    parsed = [cli._parser().parse_args(shlex.split(line, comments=True)) for line in lines]
    assert {arguments.format for arguments in parsed} == set(FORMATS)
