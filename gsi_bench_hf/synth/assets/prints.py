"""Printed paper and board: book covers, labels, packets, prints for the wall. Not seamless."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.drawing import Sheet
from gsi_bench_hf.synth.assets.painting import noise, rgb, shade

TITLES = (
    "THE QUIET|HARBOUR", "NIGHT|GARDEN", "A HISTORY|OF SALT", "SMALL|WONDERS", "RIVER|AND STONE", "THE LONG|WINTER",
    "COOKING|AT HOME", "BIRDS OF|THE COAST", "PAPER|CITIES", "ATLAS OF|CLOUDS", "THE GREEN|DOOR", "LETTERS|FROM ROME",
)  # fmt: skip
AUTHORS = ("M. ALDER", "J. NORD", "E. VALE", "R. CASTELLO", "T. OKADA", "L. BRANDT", "S. IVERS", "A. MOREAU")
BRANDS = (
    "MORNING|OATS",
    "SUNNY|FLAKES",
    "GREEN|LEAF TEA",
    "COCOA|CRISPS",
    "RYE|CRACKERS",
    "HONEY|RINGS",
    "PASTA|FRESCA",
    "DARK|ROAST",
)


def cover(
    base: str = "27496d", accent: str = "e0b04c", paper: str = "f0e8d8", style: str = "sun", seed: int = 0
) -> Float:
    """The front of a book: title, author and a picture. Styles "sun", "blocks", "frame", "hills", "leaf"."""
    rng = np.random.default_rng([101, seed])
    sheet = Sheet(256, 384, base)
    title, author = TITLES[rng.integers(len(TITLES))], AUTHORS[rng.integers(len(AUTHORS))]
    _COVERS[style](sheet, base, accent, paper, rng)
    low = style == "blocks"
    sheet.words(title, 128, 316 if low else 78, 40, accent if low else paper, 212)
    sheet.words(author, 128, 26 if low else 358, 15, paper, 180)
    image = sheet.done()
    x = np.arange(256) / 256
    hinge = -0.16 * np.exp(-(((x - 0.06) / 0.018) ** 2))
    return shade(image, np.broadcast_to(hinge, (384, 256)) + 0.02 * noise(rng, 60, 60, 256, 384))


def art(base: str = "e8e0d0", accent: str = "c9703a", style: str = "sun", seed: int = 0) -> Float:
    """A print for a wall: a cover's picture without its words, on a mount."""
    rng = np.random.default_rng([137, seed])
    sheet = Sheet(256, 384, base)
    _COVERS[style](sheet, base, accent, "f3efe6", rng)
    for x, y, w, h in ((0, 0, 256, 40), (0, 344, 256, 40), (0, 0, 30, 384), (226, 0, 30, 384)):
        sheet.box(x, y, w, h, "f3efe6")
    return sheet.done()


def _sun_cover(sheet: Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    sheet.oval(128, 222, 70, 70, accent)
    for k in range(5):
        sheet.box(40, 226 + 15 * k, 176, 4 + 1.5 * k, base)


def _blocks_cover(sheet: Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    for row in range(4):
        for column in range(4):
            kind = rng.integers(4)
            x, y = 32 + 48 * column, 56 + 52 * row
            if kind:
                sheet.box(x, y, 46, 50, (accent, paper, "c4573f")[kind - 1])
            if rng.integers(2):
                sheet.oval(x + 23, y + 25, 16, 16, base)


def _frame_cover(sheet: Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    for inset, width in ((14, 3), (21, 1)):
        for x, y, w, h in (
            (inset, inset, 256 - 2 * inset, width),
            (inset, 384 - inset - width, 256 - 2 * inset, width),
            (inset, inset, width, 384 - 2 * inset),
            (256 - inset - width, inset, width, 384 - 2 * inset),
        ):
            sheet.box(x, y, w, h, accent)
    for k in range(8):
        angle = np.pi * k / 4
        sheet.oval(128 + 40 * np.cos(angle), 222 + 40 * np.sin(angle), 15, 15, accent)
    sheet.oval(128, 222, 20, 20, paper)


def _hills_cover(sheet: Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    sheet.oval(186, 168, 28, 28, paper)
    x = np.linspace(0, 256, 40)
    for k, color in enumerate((accent, "7d8f74", "43584a")):
        y = 220 + 42 * k + 26 * np.sin(x / 256 * 2 * np.pi * (1 + 0.4 * k) + rng.uniform(0, 6))
        sheet.polygon([(0, 384), *zip(x.tolist(), y.tolist(), strict=True), (256, 384)], color)


def _leaf_cover(sheet: Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    sheet.line(128, 330, 128, 140, 4, accent)
    for k in range(5):
        for side in (-1, 1):
            x, y, t = 128 + side * 34, 300 - 36 * k, np.linspace(0, 2 * np.pi, 24)
            px = x + 34 * np.cos(t) * side
            py = y - 12 * np.sin(t) - 0.5 * 34 * np.cos(t)
            sheet.polygon(list(zip(px.tolist(), py.tolist(), strict=True)), accent)


_COVERS: dict[str, Callable[[Sheet, str, str, str, np.random.Generator], None]] = {
    "sun": _sun_cover,
    "blocks": _blocks_cover,
    "frame": _frame_cover,
    "hills": _hills_cover,
    "leaf": _leaf_cover,
}


def spine(base: str = "27496d", accent: str = "e0b04c", seed: int = 0) -> Float:
    """A book's back, lying: the title along x between two bands."""
    rng = np.random.default_rng([101, seed])
    title, author = TITLES[rng.integers(len(TITLES))], AUTHORS[rng.integers(len(AUTHORS))]
    sheet = Sheet(384, 56, base)
    for x in (14, 22, 356, 364):
        sheet.box(x, 0, 4, 56, accent)
    sheet.words(title.replace("|", " "), 160, 28, 26, accent, 230)
    sheet.words(author, 318, 28, 13, accent, 60)
    return sheet.done()


def pages(base: str = "fbf3e2", seed: int = 0) -> Float:
    """The edge of a block of paper: fine lines along x."""
    rng = np.random.default_rng([103, seed])
    lines = rng.uniform(-0.12, 0.05, (128, 1)) * np.ones((1, 128))
    return shade(np.broadcast_to(rgb(base), (128, 128, 3)), lines + 0.02 * noise(rng, 32, 32, 128))


def cereal(base: str = "c8503a", accent: str = "f2c14e", paper: str = "fbf4e4", seed: int = 0) -> Float:
    """The front of a packet: brand, a bowl, a burst."""
    rng = np.random.default_rng([107, seed])
    sheet = Sheet(256, 352, base)
    for k in range(24):
        a, b = 2 * np.pi * k / 24, 2 * np.pi * (k + 0.5) / 24
        sheet.polygon(
            [
                (128, 250),
                (128 + 330 * np.cos(a), 250 + 330 * np.sin(a)),
                (128 + 330 * np.cos(b), 250 + 330 * np.sin(b)),
            ],
            accent,
        )
    sheet.oval(128, 76, 122, 62, paper)
    sheet.words(BRANDS[rng.integers(len(BRANDS))], 128, 76, 38, base, 200)
    for _ in range(46):
        x, y = rng.uniform(60, 196), rng.uniform(196, 240)
        sheet.oval(x, y, 11, 9, ("d9a24a", "c78a36", "e6bd72")[rng.integers(3)])
    t = np.linspace(0, np.pi, 30)
    sheet.polygon([(x, y) for x, y in zip(128 + 92 * np.cos(t), 236 + 78 * np.sin(t), strict=True)], paper)
    sheet.box(30, 228, 196, 14, paper, 7)
    sheet.words("500 g", 222, 334, 15, base)
    return sheet.done()


def facts(base: str = "c8503a", paper: str = "fbf4e4", seed: int = 0) -> Float:
    """The side of a packet: a table of small print."""
    rng = np.random.default_rng([109, seed])
    sheet = Sheet(96, 352, base)
    sheet.box(10, 60, 76, 230, paper)
    for k in range(19):
        sheet.box(16, 72 + 11 * k, rng.uniform(24, 44), 4, "5a554c")
        sheet.box(66, 72 + 11 * k, 14, 4, "5a554c")
    return sheet.done()


def cardboard(base: str = "b98f60", seed: int = 0) -> Float:
    """Corrugated board with faint flutes. Seamless."""
    rng = np.random.default_rng([113, seed])
    x = (np.arange(256) + 0.5) / 256
    flute = np.broadcast_to(0.02 * np.sin(2 * np.pi * 64 * x), (256, 256))
    return shade(
        np.broadcast_to(rgb(base), (256, 256, 3)),
        flute + 0.02 * noise(rng, 128, 16, 256) + 0.03 * noise(rng, 5, 5, 256) + 0.03 * noise(rng, 128, 128, 256),
    )


def address(seed: int = 0) -> Float:
    """A shipping label: addressee and bar code."""
    rng = np.random.default_rng([127, seed])
    sheet = Sheet(192, 128, "f6f3ec")
    sheet.box(0, 0, 192, 22, "2b2b2d")
    sheet.words("PARCEL  24H", 96, 11, 13, "f6f3ec")
    for k in range(4):
        sheet.box(12, 34 + 11 * k, rng.uniform(50, 105), 5, "4a4a4c")
    x = 12.0
    while x < 176:
        width = float(rng.choice([1.5, 2.5, 4.0]))
        sheet.box(x, 86, width, 32, "222224")
        x += width + float(rng.choice([1.5, 2.5, 3.5]))
    sheet.box(138, 32, 40, 40, "a83c32", 4)
    sheet.words("A7", 158, 52, 22, "f6f3ec")
    return sheet.done()


def label(base: str = "f1ead9", accent: str = "7c2f2f", text: str = "OLIVA", seed: int = 0) -> Float:
    """A bottle's or jar's label."""
    rng = np.random.default_rng([131, seed])
    sheet = Sheet(192, 160, base)
    sheet.box(0, 6, 192, 5, accent)
    sheet.box(0, 149, 192, 5, accent)
    sheet.oval(96, 46, 24, 24, accent)
    sheet.polygon([(96, 26), (112, 58), (80, 58)], base)
    sheet.words(text.replace("_", "|"), 96, 96, 30, accent, 160)
    for k in range(2):
        sheet.box(96 - 50 + 8 * k, 122 + 10 * k, 100 - 16 * k, 4, accent)
    return shade(sheet.done(), 0.02 * noise(rng, 40, 40, 192, 160))


PAINTERS: dict[str, Callable[..., Float]] = {
    "art": art,
    "cover": cover,
    "spine": spine,
    "pages": pages,
    "cereal": cereal,
    "facts": facts,
    "cardboard": cardboard,
    "address": address,
    "label": label,
}
