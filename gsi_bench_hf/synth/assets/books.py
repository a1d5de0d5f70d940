"""Books and boxes of paper and board."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Kind, Material, Support
from gsi_bench_hf.synth.assets.palette import CLOTHS, GLAZES, pick, rgba, seed
from gsi_bench_hf.synth.assets.shapes import label, merge, plate, rounded_box
from gsi_bench_hf.synth.assets.textures import texture


def book(rng: np.random.Generator) -> Draft:
    """A hardback lying with its cover up, the foot of the cover towards the front, its spine to the left."""
    color, tone = pick(rng, CLOTHS, "blue", "red", "green", "brown", "black", "yellow", "orange")
    width, depth, thick = rng.uniform(0.12, 0.16), rng.uniform(0.18, 0.23), rng.uniform(0.022, 0.042)
    board = 0.003
    style = ("sun", "blocks", "frame", "hills", "leaf")[int(rng.integers(5))]
    number = seed(rng, 12)
    accent = "e4c07a" if color not in ("yellow", "orange") else "3a2a22"
    cloth = Material(texture("fabric", base=tone, seed=0, threads=128, depth=0.08), specular=0.15, shininess=0.2)
    lower = rounded_box(width, depth, board, 0.001, 0.0015).tiled(0.08)
    back = rounded_box(0.005, depth, thick, 0.0022).tiled(0.08).moved(x=-width / 2 + 0.0015)
    block = (
        rounded_box(width - 0.008, depth - 0.008, thick - 2 * board, 0.0006, 0.001).tiled(0.02).moved(x=-0.001, z=board)
    )
    picture = texture("cover", base=tone, accent=accent, style=style, seed=number)
    front = label(width - 0.004, depth - 0.002).turned("x", -90).moved(y=-(depth - 0.002) / 2, z=thick + 0.0004)
    title = label(depth - 0.006, thick - 0.004).turned("z", -90).moved(x=-width / 2 - 0.0014, z=0.002)
    parts = (
        block.part(Material(texture("pages", seed=number % 3), specular=0.05)),
        lower.part(cloth),
        lower.moved(z=thick - board).part(cloth),
        back.part(cloth),
        front.part(Material(picture, specular=0.2, shininess=0.3), False),
        title.part(Material(texture("spine", base=tone, accent=accent, seed=number), specular=0.15), False),
    )
    cover = Support(thick + 0.0004, "rectangle", np.array([width, depth]) / 2 - 0.008, name="top")
    return Draft(parts, color, "hardcover", 1, 0.5, (cover,))


def box(rng: np.random.Generator) -> Draft:
    """A parcel of cardboard with tape and a shipping label on its front."""
    width, depth, height = rng.uniform(0.15, 0.24), rng.uniform(0.12, 0.18), rng.uniform(0.09, 0.15)
    tone = ("b98f60", "c49b6c", "a67c50")[int(rng.integers(3))]
    board = Material(texture("cardboard", base=tone, seed=seed(rng)), specular=0.05, shininess=0.1)
    tape = Material(
        None,
        ((0.80, 0.70, 0.50, 1.0), (0.86, 0.82, 0.74, 1.0), (0.45, 0.33, 0.22, 1.0))[int(rng.integers(3))],
        0.5,
        0.6,
    )
    wide, drop, lift = 0.045, height * rng.uniform(0.2, 0.35), 0.0005
    strip = plate(width + 2 * lift, wide).moved(z=height + lift)
    ends = [label(wide, drop).moved(y=-width / 2 - lift, z=height - drop).turned("z", a) for a in (90, -90)]
    seam = plate(width - 0.006, 0.0016).moved(z=height + 2 * lift)
    note = label(min(0.1, width * 0.55), min(0.066, width * 0.36)).moved(
        rng.uniform(-0.02, 0.02), -depth / 2 - lift, height * 0.22
    )
    parts = (
        rounded_box(width, depth, height, 0.0025).tiled(0.25).part(board),
        merge(strip, *ends).part(tape, False),
        seam.part(Material(None, (0.42, 0.31, 0.2, 1.0), 0.2, 0.2), False),
        note.part(Material(texture("address", seed=seed(rng)), specular=0.1), False),
    )
    top = Support(height + 2 * lift, "rectangle", np.array([width, depth]) / 2 - 0.01, name="top")
    return Draft(parts, "brown", "cardboard", 1, 0.7, (top,))


def cereal_box(rng: np.random.Generator) -> Draft:
    """An upright packet with its picture on the front and its small print on the sides."""
    color, tone = pick(rng, GLAZES, "red", "blue", "green", "orange", "purple", "turquoise")
    width, depth, height = rng.uniform(0.13, 0.17), rng.uniform(0.045, 0.06), rng.uniform(0.19, 0.24)
    accent = ("f2c14e", "f0dca6", "e9a13b", "f4ead2")[int(rng.integers(4))]
    number = seed(rng, 10)
    side = Material(texture("facts", base=tone, seed=number), specular=0.25)
    lift = 0.0004
    pictures = [
        label(width - 0.002, height - 0.002).moved(y=-depth / 2 - lift, z=0.001).turned("z", a) for a in (0, 180)
    ]
    sides = [label(depth - 0.002, height - 0.002).moved(y=-width / 2 - lift, z=0.001).turned("z", a) for a in (90, -90)]
    front = Material(texture("cereal", base=tone, accent=accent, seed=number), specular=0.3, shininess=0.4)
    flap = plate(width - 0.004, 0.001).moved(z=height + lift)
    parts = (
        rounded_box(width, depth, height, 0.0012).part(Material(None, rgba(tone), 0.3)),
        pictures[0].part(front, False),
        pictures[1].part(side, False),
        merge(*sides).part(side, False),
        flap.part(Material(None, (0.35, 0.3, 0.25, 1.0), 0.1), False),
    )
    return Draft(parts, color, "cardboard", 1, 0.4)


KINDS: dict[str, Kind] = {
    "book": Kind("book", "书", "本", "paper", book),
    "box": Kind("cardboard box", "纸箱", "个", "paper", box),
    "cereal-box": Kind("cereal box", "麦片盒", "个", "paper", cereal_box),
}
