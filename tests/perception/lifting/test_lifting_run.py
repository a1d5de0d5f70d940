"""The whole of "lifting" over tiny random models: from Python, and as a command."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import tiny
import tiny_models

from gsi_bench_hf.cli import main
from gsi_bench_hf.perception import load_detector
from gsi_bench_hf.types import Sample


@pytest.fixture(scope="module")
def tiny_folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny")
    return {
        "boxes": tiny_models.grounding_dino(root / "dino"),
        "masks": tiny_models.sam2(root / "sam2"),
        "depth": tiny_models.depth_pro(root / "depth-pro"),
    }


def counted(part, name, calls):
    """A part of the detector, with its calls written down."""
    inner = getattr(part, name)

    def call(images, *others):
        calls.append((name, len(images)))
        return inner(images, *others)

    setattr(part, name, call)


def mugs(index: int, **changes) -> Sample:
    row = tiny.row(index)
    return Sample(row | {"target": row["target"] | {"label": "mug"}} | changes)


def test_tiny_models_end_to_end(tiny_folders):
    detector = load_detector("lifting", **tiny_folders, threshold=0.0, device="cpu")
    calls: list[tuple[str, int]] = []
    for part, name in (("boxes", "find"), ("masks", "masks"), ("depth", "depth")):
        counted(getattr(detector.looker, part), name, calls)
    sample = mugs(6)
    scan = detector.detect(sample, sample.target_image)
    # Both images in one call of each model, then never again.
    assert calls == [("find", 2), ("masks", 2), ("depth", 2)]
    assert scan.relative
    assert scan.origin
    for found in (*scan.origin, *scan.edited):
        assert found.label == "mug"
        assert found.bbox_3d.shape == (7,)
        assert np.isfinite(found.bbox_3d).all()
        assert (found.bbox_3d[3:6] > 0).all()
        np.testing.assert_allclose(found.rotation_matrix @ found.rotation_matrix.T, np.eye(3), atol=1e-9)
    again = detector.detect(sample, sample.target_image)
    assert len(calls) == 3
    assert [d.bbox_3d.tolist() for d in again.edited] == [d.bbox_3d.tolist() for d in scan.edited]
    other = pickle.loads(pickle.dumps(detector))
    assert [d.bbox_3d.tolist() for d in other.detect(sample, sample.target_image).edited] == [
        d.bbox_3d.tolist() for d in scan.edited
    ]


@pytest.mark.slow
def test_the_command_runs_it_and_run_json_names_its_models(tiny_folders, tmp_path, capsys):
    arguments = [f"{name}={folder}" for name, folder in tiny_folders.items()] + ["threshold=0.0", "dtype=bfloat16"]
    given = [text for argument in arguments for text in ("--detector-arg", argument)]
    out = tmp_path / "run"
    command = [
        "run",
        "--subset",
        "sim-tabletop",
        "--limit",
        "1",
        "--editor",
        "identity",
        "--no-ladder",
        "--out",
        str(out),
    ]
    code = main([*command, "--detector", "lifting", *given])
    assert code in (0, 1), capsys.readouterr().err
    named = json.loads((out / "run.json").read_text())["arguments"]["detector"]
    assert named["name"] == "lifting"
    for name, folder in tiny_folders.items():
        assert named["arguments"][name].startswith(f"{folder}@")
        assert "bfloat16" in named["arguments"][name]
    line = json.loads((out / "samples.jsonl").read_text().splitlines()[0])
    assert line["stage"] in (None, "detect", "score")
    assert "raised" not in (line["reason"] or "")
    capsys.readouterr()
    assert main(["list", "detectors"]) == 0
    assert "lifting" in capsys.readouterr().out


def test_the_command_says_what_it_can_not_load(tmp_path, capsys):
    out = ["--out", str(tmp_path / "run"), "--detector", "lifting", "--detector-arg"]
    command = ["run", "--subset", "sim-tabletop", "--limit", "1", "--editor", "identity", "--num-proc", "1", *out]
    assert main([*command, f"boxes={tmp_path}"]) == 2
    error = capsys.readouterr().err
    assert "can't be loaded for ZeroShotObjectDetection" in error
    assert "Traceback" not in error
    assert main([*command, "box=x"]) == 2
    assert "unexpected keyword argument 'box'" in capsys.readouterr().err
