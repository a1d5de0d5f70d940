"""`load_dataset("gsi-bench", "real", …)` end to end: from a folder, a zip, and a Hub on loopback."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile

import datasets
import numpy as np
import pytest
from file_server import serve
from release_shaped import contents, make_release

import gsi_bench_hf  # noqa: F401 - registers gsi-bench
from gsi_bench_hf.data import released
from gsi_bench_hf.data.subsets import HUB_REPO, UnavailableConfigError
from gsi_bench_hf.types import Sample


@pytest.fixture
def folder(tmp_path):
    make_release(tmp_path / "plain" / "fine_dataset", rng=np.random.default_rng(3))
    with zipfile.ZipFile(tmp_path / "fine_dataset.zip", "w") as archive:
        for file in sorted((tmp_path / "plain" / "fine_dataset").iterdir()):
            archive.write(file, f"fine_dataset/{file.name}")
    return tmp_path / "plain" / "fine_dataset"


def load(data_dir, tmp_path, config="real", **options):
    return datasets.load_dataset(
        "gsi-bench", config, split="test", data_dir=str(data_dir), cache_dir=str(tmp_path / "cache"), **options
    )


@pytest.mark.parametrize("place", ["plain/fine_dataset", "plain", "fine_dataset.zip", "."])
def test_the_released_files_are_a_dataset_and_come_back(folder, tmp_path, place):
    rows = load(tmp_path / place, tmp_path)
    assert len(rows) == 15
    sample = Sample(rows[0])
    assert (sample.subset, sample.operation, sample.source_image.size) == ("real", "move", (64, 48))
    assert sample.edit.new_box.center_m[0] == pytest.approx(sample.edit.original_box.center_m[0] - 0.2)
    checksum = hashlib.sha256((tmp_path / "fine_dataset.zip").read_bytes()).hexdigest()
    zipped = place in ("fine_dataset.zip", ".")
    assert rows[0]["provenance"]["version"] == (f"sha256:{checksum}" if zipped else None)
    recorded = list((rows.info.download_checksums or {}).values())
    assert [entry["checksum"] for entry in recorded] == ([checksum] if zipped else [])
    released.write(rows, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(folder)


def test_streaming_gives_the_same_rows(folder, tmp_path):
    rows = load(folder, tmp_path)
    streamed = list(load(tmp_path / "fine_dataset.zip", tmp_path, streaming=True))
    assert [row["id"] for row in streamed] == rows["id"]
    assert [row["edit"] for row in streamed] == list(rows["edit"])
    assert streamed[3]["source_image"].tobytes() == rows[3]["source_image"].tobytes()


def test_the_cache_follows_the_files(folder, tmp_path):
    first = load(folder, tmp_path)
    file = folder / "scene000_frame_000000_edit_0.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "prompt": "Remove the mug"}))
    changed = load(folder, tmp_path)
    assert (first[0]["instruction"], changed[0]["instruction"]) == (content["prompt"], "Remove the mug")
    again = load(folder, tmp_path)
    assert again.cache_files == changed.cache_files


def test_a_part_and_what_is_damaged(folder, tmp_path):
    assert load(folder, tmp_path, num_samples=4)["id"] == load(folder, tmp_path)["id"][:4]
    (folder / "scene000_frame_000000_edit_1.json").write_text("{}")
    with pytest.raises(datasets.exceptions.DatasetGenerationError, match="error occurred") as caught:
        load(folder, tmp_path)
    assert "scene000_frame_000000_edit_1.json: prompt: missing key" in str(caught.value.__cause__)
    with pytest.warns(released.ReleasedDataWarning, match=r"left out 1 \(missing key: 1\) of 15 edits"):
        rows = load(folder, tmp_path, on_error="skip")
    assert len(rows) == 14


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"seed": 3}, "config 'real' is read from released files and takes no seed=; leave it out"),
        ({"renderer": "blender"}, "takes no renderer="),
        ({"on_error": "ignore"}, "on_error is 'ignore', expected 'raise' or 'skip'"),
        ({"num_samples": -1}, "num_samples is -1, expected an integer >= 0"),
    ],
)
def test_arguments_that_make_no_sense(folder, tmp_path, options, match):
    with pytest.raises(ValueError, match=match):
        load(folder, tmp_path, **options)


def test_what_is_missing_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        UnavailableConfigError, match=r"config 'room': found no released files in data_dir=.*robothor_dataset\.zip"
    ):
        load(tmp_path / "empty", tmp_path, "room")


LOAD = """
import gsi_bench_hf, datasets
rows = datasets.load_dataset("gsi-bench", "real", split="test")
print(len(rows), rows[0]["provenance"]["version"], *(c["checksum"] for c in rows.info.download_checksums.values()))
"""


def run(code, tmp_path, endpoint):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GSI_"))}
    environment |= {"HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_TELEMETRY": "1"}
    return subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True, capture_output=True)


def test_from_the_hub_once_and_then_without_it(folder, tmp_path):
    archive = tmp_path / "fine_dataset.zip"
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    with serve(HUB_REPO, {"fine_dataset.zip": archive}) as hub:
        first = run(LOAD, tmp_path, hub.endpoint)
    assert first.stdout.split() == ["15", f"sha256:{checksum}", checksum], first.stderr
    assert sum(request.startswith("GET") for request in hub.requests) == 1
    second = run(LOAD, tmp_path, hub.endpoint)  # nobody answers any more
    assert second.stdout == first.stdout, second.stderr


def test_what_the_hub_does_not_have_is_said(tmp_path):
    with serve(HUB_REPO, {}) as hub:
        done = run(LOAD, tmp_path, hub.endpoint)
    last = done.stderr.strip().splitlines()[-1]
    assert "UnavailableConfigError: config 'real': could not get 'fine_dataset.zip' of the dataset" in last
    assert "pass data_dir=" in last
