"""Mugs, teapots, bowls, plates, bottles, vases, glasses, jugs."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Support
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, other, pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import Shape, label, lathe, surface, tube
from gsi_bench_hf.synth.assets.textures import texture

LINER = Material(None, rgba("e9e4d9"), 0.35, 0.5)


def glazed(base: str, **parameters: object) -> Material:
    """A fired glaze; v-only "bands" unless `seed` asks for mottling."""
    name = "glaze" if "seed" in parameters else "bands"
    return Material(texture(name, base=base, **parameters), specular=0.45, shininess=0.65, reflectance=0.03)


def vessel(profile: Float, wall: float, floor: float, segments: int = 48) -> tuple[Shape, Shape]:
    """A turned vessel.

    Args:
        profile: (k, 2) radius and height along the outside, from the foot's rim to the lip.
        wall: thickness (metres).
        floor: height of the inner floor.
        segments: round the turn.

    Returns:
        The outside with the lip, and the inside.
    """
    lip = profile[-1]
    bend = np.deg2rad([0.0, 45.0, 90.0, 135.0, 180.0])
    rim = np.stack([lip[0] - wall / 2 + wall / 2 * np.cos(bend), lip[1] + wall / 2 * np.sin(bend)], axis=-1)
    outside = np.concatenate(
        [[[0.0, profile[0, 1] + 0.0015], [profile[0, 0] * 0.8, profile[0, 1] + 0.0015]], profile, rim[1:3]]
    )
    inner = profile[profile[:, 1] > floor + wall] - np.array([wall, 0.0])
    base = max(float(np.interp(floor + wall, profile[:, 1], profile[:, 0])) - wall, 0.004)
    bottom = np.array([[0.0, floor], [base * 0.55, floor], [base * 0.9, floor + 0.35 * wall]])
    inside = np.concatenate([rim[2:][: -1 if len(inner) else None], inner[::-1], bottom[::-1]])
    return lathe(outside, segments, 50.0), lathe(inside, segments, 60.0)


def smooth_profile(points: list[tuple[float, float]], count: int = 18) -> Float:
    """(count, 2) smooth radius and height through a few points."""
    return curve(points, count)


def _handle(profile: Float, low: float, high: float, reach: float, thick: float) -> Shape:
    """An ear-shaped handle towards +x on a turned body, its ends in the wall."""
    top, bottom = (float(np.interp(z, profile[:, 1], profile[:, 0])) for z in (high, low))
    radius = max(top, bottom)
    mid = (low + high) / 2
    points = [
        (top - 0.002, 0.0, high),
        (radius + reach * 0.55, 0.0, high + 0.003),
        (radius + reach, 0.0, mid + (high - low) * 0.22),
        (radius + reach * 0.93, 0.0, mid - (high - low) * 0.18),
        (radius + reach * 0.45, 0.0, low + 0.002),
        (bottom - 0.002, 0.0, low),
    ]
    return tube(curve(points, 22), thick, 12, flat=1.35, round_ends=False)


def _badge(profile: Float, width: float, middle: float) -> Shape:
    """A square picture on the front of a turned body, its middle at that height; follows the body's outline."""
    z = np.linspace(middle - width / 2, middle + width / 2, 7)
    radius = np.interp(z, profile[:, 1], profile[:, 0]) + 0.0005
    u = np.linspace(0.0, 1.0, 11)
    angle = (u - 0.5)[None, :] * (width / radius)[:, None] - np.pi / 2
    points = np.stack(
        [radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle), np.broadcast_to(z[:, None], angle.shape)],
        axis=-1,
    )
    return surface(points, np.stack(np.meshgrid(0.01 + 0.98 * u, np.linspace(0.99, 0.01, 7)), axis=-1), wrap=False)


def mug(rng: np.random.Generator) -> Draft:
    """A mug with its handle to the right and a picture on its front."""
    color, tone = pick(rng, GLAZES)
    height, radius = rng.uniform(0.088, 0.112), rng.uniform(0.039, 0.046)
    belly, foot = rng.choice([0.0, 0.0, 0.06, -0.05]), rng.choice([0.97, 0.9, 0.8])
    profile = smooth_profile(
        [(radius * foot * 0.94, 0.0), (radius * foot, 0.004), (radius * (1 + belly), height * 0.5), (radius, height)]
    )
    body, inside = vessel(profile, 0.0035, 0.006)
    style = int(rng.integers(6)) % 5
    _, accent = other(rng, GLAZES, color, "white", "blue", "brown", "yellow", "red", "black")
    material = (
        glazed(tone, lip="e6d9c0"),
        glazed(tone, accent=accent, at="0.22-0.27;0.29-0.31"),
        glazed(tone, seed=seed(rng), speckle="4a382b"),
        glazed(tone, accent=accent, at="0.66-0.97"),
        Material(None, rgba(tone), 0.45, 0.65),
    )[style]
    handle = _handle(profile, height * 0.2, height * 0.82, rng.uniform(0.027, 0.034), rng.uniform(0.0045, 0.0058))
    lining = LINER if style in (0, 2) and color != "white" else Material(None, rgba(tone), 0.4, 0.6)
    plain = Material(None, rgba(tone), 0.45, 0.65) if style != 2 else glazed(tone, seed=seed(rng))
    parts = [body.part(material), inside.part(lining, False), handle.part(plain)]
    if style == 4:
        figure = ("heart", "star", "sun", "stripes", "fish")[int(rng.integers(5))]
        picture = texture("badge", base=tone, accent="ece8df" if color != "white" else accent, style=figure)
        shiny = Material(picture, specular=0.45, shininess=0.65)
        parts.append(_badge(profile, radius * 1.05, height * 0.5).part(shiny, False))
    return Draft(tuple(parts), color, "ceramic", 1, 0.35)


def _lid(radius: float, z: float, knob: float) -> tuple[Shape, Shape]:
    """A domed lid on a mouth at height z, and its knob."""
    dome = curve([(radius * 1.04, 0.0), (radius * 0.9, 0.008), (radius * 0.4, 0.017), (0.006, 0.02)], 12)
    lid = lathe(np.concatenate([[[radius * 0.98, -0.002]], dome, [[0.0, 0.02]]]), 40, 70.0)
    ball = curve(np.array([(0.45, 0.0), (0.5, 0.5), (1.0, 1.2), (0.75, 1.9), (0.0, 2.1)]) * knob, 12)
    return lid.moved(z=z), lathe(ball, 24).moved(z=z + 0.0195)


def _spout(radius: float, height: float) -> tuple[Shape, Shape]:
    """A swan-necked spout towards +x, and the dark of its mouth."""
    knots = [(0.82, 0, 0.3), (1.22, 0, 0.42), (1.5, 0, 0.76), (1.78, 0, 0.97)]
    line = curve(np.array(knots) * [radius, 1.0, height], 16)
    mouth = np.stack([line[-1] - 0.001 * (line[-1] - line[-2]), line[-1] + 0.0007])
    return tube(line, np.linspace(0.0205, 0.0095, 16), 16, round_ends=False), tube(mouth, 0.0068, 12, round_ends=False)


def teapot(rng: np.random.Generator) -> Draft:
    """A teapot, spout to the right, handle to the left."""
    color, tone = pick(rng, GLAZES, "white", "blue", "green", "red", "brown", "black", "turquoise", "yellow")
    height, radius = rng.uniform(0.10, 0.125), rng.uniform(0.066, 0.078)
    knots = [(0.6, 0.0), (0.66, 0.04), (1.0, rng.uniform(0.38, 0.5)), (0.82, 0.82), (0.5, 1.0)]
    profile = smooth_profile([(r * radius, z * height) for r, z in knots], 22)
    body = lathe(np.concatenate([[[0.0, 0.002], [radius * 0.5, 0.002]], profile, [[radius * 0.46, height]]]), 48, 60.0)
    lid, knob = _lid(radius * 0.5, height, rng.uniform(0.010, 0.013))
    spout, mouth = _spout(radius, height)
    grip = _handle(profile, height * 0.22, height * 0.84, radius * 0.6, 0.0068).turned("z", 180)
    accent = other(rng, GLAZES, color, "white", "yellow", "blue", "brown")[1]
    material = glazed(tone, accent=accent, at="0.42-0.47;0.49-0.5") if rng.integers(2) else glazed(tone)
    plain = Material(None, rgba(tone), 0.45, 0.65, 0.03)
    ear = Material(texture("wood", tone="walnut", seed=1), specular=0.2) if rng.integers(3) == 0 else plain
    parts = (
        body.part(material),
        lid.part(plain),
        knob.part(ear),
        spout.part(plain),
        mouth.part(Material(None, rgba("2a2420"), 0.1, 0.1), False),
        grip.part(ear),
    )
    return Draft(parts, color, "ceramic", 1, 0.8)


def bowl(rng: np.random.Generator) -> Draft:
    """An open bowl."""
    color, tone = pick(rng, GLAZES)
    height, radius = rng.uniform(0.055, 0.085), rng.uniform(0.065, 0.1)
    foot = radius * rng.uniform(0.38, 0.5)
    full = rng.uniform(0.55, 0.8)
    profile = smooth_profile(
        [
            (foot, 0.0),
            (foot * 1.02, 0.008),
            (radius * full, height * 0.3),
            (radius * 0.95, height * 0.72),
            (radius, height),
        ],
        20,
    )
    body, inside = vessel(profile, 0.004, 0.012)
    style = int(rng.integers(3))
    accent = other(rng, GLAZES, color, "white", "blue", "brown", "yellow", "green")[1]
    outer = (glazed(tone, lip="7a5138"), glazed(tone, accent=accent, at="0.12-0.2;0.24-0.26"), glazed(tone, rings=40))[
        style
    ]
    inner = (glazed(tone), glazed(tone, accent=accent, at="0.86-0.94;0.4-0.42"), glazed(tone, rings=30))[style]
    flat = float(np.interp(0.016, profile[:, 1], profile[:, 0])) - 0.006
    hollow = Support(0.0122, "disc", np.full(2, flat), name="inside")
    return Draft((body.part(outer), inside.part(inner, False)), color, "ceramic", 0, 0.4, (hollow,))


def plate(rng: np.random.Generator) -> Draft:
    """A dinner plate."""
    color, tone = pick(rng, GLAZES)
    radius, height = rng.uniform(0.095, 0.135), rng.uniform(0.02, 0.028)
    well = radius * rng.uniform(0.6, 0.72)
    outer = [
        (0.0, 0.002),
        (well * 0.8, 0.002),
        (well * 0.86, 0.0),
        (well * 0.95, 0.003),
        (radius * 0.85, height * 0.62),
        (radius, height),
    ]
    edge = [(radius + 0.001, height + 0.0015), (radius - 0.001, height + 0.003)]
    inner = curve(
        [
            (radius - 0.003, height + 0.0025),
            (radius * 0.84, height * 0.75),
            (well, 0.0075),
            (well * 0.85, 0.006),
            (0.0, 0.0055),
        ],
        18,
    )
    below = lathe(outer + edge, 64, 60.0)
    above = lathe(np.concatenate([edge[-1:], inner]), 64, 60.0)
    accent = other(rng, GLAZES, color, "white", "blue", "brown", "green", "yellow", "red")[1]
    top = (
        glazed(tone, accent=accent, at="0.94-0.97;0.74-0.76"),
        glazed(tone, accent=accent, at="0.96-1.0"),
        glazed(tone, rings=24),
        glazed(tone, accent=accent, at="0.8-0.9;0.56-0.57"),
    )[int(rng.integers(4))]
    parts = (below.part(Material(None, rgba(tone), 0.4, 0.6)), above.part(top, False))
    return Draft(parts, color, "ceramic", 0, 0.5, (Support(0.0063, "disc", np.full(2, well * 0.85), name="top"),))


def bottle(rng: np.random.Generator) -> Draft:
    """A bottle with a paper label on its front."""
    glass = {"green": ("2f5a3c", "3e6b43"), "brown": ("5b351c", "6b4423"), "blue": ("2f5484",), "white": ("dfe3e0",)}
    color, tone = pick(rng, glass)
    height, radius = rng.uniform(0.21, 0.27), rng.uniform(0.033, 0.04)
    shoulder, neck = rng.uniform(0.55, 0.66), rng.uniform(0.32, 0.4) * radius
    side = [(radius * 0.9, 0.0), (radius, 0.006), (radius, height * shoulder * 0.5), (radius, height * shoulder)]
    top = curve(
        [
            (radius, height * shoulder),
            (radius * 0.86, height * (shoulder + 0.08)),
            (neck * 1.25, height * 0.81),
            (neck, height * 0.88),
        ],
        12,
    )
    profile = np.concatenate(
        [
            [[0.0, 0.002]],
            side[:-1],
            top,
            [[neck, height * 0.93], [neck * 1.2, height * 0.935], [neck * 1.2, height * 0.96]],
        ]
    )
    body = lathe(profile, 40, 60.0)
    stop = "3a2a22" if rng.integers(2) else "b08a5a"
    cork = lathe(
        [
            (0.0, 0.0),
            (neck * 1.25, 0.0),
            (neck * 1.25, height * 0.045),
            (neck * 1.1, height * 0.055),
            (0.0, height * 0.055),
        ],
        24,
    )
    paper, ink = ("f1ead9", "7c2f2f") if rng.integers(2) else ("2f2b28", "d9b66a")
    name = ("OLIVA", "CASA_VERDE", "SODA", "MONTE_ROSSO", "TONIC", "SIDRA")[int(rng.integers(6))]
    picture = label(radius * 2.3, height * shoulder * 0.62, radius + 0.0006, 16).moved(z=height * shoulder * 0.17)
    parts = (
        body.part(Material(None, rgba(tone), 0.8, 0.85, 0.08)),
        cork.moved(z=height * 0.945).part(Material(None, rgba(stop), 0.2, 0.3)),
        picture.part(
            Material(texture("label", base=paper, accent=ink, text=name, seed=seed(rng)), specular=0.1), False
        ),
    )
    return Draft(parts, color, "glass", 1, 0.6)


def vase(rng: np.random.Generator) -> Draft:
    """A tall turned vase, empty."""
    color, tone = pick(rng, GLAZES)
    height, radius = rng.uniform(0.17, 0.26), rng.uniform(0.05, 0.07)
    at, neck = rng.uniform(0.35, 0.6), rng.uniform(0.35, 0.6)
    profile = smooth_profile(
        [
            (radius * 0.6, 0.0),
            (radius * 0.66, 0.005),
            (radius, height * at),
            (radius * neck, height * 0.88),
            (radius * (neck + 0.15), height),
        ],
        26,
    )
    body, inside = vessel(profile, 0.004, height * 0.5)
    accent = other(rng, GLAZES, color, "white", "blue", "brown", "black", "yellow")[1]
    material = (
        glazed(tone, accent=accent, at="0.3-0.34;0.36-0.37;0.6-0.61;0.63-0.67"),
        glazed(tone, rings=50, lip="6b4630"),
        glazed(tone, accent=accent, at="0.0-0.16"),
    )[int(rng.integers(3))]
    return Draft(
        (body.part(material), inside.part(Material(None, rgba("3a332d"), 0.2, 0.3), False)), color, "ceramic", 0, 0.9
    )


KINDS: dict[str, Kind] = {
    "mug": Kind("mug", "马克杯", "个", "tableware", mug),
    "teapot": Kind("teapot", "茶壶", "把", "tableware", teapot),
    "bowl": Kind("bowl", "碗", "个", "tableware", bowl),
    "plate": Kind("plate", "盘子", "个", "tableware", plate),
    "bottle": Kind("bottle", "瓶子", "个", "tableware", bottle),
    "vase": Kind("vase", "花瓶", "个", "tableware", vase),
}
