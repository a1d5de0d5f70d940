"""`merge`: the parts of a build that several machines made become one dataset repository, checked row by row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from gsi_bench_hf.data.card import check_readme, write_card
from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.repo import alone_in
from gsi_bench_hf.data.shards import Build, Made, Shard, fingerprint, read_made


class MergeError(ValueError):
    """The parts don't make a whole, or one is damaged; the message names the file or the shards, and says what to do."""


def merge(parts: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> Path:
    """Put the folders that `build(…, shards=…)` made together, and verify every file.

    Every config that lies in a part must be there whole in all of them taken together, in files of one and the same build. Every file
    is read through: its checksums, its schema, its rows' ids, and its rows' fingerprint.

    Args:
        parts: folders of `build`. What lies in two of them must be the same data.
        out: the dataset folder; made if it is missing. It may be one of the parts, or hold shards of an earlier merge. Files are
            linked where the file system allows it, copied otherwise.

    Returns:
        The folder.

    Raises:
        MergeError: see its docstring. Nothing was written then.
        ValueError: `out` holds a README.md that is not ours.
        RuntimeError: another process builds into `out`.
    """
    root = Path(out)
    folders = [Path(part) for part in parts]
    for folder in folders:
        if not (folder / "data").is_dir():
            raise MergeError(f"{folder} has no folder 'data', expected one that `gsi-bench build` made")
    sources = [*folders, *([root] if (root / "data").is_dir() else [])]
    chosen = [pair for config in _configs(sources) for pair in _whole(config, sources)]
    if not chosen:
        raise MergeError(f"no Parquet files in {', '.join(map(str, folders))}; nothing to merge")
    for path, shard in tqdm(chosen, desc="Verifying", unit=" files"):
        verify_shard(path, shard)
    root.mkdir(parents=True, exist_ok=True)
    with alone_in(root):
        check_readme(root)
        for path, shard in chosen:
            _put(path, root / "data" / shard.build.config / Path(shard.path).name)
        write_card(root)
    return root


def _configs(folders: Iterable[Path]) -> list[str]:
    return sorted({path.parent.name for folder in folders for path in (folder / "data").glob("*/*.parquet")})


def _whole(config: str, folders: Sequence[Path]) -> list[tuple[Path, Shard]]:
    """For every shard of a config the file to take."""
    paths = [path for folder in folders for path in sorted((folder / "data" / config).glob("*.parquet"))]
    made = {path: _said(path) for path in paths}
    first, build = paths[0], made[paths[0]].build
    for path in paths:
        if made[path].build != build:
            raise MergeError(
                f"{path} and {first} are of different builds: {build.difference(made[path].build)} there; "
                "make one of them again with the arguments of the other"
            )
    shards = build.shards(Path())
    by_name: dict[str, list[Path]] = {shard.path: [] for shard in shards}
    for path in paths:
        if path.name not in by_name:
            raise MergeError(f"{path} is named as no shard of its build; give it its name back")
        by_name[path.name].append(path)
    missing = [i for i, shard in enumerate(shards) if not by_name[shard.path]]
    if missing:
        raise MergeError(_missing(build, missing))
    for same in by_name.values():
        for path in same[1:]:
            if made[path].fingerprint != made[same[0]].fingerprint:
                raise MergeError(f"{path} and {same[0]} are the same shard with different rows; remove the wrong one")
    return [(by_name[shard.path][0], shard) for shard in shards]


def _said(path: Path) -> Made:
    made = read_made(path)
    if made is None:
        raise MergeError(f"{path} is damaged, or not of `gsi-bench build`; remove it and make that part again")
    return made


def _missing(build: Build, missing: Sequence[int]) -> str:
    starts = [i for i in missing if i - 1 not in missing]
    stops = [i + 1 for i in missing if i + 1 not in missing]
    ranges = [f"{start}:{stop}/{build.num_shards}" for start, stop in zip(starts, stops, strict=True)]
    return (
        f"{len(missing)} of {build.num_shards} shards of {build.config} are in none of the parts: {', '.join(ranges)}; make them "
        f"with `gsi-bench build {build.config} --shards {ranges[0]} --num-samples {build.num_rows} --seed {build.seed} "
        f"--renderer {build.renderer} --out PART` and merge again"
    )


def verify_shard(path: Path, shard: Shard) -> None:
    """Read a file through and compare it with what it should be and with what it says of itself.

    Args:
        path: the Parquet file.
        shard: what it should hold; its own `path` is not looked at.

    Raises:
        MergeError: the file is damaged, or holds other rows.
    """
    said = _said(path)
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
    except (pa.ArrowException, OSError) as error:
        raise MergeError(f"{path} is damaged ({error}); make it again") from error
    wanted = features().arrow_schema
    if not table.schema.equals(wanted):
        raise MergeError(f"{path} has other columns than this version's records; make it again")
    build = shard.build
    ids = [f"{build.generator}-{row:05d}" for row in range(shard.start, shard.stop)]
    if table.column("id").to_pylist() != ids:
        raise MergeError(f"{path} should hold the rows {ids[0]} to {ids[-1]}, but does not; make it again")
    if fingerprint(table.to_pylist()) != said.fingerprint:
        raise MergeError(f"{path} was changed after it was made; make it again")


def _put(source: Path, destination: Path) -> None:
    if destination.exists() and destination.samefile(source):
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = destination.with_name(f".{destination.name}.{os.getpid()}.tmp")
    with suppress(FileNotFoundError):
        temporary.unlink()
    try:
        os.link(source, temporary)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, temporary)
    temporary.replace(destination)
