"""Cards of every family, and of every other kind of editor."""

from __future__ import annotations

import importlib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from card_runs import Editor, pipeline, rows, run
from markdown_it import MarkdownIt

from gsi_bench_hf.cli import _parser
from gsi_bench_hf.hub import model_card
from gsi_bench_hf.model_card.page import card_folder
from gsi_bench_hf.perception import load_judge
from gsi_bench_hf.pipelines import load_editor
from gsi_bench_hf.pipelines.families import FAMILIES

PIPELINES = Path(__file__).parents[1] / "pipelines"


@pytest.fixture(scope="module")
def of_family(tmp_path_factory):
    """The run of a family's default checkpoint, as its card sees it."""
    base = tmp_path_factory.mktemp("families")

    def make(name: str, **facts: Any) -> Path:
        checkpoint = facts.pop("checkpoint", FAMILIES[name].default_repo)
        options = facts.pop("options", {"rows": rows("sim-tabletop")[:2]})
        out = base / f"{name}-{len(list(base.iterdir()))}"
        return run(out, pipeline(name, checkpoint, **facts), **options)

    return make


def test_every_template_is_of_a_family_and_every_family_has_one():
    templates = {path.name for path in card_folder().glob("[!_]*.md.jinja")}
    assert templates == {FAMILIES[name].card_template for name in FAMILIES} | {"generic.md.jinja"}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_card_of_each_family(name, of_family):
    family = FAMILIES[name]
    card = model_card(of_family(name))
    assert card.data.library_name == "diffusers"
    assert card.data.base_model is None
    assert card.data.license not in (None, "unknown")
    assert card.text.splitlines()[2] == f"# {family.default_repo.replace('_', chr(92) + '_')} on GSI-Sim"
    blocks = [t.content for t in MarkdownIt("commonmark").parse(card.text) if t.type == "fence"]
    assert f'load_editor("{family.default_repo}"' in blocks[0]
    compile(blocks[0], "use", "exec")
    arguments = _parser().parse_args(shlex.split(blocks[1].replace("\\\n", ""))[1:])
    assert arguments.editor == family.default_repo
    assert dict(arguments.editor_arg)["num_inference_steps"] == family.steps
    assert family.citation.strip() == blocks[-1].strip()
    assert "Each image was brought to about 262,144 pixels, both sides multiples of 16" in card.text


def test_weights_of_somebody_else_have_no_known_licence(of_family):
    card = model_card(of_family("instruct-pix2pix", checkpoint="somebody/tuned"))
    assert card.data.license == "unknown"
    assert "Write the one of your weights into `license` above" in card.text


def test_a_lora_has_its_base_model_and_no_known_licence(of_family):
    lora = [{"source": "me/lora", "weight_name": "x.safetensors"}]
    card = model_card(of_family("instruct-pix2pix", lora=lora), repo_id="me/lora")
    assert (card.data.base_model, card.data.license) == ("timbrooks/instruct-pix2pix", "unknown")
    assert "lora='me/lora', lora_weight_name='x.safetensors'" in card.text
    assert card.data.model_name == "lora"


def test_a_pipeline_of_no_family_says_what_was_assumed(of_family):
    assumed = ["it takes one image", "its size is kept"]
    text = model_card(of_family("instruct-pix2pix", family="generic", assumptions=assumed)).text
    assert "A diffusers pipeline of class StableDiffusionInstructPix2PixPipeline." in text
    assert "  - it takes one image\n  - its size is kept\n" in text


def test_the_papers_row_stands_beside_its_own_checkpoint_alone(of_family):
    options = {"protocol": "paper", "rows": rows("real")[:2]}
    text = model_card(of_family("qwen-image-edit", options=options)).text
    assert "subset (arXiv 2604.20570): IC 51.02, SA 31.22, AC 50.95, EL 40.55, average 43.44." in text
    assert "51.02" not in model_card(of_family("qwen-image-edit", checkpoint="me/tuned", options=options)).text
    assert "51.02" not in model_card(of_family("qwen-image-edit")).text


@pytest.mark.slow
def test_a_pipeline_that_was_really_run(tmp_path, monkeypatch):
    """The wrapper's own provenance, from a folder of tiny random weights."""
    pipelines = pytest.importorskip("diffusers")
    monkeypatch.syspath_prepend(PIPELINES)
    importlib.import_module("tiny_pipelines").TINY["instruct-pix2pix"](0).save_pretrained(tmp_path / "weights")
    editor = load_editor(str(tmp_path / "weights"), num_inference_steps=1, pixels=64 * 64)
    out = run(tmp_path / "run", editor, rows=rows()[:2])
    card = model_card(out, repo_id="me/tuned")
    assert pipelines.__version__ in card.text
    assert str(tmp_path) not in str(card)
    assert (card.data.license, card.data.base_model, card.data.library_name) == ("unknown", None, "diffusers")
    assert "InstructPix2Pix: Stable Diffusion 1.5" in card.text
    assert "Each image was brought to about 4,096 pixels, both sides multiples of 64" in card.text
    assert (
        "load_editor(\"me/tuned\", dtype='float32', pixels=4096, num_inference_steps=1, guidance_scale=7.5, image_gui"
        in card.text
    )
    assert 'load_editor("path/to/weights", dtype=' in model_card(out).text


# Other editors


def test_an_endpoint_is_named_without_its_host(tmp_path):
    editor = Editor(
        "chat+http://10.0.0.7:8000/v1", 5, endpoint="http://10.0.0.7:8000/v1", model="me/bagel", size="auto"
    )
    card = model_card(run(tmp_path / "run", editor))
    assert "10.0.0.7" not in str(card)
    assert "# me/bagel on GSI-Sim" in card.text
    assert "A model behind an endpoint: http://HOST/v1." in card.text
    assert "load_editor(\"chat+http://HOST/v1\", model='me/bagel')" in card.text
    assert (card.data.license, card.data.base_model, card.data.library_name) == ("unknown", None, None)


def test_images_made_elsewhere(tmp_path):
    card = model_card(run(tmp_path / "run", Editor("folder:/home/somebody/edits", 5)), repo_id="me/model")
    assert "somebody" not in str(card)
    assert "Images that were made elsewhere, and only scored here." in card.text
    assert "--editor folder:DIR" in card.text
    assert card.data.model_name == "model"


def test_a_run_of_the_command_shows_its_own_arguments(tmp_path):
    command = {"editor_arg": [["jitter", 0.5], ["lora", "/home/somebody/lora"]], "dtype": "bf16"}
    out = run(tmp_path / "run", Editor("noisy-oracle", 5), origin={"command": command})
    text = model_card(out).text
    assert "load_editor(\"noisy-oracle\", dtype='bf16', jitter=0.5, lora='…/lora')" in text
    assert "--editor-arg jitter=0.5" in text.replace("\\\n  ", "")


def command_in(card: Any) -> str:
    """The last command of a card, as the shell hands it over: its words, unquoted, with blanks between."""
    blocks = [t.content for t in MarkdownIt("commonmark").parse(card.text) if t.type == "fence"]
    words = shlex.split(next(block for block in blocks if block.startswith("gsi-bench run")).replace("\\\n", ""))
    _parser().parse_args(words[1:])
    return " ".join(words)


def test_the_command_names_the_judge_and_the_detector_as_they_were_given(tmp_path):
    given = {
        "detector": "detany3d",
        "detector_arg": [["checkout", "/home/somebody/GSI"], ["box_threshold", 0.4]],
        "detector_repeats": 4,
        "second_detector": "lifting",
        "second_detector_arg": [["batch", 2]],
        "judge": "chat",
        "judge_arg": [["url", "http://10.0.0.7:8000/v1"], ["model", "7"]],
        "rubric": "/home/me/r.md",
    }
    card = model_card(run(tmp_path / "run", Editor("paste", 5), origin={"command": given}))
    said = command_in(card)
    assert (
        "--detector detany3d --detector-arg checkout=…/GSI --detector-arg box_threshold=0.4 --detector-repeats 4"
        in said
    )
    assert "--second-detector lifting --second-detector-arg batch=2" in said
    assert '--judge chat --judge-arg url=http://HOST/v1 --judge-arg model="7" --rubric …/r.md' in said
    assert "10.0.0.7" not in str(card)


def test_files_of_judgements_are_named(tmp_path):
    given = {"detector": "auto", "judge": "auto", "judgements": "/home/me/replies.json"}
    card = model_card(run(tmp_path / "run", Editor("paste", 5), origin={"command": given}))
    assert "--judge cached --judge-arg path=…/replies.json" in command_in(card)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"url": "http://10.0.0.7:8000/v1", "model": "me/sees", "repeats": 3, "top_p": 0.9},
            "--judge chat --judge-arg url=http://HOST/v1/chat/completions --judge-arg model=me/sees "
            "--judge-arg repeats=3 --judge-arg top_p=0.9",
        ),
        (
            {"provider": "auto", "model": "me/sees", "temperature": None, "rubric": "instruction"},
            "--judge chat --judge-arg provider=auto --judge-arg model=me/sees --judge-arg temperature=null --rubric",
        ),
    ],
)
def test_a_run_from_python_tells_whom_it_asked(tmp_path, options, said):
    judge = load_judge("chat", **options)
    out = run(tmp_path / "run", Editor("paste", 5))
    written = json.loads((out / "run.json").read_text())
    written["arguments"]["judge"] = json.loads(json.dumps({"name": judge.name, **judge.provenance()}))
    (out / "run.json").write_text(json.dumps(written))
    judge.close()
    assert said in command_in(model_card(out))


def test_rows_of_another_seed_are_built_first(tmp_path):
    other = [{**row, "provenance": {**row["provenance"], "seed": 7}} for row in rows("sim-tabletop")[:2]]
    text = model_card(run(tmp_path / "run", Editor("paste", 5), rows=other, seed=3)).text
    assert "gsi-bench build sim-tabletop --num-samples 2 --seed 7 --out DATA\n" in text
    assert "num_samples=2, seed=7)" in text
    assert 'protocol="strict", seed=3)' in text
    assert "--data-dir DATA" in text
