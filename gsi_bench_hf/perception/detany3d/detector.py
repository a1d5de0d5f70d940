"""The detector "detany3d": what the released evaluator looks through, with paths as arguments in place of files put by hand."""

from __future__ import annotations

import hashlib
import json
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.data.released_layout import row_names
from gsi_bench_hf.geometry import project_points
from gsi_bench_hf.metrics.protocol_paper import DETECTOR_SIDE_PX
from gsi_bench_hf.perception.association import associate, is_released, released_target_px
from gsi_bench_hf.perception.crops import is_crop, whole_camera
from gsi_bench_hf.perception.detany3d.infer_cache import EDITED, SOURCE, InferCache
from gsi_bench_hf.perception.detany3d.network import Framing, Network, Seen
from gsi_bench_hf.perception.detany3d.places import CheckoutError, Places
from gsi_bench_hf.types import Camera, Detection, Sample, Scan, UnscorableError

Float = NDArray[np.float64]
Found = dict[str, Any]
StrPath = str | os.PathLike[str]

FRAMES = ("auto", "released", "metric")
_KEPT_IMAGES = 256


class DetAny3D:
    """DetAny3D as the paper used it; see `types.Detector`. The checkout's code is run.

    Args:
        checkout: the folder `evaluation/` of GSI-Bench's repository, or DetAny3D's repository.
        config: YAML of the network; the checkout's `demo.yaml` by default.
        weights, sam_weights, dino_weights: files; where the configuration says by default, relative to the checkout.
        namer_config, namer_weights: of GroundingDINO; below the checkout, where the released evaluator looks, by default.
        device: "cuda", "cpu", …; a GPU where there is one.
        box_threshold, text_threshold: of GroundingDINO, the paper's.
        frame: "released" gives positions as the released evaluator has them, which takes the photograph's intrinsics for those of the
            896-pixel image; its own metadata are so, and only beside them they mean anything. "metric" puts that right. "auto" is
            "released" for released records and "metric" for all others.
        cache: `infer_cache.json` to write, and to read what it has of the same images.

    Raises:
        CheckoutError: a file is missing.
        ValueError: for an unknown frame, or a cache that is none.
    """

    name = "detany3d"

    def __init__(
        self,
        checkout: StrPath,
        *,
        config: StrPath | None = None,
        weights: StrPath | None = None,
        sam_weights: StrPath | None = None,
        dino_weights: StrPath | None = None,
        namer_config: StrPath | None = None,
        namer_weights: StrPath | None = None,
        device: str | None = None,
        box_threshold: float = 0.47,
        text_threshold: float = 0.25,
        frame: str = "auto",
        cache: StrPath | None = None,
    ) -> None:
        if frame not in FRAMES:
            raise ValueError(f"detany3d: frame is {frame!r}, expected one of {', '.join(FRAMES)}")
        files = (config, weights, sam_weights, dino_weights, namer_config, namer_weights)
        self._places = Places(Path(checkout), *(None if file is None else Path(file) for file in files))
        self.checkout, self.device, self.frame = str(checkout), device, frame
        self.box_threshold, self.text_threshold = box_threshold, text_threshold
        parts = (self._places.prefix, self._places.configuration(), self._places.namer())
        self.weights, self.namer_weights = parts[1]["resume"], parts[2][1]
        self._settings = json.dumps([*parts[1:], box_threshold, text_threshold], sort_keys=True, default=str)
        self._cache_path = None if cache is None else Path(cache)
        self._cache = None if self._cache_path is None else InferCache(self._cache_path)
        self._network: Network | None = None
        self._seen: OrderedDict[str, list[Found]] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        """Without the networks: each process loads its own."""
        return {**vars(self), "_network": None, "_seen": OrderedDict()}

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        """Find the objects of the target's kind in both images. A view edit is scored without any: the camera isn't looked for.

        Raises:
            UnscorableError: the record says neither what to look for nor through what camera.
            CheckoutError: the networks can't be loaded.
        """
        if sample.operation == "view":
            return Scan((), (), None)
        if not sample.row["target"].get("label"):
            raise UnscorableError("the record does not name the target, and detany3d looks for things by name")
        if not np.isfinite(sample.camera.intrinsics).all() or sample.camera.intrinsics.shape != (3, 3):
            raise UnscorableError("the record has no intrinsics, and detany3d measures by them")
        origin = [self._detection(f, sample) for f in self._objects(sample, sample.source_image, SOURCE)]
        found = [self._detection(f, sample) for f in self._objects(sample, edited.convert("RGB"), EDITED)]
        return associate(
            sample, origin, found, target_px=released_target_px(sample) if self._is_released(sample) else None
        )

    def _is_released(self, sample: Sample) -> bool:
        if self.frame == "auto":
            return is_released(sample)
        return self.frame == "released"

    def _objects(self, sample: Sample, image: Image.Image, which: str) -> list[Found]:
        """What is seen in an image, from the caches where it was seen before."""
        intrinsics = sample.camera.intrinsics.tolist(), whole_camera(sample).intrinsics.tolist()
        said = json.dumps([self._settings, sample.target_label, image.size, *intrinsics])
        digest = hashlib.sha256(said.encode() + image.tobytes()).hexdigest()
        cache = None if is_crop(sample) else self._cache
        key = "" if cache is None else "_".join(row_names(sample.row))
        found = self._seen.get(digest)
        if found is None and cache is not None:
            found = cache.get(key, which, digest)
        if found is None:
            found = self._look(sample, image)
        self._seen[digest] = found
        if len(self._seen) > _KEPT_IMAGES:
            self._seen.popitem(last=False)
        if cache is not None and cache.get(key, which, digest) is None:
            cache.put(key, which, digest, found)
        return found

    def _look(self, sample: Sample, image: Image.Image) -> list[Found]:
        network = self._loaded()
        own = _resized(sample.camera, image.size)
        framing = Framing.of(image.size, network.side_px)
        seen = network.see(image, sample.target_label, framing.intrinsics(own.intrinsics))
        whole = whole_camera(sample) if is_crop(sample) else own
        taken = whole_camera(sample).intrinsics
        true = Framing.of((whole.width, whole.height), network.side_px).intrinsics(whole.intrinsics)
        grown = np.array([sample.camera.width / image.width, sample.camera.height / image.height])
        return [_found(item, taken, true) | {"image_bbox_2d": _in_image(item, framing, grown)} for item in seen]

    def _loaded(self) -> Network:
        if self._network is None:
            try:
                self._network = Network(
                    self._places,
                    device=self.device,
                    box_threshold=self.box_threshold,
                    text_threshold=self.text_threshold,
                )
            except CheckoutError:
                raise
            except Exception as error:
                raise CheckoutError(
                    f"the checkout {self.checkout} can't be loaded: {type(error).__name__}: {error}"
                ) from error
        return self._network

    def _detection(self, found: Found, sample: Sample) -> Detection:
        box, box_px = np.asarray(found["metric_bbox_3d"]), np.asarray(found["image_bbox_2d"])
        if self._is_released(sample):
            side_px = max(sample.camera.width, sample.camera.height)
            box, box_px = np.asarray(found["bbox_3d"]), np.asarray(found["bbox_2d"]) * (side_px / DETECTOR_SIDE_PX)
        return Detection(box, box_px, np.asarray(found["rotation_matrix"]), found["label"], found["iou_score"])


def _found(seen: Seen, taken: Float, true: Float) -> Found:
    """An entry of `infer_cache.json`, its 3D box as the released evaluator has it, and the true one beside it.

    The released evaluator gives the network's decoder the photograph's intrinsics K, though the network saw the image at 896 pixels,
    with K': a point that is seen at (u, v) there, at depth z, it puts at depth z·√(fx fy / fx' fy') and there at K⁻¹ (u, v, 1).

    Args:
        seen: measured by the true intrinsics.
        taken: (3, 3) K.
        true: (3, 3) K'.
    """
    u, v = project_points(seen.bbox_3d[None, :3], true)[0]
    depth_m = seen.bbox_3d[2] * np.sqrt(taken[0, 0] * taken[1, 1] / (true[0, 0] * true[1, 1]))
    position = np.linalg.inv(taken) @ np.array([u, v, 1.0]) * depth_m
    return {
        "label": seen.label,
        "bbox_3d": [*position.tolist(), *seen.bbox_3d[3:].tolist()],
        "bbox_2d": seen.bbox_2d.tolist(),
        "iou_score": seen.score,
        "rotation_matrix": seen.rotation.tolist(),
        "pose_6d": seen.pose_6d.tolist(),
        "position_3d": position.tolist(),
        "camera_intrinsics": taken.tolist(),
        "metric_bbox_3d": seen.bbox_3d.tolist(),
    }


def _in_image(seen: Seen, framing: Framing, grown: Float) -> list[float]:
    """(4,) the 2D box in the source image's pixels; `grown` is how much larger that is than the image that was looked at."""
    whole = (seen.bbox_2d + np.tile(framing.offset_px, 2)) / np.tile(framing.scale, 2)
    return list((whole * np.tile(grown, 2)).tolist())


def _resized(camera: Camera, size: tuple[int, int]) -> Camera:
    """The camera of the same view in another number of pixels."""
    factor = np.array([size[0] / camera.width, size[1] / camera.height, 1.0])
    return Camera(camera.intrinsics * factor[:, None], camera.world_from_camera, *size)
