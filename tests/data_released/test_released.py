import io
import json
import math
import tracemalloc
from pathlib import Path

import datasets
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from release_shaped import contents, make_release, metadata, picture

from gsi_bench_hf.data import released
from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.released_layout import list_edits
from gsi_bench_hf.data.released_metadata import FIELDS
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.types import Sample

SEED = 20260


@pytest.fixture
def rng():
    return np.random.default_rng(SEED)


@pytest.fixture
def folder(tmp_path, rng):
    make_release(tmp_path / "fine_dataset", rng=rng)
    return tmp_path / "fine_dataset"


def one_edit(folder: Path, *, rng, operation="move", **changes) -> Path:
    """A folder with one edit whose JSON is changed; a value of `...` takes the key away."""
    folder.mkdir(exist_ok=True)
    content = {**metadata(rng, operation), **changes}
    (folder / "a.jpg").write_bytes(picture(rng))
    (folder / "a_edit_0.json").write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))
    return folder / "a_edit_0.json"


def test_rows_are_what_the_files_say(folder):
    rows = list(released.read(folder, "real"))
    files = contents(folder)
    assert [row["id"] for row in rows[:6]] == [
        *(f"scene000_frame_000000_edit_{query}" for query in range(5)),
        "scene001_frame_000001_edit_0",
    ]
    for row in rows:
        assert row["scene_id"] == row["id"].rpartition("_edit_")[0]
        assert row["source_image"] == {
            "bytes": files[row["source_image"]["path"]],
            "path": row["source_image"]["path"],
        }
        content = files[f"{row['id']}.json"]
        assert row["instruction"] == content["prompt"]
        assert row["edit"]["original_bbox_3d"] == content.get("original_bbox_3d")
        assert (row["target_image"] is not None) == (row["operation"] == "view")
    first = rows[0]
    assert (first["subset"], first["environment"], first["operation"]) == ("real", "real", "move")
    assert first["provenance"]["generator"] == "GSI-Bench release"
    assert (first["camera"]["width"], first["camera"]["height"]) == (64, 48)
    assert {row["operation"] for row in rows} == {"move", "rotate", "scale", "remove", "view"}
    unsaid = [
        "scene",
        "objects",
        "target_objects",
        "depth",
        "segmentation",
        "difficulty",
        "instruction_zh",
        "reference",
    ]
    assert all(row[name] is None for row in rows for name in unsaid)


def test_rows_fit_the_schema_and_a_sample_reads_them(folder):
    rows = list(released.read(folder, "real"))
    dataset = datasets.Dataset.from_list([features().encode_example(row) for row in rows], features=features())
    for row, raw in zip(dataset, rows, strict=True):
        sample = Sample(row)
        assert sample.operation == raw["operation"]
        assert sample.source_image.size == (64, 48)
        if sample.operation != "view":
            assert sample.edit.original_box.center_m.tolist() == raw["edit"]["original_bbox_3d"][:3]
            assert sample.camera.intrinsics.tolist() == raw["camera"]["intrinsics"]


def test_a_folder_comes_back_with_the_same_values_and_bytes(folder, tmp_path):
    assert released.write(released.read(str(folder), "real"), str(tmp_path / "back")) == 15
    assert contents(tmp_path / "back") == contents(folder)


def test_a_folder_comes_back_from_arrow_too(folder, tmp_path):
    rows = [features().encode_example(row) for row in released.read(folder, "real")]
    dataset = datasets.Dataset.from_list(rows, features=features())
    dataset.to_parquet(tmp_path / "x.parquet")
    again = datasets.Dataset.from_parquet(str(tmp_path / "x.parquet"), cache_dir=str(tmp_path / "cache"))
    for name, source in (("map", dataset), ("stream", dataset.to_iterable_dataset()), ("parquet", again)):
        released.write(source, tmp_path / name)
        assert contents(tmp_path / name) == contents(folder), name
    assert isinstance(dataset[0]["source_image"], Image.Image)  # the caller's dataset still decodes


def test_decoded_images_keep_their_pixels(folder, tmp_path):
    rows = [features().encode_example(row) for row in released.read(folder, "real")]
    dataset = datasets.Dataset.from_list(rows, features=features())
    released.write(list(dataset), tmp_path / "back")
    for old, new in zip(dataset, released.read(tmp_path / "back", "real"), strict=True):
        assert new["source_image"]["path"].endswith(".png")
        pixels = np.asarray(Image.open(io.BytesIO(new["source_image"]["bytes"])))
        assert np.array_equal(pixels, np.asarray(old["source_image"]))


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64) | st.integers(-(2**53), 2**53)
lengths = st.floats(1e-300, 1e300) | st.integers(1, 2**53)
boxes = st.tuples(numbers, numbers, lengths, lengths, lengths, lengths, numbers).map(list)
cameras = st.tuples(lengths, numbers, numbers, lengths, numbers).map(
    lambda v: [[v[0], v[1], v[2]], [0, v[3], v[4]], [0, 0.0, 1]]
)


@st.composite
def rotations(draw):
    quaternion = np.array(draw(st.tuples(st.floats(0.01, 1), *[st.floats(-1, 1)] * 3)))
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    matrix = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    places = draw(st.sampled_from([3, 17]))  # some files will have rounded numbers
    rounded = np.round(matrix, places).tolist()
    off = np.abs(np.array(rounded) @ np.array(rounded).T - np.eye(3)).max()
    return rounded if off < 0.01 else np.eye(3).tolist()


words = st.text(st.characters(codec="utf-8"), max_size=30)
contents_ = st.fixed_dictionaries(
    {
        "prompt": st.sampled_from(["Move the ", "please ROTATE ", "Shrink ", "remove "]).flatmap(
            lambda verb: words.filter(lambda w: "camera" not in w.lower()).map(lambda w: f"{verb}it {w}")
        ),
        "target": words,
        "original_bbox_3d": boxes,
        "new_bbox_3d": boxes,
        "camera_intrinsics": cameras,
        "rotation_matrix": rotations(),
        "new_rotation_matrix": rotations(),
    }
)
identifiers = st.text("abcxyz0189_-", min_size=1, max_size=8).filter(lambda i: "gtedit_" not in i and "_edit" not in i)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.dictionaries(st.tuples(identifiers, st.integers(0, 20)), contents_, min_size=1, max_size=5))
def test_any_valid_metadata_comes_back(tmp_path_factory, edits):
    folder, back = tmp_path_factory.mktemp("there"), tmp_path_factory.mktemp("back")
    image = picture(np.random.default_rng(0), size=(8, 6))
    for (image_id, query), content in edits.items():
        (folder / f"{image_id}.jpg").write_bytes(image)
        (folder / f"{image_id}_edit_{query}.json").write_text(json.dumps(content))
    rows = [features().encode_example(row) for row in released.read(folder, "tabletop")]
    dataset = datasets.Dataset.from_list(rows, features=features())
    released.write(dataset, back)
    assert contents(back) == contents(folder)


def change(value, index, new):
    changed = json.loads(json.dumps(value))
    inner = changed
    for i in index[:-1]:
        inner = inner[i]
    inner[index[-1]] = new
    return changed


BOX = [0.1, 0.2, 2.0, 0.3, 0.3, 0.3, 0.0]
EYE = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
K = [[600, 0, 320], [0, 600, 240], [0, 0, 1]]
BAD = [
    ("move", {"prompt": ...}, "prompt", "missing key"),
    ("view", {"prompt": None}, "prompt", "missing key: it is null"),
    ("move", {"prompt": ["Move it"]}, "prompt", "wrong type"),
    ("move", {"prompt": "\ud800 move"}, "prompt", "wrong type: no valid Unicode"),
    ("move", {"prompt": "Dance with the mug"}, "prompt", "unknown operation: 'Dance"),
    ("move", {"target": ...}, "target", "missing key"),
    ("move", {"target": 7}, "target", "wrong type: 7, expected a text"),
    (
        "move",
        {"original_bbox_3d": ...},
        "original_bbox_3d",
        "missing key: the file has camera_intrinsics, .*; move needs it",
    ),
    ("move", {"new_bbox_3d": None}, "new_bbox_3d", "missing key: it is null; move needs it"),
    ("scale", {"new_bbox_3d": ...}, "new_bbox_3d", "missing key"),
    ("rotate", {"new_rotation_matrix": ...}, "new_rotation_matrix", "missing key"),
    ("remove", {"camera_intrinsics": ...}, "camera_intrinsics", "missing key"),
    ("remove", {"rotation_matrix": ...}, "rotation_matrix", "missing key"),
    ("move", {"original_bbox_3d": BOX[:6]}, "original_bbox_3d", "wrong length: .*, expected 7 numbers"),
    ("move", {"original_bbox_3d": [BOX]}, "original_bbox_3d", "wrong length"),
    ("move", {"original_bbox_3d": {"x": 1}}, "original_bbox_3d", "wrong type"),
    ("move", {"original_bbox_3d": change(BOX, [3], "0.3")}, "original_bbox_3d", 'wrong type: it holds "0.3"'),
    ("move", {"original_bbox_3d": change(BOX, [3], True)}, "original_bbox_3d", "wrong type: it holds true"),
    (
        "move",
        {"original_bbox_3d": change(BOX, [0], 2**53 + 1)},
        "original_bbox_3d",
        "wrong type: .* more digits than a double",
    ),
    ("move", {"original_bbox_3d": change(BOX, [0], 10**400)}, "original_bbox_3d", "not finite"),
    ("move", {"new_bbox_3d": change(BOX, [1], math.nan)}, "new_bbox_3d", "not finite: it holds NaN"),
    ("move", {"original_bbox_3d": change(BOX, [2], -2.0)}, "original_bbox_3d", "behind the camera: .* z = -2 m"),
    ("move", {"new_bbox_3d": change(BOX, [2], 0)}, "new_bbox_3d", "behind the camera"),
    ("scale", {"new_bbox_3d": change(BOX, [4], 0)}, "new_bbox_3d", "no volume"),
    ("move", {"rotation_matrix": EYE[:2]}, "rotation_matrix", "wrong length: .*, expected 3 x 3 numbers"),
    ("move", {"rotation_matrix": [1, 0, 0, 0, 1, 0, 0, 0, 1]}, "rotation_matrix", "wrong length"),
    ("move", {"rotation_matrix": change(EYE, [1, 1], math.inf)}, "rotation_matrix", "not finite"),
    ("move", {"rotation_matrix": change(EYE, [1, 1], 1.01)}, "rotation_matrix", "not a rotation: .* 0.02 off"),
    ("move", {"rotation_matrix": change(EYE, [1, 1], -1)}, "rotation_matrix", "not a rotation"),
    ("move", {"rotation_matrix": change(EYE, [1, 1], 1e300)}, "rotation_matrix", "not a rotation"),
    ("rotate", {"new_rotation_matrix": change(EYE, [0, 1], 0.5)}, "new_rotation_matrix", "not a rotation"),
    ("move", {"camera_intrinsics": change(K, [0, 0], -600)}, "camera_intrinsics", "no camera"),
    ("move", {"camera_intrinsics": change(K, [2, 2], 0)}, "camera_intrinsics", "no camera"),
    ("view", {"rotation_matrix": EYE[:1]}, "rotation_matrix", "wrong length"),
]


@pytest.mark.parametrize(("operation", "changes", "field", "match"), BAD)
def test_bad_metadata_names_file_and_field(tmp_path, rng, operation, changes, field, match):
    file = one_edit(tmp_path, rng=rng, operation=operation, **changes)
    with pytest.raises(released.ReleasedDataError, match=f"a_edit_0.json: {field}: {match}") as caught:
        list(released.read(tmp_path, "real"))
    assert (caught.value.file, caught.value.field) == (file, field)
    problems: list = []
    assert list(released.read(tmp_path, "real", on_error="skip", problems=problems)) == []
    assert [(p.field, p.reason) for p in problems] == [(field, caught.value.reason)]


@pytest.mark.parametrize("text", ["", "[1, 2]", "{'prompt': 1}", '{"prompt": "Move', "\x00", "[" * 100_000])
def test_what_is_not_json_is_named(tmp_path, rng, text):
    one_edit(tmp_path, rng=rng).write_text(text)
    with pytest.raises(released.ReleasedDataError, match=r"a_edit_0\.json: file: not JSON: "):
        list(released.read(tmp_path, "real"))


def test_a_file_in_another_encoding_is_named(tmp_path, rng):
    file = one_edit(tmp_path, rng=rng)
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content), encoding="utf-8-sig")
    assert len(list(released.read(tmp_path, "real"))) == 1
    file.write_bytes(json.dumps({**content, "target": "Stühle"}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(released.ReleasedDataError, match="not JSON: 'utf-8' codec can't decode"):
        list(released.read(tmp_path, "real"))


@pytest.mark.parametrize(
    "damage", [lambda d: d[: len(d) // 2], lambda d: b"", lambda d: b"GIF89a" + d, lambda d: d[:200]]
)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_an_unreadable_image_is_named(tmp_path, rng, damage, suffix):
    one_edit(tmp_path, rng=rng)
    (tmp_path / "a.jpg").unlink()
    (tmp_path / f"a{suffix}").write_bytes(damage(picture(rng, suffix)))
    with pytest.raises(released.ReleasedDataError, match=rf"a\{suffix}: image: unreadable image: \w+"):
        list(released.read(tmp_path, "real"))


def test_an_unreadable_target_image_is_named(folder):
    (folder / "scene001_frame_000001_view_gtedit_3.png").write_bytes(b"no image")
    with pytest.raises(released.ReleasedDataError, match=r"gtedit_3\.png: target image: unreadable image"):
        list(released.read(folder, "real"))


def test_an_image_that_would_fill_the_memory_is_named(tmp_path, rng, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    one_edit(tmp_path, rng=rng)
    with pytest.raises(released.ReleasedDataError, match=r"a\.jpg: image: unreadable image: DecompressionBomb"):
        list(released.read(tmp_path, "real"))


def test_images_that_are_missing_or_double_are_named(tmp_path, rng):
    one_edit(tmp_path, rng=rng)
    (tmp_path / "a.png").write_bytes(picture(rng, ".png"))
    with pytest.raises(released.ReleasedDataError, match=r"image: duplicate image: a is a\.jpg and a\.png"):
        list(released.read(tmp_path, "real"))
    (tmp_path / "a.png").unlink()
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(
        released.ReleasedDataError, match=r"a_edit_0\.json: image: missing image: expected a\.jpg or a\.png"
    ):
        list(released.read(tmp_path, "real"))


def test_double_ids_and_double_targets_are_named(tmp_path, rng):
    file = one_edit(tmp_path, rng=rng)
    (tmp_path / "a_edit_0.JSON").write_bytes(file.read_bytes())
    with pytest.raises(
        released.ReleasedDataError, match=r"id: duplicate id: a_edit_0 stands in a_edit_0\.JSON and a_edit_0\.json"
    ):
        list(released.read(tmp_path, "real"))
    (tmp_path / "a_edit_0.JSON").unlink()
    for name in ("a_x_gtedit_0.png", "a_y_gtedit_0.jpg"):
        (tmp_path / name).write_bytes(picture(rng))
    with pytest.raises(released.ReleasedDataError, match=r"target image: duplicate image: a_x_gtedit_0\.png and a_y_"):
        list(released.read(tmp_path, "real"))


def test_skip_keeps_going_and_counts_by_reason(folder):
    (folder / "scene000_frame_000000.jpg").write_bytes(b"")
    (folder / "scene001_frame_000001_edit_2.json").write_text("{}")
    problems: list = []
    rows = list(released.read(folder, "real", on_error="skip", problems=problems))
    assert (len(rows), len(problems)) == (9, 6)
    assert released.summary(problems) == "left out 6 (missing key: 1, unreadable image: 5)"
    with pytest.warns(
        released.ReleasedDataWarning, match=r"left out 6 \(missing key: 1, unreadable image: 5\) of 15 edits; first: "
    ):
        list(released.read(folder, "real", on_error="skip"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
names_of_no_field = st.text().filter(lambda name: name not in FIELDS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=st.dictionaries(names_of_no_field, json_values, max_size=4), nulls=st.sets(st.sampled_from(FIELDS)))
def test_other_keys_and_nulls_come_back(tmp_path_factory, extra, nulls):
    # A view edit needs nothing but its prompt, so that anything else may be null.
    folder, back = tmp_path_factory.mktemp("there"), tmp_path_factory.mktemp("back")
    content = {**extra, **dict.fromkeys(nulls), "prompt": "Look up by 30 degrees. 抬头"}
    (folder / "a.jpg").write_bytes(picture(np.random.default_rng(0), size=(8, 6)))
    (folder / "a_edit_0.json").write_text(json.dumps(content))
    rows = [features().encode_example(row) for row in released.read(folder, "room")]
    assert (rows[0]["provenance"]["extra"] is None) == (not extra and not nulls - {"prompt"})
    released.write(datasets.Dataset.from_list(rows, features=features()), back)
    assert contents(back) == contents(folder)


def test_ids_with_marks_and_prefixes_find_their_files(tmp_path, rng):
    names = ["a", "a_1", "a_edit_b", "x.y"]
    for name in names:
        (tmp_path / f"{name}.jpg").write_bytes(picture(rng))
        (tmp_path / f"{name}_edit_1.json").write_text(json.dumps(metadata(rng, "view")))
    for query in ("10", "2_b", "b_edit_7"):
        (tmp_path / f"a_edit_{query}.json").write_text(json.dumps(metadata(rng, "view")))
    wanted = {
        "a_gtedit_10.png": "a_edit_10",
        "a_1_gtedit_1.png": "a_1_edit_1",
        "a_cam_gtedit_1_left.png": "a_edit_1",
        "a_gtedit_2_b.jpeg": "a_edit_2_b",
        "x.y_gtedit_1.png": "x.y_edit_1",
        "a_edit_b_gtedit_1.png": "a_edit_b_edit_1",
    }
    for name in [*wanted, "a_gtedit_3.png", "gtedit_1.png", "._a_gtedit_1.png", "notes.json", ".hidden_edit_1.json"]:
        (tmp_path / name).write_bytes(picture(rng))
    edits = list_edits(tmp_path)
    # "a_edit_b_edit_7" is edit 7 of the image "a_edit_b", which is there, and not edit "b_edit_7" of "a".
    assert [e.id for e in edits] == [
        "a_edit_1",
        "a_edit_2_b",
        "a_edit_10",
        "a_1_edit_1",
        "a_edit_b_edit_1",
        "a_edit_b_edit_7",
        "x.y_edit_1",
    ]
    assert {e.image_id for e in edits} == set(names)
    assert {target: e.id for e in edits for target in e.targets} == wanted
    released.write(released.read(tmp_path, "room"), tmp_path / "back")
    assert {p.name for p in (tmp_path / "back").glob("*gtedit*")} == set(wanted)


def test_arguments_and_folders_that_make_no_sense(tmp_path):
    with pytest.raises(ValueError, match="on_error is 'ignore', expected 'raise' or 'skip'"):
        released.read(tmp_path, "real", on_error="ignore")
    with pytest.raises(UnknownNameError, match=r"unknown config 'reel'\. Did you mean 'real'"):
        released.read(tmp_path, "reel")
    with pytest.raises(FileNotFoundError, match=r"no edits, expected files like <img_id>_edit_<query>\.json"):
        released.read(tmp_path, "real")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        released.read(tmp_path / "no", "real")


def test_write_refuses_what_it_would_lose(folder, tmp_path):
    rows = list(released.read(folder, "real"))
    with pytest.raises(ValueError, match="two records have the id 'scene000_frame_000000_edit_0'"):
        released.write([rows[0], rows[0]], tmp_path / "a")
    with pytest.raises(ValueError, match=r"'\.\./x' can't name a file"):
        released.write([{**rows[0], "id": "../x"}], tmp_path / "b")
    with pytest.raises(ValueError, match="has no source_image; the layout needs it"):
        released.write([{**rows[0], "source_image": None}], tmp_path / "c")
    other = {**rows[1], "source_image": {**rows[1]["source_image"], "bytes": rows[-1]["source_image"]["bytes"]}}
    with pytest.raises(FileExistsError, match=r"scene000_frame_000000\.jpg: is there with another content"):
        released.write([rows[0], other], tmp_path / "d")
    other = {**rows[1], "source_image": {**rows[1]["source_image"], "path": "x.png"}}
    with pytest.raises(ValueError, match=r"an earlier one scene000_frame_000000\.jpg; expected one image"):
        released.write([rows[0], other], tmp_path / "e")
    assert released.write(rows, tmp_path / "f") == released.write(rows, tmp_path / "f")  # the same again is fine


def test_a_record_of_another_source_is_an_image_of_its_own(folder, tmp_path):
    row = {**next(released.read(folder, "real")), "id": "sim-tabletop-00004", "scene_id": "sim-tabletop-s00001"}
    released.write([row], tmp_path / "back")
    assert sorted(p.name for p in (tmp_path / "back").iterdir()) == [
        "sim-tabletop-00004.jpg",
        "sim-tabletop-00004_edit_0.json",
    ]


def test_reading_holds_one_image_at_a_time(tmp_path, rng):
    make_release(tmp_path / "x", rng=rng, images=60, operations=("move",), size=(640, 480))
    noise = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)).save(noise, "PNG")  # 900 kB each
    for file in (tmp_path / "x").glob("*.jpg"):
        file.write_bytes(noise.getvalue())
    tracemalloc.start()
    try:
        count = sum(1 for _ in released.read(tmp_path / "x", "real"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 60
    assert peak < 10 * len(noise.getvalue())  # all of them would be 40 times as much
