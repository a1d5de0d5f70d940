"""Whether an edit of a photograph can be asked for: seen, free, carried by a measured surface, not hidden, and a change that shows.

What `synth.checks` asks of a rendered scene, with its limits and words, asked of boxes and measured surfaces. Nothing can be rendered
here, so whether a turn shows is left to what is known of the kind of thing (`vocabulary.FRONTED`) and to who verifies.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from gsi_bench_hf.data.scannetpp.solid import (
    BESIDE_M,
    LEVEL_M,
    entry_depth,
    footing,
    hidden_share,
    points_within,
    surface_height_m,
)
from gsi_bench_hf.data.scannetpp.views import Measured, View
from gsi_bench_hf.synth.checks import MIN_OTHERS_VISIBLE, MIN_VISIBLE, ROOM, Kept, Limits
from gsi_bench_hf.synth.operations import Proposal
from gsi_bench_hf.synth.placement import footprint_m, gap_m
from gsi_bench_hf.synth.scene import SceneObject, object_box
from gsi_bench_hf.synth.seeing import is_framed
from gsi_bench_hf.synth.viewpoints import bounds_px

LARGEST_M = 1.3
"""What is longer is furniture, whatever it is called."""
_LIMITS_WIDTH_PX = 640.0
_MIN_SHIFT_PX = 24.0
_HIDDEN_STEP = 0.05
_TOUCHING_M = 0.005
_FLAT_M = 0.02
_INSIDE_M = 0.015
_ABOVE_M = 0.03
_MOST_INSIDE = 12
_MOST_VOID = 0.15
_LEAST_CARRIED = 0.35
_RING_CELLS = 4
_RING_CARRIED = 0.3


class PhotoStage:
    """A frame with what was worked out about it once for all its edits; the photograph's `synth.checks.Stage`.

    Args:
        view: the frame.
        rejections: counts why edits were refused, by reason; added to.
    """

    def __init__(self, view: View, rejections: Counter[str]) -> None:
        self.view, self.scene, self.rejections = view, view.scene, rejections
        factor = view.scene.camera.width / _LIMITS_WIDTH_PX
        self._shift_px = _MIN_SHIFT_PX * factor
        self._limits = Limits(
            ROOM.frame_margin_px * factor,
            ROOM.min_side_px * factor,
            ROOM.min_result_side_px * factor,
            round(ROOM.min_pixels * factor**2),
        )
        self._numbers = {o.instance_id: i for i, o in enumerate(self.scene.objects, start=1)}
        self._pixels = np.bincount(view.seen.segmentation.ravel(), minlength=len(self._numbers) + 1)
        self._levels: dict[str, float | None] = {}

    def targets(self) -> list[SceneObject]:
        """The objects that can be edited, in the scene's order."""
        return [o for o in self.scene.objects if self._suits(o)]

    def check(self, proposal: Proposal) -> Kept | None:
        """The edit, or None where it is refused; the reason is counted under its operation."""
        reason = self._reason(proposal)
        if reason is not None:
            self.rejections[f"{proposal.operation}: {reason}"] += 1
            return None
        edited = proposal.apply(self.scene)
        return Kept(proposal, edited, edited.target, self._seen_after(proposal))

    def _suits(self, item: SceneObject) -> bool:
        """Whether an object is seen well enough, stands on something that was measured, and carries nothing."""
        bounds = bounds_px(item, self.scene.camera)
        large = (bounds[2:] - bounds[:2]).max() >= self._limits.min_side_px
        return bool(
            large
            and item.size_m.max() <= LARGEST_M
            and self._pixels[self._numbers[item.instance_id]] >= self._limits.min_pixels
            and self.view.seen.fractions[item.instance_id] >= MIN_VISIBLE
            and is_framed(item, self.scene.camera, self._limits.frame_margin_px)
            and not any(_carries(item, o) for o in self.scene.objects if o is not item)
            and self._level_m(item) is not None
        )

    def _level_m(self, item: SceneObject) -> float | None:
        """The height of what an object stands on; None for what hangs or was not measured."""
        name = item.instance_id
        if name not in self._levels:
            height_m = surface_height_m(self.view.solid, item)
            if height_m is not None:
                around = footing(self.view.solid, item, height_m, ring_m=BESIDE_M, without=name)
                known = around.carried + around.void
                if around.carried < _RING_CELLS or around.carried < _RING_CARRIED * known:
                    height_m = None
            self._levels[name] = height_m
        return self._levels[name]

    def _reason(self, proposal: Proposal) -> str | None:
        changed = proposal.changed
        if changed is None:
            return None
        return (
            self._picture_reason(proposal, changed)
            or self._space_reason(proposal, changed)
            or self._hidden_reason(proposal, changed)
        )

    def _picture_reason(self, proposal: Proposal, changed: SceneObject) -> str | None:
        camera = self.scene.camera
        before, after = bounds_px(self.scene.object(proposal.target_id), camera), bounds_px(changed, camera)
        if not is_framed(changed, camera, self._limits.frame_margin_px):
            return "out of frame"
        if (after[2:] - after[:2]).max() < self._limits.min_result_side_px:
            return "too small"
        if proposal.operation == "move" and np.linalg.norm(after - before) / np.sqrt(2.0) < self._shift_px:
            return "too small a change"
        return None

    def _space_reason(self, proposal: Proposal, changed: SceneObject) -> str | None:
        """Whether it would be in another thing, or stand on nothing, by boxes and measured surfaces."""
        item, solid = self.scene.object(proposal.target_id), self.view.solid
        level_m = self._level_m(item)
        if level_m is None:
            return "hangs"
        others = [o for o in self.scene.objects if o is not item and not _overlap(item, o)]
        if any(_overlap(changed, other) for other in others):
            return "collision"
        under = footing(solid, changed, level_m, without=item.instance_id)
        known = under.carried + under.void
        if under.carried < _LEAST_CARRIED * under.cells:
            return "off the surface" if under.void > under.carried else "surface not measured"
        if under.void > _MOST_VOID * known:
            return "off the surface"
        above_m = max(_ABOVE_M, level_m - float(changed.position_m[2]) + LEVEL_M)
        inside = points_within(solid, changed, margin_m=_INSIDE_M, above_m=above_m, without=item.instance_id)
        return "collision" if inside > _MOST_INSIDE else None

    def _hidden_reason(self, proposal: Proposal, changed: SceneObject) -> str | None:
        seen = self._seen_after(proposal)
        if seen.fractions[changed.instance_id] < MIN_VISIBLE:
            return "hidden"
        before = self.view.seen.fractions
        hides = any(
            v < MIN_OTHERS_VISIBLE and v < before[i] - _HIDDEN_STEP
            for i, v in seen.fractions.items()
            if i != changed.instance_id
        )
        return "hides another" if hides else None

    def _seen_after(self, proposal: Proposal) -> Measured:
        """How much of each object would show; the silhouettes themselves nobody can tell."""
        seen, target = self.view.seen, self._numbers[proposal.target_id]
        fractions = {i: v for i, v in seen.fractions.items() if proposal.changed is not None or i != proposal.target_id}
        if proposal.changed is None:
            return dataclasses.replace(seen, fractions=fractions)
        camera = self.scene.camera
        box = object_box(proposal.changed, camera)
        rest_m = np.where(seen.segmentation == target, 0.0, self.view.depth_m).astype(np.float32)
        fractions[proposal.target_id] = 1.0 - hidden_share(box, camera, rest_m)
        entry, hit = entry_depth(box, camera)
        covers = hit & (entry < rest_m)
        lost = np.bincount(seen.segmentation[covers], minlength=len(self._pixels))
        for name, number in self._numbers.items():
            if number != target and self._pixels[number]:
                fractions[name] *= 1.0 - float(lost[number]) / float(self._pixels[number])
        return dataclasses.replace(seen, fractions=fractions)


def _overlap(a: SceneObject, b: SceneObject) -> bool:
    """Whether two upright boxes are in each other by more than a few millimetres; flat things that others stand on are not."""
    tops = [float(o.position_m[2] + o.size_m[2] * o.scale) for o in (a, b)]
    shared_m = min(tops) - max(float(a.position_m[2]), float(b.position_m[2]))
    return shared_m > _FLAT_M and gap_m(footprint_m(a), footprint_m(b)) < -_TOUCHING_M


def _carries(item: SceneObject, other: SceneObject) -> bool:
    """Whether another thing's middle is over an object, its base on it or in it."""
    base_m, height_m = float(item.position_m[2]), float(item.size_m[2] * item.scale)
    rise_m = float(other.position_m[2]) - base_m
    local = (other.position_m[:2] - item.position_m[:2]) @ item.rotation[:2, :2]
    over = (np.abs(local) <= item.size_m[:2] * item.scale / 2.0).all()
    return bool(over and min(0.3 * height_m, 0.02) < rise_m < height_m + 2.0 * LEVEL_M)
