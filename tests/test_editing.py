"""What an editor can do wrong: each is one failed sample with its reason, and nothing else is lost."""

from __future__ import annotations

import dataclasses
import io
import json
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest
import tiny
from PIL import Image
from tiny import Answers, run

from gsi_bench_hf import editing
from gsi_bench_hf.runner import RunStoppedError
from gsi_bench_hf.types import Sample


def raises() -> Any:
    raise RuntimeError("CUDA out of\nmemory")


def broken() -> tiny.Output:
    buffer = io.BytesIO()
    tiny.picture(4, 6).save(buffer, "PNG")
    return tiny.Output(Image.open(io.BytesIO(buffer.getvalue()[:200])))


def array(value: float) -> tiny.Output:
    pixels = np.asarray(tiny.picture(4, 6), dtype=np.float32) / 255
    pixels[0, 0, 0] = value
    return tiny.Output(pixels)


BAD_ANSWERS: dict[str, Any] = {
    "the editor raised RuntimeError: CUDA out of memory": raises,
    "the editor returned None": None,
    "the editor returned str, expected an object with .images": "image.png",
    "the editor's .images is Image": dataclasses.make_dataclass("One", ["images"])(tiny.picture(0, 0)),
    "the editor returned no images": tiny.Output(),
    "the editor's first image is str": tiny.Output("image.png"),
    "the edited array holds NaN or infinities": lambda: array(np.nan),
    "the edited array holds NaN": lambda: array(np.inf),
    "the edited array is int64 of shape (4,)": lambda: tiny.Output(np.arange(4)),
    "the edited image is all black": lambda: tiny.Output(Image.new("RGB", (64, 64))),
    "the edited image can't be decoded: OSError: ": broken,
    "the edited image is empty (0x3)": lambda: tiny.Output(Image.new("RGB", (0, 3))),
    "the edited image holds NaN": lambda: tiny.Output(Image.fromarray(np.full((64, 64), np.nan, np.float32))),
}


@pytest.mark.parametrize("reason", BAD_ANSWERS)
def test_a_bad_answer_is_one_failed_sample(tmp_path, reason):
    results = run(Answers({1: BAD_ANSWERS[reason]}), tiny.rows(3), tmp_path)
    assert [s["status"] for s in results.samples] == ["ok", "failed", "ok"]
    failed = results.samples[1]
    assert failed["stage"] == "edit"
    assert failed["reason"].startswith(reason)
    assert all(np.isnan(value) for value in failed["scores"].values())
    assert results.metrics["spatial_accuracy"] == pytest.approx(100.0)  # not 66.7: a failure is no 0
    assert results.counts["failed"] == 1
    assert results.counts["by_reason"] == {failed["reason"]: 1}


def test_another_size_or_mode_is_converted_and_noted(tmp_path):
    big = tiny.picture(4 + 14, 6).resize((128, 96))
    answers = {
        0: tiny.Output(big),
        1: tiny.Output(tiny.picture(23, 6).convert("RGBA")),
        2: tiny.Output(tiny.picture(28, 6).convert("L")),
    }
    results = run(Answers(answers), tiny.rows(4), tmp_path)
    notes = [s["notes"] for s in results.samples]
    assert notes == [["resized from 128x96 to 64x64"], ["converted from RGBA to RGB"], ["converted from L to RGB"], []]
    assert [s["status"] for s in results.samples] == ["ok"] * 4
    with Image.open(tmp_path / results.samples[0]["edited"]) as saved:
        assert (saved.size, saved.mode) == ((64, 64), "RGB")


def test_arrays_of_floats_and_bytes_are_images():
    picture = tiny.picture(4, 6)
    for pixels in (np.asarray(picture), np.asarray(picture, dtype=np.float64) / 255):
        edited = editing.check_output(tiny.Output(pixels), picture.size)
        assert edited.image.tobytes() == picture.tobytes()
        assert edited.notes == ()
    assert (
        editing.check_output({"images": np.asarray(picture)[None]}, picture.size).image.tobytes() == picture.tobytes()
    )


def test_an_image_that_can_not_be_scored_is_nan_with_the_reason(tmp_path):
    results = run(Answers({0: tiny.Output(Image.new("RGB", (64, 64), tiny.SQUARE))}), tiny.rows(2), tmp_path)
    assert results.samples[0]["reason"] == "can't be scored: the image is red all over"
    assert results.samples[0]["stage"] == "detect"
    assert np.isnan(results.samples[0]["scores"]["spatial_accuracy"])
    assert results.metrics["spatial_accuracy"] == pytest.approx(100.0)


def test_a_hanging_editor_costs_its_sample_and_three_in_a_row_end_the_run(tmp_path):
    never = threading.Event()
    editor = Answers({0: never.wait, 2: never.wait, 3: never.wait, 4: never.wait})
    with pytest.raises(RunStoppedError, match=r"late 3 times in a row \(limit 0\.3 s a sample\)"):
        run(editor, tiny.rows(8), tmp_path, timeout_s=0.3)
    lines = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines] == ["failed", "ok", "failed", "failed", "failed"]
    assert lines[0]["reason"] == "the editor was not done after 0.3 s"
    assert editor.calls == 5
    never.set()
    results = run(Answers({}), tiny.rows(8), tmp_path, retry_failed=True)
    assert results.counts["ok"] == 8


def test_an_editor_that_needs_the_sample_has_a_limit_too(tmp_path):
    class Sleeper(tiny.Mover):
        def __call__(self, *, sample: Sample, **kwargs: Any) -> tiny.Output:
            while sample.id.endswith("1"):
                time.sleep(0.01)
            return super().__call__(sample=sample, **kwargs)

    results = run(Sleeper(), tiny.rows(3), tmp_path, timeout_s=0.3)
    assert [s["status"] for s in results.samples] == ["ok", "failed", "ok"]
    assert results.samples[1]["reason"] == "the editor was not done after 0.3 s"
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
