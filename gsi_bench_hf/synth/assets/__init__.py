"""The things that stand in a scene, made from code."""

from gsi_bench_hf.synth.assets.base import Asset, Draft, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.external import register_from_environment
from gsi_bench_hf.synth.assets.library import KINDS, build_asset, caption, movable_kinds, place, support, supports

__all__ = [
    "KINDS",
    "Asset",
    "Draft",
    "Kind",
    "Material",
    "Part",
    "Support",
    "build_asset",
    "caption",
    "movable_kinds",
    "place",
    "support",
    "supports",
]

register_from_environment()
