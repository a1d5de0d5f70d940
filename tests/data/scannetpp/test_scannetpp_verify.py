"""Candidates verified and reworded by the judge "chat", asked over a real connection."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from judging_server import judging
from scannetpp_rooms import SETTINGS

from gsi_bench_hf.cli import main
from gsi_bench_hf.data.scannetpp import make_candidates
from gsi_bench_hf.data.scannetpp.marks import marked
from gsi_bench_hf.data.scannetpp.tables import read_rows
from gsi_bench_hf.data.scannetpp.verify import same_directions_zh, same_request
from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.perception import load_judge
from gsi_bench_hf.types import Sample


@pytest.fixture
def unjudged(candidates, tmp_path):
    """A copy of the finished scenes, not yet judged."""
    shutil.copytree(candidates[0] / "scenes", tmp_path / "out" / "scenes")
    return tmp_path / "out", {row["id"]: row for row in read_rows(candidates[0] / "candidates.parquet")}


def judged(rooms, out, judge, **options):
    account = make_candidates(rooms.root, out, settings=SETTINGS, judge=judge, **options)
    return account, {row["id"]: row for row in read_rows(out / "candidates.parquet")}


def test_a_problem_drops_a_candidate_and_a_refusal_leaves_it(rooms, unjudged):
    out, before = unjudged
    bad, refused = (next(row for row in before.values() if row["operation"] == op) for op in ("move", "rotate"))
    with judging() as server:
        server.plausible = lambda said: {
            bad["instruction"]: {"problem": "collision", "plausible": False},
            refused["instruction"]: None,
        }.get(said, {"problem": "none", "plausible": True})
        judge = load_judge("chat", url=server.url)
        account, after = judged(rooms, out, judge, rewrite=False)
        judge.close()
    assert set(before) - set(after) == {bad["id"]}
    assert after[refused["id"]] == before[refused["id"]]
    found = account["judge"]
    assert found["verdicts"] == {"plausible": len(before) - 2, "collision": 1, "unverified: refused": 1}
    assert found["by_id"][bad["id"]] == "collision"
    assert found["rewriting"] == {}
    assert found["who"]["name"] == "chat"
    assert account["candidates"] == len(before) - 1


def test_words_that_change_the_request_are_thrown_away(rooms, unjudged):
    out, before = unjudged

    def reworded(said: str) -> dict:
        if said.startswith(("Remove", "Please remove")):
            return {"instruction": said.replace("emove the", "emove the nice"), "instruction_zh": "好"}
        return {"instruction": said.replace("clockwise", "round").replace(" cm", "0 cm"), "instruction_zh": "好"}

    with judging() as server:
        server.reworded = reworded
        judge = load_judge("chat", url=server.url)
        account, after = judged(rooms, out, judge)
        judge.close()
    removed = [row for row in before.values() if row["operation"] == "remove"]
    assert account["judge"]["rewriting"] == {"changed in meaning": len(before) - len(removed), "reworded": len(removed)}
    for name, row in after.items():
        said = before[name]["instruction"]
        expected = said.replace("emove the", "emove the nice") if row["operation"] == "remove" else said
        assert row["instruction"] == expected
        assert json.loads(row["provenance"]["extra"])["template"] == said
        assert row["instruction_zh"] == before[name]["instruction_zh"], "the Chinese says none of the directions"


def test_the_judge_sees_the_photograph_and_a_marked_one(rooms, unjudged):
    out, before = unjudged
    with judging() as server:
        judge = load_judge("chat", url=server.url)
        judged(rooms, out, judge, rewrite=False)
        judge.close()
    said, _, (plain, drawn) = server.asked[0]
    row = next(row for row in before.values() if row["instruction"] == said)
    assert plain.size == drawn.size
    changed = np.abs(np.asarray(plain, int) - np.asarray(drawn, int)).max(axis=-1) > 60
    assert 0.001 < changed.mean() < 0.1
    mask = np.asarray(Sample(row).target_mask)
    assert changed[: mask.shape[0], : mask.shape[1]][mask].mean() < 0.9, "an outline, not a filling"


def test_the_command_asks_nothing_twice(rooms, unjudged, capsys):
    out, before = unjudged
    given = ["--scannetpp", str(rooms.root), "--out", str(out), "--min-objects", "3", "--frames-per-scene", "2"]
    with judging() as server:
        given += ["--judge", "chat", "--judge-arg", f"url={server.url}"]
        assert main(["build", "real", *given]) == 0
        first = len(server.asked)
        assert first == 2 * len(before)
        assert f"Verified: plausible {len(before)}; words: as before {len(before)}" in capsys.readouterr().out
        (out / "candidates.parquet").unlink()
        assert main(["build", "real", *given]) == 0
        assert len(server.asked) == first


def test_marks_are_on_the_object_and_on_its_place(candidates):
    row = next(r for r in read_rows(candidates[0] / "candidates.parquet") if r["operation"] == "move")
    sample = Sample(row)
    drawn = np.asarray(marked(row), int)
    changed = np.abs(drawn - np.asarray(sample.source_image, int)).max(axis=-1) > 40
    v, u = np.nonzero(changed)
    boxes = [
        project_box(b.vector, b.rotation, sample.camera.intrinsics)
        for b in (sample.edit.original_box, sample.edit.new_box)
    ]
    low, high = np.min([b[:2] for b in boxes], axis=0) - 4, np.max([b[2:] for b in boxes], axis=0) + 4
    assert low[0] < u.min() < u.max() < high[0]
    assert low[1] < v.min() < v.max() < high[1]


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ("Move the mug 15 cm to the left.", True),
        ("Please shift the blue mug near the window 15 cm to the left.", True),
        ("Move the mug 0.15 m to the left.", False),
        ("Move the mug 15 cm to the right.", False),
        ("Move the mug 15 cm to the left, then 5 cm away from the camera.", False),
        ("Slide the mug 15 cm to the left.", False),
        ("Remove the mug 15 cm to the left.", False),
        ("Move the mug 15 cm.", False),
        ("", False),
    ],
)
def test_a_request_is_the_same_or_not(after, same):
    assert same_request("Move the mug 15 cm to the left.", after) is same


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Pull the mug 15 cm closer to the camera.", "Pull the mug 15 cm nearer to the camera."),
        ("Turn the chair counterclockwise by 90 degrees.", "Turn the upright chair 90 degrees anticlockwise."),
        ("Remove the mug closest to the camera.", "Remove the nearest mug, to the camera."),
    ],
)
def test_other_words_for_the_same(before, after):
    assert same_request(before, after)


def test_superlatives_are_part_of_the_request():
    assert same_request("Remove the leftmost mug.", "Remove the leftmost white mug.")
    assert not same_request("Remove the leftmost mug.", "Remove the rightmost mug.")
    assert not same_request("Turn the mug clockwise by 90 degrees.", "Turn the mug counterclockwise by 90 degrees.")
    assert same_directions_zh("Turn the mug counterclockwise by 90 degrees.", "把杯子逆时针转90度。")
    assert not same_directions_zh("Turn the mug clockwise by 90 degrees.", "把杯子逆时针转90度。")
