"""Surfaces: wood, stone, cloth, metal, walls, floors. Painters take keyword arguments and give (H, W, 3) floats in 0..1."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.painting import fbm, grid, mix, near, noise, rgb, sample, shade, smoothstep, solid

WOODS: dict[str, tuple[str, str, str]] = {
    "oak": ("c99f6a", "a67845", "7d5530"),
    "pine": ("e0bd84", "c4935a", "96653a"),
    "maple": ("dfc29a", "cba777", "a8835a"),
    "birch": ("e3cfab", "d0b489", "b39468"),
    "cherry": ("b5764a", "94552f", "6b3a20"),
    "walnut": ("85603f", "5f412a", "3d291a"),
    "teak": ("a8743f", "835227", "5a3618"),
    "mahogany": ("8c4a30", "68321f", "452014"),
    "ebony": ("4a3a30", "352821", "211914"),
    "ash": ("cfc0a6", "b09c7e", "8d7a60"),
}
"""Tone to the colours of early wood, late wood and pores."""


def wood(tone: str = "oak", seed: int = 0, rings: int = 9, knots: int = 1) -> Float:
    """Flat-sawn wood; the grain runs along x."""
    rng = np.random.default_rng([7, seed])
    x, y = grid()
    early, late, pore = (rgb(c) for c in WOODS[tone])
    bend = 0.13 * noise(rng, 2, 2) + 0.05 * noise(rng, 3, 5) + 0.006 * noise(rng, 8, 32)
    for _ in range(knots):
        bend += _knot_bend(x, y, rng)
    phase = (y + bend) * rings
    ring = phase - np.floor(phase)
    late_share = smoothstep(0.25, 0.95, ring) * (1.0 - smoothstep(0.95, 1.0, ring))
    strength = 0.55 + 0.3 * noise(rng, 2, 4)
    image = mix(np.broadcast_to(early, (512, 512, 3)), late, late_share * strength)
    fibre = 0.6 * noise(rng, 6, 200) + 0.4 * noise(rng, 16, 512)
    image = shade(image, 0.07 * fibre + 0.06 * noise(rng, 2, 6))
    pores = smoothstep(0.45, 0.9, noise(rng, 24, 512)) * (0.3 + 0.7 * late_share)
    return mix(image, pore, 0.45 * pores)


def _knot_bend(x: Float, y: Float, rng: np.random.Generator) -> Float:
    """How a knot pushes the rings aside: a steep bump, longer along the grain."""
    dx, dy = near(x, rng.uniform()), near(y, rng.uniform())
    far = (dx / 0.10) ** 2 + (dy / 0.035) ** 2
    return np.asarray(rng.uniform(0.12, 0.3) * np.exp(-np.sqrt(far + 0.02) * 1.3))


def planks(
    tone: str = "oak", seed: int = 0, rows: int = 6, gap: float = 1.0, joints: int = 1, paint: str = ""
) -> Float:
    """Boards along x, each of its own piece of wood; staggered with `joints`, else as long as the image.

    `paint` covers them with that colour, through which the grain still shows a little.
    """
    rng = np.random.default_rng([11, seed])
    x, y = grid()
    base = wood(tone, seed, rings=5, knots=1)
    if paint:
        base = mix(
            base / rgb(WOODS[tone][0]) * rgb(paint),
            np.broadcast_to(rgb(paint), base.shape),
            np.full(base.shape[:2], 0.72),
        )
    row = np.floor(y * rows).astype(int)
    start = (np.arange(rows) * 0.37 + rng.uniform(-0.08, 0.08, rows))[row]
    board = np.floor((x + start) * 2).astype(int) % 2 * (1 if joints else 0)
    pick = row * 2 + board
    offsets, tints = rng.uniform(0, 1, (2, 2 * rows)), rng.uniform(-0.13, 0.1, 2 * rows)
    within = (y * rows) % 1.0
    image = sample(base, x + offsets[0][pick], offsets[1][pick] + within / rows * 2.0)
    image = shade(image, tints[pick])
    along = np.abs(near((x + start) * 2, 0.0)) / 2 if joints else np.ones_like(x)
    across = np.minimum(within, 1 - within) / rows
    seam = 1.0 - smoothstep(0.001, 0.0045, np.minimum(along, across))
    return mix(image, rgb(paint or WOODS[tone][2]) * 0.5, 0.8 * gap * seam)


def marble(base: str = "ece9e4", vein: str = "8d8a88", seed: int = 0) -> Float:
    """Polished stone with branching veins."""
    rng = np.random.default_rng([13, seed])
    x, y = grid()
    warp = fbm(rng, 3, 3, 5, gain=0.55)
    image = shade(solid(base), 0.035 * fbm(rng, 3, 3, 4))
    for turns, width, strength in ((1, 0.05, 0.75), (2, 0.035, 0.45), (3, 0.03, 0.3)):
        across = turns * (x + y * rng.choice([-1, 1])) + rng.uniform() + 0.42 * warp + 0.2 * fbm(rng, 4, 4, 4)
        line = np.abs(near(across, 0.0))
        where = 0.5 + 0.8 * noise(rng, 4, 4)
        image = mix(image, rgb(vein), strength * np.exp(-line / width) * np.clip(where, 0.05, 1.0))
    return image


def terrazzo(base: str = "dedad2", seed: int = 0, chips: int = 420) -> Float:
    """Chips of stone in cement."""
    rng = np.random.default_rng([17, seed])
    palette = np.array([rgb(c) for c in ("8f7f6c", "c8a98a", "5d6462", "b5b0a6", "a8664c", "f1efe9")])
    image = shade(solid(base), 0.03 * fbm(rng, 16, 16, 4))
    for _ in range(chips):
        radius = int(rng.integers(3, 9))
        span = np.arange(-radius, radius + 1)
        a = rng.uniform(0, np.pi, 5)
        reach = rng.uniform(0.4, 1.0, 5) * radius
        inside = np.ones((len(span), len(span)), dtype=bool)
        for angle, limit in zip(a, reach, strict=True):
            inside &= np.abs(span[None, :] * np.cos(angle) + span[:, None] * np.sin(angle)) < limit
        rows, columns = (span + int(rng.integers(512))) % 512, (span + int(rng.integers(512))) % 512
        window = image[np.ix_(rows, columns)]
        window[inside] = palette[rng.integers(len(palette))] * rng.uniform(0.9, 1.08)
        image[np.ix_(rows, columns)] = window
    return image


def fabric(base: str = "b9aa94", seed: int = 0, threads: int = 64, depth: float = 0.16) -> Float:
    """Plain weave: threads over and under each other, with slubs."""
    rng = np.random.default_rng([19, seed])
    x, y = grid()
    over = (np.floor(x * threads) + np.floor(y * threads)) % 2
    warp, weft = np.sin(np.pi * ((x * threads) % 1.0)), np.sin(np.pi * ((y * threads) % 1.0))
    relief = np.where(over > 0, warp * (0.6 + 0.4 * weft), weft * (0.6 + 0.4 * warp))
    slub = np.where(over > 0, noise(rng, threads, 6), noise(rng, 6, threads))
    return shade(solid(base), depth * (relief - 0.65) + 0.07 * slub + 0.04 * fbm(rng, 4, 4, 3))


def knit(base: str = "b9aa94", seed: int = 0, columns: int = 24) -> Float:
    """Stockinette: columns of V-shaped stitches."""
    rng = np.random.default_rng([23, seed])
    x, y = grid()
    across = np.abs((x * columns) % 1.0 - 0.5) * 2.0
    height = (y * columns * 1.0 + 0.5 * across) % 1.0
    relief = np.sin(np.pi * height) * np.sin(np.pi * np.clip(across, 0.04, 1.0)) ** 0.5
    return shade(solid(base), 0.45 * (relief - 0.6) + 0.05 * noise(rng, 128, 128))


def tiles(base: str = "d9d5cc", grout: str = "a29d94", seed: int = 0, count: int = 4, checker: str = "") -> Float:
    """Square tiles with grout; `checker` gives every other tile that colour (even `count`)."""
    rng = np.random.default_rng([29, seed])
    x, y = grid()
    column, row = np.floor(x * count).astype(int), np.floor(y * count).astype(int)
    tints = rng.uniform(-0.045, 0.03, (count, count))
    image = solid(base)
    if checker:
        image[(column + row) % 2 == 1] = rgb(checker)
    image = shade(image, tints[row, column] + 0.025 * fbm(rng, 8, 8, 4))
    edge = np.minimum(np.abs(near(x * count, 0.0)), np.abs(near(y * count, 0.0))) / count
    image = shade(image, -0.12 * (1 - smoothstep(0.004, 0.012, edge)))
    seam = 1.0 - smoothstep(0.0035, 0.0065, edge)
    return mix(image, rgb(grout) * (1 + 0.1 * noise(rng, 128, 128)[..., None]), seam)


def bricks(
    base: str = "e6e3dc", grout: str = "b9b5ac", seed: int = 0, rows: int = 8, bevel: float = 0.1, spread: float = 0.03
) -> Float:
    """Courses twice as long as high, half a length apart (even `rows`): glazed wall tiles, or brick with a wide `spread`."""
    rng = np.random.default_rng([83, seed])
    x, y = grid()
    row = np.floor(y * rows).astype(int)
    across = x * rows / 2 + 0.5 * (row % 2)
    column = np.floor(across).astype(int) % (rows // 2)
    tints = rng.uniform(-spread, spread, (rows, rows // 2))
    edge = np.minimum(np.abs(near(across, 0.0)) * 2 / rows, np.abs(near(y * rows, 0.0)) / rows)
    rough = 0.02 * fbm(rng, 8, 8, 4) + spread * 0.8 * noise(rng, 90, 90)
    image = shade(solid(base), tints[row, column] + rough - bevel * (1 - smoothstep(0.003, 0.014, edge)))
    return mix(image, rgb(grout) * (1 + 0.08 * noise(rng, 128, 128)[..., None]), 1.0 - smoothstep(0.002, 0.005, edge))


def brushed(base: str = "b4b6b8", seed: int = 0, depth: float = 0.12) -> Float:
    """Metal brushed along x."""
    rng = np.random.default_rng([31, seed])
    streak = 0.5 * noise(rng, 4, 256) + 0.5 * noise(rng, 12, 512) + 0.3 * noise(rng, 2, 12)
    return shade(solid(base), depth * streak)


def bands(base: str = "d9d2c4", accent: str = "", at: str = "", rings: int = 0, lip: str = "") -> Float:
    """Glaze for turned things: it changes along v alone, so that a turned surface keeps its full symmetry.

    Args:
        base: colour of the ground.
        accent: colour of painted bands.
        at: the bands, "0.2-0.25;0.6-0.62" of the image's height from the top.
        rings: fine throwing rings over the height.
        lip: colour that the glaze breaks to at the top edge.
    """
    y = (np.arange(512) + 0.5) / 512
    column = np.broadcast_to(rgb(base), (512, 3)).copy()
    column *= (1.0 + 0.01 * np.sin(2 * np.pi * y * 3) + (0.02 * np.sin(2 * np.pi * y * rings) if rings else 0.0))[
        :, None
    ]
    for band in filter(None, at.split(";")):
        low, high = (float(edge) for edge in band.split("-"))
        share = smoothstep(low - 0.003, low + 0.003, y) * (1.0 - smoothstep(high - 0.003, high + 0.003, y))
        column += (rgb(accent) - column) * share[:, None]
    if lip:
        column += (rgb(lip) - column) * (1.0 - smoothstep(0.0, 0.03, y))[:, None]
    return np.broadcast_to(column[:, None], (512, 64, 3)).copy()


def glaze(base: str = "7f9aa8", seed: int = 0, depth: float = 0.05, speckle: str = "", amount: float = 0.35) -> Float:
    """Fired glaze with soft mottling and, if asked for, iron speckles."""
    rng = np.random.default_rng([37, seed])
    image = shade(solid(base), depth * fbm(rng, 5, 5, 4))
    if speckle:
        dots = smoothstep(0.82, 0.93, noise(rng, 150, 150)) + 0.6 * smoothstep(0.86, 0.95, noise(rng, 256, 256))
        image = mix(image, rgb(speckle), 2.0 * amount * dots)
    return image


def leather(base: str = "5d3d28", seed: int = 0) -> Float:
    """Grained leather: little cells with dark creases."""
    rng = np.random.default_rng([41, seed])
    a, b = np.abs(fbm(rng, 40, 40, 2)), np.abs(fbm(rng, 52, 52, 2))
    crease = 1.0 - smoothstep(0.0, 0.22, np.minimum(a, b))
    return shade(solid(base), 0.09 * fbm(rng, 4, 4, 3) - 0.2 * crease)


def plastic(base: str = "3a3c40", seed: int = 0, depth: float = 0.035) -> Float:
    """Moulded plastic with a fine grain."""
    rng = np.random.default_rng([43, seed])
    return shade(solid(base), depth * (noise(rng, 256, 256) + noise(rng, 128, 128)))


def plaster(base: str = "e4ded2", seed: int = 0, depth: float = 0.03) -> Float:
    """A painted wall: roller texture and faint clouds."""
    rng = np.random.default_rng([47, seed])
    return shade(
        solid(base), depth * (0.5 * fbm(rng, 2, 2, 4) + 0.35 * noise(rng, 180, 180) + 0.35 * noise(rng, 90, 90))
    )


def wallpaper(base: str = "d8d3c4", accent: str = "c3bca8", seed: int = 0, style: str = "stripes") -> Float:
    """Printed wallpaper: "stripes", "dots", "leaves" or "lattice"."""
    rng = np.random.default_rng([53, seed])
    x, y = grid()
    if style == "stripes":
        t = np.abs(near(x * 4, 0.0))
        share = 1.0 - smoothstep(0.2, 0.22, t) + 0.8 * (smoothstep(0.27, 0.28, t) - smoothstep(0.3, 0.31, t))
    elif style == "dots":
        share = 1.0 - smoothstep(0.15, 0.18, np.hypot(*_staggered(x, y, 6)))
    elif style == "lattice":
        line = np.minimum(np.abs(near((x + y) * 4, 0.0)), np.abs(near((x - y) * 4, 0.0)))
        share = 1.0 - smoothstep(0.03, 0.05, line)
    else:
        share = _sprigs(x, y)
    return mix(shade(solid(base), 0.02 * noise(rng, 128, 128)), rgb(accent), share)


def _staggered(x: Float, y: Float, count: int) -> tuple[Float, Float]:
    """Coordinates within a cell, -0.5..0.5, every other row shifted by half a cell."""
    row = np.floor(y * count)
    return near(x * count + 0.5 * (row % 2), 0.5), near(y * count, 0.5)


def _sprigs(x: Float, y: Float) -> Float:
    """Little twigs with leaves, staggered."""
    a, b = _staggered(x, y, 4)
    share = 1.0 - smoothstep(0.012, 0.028, np.abs(a + 0.06 * np.sin(6 * b)) + 10 * np.maximum(np.abs(b) - 0.34, 0.0))
    for k in range(5):
        side, height = (-1) ** k, 0.28 - 0.13 * k
        u, v = a * side - 0.13, b - height + 0.55 * (a * side - 0.13)
        share = np.maximum(share, 1.0 - smoothstep(0.8, 1.0, (u / 0.12) ** 2 + (v / 0.05) ** 2))
    return np.asarray(share)


def panelling(base: str = "e4e2db", seed: int = 0, boards: int = 5) -> Float:
    """Painted upright boards with rounded grooves between."""
    rng = np.random.default_rng([73, seed])
    x, _ = grid()
    across = np.abs(near(x * boards, 0.0))
    groove = -0.3 * (1.0 - smoothstep(0.0, 0.03, across)) + 0.05 * np.exp(-(((across - 0.05) / 0.02) ** 2))
    return shade(solid(base), groove + 0.012 * noise(rng, 40, 200))


def curtain(base: str = "b9b2a2", seed: int = 0, folds: int = 9) -> Float:
    """Hanging cloth: soft upright folds."""
    rng = np.random.default_rng([79, seed])
    x, _ = grid()
    fold = np.sin(2 * np.pi * (x * folds + 0.12 * noise(rng, 3, 1) + 0.05 * noise(rng, 4, 2)))
    return shade(fabric(base, seed, 128, 0.08), 0.14 * fold - 0.05)


def carpet(base: str = "8d8577", seed: int = 0, depth: float = 0.3) -> Float:
    """Cut pile."""
    rng = np.random.default_rng([59, seed])
    return shade(
        solid(base), depth * (0.5 * noise(rng, 220, 220) + 0.4 * noise(rng, 128, 128)) + 0.06 * fbm(rng, 5, 5, 3)
    )


def soil(base: str = "3b2a1f", seed: int = 0) -> Float:
    """Crumbly potting soil."""
    rng = np.random.default_rng([61, seed])
    image = shade(solid(base), 0.5 * fbm(rng, 24, 24, 4))
    return mix(image, rgb("d8d2c6"), 0.8 * smoothstep(0.86, 0.95, noise(rng, 90, 90)))


def leaf(base: str = "4f7a3a", rib: str = "8fae6a", seed: int = 0, veins: int = 9) -> Float:
    """One leaf: base at the lower edge, tip at the upper one; a midrib and side veins. Not seamless."""
    rng = np.random.default_rng([67, seed])
    x, y = grid(256)
    out = np.abs(x - 0.5)
    image = shade(solid(base, 256), 0.1 * fbm(rng, 4, 4, 3, size=256) - 0.25 * (out - 0.2))
    vein = np.abs(((y + 0.8 * out) * veins) % 1.0 - 0.5)
    image = mix(image, rgb(rib), 0.35 * (1.0 - smoothstep(0.03, 0.12, vein)))
    return mix(image, rgb(rib), 0.8 * (1.0 - smoothstep(0.008, 0.03, out)))


def peel(base: str = "b5382c", blush: str = "d9a441", seed: int = 0, streaks: float = 0.5) -> Float:
    """Fruit skin: streaks from pole to pole over a blush, with lenticels. Seamless round u."""
    rng = np.random.default_rng([71, seed])
    _, y = grid(256)
    cheek = smoothstep(-0.3, 0.7, noise(rng, 2, 1, 256) + 0.6 * noise(rng, 24, 2, 256) * streaks)
    pole = np.abs(y - 0.5) * 2
    image = mix(solid(base, 256), rgb(blush), np.maximum(cheek * 0.75, smoothstep(0.75, 1.0, pole) * 0.8))
    image = shade(image, 0.1 * noise(rng, 64, 3, 256) * streaks)
    return mix(image, rgb("f3e3b8"), 0.5 * smoothstep(0.85, 0.95, noise(rng, 60, 60, 256)))


def stripes(base: str = "e6e0d4", accent: str = "3f5a78", seed: int = 0, count: int = 8, share: float = 0.5) -> Float:
    """Woven stripes along x."""
    _, y = grid()
    ground = fabric(base, seed, 96, 0.12)
    where = 1.0 - smoothstep(share / 2 - 0.02, share / 2 + 0.02, np.abs(near(y * count, 0.5)))
    return mix(ground, rgb(accent) * (ground / rgb(base)), where)
