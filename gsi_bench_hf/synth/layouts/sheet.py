"""A contact sheet of scenes: `python -m gsi_bench_hf.synth.layouts.sheet tabletop|room|bathroom OUT.jpg [COUNT [SEED]]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageDraw

from gsi_bench_hf.synth.layouts.seen import sample_scene
from gsi_bench_hf.synth.render import Renderer, shared_renderer
from gsi_bench_hf.synth.scene import Scene
from gsi_bench_hf.synth.standing import Standing

Environment = Literal["tabletop", "room", "bathroom"]

CELL_PX = (400, 300)
_ATTEMPTS = 20


def scene_picture(environment: Environment, seed: int, renderer: Renderer) -> Image.Image:
    """A scene of that environment with the number of its objects written on it; of a tabletop the middle of the picture.

    Raises:
        RuntimeError: none of several draws from the seed worked out.
    """
    scene = _scene(environment, seed, renderer)
    rgb = renderer.render(scene, want=("rgb",)).rgb
    assert rgb is not None
    picture = Image.fromarray(rgb)
    high = picture.width * CELL_PX[1] // CELL_PX[0]
    above = (picture.height - high) // 2
    picture = picture.crop((0, above, picture.width, above + high)).resize(CELL_PX, Image.Resampling.LANCZOS)
    text = f"{seed}: {len(scene.objects)} objects"
    ImageDraw.Draw(picture).text((4, 2), text, "black", stroke_width=2, stroke_fill="white")
    return picture


def _scene(environment: Environment, seed: int, renderer: Renderer) -> Scene:
    for attempt in range(_ATTEMPTS):
        scene = sample_scene(environment, renderer, rng=np.random.default_rng([seed, attempt]))
        if scene is not None and Standing(scene).source_reason() is None:
            return scene
    raise RuntimeError(f"none of {_ATTEMPTS} draws of a {environment} from seed {seed} worked out; take another seed")


def contact_sheet(environment: Environment, count: int = 24, seed: int = 0, columns: int = 4) -> Image.Image:
    """`count` scenes of an environment, some beside each other."""
    renderer = shared_renderer()
    sheet = Image.new("RGB", (columns * CELL_PX[0], -(-count // columns) * CELL_PX[1]), "white")
    for number in range(count):
        picture = scene_picture(environment, seed + number, renderer)
        sheet.paste(picture, (number % columns * CELL_PX[0], number // columns * CELL_PX[1]))
    return sheet


def main(arguments: list[str]) -> int:
    """Write the sheet."""
    environment, out, *numbers = arguments
    if environment not in get_args(Environment):
        raise SystemExit(f"the environment is {environment!r}, expected one of {', '.join(get_args(Environment))}")
    contact_sheet(environment, *map(int, numbers)).save(Path(out), quality=85, optimize=True)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
