"""`GSIEditPipeline` used like a pipeline: what it passes on, what it refuses, what it makes of a bad image."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import tiny_pipelines
import torch
from diffusers import DiffusionPipeline, FluxKontextPipeline
from PIL import Image
from test_diffusers_resolution import assert_marked, marked

import gsi_bench_hf
from gsi_bench_hf.durable import RunWarning
from gsi_bench_hf.editing import EditFailedError, EditMemoryError, EditRefusedError
from gsi_bench_hf.pipelines.diffusers_editor import GSIEditPipeline
from gsi_bench_hf.pipelines.resolution import Resolution

PROMPT = "Move the red mug 10 cm to the left."
SOURCE = Image.effect_noise((96, 64), 60).convert("RGB")


class Answer:
    def __init__(self, images, refused=None):
        self.images = images
        self.nsfw_content_detected = refused


class EchoPipeline(DiffusionPipeline):
    """A pipeline that no family names: what it got is what it gives, or what `answer` makes of it."""

    def __init__(self):
        super().__init__()
        self.register_to_config(kind="echo")
        self.calls = []
        self.answer = lambda pixels: Answer(pixels)

    def __call__(self, image, prompt, num_inference_steps=7, guidance_scale=3.0, generator=None, output_type="pil"):
        self.calls.append({"image": image, "prompt": prompt, "steps": num_inference_steps, "generator": generator})
        images = image if isinstance(image, list) else [image]
        return self.answer(np.stack([np.asarray(i) for i in images]).astype(np.float32) / 255.0)


@pytest.fixture
def echo():
    with pytest.warns(RunWarning, match="EchoPipeline is of no family known here"):
        return gsi_bench_hf.load_editor(EchoPipeline())


@pytest.fixture(scope="module")
def kontext():
    return tiny_pipelines.flux_kontext()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_stored_edit_of_a_512_by_768_source_is_512_by_768_with_its_corners(echo, tmp_path):
    row = tiny.row(0) | {"source_image": marked((512, 768)), "target_image": None}
    tiny.run(echo, [row], tmp_path, detector=_Nothing(), judge=_Nothing())
    with Image.open(tmp_path / "edited" / "sim-tiny" / "sim-tiny-00000.png") as stored:
        assert stored.size == (512, 768)
        assert_marked(stored)


class _Nothing:
    name = "nothing"

    def detect(self, sample, edited):
        from gsi_bench_hf.types import UnscorableError

        raise UnscorableError("not looked at")

    def judge(self, sample, edited, scan):
        raise AssertionError


def test_an_unknown_class_is_called_after_its_signature_and_what_was_assumed_is_said(echo):
    image = echo(image=SOURCE, prompt=PROMPT, generator=generator()).images[0]
    assert image.size == SOURCE.size
    call = echo.pipeline.calls[0]
    assert (call["prompt"], call["steps"], call["generator"].initial_seed()) == (PROMPT, 7, 0)
    assert echo.family.name == "generic"
    assert "its own defaults (num_inference_steps=7, guidance_scale=3)" in echo.provenance()["assumptions"][0]
    assert echo.estimate(60) == "60 edits by EchoPipeline (generic), 7 steps each, on cpu"


def test_a_class_that_edits_nothing_is_refused():
    class Painter(DiffusionPipeline):
        def __call__(self, prompt, height=512):
            return None

    with pytest.raises(
        TypeError, match=r"Painter takes prompt, height; expected an image .* it is no editing pipeline"
    ):
        gsi_bench_hf.load_editor(Painter())


def test_everything_else_is_the_pipelines_own(kontext, tmp_path):
    editor = GSIEditPipeline(kontext)
    assert editor.to(torch.float32) is editor
    assert editor.components.keys() == kontext.components.keys()
    assert editor.dtype is torch.float32
    editor.set_progress_bar_config(disable=True)
    assert kontext._progress_bar_config == {"disable": True}
    editor.save_pretrained(tmp_path / "saved")
    again = GSIEditPipeline.from_pretrained(str(tmp_path / "saved"), pixels=64 * 64, num_inference_steps=2)
    assert isinstance(again.pipeline, FluxKontextPipeline)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = editor.nonsense
    images = [
        e(image=SOURCE, prompt=PROMPT, generator=generator(), **small).images[0] for e, small in _both(editor, again)
    ]
    assert images[0].tobytes() == images[1].tobytes()


def _both(editor, again):
    return (editor, {"num_inference_steps": 2, "width": 80, "height": 48}), (again, {})


def test_a_lora_is_loaded_weighed_and_recorded(kontext, tmp_path):
    from peft import LoraConfig

    trained = tiny_pipelines.flux_kontext()
    trained.transformer.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_k"], init_lora_weights=False))
    from peft import get_peft_model_state_dict

    FluxKontextPipeline.save_lora_weights(tmp_path / "lora", get_peft_model_state_dict(trained.transformer))
    kontext.save_pretrained(tmp_path / "model")
    options = {"pixels": 64 * 64, "num_inference_steps": 2}
    plain = gsi_bench_hf.load_editor(str(tmp_path / "model"), **options)
    tuned = gsi_bench_hf.load_editor(str(tmp_path / "model"), lora=str(tmp_path / "lora"), lora_scale=0.5, **options)
    images = [e(image=SOURCE, prompt=PROMPT, generator=generator()).images[0].tobytes() for e in (plain, tuned)]
    assert images[0] != images[1]
    assert plain.provenance()["lora"] == []
    assert tuned.provenance()["lora"][0]["source"] == str(tmp_path / "lora")
    assert tuned.provenance()["adapters"] == {"names": "lora", "weights": 0.5}
    tuned.unload_lora_weights()
    assert tuned.provenance()["lora"] == []


def test_a_prompt_rewriter_is_called_and_recorded(echo):
    def louder(prompt, image):
        assert image.size == SOURCE.size
        return prompt.upper()

    editor = GSIEditPipeline(echo.pipeline, family=echo.family, prompt_rewriter=louder)
    editor(image=SOURCE, prompt=PROMPT)
    assert echo.pipeline.calls[-1]["prompt"] == PROMPT.upper()
    assert editor.provenance()["prompt_rewriter"].endswith("louder")
    assert echo.provenance()["prompt_rewriter"] is None


def test_nan_is_a_failure_in_its_place(echo):
    def broken(pixels):
        pixels[-1, 3, 4] = np.nan
        return Answer(pixels)

    echo.pipeline.answer = broken
    with pytest.raises(EditFailedError, match=r"holds NaN or infinities; another dtype may help"):
        echo(image=SOURCE, prompt=PROMPT)
    # A list goes one by one through a pipeline that is not known to take lists.
    both = echo(image=[SOURCE, SOURCE], prompt=[PROMPT, PROMPT], generator=[generator(), generator(1)]).images
    assert [type(image) for image in both] == [EditFailedError, EditFailedError]
    assert [call["generator"].initial_seed() for call in echo.pipeline.calls[-2:]] == [0, 1]


def test_a_safety_checkers_no_is_a_refusal(echo):
    echo.pipeline.answer = lambda pixels: Answer(pixels * 0, refused=[True])
    with pytest.raises(EditRefusedError, match="the pipeline's safety checker refused the image"):
        echo(image=SOURCE, prompt=PROMPT)


def test_a_refusal_in_a_run_is_counted_as_one(echo, tmp_path):
    echo.pipeline.answer = lambda pixels: Answer(pixels * 0, refused=[True])
    results = tiny.run(echo, tiny.rows(2), tmp_path)
    assert results.counts["failed"] == 2
    assert results.counts["by_kind"] == {"refused": 2}


def test_running_out_of_memory_is_told_from_other_errors(echo):
    def full(_pixels):
        raise torch.OutOfMemoryError("CUDA out of memory")

    def wrong(_pixels):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    echo.pipeline.answer = full
    with pytest.raises(EditMemoryError, match=r"not enough memory for 1 image\(s\) at once"):
        echo(image=SOURCE, prompt=PROMPT)
    echo.pipeline.answer = wrong
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        echo(image=SOURCE, prompt=PROMPT)


def test_what_is_drawn_without_the_generator_hangs_on_its_seed_and_leaves_the_process_alone(echo):
    drawn = []
    echo.pipeline.answer = lambda pixels: drawn.append(torch.rand(1).item()) or Answer(pixels)
    torch.manual_seed(7)
    expected = torch.rand(1).item()
    torch.manual_seed(7)
    for seed in (1, 1, 2):
        echo(image=SOURCE, prompt=PROMPT, generator=generator(seed))
    assert drawn[0] == drawn[1] != drawn[2]
    assert torch.rand(1).item() == expected


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_inference_step": 3}, TypeError, "takes no num_inference_step. Did you mean 'num_inference_steps'"),
        (
            {"prompt_": 3},
            TypeError,
            "EchoPipeline takes no prompt_.* It takes guidance_scale, num_inference_steps, output_type",
        ),
        ({"return_dict": False}, TypeError, "return_dict is given by the run itself; leave it out"),
        ({"width": 64}, ValueError, "width is 64 and height is None, expected both or neither"),
        ({"width": 65, "height": 64}, ValueError, "width and height are 65 and 64, expected multiples of 16"),
    ],
)
def test_arguments_that_can_not_be(echo, arguments, error, message):
    with pytest.raises(error, match=message):
        echo(image=SOURCE, prompt=PROMPT, **arguments)
    with pytest.raises(error, match=message):
        GSIEditPipeline(echo.pipeline, family=echo.family, arguments=arguments)


def test_lists_have_to_be_of_one_length(echo):
    with pytest.raises(ValueError, match="prompt has 1 entries for 2 images; expected one for each"):
        echo(image=[SOURCE, SOURCE], prompt=PROMPT)
    with pytest.raises(ValueError, match="batch_size is 0, expected 1 or more"):
        GSIEditPipeline(echo.pipeline, family=echo.family, batch_size=0)


def test_provenance_is_json_and_has_every_argument(echo):
    import json

    editor = GSIEditPipeline(
        echo.pipeline,
        family=echo.family,
        name="mine",
        arguments={"guidance_scale": 1.5},
        resolution=Resolution(multiple=32),
    )
    told = json.loads(json.dumps(editor.provenance()))
    assert told["arguments"] == {"num_inference_steps": 7, "guidance_scale": 1.5}
    assert (told["name"], told["pipeline_class"], told["resolution"]["multiple"]) == ("mine", "EchoPipeline", 32)
    assert told["environment"]["device"] == "cpu"
    assert told["environment"]["libraries"]["diffusers"]
