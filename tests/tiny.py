"""A dataset small enough to run hundreds of: coloured squares on a wall one metre away, and a detector that finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.runner import evaluate_editor
from gsi_bench_hf.types import Detection, Judgement, Sample, Scan, UnscorableError

SIZE_PX = 64
FOCAL_PX = 64.0
SIDE_PX = 12
WALL, SQUARE = (90, 110, 130), (230, 60, 40)
INTRINSICS = [[FOCAL_PX, 0.0, SIZE_PX / 2], [0.0, FOCAL_PX, SIZE_PX / 2], [0.0, 0.0, 1.0]]
IDENTITY = np.eye(3).tolist()


def picture(x_px: int, y_px: int, *, side_px: int = SIDE_PX) -> Image.Image:
    """A wall with a square whose top-left corner is at (x, y)."""
    ramp = np.linspace(-12, 12, SIZE_PX)[:, None, None]
    pixels = np.clip(np.array(WALL) + ramp + np.zeros((SIZE_PX, SIZE_PX, 1)), 0, 255).astype(np.uint8)
    pixels[y_px : y_px + side_px, x_px : x_px + side_px] = SQUARE
    return Image.fromarray(pixels)


def box(x_px: float, y_px: float, *, side_px: float = SIDE_PX) -> list[float]:
    """`bbox_3d` of that square: 1 m away, 1 cm thick."""
    center = [(x_px + side_px / 2 - SIZE_PX / 2) / FOCAL_PX, (y_px + side_px / 2 - SIZE_PX / 2) / FOCAL_PX, 1.0]
    return [*center, side_px / FOCAL_PX, side_px / FOCAL_PX, 0.01, 0.0]


def row(index: int, *, step_px: int = 14, instruction: str | None = None) -> dict[str, Any]:
    """The record "move the square to the right"; its place differs with `index`."""
    x, y = 4 + 5 * (index % 5), 6 + 7 * (index // 5 % 5)
    mask = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    mask[y : y + SIDE_PX, x : x + SIDE_PX] = 255
    return {
        "id": f"sim-tiny-{index:05d}",
        "subset": "sim-tiny",
        "environment": "tabletop",
        "scene_id": f"sim-tiny-s{index // 2:05d}",
        "operation": "move",
        "instruction": instruction or f"Move the square {step_px} pixels to the right.",
        "source_image": picture(x, y),
        "target_image": picture(x + step_px, y),
        "target": {"label": "square", "instance_id": "square-1", "mask": Image.fromarray(mask)},
        "edit": {
            "original_bbox_3d": box(x, y),
            "new_bbox_3d": box(x + step_px, y),
            "rotation_matrix": IDENTITY,
            "new_rotation_matrix": IDENTITY,
            "direction": "right",
            "distance_m": step_px / FOCAL_PX,
        },
        "camera": {
            "intrinsics": INTRINSICS,
            "world_from_camera": np.eye(4).tolist(),
            "width": SIZE_PX,
            "height": SIZE_PX,
        },
        "scene": None,
        "provenance": {"generator": "tiny", "version": "1", "seed": 0, "licence": "cc0-1.0"},
    }


def rows(count: int) -> list[dict[str, Any]]:
    return [row(index) for index in range(count)]


class SquareDetector:
    """Finds the red square. An image that is red all over can't be scored."""

    name = "square"

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        source = self._find(sample.source_image)
        found = self._find(edited)
        assert source is not None
        edited_objects = () if found is None else (found,)
        return Scan((source,), edited_objects, found, lost=0, added=0, diagnostics={"pixels": SIDE_PX})

    def _find(self, image: Image.Image) -> Detection | None:
        pixels = np.asarray(image.convert("RGB")).astype(int)
        red = (pixels[..., 0] - pixels[..., 2] > 80) & (pixels[..., 0] > 150)
        if red.mean() > 0.9:
            raise UnscorableError("the image is red all over")
        v, u = np.nonzero(red)
        if len(u) == 0:
            return None
        x, y, side = u.min(), v.min(), u.max() + 1 - u.min()
        bbox_2d = np.array([x, y, x + side, y + side], dtype=np.float64)
        return Detection(np.array(box(x, y, side_px=side)), bbox_2d, np.eye(3), "square", instance_id="square-1")


class ColourJudge:
    """Ten, less what the found square's colour is off."""

    name = "colour"

    def judge(self, sample: Sample, edited: Image.Image, scan: Scan) -> Judgement:
        if scan.target is None:
            return Judgement(0.0, "there is no square")
        x1, y1, x2, y2 = scan.target.bbox_2d.astype(int)
        mean = np.asarray(edited)[y1:y2, x1:x2].reshape(-1, 3).mean(axis=0)
        return Judgement(float(max(0.0, 10.0 - np.abs(mean - SQUARE).mean() / 10)), "mean colour")


class Output:
    def __init__(self, *images: Any) -> None:
        self.images = list(images)


class Mover:
    """Draws the square `off_px` beside where it should be, drawn from the sample's own seed."""

    name = "mover"
    needs_sample = True

    def __init__(self, off_px: int = 5) -> None:
        self.off_px = off_px

    def __call__(self, *, image: Image.Image, prompt: str, sample: Sample, seed: int, generator: Any = None) -> Output:
        off = np.random.default_rng(seed).integers(-self.off_px, self.off_px + 1, size=2)
        center = np.array(sample.row["edit"]["new_bbox_3d"][:2]) * FOCAL_PX + SIZE_PX / 2 - SIDE_PX / 2
        x, y = np.clip(np.rint(center).astype(int) + off, 0, SIZE_PX - SIDE_PX)
        return Output(picture(int(x), int(y)))


TOOLS: dict[str, Any] = {"detector": SquareDetector(), "judge": ColourJudge(), "lpips": None}


def run(editor: Any, rows: Any, out: Path, **options: Any) -> Any:
    return evaluate_editor(editor, rows, out=out, **{**TOOLS, **options})


def oracle(*, image: Image.Image, prompt: str, generator: Any) -> Output:
    """Reads the length off the prompt and the square off the image: no record needed."""
    v, u = np.nonzero(np.asarray(image)[..., 0] > 200)
    return Output(picture(int(u.min()) + int(prompt.split()[3]), int(v.min())))


class Answers:
    """An editor that gives a prepared answer for the n-th sample, each time it is tried, and the right one otherwise."""

    name = "answers"

    def __init__(self, answers: dict[int, Any]) -> None:
        self.answers, self.calls, self._before = answers, 0, b""

    def __call__(self, *, image: Image.Image, prompt: str, generator: Any) -> Any:
        self.calls += image.tobytes() != self._before
        self._before = image.tobytes()
        if self.calls - 1 not in self.answers:
            return oracle(image=image, prompt=prompt, generator=generator)
        answer = self.answers[self.calls - 1]
        return answer() if callable(answer) else answer
