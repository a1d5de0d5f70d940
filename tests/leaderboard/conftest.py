from __future__ import annotations

from pathlib import Path

import board_runs
import pytest


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The runs of `board_runs`; only read."""
    return board_runs.make_all(tmp_path_factory.mktemp("board_runs"))
