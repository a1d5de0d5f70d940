"""Printed and shown pictures: book covers, labels, screens, dials. Not seamless; drawn with Pillow at twice the size, then halved."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.painting import noise, rgb, shade

Color = tuple[int, int, int]
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


def _ink(color: str) -> Color:
    r, g, b = (int(color[i : i + 2], 16) for i in (0, 2, 4))
    return (r, g, b)


@functools.lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


class _Sheet:
    """A drawing surface in units of the image (x to `width`, y to `height`), drawn at twice the size."""

    def __init__(self, width: int, height: int, color: str) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (2 * width, 2 * height), _ink(color))
        self.draw = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, w: float, h: float, color: str, radius: float = 0.0) -> None:
        self.draw.rounded_rectangle((2 * x, 2 * y, 2 * (x + w) - 1, 2 * (y + h) - 1), 2 * radius, _ink(color))

    def oval(self, x: float, y: float, rx: float, ry: float, color: str) -> None:
        self.draw.ellipse((2 * (x - rx), 2 * (y - ry), 2 * (x + rx), 2 * (y + ry)), _ink(color))

    def polygon(self, points: list[tuple[float, float]], color: str) -> None:
        self.draw.polygon([(2 * x, 2 * y) for x, y in points], _ink(color))

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float, color: str) -> None:
        self.draw.line((2 * x0, 2 * y0, 2 * x1, 2 * y1), _ink(color), max(1, round(2 * width)))

    def words(self, text: str, x: float, y: float, height: float, color: str, limit: float = 1e9) -> None:
        """Centred lines (parted by "|"), the middle at x, y; made smaller to be no wider than `limit`."""
        lines = text.split("|")
        widest = max(self.draw.textlength(line, _font(100)) for line in lines)
        size = min(2 * height, 200 * limit / max(widest, 1.0))
        for k, line in enumerate(lines):
            at = (2 * x, 2 * y + (k - (len(lines) - 1) / 2) * size * 1.1)
            self.draw.text(
                at,
                line,
                _ink(color),
                _font(max(6, int(size))),
                anchor="mm",
                stroke_width=max(0, int(size / 28)),
                stroke_fill=_ink(color),
            )

    def done(self) -> Float:
        small = self.image.resize((self.width, self.height), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.float64) / 255.0


def cover(
    base: str = "27496d", accent: str = "e0b04c", paper: str = "f0e8d8", style: str = "sun", seed: int = 0
) -> Float:
    """The front of a book: title, author and a picture. Styles "sun", "blocks", "frame", "hills", "leaf"."""
    rng = np.random.default_rng([101, seed])
    sheet = _Sheet(256, 384, base)
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
    sheet = _Sheet(256, 384, base)
    _COVERS[style](sheet, base, accent, "f3efe6", rng)
    for x, y, w, h in ((0, 0, 256, 40), (0, 344, 256, 40), (0, 0, 30, 384), (226, 0, 30, 384)):
        sheet.box(x, y, w, h, "f3efe6")
    return sheet.done()


def view(style: str = "garden", seed: int = 0) -> Float:
    """What is beyond a window, out of focus: "garden", "town" or "dusk"."""
    rng = np.random.default_rng([151, seed])
    top, low, far, near_ = {
        "garden": ("cfe3ee", "eef4f2", "8fae84", "6d9260"),
        "town": ("c6d6e4", "eef0ee", "b3a79a", "948a84"),
        "dusk": ("8d93b8", "f0c9a4", "6d6a86", "4a4a66"),
    }[style]
    y = np.linspace(0, 1, 256)[:, None, None]
    image = np.broadcast_to(rgb(top) + (rgb(low) - rgb(top)) * np.clip(y * 1.6, 0, 1), (256, 256, 3)).copy()
    for color, base, height in ((far, 0.55, 0.16), (near_, 0.72, 0.2)):
        ridge = noise(rng, 9, 1, 256, 256)[0] + 0.5 * noise(rng, 21, 1, 256, 256)[0]
        ridge = np.round(ridge * 2.5) / 2.5 if style == "town" else ridge
        share = np.clip((y[..., 0] - (base - height * 0.5 * ridge)[None]) * 24 + 0.5, 0, 1)[..., None]
        leaves = 1.0 + 0.16 * noise(rng, 20, 20, 256)[..., None]
        image += (rgb(color) * leaves - image) * share
    return image


def badge(base: str = "3d6491", accent: str = "ece8df", style: str = "heart") -> Float:
    """A mug's picture: "heart", "star", "sun", "stripes" or "fish" on the glaze's colour."""
    sheet = _Sheet(128, 128, base)
    t = np.linspace(0, 2 * np.pi, 60)
    if style == "heart":
        x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        sheet.polygon(list(zip((64 + 2.9 * x).tolist(), (60 - 2.9 * y).tolist(), strict=True)), accent)
    elif style == "star":
        k = np.arange(10)
        r = np.where(k % 2 == 0, 56, 23)
        sheet.polygon(
            list(
                zip((64 + r * np.sin(k * np.pi / 5)).tolist(), (68 - r * np.cos(k * np.pi / 5)).tolist(), strict=True)
            ),
            accent,
        )
    elif style == "sun":
        sheet.oval(64, 64, 26, 26, accent)
        for k in range(12):
            c, s = np.cos(k * np.pi / 6), np.sin(k * np.pi / 6)
            sheet.line(64 + 34 * c, 64 + 34 * s, 64 + 54 * c, 64 + 54 * s, 7, accent)
    elif style == "fish":
        sheet.oval(56, 64, 40, 24, accent)
        sheet.polygon([(86, 64), (120, 38), (120, 90)], accent)
        sheet.oval(36, 58, 5, 5, base)
    else:
        for k in range(5):
            sheet.box(4, 8 + 24 * k, 120, 12, accent, 6)
    return sheet.done()


def _sun_cover(sheet: _Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    sheet.oval(128, 222, 70, 70, accent)
    for k in range(5):
        sheet.box(40, 226 + 15 * k, 176, 4 + 1.5 * k, base)


def _blocks_cover(sheet: _Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    for row in range(4):
        for column in range(4):
            kind = rng.integers(4)
            x, y = 32 + 48 * column, 56 + 52 * row
            if kind:
                sheet.box(x, y, 46, 50, (accent, paper, "c4573f")[kind - 1])
            if rng.integers(2):
                sheet.oval(x + 23, y + 25, 16, 16, base)


def _frame_cover(sheet: _Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
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


def _hills_cover(sheet: _Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    sheet.oval(186, 168, 28, 28, paper)
    x = np.linspace(0, 256, 40)
    for k, color in enumerate((accent, "7d8f74", "43584a")):
        y = 220 + 42 * k + 26 * np.sin(x / 256 * 2 * np.pi * (1 + 0.4 * k) + rng.uniform(0, 6))
        sheet.polygon([(0, 384), *zip(x.tolist(), y.tolist(), strict=True), (256, 384)], color)


def _leaf_cover(sheet: _Sheet, base: str, accent: str, paper: str, rng: np.random.Generator) -> None:
    sheet.line(128, 330, 128, 140, 4, accent)
    for k in range(5):
        for side in (-1, 1):
            x, y, t = 128 + side * 34, 300 - 36 * k, np.linspace(0, 2 * np.pi, 24)
            px = x + 34 * np.cos(t) * side
            py = y - 12 * np.sin(t) - 0.5 * 34 * np.cos(t)
            sheet.polygon(list(zip(px.tolist(), py.tolist(), strict=True)), accent)


_COVERS: dict[str, Callable[[_Sheet, str, str, str, np.random.Generator], None]] = {
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
    sheet = _Sheet(384, 56, base)
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
    sheet = _Sheet(256, 352, base)
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
    sheet = _Sheet(96, 352, base)
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
    sheet = _Sheet(192, 128, "f6f3ec")
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
    sheet = _Sheet(192, 160, base)
    sheet.box(0, 6, 192, 5, accent)
    sheet.box(0, 149, 192, 5, accent)
    sheet.oval(96, 46, 24, 24, accent)
    sheet.polygon([(96, 26), (112, 58), (80, 58)], base)
    sheet.words(text.replace("_", "|"), 96, 96, 30, accent, 160)
    for k in range(2):
        sheet.box(96 - 50 + 8 * k, 122 + 10 * k, 100 - 16 * k, 4, accent)
    return shade(sheet.done(), 0.02 * noise(rng, 40, 40, 192, 160))


def screen(style: str = "desktop", seed: int = 0) -> Float:
    """What a laptop shows: "desktop", "editor", "chart", "video", "mail"."""
    rng = np.random.default_rng([139, seed])
    sheet = _Sheet(384, 240, "f4f5f7")
    _SCREENS[style](sheet, rng)
    return sheet.done()


def _desktop(sheet: _Sheet, rng: np.random.Generator) -> None:
    sky, hill = (("7fb2d9", "3f7f5a"), ("e9a36b", "6b4a6b"), ("2f4a72", "1c2c46"))[rng.integers(3)]
    sheet.box(0, 0, 384, 240, sky)
    sheet.oval(280, 90, 30, 30, "f6ead0")
    x = np.linspace(0, 384, 50)
    for k in range(3):
        y = 130 + 30 * k + 26 * np.sin(x / 384 * 2 * np.pi * (0.8 + 0.5 * k) + rng.uniform(0, 6))
        shade_ = "".join(f"{int(int(hill[i : i + 2], 16) * (1.25 - 0.25 * k)) & 255:02x}" for i in (0, 2, 4))
        sheet.polygon([(0, 240), *zip(x.tolist(), y.tolist(), strict=True), (384, 240)], shade_)
    for k in range(4):
        sheet.box(14, 14 + 40 * k, 24, 24, ("e2b93b", "b9322c", "3b7fc4", "4f9a5b")[k], 5)
    sheet.box(92, 214, 200, 22, "e8eaee", 8)
    for k in range(7):
        sheet.box(
            102 + 27 * k, 217, 16, 16, ("b9322c", "3b7fc4", "e2b93b", "4f9a5b", "6d527f", "d8742c", "3fa39f")[k], 4
        )


def _editor(sheet: _Sheet, rng: np.random.Generator) -> None:
    sheet.box(0, 0, 384, 240, "23272f")
    sheet.box(0, 0, 384, 16, "3a404b")
    sheet.box(0, 16, 70, 224, "1c1f26")
    for k in range(14):
        sheet.box(8, 26 + 15 * k, rng.uniform(20, 50), 5, "5a6372")
        x = 84 + 14 * int(rng.integers(4))
        for _ in range(rng.integers(1, 5)):
            w = rng.uniform(16, 60)
            sheet.box(x, 26 + 15 * k, w, 6, ("c678b0", "7fb573", "62a7d6", "d0a35f", "b5bcc8")[rng.integers(5)])
            x += w + 8


def _chart(sheet: _Sheet, rng: np.random.Generator) -> None:
    sheet.box(0, 0, 384, 26, "2f5f8f")
    sheet.words("REPORT", 52, 13, 15, "f4f5f7")
    for k in range(9):
        h = rng.uniform(30, 130)
        sheet.box(30 + 24 * k, 205 - h, 16, h, ("3b7fc4", "d8742c", "4f9a5b")[k % 3])
    sheet.line(22, 206, 250, 206, 2, "5a6372")
    sheet.oval(316, 110, 48, 48, "3b7fc4")
    sheet.polygon([(316, 110), (316, 62), (364, 62), (364, 130)], "d8742c")
    sheet.oval(316, 110, 20, 20, "f4f5f7")
    for k in range(4):
        sheet.box(272, 176 + 13 * k, rng.uniform(50, 95), 5, "9aa2ad")


def _video(sheet: _Sheet, rng: np.random.Generator) -> None:
    _desktop(sheet, rng)
    sheet.box(0, 206, 384, 34, "17181b")
    sheet.box(40, 221, 300, 4, "6f7378")
    sheet.box(40, 221, 120, 4, "c43d35")
    sheet.oval(192, 104, 34, 34, "f4f5f7")
    sheet.polygon([(182, 84), (182, 124), (216, 104)], "303236")


def _mail(sheet: _Sheet, rng: np.random.Generator) -> None:
    sheet.box(0, 0, 384, 24, "6d7fa0")
    sheet.box(0, 24, 96, 216, "e0e4ec")
    for k in range(8):
        sheet.oval(14, 42 + 25 * k, 7, 7, ("d8742c", "3b7fc4", "4f9a5b", "b9322c")[k % 4])
        sheet.box(26, 38 + 25 * k, rng.uniform(35, 62), 6, "7f8794")
        sheet.box(112, 78 + 18 * k, rng.uniform(120, 250), 6, "9aa2ad")
    sheet.box(112, 40, 150, 14, "3a404b")


_SCREENS: dict[str, Callable[[_Sheet, np.random.Generator], None]] = {
    "desktop": _desktop,
    "editor": _editor,
    "chart": _chart,
    "video": _video,
    "mail": _mail,
}


def keyboard(base: str = "b3b6ba", keys: str = "2b2c2f") -> Float:
    """A laptop's deck from above, the screen beyond the top edge: keys and a touch pad."""
    sheet = _Sheet(384, 264, base)
    sheet.box(26, 14, 332, 138, keys, 6)
    cap = "".join(f"{min(255, int(keys[i : i + 2], 16) + 22):02x}" for i in (0, 2, 4))
    for row in range(6):
        widths = [1.0] * 14 if row < 5 else [1, 1, 1, 1.25, 5, 1.25, 1, 1, 1]
        if 0 < row < 5:
            widths[-1 if row % 2 else 0] = 1.6
        unit, x = 326 / sum(widths), 29.0
        for width in widths:
            sheet.box(x + 1.2, 18 + 22 * row, width * unit - 2.4, 19, cap, 3)
            sheet.box(x + width * unit / 2 - 2, 25 + 22 * row, 4, 4, "c9cdd2")
            x += width * unit
    edge = "".join(f"{int(int(base[i : i + 2], 16) * 0.8):02x}" for i in (0, 2, 4))
    sheet.box(132, 166, 120, 84, edge, 6)
    sheet.box(134, 168, 116, 80, base, 5)
    return sheet.done()


def dial(hour: int = 10, minute: int = 10, accent: str = "b9322c", style: int = 0) -> Float:
    """A clock's face with its hands."""
    sheet = _Sheet(256, 256, "f3efe4" if style == 0 else "fbfaf6")
    for k in range(60):
        a, inner = 2 * np.pi * k / 60, 108 if k % 5 else 100
        c, s = np.sin(a), -np.cos(a)
        sheet.line(128 + inner * c, 128 + inner * s, 128 + 116 * c, 128 + 116 * s, 2 if k % 5 else 5, "2b2b2d")
    for k in range(12):
        a = 2 * np.pi * k / 12
        if style == 0:
            sheet.words(str(k or 12), 128 + 80 * np.sin(a), 128 - 80 * np.cos(a), 30, "2b2b2d")
        elif k % 3 == 0:
            sheet.words(str(k or 12), 128 + 76 * np.sin(a), 128 - 76 * np.cos(a), 42, accent)
    for angle, length, width, color in (
        (2 * np.pi * (hour + minute / 60) / 12, 56, 11, "222224"),
        (2 * np.pi * minute / 60, 92, 8, "222224"),
        (2 * np.pi * 0.58, 60, 3, accent),
    ):
        c, s = np.sin(angle), -np.cos(angle)
        sheet.line(128 - 14 * c, 128 - 14 * s, 128 + length * c, 128 + length * s, width, color)
    sheet.oval(128, 128, 9, 9, accent)
    return sheet.done()


def display(text: str = "123456.78") -> Float:
    """A calculator's liquid crystal display."""
    rng = np.random.default_rng(149)
    sheet = _Sheet(256, 80, "b4bfa6")
    size = sheet.draw.textlength(text, _font(100)) / 200
    sheet.words(text, 240 - 52 * size / 2 * 1.0, 42, 52, "26302a", 220)
    return shade(sheet.done(), 0.02 * noise(rng, 20, 8, 256, 80))


PAINTERS: dict[str, Callable[..., Float]] = {
    "art": art,
    "view": view,
    "badge": badge,
    "cover": cover,
    "spine": spine,
    "pages": pages,
    "cereal": cereal,
    "facts": facts,
    "cardboard": cardboard,
    "address": address,
    "label": label,
    "screen": screen,
    "keyboard": keyboard,
    "dial": dial,
    "display": display,
}
