import os
import signal
from pathlib import Path

import datasets
import pytest

import gsi_bench_hf  # noqa: F401 - registers gsi-bench
from gsi_bench_hf.data import builder
from gsi_bench_hf.data.repo import build
from gsi_bench_hf.data.subsets import SUBSETS, UnavailableConfigError
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.types import Sample

NUM_ROWS = 6

LOAD = """
import gsi_bench_hf
from datasets import load_dataset
rows = load_dataset("gsi-bench", "sim-tabletop", split="test", num_samples=3)
print(rows.cache_files[0]["filename"], *rows["id"], rows[0]["source_image"].size, sep="|")
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def rows(cache):
    return datasets.load_dataset("gsi-bench", "sim-tabletop", split="test", num_samples=NUM_ROWS, cache_dir=cache)


def raw(rows):
    """Rows with their images as stored bytes."""
    return rows.data.table.to_pylist()


def test_rows_are_records(rows):
    assert rows.features == builder.features()
    assert rows["id"] == [f"sim-tabletop-{k:05d}" for k in range(NUM_ROWS)]
    assert [rows.features["operation"].int2str(k) for k in rows["operation"]] == ["move", "rotate", "scale"] * 2
    sample = Sample(rows[0])
    assert sample.source_image.size == (sample.camera.width, sample.camera.height)
    assert sample.target_mask.any()
    assert sample.target_id in [item.instance_id for item in sample.objects]


@pytest.mark.slow
def test_from_any_directory_without_the_network_and_from_the_cache_the_second_time(python, hub):
    cached, *first = python.run(LOAD).strip().split("|")
    assert first == ["sim-tabletop-00000", "sim-tabletop-00001", "sim-tabletop-00002", "(512, 512)"]
    made_ns = Path(cached).stat().st_mtime_ns
    no_generator = "import gsi_bench_hf.synth.generate as g; g.generate_rows = None\n"
    assert python.run(no_generator + LOAD).strip().split("|") == [cached, *first]
    assert Path(cached).stat().st_mtime_ns == made_ns
    assert hub.asked == []


def test_the_loopback_hub_would_have_noticed(python, hub):
    code = 'import gsi_bench_hf, datasets\ndatasets.load_dataset("gsi-bench-of-nobody")'
    assert "on the Hugging Face Hub" in python.run(code, check=False).stderr
    assert any("gsi-bench-of-nobody" in path for path in hub.asked)


def test_importing_this_package_first_or_last_makes_no_difference(python):
    names = 'print(datasets.get_dataset_config_names("gsi-bench"))'
    first = python.run(f"import gsi_bench_hf, datasets\n{names}")
    last = python.run(f"import datasets, gsi_bench_hf\n{names}")
    assert first == last == f"{list(SUBSETS)}\n"


def test_a_function_that_was_imported_before_knows_the_name_too(python):
    code = """
from datasets import load_dataset_builder
import gsi_bench_hf
print(load_dataset_builder("gsi-bench", "real").info.license)
"""
    assert "ScanNet++" in python.run(code)


def test_processes_give_the_same_rows_in_the_same_order(rows, tmp_path):
    shared = datasets.load_dataset(
        "gsi-bench", "sim-tabletop", split="test", num_samples=NUM_ROWS, cache_dir=str(tmp_path), num_proc=2
    )
    assert raw(shared) == raw(rows)


def test_streaming_gives_the_same_rows(rows, tmp_path):
    stream = datasets.load_dataset(
        "gsi-bench", "sim-tabletop", split="test", num_samples=NUM_ROWS, streaming=True, cache_dir=str(tmp_path)
    )
    taken = list(stream.take(2))
    assert [row["id"] for row in taken] == rows["id"][:2]
    assert taken[1]["source_image"].tobytes() == rows[1]["source_image"].tobytes()
    assert taken[1]["edit"] == rows[1]["edit"]
    assert list(tmp_path.rglob("*.arrow")) == []


def test_fewer_samples_are_a_prefix_and_another_seed_is_another_world(rows, cache):
    def load(**kwargs):
        return datasets.load_dataset(
            "gsi-bench", "sim-tabletop", split="test", cache_dir=cache, num_samples=2, **kwargs
        )

    assert raw(load()) == raw(rows)[:2]
    other = load(seed=1)
    assert raw(other)[0]["scene"] != raw(rows)[0]["scene"]
    assert raw(load()) == raw(rows)[:2]


@pytest.mark.slow
@pytest.mark.parametrize("num_proc", [1, 2])
def test_a_killed_generation_leaves_nothing_behind_that_is_read(python, rows, num_proc):
    noisy = """
import gsi_bench_hf.synth.generate as generate
made = generate.generate_rows
def tell(*args, **kwargs):
    for row in made(*args, **kwargs):
        print(row["id"], flush=True)
        yield row
generate.generate_rows = tell
"""
    process = python.start(noisy + LOAD.replace("num_samples=3", f"num_samples={NUM_ROWS}, num_proc={num_proc}"))
    assert process.stdout.readline().startswith("sim-tabletop-")
    os.killpg(process.pid, signal.SIGKILL)  # with its workers: they would keep the lock that `datasets` holds
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    code = LOAD.replace("num_samples=3", f"num_samples={NUM_ROWS}")
    cached, *rest = python.run(code).strip().split("|")
    assert rest[:-1] == rows["id"]
    assert raw(datasets.Dataset.from_file(cached)) == raw(rows)


def test_arguments_that_say_the_default_share_its_cache():
    default = datasets.load_dataset_builder("gsi-bench", "sim-tabletop").cache_dir
    assert datasets.load_dataset_builder("gsi-bench", "sim-tabletop", num_samples=600, seed=0).cache_dir == default
    assert datasets.load_dataset_builder("gsi-bench", "sim-tabletop", num_samples=None).cache_dir == default
    others = [
        datasets.load_dataset_builder("gsi-bench", "sim-tabletop", **{key: 7}).cache_dir
        for key in ("num_samples", "seed")
    ]
    assert len({default, *others}) == 3


def test_the_cache_is_named_after_the_generator(monkeypatch):
    before = builder.cache_hash()
    monkeypatch.setattr("gsi_bench_hf.synth.GENERATOR_VERSION", "another")
    assert builder.cache_hash() != before
    assert datasets.load_dataset_builder("gsi-bench", "sim-tabletop").cache_dir.endswith(builder.cache_hash())


def test_names_splits_and_sizes_can_be_asked_for():
    assert datasets.get_dataset_config_names("gsi-bench") == list(SUBSETS)
    assert datasets.get_dataset_split_names("gsi-bench", "sim-tabletop") == ["test"]
    info = datasets.load_dataset_builder("gsi-bench", "sim-train").info
    assert info.splits["train"].num_examples == 10_500


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("name", [name for name in SUBSETS if not SUBSETS[name].built])
def test_configs_to_come_exist_by_name_and_say_so(name, streaming, tmp_path):
    with pytest.raises(UnavailableConfigError, match=f"config '{name}' .*'{SUBSETS[name].instead}'"):
        datasets.load_dataset("gsi-bench", name, streaming=streaming, cache_dir=str(tmp_path))


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        ("sim-tabeltop", {}, r"BuilderConfig 'sim-tabeltop' not found. Available: \['sim-tabletop', "),
        (None, {}, r"Config name is missing.*\n.*'sim-tabletop'"),
        ("sim-tabletop", {"num_samples": -1}, "num_samples is -1, expected an integer >= 0"),
        ("sim-tabletop", {"num_samples": 2.5}, "num_samples is 2.5, expected an integer >= 0"),
        ("sim-tabletop", {"seed": "x"}, "seed is 'x', expected an integer >= 0"),
        ("sim-tabletop", {"num_sample": 3}, "doesn't have a 'num_sample' key"),
        ("sim-tabletop", {"data_dir": "somewhere"}, "rendered here and reads no files"),
        ("real", {"data_dir": "somewhere"}, "found no released files in data_dir='somewhere'.*fine_dataset.zip"),
        ("train", {"hub_repo": "me/copy"}, "the Hub dataset 'me/copy'"),
    ],
)
def test_bad_arguments(config, arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        datasets.load_dataset("gsi-bench", config, cache_dir=str(tmp_path), **arguments)


def test_an_unknown_renderer_suggests(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown renderer 'mujocu'. Did you mean 'mujoco'"):
        datasets.load_dataset("gsi-bench", "sim-tabletop", renderer="mujocu", cache_dir=str(tmp_path))


@pytest.mark.parametrize(
    "value", ["glx", "nonsense"]
)  # MuJoCo takes the one in its stride, and refuses the other on import
def test_opengl_that_draws_nothing_here_is_said_plainly(python, value):
    python.env["MUJOCO_GL"] = value
    last = python.run(LOAD, check=False).stderr.strip().splitlines()[-1]
    assert last.startswith(
        f"gsi_bench_hf.synth.render.RendererError: MUJOCO_GL is '{value}', expected 'egl' or 'osmesa'"
    )


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_built_folder_of_that_name_is_read(in_folder, rows):
    build("sim-tabletop", "gsi-bench", num_samples=2)
    cache = str(in_folder / "cache")
    found = datasets.load_dataset("gsi-bench", "sim-tabletop", split="test", cache_dir=cache)
    assert raw(found) == raw(rows)[:2]
    assert found.cache_files[0]["filename"].startswith(cache)
    asked = datasets.load_dataset_builder("gsi-bench", "sim-tabletop", num_samples=2)
    assert isinstance(asked, builder.GsiBench)  # arguments of the generator: it is meant
    with pytest.raises(UnavailableConfigError, match="config 'train' would come from the released 'training pairs'"):
        datasets.load_dataset("gsi-bench", "train", cache_dir=cache)


@pytest.mark.parametrize(
    "readme", [None, "# My notes", "---\nconfigs:\n- config_name: mine\n  data_files: x.csv\n---\n"]
)
def test_a_folder_of_that_name_without_the_config_is_left_alone(in_folder, readme):
    (in_folder / "gsi-bench").mkdir()
    (in_folder / "gsi-bench" / "x.csv").write_text("a\n1\n")
    if readme is not None:
        (in_folder / "gsi-bench" / "README.md").write_text(readme)
    assert isinstance(datasets.load_dataset_builder("gsi-bench", "sim-tabletop"), builder.GsiBench)
