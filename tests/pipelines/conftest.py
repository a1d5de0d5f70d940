import pytest

from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.types import Sample


@pytest.fixture(scope="session")
def samples():
    """One scene's samples by operation, made by the real generator."""
    rows = generate_rows(
        "sim-tabletop",
        seed=3,
        start=0,
        stop=4,
        renderer=shared_renderer("mujoco"),
        operations=("move", "rotate", "scale", "remove"),
    )
    return {row["operation"]: Sample(row) for row in rows}
