"""Screens, sound and desk machines: televisions, monitors, keyboards, mice, speakers, phones, radios, printers, fans."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, dial_face, facing, lying, metal
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import PLASTICS, other, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.shapes import Shape, ellipsoid, label, lathe, merge, rod, rounded_box, sheet, tube
from gsi_bench_hf.synth.assets.textures import texture

_ROOM = ("room",)
_OFF = Material(None, rgba("17191c"), 0.7, 0.95, 0.08)


def plastic(tone: str) -> Material:
    """Moulded plastic."""
    return Material(texture("plastic", base=tone), specular=0.35, shininess=0.45)


def tv(rng: np.random.Generator) -> Draft:
    """A flat television on two feet or one, something on, or black."""
    width = rng.uniform(0.72, 1.05)
    tall, deep, lift = width * 0.575, 0.035, 0.06
    style = ("film", "match", "news", "off")[int(rng.integers(4))]
    shown = (
        _OFF
        if style == "off"
        else Material(texture("broadcast", style=style, seed=seed(rng, 3)), specular=0.4, shininess=0.9)
    )
    panel = rounded_box(width, deep * 0.5, tall, 0.004, 0.005).moved(z=lift)
    bulge = rounded_box(width * 0.66, 0.06, tall * 0.6, 0.015, 0.02).moved(y=0.036, z=lift + tall * 0.08)
    screen = label(width - 0.02, tall - 0.026).moved(y=-deep * 0.25 - 0.0006, z=lift + 0.018)
    if rng.integers(2):
        feet = [
            tube(
                [(s * width * 0.34, -0.1, 0.006), (s * width * 0.34, 0.0, lift + 0.02), (s * width * 0.34, 0.1, 0.006)],
                0.007,
                10,
            )
            for s in (-1, 1)
        ]
    else:
        feet = [
            rounded_box(width * 0.36, 0.2, 0.012, 0.004, 0.03),
            rounded_box(0.08, 0.03, lift + 0.05, 0.006).moved(y=0.02),
        ]
    logo = rounded_box(0.05, 0.002, 0.006, 0.0005).moved(y=-deep * 0.25 - 0.001, z=lift + 0.006)
    parts = (
        panel.part(BLACK),
        bulge.part(BLACK),
        *(f.part(BLACK) for f in feet),
        screen.part(shown, False),
        logo.part(CHROME, False),
    )
    return Draft(parts, "black", "plastic", 1, 9.0)


def monitor(rng: np.random.Generator) -> Draft:
    """A computer screen on its stand."""
    color, tone = pick(rng, PLASTICS, "black", "white", "gray")
    width = rng.uniform(0.5, 0.62)
    tall, lift = width * 0.6, rng.uniform(0.1, 0.14)
    style = ("desktop", "editor", "chart", "video", "mail")[int(rng.integers(5))]
    shell, stand = plastic(tone), metal("b3b6ba") if color != "black" else plastic(tone)
    panel = rounded_box(width, 0.022, tall, 0.005, 0.006).tiled(0.2).moved(z=lift)
    hump = rounded_box(width * 0.5, 0.03, tall * 0.5, 0.012, 0.014).tiled(0.2).moved(y=0.02, z=lift + tall * 0.25)
    neck = rounded_box(0.06, 0.022, lift + tall * 0.4, 0.006).tiled(0.2).moved(y=0.05)
    base = rounded_box(width * 0.42, 0.19, 0.012, 0.004, 0.03).tiled(0.2).moved(y=0.03)
    bezel = label(width - 0.008, tall - 0.008).moved(y=-0.0114, z=lift + 0.004)
    screen = label(width - 0.022, tall - 0.03).moved(y=-0.0119, z=lift + 0.02)
    parts = (
        panel.part(shell),
        hump.part(shell),
        neck.part(stand),
        base.part(stand),
        bezel.part(Material(None, rgba("1f2022" if color != "white" else "d9d8d3"), 0.4, 0.6), False),
        screen.part(Material(texture("screen", style=style, seed=seed(rng)), specular=0.3, shininess=0.8), False),
    )
    return Draft(parts, color, "plastic", 1, 4.5)


def keyboard(rng: np.random.Generator) -> Draft:
    """A computer keyboard, its space bar towards the front."""
    color, tone = pick(rng, PLASTICS, "black", "white", "gray", "pink")
    width, depth, thick = rng.uniform(0.4, 0.45), rng.uniform(0.13, 0.145), 0.016
    keys, block = {
        "black": ("35373b", "74787e"),
        "white": ("e4e2dc", "868c94"),
        "gray": ("4a4d52", "a9adb2"),
        "pink": ("efe3e3", "c98a9a"),
    }[color]
    tray = rounded_box(width, depth, thick, 0.004, 0.008).tiled(0.2)
    board = Material(texture("keys", base=tone, keys=keys, accent=block), specular=0.2, shininess=0.3)
    row = rounded_box(width * 0.965, depth * 0.12, 0.005, 0.0015, 0.003, 1)
    rows = merge(*(row.moved(y=depth * (0.31 - 0.155 * k), z=thick - 0.001) for k in range(5)))
    face = lying(label(width - 0.006, depth - 0.006), depth - 0.006, thick + 0.0042)
    parts = (tray.part(plastic(tone)), rows.part(Material(None, rgba(keys), 0.3, 0.4), False), face.part(board, False))
    return Draft(parts, color, "plastic", 1, 0.7)


def mouse(rng: np.random.Generator) -> Draft:
    """A computer mouse, its buttons away from a person who looks at its front."""
    color, tone = pick(rng, PLASTICS, "black", "white", "gray", "red", "blue", "pink")
    wide, long, tall = rng.uniform(0.06, 0.066), rng.uniform(0.105, 0.118), rng.uniform(0.034, 0.04)
    outline = [
        (0.9, 0.0, 0.0),
        (0.95, 0.05, 0.0),
        (1.0, 0.3, 0.0),
        (0.9, 0.62, -0.03),
        (0.66, 0.88, -0.06),
        (0.3, 0.99, -0.07),
    ]
    line = curve(np.array(outline), 14)
    body = ringed([(squircle(wide * s, long * s, 2.5, 44, 0.0, y * long), z * tall) for s, z, y in line])
    wheel = rod((-0.0035, long * 0.24, tall * 0.84), (0.0035, long * 0.24, tall * 0.84), 0.0075, 18, False)
    seam = tube(
        curve(
            [
                (0, long * 0.08, tall * 1.0),
                (0, long * 0.24, tall * 0.94),
                (0, long * 0.38, tall * 0.74),
                (0, long * 0.46, tall * 0.45),
            ],
            14,
        ),
        0.0012,
        6,
    )
    parts = (
        body.part(Material(None, rgba(tone), 0.45, 0.6, 0.02)),
        merge(wheel, seam).part(BLACK if color != "black" else CHROME, False),
    )
    return Draft(parts, color, "plastic", 1, 0.12)


def speaker(rng: np.random.Generator) -> Draft:
    """A bookshelf loudspeaker: a large and a small cone at the front."""
    color, coat = (
        ("brown", wooden("walnut", seed(rng, 3))),
        ("black", plastic("2a2b2e")),
        ("white", plastic("e3e1da")),
        ("brown", wooden("oak", seed(rng, 3))),
    )[int(rng.integers(4))]
    width, depth, tall = rng.uniform(0.16, 0.2), rng.uniform(0.18, 0.22), rng.uniform(0.27, 0.34)
    r = width * 0.36
    front = rounded_box(width - 0.012, 0.004, tall - 0.012, 0.001, 0.004).moved(y=-depth / 2 - 0.001, z=0.006)
    cones, rims, caps = [], [], []
    for radius, z in ((r, tall * 0.34), (r * 0.48, tall * 0.76)):
        rim = lathe([(radius * 1.1, 0.0), (radius * 1.1, 0.004), (radius * 1.0, 0.006), (radius * 0.9, 0.004)], 40)
        cone = lathe(
            [
                (radius * 0.92, 0.005),
                (radius * 0.82, 0.0062),
                (radius * 0.74, 0.004),
                (radius * 0.3, 0.0008),
                (0.0, 0.0008),
            ],
            36,
        )
        dome = lathe(curve([(radius * 0.3, 0.001), (radius * 0.2, 0.006), (0.0, 0.008)], 8), 24)
        for shape, group in ((rim, rims), (cone, cones), (dome, caps)):
            group.append(facing(shape).moved(y=-depth / 2 - 0.003, z=z))
    accent = "d8c23a" if rng.integers(3) == 0 else "4a4c50"
    parts = (
        rounded_box(width, depth, tall, 0.006).tiled(0.5, 0.4).part(coat),
        front.part(Material(None, rgba("1f2022"), 0.2, 0.3), False),
        merge(*rims).part(CHROME, False),
        merge(*cones).part(Material(None, rgba(accent), 0.2, 0.3), False),
        merge(*caps).part(BLACK, False),
    )
    return Draft(parts, color, "wooden" if color == "brown" else "plastic", 1, 4.0)


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


def printer(rng: np.random.Generator) -> Draft:
    """A printer with paper at the back and a printed sheet on its tray at the front."""
    color, tone = pick(rng, PLASTICS, "white", "gray", "black")
    width, depth, tall = rng.uniform(0.4, 0.45), rng.uniform(0.28, 0.32), rng.uniform(0.14, 0.18)
    dark = "3a3c40" if color != "black" else "56595e"
    slot = rounded_box(width * 0.72, 0.02, tall * 0.34, 0.004).moved(y=-depth / 2 + 0.006, z=tall * 0.14)
    tray = rounded_box(width * 0.64, 0.13, 0.008, 0.003, 0.01).turned("x", 6).moved(y=-depth / 2 - 0.055, z=tall * 0.09)
    out = lying(label(0.21, 0.12), 0.12, 0.0).turned("x", 6).moved(y=-depth / 2 - 0.04, z=tall * 0.09 + 0.0125)
    feeder = (
        rounded_box(width * 0.62, 0.012, 0.16, 0.004, 0.006).turned("x", -20).moved(y=depth / 2 - 0.055, z=tall - 0.03)
    )
    sheets = rounded_box(0.21, 0.006, 0.2, 0.001).turned("x", -20).moved(y=depth / 2 - 0.064, z=tall - 0.03)
    panel = rounded_box(width * 0.3, 0.05, 0.004, 0.0015, 0.006).moved(-width * 0.28, -depth * 0.34, tall - 0.001)
    lamp = rounded_box(0.03, 0.02, 0.002, 0.0006, 0.004).moved(-width * 0.22, -depth * 0.34, tall + 0.0022)
    paper = Material(None, rgba("f3f1ec"), 0.05, 0.1)
    parts = (
        rounded_box(width, depth, tall, 0.012, 0.025, 4).tiled(0.2).part(plastic(tone)),
        tray.part(Material(None, rgba(dark), 0.3, 0.4)),
        merge(slot, feeder, panel).part(Material(None, rgba(dark), 0.3, 0.4), False),
        sheets.part(paper, False),
        out.part(Material(texture("screen", style="chart", seed=seed(rng, 3)), specular=0.05), False),
        lamp.part(Material(None, rgba("6fc0e0"), 0.5, 0.7), False),
    )
    return Draft(parts, color, "plastic", 1, 5.0)


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
    "tv": Kind("television", "电视", "台", "electronics", tv, environments=_ROOM),
    "monitor": Kind("computer monitor", "电脑显示器", "台", "electronics", monitor, environments=_ROOM),
    "keyboard": Kind("keyboard", "键盘", "个", "electronics", keyboard, environments=_ROOM),
    "mouse": Kind("computer mouse", "鼠标", "个", "electronics", mouse, environments=_ROOM),
    "speaker": Kind("speaker", "音箱", "个", "electronics", speaker, environments=_ROOM),
    "phone": Kind("telephone", "电话", "部", "electronics", phone, environments=_ROOM),
    "radio": Kind("radio", "收音机", "台", "electronics", radio, environments=_ROOM),
    "printer": Kind("printer", "打印机", "台", "electronics", printer, environments=_ROOM),
    "fan": Kind("desk fan", "台式风扇", "台", "electronics", fan, environments=_ROOM),
}
