"""Soft things: cushions, blankets, baskets, tissues."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part, Support
from gsi_bench_hf.synth.assets.outlines import circle, curve
from gsi_bench_hf.synth.assets.palette import CLOTHS, other, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.shapes import (
    ellipsoid,
    extrude,
    label,
    merge,
    rod,
    rotation,
    rounded_box,
    sheet,
    surface,
    tube,
)
from gsi_bench_hf.synth.assets.textures import texture

_ROOM = ("room",)


def cloth(rng: np.random.Generator, tone: str, accent: str) -> Material:
    """Furnishing cloth: plain weave or stripes."""
    if rng.integers(2):
        return Material(texture("fabric", base=tone, seed=seed(rng, 2), threads=96, depth=0.12), specular=0.03)
    return Material(texture("stripes", base=tone, accent=accent, count=6, share=0.3), specular=0.03)


def cushion(rng: np.random.Generator) -> Draft:
    """A square cushion that leans back a little, as on a sofa; a button or a piping."""
    color, tone = pick(rng, CLOTHS)
    accent = other(rng, CLOTHS, color, "white", "beige", "gray", "black")[1]
    side, thick = rng.uniform(0.38, 0.46), rng.uniform(0.15, 0.18)
    u = np.linspace(-1, 1, 25)
    x, z = np.meshgrid(u, u)
    full = np.maximum((1 - x**2) * (1 - z**2), 0.0) ** 0.42
    pinch = 1.0 - 0.07 * (1 - x**2) * z**2 - 0.07 * (1 - z**2) * x**2 + 0.03 * (x * z) ** 2
    faces = []
    for s in (-1, 1):
        points = np.stack([side / 2 * x * pinch, -s * thick / 2 * full, side / 2 * z * pinch], axis=-1)
        flat = np.stack([(x + 1) / 2, (1 - z) / 2], axis=-1)
        faces.append(surface(points if s > 0 else points[:, ::-1], flat if s > 0 else flat[:, ::-1], wrap=False))
    edge = np.concatenate([u[:-1], np.ones(24), -u[:-1], -np.ones(25)])
    rise = np.concatenate([-np.ones(24), u[:-1], np.ones(24), -u])
    fold = 1.0 - 0.07 * (1 - edge**2) * rise**2 - 0.07 * (1 - rise**2) * edge**2 + 0.03 * (edge * rise) ** 2
    seam = np.stack([side / 2 * edge * fold, 0 * edge, side / 2 * rise * fold], axis=-1)
    lean = rotation("x", -rng.uniform(8, 11)).T
    skin = merge(*faces)
    skin = skin.bent(skin.vertices @ lean)
    ground = float(skin.vertices[:, 2].min()) + 0.06  # the lowest centimetres are pressed flat by the weight
    piping, top = _pressed(seam @ lean, ground + 0.005), ellipsoid(0.014, 0.005, 0.014, 16, 8).moved(y=-thick / 2)
    parts = (
        skin.bent(_pressed(skin.vertices, ground)).part(cloth(rng, tone, accent)),
        merge(tube(piping, 0.005, 7), top.bent(top.vertices @ lean)).part(
            Material(None, rgba(accent), 0.05, 0.1), False
        ),
    )
    return Draft(parts, color, "fabric", 1, 0.6)


def _pressed(points: Float, ground_m: float) -> Float:
    """Points (N, 3) below a height lifted to it."""
    return np.column_stack([points[:, :2], np.maximum(points[:, 2], ground_m)])


def blanket(rng: np.random.Generator) -> Draft:
    """A folded blanket with fringes at its right and left."""
    color, tone = pick(rng, CLOTHS)
    width, depth, layers = rng.uniform(0.38, 0.46), rng.uniform(0.28, 0.34), int(rng.integers(3, 5))
    accent = other(rng, CLOTHS, color, "white", "beige", "gray")[1]
    coat = Material(texture("stripes", base=tone, accent=accent, count=5, share=0.22), specular=0.0)
    thick = 0.024
    parts: list[Part] = []
    for k in range(layers):
        shrink = rng.uniform(0.0, 0.008)
        leaf = rounded_box(width - shrink, depth - shrink, thick, 0.0115, 0.02, 4).tiled(0.4)
        parts.append(leaf.moved(rng.uniform(-0.003, 0.003), rng.uniform(-0.003, 0.003), k * (thick - 0.001)).part(coat))
    strands = []
    for y in np.linspace(-depth / 2 + 0.015, depth / 2 - 0.015, 22):
        z, drift = float(rng.integers(layers)) * (thick - 0.001) + thick / 2, rng.uniform(-0.004, 0.004)
        root, tip = np.array([width / 2 - 0.004, y, z]), np.array([width / 2 + 0.028, y + drift, max(z - 0.012, 0.002)])
        strands += [rod(root * turn, tip * turn, 0.002, 5) for turn in ([1, 1, 1], [-1, -1, 1])]
    parts.append(merge(*strands).part(Material(None, rgba(accent), 0.02, 0.05), False))
    top = Support(layers * (thick - 0.001) + 0.001, "rectangle", np.array([width * 0.44, depth * 0.42]))
    return Draft(tuple(parts), color, "wool", 2, 1.0, (top,))


_CANES: dict[str, tuple[str, ...]] = {"brown": ("8a6238", "77522f"), "beige": ("c9ab7c",), "gray": ("8b8a86",)}


def basket(rng: np.random.Generator) -> Draft:
    """An open wicker basket with two handles and something soft in it."""
    color, tone = pick(rng, _CANES)
    width, depth, tall = rng.uniform(0.3, 0.38), rng.uniform(0.22, 0.28), rng.uniform(0.17, 0.22)
    power = float(rng.choice([2.0, 4.0]))
    cane = Material(texture("wicker", base=tone, seed=seed(rng, 3), rods=8), specular=0.1, shininess=0.2)

    def outline(grow: float) -> Float:
        return squircle(width + grow, depth + grow, power, 56)

    wall = ringed(
        [(outline(-0.07), 0.0), (outline(-0.07), 0.0), (outline(-0.06), 0.008), (outline(0.0), tall)],
        (True, False),
        0.24,
    )
    inside = ringed([(outline(-0.014), tall), (outline(-0.07), 0.02)], (False, True), 0.24)
    rim = tube(np.column_stack([outline(-0.006), np.full(57, tall)]), 0.0105, 8).tiled(0.08, 0.5)
    arch = [
        tube(
            curve(
                [
                    (s * (width / 2 - 0.004), -0.055, tall),
                    (s * (width / 2 + 0.012), -0.04, tall + 0.05),
                    (s * (width / 2 + 0.012), 0.04, tall + 0.05),
                    (s * (width / 2 - 0.004), 0.055, tall),
                ],
                18,
            ),
            0.0095,
            10,
        )
        for s in (-1, 1)
    ]
    _, wool = pick(rng, CLOTHS, "white", "blue", "red", "yellow", "green")
    fill = curve([(1.0, 0.0), (0.96, 0.3), (0.7, 0.8), (0.3, 1.0)], 8)
    heap = ringed(
        [(squircle((width - 0.03) * s, (depth - 0.03) * s, power, 40), tall * 0.78 + 0.035 * z) for s, z in fill],
        (False, True),
    )
    ripple = heap.vertices + 0.006 * np.sin(heap.vertices[:, :1] * 60 + heap.vertices[:, 1:2] * 25) * [0, 0, 1]
    parts = (
        wall.part(cane),
        inside.part(cane, False),
        merge(rim, *arch).part(Material(texture("wicker", base=tone, seed=1, rods=8), specular=0.1), False),
        heap.bent(ripple).tiled(0.25).part(Material(texture("knit", base=wool), specular=0.0), False),
    )
    return Draft(parts, color, "wicker", 2, 0.9)


def tissue_box(rng: np.random.Generator) -> Draft:
    """A box of tissues, one of them sticking out."""
    color, tone = pick(rng, CLOTHS, "blue", "green", "red", "yellow", "gray", "orange", "beige")
    width, depth, tall = rng.uniform(0.2, 0.24), rng.uniform(0.11, 0.125), rng.uniform(0.07, 0.09)
    accent = other(rng, CLOTHS, color, "white", "beige", "blue")[1]
    style = ("leaves", "dots", "lattice", "stripes")[int(rng.integers(4))]
    print_ = Material(texture("wallpaper", base=tone, accent=accent, style=style), specular=0.2)
    slot = extrude(circle(width * 0.26, 40, depth * 0.22), 0.001).moved(z=tall - 0.0004)
    name = rounded_box(width * 0.4, 0.002, tall * 0.36, 0.0005, None, 1).moved(y=-depth / 2, z=tall * 0.3)
    word = label(width * 0.38, tall * 0.32).moved(y=-depth / 2 - 0.0012, z=tall * 0.32)
    u = np.linspace(-1, 1, 17)
    tuft = []
    for k, (turn, high) in enumerate(((10.0, 0.075), (70.0, 0.06), (-50.0, 0.065))):
        v = np.linspace(0, 1, 8)[:, None]
        x = u * (0.016 + 0.036 * v) * (1 - 0.15 * v)
        z = tall - 0.004 + high * v * (1 - 0.35 * u**2)
        y = 0.016 * np.sin(3.0 * u + k) * v + 0.01 * v**2
        tuft.append(sheet(np.stack([x, np.broadcast_to(y, x.shape), z], axis=-1)).turned("z", turn))
    parts = (
        rounded_box(width, depth, tall, 0.002).tiled(0.16).part(print_),
        merge(slot).part(Material(None, rgba("3a3733"), 0.05, 0.1), False),
        name.part(Material(None, rgba("f3f0e6"), 0.2, 0.3), False),
        word.part(Material(texture("sign", base="f3f0e6", accent=tone, text="SOFT"), specular=0.1), False),
        merge(*tuft).part(Material(None, rgba("f3f2ee"), 0.02, 0.05), False),
    )
    return Draft(parts, color, "cardboard", 1, 0.2)


KINDS: dict[str, Kind] = {
    "cushion": Kind("cushion", "靠垫", "个", "soft", cushion, environments=_ROOM),
    "blanket": Kind("folded blanket", "毯子", "条", "soft", blanket, environments=_ROOM),
    "basket": Kind("basket", "篮子", "个", "soft", basket, environments=("room", "bathroom")),
    "tissue-box": Kind(
        "tissue box", "纸巾盒", "个", "household", tissue_box, environments=("tabletop", "room", "bathroom")
    ),
}
