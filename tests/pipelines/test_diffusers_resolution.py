"""Sizes: whatever the source, nothing is cropped, and what comes back lies where it lay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gsi_bench_hf.pipelines.families import FAMILIES
from gsi_bench_hf.pipelines.families.generic import generic_family
from gsi_bench_hf.pipelines.resolution import Resolution

CORNERS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
SIZES = [(512, 768), (768, 512), (640, 480), (333, 777), (1000, 90)]


def marked(size, mark=24):
    """A grey image with a square of its own colour in each corner."""
    image = Image.new("RGB", size, (90, 110, 130))
    for (x, y), colour in zip(corners(size, mark), CORNERS.values(), strict=True):
        image.paste(colour, (x, y, x + mark, y + mark))
    return image


def corners(size, mark):
    return [(x, y) for y in (0, size[1] - mark) for x in (0, size[0] - mark)]


def assert_marked(image, mark=24):
    """Every corner pixel's neighbourhood has its mark's colour."""
    pixels = np.asarray(image).astype(int)
    for (x, y), colour in zip(corners(image.size, mark), CORNERS.values(), strict=True):
        inside = pixels[y + mark // 3 : y + 2 * mark // 3, x + mark // 3 : x + 2 * mark // 3]
        assert np.abs(inside - colour).max() < 40, f"the corner at {x}, {y} of {image.size} is gone"


class Editing:
    def __call__(self, image, prompt, height=None, width=None):
        return None


RESOLUTIONS = {name: FAMILIES[name].resolution for name in FAMILIES} | {
    "generic": generic_family(Editing).family.resolution
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("family", RESOLUTIONS)
def test_marked_corners_come_back_where_they_were(family, size):
    source = marked(size)
    plan = RESOLUTIONS[family].plan(size)
    back = plan.restore(plan.fit(source))
    assert back.size == size
    assert_marked(back)


@pytest.mark.parametrize("family", RESOLUTIONS)
def test_a_source_of_512_by_768_fills_what_the_model_gets(family):
    plan = RESOLUTIONS[family].plan((512, 768))
    assert not plan.padded
    assert plan.working[0] / plan.working[1] == pytest.approx(2 / 3, rel=0.06)
    assert_marked(plan.fit(marked((512, 768))))


@given(
    width=st.integers(8, 3000),
    height=st.integers(8, 3000),
    multiple=st.sampled_from([8, 16, 32, 64]),
    area=st.sampled_from([None, 256 * 256, 1024 * 1024]),
    rounding=st.sampled_from(["nearest", "down", "up"]),
)
@settings(max_examples=200, deadline=None)
def test_a_plan_keeps_the_whole_source_and_its_shape(width, height, multiple, area, rounding):
    resolution = Resolution(multiple=multiple, pixels=area, rounding=rounding)
    plan = resolution.plan((width, height))
    left, top, right, bottom = plan.content
    assert plan.working[0] % multiple == plan.working[1] % multiple == 0
    assert 0 <= left < right <= plan.working[0]
    assert 0 <= top < bottom <= plan.working[1]
    across, down = (right - left) / width, (bottom - top) / height
    if min(right - left, bottom - top) >= 40:  # below that, a pixel's rounding is more than a tenth
        assert max(across / down, down / across) <= resolution.max_stretch + 0.03


def test_sources_of_another_shape_are_padded_with_their_border_and_cut_out_again():
    plan = Resolution(multiple=64, sizes=((512, 512),)).plan((512, 128))
    assert plan.content == (0, 192, 512, 320)
    fitted = np.asarray(plan.fit(marked((512, 128))))
    assert fitted.shape == (512, 512, 3)
    assert (fitted[0] == fitted[192]).all()
    assert (fitted[-1] == fitted[319]).all()
    # A model that answers at half the size: the same part of it is cut out.
    assert_marked(plan.restore(Image.fromarray(fitted).resize((256, 256))))


def test_the_sizes_that_models_ask_for():
    """By hand: 1024 * 1024 pixels at 2:3 are 836 x 1254; in blocks of 32 that is 832 x 1248, rounded up in 16s 848 x 1264."""
    assert RESOLUTIONS["qwen-image-edit"].plan((512, 768)).working == (832, 1248)
    assert RESOLUTIONS["longcat-image-edit"].plan((512, 768)).working == (848, 1264)
    assert RESOLUTIONS["flux-kontext"].plan((512, 768)).working == (832, 1248)
    assert RESOLUTIONS["flux2"].plan((512, 768)).working == (512, 768)
    assert RESOLUTIONS["omnigen"].plan((3000, 2000)).working == (1024, 672)
    assert RESOLUTIONS["chronoedit"].plan((1920, 1080)).working == (1280, 720)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.plan((0, 5)), "source image is 0x5, expected at least one pixel"),
        (lambda r: r.at(10), "pixels is 10, expected at least 64"),
        (lambda r: r.fixed((30, 64)), "width and height are 30 and 64, expected multiples of 8"),
        (lambda r: r.plan((8, 8)).fit(Image.new("RGB", (9, 8))), r"image is \(9, 8\), expected \(8, 8\)"),
    ],
)
def test_sizes_that_can_not_be(call, message):
    with pytest.raises(ValueError, match=message):
        call(Resolution(multiple=8))


def test_a_model_of_fixed_sizes_can_not_be_asked_for_another():
    resolution = RESOLUTIONS["joyimage-edit"]
    with pytest.raises(ValueError, match="the model works at its own sizes alone"):
        resolution.at(512 * 512)
    with pytest.raises(
        ValueError, match="width and height are 512 and 512, expected one of the model's own sizes: 512x1792"
    ):
        resolution.fixed((512, 512))
    assert resolution.fixed((832, 1216)).plan((100, 100)).working == (832, 1216)
