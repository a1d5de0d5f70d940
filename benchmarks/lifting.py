"""How well `lift` finds boxes from depth and masks, perfect and degraded, and how well perfect depth would let us score.

    python benchmarks/lifting.py [--objects 300] [--scores 60] [--out FILE.json]

Objects are those of the three sim test sets (seed 0), a third of each, three a scene, from scenes spread over the whole set: those
that show at least 150 pixels and a quarter of themselves. Beside `lift` stands the box around the mask's points along the camera's
axes. Degraded: depth times 1 + 3 % noise, either of each pixel or in patches of a thirtieth of the image, and the mask eroded or
dilated by 3 px. Yaw is compared modulo half a turn, which a box can't tell, where the true footprint's sides differ by a fifth and
the object is no body of revolution.

`--scores N` takes N rows of sim-room and scores identity and the oracle (strict) with the detector `lifting` on rendered depth and
masks of both images, beside `scene-fit`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.geometry import unproject_depth
from gsi_bench_hf.metrics.scoring import score_sample
from gsi_bench_hf.metrics.summary import SampleScore, summarise, unscorable
from gsi_bench_hf.perception import load_detector
from gsi_bench_hf.perception.lifting import LiftError, LiftingDetector, lift
from gsi_bench_hf.perception.lifting.gravity import up_of
from gsi_bench_hf.perception.lifting.known import Known, KnownParts
from gsi_bench_hf.synth.generate import DEFAULT_OPERATIONS, NUM_ROWS, generate_rows
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.scene import from_json
from gsi_bench_hf.types import Box3D, Judgement, Sample, UnscorableError

SUBSETS = ("sim-tabletop", "sim-room", "sim-bathroom")
LEAST_PX, LEAST_VISIBLE, VISIBLE, OBLONG = 150, 0.25, 0.6, 1.2
NOISE = 0.03
KERNEL = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
GRID = (np.stack(np.meshgrid(*[np.arange(24)] * 3, indexing="ij"), -1).reshape(-1, 3) + 0.5) / 24 - 0.5


@dataclass(frozen=True, eq=False)
class Case:
    """One object in one image, and its true box."""

    id: str
    label: str
    visible: float
    symmetry: int
    depth_m: NDArray[np.float32]
    mask: NDArray[np.bool_]
    intrinsics: NDArray[np.float64]
    up: NDArray[np.float64] | None
    box: Box3D


def rows(subset: str, count: int) -> Iterator[dict[str, Any]]:
    """Rows spread evenly over a test set."""
    for k in range(count):
        start = k * NUM_ROWS[subset] // count
        yield from generate_rows(subset, seed=0, start=start, stop=start + 1, renderer=shared_renderer("mujoco"))


def cases(row: dict[str, Any]) -> Iterator[Case]:
    """The objects of a row's source image that can be seen."""
    sample = Sample(row)
    depth, labels = sample.depth_m, sample.segmentation
    assert depth is not None
    assert labels is not None
    assert sample.scene is not None
    symmetry = {o["instance_id"]: int(o["symmetry"]) for o in sample.scene["source"]["objects"]}
    for number, item in enumerate(row["objects"], start=1):
        mask = labels == number
        if mask.sum() >= LEAST_PX and item["visible_fraction"] >= LEAST_VISIBLE:
            yield Case(
                sample.id,
                item["label"],
                item["visible_fraction"],
                symmetry[item["instance_id"]],
                depth.astype(np.float32),
                mask,
                sample.camera.intrinsics,
                up_of(sample.camera),
                Box3D.from_vector(item["bbox_3d"], item["rotation_matrix"]),
            )


def collected(count: int) -> list[Case]:
    """Objects of the three sets, as many of each."""
    found: list[Case] = []
    for number, subset in enumerate(SUBSETS):
        share = count * (number + 1) // len(SUBSETS) - count * number // len(SUBSETS)
        some: list[Case] = []
        # Three a scene, so that many scenes have their say; not every scene shows as many.
        for row in rows(subset, -(-share // 2)):
            some += list(cases(row))[:3]
            if len(some) >= share:
                break
        found += some[:share]
        print(f"{subset}: {len(some[:share])} objects", flush=True)
    return found


def noisy(depth_m: NDArray[np.float32], rng: np.random.Generator, patches: bool) -> NDArray[np.float32]:
    """Depth with 3 % noise, of each pixel or in patches."""
    if patches:
        coarse = cv2.GaussianBlur(rng.standard_normal((32, 32)).astype(np.float32), (0, 0), 1.0)
        field = cv2.resize(coarse / coarse.std(), depth_m.shape[::-1], interpolation=cv2.INTER_CUBIC)
    else:
        field = rng.standard_normal(depth_m.shape)
    return np.asarray(depth_m * (1.0 + NOISE * field), dtype=np.float32)


def eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask less 3 px."""
    return np.asarray(cv2.erode(mask.astype(np.uint8), KERNEL) > 0)


def dilated(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and 3 px more."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), KERNEL) > 0)


DEGRADED: dict[str, Callable[[Case, np.random.Generator], tuple[NDArray[np.float32], NDArray[np.bool_]]]] = {
    "perfect": lambda c, rng: (c.depth_m, c.mask),
    "depth 3 %": lambda c, rng: (noisy(c.depth_m, rng, False), c.mask),
    "mask - 3 px": lambda c, rng: (c.depth_m, eroded(c.mask)),
    "mask + 3 px": lambda c, rng: (c.depth_m, dilated(c.mask)),
    "depth 3 %, mask - 3 px": lambda c, rng: (noisy(c.depth_m, rng, False), eroded(c.mask)),
    "depth 3 %, mask + 3 px": lambda c, rng: (noisy(c.depth_m, rng, False), dilated(c.mask)),
    "depth 3 % in patches": lambda c, rng: (noisy(c.depth_m, rng, True), c.mask),
}


def lifted(case: Case, depth_m: NDArray[np.float32], mask: NDArray[np.bool_]) -> Box3D:
    """Our box."""
    return lift(depth_m, mask, case.intrinsics, up=case.up)


def axis_aligned(case: Case, depth_m: NDArray[np.float32], mask: NDArray[np.bool_]) -> Box3D:
    """The box around the mask's points, along the camera's axes."""
    if not mask.any():
        raise LiftError("no pixels")
    points = unproject_depth(depth_m, case.intrinsics)[mask]
    low, high = points.min(axis=0), points.max(axis=0)
    return Box3D(0.5 * (low + high), np.maximum(high - low, 1e-4), np.eye(3))


def overlap_3d(box: Box3D, true: Box3D) -> float:
    """Intersection over union of boxes turned in any way, by a grid of points in the true one."""
    points = (GRID * true.extents_m) @ true.rotation.T + true.center_m
    local = np.abs((points - box.center_m) @ box.rotation)
    shared = float((local <= box.extents_m / 2.0).all(axis=1).mean()) * float(true.extents_m.prod())
    return min(1.0, shared / (float(box.extents_m.prod() + true.extents_m.prod()) - shared))


def yaw_error_deg(box: Box3D, true: Box3D) -> float:
    """Angle between the long sides of the footprints, 0..90."""
    turn = true.rotation.T @ box.rotation
    yaw = np.rad2deg(np.arctan2(turn[0, 2], turn[0, 0]))
    yaw += 90.0 * (box.extents_m[0] < box.extents_m[2]) - 90.0 * (true.extents_m[0] < true.extents_m[2])
    return float(min(yaw % 180.0, -yaw % 180.0))


def measured(found: list[Case], how: str, method: Any) -> dict[str, Any]:
    """Medians and 95th percentiles of one method on all objects."""
    rng, errors, yaws, overlaps, missed, seconds = np.random.default_rng(0), [], [], [], 0, 0.0
    for case in found:
        depth_m, mask = DEGRADED[how](case, rng)
        started = time.process_time()
        try:
            box = method(case, depth_m, mask)
        except LiftError:
            missed += 1
            continue
        seconds += time.process_time() - started
        errors.append(100.0 * float(np.linalg.norm(box.center_m - case.box.center_m)))
        sides = case.box.extents_m[[0, 2]]
        if case.symmetry != 0 and sides.max() >= OBLONG * sides.min():
            yaws.append(yaw_error_deg(box, case.box))
        if case.visible >= VISIBLE:
            overlaps.append(overlap_3d(box, case.box))
    return {
        "centre_cm": [round(float(v), 2) for v in np.percentile(errors, [50, 95])],
        "iou_3d": round(float(np.median(overlaps)), 3),
        "yaw_deg": round(float(np.median(yaws)), 1),
        "counts": {"boxes": len(errors), "missed": missed, "iou": len(overlaps), "yaw": len(yaws)},
        "ms": round(1000.0 * seconds / max(1, len(errors)), 1),
    }


def known_of(scene: Any) -> Known:
    """What a renderer sees of a scene."""
    frame = shared_renderer("mujoco").render(scene, want=("depth", "segmentation"))
    masks = np.array([frame.segmentation == number for number in range(1, len(scene.objects) + 1)])
    return Known(tuple(o.label for o in scene.objects), masks, frame.depth_m)


def scored(sample: Sample, image: Image.Image, detector: Any) -> SampleScore:
    """One image's strict score, without a judge."""
    try:
        scan = detector.detect(sample, image)
    except UnscorableError as error:
        return unscorable(str(error))
    return score_sample(sample, image, scan, Judgement(None, "not asked"), protocol="strict", lpips=None)


def scores(count: int) -> dict[str, Any]:
    """Identity and oracle on sim-room with both detectors: summaries by detector and editor."""
    found: dict[tuple[str, str], list[SampleScore]] = {}
    heads = []
    fit = load_detector("scene-fit")
    for row in generate_rows("sim-room", seed=0, start=0, stop=count, renderer=shared_renderer("mujoco")):
        sample, edited = Sample(row), from_json(row["scene"])
        assert sample.target_image is not None
        parts = KnownParts()
        parts.tell(sample.target_image, known_of(edited.target))
        parts.tell(sample.source_image, known_of(edited.source))
        detectors = {"lifting": LiftingDetector(parts, parts, parts), "scene-fit": fit}
        heads.append({"id": sample.id, "operation": sample.operation, "scene_id": sample.scene_id})
        for name, detector in detectors.items():
            for editor, image in (("identity", sample.source_image), ("oracle", sample.target_image)):
                score = scored(sample, image, detector)
                found.setdefault((name, editor), []).append(score)
                print(
                    f"{sample.id} {sample.operation:10s} {sample.target_label:16s} {name:9s} {editor:8s} "
                    f"SA {score.spatial_accuracy:6.1f} {score.reason or ''} {score.details.get('errors', '')}",
                    flush=True,
                )
    return {
        f"{name}, {editor}": summarise(some, heads, protocol="strict", rng=np.random.default_rng(0))
        for (name, editor), some in found.items()
    }


def shown(summaries: dict[str, Any]) -> str:
    """Markdown: IC and SA with intervals, SA by operation."""
    operations = list(dict.fromkeys(DEFAULT_OPERATIONS["sim-room"]))
    lines = [f"| | IC | SA | {' | '.join(operations)} |", f"|---|---|---|{'---|' * len(operations)}"]
    for title, summary in summaries.items():
        cells = []
        for name in ("instruction_compliance", "spatial_accuracy"):
            entry = summary["metrics"][name]
            cells.append(
                f"{entry['value']:.1f} ({entry['low']:.1f}–{entry['high']:.1f})" if "low" in entry else str(entry)
            )
        for operation in operations:
            value = summary["by_operation"].get(operation, {}).get("spatial_accuracy", {}).get("value")
            cells.append("–" if value is None or np.isnan(value) else f"{value:.1f}")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=300, help="0: none")
    parser.add_argument("--scores", type=int, default=0, metavar="N", help="rows of sim-room to score; 0: none")
    parser.add_argument("--out", type=Path, help="write the numbers there, as JSON")
    arguments = parser.parse_args()
    results: dict[str, Any] = {}
    if arguments.objects:
        found = collected(arguments.objects)
        print(f"\n{len(found)} objects of {len({c.id for c in found})} scenes\n")
        print("| depth and mask | box | centre, cm: median, 95th | IoU3D median | yaw median, ° | missed | ms |")
        print("|---|---|---|---|---|---|---|")
        for how in DEGRADED:
            for name, method in (("lift", lifted), ("along the axes", axis_aligned)):
                r = results[f"{how}, {name}"] = measured(found, how, method)
                centre = "{:.1f}, {:.1f}".format(*r["centre_cm"])
                missed = r["counts"]["missed"]
                print(
                    f"| {how} | {name} | {centre} | {r['iou_3d']:.2f} | {r['yaw_deg']} | {missed} | {r['ms']} |",
                    flush=True,
                )
    if arguments.scores:
        summaries = results["scores"] = scores(arguments.scores)
        print(f"\n{arguments.scores} rows of sim-room, strict\n\n{shown(summaries)}")
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1, default=str))


if __name__ == "__main__":
    main()
