"""Every family: two steps on a tiny random pipeline, its LoRA saved, loaded by `load_editor(..., lora=…)`, other images."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from PIL import Image
from safetensors.torch import load_file

import gsi_bench_hf
from gsi_bench_hf.train.families import RECIPES
from gsi_bench_hf.train.settings import TrainingStoppedError
from gsi_bench_hf.train.start import fine_tune

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines"))

import tiny_pipelines

SOURCE = Image.effect_noise((64, 64), 60).convert("RGB")
LAYERS = (1, 2, 3)  # the tiny text encoder has no more
FAMILIES = (
    "instruct-pix2pix",
    "instruct-pix2pix-xl",
    "flux-kontext",
    "flux2-klein",
    "flux2-klein-base",
    "qwen-image-edit",
    "qwen-image-edit-plus",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """family -> a folder with its tiny pipeline."""
    folders = {}

    def folder(family):
        if family not in folders:
            folders[family] = tmp_path_factory.mktemp("models") / family
            tiny_pipelines.TINY[family](1).save_pretrained(folders[family])
        return str(folders[family])

    return folder


def tuned(model, out, **arguments):
    # Qwen's pipelines bring every source to a megapixel.
    batch_size = 1 if "qwen" in model else 2
    settings = {"steps": 2, "batch_size": batch_size, "learning_rate": 0.05, "progress": False, "workers": 0}
    settings |= arguments.pop("settings", {})
    options = {"pixels": 64 * 64, "device": "cpu", "settings": settings} | arguments
    if "klein" in model:
        options["arguments"] = {"text_layers": LAYERS}
    return fine_tune(model, tiny.rows(4), out=out, **options)


def edited(model, **arguments):
    call = {"num_inference_steps": 2} | ({"text_encoder_out_layers": LAYERS} if "klein" in model else {})
    editor = gsi_bench_hf.load_editor(model, device="cpu", pixels=64 * 64, **call, **arguments)
    generator = torch.Generator().manual_seed(0)
    return np.asarray(editor(image=SOURCE, prompt="Move it.", generator=generator).images[0]).astype(int)


@pytest.mark.parametrize("family", [pytest.param(f, marks=[pytest.mark.slow] * ("qwen" in f)) for f in FAMILIES])
def test_a_lora_is_trained_saved_loaded_and_changes_images(family, saved, tmp_path):
    model = saved(family)
    result = tuned(model, tmp_path, rank=2, alpha=8)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(losses) == 2
    assert np.isfinite(losses).all()
    assert [p.name for p in result.model.iterdir() if p.suffix == ".safetensors"] == [
        "pytorch_lora_weights.safetensors"
    ]
    plain, changed = edited(model), edited(model, lora=str(result.model))
    assert np.abs(plain - changed).mean() > 0.1


def text_to_image(xl):
    """What InstructPix2Pix starts from: the same parts, and a UNet without channels for the source."""
    import diffusers

    pipeline = tiny_pipelines.TINY["instruct-pix2pix-xl" if xl else "instruct-pix2pix"](1)
    parts = {k: v for k, v in pipeline.components.items() if k != "unet"}
    unet = diffusers.UNet2DConditionModel.from_config(pipeline.unet.config, in_channels=4)
    if xl:
        return diffusers.StableDiffusionXLPipeline(**parts, unet=unet)
    return diffusers.StableDiffusionPipeline(**parts, unet=unet, requires_safety_checker=False)


@pytest.mark.parametrize("xl", [False, True])
def test_a_text_to_image_model_learns_to_see_a_source(xl, tmp_path):
    base = str(tmp_path / "base")
    text_to_image(xl).save_pretrained(base)
    with pytest.raises(TrainingStoppedError, match=r"whose UNet does not see a source yet; expected method 'full'"):
        tuned(base, tmp_path / "lora", method="lora")
    result = tuned(base, tmp_path / "full", method="full")
    weight = load_file(result.model / "unet" / "diffusion_pytorch_model.safetensors")["conv_in.weight"]
    assert weight.shape[1] == 8
    assert weight[:, 4:].abs().max() > 0
    assert np.isfinite(edited(str(result.model))).all()


def test_every_family_is_tried():
    families = gsi_bench_hf.pipelines.families.FAMILIES
    tried = {c for name in FAMILIES for c in families[name].pipeline_classes}
    tried |= {"StableDiffusionPipeline", "StableDiffusionXLPipeline"}
    assert {c for name in RECIPES if not RECIPES[name].from_nothing for c in RECIPES[name].pipeline_classes} == tried
