import itertools
import shutil

import datasets
import pyarrow.parquet as pq
import pytest

from gsi_bench_hf.data.merge import MergeError, merge
from gsi_bench_hf.data.repo import build

NUM_ROWS, NUM_SHARDS = 4, 2
PLAN = {"num_samples": NUM_ROWS, "num_shards": NUM_SHARDS}
NAMES = [f"data/sim-tabletop/test-{i:05d}-of-{NUM_SHARDS:05d}.parquet" for i in range(NUM_SHARDS)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return build("sim-tabletop", tmp_path_factory.mktemp("whole"), **PLAN)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The two shards, each built in a folder of its own."""
    folder = tmp_path_factory.mktemp("made")
    return [build("sim-tabletop", folder / str(i), shards=range(i, i + 1), **PLAN) for i in range(NUM_SHARDS)]


@pytest.fixture
def parts(made, tmp_path):
    return [shutil.copytree(part, tmp_path / part.name) for part in made]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rewrite(path, change=lambda table: table, drop=None):
    """Write a Parquet file again with other rows, what it says of itself unchanged."""
    table = pq.read_table(path)
    metadata = {k: v for k, v in table.schema.metadata.items() if k != drop}
    pq.write_table(change(table).replace_schema_metadata(metadata), path)


def test_a_part_is_its_shards_alone(made):
    for i, part in enumerate(made):
        assert list(contents(part)) == [NAMES[i]]


def test_parts_become_what_one_build_makes_byte_for_byte(whole, parts, tmp_path):
    assert contents(merge(reversed(parts), tmp_path / "out")) == contents(whole)
    rows = datasets.load_dataset(
        str(tmp_path / "out"),
        "sim-tabletop",
        split="test",
        cache_dir=str(tmp_path / "cache"),
        verification_mode="all_checks",
    )
    assert rows["id"] == [f"sim-tabletop-{k:05d}" for k in range(NUM_ROWS)]


def test_a_part_can_take_in_the_others_and_merging_again_changes_nothing(whole, parts):
    for _ in range(2):
        assert contents(merge([parts[1]], merge(parts, parts[0]))) == contents(whole)


def test_what_is_missing_is_named_with_the_command_that_makes_it(parts, tmp_path):
    message = r"1 of 2 shards of sim-tabletop are in none of the parts: 1:2/2; .*build sim-tabletop --shards 1:2/2 --num-samples 4 "
    with pytest.raises(MergeError, match=message):
        merge(parts[:1], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def changed_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1  # somewhere in an image
    path.write_bytes(data)


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def another_instruction(path):
    def change(table):
        i = table.schema.get_field_index("instruction")
        words = [f"{text} now" for text in table.column(i).to_pylist()]
        return table.set_column(i, table.schema.field(i), [words])

    rewrite(path, change)


def one_row_less(path):
    rewrite(path, lambda table: table.slice(1))


def one_column_less(path):
    rewrite(path, lambda table: table.drop_columns(["difficulty"]))


def nothing_said(path):
    rewrite(path, drop=b"gsi_bench")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (changed_byte, "is damaged"),
        (truncated, "is damaged, or not of `gsi-bench build`"),
        (nothing_said, "is damaged, or not of `gsi-bench build`"),
        (another_instruction, "was changed after it was made"),
        (one_row_less, "should hold the rows sim-tabletop-00000 to sim-tabletop-00002, but does not"),
        (one_column_less, "has other columns"),
    ],
)
def test_damage_is_found_and_named(parts, tmp_path, damage, message):
    path = parts[0] / NAMES[0]
    damage(path)
    with pytest.raises(MergeError, match=rf"^{path} {message}"):
        merge(parts, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_parts_of_different_builds_are_not_mixed(parts, tmp_path):
    other = build("sim-tabletop", tmp_path / "other", num_samples=NUM_ROWS, num_shards=1)
    for order in itertools.permutations([*parts, other]):
        with pytest.raises(MergeError, match=r"are of different builds: num_shards is [12], not [12] there"):
            merge(order, tmp_path / "out")


def test_the_same_shard_with_other_rows_is_refused(parts, tmp_path):
    twin = shutil.copytree(parts[0], tmp_path / "twin")
    assert merge([*parts, twin], tmp_path / "out").is_dir()
    path = twin / NAMES[0]
    said = pq.read_schema(path).metadata
    table = pq.read_table(path)
    said[b"gsi_bench_made"] = said[b"gsi_bench_made"].replace(b'"fingerprint": "', b'"fingerprint": "f')
    pq.write_table(table.replace_schema_metadata(said), path)
    with pytest.raises(MergeError, match="are the same shard with different rows"):
        merge([*parts, twin], tmp_path / "out")


def test_what_is_no_part_is_refused(tmp_path):
    with pytest.raises(MergeError, match="has no folder 'data', expected one that `gsi-bench build` made"):
        merge([tmp_path], tmp_path / "out")
    (tmp_path / "data").mkdir()
    with pytest.raises(MergeError, match=r"no Parquet files in .*nothing to merge"):
        merge([tmp_path], tmp_path / "out")
