"""Loading: what is checked before any weights are read, and what a saved pipeline is loaded with."""

from __future__ import annotations

import json
import sys

import pytest
import tiny_pipelines
import torch
from PIL import Image

import gsi_bench_hf
from gsi_bench_hf.pipelines.hardware import choose_device, choose_dtype, quantisation_config, split_dtype
from gsi_bench_hf.pipelines.missing_packages import Transforms, Unicode
from gsi_bench_hf.pipelines.provenance import folder_fingerprint
from gsi_bench_hf.registry import UnknownNameError

SOURCE = Image.effect_noise((64, 64), 60).convert("RGB")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny-pix2pix"
    tiny_pipelines.instruct_pix2pix().save_pretrained(folder)
    return folder


def index_only(tmp_path, **changes):
    """A folder with an index and no weights: whatever is found to be wrong is found before they are read."""
    index = {
        "_class_name": "FluxKontextPipeline",
        "_diffusers_version": "0.42.0",
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (tmp_path / "model_index.json").write_text(json.dumps(index | changes))
    return str(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"num_inference_step": 3},
            TypeError,
            "FluxKontextPipeline takes no num_inference_step. Did you mean 'num_inference_steps'",
        ),
        ({"guidance": 3}, TypeError, "and for loading family, dtype, quantization, device"),
        ({"image": 3}, TypeError, "image is given by the run itself"),
        ({"width": 512}, ValueError, "width is 512 and height is None"),
        ({"family": "flux3"}, UnknownNameError, "unknown model family 'flux3'. Did you mean 'flux2'"),
        ({"dtype": "float15"}, ValueError, "dtype is 'float15', expected one of fp16, .* or bnb-4bit"),
        ({"device": "cuda:7"}, ValueError, r"device is 'cuda:7', but torch .* sees \d+ GPUs"),
        ({"quantization": "int3"}, ValueError, "quantization is 'int3', expected one of bnb-4bit"),
        ({"dtype": "bnb-4bit", "quantization": "bnb-8bit"}, ValueError, "expected one of the two"),
        (
            {"custom_pipeline": "x/y"},
            ValueError,
            "is code outside of diffusers; read it, and give trust_remote_code=True",
        ),
    ],
)
def test_what_is_wrong_is_said_before_weights_are_read(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        gsi_bench_hf.load_editor(index_only(tmp_path), **arguments)


def test_classes_that_are_not_there(tmp_path):
    with pytest.raises(
        OSError,
        match=r"its pipeline class FluxQontextPipeline is not in diffusers .* upgrade diffusers, or give custom",
    ):
        gsi_bench_hf.load_editor(index_only(tmp_path, _class_name="FluxQontextPipeline"))
    with pytest.raises(ValueError, match="its pipeline class Mine is code outside of diffusers"):
        gsi_bench_hf.load_editor(index_only(tmp_path, _class_name=["pipeline", "Mine"]))
    with pytest.raises(TypeError, match=r"StableDiffusionPipeline takes .* it is no editing pipeline"):
        gsi_bench_hf.load_editor(index_only(tmp_path, _class_name="StableDiffusionPipeline"))


def test_folders_without_a_pipeline(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no model_index.json .* for images made elsewhere use 'folder:"):
        gsi_bench_hf.load_editor(str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"/nowhere/at/all is no folder; expected one with a model_index.json"):
        gsi_bench_hf.load_editor("/nowhere/at/all")
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(OSError, match=r"model_index.json is no JSON .* save the pipeline again"):
        gsi_bench_hf.load_editor(str(tmp_path))
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(OSError, match=r"its model_index.json names no pipeline class"):
        gsi_bench_hf.load_editor(str(tmp_path))


def test_a_repository_that_can_not_be_had(monkeypatch):
    with pytest.raises(
        OSError, match=r"editor 'nobody/nothing': no model_index.json could be had from the Hub .* or 'folder:DIR'"
    ):
        gsi_bench_hf.load_editor("nobody/nothing", local_files_only=True)


def test_diffusers_missing_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ImportError, match=r'needs diffusers .* pip install "gsi-bench-hf\[editors\]"'):
        gsi_bench_hf.load_editor(index_only(tmp_path))


def test_dtype_parts_and_arguments_reach_the_pipeline(folder):
    editor = gsi_bench_hf.load_editor(
        str(folder), dtype="bf16", num_inference_steps=2, image_guidance_scale=1.2, pixels=64 * 64, safety_checker=None
    )
    assert editor.unet.dtype is torch.bfloat16
    image = editor(image=SOURCE, prompt="Turn it.", generator=torch.Generator().manual_seed(0)).images[0]
    assert image.size == (64, 64)
    told = editor.provenance()
    assert told["arguments"] == {"num_inference_steps": 2, "guidance_scale": 7.5, "image_guidance_scale": 1.2}
    assert (told["dtype"], told["checkpoint"], told["replaced"]) == ("bfloat16", "tiny-pix2pix", ["safety_checker"])
    assert told["environment"]["folder"] == str(folder)
    assert told["revision"] == f"sha256:{folder_fingerprint(folder)}"


def test_parts_that_stay_float32(tmp_path):
    tiny_pipelines.chronoedit().save_pretrained(tmp_path)
    editor = gsi_bench_hf.load_editor(str(tmp_path), dtype="bfloat16")
    assert editor.transformer.dtype is torch.bfloat16
    assert (editor.vae.dtype, editor.image_encoder.dtype) == (torch.float32, torch.float32)


def test_the_fingerprint_hangs_on_every_file(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    assert folder_fingerprint(copy) == folder_fingerprint(folder)
    weights = next(copy.rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    changed = folder_fingerprint(copy)
    assert changed != folder_fingerprint(folder)
    (copy / "scheduler" / "scheduler_config.json").write_text("{}")
    assert folder_fingerprint(copy) != changed


@pytest.mark.filterwarnings("ignore:Mine is of no family known here")
def test_code_that_comes_with_the_weights_runs_only_when_trusted(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "pipeline.py").write_text(
        "from diffusers import StableDiffusionInstructPix2PixPipeline\n\n\n"
        "class Mine(StableDiffusionInstructPix2PixPipeline):\n    def __call__(self, prompt, image, **kwargs):\n"
        "        return super().__call__(prompt, image, num_inference_steps=2, **kwargs)\n"
    )
    index = json.loads((copy / "model_index.json").read_text())
    (copy / "model_index.json").write_text(json.dumps(index | {"_class_name": ["pipeline", "Mine"]}))
    with pytest.raises(ValueError, match="trust_remote_code=True to run it"):
        gsi_bench_hf.load_editor(str(copy))
    editor = gsi_bench_hf.load_editor(str(copy), trust_remote_code=True, pixels=64 * 64)
    assert "Mine is of no family known here" in editor.assumptions[0]
    assert type(editor.pipeline).__name__ == "Mine"
    assert editor(image=SOURCE, prompt="Turn it.").images[0].size == (64, 64)


def test_devices_and_dtypes(monkeypatch):
    assert choose_device("cpu") == "cpu"
    assert choose_dtype("auto", "bfloat16", "cpu") is torch.float32
    assert choose_dtype("float16", "bfloat16", "cpu") is torch.float16
    assert split_dtype("bf16", None) == ("bfloat16", None)
    assert split_dtype("torchao-int8", None) == ("auto", "torchao-int8")


def test_missing_quantisation_packages_are_named(monkeypatch):
    for name, package in (("bnb-4bit", "bitsandbytes"), ("torchao-int8", "torchao")):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=f"quantization '{name}' needs {package} .* pip install {package}"):
            quantisation_config(name, torch.float16, {"unet": "diffusers"})
    config = object()
    assert quantisation_config(config, torch.float16, {}) is config


def test_ultraedits_pipeline_says_what_weights_it_reads():
    pipeline = tiny_pipelines.ultraedit()
    pipeline.transformer.register_to_config(in_channels=12)
    with pytest.raises(
        ValueError, match=r"the transformer takes 12 channels, expected 8 .* weights that also take a mask are not read"
    ):
        pipeline("Turn it.", SOURCE, num_inference_steps=1)


def test_stand_ins_do_as_the_packages():
    step = Transforms.Compose(
        [Transforms.Lambda(lambda x: x), Transforms.ToTensor(), Transforms.Normalize([0.5] * 3, [0.5] * 3)]
    )
    tensor = step(Image.new("RGB", (4, 2), (255, 0, 51)))
    assert tensor.shape == (3, 2, 4)
    assert tensor[:, 0, 0].tolist() == pytest.approx([1.0, -1.0, -0.6])
    assert Unicode.fix_text("Turn it.") == "Turn it."
    with pytest.raises(ImportError, match="is not ASCII, and its pipeline needs ftfy for that; pip install ftfy"):
        Unicode.fix_text("移动")
