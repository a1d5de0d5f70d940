"""From reviewed candidates to a subset: a dataset folder with the records, and the released layout of the same edits."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gsi_bench_hf.data import released
from gsi_bench_hf.data.card import check_readme
from gsi_bench_hf.data.card.readme import MARK
from gsi_bench_hf.data.scannetpp.candidates import ACCOUNT_FILE, CANDIDATES_FILE
from gsi_bench_hf.data.scannetpp.layout import ScanNetppError
from gsi_bench_hf.data.scannetpp.records import LICENCE, SUBSET
from gsi_bench_hf.data.scannetpp.tables import read_rows, write_rows
from gsi_bench_hf.data.scannetpp.verify import still_asks
from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.durable import dump_json, write_atomic
from gsi_bench_hf.instructions import paper_operation

if TYPE_CHECKING:
    from gsi_bench_hf.review import Merged

RELEASED, REVIEW_FILE = "released", "review.json"
_README = """\
# Edits of ScanNet++ photographs, made and reviewed with gsi-bench-hf

{count} edits of {images} photographs ({operations}), proposed by `gsi-bench build real --scannetpp`, reviewed by {reviewers} with
`gsi-bench review`. This is not the GSI-Real that the authors of GSI-Bench released: the edits are others, made in the same way.

`load_dataset("{folder}", "{config}")` reads the records; `{released}/` holds the same edits in the released layout. `{review}` says
how far the reviewers agree. The ground-truth image of an edit of a photograph doesn't exist: `target_image` is null.

The photographs are ScanNet++'s: {licence}.
"""


@dataclass(frozen=True)
class Finished:
    """What became of the candidates.

    Attributes:
        kept: records written.
        rejected: candidates that their reviewers rejected.
        left: candidates that are in conflict or undecided, and are left out.
        folder: the dataset folder.
    """

    kept: int
    rejected: int
    left: int
    folder: Path


def finish(reviewed: str | os.PathLike[str], out: str | os.PathLike[str], *, needed: int = 1) -> Finished:
    """Write what reviewers accepted, in its final words.

    Args:
        reviewed: a folder of candidates with their reviewers' decisions.
        out: the dataset folder to make; one that was made here is made anew.
        needed: how many reviewers must have decided on a candidate.

    Raises:
        ReviewError: there are no candidates.
        ScanNetppError: nothing is accepted, or the words of an edit ask for something else than it is.
        ValueError: `out` has a README.md that was not made here.
    """
    from gsi_bench_hf.review import merged

    source, root = Path(reviewed), Path(out)
    found = merged(source, needed=needed)
    if not found.accepted:
        raise ScanNetppError(f"{source} has no accepted candidate; review them first: gsi-bench review {source}")
    _check_words(source, found)
    root.mkdir(parents=True, exist_ok=True)
    check_readme(root)
    split = SUBSETS[SUBSET].split
    counts: Counter[str] = Counter()
    images: set[str] = set()

    def rows() -> Iterator[dict[str, Any]]:
        for row in _accepted(source, found):
            counts[row["operation"]] += 1
            images.add(row["scene_id"])
            yield row

    data = root / "data" / SUBSET / f"{split}-00000-of-00001.parquet"
    data.parent.mkdir(parents=True, exist_ok=True)
    kept = write_rows(data, rows())
    _write_released(root, source, found)
    write_atomic(root / REVIEW_FILE, dump_json({"review": found.to_json(), "candidates": _account(source)}))
    write_atomic(root / "README.md", _readme(root, found, counts, len(images)).encode())
    return Finished(kept, len(found.rejected), len(found.conflicts) + len(found.undecided), root)


def _accepted(source: Path, found: Merged) -> Iterator[dict[str, Any]]:
    for row in read_rows(source / CANDIDATES_FILE):
        wording = found.accepted.get(row["id"])
        if wording is not None:
            yield {**row, "instruction": wording.instruction, "instruction_zh": wording.instruction_zh}


def _check_words(source: Path, found: Merged) -> None:
    """Refuse what asks for something else than was measured, and what the released evaluator would take for another operation: its
    layout has no field for that, so that it goes by the first words.
    """
    for row in _accepted(source, found):
        read = paper_operation(row["instruction"])
        if read != row["operation"]:
            raise ScanNetppError(
                f"{row['id']} is a {row['operation']}, but the released evaluator reads {row['instruction']!r} as {read!r}; "
                f"reword it in the review, so that it begins as its template does: {_template(row)!r}"
            )
        if not still_asks(_template(row), row["instruction"], row["edit"]["direction"]):
            raise ScanNetppError(
                f"{row['id']} now says {row['instruction']!r}, but the place that was checked and is scored is that of its template "
                f"{_template(row)!r}; reword it in the review with the same numbers and the same direction, or reject it"
            )


def _template(row: dict[str, Any]) -> str:
    return str(json.loads(row["provenance"]["extra"] or "{}").get("template", ""))


def _write_released(root: Path, source: Path, found: Merged) -> None:
    """The released layout, in place of one that was there."""
    beside, place = root / f".{RELEASED}.tmp", root / RELEASED
    shutil.rmtree(beside, ignore_errors=True)
    released.write(_accepted(source, found), beside)
    shutil.rmtree(place, ignore_errors=True)
    beside.rename(place)


def _account(source: Path) -> Any:
    path = source / ACCOUNT_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _readme(root: Path, found: Merged, counts: Counter[str], images: int) -> str:
    split = SUBSETS[SUBSET].split
    front = {
        "license": "other",
        "license_name": "scannetpp-terms-of-use",
        "configs": [
            {"config_name": SUBSET, "data_files": [{"split": split, "path": f"data/{SUBSET}/{split}-*.parquet"}]}
        ],
    }
    body = _README.format(
        count=sum(counts.values()),
        images=images,
        operations=", ".join(f"{name} {count}" for name, count in sorted(counts.items())),
        reviewers=", ".join(found.counts) or "nobody",
        folder=root.name,
        config=SUBSET,
        released=RELEASED,
        review=REVIEW_FILE,
        licence=LICENCE,
    )
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n{MARK}\n{body}"
