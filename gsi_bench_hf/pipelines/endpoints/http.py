"""HTTP as the endpoint editors need it: one answer or one clear failure, within a time that holds for the whole call.

The client is that of huggingface_hub, httpx2 (hub 2) or httpx (hub 1), which have the same interface.
"""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from gsi_bench_hf.editing import EditTimeoutError, EditUnavailableError, describe
from gsi_bench_hf.pipelines.endpoints.hosts import ApiKey
from gsi_bench_hf.pipelines.endpoints.patience import TransientError

_CONNECT_S = 10.0
_LARGEST = 128 * 2**20
"""Bytes of an answer: an image of 4096 px, as PNG and then as base64, stays well below."""


class MissingClientError(ImportError):
    """No HTTP client is installed; the message says how to get one."""


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes:
        status: the HTTP status.
        headers: with lower-case names.
        body: decoded of transfer and content encodings.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """Such as "application/json", without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def http_library() -> Any:
    """The module of the client: httpx2 or httpx.

    Raises:
        MissingClientError: neither is there.
    """
    for name in ("httpx2", "httpx"):
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    raise MissingClientError(
        'an endpoint editor needs an HTTP client, and neither httpx2 nor httpx is installed: pip install "gsi-bench-hf[endpoints]"'
    )


class HttpClient:
    """One connection pool; may be called from many threads.

    Args:
        key: sent with every call to the endpoint, and nowhere else.
        key_header: the header that carries it.
        connections: how many at once.
        timeout_s: for one call, from the first byte sent to the last received.
    """

    def __init__(self, key: ApiKey, *, key_header: str, connections: int, timeout_s: float) -> None:
        self._library = http_library()
        self._key, self._key_header, self._timeout_s = key, key_header, timeout_s
        self._client = self._library.Client(
            follow_redirects=False,  # a key goes to the host it was given for
            limits=self._library.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"User-Agent": "gsi-bench-hf"},
        )
        self._closing = weakref.finalize(self, self._client.close)

    def post(self, url: str, *, seconds: float, **body: Any) -> Answer:
        """Call the endpoint.

        Args:
            url: where.
            seconds: all that is left; less than the client's own timeout near the end of a sample's patience.
            body: `json=`, or `data=` and `files=`.

        Raises:
            TransientError: the connection failed, or was lost half-way.
            EditTimeoutError: it took too long.
        """
        return self._send("POST", url, seconds, headers=self._key.header(self._key_header), **body)

    def get(self, url: str, *, seconds: float, key_for: str) -> Answer:
        """Fetch what an answer points to; the key goes along only to the host of `key_for`. Raises as `post`."""
        ours = urlsplit(url)[:2] == urlsplit(key_for)[:2]
        return self._send("GET", url, seconds, headers=self._key.header(self._key_header) if ours else {})

    def close(self) -> None:
        """Give the connections back."""
        self._closing()

    def _send(self, method: str, url: str, seconds: float, **request: Any) -> Answer:
        seconds = min(seconds, self._timeout_s)
        end = time.monotonic() + seconds
        timeout = self._library.Timeout(seconds, connect=min(seconds, _CONNECT_S))
        try:
            with self._client.stream(method, url, timeout=timeout, **request) as response:
                body = _read(response, end)
                return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)
        except (self._library.ConnectTimeout, self._library.ConnectError) as error:
            raise TransientError(f"{_host(url)} can't be reached: {self._said(error)}") from None
        except (self._library.TimeoutException, _TooSlowError):
            raise EditTimeoutError(f"{_host(url)} had not answered in full after {seconds:.4g} s") from None
        except (self._library.TransportError, self._library.DecodingError) as error:
            raise TransientError(f"the connection to {_host(url)} was lost: {self._said(error)}") from None

    def _said(self, error: Exception) -> str:
        return self._key.hide(describe(error))


class _TooSlowError(Exception):
    """Bytes keep coming, and the time is up."""


def _read(response: Any, end: float) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > _LARGEST:
            raise EditUnavailableError(
                f"the endpoint's answer has more than {_LARGEST // 2**20} MiB; expected one image"
            )
        if time.monotonic() > end:
            raise _TooSlowError
        parts.append(part)
    return b"".join(parts)


def _host(url: str) -> str:
    return urlsplit(url).netloc
