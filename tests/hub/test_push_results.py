"""Scores of a run on the Hub: in the model's repository, ours or somebody else's, and in a dataset of runs."""

from __future__ import annotations

import json
import math

import hub_server
import pytest
import yaml
from card_runs import Editor, run
from hub_repos import Blob
from huggingface_hub import ModelCard, parse_eval_result_entries

from gsi_bench_hf import cli
from gsi_bench_hf.hub import HubError, pull, push_results, send
from gsi_bench_hf.model_card.checks import metadata_errors
from gsi_bench_hf.results import METRICS, load_results

MODEL, RUNS, ROWS = "me/model", "me/runs", "me/gsi-sim"
CARD = """---
license: mit   # a remark
tags: ["b", a]
model-index:
- name: Theirs
  results:
  - task: {type: image-to-image}
    dataset: {type: other/data, name: Other}
    metrics: [{type: fid, value: 3.5}]
widget:
- text: "x"
---

# Theirs

Words.
"""


def committed(hub, repo=MODEL, revision="main"):
    return {path: blob.data for path, blob in hub.repos["model", repo].at(revision).files.items()}


def front(card):
    return yaml.safe_load(card.split(b"---")[1])


def test_our_model_gets_both_formats(hub, finished):
    hub.create(MODEL, files={"README.md": CARD.encode(), "model.safetensors": b"w"})
    (pushed,) = push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    files, results = committed(hub), load_results(finished)
    (entry,) = parse_eval_result_entries(yaml.safe_load(files[".eval_results/sim-tiny.yaml"]))
    assert (entry.dataset_id, entry.task_id) == (ROWS, "sim-tiny")
    assert entry.value == pytest.approx(results.metrics["average"], abs=0.01)
    theirs, ours = front(files["README.md"])["model-index"][0]["results"]
    assert theirs["dataset"]["type"] == "other/data"
    found = {metric["type"]: metric["value"] for metric in ours["metrics"]}
    assert found["gsi_spatial_accuracy"] == pytest.approx(results.metrics["spatial_accuracy"], abs=0.01)
    assert len(found) == len(METRICS)
    assert pushed.pull_request is None
    assert (
        metadata_errors(
            files["README.md"].decode().replace("license: mit", "license: mit\npipeline_tag: image-to-image")
        )
        == []
    )


def test_nothing_else_in_a_card_is_changed(hub, finished):
    hub.create(MODEL, files={"README.md": CARD.encode()})
    push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    after = committed(hub)["README.md"].decode()
    assert after.endswith('widget:\n- text: "x"\n' + after[after.index("model-index:") :])
    assert after.startswith('---\nlicense: mit   # a remark\ntags: ["b", a]\nwidget:')
    assert after.endswith("\n---\n\n# Theirs\n\nWords.\n")
    assert ModelCard(after).data.eval_results[0].metric_value == 3.5


def test_a_second_run_takes_the_place_of_the_first(hub, finished, tmp_path):
    hub.create(MODEL, files={"README.md": CARD.encode()})
    push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    better = run(tmp_path / "better", Editor("mine", 0, checkpoint=MODEL))
    push_results([better], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    _, ours = front(committed(hub)["README.md"])["model-index"][0]["results"]
    values = {metric["type"]: metric["value"] for metric in ours["metrics"]}
    assert len(ours["metrics"]) == len(METRICS)
    assert values["gsi_bench"] == pytest.approx(load_results(better).metrics["average"], abs=0.01)
    told = push_results([better], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    assert str(told[0]).endswith("nothing to send: all 2 files are there already")


def test_another_owner_is_asked_once(hub, finished, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", hub_server.GUEST)
    hub.create(MODEL, files={"README.md": CARD.encode()})
    (told,) = push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint, dry_run=True)
    assert f"model {MODEL} at {hub.endpoint}: public as it is, as a pull request" in str(told)
    hub.fail("POST .*/commit/", "lost")
    with pytest.raises(HubError, match="run the same command again"):
        push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    (pushed,) = push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    (request,) = hub.repos["model", MODEL].pull_requests
    assert (request.author, request.title) == ("guest", "GSI-Bench results: mine on sim-tiny (strict)")
    assert pushed.pull_request == f"{hub.endpoint}/{MODEL}/discussions/1"
    assert committed(hub) == {"README.md": CARD.encode()}
    assert set(committed(hub, revision="refs/pr/1")) == {"README.md", ".eval_results/sim-tiny.yaml"}


def test_an_offer_can_be_asked_for_and_declined(hub, finished, monkeypatch):
    hub.create(MODEL)
    (pushed,) = push_results([finished], model=MODEL, dataset_id=ROWS, pull_request=True, endpoint=hub.endpoint)
    assert pushed.pull_request
    monkeypatch.setenv("HF_TOKEN", hub_server.GUEST)
    with pytest.raises(HubError, match=r"the token may not do this \(403"):
        push_results([finished], model=MODEL, dataset_id=ROWS, pull_request=False, endpoint=hub.endpoint)


def test_a_dry_run_without_a_hub_says_what_it_can_not_know(finished, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    (told,) = push_results([finished], model=MODEL, dataset_id=ROWS, endpoint="http://127.0.0.1:9", dry_run=True)
    assert [file.path for file in told.plan.files] == [".eval_results/sim-tiny.yaml"]
    assert "note: README.md would get model-index; it could not be read, so it is not in this list" in str(told)


def test_a_repository_of_ours_without_a_card_gets_one(hub, finished):
    hub.create(MODEL)
    push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    card = committed(hub)["README.md"].decode()
    assert metadata_errors(card) == []
    assert "They are not GSI-Bench scores of the paper" in card


def test_rows_without_a_home_have_no_eval_results(hub, finished):
    hub.create(MODEL, files={"README.md": CARD.encode()})
    (pushed,) = push_results([finished], model=MODEL, endpoint=hub.endpoint)
    assert set(committed(hub)) == {"README.md"}
    assert "note: no .eval_results of sim-tiny: its rows have no known home on the Hub; give --dataset" in str(pushed)


def test_somebody_else_changing_the_card_meanwhile_is_not_overwritten(hub, finished, monkeypatch):
    repo = hub.create(MODEL, files={"README.md": CARD.encode()})

    def late(plan, **options):
        repo.commit("main", {"README.md": Blob(b"# New", large=False)}, [], title="t", description="", author="me")
        return send(plan, **options)

    monkeypatch.setattr("gsi_bench_hf.hub.results.send", late)
    with pytest.raises(
        HubError, match=r"somebody else changed the repository meanwhile \(412.*run the same command again"
    ):
        push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    assert committed(hub) == {"README.md": b"# New"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "nowhere to send results to; expected --model, the repository of the model, or --to, a dataset of runs"),
        ({"model": "me/other"}, "is a run of me/model, expected one of me/other"),
        ({"model": "me/none"}, "is a run of me/model, expected one of me/none"),
        ({"model": "model"}, "the repository is 'model', expected owner/name"),
        ({"to": "../x"}, "the repository is '../x', expected owner/name"),
    ],
)
def test_what_can_not_be_meant_is_refused(hub, finished, options, expected):
    hub.create("me/other")
    with pytest.raises(HubError, match=expected):
        push_results([finished], endpoint=hub.endpoint, **options)


def test_a_model_that_is_not_there_is_not_made(hub, finished):
    with pytest.raises(HubError, match="there is no model me/model that the token may see; push it first"):
        push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    assert hub.repos == {}


def test_a_card_that_can_not_be_read_is_left_alone(hub, finished):
    hub.create(MODEL, files={"README.md": b"---\nmodel-index: [\n---\n"})
    with pytest.raises(
        HubError, match=r"the YAML at the head of me/model/README.md can't be read .* mend it on the Hub first"
    ):
        push_results([finished], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)


def test_a_run_of_a_folder_is_held_against_the_repository(hub, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    told = {"checkpoint": "model", "revision": "sha256:0", "environment": {"folder": str(folder)}}
    mine = run(tmp_path / "run", Editor("mine", 5, **told))
    hub.create(MODEL, files={"model.safetensors": b"other weights"})
    with pytest.raises(
        HubError, match=r"whose model\.safetensors is another than that of me/model; push the model first"
    ):
        push_results([mine], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    hub.create(MODEL, files={"model.safetensors": b"weights"})
    (pushed,) = push_results([mine], model=MODEL, dataset_id=ROWS, endpoint=hub.endpoint)
    assert pushed.plan.notes == ()


# The dataset of runs


@pytest.mark.slow
def test_runs_come_back_as_tables_and_as_runs(hub, elsewhere, finished, tmp_path):
    other = run(tmp_path / "other", Editor("other", 20), protocol="paper")
    push_results([finished], to=RUNS, endpoint=hub.endpoint)
    push_results([other], to=RUNS, endpoint=hub.endpoint)
    told = elsewhere(
        "import json, sys; from datasets import load_dataset; "
        "print(json.dumps([load_dataset(sys.argv[1], name, split='train').to_list() for name in ('runs', 'samples')]))",
        RUNS,
    )
    runs, samples = json.loads(told)
    results = {"strict": load_results(finished), "paper": load_results(other)}
    assert {row["protocol"] for row in runs} == set(results)
    for row in runs:
        expected = results[row["protocol"]]
        assert row["spatial_accuracy"] == expected.metrics["spatial_accuracy"]
        assert (row["samples"], row["failed"]) == (expected.counts["samples"], expected.counts["failed"])
    for protocol, expected in results.items():
        found = [row for row in samples if row["protocol"] == protocol]
        assert [row["id"] for row in found] == [s["id"] for s in expected.samples]
        for row, sample in zip(found, expected.samples, strict=True):
            value = sample["scores"]["spatial_accuracy"]
            assert row["spatial_accuracy"] == (None if math.isnan(value) else value)


def test_a_pulled_run_is_the_run(hub, finished, tmp_path):
    push_results([finished], to=RUNS, endpoint=hub.endpoint)
    pull("results", RUNS, tmp_path / "pulled", endpoint=hub.endpoint)
    (folder,) = (tmp_path / "pulled" / "runs").iterdir()
    before, after = load_results(finished), load_results(folder)
    assert after.metrics == before.metrics
    assert after.intervals == before.intervals
    assert [s["id"] for s in after.samples] == [s["id"] for s in before.samples]
    assert (
        load_results(folder / "ladder" / "identity").metrics == load_results(finished / "ladder" / "identity").metrics
    )
    assert str(after) == str(before)


def test_what_is_of_this_machine_stays_here(hub, finished, tmp_path):
    told = {"checkpoint": "model", "revision": "sha256:0", "environment": {"folder": str(tmp_path / "model")}}
    mine = run(
        tmp_path / "mine", Editor(str(tmp_path / "model"), 5, **told), origin={"command": {"out": str(tmp_path)}}
    )
    assert str(tmp_path) in (mine / "run.json").read_text()
    push_results([mine], to=RUNS, endpoint=hub.endpoint)
    files = hub.repos["dataset", RUNS].files
    assert not [path for path, data in files.items() if str(tmp_path).encode() in data]
    assert not [path for path in files if path.endswith((".png", ".webp", ".html", ".lock"))]


def test_several_people_share_one_dataset(hub, finished, tmp_path):
    push_results([finished], to=RUNS, endpoint=hub.endpoint)
    first = set(hub.repos["dataset", RUNS].files)
    (again,) = push_results([finished], to=RUNS, endpoint=hub.endpoint)
    assert again.changed == ()
    other = run(tmp_path / "other", Editor("other", 20))
    push_results([other], to=RUNS, endpoint=hub.endpoint)
    second = set(hub.repos["dataset", RUNS].files)
    assert first < second
    assert len({path for path in second if path.startswith("summary/")}) == 2


def test_somebody_elses_readme_stays(hub, finished):
    hub.create(RUNS, "dataset", files={"README.md": b"# Mine"})
    (pushed,) = push_results([finished], to=RUNS, endpoint=hub.endpoint)
    assert hub.repos["dataset", RUNS].files["README.md"] == b"# Mine"
    assert "README.md is not ours and stays" in str(pushed)


@pytest.mark.parametrize("answer", [401, 409, 500, "cut", "lost"])
def test_every_failure_is_told_and_the_same_command_completes(hub, finished, answer, capsys):
    hub.create(MODEL, files={"README.md": CARD.encode()})
    command = ["push", "results", str(finished), "--model", MODEL, "--to", RUNS, "--dataset", ROWS]
    hub.fail(f"POST .*{MODEL}/commit/", answer)
    assert cli.main([*command, "--endpoint", hub.endpoint]) == 2
    assert capsys.readouterr().err.startswith(f"gsi-bench: push model {MODEL}: ")
    assert cli.main([*command, "--endpoint", hub.endpoint]) == 0
    shown = capsys.readouterr().out
    assert f"dataset {RUNS} at {hub.endpoint}: private as it is" in shown
    (entry,) = parse_eval_result_entries(yaml.safe_load(committed(hub)[".eval_results/sim-tiny.yaml"]))
    assert entry.source_url == f"{hub.endpoint}/datasets/{RUNS}"
