"""Pictures that are shown rather than printed: screens, keyboards, dials, the view from a window, a mug's badge. Not seamless."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gsi_bench_hf.synth.assets.base import Float
from gsi_bench_hf.synth.assets.drawing import Sheet, points
from gsi_bench_hf.synth.assets.painting import noise, rgb, shade


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
    sheet = Sheet(128, 128, base)
    t = np.linspace(0, 2 * np.pi, 60)
    if style == "heart":
        x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        sheet.polygon(points(64 + 2.9 * x, 60 - 2.9 * y), accent)
    elif style == "star":
        tips = np.arange(10)
        r = np.where(tips % 2 == 0, 56, 23)
        sheet.polygon(points(64 + r * np.sin(tips * np.pi / 5), 68 - r * np.cos(tips * np.pi / 5)), accent)
    elif style == "sun":
        sheet.oval(64, 64, 26, 26, accent)
        for angle in np.arange(12) * np.pi / 6:
            c, s = float(np.cos(angle)), float(np.sin(angle))
            sheet.line(64 + 34 * c, 64 + 34 * s, 64 + 54 * c, 64 + 54 * s, 7, accent)
    elif style == "fish":
        sheet.oval(56, 64, 40, 24, accent)
        sheet.polygon([(86, 64), (120, 38), (120, 90)], accent)
        sheet.oval(36, 58, 5, 5, base)
    else:
        for row in range(5):
            sheet.box(4, 8 + 24 * row, 120, 12, accent, 6)
    return sheet.done()


def screen(style: str = "desktop", seed: int = 0) -> Float:
    """What a laptop shows: "desktop", "editor", "chart", "video", "mail"."""
    rng = np.random.default_rng([139, seed])
    sheet = Sheet(384, 240, "f4f5f7")
    _SCREENS[style](sheet, rng)
    return sheet.done()


def _desktop(sheet: Sheet, rng: np.random.Generator) -> None:
    sky, hill = (("7fb2d9", "3f7f5a"), ("e9a36b", "6b4a6b"), ("2f4a72", "1c2c46"))[rng.integers(3)]
    sheet.box(0, 0, 384, 240, sky)
    sheet.oval(280, 90, 30, 30, "f6ead0")
    x = np.linspace(0, 384, 50)
    for k in range(3):
        y = 130 + 30 * k + 26 * np.sin(x / 384 * 2 * np.pi * (0.8 + 0.5 * k) + rng.uniform(0, 6))
        shade_ = "".join(f"{int(int(hill[i : i + 2], 16) * (1.25 - 0.25 * k)) & 255:02x}" for i in (0, 2, 4))
        sheet.polygon([(0, 240), *points(x, y), (384, 240)], shade_)
    for k in range(4):
        sheet.box(14, 14 + 40 * k, 24, 24, ("e2b93b", "b9322c", "3b7fc4", "4f9a5b")[k], 5)
    sheet.box(92, 214, 200, 22, "e8eaee", 8)
    for k in range(7):
        sheet.box(
            102 + 27 * k, 217, 16, 16, ("b9322c", "3b7fc4", "e2b93b", "4f9a5b", "6d527f", "d8742c", "3fa39f")[k], 4
        )


def _editor(sheet: Sheet, rng: np.random.Generator) -> None:
    sheet.box(0, 0, 384, 240, "23272f")
    sheet.box(0, 0, 384, 16, "3a404b")
    sheet.box(0, 16, 70, 224, "1c1f26")
    for k in range(14):
        sheet.box(8, 26 + 15 * k, rng.uniform(20, 50), 5, "5a6372")
        x = 84.0 + 14 * int(rng.integers(4))
        for _ in range(rng.integers(1, 5)):
            w = rng.uniform(16, 60)
            sheet.box(x, 26 + 15 * k, w, 6, ("c678b0", "7fb573", "62a7d6", "d0a35f", "b5bcc8")[rng.integers(5)])
            x += w + 8


def _chart(sheet: Sheet, rng: np.random.Generator) -> None:
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


def _video(sheet: Sheet, rng: np.random.Generator) -> None:
    _desktop(sheet, rng)
    sheet.box(0, 206, 384, 34, "17181b")
    sheet.box(40, 221, 300, 4, "6f7378")
    sheet.box(40, 221, 120, 4, "c43d35")
    sheet.oval(192, 104, 34, 34, "f4f5f7")
    sheet.polygon([(182, 84), (182, 124), (216, 104)], "303236")


def _mail(sheet: Sheet, rng: np.random.Generator) -> None:
    sheet.box(0, 0, 384, 24, "6d7fa0")
    sheet.box(0, 24, 96, 216, "e0e4ec")
    for k in range(8):
        sheet.oval(14, 42 + 25 * k, 7, 7, ("d8742c", "3b7fc4", "4f9a5b", "b9322c")[k % 4])
        sheet.box(26, 38 + 25 * k, rng.uniform(35, 62), 6, "7f8794")
        sheet.box(112, 78 + 18 * k, rng.uniform(120, 250), 6, "9aa2ad")
    sheet.box(112, 40, 150, 14, "3a404b")


_SCREENS: dict[str, Callable[[Sheet, np.random.Generator], None]] = {
    "desktop": _desktop,
    "editor": _editor,
    "chart": _chart,
    "video": _video,
    "mail": _mail,
}


def keyboard(base: str = "b3b6ba", keys: str = "2b2c2f") -> Float:
    """A laptop's deck from above, the screen beyond the top edge: keys and a touch pad."""
    sheet = Sheet(384, 264, base)
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
    sheet = Sheet(256, 256, "f3efe4" if style == 0 else "fbfaf6")
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
    sheet = Sheet(256, 80, "b4bfa6")
    sheet.words(text, 128, 42, 50, "26302a", 220)
    return shade(sheet.done(), 0.02 * noise(rng, 20, 8, 256, 80))


PAINTERS: dict[str, Callable[..., Float]] = {
    "view": view,
    "badge": badge,
    "screen": screen,
    "keyboard": keyboard,
    "dial": dial,
    "display": display,
}
