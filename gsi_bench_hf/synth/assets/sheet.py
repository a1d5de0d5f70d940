"""A contact sheet of the asset library: every kind in several variants, and one of them turned.

`python -m gsi_bench_hf.synth.assets.sheet OUT.jpg [KIND …]`
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.assets import KINDS, build_asset, place, support
from gsi_bench_hf.synth.render import Quality, Renderer, shared_renderer
from gsi_bench_hf.synth.scene import Light, Scene, SceneObject, look_at, pinhole
from gsi_bench_hf.types import Camera

CELL_PX = 96
_LARGE_M = 0.9
QUALITY: Quality = "full"


def row_image(
    kind: str, renderer: Renderer, variants: int = 3, turns: tuple[float, ...] = (120.0,), table: int = 0
) -> Image.Image:
    """One kind: its variants from the front, then the first of them turned, all at one scale."""
    poses = [(v, 0.0) for v in range(variants)] + [(0, angle) for angle in turns]
    size_m = max(float(np.linalg.norm(build_asset(kind, v).size_m[:2])) for v, _ in poses)
    size_m = max(size_m, *(float(build_asset(kind, v).size_m[2]) * 1.1 for v, _ in poses))
    scale = 1.0 if size_m <= _LARGE_M else 0.3 / size_m  # furniture as a doll's house on the table
    step = 1.06 * size_m * scale
    table_scale = max(1.0, (len(poses) * step + 0.1) / 1.2)
    top_m = support("table", table).height_m * table_scale
    xs = (np.arange(len(poses)) - (len(poses) - 1) / 2) * step
    objects = tuple(
        place(kind, v, f"{kind}-{i}", np.array([x, 0.0, top_m]), rotation_z(np.deg2rad(angle)), scale)
        for i, ((v, angle), x) in enumerate(zip(poses, xs, strict=True))
    )
    return _render(objects, table, table_scale, top_m, step, len(poses), renderer)


def _render(
    objects: tuple[SceneObject, ...],
    table: int,
    table_scale: float,
    top_m: float,
    step: float,
    count: int,
    renderer: Renderer,
) -> Image.Image:
    height_m = float(np.mean([o.scale * o.size_m[2] for o in objects]))
    look = np.array([0.0, 0.0, top_m + 0.42 * height_m])
    eye = look + 9.0 * step * np.array([0.0, -np.cos(np.deg2rad(30)), np.sin(np.deg2rad(30))])
    fov = 2 * np.rad2deg(np.arctan(0.5 / 9.0))
    width, height = 2 * CELL_PX * count, 2 * CELL_PX
    camera = Camera(pinhole(width, height, fov), look_at(eye, look), width, height)
    lights = (
        Light(np.array([0.4, 0.55, -1.0]), None, (0.66, 0.64, 0.6), radius_m=0.3),
        Light(np.array([-0.6, 0.5, -0.6]), None, (0.2, 0.21, 0.24), casts_shadow=False),
    )
    fixtures = (place("floor", 2, "floor", np.zeros(3)), place("table", table, "table", np.zeros(3), scale=table_scale))
    scene = Scene("tabletop", fixtures, objects, lights, (0.42, 0.42, 0.43), camera)
    frame = renderer.render(scene, want=("rgb",), quality=QUALITY)
    assert frame.rgb is not None
    return Image.fromarray(frame.rgb).resize((CELL_PX * count, CELL_PX), Image.Resampling.BOX)


def contact_sheet(kinds: tuple[str, ...] | None = None, columns: int = 4) -> Image.Image:
    """Every kind but walls, floors and ceilings, some rows beside each other, with their names."""
    kinds = tuple(k for k in KINDS if KINDS[k].family not in ("enclosure", "fixture")) if kinds is None else kinds
    renderer = shared_renderer()
    rows = [(KINDS[kind].label, row_image(kind, renderer, table=i)) for i, kind in enumerate(kinds)]
    width, height = rows[0][1].size
    lines = -(-len(rows) // columns)
    sheet = Image.new("RGB", (columns * (width + 4), lines * (height + 4)), "white")
    for i, (name, image) in enumerate(rows):
        ImageDraw.Draw(image).text((4, 2), name, "black", stroke_width=2, stroke_fill="white")
        sheet.paste(image, ((i % columns) * (width + 4), (i // columns) * (height + 4)))
    return sheet


def main(arguments: list[str]) -> int:
    """Write the sheet; further arguments are the kinds to show."""
    out = Path(arguments[0])
    contact_sheet(tuple(arguments[1:]) or None, 2 if len(arguments) > 1 else 4).save(out, quality=64, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
