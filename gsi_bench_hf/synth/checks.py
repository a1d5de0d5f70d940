"""Whether an edit of a scene is worth keeping: seen, free, standing, and a change that shows. Cheap questions first."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth import views
from gsi_bench_hf.synth.operations.base import Proposal
from gsi_bench_hf.synth.operations.rotate import looks_the_same
from gsi_bench_hf.synth.render import Renderer
from gsi_bench_hf.synth.scene import EditedScene, Scene, SceneObject
from gsi_bench_hf.synth.seeing import (
    Seen,
    alone_in_room,
    alone_on_table,
    is_framed,
    seen_in_room,
    seen_on_table,
    segmentation_of,
)
from gsi_bench_hf.synth.standing import CLEARANCE_M, Standing
from gsi_bench_hf.synth.viewpoints import MIN_LONG_SIDE_PX, bounds_px

__all__ = [
    "CLEARANCE_M",
    "MIN_OTHERS_VISIBLE",
    "MIN_PUT_VISIBLE",
    "MIN_VISIBLE",
    "ROOM",
    "TABLE",
    "Kept",
    "Limits",
    "Seen",
    "Stage",
]

MIN_VISIBLE = 0.6
MIN_PUT_VISIBLE = 0.75
"""Of what was put somewhere else: one must see what it stands on."""
MIN_OTHERS_VISIBLE = 0.4

_MIN_SHIFT_PX = 24.0
_MIN_TURN_SHOWN = 0.18
_MIN_TURN_TOLD = 0.08
_MIN_COLOR_STEP = 16
_HIDDEN_STEP = 0.05


@dataclass(frozen=True)
class Limits:
    """What the target of an edit must be in the picture.

    Attributes:
        frame_margin_px: distance of its box from the picture's edge, before and after.
        min_side_px, min_result_side_px: longer side of its box before and after.
        min_pixels: of its silhouette.
    """

    frame_margin_px: float
    min_side_px: float
    min_result_side_px: float
    min_pixels: int


TABLE = Limits(10.0, MIN_LONG_SIDE_PX, 32.0, 350)
ROOM = Limits(4.0, 40.0, 32.0, 300)


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
        self._on_table = not scene.is_room
        self._limits = TABLE if self._on_table else ROOM
        self._standing = Standing(scene)

    @cached_property
    def seen(self) -> Seen:
        """How the source is seen."""
        return self._seen(self.scene)

    @cached_property
    def visible(self) -> dict[str, float]:
        """0..1 by id: how much of each object of the source shows; see `Seen.visible_fraction`."""
        return self.seen.visible_fraction(self.scene)

    @cached_property
    def stands(self) -> bool:
        """Whether nothing in the source moves or touches another thing; on a table, whether nothing is mostly hidden."""
        reason = self._standing.source_reason()
        if reason is not None:
            return self._refuse(f"source: {reason}")
        if self._on_table and min(self.visible.values()) < MIN_OTHERS_VISIBLE:
            return self._refuse("source: hidden object")
        return True

    def suits(self, item: SceneObject) -> bool:
        """Whether an object can be edited: seen well enough (`MIN_VISIBLE`, wholly in frame, not tiny), and nothing stands on it."""
        bounds = bounds_px(item, self.scene.camera)
        large = (bounds[2:] - bounds[:2]).max() >= self._limits.min_side_px and self.seen.pixels_alone[
            item.instance_id
        ] >= self._limits.min_pixels
        return bool(
            large
            and is_framed(item, self.scene.camera, self._limits.frame_margin_px)
            and self._standing.is_free(item)
            and self.visible[item.instance_id] >= MIN_VISIBLE
        )

    def check(self, proposal: Proposal) -> Kept | None:
        """The edit, or None where it is refused; the reason is counted under its operation."""
        edited = proposal.apply(self.scene)
        result = edited.target
        judge = self._change if proposal.camera is None else self._view
        kept = judge(proposal, edited, result)
        if isinstance(kept, Kept):
            return kept
        self._refuse(f"{proposal.operation}: {kept}")
        return None

    def _change(self, proposal: Proposal, edited: EditedScene, result: Scene) -> Kept | str:
        """The change of an object, or why it is refused."""
        reason = (
            self._cheap_reason(proposal)
            or self._standing.off_reason(proposal)
            or self._standing.standing_reason(proposal)
        )
        if reason is not None:
            return reason
        seen = self._seen_after(proposal, result)
        reason = self._hidden_reason(proposal, result, seen) or self._unchanged_reason(proposal, result, seen)
        return reason or Kept(proposal, edited, result, seen)

    def _view(self, proposal: Proposal, edited: EditedScene, result: Scene) -> Kept | str:
        """The change of the camera, or why it is refused."""
        if views.is_blocked(self._standing, self.scene.camera, result.camera):
            return "camera in a thing"
        if self._depth(result).min() < views.NEAREST_M:
            return "camera too near"
        if views.shared_part(self._source_depth, self.scene.camera, result.camera) < views.MIN_SHARED:
            return "too little in common"
        segmentation = segmentation_of(self._renderer, result)
        if not views.keeps_enough(self.seen.segmentation, segmentation, self.scene):
            return "too few objects in common"
        if not is_framed(result.object(proposal.target_id), result.camera, self._limits.frame_margin_px):
            return "out of frame"
        seen = self._seen(result)
        hidden = seen.visible_fraction(result)[proposal.target_id] < MIN_VISIBLE
        return "hidden" if hidden else Kept(proposal, edited, result, seen)

    def _cheap_reason(self, proposal: Proposal) -> str | None:
        if proposal.changed is None:
            return None
        before = bounds_px(self.scene.object(proposal.target_id), self.scene.camera)
        after = bounds_px(proposal.changed, self.scene.camera)
        if not is_framed(proposal.changed, self.scene.camera, self._limits.frame_margin_px):
            return "out of frame"
        if (after[2:] - after[:2]).max() < self._limits.min_result_side_px:
            return "too small"
        if proposal.operation == "move" and np.linalg.norm(after - before) / np.sqrt(2.0) < _MIN_SHIFT_PX:
            return "too small a change"
        return None

    def _seen(self, scene: Scene) -> Seen:
        return (seen_on_table if self._on_table else seen_in_room)(self._renderer, scene)

    def _seen_after(self, proposal: Proposal, result: Scene) -> Seen:
        alone, segmentation = dict(self.seen.pixels_alone), segmentation_of(self._renderer, result)
        if proposal.changed is not None and self._on_table:
            alone[proposal.target_id] = alone_on_table(self._renderer, result, proposal.changed, segmentation)
        elif proposal.changed is not None:
            alone.update(alone_in_room(self._renderer, result, (proposal.changed,)))
        return Seen(segmentation, alone)

    def _hidden_reason(self, proposal: Proposal, result: Scene, seen: Seen) -> str | None:
        visible = seen.visible_fraction(result)
        needed = MIN_VISIBLE if proposal.reference_id is None else MIN_PUT_VISIBLE
        if proposal.changed is not None and visible[proposal.target_id] < needed:
            return "hidden"
        # In a room some are hidden to begin with: none may become so.
        before = {} if self._on_table else self.visible
        hides = any(
            v < MIN_OTHERS_VISIBLE and v < before.get(i, 1.0) - _HIDDEN_STEP
            for i, v in visible.items()
            if i != proposal.target_id
        )
        return "hides another" if hides else None

    def _unchanged_reason(self, proposal: Proposal, result: Scene, seen: Seen) -> str | None:
        """For a turn: whether enough of the target's pixels get another colour, and would another one by the turns that may be
        taken for it, the opposite one and the one half a turn on; another silhouette counts too.
        """
        if proposal.operation != "rotate":
            return None
        number = 1 + [o.instance_id for o in self.scene.objects].index(proposal.target_id)
        before, after = self._draft_source, self._draft(result)
        union = ((self.seen.segmentation == number) | (seen.segmentation == number))[::2, ::2]
        if _changed_share(before, after, union) < _MIN_TURN_SHOWN:
            return "looks the same"
        for other in self._mistakable(proposal, result):
            drawn = self._draft(dataclasses.replace(result, objects=other))
            if _changed_share(after, drawn, union) < _MIN_TURN_TOLD:
                return "turns look alike"
        return None

    def _mistakable(self, proposal: Proposal, result: Scene) -> Iterator[tuple[SceneObject, ...]]:
        """The objects of the result with the target turned otherwise, so that it shows unless something hides it."""
        assert proposal.angle_deg is not None
        turned = result.object(proposal.target_id)
        start = self.scene.object(proposal.target_id).rotation
        opposite = start @ turned.rotation.T @ start
        half_turn_on = turned.rotation @ rotation_z(np.pi)
        # Of a quarter turn they are one, of a half turn the turn itself and the source.
        others = {
            90.0: ((half_turn_on, 180.0),),
            180.0: (),
        }.get(proposal.angle_deg, ((opposite, 2.0 * proposal.angle_deg), (half_turn_on, 180.0)))
        for rotation, apart_deg in others:
            if not looks_the_same(turned.symmetry, apart_deg):
                other = dataclasses.replace(turned, rotation=rotation)
                yield tuple(other if o is turned else o for o in result.objects)

    @cached_property
    def _draft_source(self) -> NDArray[np.uint8]:
        return self._draft(self.scene)

    def _draft(self, scene: Scene) -> NDArray[np.uint8]:
        """(H / 2, W / 2, 3)."""
        size = (scene.camera.width // 2, scene.camera.height // 2)
        rgb = self._renderer.render(scene, want=("rgb",), size=size, quality="draft").rgb
        assert rgb is not None
        return rgb

    @cached_property
    def _source_depth(self) -> NDArray[np.float32]:
        return self._depth(self.scene)

    def _depth(self, scene: Scene) -> NDArray[np.float32]:
        """(H / 4, W / 4) metres."""
        size = (scene.camera.width // 4, scene.camera.height // 4)
        depth_m = self._renderer.render(scene, want=("depth",), size=size).depth_m
        assert depth_m is not None
        return depth_m

    def _refuse(self, reason: str) -> bool:
        self.rejections[reason] += 1
        return False


def _changed_share(a: NDArray[np.uint8], b: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    """0..1 the part of the pixels `where` (H, W) whose colour differs by `_MIN_COLOR_STEP` between two pictures (H, W, 3)."""
    step = np.abs(a[where].astype(int) - b[where].astype(int)).max(axis=-1)
    return float((step >= _MIN_COLOR_STEP).mean())
