"""The detector of the paper: DetAny3D (arXiv 2504.07958) named by GroundingDINO, from a user's own checkout and weights."""

from gsi_bench_hf.perception.detany3d.detector import DetAny3D
from gsi_bench_hf.perception.detany3d.places import CheckoutError

__all__ = ["CheckoutError", "DetAny3D"]
