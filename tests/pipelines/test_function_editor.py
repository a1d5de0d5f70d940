import json

import numpy as np
import pytest
import tiny
from PIL import Image

from gsi_bench_hf.pipelines import load_editor

SOURCE = Image.new("RGB", (8, 6), (200, 10, 30))

MODULE = """
from PIL import ImageOps

def invert(image, prompt, strength=1):
    return ImageOps.invert(image) if strength else image

class Mirror:
    name = "mirror"
    def __init__(self, axis="x"):
        self.axis = axis
    def __call__(self, *, image, prompt, generator=None):
        class Answer:
            images = [ImageOps.mirror(image)]
        return Answer

number = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "their_editors.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_function_of_image_and_prompt_is_an_editor(module):
    editor = load_editor("python:their_editors:invert")
    assert np.asarray(editor(image=SOURCE, prompt="x", generator=None).images[0])[0, 0].tolist() == [55, 245, 225]
    assert editor.name == "python:their_editors:invert"
    same = load_editor("python:their_editors:invert", strength=0)
    assert same(image=SOURCE, prompt="x").images[0].tobytes() == SOURCE.tobytes()
    told = json.loads(json.dumps(same.provenance()))
    assert (told["function"], told["arguments"]) == ("their_editors:invert", {"strength": 0})
    assert len(told["source_sha256"]) == 64


def test_a_class_makes_the_editor(module):
    editor = load_editor("python:their_editors:Mirror", axis="y")
    assert (editor.name, editor.axis) == ("mirror", "y")
    assert editor(image=SOURCE, prompt="x").images[0].size == (8, 6)


def test_an_object_is_an_editor(tmp_path):
    def copy(image, prompt):
        return np.asarray(image)

    results = tiny.run(load_editor(copy), tiny.rows(2), tmp_path)
    assert results.counts["ok"] == 2
    mover = tiny.Mover()
    assert load_editor(mover) is mover
    seen = load_editor(lambda image, prompt, sample, seed: image)
    assert seen.needs_sample


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("python:their_editors", {}, ValueError, "'their_editors' is not of the form module:function"),
        ("python:their_editors:nope", {}, ImportError, "can't be imported .*nope.* set PYTHONPATH"),
        ("python:no_such_module:nope", {}, ImportError, "can't be imported .*no_such_module"),
        ("python:their_editors:number", {}, TypeError, "is int, expected a function or a class"),
        ("python:their_editors:invert", {"power": 2}, TypeError, "takes image, prompt, strength, and no power"),
        (
            lambda picture: picture,
            {},
            TypeError,
            "takes picture, and no image, prompt; expected a function that is called as",
        ),
        (7, {}, TypeError, "editor is int, expected a name, a diffusers pipeline, or something to call"),
    ],
)
def test_what_is_no_editor(module, name, arguments, error, message):
    with pytest.raises(error, match=message):
        load_editor(name, **arguments)
