"""Where an endpoint is, which dialect its host speaks, and the key it wants, which is never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn
from urllib.parse import parse_qsl, urlsplit, urlunsplit

OUR_KEY_VARIABLE = "GSI_BENCH_API_KEY"
_HIDDEN = "***"
_LOOKS_SECRET = re.compile(r"key|token|secret|signature|^sig$|password|credential", re.IGNORECASE)
# Keys that a server's own message may quote, whole or in part.
_LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|hf|gsk|r8|xai|AIza)[-_]?[\w*.-]{8,}|(?<=Bearer )\S+")


@dataclass(frozen=True)
class Dialect:
    """What a host takes and what it refuses.

    Attributes:
        key_variable: the environment variable that holds the key for this host, and for no other.
        seed: whether it takes a `seed`.
        modalities: what its chat models are asked to answer with.
        extra_body: whether generation arguments of a chat request also go into a literal "extra_body": older vLLM-Omni reads them
            there.
    """

    key_variable: str | None = None
    seed: bool = True
    modalities: tuple[str, ...] = ("image",)
    extra_body: bool = False


SELF_HOSTED = Dialect(extra_body=True)
KNOWN_HOSTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "api.openai.com": Dialect("OPENAI_API_KEY", seed=False),
        "openrouter.ai": Dialect("OPENROUTER_API_KEY", modalities=("image", "text")),
        "generativelanguage.googleapis.com": Dialect("GEMINI_API_KEY", seed=False, modalities=("image", "text")),
        "router.huggingface.co": Dialect("HF_TOKEN"),
    }
)


class ApiKey:
    """A key that can be sent and compared with nothing: it has no readable form.

    Args:
        value: the key; None for a server that wants none.

    >>> key = ApiKey("sk-one-two-three")
    >>> key, key.hide("wrong key sk-one-two-three")
    (ApiKey(***), 'wrong key ***')
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        value = value.strip() if value else None
        if value and not (value.isascii() and value.isprintable()):
            raise ValueError("the API key holds characters that no header can carry; expected printable ASCII")
        self._value = value or None

    def __bool__(self) -> bool:
        return self._value is not None

    def __repr__(self) -> str:
        return f"ApiKey({_HIDDEN if self else 'none'})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not pickled; load the editor where it is used")

    def header(self, name: str) -> dict[str, str]:
        """The header that carries it; none where there is no key."""
        if self._value is None:
            return {}
        return {name: f"Bearer {self._value}" if name.lower() == "authorization" else self._value}

    def reveal(self) -> str | None:
        """The key itself, for a client of another library."""
        return self._value

    def hide(self, text: str) -> str:
        """`text` without the key, and without what looks like one."""
        if self._value is not None:
            text = text.replace(self._value, _HIDDEN)
        return _LOOKS_LIKE_A_KEY.sub(_HIDDEN, text)


def find_key(dialect: Dialect, api_key: str | None, api_key_env: str | None) -> ApiKey:
    """The key given, or the one in the environment.

    Args:
        dialect: the host's.
        api_key: the key itself.
        api_key_env: the name of the environment variable that holds it.

    Raises:
        ValueError: `api_key_env` names a variable that is not set.
    """
    if api_key is not None:
        return ApiKey(api_key)
    if api_key_env is not None:
        if not os.environ.get(api_key_env):
            raise ValueError(
                f"api_key_env names {api_key_env!r}, which is not set in the environment; set it to the key"
            )
        return ApiKey(os.environ[api_key_env])
    names = [name for name in (dialect.key_variable, OUR_KEY_VARIABLE) if name is not None]
    return ApiKey(next((os.environ[name] for name in names if os.environ.get(name)), None))


def dialect_of(url: str) -> Dialect:
    """What the host of `url` speaks.

    >>> dialect_of("https://api.openai.com/v1").seed, dialect_of("http://localhost:8000").seed
    (False, True)
    """
    return KNOWN_HOSTS.get(urlsplit(url).hostname or "", SELF_HOSTED)


def endpoint_url(url: str, path: str) -> str:
    """The address of one call.

    Args:
        url: the server, its API's root, or the call itself.
        path: the call, "images/edits".

    Raises:
        ValueError: for something else than such an address, or for one that holds a password or a key.

    >>> endpoint_url("http://localhost:8000", "images/edits"), endpoint_url("https://a.b/api/v1/", "images/edits")
    ('http://localhost:8000/v1/images/edits', 'https://a.b/api/v1/images/edits')
    """
    parts = urlsplit(checked_url(url))
    found = parts.path.rstrip("/")
    if not found.endswith(f"/{path}"):
        found = f"{found or '/v1'}/{path}"
    return urlunsplit((parts.scheme, parts.netloc, found, parts.query, ""))


def checked_url(url: str) -> str:
    """`url`, if it is an address that may stand in run.json. Raises ValueError as `endpoint_url`, without showing a secret."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("the endpoint's address can't be read; expected http(s)://HOST[:PORT]/v1") from None
    if parts.username or parts.password:
        raise ValueError(
            "the endpoint's address holds a user or a password; leave it out and give api_key= (or api_key_env=)"
        )
    secrets = [name for name, _ in parse_qsl(parts.query) if _LOOKS_SECRET.search(name)]
    if secrets:
        raise ValueError(
            f"the endpoint's address carries {secrets[0]!r}, which looks like a secret and would end up in run.json; "
            "leave it out and give api_key= (or api_key_env=), with api_key_header= where it is not Authorization"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ValueError(f"endpoint {url!r} is no address, expected http(s)://HOST[:PORT]/v1")
    return url
