"""The commands that build and check the dataset repository, as they are called."""

import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gsi_bench_hf.data.repo import build
from gsi_bench_hf.data.shards import fingerprint

SCRIPTS = Path(__file__).resolve().parents[2] / "dataset_scripts"


def script(name, *arguments):
    call = [sys.executable, str(SCRIPTS / name), *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("repo")
    done = script("build.py", out, "--config", "sim-tabletop", "--num-samples", 3)
    assert done.returncode == 0, done.stderr
    return out


def test_the_script_builds_what_the_package_builds(built, tmp_path):
    again = build("sim-tabletop", tmp_path / "again", num_samples=3)
    for path in (path for path in built.rglob("*") if path.is_file()):
        assert path.read_bytes() == (again / path.relative_to(built)).read_bytes()


def test_a_good_folder_passes(built):
    done = script("check.py", built)
    assert (done.returncode, done.stdout) == (0, "sim-tabletop: 3 rows, all right\n"), done.stderr


def test_labels_that_contradict_each_other_are_named(built):
    """The file says of itself what it holds: only the labels can tell."""
    path = next(built.rglob("*.parquet"))
    before, table = path.read_bytes(), pq.read_table(path)
    rows = table.to_pylist()
    rows[1]["objects"][0]["bbox_3d"][0] += 0.02
    rows[2]["target"]["mask"] = rows[1]["target"]["mask"]
    changed = type(table).from_pylist(rows, schema=table.schema)
    said = f"{fingerprint(changed.to_pylist()):064x}".encode()
    was = f"{fingerprint(table.to_pylist()):064x}".encode()
    metadata = {key: value.replace(was, said) for key, value in table.schema.metadata.items()}
    pq.write_table(changed.replace_schema_metadata(metadata), path)
    try:
        done = script("check.py", built)
    finally:
        path.write_bytes(before)
    assert done.returncode == 1, done.stderr
    first, *problems = done.stdout.splitlines()
    assert first == "sim-tabletop: 3 rows, 2 problems"
    assert problems[0].startswith("  sim-tabletop-00001: ")
    assert re.search(r"-\d+: its depth leaves its box by \d+\.\d mm$", problems[0])
    assert problems[1].startswith("  sim-tabletop-00002: the target's mask differs from the segmentation in ")
