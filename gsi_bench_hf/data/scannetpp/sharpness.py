"""Whether a picture is sharp: how much of its energy is in high frequencies."""

from __future__ import annotations

import numpy as np
from PIL import Image

RADIUS = 0.1


def high_frequency_share(image: Image.Image, radius: float = RADIUS) -> float:
    """0..1, the share of a picture's energy (its mean left out) that is outside a disc about the middle of its spectrum.

    Args:
        image: any mode; its brightness counts.
        radius: of the disc, as a part of the shorter side of the spectrum (GSI-Bench, arXiv 2604.20570, takes a tenth).

    Returns:
        The share; 0 for a picture of one colour.
    """
    grey = np.asarray(image.convert("L"), dtype=np.float64)
    energy = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    height, width = grey.shape
    v, u = np.meshgrid(np.fft.fftfreq(height) * height, np.fft.fftfreq(width) * width, indexing="ij")
    total = float(energy.sum())
    return float(energy[np.hypot(u, v) > radius * min(height, width)].sum()) / total if total > 0.0 else 0.0
