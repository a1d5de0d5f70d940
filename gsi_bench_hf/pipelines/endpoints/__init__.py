"""Editors that run elsewhere.

- `ImagesEditsEditor`: `http(s)://…`, OpenAI's `/v1/images/edits`.
- `ChatEditor`: `chat+http(s)://…`, chat completions that answer with an image.
- `InferenceEditor`: `inference:REPO`, Hugging Face Inference Providers and Endpoints.
- `from_name(name, **kwargs)`: the one that a name stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gsi_bench_hf.pipelines.endpoints.base import EndpointEditor

__all__ = ["from_name"]


def from_name(name: str, **kwargs: Any) -> EndpointEditor:
    """The endpoint editor of a name.

    Args:
        name: "http://localhost:8000/v1", "chat+http://localhost:8000/v1" or "inference:REPO".
        kwargs: the editor's own arguments, and the server's.

    Raises:
        ValueError: the address can't be used, or an argument is out of range.
        TypeError: an argument is all but one of the editor's.
        MissingClientError: no HTTP client is installed.
    """
    if name.startswith("inference:"):
        from gsi_bench_hf.pipelines.endpoints.inference import InferenceEditor

        return InferenceEditor(name.removeprefix("inference:"), **kwargs)
    if name.startswith("chat+"):
        from gsi_bench_hf.pipelines.endpoints.chat import ChatEditor

        return ChatEditor(name.removeprefix("chat+"), **kwargs)
    from gsi_bench_hf.pipelines.endpoints.images_edits import ImagesEditsEditor

    return ImagesEditsEditor(name, **kwargs)
