"""Laptops, cameras, alarm clocks, game controllers, calculators."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material
from gsi_bench_hf.synth.assets.outlines import curve, rounded_rectangle
from gsi_bench_hf.synth.assets.palette import PLASTICS, pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, label, lathe, merge, rod, rounded_box, tube
from gsi_bench_hf.synth.assets.textures import texture

CHROME = Material(None, rgba("b9bcc0"), 0.9, 0.8, 0.1)
BLACK = Material(None, rgba("232427"), 0.4, 0.5)


def metal(base: str) -> Material:
    """Brushed metal."""
    return Material(texture("brushed", base=base), specular=0.6, shininess=0.5, reflectance=0.04)


def lying(picture: Shape, depth: float, z: float) -> Shape:
    """A label laid on its back, face up, its foot towards the front, centred on x and y."""
    return picture.turned("x", -90).moved(y=-depth / 2, z=z)


def facing(shape: Shape) -> Shape:
    """A shape turned about z, its top now looking to the front (-y)."""
    return shape.turned("x", 90)


def laptop(rng: np.random.Generator) -> Draft:
    """An open laptop: keyboard towards the front, something on the screen."""
    color, tone = (
        ("gray", "b3b6ba"),
        ("gray", "8f9397"),
        ("black", "303236"),
        ("white", "e3e2de"),
        ("pink", "d9b3ab"),
        ("blue", "4f6480"),
    )[int(rng.integers(6))]
    width = rng.uniform(0.29, 0.35)
    depth, thick, lid = width * rng.uniform(0.66, 0.71), 0.014, 0.006
    shell = Material(texture("plastic", base=tone, depth=0.02), specular=0.5, shininess=0.5, reflectance=0.02)
    keys = "2b2c2f" if color != "black" else "1f2022"
    board = texture("keyboard", base=tone, keys=keys)
    style = ("desktop", "editor", "chart", "video", "mail")[int(rng.integers(5))]
    base = rounded_box(width, depth, thick, 0.004, 0.012).tiled(0.2)
    lean = rng.uniform(12, 28)
    panel = facing(rounded_box(width, depth * 0.98, lid, 0.0025, 0.012).tiled(0.2)).moved(z=depth * 0.49)
    bezel = label(width - 0.008, depth * 0.98 - 0.008).moved(y=-lid - 0.0004, z=0.004)
    screen = label(width - 0.022, depth * 0.98 - 0.03).moved(y=-lid - 0.0009, z=0.018)
    panel, bezel, screen = (
        s.turned("x", -lean).moved(y=depth / 2 - 0.004, z=thick * 0.7) for s in (panel, bezel, screen)
    )
    hinge = rod(
        (-width * 0.36, depth / 2 - 0.004, thick * 0.75), (width * 0.36, depth / 2 - 0.004, thick * 0.75), 0.005, 10
    )
    parts = (
        base.part(shell),
        lying(label(width - 0.012, depth - 0.012), depth - 0.012, thick + 0.0005).part(
            Material(board, specular=0.2), False
        ),
        panel.part(shell),
        bezel.part(BLACK, False),
        screen.part(Material(texture("screen", style=style, seed=seed(rng)), specular=0.3, shininess=0.8), False),
        hinge.part(BLACK, False),
    )
    return Draft(parts, color, "metal" if color != "white" else "plastic", 1, 1.4)


_HIDES: dict[str, tuple[str, ...]] = {
    "black": ("2b2b2d",),
    "brown": ("6a4328", "5a3a26"),
    "red": ("7d2f2a",),
    "green": ("46573f",),
    "blue": ("31496b",),
}


def camera(rng: np.random.Generator) -> Draft:
    """A film camera, its lens towards the front."""
    color, tone = pick(rng, _HIDES)
    width, depth, height = rng.uniform(0.125, 0.14), rng.uniform(0.036, 0.044), rng.uniform(0.072, 0.082)
    top_metal = metal("46474a" if rng.integers(3) == 0 else "c3c4c6")
    corner, top = depth * 0.4, height * 0.975
    plates = merge(
        rounded_box(width, depth, height * 0.09, 0.003, corner).tiled(0.1),
        rounded_box(width, depth, height * 0.2, 0.004, corner).tiled(0.1).moved(z=height * 0.78),
    )
    hump = rounded_box(width * 0.3, depth * 0.9, height * 0.2, 0.006, 0.008).tiled(0.1).moved(z=height * 0.95)
    lens = [
        s.moved(0.0, -depth / 2, height * 0.45) for s in _lens(height * rng.uniform(0.34, 0.4), rng.uniform(0.03, 0.05))
    ]
    knob = lathe([(0.0085, 0.0), (0.0085, 0.005), (0.007, 0.007), (0.0, 0.007)], 24)
    button = lathe([(0.005, 0.0), (0.005, 0.004), (0.004, 0.006), (0.0, 0.006)], 16)
    controls = [knob.moved(-width * 0.35, 0, top), knob.moved(width * 0.33, 0, top), button.moved(width * 0.2, 0, top)]
    window = label(0.018, 0.009).moved(0.0, -depth * 0.45 - 0.0006, height * 1.005)
    lamp = rounded_box(0.016, 0.002, 0.009, 0.0008).moved(-width * 0.34, -depth / 2 - 0.0006, height * 0.83)
    body = rounded_box(width, depth, height * 0.72, 0.004, corner).tiled(0.05).moved(z=height * 0.07)
    parts = (
        body.part(Material(texture("leather", base=tone), specular=0.2, shininess=0.3)),
        plates.part(top_metal),
        hump.part(top_metal),
        lens[0].part(BLACK),
        lens[1].part(Material(None, rgba("2b3350"), 1.0, 0.95, 0.2), False),
        lens[2].part(Material(None, rgba("c9a24a" if rng.integers(2) else "d6d7d8"), 0.8, 0.7), False),
        merge(*controls).part(CHROME, False),
        merge(window, lamp).part(Material(None, rgba("a9bccb"), 0.9, 0.9), False),
    )
    return Draft(parts, color, "leather", 1, 0.6)


def _lens(r: float, deep: float) -> tuple[Shape, Shape, Shape]:
    """Barrel, glass and ring of a lens that looks to the front from the origin."""
    barrel = [
        (r * 1.08, 0.0),
        (r * 1.08, 0.006),
        (r, 0.006),
        (r, deep * 0.35),
        (r * 0.94, deep * 0.36),
        (r * 0.94, deep * 0.5),
    ]
    barrel += [(r, deep * 0.51), (r, deep), (r * 0.9, deep + 0.002), (r * 0.78, deep - 0.002), (r * 0.7, deep - 0.01)]
    glass = lathe([(r * 0.72, deep - 0.011), (r * 0.5, deep - 0.006), (0.0, deep - 0.004)], 32)
    ring = [(r * 1.012, deep * 0.82), (r * 1.02, deep * 0.84), (r * 1.02, deep * 0.9), (r * 1.012, deep * 0.92)]
    return facing(lathe(barrel, 40)), facing(glass), facing(lathe(ring, 40))


def dial_face(radius: float) -> Shape:
    """A disc that looks to the front, with a whole picture on it."""
    points = lathe([(radius, 0.0), (radius * 0.5, 0.0), (0.0, 0.0)], 48)
    uv = 0.5 + points.vertices[:, :2] / (2 * radius) * np.array([1.0, -1.0])
    return facing(Shape(points.vertices, points.faces, points.normals, uv))


def alarm_clock(rng: np.random.Generator) -> Draft:
    """A twin-bell alarm clock, its dial towards the front."""
    color, tone = pick(rng, PLASTICS, "red", "blue", "green", "yellow", "turquoise", "black", "white", "pink")
    r, deep = rng.uniform(0.042, 0.055), rng.uniform(0.034, 0.045)
    z = r * 1.22
    case = [(0.0, -0.5), (r * 0.8, -0.5), (r * 0.95, -0.38), (r, -0.2), (r, 0.4)]
    case += [(r * 1.04, 0.42), (r * 1.04, 0.52), (r * 0.95, 0.54), (r * 0.92, 0.44)]
    body = facing(lathe(np.array(case) * [1.0, deep], 48, 50.0)).moved(z=z)
    face = dial_face(r * 0.93).moved(y=-deep * 0.45, z=z)
    accent = tone if color != "white" else "b9322c"
    hour, minute = int(rng.integers(12)), int(rng.integers(12)) * 5
    picture = texture("dial", hour=hour, minute=minute, accent=accent, style=int(rng.integers(2)))
    chrome = Material(None, rgba("c6a15a"), 0.9, 0.75) if rng.integers(2) else CHROME
    parts = (
        body.part(Material(None, rgba(tone), 0.6, 0.7, 0.03)),
        face.part(Material(picture, specular=0.1), False),
        *(shape.part(chrome) for s in (-1, 1) for shape in _bell_and_feet(s, r, deep, z)),
        *(shape.part(chrome, False) for shape in _hammer(r, z)),
    )
    return Draft(parts, color, "metal", 1, 0.3)


def _bell_and_feet(s: int, r: float, deep: float, z: float) -> list[Shape]:
    """The bell of one side (-1 or 1) of a clock of radius r at height z, and the two feet below."""
    dome = curve(np.array([(1.0, 0.0), (0.92, 0.45), (0.5, 0.8), (0.0, 0.9)]) * 0.42 * r, 10)
    bell = (
        lathe(np.concatenate([[[0.357 * r, 0.001]], dome]), 28, 60.0)
        .turned("y", s * 32)
        .moved(s * r * 0.62, 0, z + r * 0.98)
    )
    stem = rod((s * r * 0.5, 0, z + r * 0.8), (s * r * 0.64, 0, z + r * 1.03), 0.003, 8)
    knees = [((s * r * 0.5, e * deep * 0.2, z - r * 0.8), (s * r * 0.66, e * deep * 0.42, 0.005)) for e in (-1, 1)]
    return [merge(bell, stem), *(rod(knee, toe, 0.005, 10) for knee, toe in knees)]


def _hammer(r: float, z: float) -> tuple[Shape, Shape]:
    """The hammer between the bells, and the handle over them."""
    arc = [(-r * 0.5, 0, z + r * 1.3), (0, 0, z + r * 1.72), (r * 0.5, 0, z + r * 1.3)]
    hammer = rod((0, 0, z + r * 0.95), (0, 0, z + r * 1.28), 0.002, 8)
    return merge(hammer, rod((-0.006, 0, z + r * 1.3), (0.006, 0, z + r * 1.3), 0.005, 10)), tube(
        curve(arc, 14), 0.0025, 8
    )


def _pad_outline(width: float, depth: float) -> Float:
    """A game controller from above: shoulders at the back, two grips at the front."""
    half = [
        (0.0, 0.42),
        (0.2, 0.42),
        (0.36, 0.45),
        (0.46, 0.32),
        (0.5, 0.05),
        (0.5, -0.3),
        (0.44, -0.5),
        (0.34, -0.46),
        (0.24, -0.16),
        (0.1, -0.1),
    ]
    left = [(-x, y) for x, y in half[1:]]
    right = [(x, y) for x, y in half[:0:-1]]
    points = np.array([half[0], *left, (0.0, -0.1), *right]) * np.array([width, depth])
    return curve(points, 65, closed=True)


def controller(rng: np.random.Generator) -> Draft:
    """A game controller lying on the table, its grips towards the front."""
    color, tone = pick(rng, PLASTICS, "white", "black", "gray", "blue", "red", "pink", "turquoise")
    width, depth, thick = rng.uniform(0.145, 0.16), rng.uniform(0.098, 0.108), rng.uniform(0.034, 0.04)
    body = extrude(_pad_outline(width, depth), thick, 0.0125, 5, bottom_bevel=0.0125).tiled(0.05)
    ink = Material(None, rgba("26272a" if color != "black" else "4a4c50"), 0.4, 0.5)
    stick = lathe(
        [
            (0.0125, 0.0),
            (0.0125, 0.0015),
            (0.006, 0.003),
            (0.0055, 0.009),
            (0.009, 0.0105),
            (0.0088, 0.0135),
            (0.006, 0.0128),
            (0.0, 0.012),
        ],
        24,
    )
    arm = rounded_box(0.008, 0.024, 0.004, 0.0012).moved(z=thick - 0.0005)
    cross = merge(arm, arm.turned("z", 90)).moved(-width * 0.31, depth * 0.2)
    buttons = []
    for k, (x, y) in enumerate(((0, 1), (1, 0), (0, -1), (-1, 0))):
        knob = lathe([(0.0048, 0.0), (0.0048, 0.003), (0.0035, 0.0042), (0.0, 0.0045)], 14)
        hue = ("d9b43a", "c0392f", "4f9a5b", "3b74c0")[k]
        place = knob.moved(width * 0.31 + 0.0105 * x, depth * 0.2 + 0.0105 * y, thick - 0.0005)
        buttons.append(place.part(Material(None, rgba(hue), 0.6, 0.7), False))
    menu = [rounded_box(0.009, 0.004, 0.0025, 0.001).moved(x, depth * 0.22, thick - 0.0005) for x in (-0.014, 0.014)]
    pad = rounded_box(0.03, 0.016, 0.0015, 0.0006, 0.003).moved(y=depth * 0.34, z=thick - 0.0005)
    sticks = [stick.moved(sx * width * 0.155, depth * 0.02, thick - 0.001) for sx in (-1, 1)]
    triggers = [
        rounded_box(0.034, 0.02, 0.016, 0.005, 0.008).moved(sx * width * 0.33, depth * 0.42, thick * 0.35)
        for sx in (-1, 1)
    ]
    parts = (
        body.part(Material(texture("plastic", base=tone), specular=0.35, shininess=0.45)),
        merge(*sticks, cross, *menu, pad).part(ink, False),
        merge(*triggers).part(ink, False),
        *buttons,
    )
    return Draft(parts, color, "plastic", 1, 0.25)


def calculator(rng: np.random.Generator) -> Draft:
    """A desk calculator, its display at the back."""
    color, tone = pick(rng, PLASTICS, "white", "black", "gray", "blue", "pink", "turquoise", "green")
    width, depth, thick = rng.uniform(0.095, 0.115), rng.uniform(0.14, 0.165), 0.016
    tilt = rng.uniform(6, 11)
    body = rounded_box(width, depth, thick, 0.0045, 0.01).tiled(0.06)
    display = texture("display", text=("123456.78", "3.1415926", "0.", "98765", "20570.0")[int(rng.integers(5))])
    pane = lying(label(width * 0.84, depth * 0.2), depth * 0.2, 0.0).moved(y=depth * 0.32, z=thick + 0.0006)
    rim = rounded_box(width * 0.9, depth * 0.25, 0.0008, 0.0003, 0.004).moved(y=depth * 0.32, z=thick - 0.0003)
    dark: list[Shape] = []
    mid: list[Shape] = []
    hot: list[Shape] = []
    for row in range(5):
        for column in range(4):
            key = rounded_box(width * 0.17, depth * 0.085, 0.005, 0.0016, 0.0025, 1)
            key = key.moved((column - 1.5) * width * 0.215, depth * (0.1 - row * 0.118), thick - 0.001)
            (hot if row == 0 and column < 2 else mid if column == 3 or row == 0 else dark).append(key)
    light = color in ("black", "gray", "blue")
    pieces = [
        (body, Material(texture("plastic", base=tone), specular=0.35, shininess=0.4), True),
        (rim, BLACK, False),
        (pane, Material(display, specular=0.4, shininess=0.7), False),
        (merge(*dark), Material(None, rgba("d8d6d0" if light else "37393d"), 0.35, 0.4), False),
        (merge(*mid), Material(None, rgba("8d9196"), 0.35, 0.4), False),
        (merge(*hot), Material(None, rgba("c9602f"), 0.35, 0.4), False),
    ]
    wedge = extrude(rounded_rectangle(width * 0.86, 0.012, 0.004), depth * np.sin(np.deg2rad(tilt)) * 0.85, 0.002)
    parts = [shape.turned("x", tilt).part(material, solid) for shape, material, solid in pieces]
    low = min(float(p.vertices_m[:, 2].min()) for p in parts)
    parts.append(wedge.moved(y=depth * 0.44, z=low).part(BLACK))
    return Draft(tuple(parts), color, "plastic", 1, 0.2)


KINDS: dict[str, Kind] = {
    "laptop": Kind("laptop", "笔记本电脑", "台", "electronics", laptop),
    "camera": Kind("camera", "照相机", "台", "electronics", camera),
    "alarm-clock": Kind("alarm clock", "闹钟", "个", "electronics", alarm_clock),
    "game-controller": Kind("game controller", "游戏手柄", "个", "electronics", controller),
    "calculator": Kind("calculator", "计算器", "个", "electronics", calculator),
}
