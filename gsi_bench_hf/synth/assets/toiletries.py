"""Small things of a bathroom: soap, shampoo, brushes, paper."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, PLASTICS, other, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.sanitary import STEEL
from gsi_bench_hf.synth.assets.shapes import label, lathe, merge, rod, tube
from gsi_bench_hf.synth.assets.tableware import glazed
from gsi_bench_hf.synth.assets.textures import texture


def soap_dispenser(rng: np.random.Generator) -> Draft:
    """A dispenser for liquid soap, its nozzle to the front."""
    color, tone = pick(rng, GLAZES, "white", "blue", "green", "gray", "black", "pink", "turquoise", "yellow")
    r, tall = rng.uniform(0.034, 0.04), rng.uniform(0.105, 0.13)
    belly = rng.uniform(0.0, 0.12)
    points = [
        (r * 0.95, 0.0),
        (r, 0.005),
        (r * (1 + belly), tall * 0.45),
        (r * 0.95, tall * 0.82),
        (r * 0.5, tall * 0.98),
    ]
    body = lathe(np.concatenate([[[0.0, 0.002]], curve(points, 20), [[0.015, tall], [0.0, tall]]]), 44, 50.0)
    metal = STEEL if rng.integers(3) else Material(None, rgba("2a2b2d"), 0.5, 0.6)
    collar = lathe([(0.0165, 0.0), (0.0165, 0.014), (0.012, 0.017), (0.0, 0.017)], 24).moved(z=tall - 0.002)
    stem = rod((0, 0, tall), (0, 0, tall + 0.045), 0.0045, 12)
    head = lathe([(0.0, 0.0), (0.0115, 0.0), (0.0125, 0.004), (0.011, 0.012), (0.0, 0.014)], 20).moved(z=tall + 0.04)
    nozzle = tube(
        curve(
            [(0, 0, tall + 0.047), (0, -0.03, tall + 0.049), (0, -0.052, tall + 0.043), (0, -0.055, tall + 0.036)], 12
        ),
        np.linspace(0.0062, 0.0042, 12),
        12,
    )
    coat = glazed(tone, seed=seed(rng)) if rng.integers(2) else glazed(tone, rings=20)
    parts = (body.part(coat), merge(collar, stem, head).part(metal), nozzle.part(metal))
    return Draft(parts, color, "ceramic", 1, 0.4)


_BRANDS = ("SHAMPOO", "FRESH|SHOWER", "REPAIR|CARE", "ALOE|VERA", "OCEAN", "HERBAL", "SILK")


def shampoo(rng: np.random.Generator) -> Draft:
    """A flat bottle of shampoo with its label at the front and a flip cap."""
    color, tone = pick(rng, PLASTICS, "white", "green", "blue", "pink", "yellow", "turquoise", "orange", "red")
    width, depth, tall = rng.uniform(0.066, 0.082), rng.uniform(0.04, 0.05), rng.uniform(0.16, 0.2)
    waist = rng.uniform(0.86, 1.0)

    def outline(share: float) -> np.ndarray:
        return squircle(width * share, depth * (0.4 + 0.6 * share), 2.8, 48)

    shares = curve(
        [(0.93, 0.0), (1.0, 0.008), (waist, tall * 0.5), (1.0, tall * 0.78), (0.72, tall * 0.93), (0.42, tall * 0.97)],
        18,
    )
    body = ringed([(outline(0.9), 0.0), *((outline(s), z) for s, z in shares)])
    _, accent = other(rng, PLASTICS, color, "white", "blue", "green", "pink", "orange")
    cap = ringed(
        [
            (squircle(width * s, depth * 0.8 * s / 0.5, 3.2, 40), tall * 0.965 + z)
            for s, z in ((0.5, 0.0), (0.5, 0.0), (0.5, 0.022), (0.46, 0.028), (0.46, 0.028))
        ]
    )
    word = _BRANDS[int(rng.integers(len(_BRANDS)))]
    picture = texture(
        "label",
        base="f4f2ec" if color != "white" else accent,
        accent=tone if color != "white" else "f4f2ec",
        text=word.replace("|", "_"),
        seed=seed(rng, 3),
    )
    radius = depth * 0.9
    paper = label(width * 0.72, tall * 0.5, radius, 10).moved(
        y=radius - depth * 0.5 * (0.4 + 0.6) - 0.001, z=tall * 0.2
    )
    gloss = Material(None, rgba(tone), 0.6, 0.75, 0.03)
    parts = (
        body.part(gloss),
        cap.part(Material(None, rgba(accent), 0.5, 0.6)),
        paper.part(Material(picture, specular=0.3, shininess=0.6), False),
    )
    return Draft(parts, color, "plastic", 1, 0.35)


KINDS: dict[str, Kind] = {
    "soap-dispenser": Kind("soap dispenser", "皂液器", "个", "bathroom", soap_dispenser, environments=("bathroom",)),
    "shampoo": Kind("shampoo bottle", "洗发水", "瓶", "bathroom", shampoo, environments=("bathroom",)),
}
