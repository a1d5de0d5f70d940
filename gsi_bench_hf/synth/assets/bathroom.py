"""What hangs and stands in a bathroom: mirrors, cabinets, towels, baskets, bins.

What hangs on a wall has its back at the wall (+y); `MOUNT_M` says how high its base hangs.
"""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Support
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import CLOTHS, PLASTICS, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.sanitary import STEEL, taps
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, label, lathe, merge, rounded_box, tube
from gsi_bench_hf.synth.assets.textures import texture

MIRROR = Material("mirror", specular=0.6, shininess=0.95, reflectance=1.0)
"""A renderer that can reflect draws a flat part of this material as a mirror; another shows its cool gray."""
MOUNT_M: dict[str, float] = {"mirror-cabinet": 1.2}
"""How high above the floor the base of what hangs on a wall is."""


def mirror_cabinet(rng: np.random.Generator) -> Draft:
    """A shallow cabinet for the wall, its doors mirrors, a lamp over it."""
    width, depth, tall = rng.uniform(0.6, 0.95), rng.uniform(0.13, 0.16), rng.uniform(0.6, 0.72)
    doors = 2 if width < 0.75 else 3
    color, body = ("white", Material(None, rgba("e4e4e0"), 0.4, 0.6)) if rng.integers(2) else ("gray", STEEL)
    pane_w, pane_h = width - 0.016, tall - 0.016
    seams = [
        rounded_box(0.004, 0.002, pane_h, 0.0005).moved((k / doors - 0.5) * width, -depth / 2 - 0.002, 0.008)
        for k in range(1, doors)
    ]
    lamp = rounded_box(width * 0.62, 0.06, 0.045, 0.018, 0.02).moved(y=-0.02, z=tall + 0.012)
    arm = rounded_box(0.08, 0.08, 0.014, 0.003).moved(y=0.01, z=tall)
    parts = (
        rounded_box(width, depth, tall, 0.004).part(body),
        label(pane_w, pane_h).moved(y=-depth / 2 - 0.001, z=0.008).part(MIRROR, False),
        merge(*seams, arm).part(Material(None, rgba("6d7073"), 0.5, 0.6), False),
        lamp.part(Material(None, rgba("fbf7ea"), 0.3, 0.5), False),
    )
    return Draft(parts, color, "metal" if color == "gray" else "painted", 1, 12.0)


def towelling(tone: str) -> Material:
    """Terry cloth."""
    return Material(texture("carpet", base=tone, depth=0.22), specular=0.0, shininess=0.0)


def _folded(width: float, depth: float, thick: float) -> Shape:
    """A folded towel: round folds at the front, layers open at the back."""
    r = thick / 2
    bend = np.deg2rad(np.linspace(90, 270, 11))
    front = np.stack([-depth / 2 + r + r * np.cos(bend), r + r * np.sin(bend)], axis=-1)
    back = [(depth / 2 - 0.004, 0.0), (depth / 2, 0.003), (depth / 2, r - 0.004), (depth / 2 - 0.006, r)]
    back += [(depth / 2, r + 0.004), (depth / 2, thick - 0.003), (depth / 2 - 0.004, thick)]
    outline = np.concatenate([front, back, front[:1]])
    return extrude(outline, width, 0.008, 3).turned("x", 90).turned("z", 90).moved(x=-width / 2).tiled(0.25)


def towel_stack(rng: np.random.Generator) -> Draft:
    """Two to four folded towels on each other, their folds to the front."""
    count, width, depth = int(rng.integers(2, 5)), rng.uniform(0.28, 0.36), rng.uniform(0.2, 0.26)
    color, tone = pick(rng, CLOTHS, "white", "blue", "gray", "green", "beige", "red", "yellow")
    parts, z = [], 0.0
    for k in range(count):
        thick = rng.uniform(0.045, 0.06)
        _, other = pick(rng, CLOTHS, "white", "beige", "gray", color, color)
        w, d = width * rng.uniform(0.95, 1.0), depth * rng.uniform(0.95, 1.0)
        parts.append(_folded(w, d, thick).moved(z=z).part(towelling(tone if k != 1 else other)))
        z += thick - 0.001
    top = Support(z + 0.001, "rectangle", np.array([width * 0.45, depth * 0.42]))
    return Draft(tuple(parts), color, "terry", 1, 0.4 * count, (top,))


def laundry_basket(rng: np.random.Generator) -> Draft:
    """A tall laundry basket with a hinged lid, woven or of plastic."""
    width, depth, tall = rng.uniform(0.38, 0.48), rng.uniform(0.3, 0.36), rng.uniform(0.52, 0.62)
    wicker = bool(rng.integers(3))
    color, tone = pick(rng, {"brown": ("8d6a45",), "beige": ("c3a67a",), "gray": ("85878a",), "white": ("dedbd2",)})
    coat = Material(texture("fabric", base=tone, threads=24, depth=0.3), specular=0.1)
    power = 6.0 if wicker else 9.0

    def outline(grow: float) -> np.ndarray:
        return squircle(width + grow, depth + grow, power, 64)

    body = ringed(
        [(outline(-0.06), 0.0), (outline(-0.06), 0.0), (outline(-0.052), 0.01), (outline(0.0), tall - 0.05)],
        around_m=0.3,
    )
    lid = ringed(
        [
            (outline(0.014), 0.0),
            (outline(0.02), 0.008),
            (outline(0.02), 0.028),
            (outline(0.004), 0.04),
            (outline(-0.12), 0.05),
        ],
        around_m=0.3,
    )
    rim = tube(np.column_stack([outline(0.004), np.full(65, tall - 0.055)]), 0.009, 8)
    grips = [
        tube(
            curve(
                [
                    (s * (width / 2 - 0.012), -0.06, tall * 0.7),
                    (s * (width / 2 + 0.022), -0.035, tall * 0.74),
                    (s * (width / 2 + 0.022), 0.035, tall * 0.74),
                    (s * (width / 2 - 0.012), 0.06, tall * 0.7),
                ],
                14,
            ),
            0.009,
            10,
        )
        for s in (-1, 1)
    ]
    knob = rounded_box(0.07, 0.02, 0.02, 0.006).moved(y=-depth / 2 - 0.012, z=tall - 0.038)
    parts = (
        body.part(coat),
        lid.moved(z=tall - 0.05).part(coat),
        merge(rim, *grips).tiled(0.2).part(Material(None, rgba("6b4a30"), 0.15, 0.3) if wicker else coat, False),
        knob.part(Material(None, rgba("6b4a30"), 0.2, 0.4), False),
    )
    top = Support(tall, "rectangle", np.array([width * 0.38, depth * 0.36]))
    return Draft(parts, color, "wicker" if wicker else "fabric", 1, 2.5, (top,))


def bin_(rng: np.random.Generator) -> Draft:
    """A pedal bin, its pedal at the front."""
    r, tall = rng.uniform(0.095, 0.125), rng.uniform(0.26, 0.36)
    tins = {**PLASTICS, "gray": ("aeb2b6",)}
    color, tone = pick(rng, tins, "gray", "white", "black", "red", "green", "pink", "blue", "turquoise")
    coat = Material(texture("brushed", base=tone, depth=0.06), specular=0.6, shininess=0.6, reflectance=0.04)
    black = Material(None, rgba("232427" if color != "black" else "55585c"), 0.4, 0.5)
    base = lathe([(0.0, 0.0), (r * 1.02, 0.0), (r * 1.04, 0.006), (r * 1.04, 0.02), (r, 0.026)], 48)
    body = lathe([(r * 0.98, 0.02), (r * 0.98, tall * 0.84), (r * 0.96, tall * 0.86)], 48)
    collar = lathe(
        [(r * 0.98, tall * 0.84), (r * 1.03, tall * 0.845), (r * 1.03, tall * 0.875), (r * 0.98, tall * 0.88)], 48
    )
    dome = curve([(r * 1.0, tall * 0.88), (r * 0.92, tall * 0.95), (r * 0.5, tall * 0.99), (0.0, tall)], 14)
    pedal = merge(
        rounded_box(0.03, 0.06, 0.008, 0.003).moved(y=-r * 1.04 - 0.015, z=0.008),
        rounded_box(0.07, 0.03, 0.012, 0.004, 0.012).moved(y=-r * 1.04 - 0.045, z=0.006),
    )
    hinge = rounded_box(0.06, 0.03, 0.05, 0.008).moved(y=r * 0.99, z=tall * 0.82)
    parts = (
        base.part(black),
        body.part(coat),
        lathe(np.concatenate([[[r * 0.95, tall * 0.88]], dome]), 48).part(coat),
        collar.part(black, False),
        pedal.part(Material(None, rgba("b9bcc0"), 0.8, 0.7, 0.1), False),
        hinge.part(black, False),
    )
    return Draft(parts, color, "metal", 1, 1.2)


KINDS: dict[str, Kind] = {
    "mirror-cabinet": Kind(
        "mirror cabinet", "镜柜", "个", "bathroom", mirror_cabinet, movable=False, environments=("bathroom",)
    ),
    "towel-stack": Kind("stack of towels", "毛巾", "叠", "bathroom", towel_stack, environments=("bathroom",)),
    "laundry-basket": Kind("laundry basket", "洗衣篮", "个", "bathroom", laundry_basket, environments=("bathroom",)),
    "bin": Kind("trash can", "垃圾桶", "个", "bathroom", bin_, environments=("room", "bathroom")),
}
