"""`folder:DIR`: images that were made elsewhere."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from gsi_bench_hf.pipelines.base import EditOutput
from gsi_bench_hf.types import Sample

_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
_MAPS = (".csv", ".jsonl")
_ID, _PATH = ("id", "sample_id", "index"), ("image", "edited", "path", "file", "file_name")


class FolderEditor:
    """Answers with `DIR/<id>.png` or `DIR/edited/<subset>/<id>.png` (or jpg, jpeg, webp), or with what a map names.

    A map is a CSV file with a header, or a JSONL file, of two fields: the record's id (`id`) and the image's path (`image`), which is
    taken from the map's own folder. Other fields are left alone; `subset`, where there is one, has to be the record's.

    Args:
        folder: where the images lie, or the map itself.
        map: the map, its path taken from `folder`.

    Raises:
        NotADirectoryError: there is no such folder.
        FileNotFoundError: there is no such map.
        ValueError: a map without these fields, or with an id twice.
    """

    needs_sample = True

    def __init__(self, folder: str | Path, map: str | Path | None = None) -> None:
        self.folder = Path(folder).expanduser()
        self.name = f"folder:{folder}"
        if map is None and self.folder.suffix.lower() in _MAPS and not self.folder.is_dir():
            self.folder, map = self.folder.parent, self.folder.name
        if not self.folder.is_dir():
            raise NotADirectoryError(
                f"editor {self.name!r}: {self.folder} is no folder; expected one with <id>.png files, or a .csv or .jsonl map"
            )
        self.map = None if map is None else self.folder / map
        self._paths = None if self.map is None else _read_map(self.name, self.map)

    def __call__(
        self, *, image: Image.Image, prompt: str, sample: Sample, generator: Any = None, seed: int = 0
    ) -> EditOutput:
        """Return the image made for `sample`. Raises FileNotFoundError saying where it was looked for, OSError for a damaged file."""
        path = self._found(sample) if self._paths is None else self._mapped(sample, self._paths)
        return EditOutput((_read(path, sample.id),))

    def provenance(self) -> dict[str, Any]:
        """The folder, and the map with a digest of its content."""
        told: dict[str, Any] = {"name": self.name, "arguments": {"folder": str(self.folder), "name": self.name}}
        if self.map is not None:
            digest = hashlib.sha256(self.map.read_bytes()).hexdigest()
            told["arguments"] |= {"map": str(self.map), "map_sha256": digest}
        return told

    def _found(self, sample: Sample) -> Path:
        stems = (self.folder / sample.id, self.folder / "edited" / sample.subset / sample.id)
        for stem in stems:
            for ending in _ENDINGS:
                path = stem.with_name(stem.name + ending)
                if path.is_file():
                    return path
        looked_for = " and ".join(f"{stem}{_ENDINGS[0]}" for stem in stems)
        raise FileNotFoundError(
            f"record {sample.id}: no edited image; looked for {looked_for} (or {', '.join(_ENDINGS[1:])})"
        )

    def _mapped(self, sample: Sample, paths: Mapping[tuple[str | None, str], Path]) -> Path:
        path = paths.get((sample.subset, sample.id)) or paths.get((None, sample.id))
        if path is None:
            raise FileNotFoundError(f"record {sample.id}: no edited image; {self.map} has no line for it")
        if not path.is_file():
            raise FileNotFoundError(f"record {sample.id}: {self.map} names {path}, and there is no such file")
        return path


def _read_map(name: str, file: Path) -> dict[tuple[str | None, str], Path]:
    """(subset or None, id) -> path."""
    if not file.is_file():
        raise FileNotFoundError(f"editor {name!r}: there is no map {file}; expected a .csv or .jsonl file")
    paths: dict[tuple[str | None, str], Path] = {}
    for number, row in _rows(name, file):
        identifier = next((row[key] for key in _ID if row.get(key)), None)
        path = next((row[key] for key in _PATH if row.get(key)), None)
        if identifier is None or path is None:
            raise ValueError(
                f"editor {name!r}: line {number} of {file} has the fields {', '.join(row) or 'none'}; expected 'id' and 'image'"
            )
        key = (row.get("subset") or None, str(identifier))
        if key in paths:
            raise ValueError(
                f"editor {name!r}: line {number} of {file} names {identifier!r} a second time; expected each id once"
            )
        paths[key] = file.parent / str(path)
    return paths


def _rows(name: str, file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix.lower() == ".csv":
            reader = csv.DictReader(lines)
            for row in reader:
                yield reader.line_num, row
            return
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except ValueError as error:
                raise ValueError(f"editor {name!r}: line {number} of {file} is no JSON ({error})") from error
            if not isinstance(found, dict):
                raise ValueError(
                    f"editor {name!r}: line {number} of {file} is {type(found).__name__}, expected an object"
                )
            yield number, found


def _read(path: Path, sample_id: str) -> Image.Image:
    try:
        with Image.open(path) as found:
            return found.convert("RGB")
    except OSError as error:
        raise OSError(f"record {sample_id}: {path} can't be read as an image ({error}); make it again") from error
