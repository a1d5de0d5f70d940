"""Beside the released evaluator: its files summed up, its detections and judgements scored, our runs as its files."""

from __future__ import annotations

import gzip
import json
import math
import shutil
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import tiny

from gsi_bench_hf import cli
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.metrics.aggregate import aggregate_paper
from gsi_bench_hf.metrics.appearance_consistency import parse_judgement
from gsi_bench_hf.metrics.edit_locality import paper_gate, paper_locality
from gsi_bench_hf.metrics.protocol_paper import same_viewpoint, score_edit
from gsi_bench_hf.official import OfficialFilesError, aggregate_official, export_run
from gsi_bench_hf.results import METRICS, load_results
from gsi_bench_hf.types import as_image

sys.path.insert(0, str(Path(__file__).parent / "data_released"))
from released_run import make_released_run

FILES = ("instruction-compliance", "spatial-accuracy", "edit-locality")
GOLDEN = Path(__file__).parent / "data" / "oracle" / "aggregate.json.gz"


@pytest.fixture(autouse=True)
def undo_quiet(monkeypatch, tmp_path):
    """`main` is a process's own: it silences warnings and logging, which a test must not. What it caches goes with the test."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(cli, "_quiet", lambda: None)
    monkeypatch.setattr(cli, "_quiet_datasets", lambda _library: None)


def write(path: Path, content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def golden_files(root: Path, case: dict, *, model: str = "Some_Model", subset: str = "fine") -> None:
    """A golden aggregation as the files that the released evaluator would have read."""
    for metric, name in zip(FILES, ("ic", "sa", "el"), strict=True):
        write(root / model / f"{subset}_eval" / f"{metric}_eval_results.json", case[name])
    judged = [
        {"meta": {"index": key}, "prediction": "…" if score is None else f'||V^=^V||{{"score": {score}}}||V^=^V||'}
        for key, score in case["ac"].items()
    ]
    write(root / "judge" / f"predictions_infer_{subset}_{model.replace('_', '')}.json", judged)


def cases():
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))


def test_the_golden_summaries_come_out_of_the_released_files(tmp_path, capsys):
    for number, case in enumerate(cases()[:3]):
        golden_files(tmp_path / "root", case, subset=("fine", "mesatask", "bathroom")[number])
    arguments = [
        "--official-root",
        tmp_path / "root",
        "--judgements",
        tmp_path / "root/judge",
        "--out",
        tmp_path / "out",
    ]
    assert cli.main(["aggregate", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    summary = json.loads((tmp_path / "out" / "EVAL_output_summary.json").read_text())
    assert sorted(summary) == ["bathroom", "fine", "mesatask"]
    for subset, case in zip(("fine", "mesatask", "bathroom"), cases(), strict=False):
        expected = case["expected"]
        assert summary[subset].keys() == {"SomeModel"}
        found = summary[subset]["SomeModel"]
        assert list(found) == ["instruction_compliance", "spatial_accuracy", "edit_locality", "ac", "average"]
        assert list(found["edit_locality"]) == ["ssim", "lpips"]
        flat = {**found["edit_locality"], **{k: v for k, v in found.items() if k != "edit_locality"}}
        names = {"instruction_compliance": "ic", "spatial_accuracy": "sa", "ssim": "el_ssim", "lpips": "el_lpips"}
        for name, value in flat.items():
            assert value == pytest.approx(expected[names.get(name, name)], abs=1e-9), (subset, name)
        assert f"{expected['average']:.3f}" in next(
            line for line in printed.out.splitlines() if line.startswith(subset)
        )
    assert printed.err == ""


def test_a_models_own_folder_and_one_judge_file_do_too(tmp_path):
    golden_files(tmp_path, cases()[0])
    file = next((tmp_path / "judge").iterdir())
    whole, alone = aggregate_official(tmp_path, tmp_path / "judge"), aggregate_official(tmp_path / "Some_Model", file)
    assert whole.values == alone.values


def test_what_lacks_a_file_is_listed_and_ends_with_1(tmp_path, capsys):
    golden_files(tmp_path, cases()[0])
    golden_files(tmp_path, cases()[1], subset="mesatask")
    golden_files(tmp_path, cases()[2], model="Other")
    (tmp_path / "Some_Model/mesatask_eval/edit-locality_eval_results.json").unlink()
    (tmp_path / "judge/predictions_infer_fine_Other.json").unlink()
    arguments = ["--official-root", tmp_path, "--judgements", tmp_path / "judge", "--out", tmp_path / "out"]
    assert cli.main(["aggregate", *map(str, arguments)]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 2
    assert "Other on fine is left out: no " in complaints[0]
    assert complaints[0].endswith("*fine_Other.json")
    assert complaints[1].endswith(
        "SomeModel on mesatask is left out: no "
        + str(tmp_path / "Some_Model/mesatask_eval")
        + f"/{FILES[2]}_eval_results.json"
    )


def spoil(root: Path, what: str) -> None:
    folder = root / "Some_Model" / "fine_eval"
    sa, ic = (folder / f"{metric}_eval_results.json" for metric in (FILES[1], FILES[0]))
    values = json.loads(sa.read_text())
    key = next(iter(values))
    judge = root / "judge" / "predictions_infer_fine_SomeModel.json"
    if what == "missing key":
        write(sa, {k: v for k, v in values.items() if k != key})
    elif what == "nan":
        write(sa, {**values, key: {"operation": "move", "edit_score": math.nan}})
    elif what == "list":
        write(ic, [1])
    elif what == "empty":
        write(ic, {})
    elif what == "broken":
        ic.write_text("{")
    elif what == "judge":
        write(judge, [{"index": "a"}])
    elif what == "two judges":
        write(root / "judge" / "older_fine_SomeModel.json", [])
    elif what == "two models":
        golden_files(root, cases()[0], model="SomeModel")
    elif what == "nothing":
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    elif what == "no judges":
        judge.unlink()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("missing key", r"fine_eval: aggregate_paper: sa has no 'scene.*', expected every key of ic"),
        ("nan", r"spatial-accuracy_eval_results\.json: edit_score of 'scene.*' is nan, expected a number"),
        ("list", r"instruction-compliance_eval_results\.json: holds a list, expected an object of samples"),
        ("empty", "ic is empty, expected at least one sample"),
        ("broken", r"instruction-compliance_eval_results\.json: not JSON"),
        ("judge", r"fine_SomeModel\.json: KeyError: 'meta'; expected a list of"),
        (
            "two judges",
            r"older_fine_SomeModel\.json and predictions_infer_fine_SomeModel\.json are for SomeModel on fine",
        ),
        ("two models", "two folders are the model 'SomeModel' on fine, expected one"),
        ("nothing", r"no results of the released evaluator; expected folders like .*/<model>/fine_eval"),
        ("no judges", r"SomeModel on fine is left out: no .*\*fine_SomeModel\.json"),
    ],
)
def test_what_can_not_be_summed_up_is_one_line_and_2(tmp_path, capsys, what, message):
    golden_files(tmp_path, cases()[0])
    spoil(tmp_path, what)
    with pytest.raises(OfficialFilesError, match=message):
        aggregate_official(tmp_path, tmp_path / "judge")
    arguments = ["--official-root", tmp_path, "--judgements", tmp_path / "judge", "--out", tmp_path / "out"]
    assert cli.main(["aggregate", *map(str, arguments)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_folders_that_are_none(tmp_path):
    with pytest.raises(OfficialFilesError, match=r"none is no folder, expected one that holds <model>/<subset>_eval"):
        aggregate_official(tmp_path / "none", tmp_path)
    golden_files(tmp_path, cases()[0])
    with pytest.raises(OfficialFilesError, match=r"none is neither a folder nor a file, expected the judge's files"):
        aggregate_official(tmp_path, tmp_path / "none")
    golden_files(tmp_path, cases()[1], subset="mesatask")
    with pytest.raises(OfficialFilesError, match=r"is one file, but .* has 2 results; give the folder"):
        aggregate_official(tmp_path, next((tmp_path / "judge").iterdir()))


def test_a_subset_whose_name_ends_another_gets_its_own_judge_file(tmp_path):
    for number, subset in enumerate(("bathroom", "sim-bathroom")):
        golden_files(tmp_path, cases()[number], subset=subset)
    values = aggregate_official(tmp_path, tmp_path / "judge").values
    for number, subset in enumerate(("bathroom", "sim-bathroom")):
        assert values[subset]["SomeModel"]["ac"] == pytest.approx(cases()[number]["expected"]["ac"], abs=1e-9)


# Detections and judgements of the released evaluator, scored here.


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
    write(cache_file, cache)
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


# The export of runs of ours.


def simulated(rows):
    return [{**row, "subset": "sim-tabletop"} for row in rows]


def test_a_strict_run_is_exported_without_scores(tmp_path):
    tiny.run(tiny.Mover(5), simulated(tiny.rows(3)), tmp_path / "run")
    before = (tmp_path / "run" / "results.json").read_bytes()
    folder = export_run(tmp_path / "run", tmp_path / "out")
    assert folder == tmp_path / "out" / "mover"
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {
        *(f"generated_images_sim-tabletop/sim-tiny-{i:05d}_edit_0.png" for i in range(3)),
        "sim-tabletop_eval/infer_cache.json",
        "judgements/gsi-bench_sim-tabletop_mover.json",
    }
    cache = json.loads((folder / "sim-tabletop_eval/infer_cache.json").read_text())
    found = cache["sim-tiny-00000_0"]["origin_result"]["detections"][0]
    # The square of 12 px at (4, 6) of a 64 px image, in one of 896 px: 14 times as large.
    assert found["bbox_2d"] == [56.0, 84.0, 224.0, 252.0]
    assert (tmp_path / "run" / "results.json").read_bytes() == before


def test_a_run_from_before_detections_were_kept_is_said(tmp_path):
    tiny.run(tiny.Mover(5), simulated(tiny.rows(2)), tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run/samples.jsonl").read_text().splitlines()]
    for line in lines:
        del line["detections"]
    (tmp_path / "run/samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(
        RunFolderError, match=r"sample 'sim-tiny-00000' was kept without its detections, .* into a new --out"
    ):
        export_run(tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "out").exists()
