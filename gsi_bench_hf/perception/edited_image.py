"""One edited image beside the known scene: what the pictures of the scene, with and without its target, don't explain of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.perception.known_scene import KnownScene, Pose
from gsi_bench_hf.perception.photometry import SMOOTH_PX, Look, blurred, fit_look, unexplained
from gsi_bench_hf.types import Sample

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


@dataclass(eq=False)
class EditedImage:
    """An edited image being looked at; the pictures it is compared with are made once.

    Attributes:
        known: the scene.
        sample: the record.
        image: (H, W, 3) the edited image 0..1.
    """

    known: KnownScene
    sample: Sample
    image: Float32

    @cached_property
    def look(self) -> Look:
        """How it shows the same things otherwise."""
        return fit_look(self.image, self.source)

    @cached_property
    def source(self) -> NDArray[np.uint8]:
        """(H, W, 3) the source image."""
        return np.asarray(self.sample.source_image)

    @cached_property
    def background(self) -> Float32:
        """(H, W, 3) the scene without the target, rendered, 0..1."""
        return self.known.background.astype(np.float32) / np.float32(255.0)

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        """(H, W) the source image's segmentation."""
        return self.known.masks

    @cached_property
    def target_mask(self) -> Bool:
        """(H, W) where the target is in the source image."""
        ids = [item.instance_id for item in self.known.scene.objects]
        return np.asarray(self.labels == ids.index(self.sample.target_id) + 1)

    @cached_property
    def bad_source(self) -> Float32:
        """How badly the source image explains the edited one."""
        return self._badness(self.look.of(self.source))

    @cached_property
    def bad_background(self) -> Float32:
        """How badly the scene without the target explains the edited image."""
        return self._badness(self.look.of(self.background))

    def _badness(self, picture: Float32) -> Float32:
        return unexplained(blurred(self.image, SMOOTH_PX), blurred(picture, SMOOTH_PX), self.look.tolerance)

    def evidence(self, pose: Pose) -> float:
        """How badly the background explains the pixels that the target, so posed, would show; infinite where it shows none."""
        mask = self.known.silhouette(pose)
        return float(self.bad_background[mask].mean()) if mask.any() else float("inf")
