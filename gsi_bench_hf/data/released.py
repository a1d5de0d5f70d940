"""The released layout of GSI-Bench, both ways: a folder of images and JSON files <-> records of `features`.

What a record carries of a JSON file: `prompt` (`instruction`), `target` (`target.label`), `original_bbox_3d`, `new_bbox_3d`,
`rotation_matrix`, `new_rotation_matrix` (`edit`) and `camera_intrinsics` (`camera.intrinsics`), every number to the last bit. Other
keys, and those that are there but null, are kept as JSON in `provenance.extra`, so that they come back. Images are kept as the bytes
of their files. What the files don't say is null in the record.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from gsi_bench_hf.data.released_layout import EditFiles, list_edits
from gsi_bench_hf.data.released_metadata import Metadata, ReleasedDataError, read_metadata
from gsi_bench_hf.data.released_write import write
from gsi_bench_hf.data.subsets import SUBSETS, Subset

__all__ = ["GENERATOR", "READER_VERSION", "ReleasedDataError", "ReleasedDataWarning", "read", "summary", "write"]

GENERATOR = "GSI-Bench release"
"""`provenance.generator` of released records."""
READER_VERSION = "2"
"""Changes when the same files give other records; part of the cache key."""
OnError = Literal["raise", "skip"]
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class ReleasedDataWarning(UserWarning):
    """Edits of the released files were left out."""


def read(
    folder: str | os.PathLike[str],
    subset: str,
    *,
    on_error: OnError = "raise",
    problems: list[ReleasedDataError] | None = None,
    version: str | None = None,
) -> Iterator[dict[str, Any]]:
    """The records of a folder in the released layout, one at a time, in natural order of image and query.

    Args:
        folder: holds `<img_id>.jpg|png`, `<img_id>_edit_<query>.json`, `<img_id>_*gtedit_<query>*.*`.
        subset: the config that the records belong to; its spec gives environment and licence.
        on_error: "raise" stops at the first bad edit; "skip" leaves bad edits out and goes on.
        problems: where "skip" puts what it left out, one error an edit. Without it, a warning counts them by reason at the end.
        version: what `provenance.version` shall say, such as the archive's checksum.

    Returns:
        An iterator of rows that `features` encodes: `id` is `<img_id>_edit_<query>`, `scene_id` is `<img_id>`, images are
        `{"bytes": the file's own, "path": its name}`.

    Raises:
        ReleasedDataError: naming file and field, as soon as a bad edit is reached (with "raise").
        FileNotFoundError: for a folder that is not there or holds no edits.
        ValueError: for an unknown `on_error`.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"released.read: on_error is {on_error!r}, expected 'raise' or 'skip'")
    folder, spec = Path(folder), SUBSETS[subset]
    return _rows(folder, list_edits(folder), spec, on_error, problems, version)


def _rows(
    folder: Path,
    edits: Sequence[EditFiles],
    spec: Subset,
    on_error: OnError,
    problems: list[ReleasedDataError] | None,
    version: str | None,
) -> Iterator[dict[str, Any]]:
    found: list[ReleasedDataError] = [] if problems is None else problems
    before = len(found)
    source: tuple[str, _Picture | ReleasedDataError] | None = None  # edits of one image follow each other
    for edit in edits:
        try:
            metadata = _metadata(folder, edit)
            if source is None or source[0] != edit.image_id:
                source = edit.image_id, _source(folder, edit)
            if isinstance(source[1], ReleasedDataError):
                raise source[1]
            row = _row(edit, metadata, source[1], _target(folder, edit), spec, version)
        except ReleasedDataError as error:
            if on_error == "raise":
                raise
            found.append(error.with_traceback(None))
            continue
        yield row
    if problems is None and len(found) > before:
        warnings.warn(
            f"{folder}: {summary(found)} of {len(edits)} edits; first: {found[0]}", ReleasedDataWarning, stacklevel=2
        )


def summary(problems: Sequence[ReleasedDataError]) -> str:
    """How many edits were left out, by reason.

    >>> error = ReleasedDataError(Path("a_edit_0.json"), "prompt", "missing key", "")
    >>> summary([error, error])
    'left out 2 (missing key: 2)'
    """
    reasons = Counter(problem.reason for problem in problems)
    counts = ", ".join(f"{reason}: {count}" for reason, count in sorted(reasons.items()))
    return f"left out {len(problems)} ({counts})" if problems else "left out 0"


class _Picture:
    """An image file's bytes, checked to be an image that decodes."""

    def __init__(self, path: Path, field: str) -> None:
        self.name = path.name
        try:
            self.data = path.read_bytes()
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(self.data)) as image:
                    image.load()
                    self.width, self.height = image.size
        except _UNREADABLE as error:
            detail = f"{type(error).__name__}: {error}"
            raise ReleasedDataError(path, field, "unreadable image", detail) from error

    @property
    def feature(self) -> dict[str, Any]:
        """As `datasets.Image` takes it."""
        return {"bytes": self.data, "path": self.name}


def _metadata(folder: Path, edit: EditFiles) -> Metadata:
    file = folder / edit.metadata[0]
    if len(edit.metadata) > 1:
        raise ReleasedDataError(
            file, "id", "duplicate id", f"{edit.id} stands in {' and '.join(edit.metadata)}, expected one"
        )
    return read_metadata(file)


def _source(folder: Path, edit: EditFiles) -> _Picture | ReleasedDataError:
    file = folder / edit.metadata[0]
    if not edit.images:
        wanted = f"expected {edit.image_id}.jpg or {edit.image_id}.png beside it"
        return ReleasedDataError(file, "image", "missing image", wanted)
    if len(edit.images) > 1:
        return ReleasedDataError(
            file, "image", "duplicate image", f"{edit.image_id} is {' and '.join(edit.images)}, expected one"
        )
    try:
        return _Picture(folder / edit.images[0], "image")
    except ReleasedDataError as error:
        return error


def _target(folder: Path, edit: EditFiles) -> _Picture | None:
    """The ground-truth image; None where there is none, which the `paper` protocol scores as 0."""
    if len(edit.targets) > 1:
        detail = f"{' and '.join(edit.targets)} are for {edit.id}, expected one"
        raise ReleasedDataError(folder / edit.metadata[0], "target image", "duplicate image", detail)
    return _Picture(folder / edit.targets[0], "target image") if edit.targets else None


def _row(
    edit: EditFiles, metadata: Metadata, source: _Picture, target: _Picture | None, spec: Subset, version: str | None
) -> dict[str, Any]:
    values = metadata.values
    boxes = ("original_bbox_3d", "new_bbox_3d", "rotation_matrix", "new_rotation_matrix")
    unsaid = ("direction", "distance_m", "angle_deg", "factor", "camera_motion")
    return {
        "id": edit.id,
        "subset": spec.name,
        "environment": None if spec.environment == "mixed" else spec.environment,
        "scene_id": edit.image_id,
        "operation": metadata.operation,
        "instruction": values["prompt"],
        "instruction_zh": None,
        "source_image": source.feature,
        "target_image": None if target is None else target.feature,
        "target": {"label": values.get("target"), "instance_id": None, "description": None, "mask": None},
        "reference": None,
        "edit": {**{name: values.get(name) for name in boxes}, **dict.fromkeys(unsaid)},
        "camera": {
            "intrinsics": values.get("camera_intrinsics"),
            "world_from_camera": None,
            "width": source.width,
            "height": source.height,
        },
        **dict.fromkeys(
            ("objects", "target_objects", "depth", "segmentation", "target_segmentation", "difficulty", "scene")
        ),
        "provenance": {
            "generator": GENERATOR,
            "version": version,
            "seed": None,
            "licence": spec.licence,
            "extra": metadata.extra,
        },
    }
