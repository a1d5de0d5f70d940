"""`build`: a dataset repository on disk, README.md and Parquet, that plain `load_dataset` reads without this package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from gsi_bench_hf.data.card import check_readme, write_readme
from gsi_bench_hf.data.shards import ROW_LINE, Build, Shard, read_build, write_shard
from gsi_bench_hf.data.subsets import SUBSETS, UnavailableConfigError, require_built

ROWS_PER_SHARD = 24


def build(
    config: str,
    out: str | os.PathLike[str],
    *,
    num_samples: int | None = None,
    seed: int = 0,
    num_proc: int = 1,
    renderer: str = "mujoco",
    rows_per_shard: int = ROWS_PER_SHARD,
) -> Path:
    """Build a config into a dataset repository: `out/README.md` and `out/data/<config>/<split>-*.parquet`.

    Killed and called again, it keeps the finished shards and makes the rest. The data are the same, byte for byte, whatever
    `num_proc` and however often it was restarted. Several configs can be built into one folder, one after the other.

    Args:
        config: a config that this version can make, "sim-tabletop".
        out: folder; made if it is missing.
        num_samples: rows, the first ones of the config; None for all.
        seed: of the generator; 0 is the benchmark.
        num_proc: processes that render.
        renderer: the renderer's name.
        rows_per_shard: rows a file.

    Returns:
        The folder.

    Raises:
        UnknownNameError: no such config; suggests the nearest.
        UnavailableConfigError: a config that this version can't make.
        ValueError: an argument that makes no sense, a folder with other data of this config, or with a README.md that is not ours.
        RuntimeError: another process builds into the folder, or a worker failed.
    """
    for name, value in {"num_samples": num_samples, "num_proc": num_proc, "rows_per_shard": rows_per_shard}.items():
        if value is not None and value < 1:
            raise ValueError(f"build: {name} is {value!r}, expected a number >= 1")
    if seed < 0:
        raise ValueError(f"build: seed is {seed!r}, expected a number >= 0")
    subset = SUBSETS[config]
    require_built(subset)
    if subset.generator is None:
        raise UnavailableConfigError(
            f"config '{config}' is read from the released files and not made here: load_dataset('gsi-bench', '{config}') "
            f"has its rows; to build a dataset, use '{subset.instead}'"
        )
    from gsi_bench_hf.synth import GENERATOR_VERSION

    wanted = Build(
        config,
        str(subset.generator),
        GENERATOR_VERSION,
        subset.split,
        num_samples or subset.num_rows,
        rows_per_shard,
        seed,
        renderer,
    )
    root = Path(out)
    folder = root / "data" / config
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(root):
        check_readme(root)
        _make(wanted, folder, num_proc)
        write_readme(root)
    return root


@contextmanager
def _alone_in(root: Path) -> Iterator[None]:
    path = root / ".gsi-bench-build.lock"
    try:
        with FileLock(path, timeout=0):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
    except Timeout:
        raise RuntimeError(f"another process is building into {root}; wait for it, or give another folder") from None


def _make(wanted: Build, folder: Path, num_proc: int) -> None:
    """Write the shards that are missing."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink()
    shards = wanted.shards(folder)
    found = {path: read_build(path) for path in sorted(folder.glob("*.parquet"))}
    for path, other in found.items():
        if other is not None and other != wanted:
            raise ValueError(
                f"{path} is of another build: {_difference(other, wanted)}. Give another folder, or remove {folder}"
            )
    missing = [shard for shard in shards if found.get(Path(shard.path)) is None]
    done = wanted.num_rows - sum(shard.stop - shard.start for shard in missing)
    with tqdm(desc=f"Building {wanted.config}", total=wanted.num_rows, initial=done, unit=" rows") as bar:
        if num_proc == 1 or len(missing) < 2:
            for shard in missing:
                write_shard(shard, lambda: bar.update(1))
        else:
            _in_processes(missing, min(num_proc, len(missing)), lambda: bar.update(1))


def _difference(found: Build, wanted: Build) -> str:
    ours, theirs = asdict(wanted), asdict(found)
    return ", ".join(
        f"{key} is {theirs[key]!r} there, {ours[key]!r} wanted" for key in ours if ours[key] != theirs[key]
    )


def _in_processes(shards: list[Shard], num_proc: int, on_row: Callable[[], object]) -> None:
    """Share out the shards to workers.

    They are fresh interpreters: neither a graphics context nor a thread survives a fork, and a spawned pool would want the caller's
    script to have a main guard.
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
        [sys.executable, "-m", "gsi_bench_hf.data.shards"],
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
            if line == ROW_LINE:
                on_row()
            elif line.startswith('{"error"'):
                last = json.loads(line)["error"]
    code = worker.wait()
    return (last or f"it ended with code {code}") if code else None
