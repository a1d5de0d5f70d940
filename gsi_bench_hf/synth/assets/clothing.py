"""Shoes and hats."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.assets.base import Draft, Float, Kind, Material
from gsi_bench_hf.synth.assets.outlines import curve
from gsi_bench_hf.synth.assets.palette import CLOTHS, other, pick, rgba
from gsi_bench_hf.synth.assets.plants import leaf_blade
from gsi_bench_hf.synth.assets.shapes import Shape, extrude, lathe, merge, rod, surface, tube, turned_parts
from gsi_bench_hf.synth.assets.textures import texture

_COLUMNS = 56


def _foot_outline(length: float, width: float) -> Float:
    """(k, 2) closed outline of a right shoe's sole, toe towards +x, counter-clockwise from the heel."""
    points = [(-0.5, 0.0), (-0.47, -0.3), (-0.3, -0.4), (-0.05, -0.34), (0.2, -0.46), (0.36, -0.44), (0.48, -0.2)]
    points += [(0.5, 0.05), (0.45, 0.3), (0.3, 0.48), (0.1, 0.43), (-0.1, 0.3), (-0.3, 0.37), (-0.46, 0.29)]
    return curve(np.array(points) * [length, width], _COLUMNS + 1, closed=True)


class _Upper:
    """The skin of a shoe from its sole (t = 0) to its collar (t = 1)."""

    def __init__(self, sole: Float, length: float, collar_m: float, sole_m: float) -> None:
        self.sole, self.sole_m = sole, sole_m
        angle = np.arctan2(sole[:, 1], sole[:, 0] + 0.12 * length)
        self.collar = np.stack([-0.22 * length + 0.175 * length * np.cos(angle), 0.1 * length * np.sin(angle)], axis=-1)
        back = np.clip((-0.36 * length - self.collar[:, 0]) / (0.03 * length), 0, 1)
        self.top_m = collar_m * (1.0 + 0.14 * back)

    def at(self, t: Float, columns: Float | None = None) -> Float:
        """(len(t), k, 3) points; `columns` are fractional indices round the outline, all of them by default."""
        index = np.arange(_COLUMNS + 1.0) if columns is None else columns
        sole, collar, top = (self._pick(a, index) for a in (self.sole, self.collar, self.top_m))
        far = np.linalg.norm(collar - sole, axis=-1) / 0.12
        t = t[:, None]
        rise = np.sin(t * np.pi / 2) ** (0.62 + 0.2 * np.clip(far, 0, 1.2))
        pull = (1.0 - np.cos(t * np.pi / 2)) ** 0.95
        bulge = 0.004 * np.sin(np.pi * np.clip(t * 2, 0, 1))
        outward = sole / np.maximum(np.linalg.norm(sole, axis=-1, keepdims=True), 1e-9)
        flat = sole + (collar - sole) * pull[..., None] + outward * bulge[..., None]
        return np.concatenate([flat, (self.sole_m + (top - self.sole_m) * rise)[..., None]], axis=-1)

    @staticmethod
    def _pick(values: Float, index: Float) -> Float:
        low = np.floor(index).astype(int) % _COLUMNS
        f = index - np.floor(index)
        f = f[:, None] if values.ndim == 2 else f
        return np.asarray(values[low] * (1 - f) + values[(low + 1) % _COLUMNS] * f)

    def patch(self, t: Float, low: Float, high: Float, lift_m: float = 0.0007, across: int = 8) -> Shape:
        """A strip that lies on the skin: at each t, columns from `low` to `high` (fractional indices)."""
        rows = [self.at(t[i : i + 1], np.linspace(low[i], high[i], across))[0] for i in range(len(t))]
        shape = surface(np.stack(rows), wrap=False)
        return Shape(shape.vertices + lift_m * shape.normals, shape.faces, shape.normals, shape.uv)


def shoe(rng: np.random.Generator) -> Draft:
    """A sneaker, its toe towards the front."""
    color, tone = pick(rng, CLOTHS)
    length = rng.uniform(0.25, 0.285)
    width, collar, sole_m = length * rng.uniform(0.36, 0.39), rng.uniform(0.088, 0.1), rng.uniform(0.024, 0.032)
    outline = _foot_outline(length, width)
    sole = extrude(outline * [1.02, 1.05], sole_m, 0.006, 3, bottom_bevel=0.004)
    spring = sole.vertices.copy()
    spring[:, 2] += 0.016 * np.clip((spring[:, 0] / length - 0.22) / 0.28, 0, 1) ** 2
    upper = _Upper(outline, length, collar, sole_m - 0.003)
    t = np.linspace(0, 1, 15)
    points = upper.at(t)
    points[..., 2] += 0.014 * np.clip((points[..., 0] / length - 0.22) / 0.28, 0, 1) ** 2
    skin = surface(points, np.stack(np.meshgrid(np.linspace(0, 4, _COLUMNS + 1), np.linspace(1, 0, 15)), axis=-1))
    rim = points[-1]
    center = rim[:-1].mean(axis=0)
    inside = surface(
        np.stack(
            [
                rim,
                rim - [0, 0, 0.006],
                center + (rim - center) * [0.86, 0.86, 0] - [0, 0, 0.035],
                np.broadcast_to(center - [0, 0, 0.045], rim.shape),
            ]
        )
    )
    collar_roll = tube(rim, 0.0042, 8)
    _, accent = other(rng, CLOTHS, color, "white", "red", "yellow", "black", "orange", "blue")
    cloth = Material(texture("fabric" if rng.integers(2) else "leather", base=tone), specular=0.12, shininess=0.25)
    white = Material(None, rgba("e9e6de"), 0.15, 0.25)
    marks = _stripes(upper, int(rng.integers(3)))
    toe = upper.patch(np.linspace(0.0, 0.5, 7), *_span(7, 22.0, 34.0, 0.0), 0.001, 14)
    heel = upper.patch(np.linspace(0.05, 0.98, 8), *_span(8, -3.5, 3.5, 0.0), 0.0009, 8)
    lift = 0.014
    toe_v = toe.vertices + [[0, 0, 1]] * (lift * np.clip((toe.vertices[:, :1] / length - 0.22) / 0.28, 0, 1) ** 2)
    parts = (
        Shape(spring, sole.faces, sole.normals, sole.uv).part(white),
        skin.part(cloth),
        inside.part(Material(None, rgba("3a3634"), 0.05, 0.1), False),
        merge(collar_roll, heel, *marks).part(Material(None, rgba(accent), 0.2, 0.3), False),
        Shape(toe_v, toe.faces, toe.normals, toe.uv).part(
            white if rng.integers(2) else Material(None, rgba(accent), 0.2, 0.3), False
        ),
        merge(*_laces(upper)).part(Material(None, rgba("f0ede6" if color != "white" else "3a3c40"), 0.1, 0.15), False),
    )
    return Draft(turned_parts(parts, "z", -90), color, "canvas", 1, 0.4)


def _span(rows: int, low: float, high: float, slant: float) -> tuple[Float, Float]:
    shift = np.linspace(0, slant, rows)
    return low + shift, high + shift


def _stripes(upper: _Upper, style: int) -> list[Shape]:
    """Side marks on both sides: three bars, one swoosh, or one broad band."""
    marks = []
    for side in (1, -1):
        middle = 14.5 if side > 0 else _COLUMNS - 14.5
        bars = {0: [(-2.6, 1.0), (0.0, 1.0), (2.6, 1.0)], 1: [(-3.4, 3.2)], 2: [(-1.2, 2.4)]}[style]
        for offset, wide in bars:
            low, high = _span(
                7,
                middle + side * offset - wide / 2,
                middle + side * offset + wide / 2,
                -side * (6.0 if style == 1 else 3.0),
            )
            squeeze = np.linspace(0.0, wide * 0.42, 7) if style == 1 else np.zeros(7)
            marks.append(upper.patch(np.linspace(0.1, 0.62, 7), low + squeeze, high - squeeze, 0.0009, 4))
    return marks


def _laces(upper: _Upper) -> list[Shape]:
    """Five bars over the instep and a bow."""
    front = _COLUMNS / 2
    pieces = []
    for t in np.linspace(0.66, 0.93, 5):
        across = upper.at(np.array([t]), np.linspace(front - 4.2, front + 4.2, 9))[0]
        pieces.append(tube(across + np.array([0, 0, 0.0022]), 0.0024, 7))
    knot = upper.at(np.array([0.93]), np.array([front]))[0, 0] + [0.004, 0, 0.005]
    for side in (-1, 1):
        loop = [
            knot,
            knot + np.array([0.01, side * 0.016, 0.008]),
            knot + np.array([0.016, side * 0.03, -0.004]),
            knot + np.array([0.006, side * 0.018, 0.0]),
            knot,
        ]
        pieces.append(tube(curve(loop, 16), 0.0018, 6))
    pieces.append(rod(knot - np.array([0, 0.004, 0]), knot + np.array([0, 0.004, 0]), 0.0035, 8))
    return pieces


def _crown(r: float, brim: float, tall: float) -> Float:
    """(26, 2) outline of a hat from the brim's edge to the top's middle."""
    edge = [(r + brim, 0.012), (r + brim * 0.5, 0.004), (r * 1.05, 0.009), (r, 0.03)]
    return curve([*edge, (r * 0.96, tall * 0.72), (r * 0.82, tall * 0.97), (r * 0.4, tall), (0.0, tall * 0.93)], 26)


def _creased(crown: Shape, r: float, tall: float) -> Shape:
    """The crown longer than wide, with a crease along its top that is deeper at the front."""
    v = crown.vertices * [1.0, 1.16, 1.0]
    high = np.clip((v[:, 2] - tall * 0.7) / (tall * 0.3), 0, 1)
    v[:, 2] -= 0.02 * high * np.exp(-((v[:, 0] / (r * 0.35)) ** 2)) * (1 - 0.35 * (v[:, 1] / r))
    return crown.bent(v)


def _ribbon(r: float) -> Shape:
    """A band round the crown and a bow at its right."""
    band = lathe([(r * 1.012, 0.018), (r * 1.012, 0.022), (r * 1.0, 0.044), (r * 0.985, 0.046)], 48).scaled(
        1.0, 1.16, 1.0
    )
    bow = []
    for s in (-1, 1):
        loop = [
            (r * 1.0, 0, 0.032),
            (r * 1.07, s * 0.02, 0.04),
            (r * 1.03, s * 0.034, 0.031),
            (r * 1.05, s * 0.018, 0.024),
            (r * 1.0, 0, 0.032),
        ]
        bow.append(tube(curve(loop, 14), 0.004, 8))
    return merge(band, *bow)


def hat(rng: np.random.Generator) -> Draft:
    """A straw or felt hat with a ribbon, and a feather at its right that points backwards."""
    hats = {
        "beige": ("cdb27f", "d8c08f"),
        "brown": ("6f4f35", "7d5a3c"),
        "gray": ("6d6e70",),
        "black": ("2d2c2e",),
        "green": ("4f5e45",),
    }
    color, tone = pick(rng, hats)
    r, brim, tall = rng.uniform(0.078, 0.086), rng.uniform(0.055, 0.075), rng.uniform(0.09, 0.11)
    profile = _crown(r, brim, tall)
    felt = Material(texture("fabric", base=tone, threads=96, depth=0.2 if color == "beige" else 0.06), specular=0.05)
    _, accent = other(rng, CLOTHS, color, "red", "blue", "black", "white", "brown")
    plume = ("c9b48a", "a5362d", "3f6f8f", "e2dccb", "6f7f3a")[int(rng.integers(5))]
    spine = np.array(
        [(r * 1.04, -0.012, 0.03), (r * 1.1, 0.03, 0.062), (r * 1.12, 0.085, 0.098), (r * 1.08, 0.125, 0.118)]
    )
    parts = (
        _creased(lathe(profile, 48, 70.0), r, tall).tiled(0.25).part(felt),
        _creased(lathe(profile[::-1] * [0.985, 0.975], 40, 70.0), r, tall).part(
            Material(None, rgba("4a4038"), 0.02, 0.1), False
        ),
        _ribbon(r).part(Material(None, rgba(accent), 0.15, 0.25), False),
        leaf_blade(spine, 0.036, 0.9, 0.15).part(
            Material(texture("leaf", base=plume, rib="efe8d8", veins=24), specular=0.1), False
        ),
    )
    return Draft(parts, color, "straw" if color == "beige" else "felt", 1, 0.15)


KINDS: dict[str, Kind] = {
    "shoe": Kind("sneaker", "运动鞋", "只", "clothing", shoe),
    "hat": Kind("hat", "帽子", "顶", "clothing", hat),
}
