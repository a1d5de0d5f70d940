"""How well the edited object kept its looks, as a judge sees it.

It counts where the instruction was complied with, and is 0 elsewhere.
"""

from gsi_bench_hf import evaluate_adapter


class GsiAppearanceConsistency(evaluate_adapter.GsiMetric):
    """Appearance consistency of GSI-Bench: how well the edited object kept its looks, 0 to 100, where the edit was made."""

    names = ("appearance_consistency",)
    description = "Appearance consistency of GSI-Bench: how well the edited object kept its looks, 0 to 100, where the edit was made."
