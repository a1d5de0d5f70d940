import json
import subprocess
import sys

import pytest

from gsi_bench_hf.pipelines import EDITORS, Editor, load_editor
from gsi_bench_hf.registry import UnknownNameError

LADDER = ["identity", "paste", "noisy-oracle", "oracle"]


def test_the_ladder_is_registered_from_the_bottom_up():
    assert list(EDITORS)[:4] == LADDER


@pytest.mark.parametrize("name", LADDER)
def test_every_editor_loads_by_its_name(name):
    editor = load_editor(name)
    assert isinstance(editor, Editor)
    assert editor.name == name
    assert editor.needs_sample == (name != "identity")
    assert EDITORS[name].what


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("pastte", {}, UnknownNameError, "unknown editor 'pastte'. Did you mean 'paste'"),
        ("nosuch", {}, UnknownNameError, "oracle; or a diffusers repository .* an endpoint .* folder:DIR"),
        (
            "noisy-oracle",
            {"jiter": 1},
            TypeError,
            "takes no jiter; it takes jitter_m, jitter_deg, jitter_scale, jitter, renderer",
        ),
        ("identity", {"strength": 1}, TypeError, "editor 'identity' takes no strength; it takes no arguments"),
        ("noisy-oracle", {"jitter": -1}, ValueError, "jitter is -1, expected a number >= 0"),
        ("noisy-oracle", {"jitter_m": float("nan")}, ValueError, "jitter_m is nan, expected a number >= 0"),
        ("folder:/does/not/exist", {}, NotADirectoryError, "/does/not/exist is no folder; expected one with <id>.png"),
        ("folder:.", {"size": 3}, TypeError, "editor 'folder:.' takes no size; it takes map"),
    ],
)
def test_what_can_not_be_loaded(name, arguments, error, message):
    with pytest.raises(error, match=message):
        load_editor(name, **arguments)


def test_loading_the_ladder_imports_no_torch_and_no_simulator():
    code = (
        "import sys, json; from gsi_bench_hf.pipelines import load_editor\n"
        f"for name in {LADDER}: load_editor(name)\n"
        "print(json.dumps([m for m in ('torch', 'diffusers', 'transformers', 'mujoco', 'datasets') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_other_packages_add_editors_through_entry_points(tmp_path):
    package = tmp_path / "their_package-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[gsi_bench_hf.editors]\ntheirs = their_package:Theirs\n")
    (tmp_path / "their_package.py").write_text(
        "class Theirs:\n"
        "    def __init__(self, strength=1):\n        self.name, self.strength = 'theirs', strength\n"
        "    def __call__(self, *, image, prompt, generator=None): ...\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from gsi_bench_hf.pipelines import EDITORS, load_editor\n"
        "print(list(EDITORS)[-1], load_editor('theirs', strength=3).strength)\n"
        "load_editor('theirs', power=3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["theirs", "3"]
    assert "TypeError: editor 'theirs' takes no power; it takes strength" in done.stderr
