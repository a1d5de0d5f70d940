import importlib
import sys
from pathlib import Path

import pytest

from gsi_bench_hf._on_import import when_imported


@pytest.fixture
def module_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"watched_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_runs_right_after_the_module_is_imported(module_name: str) -> None:
    seen: list[int] = []
    when_imported(module_name, lambda module: seen.append(module.value))
    assert seen == []
    assert module_name not in sys.modules
    module = importlib.import_module(module_name)
    assert seen == [1]
    assert type(module.__spec__.loader).__name__ == "SourceFileLoader"


def test_runs_at_once_for_a_module_that_is_there(module_name: str) -> None:
    importlib.import_module(module_name)
    seen: list[int] = []
    when_imported(module_name, lambda module: seen.append(module.value))
    assert seen == [1]


def test_the_patch_survives_a_reload(module_name: str) -> None:
    def patch(module: object) -> None:
        module.value = 2  # type: ignore[attr-defined]

    when_imported(module_name, patch)
    module = importlib.import_module(module_name)
    assert module.value == 2
    assert importlib.reload(module).value == 2


def test_a_missing_module_stays_missing() -> None:
    when_imported("no_such_module_of_ours", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_ours"):
        importlib.import_module("no_such_module_of_ours")
