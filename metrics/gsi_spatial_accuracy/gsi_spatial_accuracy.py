"""How near, in 3D, the edits came to what was asked: position, rotation or size error over the change that was wanted."""

from gsi_bench_hf import evaluate_adapter


class GsiSpatialAccuracy(evaluate_adapter.GsiMetric):
    """Spatial accuracy of GSI-Bench: how near, in 3D, the edits came to what was asked, 0 to 100."""

    names = ("spatial_accuracy",)
    description = "Spatial accuracy of GSI-Bench: how near, in 3D, the edits came to what was asked, 0 to 100."
