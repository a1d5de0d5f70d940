"""The pipeline on three rendered rooms, laid beside what was really rendered."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from scannetpp_rooms import SETTINGS, photographs_known, true_change, true_target

from gsi_bench_hf import instructions
from gsi_bench_hf.cli import main
from gsi_bench_hf.data.scannetpp import ScanNetppError, make_candidates
from gsi_bench_hf.data.scannetpp.candidates import mesh_source, scene_rows
from gsi_bench_hf.data.scannetpp.layout import SceneFolder, scenes_in
from gsi_bench_hf.data.scannetpp.tables import read_rows
from gsi_bench_hf.data.scannetpp.views import DetectorSource
from gsi_bench_hf.perception.lifting import LiftingDetector
from gsi_bench_hf.synth.scene import Scene, SceneObject, object_box
from gsi_bench_hf.synth.standing import Standing
from gsi_bench_hf.types import Sample


@pytest.fixture(scope="module")
def rows(candidates) -> list[dict]:
    return list(read_rows(candidates[0] / "candidates.parquet"))


def test_the_account_says_what_became_of_every_frame(candidates, rows):
    _, account = candidates
    assert account["frames"] == {"kept": 6, "blurred": 3, "no camera": 3}
    assert account["candidates"] == len(rows) == sum(account["operations"].values())
    assert sum(scene["candidates"] for scene in account["scenes"].values()) == len(rows)
    assert set(account["operations"]) == {"move", "rotate", "remove"}
    assert len(rows) >= 12
    reasons = {reason.partition(": ")[2] for reason in account["rejections"]}
    assert {"collision", "too small a change"} <= reasons
    assert account["judge"] is None


def test_the_target_is_where_it_was_rendered(rooms, rows):
    for row in rows:
        sample = Sample(row)
        item, scene, frame = true_target(rooms, row)
        box, true = sample.edit.original_box, object_box(item, scene.camera)
        assert np.linalg.norm(box.center_m - true.center_m) < 0.02
        assert sample.target_label == item.label
        shown = frame.segmentation == 1 + scene.objects.index(item)
        shared = np.count_nonzero(shown & sample.target_mask) / np.count_nonzero(shown | sample.target_mask)
        assert shared > 0.75, row["id"]
        off_m = np.abs(sample.depth_m - frame.depth_m)[shown & sample.target_mask]
        assert np.median(off_m) < 0.01
        number = 1 + [o.instance_id for o in sample.objects].index(sample.target_id)
        assert np.array_equal(sample.segmentation == number, sample.target_mask)


def test_the_box_after_is_the_box_before_and_what_was_asked(rows):
    for row in rows:
        edit = Sample(row).edit
        if row["operation"] == "remove":
            assert edit.new_box is None
            continue
        assert edit.new_box.extents_m == pytest.approx(edit.original_box.extents_m)
        shift_m = np.linalg.norm(edit.new_box.center_m - edit.original_box.center_m)
        assert shift_m == pytest.approx(edit.distance_m or 0.0)
        up = Sample(row).camera.world_from_camera[2, :3]
        assert up @ (edit.new_box.center_m - edit.original_box.center_m) == pytest.approx(0.0, abs=1e-9)


def test_the_words_ask_for_what_the_numbers_say(rows):
    for row in rows:
        said = instructions.parse(row["instruction"])
        edit = row["edit"]
        assert said.operation == row["operation"] == instructions.paper_operation(row["instruction"])
        assert (said.direction, said.distance_m, said.angle_deg) == (
            edit["direction"],
            edit["distance_m"],
            edit["angle_deg"],
        )
        assert said.target == row["target"]["label"]
        if row["instruction_zh"] is not None:
            other = instructions.parse(row["instruction_zh"])
            assert (other.direction, other.angle_deg, other.relation) == (said.direction, said.angle_deg, said.relation)
        same = [o for o in row["objects"] if o["label"] == row["target"]["label"]]
        assert said.relation is not None or len(same) == 1


def true_reason(row: Mapping, item: SceneObject, scene: Scene) -> str | None:
    """Why the simulator would not let the true object be put where the candidate puts what was measured."""
    standing, proposal = Standing(scene), true_change(row, item, scene)
    return standing.off_reason(proposal) or standing.standing_reason(proposal)


def test_in_the_true_room_the_object_stands_there_and_touches_nothing(rooms, rows):
    changed = [row for row in rows if row["operation"] != "remove"]
    reasons = [true_reason(row, *true_target(rooms, row)[:2]) for row in changed]
    # A seat's declared surface ends before its cushion does: what the scan has there may be off it.
    assert set(reasons) <= {None, "off the surface"}
    assert reasons.count(None) >= 0.75 * len(changed), reasons


def test_what_a_photograph_cannot_say_is_null(rows):
    for row in rows:
        assert row["subset"] == row["environment"] == "real"
        assert row["target_image"] is None
        assert row["scene"] is None
        assert row["target_segmentation"] is None
        assert "not to be passed on" in row["provenance"]["licence"]
        extra = json.loads(row["provenance"]["extra"])
        assert row["scene_id"] == f"{extra['scannetpp_scene']}_{extra['frame']}"
        assert extra["template"] == row["instruction"]
        ids = {o["instance_id"] for o in row["target_objects"]}
        assert (row["target"]["instance_id"] in ids) == (row["operation"] != "remove")


def test_the_photograph_is_the_file_itself(rooms, rows):
    row = rows[0]
    room, _, name = row["scene_id"].partition("_")
    assert row["source_image"]["bytes"] == (rooms.root / "data" / room / "iphone" / "rgb" / f"{name}.jpg").read_bytes()


def test_photographs_made_smaller_keep_their_geometry(rooms, rows):
    (scene,) = scenes_in(rooms.root, ["room3"])
    smaller = dataclasses.replace(SETTINGS, max_side=320, frames_per_scene=1)
    made = list(scene_rows(scene, mesh_source(scene), smaller, Counter(), Counter()))
    assert made
    for row in made:
        sample = Sample(row)
        item, seen, frame = true_target(rooms, row)
        assert sample.source_image.size == sample.target_mask.shape[::-1] == (320, 240)
        assert np.linalg.norm(sample.edit.original_box.center_m - object_box(item, seen.camera).center_m) < 0.02
        shown = (frame.segmentation == 1 + seen.objects.index(item)).astype(np.uint8)
        shown = cv2.resize(shown, (320, 240), interpolation=cv2.INTER_AREA) > 0
        shared = np.count_nonzero(shown & sample.target_mask) / np.count_nonzero(shown | sample.target_mask)
        assert shared > 0.7, row["id"]
        assert sample.camera.intrinsics[0, 0] == pytest.approx(seen.camera.intrinsics[0, 0] * 320 / 480)


def test_a_video_gives_the_candidates_that_its_frames_give(rooms, rows, tmp_path):
    scene = rooms.root / "data" / "room3"
    (tmp_path / "iphone").mkdir()
    video = cv2.VideoWriter(str(tmp_path / "iphone/rgb.mkv"), cv2.VideoWriter_fourcc(*"MJPG"), 60.0, (480, 360))
    for number in range(41):
        video.write(cv2.imread(str(scene / f"iphone/rgb/frame_{number - number % 20:06d}.jpg")))
    video.release()
    poses = json.loads((scene / "iphone/pose_intrinsic_imu.json").read_text())
    poses.pop("frame_000060", None)
    (tmp_path / "iphone/pose_intrinsic_imu.json").write_text(json.dumps(poses))
    source, frames = mesh_source(SceneFolder("room3", scene)), Counter()
    made = list(scene_rows(SceneFolder("room3", tmp_path), source, SETTINGS, frames, Counter()))
    assert frames == {"kept": 2, "blurred": 1}
    same = [row for row in rows if row["scene_id"].startswith("room3")]
    assert [(r["id"], r["instruction"]) for r in made] == [(r["id"], r["instruction"]) for r in same]
    off = np.abs(np.asarray(Sample(made[0]).source_image, int) - np.asarray(Sample(same[0]).source_image, int))
    assert 0.0 < off.mean() < 4.0


def never(_scene):
    raise AssertionError("a finished scene was made again")


def test_called_again_it_makes_no_scene_anew(rooms, candidates):
    out, account = candidates
    before = (out / "candidates.parquet").read_bytes()
    again = make_candidates(rooms.root, out, settings=SETTINGS, source=never)
    assert json.loads(json.dumps(again)) == account == json.loads((out / "candidates.json").read_text())
    assert (out / "candidates.parquet").read_bytes() == before


def test_killed_in_a_scene_it_keeps_those_before(rooms, tmp_path):
    calls = []

    def dies(scene):
        calls.append(scene.id)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_candidates(rooms.root, tmp_path, settings=SETTINGS, source=dies)
    assert calls == ["room1"]
    assert not (tmp_path / "candidates.parquet").exists()
    assert not list((tmp_path / "scenes").iterdir())


def test_candidates_made_otherwise_are_not_mixed(rooms, candidates):
    other = dataclasses.replace(SETTINGS, seed=1)
    with pytest.raises(ScanNetppError, match=r"has candidates made otherwise \(seed was 0\); give another folder"):
        make_candidates(rooms.root, candidates[0], settings=other, source=never)


def test_a_detector_instead_of_the_scan(rooms):
    labels = sorted({o.label for room in rooms.by_id.values() for o in room.layout.objects})
    parts = photographs_known(rooms)
    source = DetectorSource(LiftingDetector(parts, parts, parts), labels)
    frames, refused, reasons, rows = Counter(), Counter(), Counter(), []
    for scene in scenes_in(rooms.root, ["room2", "room3"]):
        rows += scene_rows(scene, source, SETTINGS, frames, refused)
    assert frames["kept"] >= 3
    assert {row["operation"] for row in rows} == {"move", "rotate", "remove"}
    for row in rows:
        sample = Sample(row)
        _, scene, frame = rooms.shown(row)
        number = np.bincount(frame.segmentation[sample.target_mask]).argmax()
        item = scene.objects[number - 1]
        assert item.label == sample.target_label
        # The far side can't be seen: half of a thing's depth may be missing.
        off_m = sample.edit.original_box.center_m - object_box(item, scene.camera).center_m
        assert np.linalg.norm(off_m) < 0.05 + 0.5 * item.size_m.max()
        if row["operation"] != "remove":
            reasons[true_reason(row, item, scene)] += 1
    assert set(reasons) <= {None, "off the surface"}
    assert reasons[None] >= 0.75 * reasons.total()


def test_the_command_goes_on_where_it_was(rooms, candidates, capsys):
    out, account = candidates
    given = ["--min-objects", "3", "--frames-per-scene", "2", "--edits-per-frame", "3"]
    assert main(["build", "real", "--scannetpp", str(rooms.root), "--out", str(out), *given]) == 0
    said = capsys.readouterr().out
    assert f"Candidates: {account['candidates']} (move " in said
    assert "Frames: kept 6, no camera 3, blurred 3" in said
    assert f"gsi-bench review {out}" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "to make edits of photographs of your own, give your copy of ScanNet++: gsi-bench build real --scannetpp"),
        (
            ["--scannetpp", "nowhere"],
            "nowhere holds no scene of ScanNet++, expected nowhere/data/<scene>/iphone/pose_int",
        ),
        (["--scannetpp", "a", "--reviewed", "b"], "expected one of the two"),
        (
            ["--scannetpp", "a", "--operations", "view"],
            "operations has ['view'], expected some of move, rotate, remove",
        ),
        (["--scannetpp", "a", "--judge-arg", "url=x"], "--judge-arg is an argument of a judge, and none is named"),
        (["--scannetpp", "a", "--judge", "render-compare"], "which can't be asked in words; expected chat or local"),
        (
            ["--scannetpp", "a", "--objects", "scene-fit"],
            "which lifts no boxes from pictures; expected mesh or lifting",
        ),
        (["--reviewed", "b"], "b has no candidates.parquet"),
    ],
)
def test_what_the_command_can_not_do(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["build", "real", "--out", "out", *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_photographs_are_of_one_config_alone(tmp_path, capsys):
    assert main(["build", "sim-room", "--out", str(tmp_path), "--scannetpp", "a"]) == 2
    assert "config is 'sim-room', and --scannetpp and --reviewed make 'real'" in capsys.readouterr().err
