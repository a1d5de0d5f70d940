"""Tin robots and teddy bears."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Part
from gsi_bench_hf.synth.assets.electronics import BLACK, CHROME, facing
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import PLASTICS, other, pick, rgba
from gsi_bench_hf.synth.assets.shapes import Shape, ellipsoid, lathe, merge, rod, rounded_box, scaled_parts, tube
from gsi_bench_hf.synth.assets.textures import texture
from gsi_bench_hf.synth.assets.toys import enamel


def robot(rng: np.random.Generator) -> Draft:
    """A tin robot, its face towards the front."""
    tins = {**PLASTICS, "gray": ("9aa3a8", "87929a")}
    color, tone = pick(rng, tins, "gray", "red", "blue", "green", "turquoise", "orange", "yellow")
    _, accent = other(rng, PLASTICS, color, "red", "yellow", "blue", "orange")
    tin, trim = Material(texture("brushed", base=tone, depth=0.06), specular=0.6, shininess=0.6), enamel(accent)
    parts = [
        rounded_box(0.07, 0.046, 0.066, 0.005).tiled(0.1).moved(z=0.052).part(tin),
        rounded_box(0.05, 0.042, 0.042, 0.006).tiled(0.1).moved(z=0.126).part(tin),
        rod((0, 0, 0.112), (0, 0, 0.13), 0.011, 16).part(CHROME),
        *_robot_limbs(-1, tin, trim),
        *_robot_limbs(1, tin, trim),
        *_robot_front(trim),
    ]
    return Draft(scaled_parts(parts, rng.uniform(0.95, 1.2)), color, "tin", 1, 0.3)


def _robot_limbs(s: int, tin: Material, trim: Material) -> list[Part]:
    """Leg, foot, arm, claw, eye and ear of one side (-1 or 1)."""
    hand = s * 0.053
    arm = curve([(s * 0.033, 0, 0.106), (s * 0.05, 0, 0.1), (s * 0.054, -0.004, 0.078), (hand, -0.022, 0.06)], 12)
    grip = [
        (-0.009, -0.04, 0.053),
        (-0.008, -0.027, 0.052),
        (0, -0.021, 0.058),
        (0.008, -0.027, 0.052),
        (0.009, -0.04, 0.053),
    ]
    claw = tube(curve(np.array(grip) + np.array([hand, 0, 0]), 14), 0.004, 8)
    eye = lathe([(0.0085, 0.0), (0.0085, 0.004), (0.0065, 0.0045), (0.006, 0.002)], 20)
    lens = lathe([(0.0065, 0.0025), (0.004, 0.004), (0.0, 0.0045)], 16)
    eye, lens = (facing(shape).moved(s * 0.012, -0.021, 0.152) for shape in (eye, lens))
    shoulder = ellipsoid(0.012, 0.012, 0.012, 16, 8).moved(s * 0.04, 0, 0.105)
    ear = rod((s * 0.025, 0, 0.147), (s * 0.031, 0, 0.147), 0.008, 14)
    return [
        rounded_box(0.022, 0.026, 0.048, 0.004).tiled(0.1).moved(s * 0.018, 0, 0.008).part(tin),
        rounded_box(0.03, 0.052, 0.016, 0.006).moved(s * 0.019, -0.008).part(trim),
        tube(arm, 0.007, 12).part(CHROME),
        merge(claw, shoulder, ear).part(trim, False),
        eye.part(CHROME, False),
        lens.part(Material(None, rgba("f2d35a"), 0.7, 0.9), False),
    ]


def _robot_front(trim: Material) -> list[Part]:
    """Mouth, chest panel with lights, gauge and slots, and the antenna."""
    tooth, slot = rounded_box(0.003, 0.002, 0.006, 0.0006, None, 1), rounded_box(0.014, 0.0015, 0.002, 0.0005, None, 1)
    light = facing(lathe([(0.0045, 0.0), (0.003, 0.002), (0.0, 0.0026)], 14))
    gauge = facing(lathe([(0.011, 0.0), (0.011, 0.002), (0.009, 0.002), (0.0, 0.002)], 24))
    panel = rounded_box(0.05, 0.002, 0.034, 0.0008, 0.001).moved(0, -0.0235, 0.075)
    needle = rod((-0.01, -0.0268, 0.085), (-0.004, -0.0268, 0.091), 0.0008, 6)
    grille = rounded_box(0.036, 0.002, 0.009, 0.0008, None, 1).moved(0, -0.0206, 0.131)
    slots = [slot.moved(0.013, -0.0244, z) for z in (0.079, 0.084, 0.089)]
    lights = [light.moved(x, -0.0244, 0.099) for x in (-0.015, 0.0, 0.015)]
    tip = ellipsoid(0.005, 0.005, 0.005, 14, 8).moved(0.0, 0, 0.188)
    return [
        merge(grille, *slots, needle).part(BLACK, False),
        merge(*(tooth.moved(x, -0.0215, 0.1325) for x in np.linspace(-0.014, 0.014, 7))).part(CHROME, False),
        merge(panel, gauge.moved(-0.01, -0.0244, 0.085)).part(Material(None, rgba("e6e2d6"), 0.4, 0.5), False),
        merge(*lights, tip).part(trim, False),
        rod((0.0, 0, 0.166), (0.0, 0, 0.184), 0.0014, 8).part(CHROME, False),
    ]


def _ball(x: float, y: float, z: float, rx: float, ry: float, rz: float, fine: int = 20) -> Shape:
    return ellipsoid(rx, ry, rz, fine, fine // 2).tiled(0.5).moved(x, y, z)


def teddy(rng: np.random.Generator) -> Draft:
    """A sitting teddy bear, its face towards the front."""
    browns = ("8d6036", "79502f", "a5733f")
    furs = {"brown": browns, "white": ("e2d8c4",), "gray": ("8d8a86",), "pink": ("cf9aa0",), "beige": ("c4a379",)}
    color, tone = pick(rng, furs)
    pale = "".join(f"{min(255, int(int(tone[i : i + 2], 16) * 0.62 + 90)):02x}" for i in (0, 2, 4))
    fur, muzzle = (Material(texture("carpet", base=t, depth=0.35), specular=0.02, shininess=0.05) for t in (tone, pale))
    soft = [_ball(0, -0.047, 0.142, 0.021, 0.017, 0.016), _ball(0, -0.022, 0.064, 0.036, 0.029, 0.042)]
    limbs: list[Part] = []
    for s in (-1, 1):
        leg = _ball(0, 0, 0, 0.023, 0.044, 0.023).turned("z", s * 22).moved(s * 0.047, -0.052, 0.023)
        arm = _ball(0, 0, 0, 0.019, 0.02, 0.042).turned("x", -38).turned("y", s * -28).moved(s * 0.06, -0.026, 0.086)
        limbs += [leg.part(fur), arm.part(fur), _ball(s * 0.04, 0.0, 0.19, 0.018, 0.011, 0.018).part(fur)]
        soft.append(_ball(s * 0.04, -0.0075, 0.189, 0.011, 0.006, 0.011, 16))
        soft.append(_ball(0, -0.0425, 0, 0.015, 0.004, 0.016, 16).turned("z", s * 22).moved(s * 0.047, -0.052, 0.024))
    _, bow = pick(rng, PLASTICS, "red", "blue", "green", "yellow")
    loops = [
        _ball(0, 0, 0, 0.016, 0.006, 0.011, 16).turned("y", s * 14).moved(s * 0.016, -0.05, 0.112) for s in (-1, 1)
    ]
    parts = [
        _ball(0, 0, 0.062, 0.056, 0.048, 0.062, 28).part(fur),
        _ball(0, -0.006, 0.152, 0.05, 0.045, 0.045, 28).part(fur),
        *limbs,
        merge(*soft).part(muzzle, False),
        _teddy_features().part(BLACK, False),
        merge(*loops, _ball(0, -0.053, 0.112, 0.006, 0.006, 0.006, 12)).part(
            Material(None, rgba(bow), 0.2, 0.3), False
        ),
    ]
    return Draft(scaled_parts(parts, rng.uniform(0.9, 1.15)), color, "plush", 1, 0.3)


def _teddy_features() -> Shape:
    """Eyes, nose and a smile."""
    eyes = [_ball(s * 0.018, -0.0465, 0.163, 0.0045, 0.0035, 0.005, 12) for s in (-1, 1)]
    half = [(0.004, -0.0632, 0.1345), (0.009, -0.0605, 0.136)]
    smile = [(-x, y, z) for x, y, z in half[::-1]] + [(0.0, -0.0637, 0.139)] + half
    return merge(*eyes, _ball(0, -0.062, 0.149, 0.0078, 0.005, 0.0055, 14), tube(curve(smile, 13), 0.001, 6))


KINDS: dict[str, Kind] = {
    "robot": Kind("toy robot", "玩具机器人", "个", "toys", robot),
    "teddy-bear": Kind("teddy bear", "泰迪熊", "只", "toys", teddy),
}
