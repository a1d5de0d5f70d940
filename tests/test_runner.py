"""Runs end to end on tiny records: what an editor can do wrong, what a crash can do, what a resumed run comes to."""

from __future__ import annotations

import copy
import json
import os
import threading
from typing import Any

import datasets
import pyarrow.parquet
import pytest
import tiny
from tiny import TOOLS, Answers, oracle, run

from gsi_bench_hf.assess import ToolsError
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.records import DatasetError, Records, fingerprint
from gsi_bench_hf.results import load_results
from gsi_bench_hf.runner import RunStoppedError, run_ladder
from gsi_bench_hf.store import read_samples
from gsi_bench_hf.types import Sample


def test_a_run_leaves_everything_behind(tmp_path):
    results = run(oracle, tiny.rows(6), tmp_path / "run")
    assert results.metrics["instruction_compliance"] == 100.0
    assert results.metrics["spatial_accuracy"] == pytest.approx(100.0)
    assert results.protocol == "strict"
    assert results.counts == {"samples": 6, "ok": 6, "failed": 0, "partial": 0, "by_reason": {}}
    files = {p.relative_to(tmp_path / "run").as_posix() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    assert {"run.json", "samples.jsonl", "results.json", "samples.parquet", "report.html"} <= files
    assert "edited/sim-tiny/sim-tiny-00005.png" in files
    table = pyarrow.parquet.read_table(tmp_path / "run" / "samples.parquet")
    assert table["id"].to_pylist() == [f"sim-tiny-{i:05d}" for i in range(6)]
    assert table["spatial_accuracy"].to_pylist() == pytest.approx([100.0] * 6)
    header = json.loads((tmp_path / "run" / "run.json").read_text())
    assert header["arguments"]["editor"] == {"name": "oracle"}
    assert header["arguments"]["dataset"]["generator"] == "tiny"
    assert "LPIPS was left out by choice" in header["notes"][0]


def test_copying_the_input_scores_zero_and_the_table_says_so(tmp_path):
    results = run(lambda **kwargs: tiny.Output(kwargs["image"]), tiny.rows(4), tmp_path)
    assert results.metrics["instruction_compliance"] == results.metrics["spatial_accuracy"] == 0.0
    assert "protocol strict: 4 of 4 samples scored" in str(results)


def test_a_detectors_bug_costs_its_sample_only(tmp_path):
    class Buggy(tiny.SquareDetector):
        def detect(self, sample, edited):
            return super().detect(sample, edited) if sample.id.endswith("1") else [][0]

    results = run(oracle, tiny.rows(2), tmp_path, detector=Buggy())
    reason = results.samples[0]["reason"]
    assert reason.startswith("detect raised IndexError: list index out of range (test_runner.py:")
    assert results.samples[1]["status"] == "ok"


def test_a_missing_package_of_a_detector_stops_the_run(tmp_path):
    class Needs(tiny.SquareDetector):
        def detect(self, sample, edited):
            raise ImportError('this needs torch; pip install "gsi-bench-hf[detectors]"')

    with pytest.raises(ImportError, match=r"gsi-bench-hf\[detectors\]"):
        run(oracle, tiny.rows(2), tmp_path, detector=Needs())
    assert not (tmp_path / "samples.jsonl").exists()


def test_a_broken_source_image_fails_its_sample(tmp_path):
    rows = tiny.rows(3)
    rows[1]["source_image"] = {"bytes": b"\x89PNG\r\n\x1a\n broken", "path": "x.png"}
    results = run(oracle, rows, tmp_path)
    assert [s["status"] for s in results.samples] == ["ok", "failed", "ok"]
    assert results.samples[1]["stage"] == "data"
    assert "the record can't be read: UnidentifiedImageError" in results.samples[1]["reason"]
    assert run(oracle, rows, tmp_path).counts["failed"] == 1  # and again, when the run is taken up


def test_a_broken_target_image_fails_its_sample(tmp_path):
    rows = tiny.rows(3)
    rows[2]["target_image"] = {"bytes": b"no image", "path": "x.png"}
    results = run(oracle, rows, tmp_path)
    assert [(s["status"], s.get("stage")) for s in results.samples] == [("ok", None), ("ok", None), ("failed", "data")]


def test_an_interrupted_run_can_be_taken_up(tmp_path):
    def interrupt() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Answers({3: interrupt}), tiny.rows(6), tmp_path)
    with pytest.raises(RunFolderError, match=r"not finished \(3 samples are done"):
        load_results(tmp_path)
    editor = Answers({})
    assert run(editor, tiny.rows(6), tmp_path).counts["ok"] == 6
    assert editor.calls == 3


def test_a_finished_run_edits_nothing_and_a_larger_limit_adds_to_it(tmp_path):
    first = run(Answers({}), tiny.rows(6), tmp_path, limit=4)
    again = Answers({})
    assert run(again, tiny.rows(6), tmp_path, limit=4).document == first.document
    assert again.calls == 0
    assert len(run(again, tiny.rows(6), tmp_path, limit=6).samples) == 6
    assert again.calls == 2
    assert run(again, tiny.rows(6), tmp_path, limit=4).document == first.document


def test_failed_samples_stay_failed_unless_asked_for(tmp_path):
    assert run(Answers({0: None}), tiny.rows(2), tmp_path).counts["failed"] == 1
    assert run(Answers({}), tiny.rows(2), tmp_path).counts["failed"] == 1
    assert run(Answers({}), tiny.rows(2), tmp_path, retry_failed=True).counts["failed"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed was 0 and is now 1"),
        ({"protocol": "paper"}, "protocol was 'strict' and is now 'paper'"),
        ({"editor": tiny.Mover()}, r"editor\.name was 'answers' and is now 'mover'"),
        ({"rows": [tiny.row(7)]}, r"dataset\.fingerprint was '"),
    ],
)
def test_other_arguments_on_the_same_folder_are_refused(tmp_path, change, message):
    run(Answers({}), tiny.rows(1), tmp_path)
    with pytest.raises(RunFolderError, match=message):
        run(change.pop("editor", Answers({})), change.pop("rows", tiny.rows(1)), tmp_path, **change)


def test_another_record_later_in_the_dataset_is_noticed(tmp_path):
    run(oracle, tiny.rows(3), tmp_path)
    rows = tiny.rows(3)
    rows[2]["edit"]["new_bbox_3d"] = tiny.box(40, 40)
    with pytest.raises(RunStoppedError, match="sample 'sim-tiny-00002' scored on other data"):
        run(oracle, rows, tmp_path)


def test_seeds_belong_to_the_sample_and_the_run(tmp_path):
    both = run(tiny.Mover(), tiny.rows(4), tmp_path / "a")
    alone = run(tiny.Mover(), tiny.rows(4)[2:], tmp_path / "b")
    other = run(tiny.Mover(), tiny.rows(4), tmp_path / "c", seed=1)
    accuracy = [[s["scores"]["spatial_accuracy"] for s in r.samples] for r in (both, alone, other)]
    assert accuracy[0][2:] == accuracy[1]
    assert accuracy[0] != accuracy[2]


def test_datasets_lists_and_streams_give_the_same(tmp_path):
    rows = [{**row, "target": {k: v for k, v in row["target"].items() if k != "mask"}} for row in tiny.rows(5)]
    features = {name: datasets.Image() for name in ("source_image", "target_image")}
    table = datasets.Dataset.from_list([{**r, "scene": "null"} for r in rows])
    for name in features:
        table = table.cast_column(name, datasets.Image())
    kinds = {"list": [{**r, "scene": "null"} for r in rows], "dataset": table, "stream": table.to_iterable_dataset()}
    documents = [run(oracle, kind, tmp_path / name).document for name, kind in kinds.items()]
    assert documents[0] == documents[1] == documents[2]
    assert [fingerprint(Sample(a)) for a in Records(kinds["list"])] == [
        fingerprint(Sample(b)) for b in Records(kinds["stream"])
    ]


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ([], "has no records"),
        ("sim-tabletop", r"dataset is str, expected a split such as load_dataset"),
        ({"id": 1}, "dataset is dict"),
        (iter([]), "can be read once only"),
        ([1], "holds something else than rows"),
        ([{"id": "x"}], "records have no 'operation'"),
        (
            datasets.DatasetDict(test=datasets.Dataset.from_list([{"id": "x"}])),
            r"has splits \(test\); pass one of them: dataset\['test'\]",
        ),
        (None, "dataset is NoneType"),
    ],
)
def test_what_is_no_dataset_is_said(tmp_path, dataset, message):
    with pytest.raises(DatasetError, match=message):
        run(oracle, dataset, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"limit": 0}, DatasetError, "limit is 0, expected a number of records, 1 or more"),
        ({"timeout_s": 0}, RunStoppedError, "timeout_s is 0, expected"),
        ({"seed": -1}, RunStoppedError, "seed is -1, expected 0 or more"),
        ({"num_proc": 0}, RunStoppedError, "num_proc is 0, expected 1 or more"),
        ({"protocol": "lenient"}, RunStoppedError, "protocol is 'lenient', expected 'auto', 'paper' or 'strict'"),
        ({"judge": "auto"}, ValueError, "record sim-tiny-00000 of 'sim-tiny' has no scene"),
        ({"detector": "auto"}, ValueError, "give detector='cached' with a file of detections"),
        ({"editor": 3}, RunStoppedError, "editor is int, expected something to call"),
        ({"editor": "pasta"}, KeyError, r"unknown editor 'pasta'\. Did you mean 'paste'\?"),
    ],
)
def test_bad_arguments_stop_before_anything_is_edited(tmp_path, options, error, message):
    editor = options.pop("editor", oracle)
    with pytest.raises(error, match=message):
        run(editor, tiny.rows(1), tmp_path / "run", **options)
    assert not (tmp_path / "run" / "samples.jsonl").exists()


def test_two_records_of_one_id_are_refused(tmp_path):
    with pytest.raises(RunStoppedError, match="two records of the dataset have the id 'sim-tiny-00000'"):
        run(oracle, [tiny.row(0), tiny.row(0)], tmp_path)


def test_paper_without_lpips_is_said_and_can_be_waived(tmp_path, monkeypatch):
    monkeypatch.setattr("gsi_bench_hf.metrics.lpips.load_lpips", _no_lpips)
    with pytest.raises(RunStoppedError, match="protocol 'paper' needs LPIPS: no backbone"):
        run(oracle, tiny.rows(2), tmp_path / "a", protocol="paper", lpips="auto")
    results = run(oracle, tiny.rows(2), tmp_path / "b", protocol="paper")
    assert (results.protocol, results.locality) == ("paper", "ssim")
    results = run(oracle, tiny.rows(2), tmp_path / "c", lpips="auto")
    assert results.run["notes"] == ["locality is by SSIM alone, as LPIPS is not there: no backbone"]


def _no_lpips(*_: Any, **__: Any) -> Any:
    from gsi_bench_hf.metrics.lpips import LpipsUnavailableError

    raise LpipsUnavailableError("no backbone")


def test_the_ladder_is_ordinary_runs(tmp_path):
    results = run_ladder(tiny.rows(3), out=tmp_path, names=("identity", "oracle"), **TOOLS)
    assert results["identity"].metrics["average"] == 0.0
    assert results["oracle"].metrics["instruction_compliance"] == 100.0
    assert load_results(tmp_path / "oracle").editor == "oracle"


def test_processes_give_the_same_as_none(tmp_path):
    one = run(tiny.Mover(), tiny.rows(8), tmp_path / "one")
    two = run(tiny.Mover(), tiny.rows(8), tmp_path / "two", num_proc=2)
    assert (tmp_path / "one" / "results.json").read_bytes() == (tmp_path / "two" / "results.json").read_bytes()
    assert one.document == two.document


class Dies(tiny.SquareDetector):
    """Ends its process, as the system does with one that takes too much memory."""

    def detect(self, sample, edited):
        if sample.id.endswith("3"):
            os._exit(1)
        return super().detect(sample, edited)


def test_a_scoring_process_that_dies_stops_the_run_and_nothing_finished_is_lost(tmp_path):
    with pytest.raises(RunStoppedError, match="a scoring process ended unexpectedly"):
        run(oracle, tiny.rows(8), tmp_path, detector=Dies(), num_proc=2)
    done = len(read_samples(tmp_path)[0])
    assert done < 8
    with pytest.raises(RunFolderError, match=r"detector\.name was 'square' and is now 'other'"):
        run(oracle, tiny.rows(8), tmp_path, detector=named("other"))
    assert run(oracle, tiny.rows(8), tmp_path).counts["ok"] == 8


def named(name: str) -> tiny.SquareDetector:
    detector = tiny.SquareDetector()
    detector.name = name
    return detector


def test_a_detector_that_can_not_travel_is_said(tmp_path):
    detector = tiny.SquareDetector()
    detector.lock = threading.Lock()
    with pytest.raises(ToolsError, match=r"the detector can't be sent to other processes \(TypeError: cannot pickle"):
        run(oracle, tiny.rows(2), tmp_path, detector=detector, num_proc=2)


def test_tools_that_can_not_be_loaded_in_a_process_stop_the_run(tmp_path):
    with pytest.raises(KeyError, match="unknown detector 'scene-fat'"):
        run(oracle, tiny.rows(2), tmp_path, num_proc=2, detector="scene-fat")


def test_results_do_not_depend_on_the_order_of_the_lines(tmp_path):
    first = run(tiny.Mover(), tiny.rows(6), tmp_path)
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    again = run(tiny.Mover(), tiny.rows(6), tmp_path)
    assert copy.deepcopy(again.document) == first.document
