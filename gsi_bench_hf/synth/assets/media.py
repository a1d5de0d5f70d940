"""Screens, sound and desk machines: televisions, monitors, keyboards, mice, speakers, printers."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, facing, lying, metal
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import PLASTICS, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.shapes import Shape, label, lathe, merge, rod, rounded_box, tube
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
    cones: list[Shape] = []
    rims: list[Shape] = []
    caps: list[Shape] = []
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


KINDS: dict[str, Kind] = {
    "tv": Kind("television", "电视", "台", "electronics", tv, environments=_ROOM),
    "monitor": Kind("computer monitor", "电脑显示器", "台", "electronics", monitor, environments=_ROOM),
    "keyboard": Kind("keyboard", "键盘", "个", "electronics", keyboard, environments=_ROOM),
    "mouse": Kind("computer mouse", "鼠标", "个", "electronics", mouse),
    "speaker": Kind("speaker", "音箱", "个", "electronics", speaker),
    "printer": Kind("printer", "打印机", "台", "electronics", printer, environments=_ROOM),
}
