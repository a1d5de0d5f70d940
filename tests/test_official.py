"""Beside the released evaluator: its files summed up as it does, and runs of ours as its files."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import datasets
import pytest
import tiny

from gsi_bench_hf import cli
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.official import OfficialFilesError, aggregate_official, export_run

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


def test_an_ssim_of_nan_spoils_the_mean_of_ssim_alone(tmp_path):
    golden_files(tmp_path, cases()[0])
    file = tmp_path / "Some_Model/fine_eval/edit-locality_eval_results.json"
    values = json.loads(file.read_text())
    complied = next(key for key, value in cases()[0]["ic"].items() if value["compliance"] > 0)
    write(file, {**values, complied: {**values[complied], "ssim": math.nan}})
    summary = aggregate_official(tmp_path, tmp_path / "judge").values["fine"]["SomeModel"]
    assert math.isnan(summary["edit_locality"]["ssim"])
    assert summary["average"] == pytest.approx(cases()[0]["expected"]["average"], abs=1e-9)


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
