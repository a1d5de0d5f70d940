import loopback
import pytest


@pytest.fixture(autouse=True)
def _no_keys_and_no_proxy(monkeypatch):
    for name in ("GSI_BENCH_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "HF_TOKEN", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    with loopback.serve() as running:
        yield running
