"""What all tests share: the parity with the released evaluator is printed at the end of every run, as worst absolute differences."""

from __future__ import annotations

import os

import pytest

# Tests make their own textures and meshes; those that are about keeping them set a folder of their own.
os.environ["GSI_BENCH_CACHE"] = "off"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    found = [value for r in reports for name, value in getattr(r, "user_properties", ()) if name == "worst difference"]
    if found:
        terminalreporter.section("worst absolute difference from the released evaluator")
        for name, largest, count in sorted(map(tuple, found)):
            terminalreporter.write_line(f"{name:32s} {largest:9.2e}  over {count} values")
