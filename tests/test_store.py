"""The run folder: what a crash, a second process, another run's arguments or a full disk do to it."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from gsi_bench_hf.durable import RunFolderError, RunFolderWarning, plain, write_atomic
from gsi_bench_hf.store import FORMAT, RunFolder, file_name, read_run, read_samples

RUN = {"format": FORMAT, "arguments": {"editor": {"name": "paste"}, "seed": 0}, "limit": None}


def record(number: int, status: str = "ok") -> dict:
    return {"id": f"s{number}", "index": number, "status": status, "scores": {"a": number / 3}}


def begun(path: Path, count: int) -> RunFolder:
    folder = RunFolder(path)
    with folder:
        folder.start(RUN)
        for number in range(count):
            folder.append(record(number))
    return folder


def test_a_folder_is_taken_up_where_it_was_left(tmp_path):
    begun(tmp_path / "run", 3)
    with RunFolder(tmp_path / "run") as folder:
        folder.start(RUN)
        assert list(folder.records) == ["s0", "s1", "s2"]
        assert folder.records["s1"]["scores"]["a"] == 1 / 3
        folder.append(record(3))
    assert len(read_samples(tmp_path / "run")[0]) == 4
    assert read_run(tmp_path / "run")["continued"] == 1


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_short_is_removed_with_a_warning(tmp_path, cut):
    begun(tmp_path, 3)
    path = tmp_path / "samples.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with RunFolder(tmp_path) as folder:
        with pytest.warns(RunFolderWarning, match=r"last line was cut short .* its sample is done again"):
            folder.start(RUN)
        assert list(folder.records) == ["s0", "s1"]
        folder.append(record(2))
    assert path.read_bytes() == whole


def test_a_garbled_line_in_the_middle_is_ignored_and_counted(tmp_path):
    begun(tmp_path, 3)
    path = tmp_path / "samples.jsonl"
    lines = path.read_bytes().split(b"\n")
    lines[1] = b"\x00\x17" + lines[1][7:]
    path.write_bytes(b"\n".join(lines))
    with RunFolder(tmp_path) as folder:
        with pytest.warns(RunFolderWarning, match="1 line can't be read and is ignored"):
            folder.start(RUN)
        assert list(folder.records) == ["s0", "s2"]
        folder.append(record(1))
    assert sorted(read_samples(tmp_path)[0]) == ["s0", "s1", "s2"]


@pytest.mark.parametrize("line", [b"null", b"[1]", b'{"id": "s9"}', b"{"])
def test_a_line_that_is_no_record_is_garbled(tmp_path, line):
    begun(tmp_path, 1)
    with (tmp_path / "samples.jsonl").open("ab") as file:
        file.write(line + b"\n")
    assert read_samples(tmp_path) == ({"s0": record(0)}, 1)


def test_a_later_line_of_a_sample_takes_the_earlier_ones_place(tmp_path):
    with RunFolder(tmp_path) as folder:
        folder.start(RUN)
        folder.append(record(0, "failed"))
        assert folder.forget_failed() == 1
        folder.append(record(0, "ok"))
    assert read_samples(tmp_path)[0]["s0"]["status"] == "ok"


def test_other_arguments_are_refused_naming_the_difference(tmp_path):
    begun(tmp_path, 1)
    other = {**RUN, "arguments": {"editor": {"name": "oracle"}, "seed": 0}}
    message = r"editor\.name was 'paste' and is now 'oracle'\. Choose another --out"
    with RunFolder(tmp_path) as folder, pytest.raises(RunFolderError, match=message):
        folder.start(other)
    assert read_run(tmp_path)["arguments"] == RUN["arguments"]


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("\\title{}")
    with RunFolder(tmp_path) as folder, pytest.raises(RunFolderError, match=r"holds thesis\.tex and no run\.json"):
        folder.start(RUN)
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is no run folder"),
        (b"{", "can't be read"),
        (b"[]", "has format 'list'"),
        (b'{"format": 99}', "has format 99, expected 1"),
    ],
)
def test_what_is_no_run_is_said(tmp_path, content, message):
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(RunFolderError, match=message):
        read_run(tmp_path)


def test_a_second_process_gets_a_clear_error_with_the_first_ones_id(tmp_path):
    with RunFolder(tmp_path) as folder:
        folder.start(RUN)
        code = (
            "import sys\nfrom gsi_bench_hf.store import *\nfrom gsi_bench_hf.durable import *\n"
            "try:\n    RunFolder(sys.argv[1]).__enter__()\nexcept RunFolderError as error:\n    print(error)\n    sys.exit(7)"
        )
        second = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
        )
    assert second.returncode == 7, second.stderr
    assert f"is in use by process {os.getpid()};" in second.stdout


def test_the_lock_goes_with_the_process_that_is_killed(tmp_path):
    code = (
        "import sys, time\nfrom gsi_bench_hf.store import RunFolder\n"
        "folder = RunFolder(sys.argv[1]).__enter__()\nprint('locked', flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        with pytest.raises(RunFolderError, match=f"in use by process {first.pid}"):
            RunFolder(tmp_path).__enter__()
        first.send_signal(signal.SIGKILL)
        first.wait()
    with RunFolder(tmp_path) as folder:
        folder.start(RUN)


def test_left_over_halves_of_files_are_swept(tmp_path):
    begun(tmp_path, 0)
    half = tmp_path / "edited" / "x" / ".a.png.123.tmp"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    with RunFolder(tmp_path):
        assert not half.exists()


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 128 kB."""
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(where)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a file system can't be mounted here")
    yield where
    subprocess.run(["umount", str(where)], check=True)


def test_a_full_disk_loses_nothing_finished_and_the_run_goes_on_when_there_is_space(small_disk):
    ballast = small_disk / "ballast"
    run = small_disk / "run"
    with RunFolder(run) as folder:
        folder.start(RUN)
        folder.append(record(0))
        ballast.write_bytes(bytes(_free_bytes(small_disk) - 8192))
        with pytest.raises(RunFolderError, match=r"no space left to write .* finished samples are kept"):
            fill(folder)
        done = len(folder.records)
        with pytest.raises(RunFolderError, match="no space left"):
            folder.save_edited("x", "s", Image.effect_noise((200, 200), 50))
    ballast.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the line that did not fit was taken back: nothing is cut short
        with RunFolder(run) as folder:
            folder.start(RUN)
            assert len(folder.records) == done > 1
            folder.append(record(done))
    assert len(read_samples(run)[0]) == done + 1
    assert not list(run.glob("**/.*.tmp"))


def fill(folder: RunFolder) -> None:
    for number in range(1, 10_000):
        folder.append(record(number))


def _free_bytes(path: Path) -> int:
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize


def test_a_quota_is_a_full_disk_too(tmp_path):
    """A limit on the size of files stands in for a quota: the write is cut in the middle of a line."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with RunFolder(tmp_path) as folder:
        folder.start(RUN)
        folder.append(record(0))
        size = (tmp_path / "samples.jsonl").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
        try:
            with pytest.raises(RunFolderError, match="no space left"):
                folder.append(record(1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert (tmp_path / "samples.jsonl").stat().st_size == size
        folder.append(record(1))
    assert list(read_samples(tmp_path)[0]) == ["s0", "s1"]


def test_a_folder_that_can_not_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="can't be written: "):
        RunFolder(tmp_path / "file" / "run").__enter__()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "f"
    write_atomic(path, b"old")

    def fail(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RunFolderError, match="no space left to write"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("name", ["../../x", "a/b", "..", ".", "/etc/passwd", ".hidden", "ü ?"])
def test_no_id_leads_out_of_the_folder(tmp_path, name):
    safe = file_name(name)
    assert "/" not in safe
    assert not safe.startswith(".")
    with RunFolder(tmp_path) as folder:
        folder.start(RUN)
        relative = folder.save_edited(name, name, Image.new("RGB", (2, 2), "red"))
        assert (tmp_path / "edited").resolve() in (tmp_path / relative).resolve().parents


def test_lines_are_strict_json():
    assert (
        json.dumps(plain({"a": float("nan"), "b": (1, float("inf"))}), allow_nan=False) == '{"a": null, "b": [1, null]}'
    )
