"""The detector "lifting": open-vocabulary boxes, masks and metric depth, lifted to 3D boxes; for photographs, and any other image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.association import associate, is_released, overlap, released_target_px, target_box_px
from gsi_bench_hf.perception.crops import object_labels
from gsi_bench_hf.perception.lifting.box import PRIOR, Prior
from gsi_bench_hf.perception.lifting.looking import Looked, Looker, upwards
from gsi_bench_hf.perception.lifting.parts import Bool, EstimatesDepth, FindsBoxes, FindsMasks, Float, Float32
from gsi_bench_hf.perception.lifting.points import CLEANING, Cleaning, depth_noise, object_mask
from gsi_bench_hf.perception.lifting.registration import Surface, register
from gsi_bench_hf.types import Box3D, Camera, Detection, Sample, Scan, UnscorableError

_UNLIKE = 0.6
"""Misfit from which the object in the edited image is not the source's surface moved: then only its box speaks."""

_CLEARLY, _CLEARLY_UNASKED = 0.01, 0.05


class LiftingDetector:
    """Finds the objects of an image in 3D, and what an edit did to its target.

    The source image is looked at as well as the edited one, and what counts is what changed in between (`metrics.anchoring`): a bias
    of the depth model that is in both images cancels, and a source image laid against itself moves nothing. The target's box in
    the edited image is the one it has in the source, moved as its surface was seen to move.

    Args:
        boxes: repo id or folder of an open-vocabulary detector, or a part of one's own; "repo@revision" pins it.
        masks: the same of a segmenter that takes boxes.
        depth: the same of a metric depth model.
        labels: kinds of object to look for in every image, beside the target's: a list, or words with commas between; None for
            those of the record.
        device, dtype: where and in what the models named compute; None and "auto" for the GPU in bfloat16, else the CPU.
        threshold: least score of a box, for a detector named; None for its family's own.
        prior, cleaning: how masks are lifted.
        batch: images a call of a model.
        kept: images whose answers are kept.
        traced: whether a target that is in both images is placed as its surface was seen to move; False reports its two boxes as
            they were lifted, and then a turn is known only as far as a box without a front tells it.

    Raises:
        ImportError: a model is named and torch or transformers is missing.
        ValueError: a model can't be loaded.
    """

    name = "lifting"

    def __init__(
        self,
        boxes: str | FindsBoxes | None = None,
        masks: str | FindsMasks | None = None,
        depth: str | EstimatesDepth | None = None,
        *,
        labels: str | Sequence[str] | None = None,
        device: str | None = None,
        dtype: str = "auto",
        threshold: float | None = None,
        prior: Prior = PRIOR,
        cleaning: Cleaning = CLEANING,
        batch: int = 4,
        kept: int = 16,
        traced: bool = True,
    ) -> None:
        given = {k: v for k, v in locals().items() if k != "self"}
        where: dict[str, Any] = {"device": device, "dtype": dtype}
        self.looker = Looker(
            _boxes(boxes, threshold, where), _masks(masks, where), _depth(depth, where), prior, cleaning, batch, kept
        )
        self._given = given
        self._labels = None if labels is None else _listed(labels)
        self._traces = traced

    def __getstate__(self) -> dict[str, Any]:
        """Without the networks: each process loads its own."""
        return self._given

    def __setstate__(self, given: dict[str, Any]) -> None:
        self.__init__(**given)  # type: ignore[misc]

    @property
    def arguments(self) -> dict[str, Any]:
        """What names this detector in `run.json`."""
        parts = {name: getattr(self.looker, name).id for name in ("boxes", "masks", "depth")}
        return parts | {
            "labels": self._labels,
            "prior": self.looker.prior,
            "cleaning": self.looker.cleaning,
            "traced": self._traces,
        }

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
        """Find the objects of both images and what became of the target; for a view edit, where the camera is.

        Raises:
            UnscorableError: the record says neither what to look for nor through what camera, or the edited image is of one colour.
        """
        source, camera = sample.source_image, sample.camera
        if not np.isfinite(camera.intrinsics).all() or camera.intrinsics.shape != (3, 3):
            raise UnscorableError("the record has no intrinsics, and lifting measures by them")
        shown = _shown(edited, source.size)
        if sample.operation == "view":
            return self._view(sample, shown)
        labels = self._asked(sample)
        if not labels:
            raise UnscorableError("the record does not name the target, and lifting looks for things by name")
        before, after = self.look([source, shown], [camera, camera], [labels, labels])
        target_px = _target_px(sample, before.detections)
        scan = associate(sample, before.detections, after.detections, target_px=target_px)
        return self._traced(sample, shown, (before, after), scan)

    def _asked(self, sample: Sample) -> list[str]:
        """What is looked for, in an order that is the same for all edits of one image, so that it is looked at once."""
        known = self._labels or [sample.target_label, *object_labels(sample)]
        return sorted({" ".join(label.split()) for label in [*known, sample.target_label]} - {"", "None"})

    def _view(self, sample: Sample, edited: Image.Image) -> Scan:
        import cv2

        from gsi_bench_hf.perception.view_search import LEAST_MATCHES, guess

        source, camera = sample.source_image, sample.camera
        depth_m = self.looker.depths([source], [camera])[0]
        picture = np.asarray(edited).astype(np.float32) / np.float32(255.0)
        motion, agree = guess(np.asarray(source), depth_m, picture, camera.intrinsics)
        if agree < LEAST_MATCHES:
            raise UnscorableError(f"the source image is not found again in the edited one: {agree} features agree")
        return Scan(
            sample.objects,
            (),
            None,
            camera_translation_m=motion[:3],
            camera_rotation=np.asarray(cv2.Rodrigues(np.asarray(motion[3:]))[0], np.float64),
            diagnostics={"features": int(agree)},
        )

    def _traced(self, sample: Sample, edited: Image.Image, looks: tuple[Looked, Looked], scan: Scan) -> Scan:
        """The scan with the target where its surface was seen to go, and where it shows in the edited image."""
        before, after = looks
        diagnostics: dict[str, Any] = {"skipped": [*before.skipped, *after.skipped]}
        at = next((j for j, d in enumerate(scan.edited) if d is scan.target), None)
        was = next((i for i, d in enumerate(scan.origin) if d is scan.source_target), None)
        if at is None or was is None:
            nowhere = None if was is None else np.zeros(before.depth_m.shape, bool)
            return replace(scan, silhouette=nowhere, diagnostics=diagnostics)
        silhouette = after.masks[at]
        if self._traces and not _is_equal(scan.origin[was], scan.edited[at]):
            camera = sample.camera
            surfaces = (
                self._surface(sample.source_image, before.depth_m, before.masks[was], camera),
                self._surface(edited, after.depth_m, silhouette, camera),
            )
            seen, found = scan.origin[was].box, scan.edited[at].box
            # Where a turn was asked for, a small sign of one is enough; elsewhere, what looks the same turned has not been turned.
            clearly = _CLEARLY if sample.operation == "rotate" else _CLEARLY_UNASKED
            motion = register(*surfaces, (seen, found), upwards(camera, before.depth_m), clearly=clearly)
            box = motion.box(seen) if motion.cost < _UNLIKE else _nearest_naming(found, seen)
            diagnostics |= {"misfit": round(motion.cost, 4), "scale": round(motion.scale, 4)}
            target = replace(scan.edited[at], bbox_3d=box.vector, rotation_matrix=box.rotation)
            edited_objects = (*scan.edited[:at], target, *scan.edited[at + 1 :])
            scan = replace(scan, edited=edited_objects, target=target)
        return replace(scan, silhouette=silhouette, diagnostics=diagnostics)

    def _surface(self, image: Image.Image, depth_m: Float32, mask: Bool, camera: Camera) -> Surface:
        own = object_mask(depth_m, mask, self.looker.cleaning, depth_noise(depth_m, mask))
        return Surface.of(image, depth_m, own, camera.intrinsics)


def _shown(edited: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The edited image at the source's size (width, height). Raises UnscorableError for one that shows nothing."""
    from gsi_bench_hf.perception.photometry import as_float

    pixels = as_float(edited, size)
    return edited.convert("RGB") if edited.size == size else Image.fromarray(np.rint(pixels * 255.0).astype(np.uint8))


def _target_px(sample: Sample, seen: Sequence[Detection]) -> Float | None:
    """(4,) the target's 2D box in the source image; None where the record has neither its mask nor its box.

    Files in the released layout don't say whether their boxes are in the released detector's frame, as those of the paper are, or
    in that of their photographs: where they are so read that something stands there, they were meant so.
    """
    plain = target_box_px(sample)
    if not is_released(sample) or sample.edit.original_box is None:
        return plain
    readings = [px for px in (released_target_px(sample), plain) if px is not None]
    return max(readings, key=lambda px: max((overlap(d.bbox_2d, px) for d in seen), default=0.0))


def _is_equal(a: Detection, b: Detection) -> bool:
    return np.array_equal(a.bbox_3d, b.bbox_3d) and np.array_equal(a.rotation_matrix, b.rotation_matrix)


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


def _listed(labels: str | Sequence[str]) -> list[str]:
    """A list of labels as it is, or of words with commas between.

    >>> _listed("mug, red book"), _listed(["mug"])
    (['mug', 'red book'], ['mug'])
    """
    return [label.strip() for label in (labels.split(",") if isinstance(labels, str) else labels) if label.strip()]


def _pinned(name: str) -> tuple[str, str | None]:
    """A repo id and its revision, of "repo@revision".

    >>> _pinned("me/mine@v1"), _pinned("me/mine")
    (('me/mine', 'v1'), ('me/mine', None))
    """
    if Path(name).expanduser().is_dir():
        return name, None
    repo, _, revision = name.partition("@")
    return repo, revision or None
