"""render-compare on real renders: what is right scores high, what is wrong clearly less."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import tabletop
from PIL import Image

from gsi_bench_hf.perception.render_compare import RenderCompare
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.scene import object_box
from gsi_bench_hf.types import Detection, Judge, Sample, Scan


@pytest.fixture(scope="module")
def judge():
    return RenderCompare()


def scan_of(item):
    """The exact scan of an object."""
    box = object_box(item, tabletop.scene().camera)
    target = Detection(box.vector, np.zeros(4), box.rotation, item.label, 1.0, item.instance_id)
    return Scan((), (target,), target)


@pytest.fixture(scope="module", params=["mug-1", "book-1", "bowl-1"])
def case(request):
    """Record, ground-truth image, its exact scan, and the target's mask."""
    item = tabletop.moved(request.param, x_m=0.05, y_m=-0.01)
    scene = tabletop.scene().with_object(item)
    labels = shared_renderer().render(scene, want=("segmentation",)).segmentation
    number = [o.instance_id for o in scene.objects].index(request.param) + 1
    return tabletop.sample(request.param), tabletop.render(scene), scan_of(item), labels == number


def spoiled(image, mask, how):
    pixels = np.asarray(image)
    if how == "recoloured":
        hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + 60) % 180
        hsv[..., 1] = np.maximum(hsv[..., 1], 130)
        other = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    elif how == "blurred":
        mask = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        other = cv2.GaussianBlur(pixels, (0, 0), 7.0)
    else:
        columns = np.nonzero(mask)[1]
        mask = mask & (np.arange(mask.shape[1])[None, :] < np.median(columns))
        other = np.asarray(tabletop.render(tabletop.scene().without("mug-1").without("book-1").without("bowl-1")))
    return Image.fromarray(np.where(mask[..., None], other, pixels))


def test_the_truth_scores_high(judge, case):
    assert isinstance(judge, Judge)
    sample, image, scan, _ = case
    assert judge.judge(sample, image, scan).score >= 9.7


def test_what_a_codec_does_costs_little(judge, case):
    sample, image, scan, _ = case
    bad = tabletop.degraded(image, rng=np.random.default_rng(0))
    assert 8.5 <= judge.judge(sample, bad, scan).score < 10.0


@pytest.mark.parametrize("how", ["recoloured", "blurred", "half missing"])
def test_a_spoiled_object_scores_clearly_less(judge, case, how):
    sample, image, scan, mask = case
    assert judge.judge(sample, spoiled(image, mask, how), scan).score < 6.0


def test_nothing_found_is_zero(judge):
    judgement = judge.judge(tabletop.sample("mug-1"), tabletop.source_image(), Scan((), (), None))
    assert judgement.score == 0.0
    assert "not found" in judgement.reason


def test_a_clean_removal_scores_high_and_a_smear_less(judge):
    sample, gone = tabletop.sample("mug-1", "remove"), Scan((), (), None)
    image = tabletop.render(tabletop.scene().without("mug-1"))
    assert judge.judge(sample, image, gone).score >= 9.7
    assert judge.judge(sample, tabletop.degraded(image, rng=np.random.default_rng(1)), gone).score >= 8.5
    pixels = np.asarray(image).copy()
    labels = shared_renderer().render(tabletop.scene(), want=("segmentation",)).segmentation
    pixels[labels == 1] = (120, 130, 140)
    assert judge.judge(sample, Image.fromarray(pixels), gone).score < 5.0


def test_a_target_that_should_be_gone_is_zero(judge):
    scan = scan_of(tabletop.scene().object("mug-1"))
    assert judge.judge(tabletop.sample("mug-1", "remove"), tabletop.source_image(), scan).score == 0.0


def test_an_image_of_one_colour_is_a_none_with_the_reason(judge, case):
    sample, _, scan, _ = case
    judgement = judge.judge(sample, Image.new("RGB", (64, 64)), scan)
    assert judgement.score is None
    assert "one colour" in judgement.reason


def test_a_target_out_of_view_is_a_none_with_the_reason(judge):
    item = dataclasses.replace(tabletop.scene().object("mug-1"), position_m=np.array([5.0, 0.0, 0.7]))
    judgement = judge.judge(tabletop.sample("mug-1"), tabletop.source_image(), scan_of(item))
    assert judgement.score is None
    assert "too little" in judgement.reason


def test_a_record_without_a_scene_is_refused(judge, case):
    sample, image, scan, _ = case
    with pytest.raises(ValueError, match="needs the record's scene"):
        judge.judge(Sample(dict(sample.row) | {"scene": None}), image, scan)
