"""The `sim-*` configs: how many rows, of which operations and environments, from which assets. Plain data; imports nothing heavy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

TEST_VARIANTS = range(24)
"""Asset seeds of the test configs. Those of training data are others, so that no object is in both."""
TRAIN_VARIANTS = range(24, 72)

_TABLETOP = ("move", "rotate", "scale")
_ROOM_EVEN = ("move", "rotate", "remove")
_ROOM_ODD = ("view", "place", "receptacle")


@dataclass(frozen=True)
class Share:
    """What one scene gives.

    Attributes:
        environment: "tabletop", "room" or "bathroom".
        operations: one row each, in this order.
    """

    environment: str
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a row of a config comes from.

    Attributes:
        key: of the scene's random numbers and id, "sim-tabletop".
        index: number of the scene among those of its key.
        share: what the scene gives.
        operation: the row's.
    """

    key: str
    index: int
    share: Share
    operation: str


@dataclass(frozen=True)
class ConfigSpec:
    """A config as the generator knows it.

    Attributes:
        name: "sim-tabletop".
        num_rows: at full size.
        cycle: the scenes that follow each other, over and over; one row for each operation of each.
        variants: asset seeds.
        image_format: of the source and target images: "png" (lossless), or "jpeg" at quality 95.
    """

    name: str
    num_rows: int
    cycle: tuple[Share, ...]
    variants: range = TEST_VARIANTS
    image_format: Literal["png", "jpeg"] = "png"

    @property
    def rows_a_cycle(self) -> int:
        """Rows after which the cycle starts again; shards of a multiple of it make no scene twice."""
        return sum(len(share.operations) for share in self.cycle)

    @property
    def environments(self) -> tuple[str, ...]:
        """Those it has, each once, in the cycle's order."""
        return tuple(dict.fromkeys(share.environment for share in self.cycle))

    def locate(self, row: int) -> Place:
        """Where row number `row` (0 or more) comes from.

        >>> CONFIGS["sim-room"].locate(10)
        Place(key='sim-room', index=3, share=Share(environment='room', operations=('view', 'place', 'receptacle')), operation='place')
        """
        turn, rest = divmod(row, self.rows_a_cycle)
        number = 0
        while rest >= len(self.cycle[number].operations):
            rest -= len(self.cycle[number].operations)
            number += 1
        share = self.cycle[number]
        alike = [s.environment == share.environment for s in self.cycle]
        index = turn * sum(alike) + sum(alike[:number])
        key = self.name if len(self.environments) == 1 else f"{self.name}-{share.environment}"
        return Place(key, index, share, share.operations[rest])

    def with_operations(self, operations: Sequence[str]) -> ConfigSpec:
        """The config with every scene giving these operations instead of its own."""
        cycle = tuple(Share(environment, tuple(operations)) for environment in self.environments)
        return dataclasses.replace(self, cycle=cycle)


CONFIGS: Mapping[str, ConfigSpec] = {
    spec.name: spec
    for spec in (
        ConfigSpec("sim-tabletop", 600, (Share("tabletop", _TABLETOP),)),
        ConfigSpec("sim-room", 593, (Share("room", _ROOM_EVEN), Share("room", _ROOM_ODD))),
        ConfigSpec("sim-bathroom", 200, (Share("bathroom", _ROOM_EVEN), Share("bathroom", _ROOM_ODD))),
        ConfigSpec(
            "sim-train",
            10_500,
            (Share("tabletop", _TABLETOP), Share("room", ("move", "rotate", "remove", "view"))),
            TRAIN_VARIANTS,
            "jpeg",
        ),
    )
}
"""Every config that the simulator makes, by name. `sim-train` is seven pairs of an operation and an environment, 1,500 rows each."""
