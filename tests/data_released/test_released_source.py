import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import datasets
import huggingface_hub
import numpy as np
import pytest
from file_server import COMMIT, serve
from release_shaped import contents, make_release

from gsi_bench_hf.data.archives import ArchiveError
from gsi_bench_hf.data.released_source import fingerprint, open_source
from gsi_bench_hf.data.subsets import HUB_REPO, SUBSETS, UnavailableConfigError

REAL = SUBSETS["real"]


@pytest.fixture
def release(tmp_path):
    """The folder `fine_dataset` beside a zip of it in the folder `zipped`."""
    make_release(tmp_path / "plain" / "fine_dataset", rng=np.random.default_rng(3))
    (tmp_path / "zipped").mkdir()
    with zipfile.ZipFile(tmp_path / "zipped" / "fine_dataset.zip", "w") as archive:
        for file in sorted((tmp_path / "plain" / "fine_dataset").iterdir()):
            archive.write(file, f"fine_dataset/{file.name}")
        archive.writestr("__MACOSX/fine_dataset/._a_edit_0.json", b"x")
    return tmp_path / "plain" / "fine_dataset"


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("GSI_BENCH_HUB_REPO", raising=False)
    return tmp_path / "hub"


def test_local_files_are_found_however_they_are_named(release, tmp_path):
    cache = tmp_path / "cache"
    assert open_source(REAL, data_dir=release, cache_dir=cache).folder == release
    assert open_source(REAL, data_dir=str(release.parent), cache_dir=cache).folder == release
    shutil.copytree(release, tmp_path / "mine" / "real")
    assert open_source(REAL, data_dir=tmp_path / "mine", cache_dir=cache).folder == tmp_path / "mine" / "real"
    shutil.copytree(release, tmp_path / "twice" / "fine_dataset" / "fine_dataset")  # unzip into a folder of that name
    found = open_source(REAL, data_dir=tmp_path / "twice", cache_dir=cache)
    assert (found.folder.parent.parent, found.version) == (tmp_path / "twice", None)
    assert not cache.exists()


@pytest.mark.parametrize("name", ["zipped", "zipped/fine_dataset.zip"])
def test_a_local_zip_is_extracted_once_and_named_by_its_checksum(release, tmp_path, name):
    archive = tmp_path / "zipped" / "fine_dataset.zip"
    found = open_source(REAL, data_dir=tmp_path / name, cache_dir=tmp_path / "cache")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (found.archive, found.version) == (archive, f"sha256:{digest}")
    assert found.folder == tmp_path / "cache" / "gsi-bench" / digest / "fine_dataset"
    assert contents(found.folder) == contents(release)
    before = found.folder.stat().st_mtime_ns
    again = open_source(REAL, data_dir=tmp_path / name, cache_dir=tmp_path / "cache")
    assert (again, again.folder.stat().st_mtime_ns) == (found, before)


def test_what_is_missing_is_said(release, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, there in ((empty, "it holds nothing"), (tmp_path / "no", "it is no folder")):
        with pytest.raises(
            UnavailableConfigError, match=rf"found no released files in data_dir='{folder}' \({there}\)"
        ) as caught:
            open_source(REAL, data_dir=folder, cache_dir=tmp_path)
        for part in ("fine_dataset/", "real/", "fine_dataset.zip", "pass data_dir=", HUB_REPO):
            assert part in str(caught.value)
        assert "\n" not in str(caught.value)


def test_files_of_another_config_are_refused(release, tmp_path):
    release.rename(tmp_path / "mesatask_dataset")
    with pytest.raises(
        UnavailableConfigError, match=r"config 'real': data_dir=.* is that of config 'tabletop'; pass the folder"
    ):
        open_source(REAL, data_dir=tmp_path / "mesatask_dataset", cache_dir=tmp_path)
    with pytest.raises(UnavailableConfigError, match=r"it holds mesatask_dataset, plain, zipped"):
        open_source(REAL, data_dir=tmp_path, cache_dir=tmp_path)
    assert open_source(SUBSETS["tabletop"], data_dir=tmp_path, cache_dir=tmp_path).folder.name == "mesatask_dataset"


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "fine_dataset.zip", "w") as archive:
        archive.writestr("readme.txt", b"hello")
    with pytest.raises(UnavailableConfigError, match=r"fine_dataset\.zip holds no single folder with files like"):
        open_source(REAL, data_dir=tmp_path, cache_dir=tmp_path / "cache")


def test_the_fingerprint_follows_the_files(release):
    first = fingerprint(REAL, release.parent)
    assert first == fingerprint(REAL, release) == fingerprint(REAL, str(release))
    file = release / "scene000_frame_000000_edit_0.json"
    os.utime(file, ns=(1, 1))
    assert fingerprint(REAL, release) not in ("", first)
    assert fingerprint(REAL, release / "no") == ""


def test_the_zip_comes_from_the_hub_once_and_its_checksum_is_recorded(release, tmp_path, hub_cache, monkeypatch):
    archive = tmp_path / "zipped" / "fine_dataset.zip"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    manager = datasets.DownloadManager()
    with serve(HUB_REPO, {"fine_dataset.zip": archive}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        found = open_source(REAL, cache_dir=tmp_path / "cache", dl_manager=manager)
        assert contents(found.folder) == contents(release)
        assert found.version == f"sha256:{digest}"
        assert COMMIT in str(found.archive)
        assert hub.requests[0] == f"HEAD /datasets/{HUB_REPO}/resolve/main/fine_dataset.zip"
        open_source(REAL, cache_dir=tmp_path / "cache")
        assert sum(request.startswith("GET") for request in hub.requests) == 1
    assert open_source(REAL, cache_dir=tmp_path / "cache") == found  # the server is gone, the cache is not
    recorded = manager.get_recorded_sizes_checksums()
    assert list(recorded.values()) == [{"num_bytes": archive.stat().st_size, "checksum": digest}]


def test_a_download_that_was_damaged_is_not_used(release, tmp_path, hub_cache, monkeypatch):
    with serve(HUB_REPO, {"fine_dataset.zip": tmp_path / "zipped" / "fine_dataset.zip"}) as hub:
        hub.damage = True
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        with pytest.raises(
            ArchiveError, match=r"has the checksum .*, expected that of its name; delete it and load again"
        ):
            open_source(REAL, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_what_the_hub_does_not_have_is_said(tmp_path, hub_cache, monkeypatch):
    with serve("me/copy", {}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        match = rf"could not get 'fine_dataset\.zip' of the dataset 'me/copy' from {hub.endpoint} \(\w+NotFoundError: "
        with pytest.raises(UnavailableConfigError, match=match) as caught:
            open_source(REAL, repo_id="me/copy", cache_dir=tmp_path)
        assert "pass data_dir= the folder that holds it" in str(caught.value)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UnavailableConfigError, match=r"from http://127\.0\.0\.1:\d+ \(LocalEntryNotFoundError: "):
        open_source(REAL, cache_dir=tmp_path)
    with pytest.raises(UnavailableConfigError, match="HFValidationError"):
        open_source(REAL, repo_id="no such/repo/name", cache_dir=Path(tmp_path))
