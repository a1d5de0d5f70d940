"""A `DataLoader` with workers over streamed rows: each worker renders, or reads, shards of its own."""

import datasets
import pytest

import gsi_bench_hf  # noqa: F401 - registers gsi-bench
from gsi_bench_hf.data.repo import build
from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.synth.configs import CONFIGS

NUM_ROWS = 9  # three scenes

LOADER = """
import sys, datasets, gsi_bench_hf, torch
name, rows = sys.argv[1], int(sys.argv[2])
options = {"num_samples": rows} if name == "gsi-bench" else {}
stream = datasets.load_dataset(name, "sim-tabletop", split="test", streaming=True, **options)
loader = torch.utils.data.DataLoader(stream, batch_size=None, num_workers=2)
for row in loader:
    print(row["id"], row["source_image"].size[0], hash(row["source_image"].tobytes()) % 10**9, sep="|", flush=True)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build("sim-tabletop", tmp_path_factory.mktemp("built"), num_samples=NUM_ROWS, num_shards=3)


@pytest.fixture(scope="module")
def ids():
    return [f"sim-tabletop-{k:05d}" for k in range(NUM_ROWS)]


def through_a_loader(python, name):
    python.env["PYTHONHASHSEED"] = "0"
    code = LOADER.replace("sys.argv[1]", repr(str(name))).replace("sys.argv[2]", str(NUM_ROWS))
    return [line.split("|") for line in python.run(code).splitlines()]


@pytest.mark.slow
def test_workers_render_and_read_every_row_once_and_the_same(python, built, ids):
    rendered, read = through_a_loader(python, "gsi-bench"), through_a_loader(python, built)
    assert sorted(rendered) == sorted(read)
    assert sorted(row[0] for row in rendered) == ids
    assert [row[0] for row in rendered] != ids  # two workers took turns


@pytest.mark.parametrize("name", [name for name in CONFIGS if SUBSETS[name].built])
def test_a_stream_has_a_shard_for_every_cycle_of_scenes(name, tmp_path):
    spec = CONFIGS[name]
    builder = datasets.load_dataset_builder("gsi-bench", name, cache_dir=str(tmp_path))
    stream = builder.as_streaming_dataset(split=SUBSETS[name].split)
    assert stream.num_shards == -(-spec.num_rows // spec.rows_a_cycle)


def test_a_shuffled_stream_draws_from_several_shards_and_goes_on_where_it_was(built, ids):
    stream = datasets.load_dataset(str(built), "sim-tabletop", split="test", streaming=True)
    assert stream.num_shards == 3
    shuffled = [row["id"] for row in stream.select_columns(["id"]).shuffle(seed=3, buffer_size=4)]
    assert sorted(shuffled) == ids != shuffled
    stream, seen = stream.select_columns(["id"]), []
    for row in stream:
        seen.append(row["id"])
        if len(seen) == 4:
            break
    resumed = datasets.load_dataset(str(built), "sim-tabletop", split="test", streaming=True).select_columns(["id"])
    resumed.load_state_dict(stream.state_dict())
    assert seen + [row["id"] for row in resumed] == ids


def test_splitting_by_node_gives_each_node_its_own_scenes(built, ids):
    from datasets.distributed import split_dataset_by_node

    stream = datasets.load_dataset(str(built), "sim-tabletop", split="test", streaming=True).select_columns(["id"])
    nodes = [[row["id"] for row in split_dataset_by_node(stream, rank, 3)] for rank in range(3)]
    assert nodes == [ids[0:3], ids[3:6], ids[6:9]]
