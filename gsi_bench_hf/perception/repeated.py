"""A detector that looks again: at the same images cut a little otherwise, or through another detector. What differs is its noise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.crops import Window, cropped, random_window, uncropped
from gsi_bench_hf.types import Detector, Look, Sample, Scan, UnscorableError

JITTER = 0.06


class RepeatedDetector:
    """A detector and its `looks`; the scan is the first look's, so that scores don't depend on how often one looks again.

    Every crop is made of the source image and of the edited one alike, and is the same for all edits of one source image.

    Args:
        detector: what looks.
        repeats: how many crops it looks at besides the whole image.
        second: another detector, which looks at the whole image once.
        jitter: the part of the image's width or height that a crop leaves out at most on each side.
        seed: of the crops.

    Raises:
        ValueError: for numbers that are none; or the detector can't look at a crop.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        repeats: int = 4,
        second: Detector | None = None,
        jitter: float = JITTER,
        seed: int = 0,
    ) -> None:
        if repeats < 0 or (repeats == 0 and second is None):
            raise ValueError(f"repeats is {repeats}, expected 1 or more, or a second detector to look too")
        if not 0.0 < jitter < 0.5:
            raise ValueError(f"jitter is {jitter}, expected a part of the image between 0 and 0.5")
        if repeats and not getattr(detector, "looks_at_pixels", True):
            raise ValueError(
                f"{detector_name(detector)} can't look at a crop: it explains the record's own scene, or reads a file; "
                "leave out the repeats, or choose a detector for photographs"
            )
        self._detector, self._second, self._repeats, self._jitter, self._seed = detector, second, repeats, jitter, seed
        self.name = detector_name(detector)

    @property
    def arguments(self) -> dict[str, Any]:
        """What names this detector in `run.json`."""
        own = {"repeats": self._repeats, "jitter": self._jitter, "crop seed": self._seed}
        second = {} if self._second is None else {"name": detector_name(self._second)} | _arguments(self._second)
        return _arguments(self._detector) | own | {f"second {name}": value for name, value in second.items()}

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        """The detector's scan, with the other looks. Raises what the detector raises at the first look."""
        scan = self._detector.detect(sample, edited)
        if sample.operation == "view":
            return scan
        looks = [self._crop(sample, edited, f"crop {i + 1}", window) for i, window in enumerate(self._windows(sample))]
        if self._second is not None:
            looks.append(_look(detector_name(self._second), self._second, sample, edited, same=False))
        return replace(scan, looks=tuple(looks))

    def _windows(self, sample: Sample) -> list[Window]:
        """The crops of a source image, whatever is edited in it."""
        content = hashlib.sha256(sample.source_image.tobytes()).digest()
        rng = np.random.default_rng([self._seed, int.from_bytes(content[:8], "big")])
        size = (sample.camera.width, sample.camera.height)
        return [random_window(size, self._jitter, rng=rng) for _ in range(self._repeats)]

    def _crop(self, sample: Sample, edited: Image.Image, name: str, window: Window) -> Look:
        size = (sample.camera.width, sample.camera.height)
        look = _look(name, self._detector, cropped(sample, window), window.cut(edited, size))
        return look if look.scan is None else replace(look, scan=uncropped(look.scan, window, size))


def detector_name(detector: Any) -> str:
    """What a detector is called."""
    return str(getattr(detector, "name", None) or type(detector).__name__)


def _look(name: str, detector: Detector, sample: Sample, edited: Image.Image, *, same: bool = True) -> Look:
    try:
        return Look(name, detector.detect(sample, edited), same_detector=same)
    except UnscorableError as error:
        return Look(name, None, str(error), same)


def _arguments(detector: Any) -> dict[str, Any]:
    given = getattr(detector, "arguments", None)
    if isinstance(given, Mapping):
        return dict(given)
    return {name: value for name, value in vars(detector).items() if not name.startswith("_") and name != "name"}
