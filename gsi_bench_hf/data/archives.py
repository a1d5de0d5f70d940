"""Taking a zip apart without trusting it: nothing lands outside the folder, nothing is a link, nothing is absurdly large."""

from __future__ import annotations

import lzma
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

MAX_FILES = 200_000
MAX_BYTES = 64 << 30
MAX_RATIO = 200.0
"""Photographs hardly shrink, and metadata shrinks ten- to thirtyfold; what shrinks more than this is made to fill a disk."""
_CHUNK = 1 << 20
_RATIO_FLOOR = 1 << 20  # a megabyte harms nobody, and a file of a few zeros has any ratio
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError)


class ArchiveError(ValueError):
    """An archive that is broken, or that will not be extracted; the message names the archive, the member and the reason."""


def extract_zip(
    archive: Path,
    destination: Path,
    *,
    max_files: int = MAX_FILES,
    max_bytes: int = MAX_BYTES,
    max_ratio: float = MAX_RATIO,
) -> Path:
    """Extract a zip to a folder that is there whole or not at all.

    Every member is checked before the first is written. The files are written to a temporary folder beside `destination`, which is
    then renamed: a `destination` that exists was finished by an earlier call and is returned as it is.

    Args:
        archive: the zip.
        destination: the folder to be made; its parents too.
        max_files: most members.
        max_bytes: most bytes when extracted, all members together.
        max_ratio: most bytes when extracted for each byte of the archive, of a member and of the whole.

    Returns:
        `destination`.

    Raises:
        ArchiveError: for what is no zip or damaged, encrypted, too large, or has a member that is a link, a device, named twice, or
            would land outside the folder.
    """
    if destination.is_dir():
        return destination
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", suffix=".partial", dir=destination.parent))
    try:
        with _opened(archive) as opened:
            members = opened.infolist()
            _check_sizes(archive, members, max_files, max_bytes, max_ratio)
            _check_members(archive, members)
            for member in members:
                _write_member(archive, opened, member, partial)
        partial.chmod(0o755)  # mkdtemp makes it private
        _put_in_place(partial, destination)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return destination


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except _BROKEN as error:
        raise ArchiveError(f"{archive}: not a zip, or cut short ({error}); get the file again") from error


def _check_sizes(
    archive: Path, members: list[zipfile.ZipInfo], max_files: int, max_bytes: int, max_ratio: float
) -> None:
    if len(members) > max_files:
        raise ArchiveError(f"{archive}: has {len(members):,} members, expected at most {max_files:,} (max_files=)")
    total = sum(member.file_size for member in members)
    if total > max_bytes:
        raise ArchiveError(f"{archive}: would extract to {total:,} bytes, expected at most {max_bytes:,} (max_bytes=)")
    # The file's own size for the whole: members that share their compressed bytes would each look harmless.
    sizes = [(member.filename, member.file_size, member.compress_size) for member in members]
    for name, size, packed in [*sizes, ("the whole", total, archive.stat().st_size)]:
        if size > _RATIO_FLOOR and size > max_ratio * packed:
            raise ArchiveError(
                f"{archive}: {name}: {packed:,} bytes would extract to {size:,}, "
                f"expected a ratio of at most {max_ratio:g} (max_ratio=)"
            )


def _check_members(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    seen: set[PurePosixPath] = set()
    for member in members:
        problem = _problem(member)
        path = PurePosixPath(member.filename)
        if problem is None and path in seen:
            problem = "stands in the archive twice"
        if problem is not None:
            raise ArchiveError(f"{archive}: {member.orig_filename!r}: {problem}; nothing was extracted")
        seen.add(path)


def _problem(member: zipfile.ZipInfo) -> str | None:
    """Why a member is refused, or None."""
    name, path = member.filename, PurePosixPath(member.filename)
    if member.orig_filename != name or not path.parts or any(ord(c) < 32 for c in name):
        return "the name is empty or holds a control character"
    if path.is_absolute() or PureWindowsPath(name).drive or "\\" in name:
        return "the path is absolute or one of another system, expected one inside the archive"
    if ".." in path.parts:
        return "the path leads out of the folder"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link, expected plain files and folders"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a device or the like, expected plain files and folders"
    if member.flag_bits & 0x1:
        return "it is encrypted, expected an archive without a password"
    return None


def _write_member(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    path = folder / PurePosixPath(member.filename)
    try:
        if member.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(member) as source, path.open("xb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    except _BROKEN as error:
        raise ArchiveError(f"{archive}: {member.filename!r} can't be read ({error}); get the file again") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise ArchiveError(
            f"{archive}: {member.filename!r} is both a file and a folder; nothing was extracted"
        ) from error


def _put_in_place(partial: Path, destination: Path) -> None:
    try:
        partial.rename(destination)
    except OSError:
        if not destination.is_dir():  # else another process was faster, with the same content
            raise
