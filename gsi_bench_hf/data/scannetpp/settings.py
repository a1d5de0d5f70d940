"""How candidates are made: which frames, how many, which operations."""

from __future__ import annotations

from dataclasses import dataclass

import gsi_bench_hf.synth.layouts  # noqa: F401  it and room_views import each other, and it must be first
from gsi_bench_hf.data.scannetpp.propose import DEFAULT, OFFERED
from gsi_bench_hf.metrics.protocol_paper import DETECTOR_SIDE_PX
from gsi_bench_hf.synth.room_views import MIN_EDITABLE

MIN_SHARPNESS = 0.015


@dataclass(frozen=True)
class Settings:
    """How candidates are made.

    Attributes:
        every: which frames of the video are looked at.
        min_sharpness: least share of high-frequency energy, see `sharpness`.
        min_objects: how many objects of a frame must be fit to be edited.
        frames_per_scene: how many frames of a scene are kept at most, none like another.
        edits_per_frame: at most.
        operations: of `propose.OFFERED`.
        max_side: longer side of the pictures, larger ones are made smaller; 0 keeps them as they are. By default that of the released
            evaluator's detector, which mixes its own pixels up with the photograph's: so they are the same.
        seed: draws targets, parameters and words.
    """

    every: int = 20
    min_sharpness: float = MIN_SHARPNESS
    min_objects: int = MIN_EDITABLE
    frames_per_scene: int = 6
    edits_per_frame: int = 3
    operations: tuple[str, ...] = DEFAULT
    max_side: int = DETECTOR_SIDE_PX
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("every", "min_objects", "frames_per_scene", "edits_per_frame"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected 1 or more")
        unknown = [name for name in self.operations if name not in OFFERED]
        if unknown or not self.operations:
            raise ValueError(f"operations has {unknown or 'none'}, expected some of {', '.join(OFFERED)}")
