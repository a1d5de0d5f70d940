"""Towels, laundry baskets, bins, bathroom scales, toilet brushes, buckets."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.electronics import BLACK
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import CLOTHS, PLASTICS, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.sanitary import STEEL
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, label, lathe, merge, rod, rounded_box, tube
from gsi_bench_hf.synth.assets.tableware import vessel
from gsi_bench_hf.synth.assets.textures import texture


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
    parts: list[Part] = []
    fronts, z = [], 0.0
    for k in range(count):
        thick = rng.uniform(0.045, 0.06)
        _, other = pick(rng, CLOTHS, "white", "beige", "gray", color, color)
        w, d = width * rng.uniform(0.95, 1.0), depth * rng.uniform(0.95, 1.0)
        parts.append(_folded(w, d, thick).moved(z=z).part(towelling(tone if k != 1 else other)))
        fronts.append((-d / 2 - 0.0002, z + thick / 2 - 0.006))
        z += thick - 0.001
    strip = rounded_box(width * 0.93, 0.02, 0.002, 0.0008).tiled(0.25).moved(y=-depth * 0.34, z=z - 0.0002)
    seams = [rounded_box(width * 0.93, 0.003, 0.012, 0.001).tiled(0.25).moved(y=y, z=h) for y, h in fronts]
    trim = towelling("e4e0d6" if color != "white" else "8a8d91")
    parts.append(merge(strip, *seams).part(trim, False))
    top = Support(z + 0.001, "rectangle", np.array([width * 0.45, depth * 0.42]))
    return Draft(tuple(parts), color, "terry", 1, 0.4 * count, (top,))


_WICKERS: dict[str, tuple[str, ...]] = {
    "brown": ("8a6238", "77522f"),
    "beige": ("c9ab7c",),
    "gray": ("8b8a86",),
    "white": ("dcd8cd",),
}


def laundry_basket(rng: np.random.Generator) -> Draft:
    """A tall wicker basket with a lid, its clasp at the front."""
    width, depth, tall = rng.uniform(0.38, 0.48), rng.uniform(0.3, 0.36), rng.uniform(0.52, 0.62)
    color, tone = pick(rng, _WICKERS)
    power = float(rng.choice([2.6, 6.0]))
    cane = Material(texture("wicker", base=tone, seed=seed(rng, 3), rods=8), specular=0.1, shininess=0.2)
    leather = Material(None, rgba("6b4a30" if color != "brown" else "3d2a1d"), 0.2, 0.35)

    def outline(grow: float) -> Float:
        return squircle(width + grow, depth + grow, power, 64)

    wall = [(outline(-0.06), 0.0), (outline(-0.06), 0.0), (outline(-0.052), 0.01), (outline(0.0), tall - 0.05)]
    hood = [
        (outline(0.014), 0.0),
        (outline(0.02), 0.008),
        (outline(0.02), 0.03),
        (outline(0.0), 0.044),
        (outline(-0.1), 0.05),
    ]
    rim = tube(np.column_stack([outline(0.004), np.full(65, tall - 0.055)]), 0.009, 8).scaled(1.0)
    clasp = rounded_box(0.05, 0.008, 0.075, 0.003).moved(y=-depth / 2 - 0.013, z=tall - 0.085)
    tag = extrude(squircle(0.17, 0.11, 5, 32), 0.004, 0.001).turned("x", 90).moved(y=-depth / 2 + 0.011, z=tall * 0.55)
    pin = rod((-0.02, -depth / 2 - 0.018, tall - 0.066), (0.02, -depth / 2 - 0.018, tall - 0.066), 0.006, 10)
    parts = (
        ringed(wall, around_m=0.3).part(cane),
        ringed(hood, around_m=0.3).moved(z=tall - 0.05).part(cane),
        tag.part(leather, False),
        merge(rim, *(_loop(s, width, tall) for s in (-1, 1)), clasp).part(leather, False),
        pin.part(STEEL, False),
    )
    top = Support(tall, "rectangle", np.array([width * 0.36, depth * 0.34]))
    return Draft(parts, color, "wicker", 1, 2.5, (top,))


def _loop(s: int, width: float, tall: float) -> Shape:
    """A carrying loop at one side (-1 or 1)."""
    low, out = s * (width / 2 - 0.012), s * (width / 2 + 0.022)
    knots = [(low, -0.06, tall * 0.7), (out, -0.035, tall * 0.74), (out, 0.035, tall * 0.74), (low, 0.06, tall * 0.7)]
    return tube(curve(knots, 14), 0.009, 10)


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


def scale(rng: np.random.Generator) -> Draft:
    """A bathroom scale, its display at the back where a person who stands on it from the front can read it."""
    color, tone = pick(rng, PLASTICS, "white", "black", "gray", "blue", "green", "pink")
    side, thick = rng.uniform(0.28, 0.32), rng.uniform(0.024, 0.03)
    dark = color in ("black", "blue")
    board = rounded_box(side, side, thick - 0.006, 0.006, 0.03, 5).moved(z=0.006)
    feet = [
        lathe([(0.0, 0.0), (0.018, 0.0), (0.018, 0.008), (0.0, 0.008)], 16).moved(x, y)
        for x in (-side * 0.36, side * 0.36)
        for y in (-side * 0.36, side * 0.36)
    ]
    text = ("72.4", "58.9", "64.0", "81.5", "0.0")[int(rng.integers(5))]
    pane = label(side * 0.38, side * 0.16).turned("x", -90).moved(y=side * 0.24, z=thick + 0.0008)
    frame = rounded_box(side * 0.42, side * 0.2, 0.001, 0.0004, 0.01).moved(y=side * 0.32, z=thick - 0.0003)
    pads = [
        rounded_box(side * 0.2, side * 0.5, 0.0012, 0.0005, side * 0.09, 5).moved(
            s * side * 0.22, -side * 0.12, thick - 0.0002
        )
        for s in (-1, 1)
    ]
    parts = (
        board.part(Material(None, rgba(tone), 0.6, 0.8, 0.05)),
        *(foot.part(BLACK) for foot in feet),
        frame.part(Material(None, rgba("1d1f21"), 0.5, 0.7), False),
        pane.part(Material(texture("display", text=text), specular=0.3), False),
        merge(*pads).part(STEEL if dark else Material(None, rgba("9fa6ab"), 0.9, 0.8), False),
    )
    return Draft(parts, color, "glass", 1, 1.6)


def toilet_brush(rng: np.random.Generator) -> Draft:
    """A brush in its holder."""
    color, tone = pick(rng, PLASTICS, "white", "black", "gray", "turquoise", "pink", "blue")
    r, tall = rng.uniform(0.045, 0.055), rng.uniform(0.13, 0.2)
    coat = Material(None, rgba(tone), 0.5, 0.65, 0.03)
    outside, inside = vessel(np.array([(r * 0.94, 0.0), (r, 0.008), (r, tall * 0.5), (r * 0.92, tall)]), 0.003, 0.01)
    high = rng.uniform(0.36, 0.42)
    stick = rod((0, 0, 0.03), (0, 0, high), 0.0065, 12)
    knob = lathe(curve([(0.007, 0.0), (0.012, 0.02), (0.013, 0.07), (0.009, 0.09), (0.0, 0.094)], 14), 20).moved(
        z=high - 0.06
    )
    lid = lathe([(0.0, 0.0), (r * 0.86, 0.0), (r * 0.9, 0.006), (r * 0.6, 0.014), (0.0, 0.018)], 32).moved(
        z=tall - 0.004
    )
    parts = (outside.part(coat), inside.part(coat, False), lid.part(coat), stick.part(STEEL), knob.part(coat))
    return Draft(parts, color, "plastic", 0, 0.5)


def bucket(rng: np.random.Generator) -> Draft:
    """A bucket, its bail up from left to right."""
    color, tone = pick(rng, PLASTICS, "red", "blue", "yellow", "green", "turquoise", "orange", "gray")
    r, tall = rng.uniform(0.125, 0.145), rng.uniform(0.24, 0.28)
    coat = Material(texture("plastic", base=tone), specular=0.4, shininess=0.5)
    outside, inside = vessel(
        np.array([(r * 0.72, 0.0), (r * 0.74, 0.006), (r * 0.97, tall * 0.9), (r * 0.98, tall)]), 0.0035, 0.008
    )
    lips = [
        lathe(
            [
                (r * 0.97, tall * s),
                (r * 1.05, tall * s + 0.004),
                (r * 1.05, tall * s + 0.016),
                (r * 0.97, tall * s + 0.02),
            ],
            40,
        )
        for s in (0.82, 0.94)
    ]
    turn = np.linspace(0.0, np.pi, 25)
    bail = tube(
        np.stack([r * 1.06 * np.cos(turn), 0.0 * turn, tall * 0.93 + 0.85 * r * np.sin(turn)], axis=-1),
        0.0035,
        8,
    )
    grip = rod((-0.045, 0.0, tall * 0.93 + 0.845 * r), (0.045, 0.0, tall * 0.93 + 0.845 * r), 0.012, 14)
    ears = [rounded_box(0.016, 0.035, 0.04, 0.005).moved(s * r * 1.04, 0, tall * 0.86) for s in (-1, 1)]
    parts = (
        outside.part(coat),
        inside.part(Material(None, rgba(tone), 0.3, 0.4), False),
        merge(*lips, *ears).part(coat, False),
        bail.part(STEEL),
        grip.part(Material(None, rgba("e6e3dc"), 0.3, 0.4), False),
    )
    return Draft(parts, color, "plastic", 2, 0.6)


KINDS: dict[str, Kind] = {
    "towel-stack": Kind("stack of towels", "毛巾", "叠", "bathroom", towel_stack, environments=("bathroom",)),
    "laundry-basket": Kind("laundry basket", "洗衣篮", "个", "bathroom", laundry_basket, environments=("bathroom",)),
    "bin": Kind("trash can", "垃圾桶", "个", "bathroom", bin_, environments=("room", "bathroom")),
    "scale": Kind("bathroom scale", "体重秤", "台", "bathroom", scale, environments=("bathroom",)),
    "toilet-brush": Kind("toilet brush", "马桶刷", "把", "bathroom", toilet_brush, environments=("bathroom",)),
    "bucket": Kind("bucket", "水桶", "个", "bathroom", bucket, environments=("bathroom",)),
}
