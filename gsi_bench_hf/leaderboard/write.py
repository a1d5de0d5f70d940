"""Puts the leaderboard together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gsi_bench_hf.durable import write_atomic
from gsi_bench_hf.leaderboard.card import card_text
from gsi_bench_hf.leaderboard.dataset import (
    CARD_FILE,
    MARK,
    PAGE_FILE,
    RUNS_FILE,
    SCORES_FILE,
    runs_table,
    scores_table,
)
from gsi_bench_hf.leaderboard.entries import LeaderboardError
from gsi_bench_hf.leaderboard.sources import read_entries
from gsi_bench_hf.leaderboard.view import page_values
from gsi_bench_hf.report.template import page_template


def write_leaderboard(
    paths: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str], *, title: str | None = None
) -> list[Path]:
    """Write a leaderboard: its page, and the dataset it is made of.

    Args:
        paths: run folders, folders that hold some (a pulled results dataset), and earlier leaderboards, to add to them. A run that
            comes more than once counts once.
        out: the folder; an earlier leaderboard there is replaced, and may be among `paths`.
        title: of the page and the card; None says whether the scores are of GSI-Bench, of GSI-Sim or both.

    Returns:
        The files: `index.html`, which asks for nothing else, `leaderboard.parquet`, `scores.parquet` and `README.md`.

    Raises:
        LeaderboardError: a folder holds no runs, or `out` has somebody else's README.md.
        MissingReportExtraError: jinja2 is not installed.
        RunFolderError: a run can't be read, or is not finished.
    """
    template = page_template(Path(__file__).parent, "a leaderboard")
    folder = Path(out)
    _check_ours(folder / CARD_FILE)
    entries = read_entries(paths)
    title = title or f"{' and '.join(sorted({entry.benchmark for entry in entries}))} leaderboard"
    files = {
        RUNS_FILE: runs_table(entries),
        SCORES_FILE: scores_table(entries),
        CARD_FILE: card_text(entries, title=title).encode(),
        PAGE_FILE: template.render(page_values(entries, title=title)).encode(),
    }
    for name, data in files.items():
        write_atomic(folder / name, data)
    return [folder / name for name in (PAGE_FILE, RUNS_FILE, SCORES_FILE, CARD_FILE)]


def _check_ours(path: Path) -> None:
    if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
        raise LeaderboardError(
            f"{path} was not made by `gsi-bench leaderboard` and is not overwritten; expected another --out, or that file elsewhere"
        )
