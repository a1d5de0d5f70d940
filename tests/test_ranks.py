"""Several processes share a run, as `accelerate launch` begins them, and it comes out as that of one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.ranks import Ranks
from gsi_bench_hf.store import RunFolder, read_samples

SCRIPT = Path(__file__).with_name("ranked_run.py")
# With --cpu, accelerate begins one process, or leaves it to mpirun; this begins two, GPUs or none.
LAUNCH = (sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")


def launch(*arguments: str | Path) -> subprocess.Popen[str]:
    return begin([*LAUNCH, "--num_machines", "1", "--main_process_port", str(free_port()), *map(str, arguments)])


def begin(command: list[str], **environment: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1", **environment}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True)


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def finish(process: subprocess.Popen[str]) -> str:
    printed, complained = process.communicate(timeout=600)
    assert process.returncode == 0, complained
    return printed


def said(folder: Path, rank: int) -> str:
    return Path(f"{folder}.{rank}.txt").read_text()


def outcome(folder: Path) -> tuple[bytes, dict[str, bytes]]:
    return (folder / "results.json").read_bytes(), {p.name: p.read_bytes() for p in (folder / "edited").rglob("*.png")}


@pytest.mark.slow
def test_two_processes_a_killed_run_and_one_process_come_to_the_same(tmp_path):
    subprocess.run([sys.executable, str(SCRIPT), tmp_path / "one", "24", "fails"], check=True)
    assert said(tmp_path / "one", 0).startswith("21 ok, ")
    finish(launch(SCRIPT, tmp_path / "two", "24", "fails"))
    assert said(tmp_path / "two", 0) == said(tmp_path / "two", 1) == said(tmp_path / "one", 0)
    assert outcome(tmp_path / "one") == outcome(tmp_path / "two")
    assert json.loads((tmp_path / "two" / "run.json").read_text())["processes"] == 2
    assert not list((tmp_path / "two").glob("samples.part*"))

    killed = launch(SCRIPT, tmp_path / "killed", "24", "fails", "slow")
    part = tmp_path / "killed" / "samples.part1.jsonl"
    deadline = time.monotonic() + 240
    while not (part.exists() and part.read_bytes().count(b"\n") >= 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.kill()
    for rank in range(2):
        os.kill(int(Path(f"{tmp_path / 'killed'}.{rank}.pid").read_text()), signal.SIGKILL)
    killed.communicate()
    assert 2 <= len(read_samples(tmp_path / "killed")[0]) < 24
    finish(launch(SCRIPT, tmp_path / "killed", "24", "fails"))
    assert outcome(tmp_path / "one") == outcome(tmp_path / "killed")


@pytest.mark.slow
def test_what_stops_one_process_stops_all_and_what_is_finished_is_kept(tmp_path):
    port = str(free_port())
    numbers = [{"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": rank, "MASTER_PORT": port} for rank in "01"]
    command = [sys.executable, str(SCRIPT), str(tmp_path / "run"), "8", "stops"]
    for process in [begin(command, **each) for each in numbers]:
        finish(process)
    assert said(tmp_path / "run", 1) == "ImportError: this detector needs a package"
    assert said(tmp_path / "run", 0) == (
        "OtherRankError: process 1 of the run stopped: ImportError: this detector needs a package"
    )
    assert {int(i[-1]) for i in read_samples(tmp_path / "run")[0]} == {0, 1, 2, 4, 6}


def test_a_process_alone_waits_for_nobody(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    alone = Ranks.of_environment()
    assert alone == Ranks(0, 1)
    assert all(alone.does(block) for block in range(5))
    with alone.together(), alone.first_before_others():
        pass


def test_every_block_is_one_processs():
    ranks = [Ranks(rank, 3) for rank in range(3)]
    assert [[r.rank for r in ranks if r.does(block)] for block in range(6)] == [[0], [1], [2], [0], [1], [2]]


def record(index: int) -> dict[str, object]:
    return {"id": f"s{index}", "index": index, "status": "ok"}


def test_parts_are_taken_in_at_the_end_or_at_the_next_start(tmp_path):
    run = {"format": 1, "arguments": {"seed": 0}}
    with RunFolder(tmp_path) as first, RunFolder(tmp_path, part=1) as second:
        first.start(run)
        second.start(run)
        first.append(record(0))
        second.append(record(1))
        assert (tmp_path / "samples.part1.jsonl").read_bytes().count(b"\n") == 1
        assert set(read_samples(tmp_path)[0]) == {"s0", "s1"}
    with (tmp_path / "samples.part1.jsonl").open("ab") as file:
        file.write(b'{"id": "s2", "ind')
    with RunFolder(tmp_path) as folder:
        folder.start(run)
        assert set(folder.records) == {"s0", "s1"}
    assert [p.name for p in tmp_path.glob("*.jsonl")] == ["samples.jsonl"]
    assert (tmp_path / "samples.jsonl").read_bytes().count(b"\n") == 2


def test_a_part_of_another_run_or_held_by_another_process_is_refused(tmp_path):
    with RunFolder(tmp_path) as first:
        first.start({"format": 1, "arguments": {"seed": 0}})
        with RunFolder(tmp_path, part=1) as second:
            with pytest.raises(RunFolderError, match="seed was 0 and is now 1"):
                second.start({"format": 1, "arguments": {"seed": 1}})
            with pytest.raises(RunFolderError, match=f"in use by process {os.getpid()}"):
                RunFolder(tmp_path, part=1).__enter__()


@pytest.mark.slow
def test_the_command_is_shared_by_accelerate_launch(tmp_path):
    """Two processes of `gsi-bench run` on simulated records, the ladder's cheapest editor, and the same run by one."""
    build = [sys.executable, "-m", "gsi_bench_hf.cli", "build", "sim-tabletop", "--num-samples", "2", "--num-proc", "1"]
    subprocess.run([*build, "--out", tmp_path / "data"], check=True, capture_output=True)
    arguments = ["-m", "gsi_bench_hf.cli", "run", "--subset", "sim-tabletop", "--data-dir", tmp_path / "data"]
    arguments += ["--editor", "identity", "--no-ladder", "--num-proc", "1", "--lpips", "none", "--out"]
    printed = finish(launch(*arguments, tmp_path / "two"))
    assert printed.count("identity on sim-tabletop, protocol strict: 2 of 2 samples scored") == 1
    subprocess.run([sys.executable, *map(str, arguments), tmp_path / "one"], check=True, capture_output=True)
    assert outcome(tmp_path / "one") == outcome(tmp_path / "two")


def test_of_environment_reads_the_launchers_numbers(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    assert Ranks.of_environment() == Ranks(3, 4)
    monkeypatch.delenv("RANK")
    assert Ranks.of_environment() == Ranks()
