"""The detector "lifting": open-vocabulary boxes, masks and metric depth, lifted to 3D boxes; for photographs, and any other image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.lifting.box import PRIOR, Prior, lift
from gsi_bench_hf.perception.lifting.gravity import dominant_up, up_of
from gsi_bench_hf.perception.lifting.looking import Looked, Looker
from gsi_bench_hf.perception.lifting.matching import match, target_in_source
from gsi_bench_hf.perception.lifting.parts import Bool, EstimatesDepth, FindsBoxes, FindsMasks, Float
from gsi_bench_hf.perception.lifting.points import CLEANING, Cleaning, LiftError, depth_noise, object_mask
from gsi_bench_hf.perception.lifting.registration import Motion, Surface, register
from gsi_bench_hf.types import Box3D, Camera, Detection, Sample, Scan, UnscorableError

_UNLIKE = 0.6
"""Misfit from which the object in the edited image is not the source's surface moved: then only its box speaks."""

_CLEARLY, _CLEARLY_UNASKED = 0.01, 0.05


class LiftingDetector:
    """Finds the objects of an image in 3D, and what an edit did to its target.

    The source image is looked at as well as the edited one, and what counts is what changed in between: the target's place in the
    edited image is its known place in the source, moved as its surface was seen to move. A bias of the depth model that is in
    both images so cancels, and a source image laid against itself moves nothing.

    Args:
        boxes: repo id or folder of an open-vocabulary detector, or a part of one's own; "repo@revision" pins it.
        masks: the same of a segmenter that takes boxes.
        depth: the same of a metric depth model.
        labels: kinds of object to look for in every image; None for those of the record, the target's first.
        device, dtype: where and in what the models named compute; None and "auto" for the GPU in bfloat16, else the CPU.
        threshold: least score of a box, for a detector named; None for its family's own.
        prior, cleaning: how masks are lifted.
        batch: images a call of a model.
        kept: images whose answers are kept.
        anchored: whether the target is reported from its known place in the source image; False reports boxes as they were lifted.

    Raises:
        ImportError: a model is named and torch or transformers is missing.
        ValueError: a model can't be loaded.
    """

    def __init__(
        self,
        boxes: str | FindsBoxes | None = None,
        masks: str | FindsMasks | None = None,
        depth: str | EstimatesDepth | None = None,
        *,
        labels: Sequence[str] | None = None,
        device: str | None = None,
        dtype: str = "auto",
        threshold: float | None = None,
        prior: Prior = PRIOR,
        cleaning: Cleaning = CLEANING,
        batch: int = 4,
        kept: int = 16,
        anchored: bool = True,
    ) -> None:
        where: dict[str, Any] = {"device": device, "dtype": dtype}
        self.looker = Looker(
            _boxes(boxes, threshold, where), _masks(masks, where), _depth(depth, where), prior, cleaning, batch, kept
        )
        self._labels = None if labels is None else list(labels)
        self._anchored = anchored

    @property
    def id(self) -> str:
        """Which models, at which revisions, with which settings."""
        return self.looker.id

    def objects(self, image: Image.Image, camera: Camera, labels: Sequence[str]) -> tuple[Detection, ...]:
        """The objects of these kinds in an image, the surest first; camera frame, image pixels."""
        return self.look([image], [camera], [labels])[0].detections

    def look(
        self, images: Sequence[Image.Image], cameras: Sequence[Camera], labels: Sequence[Sequence[str]]
    ) -> list[Looked]:
        """The objects, masks and depth of many images; see `Looker.look`."""
        return self.looker.look(images, cameras, labels)

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        """Find the objects of `edited` and what became of the target; for a view edit, where the camera is.

        Raises:
            UnscorableError: the edited image is of one colour, or the target can't be seen in the source image.
        """
        from gsi_bench_hf.perception.photometry import as_float

        source, camera = sample.source_image, sample.camera
        pixels = as_float(edited, source.size)
        shown = edited.convert("RGB")
        if shown.size != source.size:
            shown = Image.fromarray(np.rint(pixels * 255.0).astype(np.uint8))
        if sample.operation == "view":
            return self._view(sample, shown)
        labels = self._asked(sample)
        before, after = self.look([source, shown], [camera, camera], [labels, labels])
        return _Comparison(self, sample, shown, before, after).scan(self._anchored)

    def _asked(self, sample: Sample) -> list[str]:
        if self._labels is not None:
            return list(dict.fromkeys([*self._labels, sample.target_label]))
        # In an order that is the same for all edits of one image, so that it is looked at once.
        return sorted({sample.target_label, *(o.label for o in sample.objects)})

    def _view(self, sample: Sample, edited: Image.Image) -> Scan:
        from gsi_bench_hf.perception.view_search import guess

        source, camera = sample.source_image, sample.camera
        depth_m = self.looker.depths([source], [camera])[0]
        picture = np.asarray(edited).astype(np.float32) / np.float32(255.0)
        motion, agree = guess(np.asarray(source), depth_m, picture, camera.intrinsics)
        if agree < 8:
            raise UnscorableError(f"the source image is not found again in the edited one: {agree} features agree")
        import cv2

        return Scan(
            sample.objects,
            (),
            None,
            camera_translation_m=motion[:3],
            camera_rotation=np.asarray(cv2.Rodrigues(np.asarray(motion[3:]))[0], np.float64),
            diagnostics={"features": int(agree)},
        )


class _Comparison:
    """One edited image beside its source."""

    def __init__(
        self, detector: LiftingDetector, sample: Sample, edited: Image.Image, before: Looked, after: Looked
    ) -> None:
        self._looker, self._sample, self._edited = detector.looker, sample, edited
        self._before, self._after = before, after
        self._camera = sample.camera
        up = up_of(self._camera)
        self._up = (
            dominant_up(before.depth_m, self._camera.intrinsics, rng=np.random.default_rng(0)) if up is None else up
        )

    def scan(self, anchored: bool) -> Scan:
        found = target_in_source(self._sample, self._before)
        mask, lifted = self._target(found)
        number = -1 if found is None else found
        matches = match(self._before, self._after, number, mask, (self._sample.source_image, self._edited))
        origin = [self._named(d, i == number) for i, d in enumerate(self._before.detections)]
        edited = list(self._after.detections)
        diagnostics: dict[str, Any] = {"skipped": [*self._before.skipped, *self._after.skipped]}
        target, original = None, self._sample.edit.original_box
        if matches.target is not None:
            target = self._named(edited[matches.target], True)
            motion = self._motion(mask, lifted, self._after.masks[matches.target], target.box)
            diagnostics |= {"misfit": round(motion.cost, 4), "scale": round(motion.scale, 4)}
            if anchored and original is not None:
                target = _placed(target, self._moved(motion, lifted, target.box, original))
            edited[matches.target] = target
        if anchored and original is not None:
            origin = [_placed(d, original) if i == number else d for i, d in enumerate(origin)]
        silhouette = np.zeros_like(mask) if matches.target is None else self._after.masks[matches.target]
        lost, added = len(matches.lost), len(matches.added)
        return Scan(tuple(origin), tuple(edited), target, silhouette, lost, added, diagnostics=diagnostics)

    def _target(self, found: int | None) -> tuple[Bool, Box3D]:
        """The target's mask and lifted box in the source image; from its known mask or box where it was not found by name."""
        if found is not None:
            return self._before.masks[found], self._before.detections[found].box
        mask, original = self._sample.target_mask, self._sample.edit.original_box
        if mask is None and original is not None:
            from gsi_bench_hf.geometry import project_box

            around = project_box(original.vector, original.rotation, self._camera.intrinsics)
            mask = self._looker.cut(self._sample.source_image, around[None])[0]
        try:
            if mask is None:
                raise LiftError("the record has neither its mask nor its box")
            box = lift(
                self._before.depth_m,
                mask,
                self._camera.intrinsics,
                up=self._up,
                prior=self._looker.prior,
                cleaning=self._looker.cleaning,
            )
        except LiftError as error:
            raise UnscorableError(f"the target is not found in the source image: {error}") from error
        return mask, box

    def _motion(self, mask: Bool, lifted: Box3D, found_mask: Bool, found: Box3D) -> Motion:
        before = self._surface(self._sample.source_image, self._before.depth_m, mask)
        after = self._surface(self._edited, self._after.depth_m, found_mask)
        # Where a turn was asked for, a small sign of one is enough; elsewhere, what looks the same turned has not been turned.
        clearly = _CLEARLY if self._sample.operation == "rotate" else _CLEARLY_UNASKED
        return register(before, after, (lifted, found), self._up, clearly=clearly)

    def _surface(self, image: Image.Image, depth_m: Any, mask: Bool) -> Surface:
        own = object_mask(depth_m, mask, self._looker.cleaning, depth_noise(depth_m, mask))
        return Surface.of(image, depth_m, own, self._camera.intrinsics)

    def _moved(self, motion: Motion, lifted: Box3D, found: Box3D, original: Box3D) -> Box3D:
        """The record's box where the target is now."""
        if motion.cost < _UNLIKE:
            return motion.box(original)
        # Not the same surface: the change from box to box, each side named as it is nearest to before.
        turned = _nearest_naming(found, lifted)
        rotation = turned.rotation @ lifted.rotation.T @ original.rotation
        ratio = turned.extents_m / lifted.extents_m
        return Box3D(original.center_m + found.center_m - lifted.center_m, original.extents_m * ratio, rotation)

    def _named(self, detection: Detection, is_target: bool) -> Detection:
        if not is_target:
            return detection
        return Detection(
            detection.bbox_3d,
            detection.bbox_2d,
            detection.rotation_matrix,
            detection.label,
            detection.score,
            self._sample.target_id,
        )


def _placed(detection: Detection, box: Box3D) -> Detection:
    return Detection(
        box.vector, detection.bbox_2d, box.rotation, detection.label, detection.score, detection.instance_id
    )


def _nearest_naming(box: Box3D, other: Box3D) -> Box3D:
    """The same box with its sides so named that it is turned as little as possible against another one."""
    quarter: Float = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    names, extents, rotation = [], box.extents_m, box.rotation
    for _ in range(4):
        names.append(Box3D(box.center_m, extents, rotation))
        extents, rotation = extents[[2, 1, 0]], rotation @ quarter
    return max(names, key=lambda b: float(np.trace(b.rotation.T @ other.rotation)))


def _boxes(part: str | FindsBoxes | None, threshold: float | None, where: dict[str, Any]) -> FindsBoxes:
    if part is not None and not isinstance(part, str):
        return part
    from gsi_bench_hf.perception.lifting import networks_boxes as networks

    name, revision = _pinned(part or networks.DEFAULT)
    return networks.TransformersBoxes(name, threshold=threshold, revision=revision, **where)


def _masks(part: str | FindsMasks | None, where: dict[str, Any]) -> FindsMasks:
    if part is not None and not isinstance(part, str):
        return part
    from gsi_bench_hf.perception.lifting import networks_masks as networks

    name, revision = _pinned(part or networks.DEFAULT)
    return networks.TransformersMasks(name, revision=revision, **where)


def _depth(part: str | EstimatesDepth | None, where: dict[str, Any]) -> EstimatesDepth:
    if part is not None and not isinstance(part, str):
        return part
    from gsi_bench_hf.perception.lifting import networks_depth as networks

    name, revision = _pinned(part or networks.DEFAULT)
    return networks.TransformersDepth(name, revision=revision, **where)


def _pinned(name: str) -> tuple[str, str | None]:
    """A repo id and its revision, of "repo@revision".

    >>> _pinned("me/mine@v1"), _pinned("me/mine")
    (('me/mine', 'v1'), ('me/mine', None))
    """
    repo, _, revision = name.partition("@")
    return repo, revision or None
