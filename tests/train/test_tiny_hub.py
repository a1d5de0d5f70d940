"""The tiny editor goes to the Hub and comes back by diffusers' own methods, and by `load_editor`."""

import subprocess
import sys
from pathlib import Path

import hub_server
import pytest
import torch

from gsi_bench_hf.train.tiny import untrained

REPOSITORY = Path(__file__).parents[2]
PUSH = """
from gsi_bench_hf.train.tiny import untrained

untrained(seed=3).push_to_hub("me/tiny", private=True)
"""
BACK = """
import numpy as np
import torch
from PIL import Image

import gsi_bench_hf
from gsi_bench_hf.train.tiny import untrained
from gsi_bench_hf.train.tiny.pipeline import TinyEditPipeline


def edited(editor):
    source = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8))
    image = editor(image=source, prompt="Move the mug 15 cm to the left.", generator=torch.Generator().manual_seed(0))
    return np.asarray(image.images[0])


back = TinyEditPipeline.from_pretrained("me/tiny")
for name, weight in untrained(seed=3).unet.state_dict().items():
    assert torch.equal(weight, back.unet.state_dict()[name]), name
assert np.array_equal(edited(gsi_bench_hf.load_editor("me/tiny")), edited(back))
"""
LOAD = "import sys, gsi_bench_hf; gsi_bench_hf.load_editor(sys.argv[1])"


@pytest.fixture
def python(tmp_path):
    """Runs scripts in processes for which a server on loopback is the Hub."""
    with hub_server.serve() as hub:

        def run(code, *arguments):
            environment = hub.environment(tmp_path / "hf") | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
            command = [sys.executable, "-c", code, *arguments]
            return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

        run.hub = hub
        yield run


def test_push_to_hub_and_back(python):
    done = python(PUSH + BACK)
    assert done.returncode == 0, done.stderr
    repo = python.hub.repos["model", "me/tiny"]
    assert repo.private
    assert {"model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors"} <= set(repo.files)


def test_code_beside_the_weights_is_neither_fetched_nor_run(python):
    assert python(PUSH).returncode == 0
    blobs = dict(python.hub.repos["model", "me/tiny"].files)
    index = blobs["model_index.json"].replace(b"gsi_bench_hf.train.tiny.network", b"networkcode")
    assert index != blobs["model_index.json"]
    added = {"model_index.json": index, "unet/networkcode.py": b"raise SystemExit('it ran')"}
    python.hub.create("me/bad", files=blobs | added)
    done = python(LOAD, "me/bad")
    assert done.returncode == 1
    assert "import networkcode before" in done.stderr  # diffusers' own refusal
    assert "it ran" not in done.stderr
    assert not any("networkcode.py" in request for request in python.hub.requests)


def test_the_same_seed_starts_from_the_same_weights():
    weights = [untrained(seed=seed).unet.state_dict() for seed in (1, 1, 2)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert any(not torch.equal(value, weights[2][name]) for name, value in weights[0].items())
