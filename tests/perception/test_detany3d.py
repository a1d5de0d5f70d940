"""The detector "detany3d" over a stand-in checkout. It was never run over the real one here."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stand_in_checkout
import tiny
import torch
from PIL import Image
from stand_in_checkout import make_checkout

from gsi_bench_hf.data.released import GENERATOR
from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.metrics.scoring import score_sample, strict_pose
from gsi_bench_hf.perception import load_detector
from gsi_bench_hf.perception.cached import CachedDetector, scan_to_json
from gsi_bench_hf.perception.crops import Window, cropped, uncropped
from gsi_bench_hf.perception.detany3d import CheckoutError, DetAny3D
from gsi_bench_hf.perception.detany3d.network import Framing
from gsi_bench_hf.types import Judgement, Sample, UnscorableError


@pytest.fixture(autouse=True)
def _own_modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    stand_in_checkout.forget()
    yield
    stand_in_checkout.forget()


def detector(tmp_path: Path, *, checkout: dict[str, Any] | None = None, **options: Any) -> DetAny3D:
    return DetAny3D(make_checkout(tmp_path, **(checkout or {})), **options)


def record(**changes: Any) -> Sample:
    return Sample(tiny.row(6) | changes)


def released(seen: DetAny3D) -> Sample:
    """A record whose metadata are what the detector said when the benchmark was made, by the photograph's intrinsics."""
    camera = {**tiny.row(6)["camera"], "world_from_camera": None}
    plain = record(provenance={"generator": GENERATOR}, camera=camera, objects=None, id="a_edit_3", scene_id="a")
    boxes = [seen._objects(plain, image, "")[0]["bbox_3d"] for image in (plain.source_image, plain.target_image)]
    edit = plain.row["edit"] | dict(zip(("original_bbox_3d", "new_bbox_3d"), boxes, strict=True))
    return Sample(plain.row | {"edit": edit})


@pytest.mark.parametrize("layout", ["evaluation", "repository"])
def test_it_finds_the_object_before_and_after(tmp_path, layout):
    sample = record()
    scan = detector(tmp_path, checkout={"layout": layout}).detect(sample, sample.target_image)
    assert scan.relative
    np.testing.assert_allclose(scan.source_target.bbox_3d, sample.edit.original_box.vector, atol=1e-6)
    np.testing.assert_allclose(scan.target.bbox_3d, sample.edit.new_box.vector, atol=1e-6)
    np.testing.assert_allclose(scan.target.bbox_2d, [23, 13, 35, 25], atol=1e-4)
    assert (scan.target.label, scan.target.instance_id, scan.lost, scan.added) == ("square", "square-1", 0, 0)
    assert scan.target.score == pytest.approx(0.8)


def test_the_network_is_asked_as_the_paper_asked_it(tmp_path):
    sample = record()
    detector(tmp_path).detect(sample, sample.source_image)
    assert stand_in_checkout.asked() == [("square", 0.47, 0.25, (3, 800, 800))]
    (given,) = stand_in_checkout.calls()
    assert {name: tuple(value.shape) for name, value in given.items()} == {
        "images": (1, 3, 896, 896),
        "vit_pad_size": (1, 2),
        "images_shape": (1, 2),
        "image_for_dino": (1, 3, 896, 896),
        "boxes_coords": (1, 4),
    }
    # 64 px became 896: fourteen times as many. The square is at 9, 13 and 12 px wide.
    assert given["boxes_coords"].tolist() == [[126, 182, 294, 350]]
    red = (torch.tensor(tiny.SQUARE) - torch.tensor([123.675, 116.28, 103.53])) / torch.tensor([58.395, 57.12, 57.375])
    assert torch.allclose(given["images"][0, :, 250, 200], red, atol=1e-4)


def test_an_image_is_cut_to_whole_patches_and_padded(tmp_path):
    framing = Framing.of((60, 44), 896)
    # 60 × 44 becomes 896 × 657 (44 · 896 / 60 = 657.07); 657 = 46 · 14 + 13, so 644 rows from row 328 − 322 = 6 on.
    assert framing.size == (896, 644)
    assert framing.offset_px.tolist() == [0.0, 6.0]
    np.testing.assert_allclose(framing.scale, [896 / 60, 657 / 44])
    row = tiny.row(6)
    camera = {**row["camera"], "width": 60, "height": 44, "intrinsics": [[64.0, 0, 30], [0, 64.0, 22], [0, 0, 1]]}
    image = tiny.picture(9, 13).crop((0, 0, 60, 44))
    sample = Sample(row | {"source_image": image, "camera": camera})
    scan = detector(tmp_path).detect(sample, image)
    (given,) = stand_in_checkout.calls()
    assert given["images_shape"].tolist() == [[644.0, 896.0]]
    assert given["vit_pad_size"].tolist() == [[40, 56]]
    assert given["images"][0, :, 644:].abs().max() == 0.0
    # The boxes were made whole pixels at 896, and not moved by the six rows: so the released code does it.
    assert given["boxes_coords"].tolist() == [[134, 194, 313, 373]]
    np.testing.assert_allclose(
        scan.edited[0].bbox_2d, np.array([134, 200, 313, 379]) * ([60 / 896, 44 / 657] * 2), atol=1e-3
    )


def test_the_released_frame_is_what_the_released_code_gives(tmp_path):
    """It decodes with the photograph's intrinsics what was seen at 896 pixels."""
    seen = detector(tmp_path, checkout={"nearness": 0.2, "turn": 0.4})
    sample = released(seen)
    found = seen._objects(sample, sample.source_image, "origin_result")[0]
    module, given = stand_in_checkout.sys.modules["utils.train_utils"], stand_in_checkout.calls()[0]
    network = seen._loaded()
    with torch.no_grad():
        answer = network._model(given)
        camera = torch.tensor(np.array([tiny.INTRINSICS]), dtype=torch.float32)
        boxes_2d, boxes_3d = module.decode_bboxes_virtual_to_real(answer, network._config, camera, answer["pred_K"])
    np.testing.assert_allclose(found["bbox_3d"], boxes_3d[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(found["bbox_2d"], module.box_cxcywh_to_xyxy(boxes_2d)[0].numpy(), atol=1e-4)
    assert found["camera_intrinsics"] == tiny.INTRINSICS
    # Its depth is that of a camera with a fourteenth of the focal length: exp(0.2) / 14.
    assert found["bbox_3d"][2] == pytest.approx(np.exp(0.2) / 14, rel=1e-5)
    assert found["metric_bbox_3d"][2] == pytest.approx(np.exp(0.2), rel=1e-5)


def test_released_records_find_their_target_in_the_released_frame(tmp_path):
    seen = detector(tmp_path)
    sample = released(seen)
    scan = seen.detect(sample, sample.target_image)
    np.testing.assert_allclose(scan.source_target.bbox_3d, sample.edit.original_box.vector)
    assert strict_pose(sample, scan).accuracy == 1.0
    # What projects by the photograph's intrinsics are pixels of the detector's image (but for the box's own depth).
    projected = project_box(scan.target.bbox_3d, scan.target.rotation_matrix, np.array(tiny.INTRINSICS))
    np.testing.assert_allclose(projected, scan.target.bbox_2d * 14, rtol=0.08)
    auto = DetAny3D(tmp_path / "checkout")
    assert auto._is_released(sample)
    assert not auto._is_released(record())


@pytest.mark.parametrize("bias", [{}, {"nearness": 0.12, "turn": 0.3}])
def test_a_source_image_against_itself_has_not_moved(tmp_path, bias):
    """Whatever the detector misjudges: it misjudges it twice."""
    sample = record()
    looks = detector(tmp_path, checkout=bias)
    still = strict_pose(sample, looks.detect(sample, sample.source_image))
    assert (still.accuracy, still.base) == (0.0, 0.0)
    moved = strict_pose(sample, looks.detect(sample, sample.target_image))
    assert moved.accuracy > 0.99
    assert moved.errors["position_m"] < 0.002


def test_what_is_not_found_in_the_source_cant_be_scored_by_strict_alone(tmp_path):
    sample = record(source_image=tiny.picture(40, 40))
    scan = detector(tmp_path).detect(sample, sample.target_image)
    assert scan.source_target is None
    lpips = None
    strict = score_sample(sample, sample.target_image, scan, Judgement(9.0), protocol="strict", lpips=lpips)
    assert not strict.scorable
    assert "does not find the target in the source image" in strict.reason
    paper = score_sample(sample, sample.target_image, scan, Judgement(9.0), protocol="paper", lpips=lpips)
    assert (paper.instruction_compliance, paper.spatial_accuracy) == (0.0, 0.0)


def test_the_cache_is_the_released_file(tmp_path):
    file = tmp_path / "out" / "infer_cache.json"
    sample = released(detector(tmp_path))
    seen = DetAny3D(tmp_path / "checkout", cache=file)
    scan = seen.detect(sample, sample.target_image)
    content = json.loads(file.read_text())
    assert list(content) == ["a_3"]
    for part, x_px in (("origin_result", 9), ("new_result", 23)):
        (found,) = content["a_3"][part]["detections"]
        assert found["bbox_2d"][0] == pytest.approx(x_px * 14)
        assert {"label", "bbox_3d", "bbox_2d", "rotation_matrix", "iou_score", "camera_intrinsics"} <= set(found)
    read = CachedDetector(file).detect(sample, sample.target_image)
    np.testing.assert_allclose(read.target.bbox_3d, scan.target.bbox_3d)
    np.testing.assert_allclose(read.target.bbox_2d, scan.target.bbox_2d)

    again = DetAny3D(tmp_path / "checkout", cache=file)
    assert scan_to_json(again.detect(sample, sample.target_image)) == scan_to_json(scan)
    assert again._network is None  # nothing was looked at twice
    moved = again.detect(sample, tiny.picture(30, 13))
    assert moved.target.bbox_2d[0] == pytest.approx(30.0, abs=1e-3)  # another editor's image is


def test_an_image_is_looked_at_once(tmp_path):
    sample = record()
    seen = detector(tmp_path)
    for edited in (sample.target_image, sample.source_image, sample.target_image):
        seen.detect(sample, edited)
    assert len(stand_in_checkout.calls()) == 2


def test_an_edited_image_of_another_size_is_measured_right(tmp_path):
    sample = record()
    scan = detector(tmp_path).detect(sample, sample.target_image.resize((128, 128), Image.Resampling.NEAREST))
    np.testing.assert_allclose(scan.target.bbox_3d, sample.edit.new_box.vector, atol=1e-6)
    np.testing.assert_allclose(scan.target.bbox_2d, [23, 13, 35, 25], atol=1e-4)


@pytest.mark.parametrize("frame", ["metric", "released"])
def test_a_crop_says_the_same(tmp_path, frame):
    seen, window = detector(tmp_path, frame=frame), Window(3, 5, 56, 56)
    sample = released(seen) if frame == "released" else record()
    whole = seen.detect(sample, sample.target_image)
    part = cropped(sample, window)
    found = uncropped(seen.detect(part, window.cut(sample.target_image, (64, 64))), window, (64, 64))
    np.testing.assert_allclose(found.target.bbox_2d, whole.target.bbox_2d, atol=1.01)  # whole pixels
    # The stand-in's own camera does not know that it sees a part: it thinks everything nearer by 56/64.
    ratio = whole.target.bbox_3d[2] / found.target.bbox_3d[2]
    np.testing.assert_allclose(found.target.bbox_3d[:3] * ratio, whole.target.bbox_3d[:3], atol=0.01)


def test_two_objects_of_a_kind(tmp_path):
    """A twin that stays is no target, before or after."""

    def with_twin(image: Image.Image) -> Image.Image:
        pixels = np.asarray(image).copy()
        pixels[45:57, 45:57] = tiny.SQUARE
        return Image.fromarray(pixels)

    row = tiny.row(6)
    sample = record(source_image=with_twin(row["source_image"]))
    seen = detector(tmp_path)
    scan = seen.detect(sample, with_twin(row["target_image"]))
    assert len(scan.origin) == len(scan.edited) == 2
    assert strict_pose(sample, scan).accuracy > 0.999
    assert (scan.lost, scan.added) == (0, 0)
    gone = seen.detect(
        record(source_image=sample.source_image, operation="remove"), with_twin(Image.new("RGB", (64, 64)))
    )
    assert (gone.target, gone.lost, gone.added) == (None, 0, 0)
    both = seen.detect(record(source_image=sample.source_image, operation="remove"), Image.new("RGB", (64, 64)))
    assert (both.target, both.lost) == (None, 1)


def test_it_goes_to_other_processes_without_its_networks(tmp_path):
    sample = record()
    seen = detector(tmp_path)
    first = seen.detect(sample, sample.target_image)
    other = pickle.loads(pickle.dumps(seen))
    assert other._network is None
    assert scan_to_json(other.detect(sample, sample.target_image)) == scan_to_json(first)


def test_records_that_say_too_little(tmp_path):
    seen = detector(tmp_path)
    with pytest.raises(UnscorableError, match="does not name the target"):
        seen.detect(record(target={"label": None, "instance_id": None, "mask": None}), tiny.picture(0, 0))
    camera = {"intrinsics": None, "world_from_camera": None, "width": 64, "height": 64}
    with pytest.raises(UnscorableError, match="no intrinsics"):
        seen.detect(record(camera=camera), tiny.picture(0, 0))
    assert seen.detect(record(operation="view"), tiny.picture(0, 0)).target is None


def test_what_is_missing_is_named_before_anything_starts(tmp_path):
    with pytest.raises(CheckoutError, match=r"holds neither utils/wrap_model.py nor wrap_model.py; give checkout="):
        load_detector("detany3d", checkout=tmp_path)
    checkout = make_checkout(tmp_path)
    with pytest.raises(CheckoutError, match=r"no file at .*nowhere.pth; put it there, or give sam_weights= its path"):
        load_detector("detany3d", checkout=checkout, sam_weights=tmp_path / "nowhere.pth")
    (checkout / "GroundingDINO/weights/groundingdino_swinb_cogcoor.pth").unlink()
    with pytest.raises(CheckoutError, match="give namer_weights= its path"):
        load_detector("detany3d", checkout=checkout)
    with pytest.raises(ValueError, match="frame is 'world', expected one of auto, released, metric"):
        load_detector("detany3d", checkout=checkout, frame="world")
    with pytest.raises(CheckoutError, match=r"no configuration at .*my.yaml; give config="):
        load_detector("detany3d", checkout=checkout, config=tmp_path / "my.yaml")


def test_paths_of_ones_own(tmp_path):
    checkout = make_checkout(tmp_path)
    (tmp_path / "mine.pth").write_bytes((checkout / "checkpoints/detany3d.pth").read_bytes())
    (checkout / "checkpoints/detany3d.pth").unlink()
    sample = record()
    scan = DetAny3D(checkout, weights=tmp_path / "mine.pth", device="cpu").detect(sample, sample.target_image)
    assert scan.target is not None


def test_weights_of_another_network_are_refused(tmp_path):
    seen = detector(tmp_path)
    torch.save({"state_dict": {"else": torch.zeros(3)}}, tmp_path / "checkout/checkpoints/detany3d.pth")
    with pytest.raises(CheckoutError, match=r"holds no weight that the network of this checkout has \(1 others\)"):
        seen.detect(record(), tiny.picture(0, 0))


def test_without_grounding_dino(tmp_path):
    with pytest.raises(CheckoutError, match="GroundingDINO can't be imported"):
        detector(tmp_path, checkout={"namer": False}).detect(record(), tiny.picture(0, 0))


def test_another_module_of_that_name_is_not_taken_for_the_checkouts(tmp_path, monkeypatch):
    seen = detector(tmp_path, checkout={"layout": "repository"})
    other = tmp_path / "other"
    other.mkdir()
    (other / "train_utils.py").write_text("")
    monkeypatch.syspath_prepend(str(other))
    __import__("train_utils")
    with pytest.raises(CheckoutError, match=r"module 'train_utils' is that of .*another is in the way"):
        seen.detect(record(), tiny.picture(0, 0))


def test_code_that_breaks_stops_the_run(tmp_path):
    seen = detector(tmp_path)
    (tmp_path / "checkout/utils/wrap_model.py").write_text("raise RuntimeError('no CUDA')")
    with pytest.raises(CheckoutError, match=r"can't be loaded: RuntimeError: no CUDA"):
        seen.detect(record(), tiny.picture(0, 0))


def test_a_cache_that_is_none_is_refused(tmp_path):
    (tmp_path / "infer_cache.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"infer_cache.json: expected an object of samples"):
        detector(tmp_path, cache=tmp_path / "infer_cache.json")
