"""Three rendered rooms in ScanNet++'s layout, and their candidates: made once, as both take a while."""

from __future__ import annotations

import json

import pytest
from scannetpp_rooms import AS_ARGUMENTS, Rooms, sampled_layout, write_room

from gsi_bench_hf.cli import main
from gsi_bench_hf.synth.render import shared_renderer


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
    """The folder and its account, as the command makes them."""
    out = tmp_path_factory.mktemp("candidates")
    assert main(["build", "real", "--scannetpp", str(rooms.root), "--out", str(out), *AS_ARGUMENTS]) == 0
    return out, json.loads((out / "candidates.json").read_text())
