"""A pipeline or a LoRA goes to the Hub with its card, and `load_editor` loads it from there."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest
import tiny
from card_runs import Editor, run
from PIL import Image

import gsi_bench_hf
from gsi_bench_hf import cli
from gsi_bench_hf.hub import HubError, pull, push_model
from gsi_bench_hf.hub.contents import without_local_paths
from gsi_bench_hf.model_card.checks import metadata_errors
from gsi_bench_hf.pipelines.provenance import folder_fingerprint

sys.path.append(str(Path(__file__).resolve().parents[1] / "pipelines"))

REPO, LORA = "me/editor", "me/lora"
CARD = "---\nlicense: mit\n---\n\n# Mine\n"
OPTIONS = {"pixels": 64 * 64, "num_inference_steps": 1}
EDIT = """
import hashlib, json, sys
import gsi_bench_hf, torch
from PIL import Image
for options in json.loads(sys.argv[2]):
    editor = gsi_bench_hf.load_editor(sys.argv[1], **options)
    generator = torch.Generator().manual_seed(0)
    edited = editor(image=Image.open(sys.argv[3]), prompt="Move it.", generator=generator).images[0]
    print(hashlib.sha256(edited.tobytes()).hexdigest(), editor.provenance()["revision"])
"""


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Path:
    """A tiny pipeline as training leaves it: with things beside it that are nobody's business."""
    import tiny_pipelines

    folder = tmp_path_factory.mktemp("models") / "editor"
    tiny_pipelines.instruct_pix2pix().save_pretrained(folder)
    for name in (
        "optimizer.pt",
        "checkpoints/1/model.safetensors",
        ".env",
        "unet/.cache/x.json",
        "unet/notes.md",
        "log.txt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"mine")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "_name_or_path": str(folder.parent / "base")}))
    (folder / "README.md").write_text(CARD)
    (folder / "LICENSE").write_text("MIT")
    return folder


@pytest.fixture(scope="session")
def lora(tmp_path_factory) -> Path:
    """A LoRA of that pipeline."""
    import tiny_pipelines
    from diffusers import StableDiffusionInstructPix2PixPipeline
    from peft import LoraConfig, get_peft_model_state_dict

    folder = tmp_path_factory.mktemp("models") / "lora"
    pipeline = tiny_pipelines.instruct_pix2pix()
    pipeline.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_k"], init_lora_weights=False))
    StableDiffusionInstructPix2PixPipeline.save_lora_weights(folder, get_peft_model_state_dict(pipeline.unet))
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.fixture(scope="session")
def square(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("images") / "square.png"
    tiny.picture(20, 20).save(path)
    return path


def edited(name, square, **options):
    import torch

    editor = gsi_bench_hf.load_editor(str(name), **OPTIONS, **options)
    generator = torch.Generator().manual_seed(0)
    image = editor(image=Image.open(square), prompt="Move it.", generator=generator).images[0]
    return hashlib.sha256(image.tobytes()).hexdigest()


@pytest.mark.slow
def test_what_was_pushed_is_loaded_from_the_hub_and_edits_alike(hub, elsewhere, saved, lora, square):
    pushed = push_model(saved, REPO, endpoint=hub.endpoint)
    push_model(lora, LORA, endpoint=hub.endpoint)
    assert set(hub.repos["model", LORA].files) == {"README.md", "pytorch_lora_weights.safetensors"}
    told = elsewhere(EDIT, REPO, json.dumps([OPTIONS, {**OPTIONS, "lora": LORA}]), str(square))
    (plain, revision), (tuned, _) = (line.split() for line in told.splitlines()[-2:])
    assert (plain, tuned) == (edited(saved, square), edited(saved, square, lora=str(lora)))
    assert plain != tuned
    assert revision == pushed.commit


def test_only_the_model_is_sent_and_the_rest_is_named(hub, saved):
    pushed = push_model(saved, REPO, endpoint=hub.endpoint)
    files = hub.repos["model", REPO].files
    assert {path.partition("/")[0] for path in files} == {
        "LICENSE", "README.md", "model_index.json", "scheduler", "text_encoder", "tokenizer", "unet", "vae",
    }  # fmt: skip
    assert {path for path in files if path.startswith("unet/")} == {
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    }
    assert pushed.plan.notes == ("stays here: checkpoints, log.txt, optimizer.pt, unet",)
    assert not any(str(saved.parent).encode() in data for data in files.values())
    assert "_name_or_path" not in json.loads(files["model_index.json"])


def test_the_folder_of_a_training_holds_a_model(hub, lora, tmp_path):
    (tmp_path / "out" / "checkpoints").mkdir(parents=True)
    shutil.copytree(lora, tmp_path / "out" / "model")
    for folder in ("out", "out/model"):
        (tmp_path / folder / "training.json").write_text(
            json.dumps({"arguments": {"model": str(tmp_path / "base")}, "step": 9})
        )
    push_model(tmp_path / "out", LORA, endpoint=hub.endpoint)
    files = hub.repos["model", LORA].files
    assert set(files) == {"README.md", "pytorch_lora_weights.safetensors", "training.json"}
    assert json.loads(files["training.json"]) == {"arguments": {"model": "…/base"}, "step": 9}


def test_a_model_without_a_card_is_refused(hub, saved, tmp_path):
    (folder := tmp_path / "m").mkdir()
    (folder / "pytorch_lora_weights.safetensors").write_bytes((8).to_bytes(8, "little") + b"{}      ")
    with pytest.raises(HubError, match=r"has no README.md, and no run to fill one; give --run RUN"):
        push_model(folder, LORA, endpoint=hub.endpoint)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {},
            r"holds no model: expected model_index.json \(a pipeline\), or pytorch_lora_weights.safetensors \(a LoRA\)",
        ),
        ({"model_index.json": b'{"unet": ["diffusers", "X"]}'}, "names 'unet', and there is nothing in .*/unet; save"),
        (
            {"model_index.json": b'{"unet": ["diffusers", "X"]}', "unet/x.bin": b"x"},
            r"unet/x.bin is a pickle, which can run code; save the pipeline with safe_serialization=True",
        ),
        ({"model_index.json": b"{"}, "model_index.json is no JSON"),
        (
            {"pytorch_lora_weights.safetensors": b"x"},
            "pytorch_lora_weights.safetensors is no safetensors file; save it again",
        ),
    ],
)
def test_what_is_no_model_is_refused(hub, tmp_path, files, expected):
    (tmp_path / "m" / "unet").mkdir(parents=True)
    for name, data in {**files, "README.md": CARD.encode()}.items():
        (tmp_path / "m" / name).write_bytes(data)
    with pytest.raises(HubError, match=expected):
        push_model(tmp_path / "m", REPO, endpoint=hub.endpoint)
    assert hub.requests == []


def test_the_card_of_a_run_goes_with_the_model(hub, saved, tmp_path):
    told = {"checkpoint": "editor", "revision": f"sha256:{folder_fingerprint(saved)}"}
    mine = run(tmp_path / "run", Editor("editor", 5, **told))
    push_model(saved, REPO, run=mine, dataset_id="me/gsi-sim", endpoint=hub.endpoint)
    files = hub.repos["model", REPO].files
    assert metadata_errors(files["README.md"].decode()) == []
    assert f"# {REPO} on GSI-Sim" in files["README.md"].decode()
    assert "| Spatial accuracy" in files["README.md"].decode()
    assert ".eval_results/sim-tiny.yaml" in files
    assert len([path for path in files if path.startswith("images/")]) == 3
    assert (saved / "README.md").read_text() == CARD


def test_a_run_of_other_weights_fills_no_card(hub, saved, lora, tmp_path):
    other = run(tmp_path / "run", Editor("editor", 5, checkpoint="editor", revision="sha256:0"))
    with pytest.raises(
        HubError, match=r"is a run of editor with weights in another state, expected one of .*editor as it is now"
    ):
        push_model(saved, REPO, run=other, endpoint=hub.endpoint)
    with pytest.raises(HubError, match="is a run of editor with the LoRA none, expected one of"):
        push_model(lora, LORA, run=other, endpoint=hub.endpoint)


@pytest.mark.parametrize("answer", [401, 409, 500, "cut", "lost"])
def test_every_failure_is_told_and_the_same_command_completes(hub, lora, answer, capsys):
    command = ["push", "model", str(lora), LORA, "--endpoint", hub.endpoint]
    hub.fail("POST .*/commit/", answer)
    assert cli.main(command) == 2
    assert capsys.readouterr().err.startswith(f"gsi-bench: push model {LORA}: ")
    assert cli.main(command) == 0
    assert set(hub.repos["model", LORA].files) == {"README.md", "pytorch_lora_weights.safetensors"}


def test_a_pulled_model_is_the_model(hub, saved, tmp_path):
    push_model(saved, REPO, endpoint=hub.endpoint)
    pull("model", REPO, tmp_path / "pulled", endpoint=hub.endpoint)
    for path, data in hub.repos["model", REPO].files.items():
        assert (tmp_path / "pulled" / path).read_bytes() == data


def test_names_of_repositories_stay_in_configs():
    config = {"_name_or_path": "owner/name", "a": [{"base_model_name_or_path": "/home/me/base", "b": 1}], "c": "./x"}
    assert without_local_paths(config) == {"_name_or_path": "owner/name", "a": [{"b": 1}], "c": "./x"}
