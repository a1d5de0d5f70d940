"""What is plumbed in: toilets, wash stands, bath tubs, showers. Their backs (+y) go against a wall."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.electronics import BLACK
from gsi_bench_hf.synth.assets.fixtures import wooden
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import rgba, seed
from gsi_bench_hf.synth.assets.rings import Ring, egg, ringed, squircle
from gsi_bench_hf.synth.assets.shapes import Shape, lathe, merge, rod, rounded_box, tube
from gsi_bench_hf.synth.assets.tableware import smooth_profile, vessel
from gsi_bench_hf.synth.assets.textures import texture

CERAMIC = Material(None, rgba("eeede8"), 0.6, 0.8, 0.05)
STEEL = Material(None, rgba("c4c7ca"), 0.95, 0.85, 0.15)
_BRASS = Material(None, rgba("b8974f"), 0.9, 0.8, 0.1)
_MATT = Material(None, rgba("2a2b2d"), 0.5, 0.6, 0.03)


def taps(rng: np.random.Generator) -> Material:
    """What the fittings of a bathroom are made of: chrome mostly, brass, black."""
    return (STEEL, STEEL, STEEL, _BRASS, _MATT)[int(rng.integers(5))]


def toilet(rng: np.random.Generator) -> Draft:
    """A toilet with its tank; the lid closed, or open against the tank."""
    width, seat_m = rng.uniform(0.36, 0.39), rng.uniform(0.39, 0.42)
    tank_y, tank_top = 0.30, seat_m + rng.uniform(0.36, 0.42)
    is_open = bool(rng.integers(3) == 0)
    wood = rng.integers(4) == 0
    seat_paint = wooden("oak", 1, 0.4) if wood else Material(None, rgba("f1f0ec"), 0.5, 0.7, 0.03)
    tank = rounded_box(width * 1.02, 0.17, tank_top - seat_m - 0.01, 0.018, 0.04, 4).moved(y=tank_y, z=seat_m - 0.02)
    cover = rounded_box(width * 1.06, 0.185, 0.035, 0.012, 0.04, 4).moved(y=tank_y, z=tank_top - 0.035)
    neck = rounded_box(width * 0.7, 0.24, seat_m - 0.04, 0.02, 0.05, 4).moved(y=tank_y - 0.03)
    lever = _flush(tank_y - 0.085, tank_top - 0.075, width)
    parts = [
        *_pan(width, seat_m, is_open),
        neck.part(CERAMIC),
        tank.part(CERAMIC),
        cover.part(CERAMIC),
        lever.part(STEEL, False),
        *_seat(width, seat_m, is_open, seat_paint, tank_y),
    ]
    top = Support(tank_top, "rectangle", np.array([width * 0.48, 0.075]), np.array([0.0, tank_y]), "tank")
    lid = Support(seat_m + 0.045, "rectangle", np.array([width * 0.33, 0.15]), np.array([0.0, -0.1]), "lid")
    return Draft(tuple(parts), "white", "ceramic", 1, 30.0, (top,) if is_open else (top, lid))


def _flush(front: float, z: float, width: float) -> Shape:
    """The lever on the front of a tank, at its left."""
    x = -width * 0.34
    boss = rod((x, front + 0.01, z), (x, front - 0.012, z), 0.014, 16)
    return merge(
        boss,
        tube(
            [(x, front - 0.014, z), (x + 0.04, front - 0.018, z - 0.004), (x + 0.075, front - 0.016, z - 0.01)],
            [0.007, 0.007, 0.009],
            10,
        ),
    )


def _pan(width: float, seat_m: float, is_open: bool) -> list[Part]:
    """The bowl on its foot, from the floor to the rim; its hollow where the lid is open."""
    foot = [(0.7, 0.2, 0.24, 0.0), (0.7, 0.2, 0.24, 0.02), (0.64, 0.18, 0.22, 0.12), (0.66, 0.21, 0.21, 0.22)]
    rise = [(0.82, 0.27, 0.2, 0.3), (0.97, 0.325, 0.21, 0.37), (1.0, 0.335, 0.215, 0.39), (1.0, 0.335, 0.215, 0.41)]
    shares = np.array(foot + rise)
    shares[:, 3] *= (seat_m - 0.005) / 0.41
    line = curve(shares[1:], 15)
    rings: list[Ring] = [(egg(w * width, f, b), z) for w, f, b, z in [shares[0], *line]]
    outside = ringed(rings, (True, not is_open)).part(CERAMIC)
    if not is_open:
        return [outside]
    hollow: list[Ring] = [(egg(width, 0.335, 0.215), seat_m - 0.005), (egg(width - 0.1, 0.285, 0.15), seat_m - 0.005)]
    hollow += [
        (egg(w * width, f, b), seat_m - z)
        for w, f, b, z in ((0.7, 0.27, 0.14, 0.05), (0.5, 0.19, 0.1, 0.13), (0.3, 0.1, 0.06, 0.17))
    ]
    water = ringed([(egg(0.52 * width, 0.2, 0.1), seat_m - 0.12)], (False, True))
    return [
        outside,
        ringed([hollow[0], *hollow[1:2] * 2, *hollow[2:]], (False, True)).part(CERAMIC, False),
        water.part(Material(None, rgba("b9cbd0"), 0.8, 0.9), False),
    ]


def _seat(width: float, seat_m: float, is_open: bool, paint: Material, tank_y: float) -> list[Part]:
    """Seat and lid: two plates when closed; a ring and an upright lid when open."""

    def plate(low: float, high: float, grow: float) -> Shape:
        inset = [(0.004, low), (0.0, low + 0.004), (0.0, high - 0.006), (0.003, high - 0.002), (0.01, high)]
        return ringed([(egg(width + 2 * (grow - i), 0.34 + grow - i, 0.13 + grow - i), z) for i, z in inset])

    hinge = rod((-0.09, 0.145, 0.0), (0.09, 0.145, 0.0), 0.012, 12).moved(z=seat_m + 0.018)
    if not is_open:
        seat, lid = plate(seat_m, seat_m + 0.02, 0.004), plate(seat_m + 0.023, seat_m + 0.045, 0.006)
        return [seat.part(paint), lid.part(paint), hinge.part(STEEL, False)]
    outer = [(0.0, 0.0), (-0.004, 0.005), (-0.004, 0.016), (0.006, 0.022)]
    inner = [(0.05, 0.022), (0.06, 0.014), (0.062, 0.0)]
    ring = ringed([(egg(width - 2 * i, 0.34 - i, 0.13 - i), seat_m + z) for i, z in outer + inner], (False, False))
    lid = plate(0.0, 0.02, 0.004).turned("x", -96)
    low = lid.vertices.min(axis=0)
    lid = lid.moved(y=tank_y - 0.105 - float(lid.vertices[:, 1].max()), z=seat_m + 0.02 - low[2])
    return [ring.part(paint, False), lid.part(paint), hinge.part(STEEL, False)]


def faucet(reach: float, height: float) -> Shape:
    """A mixer that stands at the origin; its spout reaches towards -y, its lever is at the right."""
    knots = [(0, 0, 0), (0, 0, 0.75), (0, -0.4, 1.0), (0, -0.85, 0.93), (0, -1.0, 0.74)]
    spout = tube(curve(np.array(knots) * [1.0, reach, height], 14), 0.0115, 10, round_ends=False)
    foot = lathe([(0.0, 0.0), (0.026, 0.0), (0.026, 0.006), (0.02, 0.01), (0.019, 0.05), (0.0, 0.052)], 20)
    neck = rod((0.018, 0, 0.035), (0.05, 0, 0.035), 0.009, 10)
    return merge(spout, foot, neck, rod((0.045, 0, 0.035), (0.058, -0.01, 0.085), 0.005, 8))


_FRONTS: dict[str, tuple[str, str]] = {
    "white": ("paint", "e6e4de"),
    "gray": ("paint", "7d8489"),
    "blue": ("paint", "47607a"),
}


def vanity(rng: np.random.Generator) -> Draft:
    """A wash stand: a cabinet with doors, a top, a basin in it or on it, and a tap."""
    width, depth, tall = rng.uniform(0.85, 1.25), rng.uniform(0.48, 0.53), rng.uniform(0.8, 0.85)
    x = width * rng.uniform(-0.16, 0.16)
    color, front = _front(rng)
    metal, sunk = taps(rng), bool(rng.integers(2))
    body = rounded_box(width - 0.02, depth - 0.025, tall - 0.23, 0.004).tiled(1.2, 0.8).moved(y=0.005, z=0.1)
    sides = [
        rounded_box(0.02, depth - 0.025, 0.1, 0.0).tiled(0.8).moved(s * (width / 2 - 0.02), 0.005, tall - 0.137)
        for s in (-1, 1)
    ]
    sides.append(rounded_box(width - 0.02, 0.02, 0.1, 0.0).tiled(1.2, 0.8).moved(y=depth / 2 - 0.02, z=tall - 0.137))
    plinth = rounded_box(width - 0.06, depth - 0.1, 0.11, 0.003).moved(y=0.03)
    parts = [
        body.part(front),
        merge(*sides).part(front, False),
        plinth.part(BLACK),
        *_doors(width, depth, tall - 0.04, front, metal, int(rng.integers(2, 4))),
    ]
    parts += _sunk_basin(width, depth, tall, x) if sunk else _bowl_basin(width, depth, tall, x, rng)
    mixer = faucet(0.13, 0.17) if sunk else faucet(0.15, 0.3)
    parts.append(mixer.moved(x, depth / 2 - 0.055, tall).part(metal))
    return Draft(
        tuple(parts), color, "wooden" if color == "brown" else "painted", 1, 40.0, _beside(width, depth, tall, x)
    )


def _front(rng: np.random.Generator) -> tuple[str, Material]:
    if rng.integers(2):
        return "brown", wooden(("oak", "walnut", "ash", "teak")[int(rng.integers(4))], seed(rng, 3))
    word = tuple(_FRONTS)[int(rng.integers(len(_FRONTS)))]
    return word, Material(texture("plastic", base=_FRONTS[word][1], depth=0.02), specular=0.3, shininess=0.5)


def _doors(width: float, depth: float, top: float, front: Material, metal: Material, count: int) -> list[Part]:
    """Door leaves with bar handles on the front."""
    leaf_w, tall, y = (width - 0.03) / count, top - 0.125, -depth / 2 + 0.0125
    leaf = rounded_box(leaf_w - 0.006, 0.018, tall, 0.003, None, 1).tiled(1.2, 0.8)
    leaves = [leaf.shifted_uv(0.3 * k, 0.2 * k).moved((k - (count - 1) / 2) * leaf_w, y, 0.11) for k in range(count)]
    bars = []
    for k in range(count):
        side = 1 if k < count / 2 else -1
        at = (k - (count - 1) / 2) * leaf_w + side * (leaf_w / 2 - 0.035) * (0 if count == 3 and k == 1 else 1)
        bars.append(rod((at, y - 0.028, top - 0.19), (at, y - 0.028, top - 0.07), 0.005, 8))
        bars += [rod((at, y - 0.028, top - z), (at, y, top - z), 0.004, 6) for z in (0.17, 0.09)]
    return [merge(*leaves).part(front, False), merge(*bars).part(metal, False)]


def _sunk_basin(width: float, depth: float, tall: float, x: float) -> list[Part]:
    """A ceramic top with a hollow."""
    low, y = tall - 0.04, -0.025

    def hollow(w: float, d: float, power: float) -> Float:
        return squircle(w, d, power, 56, x, y)

    rings: list[Ring] = [(squircle(width, depth, 40, 56), low), (squircle(width, depth, 40, 56), low)]
    rings += [(squircle(width, depth, 40, 56), tall - 0.006), (squircle(width - 0.008, depth - 0.008, 40, 56), tall)]
    rings += [(squircle(width - 0.01, depth - 0.01, 40, 56), tall)] * 2
    rings += [(hollow(0.5, 0.34, 5), tall)] * 2 + [(hollow(0.485, 0.325, 5), tall - 0.008)]
    rings += [
        (hollow(0.44, 0.29, 4), tall - 0.07),
        (hollow(0.36, 0.22, 3), tall - 0.105),
        (hollow(0.1, 0.08, 2), tall - 0.115),
    ]
    drain = lathe([(0.024, 0.0), (0.022, 0.003), (0.0, 0.002)], 20).moved(x, y, tall - 0.116)
    return [ringed(rings, (True, True)).part(CERAMIC), drain.part(STEEL, False)]


def _bowl_basin(width: float, depth: float, tall: float, x: float, rng: np.random.Generator) -> list[Part]:
    """A top of wood or stone with a ceramic bowl on it."""
    stone = Material(texture("marble", seed=seed(rng, 3)), specular=0.5, shininess=0.8, reflectance=0.06)
    top = stone if rng.integers(2) else wooden("walnut", seed(rng, 3), 0.35)
    slab = rounded_box(width, depth, 0.04, 0.004).tiled(1.0, 0.7).moved(z=tall - 0.04)
    r, high = 0.205, rng.uniform(0.11, 0.14)
    outside, inside = vessel(
        smooth_profile([(r * 0.5, 0.0), (r * 0.75, high * 0.25), (r * 0.96, high * 0.7), (r, high)]), 0.008, 0.02
    )
    stretch = rng.uniform(1.0, 1.12)
    drain = lathe([(0.024, 0.0), (0.022, 0.003), (0.0, 0.002)], 20).moved(x, -0.025, tall + 0.0205)
    bowl = [s.scaled(stretch, 0.88, 1.0).moved(x, -0.035, tall) for s in (outside, inside)]
    return [slab.part(top), bowl[0].part(CERAMIC), bowl[1].part(CERAMIC, False), drain.part(STEEL, False)]


def _beside(width: float, depth: float, tall: float, x: float) -> tuple[Support, ...]:
    """The free top to the left and to the right of a basin at `x`, the larger first, where it is wide enough."""
    spans = [(-width / 2 + 0.005, x - 0.26), (x + 0.26, width / 2 - 0.005)]
    found = [
        Support(tall, "rectangle", np.array([(b - a) / 2, depth / 2 - 0.01]), np.array([(a + b) / 2, 0.0]))
        for a, b in sorted(spans, key=lambda span: span[0] - span[1])
        if b - a > 0.1
    ]
    return tuple(found)


KINDS: dict[str, Kind] = {
    "toilet": Kind("toilet", "马桶", "个", "sanitary", toilet, movable=False, environments=("bathroom",)),
    "vanity": Kind("washbasin", "洗手台", "个", "sanitary", vanity, movable=False, environments=("bathroom",)),
}
