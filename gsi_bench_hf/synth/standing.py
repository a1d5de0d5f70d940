"""Whether the things of a scene stand, free of each other, where they are and where an edit puts them.

Things stand on furniture, on the floor and on each other; only what is near a thing that is tried takes part in the physics.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull

from gsi_bench_hf.synth.operations.base import Proposal
from gsi_bench_hf.synth.physics import REST_TILT_DEG, Ground, World, stands_alone
from gsi_bench_hf.synth.placement import footprint_m
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject
from gsi_bench_hf.synth.solids import pieces_m, standing_m
from gsi_bench_hf.synth.surfaces import Rest, Surface, rests_of, surfaces_of

CLEARANCE_M = 0.006
FIXTURE_CLEARANCE_M = 0.002
OVERLAP_M = 0.0015
"""How far two things of a source may be in each other: less than their hulls are off."""
EDGE_M = 0.01

_BELOW_M = 0.001
_CARRIED_M = 0.012
_UPRIGHT = 0.9999
_STACK_SHIFT_M = 0.006
"""Each thing of a stack sinks a little into the one below."""
_SEEN_FROM_ABOVE_M = 0.1


class Standing:
    """What stands on what in a scene, and whether it stands.

    Args:
        scene: of upright things. Its ids are unique, those of fixtures too.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._fixed = {f.instance_id for f in scene.fixtures}
        self._walls = {f.instance_id for f in scene.fixtures if f.label == "wall"}
        self._owners: list[str] = []
        self._pieces: list[Float] = []
        for items, fixture in ((scene.fixtures, True), (scene.objects, False)):
            for item in items:
                pieces = pieces_m(item, fixture=fixture)
                self._owners += [item.instance_id] * len(pieces)
                self._pieces += pieces
        self._low = np.array([p.min(axis=0) for p in self._pieces]).reshape(-1, 3)
        self._high = np.array([p.max(axis=0) for p in self._pieces]).reshape(-1, 3)

    @cached_property
    def surfaces(self) -> tuple[Surface, ...]:
        """`surfaces_of` the source."""
        return surfaces_of(self._scene)

    @cached_property
    def rests(self) -> dict[str, Rest]:
        """`rests_of` the source."""
        return rests_of(self._scene, self.surfaces)

    @cached_property
    def carriers(self) -> frozenset[str]:
        """Ids of all that something stands on."""
        return frozenset(rest.carrier_id for rest in self.rests.values())

    def near(self, low_m: Float, high_m: Float, margin_m: float) -> list[tuple[str, Float]]:
        """The still pieces, (N, 3) world, with their owners' ids, whose boxes come that near to a box, (3,) world each."""
        close = (self._low < high_m + margin_m).all(axis=1) & (self._high > low_m - margin_m).all(axis=1)
        return [(self._owners[i], self._pieces[i]) for i in np.flatnonzero(close)]

    def source_reason(self) -> str | None:
        """Why the source is refused: "unstable", "collision", "floating"; None where it is not."""
        if any(self._floats(o) for o in self._scene.objects):
            return "floating"
        if self._overlaps():
            return "collision"
        for group in self._doubtful():
            lows, highs = zip(*(_bounds(o) for o in group), strict=True)
            if self._moves(group, np.min(lows, axis=0), np.max(highs, axis=0)):
                return "unstable"
        return None

    def is_free(self, item: SceneObject) -> bool:
        """Whether an object can be changed or taken away and nothing falls."""
        return item.instance_id in self.rests and item.instance_id not in self.carriers

    def off_reason(self, proposal: Proposal) -> str | None:
        """Why the place where an edit puts its object is none to stand on, by geometry."""
        changed = proposal.changed
        if not self.is_free(self._scene.object(proposal.target_id)) and proposal.camera is None:
            return "carries something"
        if changed is None:
            return None
        surface = self.surface_for(proposal)
        if surface is None or not surface.holds(standing_m(changed), EDGE_M):
            return "off the surface"
        below_m = float(self._scene.camera.world_from_camera[2, 3] - surface.center_m[2])
        if proposal.operation == "receptacle" and below_m < _SEEN_FROM_ABOVE_M:
            return "surface not seen"
        if changed.size_m[2] * changed.scale + FIXTURE_CLEARANCE_M > surface.support.clearance_m:
            return "no headroom"
        return None

    def surface_for(self, proposal: Proposal) -> Surface | None:
        """The surface that the edit's object must stand on: its own, its new neighbour's, or the one it is put on; at its height."""
        changed = proposal.changed
        assert changed is not None
        if proposal.operation == "receptacle":
            offered = [s for s in self.surfaces if s.owner_id == proposal.reference_id]
            if proposal.support is not None:
                offered = offered[proposal.support : proposal.support + 1]
        else:
            beside = proposal.reference_id if proposal.operation == "place" else proposal.target_id
            rest = self.rests.get(beside or "")
            offered = [] if rest is None or rest.surface is None else [rest.surface]
        offered = [s for s in offered if abs(float(s.center_m[2] - changed.position_m[2])) < _BELOW_M]
        return offered[0] if offered else None

    def standing_reason(self, proposal: Proposal) -> str | None:
        """Why the object can't stand there: "collision", "unstable", by physics."""
        changed = proposal.changed
        if changed is None:
            return None
        surface = self.surface_for(proposal)
        assert surface is not None, "off_reason comes first"
        low, high = _bounds(changed)
        pieces: dict[str, list[Float]] = defaultdict(list)
        for owner, piece in self.near(low, high, 2.0 * CLEARANCE_M):
            if owner != changed.instance_id and not _carries(owner, piece, changed, surface.owner_id):
                pieces[owner].append(piece)
        if any(_reaches(changed, piece) for owner in self._walls for piece in pieces.get(owner, ())):
            return "collision"
        ground = Ground(pieces, float(surface.center_m[2]))
        world = World((changed,), ground)
        for owner in pieces:
            needed_m = FIXTURE_CLEARANCE_M if owner in self._fixed else CLEARANCE_M
            if world.distance_m(changed.instance_id, owner, needed_m + 1e-4) < needed_m:
                return "collision"
        return "unstable" if world.settle().unstable else None

    def _floats(self, item: SceneObject) -> bool:
        rest = self.rests.get(item.instance_id)
        if rest is None or rest.surface is None:
            return rest is None
        return abs(float(rest.surface.center_m[2] - item.position_m[2])) > _BELOW_M

    def _overlaps(self) -> bool:
        """Whether some object is in another thing by more than `OVERLAP_M`."""
        owners = np.array(self._owners)
        pairs: list[tuple[int, int]] = []
        for item in self._scene.objects:
            rest = self.rests[item.instance_id]
            for one in np.flatnonzero(owners == item.instance_id):
                close = (self._low < self._high[one] - OVERLAP_M).all(1) & (
                    self._high > self._low[one] + OVERLAP_M
                ).all(1)
                for other in np.flatnonzero(close & (owners != item.instance_id)):
                    if not _carries(self._owners[other], self._pieces[other], item, rest.carrier_id):
                        pairs.append((int(one), int(other)))
        # Both ways: what carries another thing is in it from its own point of view.
        pairs = [(a, b) for a, b in pairs if not self._is_carried(b, a)]
        if not pairs:
            return False
        used = sorted({i for pair in pairs for i in pair})
        ground = Ground({str(i): (self._pieces[i],) for i in used})
        world = World((), ground)
        return any(world.distance_m(str(a), str(b), 0.001) < -OVERLAP_M for a, b in pairs)

    def _is_carried(self, piece: int, by: int) -> bool:
        rest = self.rests.get(self._owners[piece])
        if rest is None or rest.carrier_id != self._owners[by]:
            return False
        item = next(i for i in (*self._scene.objects, *self._scene.fixtures) if i.instance_id == self._owners[piece])
        return _carries(self._owners[by], self._pieces[by], item, rest.carrier_id)

    def _doubtful(self) -> list[list[SceneObject]]:
        """What physics must tell whether it stands: what reaches over an edge, or stands on an object; a stack at a time."""
        movable = {o.instance_id: o for o in self._scene.objects}
        stacks: dict[str, list[SceneObject]] = defaultdict(list)
        for item in self._scene.objects:
            rest = self.rests[item.instance_id]
            sunk = rest.surface is not None and rest.surface.support.name in ("inside", "basin", "tub")
            wholly = rest.surface is not None and rest.surface.holds(standing_m(item), 0.0)
            level = wholly and (sunk or rest.carrier_id not in movable) and item.rotation[2, 2] > _UPRIGHT
            if not level or not (sunk or stands_alone(item.kind, item.variant)):
                stacks[self._root(item.instance_id)].append(item)
        for root, stack in stacks.items():
            if root in movable and movable[root] not in stack:
                stack.append(movable[root])
        return list(stacks.values())

    def _root(self, instance_id: str) -> str:
        """The lowest object of the stack that an object is part of."""
        while (rest := self.rests.get(instance_id)) is not None and rest.carrier_id not in self._fixed:
            instance_id = rest.carrier_id
        return instance_id

    def _moves(self, group: list[SceneObject], low: Float, high: Float) -> bool:
        """Whether some of a group of objects moves when they are let go among what is near."""
        names = {o.instance_id for o in group}
        pieces: dict[str, list[Float]] = defaultdict(list)
        for owner, piece in self.near(low, high, 0.01):
            if owner not in names:
                pieces[owner].append(piece)
        settled = World(group, Ground(pieces)).settle()
        return max(settled.shift_m.values()) > _STACK_SHIFT_M or max(settled.tilt_deg.values()) > REST_TILT_DEG


def _bounds(item: SceneObject) -> tuple[Float, Float]:
    """(3,) and (3,) the least and greatest coordinates of an upright object's box, world."""
    flat = footprint_m(item)
    z = float(item.position_m[2])
    return np.append(flat.min(axis=0), z), np.append(flat.max(axis=0), z + float(item.size_m[2]) * item.scale)


def _reaches(item: SceneObject, piece: Float) -> bool:
    """Whether a corner of an upright object's box, trimmings that are not solid in it, comes into a piece."""
    faces = ConvexHull(piece).equations
    flat = footprint_m(item)
    points = np.column_stack([flat, np.full(len(flat), item.position_m[2] + 0.5 * item.size_m[2] * item.scale)])
    return bool(((points @ faces[:, :3].T + faces[:, 3]) < 0.0).all(axis=1).any())


def _carries(owner: str, piece: Float, item: SceneObject, carrier_id: str) -> bool:
    """Whether a piece is under an object: of what carries it, or lower than its base."""
    limit = _CARRIED_M if owner == carrier_id else _BELOW_M
    return bool(piece[:, 2].max() <= item.position_m[2] + limit)
