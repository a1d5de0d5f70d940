import json

import huggingface_hub
import loopback
import numpy as np
import pytest
import tiny
from loopback import KEY, order

from gsi_bench_hf.editing import EditFailedError, EditRefusedError, EditTimeoutError, EditUnavailableError
from gsi_bench_hf.pipelines.endpoints import from_name

PROMPT = "Move the square 14 pixels to the right."


def load(server, **options):
    quick = {"first_wait_s": 0.01, "attempts": 3, "timeout_s": 20.0}
    return from_name(f"inference:{server.url}/models/flux", **{**quick, **options})


def edit(editor, prompt=PROMPT, **more):
    return editor(image=tiny.picture(4, 6), prompt=prompt, **more).images[0]


def is_moved(image):
    return np.array_equal(np.asarray(image.convert("RGB")), np.asarray(tiny.picture(18, 6)))


@pytest.fixture(autouse=True)
def _close_the_shared_client():
    yield
    huggingface_hub.utils.close_session()


def test_an_edit(server):
    editor = load(server, api_key=KEY, guidance_scale=2.5, size="source")
    assert is_moved(edit(editor, seed=2**31 + 5))
    (call,) = server.calls
    assert call.path == "/models/flux"
    expected = {"prompt": PROMPT, "guidance_scale": 2.5, "seed": 5, "target_size": {"width": 64, "height": 64}}
    assert call.fields["parameters"] == expected
    assert call.headers["authorization"] == f"Bearer {KEY}"


def test_the_hub_token_stays_away_from_other_hosts(server, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_of-this-machine-1234")
    assert is_moved(edit(load(server)))
    assert server.calls[0].headers["authorization"] == ""
    assert from_name("inference:org/model")._key.reveal() == "hf_of-this-machine-1234"
    assert from_name("inference:https://x.endpoints.huggingface.cloud")._key
    assert not from_name("inference:https://huggingface.cloud.evil.example")._key
    assert not from_name("inference:http://x.endpoints.huggingface.cloud")._key


@pytest.mark.parametrize(
    ("behaviour", "error", "calls"),
    [
        ("429*2", None, 3),
        ("500*1", None, 2),
        ("503*2", None, 3),
        ("cut*1", None, 2),
        ("drop*1", None, 2),
        ("500", EditUnavailableError, 3),
        ("429-long", EditUnavailableError, 1),
        ("400", EditUnavailableError, 1),
        ("slow", EditTimeoutError, 1),
        ("refuse", EditRefusedError, 1),
        ("html", EditFailedError, 1),
        ("torn", EditFailedError, 1),
    ],
)
def test_every_misbehaviour_is_waited_out_or_told_for_what_it_is(server, behaviour, error, calls):
    name, _, times = behaviour.partition("*")
    prompt = PROMPT + order(name, 1, times=int(times) if times else None)
    editor = load(server, timeout_s=0.6 if name == "slow" else 20.0)
    if error is None:
        assert is_moved(edit(editor, prompt))
    else:
        with pytest.raises(error) as caught:
            edit(editor, prompt)
        assert type(caught.value) is error
        assert "\n" not in str(caught.value)
    assert server.tries(1) == calls


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("500", r"500 Internal Server Error: .*\(3 attempts in \d+ s\)"),
        ("refuse", "400 Bad Request: Your request was rejected by the safety system"),
        ("html", "answered with something that is no image: UnidentifiedImageError"),
        ("slow", "had not answered in full in time"),
    ],
)
def test_failures_say_what_was_got(server, behaviour, message):
    with pytest.raises(EditFailedError, match=message):
        edit(load(server, timeout_s=0.6 if behaviour == "slow" else 20.0), PROMPT + order(behaviour, 1))


def test_a_provider_s_error_is_told_without_the_key(server):
    server.required_key = "another"
    with pytest.raises(EditUnavailableError, match=r"401 Unauthorized: .*; give the right key") as caught:
        edit(load(server, api_key=KEY))
    assert KEY not in str(caught.value)


def test_nobody_is_there():
    with loopback.serve() as gone:
        pass
    with pytest.raises(EditUnavailableError, match=r"the connection was lost: ConnectError.*3 attempts"):
        edit(load(gone))


def test_a_hub_that_is_switched_off(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EditUnavailableError, match="unset HF_HUB_OFFLINE"):
        edit(from_name("inference:org/model", provider="fal-ai", api_key=KEY))


def test_provenance_and_estimate():
    editor = from_name("inference:org/model", provider="fal-ai", api_key=KEY, steps=4)
    found = editor.provenance()
    assert (found["model"], found["provider"], found["arguments"]) == ("org/model", "fal-ai", {"steps": 4})
    assert KEY not in json.dumps(found)
    assert editor.estimate(12).startswith("12 calls to Hugging Face Inference (fal-ai) (model org/model), 4 at a time")
    editor.close()
