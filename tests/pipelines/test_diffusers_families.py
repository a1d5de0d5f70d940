"""Every family: a tiny random pipeline is saved, loaded by its folder, and run twice over simulator rows to the same images."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import tiny_pipelines
import torch
from PIL import Image
from test_diffusers_resolution import assert_marked, marked

import gsi_bench_hf
from gsi_bench_hf.pipelines.families import FAMILIES, family_of
from gsi_bench_hf.types import Judgement, Scan

PIXELS = 128 * 128
PROMPT = "Move the red mug 10 cm to the left."


class Blind:
    """Finds what there was, and the target nowhere: these images are noise, and are not looked at here."""

    name = "blind"

    def detect(self, sample, edited):
        return Scan(sample.objects, tuple(o for o in sample.objects if o.instance_id != sample.target_id), None)

    def judge(self, sample, edited, scan):
        return Judgement(0.0, "not looked at")


@pytest.fixture(scope="module", autouse=True)
def small():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        tiny_pipelines.shrink(patch)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The saved pipeline of a family."""
    saved = {}

    def folder(family):
        if family not in saved:
            saved[family] = tmp_path_factory.mktemp("models") / f"tiny-{family}"
            tiny_pipelines.TINY[family](0).save_pretrained(saved[family])
        return str(saved[family])

    return folder


def arguments(family):
    size = {} if FAMILIES[family].resolution.only_sizes else {"pixels": PIXELS}
    return {"num_inference_steps": 2, **size, **tiny_pipelines.CALL.get(family, {})}


def edited_images(run):
    return {path.name: path.read_bytes() for path in sorted((run / "edited").rglob("*.png"))}


def test_every_family_has_its_tiny_pipeline():
    assert list(tiny_pipelines.TINY) == list(FAMILIES)


@pytest.mark.parametrize("family", tiny_pipelines.TINY)
def test_a_saved_pipeline_runs_end_to_end_twice_to_the_same_images(family, folders, samples, tmp_path, record_property):
    rows = [sample.row for sample in samples.values()]
    start = time.process_time()
    results = []
    for out in (tmp_path / "first", tmp_path / "second"):
        editor = gsi_bench_hf.load_editor(folders(family), **arguments(family))
        results.append(gsi_bench_hf.evaluate_editor(editor, rows, out=out, detector=Blind(), judge=Blind(), lpips=None))
    assert (results[0].counts["ok"], results[0].counts["failed"]) == (4, 0)
    first, second = edited_images(tmp_path / "first"), edited_images(tmp_path / "second")
    assert len(set(first.values())) == 4
    assert first == second
    metrics = [json.loads((tmp_path / run / "results.json").read_text())["metrics"] for run in ("first", "second")]
    assert metrics[0] == metrics[1]
    assert metrics[0]["average"]["n"] == 4
    told = json.loads((tmp_path / "first" / "run.json").read_text())["arguments"]["editor"]
    assert (told["family"], told["name"]) == (family, f"tiny-{family}")
    assert told["pipeline_class"] in FAMILIES[family].pipeline_classes
    assert told["arguments"]["num_inference_steps"] == 2
    record_property("family", (family, told["pipeline_class"], round(time.process_time() - start, 1)))


@pytest.mark.parametrize("family", tiny_pipelines.TINY)
def test_the_model_sees_all_of_a_512_by_768_source(family, folders, monkeypatch):
    """What the autoencoder is given of the source has all four marks in its corners: no pipeline crops behind our back."""
    editor = gsi_bench_hf.load_editor(folders(family), **arguments(family))
    seen, encode = [], editor.vae.encode

    def recording(pixels, *args, **kwargs):
        seen.append(pixels)
        return encode(pixels, *args, **kwargs)

    monkeypatch.setattr(editor.vae, "encode", recording)
    image = editor(image=marked((512, 768), 96), prompt=PROMPT, generator=torch.Generator().manual_seed(0)).images[0]
    assert image.size == (512, 768)
    pixels = seen[0][0, :, 0] if seen[0].ndim == 5 else seen[0][0]
    array = ((pixels.float() + 1) * 127.5).clamp(0, 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    assert_marked(Image.fromarray(array).resize((512, 768)), 96)


@pytest.mark.parametrize("family", [name for name in tiny_pipelines.TINY if FAMILIES[name].batches])
def test_a_batch_gives_what_each_alone_gives(family, folders, samples):
    editor = gsi_bench_hf.load_editor(folders(family), batch_size=4, **arguments(family))
    sources = [sample.source_image for sample in samples.values()]
    prompts = [sample.instruction for sample in samples.values()]

    def generators():
        return [torch.Generator().manual_seed(seed) for seed in range(4)]

    together = editor(image=sources, prompt=prompts, generator=generators()).images
    for index, generator in enumerate(generators()):
        alone = editor(image=sources[index], prompt=prompts[index], generator=generator).images[0]
        difference = np.abs(np.asarray(alone).astype(int) - np.asarray(together[index]).astype(int))
        assert difference.max() <= 4  # sums in another order
        assert difference.mean() < 0.05


def test_classes_and_configs_name_families():
    for name in FAMILIES:
        for class_name in FAMILIES[name].pipeline_classes:
            assert family_of(class_name, FAMILIES[name].config).name == name
    assert family_of("Flux2KleinPipeline", {"is_distilled": False}).name == "flux2-klein-base"
    assert family_of("StableDiffusionPipeline") is None


@pytest.mark.parametrize("family", FAMILIES)
def test_specs_are_complete(family):
    spec = FAMILIES[family]
    assert spec.steps
    assert spec.guidance
    assert spec.default_repo.count("/") == 1
    assert spec.citation.startswith("@")
    assert spec.citation.count("{") == spec.citation.count("}")
    assert spec.licence
    assert spec.card_template.endswith(".md.jinja")


def test_published_rows_are_the_papers():
    assert FAMILIES["qwen-image-edit"].published["real"] == {
        "IC": 51.02,
        "SA": 31.22,
        "AC": 50.95,
        "EL": 40.55,
        "Avg": 43.44,
    }
    assert FAMILIES["ultraedit"].published["tabletop"]["Avg"] == 2.13
    assert FAMILIES["qwen-image-edit-plus"].published == {}


def test_distilled_checkpoints_have_their_own_steps():
    bria = FAMILIES["bria-fibo-edit"]
    assert bria.arguments("briaai/Fibo-Edit-1.5-turbo") == {"num_inference_steps": 4, "guidance_scale": 1.0}
    assert bria.arguments("briaai/Fibo-Edit-1.5-base") == {"num_inference_steps": 30, "guidance_scale": 5.0}


def test_instructions_are_put_as_the_model_wants_them():
    assert FAMILIES["omnigen"].prompt("Turn it.") == "<img><|image_1|></img> Turn it."
    assert FAMILIES["bria-fibo-edit"].prompt('Say "hi".') == '{"edit_instruction": "Say \\"hi\\"."}'
    whole = '{"edit_instruction": "x", "objects": []}'
    assert FAMILIES["bria-fibo-edit"].prompt(whole) == whole
    assert FAMILIES["flux2"].prompt("Turn {prompt}.") == "Turn {prompt}."
