"""A contact sheet of furnished rooms: `python -m gsi_bench_hf.synth.layouts.sheet room|bathroom OUT.jpg [COUNT [SEED]]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from gsi_bench_hf.synth.layouts.scenes import sample_layout
from gsi_bench_hf.synth.layouts.seen import seen_scene
from gsi_bench_hf.synth.render import Renderer, shared_renderer
from gsi_bench_hf.synth.room_views import choose_view

CELL_PX = (400, 300)
_ATTEMPTS = 20


def room_picture(environment: Literal["room", "bathroom"], seed: int, renderer: Renderer) -> Image.Image:
    """A scene of that environment with its type of room and the number of its objects written on it.

    Raises:
        RuntimeError: none of several draws from the seed worked out.
    """
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng([seed, attempt])
        layout = sample_layout(environment, rng=rng)
        camera = None if layout is None else choose_view(layout, renderer, rng=rng)
        scene = None if layout is None or camera is None else seen_scene(layout, camera, renderer)
        if layout is not None and scene is not None:
            rgb = renderer.render(scene, want=("rgb",)).rgb
            assert rgb is not None
            picture = Image.fromarray(rgb).resize(CELL_PX, Image.Resampling.LANCZOS)
            text = f"{seed}: {layout.room_type}, {len(scene.objects)} objects"
            ImageDraw.Draw(picture).text((4, 2), text, "black", stroke_width=2, stroke_fill="white")
            return picture
    raise RuntimeError(f"none of {_ATTEMPTS} draws of a {environment} from seed {seed} worked out; take another seed")


def contact_sheet(
    environment: Literal["room", "bathroom"], count: int = 24, seed: int = 0, columns: int = 4
) -> Image.Image:
    """`count` scenes of an environment, some beside each other."""
    renderer = shared_renderer()
    sheet = Image.new("RGB", (columns * CELL_PX[0], -(-count // columns) * CELL_PX[1]), "white")
    for number in range(count):
        picture = room_picture(environment, seed + number, renderer)
        sheet.paste(picture, (number % columns * CELL_PX[0], number // columns * CELL_PX[1]))
    return sheet


def main(arguments: list[str]) -> int:
    """Write the sheet."""
    environment, out, *numbers = arguments
    if environment not in ("room", "bathroom"):
        raise SystemExit(f"the environment is {environment!r}, expected 'room' or 'bathroom'")
    contact_sheet(environment, *map(int, numbers)).save(Path(out), quality=85, optimize=True)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
