"""A run of the released evaluator scored here, from its detections and judgements, and back into its files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import datasets
import numpy as np
import pytest
from released_run import make_released_run

from gsi_bench_hf import cli
from gsi_bench_hf.metrics.aggregate import aggregate_paper
from gsi_bench_hf.metrics.appearance_consistency import parse_judgement
from gsi_bench_hf.metrics.edit_locality import paper_gate, paper_locality
from gsi_bench_hf.metrics.protocol_paper import same_viewpoint, score_edit
from gsi_bench_hf.official import aggregate_official
from gsi_bench_hf.results import METRICS, load_results
from gsi_bench_hf.types import as_image


@pytest.fixture(autouse=True)
def undo_quiet(monkeypatch, tmp_path):
    """`main` is a process's own: it silences warnings and logging, which a test must not. What it caches goes with the test."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(cli, "_quiet", lambda: None)
    monkeypatch.setattr(cli, "_quiet_datasets", lambda _library: None)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> Path:
    """An AlexNet trunk of random weights: the arithmetic is LPIPS's, the perception nobody's."""
    torch = pytest.importorskip("torch", reason="LPIPS needs torch")
    from safetensors.torch import save_file

    draw, trunk = torch.Generator().manual_seed(1), {}
    layers = ((0, 3, 64, 11), (3, 64, 192, 5), (6, 192, 384, 3), (8, 384, 256, 3), (10, 256, 256, 3))
    for number, inputs, outputs, size in layers:
        weight = torch.randn(outputs, inputs, size, size, generator=draw) * (2.0 / (inputs * size * size)) ** 0.5
        trunk[f"features.{number}.weight"] = weight
        trunk[f"features.{number}.bias"] = torch.randn(outputs, generator=draw) * 0.05
    path = tmp_path_factory.mktemp("lpips") / "trunk.safetensors"
    save_file(trunk, path)
    return path


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    return make_released_run(tmp_path_factory.mktemp("bagel_example"), rng=np.random.default_rng(7))


def score(root: Path, out: Path, *more: str | Path) -> list[str]:
    (judge,) = root.glob("predictions_*.json")
    files = ["--edited", root / "generated_images_fine", "--data-dir", root / "fine_dataset", "--judgements", judge]
    cache = root / "BAGEL" / "fine_eval" / "infer_cache.json"
    rest = ["--subset", "real", "--protocol", "paper", "--detections", cache, "--out", out, "--num-proc", "1", *more]
    return ["score", *map(str, [*files, *rest])]


@pytest.fixture(scope="module")
def scored(released, backbone, tmp_path_factory) -> Path:
    """The run of the command, with its export."""
    out = tmp_path_factory.mktemp("scored")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "_quiet", lambda: None)
        patch.setattr(cli, "_quiet_datasets", lambda _library: None)
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", out / "hf")
        # A README.md beside released files makes them no dataset folder of ours.
        (released / "fine_dataset" / "README.md").write_text("GSI-Real")
        assert (
            cli.main([*score(released, out / "run", "--lpips", backbone), "--export-official", str(out / "export")])
            == 0
        )
    return out


def by_hand(root: Path, lpips) -> tuple[dict, dict, dict, dict]:
    """The same edits straight from the files: no records, no detectors, no runner."""
    cache = json.loads((root / "BAGEL/fine_eval/infer_cache.json").read_text())
    ic, sa, el = {}, {}, {}
    for key, entry in cache.items():
        image_id, _, query = key.rpartition("_")
        source, edited = (
            as_image(next(folder.glob(f"{stem}.[jp][pn]g")).read_bytes()).convert("RGB")
            for folder, stem in (
                (root / "fine_dataset", image_id),
                (root / "generated_images_fine", f"{image_id}_edit_{query}"),
            )
        )
        edit = json.loads((root / "fine_dataset" / f"{image_id}_edit_{query}.json").read_text())
        operation = edit["prompt"].split()[0].lower()
        before, after = entry["origin_result"]["detections"], entry["new_result"]["detections"]
        locality = paper_locality(source, edited, before, after, edit, lpips)
        gate = paper_gate(locality.ssim, locality.lpips, True)
        if operation == "rotate":
            gate = gate and same_viewpoint(source, edited)
        result = score_edit(operation, edit, before, after, gate)
        ic[key] = {"operation": operation, "compliance": result["instruction_compliance"]}
        sa[key] = {"operation": operation, "edit_score": result["spatial_accuracy"]}
        el[key] = {"operation": operation, "ssim": locality.ssim, "lpips": locality.lpips, "mse": locality.mse}
    (judge,) = root.glob("predictions_*.json")
    ac = {item["meta"]["index"]: parse_judgement(item["prediction"]) for item in json.loads(judge.read_text())}
    return ic, sa, el, ac


def test_all_four_metrics_come_from_the_files_in_one_pass(released, scored, backbone):
    from gsi_bench_hf.metrics.lpips import load_lpips

    results = load_results(scored / "run")
    assert (results.protocol, results.locality, results.counts["ok"]) == ("paper", "lpips", 12)
    expected = aggregate_paper(*by_hand(released, load_lpips(backbone)))
    short = ("ic", "sa", "ac", "el_lpips", "average")
    assert [results.metrics[name] for name in METRICS] == pytest.approx([expected[name] for name in short], abs=1e-9)
    assert 0.0 < expected["ic"] < 100.0
    assert min(expected.values()) > 1.0
    arguments = results.run["arguments"]
    assert arguments["detector"]["name"] == "CachedDetector"
    assert arguments["detector"]["arguments"]["path"].endswith("infer_cache.json")


def test_the_export_is_what_the_released_evaluator_would_sum_up_to_the_same(released, scored):
    results = load_results(scored / "run")
    (model,) = (scored / "export").iterdir()
    assert model.name.startswith("folder")
    assert "_" not in model.name
    summary = aggregate_official(scored / "export", model / "judgements").values["fine"][model.name]
    assert summary["average"] == pytest.approx(results.metrics["average"], abs=1e-9)
    assert summary["edit_locality"]["lpips"] == pytest.approx(results.metrics["edit_locality"], abs=1e-9)
    given = json.loads((released / "BAGEL/fine_eval/infer_cache.json").read_text())
    back = json.loads((model / "fine_eval/infer_cache.json").read_text())
    assert back.keys() == given.keys()
    for key, entry in given.items():
        for part in ("origin_result", "new_result"):
            ours, theirs = back[key][part]["detections"], entry[part]["detections"]
            assert [d["bbox_3d"] for d in ours] == [d["bbox_3d"] for d in theirs]
            assert np.allclose([d["bbox_2d"] for d in ours], [d["bbox_2d"] for d in theirs], rtol=1e-12, atol=0)
            assert [(d["label"], d["score"]) for d in ours] == [(d["label"], d["score"]) for d in theirs]
    assert len(list((model / "generated_images_fine").iterdir())) == len(given)


def test_the_export_scores_as_the_run_did(released, scored, backbone, tmp_path):
    """Out in the released layout, and in again."""
    (model,) = (scored / "export").iterdir()
    (judge,) = (model / "judgements").iterdir()
    arguments = [
        "--edited",
        model / "generated_images_fine",
        "--data-dir",
        released / "fine_dataset",
        "--judgements",
        judge,
    ]
    arguments += ["--detections", model / "fine_eval/infer_cache.json", "--subset", "real", "--lpips", backbone]
    assert cli.main(["score", *map(str, arguments), "--out", str(tmp_path / "again"), "--num-proc", "1"]) == 0
    one, other = (load_results(run).metrics for run in (scored / "run", tmp_path / "again"))
    assert list(other.values()) == pytest.approx(list(one.values()), abs=1e-9)


def test_a_limit_reads_no_more_of_the_released_files(released, tmp_path, capsys):
    assert cli.main(score(released, tmp_path / "run", "--lpips", "none", "--limit", "2")) == 0
    assert "Editing and scoring 2 samples" in capsys.readouterr().out
    arguments = cli._parser().parse_args(score(released, tmp_path / "run", "--limit", "2"))
    assert len(cli._dataset(arguments)) == 2


def test_a_missing_edited_image_and_missing_detections_end_with_1(released, tmp_path, capsys):
    shutil.copytree(released, tmp_path / "part")
    images = sorted((tmp_path / "part/generated_images_fine").iterdir())
    images[0].unlink()
    cache_file = tmp_path / "part/BAGEL/fine_eval/infer_cache.json"
    cache = json.loads(cache_file.read_text())
    del cache[images[1].stem.replace("_edit_", "_")]
    cache_file.write_text(json.dumps(cache))
    export = ["--export-official", tmp_path / "export", "--lpips", "none"]
    assert cli.main(score(tmp_path / "part", tmp_path / "run", *export)) == 1
    printed = capsys.readouterr().out
    assert "10 of 12 samples scored" in printed
    assert f"no edited image; looked for {images[0].with_suffix('.png')}" in printed
    assert "infer_cache.json has no detections of" in printed
    (model,) = (tmp_path / "export").iterdir()
    assert f"Released layout: {model}\n" in printed
    assert len(json.loads((model / "fine_eval/infer_cache.json").read_text())) == 10
    assert len(list((model / "generated_images_fine").iterdir())) == 11
