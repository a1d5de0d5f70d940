"""The five `evaluate` modules: loaded by name from anywhere, without network, and fed as users feed them."""

import io
import math
import subprocess
import sys
from pathlib import Path

import datasets
import evaluate
import numpy as np
import pytest
from tiny import ColourJudge, SquareDetector, picture, row, rows

from gsi_bench_hf import _shipped, registration_evaluate
from gsi_bench_hf.data.features import features
from gsi_bench_hf.registration_evaluate import MODULES, install

METRICS = MODULES[:4]
TOOLS = {"detector": SquareDetector(), "judge": ColourJudge(), "lpips": None}


@pytest.fixture(autouse=True)
def anywhere(tmp_path, monkeypatch):
    """An empty working directory and module cache, and no network."""
    install()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("evaluate.loading.init_dynamic_modules", _modules_in(tmp_path / "modules"))
    for name in ("socket.socket.connect", "socket.getaddrinfo", "socket.create_connection"):
        monkeypatch.setattr(name, _no_network)


def _modules_in(folder):
    def init(*_, **__):
        path = folder / f"gsi_test_{folder.parent.name.replace('-', '_')}"
        path.mkdir(parents=True, exist_ok=True)
        (path / "__init__.py").touch()
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        return str(path)

    return init


def _no_network(*_, **__):
    raise AssertionError("something asked the network")


@pytest.fixture
def samples():
    return rows(6)


@pytest.fixture
def edited(samples):
    """Four perfect edits, one that did nothing, one that is missing."""
    return [s["target_image"] for s in samples[:4]] + [samples[4]["source_image"], None]


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_gives_value_interval_operations_and_samples(name, samples, edited):
    metric = name.removeprefix("gsi_")
    result = evaluate.load(name).compute(predictions=edited, references=samples, **TOOLS)
    # Four of five scored samples are perfect: 80.
    assert result[metric] == pytest.approx(80.0, abs=0.2)
    assert result["intervals"][metric]["n"] == 5
    assert 0 <= result["intervals"][metric]["low"] <= 80.2 <= result["intervals"][metric]["high"] + 0.2
    assert result["by_operation"]["move"][metric]["value"] == result[metric]
    assert [line["id"] for line in result["samples"]] == [s["id"] for s in samples]
    assert result["samples"][5]["reason"] == "there is no edited image"
    assert math.isnan(result["samples"][5][metric])
    assert result["counts"]["by_reason"] == {"there is no edited image": 1}
    assert (result["protocol"], result["locality"]) == ("strict", "ssim")


def test_gsi_bench_gives_all_four_and_their_average(samples, edited):
    result = evaluate.load("gsi_bench").compute(predictions=edited, references=samples, **TOOLS)
    names = [name.removeprefix("gsi_") for name in METRICS]
    assert result["average"] == pytest.approx(sum(result[name] for name in names) / 4)
    assert result["samples"][0]["average"] == pytest.approx(100.0, abs=0.2)
    assert set(result["intervals"]) == {*names, "average"}


def test_each_metric_agrees_with_gsi_bench(samples, edited):
    whole = evaluate.load("gsi_bench").compute(predictions=edited, references=samples, **TOOLS)
    for name in METRICS:
        alone = evaluate.load(name).compute(predictions=edited, references=samples, **TOOLS)
        assert alone[name.removeprefix("gsi_")] == pytest.approx(whole[name.removeprefix("gsi_")])


def test_a_path_to_the_module_works_as_its_name_does(samples, edited):
    folder = registration_evaluate.script("gsi_spatial_accuracy").parent
    by_path = evaluate.load(str(folder)).compute(predictions=edited, references=samples, **TOOLS)
    by_name = evaluate.load("gsi_spatial_accuracy").compute(predictions=edited, references=samples, **TOOLS)
    assert by_path["spatial_accuracy"] == by_name["spatial_accuracy"]


def test_images_may_come_in_every_shape(samples, tmp_path):
    image = samples[0]["target_image"]
    image.save(tmp_path / "edited.png")
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    forms = [
        image,
        np.asarray(image),
        tmp_path / "edited.png",
        str(tmp_path / "edited.png"),
        encoded.getvalue(),
        {"bytes": encoded.getvalue(), "path": None},
    ]
    result = evaluate.load("gsi_spatial_accuracy").compute(
        predictions=forms, references=[samples[0]] * len(forms), **TOOLS
    )
    assert [line["spatial_accuracy"] for line in result["samples"]] == pytest.approx([100.0] * len(forms))


def test_an_image_that_cannot_be_read_is_counted(samples, tmp_path):
    (tmp_path / "half.png").write_bytes(b"\x89PNG\r\n")
    result = evaluate.load("gsi_bench").compute(predictions=["half.png", "none.png"], references=samples[:2], **TOOLS)
    assert result["counts"]["unscorable"] == 2
    assert all(line["reason"].startswith("the edited image can't be read") for line in result["samples"])
    assert math.isnan(result["average"])


def test_references_may_be_a_dataset_or_a_slice_of_one(samples):
    complete = [{**dict.fromkeys(features()), **_encoded(sample)} for sample in samples]
    dataset = datasets.Dataset.from_list(complete, features=features())
    images = [sample["target_image"] for sample in samples]
    metric = evaluate.load("gsi_spatial_accuracy")
    whole = metric.compute(predictions=images, references=dataset, **TOOLS)
    assert whole["spatial_accuracy"] == pytest.approx(100.0)
    part = metric.compute(predictions=images[:3], references=dataset[:3], **TOOLS)
    assert part["samples"] == whole["samples"][:3]


def _encoded(sample):
    target = {"description": None, **sample["target"]}
    return {
        **sample,
        "target": target,
        "edit": {"factor": None, "angle_deg": None, "camera_motion": None, **sample["edit"]},
    }


def test_samples_may_be_added_one_by_one_and_in_batches(samples):
    metric = evaluate.load("gsi_spatial_accuracy")
    metric.add(prediction=samples[0]["target_image"], reference=samples[0])
    metric.add_batch(predictions=[samples[1]["source_image"]], references=[samples[1]])
    assert len(metric) == 2
    assert metric.compute(**TOOLS)["spatial_accuracy"] == pytest.approx(50.0)
    assert len(metric) == 0


def test_the_module_describes_itself():
    module = evaluate.load("gsi_edit_locality")
    assert module.info.module_name == "gsi_edit_locality"
    assert "edited images, one a row" in module.inputs_description
    assert "references: the rows of the dataset" in module.compute.__doc__


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"predictions": [], "references": []}, ValueError, "expected at least one image and its row"),
        ({}, ValueError, "expected at least one image and its row"),
        ({"predictions": [picture(0, 0)], "references": []}, ValueError, "1 predictions and 0 references"),
        ({"predictions": picture(0, 0), "references": [row(0)]}, ValueError, "predictions is Image, expected a list"),
        ({"predictions": [picture(0, 0)], "references": row(0)}, ValueError, "references is dict, expected a list"),
        ({"predictions": [picture(0, 0)], "references": [3]}, ValueError, r"references\[0\] is int, expected a row"),
        ({"predictions": [picture(0, 0)], "references": [{"id": "a"}]}, ValueError, r"references\[0\] lacks subset, "),
        (
            {"predictions": [picture(0, 0)], "references": [row(0)], "protcol": "strict"},
            TypeError,
            "unknown argument 'protcol'. Did you mean 'protocol'?",
        ),
        (
            {"predictions": [picture(0, 0)], "references": [row(0)], "protocol": "kind"},
            ValueError,
            "protocol is 'kind', expected 'auto', 'paper' or 'strict'",
        ),
        (
            {"predictions": [picture(0, 0)] * 2, "references": [row(0), {**row(1), "subset": "real"}]},
            ValueError,
            "hold simulated and released rows",
        ),
        (
            {"predictions": [picture(0, 0)], "references": [row(0)], "detector": SquareDetector(), "lpips": None},
            ValueError,
            "judge is 'auto', but no judge fits subset 'sim-tiny'",
        ),
    ],
)
def test_bad_input_is_a_clear_error(arguments, error, message):
    with pytest.raises(error, match=message):
        evaluate.load("gsi_bench").compute(**arguments)


def test_unknown_inputs_of_add_are_refused():
    with pytest.raises(TypeError, match="add_batch got an unknown argument 'images'"):
        evaluate.load("gsi_bench").add_batch(images=[])


def test_strict_accuracy_alone_needs_no_judge(samples, edited):
    tools = {"detector": SquareDetector(), "lpips": None}
    result = evaluate.load("gsi_spatial_accuracy").compute(predictions=edited, references=samples, **tools)
    assert result["spatial_accuracy"] == pytest.approx(80.0)
    assert result["counts"]["partial"] == 0


def test_paper_names_itself_and_what_locality_is_made_of(samples):
    images = [sample["target_image"] for sample in samples]
    result = evaluate.load("gsi_bench").compute(predictions=images, references=samples, protocol="paper", **TOOLS)
    assert (result["protocol"], result["locality"]) == ("paper", "ssim")


def test_other_names_go_on_to_evaluate():
    with pytest.raises(FileNotFoundError, match="nonsense"):
        evaluate.load("./gsi_nonsense/nonsense.py")


def test_a_damaged_installation_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(_shipped, "__file__", str(tmp_path / "package" / "_shipped.py"))
    with pytest.raises(FileNotFoundError, match=r"'gsi_bench' is neither at .*_evaluate_modules.* nor at .*metrics"):
        registration_evaluate.script("gsi_bench")


@pytest.mark.slow
@pytest.mark.parametrize("first", ["evaluate", "gsi_bench_hf.registration_evaluate"])
def test_the_hook_works_whatever_is_imported_first(first, tmp_path):
    code = (
        f"import {first}\nimport gsi_bench_hf.registration_evaluate as r\nr.install()\nimport evaluate, evaluate.inspect\n"
        "print(evaluate.load('gsi_bench').info.module_name, evaluate.inspect.evaluation_module_factory.__name__,"
        " hasattr(evaluate.inspect.evaluation_module_factory, r._MARK))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert shown.stdout.split() == ["gsi_bench", "evaluation_module_factory", "True"]


def test_every_module_has_a_card_and_a_script_that_evaluate_can_read():
    for name in MODULES:
        script = registration_evaluate.script(name)
        card = (script.parent / "README.md").read_text()
        assert card.startswith("---\ntitle: ")
        assert f'evaluate.load("{name}")' in card
        imports = evaluate.loading.get_imports(str(script))
        assert [i[:2] for i in imports] == [("library", "gsi_bench_hf")]
    assert Path(registration_evaluate.script("gsi_bench")).parents[1].name in ("metrics", "_evaluate_modules")


@pytest.mark.slow
def test_auto_brings_its_own_detector_and_judge_for_simulated_rows():
    pytest.importorskip("mujoco", reason="the simulator needs mujoco")
    from gsi_bench_hf.synth.generate import generate_rows
    from gsi_bench_hf.synth.render import shared_renderer

    made = list(generate_rows("sim-tabletop", seed=0, start=0, stop=1, renderer=shared_renderer("mujoco")))
    images = [made[0]["target_image"], made[0]["source_image"]]
    result = evaluate.load("gsi_bench").compute(predictions=images, references=made * 2, lpips=None)
    truth, copied = result["samples"]
    assert truth["instruction_compliance"] == 100.0
    assert min(truth[name] for name in ("spatial_accuracy", "appearance_consistency")) >= 95
    assert truth["edit_locality"] >= 97
    assert (copied["instruction_compliance"], copied["average"]) == (0.0, pytest.approx(0.0, abs=0.3))
