"""The names of the released layout: which file of a folder is which image, edit or ground truth of which edit.

`<img_id>.jpg|png` is a source image, `<img_id>_edit_<query>.json` an edit of it, `<img_id>_*gtedit_<query>*.*` the ground-truth image
of that edit, which view edits have. Ids may hold underscores, even `_edit_`: the images that are there decide where an id ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
EDIT_MARK = "_edit_"
TARGET_MARK = "gtedit_"


@dataclass(frozen=True)
class EditFiles:
    """The files of one edit, by name inside the folder; more than one where one is expected is for the reader to complain about.

    Attributes:
        image_id: the source image's id.
        query: the edit's id among those of its image.
        metadata: JSON files, at least one.
        images: source images.
        targets: ground-truth images.
    """

    image_id: str
    query: str
    metadata: tuple[str, ...]
    images: tuple[str, ...]
    targets: tuple[str, ...]

    @property
    def id(self) -> str:
        """`<img_id>_edit_<query>`, as edited images are named."""
        return edit_id(self.image_id, self.query)


def edit_id(image_id: str, query: str) -> str:
    """The record's id of an edit, which is also the stem of its JSON file and of its edited images.

    >>> edit_id("scene_0", "2")
    'scene_0_edit_2'
    """
    return f"{image_id}{EDIT_MARK}{query}"


def row_names(row: Mapping[str, Any]) -> tuple[str, str]:
    """`(img_id, query)` of a record. One that was not read from a released folder is an image of its own with the query "0".

    >>> row_names({"id": "a_edit_b_edit_3", "scene_id": "a_edit_b"}), row_names({"id": "sim-tabletop-00007", "scene_id": "s"})
    (('a_edit_b', '3'), ('sim-tabletop-00007', '0'))
    """
    sample_id, prefix = str(row["id"]), f"{row['scene_id']}{EDIT_MARK}"
    if sample_id.startswith(prefix) and len(sample_id) > len(prefix):
        return str(row["scene_id"]), sample_id[len(prefix) :]
    return sample_id, "0"


def list_edits(folder: Path) -> list[EditFiles]:
    """The edits of a folder in the released layout, in natural order of image and query; hidden files are passed over.

    Raises:
        FileNotFoundError: when there is no such folder, or it holds no edits.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder, expected one in the released layout")
    names = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".") and p.is_file())
    pictures = [name for name in names if Path(name).suffix.lower() in IMAGE_SUFFIXES]
    images = _grouped([(Path(name).stem, name) for name in pictures if TARGET_MARK not in name])
    metadata = _grouped(
        [(_split_edit(Path(n).stem, images), n) for n in names if n.lower().endswith(".json") and EDIT_MARK in n]
    )
    metadata.pop(None, None)
    if not metadata:
        raise FileNotFoundError(
            f"{folder}: no edits, expected files like <img_id>{EDIT_MARK}<query>.json beside <img_id>.jpg or .png"
        )
    queries = _grouped(list(metadata))
    targets = _grouped([(_owner(n, queries), n) for n in pictures if TARGET_MARK in n])
    return [
        EditFiles(image_id, query, files, images.get(image_id, ()), targets.get((image_id, query), ()))
        for (image_id, query), files in sorted(metadata.items(), key=lambda item: _natural(*item[0]))
    ]


def is_layout(folder: Path) -> bool:
    """Whether a folder holds edits of the released layout."""
    return folder.is_dir() and any(not p.name.startswith(".") for p in folder.glob(f"?*{EDIT_MARK}?*.json"))


def belongs(name: str, image_id: str, query: str) -> bool:
    """Whether a file's name is one of a ground-truth image of that edit, with no word beyond the query taken for part of it.

    >>> belongs("a_view_gtedit_1.png", "a", "1"), belongs("a_gtedit_1_x.png", "a", "1"), belongs("a_gtedit_10.png", "a", "1")
    (True, True, False)
    """
    stem = Path(name).stem
    _, mark, tail = stem.rpartition(TARGET_MARK)
    if not mark or not stem.startswith(f"{image_id}_"):
        return False
    return tail.startswith(query) and not tail[len(query) : len(query) + 1].isalnum()


def _split_edit(stem: str, images: Mapping[str, Any]) -> tuple[str, str] | None:
    splits = [(stem[: m.start()], stem[m.end() :]) for m in re.finditer(f"(?={EDIT_MARK})", stem)]
    splits = [(image_id, query[len(EDIT_MARK) :]) for image_id, query in splits]
    splits = [split for split in splits if all(split)]
    known = [split for split in splits if split[0] in images]
    return (known or splits)[-1] if splits else None


def _owner(name: str, queries: Mapping[str, tuple[str, ...]]) -> tuple[str, str] | None:
    """The edit whose ground truth a file is: the longest id of an image, then of a query, that its name fits."""
    stem = Path(name).stem
    for end in (m.start() for m in reversed(list(re.finditer("_", stem)))):
        fitting = [query for query in queries.get(stem[:end], ()) if belongs(name, stem[:end], query)]
        if fitting:
            return stem[:end], max(fitting, key=len)
    return None


def _grouped(pairs: list[tuple[Any, str]]) -> dict[Any, tuple[str, ...]]:
    groups: dict[Any, tuple[str, ...]] = {}
    for key, value in pairs:
        groups[key] = (*groups.get(key, ()), value)
    return groups


def _natural(*names: str) -> list[list[tuple[int, int, str]]]:
    """A sorting key under which 2 comes before 10; the names themselves last, so that 02 and 2 have a fixed order too."""
    pieces = [re.findall(r"\d+|\D+", name) for name in names]
    keys = [[(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in piece] for piece in pieces]
    return [*keys, [(1, 0, name) for name in names]]
