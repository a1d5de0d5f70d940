"""Turn an object about its own vertical by 45, 90, 135 or 180 degrees, clockwise or counterclockwise seen from above."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.synth.assets import KINDS
from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal, posed
from gsi_bench_hf.synth.scene import Scene, SceneObject

DIRECTIONS = ("clockwise", "counterclockwise")
ANGLES_DEG = (45.0, 90.0, 135.0, 180.0)


def rotated(item: SceneObject, angle_deg: float, direction: str) -> SceneObject:
    """The object turned where it stands. Raises ValueError for an unknown direction."""
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is {direction!r}, expected one of {', '.join(DIRECTIONS)}")
    sign = 1.0 if direction == "counterclockwise" else -1.0
    return posed(item, rotation=item.rotation @ rotation_z(sign * np.deg2rad(angle_deg)))


def looks_the_same(symmetry: int, angle_deg: float) -> bool:
    """Whether a turn gives back the same looks: `symmetry` times in one turn, 0 for at any angle.

    >>> looks_the_same(2, 180.0), looks_the_same(2, 90.0), looks_the_same(0, 45.0), looks_the_same(4, 90.0)
    (True, False, True, True)
    """
    return symmetry == 0 or (symmetry * angle_deg / 360.0) % 1.0 == 0.0


def suits(scene: Scene, item: SceneObject) -> bool:
    """Not what looks the same from every side, nor what has no front that a person could follow.

    Of what is no asset of the library, as a photographed thing, whoever made the scene has said both by its symmetry.
    """
    return item.symmetry != 0 and (item.kind not in KINDS or KINDS[item.kind].has_front)


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """Every angle and direction that changes the looks; 180 degrees either way, said with its direction."""
    found = [
        Proposal("rotate", item.instance_id, rotated(item, angle, turn), turn, angle_deg=angle)
        for angle in ANGLES_DEG
        for turn in DIRECTIONS
        if not looks_the_same(item.symmetry, angle)
    ]
    return [found[i] for i in rng.permutation(len(found))]


ROTATE = OperationSpec("rotate", ANGLES_DEG, suits, proposals)
