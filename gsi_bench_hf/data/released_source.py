"""Where a released subset's files are: in a folder that the user names, or in the Hub's zip, fetched once and extracted with care."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsi_bench_hf.data.archives import ArchiveError, extract_zip
from gsi_bench_hf.data.released_layout import is_layout
from gsi_bench_hf.data.subsets import SUBSETS, Subset, UnavailableConfigError, hub_repo

_CHUNK = 1 << 20
_SHA256_DIGITS = 64


@dataclass(frozen=True)
class Source:
    """Released files, ready for `released.read`.

    Attributes:
        folder: the folder in the released layout.
        archive: the zip that it was extracted from; None for files that a user laid out.
        version: "sha256:…" of that zip, for `provenance.version`; None without a zip.
    """

    folder: Path
    archive: Path | None = None
    version: str | None = None


def open_source(
    subset: Subset,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    repo_id: str | None = None,
    cache_dir: Path,
    token: str | bool | None = None,
    dl_manager: Any = None,
) -> Source:
    """Find the files of a released subset: below `data_dir` if it is given, else in the Hub's zip, which is fetched once.

    Args:
        subset: the config's spec.
        data_dir: the folder with the files, the one that holds the subset's folder or its zip, or the zip.
        repo_id: the Hub dataset to fetch from; see `subsets.hub_repo`. The environment's `HF_ENDPOINT` names the Hub.
        cache_dir: where zips are extracted to, in a folder named by their checksum.
        token: for the Hub.
        dl_manager: a download manager of `datasets`; size and checksum of the zip are recorded there.

    Raises:
        UnavailableConfigError: nothing was found; one line says what was looked for, where, and what to do.
        ArchiveError: the zip is damaged or refused.
    """
    if data_dir is not None:
        found = find_local(subset, data_dir)
        if found.is_dir():
            return Source(found)
    else:
        found = fetch(subset, hub_repo(repo_id), token=token)
    digest = sha256(found)
    _compare_with_etag(found, digest)
    if hasattr(dl_manager, "get_recorded_sizes_checksums"):
        dl_manager.record_checksums = True
        dl_manager.download(str(found))
    extracted = extract_zip(found, cache_dir / "gsi-bench" / digest)
    folder = _layout_below(extracted, Path(str(subset.hub_file)).stem)
    if folder is None:
        raise UnavailableConfigError(
            f"config '{subset.name}': {found} holds no single folder with files like <img_id>_edit_<query>.json; get the file again"
        )
    return Source(folder, found, f"sha256:{digest}")


def find_local(subset: Subset, data_dir: str | os.PathLike[str]) -> Path:
    """The folder in the released layout, or the zip, that `data_dir` leads to.

    Raises:
        UnavailableConfigError: there is none, or it is another config's.
    """
    root, file = Path(data_dir).expanduser().absolute(), str(subset.hub_file)
    stem = Path(file).stem
    for other in map(SUBSETS.__getitem__, SUBSETS):
        if other.name != subset.name and other.hub_file and Path(other.hub_file).stem == root.stem:
            raise UnavailableConfigError(
                f"config '{subset.name}': data_dir='{data_dir}' is that of config '{other.name}'; pass the folder that holds "
                f"{stem}/ or {file}, or use load_dataset('gsi-bench', '{other.name}', data_dir=...)"
            )
    if root.is_file() and root.suffix.lower() == ".zip":
        return root
    if is_layout(root):
        return root
    for name in (stem, subset.name):
        folder = _layout_below(root / name, stem)
        if folder is not None:
            return folder
    if (root / file).is_file():
        return root / file
    there = "it is no folder" if not root.is_dir() else f"it holds {_some(root)}"
    raise UnavailableConfigError(
        f"config '{subset.name}': found no released files in data_dir='{data_dir}' ({there}); looked there for files like "
        f"<img_id>_edit_<query>.json, a folder {stem}/ or {subset.name}/ of such files, and {file}; "
        f"get {file} from the Hub dataset '{hub_repo()}' and pass data_dir= the folder that it is in"
    )


def fetch(subset: Subset, repo: str, *, token: str | bool | None = None) -> Path:
    """The subset's zip from the Hub, from its cache when it is there already.

    Raises:
        UnavailableConfigError: it can't be had; one line says from where, why, and how to pass files instead.
    """
    import huggingface_hub.constants
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

    file, endpoint = str(subset.hub_file), os.environ.get("HF_ENDPOINT") or huggingface_hub.constants.ENDPOINT
    try:
        return Path(
            huggingface_hub.hf_hub_download(
                repo, file, repo_type="dataset", endpoint=endpoint, token=token, library_name="gsi-bench-hf"
            )
        )
    except (HfHubHTTPError, EntryNotFoundError, HFValidationError, OSError) as error:
        why = " ".join(str(error).split())
        raise UnavailableConfigError(
            f"config '{subset.name}': could not get '{file}' of the dataset '{repo}' from {endpoint} "
            f"({type(error).__name__}: {why}); if you have the file, pass data_dir= the folder that holds it, "
            f"else use load_dataset('gsi-bench', '{subset.instead}')"
        ) from error


def fingerprint(subset: Subset, data_dir: str | os.PathLike[str]) -> str:
    """Changes when the files that `data_dir` leads to change, by their names, sizes and times; "" where there are none."""
    try:
        found = find_local(subset, data_dir)
    except UnavailableConfigError:
        return ""
    files = [found] if found.is_file() else sorted(p for p in found.iterdir() if p.is_file())
    state = hashlib.sha256(str(found).encode())
    for file in files:
        stat = file.stat()
        state.update(f"{file.name}/{stat.st_size}/{stat.st_mtime_ns}\n".encode())
    return state.hexdigest()[:16]


def sha256(path: Path) -> str:
    """Hexadecimal checksum of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _compare_with_etag(path: Path, digest: str) -> None:
    """The Hub names a large file's blob by its checksum: a blob of another content was damaged on the way or on the disk."""
    blob = path.resolve()
    named = blob.parent.name == "blobs" and len(blob.name) == _SHA256_DIGITS
    if named and blob.name != digest:
        raise ArchiveError(f"{blob}: has the checksum {digest}, expected that of its name; delete it and load again")


def _layout_below(folder: Path, stem: str) -> Path | None:
    """The folder in the released layout: `folder`, the one in it named `stem`, or the only one anywhere below."""
    if not folder.is_dir():
        return None
    for candidate in (folder, folder / stem):
        if is_layout(candidate):
            return candidate
    below = [p for p in folder.rglob("*") if p.is_dir() and "__MACOSX" not in p.parts and is_layout(p)]
    return below[0] if len(below) == 1 else None


def _some(folder: Path) -> str:
    names = sorted(p.name for p in folder.iterdir())
    return f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}" if names else "nothing"
