import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf.geometry import project_points, rotation_angle, rotation_y
from gsi_bench_hf.instructions import InstructionError, ParsedEdit
from gsi_bench_hf.pipelines import _warp, load_editor
from gsi_bench_hf.pipelines.paste import Cutout, paste
from gsi_bench_hf.types import Box3D, Sample

K = np.array([[500.0, 0.0, 128.0], [0.0, 500.0, 128.0], [0.0, 0.0, 1.0]])
BOX = Box3D(np.array([0.0, 0.1, 1.1]), np.array([0.2, 0.1, 0.2]), np.eye(3))


def tilted(yaw_deg=25.0, pitch_deg=35.0):
    """A box on a table that is seen from above."""
    c, s = np.cos(np.deg2rad(pitch_deg)), np.sin(np.deg2rad(pitch_deg))
    camera_from_level = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return Box3D(
        np.array([0.05, 0.1, 1.2]), np.array([0.2, 0.12, 0.15]), camera_from_level @ rotation_y(np.deg2rad(yaw_deg))
    )


def edit(sample, prompt=None, **changes):
    changed = Sample({**sample.row, **changes})
    editor = load_editor("paste")
    return np.asarray(editor(image=sample.source_image, prompt=prompt or sample.instruction, sample=changed).images[0])


def rmse(a, b, region):
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    return float(np.sqrt((difference[region] ** 2).mean()))


@pytest.mark.parametrize(
    ("direction", "axis", "sign"), [("left", 0, -1), ("right", 0, 1), ("towards", 2, -1), ("away", 2, 1)]
)
def test_moves_go_along_the_support(direction, axis, sign):
    box = tilted()
    shift = _warp.moved(box, direction, 0.1).center_m - box.center_m
    assert np.linalg.norm(shift) == pytest.approx(0.1)
    assert shift @ box.rotation[:, 1] == pytest.approx(0.0, abs=1e-12)
    assert sign * shift[axis] > 0.05


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="direction is 'up', expected one of left, right, towards, away"):
        _warp.moved(BOX, "up", 0.1)


def test_scaling_keeps_the_base():
    box = tilted()
    large = _warp.scaled(box, 2.0)
    base = [b.center_m + b.rotation[:, 1] * b.extents_m[1] / 2 for b in (box, large)]
    assert base[0] == pytest.approx(base[1])
    assert large.extents_m == pytest.approx(2 * box.extents_m)


def test_turning_keeps_the_place_and_the_vertical():
    box = tilted()
    other = _warp.turned(box, "clockwise", 90.0)
    assert other.center_m == pytest.approx(box.center_m)
    assert other.rotation[:, 1] == pytest.approx(box.rotation[:, 1])
    assert np.rad2deg(rotation_angle(box.rotation, other.rotation)) == pytest.approx(90.0)


def test_a_ray_enters_the_box_where_it_should():
    """The front face is at z = 1.0, x from -0.1 to 0.1: a ray through x = 0.05 there enters at a quarter of the width."""
    directions = np.array([[0.05, 0.1, 1.0], [0.5, 0.1, 1.0]])
    points, axis, hit = _warp.box_entry(directions, BOX)
    assert hit.tolist() == [True, False]
    assert points[0] == pytest.approx([0.25, 0.0, -0.5])
    assert axis[0] == 2


def test_a_shift_on_the_front_face_is_focal_length_times_distance_over_depth():
    """0.04 m to the right at depth 1.0 is 500 · 0.04 / 1.0 = 20 px: a pixel of the result comes from 20 px to its left."""
    pixels = np.array([[150.0, 178.0], [160.0, 170.0]])
    found = _warp.source_pixels(pixels, BOX, _warp.moved(BOX, "right", 0.04), K, keep_faces=True)
    assert found == pytest.approx(pixels - [20.0, 0.0])


@pytest.mark.parametrize("keep_faces", [True, False])
def test_nothing_asked_nothing_changed(keep_faces):
    box = tilted()
    pixels = project_points(box.center_m[None] + np.random.default_rng(0).normal(0, 0.02, (50, 3)), K)
    found = _warp.source_pixels(pixels, box, box, K, keep_faces=keep_faces)
    assert found == pytest.approx(pixels)


def test_hidden_faces_take_their_texture_from_those_that_are_seen():
    box = tilted()
    seen = _warp.facing(box) > 0.15
    rng = np.random.default_rng(1)
    points = rng.uniform(-0.5, 0.5, (400, 3))
    axis = rng.choice([0, 2], 400)
    rows = np.arange(400)
    points[rows, axis] = np.sign(points[rows, axis]) * 0.5
    textured = _warp.textured_points(points, axis, box)
    on_face = np.abs(np.abs(textured[:, [0, 2]]) - 0.5) < 1e-12
    side = (textured[:, [0, 2]] > 0).astype(int)
    visible = seen[[0, 2]][[0, 1], side]
    assert (on_face & visible).any(axis=1).all()
    assert textured[:, 1] == pytest.approx(points[:, 1])
    untouched = seen[axis, (points[rows, axis] > 0).astype(int)]
    assert textured[untouched] == pytest.approx(points[untouched])


def test_a_box_fills_its_outline_and_a_ball_does_not():
    v, u = np.mgrid[0:256, 0:256] + 0.5
    _, _, hit = _warp.box_entry(_warp.rays(np.stack([u, v], axis=-1).reshape(-1, 2), K), tilted())
    whole = hit.reshape(256, 256)
    assert _warp.fills_its_box(whole, tilted(), K)
    center = project_points(tilted().center_m[None], K)[0]
    ball = whole & (np.hypot(u - center[0], v - center[1]) < np.sqrt(whole.sum() / np.pi) * 0.8)
    assert not _warp.fills_its_box(ball, tilted(), K)


def test_a_picture_is_squeezed_from_the_old_bounds_to_the_new_ones():
    """BOX is 0.2 wide and as deep: its front spans 78 to 178 px at z = 1.0. Half as wide a box there spans 103 to 153 px."""
    narrow = Box3D(BOX.center_m, BOX.extents_m * [0.5, 1.0, 1.0], BOX.rotation)
    pixels = np.array([[103.0, 160.0], [128.0, 160.0], [140.5, 160.0], [100.0, 160.0]])
    plain = _warp.squeezed_pixels(pixels, BOX, narrow, K, mirrored=False)
    assert plain[:3, 0] == pytest.approx([78.0, 128.0, 153.0])
    assert plain[:3, 1] == pytest.approx([160.0] * 3)
    assert np.isnan(plain[3]).all()
    mirrored = _warp.squeezed_pixels(pixels, BOX, narrow, K, mirrored=True)
    assert mirrored[:3, 0] == pytest.approx([178.0, 128.0, 103.0])


def flat_scene(**changes):
    """A red square, the front of BOX, on grey."""
    image = np.full((256, 256, 3), 128, dtype=np.uint8)
    mask = np.zeros((256, 256), dtype=bool)
    mask[153:203, 78:178] = True
    image[mask] = (200, 30, 30)
    given = {"image": image, "mask": mask, "layers": np.zeros((0, 256, 256), dtype=bool), "depths_m": np.zeros(0)}
    return Cutout(**(given | changes), box=BOX, intrinsics=K)


def red(image):
    return (image[..., 0] > 160) & (image[..., 1] < 80)


def test_a_square_moves_by_20_pixels():
    edited = paste(flat_scene(), ParsedEdit("move", "square", "right", distance_m=0.04))
    v, u = np.nonzero(red(edited))
    assert (u.min(), u.max(), v.min(), v.max()) == (98, 197, 153, 202)
    edited[152:204, 97:199] = 128  # with its soft edge
    assert np.abs(edited.astype(int) - 128).max() <= 1


def test_a_square_is_placed_beside_another_thing_and_on_what_that_stands_on():
    down = BOX.rotation[:, 1]
    other = Box3D(
        BOX.center_m + np.array([0.06, 0.0, 0.0]) - 0.02 * down, BOX.extents_m - [0.0, 0.04, 0.0], BOX.rotation
    )
    place = ParsedEdit("place", "square", distance_m=0.1, relation="left of", reference="thing")
    edited = paste(
        flat_scene(reference=other), place
    )  # 4 cm to the left, and 4 cm up: the thing is less tall but as high
    v, u = np.nonzero(red(edited))
    assert (u.min(), u.max(), v.min(), v.max()) == (58, 157, 133, 182)


def test_a_removed_square_is_gone():
    edited = paste(flat_scene(), ParsedEdit("remove", "square"))
    assert np.abs(edited.astype(int) - 128).max() <= 1


def test_what_stands_nearer_stays_in_front_and_what_stands_farther_is_covered():
    layer = np.zeros((256, 256), dtype=bool)
    layer[140:210, 185:215] = True
    image = flat_scene().image.copy()
    image[layer] = (20, 20, 220)
    move = ParsedEdit("move", "square", "right", distance_m=0.04)
    for depth_m, covered in ((0.9, 0), (1.5, (198 - 185) * (203 - 153))):
        edited = paste(flat_scene(image=image, layers=layer[None], depths_m=np.array([depth_m])), move)
        assert red(edited)[layer].sum() == pytest.approx(covered, rel=0.02)


@pytest.mark.parametrize("operation", ["move", "scale", "rotate", "remove"])
def test_it_comes_nearer_to_the_truth_than_the_source_does(samples, operation):
    sample = samples[operation]
    number = [o.instance_id for o in sample.objects].index(sample.target_id) + 1
    region = sample.target_mask | (sample.target_segmentation == number)
    before = rmse(sample.source_image, sample.target_image, region)
    # A turn by pasting is a guess at what was hidden; no more is asked of it than that the picture stays whole.
    bound = 1.5 * before if operation == "rotate" else 0.6 * before
    assert rmse(edit(sample), sample.target_image, region) < bound
    far = ~region
    assert rmse(edit(sample), sample.target_image, far) < 15.0


@pytest.mark.parametrize("operation", ["move", "rotate", "scale", "remove"])
def test_chinese_does_the_same_as_english(samples, operation):
    sample = samples[operation]
    assert np.array_equal(edit(sample, sample.row["instruction_zh"]), edit(sample))


@pytest.mark.parametrize("operation", ["move", "rotate", "scale", "remove"])
def test_it_does_not_look_at_the_answer(samples, operation):
    sample = samples[operation]
    garbled = {k: sample.row["edit"][k] for k in ("original_bbox_3d", "rotation_matrix")}
    for hidden in (
        "new_bbox_3d",
        "new_rotation_matrix",
        "direction",
        "distance_m",
        "angle_deg",
        "factor",
        "camera_motion",
    ):
        garbled[hidden] = "garbage"
    blind = edit(
        sample,
        prompt=sample.instruction,
        edit=garbled,
        target_image="garbage",
        target_objects="garbage",
        target_segmentation="garbage",
        depth="garbage",
        scene="garbage",
        operation="garbage",
    )
    assert np.array_equal(blind, edit(sample))


def test_it_follows_the_prompt_and_not_the_record(samples):
    sample = samples["move"]
    left, right = (edit(sample, f"Move the {sample.target_label} 8 cm to the {side}.") for side in ("left", "right"))
    assert not np.array_equal(left, right)


@pytest.mark.parametrize(
    ("prompt", "error", "message"),
    [
        ("Do something nice.", InstructionError, "can't read the instruction 'Do something nice.'"),
        ("Place the mug on the shelf, right in the middle.", ValueError, "editor 'paste' can't do.*what a surface is"),
        ("Move the camera 10 cm forward.", ValueError, "the record has no depth"),
        ("Move the mug 300 cm closer to the camera.", ValueError, "takes the target behind the camera"),
    ],
)
def test_prompts_it_can_not_follow(samples, prompt, error, message):
    with pytest.raises(error, match=message):
        edit(samples["move"], prompt, depth=None)


def test_a_record_without_mask_or_box(samples):
    row = samples["move"].row
    with pytest.raises(ValueError, match=rf"record {row['id']}: target.mask is null"):
        edit(samples["move"], target={**row["target"], "mask": None})
    with pytest.raises(ValueError, match=r"edit.original_bbox_3d or edit.rotation_matrix is null"):
        edit(samples["move"], edit={**row["edit"], "original_bbox_3d": None})


def test_without_a_segmentation_nothing_is_kept_in_front(samples):
    edited = edit(samples["move"], segmentation=None)
    assert edited.shape == np.asarray(samples["move"].source_image).shape
    assert isinstance(Image.fromarray(edited), Image.Image)
