"""Painters for rooms: furniture wood with a fine, quiet grain, and what is seen through a window. Painters as in `surfaces`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.drawing import Sheet, points
from gsi_bench_hf.synth.assets.painting import grid, mix, noise, rgb, shade, smoothstep

_PANE_PX = 512
_BLUR_PX = 3.0


VENEERS: dict[str, tuple[str, str]] = {
    "oak": ("c2a078", "a07d56"),
    "pine": ("d5ba8c", "bb9667"),
    "maple": ("d6be9c", "c1a37b"),
    "birch": ("dccaab", "c8b08a"),
    "cherry": ("a8765a", "8a5b43"),
    "walnut": ("806350", "5d4536"),
    "teak": ("9f7750", "7c5838"),
    "mahogany": ("7f5545", "623f33"),
    "ebony": ("4a3f38", "362e29"),
    "ash": ("c9bca6", "ad9d84"),
}
"""Tone to the colours of early and late wood."""


def veneer(tone: str = "oak", seed: int = 0) -> Float:
    """Wood as furniture makers choose it: even, nearly straight, fine-grained; the grain runs along x. Seamless."""
    rng = np.random.default_rng([239, seed])
    _, y = grid()
    early, late = (rgb(color) for color in VENEERS[tone])
    phase = (y + 0.03 * noise(rng, 2, 2) + 0.01 * noise(rng, 3, 6)) * 14
    ring = phase - np.floor(phase)
    dark = smoothstep(0.2, 0.95, ring) * (1.0 - smoothstep(0.95, 1.0, ring)) * (0.45 + 0.3 * noise(rng, 2, 5))
    image = mix(np.broadcast_to(early, (512, 512, 3)), late, 0.25 + 0.7 * dark)
    return shade(image, 0.04 * noise(rng, 6, 220) + 0.03 * noise(rng, 16, 512) + 0.05 * noise(rng, 2, 5))


def outlook(style: str = "garden", seed: int = 0) -> Float:
    """What is beyond a window, a little out of focus: "garden", "street", "hills" or "dusk"."""
    rng = np.random.default_rng([241, seed])
    sky, haze = _SKIES[style]
    sheet = Sheet(_PANE_PX, _PANE_PX, sky)
    for k in range(48):
        share = k / 47
        tone = rgb(sky) + (rgb(haze) - rgb(sky)) * share
        sheet.box(0, 330 * share, _PANE_PX, 400, "".join(f"{int(255 * c):02x}" for c in tone))
    _SCENES[style](sheet, rng)
    picture = Image.fromarray((sheet.done() * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(_BLUR_PX))
    return np.asarray(picture, dtype=np.float64) / 255.0


_SKIES = {
    "garden": ("a9cbe6", "e3eef2"),
    "street": ("b5cde2", "e9eeef"),
    "hills": ("9fc4e4", "eaf0ea"),
    "dusk": ("7f86b0", "f2c7a0"),
}


def _clouds(sheet: Sheet, rng: np.random.Generator, color: str) -> None:
    for _ in range(3):
        x, y, size = rng.uniform(0, 512), rng.uniform(40, 160), rng.uniform(16, 30)
        for dx in (-1.3, -0.5, 0.4, 1.2):
            sheet.oval(x + dx * size, y + rng.uniform(-4, 4), size * rng.uniform(0.8, 1.2), 0.42 * size, color)


def _ridge(sheet: Sheet, rng: np.random.Generator, level: float, rise: float, color: str, bumps: int = 4) -> None:
    """A rounded line of hills from `level` down."""
    x = np.linspace(-10, 522, 64)
    waves = sum(np.sin(x / 512 * 2 * np.pi * b * rng.uniform(0.6, 1.2) + rng.uniform(0, 6)) / b for b in (1, 2, bumps))
    y = level - rise * np.asarray(waves)
    sheet.polygon([(-10, 600), *points(x, y), (522, 600)], color)


def _tree(
    sheet: Sheet,
    rng: np.random.Generator,
    x: float,
    ground: float,
    size: float,
    tones: tuple[str, ...],
    trunk: str = "6a5747",
) -> None:
    """A trunk and a crown of many leafy blots, lighter towards the upper left."""
    sheet.box(x - 0.05 * size, ground - 0.5 * size, 0.1 * size, 0.5 * size, trunk)
    for k, tone in enumerate(tones):
        for _ in range(26):
            angle, far = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform()) * (0.42 - 0.06 * k) * size
            blot = rng.uniform(0.06, 0.13) * size
            at = (
                x + far * np.cos(angle) - 0.04 * k * size,
                ground - 0.78 * size + far * np.sin(angle) - 0.06 * k * size,
            )
            sheet.oval(*at, blot, 0.85 * blot, tone)


def _garden(sheet: Sheet, rng: np.random.Generator) -> None:
    _clouds(sheet, rng, "f4f7f8")
    _ridge(sheet, rng, 300, 12, "9fb79a")
    for _ in range(7):
        _tree(sheet, rng, rng.uniform(0, 512), 380, rng.uniform(110, 170), ("5f7f52", "6f9160"))
    sheet.box(0, 372, 512, 150, "86a866")
    for x in np.arange(-10, 522, 26):
        sheet.oval(float(x), 384, 24, rng.uniform(18, 30), ("587a4b", "638655")[int(rng.integers(2))])
    _tree(sheet, rng, rng.uniform(60, 180) + 220 * rng.integers(2), 450, 330, ("4f7344", "628951", "7aa064"))


def _street(sheet: Sheet, rng: np.random.Generator) -> None:
    _clouds(sheet, rng, "f6f8f9")
    _ridge(sheet, rng, 310, 6, "b7bfc2")
    x = -rng.uniform(0, 60)
    while x < 512:
        wide, top = rng.uniform(90, 150), rng.uniform(170, 250)
        wall = ("d9c9b2", "c9ac8f", "e2ddd2", "b98f78", "cfd3cf")[int(rng.integers(5))]
        roof = ("8a5a48", "6d6f75", "7b4f42")[int(rng.integers(3))]
        sheet.box(x, top, wide, 360, wall)
        sheet.polygon([(x - 6, top), (x + wide / 2, top - rng.uniform(30, 60)), (x + wide + 6, top)], roof)
        for row in range(3):
            for column in range(3):
                at = (x + wide * (0.16 + 0.27 * column), top + 24 + 58 * row)
                sheet.box(at[0] - 2, at[1] - 2, wide * 0.15 + 4, 36, "f0ede6")
                sheet.box(*at, wide * 0.15, 32, ("7f93a3", "6c7f8f", "93a5b0")[int(rng.integers(3))])
        x += wide + rng.uniform(0, 14)
    for _ in range(3):
        _tree(sheet, rng, rng.uniform(0, 512), 470, rng.uniform(120, 200), ("5b7d4f", "6f9460"))
    sheet.box(0, 452, 512, 70, "a5a6a4")


def _hills(sheet: Sheet, rng: np.random.Generator) -> None:
    _clouds(sheet, rng, "f7f9fa")
    tones = ("b3c6cf", "9db8ae", "86a884", "759a68")
    for level, rise, tone in zip((240, 280, 325, 380), (22, 20, 18, 14), tones, strict=True):
        _ridge(sheet, rng, level, rise, tone)
    for _ in range(9):
        _tree(sheet, rng, rng.uniform(0, 512), rng.uniform(400, 450), rng.uniform(40, 90), ("55774a", "668b58"))


def _dusk(sheet: Sheet, rng: np.random.Generator) -> None:
    _clouds(sheet, rng, "d9a9a0")
    for level, rise, tone in zip((270, 315, 370), (20, 16, 12), ("7f7f9c", "62658a", "484d6c"), strict=True):
        _ridge(sheet, rng, level, rise, tone)
    for _ in range(6):
        _tree(sheet, rng, rng.uniform(0, 512), 470, rng.uniform(90, 170), ("343a52", "3d4560"), "2f3448")


_SCENES: dict[str, Callable[[Sheet, np.random.Generator], None]] = {
    "garden": _garden,
    "street": _street,
    "hills": _hills,
    "dusk": _dusk,
}

PAINTERS: dict[str, Callable[..., Float]] = {"veneer": veneer, "outlook": outlook}
