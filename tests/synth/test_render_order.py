"""What is in front hides what is behind, whatever is listed first."""

import dataclasses

import numpy as np
import pytest
from plain_scene import build_asset, paint, scene

from gsi_bench_hf.synth.render import load_renderer


@pytest.mark.parametrize("quality", ["full", "draft"])
def test_the_order_of_the_list_does_not_show(quality):
    view = scene()
    backwards = dataclasses.replace(view, fixtures=view.fixtures[::-1], objects=view.objects[::-1])
    renderer = load_renderer(build_asset=build_asset, textures=paint)
    pictures = [renderer.render(s, want=("rgb",), quality=quality).rgb.astype(int) for s in (view, backwards)]
    renderer.close()
    different = np.abs(pictures[0] - pictures[1]).max(axis=-1) > 2
    assert different.mean() < 1e-3  # two faces that meet may share a sample
