from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scannetpp_rooms import entry, write_ply

from gsi_bench_hf.data.scannetpp.layout import ScanNetppError, pictures_of, scenes_in, shots_of
from gsi_bench_hf.data.scannetpp.mesh import read_ply, read_room
from gsi_bench_hf.synth.scene import look_at, pinhole
from gsi_bench_hf.types import Camera

CAMERA = Camera(pinhole(64, 48, 50.0), look_at(np.array([0.0, -2.0, 1.5]), np.zeros(3)), 64, 48)


def gray(number: int) -> Image.Image:
    return Image.new("RGB", (64, 48), (number, number, number))


def scene(root: Path, name: str = "a1b2", numbers: tuple[int, ...] = (0, 10, 20, 40)) -> Path:
    """A scene of pictures as bright as their numbers; the camera of 40 was not registered, and 60 has no picture."""
    folder = root / "data" / name
    (folder / "iphone" / "rgb").mkdir(parents=True)
    for number in numbers:
        gray(number).save(folder / "iphone" / "rgb" / f"frame_{number:06d}.jpg", quality=95)
    poses = {f"frame_{number:06d}": entry(CAMERA) for number in (*numbers, 60)}
    poses.get("frame_000040", {}).pop("aligned_pose", None)
    (folder / "iphone" / "pose_intrinsic_imu.json").write_text(json.dumps(poses))
    return folder


def test_every_twentieth_frame_that_has_a_camera_and_a_picture(tmp_path):
    scene(tmp_path)
    (found,) = scenes_in(tmp_path)
    shots, without = shots_of(found, 20)
    assert [shot.name for shot in shots] == ["frame_000000", "frame_000020"]
    assert without == 1
    brightness = [np.asarray(picture).mean() for _, picture in pictures_of(shots)]
    assert brightness == pytest.approx([0.0, 20.0], abs=1.0)
    assert shots[1].camera(64, 48).world_from_camera == pytest.approx(CAMERA.world_from_camera)


def test_a_video_gives_the_frames_of_their_numbers(tmp_path):
    folder = scene(tmp_path, numbers=())
    poses = {f"frame_{number:06d}": entry(CAMERA) for number in (0, 4, 7)}
    (folder / "iphone" / "pose_intrinsic_imu.json").write_text(json.dumps(poses))
    video = cv2.VideoWriter(str(folder / "iphone" / "rgb.mkv"), cv2.VideoWriter_fourcc(*"MJPG"), 60.0, (64, 48))
    for number in range(6):
        video.write(np.asarray(gray(40 * number)))
    video.release()
    shots, _ = shots_of(scenes_in(tmp_path)[0], 4)
    assert [np.asarray(p).mean() for _, p in pictures_of(shots)] == pytest.approx([0.0, 160.0], abs=3.0)
    late, _ = shots_of(scenes_in(tmp_path)[0], 7)
    with pytest.raises(ScanNetppError, match=r"rgb\.mkv ends before frame 7, which .* has a camera for"):
        list(pictures_of(late))


def test_the_root_may_be_the_data_folder_or_one_scene(tmp_path):
    folder = scene(tmp_path)
    scene(tmp_path, "c3d4")
    assert [s.id for s in scenes_in(tmp_path)] == [s.id for s in scenes_in(tmp_path / "data")] == ["a1b2", "c3d4"]
    assert [s.id for s in scenes_in(folder)] == ["a1b2"]
    assert [s.id for s in scenes_in(tmp_path, ["c3d4"])] == ["c3d4"]


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(
        ScanNetppError, match=r"holds no scene of ScanNet\+\+, expected .*data/<scene>/iphone/pose_intr"
    ):
        scenes_in(tmp_path)
    folder = scene(tmp_path, numbers=())
    with pytest.raises(ScanNetppError, match=r"no scene 'a1b3'\. Did you mean 'a1b2'\?"):
        scenes_in(tmp_path, ["a1b3"])
    with pytest.raises(ScanNetppError, match=r"has neither iphone/rgb/frame_\*\.jpg nor iphone/rgb\.mkv; download"):
        shots_of(scenes_in(tmp_path)[0], 20)
    with pytest.raises(ScanNetppError, match=r"mesh_aligned_0\.05\.ply can't be read: No such file"):
        read_room(scenes_in(tmp_path)[0])
    (folder / "iphone" / "pose_intrinsic_imu.json").write_text("{")
    with pytest.raises(ScanNetppError, match=r"pose_intrinsic_imu\.json can't be read"):
        shots_of(scenes_in(tmp_path)[0], 20)


def test_a_picture_of_another_size_than_its_camera_is_refused(tmp_path):
    scene(tmp_path)
    (shot, *_), _ = shots_of(scenes_in(tmp_path)[0], 20)
    with pytest.raises(
        ScanNetppError, match=r"a1b2/frame_000000: the principal point is at 0\.25, 0\.25 of the picture's"
    ):
        shot.camera(128, 96)


def test_a_picture_that_is_none_is_named(tmp_path):
    folder = scene(tmp_path)
    (folder / "iphone" / "rgb" / "frame_000020.jpg").write_bytes(b"\xff\xd8\xff no more")
    shots, _ = shots_of(scenes_in(tmp_path)[0], 20)
    with pytest.raises(ScanNetppError, match=r"frame_000020\.jpg can't be read as an image"):
        list(pictures_of(shots))


VERTICES = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.25], [0.0, 1.0, 0.5], [1.0, 1.0, 2.0]])
FACES = np.array([[0, 1, 2], [2, 1, 3]])


def test_ascii_and_binary_meshes_are_the_same(tmp_path):
    write_ply(tmp_path / "binary.ply", VERTICES, FACES)
    lines = [" ".join(map(str, v)) for v in VERTICES.tolist()] + [f"3 {a} {b} {c}" for a, b, c in FACES.tolist()]
    head = "ply\nformat ascii 1.0\nelement vertex 4\nproperty double x\nproperty double y\nproperty double z\n"
    head += "element face 2\nproperty list uchar int vertex_indices\nend_header\n"
    (tmp_path / "ascii.ply").write_text(head + "\n".join(lines) + "\n")
    for name in ("binary.ply", "ascii.ply"):
        vertices, faces = read_ply(tmp_path / name)
        assert np.array_equal(vertices, VERTICES)
        assert np.array_equal(faces, FACES)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-5], r"it ends after 21 of 26 bytes"),
        (lambda data: b"solid " + data, "no header"),
        (lambda data: data[:-26] + b"\x04" + data[-25:], "it has faces that are no triangles"),
        (lambda data: data[:-1] + b"\x7f", "its faces name vertices that it does not have"),
    ],
)
def test_a_damaged_mesh_is_refused(tmp_path, damage, message):
    path = tmp_path / "mesh.ply"
    write_ply(path, VERTICES, FACES)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ScanNetppError, match=rf"mesh\.ply is no mesh in PLY \({message}"):
        read_ply(path)


def test_annotations_are_laid_on_the_vertices(tmp_path):
    folder = scene(tmp_path)
    scans = folder / "scans"
    scans.mkdir()
    write_ply(scans / "mesh_aligned_0.05.ply", VERTICES, FACES)
    (scans / "segments.json").write_text(json.dumps({"segIndices": [7, 7, 3, 9]}))
    groups = [
        {"objectId": 12, "label": " Coffee  Table", "segments": [7, 400]},
        {"objectId": 4, "label": "mug", "segments": [3]},
    ]
    (scans / "segments_anno.json").write_text(json.dumps({"segGroups": groups}))
    room = read_room(scenes_in(tmp_path)[0])
    assert room.owners.tolist() == [12, 12, 4, 0]
    assert room.labels == {12: "coffee table", 4: "mug"}
    assert room.face_owners.tolist() == [12, 4], "two corners of three, else the first corner's"
    (scans / "segments.json").write_text(json.dumps({"segIndices": [7, 7, 3]}))
    with pytest.raises(ScanNetppError, match="has 3 segIndices and the mesh 4 vertices, expected as many"):
        read_room(scenes_in(tmp_path)[0])
    (scans / "segments_anno.json").write_text(json.dumps({"groups": groups}))
    (scans / "segments.json").write_text(json.dumps({"segIndices": [7, 7, 3, 9]}))
    with pytest.raises(ScanNetppError, match=r"segments_anno\.json has no 'segGroups'"):
        read_room(scenes_in(tmp_path)[0])
