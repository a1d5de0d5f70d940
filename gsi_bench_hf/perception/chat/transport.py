"""Ways to a chat model: HTTP to an address that speaks `/v1/chat/completions`, or `huggingface_hub.InferenceClient` to a provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gsi_bench_hf.pipelines.endpoints.hosts import ApiKey, Dialect, checked_url, dialect_of, endpoint_url, find_key
from gsi_bench_hf.pipelines.endpoints.http import Answer, HttpClient
from gsi_bench_hf.pipelines.endpoints.inference import failure_from, is_hugging_face

_HUB = Dialect("HF_TOKEN")


class Transport(Protocol):
    """Carries one request to a model.

    Attributes:
        where: the address or the provider, without anything secret.
        key: hidden in whatever is kept.
        sends_seed: whether the model's host takes a seed.
        length_field: what the host calls the limit of an answer's length.
    """

    where: str
    key: ApiKey
    sends_seed: bool
    length_field: str

    def send(self, request: Mapping[str, Any], seconds: float) -> Answer:
        """What came back, whatever its status. Raises TransientError or an EditFailedError where nothing did."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


@dataclass(frozen=True)
class Access:
    """How a model is reached.

    Attributes:
        api_key: the key. Better in the environment, see `HttpEditor`. It is written nowhere.
        api_key_env: the environment variable that holds it.
        api_key_header: what carries it to an address.
        bill_to: the organisation that pays a provider.
        concurrency: calls at once.
        timeout_s: for one call.
    """

    api_key: str | None = field(default=None, repr=False)
    api_key_env: str | None = None
    api_key_header: str = "Authorization"
    bill_to: str | None = None
    concurrency: int = 8
    timeout_s: float = 180.0

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ValueError(f"concurrency is {self.concurrency!r}, expected 1 or more calls at once")
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s is {self.timeout_s!r}, expected a number of seconds above 0")


def transport_to(url: str | None, provider: str | None, model: str | None, access: Access) -> Transport:
    """The way to a model.

    Args:
        url: an address, or
        provider: a Hugging Face Inference Provider, or an address that `InferenceClient` is to call; it needs a
        model: by repo id.
        access: how.

    Raises:
        ValueError: neither or both are given, or the address is none.
    """
    if (url is None) == (provider is None):
        raise ValueError(
            "the judge 'chat' needs either url= (such as http://localhost:8000/v1) or provider= (such as auto): "
            "load_judge('chat', url=...), or --judge-arg url=..."
        )
    if url is not None:
        return HttpTransport(url, access)
    if model is None:
        raise ValueError(f"the judge 'chat' with provider={provider!r} needs model=, a repo id of the Hub")
    return ProviderTransport(str(provider), access)


class HttpTransport:
    """To an address: the server, its API's root ("http://localhost:8000/v1"), or the call's own address."""

    def __init__(self, url: str, access: Access) -> None:
        self.where = endpoint_url(url, "chat/completions")
        dialect = dialect_of(url)
        self.key, self.sends_seed = find_key(dialect, access.api_key, access.api_key_env), dialect.seed
        self.length_field = "max_completion_tokens" if "api.openai.com" in self.where else "max_tokens"
        self._http = HttpClient(
            self.key,
            key_header=access.api_key_header,
            connections=access.concurrency,
            timeout_s=access.timeout_s,
        )

    def send(self, request: Mapping[str, Any], seconds: float) -> Answer:
        """See `Transport`."""
        return self._http.post(self.where, seconds=seconds, json=dict(request))

    def close(self) -> None:
        """See `Transport`."""
        self._http.close()


class ProviderTransport:
    """Through `huggingface_hub.InferenceClient`: to an Inference Provider, "auto" or by name, or to an address (its `base_url`).

    Without a key it takes HF_TOKEN, or the token of `hf auth login`, which goes to no host but Hugging Face's.
    """

    sends_seed, length_field = True, "max_tokens"

    def __init__(self, provider: str, access: Access) -> None:
        from huggingface_hub import InferenceClient, get_token

        address = checked_url(provider) if "://" in provider else None
        self.where = address or f"Hugging Face Inference ({provider})"
        self.key, headers = find_key(_HUB, access.api_key, access.api_key_env), {}
        if not self.key and (address is None or is_hugging_face(address)):
            self.key = ApiKey(get_token())
        elif not self.key:
            headers["authorization"] = ""  # or the client would send the Hub token
        goal: dict[str, Any] = {"provider": provider} if address is None else {"base_url": address}
        self._client = InferenceClient(
            **goal,
            token=self.key.reveal(),
            timeout=access.timeout_s,
            headers=headers,
            bill_to=access.bill_to,
        )

    def send(self, request: Mapping[str, Any], seconds: float) -> Answer:
        """See `Transport`."""
        from huggingface_hub.errors import HfHubHTTPError

        named = ("messages", "model", "max_tokens", "temperature", "seed", "response_format")
        known = {name: request[name] for name in named if name in request}
        extra = {name: value for name, value in request.items() if name not in named}
        try:
            output = self._client.chat_completion(**known, extra_body=extra or None)
        except HfHubHTTPError as error:
            response = error.response
            headers = {k.lower(): v for k, v in response.headers.items()}
            return Answer(response.status_code, headers, response.content)
        except Exception as error:  # noqa: BLE001 - the client and its providers raise what their libraries raise
            raise failure_from(error) from None
        return Answer(200, {"content-type": "application/json"}, json.dumps(output, default=str).encode())

    def close(self) -> None:
        """See `Transport`."""
        self._client.close()  # type: ignore[no-untyped-call]
