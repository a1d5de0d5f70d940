"""Tar files for trainers that stream: a pair is `<id>.source.jpg`, `<id>.target.jpg`, `<id>.txt` (the instruction) and `<id>.json`.

`load_dataset("webdataset", data_files=…)` and the `webdataset` package read them.
"""

from __future__ import annotations

import io
import json
import tarfile
from functools import partial
from pathlib import Path

from gsi_bench_hf.export.pairs import EncodedPair, Pairs, suffix
from gsi_bench_hf.export.plan import Options, file_names, write_files


def write(pairs: Pairs, out: Path, options: Options) -> str:
    """Write the pairs as tar files; see the module."""
    files = file_names(out, options.name, "tar", pairs, options.rows_per_file)
    write_files(pairs, files, options.rows_per_file, partial(_tar, options=options), what="webdataset")
    return f"{len(pairs)} pairs in {len(files)} tar files: {out / options.name}-*.tar"


def _tar(some: list[EncodedPair], *, options: Options) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for pair in some:
            # What follows the first dot of a name is the part's; the key itself must have none, nor a folder.
            key = pair.id.replace(".", "_").replace("/", "_")
            _add(tar, f"{key}.source.{suffix(pair.source)}", pair.source)
            _add(tar, f"{key}.target.{suffix(pair.target)}", pair.target)
            _add(tar, f"{key}.txt", options.instructions(pair)[0].encode())
            _add(tar, f"{key}.json", json.dumps(pair.words(), ensure_ascii=False).encode())
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
