"""`inference:REPO`: Hugging Face Inference Providers and Inference Endpoints, through `huggingface_hub.InferenceClient`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from gsi_bench_hf.editing import EditFailedError, EditTimeoutError, EditUnavailableError, describe
from gsi_bench_hf.pipelines.endpoints.base import EndpointEditor
from gsi_bench_hf.pipelines.endpoints.hosts import ApiKey, Dialect, checked_url, find_key
from gsi_bench_hf.pipelines.endpoints.http import Answer
from gsi_bench_hf.pipelines.endpoints.patience import TransientError
from gsi_bench_hf.pipelines.endpoints.settings import split
from gsi_bench_hf.pipelines.endpoints.verdicts import failure_of

_HUB = Dialect("HF_TOKEN")
_HUGGING_FACE = ("huggingface.co", "huggingface.cloud")
_CLIENTS = {"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"}


class InferenceEditor(EndpointEditor):
    """Calls `InferenceClient.image_to_image`.

    Args:
        repo: a Hub repo id, or the address of a dedicated Inference Endpoint.
        provider: "fal-ai", "replicate", …; None takes the first of your Hub settings that has the model.
        api_key: a Hub token, or the provider's own key. Better in the environment, HF_TOKEN, or by `hf auth login`.
        api_key_env: the environment variable that holds it.
        bill_to: the organisation that pays.
        send_seed: whether each sample's seed goes along.
        options: those of `Settings`; all others are parameters of the model: `guidance_scale=2.5`.
    """

    def __init__(
        self,
        repo: str,
        *,
        provider: str | None = None,
        api_key: str | None = None,
        api_key_env: str | None = None,
        bill_to: str | None = None,
        send_seed: bool = True,
        **options: Any,
    ) -> None:
        from huggingface_hub import InferenceClient, get_token

        name = f"inference:{repo}"
        settings, arguments = split(options, name, type(self))
        address = checked_url(repo) if "://" in repo else None
        key = find_key(_HUB, api_key, api_key_env)
        headers = {}
        if not key and (address is None or is_hugging_face(address)):
            key = ApiKey(get_token())
        elif not key:
            headers["authorization"] = (
                ""  # or the client would send the Hub token to a host that has no business with it
            )
        super().__init__(name, key, settings, model=repo, send_seed=send_seed, arguments=arguments)
        self._provider, self._bill_to = provider, bill_to
        self._client = InferenceClient(
            model=repo,
            provider=provider,  # type: ignore[arg-type]
            token=key.reveal(),
            timeout=settings.timeout_s,
            headers=headers,
            bill_to=bill_to,
        )

    def provenance(self) -> dict[str, Any]:
        """As every endpoint editor's, with the provider."""
        found = super().provenance()
        found["environment"] |= {"huggingface_hub": version("huggingface_hub"), "bill_to": self._bill_to}
        return {**found, "provider": self._provider}

    def close(self) -> None:
        """Wake what waits, and let the client go."""
        super().close()
        self._client.close()  # type: ignore[no-untyped-call]

    def _where(self) -> str:
        return f"Hugging Face Inference ({self._provider or 'the first provider of your settings'})"

    def _ask(
        self, png: bytes, prompt: str, size: tuple[int, int] | None, extra: dict[str, Any], seconds: float
    ) -> Image.Image:
        target = {} if size is None else {"target_size": {"width": size[0], "height": size[1]}}
        try:
            image: Image.Image = self._client.image_to_image(png, prompt=prompt, **{**target, **extra})
        except Exception as error:  # noqa: BLE001 - the client and its providers raise what their libraries raise
            raise failure_from(error) from None
        try:
            image.load()
        except Exception as error:  # noqa: BLE001 - PIL raises many types for broken files
            raise EditFailedError(f"the endpoint's image can't be decoded: {describe(error)}") from None
        return image


def failure_from(error: Exception) -> Exception:
    """Our error for one that `InferenceClient` raised."""
    from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return EditUnavailableError(f"{describe(error)}; unset HF_HUB_OFFLINE")
    if isinstance(error, HfHubHTTPError):
        answer = _answer_of(error)
        return failure_of(answer.status, answer.json(), answer)
    if isinstance(error, InferenceTimeoutError):
        if type(error.__cause__).__name__ in ("ConnectTimeout", "PoolTimeout"):
            return TransientError(f"the endpoint can't be reached: {describe(error)}")
        return EditTimeoutError(f"the endpoint had not answered in full in time: {describe(error)}")
    if isinstance(error, ConnectionError) or _of_a_client(error):
        return TransientError(f"the connection was lost: {describe(error)}")
    if isinstance(error, OSError):
        return EditFailedError(f"the endpoint answered with something that is no image: {describe(error)}")
    if isinstance(error, ValueError):  # a model or a task that the provider does not have
        return EditUnavailableError(f"the endpoint can't be asked: {describe(error)}")
    return EditFailedError(f"the endpoint's answer can't be read: {describe(error)}")


def _answer_of(error: Any) -> Answer:
    response = error.response
    try:
        body = response.content
    except Exception:  # noqa: BLE001 - a streamed body that was not read; the message holds what the client made of it
        body = str(error).encode()
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)


def _of_a_client(error: Exception) -> bool:
    return any(cls.__module__.partition(".")[0] in _CLIENTS for cls in type(error).__mro__)


def is_hugging_face(address: str) -> bool:
    """Whether an address is one that a Hub token may be sent to.

    >>> is_hugging_face("https://router.huggingface.co/v1"), is_hugging_face("http://localhost:8000")
    (True, False)
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(host == known or host.endswith(f".{known}") for known in _HUGGING_FACE)
