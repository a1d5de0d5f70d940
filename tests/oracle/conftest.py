"""The golden values of the released evaluator: the whole set where it lies beside the repository, else the part in tests/data."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def oracle() -> Path:
    whole = ROOT.parent / "shared" / "oracle"
    return whole if whole.is_dir() else ROOT / "tests" / "data" / "oracle"


@pytest.fixture(scope="session")
def golden(oracle: Path) -> Callable[[str], Any]:
    """`golden("scoring.json.gz")` is the parsed file."""

    def read(name: str) -> Any:
        content = (oracle / name).read_bytes()
        return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)

    return read


@pytest.fixture(scope="session")
def lpips() -> Any:
    """LPIPS with the random trunk that the golden values were made with: half precision, drawn from seed 1."""
    torch = pytest.importorskip("torch", reason="LPIPS needs torch")
    from gsi_bench_hf.metrics.lpips import load_lpips

    draw = torch.Generator().manual_seed(1)
    trunk = {}
    for number, inputs, outputs, size in (
        (0, 3, 64, 11),
        (3, 64, 192, 5),
        (6, 192, 384, 3),
        (8, 384, 256, 3),
        (10, 256, 256, 3),
    ):
        weight = torch.randn(outputs, inputs, size, size, generator=draw) * (2.0 / (inputs * size * size)) ** 0.5
        trunk[f"features.{number}.weight"] = weight.half().float()
        trunk[f"features.{number}.bias"] = (torch.randn(outputs, generator=draw) * 0.05).half().float()
    return load_lpips(trunk)


@pytest.fixture
def worst(request: pytest.FixtureRequest) -> Callable[[str, list[float]], float]:
    """`worst(name, differences)` is the largest one; tests/conftest.py prints it at the end of the test run."""

    def note(name: str, differences: list[float]) -> float:
        largest = max(differences)
        # A test's properties travel with its report, from whichever process it ran in.
        request.node.user_properties.append(("worst difference", (name, largest, len(differences))))
        return largest

    return note
