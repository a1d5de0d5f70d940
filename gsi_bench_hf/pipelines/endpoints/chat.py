"""`chat+http(s)://…`: servers that edit images through chat completions: vLLM-Omni's BAGEL and others, gateways to Nano Banana."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import Image

from gsi_bench_hf.editing import EditRefusedError
from gsi_bench_hf.pipelines.endpoints.http_editor import HttpEditor
from gsi_bench_hf.pipelines.endpoints.images import from_base64, to_data_url
from gsi_bench_hf.pipelines.endpoints.verdicts import (
    failure_of,
    is_refusal_reason,
    no_image,
    require_json,
    require_success,
    status_in,
)

# An image in a text: gateways answer with Markdown.
_IN_TEXT = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)|(data:image/[\w.+-]+;base64,[\w+/=]+)")


class ChatEditor(HttpEditor):
    """Sends the image and the prompt as one message, and reads the first image of the reply, wherever the server puts it.

    Args:
        url: the server, "http://localhost:8000/v1".
        modalities: what the reply may hold. None takes what the host is known for, ("image",) otherwise.
        extra_body: whether generation arguments go into a literal "extra_body" too, where older vLLM-Omni reads them. None does
            so for all but the hosts we know.
        options: see `HttpEditor`; what neither it nor `Settings` knows becomes a field of the request: `cfg_text_scale=4.0`. BAGEL's
            server wants `prompt_template="<|im_start|>{prompt}<|im_end|>"`.
    """

    path = "chat/completions"
    prefix = "chat+"

    def __init__(
        self, url: str, *, modalities: Sequence[str] | None = None, extra_body: bool | None = None, **options: Any
    ) -> None:
        super().__init__(url, **options)
        self._modalities = [modalities] if isinstance(modalities, str) else list(modalities or self._dialect.modalities)
        self._extra_body = self._dialect.extra_body if extra_body is None else extra_body

    def provenance(self) -> dict[str, Any]:
        """As every endpoint editor's, with what is asked of the reply."""
        return {**super().provenance(), "modalities": self._modalities, "extra_body": self._extra_body}

    def _ask(
        self, png: bytes, prompt: str, size: tuple[int, int] | None, extra: dict[str, Any], seconds: float
    ) -> Image.Image:
        answer = self._http.post(self.url, seconds=seconds, json=self._request(png, prompt, size, extra))
        require_success(answer)
        body = require_json(answer, "choices[0].message")
        choices = [c for c in body.get("choices") or () if isinstance(c, Mapping)]
        messages = [m for c in choices if isinstance(m := c.get("message"), Mapping)]
        for url in (url for message in messages for url in image_urls(message)):
            return self._fetch(url) if "://" in url[:10] or url.startswith(("data:", "/")) else from_base64(url)
        for choice in choices:
            if error := choice.get("error"):
                raise failure_of(status_in(error), {"error": error}, answer)
            if reason := refusal_of(choice):
                raise EditRefusedError(f"the endpoint's content filter, or its model, refused: {reason}")
        raise no_image("text only" if messages else "no choices[0].message", " ".join(map(text_of, messages)))

    def _request(
        self, png: bytes, prompt: str, size: tuple[int, int] | None, extra: Mapping[str, Any]
    ) -> dict[str, Any]:
        generation = dict(extra) if size is None else {"width": size[0], "height": size[1], **extra}
        content = [
            {"type": "text", "text": prompt},
            {"type": "image_url", "image_url": {"url": to_data_url(png)}},
        ]
        request: dict[str, Any] = {} if self.model is None else {"model": self.model}
        request |= {"messages": [{"role": "user", "content": content}], "modalities": self._modalities, **generation}
        if self._extra_body:
            request["extra_body"] = generation
        return request


def image_urls(message: Mapping[str, Any]) -> Iterator[str]:
    """The images of a reply, in order: in parts of its content, beside it as "images", or in its text as Markdown.

    >>> list(image_urls({"content": "Done: ![edit](https://a.b/c.png)"}))
    ['https://a.b/c.png']
    """
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    images = message.get("images")
    for part in [*parts, *(images if isinstance(images, list) else [])]:
        if url := _url_of(part):
            yield url
    for match in _IN_TEXT.finditer(text_of(message)):
        yield match[1] or match[2]


def refusal_of(choice: Mapping[str, Any]) -> str | None:
    """Why a content filter, or the model itself, said no; None where neither did in so many words.

    >>> refusal_of({"finish_reason": "content_filter", "message": {}}), refusal_of({"finish_reason": "stop", "message": {}})
    ('content_filter', None)
    """
    message = choice.get("message")
    refusal = message.get("refusal") if isinstance(message, Mapping) else None
    if refusal:
        return str(refusal)[:300]
    reasons = (choice.get("finish_reason"), choice.get("native_finish_reason"))
    return next((str(reason) for reason in reasons if is_refusal_reason(reason)), None)


def _url_of(part: Any) -> str | None:
    if not isinstance(part, Mapping):
        return None
    found = part.get("image_url") or part.get("url") or part.get("b64_json") or part.get("image")
    if isinstance(found, Mapping):
        found = found.get("url")
    return found if isinstance(found, str) and found else None


def text_of(message: Mapping[str, Any]) -> str:
    """What a reply says, where its content is a text or holds parts that are.

    >>> text_of({"content": [{"type": "text", "text": "Here."}, {"type": "image_url"}]})
    'Here.'
    """
    content = message.get("content")
    if isinstance(content, str):
        return content
    texts = (part.get("text") for part in content or () if isinstance(part, Mapping))
    return " ".join(text for text in texts if isinstance(text, str))
