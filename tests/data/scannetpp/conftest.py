"""Three rendered rooms in ScanNet++'s layout, and their candidates: made once, as both take a while."""

from __future__ import annotations

import pytest
from scannetpp_rooms import Rooms, sampled_layout, write_room

from gsi_bench_hf.data.scannetpp import Settings, make_candidates
from gsi_bench_hf.synth.render import shared_renderer

SETTINGS = Settings(min_objects=3, frames_per_scene=2, edits_per_frame=3)


@pytest.fixture(scope="session")
def rooms(tmp_path_factory) -> Rooms:
    root = tmp_path_factory.mktemp("scannetpp")
    kinds = (("bedroom", 1), ("living room", 2), ("office", 3))
    renderer = shared_renderer()
    made = [
        write_room(root, f"room{seed}", sampled_layout(kind, seed), renderer, views=2, seed=seed)
        for kind, seed in kinds
    ]
    return Rooms(root, {room.id: room for room in made})


@pytest.fixture(scope="session")
def candidates(rooms, tmp_path_factory):
    """The folder, its account, and the names of the files that were opened for a scene."""
    out = tmp_path_factory.mktemp("candidates")
    return out, make_candidates(rooms.root, out, settings=SETTINGS)
