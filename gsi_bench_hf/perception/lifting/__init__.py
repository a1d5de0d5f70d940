"""Boxes, masks and depth, lifted to 3D: the detector "lifting", its geometry, and what its parts must do."""

from gsi_bench_hf.perception.lifting.box import Prior, lift
from gsi_bench_hf.perception.lifting.detector import LiftingDetector
from gsi_bench_hf.perception.lifting.looking import Looked
from gsi_bench_hf.perception.lifting.parts import EstimatesDepth, FindsBoxes, FindsMasks, Found2D
from gsi_bench_hf.perception.lifting.points import Cleaning, LiftError

__all__ = [
    "Cleaning",
    "EstimatesDepth",
    "FindsBoxes",
    "FindsMasks",
    "Found2D",
    "LiftError",
    "LiftingDetector",
    "Looked",
    "Prior",
    "lift",
]
