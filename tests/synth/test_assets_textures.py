"""Procedural textures."""

import numpy as np
import pytest

from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.synth.assets.textures import PAINTERS, SEAMLESS, paint, texture

ALL = tuple(PAINTERS)


@pytest.mark.parametrize("name", ALL)
def test_paints_the_same_bytes_again(name):
    first, again = paint(name), paint.__wrapped__(name)
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 3
    assert again is not first
    assert first.tobytes() == again.tobytes()
    assert first.std(axis=(0, 1)).max() > 0.5


@pytest.mark.parametrize(
    "name", ["wood", "planks", "marble", "terrazzo", "fabric", "glaze", "carpet", "plaster", "cover"]
)
def test_another_seed_is_another_picture(name):
    assert paint(f"{name}:seed=1").tobytes() != paint(f"{name}:seed=2").tobytes()


@pytest.mark.parametrize("name", sorted(SEAMLESS))
def test_repeats_without_an_edge(name):
    """The step across the border is like the steps inside, both ways."""
    image = paint(name).astype(float)
    for axis in (0, 1):
        steps = np.abs(np.diff(image, axis=axis)).mean(axis=tuple(k for k in range(3) if k != axis))
        border = np.abs(np.take(image, 0, axis=axis) - np.take(image, -1, axis=axis)).mean()
        assert border <= max(2.5, 1.3 * np.quantile(steps, 0.97))


def test_wood_has_grain_along_x():
    """Along the grain neighbours are alike, across it they are not."""
    image = paint("wood:tone=oak").astype(float).mean(axis=2)
    assert np.abs(np.diff(image, axis=0)).mean() > 2.0 * np.abs(np.diff(image, axis=1)).mean()


def test_turned_glaze_changes_only_from_top_to_bottom():
    image = paint(texture("bands", base="3d6491", accent="ece8df", at="0.2-0.3"))
    assert (image == image[:, :1]).all()
    assert tuple(image[128, 0]) == pytest.approx((0xEC, 0xE8, 0xDF), abs=1)


def test_parameters_are_read_by_type():
    assert texture("wood", tone="oak", seed=3) == "wood:tone=oak,seed=3"
    assert paint("tiles:count=4").tobytes() == paint("tiles").tobytes()


def test_errors_say_what_is_wrong():
    with pytest.raises(UnknownNameError, match=r"unknown texture 'wod'\. Did you mean 'wood'"):
        paint("wod")
    with pytest.raises(ValueError, match="no parameter 'colour'; it has tone, seed"):
        paint("wood:colour=red")
    with pytest.raises(ValueError, match="seed='three' is not like 0"):
        paint("wood:seed=three")
