"""Which frames of a scene are worth looking at, told from their cameras and pictures alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from gsi_bench_hf.data.scannetpp.layout import SceneFolder, Shot, pictures_of, shots_of
from gsi_bench_hf.data.scannetpp.propose import tilt_reason
from gsi_bench_hf.data.scannetpp.settings import Settings
from gsi_bench_hf.data.scannetpp.sharpness import high_frequency_share
from gsi_bench_hf.synth.filters import exposure_reason
from gsi_bench_hf.synth.room_views import Candidate, fits, suppressed, world_corners
from gsi_bench_hf.synth.scene import SceneObject
from gsi_bench_hf.types import Camera


@dataclass(frozen=True, eq=False)
class Picked:
    """A frame worth looking at: `camera` of the picture as it is used, `file` to open it again."""

    shot: Shot
    camera: Camera
    file: Path


def promising(
    scene: SceneFolder, things: Sequence[SceneObject], settings: Settings, counts: Counter[str], spill: Path
) -> list[Picked]:
    """The frames that are level, sharp and well exposed, none like another, those first that should show most.

    Args:
        scene: the scene.
        things: what is in it, as far as that is known before its pictures are looked at.
        settings: how.
        counts: counts the others by reason; added to.
        spill: a folder where frames of a video are put as pictures, as long as they may be needed.
    """
    shots, without = shots_of(scene, settings.every)
    if without:
        counts["no camera"] += without
    corners_m = world_corners(things) if things else None
    found: dict[Candidate, Picked] = {}
    for shot, original in pictures_of(shots):
        image = made_smaller(original, settings.max_side)
        camera = camera_of(shot, original.size, image.size)
        sharpness = high_frequency_share(image)
        shown = settings.min_objects if corners_m is None else int(np.count_nonzero(fits(corners_m, camera)))
        reason = tilt_reason(camera) or exposure_reason(np.asarray(image))
        reason = reason or ("blurred" if sharpness < settings.min_sharpness else None)
        reason = reason or ("too few objects" if shown < settings.min_objects else None)
        if reason is not None:
            counts[reason] += 1
            continue
        file = shot.image
        if file is None:  # of a video: decoding it again would mean all of it
            file = spill / f"{shot.name}.png"
            image.save(file, compress_level=1)
        found[Candidate(camera, shown + sharpness)] = Picked(shot, camera, file)
    best = suppressed(list(found))
    if len(best) < len(found):
        counts["like another"] += len(found) - len(best)
    return [found[candidate] for candidate in best]


def made_smaller(image: Image.Image, max_side: int) -> Image.Image:
    """The picture with its longer side at most `max_side`; as it is for 0."""
    if max_side <= 0 or max(image.size) <= max_side:
        return image
    factor = max_side / max(image.size)
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


def camera_of(shot: Shot, original: tuple[int, int], size: tuple[int, int]) -> Camera:
    """The camera of a frame of `original` (width, height) whose picture has been made as large as `size`."""
    full = shot.camera(*original)
    scale = np.diag([size[0] / full.width, size[1] / full.height, 1.0])
    return replace(full, intrinsics=scale @ full.intrinsics, width=size[0], height=size[1])
