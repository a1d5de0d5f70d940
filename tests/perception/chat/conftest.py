import judge_server
import pytest

from gsi_bench_hf.perception import load_judge


@pytest.fixture(autouse=True)
def _no_keys_and_no_proxy(monkeypatch):
    for name in ("GSI_BENCH_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "HF_TOKEN", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    with judge_server.serve() as running:
        yield running


@pytest.fixture
def load(server):
    """The judge "chat" at the server, in a hurry."""
    loaded = []

    def make(**options):
        quick = {"url": server.url, "model": "m", "first_wait_s": 0.01, "attempts": 3, "timeout_s": 20.0}
        loaded.append(load_judge("chat", **{**quick, **options}))
        return loaded[-1]

    yield make
    for judge in loaded:
        judge.close()
