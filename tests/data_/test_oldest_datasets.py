"""The hooks against the oldest `datasets` that pyproject.toml allows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

PROJECT = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())["project"]

CODE = """
import gsi_bench_hf, datasets, warnings
print(datasets.__version__)
print(datasets.get_dataset_config_names("gsi-bench")[0])
load = lambda **kwargs: datasets.load_dataset("gsi-bench", "sim-tabletop", split="test", **kwargs)
rows = load(num_samples=6, num_proc=2)
again = load(num_samples=6)
assert again.cache_files == rows.cache_files
print(*rows["id"])
row = next(iter(load(num_samples=6, streaming=True)))
assert row["source_image"].tobytes() == rows[0]["source_image"].tobytes() and row["edit"] == rows[0]["edit"]
from gsi_bench_hf.data.repo import build
build("sim-tabletop", "gsi-bench", num_samples=3)
assert load().data.table.to_pylist() == rows.data.table.to_pylist()[:3]
for name in ("train", "nothing"):
    try:
        datasets.load_dataset("gsi-bench", name)
    except ValueError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def oldest(tmp_path_factory):
    """A folder with the oldest supported `datasets` and its version."""
    (version,) = (re.fullmatch(r"datasets>=(.+)", d)[1] for d in PROJECT["dependencies"] if d.startswith("datasets"))
    version += ".0" * (2 - version.count("."))
    folder = tmp_path_factory.mktemp("oldest")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), f"datasets=={version}"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.skip(f"pip has no access to datasets=={version}: {done.stderr.strip().splitlines()[-1]}")
    return folder, version


@pytest.mark.slow
def test_the_oldest_datasets_works(oldest, python, hub):
    folder, version = oldest
    python.env["PYTHONPATH"] = os.pathsep.join([str(folder), python.env["PYTHONPATH"]])
    lines = python.run(CODE).splitlines()
    assert lines[:3] == [version, "sim-tabletop", " ".join(f"sim-tabletop-{k:05d}" for k in range(6))]
    assert lines[3].startswith("config 'train' would come from")
    assert lines[4].startswith("BuilderConfig 'nothing' not found. Available: ['sim-tabletop', ")
    assert hub.asked == []
