"""Generic formats, and what all exports have in common: whole files, taken up after a kill, nothing of others overwritten."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import numpy as np
import pytest
from export_rows import export_row, export_rows

from gsi_bench_hf.durable import RunFolderError, RunWarning, lock
from gsi_bench_hf.export import FORMATS, ExportError, export_pairs
from gsi_bench_hf.export.plan import LOCK_FILE
from gsi_bench_hf.registry import UnknownNameError

HERE = Path(__file__).parent


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != LOCK_FILE
    }


def test_jsonl_has_a_line_a_pair_in_order_and_its_images(tmp_path):
    export_pairs("jsonl", export_rows(5), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "gsi_sim_train.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == [f"sim-train-{i:05d}" for i in range(5)]
    for number, line in enumerate(lines):
        row = export_row(number)
        for key in ("subset", "environment", "scene_id", "operation", "instruction", "instruction_zh"):
            assert line[key] == row[key]
        assert (tmp_path / line["source"]).read_bytes() == row["source_image"]["bytes"]
        assert (tmp_path / line["target"]).read_bytes() == row["target_image"]["bytes"]


def test_jsonl_in_chinese_keeps_the_english_beside_it(tmp_path):
    export_pairs("jsonl", export_rows(1), tmp_path, language="zh")
    line = json.loads((tmp_path / "gsi_sim_train.jsonl").read_text())
    assert (line["instruction"], line["instruction_en"]) == (
        export_row(0)["instruction_zh"],
        export_row(0)["instruction"],
    )


@pytest.mark.parametrize("streaming", [False, True])
def test_load_dataset_reads_the_tar_files(tmp_path, streaming):
    export_pairs("webdataset", export_rows(11), tmp_path / "tars", rows_per_file=4)
    assert len(list((tmp_path / "tars").glob("*.tar"))) == 3
    read = datasets.load_dataset(
        "webdataset",
        data_files={"train": str(tmp_path / "tars" / "*.tar")},
        split="train",
        streaming=streaming,
        cache_dir=str(tmp_path / "cache"),
    )
    found = {row["json"]["id"]: row for row in read}
    assert sorted(found) == [f"sim-train-{i:05d}" for i in range(11)]
    row = found["sim-train-00003"]
    assert row["txt"] == export_row(3)["instruction"] == row["json"]["instruction"]
    wanted = export_rows(4)[3]
    for part, column in (("source.jpg", "source_image"), ("target.jpg", "target_image")):
        assert np.array_equal(np.asarray(row[part]), np.asarray(wanted[column]))


@pytest.mark.parametrize("form", list(FORMATS))
def test_an_export_killed_again_and_again_equals_one_that_was_not(form, tmp_path):
    killed, whole = tmp_path / "killed" / "pairs", tmp_path / "whole" / "pairs"
    kills = []
    for wanted in (3, 30):
        process = start(form, killed)
        wait_for(killed, wanted, process)
        process.send_signal(signal.SIGKILL)
        kills.append(process.wait() == -signal.SIGKILL)
        process.stdout.close()
    assert any(kills)  # they fell into the work
    for folder in (killed, whole):
        process = start(form, folder)
        assert process.wait() == 0
        process.stdout.close()
    same = {name: data.replace(str(killed).encode(), str(whole).encode()) for name, data in contents(killed).items()}
    assert same == contents(whole)


def start(form, folder):
    process = subprocess.Popen(
        [sys.executable, str(HERE / "killed_export.py"), form, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert process.stdout.readline() == "ready\n"
    return process


def wait_for(folder, count, process):
    deadline = time.monotonic() + 60
    while (
        process.poll() is None and sum(1 for p in folder.rglob("*") if p.suffix in (".parquet", ".tar", ".jpg")) < count
    ):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_another_export_is_not_written_over_this_one(tmp_path):
    export_pairs("jsonl", export_rows(3), tmp_path)
    with pytest.raises(ExportError, match=r"holds another export: num_pairs is 3, not 4, .*; give another --out"):
        export_pairs("jsonl", export_rows(4), tmp_path)
    with pytest.raises(ExportError, match="format is 'jsonl', not 'webdataset'"):
        export_pairs("webdataset", export_rows(3), tmp_path)


def test_rows_of_another_world_are_another_export(tmp_path):
    """Same ids and words, other pictures."""
    export_pairs("webdataset", export_rows(2), tmp_path, shuffle_seed=None)
    other = [export_row(i) | {"source_image": export_row(i + 7)["source_image"]} for i in range(2)]
    with pytest.raises(ExportError, match=r"sha256 is '[0-9a-f]{64}', not"):
        export_pairs(
            "webdataset",
            datasets.Dataset.from_list(other, features=export_rows(1).features),
            tmp_path,
            shuffle_seed=None,
        )


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"holds thesis.txt and no export; give another --out, or an empty folder"):
        export_pairs("bagel", export_rows(2), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_folder_in_use_is_refused(tmp_path):
    with lock(tmp_path / LOCK_FILE), pytest.raises(RunFolderError, match=f"in use by process {os.getpid()}"):
        export_pairs("bagel", export_rows(2), tmp_path)


def test_a_damaged_plan_is_named(tmp_path):
    (tmp_path / "export.json").write_text("{")
    with pytest.raises(ExportError, match=r"export.json is damaged .*; remove"):
        export_pairs("bagel", export_rows(2), tmp_path)


def test_rows_without_a_target_are_refused_by_name(tmp_path):
    rows = datasets.Dataset.from_list([export_row(0) | {"target_image": None}], features=export_rows(1).features)
    with pytest.raises(
        ExportError, match="row 'sim-train-00000' of sim-train has no target_image: a training pair needs both"
    ):
        export_pairs("bagel", rows, tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "a"}], "rows is a list, expected a datasets.Dataset"),
        (datasets.Dataset.from_dict({"id": ["a"]}), "rows has no subset, .*, expected one or more records"),
        (export_rows(1).select([]), "rows has no rows, expected one or more records"),
        (export_rows(1).to_iterable_dataset(), "rows is a IterableDataset, expected a datasets.Dataset"),
    ],
)
def test_what_are_no_pairs_is_refused(rows, message, tmp_path):
    with pytest.raises(ExportError, match=message):
        export_pairs("jsonl", rows, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows_per_group": 0}, "rows_per_group is 0, expected a number of 1 or more"),
        ({"language": "fr"}, "language is 'fr', expected one of en, zh, both"),
        ({"name": "../x"}, "name is '../x', expected letters, digits"),
        ({"root": "here"}, "root is here, expected an absolute path"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, message, tmp_path):
    with pytest.raises(ExportError, match=message):
        export_pairs("bagel", export_rows(1), tmp_path, **options)


def test_an_unknown_format_suggests_one(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'bagel'"):
        export_pairs("bagle", export_rows(1), tmp_path)


def test_training_on_a_test_config_is_warned_of(tmp_path):
    with pytest.warns(RunWarning, match="sim-tabletop is there to test on"):
        export_pairs("jsonl", export_rows(1, subset="sim-tabletop"), tmp_path)
