import json

import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf.data.released_export import Outcome, export_official, judge_reply, official_name
from gsi_bench_hf.metrics.aggregate import aggregate_paper
from gsi_bench_hf.metrics.appearance_consistency import parse_judgement
from gsi_bench_hf.types import Detection, Judgement


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def detection(rng) -> Detection:
    return Detection(rng.normal(size=7), rng.uniform(0, 896, 4), np.eye(3), "mug", score=0.5)


def outcomes(folder, rng, count=6) -> list[Outcome]:
    made = []
    for i in range(count):
        edited = folder / f"{i}.png"
        Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)).save(edited)
        record = {"id": f"a_b_edit_{i}", "scene_id": "a_b", "operation": "move"}
        scores = {"compliance": float(i % 2), "edit_score": i / 7, "ssim": 0.9, "lpips": 0.1 * i, "mse": 12.5}
        judgement = Judgement(i * 1.5, 'a "mug" ||V^=^V|| 杯子') if i else Judgement(None, "no ||V^=^V|| reply")
        made.append(Outcome(record, edited, [detection(rng)], [detection(rng)] * i, judgement, scores))
    return made


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_run_becomes_the_files_that_the_released_evaluator_reads(tmp_path, rng):
    run = outcomes(tmp_path, rng)
    files = export_official(run, tmp_path / "out", subset="real", model="My_Editor/v1_0")
    assert sorted(str(f.relative_to(tmp_path / "out")) for f in files) == [
        "fine_eval/edit-locality_eval_results.json",
        "fine_eval/infer_cache.json",
        "fine_eval/instruction-compliance_eval_results.json",
        "fine_eval/spatial-accuracy_eval_results.json",
        "judgements/gsi-bench_fine_MyEditorv10.json",
    ]
    images = tmp_path / "out" / "generated_images_fine"
    assert {p.name: p.read_bytes() for p in images.iterdir()} == {
        f"a_b_edit_{i}.png": (tmp_path / f"{i}.png").read_bytes() for i in range(6)
    }
    cache = read(tmp_path / "out/fine_eval/infer_cache.json")
    assert list(cache) == [f"a_b_{i}" for i in range(6)]
    assert [len(cache[f"a_b_{i}"]["new_result"]["detections"]) for i in range(6)] == [0, 1, 2, 3, 4, 5]
    before = cache["a_b_0"]["origin_result"]["detections"][0]
    assert before["bbox_3d"] == run[0].origin[0].bbox_3d.tolist()
    assert (before["label"], before["score"], before["rotation_matrix"]) == ("mug", 0.5, np.eye(3).tolist())


def test_what_was_exported_adds_up_to_what_was_measured(tmp_path, rng):
    run = outcomes(tmp_path, rng)
    export_official(run, tmp_path, subset="tabletop", model="x")
    parts = [
        read(tmp_path / f"mesatask_eval/{metric}_eval_results.json")
        for metric in ("instruction-compliance", "spatial-accuracy", "edit-locality")
    ]
    judged = {
        entry["meta"]["index"]: parse_judgement(entry["prediction"])
        for entry in read(tmp_path / "judgements/gsi-bench_mesatask_x.json")
    }
    assert judged == {o.record["id"]: o.judgement.score for o in run}
    summary = aggregate_paper(*parts, judged)
    # Three of six comply: i = 1, 3, 5, judged 1.5, 4.5, 7.5, with LPIPS 0.1, 0.3, 0.5; accuracy is (0 + 1 + … + 5) / 7.
    assert summary["ic"] == pytest.approx(50.0)
    assert summary["ac"] == pytest.approx(10 * (1.5 + 4.5 + 7.5) / 6)
    assert summary["el_lpips"] == pytest.approx((90 + 70 + 50) / 6)
    assert summary["sa"] == pytest.approx(100 * 15 / 7 / 6)


def test_what_a_sample_lacks_is_left_out(tmp_path, rng):
    whole = outcomes(tmp_path, rng, count=1)[0]
    failed = Outcome({"id": "sim-00001", "scene_id": "sim-s0", "operation": "scale"})
    partly = Outcome(
        {"id": "sim-00002", "scene_id": "sim-s0", "operation": "scale"}, scores={"ssim": 0.5, "lpips": None}
    )
    export_official([whole, failed, partly], tmp_path, subset="sim-tabletop", model="x")
    assert [p.name for p in (tmp_path / "generated_images_sim-tabletop").iterdir()] == ["a_b_edit_0.png"]
    assert read(tmp_path / "sim-tabletop_eval/edit-locality_eval_results.json")["sim-00002_0"] == {
        "operation": "scale",
        "ssim": 0.5,
    }
    assert list(read(tmp_path / "sim-tabletop_eval/instruction-compliance_eval_results.json")) == ["a_b_0"]
    assert export_official([failed], tmp_path / "none", subset="room", model="x") == []


def test_boxes_over_the_whole_image_leave_a_nan_as_in_the_original(tmp_path, rng):
    record = {"id": "a_edit_0", "scene_id": "a", "operation": "move"}
    export_official(
        [Outcome(record, scores={"ssim": None, "lpips": 0.0, "mse": None})], tmp_path, subset="real", model="x"
    )
    written = read(tmp_path / "fine_eval/edit-locality_eval_results.json")["a_0"]
    assert str(written) == "{'operation': 'move', 'ssim': nan, 'lpips': 0.0, 'mse': nan}"


def test_what_can_not_be_exported_is_said(tmp_path, rng):
    one = outcomes(tmp_path, rng, count=1)[0]
    with pytest.raises(ValueError, match="two samples are 'a_b_edit_0', expected every id once"):
        export_official([one, one], tmp_path, subset="real", model="x")
    with pytest.raises(ValueError, match=r"x\.webp is neither \.png nor \.jpg"):
        export_official([Outcome(one.record, tmp_path / "x.webp")], tmp_path, subset="real", model="x")


@pytest.mark.parametrize("score", [0, 7, 8.25, None])
def test_a_judgement_is_read_back(score):
    text = judge_reply(Judgement(score, "says ||V^=^V|| {\"score\": 1}||V^=^V|| 'so'\n"))
    assert parse_judgement(text) == score


def test_released_names_are_those_of_the_folders():
    names = [official_name(name) for name in ("real", "tabletop", "room", "bathroom", "train")]
    assert names == ["fine", "mesatask", "robothor", "bathroom", "train"]
