"""What a finished pair of pictures is refused for, in two stages.

First what its pixels say: too dark, blown out, no difference to see (that the target is seen is checked before, in `checks`). Then
what a judge says who looks at the pair. The default one, `GeometryJudge`, needs no weights: it reads segmentation and depth. Any
callable of that shape takes its place, such as one that asks a multimodal model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import unproject_depth
from gsi_bench_hf.synth.operations.base import rests
from gsi_bench_hf.synth.render import Frame
from gsi_bench_hf.synth.scene import EditedScene, Float, Scene, SceneObject

Image8 = NDArray[np.uint8]

MIN_MEAN = 70.0
MAX_CLIPPED = 0.08
MAX_BLACK = 0.30
MIN_CHANGED_PX = 220
MIN_STEP = 20
MIN_VIEW_CHANGED = 0.1
_FLOATING_M = 0.03
_ABOVE_M = 0.015
_STEP_PX = 1.6
_MERGED_PX = 12
_RING_PX = 6
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def exposure_reason(rgb: Image8) -> str | None:
    """Why a picture (H, W, 3) is badly exposed: "too dark" or "clipped"; None where it is not."""
    luma = rgb[::2, ::2].astype(np.float32) @ _LUMA
    if luma.mean() < MIN_MEAN or (luma < 4.0).mean() > MAX_BLACK:
        return "too dark"
    return "clipped" if (luma > 252.0).mean() > MAX_CLIPPED else None


def change_reason(source: Image8, target: Image8, region: NDArray[np.bool_]) -> str | None:
    """Says "too small a change" where fewer than `MIN_CHANGED_PX` pixels of `region` (H, W) differ by `MIN_STEP` in some channel.

    Args:
        source: (H, W, 3).
        target: (H, W, 3).
        region: where the target object is in either picture.
    """
    step = np.abs(source[region].astype(np.int16) - target[region].astype(np.int16)).max(axis=-1, initial=0)
    return None if np.count_nonzero(step >= MIN_STEP) >= MIN_CHANGED_PX else "too small a change"


def pair_reason(source: Image8, target: Image8, region: NDArray[np.bool_]) -> str | None:
    """Why a pair is refused, or None; see `exposure_reason` (of the target) and `change_reason`."""
    return exposure_reason(target) or change_reason(source, target, region)


def view_reason(source: Image8, target: Image8) -> str | None:
    """Why the pair of a view edit is refused, or None; most of a picture must change when the camera moves."""
    step = np.abs(source.astype(np.int16) - target.astype(np.int16)).max(axis=-1)
    unchanged = (step >= MIN_STEP).mean() < MIN_VIEW_CHANGED
    return exposure_reason(target) or ("too small a change" if unchanged else None)


@dataclass(frozen=True, eq=False)
class Pair:
    """A pair as a judge sees it.

    Attributes:
        operation: its name.
        instruction: in English.
        target_id: the edited object; for view the one that both show.
        edited: the scene before and after.
        source: the picture before; `rgb` and `segmentation` are there.
        target: the picture after; `rgb`, `depth_m` and `segmentation` are there, numbers those of the scene after.
    """

    operation: str
    instruction: str
    target_id: str
    edited: EditedScene
    source: Frame
    target: Frame


class PairJudge(Protocol):
    """The second stage of the filter."""

    def __call__(self, pair: Pair) -> str | None:
        """Why a pair is refused, in a few words that are the same for all of a kind (they are counted); None where it is good."""
        ...


class GeometryJudge:
    """Refuses a target that is cut by the frame, in the air or in another thing, by the depth and segmentation of the picture."""

    def __call__(self, pair: Pair) -> str | None:
        """See `PairJudge`."""
        scene = pair.edited.target
        segmentation, depth_m = pair.target.segmentation, pair.target.depth_m
        assert segmentation is not None
        assert depth_m is not None
        number = next((i + 1 for i, o in enumerate(scene.objects) if o.instance_id == pair.target_id), None)
        if number is None or pair.operation == "view":
            return None
        mask = np.asarray(segmentation == number)
        if not mask.any():
            return "not to be seen"
        if mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any():
            return "cut by the frame"
        item = scene.objects[number - 1]
        if is_floating(scene, item, mask, depth_m):
            return "floating"
        return "in another thing" if is_merged(scene, item, segmentation, depth_m) else None


def is_floating(scene: Scene, item: SceneObject, mask: NDArray[np.bool_], depth_m: NDArray[np.float32]) -> bool:
    """Whether nothing is to be seen at the height of an object's base right below its silhouette.

    Where what is below hides the base, or is seen from underneath, nobody can tell: then it is not.

    Args:
        scene: with the camera.
        item: an upright object.
        mask: (H, W) where it is seen.
        depth_m: (H, W) along camera z.
    """
    below = np.zeros_like(mask)
    for shift in range(1, _RING_PX + 1):
        below[shift:] |= mask[:-shift]
    below &= ~mask
    pose = scene.camera.world_from_camera
    if not below.any() or pose[2, 3] < item.position_m[2] + _FLOATING_M:
        return False
    points = _world(scene, depth_m, below)
    off_m = points[:, 2] - item.position_m[2]
    nearer = depth_m[below] < np.median(depth_m[mask]) - item.size_m[:2].max() * item.scale
    return bool((off_m[~nearer] < -_FLOATING_M).all() and (~nearer).any())


def is_merged(scene: Scene, item: SceneObject, segmentation: NDArray[np.int32], depth_m: NDArray[np.float32]) -> bool:
    """Whether an object passes over into another one without a step: where two solids are in each other, their surfaces meet.

    Things that stand apart meet in the picture too, but there one is behind the other. What carries an object, and what it carries,
    may touch it.

    Args:
        scene: with the camera.
        item: one of its objects.
        segmentation: (H, W) numbers of the scene's objects.
        depth_m: (H, W) along camera z.
    """
    carriers = {name: rest.carrier_id for name, rest in rests(scene).items()}
    own = {item.instance_id, carriers.get(item.instance_id)}
    others = [o.instance_id not in own and carriers.get(o.instance_id) != item.instance_id for o in scene.objects]
    mine = np.asarray(segmentation == 1 + [o.instance_id for o in scene.objects].index(item.instance_id))
    other = np.array([False, *others])[segmentation]
    points = unproject_depth(depth_m, scene.camera.intrinsics)
    pose = scene.camera.world_from_camera
    above = points @ pose[2, :3] + pose[2, 3] > item.position_m[2] + _ABOVE_M
    step_m = _STEP_PX * depth_m / scene.camera.intrinsics[0, 0]
    met = 0
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        border = (mine[here] & other[there]) | (other[here] & mine[there])
        near = np.linalg.norm(points[here] - points[there], axis=-1) < np.minimum(step_m[here], step_m[there])
        met += int(np.count_nonzero(border & near & above[here] & above[there]))
    return met >= _MERGED_PX


def _world(scene: Scene, depth_m: NDArray[np.float32], where: NDArray[np.bool_]) -> Float:
    """(N, 3) world points of the pixels (H, W) asked for."""
    pose = scene.camera.world_from_camera
    return np.asarray(unproject_depth(depth_m, scene.camera.intrinsics)[where] @ pose[:3, :3].T + pose[:3, 3])
