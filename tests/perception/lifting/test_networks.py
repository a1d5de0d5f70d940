"""The three parts over tiny random models of every family: shapes, batches, dtypes, and what transformers makes of their answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
import transformers
from PIL import Image

from gsi_bench_hf.perception.lifting.networks_boxes import TransformersBoxes
from gsi_bench_hf.perception.lifting.networks_depth import TransformersDepth
from gsi_bench_hf.perception.lifting.networks_masks import TransformersMasks

BOXES = {
    "grounding-dino": tiny_models.grounding_dino,
    "mm-grounding-dino": lambda folder: tiny_models.grounding_dino(folder, mm=True),
    "owlv2": tiny_models.owlv2,
}
MASKS = {"sam2": tiny_models.sam2, "sam": tiny_models.sam, "sam3": tiny_models.sam3}
DEPTHS = {
    "depth-pro": tiny_models.depth_pro,
    "depth-anything": tiny_models.depth_anything,
    "zoedepth": tiny_models.zoedepth,
}
SIZES = [(120, 80), (70, 90), (120, 80)]


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [picture(seed, size) for seed, size in enumerate(SIZES)]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of a model by family, made when it is first asked for."""
    root, made = tmp_path_factory.mktemp("models"), {}

    def folder(family: str) -> str:
        if family not in made:
            made[family] = (BOXES | MASKS | DEPTHS)[family](root / family)
        return made[family]

    return folder


def intrinsics(focal_px: float) -> np.ndarray:
    return np.array([[focal_px, 0.0, 60.0], [0.0, focal_px, 40.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("family", BOXES)
def test_boxes_in_the_image_of_labels_that_were_asked_for(models, pictures, family):
    part = TransformersBoxes(models(family), threshold=0.0)
    labels = [["mug", "red book"], ["bowl"], []]
    found = part.find(pictures, labels)
    assert found[2] == []
    for image, asked, some in zip(pictures[:2], labels, found, strict=False):
        assert some
        assert {f.label for f in some} <= set(asked)
        assert [f.score for f in some] == sorted((f.score for f in some), reverse=True)
        for f in some:
            assert 0.0 < f.score <= 1.0
            assert (f.box_px[:2] >= 0).all()
            assert (f.box_px[2:] <= image.size).all()
            assert (f.box_px[2:] - f.box_px[:2] >= 1.0).all()


@pytest.mark.parametrize("family", BOXES)
def test_boxes_do_not_hang_on_what_else_is_in_the_batch(models, pictures, family):
    part = TransformersBoxes(models(family), threshold=0.0)
    labels = [["mug", "red book"], ["bowl", "lamp"], ["mug"]]
    together = part.find(pictures, labels)
    for image, asked, some in zip(pictures, labels, together, strict=True):
        alone = part.find([image], [asked])[0]
        assert [f.label for f in alone] == [f.label for f in some]
        np.testing.assert_allclose([f.box_px for f in alone], [f.box_px for f in some], atol=0.05)
        np.testing.assert_allclose([f.score for f in alone], [f.score for f in some], atol=1e-4)


def test_more_labels_than_one_question_holds(models, pictures):
    part = TransformersBoxes(models("grounding-dino"), threshold=0.0, overlap=1.0, most=1000)
    many = [f"{a} {b}" for a in tiny_models.WORDS for b in tiny_models.WORDS][:50]
    found = part.find(pictures[:1], [many])[0]
    asked = [part.find(pictures[:1], [many[k : k + 24]])[0] for k in (0, 24, 48)]
    assert len(found) == sum(map(len, asked)) > 24


def test_what_overlaps_is_found_once(models, pictures):
    part = TransformersBoxes(models("grounding-dino"), threshold=0.0, overlap=0.0)
    found = part.find(pictures[:1], [["mug"]])[0]
    every = TransformersBoxes(models("grounding-dino"), threshold=0.0, overlap=1.0).find(pictures[:1], [["mug"]])[0]
    assert 0 < len(found) < len(every)
    assert found[0].box_px.tolist() == every[0].box_px.tolist()


def test_owlv2_boxes_are_those_that_transformers_reads_off(models, pictures):
    folder = models("owlv2")
    image = pictures[0]
    found = TransformersBoxes(folder, threshold=0.0, overlap=1.0).find([image], [["mug", "bowl"]])[0]
    images = transformers.Owlv2ImageProcessorPil.from_pretrained(folder)
    processor = transformers.Owlv2Processor(images, transformers.AutoTokenizer.from_pretrained(folder))
    model = transformers.Owlv2ForObjectDetection.from_pretrained(folder).eval()
    words = processor.tokenizer(
        ["a photo of a mug", "a photo of a bowl"],
        padding="max_length",
        max_length=16,
        truncation=True,
        return_tensors="pt",
    )
    inputs = {**words, **images([image], return_tensors="pt")}
    with torch.inference_mode():
        said = processor.post_process_grounded_object_detection(
            model(**inputs), threshold=0.0, target_sizes=[image.size[::-1]]
        )[0]
    limits = torch.tensor([*image.size, *image.size], dtype=torch.float32)
    boxes = torch.minimum(said["boxes"].clamp(min=0.0), limits)
    assert found
    for f in found:
        apart = (boxes - torch.as_tensor(f.box_px, dtype=torch.float32)).abs().max(dim=1).values
        near = (said["scores"] - f.score).abs() < 1e-4
        assert float(apart[near].min()) < 0.05


@pytest.mark.parametrize("family", MASKS)
def test_masks_are_as_large_as_the_image(models, pictures, family):
    part = TransformersMasks(models(family))
    boxes = [np.array([[10.0, 10, 60, 50], [0, 0, 30, 30]]), np.zeros((0, 4)), np.array([[5.0, 5, 100, 70]])]
    together = part.masks(pictures, boxes)
    assert [m.shape for m in together] == [(2, 80, 120), (0, 90, 70), (1, 80, 120)]
    assert all(m.dtype == np.bool_ for m in together)
    for image, asked, masks in zip(pictures, boxes, together, strict=True):
        alone = part.masks([image], [asked])[0]
        assert np.mean(alone == masks) > 0.999 if masks.size else len(alone) == 0
    assert part.masks(pictures[:1], [np.zeros((0, 4))])[0].shape == (0, 80, 120)


def test_sam_masks_are_those_that_transformers_cuts_out(models, pictures):
    folder, image, box = models("sam"), pictures[1], [10.0, 12.0, 50.0, 70.0]
    ours = TransformersMasks(folder).masks([image], [np.array([box])])[0][0]
    images = transformers.SamImageProcessorPil.from_pretrained(folder)
    processor = transformers.SamProcessor(images)
    model = transformers.SamModel.from_pretrained(folder).eval()
    inputs = processor(image, input_boxes=[[box]], return_tensors="pt")
    sizes = [inputs.pop(name) for name in ("original_sizes", "reshaped_input_sizes")]
    with torch.inference_mode():
        out = model(**inputs, multimask_output=False)
    theirs = processor.post_process_masks(out.pred_masks, *sizes)[0][0, 0].numpy()
    assert 0.0 < ours.mean() < 1.0
    assert np.mean(ours == theirs) > 0.995


@pytest.mark.parametrize("family", DEPTHS)
def test_depth_in_metres_at_the_images_size(models, pictures, family):
    part = TransformersDepth(models(family), trained_focal=None if family == "depth-pro" else 0.8)
    cameras = [intrinsics(100.0)] * 3
    together = part.depth(pictures, cameras)
    for image, camera, depth_m in zip(pictures, cameras, together, strict=True):
        assert depth_m.shape == image.size[::-1]
        assert depth_m.dtype == np.float32
        assert np.isfinite(depth_m).all()
        assert (depth_m > 0).all()
        np.testing.assert_allclose(part.depth([image], [camera])[0], depth_m, rtol=1e-3)


@pytest.mark.parametrize("family", DEPTHS)
def test_twice_the_focal_length_is_twice_as_far(models, pictures, family):
    part = TransformersDepth(models(family), trained_focal=None if family == "depth-pro" else 0.8)
    near, far = (part.depth(pictures[:1], [intrinsics(focal)])[0] for focal in (80.0, 160.0))
    np.testing.assert_allclose(far, 2.0 * near, rtol=1e-5)


def test_the_training_sets_focal_length_is_read_off_the_name(models, pictures, tmp_path):
    plain = TransformersDepth(models("zoedepth"))
    assert plain.id.endswith("trained_focal=0.0")
    known = Path(models("zoedepth")).rename(tmp_path / "zoedepth-nyu")
    part = TransformersDepth(str(known))
    assert part.id.endswith("trained_focal=0.811")
    as_said, scaled = (p.depth(pictures[:1], [intrinsics(100.0)])[0] for p in (plain, part))
    np.testing.assert_allclose(scaled, as_said * (100.0 / 120.0) / 0.811, rtol=1e-5)
    known.rename(models("zoedepth"))


@pytest.mark.parametrize(
    ("family", "part"),
    [
        ("grounding-dino", TransformersBoxes),
        ("sam2", TransformersMasks),
        ("depth-pro", TransformersDepth),
    ],
)
@pytest.mark.parametrize("dtype", ["bfloat16", "fp16"])
def test_half_precision(models, pictures, family, part, dtype):
    half = part(models(family), dtype=dtype, device="cpu")
    number = {"fp16": torch.float16, "bfloat16": torch.bfloat16}[dtype]
    assert {p.dtype for p in half._loaded.model.parameters()} == {number}
    assert str(number).removeprefix("torch.") in half.id
    whole = part(models(family), device="cpu")
    assert half.id != whole.id
    if part is TransformersDepth:
        answers = [p.depth(pictures[:1], [intrinsics(100.0)])[0] for p in (half, whole)]
        assert np.median(np.abs(np.log(answers[0] / answers[1]))) < 0.1
    elif part is TransformersMasks:
        box = [np.array([[10.0, 10, 60, 50]])]
        answers = [p.masks(pictures[:1], box)[0] for p in (half, whole)]
        assert answers[0].shape == answers[1].shape
        assert answers[0].any()
    else:
        assert half.find(pictures[:1], [["mug"]])[0] is not None


def test_ids_tell_weights_apart(models, tmp_path):
    other = tiny_models.sam2(tmp_path / "sam2", seed=1)
    assert TransformersMasks(models("sam2")).id.split("@")[1] != TransformersMasks(other).id.split("@")[1]
    assert TransformersMasks(other).id == TransformersMasks(other).id


def test_what_can_not_be_loaded_is_said_in_one_line(models, tmp_path):
    with pytest.raises(
        ValueError, match=r"sam2' \(revision main\) can't be loaded for DepthEstimation: .*; expected the repo id"
    ):
        TransformersDepth(models("sam2"))
    with pytest.raises(ValueError, match="tells relative depth; expected a metric one, such as depth-anything/"):
        TransformersDepth(tiny_models.depth_anything(tmp_path / "relative", metric=False))
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ValueError, match=r"empty' \(revision main\) can't be loaded for MaskGeneration: .*; expected the repo id"
    ):
        TransformersMasks(str(tmp_path / "empty"))
