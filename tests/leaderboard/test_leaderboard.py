"""Which runs a leaderboard takes, what stands in one table, how ranks are found, and the dataset that comes of it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import board_runs
import card_runs
import numpy as np
import pyarrow.parquet
import pytest
import tiny

from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.leaderboard import Entry, LeaderboardError, read_entries, write_leaderboard
from gsi_bench_hf.leaderboard.entries import Samples
from gsi_bench_hf.leaderboard.tables import make_tables, of_operation, rank_ranges
from gsi_bench_hf.results import METRICS, load_results


@pytest.fixture(scope="module")
def entries(made_runs: dict[str, Path]) -> list[Entry]:
    return read_entries(list(made_runs.values()))


def by_model(entries: list[Entry]) -> list[tuple[str, str, int]]:
    return [(entry.model, entry.protocol, len(entry.samples.ids)) for entry in entries]


def test_a_run_is_an_entry_and_its_ladder_comes_along_once(entries):
    assert by_model(entries) == [
        ("timbrooks/instruct-pix2pix", "strict", 12),
        ("identity", "strict", 12),
        ("noisy-oracle", "strict", 12),
        ("oracle", "strict", 12),
        ("mine", "strict", 12),
        (board_runs.HOSTILE, "strict", 12),
        ("mine", "paper", 12),
        ("mine", "strict", 4),
    ]
    assert [entry.model for entry in entries if entry.weightless] == ["identity", "noisy-oracle", "oracle"]


def test_an_entry_has_the_numbers_of_the_run(entries, made_runs):
    results, entry = load_results(made_runs["mine"]), entries[4]
    for name in METRICS:
        score = entry.metrics[name]
        assert (score.value, (score.low, score.high)) == (results.metrics[name], results.intervals[name])
    assert (entry.failed, entry.metrics["average"].n) == (1, 11)
    assert entry.by_operation["scale"]["spatial_accuracy"].value == results.by_operation["scale"]["spatial_accuracy"]
    assert (entry.detector, entry.judge, entry.locality, entry.benchmark) == ("square", "colour", "ssim", "GSI-Sim")
    assert (entry.generator, entry.data_version, entry.data_seed) == ("tiny", "1", "0")
    assert entries[0].checkpoint == "timbrooks/instruct-pix2pix"
    assert "num_inference_steps 100" in entries[0].settings


def test_runs_of_other_protocols_or_other_samples_stand_in_other_tables(entries):
    tables = make_tables(entries)
    shapes = [(t.first.protocol, len(t.first.samples.ids), len(t.entries)) for t in tables]
    assert shapes == [("strict", 12, 6), ("strict", 4, 1), ("paper", 12, 1)]
    averages = [entry.metrics["average"].value for entry in tables[0].entries]
    assert averages == sorted(averages, reverse=True)


@pytest.mark.parametrize("field", ["subset", "protocol", "locality", "generator", "data_version", "data_seed"])
def test_what_numbers_hang_on_parts_tables(entries, field):
    other = dataclasses.replace(entries[0], **{field: "other"})
    assert len(make_tables([entries[0], other])) == 2
    assert len(make_tables([entries[0], dataclasses.replace(entries[0], detector="other")])) == 1


def test_a_part_of_a_subset_of_ours_comes_after_whole_ones(entries):
    samples = entries[0].samples
    ids = tuple(f"sim-bathroom-{i:05d}" for i in range(200))
    whole = Samples(ids, ids, ("move",) * 200, np.zeros((200, 4)))
    made = [
        dataclasses.replace(entries[0], subset="sim-tabletop"),
        dataclasses.replace(entries[0], subset="sim-bathroom", samples=whole),
        dataclasses.replace(entries[0], subset="sim-tabletop", samples=of_operation(samples, "move")),
    ]
    tables = make_tables(made)
    assert [(t.first.subset, t.whole, len(t.first.samples.ids)) for t in tables] == [
        ("sim-bathroom", True, 200),
        ("sim-tabletop", False, 12),
        ("sim-tabletop", False, 4),
    ]


def scored(*values: float, ids: str = "abcdefgh") -> Samples:
    """Samples of one scene each, with the same score four times."""
    scores = np.repeat(np.array(values, dtype=float)[:, None], 4, axis=1)
    names = tuple(ids[: len(values)])
    return Samples(names, names, ("move",) * len(values), scores)


def test_ranks_are_sure_where_a_run_is_better_on_every_scene():
    best, middle, worst = scored(9, 50, 99), scored(8, 49, 98), scored(7, 48, 97)
    assert rank_ranges([middle, best, worst], rng=np.random.default_rng(0)) == [(2, 2), (1, 1), (3, 3)]


def test_ranks_are_open_where_either_is_better_by_turns():
    ranges = rank_ranges([scored(0, 100, 0, 100), scored(100, 0, 100, 1)], rng=np.random.default_rng(0))
    assert ranges == [(1, 2), (1, 2)]


def test_ranks_are_by_sample_and_not_by_place():
    one, other = scored(1, 2, 3), scored(30, 20, 10, ids="cba")
    assert rank_ranges([one, other], rng=np.random.default_rng(0)) == [(2, 2), (1, 1)]


def test_a_run_that_scored_nothing_has_no_rank_and_one_scene_has_no_spread():
    nothing = scored(np.nan, np.nan)
    assert rank_ranges([scored(1, 2), nothing], rng=np.random.default_rng(0)) == [(1, 1), None]
    assert rank_ranges([scored(1)], rng=np.random.default_rng(0)) == [None]
    assert rank_ranges([], rng=np.random.default_rng(0)) == []


def test_equal_runs_share_their_rank():
    ranges = rank_ranges([scored(1, 2), scored(1, 2), scored(0, 0)], rng=np.random.default_rng(0))
    assert ranges == [(1, 1), (1, 1), (3, 3)]


def test_a_leaderboard_can_be_read_again_and_added_to(entries, made_runs, tmp_path):
    write_leaderboard([made_runs["good"]], tmp_path / "first")
    write_leaderboard([tmp_path / "first", *made_runs.values()], tmp_path / "second")
    again = read_entries([tmp_path / "second"])
    assert [entry.run for entry in again] == [entry.run for entry in entries]
    assert again[4].by_operation == entries[4].by_operation
    assert again[4].metrics == entries[4].metrics
    np.testing.assert_array_equal(again[4].samples.scores, entries[4].samples.scores)
    before = (tmp_path / "second" / "index.html").read_bytes()
    write_leaderboard([tmp_path / "second"], tmp_path / "second")
    assert (tmp_path / "second" / "index.html").read_bytes() == before


def test_the_dataset_loads_with_both_configs(made_runs, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    write_leaderboard([made_runs["mine"], made_runs["paper"]], tmp_path / "board")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    options = {"split": "train", "cache_dir": str(tmp_path / "cache")}
    runs = datasets.load_dataset(str(tmp_path / "board"), **options)
    scores = datasets.load_dataset(str(tmp_path / "board"), "scores", **options)
    assert [(r["model"], r["protocol"], r["num_samples"], r["failed"]) for r in runs if not r["weightless"]] == [
        ("mine", "strict", 12, 1),
        ("mine", "paper", 12, 1),
    ]
    own = [line for line in scores if line["run"] == runs[0]["run"] and line["spatial_accuracy"] is not None]
    assert np.mean([line["spatial_accuracy"] for line in own]) == pytest.approx(runs[0]["spatial_accuracy"])
    assert len(own) == 11
    assert runs[0]["average_low"] <= runs[0]["average"] <= runs[0]["average_high"]
    assert runs[0]["by_operation"][0]["operation"] == "move"


def test_a_results_dataset_is_a_folder_of_runs(entries, made_runs, tmp_path):
    """As `gsi-bench pull results` leaves it, and with a table instead of lines."""
    for name in ("mine", "served"):
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        for file in ("run.json", "results.json", "samples.parquet" if name == "mine" else "samples.jsonl"):
            shutil.copy(made_runs[name] / file, run / file)
    pulled = read_entries([tmp_path])
    assert [entry.run for entry in pulled] == [entries[4].run, entries[5].run]
    # The run and its copy are one.
    assert len(read_entries([made_runs["served"], tmp_path])) == 2


def test_no_path_of_this_machine_is_told(made_runs, tmp_path):
    editor = card_runs.Editor("/home/me/secret/model", 3, arguments={"weights": "/home/me/secret/w.safetensors"})
    run = card_runs.run(tmp_path / "run", editor, rows=board_runs.rows(count=2))
    for file in write_leaderboard([run], tmp_path / "board"):
        assert b"/home/me" not in file.read_bytes()
    (row,) = pyarrow.parquet.read_table(tmp_path / "board" / "leaderboard.parquet").to_pylist()
    assert row["model"] == "…/model"
    assert "secret" not in json.dumps(row)


def test_numbers_that_the_samples_do_not_bear_out_are_refused(made_runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(made_runs["served"], run)
    document = json.loads((run / "results.json").read_bytes())
    document["metrics"]["spatial_accuracy"]["value"] = 99.0
    (run / "results.json").write_text(json.dumps(document))
    with pytest.raises(
        LeaderboardError, match=r"spatial_accuracy of .* is said to be 99.00 and its samples come to 18"
    ):
        read_entries([run])


def test_a_row_and_the_samples_of_another_are_refused(made_runs, tmp_path):
    write_leaderboard([made_runs["served"]], tmp_path / "one")
    write_leaderboard([made_runs["mine"]], tmp_path / "two")
    shutil.copy(tmp_path / "one" / "scores.parquet", tmp_path / "two" / "scores.parquet")
    with pytest.raises(LeaderboardError, match=r"can't be read \(KeyError.*pull the leaderboard again"):
        read_entries([tmp_path / "two"])


@pytest.mark.parametrize("file", ["run.json", "results.json"])
def test_files_of_something_else_are_refused(made_runs, tmp_path, file):
    run = tmp_path / "run"
    shutil.copytree(made_runs["part"], run)
    document = json.loads((run / file).read_bytes())
    del document["arguments" if file == "run.json" else "metrics"]
    (run / file).write_text(json.dumps(document))
    with pytest.raises((LeaderboardError, RunFolderError, KeyError), match=r"arguments|metrics"):
        read_entries([run])


def test_what_is_no_run_is_said(made_runs, tmp_path):
    with pytest.raises(LeaderboardError, match="holds no finished run, expected a run folder"):
        read_entries([tmp_path])
    with pytest.raises(LeaderboardError, match="holds no finished run"):
        read_entries([tmp_path / "missing"])
    with pytest.raises(LeaderboardError, match="no folders were given"):
        write_leaderboard([], tmp_path / "board")
    begun = tmp_path / "begun"
    begun.mkdir()
    shutil.copy(made_runs["part"] / "run.json", begun / "run.json")
    with pytest.raises(RunFolderError, match="a run that is not finished"):
        read_entries([begun])


def test_somebody_elses_readme_is_left_alone(made_runs, tmp_path):
    (tmp_path / "README.md").write_text("# Mine\n")
    with pytest.raises(LeaderboardError, match="was not made by `gsi-bench leaderboard`"):
        write_leaderboard([made_runs["part"]], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_the_card_shows_the_tables_as_text(made_runs, tmp_path):
    write_leaderboard(list(made_runs.values()), tmp_path)
    text = (tmp_path / "README.md").read_text()
    first = card_runs.tables(text)[0]
    assert first[0] == ["model", "IC", "SA", "AC", "EL", "average", "detector"]
    assert first[1][0] == "mine"
    assert sum("&lt;script&gt;" in row[0] for row in first) == 1
    assert "<script>" not in text
    assert text.count("\n## sim-tiny, ") == 3


def test_a_run_without_a_score_is_shown_without_a_rank(tmp_path):
    class Never(tiny.Mover):
        name = "never"

        def __call__(self, **_: object) -> tiny.Output:
            raise RuntimeError("no")

    run = card_runs.run(tmp_path / "run", Never(), rows=board_runs.rows(count=4))
    page = write_leaderboard([run], tmp_path / "board")[0].read_text()
    assert "0 of 4 scored" in page
    assert 'aria-label="no rank"' in page
    assert read_entries([tmp_path / "board"])[0].failed == 4


def test_a_checkpoint_of_somebody_elses_making_is_no_link(entries):
    from gsi_bench_hf.leaderboard.view import page_values

    def link(checkpoint: str) -> str:
        entry = dataclasses.replace(entries[4], checkpoint=checkpoint)
        return str(page_values([entry], title="t")["tables"][0]["parts"][0]["rows"][0]["link"])

    assert link("me/model") == "https://huggingface.co/me/model"
    for checkpoint in ("javascript:alert(1)", "../evil", "me/model?x=1", "//evil.example.org", "a/b/c"):
        assert link(checkpoint) == "None"
