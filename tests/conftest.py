"""What all tests share: the parity with the released evaluator is printed at the end of every run, as worst absolute differences."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest
from hypothesis import settings

# A busy machine is no failure.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

# The tests share the cores among processes; and sums in another order, over more threads, are not equal bit by bit.
os.environ["OMP_NUM_THREADS"] = "1"

# A run makes its own textures and meshes, once for all its processes; tests that are about keeping them set a folder of their own.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["GSI_BENCH_CACHE"] = tempfile.mkdtemp(prefix="gsi-bench-tests-")
    atexit.register(shutil.rmtree, os.environ["GSI_BENCH_CACHE"], ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    found = [value for r in reports for name, value in getattr(r, "user_properties", ()) if name == "worst difference"]
    if found:
        terminalreporter.section("worst absolute difference from the released evaluator")
        for name, largest, count in sorted(map(tuple, found)):
            terminalreporter.write_line(f"{name:32s} {largest:9.2e}  over {count} values")
