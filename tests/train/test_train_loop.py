"""The loop: it learns, and a training that was stopped ends as one that was not."""

from __future__ import annotations

import json

import tiny
import torch
import toy
from safetensors.torch import load_file

from gsi_bench_hf.train.loop import train


def trained(out, rows=None, validation=None, recipe=None, about=None, **changes):
    given = {"settings": toy.settings(**changes), "resolution": toy.RESOLUTION, "validation": validation}
    return train(recipe or toy.ToyRecipe(), rows or tiny.rows(10), out=out, about=about or {"name": "toy"}, **given)


def log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def curve(folder):
    return [(line["step"], line["loss"], line["learning_rate"], line["grad_norm"]) for line in log(folder)]


def weights(folder):
    return load_file(folder / "model" / "toy.safetensors")


def equal(a, b):
    assert a.keys() == b.keys()
    return all(torch.equal(a[name], b[name]) for name in a)


def test_the_loss_falls_and_the_folder_says_what_was_done(tmp_path):
    result = trained(tmp_path, steps=60, recipe=toy.ToyRecipe(dropout=0.0))
    losses = [line["loss"] for line in log(tmp_path)]
    assert sum(losses[-10:]) < 0.2 * sum(losses[:10])
    assert (result.step, result.model) == (60, tmp_path / "model")
    assert [p.name for p in sorted((tmp_path / "checkpoints").iterdir())] == ["step-00000056", "step-00000060"]
    document = json.loads((tmp_path / "training.json").read_text())
    assert document["arguments"]["model"] == {"name": "toy"}
    assert document["step"] == 60
    assert document == json.loads((tmp_path / "model" / "training.json").read_text())
