"""All of GSI-Real's way on three rendered rooms: frames, candidates, review in a real browser, the subset, and scores on it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from browser import Browser
from PIL import Image
from scannetpp_rooms import Rooms, known, photographs_known, true_change, true_target

from gsi_bench_hf import evaluate_editor
from gsi_bench_hf.cli import main
from gsi_bench_hf.data.scannetpp.tables import read_rows
from gsi_bench_hf.perception.cached import CachedJudge, scan_to_json
from gsi_bench_hf.perception.lifting import LiftingDetector
from gsi_bench_hf.perception.lifting.known import KnownParts
from gsi_bench_hf.results import Results, load_results
from gsi_bench_hf.review import merged
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.types import Sample, Scan

COUNT = 5
READY = "document.getElementById('card').getAttribute('aria-busy') === 'false'"
SHOWN = "document.getElementById('words').textContent"


@pytest.mark.slow
def test_from_frames_through_the_browser_to_scores(rooms, candidates, tmp_path, capsys):
    folder = candidates[0]
    rows = list(read_rows(folder / "candidates.parquet"))
    _review(folder, rows)
    found = merged(folder)
    assert list(found.rejected) == [rows[1]["id"]]
    assert found.accepted[rows[2]["id"]].instruction == f"{rows[2]['instruction']} Gently."
    out = tmp_path / "my-real"
    assert main(["build", "real", "--reviewed", str(folder), "--out", str(out)]) == 0
    assert f"({len(rows) - 1} edits; 1 rejected)" in capsys.readouterr().out
    (file,) = out.glob("data/real/*.parquet")
    groups = pq.ParquetFile(file).metadata
    assert max(groups.row_group(i).num_rows for i in range(groups.num_row_groups)) <= 100

    cache = str(tmp_path / "cache")
    record = datasets.load_dataset(str(out), "real", split="test", cache_dir=cache)
    assert record["id"] == [row["id"] for row in rows if row["id"] != rows[1]["id"]]
    files = datasets.load_dataset("gsi-bench", "real", split="test", data_dir=str(out / "released"), cache_dir=cache)
    assert sorted(files["id"]) == sorted(record["id"])
    scored = Scored(tmp_path, [row for row in rows if row["id"] in record["id"][:COUNT]], photographs_known(rooms))
    scored.draw(rooms)
    _check_strict(scored, record.select(range(COUNT)), out)
    _check_paper(scored, files.filter(lambda name: name in record["id"][:COUNT], input_columns="id"))


def _check_strict(scored: Scored, record: datasets.Dataset, out: Path) -> None:
    """On the records: a perfect editor gets what the perfect detector can see, from the command too; no edit is no edit."""
    perfect = scored.results(record, "strict", scored.edited)
    assert perfect.counts["ok"] == COUNT
    assert perfect.metrics["instruction_compliance"] == 100.0
    assert perfect.metrics["spatial_accuracy"] > 95.0
    nothing = scored.results(record, "strict", "identity")
    assert nothing.counts["ok"] == COUNT
    assert nothing.metrics["spatial_accuracy"] == nothing.metrics["instruction_compliance"] == 0.0

    scans = {row["id"]: scan_to_json(scored.scan(row)) for row in record}
    scored.detections.write_text(json.dumps(scans))
    given = ["--edited", scored.folder / "true", "--detections", scored.detections, "--judgements", scored.judgements]
    given += ["--subset", "real", "--data-dir", out, "--out", scored.folder / "command", "--limit", COUNT]
    fixed = ["--protocol", "strict", "--num-proc", "1", "--no-ladder", "--lpips", "none"]
    assert main(["score", *map(str, given), *fixed]) == 0
    assert load_results(scored.folder / "command").metrics == perfect.metrics


def _check_paper(scored: Scored, files: datasets.Dataset) -> None:
    """On the released layout: all is scored. The released formulas take moves below 32 cm for none."""
    perfect, nothing = (scored.results(files, "paper", editor) for editor in (scored.edited, "identity"))
    assert perfect.counts["ok"] == nothing.counts["ok"] == COUNT
    assert perfect.metrics["instruction_compliance"] > nothing.metrics["instruction_compliance"] == 0.0


@dataclass(frozen=True)
class Scored:
    """Edits of some candidates by a perfect editor, and a perfect detector and a kind judge that look at them."""

    folder: Path
    rows: list[dict]
    parts: KnownParts

    @property
    def edited(self) -> str:
        return f"folder:{self.folder / 'true'}"

    @property
    def detections(self) -> Path:
        return self.folder / "scans.json"

    @property
    def judgements(self) -> Path:
        return self.folder / "judgements.json"

    def draw(self, rooms: Rooms) -> None:
        """The true rooms, rendered with the true objects changed."""
        (self.folder / "true").mkdir()
        for row in self.rows:
            item, scene, _ = true_target(rooms, row)
            after = true_change(row, item, scene).apply(scene).target
            frame = shared_renderer().render(after)
            picture = Image.fromarray(frame.rgb)
            picture.save(self.folder / "true" / f"{row['id']}.png")
            self.parts.tell(picture, known(after, frame))
        self.judgements.write_text(json.dumps({row["id"]: {"score": 8} for row in self.rows}))

    def scan(self, row: dict) -> Scan:
        detector = LiftingDetector(self.parts, self.parts, self.parts)
        return detector.detect(Sample(row), Image.open(self.folder / "true" / f"{row['id']}.png").convert("RGB"))

    def results(self, dataset: datasets.Dataset, protocol: str, editor: str) -> Results:
        place = self.folder / f"{protocol}-{editor.partition(':')[0]}"
        detector = LiftingDetector(self.parts, self.parts, self.parts)
        told = {"detector": detector, "judge": CachedJudge(self.judgements), "lpips": None, "progress": False}
        return evaluate_editor(editor, dataset, out=place, protocol=protocol, **told)


def _review(folder: Path, rows: list[dict]) -> None:
    """Ann accepts all with the keyboard, but rejects the second and rewords the third."""
    command = [sys.executable, "-m", "gsi_bench_hf.cli", "review", str(folder), "--reviewer", "ann"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    browser = Browser()
    try:
        assert process.stdout is not None
        browser.open(re.search(r"http://\S+", process.stdout.readline())[0], width_px=1280)
        for number, row in enumerate(rows):
            done = f"document.getElementById('counts').textContent.startsWith('{number} of')"
            _until(browser, f"{READY} && {done} && {SHOWN} === {json.dumps(row['instruction'])}")
            browser.press({1: "r", 2: "e"}.get(number, "a"))
            if number == 1:
                browser.press("Enter")
            if number == 2:
                browser.type(" Gently.")
                browser.press("Enter", ctrl=True)
        _until(browser, f"document.getElementById('counts').textContent.startsWith('{len(rows)} of')")
    finally:
        browser.close()
        process.terminate()
        process.wait()
        process.stdout.close()


def _until(browser: Browser, condition: str) -> None:
    end = time.monotonic() + 60
    while not browser.ask(f"Boolean({condition})"):
        assert time.monotonic() < end, f"{condition}; the page says: {browser.ask('document.body.innerText')}"
        time.sleep(0.02)
