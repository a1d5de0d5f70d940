import pickle

import pytest

from gsi_bench_hf.pipelines.endpoints.hosts import KNOWN_HOSTS, SELF_HOSTED, ApiKey, dialect_of, endpoint_url, find_key


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1/images/edits"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1/images/edits"),
        ("https://a.b/api/v1/", "https://a.b/api/v1/images/edits"),
        ("https://a.b/v1/images/edits", "https://a.b/v1/images/edits"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1/images/edits"),
        (
            "https://x.openai.azure.com/openai/deployments/g?api-version=2025-04-01-preview",
            "https://x.openai.azure.com/openai/deployments/g/images/edits?api-version=2025-04-01-preview",
        ),
    ],
)
def test_addresses(url, expected):
    assert endpoint_url(url, "images/edits") == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://a.b", "endpoint 'ftp://a.b' is no address, expected http"),
        ("http://", "is no address"),
        ("http://a.b:99999/v1", "can't be read"),
        ("https://me:hunter2@a.b/v1", "holds a user or a password; leave it out and give api_key="),
        ("https://a.b/v1?key=hunter2", "carries 'key', which looks like a secret"),
        ("https://a.b/v1?access_token=hunter2", "carries 'access_token'"),
    ],
)
def test_addresses_that_are_refused_without_showing_a_secret(url, message):
    with pytest.raises(ValueError, match=message) as caught:
        endpoint_url(url, "images/edits")
    assert "hunter2" not in str(caught.value)


def test_a_key_goes_to_the_host_it_is_for(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-secret")
    assert find_key(dialect_of("https://api.openai.com/v1"), None, None).reveal() == "sk-openai-secret"
    assert find_key(dialect_of("https://api.openai.com.evil.example/v1"), None, None).reveal() is None
    assert find_key(SELF_HOSTED, None, None).reveal() is None
    monkeypatch.setenv("GSI_BENCH_API_KEY", "ours")
    assert find_key(SELF_HOSTED, None, None).reveal() == "ours"
    assert find_key(dialect_of("https://api.openai.com/v1"), None, None).reveal() == "sk-openai-secret"
    assert find_key(SELF_HOSTED, "given", "OPENAI_API_KEY").reveal() == "given"
    assert find_key(SELF_HOSTED, None, "OPENAI_API_KEY").reveal() == "sk-openai-secret"


def test_a_variable_that_is_not_set_is_told():
    with pytest.raises(ValueError, match="api_key_env names 'NO_SUCH_KEY', which is not set"):
        find_key(SELF_HOSTED, None, "NO_SUCH_KEY")


def test_a_key_can_not_be_read_by_accident():
    key = ApiKey("  not-a-usual-key\n")
    assert key.header("Authorization") == {"Authorization": "Bearer not-a-usual-key"}
    assert key.header("api-key") == {"api-key": "not-a-usual-key"}
    assert ApiKey(None).header("Authorization") == {}
    assert "usual" not in f"{key!r} {key} {vars(type(key)).get('value')}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    assert key.hide("a not-a-usual-key b") == "a *** b"


@pytest.mark.parametrize("text", ["sk-proj-abcDEF1234567", "hf_abcdefghijklmnop", "sk-abcd****************wxyz"])
def test_what_looks_like_a_key_is_hidden_whosever_it_is(text):
    assert ApiKey(None).hide(f"Incorrect API key provided: {text}") == "Incorrect API key provided: ***"
    assert (
        ApiKey(None).hide("the task-failed because of risk-averse hf_") == "the task-failed because of risk-averse hf_"
    )


@pytest.mark.parametrize("value", ["a\nb", "schlüssel"])
def test_a_key_that_no_header_can_carry(value):
    with pytest.raises(ValueError, match="characters that no header can carry") as caught:
        ApiKey(value)
    assert value not in str(caught.value)


def test_known_hosts_have_a_variable_of_their_own():
    variables = [dialect.key_variable for dialect in KNOWN_HOSTS.values()]
    assert all(variables)
    assert len(set(variables)) == len(variables)
