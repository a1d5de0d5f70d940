"""Where a pipeline is loaded from: a folder or a repository of the Hub, told by its `model_index.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsi_bench_hf.pipelines.provenance import folder_fingerprint

INDEX = "model_index.json"
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_OPTIONS = ("revision", "token", "cache_dir", "local_files_only", "force_download")


@dataclass(frozen=True)
class Source:
    """A pipeline that is not loaded yet.

    Attributes:
        location: the folder's path or the repository's id: what `from_pretrained` takes.
        index: the content of its `model_index.json`.
        revision: the commit on the Hub; of a folder a digest of its files.
        is_folder: whether it is a folder.
    """

    location: str
    index: Mapping[str, Any]
    revision: str
    is_folder: bool

    @property
    def class_name(self) -> str:
        """The pipeline class, whether it is of diffusers or comes with the files."""
        name = self.index["_class_name"]
        return str(name[-1] if isinstance(name, list) else name)

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the pipeline's parts."""
        return tuple(k for k, v in self.index.items() if isinstance(v, list) and len(v) == 2 and not k.startswith("_"))

    def modules(self) -> dict[str, str]:
        """The parts that weights are quantised of, the denoiser and the text encoders, each with its library."""
        wanted = ("transformer", "unet", "text_encoder")
        found = {name: self.index[name][0] for name in self.components if name.startswith(wanted)}
        return {name: library for name, library in found.items() if library in ("diffusers", "transformers")}


def is_repo_id(name: str) -> bool:
    """Whether a name may be a repository's id, "owner/name"."""
    return _REPO.fullmatch(name) is not None


def is_folder(name: str) -> bool:
    """Whether a name is a folder of this machine, or is written as only a path can be."""
    return Path(name).expanduser().is_dir() or name.startswith(("/", "./", "../", "~"))


def find_source(name: str, options: Mapping[str, Any]) -> Source:
    """Look up a pipeline without loading it.

    Args:
        name: a folder, or a repository's id.
        options: `revision`, `token`, `cache_dir`, … as `from_pretrained` takes them.

    Raises:
        OSError: nothing there, or no pipeline of diffusers.
    """
    source = _folder_source(name) if is_folder(name) else _hub_source(name, options)
    if "_class_name" not in source.index:
        raise OSError(f"editor {name!r}: its {INDEX} names no pipeline class (_class_name); expected one of diffusers")
    return source


def _folder_source(name: str) -> Source:
    folder = Path(name).expanduser()
    if not (folder / INDEX).is_file():
        what = "holds no" if folder.is_dir() else "is no folder; expected one with a"
        raise FileNotFoundError(
            f"editor {name!r}: {folder} {what} {INDEX} (what save_pretrained writes); for images made elsewhere use 'folder:{name}'"
        )
    return Source(str(folder), _read(name, folder / INDEX), f"sha256:{folder_fingerprint(folder)}", is_folder=True)


def _hub_source(name: str, options: Mapping[str, Any]) -> Source:
    from huggingface_hub import hf_hub_download

    try:
        path = Path(hf_hub_download(name, INDEX, **{k: v for k, v in options.items() if k in _HUB_OPTIONS}))
    except Exception as error:
        raise OSError(
            f"editor {name!r}: no {INDEX} could be had from the Hub ({' '.join(str(error).split())[:200]}); expected a repository in "
            "diffusers' layout. Look at its name and at `hf auth login`, or use an endpoint (http://…) or 'folder:DIR'"
        ) from error
    return Source(name, _read(name, path), path.parent.name, is_folder=False)


def _read(name: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OSError(f"editor {name!r}: {path} is no JSON ({error}); download or save the pipeline again") from error
    return dict(found)
