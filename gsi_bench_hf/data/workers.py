"""Processes that write shards.

`python -m gsi_bench_hf.data.workers` is one of them: a JSON list of shards on standard input, a line on standard output for every
row, and a last line `{"error": …}` if something went wrong. A worker whose parent is gone ends at its next row.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from gsi_bench_hf.data.shards import Build, Shard, write_shard

_ROW_LINE = "row\n"


def write_in_processes(shards: list[Shard], num_proc: int, on_row: Callable[[], object]) -> None:
    """Share out the shards to workers.

    They are fresh interpreters: neither a graphics context nor a thread survives a fork, and a spawned pool would want the caller's
    script to have a main guard.

    Args:
        shards: what to make.
        num_proc: how many workers.
        on_row: called after every row of any of them.

    Raises:
        RuntimeError: a worker failed; the others are stopped.
    """
    workers = [_start(shards[i::num_proc]) for i in range(num_proc)]
    try:
        with ThreadPoolExecutor(num_proc) as pool:
            for future in as_completed([pool.submit(_follow, worker, on_row) for worker in workers]):
                failure = future.result()
                if failure is not None:
                    _stop(workers)
                    raise RuntimeError(f"a worker failed: {failure}. Finished shards are kept; call again to go on")
    finally:
        _stop(workers)


def _stop(workers: list[subprocess.Popen[str]]) -> None:
    for worker in workers:
        worker.kill()
        worker.wait()


def _start(shards: list[Shard]) -> subprocess.Popen[str]:
    package_parent = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))
    worker = subprocess.Popen(
        [sys.executable, "-m", "gsi_bench_hf.data.workers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert worker.stdin is not None
    worker.stdin.write(json.dumps([asdict(shard) for shard in shards]))
    worker.stdin.close()
    return worker


def _follow(worker: subprocess.Popen[str], on_row: Callable[[], object]) -> str | None:
    """Count a worker's rows to its end. Returns what went wrong, or None."""
    assert worker.stdout is not None
    last = ""
    with worker.stdout:
        for line in worker.stdout:
            if line == _ROW_LINE:
                on_row()
            elif line.startswith('{"error"'):
                last = json.loads(line)["error"]
    code = worker.wait()
    return (last or f"it ended with code {code}") if code else None


def main() -> int:
    """The worker; see the module's docstring."""

    def on_row() -> None:
        sys.stdout.write(_ROW_LINE)
        sys.stdout.flush()  # raises BrokenPipeError when the parent is gone

    try:
        for task in json.load(sys.stdin):
            write_shard(Shard(Build(**task["build"]), task["start"], task["stop"], task["path"]), on_row)
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(1)  # without a traceback, and without flushing into the broken pipe
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it
        sys.stdout.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
