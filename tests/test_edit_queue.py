"""Editors called with lists, from several threads, or short of memory: every sample comes out as it does alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import tiny
import torch
from tiny import Output, run

from gsi_bench_hf.durable import RunWarning
from gsi_bench_hf.edit_queue import Way, edit_all
from gsi_bench_hf.editing import (
    Edited,
    EditFailedError,
    EditMemoryError,
    EditRefusedError,
    EditUnavailableError,
    Task,
    sample_seed,
)
from gsi_bench_hf.runner import RunStoppedError
from gsi_bench_hf.types import Sample


class Batches:
    """Shifts what `tiny.oracle` draws by the generator's own noise, for lists and for single images; notes its calls."""

    name = "batches"

    def __init__(self, batch_size: int, *, fits: int = 99) -> None:
        self.batch_size, self.fits = batch_size, fits
        self.calls: list[int] = []

    def __call__(self, *, image: Any, prompt: Any, generator: Any) -> Output:
        if not isinstance(image, list):
            return self(image=[image], prompt=[prompt], generator=[generator])
        assert len({i.size for i in image}) == 1
        self.calls.append(len(image))
        if len(image) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return Output(*(self.one(*each) for each in zip(image, prompt, generator, strict=True)))

    def one(self, image: Any, prompt: str, generator: torch.Generator) -> Any:
        right = np.asarray(tiny.oracle(image=image, prompt=prompt, generator=None).images[0])
        return np.roll(right, int(torch.randint(0, 3, (), generator=generator)), axis=1)


def tasks(rows: Iterable[dict[str, Any]]) -> list[Task]:
    return [Task(i, Sample(row), sample_seed(0, row["id"])) for i, row in enumerate(rows)]


def images(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (folder / "edited").rglob("*.png")}


def test_a_batch_gives_each_sample_the_image_that_it_has_alone(tmp_path):
    alone, together = Batches(1), Batches(4)
    one = run(alone, tiny.rows(10), tmp_path / "one")
    many = run(together, tiny.rows(10), tmp_path / "many")
    assert alone.calls == [1] * 10
    assert together.calls == [4, 4, 2]
    assert images(tmp_path / "one") == images(tmp_path / "many")
    assert len(images(tmp_path / "one")) == 10
    assert one.document["metrics"] == many.document["metrics"]
    assert [s.get("batch") for s in many.samples] == [4] * 8 + [2] * 2
    assert many.run["batch_size"] == 4


def test_images_of_one_size_go_together():
    rows = tiny.rows(6)
    rows[2]["source_image"] = rows[2]["source_image"].resize((80, 64))
    editor = Batches(3)
    outcomes = list(edit_all(editor, tasks(rows), Way(batch_size=3)))
    assert editor.calls == [2, 1, 3]
    assert [o.task.index for o in outcomes] == list(range(6))
    assert [o.result.image.size for o in outcomes if isinstance(o.result, Edited)][2] == (80, 64)


def test_the_rest_of_a_block_is_edited_in_that_block():
    editor = Batches(4)
    left = [task for task in tasks(tiny.rows(12)) if task.index not in (1, 2, 9)]
    assert len(list(edit_all(editor, left, Way(batch_size=4)))) == 9
    assert editor.calls == [2, 4, 3]


def test_memory_that_runs_out_halves_the_batch_once_and_for_all(tmp_path):
    editor = Batches(8, fits=3)
    with pytest.warns(RunWarning, match="out of memory: no more than"):
        results = run(editor, tiny.rows(20), tmp_path / "short")
    assert editor.calls == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    assert results.counts["failed"] == 0
    run(Batches(1), tiny.rows(20), tmp_path / "one")
    assert images(tmp_path / "short") == images(tmp_path / "one")


def test_one_image_that_does_not_fit_is_tried_again_and_counted(tmp_path):
    class Large(Batches):
        def one(self, image: Any, prompt: str, generator: Any) -> Any:
            if image.tobytes() == tiny.row(1)["source_image"].tobytes():
                raise MemoryError("no room")
            return super().one(image, prompt, generator)

    editor = Large(1)
    results = run(editor, tiny.rows(3), tmp_path)
    assert results.counts["by_kind"] == {"memory": 1}
    assert results.document["failed"][0]["reason"] == "the editor raised MemoryError: no room"
    assert editor.calls == [1, 1, 1, 1]


def test_the_memory_of_a_failed_call_is_let_go():
    held: list[Any] = []

    class Big:
        pass

    def fails(**_: Any) -> Any:
        import weakref

        big = Big()
        held.append(weakref.ref(big))
        raise EditMemoryError("out of memory")

    (outcome,) = edit_all(fails, tasks(tiny.rows(1)), Way())
    assert isinstance(outcome.result, EditMemoryError)
    assert [reference() for reference in held] == [None, None]


class Fails(Batches):
    """Fails on the second sample, so many times."""

    def __init__(self, batch_size: int, error: Exception | Any, times: int) -> None:
        super().__init__(batch_size)
        self.error, self.times, self.tries = error, times, 0

    def one(self, image: Any, prompt: str, generator: Any) -> Any:
        if image.tobytes() == tiny.row(1)["source_image"].tobytes():
            self.tries += 1
            if self.tries <= self.times:
                if isinstance(self.error, Exception):
                    raise self.error
                return self.error
        return super().one(image, prompt, generator)


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("error", [RuntimeError("cuBLAS"), np.full((64, 64, 3), np.nan)], ids=["raises", "NaN"])
@pytest.mark.parametrize(("times", "failed"), [(1, 0), (2, 1)])
def test_a_sample_that_fails_has_one_second_try_alone(tmp_path, batch_size, error, times, failed):
    editor = Fails(batch_size, error, times)
    results = run(editor, tiny.rows(3), tmp_path / "run")
    assert results.counts["failed"] == failed
    assert editor.tries == 2
    reason = "the editor raised RuntimeError: cuBLAS" if isinstance(error, Exception) else "the edited array holds NaN"
    noted = results.samples[1]["reason"] if failed else results.samples[1]["first_try"]
    assert noted.startswith(reason)
    run(Batches(1), tiny.rows(3), tmp_path / "one")
    expected = images(tmp_path / "one")
    assert images(tmp_path / "run") == {k: v for k, v in expected.items() if not failed or "00001" not in k}


@pytest.mark.parametrize(
    ("error", "kind"), [(EditRefusedError("violence?"), "refused"), (EditUnavailableError("503"), "endpoint")]
)
def test_a_refusal_and_a_dead_server_are_counted_by_kind_and_not_asked_again(tmp_path, error, kind):
    editor = Fails(1, error, 9)
    results = run(editor, tiny.rows(3), tmp_path)
    assert editor.tries == 1
    assert results.counts["by_kind"] == {kind: 1}
    assert results.document["failed"] == [{"id": "sim-tiny-00001", "stage": "edit", "kind": kind, "reason": str(error)}]
    assert f"failed: 1, by kind: {kind} 1" in str(results)
    assert f'<span class="tag">{kind}</span>' in (tmp_path / "report.html").read_text()


def test_a_failure_may_stand_in_a_lists_place():
    editor = Fails(3, EditRefusedError("no"), 9)
    editor.one = lambda *each: (
        EditRefusedError("no")
        if each[0].tobytes() == tiny.row(1)["source_image"].tobytes()
        else Batches.one(editor, *each)
    )
    outcomes = list(edit_all(editor, tasks(tiny.rows(3)), Way(batch_size=3)))
    assert [isinstance(o.result, Edited) for o in outcomes] == [True, False, True]
    assert editor.calls == [3]


def test_too_few_images_for_a_batch_are_none():
    class Short(Batches):
        def __call__(self, *, image: Any, **rest: Any) -> Output:
            output = super().__call__(image=image, **rest)
            return Output(*output.images[: 2 if len(output.images) == 3 else None])

    editor = Short(3)
    outcomes = list(edit_all(editor, tasks(tiny.rows(3)), Way(batch_size=3)))
    assert [o.task.failed for o in outcomes] == ["the editor returned 2 images for 3 samples"] * 3
    assert all(isinstance(o.result, Edited) for o in outcomes)


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
    with pytest.raises(Exception, match=r"editor\.revision was 'abc' and is now 'def'"):
        run(Tells(2), tiny.rows(4), tmp_path)
