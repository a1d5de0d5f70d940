"""Toy cars, rubber ducks, tin robots, teddy bears."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, facing
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import PLASTICS, other, pick, rgba
from gsi_bench_hf.synth.assets.shapes import (
    Shape,
    ellipsoid,
    extrude,
    lathe,
    merge,
    rod,
    rounded_box,
    scaled_parts,
    surface,
    tube,
    turned_parts,
)
from gsi_bench_hf.synth.assets.textures import texture


def enamel(tone: str) -> Material:
    """Glossy toy paint."""
    return Material(None, rgba(tone), 0.6, 0.75, 0.04)


def _side(points: list[tuple[float, float]], width: float, bevel: float, scale: Float, count: int = 49) -> Shape:
    """A body whose outline is seen from the side (x along, z up), `width` across y."""
    outline = curve(np.array(points) * scale, count, closed=True)
    return extrude(outline, width, bevel, 4).turned("x", 90).moved(y=width / 2)


def toy_car(rng: np.random.Generator) -> Draft:
    """A die-cast toy car, its nose towards the front."""
    color, tone = pick(rng, PLASTICS, "red", "blue", "green", "yellow", "orange", "white", "black", "turquoise")
    length, width = rng.uniform(0.125, 0.155), rng.uniform(0.056, 0.066)
    size = np.array([length, length])
    wheel = length * rng.uniform(0.088, 0.1)
    tall = rng.uniform(0.9, 1.1)
    lower = [
        (-0.49, 0.1),
        (-0.5, 0.17),
        (-0.44, 0.225),
        (-0.2, 0.235),
        (0.1, 0.23),
        (0.38, 0.205),
        (0.48, 0.175),
        (0.5, 0.11),
        (0.46, 0.07),
        (0.0, 0.06),
        (-0.46, 0.065),
    ]
    kind = int(rng.integers(3))
    cabin = (
        [(-0.36, 0.2), (-0.27, 0.335), (-0.15, 0.36), (0.02, 0.35), (0.13, 0.27), (0.2, 0.2)],
        [(-0.46, 0.2), (-0.44, 0.34), (-0.3, 0.37), (0.0, 0.365), (0.1, 0.31), (0.2, 0.2)],
        [(-0.24, 0.2), (-0.16, 0.32), (-0.05, 0.345), (0.06, 0.33), (0.14, 0.27), (0.2, 0.2)],
    )[kind]
    stretch = np.array([1.0, tall])
    body = _side([(x, z) for x, z in lower[::-1]], width, 0.007, size)
    glass = _side(cabin[::-1], width * 0.84, 0.006, size * stretch)
    top = max(z for _, z in cabin)
    roof_points = [(x * 0.99 if x > -0.1 else x, z) for x, z in cabin if z > top - 0.05]
    roof_x = [p[0] for p in roof_points]
    roof = rounded_box((max(roof_x) - min(roof_x)) * length + 0.012, width * 0.8, 0.005, 0.0024, 0.008)
    roof = roof.moved((max(roof_x) + min(roof_x)) / 2 * length, 0, top * tall * length - 0.0035)
    parts: list[Part] = [
        body.part(enamel(tone)),
        glass.part(Material(None, rgba("28313a"), 0.9, 0.9, 0.1)),
        roof.part(enamel(tone), False),
    ]
    if rng.integers(2):
        _, accent = other(rng, PLASTICS, color, "white", "black", "yellow")
        for y in (-0.006, 0.006):
            band = curve(np.array(lower[1:8]) * size + np.array([0, 0.0006]), 40)
            grid = np.stack([np.column_stack([band[:, 0], np.full(40, y + s), band[:, 1]]) for s in (-0.003, 0.003)])
            parts.append(surface(grid[:, ::1], wrap=False).part(enamel(accent), False))
    parts += _car_wheels(length, width, wheel)
    for sy in (-1, 1):
        lamp = ellipsoid(0.003, 0.0065, 0.005, 16, 8).moved(0.485 * length, sy * width * 0.32, 0.158 * length)
        rear = ellipsoid(0.003, 0.0065, 0.004, 16, 8).moved(-0.495 * length, sy * width * 0.32, 0.165 * length)
        parts += [
            lamp.part(Material(None, rgba("f5e9b8"), 0.8, 0.9), False),
            rear.part(Material(None, rgba("a02822"), 0.8, 0.9), False),
        ]
    grille = rounded_box(0.004, width * 0.34, 0.007, 0.0015).moved(0.492 * length, 0, 0.125 * length)
    bars = [
        rod((x * length, -width * 0.43, 0.088 * length), (x * length, width * 0.43, 0.088 * length), 0.0032, 10)
        for x in (-0.495, 0.495)
    ]
    parts += [grille.part(BLACK, False), merge(*bars).part(CHROME, False)]
    return Draft(turned_parts(parts, "z", -90), color, "metal", 1, 0.15)


def _car_wheels(length: float, width: float, radius: float) -> list[Part]:
    """Four wheels with chrome hubs, axles along y."""
    w = width * 0.2
    tyre = lathe(
        [
            (radius * 0.6, 0.0),
            (radius * 0.9, 0.0),
            (radius, w * 0.25),
            (radius, w * 0.75),
            (radius * 0.9, w),
            (radius * 0.6, w),
        ],
        28,
    )
    hub = lathe([(radius * 0.62, w * 0.9), (radius * 0.5, w * 0.78), (radius * 0.2, w * 0.85), (0.0, w * 0.97)], 20)
    parts = []
    for sx in (-0.3, 0.3):
        for sy in (-1, 1):
            pair = [
                facing(s).turned("z", 0 if sy < 0 else 180).moved(sx * length, sy * (width / 2 - w * 0.85), radius)
                for s in (tyre, hub)
            ]
            parts += [pair[0].part(Material(None, rgba("222326"), 0.15, 0.2)), pair[1].part(CHROME, False)]
    return parts


def rubber_duck(rng: np.random.Generator) -> Draft:
    """A bath duck, its beak towards the front."""
    color, tone = pick(rng, PLASTICS, "yellow", "yellow", "pink", "blue", "turquoise", "white", "green")
    size = rng.uniform(0.045, 0.058)
    vinyl = Material(None, rgba(tone), 0.45, 0.6, 0.02)
    body = ellipsoid(size, size * 1.22, size * 0.82, 40, 20)
    v = body.vertices.copy()
    back = np.clip(v[:, 1] / (1.22 * size), 0, 1)
    v[:, 2] += size * 0.75 * back**3
    v[:, 0] *= 1 - 0.55 * back**2
    v[:, 2] = np.maximum(v[:, 2], -0.6 * size)
    body = body.bent(v).moved(z=0.6 * size)
    head_z = 1.75 * size
    head = ellipsoid(size * 0.66, size * 0.68, size * 0.64, 32, 16).moved(0, -0.62 * size, head_z)
    beak = merge(
        ellipsoid(size * 0.3, size * 0.36, size * 0.1, 20, 10)
        .turned("x", -14)
        .moved(0, -1.32 * size, head_z - 0.04 * size),
        ellipsoid(size * 0.24, size * 0.26, size * 0.08, 20, 10)
        .turned("x", 12)
        .moved(0, -1.25 * size, head_z - 0.17 * size),
    )
    wings = []
    for sx in (-1, 1):
        wing = ellipsoid(size * 0.16, size * 0.62, size * 0.36, 20, 12).turned("x", 18).turned("z", sx * 12)
        wings.append(wing.moved(sx * size * 0.9, 0.22 * size, 0.82 * size))
    eyes, pupils = [], []
    for sx in (-1, 1):
        at = np.array([sx * 0.36, -0.47, 0.2]) * size * 1.02 + np.array([0, -0.62 * size, head_z])
        eyes.append(ellipsoid(size * 0.12, size * 0.12, size * 0.15, 16, 8).moved(*at))
        pupils.append(
            ellipsoid(size * 0.075, size * 0.075, size * 0.1, 12, 8).moved(
                *(at + np.array([sx * 0.03, -0.065, 0.01]) * size)
            )
        )
    orange = Material(None, rgba("dc7a26" if color != "pink" else "e0a030"), 0.45, 0.6)
    parts = (
        body.part(vinyl),
        head.part(vinyl),
        beak.part(orange),
        merge(*wings).part(vinyl, False),
        merge(*eyes).part(Material(None, rgba("f4f1ea"), 0.6, 0.8), False),
        merge(*pupils).part(BLACK, False),
    )
    return Draft(parts, color, "rubber", 1, 0.1)


def robot(rng: np.random.Generator) -> Draft:
    """A tin robot, its face towards the front."""
    color, tone = pick(
        rng, {**PLASTICS, "gray": ("9aa3a8", "87929a")}, "gray", "red", "blue", "green", "turquoise", "orange", "yellow"
    )
    _, accent = other(rng, PLASTICS, color, "red", "yellow", "blue", "orange")
    s = rng.uniform(0.95, 1.2)
    tin, trim = Material(texture("brushed", base=tone, depth=0.06), specular=0.6, shininess=0.6), enamel(accent)
    body = rounded_box(0.07, 0.046, 0.066, 0.005).tiled(0.1).moved(z=0.052)
    head = rounded_box(0.05, 0.042, 0.042, 0.006).tiled(0.1).moved(z=0.126)
    neck = rod((0, 0, 0.112), (0, 0, 0.13), 0.011, 16)
    parts = [body.part(tin), head.part(tin), neck.part(CHROME)]
    for sx in (-1, 1):
        leg = rounded_box(0.022, 0.026, 0.048, 0.004).tiled(0.1).moved(sx * 0.018, 0, 0.008)
        foot = rounded_box(0.03, 0.052, 0.016, 0.006).moved(sx * 0.019, -0.008)
        arm = tube(
            curve(
                [(sx * 0.033, 0, 0.106), (sx * 0.05, 0, 0.1), (sx * 0.054, -0.004, 0.078), (sx * 0.053, -0.022, 0.06)],
                12,
            ),
            0.007,
            12,
        )
        shoulder = ellipsoid(0.012, 0.012, 0.012, 16, 8).moved(sx * 0.04, 0, 0.105)
        claw = tube(
            curve(
                [
                    (sx * 0.053 - 0.009, -0.04, 0.053),
                    (sx * 0.053 - 0.008, -0.027, 0.052),
                    (sx * 0.053, -0.021, 0.058),
                    (sx * 0.053 + 0.008, -0.027, 0.052),
                    (sx * 0.053 + 0.009, -0.04, 0.053),
                ],
                14,
            ),
            0.004,
            8,
        )
        eye = facing(lathe([(0.0085, 0.0), (0.0085, 0.004), (0.0065, 0.0045), (0.006, 0.002)], 20)).moved(
            sx * 0.012, -0.021, 0.152
        )
        lens = facing(lathe([(0.0065, 0.0025), (0.004, 0.004), (0.0, 0.0045)], 16)).moved(sx * 0.012, -0.021, 0.152)
        ear = rod((sx * 0.025, 0, 0.147), (sx * 0.031, 0, 0.147), 0.008, 14)
        parts += [leg.part(tin), foot.part(trim), arm.part(CHROME), claw.part(trim, False), shoulder.part(trim, False)]
        parts += [
            eye.part(CHROME, False),
            lens.part(Material(None, rgba("f2d35a"), 0.7, 0.9), False),
            ear.part(trim, False),
        ]
    mouth = [
        rounded_box(0.003, 0.002, 0.006, 0.0006, None, 1).moved(x, -0.0215, 0.1325)
        for x in np.linspace(-0.014, 0.014, 7)
    ]
    grille = rounded_box(0.036, 0.002, 0.009, 0.0008, None, 1).moved(0, -0.0206, 0.131)
    panel = rounded_box(0.05, 0.002, 0.034, 0.0008, 0.001).moved(0, -0.0235, 0.075)
    lights = [
        facing(lathe([(0.0045, 0.0), (0.003, 0.002), (0.0, 0.0026)], 14)).moved(x, -0.0244, 0.099)
        for x in (-0.015, 0.0, 0.015)
    ]
    gauge = facing(lathe([(0.011, 0.0), (0.011, 0.002), (0.009, 0.002), (0.0, 0.002)], 24)).moved(-0.01, -0.0244, 0.085)
    needle = rod((-0.01, -0.0268, 0.085), (-0.004, -0.0268, 0.091), 0.0008, 6)
    slots = [rounded_box(0.014, 0.0015, 0.002, 0.0005, None, 1).moved(0.013, -0.0244, z) for z in (0.079, 0.084, 0.089)]
    antenna = rod((0.0, 0, 0.166), (0.0, 0, 0.184), 0.0014, 8)
    tip = ellipsoid(0.005, 0.005, 0.005, 14, 8).moved(0.0, 0, 0.188)
    parts += [
        merge(grille, *slots, needle).part(BLACK, False),
        merge(*mouth).part(CHROME, False),
        merge(panel, gauge).part(Material(None, rgba("e6e2d6"), 0.4, 0.5), False),
        merge(*lights, tip).part(trim, False),
        antenna.part(CHROME, False),
    ]
    return Draft(scaled_parts(parts, s), color, "tin", 1, 0.3)


def teddy(rng: np.random.Generator) -> Draft:
    """A sitting teddy bear, its face towards the front."""
    color, tone = pick(
        rng,
        {
            "brown": ("8d6036", "79502f", "a5733f"),
            "white": ("e2d8c4",),
            "gray": ("8d8a86",),
            "pink": ("cf9aa0",),
            "beige": ("c4a379",),
        },
    )
    pale = "".join(f"{min(255, int(int(tone[i : i + 2], 16) * 0.62 + 90)):02x}" for i in (0, 2, 4))
    fur, muzzle = (Material(texture("carpet", base=t, depth=0.35), specular=0.02, shininess=0.05) for t in (tone, pale))
    s = rng.uniform(0.9, 1.15)

    def ball(x: float, y: float, z: float, rx: float, ry: float, rz: float, fine: int = 20) -> Shape:
        return ellipsoid(rx, ry, rz, fine, fine // 2).tiled(0.5).moved(x, y, z)

    parts = [
        ball(0, 0, 0.062, 0.056, 0.048, 0.062, 28).part(fur),
        ball(0, -0.006, 0.152, 0.05, 0.045, 0.045, 28).part(fur),
    ]
    pads, soft = [], []
    for sx in (-1, 1):
        leg = ball(0, 0, 0, 0.023, 0.044, 0.023).turned("z", sx * 22).moved(sx * 0.047, -0.052, 0.023)
        arm = ball(0, 0, 0, 0.019, 0.02, 0.042).turned("x", -38).turned("y", sx * -28).moved(sx * 0.06, -0.026, 0.086)
        parts += [leg.part(fur), arm.part(fur), ball(sx * 0.04, 0.0, 0.19, 0.018, 0.011, 0.018, 20).part(fur)]
        soft.append(ball(sx * 0.04, -0.0075, 0.189, 0.011, 0.006, 0.011, 16))
        pads.append(ball(0, -0.0425, 0, 0.015, 0.004, 0.016, 16).turned("z", sx * 22).moved(sx * 0.047, -0.052, 0.024))
    snout = ball(0, -0.047, 0.142, 0.021, 0.017, 0.016)
    belly = ball(0, -0.022, 0.064, 0.036, 0.029, 0.042)
    eyes = [ball(sx * 0.018, -0.0465, 0.163, 0.0045, 0.0035, 0.005, 12) for sx in (-1, 1)]
    nose = ball(0, -0.062, 0.149, 0.0078, 0.005, 0.0055, 14)
    mouth = tube(
        curve(
            [
                (-0.009, -0.0605, 0.136),
                (-0.004, -0.0632, 0.1345),
                (0, -0.0637, 0.139),
                (0.004, -0.0632, 0.1345),
                (0.009, -0.0605, 0.136),
            ],
            13,
        ),
        0.001,
        6,
    )
    parts += [merge(*soft, *pads, snout, belly).part(muzzle, False), merge(*eyes, nose, mouth).part(BLACK, False)]
    _, bow = pick(rng, PLASTICS, "red", "blue", "green", "yellow")
    knot = [
        ball(0, 0, 0, 0.016, 0.006, 0.011, 16).turned("y", sx * 14).moved(sx * 0.016, -0.05, 0.112) for sx in (-1, 1)
    ]
    parts.append(
        merge(*knot, ball(0, -0.053, 0.112, 0.006, 0.006, 0.006, 12)).part(Material(None, rgba(bow), 0.2, 0.3), False)
    )
    return Draft(scaled_parts(parts, s), color, "plush", 1, 0.3)


KINDS: dict[str, Kind] = {
    "toy-car": Kind("toy car", "玩具车", "辆", "toys", toy_car),
    "rubber-duck": Kind("rubber duck", "橡皮鸭", "只", "toys", rubber_duck),
    "robot": Kind("toy robot", "玩具机器人", "个", "toys", robot),
    "teddy-bear": Kind("teddy bear", "泰迪熊", "只", "toys", teddy),
}
