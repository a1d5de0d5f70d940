"""An export for BAGEL, read by BAGEL's rules."""

import io
import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bagel_reader import Reader
from export_rows import SIZE_PX, export_row, export_rows
from PIL import Image, ImageChops

from gsi_bench_hf.export import export_pairs

NUM_ROWS = 47


@pytest.fixture(scope="module")
def rows():
    return export_rows(NUM_ROWS)


@pytest.fixture(scope="module")
def exported(rows, tmp_path_factory):
    out = tmp_path_factory.mktemp("bagel") / "pairs"
    export_pairs("bagel", rows, out, rows_per_file=10, rows_per_group=4)
    return out


def reader(folder, **options):
    return Reader(folder / "gsi_sim_train.yaml", folder / "dataset_info.json", **options)


def test_every_pair_is_read_once_with_its_own_images_and_words(exported):
    seen = {pair.id: pair for pair in reader(exported).epoch(rng=random.Random(0))}
    assert sorted(seen) == [f"sim-train-{i:05d}" for i in range(NUM_ROWS)]
    for number, pair in enumerate(seen[key] for key in sorted(seen)):
        row = export_row(number)
        assert pair.instruction == row["instruction"]
        assert pair.source.size == SIZE_PX
        for image, column in ((pair.source, "source_image"), (pair.target, "target_image")):
            wanted = Image.open(io.BytesIO(row[column]["bytes"])).convert("RGB")
            assert ImageChops.difference(image, wanted).getbbox() is None


def test_what_the_files_say_of_themselves_is_so(exported):
    entry = json.loads((exported / "dataset_info.json").read_text())["unified_edit"]["gsi_sim_train"]
    counts = json.loads(Path(entry["parquet_info_path"]).read_text())
    files = sorted(Path(entry["data_dir"]).iterdir())
    assert (entry["num_files"], entry["num_total_samples"]) == (len(files), NUM_ROWS) == (5, NUM_ROWS)
    assert sorted(counts) == [str(path) for path in files]
    for path in files:
        metadata = pq.read_metadata(path)
        assert counts[str(path)] == {"num_row_groups": metadata.num_row_groups, "num_rows": metadata.num_rows}
    assert [counts[str(path)]["num_row_groups"] for path in files] == [3, 3, 3, 3, 2]


def test_the_image_files_are_those_of_the_rows_byte_for_byte(exported):
    table = pq.read_table(exported / "editing" / "gsi_sim_train")
    for row in table.to_pylist():
        wanted = export_row(int(row["id"][-5:]))
        assert row["image_list"] == [wanted["source_image"]["bytes"], wanted["target_image"]["bytes"]]
        assert row["instruction_list"] == [[wanted["instruction"]]]


def test_processes_and_workers_share_the_pairs(exported):
    """14 row groups on 2 × 3 workers: two each, none twice; what does not divide is left out, as BAGEL leaves it out."""
    readers = [reader(exported, rank=rank, world_size=2, num_workers=3) for rank in range(2)]
    dealt = [group for one in readers for number in range(3) for group in one.worker(number)]
    assert len(dealt) == len(set(dealt)) == 12
    seen = Counter(pair.id for one in readers for pair in one.epoch(rng=random.Random(0)))
    assert set(seen.values()) == {1}
    assert len(seen) >= NUM_ROWS - 2 * 4


def test_a_row_group_mixes_scenes(exported):
    ids = (
        pq.ParquetFile(next((exported / "editing" / "gsi_sim_train").glob("*.parquet")))
        .read_row_group(0)["id"]
        .to_pylist()
    )
    assert len({int(name[-5:]) // 4 for name in ids}) > 1


def test_both_languages_are_alternatives_of_one_step(rows, tmp_path):
    export_pairs("bagel", rows.select(range(6)), tmp_path / "both", language="both")
    rng = random.Random(0)
    visits = [
        pair for _ in range(8) for pair in reader(tmp_path / "both").epoch(rng=rng) if pair.id == "sim-train-00000"
    ]
    assert {pair.instruction for pair in visits} == {export_row(0)["instruction"], export_row(0)["instruction_zh"]}


def test_a_copy_is_seen_after_its_root_was_named_and_not_before(rows, exported, tmp_path):
    there = tmp_path / "there"
    shutil.copytree(exported, there)
    moved = json.loads((there / "dataset_info.json").read_text())
    assert str(exported) in moved["unified_edit"]["gsi_sim_train"]["data_dir"]
    files = {path: path.stat().st_mtime_ns for path in there.rglob("*.parquet")}
    export_pairs("bagel", rows, there, rows_per_file=10, rows_per_group=4, root=there)
    assert {path: path.stat().st_mtime_ns for path in there.rglob("*.parquet")} == files
    shutil.rmtree(exported.parent / "away", ignore_errors=True)
    assert len(list(reader(there).epoch(rng=random.Random(0)))) == NUM_ROWS
    assert str(there) in (there / "README.md").read_text()
    assert str(exported) not in "".join(
        path.read_text() for path in there.rglob("*") if path.suffix in (".json", ".md", ".yaml")
    )


def test_the_lines_that_the_readme_wants_in_dataset_info_register_it(exported):
    code = (exported / "README.md").read_text().split("```python\n")[1].split("```")[0]
    code = "\n".join(line.removeprefix("   ") for line in code.splitlines())
    namespace = {"DATASET_INFO": {"unified_edit": {"seedxedit_multi": {}}, "vlm_sft": {}}}
    exec(code, namespace)
    assert sorted(namespace["DATASET_INFO"]["unified_edit"]) == ["gsi_sim_train", "seedxedit_multi"]
