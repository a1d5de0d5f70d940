"""Where the target is in an edited image: looked for coarsely where something isn't explained, then refined in ever better light.

In rooms it may stand on another surface, and light comes from everywhere: more places are tried there, and nearer at hand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.perception import pose_search
from gsi_bench_hf.perception.changes import regions, unexplained_mask
from gsi_bench_hf.perception.edited_image import EditedImage
from gsi_bench_hf.perception.known_scene import KnownScene, Pose
from gsi_bench_hf.perception.places import along_the_view, other_surfaces, plain_edits, scattered
from gsi_bench_hf.perception.pose_refine import MIDDLE_LENIENCY, Fit, Matcher, shrink
from gsi_bench_hf.perception.rival_turns import near_best, turned
from gsi_bench_hf.synth.render import Quality

Float32 = NDArray[np.float32]

_COARSE_PX, _COARSE_OBJECT_PX = (128, 192, 256), 20.0
"""Widths of the image for the coarse search: the least at which the target is so large."""
_MIDDLE_PX, _MIDDLE_OBJECT_PX = (256, 512), 44.0
_FINAL_PX, _FINAL_OBJECT_PX = (256, 384, 512), 140.0
_LEAST_REGION = 0.03
"""Of the target's silhouette: smaller unexplained regions are no sign of an edit."""
_MOST = 0.93
"""Badness of what is as unlike as can be, in light and in colour."""
_EXPLAINED, _EVIDENCE = 0.35, 0.06
"""The target is there if it explains this share of what the background leaves, and takes off this much a pixel."""
_ROUGH = 2.5
"""Or if it takes off `_EXPLAINED` a pixel at so many times the tolerance, whatever its shade: a person knows a thing drawn badly."""
_ROOM_CANDIDATES = 5
_WELL_EXPLAINED = 0.85
_SHADOW_LACKS = 0.25
"""A shadow isn't seen if it speaks against the pose by this share of what the target itself speaks for it."""
_BADLY_EXPLAINED = 0.65
_PLAIN_EDITS = 2
_KEEP_SOURCE = 0.01
"""The source pose is kept unless another is better by this share."""


class TargetSearch:
    """Looks for the target.

    Args:
        shown: the edited image.
    """

    def __init__(self, shown: EditedImage) -> None:
        self.shown = shown
        self._forgives_shadows = False
        self._changed = np.zeros(shown.target_mask.shape, bool)

    @property
    def known(self) -> KnownScene:
        """The scene."""
        return self.shown.known

    def find(self) -> Fit | None:
        """The target's pose, or None where it isn't in the image."""
        least_px = max(16.0, _LEAST_REGION * float(self.shown.target_mask.sum()))
        left_by_source = regions(unexplained_mask(self.shown.bad_source), least_px)
        still = (
            float((1.0 - self.shown.bad_source)[self.shown.target_mask].mean()) if self.shown.target_mask.any() else 0.0
        )
        stands_out = (
            float(self.shown.bad_background[self.shown.target_mask].mean()) if self.shown.target_mask.any() else 0.0
        )
        if not left_by_source:
            return Fit(Pose(), 0.0, stands_out, float(self.shown.target_mask.sum()))
        left_by_background = regions(unexplained_mask(self.shown.bad_background), least_px)
        if not left_by_background:
            return None
        self._changed = np.any([region.mask for region in left_by_background[:2]], axis=0)
        centers = [region.center_px for region in (left_by_background[:3] + left_by_source[:2])]
        candidates = self._coarse(self._places(centers), None)
        if still > 0.75 and stands_out > 0.3:
            # It still stands where it stood; what else there is may be a second one, and that is the edit.
            weight = np.where(self.shown.target_mask, 0.0, 1.0).astype(np.float32)
            candidates = self._coarse(self._places([r.center_px for r in left_by_source[:3]]), weight)[:1] + candidates
        best = self._refine(candidates)
        if best is None or self._lacks_shadow(best):
            # Not every editor draws a shadow, so none is asked for.
            self._forgives_shadows = True
            again = self._refine(candidates)
            best = max((fit for fit in (best, again) if fit is not None), key=lambda fit: fit.on_target, default=None)
        if best is not None and self._is_there(best):
            return best
        return self._in_its_shade(least_px) if self.known.is_room else None

    def _in_its_shade(self, least_px: float) -> Fit | None:
        """The target's pose where the image differs the most: its shade on a wall may be many times as large as it is."""
        most = regions(unexplained_mask(self.shown.bad_background, _MOST), least_px)[:2]
        best = self._refine(self._coarse(self._places([region.center_px for region in most]), None)) if most else None
        return best if best is not None and self._is_there(best) else None

    def _places(self, centers: list[NDArray[np.float64]]) -> list[Pose]:
        """Where to look: the source place, the regions, and a grid over the objects' part of the table if all has changed."""
        height_m = 0.4 * float(self.known.target.size_m[2]) * self.known.target.scale
        if unexplained_mask(self.shown.bad_background).mean() > 0.35:
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
        if not self.known.is_room:
            found.sort(key=lambda candidate: -candidate.gain)
            return pose_search.distinct(found, 3, self.known, symmetry)
        # In a room the same picture is made by what is farther away and larger: its own size is the likelier one.
        found.sort(key=lambda candidate: -candidate.gain * float(np.exp(-abs(candidate.pose.log_scale))))
        return pose_search.distinct(found, _ROOM_CANDIDATES, self.known, symmetry)

    def _coarse_search(self, width: int, weight: Float32 | None) -> pose_search.CoarseSearch:
        image = shrink(self.shown.image, width)
        background = self.shown.look.of(shrink(self.shown.background, width), width / self.shown.image.shape[1])
        small = None if weight is None else shrink(weight, width)
        return pose_search.CoarseSearch(self.known, self.shown.look, image, background, small)

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
        """The best of the candidates, refined in three stages, or None where none explains anything."""
        rivals = self._rivals(candidates) if candidates else []
        badly = not rivals or not self._is_well_explained(rivals[0], _BADLY_EXPLAINED)
        if badly and not self.known.is_room and not self._forgives_shadows:
            # What is as bright as its table is drawn by shades and shadows, which a draft has none of.
            rivals = near_best(rivals + self._in_its_own_light())
        if not rivals:
            return None
        final = self._final(rivals[0].pose)
        best = self._settled(final, rivals)
        stayed = final.measure(Pose())
        keep = 1.0 - _KEEP_SOURCE
        if stayed.relief >= keep * best.relief and stayed.share >= keep * best.share:
            best = stayed
        return best

    def _rivals(self, candidates: list[pose_search.Candidate]) -> list[Fit]:
        """The candidates refined so far that only the best light tells which is best, that first."""
        width = self._width_for(candidates[0].pose, self._widths(_MIDDLE_PX), _MIDDLE_OBJECT_PX)
        draft, middle = self._matcher(width, "draft"), self._matcher(width, "lit")
        if self.known.is_room:
            candidates = self._loosened(draft, candidates)
        # One sample a pixel tells small things in a room badly apart.
        ranking = self._matcher(self.known.camera.width, "full") if self.known.is_room else middle
        near = self._best_of(ranking, middle, self._drafted(draft, candidates))
        if not near:
            return []
        return turned(self.known, draft, middle, near[0], free=self._free) + (near[1:] if self.known.is_room else [])

    def _in_its_own_light(self) -> list[Fit]:
        """The best of those poses that differ from the source's in one thing, looked at in the image's own light from the start."""
        coarse = self._matcher(_COARSE_PX[-1], "lit")
        coarse.use(4.0)
        fits = [coarse.measure(pose) for pose in plain_edits(self.known, self._changed)]
        ranked = sorted((pose_search.Candidate(fit.pose, fit.relief) for fit in fits), key=lambda found: -found.gain)
        starts = pose_search.distinct(ranked, _PLAIN_EDITS, self.known, self.known.target.symmetry)
        if not starts:
            return []
        middle = self._matcher(self._width_for(starts[0].pose, self._widths(_MIDDLE_PX), _MIDDLE_OBJECT_PX), "lit")
        leniencies = (4.0, MIDDLE_LENIENCY)
        return [middle.refine(c.pose, free=self._free, iterations=3, leniencies=leniencies) for c in starts]

    def _loosened(self, draft: Matcher, candidates: list[pose_search.Candidate]) -> list[pose_search.Candidate]:
        """The candidates, and before them the best pose near each of the first two: what is slid is small, and drawn by shadows."""
        draft.use(4.0)
        found = []
        for candidate in candidates[:2]:
            fits = [draft.measure(pose) for pose in scattered(self.known, candidate.pose)]
            best = max(fits, key=lambda fit: fit.relief, default=None)
            if best is not None and best.relief > draft.measure(candidate.pose).relief:
                found.append(pose_search.Candidate(best.pose, candidate.gain))
        return found + candidates

    def _settled(self, final: Matcher, rivals: list[Fit]) -> Fit:
        """The best of the rivals in the best light, refined to the end."""
        # As they are not there yet, they are held to no more than they were refined with.
        final.use(MIDDLE_LENIENCY)
        # Lamps and walls make shadows far beyond a thing's own window: what is compared must be seen in one.
        measured = final.compared([fit.pose for fit in rivals])
        finished = [self._finished(final, fit) for fit in near_best(measured)[:2]]
        best = max(final.compared([fit.pose for fit in finished]), key=lambda fit: fit.relief)
        return self._nearer_or_farther(final, best) if self.known.is_room else best

    def _finished(self, final: Matcher, best: Fit) -> Fit:
        """The fit refined to the end."""
        fit = final.refine(best.pose, free=self._free, iterations=4, leniencies=(1.0,))
        if self.shown.look.is_clean and not self._is_well_explained(fit):
            # A clean image is held to so little difference that the descent may stall a few pixels away.
            again = final.refine(fit.pose, free=self._free, iterations=4, leniencies=(4.0, 2.0, 1.0))
            fit = max(fit, again, key=lambda f: f.relief)
        return fit

    def _nearer_or_farther(self, final: Matcher, fit: Fit) -> Fit:
        """The fit, or a better one that is hard to tell from it: the descent crawls along the view."""
        for _ in range(3):
            if self._is_well_explained(fit):
                break
            final.use(2.0)
            tried = [final.measure(pose) for pose in (fit.pose, *along_the_view(self.known, fit.pose))]
            start = max(tried, key=lambda f: f.relief)
            again = final.refine(start.pose, free=self._free, iterations=3, leniencies=(2.0, 1.0))
            if again.relief <= 1.02 * fit.relief:
                break
            fit = again
        return fit

    def _drafted(self, draft: Matcher, candidates: list[pose_search.Candidate]) -> list[Fit]:
        """The candidates refined as drafts, first where much may be wrong; those far behind by then are dropped."""
        fits = [draft.refine(c.pose, free=self._free, iterations=3, leniencies=(4.0,)) for c in candidates]
        least = max(0.0, (0.25 if self.known.is_room else 0.6) * max(fit.relief for fit in fits))
        near = [fit for fit in fits if fit.relief > least]
        return [draft.refine(fit.pose, free=self._free, iterations=3, leniencies=(2.0,)) for fit in near]

    @property
    def _free(self) -> tuple[int, ...]:
        return (0, 1, 3) if self.known.target.symmetry == 0 else (0, 1, 2, 3)

    def _matcher(self, width: int, quality: Quality) -> Matcher:
        """Compares renders of that quality with the image at that width."""
        image, background = shrink(self.shown.image, width), shrink(self.shown.background, width)
        matcher = Matcher(self.known, self.shown.look, image, background, quality=quality)
        matcher.forgives_shadows = self._forgives_shadows
        return matcher

    def _final(self, pose: Pose) -> Matcher:
        """Compares in the best light, at the width that is enough for the target so posed."""
        return self._matcher(self._width_for(pose, self._widths(_FINAL_PX), _FINAL_OBJECT_PX), "full")

    def _best_of(self, ranking: Matcher, middle: Matcher, fits: list[Fit]) -> list[Fit]:
        """Those that are near the best in full light, refined there, the best first."""
        ranking.use(MIDDLE_LENIENCY)
        fits = [ranking.measure(fit.pose) for fit in fits]
        highest = max((fit.relief for fit in fits), default=0.0)
        near = sorted((fit for fit in fits if fit.relief > max(0.0, 0.85 * highest)), key=lambda fit: -fit.relief)[:2]
        fits = [middle.refine(fit.pose, free=self._free, iterations=3, leniencies=(MIDDLE_LENIENCY,)) for fit in near]
        return sorted(fits, key=lambda fit: -fit.relief)

    def _lacks_shadow(self, fit: Fit) -> bool:
        """Whether the shadow that it would throw isn't seen, which may have misled the search; in a room they are faint."""
        if self.known.is_room or self._is_well_explained(fit):
            return False
        return fit.beside < -_SHADOW_LACKS * fit.on_target or not self._is_well_explained(fit, _BADLY_EXPLAINED)

    def _is_well_explained(self, fit: Fit, least: float = _WELL_EXPLAINED) -> bool:
        """Whether next to nothing is left to explain on the target."""
        return fit.share >= least * self.shown.evidence(fit.pose)

    def _is_there(self, fit: Fit) -> bool:
        """Whether it is drawn there as it would look, or, drawn badly, like nothing else in the scene."""
        if fit.share > _EVIDENCE and fit.share > _EXPLAINED * self.shown.evidence(fit.pose):
            return True
        return self._final(fit.pose).likeness(fit.pose, _ROUGH) > _EXPLAINED
