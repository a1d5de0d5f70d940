"""Rows to batches: every pair once an epoch, one size a batch, and from any batch on the same batches again."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import datasets
import pytest
import tiny
from PIL import Image

from gsi_bench_hf.pipelines.resolution import Resolution
from gsi_bench_hf.train.held_out import hold_out
from gsi_bench_hf.train.pairs import MappedPairs, StreamedPairs, pair_of
from gsi_bench_hf.train.settings import TrainingStoppedError

RESOLUTION = Resolution(multiple=16, max_pixels=64 * 64)


def rows(count, wide=0):
    """Tiny rows; the last `wide` of them are twice as wide as high."""
    made = tiny.rows(count)
    for row in made[count - wide :]:
        for name in ("source_image", "target_image"):
            row[name] = row[name].resize((128, 64))
        row["camera"] = row["camera"] | {"width": 128}
    return made


def dataset(count, wide=0):
    kept = ("id", "scene_id", "subset", "operation", "instruction", "source_image", "target_image", "camera", "edit")
    image = datasets.Image()
    made = datasets.Dataset.from_list([{name: row[name] for name in kept} for row in rows(count, wide)])
    return made.cast_column("source_image", image).cast_column("target_image", image)


def mapped(given, batch_size=4, seed=0):
    return MappedPairs(given, batch_size=batch_size, resolution=RESOLUTION, seed=seed)


def streamed(given, batch_size=2, block=5, shards=3):
    stream = given.to_iterable_dataset(num_shards=shards)
    return StreamedPairs(stream, batch_size=batch_size, resolution=RESOLUTION, seed=0, block=block)


def told(batches):
    return [(b.number, b.ids, b.size, [b.load(i).id for i in range(len(b.ids))]) for b in batches]


def test_an_epoch_shows_every_pair_in_full_batches_of_one_size():
    source = mapped(dataset(14, wide=5))
    batches = list(islice(source.batches(0, None), source.batches_an_epoch))
    assert [b.number for b in batches] == list(range(5))  # 9 pairs of one size make 3, 5 of the other 2
    assert all(len(b.ids) == 4 for b in batches)


def test_sizes_are_those_of_the_resolution():
    batches = list(islice(mapped(dataset(14, wide=5)).batches(0, None), 5))
    seen = Counter(name for b in batches for name in b.ids)
    assert set(seen) == {row["id"] for row in tiny.rows(14)}
    assert sum(seen.values()) == 20
    wide = {row["id"] for row in tiny.rows(14)[9:]}
    for batch in batches:
        assert {name in wide for name in batch.ids} == {batch.size == (96, 48)}
        assert batch.size in ((64, 64), (96, 48))


def test_every_epoch_has_its_own_order_and_every_seed_too():
    def epoch(source, n):
        count = source.batches_an_epoch
        return [b.ids for b in islice(source.batches(n * count, None), count)]

    source = mapped(dataset(12))
    assert sorted(sum(epoch(source, 0), ())) == sorted(sum(epoch(source, 1), ()))
    assert epoch(source, 0) != epoch(source, 1)
    assert epoch(source, 0) == epoch(mapped(rows(12)), 0)
    assert epoch(source, 0) != epoch(mapped(dataset(12), seed=1), 0)


@pytest.mark.parametrize("start", [1, 4, 9, 17])
def test_from_any_batch_on_the_same_ones_come(start):
    for make in (lambda: mapped(dataset(11, wide=3)), lambda: streamed(dataset(11, wide=3))):
        whole = list(islice(make().batches(0, None), 20))
        state = whole[start - 1].state
        assert told(islice(make().batches(start, state), 20 - start)) == told(whole[start:])


def test_a_stream_shows_every_pair_in_each_epoch_and_blocks_are_mixed():
    batches = list(islice(streamed(dataset(12), block=6, shards=1).batches(0, None), 12))
    first, second = batches[:6], batches[6:]
    for epoch in (first, second):
        assert sorted(name for b in epoch for name in b.ids) == [row["id"] for row in tiny.rows(12)]
    assert [b.ids for b in first] != [b.ids for b in second]
    assert {name for b in first[:3] for name in b.ids} == {row["id"] for row in tiny.rows(6)}
    assert [name for b in first for name in b.ids] != [row["id"] for row in tiny.rows(12)]


def test_nothing_to_train_on_is_said():
    with pytest.raises(TrainingStoppedError, match="there are no rows to train on"):
        mapped([])
    empty = dataset(4).to_iterable_dataset().filter(lambda row: False)
    with pytest.raises(TrainingStoppedError, match="the stream has no rows to train on"):
        next(StreamedPairs(empty, batch_size=2, resolution=RESOLUTION, seed=0, block=5).batches(0, None))


def test_a_row_without_a_target_is_named():
    row = tiny.row(0) | {"target_image": None}
    with pytest.raises(
        TrainingStoppedError, match=r"row sim-tiny-00000: target_image is null; train on rows with both"
    ):
        pair_of(row)
    assert pair_of(tiny.row(0)).source.mode == "RGB"
    assert isinstance(pair_of(tiny.row(0)).target, Image.Image)


@pytest.mark.parametrize("form", ["list", "mapped", "streamed"])
def test_scenes_that_are_held_out_are_not_trained_on(form):
    given = {"list": lambda: rows(12), "mapped": lambda: dataset(12)}.get(form)
    given = given() if given else dataset(12).to_iterable_dataset()
    held, left = hold_out(given, 3, limit=5)  # a scene has two rows
    assert [row["id"] for row in held] == [f"sim-tiny-{i:05d}" for i in range(3)]
    assert [row["id"] for row in left] == [f"sim-tiny-{i:05d}" for i in range(4, 9)]
    held, left = hold_out(given, 0)
    assert held == []
    assert len(list(left)) == 12


def test_holding_all_out_is_refused():
    with pytest.raises(TrainingStoppedError, match="all 4 rows are of the scenes of the first 4, which are held out"):
        hold_out(rows(4), 4)
