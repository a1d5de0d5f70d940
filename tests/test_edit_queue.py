"""Editors called with lists, from several threads, or short of memory: every sample comes out as it does alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny
from batches import Batches, images, tasks
from tiny import Output, run

from gsi_bench_hf.durable import RunWarning
from gsi_bench_hf.edit_queue import Way, edit_all
from gsi_bench_hf.editing import (
    Edited,
    EditMemoryError,
    EditRefusedError,
    EditUnavailableError,
)


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


def test_a_block_that_is_done_in_part_is_edited_whole_and_one_that_is_done_not_at_all():
    editor = Batches(4)
    some = [replace(task, wanted=task.index in (0, 3, 11)) for task in tasks(tiny.rows(12))]
    outcomes = list(edit_all(editor, some, Way(batch_size=4)))
    assert editor.calls == [4, 4]
    assert [o.task.index for o in outcomes] == [0, 3, 11]


def test_a_sample_has_the_same_company_after_a_pause(tmp_path):
    """Where the company counts: this editor gives each image the number of those beside it."""

    class Company(Batches):
        def __call__(self, *, image: Any, **rest: Any) -> Output:
            self.stop = getattr(self, "stop", 0)
            if self.stop and len(self.calls) == self.stop:
                raise KeyboardInterrupt
            pixels = super().__call__(image=image, **rest).images
            return Output(*(np.clip(np.asarray(p).astype(int) + len(pixels), 0, 255).astype(np.uint8) for p in pixels))

    whole, paused = Company(4), Company(4)
    run(whole, tiny.rows(11), tmp_path / "whole")
    paused.stop = 2
    with pytest.raises(KeyboardInterrupt):
        run(paused, tiny.rows(11), tmp_path / "paused")
    lines = tmp_path / "paused" / "samples.jsonl"
    lines.write_bytes(b"".join(lines.read_bytes().splitlines(keepends=True)[:5]))
    again = Company(4)
    results = run(again, tiny.rows(11), tmp_path / "paused")
    assert again.calls == [4, 3]
    assert images(tmp_path / "paused") == images(tmp_path / "whole")
    assert [s["batch"] for s in results.samples] == [4] * 8 + [3] * 3
    assert lines.read_bytes().count(b"\n") == 11


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
