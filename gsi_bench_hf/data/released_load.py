"""What the builder does for a released config: name the cache by the files' state, find the files, read them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gsi_bench_hf.data import released
from gsi_bench_hf.data.released_source import fingerprint, open_source
from gsi_bench_hf.data.subsets import Subset


def cache_arguments(subset: Subset, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A config's arguments as they name its cache folder: `data_dir` by the state of its files, so that a change is not missed."""
    data_dir = arguments.get("data_dir")
    if data_dir is None:
        return dict(arguments)
    state = f"{Path(data_dir).expanduser().absolute()}#{fingerprint(subset, data_dir)}"
    return {**arguments, "data_dir": state}


def split_arguments(
    subset: Subset, *, data_dir: str | None, repo_id: str | None, dl_manager: Any, token: str | bool | None
) -> dict[str, Any]:
    """The arguments of `rows` that say where the files are, as plain values that a worker process can be sent.

    Args:
        subset: the config's spec.
        data_dir: the user's folder with the released files; None for the Hub's.
        repo_id: the Hub dataset to fetch from; None for the usual one.
        dl_manager: of `datasets`; its cache folder is where zips are extracted.
        token: for the Hub.

    Raises:
        UnavailableConfigError: there are no files.
    """
    import datasets

    cache = dl_manager.download_config.cache_dir
    extracted = Path(cache, "extracted") if cache else Path(datasets.config.EXTRACTED_DATASETS_PATH)
    source = open_source(
        subset, data_dir=data_dir, repo_id=repo_id, cache_dir=extracted, token=token, dl_manager=dl_manager
    )
    return {"folder": str(source.folder), "version": source.version}


def rows(
    subset: Subset, *, folder: str, version: str | None, on_error: released.OnError, num_samples: int = 0
) -> Iterator[dict[str, Any]]:
    """The first `num_samples` records, all for 0; see `released.read`."""
    found = released.read(Path(folder), subset.name, on_error=on_error, version=version)
    return itertools.islice(found, num_samples or None)
