"""Everything that can go wrong with the Hub, as one line that says what to do and holds no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_SECRET = re.compile(r"\b(?:hf|api)_[A-Za-z0-9_]{8,}|(?<=Bearer )\S+")
_URL = re.compile(r"(https?://)(?:[^\s/@]*@)?([^\s?#]*)[?#]?[^\s'\"]*")
_CLIENTS = ("httpx", "httpx2", "httpcore", "requests", "urllib3", "hf_xet")
AGAIN = "run the same command again: what has arrived is kept and is not sent twice"


class HubError(Exception):
    """The Hub can't be reached, refuses, or must not get what it was to get; the message says why and how to mend it."""


def scrubbed(text: str) -> str:
    """A text on one line without tokens, and of addresses without users and query strings, which may hold signatures.

    >>> scrubbed("Bearer hf_abcdefghijkl got 500 at https://me:pw@host/a?sig=1")
    'Bearer … got 500 at https://host/a'
    """
    from huggingface_hub import get_token

    if token := get_token():
        text = text.replace(token, "…")
    return " ".join(_URL.sub(r"\1\2", _SECRET.sub("…", text)).split())


@contextmanager
def hub_errors(what: str, *, again: str = AGAIN) -> Iterator[None]:
    """Errors of the Hub's client become `HubError`s.

    Args:
        what: what is being done, such as "push dataset me/data".
        again: what to do about something that passes.

    Raises:
        HubError: without the client's own error as its cause, for that one's text and request are not ours to vouch for.
    """
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        told = _told(error, again)
        if told is None:
            raise
        raise HubError(f"{what}: {told}") from None


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error of the client, or what it came from, is about."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(status, int):
        return status
    return status_of(error.__cause__) if error.__cause__ is not None else None


def _told(error: Exception, again: str) -> str | None:
    """What to say of an error; None for one that is not the client's."""
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    if isinstance(error, LocalTokenNotFoundError):
        return "there is no token; log in with `hf auth login`, or set HF_TOKEN"
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set; unset it to reach the Hub"
    status = status_of(error)
    if status is not None:
        return _of_status(status, _first_words(error), again)
    chain = [error, error.__cause__, error.__context__]
    if any(_of_the_client(part) for part in chain if part is not None) or isinstance(error, HfHubHTTPError):
        return f"the connection broke off ({_first_words(error)}); {again}"
    return None


def _of_status(status: int, said: str, again: str) -> str:
    if status == 401:
        return "the Hub does not know the token (401), or needs one; log in with `hf auth login`, or set HF_TOKEN"
    if status == 403:
        return f"the token may not do this (403: {said}); use one that may write there, or offer the change with --pull-request"
    if status == 404:
        return "there is no such repository or file (404), or the token may not see it; check its name and kind, and `hf auth whoami`"
    if status in (409, 412):
        return f"somebody else changed the repository meanwhile ({status}: {said}); {again}"
    if status == 429:
        return f"too many requests (429); wait some minutes, then {again}"
    if status >= 500:
        return f"the Hub failed ({status}); {again}"
    return f"the Hub refused ({status}: {said})"


def _of_the_client(error: BaseException) -> bool:
    return any(kind.__module__.partition(".")[0] in _CLIENTS for kind in type(error).__mro__) or isinstance(
        error, ConnectionError
    )


def _first_words(error: BaseException) -> str:
    """What the server itself said where it said something, else the error's first line."""
    said = getattr(error, "server_message", None) or str(error).strip().partition("\n")[0]
    if not said and error.__cause__ is not None:
        return _first_words(error.__cause__)
    return scrubbed(str(said)) or type(error).__name__
