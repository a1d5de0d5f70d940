"""Whether an edit of a scene is worth keeping: seen, free, standing, and a change that shows. Cheap questions first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.operations.base import Proposal
from gsi_bench_hf.synth.physics import World
from gsi_bench_hf.synth.placement import footprint_m, tabletop_of
from gsi_bench_hf.synth.render import Renderer
from gsi_bench_hf.synth.scene import EditedScene, Float, Scene, SceneObject
from gsi_bench_hf.synth.viewpoints import MIN_LONG_SIDE_PX, bounds_px

MIN_VISIBLE = 0.6
MIN_OTHERS_VISIBLE = 0.4
CLEARANCE_M = 0.006

_FRAME_MARGIN_PX = 10.0
_MIN_RESULT_SIDE_PX = 32.0
_MIN_SHIFT_PX = 24.0
_MIN_PIXELS = 350
_DRAFT = (256, 256)
_MIN_TURN_SHOWN = 0.18
_MIN_COLOR_STEP = 16


@dataclass(frozen=True, eq=False)
class Seen:
    """How a scene is seen: `segmentation` (H, W) as rendered, and `pixels_alone`, what each object would cover by itself, by id."""

    segmentation: NDArray[np.int32]
    pixels_alone: dict[str, int]

    def visible_fraction(self, scene: Scene) -> dict[str, float]:
        """0..1 by id: the part of each object's silhouette (inside the picture) that nothing covers."""
        shown = np.bincount(self.segmentation.ravel(), minlength=len(scene.objects) + 1)
        return {
            o.instance_id: min(1.0, float(shown[i + 1]) / self.pixels_alone[o.instance_id])
            if self.pixels_alone[o.instance_id]
            else 0.0
            for i, o in enumerate(scene.objects)
        }


@dataclass(frozen=True, eq=False)
class Kept:
    """An edit that passed: the scenes, the proposal, and how the result is seen."""

    proposal: Proposal
    edited: EditedScene
    result: Scene
    seen: Seen


class Stage:
    """A scene with what was worked out about it once for all its edits.

    Args:
        scene: the source.
        renderer: draws segmentations and drafts.
        rejections: counts why edits were refused, by reason; added to.
    """

    def __init__(self, scene: Scene, renderer: Renderer, rejections: Counter[str]) -> None:
        self.scene = scene
        self.rejections = rejections
        self._renderer = renderer
        self._top = tabletop_of(scene)

    @cached_property
    def seen(self) -> Seen:
        """How the source is seen."""
        segmentation = self._segmentation(self.scene)
        return Seen(segmentation, {o.instance_id: self._alone(self.scene, o, segmentation) for o in self.scene.objects})

    @cached_property
    def world(self) -> World:
        """The source as bodies."""
        return World(self.scene)

    @cached_property
    def stands(self) -> bool:
        """Whether nothing in the source moves, touches another thing, or is mostly hidden."""
        if self.world.settle().unstable:
            return self._refuse("source: unstable")
        if any(self.world.overlapping(o, clearance_m=CLEARANCE_M) for o in self.scene.objects):
            return self._refuse("source: collision")
        if min(self.seen.visible_fraction(self.scene).values()) < MIN_OTHERS_VISIBLE:
            return self._refuse("source: hidden object")
        return True

    def suits(self, item: SceneObject) -> bool:
        """Whether an object is seen well enough to be edited: `MIN_VISIBLE`, in frame, not tiny."""
        bounds = bounds_px(item, self.scene.camera)
        large = (bounds[2:] - bounds[:2]).max() >= MIN_LONG_SIDE_PX and self.seen.pixels_alone[
            item.instance_id
        ] >= _MIN_PIXELS
        return bool(
            large and self._in_frame(bounds) and self.seen.visible_fraction(self.scene)[item.instance_id] >= MIN_VISIBLE
        )

    def check(self, proposal: Proposal) -> Kept | None:
        """The edit, or None where it is refused; the reason is counted under its operation."""
        edited = proposal.apply(self.scene)
        result = edited.target
        reason = self._cheap_reason(proposal) or self._standing_reason(proposal, result)
        if reason is None:
            seen = self._seen_after(proposal, result)
            reason = self._hidden_reason(proposal, result, seen) or self._unchanged_reason(proposal, result, seen)
            if reason is None:
                return Kept(proposal, edited, result, seen)
        self._refuse(f"{proposal.operation}: {reason}")
        return None

    def _cheap_reason(self, proposal: Proposal) -> str | None:
        if proposal.changed is None:
            return None
        before = bounds_px(self.scene.object(proposal.target_id), self.scene.camera)
        after = bounds_px(proposal.changed, self.scene.camera)
        if not self._in_frame(after):
            return "out of frame"
        if (after[2:] - after[:2]).max() < _MIN_RESULT_SIDE_PX:
            return "too small"
        if proposal.operation == "move" and np.linalg.norm(after - before) / np.sqrt(2.0) < _MIN_SHIFT_PX:
            return "too small a change"
        if not self._top.holds(footprint_m(proposal.changed)):
            return "off the table"
        return None

    def _standing_reason(self, proposal: Proposal, result: Scene) -> str | None:
        changed = proposal.changed
        if changed is None:
            return None
        scaled = changed.scale != self.scene.object(proposal.target_id).scale
        if not scaled and self.world.overlapping(changed, clearance_m=CLEARANCE_M):
            return "collision"
        world = World(result, free=(changed.instance_id,))
        if scaled and world.overlapping(changed, clearance_m=CLEARANCE_M):
            return "collision"
        return "unstable" if world.settle().unstable else None

    def _seen_after(self, proposal: Proposal, result: Scene) -> Seen:
        alone, segmentation = dict(self.seen.pixels_alone), self._segmentation(result)
        if proposal.changed is not None:
            alone[proposal.target_id] = self._alone(result, proposal.changed, segmentation)
        return Seen(segmentation, alone)

    def _hidden_reason(self, proposal: Proposal, result: Scene, seen: Seen) -> str | None:
        visible = seen.visible_fraction(result)
        if proposal.changed is not None and visible[proposal.target_id] < MIN_VISIBLE:
            return "hidden"
        others = [v for i, v in visible.items() if i != proposal.target_id]
        return "hides another" if others and min(others) < MIN_OTHERS_VISIBLE else None

    def _unchanged_reason(self, proposal: Proposal, result: Scene, seen: Seen) -> str | None:
        """For a turn: whether enough of the target's pixels get another colour; another silhouette counts too."""
        if proposal.operation != "rotate":
            return None
        number = 1 + [o.instance_id for o in self.scene.objects].index(proposal.target_id)
        union = (self.seen.segmentation == number) | (seen.segmentation == number)
        union = union[:: union.shape[0] // _DRAFT[1], :: union.shape[1] // _DRAFT[0]]
        step = np.abs(self._draft_source.astype(int) - self._draft(result).astype(int)).max(axis=-1)
        return None if (step[union] >= _MIN_COLOR_STEP).mean() >= _MIN_TURN_SHOWN else "looks the same"

    @cached_property
    def _draft_source(self) -> NDArray[np.uint8]:
        return self._draft(self.scene)

    def _draft(self, scene: Scene) -> NDArray[np.uint8]:
        rgb = self._renderer.render(scene, want=("rgb",), size=_DRAFT, quality="draft").rgb
        assert rgb is not None
        return rgb

    def _segmentation(self, scene: Scene, only: tuple[str, ...] | None = None) -> NDArray[np.int32]:
        segmentation = self._renderer.render(scene, want=("segmentation",), only=only).segmentation
        assert segmentation is not None
        return segmentation

    def _alone(self, scene: Scene, item: SceneObject, segmentation: NDArray[np.int32]) -> int:
        """Pixels of an object by itself. What overlaps no other's box in the picture needs no picture of its own."""
        here = bounds_px(item, scene.camera)
        others = [bounds_px(o, scene.camera) for o in scene.objects if o.instance_id != item.instance_id]
        if all((here[:2] >= b[2:]).any() or (b[:2] >= here[2:]).any() for b in others):
            return int(np.count_nonzero(segmentation == 1 + scene.objects.index(item)))
        return int(np.count_nonzero(self._segmentation(scene, (item.instance_id,))))

    def _in_frame(self, bounds: Float) -> bool:
        camera = self.scene.camera
        low, high = _FRAME_MARGIN_PX, np.array([camera.width, camera.height]) - _FRAME_MARGIN_PX
        return bool((bounds[:2] >= low).all() and (bounds[2:] <= high).all())

    def _refuse(self, reason: str) -> bool:
        self.rejections[reason] += 1
        return False
