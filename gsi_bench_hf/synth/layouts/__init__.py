"""Rooms and bathrooms, furnished by rules: layouts without a camera, and scenes of them."""

from gsi_bench_hf.synth.layouts.scenes import ROOMS, Layout, sample_layout
from gsi_bench_hf.synth.layouts.seen import sample_scene, sample_scenes, seen_scene

__all__ = ["ROOMS", "Layout", "sample_layout", "sample_scene", "sample_scenes", "seen_scene"]
