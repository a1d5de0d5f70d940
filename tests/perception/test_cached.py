"""Detections and judgements from files: ours round-trip, the released evaluator's are read in its own form."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf.perception.cached import CachedDetector, CachedJudge, scan_from_json, scan_to_json
from gsi_bench_hf.types import Detection, Sample, Scan, UnscorableError

IMAGE = Image.new("RGB", (8, 8))


def record(record_id="0007_edit_2", width=1792, height=1344):
    camera = {"intrinsics": np.eye(3), "world_from_camera": np.eye(4), "width": width, "height": height}
    return Sample(
        {"id": record_id, "target": {"label": "mug", "instance_id": "m"}, "camera": camera, "operation": "move"}
    )


def detection(label="mug", x_m=0.1, score=0.9, name=None):
    return Detection(
        np.array([x_m, 0.2, 1.0 / 3.0, 0.1, 0.2, 0.3, 0.4]),
        np.array([1.0, 2.0, 3.0, 4.5]),
        np.eye(3),
        label,
        score,
        name,
    )


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def test_a_scan_survives_the_file(tmp_path):
    rng = np.random.default_rng(0)
    edited = (detection("box", 0.3), detection("mug", 0.2, name="m"))
    mask = rng.random((13, 7)) > 0.6
    scan = Scan((detection(),), edited, edited[1], mask, 1, 2, np.array([0.1, 0.0, 0.2]), np.eye(3), {"renders": 5})
    path = write(tmp_path / "scans.json", {"0007_edit_2": scan_to_json(scan)})
    found = CachedDetector(path).detect(record(), IMAGE)
    assert scan_to_json(found) == scan_to_json(scan)
    assert found.target is found.edited[1]
    assert np.array_equal(found.silhouette, mask)
    assert np.array_equal(found.target.bbox_3d, edited[1].bbox_3d)


@pytest.mark.parametrize("value", [True, False])
def test_a_mask_of_one_value_survives(value):
    scan = Scan((), (), None, np.full((3, 4), value))
    assert (scan_from_json(json.loads(json.dumps(scan_to_json(scan)))).silhouette == value).all()


def test_the_released_cache_is_read_and_brought_to_image_pixels(tmp_path):
    def item(label, x_m, score):
        return {
            "bbox_3d": [x_m, 0, 1, 1, 1, 1, 0],
            "bbox_2d": [10, 20, 30, 40],
            "rotation_matrix": np.eye(3).tolist(),
            "label": label,
            "score": score,
        }

    entry = {
        "origin_result": {"detections": [item("mug", 0.0, 0.8)]},
        "new_result": {"detections": [item("box", 1.0, 0.9), item("mug", 0.5, 0.3), item("mug", 0.7, 0.6)]},
    }
    path = write(tmp_path / "infer_cache.json", {"0007_2": entry, "0008_1": {"origin_result": None, "new_result": {}}})
    scan = CachedDetector(path).detect(record(), IMAGE)
    assert len(scan.origin) == 1
    assert len(scan.edited) == 3
    assert scan.target is scan.edited[2]
    # 1792 px is the longest side, the released detector saw 896: twice as many pixels here.
    assert scan.target.bbox_2d.tolist() == [20.0, 40.0, 60.0, 80.0]
    nothing = CachedDetector(path).detect(record("0008_1"), IMAGE)
    assert nothing.target is None
    assert nothing.origin == nothing.edited == ()


def test_a_record_without_detections_is_unscorable(tmp_path):
    detector = CachedDetector(write(tmp_path / "scans.json", {"a": {"edited": []}}))
    with pytest.raises(UnscorableError, match=r"scans.json has no detections of 0007_edit_2"):
        detector.detect(record(), IMAGE)


def test_detections_that_cant_be_read_are_unscorable(tmp_path):
    detector = CachedDetector(write(tmp_path / "s.json", {"0007_edit_2": {"edited": [{"bbox_3d": [1, 2]}]}}))
    with pytest.raises(UnscorableError, match=r"detections of 0007_edit_2 can't be read: ValueError"):
        detector.detect(record(), IMAGE)


@pytest.mark.parametrize(("text", "words"), [("[1]", "expected a JSON object"), ("{", "not JSON")])
def test_a_file_of_another_form_is_refused(tmp_path, text, words):
    path = tmp_path / "scans.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        CachedDetector(path)
    with pytest.raises(ValueError, match=words):
        CachedJudge(path)


def test_our_judgements_are_read(tmp_path):
    judge = CachedJudge(
        write(tmp_path / "j.json", {"0007_edit_2": {"score": 7.5, "reason": "same mug"}, "b": {"score": 11}})
    )
    judgement = judge.judge(record(), IMAGE, Scan((), (), None))
    assert (judgement.score, judgement.reason) == (7.5, "same mug")
    assert judge.judge(record("b"), IMAGE, Scan((), (), None)).score is None
    missing = judge.judge(record("c"), IMAGE, Scan((), (), None))
    assert missing.score is None
    assert "no judgement of c" in missing.reason


def test_the_released_judge_file_is_read(tmp_path):
    replies = [
        {"meta": {"index": "0007_edit_2"}, "prediction": '||V^=^V||{"score": 6, "reasoning": "paler"}||V^=^V||'},
        {"meta": {"index": "0008_edit_1.png"}, "prediction": "I'd say six."},
    ]
    judge = CachedJudge(write(tmp_path / "real_model.json", replies))
    assert judge.judge(record(), IMAGE, Scan((), (), None)).score == 6.0
    assert judge.judge(record("0008_1"), IMAGE, Scan((), (), None)).score is None
