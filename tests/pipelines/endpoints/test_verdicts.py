import json

import pytest

from gsi_bench_hf.editing import EditRefusedError, EditUnavailableError
from gsi_bench_hf.pipelines.endpoints.http import Answer
from gsi_bench_hf.pipelines.endpoints.patience import TransientError
from gsi_bench_hf.pipelines.endpoints.verdicts import require_json, require_success

AZURE = {
    "error": {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}, "message": "Filtered."}
}
OPENROUTER = {"error": {"code": 403, "message": "Not allowed.", "metadata": {"reasons": ["x"], "flagged_input": "…"}}}
OPENAI = {"error": {"message": "Rejected.", "type": "image_generation_user_error", "code": "moderation_blocked"}}


def answer(status, body, content_type="application/json", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": content_type, **headers}, data)


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (400, OPENAI, EditRefusedError, "the endpoint answered 400 Bad Request: Rejected."),
        (400, AZURE, EditRefusedError, "Filtered."),
        (403, OPENROUTER, EditRefusedError, "Not allowed."),
        (400, {"error": {"message": "This prompt violates our content policy."}}, EditRefusedError, "content policy"),
        (422, {"detail": "NSFW content detected"}, EditRefusedError, "NSFW content detected"),
        (
            400,
            {"error": {"message": "Unknown parameter: 'moderation'."}},
            EditUnavailableError,
            "400 Bad Request: Unknown",
        ),
        (
            422,
            {"detail": "Field 'image' is required"},
            EditUnavailableError,
            "422 Unprocessable .*Field 'image' is required",
        ),
        (401, {"error": {"message": "No key."}}, EditUnavailableError, "No key.; give the right key"),
        (402, {}, EditUnavailableError, "402 Payment Required; the account has no credit|402 Payment Required: {}"),
        (404, b"nothing here", EditUnavailableError, "nothing here; look at the address and at model="),
        (308, b"", EditUnavailableError, "it has moved: give the address 'https://new/'"),
        (501, b"", EditUnavailableError, "501 Not Implemented"),
        (
            429,
            {"error": {"code": "insufficient_quota", "message": "Pay."}},
            EditUnavailableError,
            "Pay.; the account has no",
        ),
        (429, {"error": {"message": "Slow down."}}, TransientError, "429 Too Many Requests: Slow down."),
        (408, b"", TransientError, "408 Request Timeout"),
        (500, b"<h1>Oops</h1>", TransientError, "500 Internal Server Error: <h1>Oops</h1>"),
        (529, {"error": "Overloaded"}, TransientError, "529: Overloaded"),
    ],
)
def test_statuses_and_error_bodies(status, body, error, message):
    with pytest.raises(error, match=message) as caught:
        require_success(answer(status, body, location="https://new/"))
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_the_wait_that_a_server_asks_for_is_kept():
    with pytest.raises(TransientError, match="503 Service Unavailable") as caught:
        require_success(answer(503, b"", **{"retry-after": "12"}))
    assert caught.value.retry_after_s == 12.0


@pytest.mark.parametrize(
    ("body", "content_type", "error", "message"),
    [
        (b'{"data": [{"b64', "application/json", TransientError, r"can't be read \(15 bytes, cut short\?\)"),
        (
            b"<html>log in",
            "text/html",
            EditUnavailableError,
            "answered with text/html, expected JSON with data: <html>log in",
        ),
        (b"[1]", "application/json", EditUnavailableError, "expected JSON with data"),
        (b"", "", EditUnavailableError, "answered with no content type"),
        (
            {"error": {"code": 502, "message": "Upstream."}},
            "application/json",
            TransientError,
            "502 Bad Gateway: Upstream.",
        ),
        ({"error": {"code": "429", "message": "Wait."}}, "application/json", TransientError, "429 .*Wait."),
        ({"error": {"message": "Failed."}}, "application/json", TransientError, "502 Bad Gateway: Failed."),
        ({"error": {"code": "content_filter"}}, "application/json", EditRefusedError, "content_filter"),
        ({"error": "the safety filter said no"}, "application/json", EditRefusedError, "safety filter"),
    ],
)
def test_a_success_that_is_none(body, content_type, error, message):
    with pytest.raises(error, match=message) as caught:
        require_json(answer(200, body, content_type), "data")
    assert type(caught.value) is error


def test_a_long_answer_is_told_in_short():
    with pytest.raises(TransientError, match="…") as caught:
        require_success(answer(500, b"x" * 10**6))
    assert len(str(caught.value)) < 400
