import io
import json
import logging
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import loopback
import numpy as np
import pytest
import tiny
from loopback import KEY, order
from PIL import Image

from gsi_bench_hf.editing import EditFailedError, EditRefusedError, EditTimeoutError, EditUnavailableError
from gsi_bench_hf.pipelines.endpoints import from_name

QUICK = {"first_wait_s": 0.01, "attempts": 3, "timeout_s": 20.0}
HANGS = {"slow": 0.6, "trickle": 0.6}
PROMPT = "Move the square 14 pixels to the right."
SCHEMES = ["", "chat+"]


def load(server, scheme="", **options):
    return from_name(f"{scheme}{server.url}/v1", **{**QUICK, **options})


def edit(editor, prompt=PROMPT, image=None, **more):
    return editor(image=image or tiny.picture(4, 6), prompt=prompt, **more).images[0]


def is_moved(image):
    return np.array_equal(np.asarray(image.convert("RGB")), np.asarray(tiny.picture(18, 6)))


class Generator:
    """All that is read of a torch generator."""

    def __init__(self, seed):
        self.seed = seed

    def initial_seed(self):
        return self.seed


def test_an_edit_by_form(server):
    editor = load(server, model="bagel", num_inference_steps=30, enhance=False, negative_prompt=None)
    assert is_moved(edit(editor, generator=Generator(2**31 + 5)))
    (call,) = server.calls
    assert call.path == "/v1/images/edits"
    image = call.fields.pop("image")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(image))), np.asarray(tiny.picture(4, 6)))
    assert call.fields == {
        "model": "bagel",
        "prompt": PROMPT,
        "n": "1",
        "num_inference_steps": "30",
        "enhance": "false",
        "seed": "5",
    }
    assert "authorization" not in call.headers


def test_an_edit_by_chat(server):
    template = "<|im_start|>{prompt}<|im_end|>"
    editor = load(server, "chat+", model="bagel", cfg_text_scale=4.0, prompt_template=template, size="source")
    assert is_moved(edit(editor, seed=7))
    (call,) = server.calls
    assert call.path == "/v1/chat/completions"
    assert call.fields["messages"][0]["content"][0] == {"type": "text", "text": f"<|im_start|>{PROMPT}<|im_end|>"}
    generation = {"width": 64, "height": 64, "cfg_text_scale": 4.0, "seed": 7}
    assert {name: call.fields[name] for name in generation} == generation
    assert call.fields["extra_body"] == generation
    assert (call.fields["model"], call.fields["modalities"]) == ("bagel", ["image"])


def test_what_a_known_host_refuses_is_not_sent():
    chat = from_name("chat+https://openrouter.ai/api/v1", model="google/gemini-2.5-flash-image")
    request = chat._request(b"", "p", None, {"seed": 1})
    assert request["modalities"] == ["image", "text"]
    assert "extra_body" not in request
    assert from_name("https://api.openai.com/v1", model="gpt-image-1")._seed(Generator(3), None) is None
    assert from_name("https://api.openai.com/v1", send_seed=True)._seed(Generator(3), None) == 3


@pytest.mark.parametrize("style", ["parts", "images", "markdown", "link", "bare"])
def test_wherever_a_chat_puts_its_image(server, style):
    server.chat_style = style
    assert is_moved(edit(load(server, "chat+")))


def test_an_answer_that_points_to_its_image(server):
    server.images_style = "url"
    assert is_moved(edit(load(server, api_key=KEY)))
    assert [call.path for call in server.calls] == ["/v1/images/edits", "/files/0.png"]
    assert server.calls[1].headers["authorization"] == f"Bearer {KEY}"


def test_a_key_is_not_sent_to_another_host_that_an_answer_points_to(server):
    with loopback.serve() as elsewhere:
        elsewhere._files["/a.png"] = loopback.png(tiny.picture(18, 6))
        assert is_moved(load(server, api_key=KEY)._fetch(f"{elsewhere.url}/a.png"))
        assert "authorization" not in elsewhere.calls[0].headers


def test_only_web_addresses_are_fetched(server):
    with pytest.raises(EditFailedError, match="image is at 'file:///etc/passwd', expected an http"):
        load(server)._fetch("file:///etc/passwd")


BINS = [
    ("well", None, 1),
    ("429*2", None, 3),
    ("500*2", None, 3),
    ("503*1", None, 2),
    ("cut*1", None, 2),
    ("cut-quietly*1", None, 2),
    ("drop*2", None, 3),
    ("200-502*1", None, 2),
    ("500", EditUnavailableError, 3),
    ("429", EditUnavailableError, 3),
    ("drop", EditUnavailableError, 3),
    ("cut", EditUnavailableError, 3),
    ("429-long", EditUnavailableError, 1),
    ("429-broke", EditUnavailableError, 1),
    ("400", EditUnavailableError, 1),
    ("moved", EditUnavailableError, 1),
    ("html", EditUnavailableError, 1),
    ("slow", EditTimeoutError, 1),
    ("trickle", EditTimeoutError, 1),
    ("refuse", EditRefusedError, 1),
    ("empty", EditFailedError, 1),
    ("torn", EditFailedError, 1),
]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("behaviour", "error", "calls"), BINS)
def test_every_misbehaviour_is_waited_out_or_told_for_what_it_is(server, scheme, behaviour, error, calls):
    name, _, times = behaviour.partition("*")
    prompt = PROMPT + order(name, 1, times=int(times) if times else None)
    editor = load(server, scheme, timeout_s=HANGS.get(name, 20.0))
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
        ("429", r"429 Too Many Requests: Too many requests. \(3 attempts in \d+ s\)"),
        ("429-long", r"Come back tomorrow. \(1 attempt in \d+ s, the next only after \d+ s\)"),
        ("cut", r"the connection to 127.0.0.1:\d+ was lost: RemoteProtocolError: .*\(3 attempts"),
        ("html", "answered with text/html, expected JSON with .*: <html>Please log in</html>"),
        ("slow", r"127.0.0.1:\d+ had not answered in full after 0.6 s"),
        ("refuse", "400 Bad Request: Your request was rejected by the safety system"),
        ("empty", "answered without an image .*'data': \\[\\]"),
        ("torn", "the endpoint's image can't be decoded"),
    ],
)
def test_failures_say_what_was_got(server, behaviour, message):
    with pytest.raises(EditFailedError, match=message):
        edit(load(server, timeout_s=HANGS.get(behaviour, 20.0)), PROMPT + order(behaviour, 1))


def test_a_chat_without_an_image_is_quoted(server):
    with pytest.raises(EditFailedError, match=r"without an image \(text only\): I can only describe images."):
        edit(load(server, "chat+"), PROMPT + order("empty", 1))


def test_nobody_is_there():
    with loopback.serve() as gone:
        pass
    with pytest.raises(EditUnavailableError, match=r"127.0.0.1:\d+ can't be reached: ConnectError.*3 attempts"):
        edit(load(gone))


def test_a_server_is_not_asked_again_before_the_time_it_named(server):
    edit(load(server), PROMPT + order("429", 1, times=2))
    at = [call.at for call in server.calls]
    assert min(np.diff(at)) >= 0.3  # what the server said in Retry-After


def test_calls_run_at_once_and_no_more_than_that(server):
    editor = load(server, concurrency=4, timeout_s=30.0, attempts=1)
    with ThreadPoolExecutor(12) as pool:
        # Each hangs until it is let go, so this goes on only if four run at once.
        edits = [pool.submit(edit, editor, PROMPT + order("slow", n)) for n in range(12)]
        while server.most_at_once < 4:
            time.sleep(0.01)
        time.sleep(0.2)  # for a fifth to come, were it let through
        assert server.most_at_once == 4
        server.release.set()
        assert {type(each.exception()) for each in edits} == {EditUnavailableError}


@pytest.mark.parametrize("size", ["96x48", "48x96"])
def test_a_fixed_size_crops_nothing_and_the_source_s_size_comes_back(server, size):
    source = tiny.picture(4, 6)
    for corner in ((0, 0), (63, 0), (0, 63), (63, 63)):
        source.putpixel(corner, (0, 255, 0))
    sent = {}

    def answer_with_what_came(png, prompt, size, extra, seconds):
        sent["image"], sent["size"] = Image.open(io.BytesIO(png)), size
        return sent["image"].resize((size[0] * 2, size[1] * 2), Image.Resampling.NEAREST)

    editor = load(server, size=size)
    editor._ask = answer_with_what_came
    back = np.asarray(edit(editor, image=source)).astype(int)
    assert sent["image"].size == sent["size"] == tuple(map(int, size.split("x")))
    assert back.shape == (64, 64, 3)
    for x, y in ((0, 0), (63, 0), (0, 63), (63, 63)):
        assert back[y, x, 1] - back[y, x, 0] > 60, "a marked corner is gone"
    assert np.abs(back - np.asarray(source)).mean() < 6


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_key_is_sent_and_never_seen(server, scheme, monkeypatch, caplog):
    monkeypatch.setenv("GSI_BENCH_API_KEY", KEY)
    server.required_key = KEY
    caplog.set_level(logging.DEBUG)
    editor = load(server, scheme)
    assert is_moved(edit(editor))
    with pytest.raises(EditFailedError, match=r"bad request with Bearer \*\*\* in it") as caught:
        edit(editor, PROMPT + order("echo-key", 1))
    seen = [repr(editor), str(vars(editor)), json.dumps(editor.provenance()), editor.estimate(5), caplog.text]
    assert all(KEY not in text for text in [*seen, repr(caught.value)])
    assert editor.provenance()["environment"]["with_key"] is True


def test_a_wrong_key_is_told_without_it(server):
    server.required_key = KEY
    with pytest.raises(
        EditUnavailableError, match=r"401 Unauthorized: Incorrect .* \*\*\*.; give the right key"
    ) as caught:
        edit(load(server, api_key="sk-wrong-wrong-wrong"))
    assert "wrong-wrong" not in str(caught.value)
    assert len(server.calls) == 1


def test_the_estimate_names_calls_address_and_model(server):
    assert load(server, model="bagel", timeout_s=300.0).estimate(600) == (
        f"600 calls to {server.url}/v1/images/edits (model bagel), 4 at a time, 300 s each at most; "
        "up to 1800 if each has to be tried 3 times"
    )
    assert (
        load(server, "chat+").estimate(1).startswith(f"1 call to {server.url}/v1/chat/completions (whatever model it")
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_provenance_holds_all_that_decides_an_image(server, scheme):
    one = load(server, scheme, model="bagel", steps=30).provenance()
    assert json.loads(json.dumps(one)) == one
    assert one["arguments"] == {"steps": 30}
    assert (one["model"], one["size"], one["send_seed"]) == ("bagel", "auto", True)
    two = load(server, scheme, model="bagel", steps=30, concurrency=9, timeout_s=5, api_key=KEY).provenance()
    assert one.pop("environment") != two.pop("environment")
    assert one == two


def test_a_closed_editor_lets_nobody_wait(server):
    editor = load(server, first_wait_s=60.0)
    threading.Timer(0.3, editor.close).start()
    with pytest.raises(EditFailedError, match="closed while it waited"):
        edit(editor, PROMPT + order("500", 1))


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("http://", {}, ValueError, "is no address"),
        ("chat+ftp://a", {}, ValueError, "is no address"),
        ("http://a/v1", {"concurrency": 0}, ValueError, "concurrency is 0, expected 1 or more"),
        ("http://a/v1", {"timeout_s": 0}, ValueError, "timeout_s is 0"),
        ("http://a/v1", {"size": "1024"}, ValueError, "size is '1024', expected 'auto'"),
        ("http://a/v1", {"size": "0x10"}, ValueError, "size is '0x10'"),
        ("http://a/v1", {"prompt_template": "edit it"}, ValueError, "expected a text with {prompt} in it"),
        ("http://a/v1", {"atempts": 3}, TypeError, "takes no atempts; did you mean attempts?"),
        ("chat+http://a/v1", {"modalites": ["image"]}, TypeError, "did you mean modalities?"),
        ("http://a/v1", {"api_keys": "x"}, TypeError, "did you mean api_key?"),
        ("http://a/v1", {"dtype": "bf16"}, TypeError, "takes no dtype: that is decided where its server is started"),
        ("inference:a/b", {"batch_size": 4}, TypeError, "takes no batch_size"),
        ("inference:a/b", {"providr": "x"}, TypeError, "did you mean provider?"),
    ],
)
def test_what_can_not_be_loaded(name, options, error, message):
    with pytest.raises(error, match=message):
        from_name(name, **options)


def test_loading_needs_neither_torch_nor_diffusers():
    code = (
        "import sys; from gsi_bench_hf.pipelines.endpoints import from_name\n"
        "for name in ('http://a/v1', 'chat+http://a/v1', 'inference:a/b'): from_name(name)\n"
        "print([m for m in ('torch', 'diffusers', 'transformers', 'mujoco') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
