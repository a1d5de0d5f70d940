"""Small things of a bathroom: soap, shampoo, brushes, paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material, Part
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import GLAZES, PLASTICS, other, pick, rgba, seed
from gsi_bench_hf.synth.assets.rings import ringed, squircle
from gsi_bench_hf.synth.assets.sanitary import CERAMIC, STEEL
from gsi_bench_hf.synth.assets.shapes import Shape, label, lathe, loft, merge, rod, rounded_box, surface, tube
from gsi_bench_hf.synth.assets.tableware import glazed, vessel
from gsi_bench_hf.synth.assets.textures import texture


def soap_dispenser(rng: np.random.Generator) -> Draft:
    """A dispenser for liquid soap, its nozzle to the front."""
    color, tone = pick(rng, GLAZES, "white", "blue", "green", "gray", "black", "pink", "turquoise", "yellow")
    r, tall = rng.uniform(0.034, 0.04), rng.uniform(0.105, 0.13)
    belly = rng.uniform(0.0, 0.12)
    points = [
        (r * 0.95, 0.0),
        (r, 0.005),
        (r * (1 + belly), tall * 0.45),
        (r * 0.95, tall * 0.82),
        (r * 0.5, tall * 0.98),
    ]
    body = lathe(np.concatenate([[[0.0, 0.002]], curve(points, 20), [[0.015, tall], [0.0, tall]]]), 44, 50.0)
    metal = STEEL if rng.integers(3) else Material(None, rgba("2a2b2d"), 0.5, 0.6)
    collar = lathe([(0.0165, 0.0), (0.0165, 0.014), (0.012, 0.017), (0.0, 0.017)], 24).moved(z=tall - 0.002)
    stem = rod((0, 0, tall), (0, 0, tall + 0.045), 0.0045, 12)
    head = lathe([(0.0, 0.0), (0.0115, 0.0), (0.0125, 0.004), (0.011, 0.012), (0.0, 0.014)], 20).moved(z=tall + 0.04)
    nozzle = tube(
        curve(
            [(0, 0, tall + 0.047), (0, -0.03, tall + 0.049), (0, -0.052, tall + 0.043), (0, -0.055, tall + 0.036)], 12
        ),
        np.linspace(0.0062, 0.0042, 12),
        12,
    )
    coat = glazed(tone, seed=seed(rng)) if rng.integers(2) else glazed(tone, rings=20)
    parts = (body.part(coat), merge(collar, stem, head).part(metal), nozzle.part(metal))
    return Draft(parts, color, "ceramic", 1, 0.4)


_BRANDS = ("SHAMPOO", "FRESH|SHOWER", "REPAIR|CARE", "ALOE|VERA", "OCEAN", "HERBAL", "SILK")


def shampoo(rng: np.random.Generator) -> Draft:
    """A flat bottle of shampoo with its label at the front, its cap on top or below."""
    color, tone = pick(rng, PLASTICS, "white", "green", "blue", "pink", "yellow", "turquoise", "orange", "red")
    width, depth, tall = rng.uniform(0.066, 0.082), rng.uniform(0.04, 0.05), rng.uniform(0.16, 0.2)
    waist = rng.uniform(0.86, 1.0)
    _, accent = other(rng, PLASTICS, color, "white", "blue", "green", "pink", "orange")
    if rng.integers(3):
        line = [
            (0.93, 0.0),
            (1.0, 0.008),
            (waist, tall * 0.5),
            (1.0, tall * 0.78),
            (0.72, tall * 0.93),
            (0.42, tall * 0.97),
        ]
        lid = [(0.5, 0.965), (0.5, 0.965), (0.5, 1.08), (0.46, 1.11), (0.46, 1.11)]
    else:
        line = [
            (0.72, tall * 0.15),
            (0.86, tall * 0.2),
            (1.0, tall * 0.5),
            (0.97, tall * 0.85),
            (0.7, tall * 0.985),
            (0.4, tall),
        ]
        lid = [(0.7, 0.0), (0.7, 0.0), (0.74, 0.02), (0.74, 0.16), (0.7, 0.17), (0.7, 0.17)]
    shares = curve(line, 18)

    def outline(share: float) -> Float:
        return squircle(width * share, depth * (0.4 + 0.6 * share), 2.8, 48)

    body = ringed([(outline(float(shares[0, 0]) - 0.03), shares[0, 1]), *((outline(s), z) for s, z in shares)])
    cap = ringed([(squircle(width * s, depth * 1.6 * min(s, 0.56), 3.2, 40), tall * z) for s, z in lid])
    parts = (
        body.part(Material(None, rgba(tone), 0.6, 0.75, 0.03)),
        cap.part(Material(None, rgba(accent), 0.5, 0.6)),
        _front_label(rng, shares, outline, tall, ("f4f2ec", tone) if color != "white" else (accent, "f4f2ec")),
    )
    return Draft(parts, color, "plastic", 1, 0.35)


def _front_label(
    rng: np.random.Generator, shares: Float, outline: Callable[[float], Float], tall: float, tones: tuple[str, str]
) -> Part:
    """A printed label that follows the front of a bottle; `tones` are of paper and ink."""
    word = _BRANDS[int(rng.integers(len(_BRANDS)))].replace("|", "_")
    picture = texture("label", base=tones[0], accent=tones[1], text=word, seed=seed(rng, 3))
    z = np.linspace(tall * 0.24, tall * 0.74, 12)
    rows = [outline(float(np.interp(h, shares[:, 1], shares[:, 0])) * 1.006)[17:32] for h in z]
    points = np.stack([np.column_stack([row, np.full(15, h)]) for row, h in zip(rows, z, strict=True)])
    uv = np.stack(np.meshgrid(np.linspace(0.01, 0.99, 15), np.linspace(0.99, 0.01, 12)), axis=-1)
    return surface(points, uv, wrap=False).part(Material(picture, specular=0.3, shininess=0.6), False)


def toothbrush_cup(rng: np.random.Generator) -> Draft:
    """A cup with two or three toothbrushes and a tube of toothpaste in it."""
    color, tone = pick(rng, GLAZES, "white", "blue", "green", "gray", "pink", "turquoise", "yellow", "black")
    r, tall = rng.uniform(0.036, 0.041), rng.uniform(0.095, 0.11)
    outside, inside = vessel(curve([(r * 0.9, 0.0), (r * 0.93, 0.005), (r, tall * 0.5), (r, tall)], 14), 0.003, 0.006)
    accent = other(rng, GLAZES, color, "white", "blue", "yellow", "brown")[1]
    coat = glazed(tone, accent=accent, at="0.3-0.36") if rng.integers(2) else glazed(tone, rings=16)
    parts = [outside.part(coat), inside.part(Material(None, rgba(tone), 0.3, 0.4), False)]
    start, count = rng.uniform(0, 360), int(rng.integers(2, 4))
    _, first = pick(rng, PLASTICS, "red", "blue", "green", "orange", "turquoise", "pink")
    for k in range(count):
        _, hue = (
            (first, first) if k == 0 else pick(rng, PLASTICS, "red", "blue", "green", "yellow", "turquoise", "white")
        )
        angle = start + 360 / 3 * k + rng.uniform(-15, 15)
        stick, tuft = _toothbrush(r, tall)
        parts.append(stick.turned("z", angle).part(Material(None, rgba(hue), 0.5, 0.7), False))
        parts.append(tuft.turned("z", angle).part(Material(None, rgba("f2f1ec"), 0.1, 0.1), False))
    return Draft(tuple(parts), color, "ceramic", 1, 0.3)


def _toothbrush(r: float, tall: float) -> tuple[Shape, Shape]:
    """Handle and bristles of a brush that leans on the cup's rim towards +x, its bristles towards the front."""
    lean = np.arctan2(1.1 * r, tall)
    handle = curve([(0, 0, 0.0), (0, 0.001, 0.06), (0, -0.001, 0.12), (0, 0.0, 0.175)], 16)
    neck = np.interp(np.linspace(0, 1, 16), [0, 0.5, 0.72, 0.85, 1.0], [0.0055, 0.006, 0.0032, 0.0045, 0.0045])
    tuft = rounded_box(0.009, 0.011, 0.026, 0.0015).moved(0, -0.0075, 0.149)
    stick = tube(handle, neck, 10)
    tilted = [s.turned("y", np.rad2deg(lean)).moved(x=-0.4 * r, z=0.011) for s in (stick, tuft)]
    return tilted[0], tilted[1]


def toilet_paper(rng: np.random.Generator) -> Draft:
    """A roll of toilet paper that stands."""
    r, tall = rng.uniform(0.05, 0.06), rng.uniform(0.095, 0.105)
    paper = Material(texture("plaster", base="efede7", depth=0.03), specular=0.0)
    side = lathe([(0.021, 0.0), (r, 0.0), (r, tall), (0.021, tall), (0.021, tall - 0.03)], 44)
    hole = lathe([(0.021, tall - 0.001), (0.0205, 0.001), (0.0, 0.0015)], 28)
    parts = (
        side.tiled(0.3).part(paper),
        hole.part(Material(None, rgba("b09572"), 0.02, 0.05), False),
    )
    return Draft(parts, "white", "paper", 0, 0.15)


def soap(rng: np.random.Generator) -> Draft:
    """A bar of soap on a dish."""
    color, tone = pick(
        rng, {"green": ("9db38c", "7f9a6b"), "pink": ("d69c98",), "yellow": ("dcb95e",), "blue": ("7fa3c4", "5b84ad")}
    )
    width, depth = rng.uniform(0.115, 0.13), rng.uniform(0.08, 0.092)
    rings = [
        (squircle(width * w, depth * w, 3.0, 48), z) for w, z in ((0.7, 0.0), (0.72, 0.003), (0.92, 0.012), (1.0, 0.02))
    ]
    rings += [
        (squircle(width * w, depth * w, 3.0, 48), z)
        for w, z in ((0.97, 0.022), (0.93, 0.02), (0.8, 0.01), (0.5, 0.008))
    ]
    bar = rounded_box(0.086, 0.056, 0.03, 0.013, 0.02, 5).tiled(0.1)
    mark = rounded_box(0.04, 0.018, 0.001, 0.0004, 0.008).moved(z=0.0385)
    pale = "".join(f"{int(int(tone[i : i + 2], 16) * 0.86):02x}" for i in (0, 2, 4))
    parts = (
        ringed(rings).part(CERAMIC),
        bar.moved(z=0.0085).part(
            Material(texture("glaze", base=tone, seed=seed(rng, 3), depth=0.04), specular=0.35, shininess=0.4)
        ),
        mark.part(Material(None, rgba(pale), 0.2, 0.4), False),
    )
    return Draft(parts, color, "soap", 2, 0.25)


def toothpaste(rng: np.random.Generator) -> Draft:
    """A tube of toothpaste that lies on its back, its cap to the left."""
    color, tone = pick(rng, PLASTICS, "red", "blue", "green", "turquoise", "orange")
    long, wide, thick = rng.uniform(0.145, 0.17), rng.uniform(0.048, 0.056), rng.uniform(0.03, 0.036)
    t = np.linspace(0.0, 1.0, 12)
    turn = np.pi / 2 + 2 * np.pi * np.arange(41) / 40
    half_w = wide / 2 * np.interp(t, [0, 0.12, 1], [0.55, 0.72, 1.0])
    half_t = thick / 2 * np.interp(t, [0, 0.1, 0.4, 1], [0.85, 1.0, 0.85, 0.06])
    rings = np.empty((12, 41, 3))
    rings[..., 0] = (-long / 2 + t * long)[:, None]
    rings[..., 1] = half_w[:, None] * np.cos(turn)
    rings[..., 2] = half_t[:, None] * (1.0 + np.sin(turn))
    name = ("MINT|FRESH", "DENTA", "WHITE|SMILE", "HERBA|DENT")[int(rng.integers(4))]
    picture = texture("tube", base="f1f1ee", accent=tone, text=name.replace("|", "_"))
    down = np.clip(0.5 - 0.5 * np.cos(turn), 0.01, 0.99)
    skin = surface(rings, np.stack(np.meshgrid(down, t), axis=-1)[..., ::-1])
    ends = loft(rings[[0, 0]] - np.array([0.0005, 0, 0]) * np.array([0, 1])[:, None, None])
    cap_ = lathe([(0.0, 0.0), (0.0125, 0.0), (0.0145, 0.018), (0.0145, 0.026), (0.0, 0.026)], 28).turned("y", 90)
    parts = (
        skin.part(Material(picture, specular=0.45, shininess=0.7)),
        ends.part(Material(None, rgba(tone), 0.4, 0.6), False),
        cap_.moved(-long / 2 - 0.024, 0, 0.0145).part(Material(None, rgba(tone), 0.5, 0.65)),
    )
    return Draft(parts, color, "plastic", 1, 0.12)


def hair_dryer(rng: np.random.Generator) -> Draft:
    """A hair dryer that lies on its side, its nozzle to the left, its grip to the front."""
    color, tone = pick(rng, PLASTICS, "black", "white", "pink", "red", "turquoise", "blue", "gray")
    r, coat = rng.uniform(0.036, 0.042), Material(None, rgba(tone), 0.6, 0.75, 0.04)
    dark = Material(None, rgba("242528" if color != "black" else "6a6d72"), 0.3, 0.4)
    shell = curve([(0.021, -0.1), (0.026, -0.06), (r * 0.95, 0.0), (r, 0.04), (r * 0.82, 0.068), (r * 0.6, 0.072)], 24)
    barrel = lathe(np.concatenate([[[0.0, -0.1]], shell, [[0.0, 0.072]]]), 40, 60.0)
    nozzle = lathe([(0.019, -0.135), (0.0235, -0.13), (0.024, -0.098), (0.02, -0.095)], 32)
    mouth = lathe([(0.0195, -0.135), (0.0, -0.128)][::-1], 24)
    grille = lathe(
        [(r * 0.62, 0.071), (r * 0.62, 0.0745), (r * 0.5, 0.074), (r * 0.5, 0.0745), (r * 0.3, 0.0745), (0.0, 0.075)],
        32,
    )
    lying = [s.turned("y", 90).moved(z=r - 0.008) for s in (barrel, nozzle, mouth, grille)]
    lying[0] = lying[0].bent(np.maximum(lying[0].vertices, [-1.0, -1.0, 0.0]))  # flat enough below to lie still
    line = [(0.01, -r * 0.6, r - 0.008), (0.012, -0.07, r * 0.8), (0.02, -0.115, 0.022), (0.026, -0.15, 0.018)]
    grip = tube(line, [0.0165, 0.016, 0.0165, 0.0155], 16, 1.15)
    grip = grip.moved(z=-float(grip.vertices[:, 2].min()))
    switch = rounded_box(0.012, 0.022, 0.006, 0.002).moved(0.012, -0.07, r * 0.8 + 0.015)
    cord = tube(
        curve(
            [
                (0.026, -0.15, 0.016),
                (0.04, -0.18, 0.004),
                (0.085, -0.175, 0.004),
                (0.1, -0.13, 0.004),
                (0.07, -0.105, 0.004),
                (0.055, -0.135, 0.004),
            ],
            30,
        ),
        0.0035,
        8,
    )
    parts = (
        lying[0].part(coat),
        lying[1].part(dark),
        merge(lying[2], switch, cord).part(Material(None, rgba("232427"), 0.3, 0.4), False),
        lying[3].part(dark, False),
        grip.part(coat),
    )
    return Draft(parts, color, "plastic", 1, 0.5)


def perfume(rng: np.random.Generator) -> Draft:
    """A square flask of perfume with a golden collar and a label."""
    color, tone = pick(
        rng,
        {
            "pink": ("d69c98", "d9a6a8"),
            "yellow": ("d8ac43",),
            "blue": ("5b84ad",),
            "green": ("7f9a6b",),
            "purple": ("7f6391",),
        },
    )
    width, depth, tall = rng.uniform(0.05, 0.062), rng.uniform(0.028, 0.034), rng.uniform(0.065, 0.085)
    body = rounded_box(width, depth, tall, 0.005, 0.008, 4)
    collar = lathe([(0.0, 0.0), (0.0095, 0.0), (0.0095, 0.01), (0.0, 0.01)], 24).moved(z=tall - 0.001)
    top = (
        lathe([(0.0, 0.0), (0.015, 0.0), (0.016, 0.003), (0.016, 0.022), (0.013, 0.026), (0.0, 0.027)], 32)
        if rng.integers(2)
        else rounded_box(0.026, 0.022, 0.026, 0.003)
    ).moved(z=tall + 0.008)
    name = ("ROSE", "NUIT", "FLEUR", "AMBRE", "No 7")[int(rng.integers(5))]
    paper = Material(texture("label", base="f4efe2", accent="2b2b2d", text=name, seed=seed(rng, 3)), specular=0.2)
    gold = Material(None, rgba("c4a04e"), 0.9, 0.8, 0.1)
    parts = (
        body.part(Material(None, rgba(tone), 0.9, 0.95, 0.1)),
        merge(collar).part(gold),
        top.part(gold if rng.integers(2) else Material(None, rgba("26272a"), 0.7, 0.8)),
        label(width * 0.66, tall * 0.5).moved(y=-depth / 2 - 0.0005, z=tall * 0.2).part(paper, False),
    )
    return Draft(parts, color, "glass", 1, 0.25)


_BATH = ("bathroom",)
KINDS: dict[str, Kind] = {
    "soap-dispenser": Kind("soap dispenser", "皂液器", "个", "bathroom", soap_dispenser, environments=_BATH),
    "shampoo": Kind("shampoo bottle", "洗发水", "瓶", "bathroom", shampoo, environments=_BATH),
    "toothbrush-cup": Kind("toothbrush cup", "牙刷杯", "个", "bathroom", toothbrush_cup, environments=_BATH),
    "toilet-paper": Kind("roll of toilet paper", "卫生纸", "卷", "bathroom", toilet_paper, environments=_BATH),
    "soap": Kind("bar of soap", "肥皂", "块", "bathroom", soap, environments=_BATH),
    "toothpaste": Kind("tube of toothpaste", "牙膏", "支", "bathroom", toothpaste, environments=_BATH),
    "hair-dryer": Kind("hair dryer", "吹风机", "个", "bathroom", hair_dryer, environments=_BATH),
    "perfume": Kind("perfume bottle", "香水", "瓶", "bathroom", perfume, environments=("room", "bathroom")),
}
