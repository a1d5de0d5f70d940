"""The default detector where the scene is known: it explains the edited image by rendering.

The source scene is rendered without the target. Where that doesn't explain the edited image, the target is looked for: renders in
several turns and sizes are slid over the image, the best are refined by comparing renders with the image, at last in full light at
full size. The wanted pose is never looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.perception import view_search
from gsi_bench_hf.perception.edited_image import EditedImage
from gsi_bench_hf.perception.known_scene import KnownScene, Pose, mask_bounds
from gsi_bench_hf.perception.others import Others, count_others
from gsi_bench_hf.perception.photometry import as_float
from gsi_bench_hf.perception.pose_refine import Fit
from gsi_bench_hf.perception.target_search import TargetSearch
from gsi_bench_hf.synth import scene as scenes
from gsi_bench_hf.synth.render import Renderer, shared_renderer
from gsi_bench_hf.types import Detection, Sample, Scan

Bool = NDArray[np.bool_]

_KEPT_SCENES = 24


class SceneFit:
    """The detector "scene-fit"; see `types.Detector`.

    Args:
        renderer: draws the scene; None for the process's shared one.

    `looks_at_pixels` is False: it can't do without the scene, which a crop has none of.
    """

    looks_at_pixels = False

    def __init__(self, renderer: Renderer | None = None) -> None:
        self._renderer = renderer
        self._scenes: OrderedDict[tuple[str, str], KnownScene] = OrderedDict()

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        """Find the target, and say which other objects are lost or added.

        Raises:
            ValueError: the record has no scene.
            UnscorableError: the image can't be looked at: it is of one colour, or not finite.
        """
        if sample.scene is None:
            raise ValueError(f"scene-fit needs the record's scene, and {sample.id} has none; use another detector")
        known = self._known(sample)
        image = as_float(edited, (known.camera.width, known.camera.height))
        if sample.operation == "view":
            return view_search.scan(known, sample, image)
        return _Explanation(EditedImage(known, sample, image), known.glimpses).scan()

    def _known(self, sample: Sample) -> KnownScene:
        """The sample's scene, with what was rendered of it for another editor's image."""
        key, renderer = (sample.row["scene"], sample.target_id), self._renderer or shared_renderer()
        known = self._scenes.pop(key, None)
        if known is None or known.renderer is not renderer:  # a forked process has a renderer of its own
            assert sample.scene is not None
            known = KnownScene(scenes.from_json(sample.scene).source, sample.target_id, renderer)
        self._scenes[key] = known
        while len(self._scenes) > _KEPT_SCENES:
            self._scenes.popitem(last=False)
        return known


@dataclass(eq=False)
class _Explanation:
    """One edited image being explained."""

    shown: EditedImage
    glimpses_before: int

    @property
    def known(self) -> KnownScene:
        return self.shown.known

    def scan(self) -> Scan:
        """The whole of it."""
        fit = TargetSearch(self.shown).find()
        others = self._others(fit)
        origin = self.shown.sample.objects or _known_detections(self.known, self.shown.labels)
        target = None if fit is None else self.known.detection(fit.pose, float(np.clip(fit.share, 0.0, 1.0)))
        edited = [
            o for o in origin if o.instance_id != self.shown.sample.target_id and o.instance_id not in others.lost
        ]
        return Scan(
            origin=tuple(origin),
            edited=tuple(edited) + (() if target is None else (target,)),
            target=target,
            silhouette=np.zeros(self.shown.target_mask.shape, bool) if fit is None else self.known.silhouette(fit.pose),
            lost=len(others.lost),
            added=others.added,
            diagnostics=self._diagnostics(fit),
        )

    def _diagnostics(self, fit: Fit | None) -> dict[str, Any]:
        found: dict[str, Any] = {
            "glimpses": self.known.glimpses - self.glimpses_before,
            "noise": round(self.shown.look.noise, 5),
            "blur_px": self.shown.look.blur_px,
            "gain": [round(float(v), 4) for v in self.shown.look.gain],
        }
        if fit is not None:
            shift, scale = fit.pose, float(np.exp(fit.pose.log_scale))
            found |= {
                "shift_m": [shift.x_m, shift.y_m],
                "rise_m": shift.rise_m,
                "turn_deg": float(np.rad2deg(shift.yaw_rad)),
                "scale": scale,
            }
            found |= {"share": round(fit.share, 4), "relief_px": round(fit.relief, 1)}
        return found

    def _others(self, fit: Fit | None) -> Others:
        picture = self.shown.background.copy()
        moved = fit is not None and fit.pose != Pose()
        if fit is not None and moved and self.known.is_room:
            picture = self.known.overview(fit.pose, 320).astype(np.float32) / np.float32(255.0)
        elif fit is not None and moved:
            window = self.known.window(fit.pose, self.known.camera, 0.22)
            glimpse = self.known.full(fit.pose, self.known.camera, window)
            picture[window.slices] = glimpse.rgb.astype(np.float32) / np.float32(255.0)
        elif fit is not None:
            picture = self.shown.source.astype(np.float32) / np.float32(255.0)
        hidden = np.zeros(self.shown.target_mask.shape, bool) if fit is None else self.known.silhouette(fit.pose)
        doubled = self._is_doubled(hidden) if moved else False
        return count_others(
            self.known,
            self.shown.look,
            self.shown.image,
            picture,
            self.shown.labels,
            hidden,
            self.shown.target_mask,
            doubled,
        )

    def _is_doubled(self, hidden: Bool) -> bool:
        """Whether the target still stands where it stood, apart from where it was found."""
        uncovered = self.shown.target_mask & ~hidden
        if uncovered.sum() < 0.5 * self.shown.target_mask.sum():
            return False
        explained = float((1.0 - self.shown.bad_source)[uncovered].mean())
        return explained > 0.7 and float(self.shown.bad_background[uncovered].mean()) > 0.3


def _known_detections(known: KnownScene, labels: NDArray[np.int32]) -> tuple[Detection, ...]:
    """The source scene's objects, where the record doesn't list them."""
    found = []
    for number, item in enumerate(known.scene.objects, start=1):
        box, mask = scenes.object_box(item, known.camera), labels == number
        bounds = mask_bounds(mask) if mask.any() else np.zeros(4)
        found.append(Detection(box.vector, bounds, box.rotation, item.label, 1.0, item.instance_id))
    return tuple(found)
