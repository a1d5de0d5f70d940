"""Agreement with the released evaluator: 1e-9 in arithmetic, 1e-4 in images (MSE relative)."""

import json

import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf import geometry
from gsi_bench_hf.instructions import paper_operation
from gsi_bench_hf.metrics.aggregate import aggregate_paper
from gsi_bench_hf.metrics.appearance_consistency import parse_judgement
from gsi_bench_hf.metrics.edit_locality import paper_gate, paper_locality
from gsi_bench_hf.metrics.protocol_paper import origin_bbox_2d, same_viewpoint, score_edit, view_score

EXACT, IMAGE = 1e-9, 1e-4


def difference(a, b):
    return float(np.max(np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))))


@pytest.mark.parametrize("operation", ["move", "rotate", "scale", "remove"])
def test_scoring(operation, golden, worst):
    cases = [case for case in golden("scoring.json.gz") if case["operation"] == operation]
    differences = []
    for case in cases:
        detections = case["origin_detections"], case["edited_detections"]
        scores = score_edit(operation, case["edit"], *detections, case["locality_check"])
        differences += [abs(scores[name] - case["expected"][name]) for name in scores]
        box = origin_bbox_2d(case["edit"], case["origin_detections"])
        expected = case["expected"]["origin_bbox_2d"]
        assert (box is None) == (expected is None)
        if box is not None:
            differences.append(difference(box, expected))
    assert len(differences) >= 100
    assert worst(f"scoring: {operation}", differences) < EXACT


def test_geometry(golden, worst):
    found = {}
    for case in golden("geometry.json.gz"):
        expected, rotation = case["expected"], case["rotation_matrix"]
        turned = geometry.rotate_about_vertical(rotation, case["angle_deg"], case["rotation_direction"])
        move = case["box_a"], case["direction"], case["distance_cm"]
        pairs = {
            "iou_3d": geometry.iou_3d(case["box_a"], case["box_b"]),
            "projected_bbox_2d": geometry.project_box(case["box_a"], rotation, case["camera_intrinsics"]),
            "rotated_matrix": turned,
            "rotation_distance_rad": geometry.rotation_angle(rotation, turned),
            "moved_box_camera_axes": geometry.move_box(*move),
            "moved_box_object_axes": geometry.move_box(*move, rotation),
        }
        for name, value in pairs.items():
            found.setdefault(name, []).append(difference(value, expected[name]))
    for name, differences in found.items():
        assert worst(f"geometry: {name}", differences) < EXACT


def test_aggregation(golden, worst):
    differences = []
    for case in golden("aggregate.json.gz"):
        summary = aggregate_paper(case["ic"], case["sa"], case["el"], case["ac"])
        assert summary.keys() == case["expected"].keys()
        differences += [abs(summary[name] - value) for name, value in case["expected"].items()]
    assert worst("aggregation", differences) < EXACT


def test_judgements(golden, worst):
    cases = golden("judgements.json")
    differences = []
    for case in cases:
        score = parse_judgement(case["prediction"])
        assert (score is None) == (case["expected"] is None), case["prediction"]
        differences.append(0.0 if score is None else abs(score - case["expected"]))
    assert worst("judgements", differences) < EXACT


def test_operations(golden, worst):
    cases = golden("operations.json")
    wrong = [case["prompt"] for case in cases if paper_operation(case["prompt"]) != case["expected"]]
    worst("operations (1 is a wrong one)", [float(case["prompt"] in wrong) for case in cases])
    assert not wrong


@pytest.fixture(scope="module")
def pairs(oracle):
    """The image pairs: the case, the source, the edited image, and the edited image at the source's size."""
    loaded = []
    for case in json.loads((oracle / "locality.json").read_text()):
        source, edited = (Image.open(oracle / case[name]).convert("RGB") for name in ("source", "edited"))
        loaded.append((case, source, edited, edited if edited.size == source.size else edited.resize(source.size)))
    return loaded


def test_locality_and_gate(pairs, lpips, worst):
    found = {"ssim": [], "lpips": [], "mse (relative)": []}
    for case, source, edited, _ in pairs:
        locality = paper_locality(
            source, edited, case["origin_detections"], case["edited_detections"], case["edit"], lpips
        )
        expected = case["expected"]
        found["ssim"].append(abs(locality.ssim - expected["ssim"]))
        found["lpips"].append(abs(locality.lpips - expected["lpips"]))
        found["mse (relative)"].append(abs(locality.mse - expected["mse"]) / max(expected["mse"], 1.0))
        for real, name in ((True, "gate_real"), (False, "gate_syn")):
            assert paper_gate(locality.ssim, locality.lpips, real) == expected[name], case["source"]
    for name, differences in found.items():
        assert worst(f"locality: {name}", differences) < IMAGE


def test_view_score(pairs, lpips, worst):
    differences = [
        abs(view_score(edited, source, lpips) - case["expected"]["view_score"]) for case, source, _, edited in pairs
    ]
    assert worst("view score", differences) < IMAGE


def test_viewpoint(pairs):
    for case, source, _, edited in pairs:
        assert same_viewpoint(source, edited) == case["expected"]["same_viewpoint"], case["source"]
