"""The second stage of the filter, labels of what is out of view, and difficulty."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from furnished import DESK, SHELF, camera, on, room, things

from gsi_bench_hf.synth.checks import Kept, Seen, Stage
from gsi_bench_hf.synth.difficulty import difficulty
from gsi_bench_hf.synth.filters import GeometryJudge, Pair, is_floating, is_merged, view_reason
from gsi_bench_hf.synth.labels import clipped_bounds, edit_record, object_records
from gsi_bench_hf.synth.operations.base import Proposal
from gsi_bench_hf.synth.operations.move import moved
from gsi_bench_hf.synth.operations.view import camera_motion, moved_camera, turned_camera
from gsi_bench_hf.synth.render import Frame, Renderer, load_renderer
from gsi_bench_hf.synth.scene import EditedScene, Scene, look_at, object_box
from gsi_bench_hf.types import Camera


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = load_renderer("mujoco")
    yield made
    made.close()


def judged(renderer: Renderer, scene: Scene, target_id: str, operation: str = "move") -> str | None:
    frame = renderer.render(scene, want=("rgb", "depth", "segmentation"))
    return GeometryJudge()(Pair(operation, "", target_id, EditedScene(scene), frame, frame))


def lifted(scene: Scene, instance_id: str, shift_m: tuple[float, float, float]) -> Scene:
    item = scene.object(instance_id)
    return scene.with_object(dataclasses.replace(item, position_m=item.position_m + np.array(shift_m)))


def test_what_stands_free_is_not_refused(renderer):
    scene = room(*things())
    for item in scene.objects:
        assert judged(renderer, scene, item.instance_id) is None, item.instance_id


def test_what_hangs_in_the_air_is_refused(renderer):
    scene = room(*things())
    assert judged(renderer, lifted(scene, "mug-1", (0.0, 0.0, 0.1)), "mug-1") == "floating"
    # A camera below the base can't tell.
    high = lifted(scene, "mug-1", (0.0, 0.0, 1.2))
    frame = renderer.render(high, want=("depth", "segmentation"))
    assert not is_floating(high, high.object("mug-1"), frame.segmentation == 1, frame.depth_m)


def test_what_is_in_another_thing_is_refused(renderer):
    scene = room(*things())
    toward_m = scene.object("box-1").position_m - scene.object("mug-1").position_m
    into = lifted(scene, "mug-1", tuple(toward_m * [0.9, 1.0, 0.0] - [0.0, 0.06, 0.0]))
    assert judged(renderer, into, "mug-1") == "in another thing"
    # In the picture it meets the box still, but stands before it.
    before = lifted(scene, "mug-1", tuple(toward_m * [0.9, 1.0, 0.0] - [0.0, 0.2, 0.0]))
    frame = renderer.render(before, want=("depth", "segmentation"))
    assert not is_merged(before, before.object("mug-1"), frame.segmentation, frame.depth_m)


def framed_half(scene: Scene) -> Camera:
    """The scene's camera turned until the middle of the mug is at the picture's edge."""
    seen = scene.camera
    x, _, z = object_box(scene.object("mug-1"), seen).center_m
    k = seen.intrinsics.copy()
    k[0, 2] = -k[0, 0] * x / z
    return dataclasses.replace(seen, intrinsics=k)


def test_what_the_frame_cuts_or_nothing_shows_is_refused(renderer):
    scene = room(*things())
    aside = scene.with_camera(framed_half(scene))
    assert judged(renderer, aside, "mug-1") == "cut by the frame"
    away = scene.with_camera(camera(point_m=(0.0, -3.0, 1.0)))
    assert judged(renderer, away, "mug-1") == "not to be seen"
    assert judged(renderer, scene.without("mug-1"), "mug-1", "remove") is None


def test_a_view_that_shows_the_same_is_refused():
    plain = np.full((48, 64, 3), 128, np.uint8)
    assert view_reason(plain, plain) == "too small a change"
    other = plain.copy()
    other[:24] = 180
    assert view_reason(plain, other) is None
    assert view_reason(plain, plain // 4) == "too dark"


def test_boxes_behind_the_camera_or_out_of_view_are_zeros():
    scene = room(*things())
    seen = scene.camera
    behind = dataclasses.replace(
        seen, world_from_camera=look_at(np.array([0.0, -1.0, 1.5]), np.array([0.0, -3.0, 1.0]))
    )
    for item in scene.objects:
        assert clipped_bounds(item, behind) == [0.0] * 4
        x1, y1, x2, y2 = clipped_bounds(item, seen)
        assert 0.0 <= x1 < x2 <= 640.0
        assert 0.0 <= y1 < y2 <= 480.0
    aside = turned_camera(turned_camera(seen, "left", 30.0), "left", 30.0)
    assert clipped_bounds(scene.object("vase-1"), aside) == [0.0] * 4


def test_a_box_that_reaches_behind_the_camera_is_bounded_by_its_part_in_front():
    near = dataclasses.replace(
        camera(), world_from_camera=look_at(np.array([0.0, 0.95, 0.9]), np.array([0.0, 3.0, 0.5]))
    )
    x1, y1, x2, y2 = clipped_bounds(DESK, near)  # the camera is over the desk
    assert (x1, x2, y2) == (0.0, 640.0, 480.0)
    assert 200.0 < y1 < 480.0


def test_labels_of_a_moved_camera_are_in_its_own_frame(renderer):
    scene = room(*things())
    after = turned_camera(scene.camera, "left", 30.0)
    proposal = Proposal("view", "mug-1", None, "left", angle_deg=30.0, camera=after)
    result = proposal.apply(scene).target
    segmentation = renderer.render(result, want=("segmentation",)).segmentation
    shown = np.bincount(segmentation.ravel(), minlength=len(scene.objects) + 1)[1:]
    seen = Seen(segmentation, {o.instance_id: int(n) for o, n in zip(scene.objects, shown, strict=True)})
    records = {r["instance_id"]: r for r in object_records(result, seen)}
    assert records["vase-1"]["bbox_2d"] == [0.0] * 4
    assert records["vase-1"]["visible_fraction"] == 0.0
    assert records["mug-1"]["visible_fraction"] > 0.0
    edit = edit_record(Kept(proposal, proposal.apply(scene), result, seen))
    shift_m, turn = camera_motion(scene.camera, after)
    assert edit["camera_motion"] == {"translation_m": shift_m.tolist(), "rotation": turn.tolist()}
    assert edit["new_bbox_3d"] is None
    back = turn @ np.array(records["mug-1"]["bbox_3d"][:3]) + shift_m
    assert np.allclose(back, edit["original_bbox_3d"][:3])


def kept(scene: Scene, proposal: Proposal, visible: float = 1.0) -> tuple[Kept, Seen]:
    """The edit as if all were seen, its target to the given part after."""
    edited = proposal.apply(scene)
    numbers = np.repeat(np.arange(len(scene.objects) + 1), 100).reshape(1, -1)
    before = Seen(numbers, {o.instance_id: 100 for o in scene.objects})
    alone = {**before.pixels_alone, proposal.target_id: round(100 / visible)}
    return Kept(proposal, edited, edited.target, Seen(numbers, alone)), before


def test_difficulty_counts_size_occlusion_clutter_and_change():
    mug = on(DESK, "mug", 0.0, 0.0)
    alone = room(mug, on(SHELF, "vase", 0.0, 0.0, level=1))
    close = alone.with_camera(camera((0.0, 0.45, 1.2), (0.0, 1.1, 0.8)))

    def move(scene: Scene, distance_m: float) -> Proposal:
        after = moved(scene.object("mug-1"), "left", distance_m, scene.camera)
        return Proposal("move", "mug-1", after, "left", distance_m=distance_m)

    assert difficulty(*kept(close, move(close, 0.2))) == "easy"
    assert difficulty(*kept(alone, move(alone, 0.2))) == "medium"  # small
    assert difficulty(*kept(close, move(close, 0.2), visible=0.7)) == "medium"
    assert difficulty(*kept(close, move(close, 0.1))) == "medium"
    assert difficulty(*kept(close, move(close, 0.1), visible=0.7)) == "hard"
    crowd = [
        on(DESK, "apple", x_m, y_m, number=i)
        for i, (x_m, y_m) in enumerate(((0.15, 0), (0.25, 0), (0, 0.15), (0.2, 0.1)))
    ]
    crowded = room(mug, *crowd).with_camera(close.camera)
    assert difficulty(*kept(crowded, move(crowded, 0.2))) == "medium"


def test_difficulty_of_views_grows_with_the_motion():
    scene = room(*things())
    near = Proposal("view", "mug-1", None, "left", distance_m=0.1, camera=moved_camera(scene.camera, "left", 0.1))
    far = Proposal("view", "mug-1", None, "left", angle_deg=30.0, camera=turned_camera(scene.camera, "left", 30.0))
    assert difficulty(*kept(scene, near)) == "easy"
    assert difficulty(*kept(scene, far)) == "medium"
    edit, before = kept(scene, far)
    gone = Seen(np.zeros((1, 1), np.int32), edit.seen.pixels_alone)
    assert difficulty(dataclasses.replace(edit, seen=gone), before) == "hard"


def test_a_judge_of_ones_own_is_asked_with_the_pair(renderer):
    from gsi_bench_hf.synth.pairs import make_pairs

    asked: list[Pair] = []

    def judge(pair: Pair) -> str | None:
        asked.append(pair)
        return "ugly"

    rejections: Counter[str] = Counter()
    made = make_pairs(room(*things()), renderer, ("move",), judge, rejections, rng=np.random.default_rng(0))
    assert made is None
    assert rejections["move: ugly"] == 1
    (pair,) = asked
    assert pair.operation == "move"
    assert pair.instruction
    assert isinstance(pair.target, Frame)
    assert pair.target.depth_m is not None
    assert Stage(pair.edited.source, renderer, rejections).stands
