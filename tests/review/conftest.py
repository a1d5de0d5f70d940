from __future__ import annotations

from pathlib import Path

import pytest
from candidate_rows import candidate, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five candidates, of three scenes."""
    return write(tmp_path / "candidates", [candidate(index) for index in range(5)])
