"""The label tests on every row of a built folder, not only on the few that the suite makes.

    python tests/synth/every_row.py FOLDER CONFIG [FIRST [LAST]]

Prints each row that a test fails on, with its message, and counts; ends with 1 where some did.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import datasets
import test_generate as tabletop
import test_generate_rooms as rooms

from gsi_bench_hf.types import Sample

Check = Callable[[list[Sample]], None]

TABLETOP: tuple[Check, ...] = (
    tabletop.test_every_mask_lies_in_its_projected_box,
    tabletop.test_depth_of_every_mask_lies_in_its_box,
    tabletop.test_what_is_asked_is_what_the_labels_say,
    tabletop.test_target_and_others_are_seen,
    tabletop.test_masks_agree_with_the_segmentation,
    tabletop.test_instructions_say_the_edit_and_name_the_target_alone,
)
ROOM: tuple[Check, ...] = (
    rooms.test_masks_lie_in_boxes_before_and_after,
    rooms.test_depth_lies_in_boxes,
    rooms.test_what_a_view_does_not_show_is_labelled_so,
    rooms.test_the_result_is_what_was_asked,
    rooms.test_exactly_one_thing_satisfies_the_instruction,
    rooms.test_the_target_is_seen_before_and_after,
)


def complaint(check: Check, sample: Sample) -> str | None:
    """Where and why a test fails on a row; None where it passes."""
    try:
        check([sample])
    except Exception as error:  # noqa: BLE001 - whatever a test trips over
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{check.__name__}, line {where.lineno}: {where.line} {error}"
    return None


def main(arguments: Sequence[str]) -> int:
    """Run every test on every row."""
    folder, config, *limits = arguments
    wrong = 0
    with tempfile.TemporaryDirectory() as cache:
        data = datasets.load_dataset(folder, config, cache_dir=cache)
        rows = next(iter(data.values()))
        wanted = range(*slice(*map(int, limits or [len(rows)])).indices(len(rows)))
        for index in wanted:
            sample = Sample(rows[index])
            checks = TABLETOP if sample.row["environment"] == "tabletop" else ROOM
            found = [text for check in checks if (text := complaint(check, sample)) is not None]
            wrong += bool(found)
            sys.stdout.writelines(f"{sample.id}: {text}\n" for text in found)
    sys.stdout.write(f"{Path(folder).name} {config}: {len(wanted)} rows, {wrong} with a complaint\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
