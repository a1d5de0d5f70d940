"""From a model's name to its training, in Python and on the command line."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import tiny
import torch
from PIL import Image

import gsi_bench_hf
from gsi_bench_hf.cli import main
from gsi_bench_hf.train.families import RECIPES
from gsi_bench_hf.train.loop import train
from gsi_bench_hf.train.recipe import Making, Recipe
from gsi_bench_hf.train.settings import Settings, TrainingStoppedError
from gsi_bench_hf.train.start import find_recipe, fine_tune

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines"))

import tiny_pipelines

SOURCE = Image.effect_noise((64, 64), 60).convert("RGB")
PIXELS = 64 * 64


@pytest.fixture(scope="module")
def kontext(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny-kontext"
    tiny_pipelines.flux_kontext(1).save_pretrained(folder)
    return str(folder)


def edit(editor):
    editor.resolution = RECIPES["flux-kontext"].resolution(PIXELS)
    generator = torch.Generator().manual_seed(0)
    answer = editor(image=SOURCE, prompt="Move it.", generator=generator, num_inference_steps=2)
    return np.asarray(answer.images[0]).astype(int)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_is_saved_edits_as_what_was_trained(method, kontext, tmp_path):
    """To the last bit: weights, rank and alpha come back as they were."""
    spec, resolution = RECIPES["flux-kontext"], RECIPES["flux-kontext"].resolution(PIXELS)
    given = {"targets": spec.defaults.targets, "arguments": spec.defaults.arguments, "resolution": resolution}
    recipe = spec.load()(Making(kontext, method=method, rank=2, alpha=6.0, gradient_checkpointing=True, **given))
    assert isinstance(recipe, Recipe)
    before = edit(recipe.editor())
    settings = Settings(steps=2, batch_size=2, learning_rate=0.02, progress=False, workers=0)
    trained = train(recipe, tiny.rows(4), out=tmp_path, settings=settings, resolution=resolution)
    recipe.module.eval()
    after = edit(recipe.editor())
    assert np.abs(after - before).mean() > 0.1
    arguments = {"lora": str(trained.model)} if method == "lora" else {}
    editor = gsi_bench_hf.load_editor(kontext if arguments else str(trained.model), device="cpu", **arguments)
    assert np.array_equal(edit(editor), after)


def test_the_method_decides_what_is_trained(kontext):
    spec = RECIPES["flux-kontext"]
    given = {"targets": ("to_q",), "arguments": spec.defaults.arguments}
    lora = spec.load()(Making(kontext, rank=2, dtype="bfloat16", **given)).module
    trained = {name: p.dtype for name, p in lora.named_parameters() if p.requires_grad}
    assert trained
    assert all("to_q.lora_" in name and dtype == torch.float32 for name, dtype in trained.items())
    frozen = {p.dtype for p in lora.parameters() if not p.requires_grad}
    assert frozen == {torch.bfloat16}
    full = spec.load()(Making(kontext, method="full", dtype="bfloat16", **given)).module
    assert {(p.requires_grad, p.dtype) for p in full.parameters()} == {(True, torch.float32)}


def test_a_recipe_is_found_by_the_pipelines_class(kontext, tmp_path):
    spec, start = find_recipe(kontext)
    assert spec.name == "flux-kontext"
    assert start["revision"].startswith("sha256:")
    tiny_pipelines.omnigen().save_pretrained(tmp_path / "omnigen")
    with pytest.raises(
        TrainingStoppedError, match="is a OmniGenPipeline, which no recipe trains; expected one of Stable"
    ):
        find_recipe(str(tmp_path / "omnigen"))
    with pytest.raises(
        TrainingStoppedError, match=r"model is 'kontext', expected a repository \(owner/name\), a folder"
    ):
        find_recipe("kontext")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "half"}, "method is 'half', expected lora or full"),
        ({"dtype": "int4"}, "dtype is 'int4', expected one of auto, float32"),
        (
            {"arguments": {"gidance": 2}},
            "recipe 'flux-kontext' takes no argument 'gidance'; .* Did you mean 'guidance'",
        ),
        ({"targets": ["to_z"]}, "no LoRA could be put on FluxTransformer2DModel: .*; name its layers by --targets"),
        ({"settings": {"steps": 0}}, "steps is 0, expected 1 or more"),
    ],
)
def test_arguments_that_can_not_be(arguments, message, kontext, tmp_path):
    with pytest.raises(TrainingStoppedError, match=message):
        fine_tune(kontext, tiny.rows(2), out=tmp_path, device="cpu", **arguments)


def test_the_page_names_the_recipes_and_options_that_there_are(capsys):
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text().partition("## Other trainers")[0]
    assert re.findall(r"^\| `(\w[\w-]+)` \| `[^-]", page, re.MULTILINE) == list(RECIPES)
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    of_others = {"--pairs", "--editor", "--editor-arg", "--multi_gpu", "--num_processes"}
    assert set(re.findall(r"--[a-z][a-z_-]+", page)) <= known | of_others


@pytest.mark.slow
def test_the_command_trains_validates_and_goes_on(kontext, tmp_path, capsys):
    """On rendered pairs, with the real detector and judge, from a built folder; then more steps, from a stream."""
    data, out = tmp_path / "data", tmp_path / "out"
    assert main(["build", "sim-tabletop", "--out", str(data), "--num-samples", "6", "--num-proc", "1"]) == 0
    own = ["--device", "cpu", "--pixels", str(PIXELS), "--rank", "2", "--batch-size", "1"]
    command = ["train", "--model", kontext, "--subset", "sim-tabletop", "--data-dir", str(data), *own]
    assert main([*command, "--out", str(out), "--steps", "2", "--validation-samples", "1"]) == 0
    printed = capsys.readouterr().out
    assert "step-00000002" in printed
    assert f"load_editor({kontext!r}, lora={str(out / 'model')!r})" in printed
    for name in ("identity", "paste", "noisy-oracle", "oracle"):
        assert (out / "validation" / "ladder" / name / "results.json").exists()
    document = json.loads((out / "training.json").read_text())
    assert document["arguments"]["model"]["method"] == "lora"
    assert document["arguments"]["data"]["rows"] == 3  # the first scene's three are held out
    assert main([*command, "--out", str(out), "--steps", "3", "--validation-samples", "1", "--batch-size", "2"]) == 2
    assert "settings.batch_size was 1 and is now 2" in capsys.readouterr().err
    stream = ["--streaming", "--steps", "2", "--validation-samples", "0", "--shuffle-buffer", "4"]
    assert main([*command, "--out", str(tmp_path / "streamed"), *stream]) == 0
    assert (tmp_path / "streamed" / "model" / "pytorch_lora_weights.safetensors").exists()


def test_rows_of_a_split_are_trained_on(kontext, tmp_path):
    given = datasets.Dataset.from_list([{k: v for k, v in row.items() if k != "scene"} for row in tiny.rows(4)])
    given = given.cast_column("source_image", datasets.Image()).cast_column("target_image", datasets.Image())
    settings = {"steps": 1, "batch_size": 2, "progress": False, "cache": "disk"}
    trained = fine_tune(kontext, given, out=tmp_path, pixels=PIXELS, device="cpu", rank=2, settings=settings)
    assert len(list((tmp_path / "encodings").rglob("*.safetensors"))) == 4
    assert trained.step == 1
