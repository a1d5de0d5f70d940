import json
import re
import shutil
import signal
import time
from collections import Counter

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from filelock import FileLock
from PIL import Image

from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.repo import build
from gsi_bench_hf.data.shards import Build, add_up, default_num_shards, read_made
from gsi_bench_hf.data.subsets import SUBSETS, Subset, UnavailableConfigError
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import shared_renderer

NUM_ROWS, NUM_SHARDS = 4, 2  # two scenes, a shard each


def build_here(out, **kwargs):
    return build("sim-tabletop", out, **{"num_samples": NUM_ROWS, "num_shards": NUM_SHARDS} | kwargs)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build_here(tmp_path_factory.mktemp("repo") / "gsi-bench")


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_a_card_and_shards_and_nothing_else(built):
    shards = [f"data/sim-tabletop/test-{i:05d}-of-00002.parquet" for i in range(2)]
    beside = ["README.md", "croissant.json", "eval.yaml", "samples/sim-tabletop.jpg"]
    assert sorted(contents(built)) == sorted([*beside, *shards])
    assert [pq.read_metadata(built / shard).num_rows for shard in shards] == [3, 1]


def test_the_card_says_what_it_is(built):
    text = (built / "README.md").read_text()
    assert "license: apache-2.0" in text
    assert "path: data/sim-tabletop/test-*.parquet" in text
    assert "| test | 4 | 2 | 512 × 512 |" in text
    assert re.findall(r"^\| (move|rotate|scale) \|.*\| (\d) \|$", text, re.M) == [
        ("move", "2"),
        ("rotate", "1"),
        ("scale", "1"),
    ]
    assert "gsi-bench build sim-tabletop --num-samples 4 --seed 0 --out DIR" in text
    assert "One point each for" in text  # what makes an edit hard
    assert "2604.20570" in text
    assert "not** a GSI-Bench score" in text


def test_what_was_thrown_away_is_counted_once_a_scene_however_the_rows_are_cut(built, tmp_path):
    counted: Counter[str] = Counter()
    renderer = shared_renderer("mujoco")
    list(generate_rows("sim-tabletop", seed=0, start=0, stop=NUM_ROWS, renderer=renderer, rejections=counted))
    assert sum(counted.values()) > 0
    one = build_here(tmp_path / "one", num_shards=1)
    of = {folder: [read_made(path) for path in sorted(folder.rglob("*.parquet"))] for folder in (built, one)}
    assert sum((made.rejections for made in of[built]), Counter()) == counted
    assert [made.rejections for made in of[one]] == [counted]
    assert add_up([made.fingerprint for made in of[built]]) == add_up([made.fingerprint for made in of[one]])
    for reason, count in counted.items():
        assert f"| {reason} | {count} |" in (built / "README.md").read_text()
    # All of the card but the sizes of the files is the same.
    cards = [re.sub(r"_(size|bytes): \d+|\| [\d,]+ \|$", "", (f / "README.md").read_text(), flags=re.M) for f in of]
    assert cards[0] == cards[1]


def test_the_hub_finds_a_benchmark_and_its_columns(built):
    tasks = yaml.safe_load((built / "eval.yaml").read_text())["tasks"]
    assert tasks == [{"id": "sim-tabletop", "config": "sim-tabletop", "split": "test"}]
    described = json.loads((built / "croissant.json").read_text())
    (files,), (records,) = described["distribution"], described["recordSet"]
    assert len(list(built.glob(files["includes"]))) == NUM_SHARDS
    columns = {field["source"]["extract"]["column"] for field in records["field"]}
    assert columns == set(features()) - {"objects", "target_objects"}
    assert {field["source"]["fileSet"]["@id"] for field in records["field"]} == {files["@id"]}


def test_the_sample_grid_shows_a_line_of_pairs_for_every_operation(built):
    with Image.open(built / "samples" / "sim-tabletop.jpg") as grid:
        pixels = np.asarray(grid.convert("L"), dtype=float)
    rows = datasets.Dataset.from_parquet(sorted(map(str, built.rglob("*.parquet"))), keep_in_memory=True)
    source = np.asarray(rows[0]["source_image"].convert("L").resize((300, 300), Image.Resampling.LANCZOS), dtype=float)
    assert np.abs(pixels[28:328, 28:328] - source).mean() < 3.0  # JPEG
    assert pixels.shape[0] == 28 + 3 * (300 + 46)


def test_plain_datasets_reads_it(built, python):
    code = f"""
import sys
from datasets import load_dataset
rows = load_dataset({str(built)!r}, "sim-tabletop", split="test")
print(len(rows), rows.features["operation"].int2str(rows[1]["operation"]))
print(rows[0]["source_image"].size, rows[3]["target"]["mask"].mode)
assert next(iter(load_dataset({str(built)!r}, "sim-tabletop", split="test", streaming=True)))["id"] == rows[0]["id"]
assert not [name for name in sys.modules if name.startswith("gsi_bench")]
"""
    assert python.run(code) == "4 rotate\n(512, 512) L\n"


def test_rows_come_back_as_they_were_made(built, tmp_path):
    rows = datasets.load_dataset(str(built), "sim-tabletop", split="test", cache_dir=str(tmp_path))
    assert rows.features == features()
    made = generate_rows("sim-tabletop", seed=0, start=0, stop=NUM_ROWS, renderer=shared_renderer("mujoco"))
    for found, row in zip(rows.data.table.to_pylist(), made, strict=True):
        assert found == features().encode_example(row) | {"target": found["target"], "objects": found["objects"]}
        assert found["target"]["mask"]["bytes"] == row["target"]["mask"]["bytes"]
        assert found["objects"][0]["bbox_3d"] == list(row["objects"][0]["bbox_3d"])


def test_processes_make_the_same_bytes(built, tmp_path):
    assert contents(build_here(tmp_path / "again", num_proc=2)) == contents(built)


@pytest.mark.slow
@pytest.mark.parametrize("num_proc", [1, 2])
def test_killed_and_started_again_it_ends_with_the_same_bytes(built, tmp_path, python, num_proc):
    out = tmp_path / "killed"
    code = f"""
import gsi_bench_hf.data.repo as repo
repo.build("sim-tabletop", {str(out)!r}, num_samples={NUM_ROWS}, num_shards={NUM_SHARDS}, num_proc={num_proc})
"""
    process = python.start(code)
    while not list(out.rglob("*.parquet")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    assert len(kept) == 1
    assert not (out / "README.md").exists()
    assert contents(build_here(out)) == contents(built)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_torn_shard_is_made_again(built, tmp_path):
    out = shutil.copytree(built, tmp_path / "torn")
    shard = out / "data" / "sim-tabletop" / "test-00001-of-00002.parquet"
    shard.write_bytes(shard.read_bytes()[:1000])
    assert contents(build_here(out)) == contents(built)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "is of another build: seed is 0, not 1. Give another folder, or remove"),
        ({"num_samples": 5}, "num_rows is 4, not 5"),
    ],
)
def test_another_build_is_not_mixed_in(built, change, message):
    before = contents(built)
    with pytest.raises(ValueError, match=message):
        build_here(built, **change)
    assert contents(built) == before


def test_a_file_of_another_version_is_said_to_be_one(built, tmp_path):
    out = shutil.copytree(built, tmp_path / "old")
    path = next(out.rglob("*.parquet"))
    table = pq.read_table(path)
    metadata = table.schema.metadata | {b"gsi_bench": b'{"config": "sim-tabletop", "rows_per_shard": 24}'}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(ValueError, match=rf"{path} was made by another version of gsi-bench-hf; give another folder"):
        build_here(out)


def test_two_configs_share_a_folder(built, tmp_path, monkeypatch):
    second = Subset(
        "sim-second",
        "tabletop",
        "Another",
        {"test": 2},
        "simulated",
        "apache-2.0",
        built=True,
        generator="sim-tabletop",
    )
    monkeypatch.setitem(SUBSETS._specs, "sim-second", second)
    out = build("sim-second", shutil.copytree(built, tmp_path / "two"))
    assert datasets.get_dataset_config_names(str(out)) == ["sim-second", "sim-tabletop"]
    for name, num_rows in (("sim-second", 2), ("sim-tabletop", NUM_ROWS)):
        assert len(datasets.load_dataset(str(out), name, split="test", cache_dir=str(tmp_path / "cache"))) == num_rows


def test_a_readme_that_is_not_ours_is_kept(tmp_path):
    (tmp_path / "README.md").write_text("# Mine")
    with pytest.raises(ValueError, match=r"README.md was not made by gsi-bench and would be overwritten"):
        build_here(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# Mine"


def test_a_second_process_is_told(tmp_path):
    with (
        FileLock(tmp_path / ".gsi-bench-build.lock"),
        pytest.raises(RuntimeError, match="another process is building into"),
    ):
        build_here(tmp_path)


def test_a_worker_that_fails_is_reported(tmp_path, capfd):
    with pytest.raises(
        RuntimeError, match=r"a worker failed: UnknownNameError: unknown renderer 'mujocu'. Did you mean 'mujoco'"
    ):
        build_here(tmp_path, renderer="mujocu", num_proc=2)
    with pytest.raises(UnknownNameError, match=r"unknown renderer 'mujocu'. Did you mean 'mujoco'"):
        build_here(tmp_path, renderer="mujocu")


@pytest.mark.parametrize(
    ("config", "arguments", "error", "message"),
    [
        ("sim-tabeltop", {}, UnknownNameError, "unknown config 'sim-tabeltop'. Did you mean 'sim-tabletop'"),
        ("train", {}, UnavailableConfigError, "config 'train' would come from the released 'training pairs'"),
        ("real", {}, UnavailableConfigError, "config 'real' is read from the released files and not made here"),
        ("sim-tabletop", {"num_samples": 0}, ValueError, "num_samples is 0, expected a number >= 1"),
        ("sim-tabletop", {"num_proc": 0}, ValueError, "num_proc is 0, expected a number >= 1"),
        ("sim-tabletop", {"seed": -1}, ValueError, "seed is -1, expected a number >= 0"),
        ("sim-tabletop", {"num_shards": 0}, ValueError, "num_shards is 0, expected a number >= 1"),
        (
            "sim-tabletop",
            {"num_samples": 7, "num_shards": 4},
            ValueError,
            "7 rows of sim-tabletop make 3 pieces .*3 or fewer",
        ),
        (
            "sim-tabletop",
            {"num_shards": 4, "shards": range(4, 5)},
            ValueError,
            "expected a range of one or more of the 4",
        ),
    ],
)
def test_bad_arguments(config, arguments, error, message, tmp_path):
    with pytest.raises(error, match=message):
        build(config, tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("num_rows", "unit", "num_shards"), [(600, 3, 25), (593, 6, 25), (10_500, 7, 100), (1, 3, 1), (7, 3, 3)]
)
def test_shards_cover_the_rows_and_cut_no_scene(tmp_path, num_rows, unit, num_shards):
    wanted = Build("sim-tabletop", "sim-tabletop", "1", "test", num_rows, num_shards, unit, 0, "mujoco")
    made = wanted.shards(tmp_path)
    assert len(made) == num_shards
    assert [row for shard in made for row in range(shard.start, shard.stop)] == list(range(num_rows))
    assert all(shard.start % unit == 0 and shard.stop > shard.start for shard in made)
    assert max(s.stop - s.start for s in made) - min(s.stop - s.start for s in made) <= 2 * unit


@pytest.mark.parametrize(("config", "num_shards"), [("sim-tabletop", 25), ("sim-train", 100), ("sim-bathroom", 9)])
def test_full_size_has_a_sensible_number_of_files(config, num_shards):
    assert default_num_shards(SUBSETS[config].num_rows) == num_shards
