"""Runs to make leaderboards of: editors of several skills on the coloured squares, of three operations by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import card_runs
import tiny

OPERATIONS = ("move", "rotate", "scale")
HOSTILE = "<script>document.title = 'hacked'</script>"
COUNT = 12


def rows(subset: str = "sim-tiny", count: int = COUNT) -> list[dict[str, Any]]:
    """Of three operations by name, in scenes of two; a turn that is not asked for keeps "rotate" scorable."""
    made = [{**tiny.row(index), "subset": subset, "operation": OPERATIONS[index // 2 % 3]} for index in range(count)]
    for row in made:
        if row["operation"] == "rotate":
            row["edit"] = {
                **row["edit"],
                "new_rotation_matrix": [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]],
            }
        if row["operation"] == "scale":
            row["edit"] = {**row["edit"], "new_bbox_3d": [*row["edit"]["new_bbox_3d"][:3], 0.3, 0.3, 0.02, 0.0]}
    return made


def make_all(folder: Path) -> dict[str, Path]:
    """A good run, one that fails on a sample, one with a hostile name, one under `paper`, one over a part; two ladders."""
    good = card_runs.pipeline("instruct-pix2pix", "timbrooks/instruct-pix2pix")
    good.off_px = 1
    mine = card_runs.Editor("mine", 4)
    served = card_runs.Editor(HOSTILE, 7, endpoint="http://10.0.0.7:8000/v1", model=HOSTILE)
    runs = {
        "good": card_runs.run(folder / "good", good, rows=rows()),
        "mine": card_runs.run(folder / "mine", mine, rows=rows()),
        "served": card_runs.run(folder / "served", served, rows=rows()),
        "paper": card_runs.run(folder / "paper", card_runs.Editor("mine", 3), rows=rows(), protocol="paper"),
        "part": card_runs.run(folder / "part", card_runs.Editor("mine", 3), rows=rows(), limit=4),
    }
    for name, off in (("identity", 40), ("noisy-oracle", 3), ("oracle", 0)):
        for beside in ("good", "mine"):
            card_runs.run(folder / beside / "ladder" / name, card_runs.Editor(name, off), rows=rows())
    return runs
