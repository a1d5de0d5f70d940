import shutil
import signal
import time

import datasets
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from gsi_bench_hf.data import repo
from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.repo import build
from gsi_bench_hf.data.subsets import SUBSETS, Subset, UnavailableConfigError
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import shared_renderer

NUM_ROWS, ROWS_PER_SHARD = 4, 3  # two scenes, a shard each


def build_here(out, **kwargs):
    return build("sim-tabletop", out, **{"num_samples": NUM_ROWS, "rows_per_shard": ROWS_PER_SHARD} | kwargs)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build_here(tmp_path_factory.mktemp("repo") / "gsi-bench")


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_a_card_and_shards_and_nothing_else(built):
    shards = [f"data/sim-tabletop/test-{i:05d}-of-00002.parquet" for i in range(2)]
    assert sorted(contents(built)) == ["README.md", *shards]
    assert [pq.read_metadata(built / shard).num_rows for shard in shards] == [3, 1]


def test_the_card_says_what_it_is(built):
    text = (built / "README.md").read_text()
    assert "license: apache-2.0" in text
    assert "path: data/sim-tabletop/test-*.parquet" in text
    assert "| test | 4 | 2 | move 2, rotate 1, scale 1 |" in text
    assert "gsi-bench build sim-tabletop --out DIR --num-samples 4 --seed 0" in text
    assert "2604.20570" in text
    assert "not** a GSI-Bench score" in text


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
repo.build("sim-tabletop", {str(out)!r}, num_samples={NUM_ROWS}, rows_per_shard={ROWS_PER_SHARD}, num_proc={num_proc})
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
        ({"seed": 1}, "is of another build: seed is 0 there, 1 wanted. Give another folder, or remove"),
        ({"num_samples": 3}, "num_rows is 4 there, 3 wanted"),
    ],
)
def test_another_build_is_not_mixed_in(built, change, message):
    before = contents(built)
    with pytest.raises(ValueError, match=message):
        build_here(built, **change)
    assert contents(built) == before


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
        ("sim-room", {}, UnavailableConfigError, "config 'sim-room' is not built yet"),
        ("real", {}, UnavailableConfigError, "config 'real' is read from the released files and not made here"),
        ("sim-tabletop", {"num_samples": 0}, ValueError, "num_samples is 0, expected a number >= 1"),
        ("sim-tabletop", {"num_proc": 0}, ValueError, "num_proc is 0, expected a number >= 1"),
        ("sim-tabletop", {"seed": -1}, ValueError, "seed is -1, expected a number >= 0"),
    ],
)
def test_bad_arguments(config, arguments, error, message, tmp_path):
    with pytest.raises(error, match=message):
        build(config, tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_full_size_is_cut_into_the_default_shards(tmp_path):
    wanted = repo.Build("sim-tabletop", "sim-tabletop", "1", "test", 600, repo.ROWS_PER_SHARD, 0, "mujoco")
    shards = wanted.shards(tmp_path)
    assert len(shards) == 25
    assert [shard.start for shard in shards[1:]] == [shard.stop for shard in shards[:-1]]
    assert shards[-1].stop == 600
