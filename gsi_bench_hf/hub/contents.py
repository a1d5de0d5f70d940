"""What must not leave this machine: tokens, and where its files lie."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gsi_bench_hf.hub.errors import HubError
from gsi_bench_hf.hub.plan import File, Plan
from gsi_bench_hf.model_card.how import public

_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}")
_TEXT = {
    ".json",
    ".jsonl",
    ".md",
    ".txt",
    ".yaml",
    ".yml",
    ".py",
    ".toml",
    ".cfg",
    ".html",
    ".csv",
    ".jinja",
    ".sh",
    "",
}
_LONGEST_HEADER = 100_000_000


def check_contents(plan: Plan) -> None:
    """Look through every text of a plan: files, and what safetensors and Parquet say of themselves.

    Raises:
        HubError: one holds a token, or the path of this user's home or of the folder that is sent.
    """
    places = _places(plan)
    for file in plan.files:
        for text in _texts(file):
            if _TOKEN.search(text):
                raise HubError(f"{file.path} holds a token; take it out (and revoke it): nothing was sent")
            found = next((place for place in places if place in text), None)
            if found is not None:
                raise HubError(
                    f"{file.path} holds {_around(text, found)!r}, a path of this machine; take it out: nothing was sent"
                )


def without_local_paths(config: Any) -> Any:
    """A JSON config without the paths that libraries leave in it, such as diffusers' `_name_or_path` of a folder.

    The name of a repository on the Hub stays.
    """
    if isinstance(config, dict):
        return {
            key: without_local_paths(value)
            for key, value in config.items()
            if not (key.endswith("_name_or_path") and isinstance(value, str) and _is_local(value))
        }
    if isinstance(config, list):
        return [without_local_paths(value) for value in config]
    return config


def cleaned(value: Any) -> Any:
    """The same JSON value without what is nobody's business in its texts: of a path only its last part, and no host of plain http."""
    if isinstance(value, Mapping):
        return {str(key): cleaned(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(part) for part in value]
    return public(value) if isinstance(value, str) else value


def _is_local(name: str) -> bool:
    from gsi_bench_hf.model_card.checks import is_repo_id

    return bool(name) and (name.startswith((".", "~")) or not is_repo_id(name) or Path(name).exists())


def _places(plan: Plan) -> list[str]:
    """Folders whose names say where something lies on this machine: the home folder, and those the files come from."""
    folders = {file.content.resolve().parents[len(PurePosixPath(file.path).parts) - 1] for file in _on_disk(plan)}
    homes = {Path.home().resolve(), *folders}
    return [f"{home.as_posix()}/" for home in homes if len(home.parts) > 1]


def _on_disk(plan: Plan) -> Iterator[Any]:
    for file in plan.files:
        if isinstance(file.content, Path) and len(file.content.resolve().parents) >= len(
            PurePosixPath(file.path).parts
        ):
            yield file


def _texts(file: File) -> Iterator[str]:
    suffix = PurePosixPath(file.path).suffix.lower()
    if suffix in _TEXT:
        yield file.read().decode("utf-8", errors="replace")
    elif suffix == ".safetensors":
        yield _safetensors_header(file)
    elif suffix == ".parquet":
        yield _parquet_header(file)


def _safetensors_header(file: File) -> str:
    """What a safetensors file says of itself: eight bytes of length, then JSON."""
    data = b""
    if isinstance(file.content, bytes):
        data = file.content[8 : 8 + struct.unpack("<Q", file.content[:8])[0]] if len(file.content) >= 8 else b""
    else:
        with file.content.open("rb") as opened:
            start = opened.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            data = opened.read(min(length, _LONGEST_HEADER))
    try:
        return json.dumps(json.loads(data).get("__metadata__", {}), ensure_ascii=False).replace("\\\\", "\\")
    except (ValueError, AttributeError):
        raise HubError(f"{file.path} is no safetensors file; save it again: nothing was sent") from None


def _parquet_header(file: File) -> str:
    import io

    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_schema(
            io.BytesIO(file.content) if isinstance(file.content, bytes) else file.content
        )
    except (pyarrow.ArrowException, OSError):
        raise HubError(f"{file.path} is no Parquet file; build it again: nothing was sent") from None
    values = (found.metadata or {}).items()
    return "\n".join(f"{key.decode()}: {value.decode(errors='replace')}" for key, value in values)


def _around(text: str, place: str) -> str:
    start = text.index(place)
    return re.split(r"[\s'\"<>|,;)\\]", text[start : start + 120])[0]
