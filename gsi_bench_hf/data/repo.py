"""`build`: a dataset repository on disk, README.md and Parquet, that plain `load_dataset` reads without this package."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from gsi_bench_hf.data.card import check_readme, write_card
from gsi_bench_hf.data.shards import (
    Build,
    default_num_shards,
    num_cycles,
    read_made,
    write_shard,
)
from gsi_bench_hf.data.subsets import SUBSETS, Subset, UnavailableConfigError, require_built
from gsi_bench_hf.data.workers import write_in_processes


def build(
    config: str,
    out: str | os.PathLike[str],
    *,
    num_samples: int | None = None,
    seed: int = 0,
    num_proc: int = 1,
    renderer: str = "mujoco",
    num_shards: int | None = None,
    shards: range | None = None,
) -> Path:
    """Build a config into a dataset repository: `out/README.md` and `out/data/<config>/<split>-*.parquet`.

    Killed and called again, it keeps the finished shards and makes the rest. The data are the same, byte for byte, whatever
    `num_proc` and however often it was restarted. Several configs can be built into one folder, one after the other.

    Args:
        config: a config that this version can make, such as "sim-tabletop".
        out: folder; made if it is missing.
        num_samples: rows, the first ones of the config; None for all.
        seed: of the generator; 0 is the benchmark.
        num_proc: processes that render.
        renderer: the renderer's name.
        num_shards: files; None for about 24 rows a file and no more than 100 files.
        shards: make these of them alone, counted from 0. Such a part has no README.md; `merge.merge` puts parts together.

    Returns:
        The folder.

    Raises:
        UnknownNameError: no such config; suggests the nearest.
        UnavailableConfigError: a config that this version can't make.
        ValueError: an argument that makes no sense, a folder with other data of this config, or with a README.md that is not ours.
        RuntimeError: another process builds into the folder, or a worker failed.
    """
    for name, value in {"num_samples": num_samples, "num_proc": num_proc, "num_shards": num_shards}.items():
        if value is not None and value < 1:
            raise ValueError(f"build: {name} is {value!r}, expected a number >= 1")
    if seed < 0:
        raise ValueError(f"build: seed is {seed!r}, expected a number >= 0")
    subset = SUBSETS[config]
    require_built(subset)
    wanted = _plan(subset, num_samples or subset.num_rows, num_shards, seed, renderer)
    chosen = range(wanted.num_shards) if shards is None else shards
    if not chosen or chosen.step != 1 or chosen.start < 0 or chosen.stop > wanted.num_shards:
        raise ValueError(
            f"build: shards is {shards!r}, expected a range of one or more of the {wanted.num_shards} shards"
        )
    root = Path(out)
    folder = root / "data" / config
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(root):
        check_readme(root)
        _make(wanted, folder, chosen, num_proc)
        write_card(root)
    return root


def _plan(subset: Subset, num_rows: int, num_shards: int | None, seed: int, renderer: str) -> Build:
    if subset.generator is None:
        raise UnavailableConfigError(
            f"config '{subset.name}' is read from the released files and not made here: "
            f"load_dataset('gsi-bench', '{subset.name}') has its rows; to build a dataset, use '{subset.instead}'"
        )
    from gsi_bench_hf.synth import GENERATOR_VERSION
    from gsi_bench_hf.synth.configs import CONFIGS

    unit = CONFIGS[subset.generator].rows_a_cycle
    most = num_cycles(num_rows, unit)
    if num_shards is not None and num_shards > most:
        raise ValueError(
            f"build: num_shards is {num_shards}, but {num_rows} rows of {subset.name} make {most} pieces of whole scenes; "
            f"give {most} or fewer"
        )
    return Build(
        config=subset.name,
        generator=subset.generator,
        version=GENERATOR_VERSION,
        split=subset.split,
        num_rows=num_rows,
        num_shards=num_shards or default_num_shards(num_rows),
        rows_a_cycle=unit,
        seed=seed,
        renderer=renderer,
    )


@contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Keep other builds out of the folder. Raises RuntimeError when one is there already."""
    path = root / ".gsi-bench-build.lock"
    try:
        with FileLock(path, timeout=0):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
    except Timeout:
        raise RuntimeError(
            f"another process is building into {root}; wait for it, or give another folder (parts of a build go to a folder "
            f"each, and `gsi-bench merge` puts them together)"
        ) from None


def _make(wanted: Build, folder: Path, chosen: range, num_proc: int) -> None:
    """Write the chosen shards that are missing."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink()
    found = {path: read_made(path) for path in sorted(folder.glob("*.parquet"))}
    for path, other in found.items():
        if other is not None and other.build != wanted:
            raise ValueError(
                f"{path} is of another build: {wanted.difference(other.build)}. Give another folder, or remove {folder}"
            )
    shards = wanted.shards(folder)[chosen.start : chosen.stop]
    missing = [shard for shard in shards if found.get(Path(shard.path)) is None]
    rows, left = (sum(shard.stop - shard.start for shard in some) for some in (shards, missing))
    with tqdm(desc=f"Building {wanted.config}", total=rows, initial=rows - left, unit=" rows") as bar:
        if num_proc == 1 or len(missing) < 2:
            for shard in missing:
                write_shard(shard, lambda: bar.update(1))
        else:
            write_in_processes(missing, min(num_proc, len(missing)), lambda: bar.update(1))
