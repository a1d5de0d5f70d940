"""`http(s)://…`: servers that speak OpenAI's `/v1/images/edits`, such as vLLM-Omni, OpenAI and gateways."""

from __future__ import annotations

from typing import Any

from PIL import Image

from gsi_bench_hf.editing import EditRefusedError
from gsi_bench_hf.pipelines.endpoints.http import Answer
from gsi_bench_hf.pipelines.endpoints.http_editor import HttpEditor
from gsi_bench_hf.pipelines.endpoints.images import from_base64, from_bytes
from gsi_bench_hf.pipelines.endpoints.verdicts import is_refusal_reason, no_image, require_json, require_success


class ImagesEditsEditor(HttpEditor):
    """Posts the image and the prompt as a form, and reads `data[0].b64_json` or `data[0].url`.

    Args:
        url: the server, "http://localhost:8000/v1".
        image_field: the form's field of the image; some servers want "image[]".
        options: see `HttpEditor`; what neither it nor `Settings` knows becomes a field of the form: `num_inference_steps=30`.
    """

    path = "images/edits"

    def __init__(self, url: str, *, image_field: str = "image", **options: Any) -> None:
        super().__init__(url, **options)
        self._image_field = image_field

    def _ask(
        self, png: bytes, prompt: str, size: tuple[int, int] | None, extra: dict[str, Any], seconds: float
    ) -> Image.Image:
        asked = None if size is None else f"{size[0]}x{size[1]}"
        fields = {"model": self.model, "prompt": prompt, "size": asked, "n": 1, **extra}
        answer = self._http.post(
            self.url,
            seconds=seconds,
            data={name: _field(value) for name, value in fields.items() if value is not None},
            files={self._image_field: ("source.png", png, "image/png")},
        )
        return self._image_of(answer)

    def _image_of(self, answer: Answer) -> Image.Image:
        require_success(answer)
        if answer.content_type.startswith("image/"):
            return from_bytes(answer.body)
        body = require_json(answer, "data[0].b64_json")
        data = body.get("data")
        item = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
        if item.get("b64_json"):
            return from_base64(str(item["b64_json"]))
        if item.get("url"):
            return self._fetch(str(item["url"]))
        for reason in (item.get("finish_reason"), body.get("finish_reason")):
            if is_refusal_reason(reason):
                raise EditRefusedError(f"the endpoint's content filter kept the image back ({reason})")
        raise no_image("no data[0].b64_json and no data[0].url", str(dict(body)))


def _field(value: Any) -> str:
    """A form's text, with JSON's words for true and false."""
    return str(value).lower() if isinstance(value, bool) else str(value)
