"""What the editors that speak HTTP themselves share: an address, a dialect, a key, one connection pool."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

from PIL import Image

from gsi_bench_hf.editing import EditFailedError
from gsi_bench_hf.pipelines.endpoints.base import EndpointEditor
from gsi_bench_hf.pipelines.endpoints.hosts import dialect_of, endpoint_url, find_key
from gsi_bench_hf.pipelines.endpoints.http import HttpClient
from gsi_bench_hf.pipelines.endpoints.images import from_base64, from_bytes, is_data_url
from gsi_bench_hf.pipelines.endpoints.patience import persist
from gsi_bench_hf.pipelines.endpoints.settings import split
from gsi_bench_hf.pipelines.endpoints.verdicts import require_success


class HttpEditor(EndpointEditor):
    """An editor behind an address.

    Args:
        url: the server, its API's root ("https://host/v1"), or the call's own address.
        model: what the server is asked for; None leaves the choice to it.
        api_key: the key. Better in the environment: `GSI_BENCH_API_KEY`, or the variable of a host we know (OPENAI_API_KEY for
            api.openai.com, see `KNOWN_HOSTS`), or the one that `api_key_env` names. It is written nowhere.
        api_key_env: the environment variable that holds the key.
        api_key_header: what carries it; Azure wants "api-key".
        send_seed: whether each sample's seed goes along; None leaves it out only where the host is known to refuse it.
        options: those of `Settings`; all others go to the server as they are: `num_inference_steps=30`.
    """

    path: ClassVar[str]
    """The call, below the API's root."""
    prefix: ClassVar[str] = ""
    """What stands before the address in the editor's name."""

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        api_key: str | None = None,
        api_key_env: str | None = None,
        api_key_header: str = "Authorization",
        send_seed: bool | None = None,
        **options: Any,
    ) -> None:
        self.url, self._dialect = endpoint_url(url, self.path), dialect_of(url)
        settings, arguments = split(options, self.prefix + url, type(self))
        super().__init__(
            self.prefix + url,
            find_key(self._dialect, api_key, api_key_env),
            settings,
            model=model,
            send_seed=self._dialect.seed if send_seed is None else send_seed,
            arguments=arguments,
        )
        self._http = HttpClient(
            self._key, key_header=api_key_header, connections=settings.concurrency, timeout_s=settings.timeout_s
        )

    def close(self) -> None:
        """Wake what waits, and give the connections back."""
        super().close()
        self._http.close()

    def _where(self) -> str:
        return self.url

    def _fetch(self, url: str) -> Image.Image:
        """The image that an answer points to. It is asked for again by itself: the edit is made, and may have cost money."""
        if is_data_url(url):
            return from_base64(url)
        full = urljoin(self.url, url)
        if urlsplit(full).scheme not in ("http", "https"):
            raise EditFailedError(
                f"the endpoint's image is at {full[:80]!r}, expected an http(s) address or a data URL"
            )
        return persist(lambda left: self._download(full, left), self._settings.patience, self._gate)

    def _download(self, url: str, seconds: float) -> Image.Image:
        answer = self._http.get(url, seconds=seconds, key_for=self.url)
        require_success(answer)
        return from_bytes(answer.body)
