"""What a server's words mean: an image, a refusal by a content filter, something to wait out, or an error for good."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from gsi_bench_hf.editing import EditFailedError, EditRefusedError, EditUnavailableError
from gsi_bench_hf.pipelines.endpoints.http import Answer
from gsi_bench_hf.pipelines.endpoints.patience import TransientError, retry_after_s

_TRANSIENT = {408, 409, 425, 429}
_NEVER = {501, 505}
# Codes of OpenAI, Azure, OpenRouter and Google, and the words of those who send none.
_REFUSAL_CODES = re.compile(
    r"moderation_blocked|content_policy_violation|content_filter|contentfilter|responsibleaipolicyviolation|safety_violation"
    r"|prohibited_content|image_safety|blocklist|^safety$|^refusal$|^image_recitation$|^recitation$|nsfw",
    re.IGNORECASE,
)
_REFUSAL_WORDS = re.compile(
    r"safety system|content (?:management )?policy|content filter|safety filter|usage polic|moderation (?:system|filter)|nsfw"
    r"|flagged (?:as|by|for)|was flagged",
    re.IGNORECASE,
)
_FILTERING_STATUSES = {400, 403, 422, 451}
_NO_MONEY = re.compile(r"insufficient_quota|billing_hard_limit|insufficient (?:credits|balance)", re.IGNORECASE)
_ADVICE = {
    401: "give the right key: api_key_env=, or the variable GSI_BENCH_API_KEY",
    402: "the account has no credit",
    403: "the key may not use this model",
    404: "look at the address and at model=",
    405: "the address answers other calls than this one",
    413: "the image is too large for this server",
}


def require_success(answer: Answer) -> None:
    """Let an answer with a status of 2xx pass.

    Raises:
        EditRefusedError: a content filter said no.
        TransientError: too many calls, or the server has trouble.
        EditUnavailableError: anything else; another attempt would end the same.
    """
    if not 200 <= answer.status < 300:
        raise failure_of(answer.status, answer.json() if answer.body else None, answer)


def failure_of(status: int, body: Any, answer: Answer) -> Exception:
    """The error that a status and an error body stand for.

    Args:
        status: of the answer, or the one that the body names.
        body: the answer's JSON, None where there is none.
        answer: for its headers and its text.
    """
    said = message_of(body) or _text(answer)
    heard = f"the endpoint answered {_named(status)}{': ' if said else ''}{said}"
    if status in _FILTERING_STATUSES and refused(body, said):
        return EditRefusedError(heard)
    if status == HTTPStatus.TOO_MANY_REQUESTS and _NO_MONEY.search(f"{' '.join(_codes(body))} {said}"):
        return EditUnavailableError(f"{heard}; the account has no credit")
    if status in _TRANSIENT or (status >= 500 and status not in _NEVER):
        return TransientError(heard, retry_after_s(answer.headers))
    if 300 <= status < 400:
        return EditUnavailableError(f"{heard}; it has moved: give the address {answer.headers.get('location', '')!r}")
    return EditUnavailableError(f"{heard}{'; ' if status in _ADVICE else ''}{_ADVICE.get(status, '')}")


def require_json(answer: Answer, expected: str) -> Mapping[str, Any]:
    """The JSON object of a successful answer.

    Args:
        answer: what came.
        expected: what should be in it, for the message.

    Raises:
        TransientError: JSON that was cut short, or an error inside the answer that passes.
        EditRefusedError, EditUnavailableError: an error inside the answer; something else than JSON.
    """
    body = answer.json()
    if body is None and answer.content_type == "application/json":
        raise TransientError(f"the endpoint's JSON can't be read ({len(answer.body)} bytes, cut short?)")
    if not isinstance(body, Mapping):
        raise EditUnavailableError(
            f"the endpoint answered with {answer.content_type or 'no content type'}, expected JSON with {expected}: {_text(answer)}"
        )
    if body.get("error"):
        raise failure_of(status_in(body["error"]), body, answer)
    return body


def refused(body: Any, said: str = "") -> bool:
    """Whether an error body, or its message, tells of a content filter."""
    return any(_REFUSAL_CODES.search(code) for code in _codes(body)) or bool(_REFUSAL_WORDS.search(said))


def is_refusal_reason(reason: Any) -> bool:
    """Whether a finish reason is that of a content filter.

    >>> is_refusal_reason("content_filter"), is_refusal_reason("IMAGE_SAFETY"), is_refusal_reason("stop")
    (True, True, False)
    """
    return isinstance(reason, str) and bool(_REFUSAL_CODES.search(reason))


def message_of(body: Any) -> str:
    """What an error body says to people, in one line; "" where it says nothing."""
    found = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(found, Mapping):
        found = found.get("message") or found.get("detail") or found.get("code") or ""
    return _line(found if isinstance(found, str) else str(found or ""))


def _codes(body: Any) -> Iterator[str]:
    """What an error body says to machines: codes and types, of the error and of what lies in it."""
    found = body.get("error", body) if isinstance(body, Mapping) else None
    inner = ("innererror", "inner_error", "metadata")
    for part in (found, *(found.get(name) for name in inner)) if isinstance(found, Mapping) else ():
        if isinstance(part, Mapping):
            yield from (str(part[name]) for name in ("code", "type", "error_type", "provider_code") if part.get(name))
            yield from ["flagged_input is content_filter"] * ("flagged_input" in part)


def status_in(error: Any) -> int:
    """The status that an error inside a 200 names; 502 where it names none: the model behind the server failed."""
    code = error.get("code") or error.get("status") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    if isinstance(code, int) and 400 <= code < 600:
        return code
    return 400 if refused({"error": error}, message_of({"error": error})) else 502


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _text(answer: Answer) -> str:
    return _line(answer.body[:2000].decode("utf-8", errors="replace"))


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:300]}…"


def no_image(what: str, said: str = "") -> EditFailedError:
    """The error for an answer in the right form that holds no image."""
    return EditFailedError(f"the endpoint answered without an image ({what}){': ' if said else ''}{_line(said)}")
