"""The released evaluator's `infer_cache.json`, written as detections are made and read by those that go on.

One JSON object: "<img_id>_<query>" -> {"origin_result", "new_result"}, each with its "detections". Ours adds a key that the released
evaluator does not look at: which image the detections are of, so that those of another image are never taken for this one's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gsi_bench_hf.durable import clear_errors, write_atomic

SOURCE, EDITED = "origin_result", "new_result"
_MARK = "gsi-bench-hf"


class InferCache:
    """A file of detections that several processes may add to.

    Args:
        path: the file; it need not be there.

    Raises:
        ValueError: the file is none of these.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = self._read()

    def get(self, key: str, which: str, digest: str) -> list[dict[str, Any]] | None:
        """The detections of a sample's source or edited image; None where they are not here, or of another image."""
        entry = self._entries.get(key) or {}
        if (entry.get(_MARK) or {}).get(which) != digest:
            return None
        return list(entry[which]["detections"])

    def put(self, key: str, which: str, digest: str, detections: Sequence[Mapping[str, Any]]) -> None:
        """Add the detections of an image, beside what other processes have added meanwhile."""
        with self._alone():
            self._entries = self._read()
            entry = self._entries.setdefault(key, {})
            entry[which] = {"detections": list(detections)}
            entry[_MARK] = {**(entry.get(_MARK) or {}), which: digest}
            write_atomic(self._path, json.dumps(self._entries, indent=1).encode())

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(f"{self._path}: not JSON ({error}); give cache= another file") from error
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise ValueError(f"{self._path}: expected an object of samples, as infer_cache.json is; give another file")
        return content

    @contextmanager
    def _alone(self) -> Iterator[None]:
        import fcntl

        with clear_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = self._path.with_name(f".{self._path.name}.lock").open("a")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
