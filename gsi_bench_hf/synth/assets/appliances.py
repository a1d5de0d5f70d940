"""Telephones, radios, fans."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, dial_face, facing
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import PLASTICS, other, pick, rgba
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.shapes import Shape, ellipsoid, label, lathe, merge, rod, rounded_box, sheet, tube
from gsi_bench_hf.synth.assets.textures import texture

_ROOM = ("room",)


def phone(rng: np.random.Generator) -> Draft:
    """A desk telephone with its receiver across, a cord and a dial or keys."""
    color, tone = pick(rng, PLASTICS, "red", "black", "white", "turquoise", "green", "yellow", "gray")
    width, coat = rng.uniform(0.19, 0.21), Material(None, rgba(tone), 0.6, 0.75, 0.04)
    rings = [
        (squircle(width * w, 0.2 * d, 5, 48, 0, y), z)
        for w, d, y, z in (
            (1.0, 1.0, 0, 0.0),
            (1.0, 1.0, 0, 0.015),
            (0.9, 0.9, 0.004, 0.045),
            (0.7, 0.5, 0.03, 0.085),
            (0.62, 0.36, 0.034, 0.092),
        )
    ]
    body = ringed(rings)
    tilt, at = 40.0, (0.0, -0.05, 0.0725)
    disc, holes = (
        dial_face(0.05),
        [
            dial_face(0.0075).moved(0.036 * np.sin(a), -0.0075, 0.036 * np.cos(a))
            for a in np.deg2rad(np.arange(30, 330, 30))
        ],
    )
    plate_ = facing(lathe([(0.0, -0.012), (0.052, -0.012), (0.052, 0.0), (0.048, 0.003), (0.0, 0.003)], 40))
    ring = facing(lathe([(0.049, 0.003), (0.047, 0.0065), (0.02, 0.0065), (0.018, 0.003)], 40))
    hub = disc.scaled(0.38, 1.0, 0.38).moved(y=-0.008)
    lay = [s.turned("x", -(90 - tilt)).moved(*at) for s in (plate_, ring, merge(*holes), hub)]
    bar = tube(
        curve([(-0.095, 0.034, 0.12), (-0.05, 0.034, 0.136), (0.05, 0.034, 0.136), (0.095, 0.034, 0.12)], 18),
        0.0125,
        14,
        1.2,
    )
    ears = [
        lathe(curve([(0.0, 0.0), (0.03, 0.0), (0.032, 0.012), (0.02, 0.03), (0.0, 0.034)], 14), 28).moved(
            s * 0.098, 0.034, 0.092
        )
        for s in (-1, 1)
    ]
    cradle = [rounded_box(0.014, 0.05, 0.03, 0.004).moved(s * 0.045, 0.034, 0.088) for s in (-1, 1)]
    t = np.linspace(0, 1, 120)
    path = curve(
        [
            (-0.1, 0.034, 0.095),
            (-0.15, 0.03, 0.03),
            (-0.165, -0.02, 0.012),
            (-0.13, -0.05, 0.012),
            (-0.098, -0.02, 0.02),
        ],
        120,
    )
    spiral = path + 0.006 * np.stack([0 * t, np.cos(2 * np.pi * 20 * t), np.sin(2 * np.pi * 20 * t)], axis=-1)
    pale = Material(None, rgba("efe9da"), 0.4, 0.5)
    parts = (
        body.part(coat),
        lay[0].part(pale, False),
        lay[1].part(coat if color != "white" else CHROME, False),
        lay[2].part(BLACK, False),
        lay[3].part(pale, False),
        bar.part(coat),
        *(ear.part(coat) for ear in ears),
        merge(*cradle).part(coat, False),
        tube(spiral, 0.0022, 5).part(BLACK if color != "black" else Material(None, rgba("4a4c50"), 0.3, 0.4), False),
    )
    return Draft(parts, color, "plastic", 1, 1.0)


def radio(rng: np.random.Generator) -> Draft:
    """A table radio: a grille and a tuning dial at the front, a handle and an aerial on top."""
    color, tone = pick(rng, PLASTICS, "red", "turquoise", "green", "white", "yellow", "blue", "orange")
    width, depth, tall = rng.uniform(0.24, 0.29), rng.uniform(0.085, 0.1), rng.uniform(0.15, 0.175)
    coat, y = Material(None, rgba(tone), 0.5, 0.7, 0.03), -depth / 2
    slats = [
        rounded_box(width * 0.44, 0.003, 0.006, 0.001, None, 1).moved(-width * 0.23, y - 0.001, tall * 0.16 + 0.012 * k)
        for k in range(int(tall * 0.7 / 0.012))
    ]
    back = rounded_box(width * 0.47, 0.002, tall * 0.74, 0.0006, 0.006).moved(-width * 0.23, y - 0.0004, tall * 0.12)
    scale = label(width * 0.4, tall * 0.3).moved(width * 0.24, y - 0.0012, tall * 0.56)
    knob = facing(lathe([(0.021, 0.0), (0.021, 0.012), (0.018, 0.016), (0.0, 0.016)], 32))
    knobs = [knob.moved(width * x, y, tall * 0.3) for x in (0.14, 0.34)]
    marks = [
        rounded_box(0.0025, 0.002, 0.012, 0.0006, None, 1).moved(width * x, y - 0.0165, tall * 0.31)
        for x in (0.14, 0.34)
    ]
    handle = tube(
        curve(
            [
                (-width * 0.4, 0, tall),
                (-width * 0.38, 0, tall + 0.035),
                (width * 0.38, 0, tall + 0.035),
                (width * 0.4, 0, tall),
            ],
            24,
        ),
        0.006,
        10,
    )
    aerial = merge(
        rod((width * 0.42, depth * 0.3, tall - 0.005), (width * 0.3, depth * 0.3, tall + 0.15), 0.0022, 8),
        ellipsoid(0.004, 0.004, 0.004, 12, 8).moved(width * 0.3, depth * 0.3, tall + 0.152),
    )
    parts = (
        rounded_box(width, depth, tall, 0.014, 0.02, 5).part(coat),
        back.part(Material(None, rgba("2a2926"), 0.1, 0.2), False),
        merge(*slats, handle, aerial, *knobs).part(CHROME, False),
        merge(*marks).part(BLACK, False),
        scale.part(Material(texture("tuner", accent="b9322c"), specular=0.3, shininess=0.7), False),
    )
    return Draft(parts, color, "plastic", 1, 1.2)


def fan(rng: np.random.Generator) -> Draft:
    """A desk fan, its cage towards the front."""
    color, tone = pick(rng, PLASTICS, "white", "turquoise", "black", "red", "blue", "green", "gray")
    r, lift = rng.uniform(0.11, 0.14), rng.uniform(0.2, 0.25)
    coat = Material(None, rgba(tone), 0.5, 0.65, 0.03)
    foot = lathe([(0.0, 0.0), (0.085, 0.0), (0.088, 0.012), (0.05, 0.024), (0.0, 0.028)], 36)
    post = rod((0, 0.02, 0.02), (0, 0.035, lift), 0.012, 14)
    motor = facing(
        lathe(curve([(0.0, -0.075), (0.035, -0.07), (0.045, -0.03), (0.04, 0.0), (0.0, 0.004)], 18), 28)
    ).moved(y=0.0, z=lift)
    blades = [_blade(r * 0.86).turned("y", 120 * k + 20).moved(y=-0.025, z=lift) for k in range(3)]
    wires: list[Shape] = []
    turn = np.linspace(0, 2 * np.pi, 49)
    for radius, y in ((1.0, -0.022), (0.98, -0.038), (0.66, -0.05), (0.34, -0.054)):
        loop = np.stack([r * radius * np.cos(turn), np.full(49, y), lift + r * radius * np.sin(turn)], axis=-1)
        wires.append(tube(loop, 0.0032 if radius == 1.0 else 0.0018, 5))
    for a in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        spoke = [
            (s * r * np.cos(a), y, lift + s * r * np.sin(a))
            for s, y in ((0.2, -0.055), (0.66, -0.05), (0.98, -0.038), (1.0, -0.022), (0.75, 0.005), (0.3, 0.015))
        ]
        wires.append(tube(spoke, 0.0013, 4, round_ends=False))
    badge = facing(lathe([(0.03, 0.0), (0.028, 0.005), (0.0, 0.007)], 28)).moved(y=-0.054, z=lift)
    hue = other(rng, PLASTICS, color, "blue", "red", "turquoise", "yellow")[1] if rng.integers(2) else "8a8d91"
    parts = (
        foot.part(coat),
        post.part(coat),
        motor.part(coat),
        merge(*blades).part(Material(None, rgba(hue), 0.5, 0.6), False),
        merge(*wires).part(CHROME),
        badge.part(coat, False),
    )
    return Draft(parts, color, "metal", 1, 1.8)


def _blade(long: float) -> Shape:
    """A fan's blade that reaches up from the origin, seen from both sides."""
    shares = curve([(0.18, 0.12), (0.4, 0.3), (0.75, 0.36), (0.97, 0.2)], 10)
    points = np.empty((10, 5, 3))
    across = np.linspace(-1, 1, 5)
    points[..., 0] = long * shares[:, 1:] * across
    points[..., 1] = 0.012 * across + 0.004
    points[..., 2] = long * shares[:, :1]
    return sheet(points)


KINDS: dict[str, Kind] = {
    "phone": Kind("telephone", "电话", "部", "electronics", phone),
    "radio": Kind("radio", "收音机", "台", "electronics", radio),
    "fan": Kind("desk fan", "台式风扇", "台", "electronics", fan),
}
