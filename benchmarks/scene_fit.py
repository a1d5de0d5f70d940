"""How well `scene-fit` finds the target, or the camera, on held images, clean and degraded.

    python benchmarks/scene_fit.py [--samples 100] [--config sim-tabletop] [--operations move rotate scale remove]

Held images are target images of a config from a seed that no data set uses. Degraded means blurred by 1 px,
channels scaled by ±5 %, noise of sigma 6 (of 255), JPEG of quality 85.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from gsi_bench_hf.perception import load_detector, load_judge
from gsi_bench_hf.perception.pose_search import turn_between
from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.types import OPERATIONS, Box3D, Sample, Scan

SEED = 20_000


def degraded(image: Image.Image, *, rng: np.random.Generator) -> Image.Image:
    """The image after blur, gain, noise and JPEG."""
    pixels = cv2.GaussianBlur(np.asarray(image).astype(np.float32), (0, 0), 1.0)
    pixels = pixels * rng.uniform(0.95, 1.05, 3) + rng.normal(0.0, 6.0, pixels.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(buffer, "jpeg", quality=85)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def held_samples(config: str, operations: Sequence[str], count: int) -> Iterator[Sample]:
    """Samples of the operations in turn."""
    renderer = shared_renderer("mujoco")
    rows = generate_rows(config, seed=SEED, start=0, stop=count, renderer=renderer, operations=operations)
    return (Sample(row) for row in rows)


def measure(sample: Sample, edited: Image.Image, want: Box3D | None, detector: Any, judge: Any) -> dict[str, Any]:
    """One scan's errors against the box that the image shows (None: the target is gone)."""
    started = time.process_time()
    scan = detector.detect(sample, edited)
    seconds = time.process_time() - started
    result: dict[str, Any] = {"id": sample.id, "operation": sample.operation, "label": sample.target_label}
    result |= {"seconds": seconds, "judge": judge.judge(sample, edited, scan).score}
    if sample.operation == "view":
        return result | camera_errors(sample, scan, moved=want is None)
    result |= {"present_right": (scan.target is None) == (want is None), "lost": scan.lost, "added": scan.added}
    if scan.target is not None and want is not None:
        found = scan.target.box
        feet = [box.center_m + box.rotation[:, 1] * box.extents_m[1] / 2.0 for box in (found, want)]
        turn = want.rotation.T @ found.rotation
        yaw = turn_between(0.0, float(np.arctan2(turn[0, 2], turn[0, 0])), sample.target_symmetry)
        result["position_mm"] = 1000.0 * float(np.linalg.norm(feet[0] - feet[1]))
        result["yaw_deg"] = abs(float(np.rad2deg(yaw)))
        result["scale_percent"] = 100.0 * abs(float(np.mean(found.extents_m / want.extents_m)) - 1.0)
    return result


def camera_errors(sample: Sample, scan: Scan, *, moved: bool) -> dict[str, Any]:
    """How far the camera that was found is from the one that was asked for, or, if it was not moved, from the source's."""
    shift_m, turn = sample.edit.camera_translation_m, sample.edit.camera_rotation
    assert shift_m is not None
    assert turn is not None
    if not moved:
        shift_m, turn = np.zeros(3), np.eye(3)
    if scan.camera_translation_m is None or scan.camera_rotation is None:
        return {"present_right": False}
    apart = turn.T @ scan.camera_rotation
    return {
        "present_right": True,
        "camera_mm": 1000.0 * float(np.linalg.norm(scan.camera_translation_m - shift_m)),
        "camera_deg": float(np.rad2deg(np.arccos(np.clip((np.trace(apart) - 1.0) / 2.0, -1.0, 1.0)))),
    }


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians, 95th percentiles and worst values."""
    table: dict[str, Any] = {"samples": len(results)}
    for name in ("position_mm", "yaw_deg", "scale_percent", "camera_mm", "camera_deg", "seconds"):
        values = [r[name] for r in results if name in r]
        if values:
            marks = np.percentile(values, [50, 95, 100])
            table[name] = {k: round(float(v), 3) for k, v in zip(("median", "p95", "max"), marks, strict=True)}
    table["present_right"] = float(np.mean([r["present_right"] for r in results]))
    table["judge_min"] = min((r["judge"] for r in results if r["judge"] is not None), default=None)
    table["lost_or_added"] = sum(bool(r.get("lost") or r.get("added")) for r in results)
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--config", default="sim-tabletop")
    parser.add_argument("--operations", nargs="+", choices=OPERATIONS, default=["move", "rotate", "scale", "remove"])
    parser.add_argument("--out", type=Path, help="write every sample's numbers there, as JSON")
    arguments = parser.parse_args()
    detector, judge = load_detector("scene-fit"), load_judge("render-compare")
    results: dict[str, list[dict[str, Any]]] = {"clean": [], "degraded": [], "identity": []}
    for number, sample in enumerate(held_samples(arguments.config, arguments.operations, arguments.samples)):
        target = sample.target_image
        assert target is not None
        boxes = {d.instance_id: d.box for d in (*sample.objects, *sample.target_objects)}
        gone = sample.operation in ("remove", "view")  # a view has no box to be found
        want = None if gone else boxes[sample.target_id]
        source_box = {d.instance_id: d.box for d in sample.objects}[sample.target_id]
        bad = degraded(target, rng=np.random.default_rng(number))
        for name, image, box in (
            ("clean", target, want),
            ("degraded", bad, want),
            ("identity", sample.source_image, source_box),
        ):
            results[name].append(measure(sample, image, box, detector, judge))
    for name, found in results.items():
        print(name, json.dumps(summary(found)))
        for r in found:
            if not r["present_right"] or max(r.get("position_mm", 0), r.get("yaw_deg", 0), r.get("camera_mm", 0)) > 5:
                print("  ", {k: round(v, 2) if isinstance(v, float) else v for k, v in r.items()})
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
