"""The four metrics of GSI-Bench and their average, in one pass."""

from gsi_bench_hf import evaluate_adapter


class GsiBench(evaluate_adapter.GsiMetric):
    """The four metrics of GSI-Bench and their average, 0 to 100."""

    names = ("instruction_compliance", "spatial_accuracy", "appearance_consistency", "edit_locality", "average")
    description = "The four metrics of GSI-Bench and their average, 0 to 100."
