"""Staplers, watering cans, toasters, picture frames, kettles."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, facing, metal
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import PLASTICS, pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, label, lathe, merge, rod, rounded_box, tube, turned_parts
from gsi_bench_hf.synth.assets.textures import texture


def stapler(rng: np.random.Generator) -> Draft:
    """A desk stapler, its mouth towards the front."""
    color, tone = pick(rng, PLASTICS, "red", "blue", "black", "green", "turquoise", "orange", "gray")
    length, width = rng.uniform(0.13, 0.15), rng.uniform(0.032, 0.038)
    paint = Material(None, rgba(tone), 0.5, 0.6, 0.02)
    base = rounded_box(length, width, 0.009, 0.003, 0.01)
    outline = curve(
        np.array(
            [
                (-0.5, 0.0),
                (-0.52, 0.05),
                (-0.5, 0.16),
                (-0.36, 0.21),
                (0.0, 0.19),
                (0.34, 0.15),
                (0.49, 0.1),
                (0.51, 0.03),
                (0.48, 0.0),
                (0.0, -0.002),
            ]
        )[::-1]
        * length,
        41,
        closed=True,
    )
    arm = extrude(outline, width * 0.8, 0.0055, 4).turned("x", 90).moved(y=width * 0.4)
    rail = rounded_box(length * 0.92, width * 0.48, 0.009, 0.0012).moved(z=-0.0065)
    tilt = rng.uniform(7, 11)
    arm, rail = (s.moved(x=length * 0.42).turned("y", -tilt).moved(-length * 0.42, 0, 0.021) for s in (arm, rail))
    hinge = rounded_box(length * 0.2, width * 0.9, 0.03, 0.004).moved(x=-length * 0.38, z=0.004)
    anvil = rounded_box(0.016, width * 0.5, 0.0015, 0.0005).moved(x=length * 0.42, z=0.009)
    pad = rounded_box(length * 0.96, width * 0.94, 0.003, 0.001, 0.01).moved(z=-0.002)
    parts = (
        base.part(paint if rng.integers(2) else BLACK),
        arm.part(paint),
        rail.part(CHROME),
        hinge.part(BLACK),
        anvil.part(CHROME, False),
        pad.part(BLACK),
    )
    return Draft(turned_parts(parts, "z", -90), color, "metal", 1, 0.3)


def watering_can(rng: np.random.Generator) -> Draft:
    """A watering can, its spout to the right."""
    color, tone = pick(rng, PLASTICS, "green", "blue", "yellow", "red", "gray", "turquoise", "orange", "white")
    r, tall = rng.uniform(0.058, 0.07), rng.uniform(0.11, 0.135)
    paint = Material(texture("brushed", base=tone, depth=0.05), specular=0.4, shininess=0.5)
    trim = Material(None, rgba("b8923f"), 0.8, 0.7) if rng.integers(3) == 0 else paint
    foot = [(0.0, 0.002), (r * 0.95, 0.002), (r, 0.0), (r, 0.005), (r * 0.98, 0.009)]
    top = [(r * 0.92, tall * 0.92), (r * 0.95, tall * 0.93), (r * 0.95, tall * 0.97), (r * 0.9, tall)]
    water = lathe([(r * 0.9, tall), (r * 0.88, tall * 0.9), (0.0, tall * 0.88)], 40)
    line = _arc([(0.8, 0.2), (1.5, 0.5), (2.05, 0.95), (2.5, 1.25)], r, tall, 14)
    rose = lathe([(0.0085, 0.0), (0.021, 0.02), (0.021, 0.024), (0.018, 0.027), (0.0, 0.029)], 24)
    grip = _arc([(0.86, 0.95), (0.5, 1.5), (-0.5, 1.62), (-1.35, 1.2), (-1.4, 0.6), (-0.94, 0.3)], r, tall, 30)
    parts = (
        lathe(foot + top, 44).part(paint),
        water.part(Material(None, rgba("2f3a3f"), 0.3, 0.5), False),
        tube(line, np.linspace(0.013, 0.0085, 14), 14, round_ends=False).part(paint),
        rose.moved(z=-0.004).turned("y", 56).moved(*line[-1]).part(trim),
        tube(grip, 0.0055, 10).part(trim),
        rod((r * 0.85, 0, tall * 0.9), tuple(line[8]), 0.0028, 8).part(trim, False),
    )
    return Draft(parts, color, "metal", 1, 0.6)


def _arc(points: list[tuple[float, float]], r: float, tall: float, count: int) -> Float:
    """(count, 3) a curve in the plane y = 0 through points given in radii and heights."""
    return curve([(x * r, 0.0, z * tall) for x, z in points], count)


_TOASTERS: dict[str, tuple[str, ...]] = {
    "red": ("a5362d",),
    "white": ("e8e3d6",),
    "turquoise": ("86b8b0", "6fa9a3"),
    "gray": ("a9acb0",),
    "black": ("333437",),
    "yellow": ("dcc07a",),
    "blue": ("5d7f9c",),
}


def toaster(rng: np.random.Generator) -> Draft:
    """A two-slot toaster with slices in it, its lever at the right end, a dial on the front."""
    color, tone = pick(rng, _TOASTERS)
    width, depth, tall = rng.uniform(0.24, 0.27), rng.uniform(0.14, 0.16), rng.uniform(0.15, 0.17)
    shell = metal(tone) if color == "gray" else Material(None, rgba(tone), 0.5, 0.65, 0.03)
    top, y = tall + 0.012, 0.026
    slots = [rounded_box(width * 0.66, 0.026, 0.0016, 0.0006, 0.006).moved(0, s * y, top - 0.0008) for s in (-1, 1)]
    groove = rounded_box(0.0015, 0.008, tall * 0.5, 0.0005).moved(width / 2, 0, tall * 0.36)
    crust, crumb = _toast(top + rng.uniform(0.035, 0.05))
    knob = facing(lathe([(0.017, 0.0), (0.017, 0.008), (0.014, 0.012), (0.0, 0.012)], 28))
    mark = rounded_box(0.002, 0.0015, 0.011, 0.0005).moved(width * 0.3, -depth / 2 - 0.0125, tall * 0.44)
    band = rounded_box(width + 0.002, depth + 0.002, 0.01, 0.002, 0.041, 6).moved(z=0.034)
    parts = (
        rounded_box(width, depth, tall, 0.03, 0.04, 6).tiled(0.2).moved(z=0.012).part(shell),
        rounded_box(width * 0.94, depth * 0.9, 0.016, 0.003, 0.03).part(BLACK),
        rounded_box(0.018, 0.03, 0.012, 0.004).moved(width / 2 + 0.008, 0, tall * 0.72).part(BLACK),
        merge(band, knob.moved(width * 0.3, -depth / 2, tall * 0.42)).part(CHROME, False),
        merge(*slots, groove).part(Material(None, rgba("1d1c1c"), 0.1, 0.1), False),
        merge(*(crust.moved(y=s * y) for s in (-1, 1))).part(Material(None, rgba("9a6633"), 0.05, 0.1), False),
        merge(*(crumb.moved(y=s * y) for s in (-1, 1))).part(_CRUMB, False),
        mark.part(BLACK, False),
    )
    return Draft(parts, color, "metal", 1, 1.2)


_CRUMB = Material(texture("plaster", base="dcb67c", depth=0.1), specular=0.02)


def _toast(top: float) -> tuple[Shape, Shape]:
    """A slice of bread that ends at height `top`: its crust, and its crumb on both faces."""
    right = [(0.5, 0.0), (0.5, 0.55), (0.56, 0.72), (0.46, 0.95), (0.2, 1.0)]
    outline = np.array(right + [(-x, z) for x, z in right[::-1]] + right[:1]) * [0.1, 0.095]
    crust = extrude(outline, 0.014, 0.002, 2).turned("x", 90).moved(y=0.007, z=top - 0.095)
    crumb = extrude(outline * [0.88, 0.94] + [0, 0.002], 0.0154, 0.001, 1).tiled(0.06)
    return crust, crumb.turned("x", 90).moved(y=0.0077, z=top - 0.095)


def picture_frame(rng: np.random.Generator) -> Draft:
    """A framed photograph on its strut, leaning back, its picture towards the front."""
    color, tone = pick(rng, {"brown": ("walnut", "mahogany"), "beige": ("oak", "maple"), "black": ("ebony",)})
    width, tall = (0.13, 0.17) if rng.integers(2) else (0.18, 0.14)
    bar, deep, lean = rng.uniform(0.014, 0.022), 0.014, 10.0
    upright, level = rounded_box(bar, deep, tall + 2 * bar, 0.004), rounded_box(width, deep, bar, 0.004)
    pieces = [upright.moved(x=s * (width + bar) / 2) for s in (-1, 1)] + [level, level.moved(z=tall + bar)]
    frame = merge(*pieces).tiled(0.3).turned("x", -lean)
    back = rounded_box(width + bar, 0.004, tall + bar, 0.001).moved(y=deep * 0.4, z=bar / 2).turned("x", -lean)
    photo = label(width, tall).moved(y=-deep * 0.18, z=bar).turned("x", -lean)
    style = ("hills", "leaf", "sun", "blocks")[int(rng.integers(4))]
    base, accent = (("9fc1d6", "7d8f74"), ("e8dcc4", "5d7d58"), ("e9a36b", "6b4a6b"), ("f0ebe0", "a5362d"))[
        int(rng.integers(4))
    ]
    picture = Material(
        texture("art", base=base, accent=accent, style=style, seed=seed(rng)), specular=0.3, shininess=0.7
    )
    wood = Material(texture("wood", tone=tone, seed=seed(rng, 3), knots=0), specular=0.3, shininess=0.5)
    parts = (
        frame.part(wood),
        back.part(BLACK),
        photo.part(picture, False),
        _strut(tall * 0.7, lean, float(frame.vertices[:, 2].min())).part(BLACK),
    )
    return Draft(parts, color, "wooden", 1, 0.35)


def _strut(long: float, lean_deg: float, floor_z: float) -> Shape:
    """The leg behind a frame that leans back by `lean_deg`: its head touches the back, its foot stands on `floor_z`."""
    splay = np.deg2rad(28)
    leg = rounded_box(0.035, 0.003, long, 0.001).turned("x", np.rad2deg(splay))
    leg = leg.moved(y=0.011 + long * (np.sin(splay) + np.cos(splay) * np.tan(np.deg2rad(lean_deg))))
    return leg.moved(z=floor_z - float(leg.vertices[:, 2].min()))


def kettle(rng: np.random.Generator) -> Draft:
    """A stove kettle, its spout to the right."""
    color, tone = pick(rng, PLASTICS, "red", "white", "turquoise", "black", "yellow", "gray", "green")
    r, tall = rng.uniform(0.085, 0.098), rng.uniform(0.105, 0.125)
    coat = metal("b9bcc0") if color == "gray" else Material(None, rgba(tone), 0.65, 0.75, 0.04)
    outline = curve(
        [(r * 0.93, 0.004), (r, tall * 0.2), (r * 0.9, tall * 0.6), (r * 0.58, tall * 0.9), (r * 0.46, tall * 0.95)], 20
    )
    body = lathe(np.concatenate([[[0.0, 0.0], [r * 0.88, 0.0]], outline]), 48, 60.0)
    lid = lathe(
        curve([(r * 0.47, tall * 0.95), (r * 0.4, tall * 1.03), (r * 0.18, tall * 1.07), (0.0, tall * 1.08)], 12), 40
    )
    knob = lathe(curve([(0.006, 0.0), (0.0065, 0.006), (0.013, 0.014), (0.009, 0.022), (0.0, 0.024)], 12), 24).moved(
        z=tall * 1.07
    )
    line = curve([(r * 0.75, 0, tall * 0.45), (r * 1.12, 0, tall * 0.62), (r * 1.36, 0, tall * 0.95)], 12)
    spout = tube(line, np.linspace(0.021, 0.011, 12), 16, round_ends=False)
    mouth = tube(np.stack([line[-1], line[-1] + (line[-1] - line[-2]) * 0.08]), 0.0085, 12, round_ends=False)
    arch = tube(
        curve(
            [
                (-r * 0.72, 0, tall * 0.78),
                (-r * 0.78, 0, tall * 1.3),
                (0, 0, tall * 1.62),
                (r * 0.78, 0, tall * 1.3),
                (r * 0.72, 0, tall * 0.78),
            ],
            26,
        ),
        0.0042,
        10,
    )
    grip = tube(curve([(-r * 0.5, 0, tall * 1.5), (0, 0, tall * 1.625), (r * 0.5, 0, tall * 1.5)], 14), 0.0092, 14)
    handle = Material(texture("wood", tone="walnut", seed=1), specular=0.25) if rng.integers(2) else BLACK
    rim = lathe([(r * 0.935, 0.003), (r * 0.95, 0.006), (r * 0.962, 0.01)], 48)
    parts = (
        body.part(coat),
        lid.part(coat),
        knob.part(handle, False),
        spout.part(coat),
        mouth.part(Material(None, rgba("1e1c1b"), 0.1, 0.1), False),
        arch.part(CHROME),
        grip.part(handle),
        rim.part(CHROME, False),
    )
    return Draft(parts, color, "metal", 1, 1.0)


KINDS: dict[str, Kind] = {
    "stapler": Kind("stapler", "订书机", "个", "household", stapler),
    "watering-can": Kind("watering can", "洒水壶", "个", "household", watering_can),
    "toaster": Kind("toaster", "烤面包机", "台", "household", toaster),
    "picture-frame": Kind("picture frame", "相框", "个", "household", picture_frame),
    "kettle": Kind("kettle", "水壶", "把", "household", kettle),
}
