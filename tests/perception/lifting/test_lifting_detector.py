"""The detector "lifting": what it makes of true boxes, masks and depth."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
import tabletop
import tiny
from PIL import Image

from gsi_bench_hf.data.released import GENERATOR
from gsi_bench_hf.geometry import project_box
from gsi_bench_hf.metrics.scoring import strict_pose, strict_scan
from gsi_bench_hf.perception.crops import Window, cropped
from gsi_bench_hf.perception.lifting import LiftingDetector
from gsi_bench_hf.perception.lifting.known import Known, KnownParts
from gsi_bench_hf.runner import evaluate_editor
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.scene import object_box
from gsi_bench_hf.types import Camera, Sample, UnscorableError

FOCAL = 64.0


def square(x_px: int, y_px: int) -> Known:
    """What is to be seen in `tiny.picture`: a square a little before its wall."""
    mask = np.zeros((64, 64), bool)
    mask[y_px : y_px + tiny.SIDE_PX, x_px : x_px + tiny.SIDE_PX] = True
    return Known(("square",), mask[None], np.where(mask, 0.995, 1.1).astype(np.float32))


def record(index: int = 6, **changes) -> Sample:
    return Sample(tiny.row(index) | changes)


@pytest.fixture
def parts() -> KnownParts:
    """Parts that know the pictures of record 6: its square at 9, 13, and after the edit at 23, 13."""
    known = KnownParts()
    for x in (9, 23):
        known.tell(tiny.picture(x, 13), square(x, 13))
    return known


@pytest.fixture
def detector(parts) -> LiftingDetector:
    return LiftingDetector(parts, parts, parts)


def test_a_square_that_moved(detector):
    sample = record()
    scan = detector.detect(sample, sample.target_image)
    assert scan.relative
    assert (scan.source_target, scan.target) == (scan.origin[0], scan.edited[0])
    assert scan.target.instance_id == "square-1"
    assert np.array_equal(scan.silhouette, square(23, 13).masks[0])
    # 14 pixels at a focal length of 64, a metre away.
    assert strict_scan(sample, scan).target.bbox_3d[:3] == pytest.approx(sample.edit.new_box.center_m, abs=0.01)
    assert strict_pose(sample, scan).accuracy > 0.9


def test_a_source_image_laid_against_itself_has_not_moved_bit_by_bit(detector):
    sample = record()
    scan = strict_scan(sample, detector.detect(sample, sample.source_image))
    assert scan.target.bbox_3d.tolist() == sample.edit.original_box.vector.tolist()
    assert strict_pose(sample, scan).accuracy == 0.0


def test_what_is_not_found_in_the_source_can_not_be_scored(detector, parts):
    sample = record()
    parts.tell(sample.source_image, dataclasses.replace(square(9, 13), labels=("lamp",)))
    scan = detector.detect(sample, sample.target_image)
    assert (scan.source_target, scan.silhouette) == (None, None)
    with pytest.raises(UnscorableError, match="does not find the target in the source image"):
        strict_scan(sample, scan)


def test_a_target_that_is_gone(detector, parts):
    sample, empty = record(operation="remove"), tiny.picture(60, 60, side_px=2)
    parts.tell(empty, Known((), np.zeros((0, 64, 64), bool), np.full((64, 64), 1.1, np.float32)))
    scan = detector.detect(sample, empty)
    assert scan.target is None
    assert not scan.silhouette.any()
    assert strict_pose(sample, scan).accuracy == 1.0
    assert strict_pose(sample, detector.detect(sample, sample.source_image)).accuracy == 0.0


def test_an_image_is_looked_at_once(detector, parts):
    sample = record()
    for _ in range(3):
        detector.detect(sample, sample.target_image)
    detector.detect(sample, sample.source_image)
    assert parts.asked == {"find": 2, "masks": 2, "depth": 2}
    # Another kind is another question; how far away things are is not.
    camera = sample.camera
    detector.objects(sample.source_image, camera, ["lamp"])
    assert parts.asked == {"find": 3, "masks": 3, "depth": 2}
    wider = Camera(camera.intrinsics * np.array([[2.0], [2.0], [1.0]]), camera.world_from_camera, 64, 64)
    detector.objects(sample.source_image, wider, ["square"])
    assert parts.asked == {"find": 3, "masks": 3, "depth": 3}


def test_the_oldest_answers_go_first(parts):
    detector = LiftingDetector(parts, parts, parts, kept=1)
    sample = record()
    for image in (sample.source_image, sample.target_image, sample.source_image):
        detector.looker.depths([image], [sample.camera])
    assert parts.asked["depth"] == 3


class Counted(KnownParts):
    """Known parts that say how many images each call was about."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def depth(self, images, intrinsics):
        self.calls.append(len(images))
        return super().depth(images, intrinsics)


def test_many_images_go_in_batches_and_twins_once():
    parts = Counted()
    images = [tiny.picture(x, 13) for x in range(5, 15)]
    for x, image in zip(range(5, 15), images, strict=True):
        parts.tell(image, square(x, 13))
    camera = record().camera
    seen = LiftingDetector(parts, parts, parts, batch=4).look([*images, images[0]], [camera] * 11, [["square"]] * 11)
    assert parts.calls == [4, 4, 2]
    assert parts.asked["find"] == 10
    assert len(seen) == 11
    assert seen[0].detections[0].bbox_3d.tolist() == seen[10].detections[0].bbox_3d.tolist()
    assert seen[3].detections[0].bbox_2d.tolist() == [8, 13, 20, 25]
    with pytest.raises(ValueError, match="image is 64 x 64, its camera's 32 x 64; expected the same size"):
        LiftingDetector(parts, parts, parts).look(images[:1], [dataclasses.replace(camera, width=32)], [["square"]])


def test_what_has_no_depth_is_skipped_and_named(detector, parts):
    sample = record()
    parts.tell(sample.source_image, dataclasses.replace(square(9, 13), depth_m=np.zeros((64, 64), np.float32)))
    (seen,) = detector.look([sample.source_image], [sample.camera], [["square"]])
    assert seen.detections == ()
    assert seen.masks.shape == (0, 64, 64)
    assert seen.skipped == (
        "square: the mask has 144 pixels, of which 0 have a depth that can be used; expected 8 or more",
    )


def test_records_that_say_too_little(detector):
    unnamed = record(target={"label": None, "instance_id": None, "mask": None})
    with pytest.raises(UnscorableError, match="does not name the target"):
        detector.detect(unnamed, tiny.picture(9, 13))
    camera = {"intrinsics": None, "world_from_camera": None, "width": 64, "height": 64}
    with pytest.raises(UnscorableError, match="no intrinsics"):
        detector.detect(record(camera=camera), tiny.picture(9, 13))
    with pytest.raises(UnscorableError, match="all of one colour"):
        detector.detect(record(), Image.new("RGB", (64, 64), "red"))


def test_an_edited_image_of_another_size_is_brought_to_the_sources(detector, parts):
    sample = record()
    large = sample.target_image.resize((128, 128))
    back = Image.fromarray(np.asarray(large.resize((64, 64), Image.Resampling.LANCZOS)))
    parts.tell(back, square(23, 13))
    assert strict_pose(sample, detector.detect(sample, large)).accuracy > 0.9


def test_the_released_frame_is_read_off_what_stands_there(detector):
    """The released detector's boxes project into its 896 pixels, those of one's own photographs into theirs."""
    edit = record().row["edit"]
    for scale in (1.0, 896 / 64):
        vector = np.array(edit["original_bbox_3d"])
        px = project_box(vector, np.eye(3), np.array(tiny.INTRINSICS)) * scale
        center = [((px[0] + px[2]) / 2 - 32) / FOCAL, ((px[1] + px[3]) / 2 - 32) / FOCAL, 1.0]
        sides = [(px[2] - px[0]) / FOCAL, (px[3] - px[1]) / FOCAL, 0.01, 0.0]
        row = {"edit": edit | {"original_bbox_3d": center + sides}, "provenance": {"generator": GENERATOR}}
        sample = record(**row, target={"label": "square", "instance_id": "square-1", "mask": None})
        scan = detector.detect(sample, sample.target_image)
        assert scan.source_target is scan.origin[0]


def test_a_crop_is_asked_what_the_whole_image_is(detector):
    box = {"bbox_3d": tiny.box(9, 13), "bbox_2d": [9, 13, 21, 25], "rotation_matrix": tiny.IDENTITY}
    objects = [box | {"label": label, "instance_id": label} for label in ("square", "lamp")]
    sample = record(objects=objects)
    assert detector._asked(cropped(sample, Window(2, 2, 50, 50))) == detector._asked(sample) == ["lamp", "square"]


def test_labels_of_ones_own():
    parts = KnownParts()
    for labels in ("lamp, red book", ["lamp", "red book"]):
        assert LiftingDetector(parts, parts, parts, labels=labels)._asked(record()) == ["lamp", "red book", "square"]


def test_it_goes_to_other_processes(detector):
    sample = record()
    other = pickle.loads(pickle.dumps(detector))
    assert other.id == detector.id
    first, second = (d.detect(sample, sample.target_image) for d in (detector, other))
    assert second.target.bbox_3d.tolist() == first.target.bbox_3d.tolist()


@pytest.fixture(scope="module")
def table():
    """Parts that know the table scene, and a function that says what an edit of it looks like."""
    parts = KnownParts("table")

    def show(scene):
        frame = shared_renderer().render(scene, want=("rgb", "depth", "segmentation"))
        masks = np.array([frame.segmentation == n for n in range(1, len(scene.objects) + 1)])
        image = Image.fromarray(frame.rgb)
        parts.tell(image, Known(tuple(o.label for o in scene.objects), masks, frame.depth_m))
        return image

    return LiftingDetector(parts, parts, parts), show, show(tabletop.scene())


@pytest.mark.parametrize(
    ("change", "most_mm", "most_deg"),
    [({"x_m": 0.08, "y_m": -0.05}, 6.0, 2.0), ({"yaw_deg": 40.0}, 6.0, 4.0), ({"scale": 1.3}, 8.0, 3.0)],
)
def test_edits_of_rendered_things_are_measured(table, change, most_mm, most_deg):
    detector, show, source = table
    scene = tabletop.scene()
    after = tabletop.moved("book-1", **change)
    objects = tuple(after if o.instance_id == "book-1" else o for o in scene.objects)
    image = show(dataclasses.replace(scene, objects=objects))
    box = object_box(scene.object("book-1"), scene.camera)
    edit = {"original_bbox_3d": box.vector.tolist(), "rotation_matrix": box.rotation.tolist()}
    operation = "rotate" if "yaw_deg" in change else "move"
    sample = tabletop.record(scene, source, "book-1", operation)
    sample = Sample(sample.row | {"edit": edit})
    scan = strict_scan(sample, detector.detect(sample, image))
    off_mm, off_deg, off_percent = tabletop.errors(scan, after)
    assert off_mm < most_mm
    assert min(off_deg, 180.0 - off_deg) < most_deg
    assert off_percent < 3.0
    assert (scan.lost, scan.added) == (0, 0)


def test_a_camera_that_moved(table):
    detector, show, source = table
    scene = tabletop.scene()
    pose = scene.camera.world_from_camera.copy()
    pose[:3, 3] += pose[:3, 0] * 0.08
    image = show(dataclasses.replace(scene, camera=dataclasses.replace(scene.camera, world_from_camera=pose)))
    sample = tabletop.record(scene, source, "mug-1", "view")
    scan = detector.detect(sample, image)
    assert scan.camera_translation_m == pytest.approx([0.08, 0.0, 0.0], abs=0.01)
    still = detector.detect(sample, source)
    assert np.abs(still.camera_translation_m).max() < 2e-3
    ramp = np.broadcast_to(np.linspace(0, 255, tabletop.SIZE, dtype=np.uint8), (tabletop.SIZE, tabletop.SIZE))
    with pytest.raises(UnscorableError, match="not found again in the edited one: 0 features agree"):
        detector.detect(sample, Image.fromarray(ramp))


def test_a_run_over_known_parts_scores_the_ladder(parts, tmp_path):
    rows = [tiny.row(6)]
    detector = LiftingDetector(parts, parts, parts)
    for editor, low, high in (("identity", 0.0, 0.0), ("oracle", 90.0, 100.0)):
        results = evaluate_editor(
            editor, rows, out=tmp_path / editor, detector=detector, judge=tiny.ColourJudge(), protocol="strict"
        )
        assert low <= results.metrics["spatial_accuracy"] <= high
