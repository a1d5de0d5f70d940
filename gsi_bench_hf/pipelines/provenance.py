"""What an edit hangs on, as JSON values."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "diffusers",
    "transformers",
    "torch",
    "torchvision",
    "ftfy",
    "pillow",
    "peft",
    "accelerate",
    "bitsandbytes",
    "torchao",
)
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".msgpack")
_ENDS = 1 << 20


def plain(value: Any) -> Any:
    """A value as JSON can hold it; what has no form there by its text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if callable(value) and hasattr(value, "__qualname__"):
        return named(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def named(thing: Any) -> str:
    """A function, a class, or an object's class as "module:name"."""
    what = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{what.__module__}:{what.__qualname__}"


def library_versions() -> dict[str, str]:
    """Versions of the libraries that have a hand in an edit, of those that are there."""
    return versions_of(_LIBRARIES)


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Package -> version, of those that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def environment(pipeline: Any) -> dict[str, Any]:
    """What a pipeline runs on."""
    import torch

    device = getattr(pipeline, "device", "cpu")
    on_gpu = str(device).startswith("cuda") and torch.cuda.is_available()
    return {
        "device": str(device),
        "gpu": torch.cuda.get_device_name(device) if on_gpu else None,
        "cuda": torch.version.cuda,
    }


def folder_fingerprint(folder: Path) -> str:
    """A digest of a model's folder: configs and code by their content, weights by their size, their first and their last MiB.

    Weights are not read whole, for they are tens of gigabytes; two training runs of one architecture differ in either end.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}:{size}:".encode())
        with path.open("rb") as file:
            if path.suffix not in _WEIGHTS or size <= 2 * _ENDS:
                digest.update(file.read())
            else:
                digest.update(file.read(_ENDS))
                file.seek(-_ENDS, 2)
                digest.update(file.read(_ENDS))
    return digest.hexdigest()
