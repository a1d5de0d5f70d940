"""From reviewed candidates to the records and the released layout."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import datasets
import pytest

from gsi_bench_hf.cli import main
from gsi_bench_hf.data import released
from gsi_bench_hf.data.released_write import metadata_of
from gsi_bench_hf.data.scannetpp import ScanNetppError, finish
from gsi_bench_hf.data.scannetpp.tables import read_rows


@pytest.fixture
def folder(candidates, tmp_path):
    """The candidates, without the files of their making."""
    place = tmp_path / "candidates"
    place.mkdir()
    for name in ("candidates.parquet", "candidates.json"):
        shutil.copy(candidates[0] / name, place)
    return place


@pytest.fixture
def rows(folder) -> list[dict]:
    return list(read_rows(folder / "candidates.parquet"))


def decide(folder, reviewer: str, row: dict, decision: str, instruction: str | None = None, reason: str = "") -> None:
    line = {
        "id": row["id"],
        "decision": decision,
        "instruction": instruction or row["instruction"],
        "instruction_zh": row["instruction_zh"],
        "reason": reason,
        "at": "2026-01-01T00:00:00Z",
    }
    with (folder / f"decisions.{reviewer}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def test_what_was_accepted_is_written_both_ways(folder, rows, tmp_path, capsys):
    polite = f"Please {rows[1]['instruction'][0].lower()}{rows[1]['instruction'][1:]}".replace(
        "Please please", "Please"
    )
    decide(folder, "ann", rows[0], "reject", reason="the object can't be there")
    decide(folder, "ann", rows[1], "edit", polite)
    for row in rows[2:-1]:
        decide(folder, "ann", row, "accept")
    out = tmp_path / "real"
    assert main(["build", "real", "--reviewed", str(folder), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"({len(rows) - 2} edits; 1 rejected; 1 left out, in conflict or undecided)" in said

    kept = datasets.load_dataset(str(out), "real", split="test", cache_dir=str(tmp_path / "cache"))
    assert [row["id"] for row in kept.select_columns(["id"])] == [row["id"] for row in rows[1:-1]]
    assert kept[0]["instruction"] == polite
    assert kept[0]["source_image"].size == (480, 360)

    again = {row["id"]: row for row in released.read(out / "released", "real")}
    raw = kept.cast_column("source_image", datasets.Image(decode=False))
    for row in raw:
        back = again.pop(row["id"])
        assert metadata_of(back) == metadata_of(row)
        assert back["source_image"]["bytes"] == row["source_image"]["bytes"]
        assert back["operation"] == kept.features["operation"].int2str(row["operation"])
        assert json.loads(back["provenance"]["extra"])["template"]
    assert not again
    images = Counter(row["scene_id"] for row in raw)
    assert len(list((out / "released").glob("*.jpg"))) == len(images)
    review = json.loads((out / "review.json").read_text())
    assert review["review"]["counts"]["ann"] == {"accept": len(rows) - 3, "edit": 1, "reject": 1}
    assert review["candidates"]["candidates"] == len(rows)
    readme = (out / "README.md").read_text()
    assert "This is not the GSI-Real that the authors of GSI-Bench released" in readme
    assert "reviewed by ann" in readme


def test_made_again_after_another_decision_nothing_stale_is_left(folder, rows, tmp_path):
    for row in rows[:2]:
        decide(folder, "ann", row, "accept")
    out = tmp_path / "real"
    assert finish(folder, out).kept == 2
    decide(folder, "ann", rows[0], "reject")
    done = finish(folder, out)
    assert (done.kept, done.rejected, done.left) == (1, 1, len(rows) - 2)
    assert [row["id"] for row in released.read(out / "released", "real")] == [rows[1]["id"]]


def test_two_reviewers_can_be_asked_for(folder, rows, tmp_path):
    for row in rows[:2]:
        decide(folder, "ann", row, "accept")
    decide(folder, "bob", rows[0], "accept")
    assert finish(folder, tmp_path / "real", needed=2).kept == 1


def test_nothing_accepted_is_no_dataset(folder, tmp_path):
    with pytest.raises(ScanNetppError, match=r"has no accepted candidate; review them first: gsi-bench review"):
        finish(folder, tmp_path / "real")
    assert not (tmp_path / "real").exists()


def test_words_that_the_released_evaluator_misreads_are_refused(folder, rows, tmp_path):
    row = next(row for row in rows if row["operation"] == "move")
    decide(folder, "ann", row, "edit", "Slide it over by 10 cm.")
    with pytest.raises(
        ScanNetppError, match=r"is a move, but the released evaluator reads 'Slide it .*' as 'slide'; reword it"
    ):
        finish(folder, tmp_path / "real")
    assert not (tmp_path / "real").exists()


def test_a_folder_of_someone_elses_is_left_alone(folder, rows, tmp_path):
    decide(folder, "ann", rows[0], "accept")
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ValueError, match=r"README\.md was not made by gsi-bench and would be overwritten"):
        finish(folder, tmp_path)
    assert not (tmp_path / "released").exists()


def test_words_that_ask_for_another_place_are_refused(folder, rows, tmp_path):
    row = next(row for row in rows if row["operation"] == "move")
    number = f"{row['edit']['distance_m'] * 100:.0f} cm"
    assert number in row["instruction"]
    decide(folder, "ann", row, "edit", row["instruction"].replace(number, "3 cm"))
    with pytest.raises(ScanNetppError, match=r"now says '.* 3 cm .*', but the place that was checked .*same numbers"):
        finish(folder, tmp_path / "real")
    decide(folder, "ann", row, "edit", "Move it " + number)
    with pytest.raises(ScanNetppError, match="the same direction, or reject it"):
        finish(folder, tmp_path / "real")
    decide(folder, "ann", row, "edit", row["instruction"].replace(" the ", " that lovely ", 1))
    assert finish(folder, tmp_path / "real").kept == 1
