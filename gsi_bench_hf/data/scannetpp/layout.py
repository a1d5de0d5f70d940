"""A copy of ScanNet++ on disk: its scenes, and the frames of each scene's phone video with their cameras.

What is read of `<root>/data/<scene>/`: `iphone/pose_intrinsic_imu.json` (per frame `aligned_pose`, 4x4 world-from-camera in OpenCV's
axes, the world that of the mesh, z up, and `intrinsic`, 3x3), `iphone/rgb/frame_*.jpg` or the video they are extracted from, and what
`mesh` reads of `scans/`. The names are those of the data set's own toolbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from gsi_bench_hf.registry import did_you_mean
from gsi_bench_hf.types import Camera, Float

POSES = Path("iphone", "pose_intrinsic_imu.json")
IMAGES = Path("iphone", "rgb")
VIDEOS = (Path("iphone", "rgb.mkv"), Path("iphone", "rgb.mp4"))
_SUFFIXES = (".jpg", ".jpeg", ".png")
_ORTHONORMAL = 1e-3


class ScanNetppError(ValueError):
    """A copy of ScanNet++ lacks something or holds something else; the message says which file, and what was expected."""


@dataclass(frozen=True, eq=False)
class SceneFolder:
    """A scene of the data set."""

    id: str
    path: Path


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame of a scene whose camera is known, not opened yet.

    Attributes:
        scene_id: of its scene.
        name: "frame_000120".
        number: 120, its place in the video.
        image: the picture's file; None where it is a frame of `video`.
        video: see `image`.
        intrinsics: (3, 3) pixels of the picture at its full size.
        world_from_camera: (4, 4) metres.
    """

    scene_id: str
    name: str
    number: int
    image: Path | None
    video: Path | None
    intrinsics: Float
    world_from_camera: Float

    def camera(self, width: int, height: int) -> Camera:
        """The camera of the picture, which has that size. Raises ScanNetppError where its intrinsics are those of another size."""
        cx, cy = self.intrinsics[0, 2] / width, self.intrinsics[1, 2] / height
        if not (0.3 < cx < 0.7 and 0.3 < cy < 0.7):
            raise ScanNetppError(
                f"{self.scene_id}/{self.name}: the principal point is at {cx:.2f}, {cy:.2f} of the picture's {width}x{height} "
                "pixels, expected about the middle; the picture must have the size that its intrinsics are for"
            )
        return Camera(self.intrinsics, self.world_from_camera, width, height)


def scenes_in(root: Path, only: Sequence[str] = ()) -> list[SceneFolder]:
    """The scenes below `root` that have a phone video's cameras, by id.

    Args:
        root: the data set's folder, its `data` folder, or one scene.
        only: ids of those wanted; all by default.

    Raises:
        ScanNetppError: there is none, or one that is wanted is missing.
    """
    places = [root] if (root / POSES).is_file() else [p.parents[1] for p in sorted(root.glob(f"data/*/{POSES}"))]
    places = places or [p.parents[1] for p in sorted(root.glob(f"*/{POSES}"))]
    if not places:
        raise ScanNetppError(
            f"{root} holds no scene of ScanNet++, expected {root}/data/<scene>/{POSES}; give the folder that has `data` in it"
        )
    found = {place.name: SceneFolder(place.name, place) for place in places}
    for name in only:
        if name not in found:
            raise ScanNetppError(f"{root} has no scene {name!r}.{did_you_mean(name, found)} It has {len(found)} scenes")
    return [found[name] for name in (only or found)]


def shots_of(scene: SceneFolder, every: int) -> tuple[list[Shot], int]:
    """Every `every`-th frame of a scene's video that has a camera and a picture, in order.

    A video has more frames than have cameras (not every one could be registered), so the frame's number counts, not its place in a
    list.

    Returns:
        The frames, and how many more of those numbers have no usable camera.

    Raises:
        ScanNetppError: the file of cameras can't be read, or there are no pictures at all.
    """
    poses = _read_json(scene.path / POSES)
    pictures = _pictures(scene)
    shots, without = [], 0
    for name in sorted(poses):
        number = int(name.rpartition("_")[2]) if name.rpartition("_")[2].isdigit() else -1
        if number < 0 or number % every or (pictures is not None and name not in pictures):
            continue
        camera = _camera(poses[name])
        if camera is None:
            without += 1
            continue
        image = None if pictures is None else pictures[name]
        shots.append(Shot(scene.id, name, number, image, _video(scene) if image is None else None, *camera))
    return shots, without


def pictures_of(shots: Sequence[Shot]) -> Iterator[tuple[Shot, Image.Image]]:
    """The frames with their pictures, RGB, in order; of a video, each is decoded once.

    Raises:
        ScanNetppError: a picture can't be read, or the video ends before it.
    """
    video, at = None, 0
    for shot in shots:
        if shot.image is not None:
            yield shot, open_picture(shot.image)
            continue
        if video is None:
            video = cv2.VideoCapture(str(shot.video))
        while at <= shot.number:
            if not video.grab():
                raise ScanNetppError(f"{shot.video} ends before frame {shot.number}, which {POSES} has a camera for")
            at += 1
        _, picture = video.retrieve()
        yield shot, Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))


def _pictures(scene: SceneFolder) -> dict[str, Path] | None:
    """The picture files by frame; None where there is a video instead."""
    folder = scene.path / IMAGES
    found = {p.stem: p for p in sorted(folder.glob("*")) if p.suffix.lower() in _SUFFIXES}
    if not found and _video(scene) is None:
        raise ScanNetppError(
            f"{scene.path} has neither {IMAGES}/frame_*.jpg nor {VIDEOS[0]}; download the phone's video of the scene"
        )
    return found or None


def _video(scene: SceneFolder) -> Path | None:
    return next((scene.path / video for video in VIDEOS if (scene.path / video).is_file()), None)


def open_picture(path: Path) -> Image.Image:
    """The picture of a file, RGB. Raises ScanNetppError where it is none."""
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise ScanNetppError(f"{path} can't be read as an image: {error}") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScanNetppError(f"{path} can't be read: {error}") from error
    if not isinstance(content, dict):
        raise ScanNetppError(f"{path} holds a {type(content).__name__}, expected an object")
    return content


def _camera(entry: Any) -> tuple[Float, Float] | None:
    """`intrinsic` and `aligned_pose` of a frame's entry; None where they are missing or no pinhole camera and no rigid pose."""
    try:
        intrinsics = np.array(entry["intrinsic"], dtype=np.float64).reshape(3, 3)
        pose = np.array(entry["aligned_pose"], dtype=np.float64).reshape(4, 4)
    except (KeyError, TypeError, ValueError):
        return None
    turn = pose[:3, :3]
    rigid = np.isfinite(pose).all() and np.abs(turn @ turn.T - np.eye(3)).max() < _ORTHONORMAL
    if not rigid or not np.isfinite(intrinsics).all() or intrinsics[0, 0] <= 0.0 or intrinsics[1, 1] <= 0.0:
        return None
    return intrinsics, pose
