"""The loop: it learns, and a training that was stopped ends as one that was not."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import killed_training
import pytest
import tiny
import torch
import toy
from safetensors.torch import load_file

from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.train.checkpoints import load_checkpoint
from gsi_bench_hf.train.loop import train
from gsi_bench_hf.train.settings import TrainingStoppedError
from gsi_bench_hf.train.validation import Validation


def trained(out, rows=None, validation=None, recipe=None, about=None, **changes):
    given = {"settings": toy.settings(**changes), "resolution": toy.RESOLUTION, "validation": validation}
    return train(recipe or toy.ToyRecipe(), rows or tiny.rows(10), out=out, about=about or {"name": "toy"}, **given)


def log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def curve(folder):
    return [(line["step"], line["loss"], line["learning_rate"], line["grad_norm"]) for line in log(folder)]


def losses(folder):
    return [line["loss"] for line in log(folder)]


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


@pytest.mark.slow
def test_a_training_killed_three_times_equals_one_that_was_not(tmp_path):
    """SIGKILL in the midst of steps and checkpoints; then the same weights, averages and loss curve, bit for bit."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    given = {"settings": killed_training.settings(), "resolution": toy.RESOLUTION, "about": {"name": "toy"}}
    train(toy.ToyRecipe(), tiny.rows(10), out=whole, **given)
    for until in (8, 13, 21):
        process = start(killed, 0.02)
        wait_for(killed / "log.jsonl", until)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        assert not (killed / "model").exists()
    assert start(killed, 0.0).wait(60) == 0
    assert curve(whole) == curve(killed)
    assert len(curve(whole)) == killed_training.STEPS
    assert equal(weights(whole), weights(killed))
    ends = [load_checkpoint(folder / "checkpoints" / "step-00000030")[0] for folder in (whole, killed)]
    assert equal(*(end["weights"] for end in ends))
    assert all(map(torch.equal, *(end["ema"]["shadow_params"] for end in ends)))
    assert not torch.equal(ends[0]["ema"]["shadow_params"][0], next(iter(ends[0]["weights"].values())))


def start(folder, seconds):
    command = [sys.executable, str(Path(__file__).with_name("killed_training.py")), str(folder), str(seconds)]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)


def environment():
    paths = os.pathsep.join([str(Path(tiny.__file__).parent), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}


def wait_for(path, lines):
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < deadline, path
        time.sleep(0.005)


def test_a_finished_training_goes_on_where_the_schedule_lets_it(tmp_path):
    trained(tmp_path / "long", steps=12)
    trained(tmp_path / "short", steps=6)
    trained(tmp_path / "short", steps=12)
    assert curve(tmp_path / "short") == curve(tmp_path / "long")
    assert equal(weights(tmp_path / "short"), weights(tmp_path / "long"))


def test_other_arguments_are_named(tmp_path):
    trained(tmp_path, steps=2)
    with pytest.raises(RunFolderError, match=r"settings.learning_rate was 0.01 and is now 0.02"):
        trained(tmp_path, steps=2, learning_rate=0.02)
    with pytest.raises(RunFolderError, match=r"data.rows was 10 and is now 8"):
        trained(tmp_path, tiny.rows(8), steps=2)
    with pytest.raises(RunFolderError, match=r"model.name was 'toy' and is now 'other'"):
        trained(tmp_path, steps=2, about={"name": "other"})
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "notes.txt").write_text("mine")
    with pytest.raises(
        RunFolderError, match=r"holds notes.txt and no training.json; expected a new or an empty folder"
    ):
        trained(tmp_path / "else", steps=2)


def test_kept_encodings_change_nothing(tmp_path):
    """Every pair is encoded once, and from the disk not even that when the training is taken up."""
    trained(tmp_path / "none", steps=12)
    for cache in ("memory", "disk"):
        recipe = toy.ToyRecipe()
        trained(tmp_path / cache, recipe=recipe, steps=12, cache=cache)
        assert sorted(recipe.encoded_ids) == sorted(row["id"] for row in tiny.rows(10))
        assert losses(tmp_path / cache) == pytest.approx(losses(tmp_path / "none"), rel=1e-4)
    again = toy.ToyRecipe()
    trained(tmp_path / "disk", recipe=again, steps=14, cache="disk")
    assert again.encoded_ids == []


def test_a_loss_that_is_no_number_ends_it(tmp_path):
    with pytest.raises(
        TrainingStoppedError, match=r"the loss of step \d+ is (nan|inf); .* try a lower --learning-rate"
    ):
        trained(tmp_path, steps=200, learning_rate=1e20, max_grad_norm=0.0)


def test_it_is_validated_with_the_ladder_beside_it(tmp_path):
    validation = Validation(tiny.rows(3), ladder=("identity",), options=dict(tiny.TOOLS))
    result = trained(tmp_path, validation=validation, steps=4, validate_every=2, ema_decay=0.5)
    lines = [json.loads(line) for line in (tmp_path / "validation.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 2, 4]
    assert set(lines[0]["ladder"]["identity"]) == set(lines[0]["metrics"])
    assert lines[-1]["counts"]["ok"] == 3
    assert result.validation == lines[-1]["metrics"]
    assert sorted(p.name for p in (tmp_path / "validation").iterdir()) == [
        "ladder",
        "step-00000000",
        "step-00000002",
        "step-00000004",
    ]
    undisturbed = trained(tmp_path / "undisturbed", steps=4, ema_decay=0.5)
    assert curve(tmp_path) == curve(tmp_path / "undisturbed")
    assert equal(weights(tmp_path), load_file(undisturbed.model / "toy.safetensors"))


PACKAGES = {"adafactor": "transformers", "prodigy": "prodigyopt", "adamw8bit": "bitsandbytes"}


@pytest.mark.parametrize("optimizer", PACKAGES)
def test_other_optimisers(optimizer, tmp_path):
    """They train and are taken up, bit for bit; one whose package is not here says which."""
    if importlib.util.find_spec(PACKAGES[optimizer]) is None:
        with pytest.raises(ImportError, match=rf"optimizer '{optimizer}' needs .*; pip install {PACKAGES[optimizer]}"):
            trained(tmp_path / "whole", steps=6, optimizer=optimizer)
        return
    trained(tmp_path / "whole", steps=6, optimizer=optimizer)
    trained(tmp_path / "parts", steps=3, optimizer=optimizer)
    trained(tmp_path / "parts", steps=6, optimizer=optimizer)
    assert curve(tmp_path / "parts") == curve(tmp_path / "whole")


@pytest.mark.skipif(importlib.util.find_spec("tensorboardX") is None, reason="tensorboardX is not here")
def test_a_tracker_is_told_every_step(tmp_path):
    trained(tmp_path, steps=3, trackers=("tensorboard",))
    assert list(tmp_path.rglob("events.out.tfevents.*"))


def test_a_tracker_that_is_not_here_is_named(tmp_path):
    for tracker, package in (("wandb", "wandb"), ("trackio", "trackio"), ("tensorboard", "tensorboard")):
        if not any(importlib.util.find_spec(name) for name in (package, f"{package}X")):
            with pytest.raises(ImportError, match=rf"tracker '{tracker}' needs {tracker}, .* pip install {tracker}"):
                trained(tmp_path, steps=1, trackers=(tracker,))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps is 0, expected 1 or more"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0, expected more than 0"),
        ({"ema_decay": 1.0}, "ema_decay is 1.0, expected something between 0 and 1, or None"),
        ({"optimizer": "sgd"}, "optimizer is 'sgd', expected one of adamw, adamw8bit, prodigy, adafactor"),
        ({"mixed_precision": "fp8"}, "mixed_precision is 'fp8', expected one of no, fp16, bf16"),
        ({"trackers": ("paper",)}, "tracker is 'paper', expected one of tensorboard, wandb, trackio"),
    ],
)
def test_settings_that_can_not_be(changes, message):
    with pytest.raises(TrainingStoppedError, match=message):
        toy.settings(**changes)


def test_bf16_on_a_cpu(tmp_path):
    trained(tmp_path, steps=3, mixed_precision="bf16")
    assert len(curve(tmp_path)) == 3


@pytest.mark.slow
def test_two_processes_train_as_one_with_their_batches(tmp_path):
    """`accelerate launch` on two processes comes to what one process does that takes the batches of both."""
    # With --cpu, accelerate begins one process, or leaves it to mpirun; this begins two, GPUs or none.
    command = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    command += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", str(free_port())]
    script = [str(Path(__file__).with_name("killed_training.py")), str(tmp_path / "two"), "0", "validated"]
    subprocess.run([sys.executable, *command, *script], env=environment(), check=True, timeout=300)
    document = json.loads((tmp_path / "two" / "training.json").read_text())
    assert document["arguments"]["processes"] == 2
    given = {"resolution": toy.RESOLUTION, "about": {"name": "toy"}}
    train(
        toy.ToyRecipe(), tiny.rows(10), out=tmp_path / "one", settings=killed_training.settings(accumulation=4), **given
    )
    run = json.loads((tmp_path / "two" / "validation" / "step-00000030" / "run.json").read_text())
    assert run["processes"] == 2
    assert json.loads((tmp_path / "two" / "validation.jsonl").read_text())["counts"]["ok"] == 20
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-3)
    assert len(losses(tmp_path / "two")) == killed_training.STEPS


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
