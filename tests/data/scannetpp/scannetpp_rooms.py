"""Rooms of our own simulator written as ScanNet++ has its scenes: a phone's frames with cameras, a mesh with annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from gsi_bench_hf.data.scannetpp import Settings
from gsi_bench_hf.data.scannetpp.views import LEAST_PX
from gsi_bench_hf.perception.lifting.known import Known, KnownParts
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.layouts.scenes import Layout, sample_layout
from gsi_bench_hf.synth.operations import Proposal
from gsi_bench_hf.synth.render import Frame, Renderer
from gsi_bench_hf.synth.room_views import ranked_views
from gsi_bench_hf.synth.scene import Scene, SceneObject
from gsi_bench_hf.types import Camera, Sample

FINE_M = 0.12
SIZE = 0.75
SETTINGS = Settings(min_objects=3, frames_per_scene=2, edits_per_frame=3)
AS_ARGUMENTS = ("--min-objects", "3", "--frames-per-scene", "2", "--edits-per-frame", "3")


@dataclass(frozen=True, eq=False)
class Room:
    """What was written: the room, and what the phone really saw, by frame name."""

    id: str
    layout: Layout
    views: dict[str, Scene]
    frames: dict[str, Frame]

    def object_id(self, item: SceneObject) -> int:
        return 1 + (*self.layout.fixtures, *self.layout.objects).index(item)


@dataclass(frozen=True, eq=False)
class Rooms:
    """A copy of ScanNet++."""

    root: Path
    by_id: dict[str, Room]

    def shown(self, row: dict) -> tuple[Room, Scene, Frame]:
        """The room, the true scene and the rendered frame of a candidate."""
        scene_id, _, name = row["scene_id"].partition("_")
        room = self.by_id[scene_id]
        return room, room.views[name], room.frames[name]


def true_target(rooms: Rooms, row: Mapping[str, Any]) -> tuple[SceneObject, Scene, Frame]:
    """The object that a candidate is about, as it was rendered: ids end in the annotation's number."""
    room, scene, frame = rooms.shown(row)
    number = int(row["target"]["instance_id"].rpartition("-")[2])
    return (*room.layout.fixtures, *room.layout.objects)[number - 1], scene, frame


def true_change(row: Mapping[str, Any], item: SceneObject, scene: Scene) -> Proposal:
    """The change of the true object that a candidate asks for."""
    edit, pose = Sample(row).edit, scene.camera.world_from_camera[:3, :3]
    if edit.new_box is None:
        return Proposal(row["operation"], item.instance_id, None)
    turn = pose @ edit.new_box.rotation @ edit.original_box.rotation.T @ pose.T
    shift_m = pose @ (edit.new_box.center_m - edit.original_box.center_m)
    moved = replace(item, position_m=item.position_m + shift_m, rotation=turn @ item.rotation)
    return Proposal(row["operation"], item.instance_id, moved)


def known(scene: Scene, frame: Frame) -> Known:
    """What a perfect detector would see in a frame."""
    masks = np.array([frame.segmentation == number for number in range(1, len(scene.objects) + 1)])
    masks[np.count_nonzero(masks, axis=(1, 2)) < LEAST_PX] = False
    return Known(tuple(item.label for item in scene.objects), masks, frame.depth_m)


def photographs_known(rooms: Rooms) -> KnownParts:
    """Boxes, masks and depth of every photograph, from the renderer instead of from networks."""
    parts = KnownParts("fed by the renderer")
    for room in rooms.by_id.values():
        for name, frame in room.frames.items():
            file = rooms.root / "data" / room.id / "iphone" / "rgb" / f"{name}.jpg"
            parts.tell(Image.open(file).convert("RGB"), known(room.views[name], frame))
    return parts


def sampled_layout(room_type: str, seed: int) -> Layout:
    for attempt in range(40):
        layout = sample_layout("room", rng=np.random.default_rng([seed, attempt]), room_type=room_type)
        if layout is not None:
            return layout
    raise AssertionError("no layout")


def write_room(root: Path, scene_id: str, layout: Layout, renderer: Renderer, *, views: int = 2, seed: int = 0) -> Room:
    """A scene with its best `views` as sharp frames 0, 20, …, then a blurred one, one without a pose, one between twenties."""
    rng = np.random.default_rng(seed)
    cameras = [scaled(camera, SIZE) for camera in ranked_views(layout, renderer, rng=rng)[:views]]
    assert len(cameras) == views
    whole = Scene(layout.environment, layout.fixtures, layout.objects, layout.lights, layout.ambient, cameras[0])
    names = [f"frame_{20 * i:06d}" for i in range(views)]
    shown = {name: whole.with_camera(camera) for name, camera in zip(names, cameras, strict=True)}
    frames = {name: renderer.render(scene) for name, scene in shown.items()}
    pictures = {name: frame.rgb for name, frame in frames.items()}
    poses = {name: entry(scene.camera) for name, scene in shown.items()}
    first = pictures[names[0]]
    blurred, lost, between = (f"frame_{number:06d}" for number in (20 * views, 20 * views + 20, 10))
    pictures |= {blurred: moved_while_open(first), lost: first, between: first}
    poses |= {blurred: poses[names[0]], between: poses[names[0]], lost: {"intrinsic": poses[names[0]]["intrinsic"]}}
    folder = root / "data" / scene_id
    (folder / "iphone" / "rgb").mkdir(parents=True)
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / "iphone" / "rgb" / f"{name}.jpg", quality=95)
    (folder / "iphone" / "pose_intrinsic_imu.json").write_text(json.dumps(dict(sorted(poses.items()))))
    write_scan(folder / "scans", (*layout.fixtures, *layout.objects), rng=rng)
    return Room(scene_id, layout, shown, frames)


def entry(camera: Camera) -> dict:
    return {
        "timestamp": 0.0,
        "pose": np.eye(4).tolist(),
        "intrinsic": camera.intrinsics.tolist(),
        "aligned_pose": camera.world_from_camera.tolist(),
    }


def moved_while_open(picture: np.ndarray) -> np.ndarray:
    """What a hand that moves makes of it: smeared over 25 pixels."""
    kernel = np.zeros((25, 25), np.float32)
    kernel[np.arange(25), np.arange(25)] = 1.0 / 25.0
    return cv2.filter2D(picture, -1, kernel)


def write_scan(folder: Path, items: Sequence[SceneObject], *, rng: np.random.Generator) -> None:
    """The mesh and its annotations; every part of a thing is a segment, numbered with gaps, the vertices 1 mm off."""
    folder.mkdir(parents=True)
    vertices, faces, segments, groups, start, segment = [], [], [], [], 0, 3
    for number, item in enumerate(items, start=1):
        own = []
        for part in assets.build_asset(item.kind, item.variant).parts:
            points, triangles = tessellated(part.vertices_m * item.scale, part.faces)
            vertices.append(points @ item.rotation.T + item.position_m)
            faces.append(triangles + start)
            segments += [segment] * len(points)
            own.append(segment)
            start, segment = start + len(points), segment + 2
        groups.append({"id": number, "objectId": number, "label": item.label, "segments": own, "obb": {}})
    points = np.concatenate(vertices)
    write_ply(folder / "mesh_aligned_0.05.ply", points + rng.normal(0.0, 0.001, points.shape), np.concatenate(faces))
    (folder / "segments.json").write_text(json.dumps({"sceneId": "x", "segIndices": segments}))
    (folder / "segments_anno.json").write_text(json.dumps({"sceneId": "x", "segGroups": groups}))


def tessellated(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The triangles, the large ones cut until no side is longer than `FINE_M`, as a scan has none across a wall."""
    corners = points[faces]
    large = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2).max(axis=1) > FINE_M
    small, left, done = faces[~large], corners[large], []
    while len(left):
        sides = np.linalg.norm(left - np.roll(left, -1, axis=1), axis=2)
        still = sides.max(axis=1) > FINE_M
        done.append(left[~still])
        rows, longest = np.arange(int(still.sum())), sides[still].argmax(axis=1)
        a, b, c = (left[still][rows, (longest + k) % 3] for k in range(3))
        half = (a + b) / 2.0
        left = np.concatenate([np.stack([a, half, c], 1), np.stack([half, b, c], 1)])
    cut = np.concatenate([np.zeros((0, 3, 3)), *done]).reshape(-1, 3)
    numbers = np.arange(len(cut)).reshape(-1, 3) + len(points)
    return np.concatenate([points, cut]), np.concatenate([small, numbers])


def write_ply(path: Path, vertices: np.ndarray, faces: np.ndarray) -> None:
    """Binary, with colours, as the data set's own."""
    head = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    own = np.zeros(len(vertices), np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)]))
    own["xyz"] = vertices
    corners = np.zeros(len(faces), np.dtype([("count", "u1"), ("corners", "<i4", 3)]))
    corners["count"], corners["corners"] = 3, faces
    path.write_bytes(head.encode() + own.tobytes() + corners.tobytes())


def scaled(camera: Camera, factor: float) -> Camera:
    k = np.diag([factor, factor, 1.0]) @ camera.intrinsics
    return replace(camera, intrinsics=k, width=round(camera.width * factor), height=round(camera.height * factor))
