"""Two runs compared sample by sample: by hand, by what must not be compared, and through the command."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
import tiny

from gsi_bench_hf import cli
from gsi_bench_hf.comparison import NotComparableError, compare_runs
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.results import METRICS, load_results


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """An editor that is off by up to 9 px, and one that is right, on 16 samples of 8 scenes."""
    folder = tmp_path_factory.mktemp("runs")
    rows = tiny.rows(16)
    tiny.run(tiny.Mover(9), rows, folder / "mover")
    tiny.run(tiny.oracle, rows, folder / "oracle")
    return folder


def test_the_difference_is_that_of_the_samples(runs):
    a, b = load_results(runs / "mover"), load_results(runs / "oracle")
    found = compare_runs(a, b)
    assert (found.common, found.only_a, found.only_b, found.scenes) == (16, 0, 0, 8)
    assert (found.subset, found.protocol, found.locality) == ("sim-tiny", "strict", "ssim")
    assert list(found.metrics) == list(METRICS)
    accuracy = found.metrics["spatial_accuracy"]
    pairs = [
        (x["scores"]["spatial_accuracy"], y["scores"]["spatial_accuracy"])
        for x, y in zip(a.samples, b.samples, strict=True)
    ]
    assert accuracy.difference.value == pytest.approx(np.mean([y - x for x, y in pairs]))
    assert (accuracy.a, accuracy.b) == pytest.approx([run.metrics["spatial_accuracy"] for run in (a, b)])
    assert accuracy.difference.low < accuracy.difference.value < accuracy.difference.high
    # Every one of 8 scenes is better: of 256 sign flips two are as extreme, 0.0078.
    assert accuracy.p_value == pytest.approx(2 / 256, abs=0.003)
    # The error of the mean from the scenes' sums of two differences; then 16 · (2.80 · error / mean)².
    sums = np.array([y - x for x, y in pairs]).reshape(8, 2).sum(axis=1)
    error = math.sqrt(((sums - sums.mean()) ** 2).sum() * 8 / 7) / 16
    assert accuracy.samples_needed == pytest.approx(16 * (2.8015852 * error / (sums.mean() / 2)) ** 2)
    average = found.metrics["average"]
    assert average.difference.value == pytest.approx(b.metrics["average"] - a.metrics["average"])


def test_the_other_way_round_is_the_opposite(runs):
    there, back = compare_runs(runs / "mover", runs / "oracle"), compare_runs(runs / "oracle", runs / "mover")
    for name, metric in there.metrics.items():
        assert back.metrics[name].difference.value == pytest.approx(-metric.difference.value)
        assert back.metrics[name].samples_needed == pytest.approx(metric.samples_needed)


def test_a_run_and_itself_can_not_be_told_apart(runs):
    found = compare_runs(runs / "mover", runs / "mover")
    for metric in found.metrics.values():
        assert (metric.difference.value, metric.p_value, metric.samples_needed) == (0.0, 1.0, math.inf)
    assert found.to_json()["metrics"]["average"]["samples_needed"] is None
    assert str(found).splitlines()[-1].split()[-1] == "–"


def test_samples_that_one_run_lacks_or_failed_take_no_part(runs, tmp_path):
    editor = tiny.Answers({1: None})
    tiny.run(editor, tiny.rows(5), tmp_path / "some")
    found = compare_runs(tmp_path / "some", runs / "mover")
    assert (found.common, found.only_a, found.only_b) == (5, 0, 11)
    assert found.metrics["spatial_accuracy"].difference.n == 4
    assert found.metrics["average"].a == pytest.approx(100.0)
    assert "5 samples of 3 scenes in both (11 only in B left out)" in str(found)


def test_one_scene_gives_no_spread(tmp_path):
    for name in ("a", "b"):
        tiny.run(tiny.oracle if name == "a" else tiny.Mover(9), tiny.rows(2), tmp_path / name)
    found = compare_runs(tmp_path / "a", tmp_path / "b")
    metric = found.metrics["spatial_accuracy"]
    assert math.isnan(metric.difference.low)
    assert math.isnan(metric.samples_needed)
    assert metric.difference.n == 2
    assert "2 samples of 1 scene in both" in str(found)
    assert "nan" not in str(found) + str(load_results(tmp_path / "b"))


def test_nothing_scored_in_common_is_a_dash(runs, tmp_path):
    tiny.run(tiny.Answers({0: None, 1: None}), tiny.rows(2), tmp_path / "failed")
    found = compare_runs(tmp_path / "failed", runs / "oracle")
    assert all(metric.difference.n == 0 and math.isnan(metric.p_value) for metric in found.metrics.values())
    assert str(found).splitlines()[-1].split() == ["average", "–", "–", "–", "–", "0", "–"]


def other(rows, **changes):
    changed = copy.deepcopy(rows)
    for row in changed:
        row.update(changes)
    return changed


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            tiny.rows(2),
            {"protocol": "paper"},
            "has protocol 'strict' and .* 'paper'; expected two runs of one protocol",
        ),
        (other(tiny.rows(2), subset="sim-other"), {}, "other data: subset is 'sim-tiny' and 'sim-other'"),
        (
            other(tiny.rows(2), provenance={"generator": "tiny", "version": "2", "seed": 0}),
            {},
            "other data: version is '1' and '2'",
        ),
        ([tiny.row(i, step_px=13) for i in range(2)], {}, "the record 'sim-tiny-00000' differs in its image"),
        (tiny.rows(20)[16:], {}, "have no sample in common"),
    ],
)
def test_what_does_not_belong_together_is_refused(runs, tmp_path, rows, options, message):
    tiny.run(tiny.oracle, rows, tmp_path / "b", **options)
    with pytest.raises(NotComparableError, match=message):
        compare_runs(runs / "mover", tmp_path / "b")


def test_another_make_of_locality_is_refused(runs, tmp_path):
    tiny.run(tiny.oracle, tiny.rows(2), tmp_path / "b")
    document = json.loads((tmp_path / "b/results.json").read_text())
    (tmp_path / "b/results.json").write_text(json.dumps({**document, "locality": "ssim+lpips"}))
    with pytest.raises(NotComparableError, match=r"edit locality is ssim in .* and ssim\+lpips in"):
        compare_runs(runs / "mover", tmp_path / "b")


def test_another_judge_is_noted(runs, tmp_path):
    class Kind(tiny.ColourJudge):
        name = "kind"

    tiny.run(tiny.oracle, tiny.rows(4), tmp_path / "b", judge=Kind())
    assert compare_runs(runs / "mover", tmp_path / "b").notes == ["judge is colour in A and kind in B"]


def test_no_run_is_said(runs, tmp_path):
    with pytest.raises(RunFolderError, match="is no run folder"):
        compare_runs(runs / "mover", tmp_path)


def test_the_command(runs, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_quiet", lambda: None)
    file = tmp_path / "new" / "c.json"
    assert cli.main(["compare", str(runs / "mover"), str(runs / "oracle"), "--out", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"A: mover ({runs / 'mover'})"
    assert lines[2] == "sim-tiny, protocol strict: 16 samples of 8 scenes in both"
    assert [line.split()[0] for line in lines[4:9]] == ["IC", "SA", "AC", "EL", "average"]
    assert lines[-1] == f"Comparison: {file}"
    kept = json.loads(file.read_text())
    expected = compare_runs(runs / "mover", runs / "oracle").metrics["edit_locality"]
    assert kept["metrics"]["edit_locality"]["p_value"] == expected.p_value
    assert kept["metrics"]["edit_locality"]["samples_needed"] == max(2, math.ceil(expected.samples_needed))
    tiny.run(tiny.oracle, tiny.rows(2), tmp_path / "paper", protocol="paper")
    assert cli.main(["compare", str(runs / "mover"), str(tmp_path / "paper")]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "expected two runs of one protocol" in printed.err
