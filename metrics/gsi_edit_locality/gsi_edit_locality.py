"""How well everything but the edited object stayed as it was (SSIM and LPIPS).

It counts where the instruction was complied with, and is 0 elsewhere.
"""

from gsi_bench_hf import evaluate_adapter


class GsiEditLocality(evaluate_adapter.GsiMetric):
    """Edit locality of GSI-Bench: how well what should not change stayed as it was, 0 to 100."""

    names = ("edit_locality",)
    description = "Edit locality of GSI-Bench: how well what should not change stayed as it was, 0 to 100."
