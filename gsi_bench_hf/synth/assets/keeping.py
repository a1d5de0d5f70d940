"""What takes long to make and is the same every time (textures, meshes), kept in memory and in the user's cache folder.

Files are named by what made them: the sources of the assets, the versions of the libraries they use, and the arguments. A change of
any makes other names; old files go when the folder is over its limit. A file is written beside its place and moved there, and carries
a checksum: a build that is killed, or two at a time, can't leave a wrong one. Whether the folder is there changes no result.

The environment variable GSI_BENCH_CACHE names another folder, or is "off": nothing is read or written then.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")

VARIABLE = "GSI_BENCH_CACHE"
LIMIT_BYTES = 2_000_000_000

_WORTH_S = 0.004  # what is made faster isn't worth a file
_TRIM_EVERY = 500  # writes
_TRIM_TO = 0.75
_LEFTOVER_S = 3600.0
_LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "opencv-python", "pillow", "mujoco")
_WITH = ("scene.py", "solids.py", "physics.py")  # besides the assets' own sources: what tells whether an asset stands
_writes: dict[Path, int] = {}


class Keeper(Generic[T]):
    """A function whose results are kept; called like it. Its arguments must be hashable and have a lasting `repr`.

    Args:
        function: pure: its result hangs on its arguments and the sources that `version` reads alone.
        dump: a result as bytes.
        load: and back, equal in every bit and in the layout of arrays.
        size: bytes that a result takes in memory.
        limit: bytes that are kept in memory; what was used last stays.
        keeps_on_disk: of the arguments: whether the result may be kept in files.
    """

    def __init__(
        self,
        function: Callable[..., T],
        *,
        dump: Callable[[T], bytes],
        load: Callable[[bytes], T],
        size: Callable[[T], int],
        limit: int,
        keeps_on_disk: Callable[..., bool] = lambda *_: True,
    ) -> None:
        functools.update_wrapper(self, function)
        self.__wrapped__ = function
        self._dump, self._load, self._size, self._limit = dump, load, size, limit
        self._keeps_on_disk = keeps_on_disk
        self._held: OrderedDict[tuple[Any, ...], T] = OrderedDict()
        self._bytes = 0

    def __call__(self, *arguments: Any) -> T:
        """The result, made or kept."""
        if arguments in self._held:
            self._held.move_to_end(arguments)
            return self._held[arguments]
        made = self._from_disk(arguments)
        self._held[arguments] = made
        self._bytes += self._size(made)
        while self._bytes > self._limit and len(self._held) > 1:
            self._bytes -= self._size(self._held.popitem(last=False)[1])
        return made

    def cache_clear(self) -> None:
        """Forget what is kept in memory; files stay."""
        self._held.clear()
        self._bytes = 0

    def _from_disk(self, arguments: tuple[Any, ...]) -> T:
        folder = cache_folder()
        if folder is None or not self._keeps_on_disk(*arguments):
            return self.__wrapped__(*arguments)
        key = f"{self.__wrapped__.__module__}.{self.__wrapped__.__qualname__}{arguments!r}"
        path = folder / hashlib.blake2b(f"{version()}\n{key}".encode(), digest_size=16).hexdigest()
        kept = read_file(path)
        if kept is not None:
            return self._load(kept)
        start_s = time.perf_counter()
        made = self.__wrapped__(*arguments)
        if time.perf_counter() - start_s > _WORTH_S:
            write_file(path, self._dump(made))
        return made


def cache_folder() -> Path | None:
    """Where files are kept: as `VARIABLE` says, else `gsi-bench-hf` in the user's cache folder; None where that is "off"."""
    said = os.environ.get(VARIABLE, "").strip()
    if said:
        return None if said.lower() == "off" else Path(said).expanduser()
    home = os.environ.get("XDG_CACHE_HOME", "").strip()
    try:
        return (Path(home) if home else Path.home() / ".cache") / "gsi-bench-hf"
    except RuntimeError:  # a user without a home
        return None


@functools.lru_cache(maxsize=1)
def version() -> str:
    """A digest of all that results hang on but their arguments: sources, libraries, machine."""
    digest = hashlib.blake2b(digest_size=16)
    here = Path(__file__).resolve().parent
    for path in (*sorted(here.glob("*.py")), *(here.parent / name for name in _WITH)):
        digest.update(path.name.encode() + path.read_bytes())
    for name in _LIBRARIES:
        try:
            digest.update(f"{name} {metadata.version(name)}".encode())
        except metadata.PackageNotFoundError:
            continue
    digest.update(f"{sys.version} {sys.byteorder} {os.uname().machine if hasattr(os, 'uname') else ''}".encode())
    return digest.hexdigest()


def read_file(path: Path) -> bytes | None:
    """What `write_file` wrote there; None where nothing is, or not the whole of it."""
    try:
        content = path.read_bytes()
        os.utime(path)  # what is used stays when the folder is trimmed
    except OSError:
        return None
    body = content[4:]
    return body if content[:4] == zlib.crc32(body).to_bytes(4, "little") else None


def write_file(path: Path, body: bytes) -> None:
    """Write a file whole or not at all. A folder that can't be written to (read-only, full) is left alone: it only saves time."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(zlib.crc32(body).to_bytes(4, "little") + body)
        beside.replace(path)
    except OSError:
        return
    count = _writes.get(path.parent, 0)
    _writes[path.parent] = count + 1
    if count % _TRIM_EVERY == 0:
        trim(path.parent)


def trim(folder: Path, limit: int = LIMIT_BYTES) -> None:
    """Delete what was used longest ago where a folder's files take more than `limit` bytes, and what killed builds left behind."""
    found = []
    for entry in os.scandir(folder):
        try:
            said = entry.stat()
            if entry.name.startswith(".") and time.time() - said.st_mtime > _LEFTOVER_S:
                Path(entry.path).unlink()
            elif not entry.name.startswith("."):
                found.append((said.st_mtime, said.st_size, entry.path))
        except OSError:  # another process deletes too
            continue
    total = sum(size for _, size, _ in found)
    if total <= limit:
        return
    for _, size, path in sorted(found):
        Path(path).unlink(missing_ok=True)
        total -= size
        if total <= _TRIM_TO * limit:
            return
