"""Painted surfaces of bathroom things and devices: mirror, scale, displays, keys, paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.drawing import Sheet
from gsi_bench_hf.synth.assets.painting import fbm, grid, mix, noise, rgb, shade, smoothstep, solid


def mirror() -> Float:
    """What a mirror shows to a renderer that can't reflect: a cool gray that gets lighter to the upper left, with two glints."""
    x, y = grid(128)
    image = mix(solid("8f9da3", 128), rgb("dfe7ea"), 0.9 - 0.45 * (x + y))
    glint = np.exp(-(((x + y - 0.75) / 0.05) ** 2)) + 0.7 * np.exp(-(((x + y - 0.93) / 0.02) ** 2))
    return mix(image, rgb("f4f8f9"), 0.6 * smoothstep(0.0, 1.0, glint))


def tube(base: str = "f1f1ee", accent: str = "2f6db3", text: str = "DENTA") -> Float:
    """A tube of paste from above, its cap at the left: a swoosh, a name, the other half the same seen from below."""
    sheet = Sheet(256, 96, base)
    sheet.polygon([(0, 0), (46, 0), (78, 96), (0, 96)], accent)
    sheet.polygon([(60, 0), (70, 0), (102, 96), (92, 96)], accent)
    sheet.box(0, 78, 256, 18, accent)
    sheet.words(text.replace("_", "|"), 168, 40, 34, accent, 130)
    return sheet.done()


def bread(base: str = "9a6230", cuts: int = 3, seed: int = 0) -> Float:
    """A crust from end to end (x) and round it (y, its top at the upper and the lower edge): floury cuts across the top."""
    rng = np.random.default_rng([301, seed])
    x, y = grid(256)
    top = np.abs(y - 0.5) * 2
    image = shade(solid(base, 256), 0.16 * fbm(rng, 10, 10, 4, size=256) + 0.22 * (top - 0.5))
    across = np.abs((((2 * x - 1) * 0.72 + 1) / 2 * cuts) % 1.0 - 0.5)
    where = (1.0 - smoothstep(0.07, 0.16, across + 0.03 * noise(rng, 24, 24, 256))) * smoothstep(0.5, 0.62, top)
    image = mix(image, rgb("e3c391"), 0.85 * where * (np.abs(2 * x - 1) < 0.8))
    image = mix(image, rgb("efe3cb"), 0.3 * smoothstep(0.2, 0.9, noise(rng, 40, 40, 256)) * top)
    return np.asarray((image + image[::-1, ::-1]) / 2)


def orange(base: str = "dd7f22", seed: int = 0) -> Float:
    """Orange peel: pores all over, paler spots, a green tinge at one pole."""
    rng = np.random.default_rng([307, seed])
    _, y = grid(256)
    pores = smoothstep(0.35, 0.8, noise(rng, 84, 42, 256))
    image = shade(solid(base, 256), 0.05 * noise(rng, 6, 5, 256) - 0.16 * pores)
    return mix(image, rgb("8a8a3a"), 0.5 * (1.0 - smoothstep(0.02, 0.1, y)))


def keys(base: str = "2a2b2e", keys: str = "35373b", accent: str = "74787e") -> Float:
    """A computer keyboard from above, 3.2 times as wide as deep: five rows, a block of arrows, a block of numbers."""
    sheet = Sheet(640, 200, base)
    light = sum(int(keys[i : i + 2], 16) for i in (0, 2, 4)) > 384
    mark = "4a4d52" if light else "d3d6da"
    edge = "".join(f"{max(0, int(int(keys[i : i + 2], 16) * (0.82 if light else 1.35))):02x}" for i in (0, 2, 4))
    for row in range(5):
        y, widths = 9 + 37 * row, [1.0] * 14
        if row == 4:
            widths = [1.3, 1.1, 1.1, 5.9, 1.1, 1.1, 1.1, 1.3]
        elif row:
            widths = [1.0 + 0.25 * row, *[1.0] * 12, 1.75 - 0.25 * row]
        unit, x = 420 / sum(widths), 9.0
        for width in widths:
            _key(sheet, x, y, width * unit, keys, edge, mark if width < 1.2 else "")
            x += width * unit
        for k in range(3):
            if row < 2 or row == 4 or (row == 3 and k == 1):
                _key(sheet, 440 + 26 * k, y, 26, keys, edge, mark)
        for k in range(4):
            _key(sheet, 526 + 26 * k, y, 26, accent, edge, mark)
    return sheet.done()


def _key(sheet: Sheet, x: float, y: float, width: float, cap: str, edge: str, mark: str) -> None:
    sheet.box(x + 1.5, y + 1.5, width - 3, 33, edge, 4)
    sheet.box(x + 4, y + 3, width - 8, 26, cap, 4)
    if mark:
        sheet.box(x + width / 2 - 3, y + 10, 5, 7, mark)


def broadcast(style: str = "film", seed: int = 0) -> Float:
    """What a television shows: "film" (hills at dusk), "match" (a football field) or "news" (a speaker)."""
    rng = np.random.default_rng([311, seed])
    sheet = Sheet(480, 270, "1b2740")
    {"film": _film, "match": _match, "news": _news}[style](sheet, rng)
    return sheet.done()


def _film(sheet: Sheet, rng: np.random.Generator) -> None:
    for k, tone in enumerate(("2b3a63", "5a4a78", "a3617a", "e08f6b", "f2c078")):
        sheet.box(0, 34 * k, 480, 40, tone)
    sheet.oval(rng.uniform(150, 330), 150, 26, 26, "fbe6a8")
    for k, tone in enumerate(("5d4a6b", "42395c", "262a42")):
        top = [(float(x), 165 + 32 * k + float(rng.uniform(-22, 14))) for x in np.linspace(0, 480, 9 + 3 * k)]
        sheet.polygon([(0.0, 270.0), *top, (480.0, 270.0)], tone)
    for k in range(5):
        x = rng.uniform(10, 470)
        sheet.polygon([(x - 12, 270), (x, 205 + 6 * k), (x + 12, 270)], "131826")


def _match(sheet: Sheet, rng: np.random.Generator) -> None:
    for k in range(8):
        sheet.box(60 * k, 0, 60, 270, "3f8a3f" if k % 2 else "4a9a48")
    sheet.box(0, 0, 480, 34, "59606e")
    for x0, y0, x1, y1 in (
        (0, 52, 480, 52),
        (240, 52, 240, 270),
        (0, 120, 70, 120),
        (70, 120, 70, 210),
        (0, 210, 70, 210),
    ):
        sheet.line(x0, y0, x1, y1, 3, "eef2ea")
    sheet.oval(240, 160, 44, 34, "eef2ea")
    sheet.oval(240, 160, 41, 31, "4a9a48")
    sheet.line(240, 52, 240, 270, 3, "eef2ea")
    for k in range(14):
        x, y = rng.uniform(30, 450), rng.uniform(70, 245)
        sheet.oval(x, y - 12, 4.5, 4.5, "d9a987")
        sheet.box(x - 5, y - 8, 10, 13, "c43d35" if k % 2 else "f0f0f0", 2)
        sheet.box(x - 4, y + 5, 8, 8, "20242c")
    sheet.oval(rng.uniform(60, 420), rng.uniform(90, 230), 4, 4, "ffffff")
    sheet.box(16, 10, 104, 22, "14181f", 3)
    sheet.words("2 : 1", 68, 21, 17, "f4f5f7")


def _news(sheet: Sheet, rng: np.random.Generator) -> None:
    sheet.box(0, 0, 480, 270, "2f5f8f")
    for k in range(9):
        sheet.box(54 * k, 20 + 14 * float(rng.integers(4)), 40, 120, ("3b74a8", "27507c")[k % 2])
    suit, hair = (
        ("2b2f3a", "6b2f3a", "2f4a3a")[int(rng.integers(3))],
        ("3a2a1e", "6b4a2a", "c9a45a")[int(rng.integers(3))],
    )
    x = 150 + 180 * float(rng.integers(2))
    sheet.oval(x, 84, 38, 44, hair)
    sheet.oval(x, 96, 30, 38, "e0b090")
    sheet.polygon([(x - 84, 232), (x - 58, 150), (x - 16, 136), (x + 16, 136), (x + 58, 150), (x + 84, 232)], suit)
    sheet.polygon([(x - 16, 136), (x, 186), (x + 16, 136)], "f0f0ee")
    sheet.polygon([(x - 4, 142), (x, 184), (x + 4, 142)], "b9322c")
    sheet.box(0, 214, 480, 56, "b9322c")
    sheet.box(0, 244, 480, 26, "f2f2f0")
    sheet.words("BREAKING NEWS", 130, 229, 24, "ffffff", 230)
    sheet.words("MARKETS RISE - RAIN IN THE NORTH", 200, 257, 15, "23272f", 380)


def tuner(accent: str = "b9322c") -> Float:
    """A radio's scale with its pointer."""
    sheet = Sheet(200, 104, "f2e8c9")
    for row, text in ((30, "88 92 96 100 104"), (78, "530 700 1000 1600")):
        sheet.words(text, 100, row, 17, "3a2f22", 180)
        for k in range(31):
            sheet.line(14 + 5.7 * k, row + 12, 14 + 5.7 * k, row + (20 if k % 5 == 0 else 16), 1.2, "3a2f22")
    sheet.line(128, 6, 128, 98, 3.5, accent)
    return sheet.done()


_LAND = (
    (
        (-168, 65),
        (-140, 70),
        (-95, 72),
        (-80, 62),
        (-58, 52),
        (-66, 44),
        (-80, 27),
        (-97, 22),
        (-106, 24),
        (-124, 42),
        (-150, 60),
    ),
    ((-97, 20), (-86, 15), (-78, 8), (-84, 9), (-104, 19)),
    ((-80, 9), (-60, 8), (-36, -6), (-42, -23), (-58, -38), (-68, -54), (-74, -48), (-71, -20), (-81, -4)),
    (
        (-16, 28),
        (-6, 36),
        (10, 37),
        (32, 31),
        (43, 12),
        (51, 11),
        (40, -14),
        (34, -26),
        (20, -35),
        (12, -17),
        (8, 4),
        (-8, 5),
        (-17, 14),
    ),
    (
        (-9, 37),
        (-9, 44),
        (0, 50),
        (8, 58),
        (20, 70),
        (45, 68),
        (70, 73),
        (110, 76),
        (170, 70),
        (160, 60),
        (140, 52),
        (122, 38),
        (120, 25),
        (106, 10),
        (98, 8),
        (92, 22),
        (80, 8),
        (72, 20),
        (60, 25),
        (48, 30),
        (36, 36),
        (26, 38),
        (14, 40),
        (4, 43),
    ),
    ((114, -22), (122, -34), (138, -33), (150, -38), (153, -27), (142, -11), (130, -12)),
    ((-50, 60), (-20, 72), (-30, 82), (-60, 80)),
    ((96, 5), (116, 3), (140, -4), (120, -9), (104, -6)),
    ((-180, -76), (180, -72), (180, -90), (-180, -90)),
)
"""Rough coasts: longitude and latitude in degrees."""


def world(sea: str = "2f6496", turn: int = 0) -> Float:
    """A map of the world for a globe; `turn` quarters to the east."""
    sheet = Sheet(512, 256, sea)
    for k, coast in enumerate(_LAND):
        tone = ("b9a25a", "8fa35a", "a8b06a", "c9a46a", "9fae62", "cf9a5a", "e8e6dc", "8fa35a", "e8e6dc")[k]
        for wrap in (-360, 0, 360):
            at = [((lon + wrap + 90 * turn + 180) / 360 * 512, (90 - lat) / 180 * 256) for lon, lat in coast]
            sheet.polygon(at, tone)
    for lon in range(0, 512, 64):
        sheet.line(lon, 0, lon, 256, 0.8, "dbe3e6")
    for lat in (64, 96, 128, 160, 192):
        sheet.line(0, lat, 512, lat, 0.8, "dbe3e6")
    return sheet.done()


def sign(base: str = "f3f0e6", accent: str = "2b2b2d", text: str = "SOFT") -> Float:
    """A word on a plate with a thin border."""
    sheet = Sheet(192, 88, base)
    for x, y, w, h in ((4, 4, 184, 3), (4, 81, 184, 3), (4, 4, 3, 80), (185, 4, 3, 80)):
        sheet.box(x, y, w, h, accent)
    sheet.words(text.replace("_", "|"), 96, 46, 46, accent, 160)
    return sheet.done()


PAINTERS: dict[str, Callable[..., Float]] = {
    "mirror": mirror,
    "tube": tube,
    "bread": bread,
    "orange": orange,
    "keys": keys,
    "broadcast": broadcast,
    "tuner": tuner,
    "world": world,
    "sign": sign,
}
