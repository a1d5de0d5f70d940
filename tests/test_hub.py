"""Model cards of real runs, as the Hub's own client reads and validates them."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny
import yaml
from card_runs import COUNT, Editor, rows, run, tables
from huggingface_hub import ModelCard, parse_eval_result_entries
from markdown_it import MarkdownIt
from PIL import Image

from gsi_bench_hf import hub
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.hub import CardError, eval_results_yaml, model_card, write_model_card
from gsi_bench_hf.model_card.checks import metadata_errors
from gsi_bench_hf.results import METRICS, load_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run with one failed sample and a ladder beside it."""
    out = run(tmp_path_factory.mktemp("runs") / "mine", Editor("mine", 5))
    for name, off in (("identity", 40), ("oracle", 0)):
        run(out / "ladder" / name, Editor(name, off))
    return out


@pytest.fixture(scope="module")
def card(folder) -> ModelCard:
    return model_card(folder)


def test_the_module_is_there_without_an_import_of_its_own():
    code = "import sys, gsi_bench_hf; print('jinja2' in sys.modules, gsi_bench_hf.hub.model_card.__name__)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "model_card"]


# What the card says


def test_the_scores_and_their_intervals_are_those_of_the_run(card, folder):
    results, shown = load_results(folder), tables(card.text)[0]
    assert len(shown) == 1 + len(METRICS)
    for name, line in zip(METRICS, shown[1:], strict=True):
        low, high = results.intervals[name]
        assert line[1:3] == [f"{results.metrics[name]:.1f}", f"{low:.1f}–{high:.1f}"]


def test_every_operation_has_a_row(card):
    (head, move) = tables(card.text)[1]
    assert head == ["operation", "samples", "IC", "SA", "AC", "EL", "average"]
    assert move[:2] == ["move", str(COUNT - 1)]


def test_failed_samples_are_counted_with_their_reason(card):
    assert f"{COUNT - 1} of {COUNT} samples were scored; the others failed, and count nowhere (edit 1)." in card.text
    assert r"- 1 × the editor raised RuntimeError: out of \| memory \*here\*" in card.text


def test_the_run_stands_in_the_ladder_where_it_belongs(card):
    assert [line[0] for line in tables(card.text)[2][1:]] == ["identity", "mine", "oracle"]


def test_what_data_say_does_not_become_markup(card):
    html = MarkdownIt("commonmark").enable("table").render(card.text)
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "$$" not in card.text


def test_simulated_scores_are_called_so(card):
    assert card.text.splitlines()[2] == "# mine on GSI-Sim"
    assert "They are not GSI-Bench scores of the paper" in card.text
    assert card.data.tags == ["image-editing", "spatial-intelligence", "gsi-sim"]


def test_few_scenes_are_named_as_a_limit(card):
    assert "The samples are of 5 scenes: too few for the intervals" in card.text


def test_an_editor_without_a_name_elsewhere_gets_no_command(card):
    assert "gsi-bench run" not in card.text
    assert "an object in Python, which has no name to load it by" in card.text


def test_a_part_of_a_subset_is_called_a_part(tmp_path):
    card = model_card(run(tmp_path / "run", Editor("mine", 5), rows=rows("sim-tabletop"), limit=6))
    assert "> This run covers **the first 6 of 600 samples**: not a result for the whole subset." in card.text
    assert "notes: protocol strict; the first 6 of 600 samples;" in eval_results_yaml(
        tmp_path / "run", dataset_id="me/d"
    )


def test_a_run_of_which_nothing_could_be_scored_has_no_card(tmp_path):
    out = run(tmp_path / "run", tiny.Answers(dict.fromkeys(range(COUNT))))
    for make in (model_card, eval_results_yaml):
        with pytest.raises(CardError, match=r"run has no average: nothing could be scored; see .*report.html"):
            make(out)


def test_paths_of_the_machine_stay_on_it(tmp_path):
    editor = Editor("mine", 5, arguments={"path": "/home/somebody/model", "url": "folder:/home/somebody/edits"})
    text = model_card(run(tmp_path / "run", editor)).text
    assert "somebody" not in text
    assert "| editor.arguments.path | …/model |" in text
    assert "| editor.arguments.url | folder:…/edits |" in text


# Examples


def test_the_best_the_median_and_the_worst_are_shown(folder, tmp_path):
    files = write_model_card(folder, tmp_path)
    text = (tmp_path / "README.md").read_text()
    accuracy = sorted(s["scores"]["spatial_accuracy"] for s in load_results(folder).samples if s["status"] == "ok")
    shown = [float(value) for value in re.findall(r"^IC \d+, SA (\d+)", text, flags=re.MULTILINE)]
    assert shown == [round(v) for v in (accuracy[-1], accuracy[len(accuracy) // 2 - 1], accuracy[0])]
    linked = re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
    assert [tmp_path / path for path in linked] == files[:3]
    for path in linked:
        with Image.open(tmp_path / path) as image:
            assert image.size == (3 * 384 + 2 * 8, 384)


def test_an_example_shows_source_edit_and_target_in_this_order(folder, tmp_path):
    write_model_card(folder, tmp_path)
    results = load_results(folder)
    (path, *_) = sorted(tmp_path.glob("images/*.webp"))
    sample = next(s for s in results.samples if s["id"] == path.stem)
    with Image.open(path) as image, Image.open(folder / sample["edited"]) as edited:
        left = image.crop((392, 0, 776, 384)).resize((64, 64)).convert("L")
        difference = np.abs(np.asarray(left, dtype=float) - np.asarray(edited.convert("L")))
    assert difference.mean() < 4


def test_released_pictures_are_not_shared(tmp_path):
    out = run(tmp_path / "run", Editor("mine", 5), rows=rows("real"), protocol="strict")
    files = write_model_card(out, tmp_path / "card")
    assert sorted(f.name for f in files) == ["README.md", "real.yaml"]
    assert "The pictures are not shown: they are their authors' to share." in (tmp_path / "card/README.md").read_text()
    assert len(write_model_card(out, tmp_path / "asked", images=True)) == 5


def test_a_run_whose_images_are_gone_says_so(tmp_path):
    out = run(tmp_path / "run", Editor("mine", 5))
    for image in out.glob("edited/*/*.png"):
        image.unlink()
    with pytest.raises(
        CardError, match=r"can't be read as an image; expected the edit of sample .* or with images=False"
    ):
        write_model_card(out, tmp_path / "card")
    assert len(write_model_card(out, tmp_path / "card", images=False)) == 1


# Metadata


def test_the_client_reads_back_what_was_written(card, folder):
    read = ModelCard(str(card))
    assert read.data.to_dict() == card.data.to_dict()
    results = load_results(folder)
    values = {r.metric_type: r.metric_value for r in read.data.eval_results}
    assert values == {
        "gsi_bench" if name == "average" else f"gsi_{name}": round(results.metrics[name], 2) for name in METRICS
    }
    first = read.data.eval_results[0]
    assert (first.dataset_type, first.dataset_config, first.task_type) == ("gsi-sim", "sim-tiny", "image-to-image")
    assert first.metric_args["protocol"] == "strict"
    assert first.metric_args["num_samples"] == COUNT - 1


def test_an_entry_of_eval_results(folder, tmp_path):
    write_model_card(folder, tmp_path, dataset_id="me/gsi-sim")
    listed = yaml.safe_load((tmp_path / ".eval_results/sim-tiny.yaml").read_text())
    (entry,) = parse_eval_result_entries(listed)
    results = load_results(folder)
    assert (entry.dataset_id, entry.task_id) == ("me/gsi-sim", "sim-tiny")
    assert entry.value == round(results.metrics["average"], 2)
    assert entry.date == results.run["created"]
    assert entry.notes.startswith(f"protocol strict; {COUNT} samples; average (95 % interval ")


def test_rows_without_a_home_on_the_hub_have_no_entry(folder, tmp_path):
    with pytest.raises(CardError, match=r"^sim-tiny is rendered here .*expected dataset_id=, the repository"):
        eval_results_yaml(folder)
    assert not [f for f in write_model_card(folder, tmp_path) if ".eval_results" in str(f)]


def test_released_rows_have_the_released_repository(tmp_path):
    out = run(tmp_path / "run", Editor("mine", 5), rows=rows("real"), protocol="strict")
    assert yaml.safe_load(eval_results_yaml(out))[0]["dataset"] == {"id": "GSI-Bench/GSI-Bench", "task_id": "real"}
    card = model_card(out)
    assert card.data.eval_results[0].dataset_type == "GSI-Bench/GSI-Bench"
    assert "GSI-Sim" not in str(card)


@pytest.mark.parametrize("argument", ["repo_id", "dataset_id"])
def test_a_name_that_the_hub_has_not_is_refused(folder, argument):
    with pytest.raises(CardError, match=rf"^{argument} is '/tmp/x', expected the id of a repository on the Hub"):
        model_card(folder, **{argument: "/tmp/x"})


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(RunFolderError, match="is no run folder"):
        model_card(tmp_path)


def test_somebody_elses_readme_stays(folder, tmp_path):
    (tmp_path / "README.md").write_text("# Mine\n")
    with pytest.raises(CardError, match=r"README.md was not made by gsi-bench-hf and is not overwritten"):
        write_model_card(folder, tmp_path)
    assert (tmp_path / "README.md").read_text() == "# Mine\n"
    assert not (tmp_path / "images").exists()


def test_our_own_readme_is_replaced(folder, tmp_path):
    write_model_card(folder, tmp_path)
    before = (tmp_path / "README.md").read_bytes()
    write_model_card(folder, tmp_path)
    assert (tmp_path / "README.md").read_bytes() == before


# The Hub's own client


@pytest.fixture(scope="module")
def validator() -> Iterator[str]:
    """A server that answers `/api/validate-yaml` as the Hub does, by the rules of `metadata_errors`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert (self.path, asked["repoType"]) == ("/api/validate-yaml", "model")
            errors = metadata_errors(asked["content"])
            body = "; ".join(errors).encode() or b"ok"
            self.send_response(400 if errors else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_client_validates_a_card(card, validator, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", validator)
    card.validate()
    bad = ModelCard(str(card))
    bad.data.license = "free beer"
    with pytest.raises(ValueError, match="license is 'free beer'"):
        bad.validate()


@pytest.mark.slow
def test_the_python_of_a_card_makes_the_run_again(tmp_path):
    import datasets

    import gsi_bench_hf

    rows = datasets.load_dataset("gsi-bench", "sim-tabletop", split="test", num_samples=1)
    results = gsi_bench_hf.evaluate_editor("paste", rows, out=tmp_path / "run", progress=False)
    (code, *_) = [t.content for t in MarkdownIt("commonmark").parse(hub.model_card(results).text) if t.type == "fence"]
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == str(results)
