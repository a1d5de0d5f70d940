"""Desk lamps and candles."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, PLASTICS, pick, rgba
from gsi_bench_hf.synth.assets.shapes import Shape, ellipsoid, lathe, merge, rod, tube, turned_parts

CHROME = Material(None, rgba("b9bcc0"), 0.9, 0.8, 0.1)
BRASS = Material(None, rgba("b8923f"), 0.9, 0.75, 0.06)


def _shade(size: float) -> tuple[Shape, Shape, Shape]:
    """A lamp's hood that opens downwards, its inside and its bulb; hung up by the origin."""
    outline = curve([(0.2, 1.5), (0.36, 1.42), (0.6, 0.95), (1.0, 0.0)], 12)[::-1] * size
    hood = lathe(np.concatenate([outline, [[0.0, size * 1.52]]]), 40)
    inner = lathe(np.concatenate([[[0.0, size * 1.3]], outline[::-1] * [0.97, 0.97]]), 40)
    bulb = ellipsoid(size * 0.4, size * 0.4, size * 0.46, 24, 12).moved(z=size * 0.42)
    hood, inner, bulb = (s.moved(z=-size * 1.35) for s in (hood, inner, bulb))
    return hood, inner, bulb


def _foot(radius: float) -> Shape:
    """A heavy turned foot with a neck."""
    rim = [(0.0, 0.0), (radius, 0.0), (radius, 0.012), (radius * 0.95, 0.018)]
    return lathe([*rim, (radius * 0.4, 0.023), (0.012, 0.032), (0.0, 0.032)], 40)


def lamp(rng: np.random.Generator) -> Draft:
    """A jointed desk lamp: foot at the left, its head over to the right and the front."""
    color, tone = pick(rng, PLASTICS, "red", "blue", "green", "yellow", "white", "black", "orange", "turquoise")
    paint = Material(None, rgba(tone), 0.55, 0.65, 0.03)
    arm = (CHROME, BRASS, Material(None, rgba("2b2c2f"), 0.5, 0.5))[int(rng.integers(3))]
    radius, lower, upper = rng.uniform(0.068, 0.078), rng.uniform(0.16, 0.19), rng.uniform(0.115, 0.135)
    lean, reach, tilt = np.deg2rad(rng.uniform(22, 28)), np.deg2rad(rng.uniform(30, 42)), rng.uniform(18, 30)
    base = np.array([-0.01, 0.0, 0.028])
    elbow = base + lower * np.array([-np.sin(lean), 0.0, np.cos(lean)])
    head = elbow + upper * np.array([np.cos(reach), 0.0, np.sin(reach)])
    hood, inner, bulb = (s.turned("y", -tilt).moved(*head) for s in _shade(rng.uniform(0.048, 0.056)))
    side = np.array([0.0, 0.007, 0.0])
    arms = [
        merge(*(rod(p + s * side, q + s * side, 0.0032, 10) for s in (-1, 1)))
        for p, q in ((base, elbow), (elbow, head))
    ]
    joints = [ellipsoid(0.0105, 0.0105, 0.0105, 20, 10).moved(*at) for at in (elbow, head)]
    button = lathe([(0.007, 0.0), (0.007, 0.005), (0.005, 0.007), (0.0, 0.007)], 16)
    parts = (
        _foot(radius).part(paint),
        arms[0].part(arm),
        arms[1].part(arm),
        merge(*joints).part(paint, False),
        hood.part(paint),
        inner.part(Material(None, rgba("f3ecd8"), 0.2, 0.3), False),
        bulb.part(Material(None, rgba("fff3c9"), 0.3, 0.5), False),
        button.moved(radius * 0.1, -radius * 0.62, 0.019).part(CHROME, False),
    )
    return Draft(turned_parts(parts, "z", -25), color, "metal", 1, 0.9)


def _dish(radius: float, thick: float) -> Shape:
    """A saucer with a socket for a candle."""
    under = [(0.0, 0.0), (radius * 0.7, 0.0), (radius * 0.92, 0.006), (radius, 0.014), (radius * 0.985, 0.0155)]
    over = [
        (radius * 0.88, 0.009),
        (radius * 0.66, 0.005),
        (thick * 1.7, 0.005),
        (thick * 1.4, 0.02),
        (thick * 1.5, 0.026),
        (0.0, 0.026),
    ]
    return lathe(under + over, 40)


def _wax(rng: np.random.Generator, thick: float, top: float) -> Shape:
    """A candle from its socket to `top`, with drips."""
    profile = [
        (thick, 0.022),
        (thick, top - 0.004),
        (thick * 0.9, top),
        (thick * 0.8, top - 0.001),
        (thick * 0.4, top - 0.004),
        (0.0, top - 0.005),
    ]
    drips = []
    for angle in rng.uniform(0, 2 * np.pi, 4):
        x, y, long = np.cos(angle) * thick * 0.98, np.sin(angle) * thick * 0.98, rng.uniform(0.012, 0.04)
        drips.append(
            tube([(x, y, top - 0.002), (x, y, top - long * 0.5), (x, y, top - long)], [0.0018, 0.0022, 0.003], 8)
        )
    return merge(lathe(profile, 28), *drips)


def _flame(z: float) -> tuple[Shape, Shape]:
    """A flame above height z, and its bright heart towards the front."""
    flame = lathe(curve([(0.0008, 0.0), (0.0052, 0.008), (0.0036, 0.018), (0.0, 0.03)], 14), 20)
    heart = lathe(curve([(0.0006, 0.0), (0.003, 0.006), (0.0018, 0.012), (0.0, 0.018)], 10), 16)
    return flame.moved(z=z), heart.moved(0, -0.0028, z + 0.0015)


def candle(rng: np.random.Generator) -> Draft:
    """A burning candle in a chamberstick, its finger ring to the right."""
    color, tone = pick(rng, GLAZES, "white", "red", "green", "blue", "yellow", "pink", "purple")
    height, thick, radius = rng.uniform(0.08, 0.14), rng.uniform(0.011, 0.015), rng.uniform(0.045, 0.055)
    line = [(radius * 0.96, 0, 0.013), (radius + 0.014, 0, 0.03), (radius + 0.03, 0, 0.019)]
    line += [(radius + 0.016, 0, 0.006), (radius * 0.9, 0, 0.007)]
    ring = tube(curve(line, 20), 0.0028, 10)
    top = 0.022 + height
    flame, heart = _flame(top + 0.003)
    holder = (
        BRASS if rng.integers(2) else Material(None, rgba(pick(rng, GLAZES, "black", "white", "blue")[1]), 0.5, 0.6)
    )
    parts = (
        _dish(radius, thick).part(holder),
        ring.part(holder),
        _wax(rng, thick, top).part(Material(None, rgba(tone), 0.3, 0.4)),
        rod((0, 0, top - 0.006), (0.001, 0, top + 0.008), 0.0008, 6).part(
            Material(None, rgba("2b2420"), 0.1, 0.1), False
        ),
        flame.part(Material(None, rgba("f2a93a"), 0.0, 0.0), False),
        heart.part(Material(None, rgba("fff0b8"), 0.0, 0.0), False),
    )
    return Draft(parts, color, "wax", 1, 0.25)


KINDS: dict[str, Kind] = {
    "lamp": Kind("desk lamp", "台灯", "盏", "lamps", lamp),
    "candle": Kind("candle", "蜡烛", "支", "lamps", candle),
}
