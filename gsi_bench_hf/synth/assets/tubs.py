"""Bath tubs and showers; their backs (+y) go against a wall."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import rgba
from gsi_bench_hf.synth.assets.rings import Ring, ringed, sectors, squircle
from gsi_bench_hf.synth.assets.sanitary import CERAMIC, STEEL, faucet, taps
from gsi_bench_hf.synth.assets.shapes import lathe, merge, rod, rounded_box, tube
from gsi_bench_hf.synth.assets.textures import texture

GLASS = Material(None, rgba("cfe0de", 0.22), 0.9, 0.95, 0.1)
_FLOOR_M = 0.12
_DRAIN = lathe([(0.03, 0.0), (0.028, 0.003), (0.0, 0.002)], 20)


def bathtub(rng: np.random.Generator) -> Draft:
    """A bath tub along x, built in behind a panel or free-standing; things can lie in it and stand on its rim."""
    length, depth, tall = rng.uniform(1.55, 1.75), rng.uniform(0.74, 0.8), rng.uniform(0.54, 0.6)
    if rng.integers(3):
        return _built_in_tub(length, depth, tall, rng)
    return _free_tub(length, depth, tall, taps(rng))


def _built_in_tub(length: float, depth: float, tall: float, rng: np.random.Generator) -> Draft:
    """A tub with a broad ledge for the tap at its left end."""
    end, edge, metal = 0.17, 0.075, taps(rng)
    x, inner_w, inner_d = end / 2 - edge / 2, length - end - edge, depth - 2 * edge

    def outer(inset: float) -> Float:
        return squircle(length - 2 * inset, depth - 2 * inset, 60, 72)

    def hollow(inset: float, power: float) -> Float:
        return squircle(inner_w - 2 * inset, inner_d - 2 * inset, power, 72, x)

    rings: list[Ring] = [(outer(0.02), 0.0), *[(outer(0.02), tall - 0.05)] * 2, *[(outer(0.0), tall - 0.05)] * 2]
    rings += [(outer(0.0), tall - 0.008), (outer(0.006), tall), *[(outer(0.01), tall)] * 2]
    rings += [(hollow(-0.008, 7), tall)] * 2 + [(hollow(0.0, 7), tall - 0.01), (hollow(0.03, 6), tall - 0.2)]
    rings += [
        (hollow(0.06, 5), 0.18),
        (hollow(0.09, 4), 0.135),
        (hollow(0.15, 3.5), _FLOOR_M),
        (hollow(0.2, 3), _FLOOR_M),
    ]
    spout = faucet(0.13, 0.16).turned("z", 90).moved(-length / 2 + 0.06, 0.0, tall)
    parts = [
        ringed(rings).part(CERAMIC, False),
        spout.part(metal, False),
        *_hidden_walls(length, depth, tall, end, edge),
    ]
    parts.append(_DRAIN.moved(x - inner_w * 0.28, 0, _FLOOR_M + 0.001).part(STEEL, False))
    if rng.integers(2):
        board = rounded_box(length - 0.05, 0.006, tall - 0.1, 0.002).tiled(0.6).moved(y=-depth / 2 + 0.018, z=0.03)
        parts.append(board.part(Material(texture("panelling", seed=1), specular=0.3), False))
    ledge, back = np.array([-length / 2 + end / 2, depth * 0.27]), np.array([x, depth / 2 - edge / 2])
    supports = (
        Support(
            _FLOOR_M, "rectangle", np.array([inner_w / 2 - 0.24, inner_d / 2 - 0.17]), np.array([x, 0.0]), "inside"
        ),
        Support(tall, "rectangle", np.array([end / 2 - 0.004, depth * 0.2]), ledge, "rim"),
        Support(tall, "rectangle", np.array([length * 0.35, edge / 2 - 0.002]), back, "rim"),
    )
    return Draft(tuple(parts), "white", "ceramic", 1, 60.0, supports)


def _hidden_walls(length: float, depth: float, tall: float, end: float, edge: float) -> list[Part]:
    """What collides: a bottom and four walls, hidden in the shell."""
    high, thin = tall - 0.001, edge - 0.035
    boxes = [
        rounded_box(length - 0.06, depth - 0.06, _FLOOR_M - 0.001, 0.002),
        rounded_box(end - 0.035, depth - 0.05, high, 0.002).moved(x=(end - length) / 2 + 0.005),
        rounded_box(thin, depth - 0.05, high, 0.002).moved(x=(length - edge) / 2 - 0.01),
        *(rounded_box(length - 0.05, thin, high, 0.002).moved(y=s * (depth - edge) / 2 - s * 0.01) for s in (-1, 1)),
    ]
    return [box.part(CERAMIC) for box in boxes]


def _free_tub(length: float, depth: float, tall: float, metal: Material) -> Draft:
    """An oval tub, its tap on the floor behind it."""

    def outline(share: float, inset: float = 0.0) -> Float:
        return squircle(length * share - 2 * inset, depth * share - 2 * inset, 2.7, 72)

    rings: list[Ring] = [
        (outline(0.74), 0.0),
        (outline(0.76), 0.01),
        (outline(0.8), tall * 0.25),
        (outline(0.87), tall * 0.6),
    ]
    rings += [
        (outline(0.95), tall * 0.9),
        (outline(1.0), tall - 0.02),
        (outline(1.0), tall - 0.01),
        (outline(1.0, 0.008), tall),
    ]
    rings += [(outline(1.0, 0.028), tall), (outline(1.0, 0.04), tall - 0.012), (outline(0.87, 0.03), tall * 0.6)]
    rings += [
        (outline(0.8, 0.04), 0.2),
        (outline(0.76, 0.06), 0.15),
        (outline(0.7, 0.09), 0.125),
        (outline(0.6, 0.1), _FLOOR_M),
    ]
    low, wall = sectors(ringed(rings), 8, 0.2)
    stand = faucet(0.2, 0.95).moved(0.0, depth / 2 + 0.06)
    block = rounded_box(length * 0.5, depth * 0.4, _FLOOR_M - 0.002, 0.01)
    parts = [low.part(CERAMIC, False), block.part(CERAMIC), *(piece.part(CERAMIC) for piece in wall)]
    parts += [stand.part(metal), _DRAIN.moved(z=_FLOOR_M + 0.001).part(STEEL, False)]
    inside = Support(_FLOOR_M, "rectangle", np.array([length * 0.2, depth * 0.12]), np.zeros(2), "inside")
    return Draft(tuple(parts), "white", "ceramic", 1, 60.0, (inside,))


def shower(rng: np.random.Generator) -> Draft:
    """A shower in a corner, walls at its back and at its left; glass in front and at the right, a head on a rail."""
    width, depth, tall, tray = rng.uniform(0.85, 1.1), rng.uniform(0.85, 0.95), rng.uniform(1.95, 2.05), 0.08
    metal, gap = taps(rng), width * 0.55
    rim = rounded_box(width, depth, tray, 0.008, 0.02)
    rings: list[Ring] = [
        (squircle(width - 0.1, depth - 0.1, 12, 48), tray + 0.0008),
        (squircle(width - 0.14, depth - 0.14, 12, 48), tray - 0.0),
    ]
    floor = ringed([(o, z) for o, z in rings], (False, True))
    bars = [
        rounded_box(0.025, 0.025, tall - tray, 0.004).moved(x, y, tray)
        for x, y in (
            (width / 2 - 0.013, -depth / 2 + 0.013),
            (-width / 2 + 0.013, -depth / 2 + 0.013),
            (width / 2 - 0.013, depth / 2 - 0.013),
            (-width / 2 + gap, -depth / 2 + 0.013),
        )
    ]
    bars.append(rounded_box(width, 0.025, 0.025, 0.004).moved(0, -depth / 2 + 0.013, tall - 0.02))
    bars.append(rounded_box(0.025, depth, 0.025, 0.004).moved(width / 2 - 0.013, 0, tall - 0.02))
    bars.append(
        rod(
            (-width / 2 + gap - 0.04, -depth / 2 - 0.03, tall * 0.45),
            (-width / 2 + gap - 0.04, -depth / 2 - 0.03, tall * 0.62),
            0.009,
            12,
        )
    )
    bars += [
        rod(
            (-width / 2 + gap - 0.04, -depth / 2 - 0.03, tall * s),
            (-width / 2 + gap - 0.04, -depth / 2 + 0.01, tall * s),
            0.006,
            8,
        )
        for s in (0.47, 0.6)
    ]
    front = rounded_box(width - 0.03, 0.006, tall - tray - 0.02, 0.001).moved(0, -depth / 2 + 0.013, tray)
    side = rounded_box(0.006, depth - 0.03, tall - tray - 0.02, 0.001).moved(width / 2 - 0.013, 0, tray)
    parts = (
        rim.part(CERAMIC),
        floor.part(Material(None, rgba("dfe0dc"), 0.4, 0.6), False),
        merge(*bars).part(metal, False),
        *_shower_rail(depth, tall, metal),
        front.part(GLASS),
        side.part(GLASS),
    )
    inside = Support(tray + 0.0008, "rectangle", np.array([width / 2 - 0.08, depth / 2 - 0.08]), np.zeros(2), "inside")
    return Draft(parts, "white", "glass", 1, 60.0, (inside,))


def _shower_rail(depth: float, tall: float, metal: Material) -> tuple[Part, ...]:
    """A riser with a rain head, a mixer and a hand shower on its hose, at the back."""
    y, x = depth / 2 - 0.05, 0.0
    arm = curve(
        [(x, y, 0.95), (x, y, tall * 0.9), (x, y - 0.05, tall * 0.99), (x, y - 0.28, tall), (x, y - 0.32, tall - 0.04)],
        30,
    )
    head = lathe([(0.0, 0.0), (0.1, 0.0), (0.105, 0.006), (0.1, 0.012), (0.02, 0.018), (0.014, 0.03), (0.0, 0.03)], 36)
    mixer = rod((x - 0.13, y, 1.0), (x + 0.13, y, 1.0), 0.022, 16)
    back = [rod((x + s * 0.09, y, 1.0), (x + s * 0.09, depth / 2 - 0.002, 1.0), 0.014, 10) for s in (-1, 1)]
    back.append(rod((x, y, tall * 0.85), (x, depth / 2 - 0.002, tall * 0.85), 0.01, 10))
    wand = tube(
        curve([(x + 0.03, y - 0.03, 1.5), (x + 0.03, y - 0.06, 1.62), (x + 0.03, y - 0.1, 1.68)], 10),
        np.linspace(0.012, 0.016, 10),
        12,
    )
    rose = (
        lathe([(0.0, 0.0), (0.045, 0.0), (0.045, 0.01), (0.015, 0.025), (0.0, 0.025)], 28)
        .turned("x", -50)
        .moved(x + 0.03, y - 0.13, 1.675)
    )
    hose = tube(
        curve(
            [
                (x + 0.05, y, 1.0),
                (x + 0.14, y - 0.02, 0.72),
                (x + 0.2, y - 0.02, 1.0),
                (x + 0.08, y - 0.02, 1.4),
                (x + 0.03, y - 0.03, 1.5),
            ],
            40,
        ),
        0.007,
        8,
    )
    shelf = rounded_box(0.24, 0.1, 0.012, 0.003).moved(x, depth / 2 - 0.055, 1.16)
    rail = merge(tube(arm, 0.011, 12), head.moved(x, y - 0.32, tall - 0.06), mixer, *back, wand, rose, hose, shelf)
    return (rail.part(metal, False),)


KINDS: dict[str, Kind] = {
    "bathtub": Kind("bathtub", "浴缸", "个", "sanitary", bathtub, movable=False, environments=("bathroom",)),
    "shower": Kind("shower", "淋浴间", "个", "sanitary", shower, movable=False, environments=("bathroom",)),
}
