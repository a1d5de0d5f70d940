"""Rows of rooms, bathrooms and training data: labels exact, instructions true of one thing, training apart from the tests."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import datasets
import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf._phrases import split_relation
from gsi_bench_hf.data.features import features
from gsi_bench_hf.geometry import box_corners, project_points, rotation_angle, unproject_depth
from gsi_bench_hf.instructions import is_superlative, paper_operation, parse
from gsi_bench_hf.synth.configs import CONFIGS
from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.operations.base import rests
from gsi_bench_hf.synth.operations.move import moved
from gsi_bench_hf.synth.operations.place import placed
from gsi_bench_hf.synth.operations.receptacle import middle_m
from gsi_bench_hf.synth.operations.rotate import rotated
from gsi_bench_hf.synth.operations.view import camera_motion, moved_camera, turned_camera
from gsi_bench_hf.synth.referring import MARGIN_M, Expression, called, named_by
from gsi_bench_hf.synth.render import Renderer, load_renderer
from gsi_bench_hf.synth.scene import EditedScene, Scene, from_json, object_box
from gsi_bench_hf.synth.surfaces import surfaces_on
from gsi_bench_hf.types import Sample

pytestmark = pytest.mark.slow
SIX = ["move", "rotate", "remove", "view", "place", "receptacle"]
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = load_renderer("mujoco")
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows(renderer: Renderer) -> dict[str, Rows]:
    wanted = {"sim-room": 6, "sim-bathroom": 6, "sim-train": 7}
    return {
        name: list(generate_rows(name, seed=0, start=0, stop=stop, renderer=renderer)) for name, stop in wanted.items()
    }


@pytest.fixture(scope="module")
def samples(rows: dict[str, Rows]) -> list[Sample]:
    table = datasets.Dataset.from_list(list(chain(*rows.values())), features=features())
    return [Sample(row) for row in table]


def edited_of(sample: Sample) -> EditedScene:
    return from_json(sample.row["scene"])


def test_rows_take_turns_and_fit_the_schema(rows: dict[str, Rows]) -> None:
    for name in ("sim-room", "sim-bathroom"):
        assert [r["operation"] for r in rows[name]] == SIX
        assert [r["scene_id"] for r in rows[name]] == [f"{name}-s00000"] * 3 + [f"{name}-s00001"] * 3
        assert {r["environment"] for r in rows[name]} == {name[4:]}
    train = [(r["environment"], r["operation"]) for r in rows["sim-train"]]
    assert train == [("tabletop", o) for o in ("move", "rotate", "scale")] + [("room", o) for o in [*SIX[:3], "view"]]
    assert [r["scene_id"] for r in rows["sim-train"]][2:4] == ["sim-train-tabletop-s00000", "sim-train-room-s00000"]


def test_training_images_are_jpeg_and_test_images_lossless(rows: dict[str, Rows]) -> None:
    for name, made in rows.items():
        for row in made:
            for key in ("source_image", "target_image"):
                image = Image.open(io.BytesIO(row[key]["bytes"]))
                assert image.format == ("JPEG" if name == "sim-train" else "PNG")
                assert row[key]["path"].endswith("jpg" if name == "sim-train" else "png")
                assert image.size == ((512, 512) if row["environment"] == "tabletop" else (640, 480))
            assert Image.open(io.BytesIO(row["depth"]["bytes"])).format == "PNG"


def test_masks_lie_in_boxes_before_and_after(samples: list[Sample]) -> None:
    for sample in samples:
        numbers = {o.instance_id: i + 1 for i, o in enumerate(sample.objects)}
        for objects, labels in (
            (sample.objects, sample.segmentation),
            (sample.target_objects, sample.target_segmentation),
        ):
            assert labels is not None
            for item in objects:
                v, u = np.nonzero(labels == numbers[item.instance_id])
                x1, y1, x2, y2 = item.bbox_2d
                if not len(u):
                    continue
                assert x1 - 2 <= u.min()
                assert u.max() + 1 <= x2 + 2
                assert y1 - 2 <= v.min()
                assert v.max() + 1 <= y2 + 2


def test_depth_lies_in_boxes(samples: list[Sample]) -> None:
    for sample in samples:
        assert sample.depth_m is not None
        assert sample.segmentation is not None
        points_m = unproject_depth(sample.depth_m, sample.camera.intrinsics)
        for i, item in enumerate(sample.objects):
            local = (points_m[sample.segmentation == i + 1] - item.box.center_m) @ item.box.rotation
            assert (np.abs(local) - item.box.extents_m / 2.0).max(initial=-1.0) < 0.005, (sample.id, item.instance_id)


def test_what_a_view_does_not_show_is_labelled_so(samples: list[Sample]) -> None:
    for sample in samples:
        edited = edited_of(sample)
        for record, item in zip(sample.row["target_objects"], edited.target.objects, strict=True):
            box = object_box(item, edited.target.camera)
            assert record["bbox_3d"] == box.vector.tolist()
            corners = box_corners(box.center_m, box.extents_m, box.rotation)
            pixels = project_points(corners, sample.camera.intrinsics)
            size = [sample.camera.width, sample.camera.height]
            outside = (pixels.max(0) <= 0).any() or (pixels.min(0) >= size).any()
            if (corners[:, 2] > 0.1).all() and outside:
                assert record["bbox_2d"] == [0.0] * 4
            if record["bbox_2d"] == [0.0] * 4:
                assert record["visible_fraction"] == 0.0


def test_the_result_is_what_was_asked(samples: list[Sample]) -> None:
    for sample in samples:
        edit, edited = sample.edit, edited_of(sample)
        source, target = edited.source, edited.target
        if sample.operation == "view":
            _check_view(sample, edited)
            continue
        if sample.operation == "remove":
            assert [o.instance_id for o in source.objects if o.instance_id != sample.target_id] == [
                o.instance_id for o in target.objects
            ]
            continue
        item, after = source.object(sample.target_id), target.object(sample.target_id)
        if sample.operation == "move":
            wanted = moved(item, str(edit.direction), float(edit.distance_m or 0.0), source.camera)
        elif sample.operation == "rotate":
            wanted = rotated(item, float(edit.angle_deg or 0.0), str(edit.direction))
        elif sample.operation == "scale":
            continue
        else:
            wanted = _placement(sample, source)
        assert np.linalg.norm(wanted.position_m - after.position_m) < 0.02
        assert np.rad2deg(rotation_angle(wanted.rotation, after.rotation)) < 5.0
        assert item.instance_id in rests(target), "it stands on something"


def _check_view(sample: Sample, edited: EditedScene) -> None:
    edit, before, after = sample.edit, edited.source.camera, edited.target.camera
    shift_m, turn = camera_motion(before, after)
    assert edit.camera_translation_m is not None
    assert edit.camera_rotation is not None
    assert np.allclose(edit.camera_translation_m, shift_m)
    assert np.allclose(edit.camera_rotation, turn)
    if edit.distance_m is not None:
        wanted = moved_camera(before, str(edit.direction), edit.distance_m)
    else:
        wanted = turned_camera(before, str(edit.direction), float(edit.angle_deg or 0.0))
    assert np.allclose(wanted.world_from_camera, after.world_from_camera)
    assert edited.source.objects == () or len(edited.target.objects) == len(edited.source.objects)


def _placement(sample: Sample, source: Scene) -> Any:
    said = parse(sample.instruction)
    item = source.object(sample.target_id)
    owner = next(
        o for o in (*source.objects, *source.fixtures) if o.instance_id == sample.row["reference"]["instance_id"]
    )
    assert said.relation is not None
    if sample.operation == "place":
        assert said.distance_m == sample.edit.distance_m
        return placed(item, owner, said.relation, float(said.distance_m or 0.0), source.camera)
    # The surface is the one at the height that was reached; its words are tested elsewhere.
    after = edited_of(sample).target.object(sample.target_id)
    part = next((p for p in ("left half", "right half") if said.reference and said.reference.startswith(p)), None)
    surface = min(surfaces_on(owner), key=lambda s: abs(float(s.center_m[2] - after.position_m[2])))
    point_m = middle_m(surface, part, source.camera)
    assert point_m is not None
    return type(item)(**{**vars(item), "position_m": point_m})


def test_exactly_one_thing_satisfies_the_instruction(samples: list[Sample]) -> None:
    for sample in samples:
        source, said, chinese = edited_of(sample).source, parse(sample.instruction), parse(sample.row["instruction_zh"])
        assert paper_operation(sample.instruction) == (
            "move" if sample.operation in ("place", "receptacle") else sample.operation
        )
        for asked in (said, chinese):
            assert asked.operation == sample.operation
            assert (asked.distance_m, asked.angle_deg) == (sample.edit.distance_m, sample.edit.angle_deg)
        assert said.relation == chinese.relation
        if sample.operation == "view":
            assert said.direction == chinese.direction == sample.edit.direction
            continue
        noun, relation, reference = said.target, said.relation, said.reference
        if sample.operation in ("place", "receptacle"):
            assert said.relation == sample.edit.direction
            noun, relation, reference = split_relation(said.target, "en")
            assert relation is None or is_superlative(relation)
            _check_reference(sample, source, str(said.reference))
        color = noun.lower().removesuffix(sample.target_label.lower()).strip() or None
        expression = Expression(sample.target_label, color, relation, _label(source, reference))
        for margin_m in (-MARGIN_M, 0.0, MARGIN_M):
            assert named_by(source, expression, margin_m=margin_m) == (sample.target_id,), (
                sample.id,
                sample.instruction,
            )


def _label(source: Scene, said: str | None) -> str | None:
    things = (*source.objects, *source.fixtures)
    return None if said is None else next(o.label for o in things if o.label.lower() == said)


def _check_reference(sample: Sample, source: Scene, said: str) -> None:
    wanted = sample.row["reference"]["instance_id"]
    noun, relation, _ = split_relation(said.rpartition("of the ")[2], "en")
    label = sample.row["reference"]["label"]
    color = noun.removesuffix(label.lower()).strip() or None
    if relation is None:
        assert [o.instance_id for o in called(source, label, color)] == [wanted]
    else:
        assert named_by(source, Expression(label, color, relation), margin_m=MARGIN_M) == (wanted,)


def test_the_target_is_seen_before_and_after(samples: list[Sample]) -> None:
    for sample in samples:
        for objects in (sample.row["objects"], sample.row["target_objects"]):
            for item in objects:
                if item["instance_id"] == sample.target_id:
                    assert item["visible_fraction"] >= 0.6


def test_the_scene_json_renders_to_the_same_pixels(rows: dict[str, Rows], renderer: Renderer) -> None:
    for row in (rows["sim-room"][3], rows["sim-bathroom"][5]):
        edited = from_json(row["scene"])
        for scene, name in ((edited.source, "source_image"), (edited.target, "target_image")):
            stored = np.asarray(Image.open(io.BytesIO(row[name]["bytes"])))
            assert np.array_equal(renderer.render(scene, want=("rgb",)).rgb, stored), (row["id"], name)


def test_a_row_depends_on_its_number_alone(rows: dict[str, Rows], renderer: Renderer) -> None:
    again = next(iter(generate_rows("sim-room", seed=0, start=4, stop=5, renderer=renderer)))
    assert again == rows["sim-room"][4]


def test_training_shares_nothing_with_the_tests(rows: dict[str, Rows]) -> None:
    def assets_of(row: dict[str, Any]) -> set[tuple[str, int]]:
        source = json.loads(row["scene"])["source"]
        return {(o["kind"], o["variant"]) for o in (*source["objects"], *source["fixtures"])}

    def views_of(row: dict[str, Any]) -> set[str]:
        document = json.loads(row["scene"])
        cameras = [document["source"]["camera"], document["camera"]]
        return {json.dumps(c["world_from_camera"]) for c in cameras if c is not None}

    train = rows["sim-train"]
    tests = [row for name, made in rows.items() if name != "sim-train" for row in made]
    for what in (assets_of, views_of, lambda row: {row["scene_id"]}):
        assert not set().union(*map(what, train)) & set().union(*map(what, tests))
    for name, made in rows.items():
        assert {variant for row in made for _, variant in assets_of(row)} <= set(CONFIGS[name].variants)
