"""The default detector where the scene is known: it explains the edited image by rendering.

The source scene is rendered without the target. Where that doesn't explain the edited image, the target is looked for: renders in
several turns and sizes are slid over the image, the best are refined by comparing renders with the image, at last in full light at
full size. The wanted pose is never looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.perception import pose_search, view_search
from gsi_bench_hf.perception.changes import regions, unexplained_mask
from gsi_bench_hf.perception.known_scene import KnownScene, Pose, mask_bounds
from gsi_bench_hf.perception.others import Others, count_others
from gsi_bench_hf.perception.photometry import SMOOTH_PX, Look, as_float, blurred, fit_look, unexplained
from gsi_bench_hf.perception.places import other_surfaces
from gsi_bench_hf.perception.pose_refine import Fit, Matcher, shrink
from gsi_bench_hf.synth import scene as scenes
from gsi_bench_hf.synth.render import Quality, Renderer, shared_renderer
from gsi_bench_hf.types import Detection, Sample, Scan

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_KEPT_SCENES = 24
_COARSE_PX, _COARSE_OBJECT_PX = (128, 192, 256), 20.0
"""Widths of the image for the coarse search: the least at which the target is so large."""
_MIDDLE_PX, _MIDDLE_OBJECT_PX = (256, 512), 44.0
_FINAL_PX, _FINAL_OBJECT_PX = (256, 384, 512), 140.0
_MIDDLE_LENIENCY = 2.5
_LEAST_REGION = 0.03
"""Of the target's silhouette: smaller unexplained regions are no sign of an edit."""
_EXPLAINED, _EVIDENCE = 0.35, 0.06
"""The target is there if it explains this share of what the background leaves, and takes off this much a pixel."""
_SAME_TURN_RAD = np.deg2rad(28.0)
"""Refining from poses turned by less than this leads to the same pose."""
_WORTH_REFINING = 0.75
"""A drafted turn is refined in full light if it is this near to the best: the best has had that already."""
_WELL_EXPLAINED = 0.85
_RIVAL = 0.93
"""Turns whose reliefs are so near are told apart by the best light: a handle that is all but hidden makes no more of a difference."""
_KEEP_SOURCE = 0.01
"""The source pose is kept unless another is better by this share."""


class SceneFit:
    """The detector "scene-fit"; see `types.Detector`.

    Args:
        renderer: draws the scene; None for the process's shared one.
    """

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
        return _Explanation(known, sample, image, known.glimpses).scan()

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
    """One edited image being explained; the pictures it needs are made once."""

    known: KnownScene
    sample: Sample
    image: Float32
    glimpses_before: int

    @cached_property
    def look(self) -> Look:
        return fit_look(self.image, self.source)

    @cached_property
    def source(self) -> NDArray[np.uint8]:
        return np.asarray(self.sample.source_image)

    @cached_property
    def background(self) -> Float32:
        return self.known.background.astype(np.float32) / np.float32(255.0)

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        return self.known.masks

    @cached_property
    def target_mask(self) -> Bool:
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

    def scan(self) -> Scan:
        """The whole of it."""
        fit = self._search()
        others = self._others(fit)
        origin = self.sample.objects or _known_detections(self.known, self.labels)
        target = None if fit is None else self.known.detection(fit.pose, float(np.clip(fit.share, 0.0, 1.0)))
        edited = [o for o in origin if o.instance_id != self.sample.target_id and o.instance_id not in others.lost]
        return Scan(
            origin=tuple(origin),
            edited=tuple(edited) + (() if target is None else (target,)),
            target=target,
            silhouette=np.zeros(self.target_mask.shape, bool) if fit is None else self.known.silhouette(fit.pose),
            lost=len(others.lost),
            added=others.added,
            diagnostics=self._diagnostics(fit),
        )

    def _diagnostics(self, fit: Fit | None) -> dict[str, Any]:
        found: dict[str, Any] = {
            "glimpses": self.known.glimpses - self.glimpses_before,
            "noise": round(self.look.noise, 5),
            "blur_px": self.look.blur_px,
            "gain": [round(float(v), 4) for v in self.look.gain],
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

    def _search(self) -> Fit | None:
        """The target's pose, or None where it isn't in the image."""
        least_px = max(16.0, _LEAST_REGION * float(self.target_mask.sum()))
        left_by_source = regions(unexplained_mask(self.bad_source), least_px)
        still = float((1.0 - self.bad_source)[self.target_mask].mean()) if self.target_mask.any() else 0.0
        stands_out = float(self.bad_background[self.target_mask].mean()) if self.target_mask.any() else 0.0
        if not left_by_source:
            return Fit(Pose(), 0.0, stands_out, float(self.target_mask.sum()))
        left_by_background = regions(unexplained_mask(self.bad_background), least_px)
        if not left_by_background:
            return None
        centers = [region.center_px for region in (left_by_background[:3] + left_by_source[:2])]
        places = self._places(centers)
        candidates = self._coarse(places, None)
        if still > 0.75 and stands_out > 0.3:
            # It still stands where it stood; what else there is may be a second one, and that is the edit.
            weight = np.where(self.target_mask, 0.0, 1.0).astype(np.float32)
            candidates = self._coarse(self._places([r.center_px for r in left_by_source[:3]]), weight)[:1] + candidates
        return self._refine(candidates)

    def _places(self, centers: list[NDArray[np.float64]]) -> list[Pose]:
        """Where to look: the source place, the regions, and a grid over the objects' part of the table if all has changed."""
        height_m = 0.4 * float(self.known.target.size_m[2]) * self.known.target.scale
        if unexplained_mask(self.bad_background).mean() > 0.35:
            size = np.array([self.known.camera.width, self.known.camera.height])
            centers = [*centers, *(size * np.array([u, v]) for u in (0.3, 0.5, 0.7) for v in (0.4, 0.55, 0.7))]
        places, apart_m = [Pose()], 0.25 * float(self.known.target.size_m.max()) * self.known.target.scale
        for u, v in centers:
            place = self.known.pose_at(float(u), float(v), height_m, 0.0, 0.0)
            if place is not None and all(np.hypot(place.x_m - p.x_m, place.y_m - p.y_m) > apart_m for p in places):
                places.append(place)
        return places + other_surfaces(self.known, centers, height_m)

    def _coarse(self, places: list[Pose], weight: Float32 | None) -> list[pose_search.Candidate]:
        symmetry = self.known.target.symmetry
        yaws = pose_search.yaw_starts(symmetry)
        found = []
        for log_scale in pose_search.LOG_SCALES:
            search = self._coarse_search(
                self._width_for(Pose(log_scale=log_scale), self._widths(_COARSE_PX), _COARSE_OBJECT_PX), weight
            )
            # On another surface the target is looked for as large as it is: farther away and larger, it looks the same.
            there = places if log_scale == 0.0 else [p for p in places if p.rise_m == 0.0]
            found += search.around(there, yaws if log_scale == 0.0 else yaws[::2], (log_scale,))
        found.sort(key=lambda candidate: -candidate.gain)
        return pose_search.distinct(found, 4 if self.known.is_room else 3, self.known, symmetry)

    def _coarse_search(self, width: int, weight: Float32 | None) -> pose_search.CoarseSearch:
        image = shrink(self.image, width)
        background = self.look.of(shrink(self.background, width), width / self.image.shape[1])
        small = None if weight is None else shrink(weight, width)
        return pose_search.CoarseSearch(self.known, self.look, image, background, small)

    def _widths(self, widths: tuple[int, ...]) -> tuple[int, ...]:
        """Widths named for an image 512 wide, for this one. In a room the image's own pixels count: things are small there."""
        return tuple(width * self.known.camera.width // 512 for width in widths) if self.known.is_room else widths

    def _width_for(self, pose: Pose, widths: tuple[int, ...], object_px: float) -> int:
        """The least of the widths at which the target, so posed, is `object_px` large."""
        window = self.known.window(pose, self.known.camera, 0.0)
        large = float(np.hypot(window.right - window.left, window.bottom - window.top)) / self.known.camera.width
        fits = [width for width in widths if width * large >= object_px]
        return fits[0] if fits else widths[-1]

    def _refine(self, candidates: list[pose_search.Candidate]) -> Fit | None:
        """The best of the candidates, refined in three stages, or None where none is the target."""
        if not candidates:
            return None
        width = self._width_for(candidates[0].pose, self._widths(_MIDDLE_PX), _MIDDLE_OBJECT_PX)
        draft, middle = self._matcher(width, "draft"), self._matcher(width, "lit")
        best = self._best_of(middle, self._drafted(draft, candidates))
        if best is None:
            return None
        rivals = self._turned(draft, middle, best)
        final = self._matcher(self._width_for(rivals[0].pose, self._widths(_FINAL_PX), _FINAL_OBJECT_PX), "full")
        best = max((final.measure(fit.pose) for fit in rivals), key=lambda fit: fit.relief)
        best = self._finished(final, best)
        stayed = final.measure(Pose())
        keep = 1.0 - _KEEP_SOURCE
        if stayed.relief >= keep * best.relief and stayed.share >= keep * best.share:
            best = stayed
        return best if self._is_there(best) else None

    def _finished(self, final: Matcher, best: Fit) -> Fit:
        """The fit refined to the end."""
        fit = final.refine(best.pose, free=self._free, iterations=4, leniencies=(1.0,))
        if self.look.is_clean and fit.share < _WELL_EXPLAINED * self._evidence(fit.pose):
            # A clean image is held to so little difference that the descent may stall a few pixels away.
            again = final.refine(fit.pose, free=self._free, iterations=4, leniencies=(4.0, 2.0, 1.0))
            fit = max(fit, again, key=lambda f: f.relief)
        return fit

    def _drafted(self, draft: Matcher, candidates: list[pose_search.Candidate]) -> list[Fit]:
        """The candidates refined as drafts, first where much may be wrong; those far behind by then are dropped."""
        fits = [draft.refine(c.pose, free=self._free, iterations=3, leniencies=(4.0,)) for c in candidates]
        least = max(0.0, 0.6 * max(fit.relief for fit in fits))
        near = [fit for fit in fits if fit.relief > least]
        return [draft.refine(fit.pose, free=self._free, iterations=3, leniencies=(2.0,)) for fit in near]

    @property
    def _free(self) -> tuple[int, ...]:
        return (0, 1, 3) if self.known.target.symmetry == 0 else (0, 1, 2, 3)

    def _matcher(self, width: int, quality: Quality) -> Matcher:
        """Compares renders of that quality with the image at that width."""
        image, background = shrink(self.image, width), shrink(self.background, width)
        return Matcher(self.known, self.look, image, background, quality=quality)

    def _best_of(self, middle: Matcher, fits: list[Fit]) -> Fit | None:
        """Those that are near the best in full light, refined there; the best of them."""
        middle.use(_MIDDLE_LENIENCY)
        fits = [middle.measure(fit.pose) for fit in fits]
        highest = max((fit.relief for fit in fits), default=0.0)
        near = sorted((fit for fit in fits if fit.relief > max(0.0, 0.85 * highest)), key=lambda fit: -fit.relief)[:2]
        fits = [middle.refine(fit.pose, free=self._free, iterations=3, leniencies=(_MIDDLE_LENIENCY,)) for fit in near]
        return max(fits, key=lambda fit: fit.relief, default=None)

    def _turned(self, draft: Matcher, middle: Matcher, best: Fit) -> list[Fit]:
        """The fit and those turned on the spot that may be as good, the best first: near symmetries make wrong turns fit well."""
        turns = pose_search.yaw_starts(self.known.target.symmetry)[1:]
        draft.use(2.0)
        now = draft.measure(best.pose).relief
        tried = [draft.measure(pose) for pose in self.known.spun(best.pose, turns, draft.camera)]
        tried = self._apart([fit for fit in tried if fit.relief > 0.4 * now], best)[:2]
        fits = [draft.refine(fit.pose, free=self._free, iterations=3, leniencies=(2.0,)) for fit in tried]
        fits = [middle.measure(fit.pose) for fit in fits]
        fits = [
            middle.refine(fit.pose, free=self._free, iterations=3, leniencies=(_MIDDLE_LENIENCY,))
            for fit in fits
            if fit.relief > _WORTH_REFINING * best.relief
        ]
        fits = sorted([best, *fits], key=lambda fit: -fit.relief)
        return [fit for fit in fits if fit.relief > _RIVAL * fits[0].relief]

    def _apart(self, fits: list[Fit], best: Fit) -> list[Fit]:
        """The fits from the best on, without those turned so little against `best` or a better one that they end where it does."""
        kept = [best]
        for fit in sorted(fits, key=lambda fit: -fit.relief):
            turns = (
                pose_search.turn_between(fit.pose.yaw_rad, other.pose.yaw_rad, self.known.target.symmetry)
                for other in kept
            )
            if all(abs(turn) > _SAME_TURN_RAD for turn in turns):
                kept.append(fit)
        return kept[1:]

    def _is_there(self, fit: Fit) -> bool:
        evidence = self._evidence(fit.pose)
        return fit.share > _EVIDENCE and fit.share > _EXPLAINED * evidence

    def _evidence(self, pose: Pose) -> float:
        """How badly the background explains the pixels that the target, so posed, would show; infinite where it shows none."""
        mask = self.known.silhouette(pose)
        return float(self.bad_background[mask].mean()) if mask.any() else float("inf")

    def _others(self, fit: Fit | None) -> Others:
        picture = self.background.copy()
        moved = fit is not None and fit.pose != Pose()
        if fit is not None and moved and self.known.is_room:
            picture = self.known.overview(fit.pose, 320).astype(np.float32) / np.float32(255.0)
        elif fit is not None and moved:
            window = self.known.window(fit.pose, self.known.camera, 0.22)
            glimpse = self.known.full(fit.pose, self.known.camera, window)
            picture[window.slices] = glimpse.rgb.astype(np.float32) / np.float32(255.0)
        elif fit is not None:
            picture = self.source.astype(np.float32) / np.float32(255.0)
        hidden = np.zeros(self.target_mask.shape, bool) if fit is None else self.known.silhouette(fit.pose)
        doubled = self._is_doubled(hidden) if moved else False
        return count_others(self.known, self.look, self.image, picture, self.labels, hidden, self.target_mask, doubled)

    def _is_doubled(self, hidden: Bool) -> bool:
        """Whether the target still stands where it stood, apart from where it was found."""
        uncovered = self.target_mask & ~hidden
        if uncovered.sum() < 0.5 * self.target_mask.sum():
            return False
        explained = float((1.0 - self.bad_source)[uncovered].mean())
        return explained > 0.7 and float(self.bad_background[uncovered].mean()) > 0.3


def _known_detections(known: KnownScene, labels: NDArray[np.int32]) -> tuple[Detection, ...]:
    """The source scene's objects, where the record doesn't list them."""
    found = []
    for number, item in enumerate(known.scene.objects, start=1):
        box, mask = scenes.object_box(item, known.camera), labels == number
        bounds = mask_bounds(mask) if mask.any() else np.zeros(4)
        found.append(Detection(box.vector, bounds, box.rotation, item.label, 1.0, item.instance_id))
    return tuple(found)
