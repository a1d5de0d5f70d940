"""Records -> a folder in the released layout; the other way round is `released.read`."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gsi_bench_hf.data.released_layout import IMAGE_SUFFIXES, belongs, edit_id, row_names


def write(rows: Iterable[Mapping[str, Any]], folder: str | os.PathLike[str]) -> int:
    """Write records as a folder in the released layout: `released.read` of it gives the same records.

    A key whose value is null is not written, unless `provenance.extra` says that it was there. Image files get the very bytes
    that the records hold; a `Dataset` is read without decoding its images. A decoded image has lost its file: it becomes a PNG of
    the same pixels. Records that were not read from a released folder get their id for image id and "0" for query.

    Args:
        rows: records, as `read` or `datasets` yields them.
        folder: made where missing. A file that is there already may only have the same content.

    Returns:
        The number of edits written.

    Raises:
        ValueError: for a record whose id is no file name, or lacks its source image or instruction, or for two records of one id.
        FileExistsError: for a file that is there with another content.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written: set[str] = set()
    images: dict[str, str] = {}
    for row in _with_encoded_images(rows):
        image_id, query = row_names(row)
        _check_row(row, image_id, query, written)
        stem = edit_id(image_id, query)
        written.add(stem)
        data, name = _encoded(row["source_image"])
        file = f"{image_id}{_suffix(name, data)}"
        if images.setdefault(image_id, file) != file:
            raise ValueError(
                f"released.write: record {row['id']!r} has the image {file}, an earlier one {images[image_id]}; expected one image"
            )
        _put(folder / file, data)
        if row.get("target_image") is not None:
            data, name = _encoded(row["target_image"])
            own = name is not None and belongs(name, image_id, query)
            _put(folder / (name if own and name else f"{image_id}_gtedit_{query}{_suffix(name, data)}"), data)
        # What has no place of its own may hold any JSON, halves of surrogate pairs among it, which only escapes can say.
        content = json.dumps(metadata_of(row), ensure_ascii=bool(_extra(row)), indent=2)
        _put(folder / f"{stem}.json", content.encode())
    return len(written)


def metadata_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The released JSON values of a record; keys without a value are left out, those of `provenance.extra` are put back."""
    edit, camera, target = (row.get(name) or {} for name in ("edit", "camera", "target"))
    values = {
        "prompt": row["instruction"],
        "target": target.get("label"),
        "original_bbox_3d": _plain(edit.get("original_bbox_3d")),
        "new_bbox_3d": _plain(edit.get("new_bbox_3d")),
        "camera_intrinsics": _plain(camera.get("intrinsics")),
        "rotation_matrix": _plain(edit.get("rotation_matrix")),
        "new_rotation_matrix": _plain(edit.get("new_rotation_matrix")),
    }
    return _extra(row) | {name: value for name, value in values.items() if value is not None}


def _extra(row: Mapping[str, Any]) -> dict[str, Any]:
    text = (row.get("provenance") or {}).get("extra")
    return {} if text is None else dict(json.loads(text))


def _plain(value: Any) -> Any:
    return None if value is None else np.asarray(value, dtype=np.float64).tolist()


def _with_encoded_images(rows: Any) -> Iterable[Mapping[str, Any]]:
    """The rows of a `Dataset` with the images' bytes as they are; any other rows as they are."""
    if getattr(rows, "features", None) is None or not hasattr(rows, "cast_column"):
        return rows  # type: ignore[no-any-return]
    import datasets

    for name in ("source_image", "target_image"):
        if name in rows.features:
            rows = rows.cast_column(name, datasets.Image(decode=False))
    return rows  # type: ignore[no-any-return]


def _check_row(row: Mapping[str, Any], image_id: str, query: str, written: set[str]) -> None:
    for part in (image_id, query):
        if not part or part.startswith(".") or "/" in part or "\\" in part or any(ord(c) < 32 for c in part):
            raise ValueError(f"released.write: the record's id {row['id']!r} can't name a file")
    if edit_id(image_id, query) in written:
        raise ValueError(f"released.write: two records have the id {row['id']!r}; expected every id once")
    for name in ("instruction", "source_image"):
        if row.get(name) is None:
            raise ValueError(f"released.write: record {row['id']!r} has no {name}; the layout needs it")


def _encoded(value: Any) -> tuple[bytes, str | None]:
    """`(bytes, file name)` of an image as a row may hold it."""
    if isinstance(value, Mapping):
        name = Path(value["path"]).name if value.get("path") else None
        data = value["bytes"] if value.get("bytes") is not None else Path(value["path"]).read_bytes()
        return data, name
    buffer = io.BytesIO()
    value.save(buffer, "PNG")
    return buffer.getvalue(), None


def _suffix(name: str | None, data: bytes) -> str:
    suffix = Path(name).suffix if name else ""
    if suffix.lower() in IMAGE_SUFFIXES:
        return suffix
    return ".jpg" if data.startswith(b"\xff\xd8") else ".png"


def _put(path: Path, data: bytes) -> None:
    if path.exists():
        if path.read_bytes() != data:
            raise FileExistsError(f"{path}: is there with another content; write to a new folder")
        return
    path.write_bytes(data)
