"""scene-fit on real renders: it finds what the image shows, wherever that is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tabletop
from PIL import Image

from gsi_bench_hf.perception.known_scene import Pose
from gsi_bench_hf.perception.pose_refine import Fit
from gsi_bench_hf.perception.rival_turns import near_best
from gsi_bench_hf.perception.scene_fit import SceneFit
from gsi_bench_hf.synth.scene import EditedScene, to_json
from gsi_bench_hf.types import Camera, Detector, Sample, UnscorableError


@pytest.fixture(scope="module")
def detector():
    return SceneFit()


def test_it_is_a_detector(detector):
    assert isinstance(detector, Detector)


@pytest.mark.parametrize("noisy", [False, True], ids=["clean", "degraded"])
def test_the_source_image_is_the_source_pose_exactly(detector, noisy):
    image = tabletop.source_image()
    if noisy:
        image = tabletop.degraded(image, rng=np.random.default_rng(0))
    scan = detector.detect(tabletop.sample("mug-1"), image)
    assert tabletop.errors(scan, tabletop.scene().object("mug-1")) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    assert (scan.lost, scan.added) == (0, 0)
    assert len(scan.edited) == len(scan.origin) == 4


EDITS = {
    "move": ("mug-1", {"x_m": 0.05}),
    "move the other way": ("mug-1", {"x_m": -0.05}),
    "move far": ("book-1", {"x_m": -0.12, "y_m": 0.08}),
    "turn": ("mug-1", {"yaw_deg": -90.0}),
    "turn half": ("book-1", {"yaw_deg": 180.0}),
    "smaller": ("box-1", {"scale": 0.75}),
    "larger": ("bowl-1", {"scale": 1.4}),
    "round": ("bowl-1", {"x_m": 0.07, "y_m": -0.03}),
}


@pytest.mark.parametrize(("target_id", "edit"), EDITS.values(), ids=EDITS)
def test_an_edit_is_found_where_it_is(detector, target_id, edit):
    item = tabletop.moved(target_id, **edit)
    image = tabletop.render(tabletop.scene().with_object(item))
    scan = detector.detect(tabletop.sample(target_id), image)
    position_mm, turn_deg, scale_percent = tabletop.errors(scan, item)
    assert position_mm < 1.5
    assert scale_percent < 1.0
    assert item.symmetry != 1 or turn_deg < 1.5
    assert scan.target is scan.edited[-1]
    assert (scan.lost, scan.added) == (0, 0)
    shown = tabletop.shared_renderer().render(tabletop.scene().with_object(item), want=("segmentation",)).segmentation
    number = [o.instance_id for o in tabletop.scene().objects].index(target_id) + 1
    union = scan.silhouette | (shown == number)
    assert (scan.silhouette & (shown == number)).sum() > 0.95 * union.sum()


def test_a_degraded_edit_is_found(detector):
    item = tabletop.moved("mug-1", x_m=0.06, y_m=0.02, yaw_deg=45.0)
    image = tabletop.render(tabletop.scene().with_object(item))
    scan = detector.detect(tabletop.sample("mug-1"), tabletop.degraded(image, rng=np.random.default_rng(1)))
    position_mm, turn_deg, scale_percent = tabletop.errors(scan, item)
    assert position_mm < 5.0
    assert turn_deg < 5.0
    assert scale_percent < 2.0


@pytest.mark.parametrize("noisy", [False, True], ids=["clean", "degraded"])
def test_a_removed_target_is_absent(detector, noisy):
    image = tabletop.render(tabletop.scene().without("mug-1"))
    if noisy:
        image = tabletop.degraded(image, rng=np.random.default_rng(2))
    scan = detector.detect(tabletop.sample("mug-1", "remove"), image)
    assert scan.target is None
    assert not scan.silhouette.any()
    assert {d.instance_id for d in scan.edited} == {"book-1", "bowl-1", "box-1"}
    assert (scan.lost, scan.added) == (0, 0)


def test_a_second_copy_is_counted_and_is_the_edit(detector):
    copy = dataclasses.replace(tabletop.moved("mug-1", x_m=0.13, y_m=-0.15), instance_id="mug-2")
    scene = tabletop.scene()
    image = tabletop.render(dataclasses.replace(scene, objects=(*scene.objects, copy)))
    scan = detector.detect(tabletop.sample("mug-1"), image)
    assert scan.added == 1
    assert tabletop.errors(scan, copy)[0] < 2.0


def test_a_smear_where_it_stood_does_not_call_it_back(detector):
    """An editor that moves pixels leaves a smeared hole with the old shadow; the target is where its pixels are."""
    import cv2

    item = tabletop.moved("mug-1", x_m=0.11)
    image = np.asarray(tabletop.render(tabletop.scene().with_object(item)))
    source = np.asarray(tabletop.source_image())
    labels = tabletop.shared_renderer().render(tabletop.scene(), want=("segmentation",)).segmentation
    hole = cv2.dilate((labels == 1).astype(np.uint8), np.ones((7, 7), np.uint8))
    filled = cv2.inpaint(np.ascontiguousarray(source), hole, 5, cv2.INPAINT_TELEA)
    now = tabletop.shared_renderer().render(tabletop.scene().with_object(item), want=("segmentation",)).segmentation
    pasted = np.where((now == 1)[..., None], image, filled)
    scan = detector.detect(tabletop.sample("mug-1"), Image.fromarray(pasted))
    assert tabletop.errors(scan, item)[0] < 6.0


def _pasted(item, shade):
    """The scene with the target cut out of a render and pasted without its shadow, in another shade."""
    scene = tabletop.scene()
    shown = tabletop.render(scene.with_object(item))
    labels = tabletop.shared_renderer().render(scene.with_object(item), want=("segmentation",)).segmentation
    mask = labels == 1 + [o.instance_id for o in scene.objects].index(item.instance_id)
    behind = np.asarray(tabletop.render(scene.without(item.instance_id)))
    pixels = np.clip(np.rint(shade * np.asarray(shown, np.float32)), 0, 255).astype(np.uint8)
    return Image.fromarray(np.where(mask[..., None], pixels, behind))


@pytest.mark.parametrize(
    ("target_id", "shade"), [("mug-1", 0.65), ("mug-1", 1.0), ("mug-1", 1.3), ("book-1", 0.8), ("box-1", 1.3)]
)
def test_a_target_without_its_shadow_or_in_a_wrong_shade_is_there(detector, target_id, shade):
    item = tabletop.moved(target_id, x_m=0.05, y_m=0.03)
    scan = detector.detect(tabletop.sample(target_id), _pasted(item, shade))
    position_mm, turn_deg, scale_percent = tabletop.errors(scan, item)
    assert position_mm < 10.0
    assert turn_deg < 10.0
    assert scale_percent < 5.0


@pytest.mark.parametrize(("reliefs", "kept"), [((4.0, 9.0, 8.0), [9.0, 8.0]), ((-6.0, -5.0), [-5.0]), ((), [])])
def test_the_best_fit_is_kept_whatever_its_relief(reliefs, kept):
    fits = [Fit(Pose(), relief, 0.5, 10.0) for relief in reliefs]
    assert [fit.relief for fit in near_best(fits)] == kept


def test_another_thing_in_its_place_is_not_it(detector):
    scene, bowl = tabletop.scene(), tabletop.scene().object("bowl-1")
    mug = tabletop.moved("mug-1", x_m=0.05)
    impostor = dataclasses.replace(bowl, instance_id="bowl-9", position_m=mug.position_m, scale=0.6)
    others = scene.without("mug-1")
    image = tabletop.render(dataclasses.replace(others, objects=(*others.objects, impostor)))
    assert detector.detect(tabletop.sample("mug-1"), image).target is None


def test_another_object_lost_is_counted(detector):
    item = tabletop.moved("mug-1", x_m=0.05)
    image = tabletop.render(tabletop.scene().with_object(item).without("bowl-1"))
    scan = detector.detect(tabletop.sample("mug-1"), image)
    assert scan.lost == 1
    assert "bowl-1" not in {d.instance_id for d in scan.edited}
    assert tabletop.errors(scan, item)[0] < 2.0


def test_a_strange_object_is_counted(detector):
    scene = tabletop.scene()
    stranger = dataclasses.replace(tabletop.moved("box-1", x_m=0.05, y_m=-0.45), instance_id="box-9")
    image = tabletop.render(
        dataclasses.replace(scene.without("mug-1"), objects=(*scene.without("mug-1").objects, stranger))
    )
    scan = detector.detect(tabletop.sample("mug-1", "remove"), image)
    assert scan.target is None
    assert scan.added == 1


def test_an_image_of_another_size_is_resized(detector):
    item = tabletop.moved("mug-1", x_m=0.06)
    image = tabletop.render(tabletop.scene().with_object(item)).resize((480, 480), Image.Resampling.BICUBIC)
    scan = detector.detect(tabletop.sample("mug-1"), image)
    assert tabletop.errors(scan, item)[0] < 3.0
    assert scan.silhouette.shape == (tabletop.SIZE, tabletop.SIZE)


def test_a_wholly_different_picture_has_no_target(detector):
    noise = np.random.default_rng(3).integers(0, 256, (tabletop.SIZE, tabletop.SIZE, 3), dtype=np.uint8)
    scan = detector.detect(tabletop.sample("mug-1"), Image.fromarray(noise))
    assert scan.target is None
    assert scan.lost >= 2


def test_an_image_of_one_colour_is_unscorable(detector):
    with pytest.raises(UnscorableError, match="all of one colour"):
        detector.detect(tabletop.sample("mug-1"), Image.new("RGB", (64, 64), (9, 9, 9)))


def test_values_that_are_not_finite_are_unscorable(detector):
    pixels = np.full((64, 64), np.nan, np.float32)
    with pytest.raises(UnscorableError, match="not finite"):
        detector.detect(tabletop.sample("mug-1"), Image.fromarray(pixels))


def test_a_record_without_a_scene_is_refused(detector):
    row = dict(tabletop.sample("mug-1").row) | {"scene": None}
    with pytest.raises(ValueError, match="needs the record's scene"):
        detector.detect(Sample(row), tabletop.source_image())


def test_the_wanted_pose_is_not_looked_at(detector):
    """The same image gives the same scan whatever the record says was wanted."""
    item = tabletop.moved("mug-1", x_m=0.06)
    image = tabletop.render(tabletop.scene().with_object(item))
    plain = tabletop.sample("mug-1")
    wanted = EditedScene(tabletop.scene(), (tabletop.moved("mug-1", x_m=-0.1),))
    other = Sample(dict(plain.row) | {"scene": to_json(wanted), "instruction": "Move the mug.", "target_objects": []})
    first, second = (detector.detect(record, image).target for record in (plain, other))
    assert np.array_equal(first.bbox_3d, second.bbox_3d)


def test_the_camera_of_a_view_edit_is_found(detector):
    scene = tabletop.scene()
    motion = np.eye(4)
    angle = np.deg2rad(12.0)
    motion[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    motion[:3, 3] = [-0.2, 0.02, 0.05]
    camera = Camera(scene.camera.intrinsics, scene.camera.world_from_camera @ motion, tabletop.SIZE, tabletop.SIZE)
    scan = detector.detect(tabletop.sample("mug-1", "view"), tabletop.render(scene.with_camera(camera)))
    assert np.linalg.norm(scan.camera_translation_m - motion[:3, 3]) < 0.01
    turn = scan.camera_rotation.T @ motion[:3, :3]
    assert np.rad2deg(np.arccos(np.clip((np.trace(turn) - 1.0) / 2.0, -1.0, 1.0))) < 0.7
    assert scan.target.instance_id == "mug-1"
