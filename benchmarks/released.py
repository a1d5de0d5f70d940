"""The released layout at the size of GSI-Real: 441 edits of 211 images, to Arrow in one pass with constant memory, and back.

Metadata and pictures are made here, at random but valid; nothing is downloaded. The pass runs in a process of its own, whose peak
memory the system measures. Usage: python benchmarks/released.py [--rows 441] [--images 211] [--width 640] [--height 480]
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LIMIT_MB = 500
OPERATIONS = {
    "move": "Move the chair 20 cm to the left",
    "rotate": "Rotate the chair 90 degrees clockwise along its vertical axis",
    "remove": "Remove the leftmost chair from the scene",
}


def main() -> int:
    """Make the folder, pass it through, print figures; 1 when the memory was too much or something did not come back."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rows", 441), ("images", 211), ("width", 640), ("height", 480)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--pass-through", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pass_through:
        print(json.dumps(pass_through(*arguments.pass_through)))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "fine_dataset")
        make(folder, arguments, rng=np.random.default_rng(0))
        own = [sys.executable, __file__, "--pass-through", str(folder), temporary]
        figures = json.loads(subprocess.run(own, check=True, stdout=subprocess.PIPE).stdout)
        same = contents(Path(temporary, "back")) == contents(folder)
        size = sum(p.stat().st_size for p in folder.iterdir())
    print(f"{figures['rows']} edits of {arguments.images} images, {size / 1e6:.0f} MB in the released layout")
    print(
        f"to Arrow: {figures['read_s']:.2f} s of processor time, {figures['arrow_mb']:.0f} MB; and back: {figures['write_s']:.2f} s"
    )
    print(
        f"peak memory: imports {figures['imports_mb']:.0f} MB, after the pass to Arrow {figures['read_peak_mb']:.0f} MB, "
        f"on the way back {figures['back_peak_mb']:.0f} MB of the process's own; with the {figures['arrow_mb']:.0f} MB Arrow file, "
        f"which is mapped and which the system may drop at any time, {figures['peak_mb']:.0f} MB"
    )
    within = max(figures["read_peak_mb"], figures["back_peak_mb"]) <= LIMIT_MB
    print(f"round trip: JSON values and image bytes {'the same' if same else 'DIFFER'}")
    return 0 if same and figures["rows"] == arguments.rows and within else 1


def pass_through(folder: Path, work: Path) -> dict[str, float]:
    """Read `folder` to `work/arrow`, write that as `work/back`; figures of this process."""
    import datasets
    from datasets.arrow_writer import ArrowWriter

    from gsi_bench_hf.data import released
    from gsi_bench_hf.data.builder import GsiBench
    from gsi_bench_hf.data.features import features

    datasets.disable_progress_bars()
    imports_mb = peak_mb()
    start = time.process_time()
    path = work / "data.arrow"
    with ArrowWriter(
        path=str(path), features=features(), writer_batch_size=GsiBench.DEFAULT_WRITER_BATCH_SIZE
    ) as writer:
        for row in released.read(folder, "real"):
            writer.write(features().encode_example(row))
        writer.finalize()
    read_s, read_peak_mb = time.process_time() - start, peak_mb()
    start = time.process_time()
    dataset = datasets.Dataset.from_file(str(path))
    own: list[float] = []
    encoded = dataset.cast_column("source_image", datasets.Image(decode=False))
    released.write(watched(encoded.cast_column("target_image", datasets.Image(decode=False)), own), work / "back")
    return {
        "back_peak_mb": max(own),
        "rows": len(dataset),
        "read_s": read_s,
        "write_s": time.process_time() - start,
        "arrow_mb": path.stat().st_size / 1e6,
        "imports_mb": imports_mb,
        "read_peak_mb": read_peak_mb,
        "peak_mb": peak_mb(),
    }


def watched(rows: Iterable[dict[str, Any]], own: list[float]) -> Iterator[dict[str, Any]]:
    """The rows; `own` gets this process's own memory at each of them, MB, without the pages of mapped files, but with its imports."""
    mapped_before = status_mb("RssFile")  # libraries
    for row in rows:
        own.append(status_mb("RssAnon") + mapped_before)
        yield row


def status_mb(name: str) -> float:
    """A figure of /proc/self/status, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:"))


def peak_mb() -> float:
    """Most memory that this process held so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def make(folder: Path, arguments: argparse.Namespace, *, rng: np.random.Generator) -> None:
    """Write the folder: textured JPEG pictures, and edits dealt round the images."""
    folder.mkdir()
    size = (arguments.width, arguments.height)
    for index in range(arguments.images):
        coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        noisy = np.asarray(coarse) + rng.normal(0, 6, (size[1], size[0], 3))
        buffer = io.BytesIO()
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
        (folder / f"scene{index:03d}_frame_000000.jpg").write_bytes(buffer.getvalue())
    for row in range(arguments.rows):
        image, query = row % arguments.images, row // arguments.images
        content = metadata(list(OPERATIONS)[row % len(OPERATIONS)], rng=rng)
        (folder / f"scene{image:03d}_frame_000000_edit_{query}.json").write_text(json.dumps(content))


def metadata(operation: str, *, rng: np.random.Generator) -> dict[str, object]:
    """An edit's JSON values."""
    from gsi_bench_hf.geometry import rotate_about_vertical, rotation_y

    rotation = rotation_y(rng.uniform(-np.pi, np.pi))
    box = [*rng.uniform([-1, -1, 1], [1, 1, 4]), *rng.uniform(0.1, 1, 3), rng.uniform(-np.pi, np.pi)]
    content: dict[str, object] = {
        "target": "chair",
        "original_bbox_3d": box,
        "camera_intrinsics": [[rng.uniform(500, 1500), 0, 320], [0, rng.uniform(500, 1500), 240], [0, 0, 1]],
        "rotation_matrix": rotation.tolist(),
        "prompt": OPERATIONS[operation],
    }
    if operation == "move":
        content["new_bbox_3d"] = [box[0] - 0.2, *box[1:]]
    if operation == "rotate":
        content["new_rotation_matrix"] = rotate_about_vertical(rotation, 90, "clockwise").tolist()
    return content


def contents(folder: Path) -> dict[str, object]:
    """A folder's files: JSON as values, anything else as bytes."""
    return {p.name: json.loads(p.read_bytes()) if p.suffix == ".json" else p.read_bytes() for p in folder.iterdir()}


if __name__ == "__main__":
    sys.exit(main())
