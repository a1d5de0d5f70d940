"""A floor plan that fills up: what stands where in a room, what must stay free, what hangs on which wall.

The room's frame is the world: the middle of the floor is the origin, x runs east, y north, z up. Walls go by compass. A thing at a
wall is placed by `u`, metres along the wall from its middle, to the right for someone in the room who faces it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.enclosure import SKIRTING_M
from gsi_bench_hf.synth.placement import footprint_m, gap_m
from gsi_bench_hf.synth.scene import Float, SceneObject
from gsi_bench_hf.synth.surfaces import Surface, surfaces_on

WALLS = ("north", "east", "south", "west")
_WALL_YAW_DEG = {"north": 0.0, "east": -90.0, "south": 180.0, "west": 90.0}
_WALL_GAP_M = 0.012
_SCAN_M = 0.15
_HUNG_GAP_M = 0.006
LOW_M = 0.35
"""Nothing lower stands on a rug."""


@dataclass(frozen=True, eq=False)
class Zone:
    """A part of the floor: `corners_m` (4, 2), kept free of what reaches above `above_m`."""

    corners_m: Float
    above_m: float = 0.0


@dataclass(frozen=True)
class Span:
    """A part of a wall that is taken: from `left_m` to `right_m` along it, from `low_m` to `high_m` up."""

    left_m: float
    right_m: float
    low_m: float
    high_m: float

    def meets(self, other: Span) -> bool:
        """Whether the two overlap."""
        across = self.left_m < other.right_m and other.left_m < self.right_m
        return across and self.low_m < other.high_m and other.low_m < self.high_m


@dataclass(eq=False)
class Plan:
    """A room being furnished.

    Attributes:
        size_m: (3,) the room's width (x), depth (y) and height, between skirting boards.
        variants: which variants of each kind may be drawn.
        banned: kinds that this room does without.
        door_wall: where the door is.
        window: on a wall, or None.
        fixtures, objects: what is there so far.
        standing: ids of what stands on the floor, with footprints (4, 2).
        rugs: footprints (4, 2) of what lies flat; small things don't stand on them.
        zones: parts of the floor that stay free.
        spans: by wall, what of it is taken.
        hung: ids of what stands out from walls, with footprints (4, 2) and the heights between which it hangs.
    """

    size_m: Float
    variants: range
    banned: frozenset[str] = frozenset()
    door_wall: str = "south"
    window: SceneObject | None = None
    fixtures: list[SceneObject] = field(default_factory=list)
    objects: list[SceneObject] = field(default_factory=list)
    standing: dict[str, Float] = field(default_factory=dict)
    rugs: list[Float] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    spans: dict[str, list[Span]] = field(default_factory=lambda: {wall: [] for wall in WALLS})
    hung: dict[str, tuple[Float, float, float]] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def other_walls(self, *taken: str, rng: np.random.Generator) -> list[str]:
        """The walls but `taken`, in a drawn order, the door's last."""
        free = [WALLS[i] for i in rng.permutation(4) if WALLS[i] not in taken]
        return sorted(free, key=lambda wall: wall == self.door_wall)

    def variant(self, *, rng: np.random.Generator) -> int:
        """One of the variants that may be drawn."""
        return self.variants[int(rng.integers(len(self.variants)))]

    def add(self, kind: str, variant: int, position_m: Sequence[float] | Float, yaw_deg: float = 0.0) -> SceneObject:
        """Put a thing anywhere, nothing checked; among `objects` if its kind can be edited, else among `fixtures`."""
        self._counts[kind] += 1
        item = assets.place(kind, variant, f"{kind}-{self._counts[kind]}", np.asarray(position_m, float), turn(yaw_deg))
        (self.objects if assets.KINDS[kind].movable else self.fixtures).append(item)
        return item

    def drop(self, item: SceneObject) -> None:
        """Take a thing out again."""
        for things in (self.objects, self.fixtures):
            things[:] = [o for o in things if o is not item]
        self.standing.pop(item.instance_id, None)

    def on_floor(
        self, kind: str, variant: int, at_m: Float, yaw_deg: float, *, gap_m: float = 0.03, through: Sequence[str] = ()
    ) -> SceneObject | None:
        """Stand a thing on the floor at (2,) `at_m`; None where it does not fit.

        Args:
            kind: what.
            variant: which of it.
            at_m: (2,) the middle of its footprint.
            yaw_deg: 0 has its front towards south, counter-clockwise from above.
            gap_m: least distance to what stands already.
            through: ids of what it may stand under or over, such as a chair's table.
        """
        size_m = assets.build_asset(kind, variant).size_m
        corners = rectangle(at_m, size_m[:2], yaw_deg)
        if not self.fits(corners, float(size_m[2]), gap_m=gap_m, through=through):
            return None
        if size_m[2] < LOW_M and any(distance_m(corners, rug) < 0.01 for rug in self.rugs):
            return None  # it would be seen to stand in the pile
        item = self.add(kind, variant, [*at_m, 0.0], yaw_deg)
        self.standing[item.instance_id] = corners
        return item

    def fits(self, corners_m: Float, height_m: float, *, gap_m: float, through: Sequence[str] = ()) -> bool:
        """Whether the floor under (4, 2) `corners_m` is inside the room and free."""
        half = self.size_m[:2] / 2.0 + 1e-6
        if (np.abs(corners_m) > half).any():
            return False
        others = (c for i, c in self.standing.items() if i not in through)
        if any(distance_m(corners_m, other) < gap_m for other in others):
            return False
        return not any(height_m > zone.above_m and distance_m(corners_m, zone.corners_m) < 0.0 for zone in self.zones)

    def length_m(self, wall: str) -> float:
        """How long a wall is."""
        return float(self.size_m[0] if wall in ("north", "south") else self.size_m[1])

    def spot_m(self, wall: str, u_m: float, off_m: float) -> Float:
        """(2,) the point `u_m` along a wall and `off_m` from it into the room."""
        half = (self.size_m[1] if wall in ("north", "south") else self.size_m[0]) / 2.0
        return np.asarray(turn(_WALL_YAW_DEG[wall])[:2, :2] @ np.array([u_m, half - off_m]))

    def at_wall(
        self, kind: str, variant: int, wall: str, u_m: float, *, gap_m: float = 0.03, off_m: float = _WALL_GAP_M
    ) -> SceneObject | None:
        """Stand a thing with its back to a wall; None where it does not fit."""
        size_m = assets.build_asset(kind, variant).size_m
        at_m = self.spot_m(wall, u_m, off_m + size_m[1] / 2.0)
        item = self.on_floor(kind, variant, at_m, wall_yaw_deg(wall), gap_m=gap_m)
        if item is not None:
            half = size_m[0] / 2.0
            self.spans[wall].append(Span(u_m - half, u_m + half, 0.0, float(size_m[2]) + 0.08))
        return item

    def along_wall(
        self,
        kind: str,
        walls: Sequence[str],
        *,
        rng: np.random.Generator,
        gap_m: float = 0.05,
        front_m: float = 0.0,
    ) -> SceneObject | None:
        """Stand a thing somewhere along one of `walls`, in corners rather than not, `front_m` before it free; None without room."""
        variant = self.variant(rng=rng)
        size_m = assets.build_asset(kind, variant).size_m
        for wall in walls:
            reach_m = (self.length_m(wall) - size_m[0]) / 2.0 - 0.02
            if reach_m < 0.0:
                continue
            spots = np.arange(-reach_m, reach_m, _SCAN_M) + rng.uniform(0.0, _SCAN_M)
            ends = rng.permutation([-reach_m, reach_m])
            scanned = rng.permutation(spots[spots < reach_m])
            for u_m in map(float, (*ends, *scanned) if rng.random() < 0.6 else (*scanned, *ends)):
                if front_m and not self._free_before(wall, u_m, size_m, front_m):
                    continue
                item = self.at_wall(kind, variant, wall, u_m, gap_m=gap_m)
                if item is not None:
                    if front_m:
                        self.keep_free(wall, u_m, float(size_m[0]), float(size_m[1]) + front_m)
                    return item
        return None

    def _free_before(self, wall: str, u_m: float, size_m: Float, front_m: float) -> bool:
        strip = rectangle(
            self.spot_m(wall, u_m, size_m[1] + front_m / 2.0), np.array([size_m[0] * 0.9, front_m]), wall_yaw_deg(wall)
        )
        return self.fits(strip, 0.0, gap_m=0.0)

    def keep_free(self, wall: str, u_m: float, width_m: float, reach_m: float, above_m: float = 0.0) -> None:
        """Nothing higher than `above_m` may come to stand within `reach_m` of that part of a wall."""
        corners = rectangle(self.spot_m(wall, u_m, reach_m / 2.0), np.array([width_m, reach_m]), wall_yaw_deg(wall))
        self.zones.append(Zone(corners, above_m))

    def hang(
        self, kind: str, variant: int, wall: str, u_m: float, low_m: float, *, over: bool = False
    ) -> SceneObject | None:
        """Fix a thing to a wall's face with its lower edge at `low_m`; None without room, which `over` does not ask for."""
        size_m = assets.build_asset(kind, variant).size_m
        half = size_m[0] / 2.0
        span = Span(u_m - half - 0.03, u_m + half + 0.03, low_m - 0.01, low_m + float(size_m[2]) + 0.01)
        inside = abs(u_m) + half < self.length_m(wall) / 2.0 - 0.01 and low_m + size_m[2] < self.size_m[2]
        if not inside or (not over and any(span.meets(other) for other in self.spans[wall])):
            return None
        self.spans[wall].append(span)
        at_m = self.spot_m(wall, u_m, size_m[1] / 2.0 - SKIRTING_M + 0.001)
        item = self.add(kind, variant, [*at_m, low_m], wall_yaw_deg(wall))
        self.hung[item.instance_id] = (footprint_m(item), low_m, low_m + float(size_m[2]))
        return item

    def in_the_way(self, corners_m: Float, low_m: float, high_m: float, but: str = "") -> bool:
        """Whether what hangs on a wall, but for one thing, is where a thing of footprint (4, 2) between two heights would be."""
        return any(
            low_m < top_m and bottom_m < high_m and distance_m(corners_m, other) < _HUNG_GAP_M
            for instance_id, (other, bottom_m, top_m) in self.hung.items()
            if instance_id != but
        )


def turn(yaw_deg: float) -> Float:
    """(3, 3) a turn about the vertical, counter-clockwise from above."""
    return rotation_z(float(np.deg2rad(yaw_deg)))


def wall_yaw_deg(wall: str) -> float:
    """How a thing is turned whose back is to that wall."""
    return _WALL_YAW_DEG[wall]


def wall_of(item: SceneObject) -> str:
    """The wall that a thing has its back to."""
    return max(WALLS, key=lambda wall: float(turn(_WALL_YAW_DEG[wall])[:, 1] @ item.rotation[:, 1]))


def opposite(wall: str) -> str:
    """The wall across the room."""
    return WALLS[(WALLS.index(wall) + 2) % 4]


def rectangle(at_m: Float, size_m: Float, yaw_deg: float) -> Float:
    """(4, 2) corners of a rectangle of size (2,) round `at_m` (2,)."""
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * size_m
    return np.asarray(corners @ turn(yaw_deg)[:2, :2].T + at_m)


def distance_m(a: Float, b: Float) -> float:
    """How far apart two rectangles (4, 2) are; negative where they overlap."""
    return gap_m(a, b)


def before_m(item: SceneObject, forward_m: float, right_m: float = 0.0) -> Float:
    """(2,) the point that far before the middle of a thing's front edge, and to its own left when it faces the viewer (object +x)."""
    local = np.array([right_m, -item.size_m[1] / 2.0 - forward_m])
    return np.asarray(item.position_m[:2] + item.rotation[:2, :2] @ local)


def yaw_of_deg(item: SceneObject) -> float:
    """How an upright thing is turned, degrees."""
    return float(np.rad2deg(np.arctan2(item.rotation[1, 0], item.rotation[0, 0])))


def surface_of(item: SceneObject, *names: str) -> Surface | None:
    """The first surface of a thing that has one of `names`, or its main one without names; None where there is none."""
    found = [s for s in surfaces_on(item) if not names or s.support.name in names]
    return found[0] if found else None
