"""Folders in the layout of the released files, with random but valid content."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from gsi_bench_hf.geometry import rotate_about_vertical, rotation_y

PROMPTS = {
    "move": "Move the {} 20 cm to the left",
    "rotate": "Rotate the {} 90 degrees clockwise along its vertical axis",
    "scale": "Scale the {} by 1.5",
    "remove": "Remove the leftmost {} from the scene",
    "view": "Rotate the camera 30 degrees to the left",
}


def picture(rng: np.random.Generator, suffix: str = ".jpg", size: tuple[int, int] = (64, 48)) -> bytes:
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    small.resize(size, Image.Resampling.BICUBIC).save(buffer, "PNG" if suffix == ".png" else "JPEG", quality=90)
    return buffer.getvalue()


def metadata(rng: np.random.Generator, operation: str) -> dict:
    """The keys that the released evaluator reads for an operation, and no others; integers among the numbers."""
    label = str(rng.choice(["mug", "office chair", "Stuhl 椅子"]))
    prompt = PROMPTS[operation].format(label)
    if operation == "view":
        return {"prompt": prompt}
    rotation = rotation_y(rng.uniform(-np.pi, np.pi))
    box = [*rng.uniform([-1, -0.5, 1], [1, 0.5, 4]), *rng.uniform(0.05, 1, 3), rng.uniform(-np.pi, np.pi)]
    content = {
        "target": label,
        "original_bbox_3d": box,
        "camera_intrinsics": [
            [float(rng.uniform(500, 1500)), 0, 320.5],
            [0, float(rng.uniform(500, 1500)), 240],
            [0, 0, 1],
        ],
        "rotation_matrix": rotation.tolist(),
        "prompt": prompt,
    }
    if operation in ("move", "rotate"):
        content["new_bbox_3d"] = [box[0] - 0.2, *box[1:]] if operation == "move" else box
    if operation == "scale":
        content["new_bbox_3d"] = [*box[:3], *(1.5 * x for x in box[3:6]), box[6]]
    if operation == "rotate":
        content["new_rotation_matrix"] = rotate_about_vertical(rotation, 90, "clockwise").tolist()
    return content


def make_release(
    folder: Path,
    *,
    rng: np.random.Generator,
    images: int = 3,
    operations: tuple[str, ...] = ("move", "rotate", "scale", "remove", "view"),
    rows: int | None = None,
    size: tuple[int, int] = (64, 48),
) -> dict[str, bytes]:
    """Write a folder of `rows` edits spread over `images` images; returns its files."""
    files: dict[str, bytes] = {}
    rows = images * len(operations) if rows is None else rows
    for index in range(images):
        suffix = ".png" if index % 3 == 2 else ".jpg"
        files[f"scene{index:03d}_frame_000{index:03d}{suffix}"] = picture(rng, suffix, size)
    names = [name.rpartition(".")[0] for name in files]
    for row in range(rows):
        image_id, query = names[row % images], row // images
        operation = operations[row % len(operations)]
        files[f"{image_id}_edit_{query}.json"] = json.dumps(metadata(rng, operation), indent=1).encode()
        if operation == "view":
            files[f"{image_id}_view_gtedit_{query}.png"] = picture(rng, ".png", size)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return files


def contents(folder: Path) -> dict[str, object]:
    """A folder's files: JSON as values, anything else as bytes."""
    return {
        p.name: json.loads(p.read_bytes()) if p.suffix == ".json" else p.read_bytes() for p in sorted(folder.iterdir())
    }
