import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf.pipelines import load_editor
from gsi_bench_hf.types import Sample

SAMPLE = Sample({"id": "sim-tabletop-00007", "subset": "sim-tabletop"})


def answer(folder):
    editor = load_editor(f"folder:{folder}")
    return editor(image=Image.new("RGB", (8, 8)), prompt="Move it.", sample=SAMPLE, seed=0).images[0]


@pytest.mark.parametrize("name", ["{id}.png", "{id}.jpg", "edited/{subset}/{id}.png"])
def test_images_are_found_under_both_namings(tmp_path, name):
    path = tmp_path / name.format(id=SAMPLE.id, subset=SAMPLE.subset)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (200, 10, 30)).save(path)
    image = answer(tmp_path)
    assert image.size == (8, 6)
    assert np.abs(np.asarray(image, dtype=int) - (200, 10, 30)).max() < 6


def test_an_id_with_dots_is_taken_whole(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "scene.v1.png")
    editor = load_editor(f"folder:{tmp_path}")
    dotted = Sample({"id": "scene.v2", "subset": "real"})
    with pytest.raises(FileNotFoundError, match=r"record scene\.v2: no edited image"):
        editor(image=Image.new("RGB", (2, 2)), prompt="", sample=dotted)


def test_a_missing_image_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"looked for .*/sim-tabletop-00007\.png and .*/edited/sim-tabletop/sim-tabletop-00007\.png",
    ):
        answer(tmp_path)


@pytest.mark.parametrize("left", [0.005, 0.6], ids=["no image any more", "cut off"])
def test_a_damaged_image_is_named(tmp_path, left):
    path = tmp_path / f"{SAMPLE.id}.png"
    Image.effect_noise((64, 64), 50).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(left * len(whole))])
    with pytest.raises(
        OSError, match=r"record sim-tabletop-00007: .*00007\.png can't be read as an image .*; make it again"
    ):
        answer(tmp_path)


def write_map(folder, name, text):
    (folder / "out").mkdir()
    Image.new("RGB", (8, 6), (200, 10, 30)).save(folder / "out" / "first.png")
    (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.csv", "id,image,note\nsim-tabletop-00007,out/first.png,good\n"),
        (
            "map.csv",
            "\ufeffsubset,sample_id,path\nreal,sim-tabletop-00007,x.png\nsim-tabletop,sim-tabletop-00007,out/first.png\n",
        ),
        ("map.jsonl", '{"id": "sim-tabletop-00007", "image": "out/first.png"}\n\n{"id": "other", "image": "b.png"}\n'),
    ],
)
def test_a_map_names_the_images(tmp_path, name, text):
    write_map(tmp_path, name, text)
    for editor in (load_editor(f"folder:{tmp_path}", map=name), load_editor(f"folder:{tmp_path / name}")):
        image = editor(image=Image.new("RGB", (8, 8)), prompt="", sample=SAMPLE).images[0]
        assert image.getpixel((0, 0)) == (200, 10, 30)
        assert editor.provenance()["arguments"]["map"] == str(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        (
            "map.csv",
            "id,picture\na,b\n",
            ValueError,
            "line 2 of .*map.csv has the fields id, picture; expected 'id' and 'image'",
        ),
        (
            "map.jsonl",
            '{"id": "a", "image": "b"}\n{"id": "a", "image": "c"}\n',
            ValueError,
            "line 2 .* names 'a' a second time",
        ),
        ("map.jsonl", "{\n", ValueError, "line 1 of .*map.jsonl is no JSON"),
        ("map.jsonl", "[1]\n", ValueError, "line 1 of .*map.jsonl is list, expected an object"),
        (
            "map.csv",
            "id,image\nother,b.png\n",
            FileNotFoundError,
            r"record sim-tabletop-00007: no edited image; .*map.csv has no line",
        ),
        (
            "map.csv",
            "id,image\nsim-tabletop-00007,b.png\n",
            FileNotFoundError,
            r"map.csv names .*b.png, and there is no such file",
        ),
    ],
)
def test_maps_that_can_not_be_read(tmp_path, name, text, error, message):
    write_map(tmp_path, name, text)
    with pytest.raises(error, match=message):
        load_editor(f"folder:{tmp_path / name}")(image=Image.new("RGB", (8, 8)), prompt="", sample=SAMPLE)


def test_a_missing_map_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no map .*edits.csv; expected a .csv or .jsonl file"):
        load_editor(f"folder:{tmp_path / 'edits.csv'}")
