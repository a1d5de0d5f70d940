"""What importing the package costs, and what it brings."""

import subprocess
import sys

import pytest

import gsi_bench_hf

HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "mujoco",
    "cv2",
    "skimage",
    "matplotlib",
    "jinja2",
    "trimesh",
    "datasets",
    "evaluate",
)


def test_import_loads_nothing_heavy():
    code = f"import sys, gsi_bench_hf; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_loading_a_weightless_editor_needs_neither_torch_nor_diffusers():
    code = "import sys, gsi_bench_hf; gsi_bench_hf.load_editor('paste'); print('torch' in sys.modules, 'diffusers' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False False"


@pytest.mark.parametrize("name", gsi_bench_hf.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(gsi_bench_hf, name).__doc__


def test_a_missing_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gsi_bench_hf' has no attribute 'nonsense'"):
        _ = gsi_bench_hf.nonsense
