import pytest

from gsi_bench_hf.synth.generate import generate_rows
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.types import Sample


@pytest.fixture(scope="session")
def samples():
    """One scene's samples by operation, made by the real generator."""
    rows = generate_rows(
        "sim-tabletop",
        seed=6,
        start=0,
        stop=4,
        renderer=shared_renderer("mujoco"),
        operations=("move", "rotate", "scale", "remove"),
    )
    return {row["operation"]: Sample(row) for row in rows}


def pytest_terminal_summary(terminalreporter):
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    rows = [(r.passed, *value) for r in reports for name, value in r.user_properties if name == "family"]
    if rows:
        terminalreporter.section("tiny pipelines, four samples end to end, twice: seconds of one core")
        for passed, family, pipeline_class, seconds in rows:
            terminalreporter.write_line(
                f"{family:20s} {pipeline_class:42s} {seconds:6.1f}  {'ok' if passed else 'failed'}"
            )
