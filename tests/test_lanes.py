"""Several calls at once, calls that are late, and what a run keeps of every call."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar

import pytest
import tiny
from batches import Batches, tasks
from tiny import Output, run

from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.edit_queue import Way, edit_all
from gsi_bench_hf.editing import EditFailedError
from gsi_bench_hf.runner import RunStoppedError
from gsi_bench_hf.types import Sample


class AtOnce:
    """Waits until so many are in here; a sample whose number is in `slow` until it is told."""

    name = "at-once"
    needs_sample = True
    concurrency = 4

    def __init__(self) -> None:
        self.barrier = threading.Barrier(4, timeout=30)
        self.threads: set[int] = set()

    def __call__(self, *, image: Any, prompt: str, sample: Sample, **_: Any) -> Output:
        self.threads.add(threading.get_ident())
        self.barrier.wait()
        return tiny.oracle(image=image, prompt=prompt, generator=None)


def test_several_calls_are_under_way_at_once(tmp_path):
    editor = AtOnce()
    results = run(editor, tiny.rows(12), tmp_path)
    assert results.counts["ok"] == 12
    assert len(editor.threads) == 4
    assert threading.get_ident() not in editor.threads
    assert [s["id"] for s in results.samples] == [f"sim-tiny-{i:05d}" for i in range(12)]


def test_one_slow_call_does_not_keep_the_others_waiting():
    done, rest = threading.Event(), list(range(1, 9))

    def editor(*, image: Any, prompt: str, generator: Any) -> Output:
        if image.tobytes() == tiny.row(0)["source_image"].tobytes():
            assert done.wait(30)
        return tiny.oracle(image=image, prompt=prompt, generator=generator)

    order = []
    for outcome in edit_all(editor, tasks(tiny.rows(9)), Way(concurrency=2)):
        order.append(outcome.task.index)
        if len(order) == 8:
            done.set()
    assert order == [*rest, 0]


def test_late_calls_among_several_cost_their_samples_only():
    never = threading.Event()

    def editor(*, image: Any, prompt: str, generator: Any) -> Output:
        if image.tobytes() in {tiny.row(i)["source_image"].tobytes() for i in (1, 4)}:
            never.wait(60)
        return tiny.oracle(image=image, prompt=prompt, generator=generator)

    outcomes = {o.task.index: o.result for o in edit_all(editor, tasks(tiny.rows(8)), Way(concurrency=3, timeout_s=1))}
    never.set()
    late = {i: str(r) for i, r in outcomes.items() if isinstance(r, EditFailedError)}
    assert late == {1: "the editor was not done after 1 s", 4: "the editor was not done after 1 s"}
    assert len(outcomes) == 8


def test_a_batch_that_is_late_counts_once_towards_the_end_of_the_run(tmp_path):
    never = threading.Event()

    class Hangs(Batches):
        def one(self, *_: Any) -> Any:
            never.wait(60)

    editor = Hangs(2)
    with pytest.raises(RunStoppedError, match=r"late 3 times in a row \(limit 0\.1 s a sample\)"):
        run(editor, tiny.rows(10), tmp_path, timeout_s=0.1)
    never.set()
    assert editor.calls == [2, 2, 2]


def test_the_next_call_begins_before_the_last_ones_images_are_looked_at():
    """Where nothing failed: a failure may be the end of the run."""
    begun: list[float] = []

    def editor(*, image: Any, prompt: str, generator: Any) -> Output:
        begun.append(time.monotonic())
        return tiny.oracle(image=image, prompt=prompt, generator=generator)

    outcomes = edit_all(editor, tasks(tiny.rows(3)), Way())
    next(outcomes)
    deadline = time.monotonic() + 30
    while len(begun) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(begun) == 2
    outcomes.close()


@pytest.mark.parametrize(("name", "value"), [("batch_size", 2.5), ("concurrency", -1), ("batch_size", "4")])
def test_numbers_that_are_none_stop_before_anything_is_edited(tmp_path, name, value):
    editor = Batches(1)
    setattr(editor, name, value)
    with pytest.raises(RunStoppedError, match=rf"{name} of editor 'batches' is {value!r}, expected a whole number"):
        run(editor, tiny.rows(2), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_time_and_memory_of_a_sample_are_kept_and_reported(tmp_path):
    results = run(Batches(2), tiny.rows(4), tmp_path)
    for sample in results.samples:
        assert sample["seconds"]["edit"] >= 0
        assert sample["memory_mb"]["process"] > 10
    page = (tmp_path / "report.html").read_text()
    assert "<dt>peak memory</dt><dd>process " in page
    assert "<dt>images at once</dt><dd>2</dd>" in page


class Tells(Batches):
    told: ClassVar[dict[str, Any]] = {"name": "tells", "revision": "abc", "environment": {"device": "cuda:1"}}

    def provenance(self) -> dict[str, Any]:
        return self.told


def test_what_an_editor_tells_of_itself_is_kept_and_only_the_environment_may_change(tmp_path, monkeypatch):
    assert run(Tells(1), tiny.rows(2), tmp_path).run["arguments"]["editor"] == {"name": "tells", "revision": "abc"}
    monkeypatch.setitem(Tells.told, "environment", {"device": "cpu"})
    results = run(Tells(2), tiny.rows(4), tmp_path)
    assert results.run["environment"] == {"device": "cpu"}
    assert "<dt>editor revision</dt><dd>abc</dd>" in (tmp_path / "report.html").read_text()
    monkeypatch.setitem(Tells.told, "revision", "def")
    with pytest.raises(RunFolderError, match=r"editor\.revision was 'abc' and is now 'def'"):
        run(Tells(2), tiny.rows(4), tmp_path)
