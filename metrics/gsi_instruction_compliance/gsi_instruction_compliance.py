"""Percent of the edited images in which the edit that was asked for was made, judged in 3D."""

from gsi_bench_hf import evaluate_adapter


class GsiInstructionCompliance(evaluate_adapter.GsiMetric):
    """Instruction compliance of GSI-Bench: whether the 3D edit that was asked for was made, in percent of the images."""

    names = ("instruction_compliance",)
    description = "Instruction compliance of GSI-Bench: whether the 3D edit that was asked for was made, in percent of the images."
