"""What the released evaluator leaves of a model on a subset: edited images, detections, judgements. Random, but of its form."""

import json
from pathlib import Path

import numpy as np
from release_shaped import make_release

from gsi_bench_hf.geometry import project_box

SIDE_PX = 896


def detection(box, rotation, intrinsics, size, *, label="mug", score=0.9) -> dict:
    """As `infer_cache.json` has it: `bbox_2d` in an image whose longest side is 896 pixels."""
    bbox_2d = project_box(np.array(box), np.array(rotation), np.array(intrinsics)) * (SIDE_PX / max(size))
    return {
        "bbox_3d": list(box),
        "bbox_2d": bbox_2d.tolist(),
        "rotation_matrix": rotation,
        "label": label,
        "score": score,
    }


def make_released_run(
    root: Path, *, rng: np.random.Generator, images: int = 4, model: str = "BAGEL", size: tuple[int, int] = (64, 48)
) -> Path:
    """Write `fine_dataset/`, `generated_images_fine/`, `<model>/fine_eval/infer_cache.json` and the judge's file; returns `root`.

    Of every two edits one was carried out, near to where it should be; pixels hardly change, so that the gate is open.
    """
    operations = ("move", "rotate", "remove")
    files = make_release(root / "fine_dataset", rng=rng, images=images, operations=operations, size=size)
    (root / "generated_images_fine").mkdir()
    cache, judged = {}, []
    for number, name in enumerate(sorted(n for n in files if n.endswith(".json"))):
        stem = name.removesuffix(".json")
        image_id, _, query = stem.rpartition("_edit_")
        source = next(files[image_id + suffix] for suffix in (".jpg", ".png") if image_id + suffix in files)
        suffix = ".png" if image_id + ".png" in files else ".jpg"
        (root / "generated_images_fine" / f"{stem}{suffix}").write_bytes(source)
        edit = json.loads(files[name])
        before, after = _detections(edit, size, done=number % 2 == 0, rng=rng)
        cache[f"{image_id}_{query}"] = {"origin_result": {"detections": before}, "new_result": {"detections": after}}
        score = int(rng.integers(0, 11))
        reply = f'Thinking … ||V^=^V||{{"score": {score}, "reasoning": "so"}}||V^=^V||' if number % 5 else "no idea"
        judged.append({"meta": {"index": f"{stem}{suffix}"}, "prediction": reply})
    folder = root / model / "fine_eval"
    folder.mkdir(parents=True)
    (folder / "infer_cache.json").write_text(json.dumps(cache))
    (root / f"predictions_judge_fine_{model.replace('_', '')}.json").write_text(json.dumps(judged))
    return root


def _detections(edit: dict, size: tuple[int, int], *, done: bool, rng: np.random.Generator) -> tuple[list, list]:
    camera, rotation = edit["camera_intrinsics"], edit["rotation_matrix"]
    other = detection([3.0, 1.0, 5.0, 0.3, 0.3, 0.3, 0.0], np.eye(3).tolist(), camera, size, label="lamp")
    target = detection(edit["original_bbox_3d"], rotation, camera, size, label=edit["target"])
    if not done:
        return [target, other], [target, other]
    if "new_bbox_3d" not in edit:
        return [target, other], [other]
    box = np.array(edit["new_bbox_3d"])
    # The matrix alone would leave the detection where it was: the released scorer goes by boxes.
    box[:3] += rng.normal(0, 0.02, 3) if "new_rotation_matrix" not in edit else [0.0, 0.1, 0.0]
    found = detection(box.tolist(), edit.get("new_rotation_matrix", rotation), camera, size, label=edit["target"])
    return [target, other], [other, found]
