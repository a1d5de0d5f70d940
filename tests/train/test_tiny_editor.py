"""The tiny editor in the training loop: what it is given, that it learns, and that it comes back as it was."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import torch
from PIL import Image

import gsi_bench_hf
from gsi_bench_hf.cli import main
from gsi_bench_hf.pipelines.resolution import Resolution
from gsi_bench_hf.train.families import RECIPES
from gsi_bench_hf.train.loop import train
from gsi_bench_hf.train.pairs import pair_of
from gsi_bench_hf.train.recipe import Making, Pair, Recipe
from gsi_bench_hf.train.settings import Settings, TrainingStoppedError
from gsi_bench_hf.train.start import fine_tune
from gsi_bench_hf.train.tiny import untrained
from gsi_bench_hf.train.tiny.pipeline import TinyEditPipeline

SIZE = (tiny.SIZE_PX, tiny.SIZE_PX)
RESOLUTION = Resolution(multiple=16, pixels=tiny.SIZE_PX**2)
ARGUMENTS = {"channels": (16, 32, 32), "precision": "float32"}


def row(index):
    """The square's row, with what `sim-train` says of the target; to the left as often as to the right."""
    left = index % 2 == 1
    given = tiny.row(index, instruction=f"Move the square 14 pixels to the {'left' if left else 'right'}.")
    if left:
        given["source_image"], given["target_image"] = given["target_image"], given["source_image"]
    before, after = (_mask(given[name]) for name in ("source_image", "target_image"))
    target = {**given["target"], "mask": Image.fromarray(before * np.uint8(255))}
    objects = [{"instance_id": "wall-1"}, {"instance_id": "square-1"}]
    return {**given, "target": target, "objects": objects, "target_segmentation": Image.fromarray(after * np.uint8(2))}


def _mask(image):
    pixels = np.asarray(image).astype(int)
    return (pixels[..., 0] - pixels[..., 2] > 80).astype(np.uint8)


def recipe(**changes):
    return RECIPES["tiny"].load()(
        Making("tiny", **{"method": "full", "resolution": RESOLUTION, "arguments": ARGUMENTS, **changes})
    )


def off(editor, rows):
    """Mean difference from the wanted images where something was to change, and that of the sources."""
    found = []
    for given in rows:
        answer = editor(
            image=given["source_image"], prompt=given["instruction"], generator=torch.Generator().manual_seed(0)
        )
        source, wanted, edited = (
            np.asarray(i).astype(int) for i in (given["source_image"], given["target_image"], answer.images[0])
        )
        changed = np.abs(source - wanted).sum(axis=2) > 0
        found.append([np.abs(image - wanted)[changed].mean() for image in (edited, source)])
    return np.mean(found, axis=0)


def test_it_learns_to_move_a_square_either_way_and_comes_back_as_it_was(tmp_path):
    rows = [row(i) for i in range(4)]
    made = recipe()
    assert isinstance(made, Recipe)
    settings = Settings(
        steps=60, batch_size=4, learning_rate=5e-3, schedule="cosine", cache="memory", progress=False, workers=0
    )
    trained = train(made, rows, out=tmp_path, settings=settings, resolution=RESOLUTION)
    made.module.eval()
    editor = gsi_bench_hf.load_editor(str(trained.model), device="cpu")
    edited, source = off(editor, rows)
    assert edited < 0.3 * source
    assert off(made.editor(), rows)[0] == edited
    assert (editor.family.name, editor.unet.config.pixels) == ("tiny", tiny.SIZE_PX**2)
    again = RECIPES["tiny"].load()(Making(str(trained.model), method="full", arguments=ARGUMENTS))
    assert all(torch.equal(a, b) for a, b in zip(again.module.parameters(), made.module.parameters(), strict=True))


def test_untrained_it_changes_nothing():
    source = tiny.picture(20, 20)
    answer = untrained(seed=0)(image=source, prompt="Move the square 14 pixels to the right.", num_inference_steps=2)
    assert np.array_equal(np.asarray(answer.images[0]), np.asarray(source))


def test_what_a_pair_is_encoded_to():
    made = recipe()
    plain = Pair("p", tiny.picture(4, 6), tiny.picture(18, 6), "Move it.")
    view = pair_of({**row(2), "operation": "view"})
    encoded = made.encode([pair_of(row(0)), plain, view], SIZE)
    assert {name: tuple(t.shape) for name, t in encoded.items()} == {
        "source": (3, 3, 64, 64),
        "edited": (3, 3, 64, 64),
        "tokens": (3, 8),
        "values": (3, 8),
        "before": (3, 1, 64, 64),
        "after": (3, 1, 64, 64),
        "told": (3,),
    }
    assert encoded["told"].tolist() == [1, 0, 0]
    assert encoded["values"][0].tolist() == [0, 0, 0, 14, 0, 0, 0, 0]
    assert np.array_equal(encoded["before"][0, 0].numpy() > 0, _mask(row(0)["source_image"]))
    assert np.array_equal(encoded["after"][0, 0].numpy() > 0, _mask(row(0)["target_image"]))
    assert encoded["before"][1:].sum() == 0
    assert made.encode([pair_of(row(0))], (32, 16))["source"].shape == (1, 3, 16, 32)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_loss_hangs_on_its_generator_alone(precision):
    made = recipe(arguments={**ARGUMENTS, "precision": precision})
    encoded = made.encode([pair_of(row(i)) for i in range(3)], SIZE)
    losses = [made.loss(encoded, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
    losses[0].backward()
    assert all(torch.isfinite(p.grad).all() for p in made.module.parameters() if p.grad is not None)


def test_several_images_at_once_and_arrays():
    pipeline = untrained(seed=0)
    pipeline.set_progress_bar_config(disable=True)
    images = [tiny.picture(4, 6), tiny.picture(20, 30)]
    answer = pipeline(image=images, prompt=["Move it.", "Turn it."], num_inference_steps=1, output_type="np")
    assert answer.images.shape == (2, 64, 64, 3)
    assert np.abs(answer.images[1] * 255 - np.asarray(images[1])).max() < 0.01
    (same,) = pipeline(image=images, prompt=["Move it.", "Turn it."], num_inference_steps=1, return_dict=False)
    assert [image.size for image in same] == [SIZE, SIZE]
    with pytest.raises(ValueError, match=r"2 images \(32x64, 64x64\) and 2 prompts; expected images of one size"):
        pipeline(image=[images[0], images[1].resize((32, 64))], prompt=["a", "b"])
    with pytest.raises(ValueError, match=r"2 images \(64x64\) and 1 prompts; .* a prompt for each"):
        pipeline(image=images, prompt="a")


def test_it_is_small():
    assert sum(p.numel() for p in untrained().unet.parameters()) < 15e6
    assert isinstance(untrained(), TinyEditPipeline)


def test_it_knows_no_lora(tmp_path):
    with pytest.raises(TrainingStoppedError, match="method is 'lora', expected full for recipe 'tiny'"):
        fine_tune("tiny", [row(0)], out=tmp_path, method="lora", device="cpu")


@pytest.mark.slow
def test_the_command_trains_it_on_one_environment(tmp_path, capsys):
    data, out = tmp_path / "data", tmp_path / "out"
    assert main(["build", "sim-tabletop", "--out", str(data), "--num-samples", "3", "--num-proc", "1"]) == 0
    command = ["train", "--model", "tiny", "--subset", "sim-tabletop", "--data-dir", str(data), "--out", str(out)]
    command += ["--device", "cpu", "--steps", "2", "--batch-size", "2", "--validation-samples", "0"]
    assert main([*command, "--environment", "room"]) == 2
    assert "sim-tabletop has no pair of --environment room; leave it out" in capsys.readouterr().err
    assert main([*command, "--environment", "tabletop"]) == 0
    assert f"load_editor({str(out / 'model')!r})" in capsys.readouterr().out
    assert gsi_bench_hf.load_editor(str(out / "model"), device="cpu").unet.config.pixels == 128 * 128
