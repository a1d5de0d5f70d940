"""The judge "local": a multimodal model of transformers in this process, loaded once."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from PIL import Image

from gsi_bench_hf.perception.chat.asking import AskingJudge
from gsi_bench_hf.perception.chat.pictures import Format
from gsi_bench_hf.perception.chat.questions import Manner, Prices, Question

_NEEDED = 'the judge "local" needs torch and transformers: pip install "gsi-bench-hf[detectors]"'


class LocalJudge(AskingJudge):
    """Asks an image-text-to-text model by repo id. Answers stand between the marks of the released evaluator.

    Args:
        model: a repo id of the Hub, or a folder.
        revision: a commit of the repo, for a score that can be had again; None takes its newest, and says in `run.json` which.
        rubric: a name or a file, see `load_rubric`.
        device: "cuda", "cpu", …; None takes a GPU where there is one.
        dtype: of the weights, "bfloat16"; "auto" takes what they are stored in.
        max_calls: as for "chat".
        options: those of `Manner` and `Format`.

    Raises:
        ImportError: torch or transformers is missing.
        ValueError: an argument is out of range.
        TypeError: one is not known.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        revision: str | None = None,
        rubric: str | os.PathLike[str] = "appearance",
        device: str | None = None,
        dtype: str = "auto",
        max_calls: int | None = None,
        **options: Any,
    ) -> None:
        if model is None:
            raise ValueError(
                "the judge 'local' needs model=, a repo id of the Hub or a folder: load_judge('local', model=...), "
                "or --judge-arg model=..."
            )
        manner_options = {k: options.pop(k) for k in ("repeats", "temperature", "max_tokens", "seed") if k in options}
        super().__init__(
            "local",
            rubric=rubric,
            manner=Manner(**manner_options),
            form=Format(**options),
            prices=Prices(),
            max_calls=max_calls,
            concurrency=1,
        )
        self.model, self._dtype = str(model), dtype
        self._processor, self._network, self.revision = _load(self.model, revision, device, dtype)
        self._in_use = threading.Lock()

    def _who(self) -> dict[str, Any]:
        return {"model": self.model, "revision": self.revision, "dtype": self._dtype}

    def _call(self, question: Question, key: str) -> Mapping[str, Any]:
        self._replies.begin()
        began = time.monotonic()
        with self._in_use:
            text, tokens_in, tokens_out, cut = self._generate(question)
        body = {"choices": [{"message": {"content": text}, "finish_reason": "length" if cut else "stop"}]}
        return self._replies.keep(
            key,
            "reply",
            about=question.about,
            rubric=question.rubric.name,
            repeat=question.repeat,
            model=self.model,
            seconds=round(time.monotonic() - began, 3),
            body=json.dumps(body, ensure_ascii=False),
            usage={"prompt_tokens": tokens_in, "completion_tokens": tokens_out},
        )

    def _generate(self, question: Question) -> tuple[str, int, int, bool]:
        """What the model says, tokens in and out, and whether it was stopped before it was done."""
        import torch

        inputs = self._processor.apply_chat_template(
            [{"role": "user", "content": _content(question)}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self._network.device)
        for name, value in inputs.items():
            if torch.is_floating_point(value):
                inputs[name] = value.to(self._network.dtype)
        devices = [self._network.device] if self._network.device.type == "cuda" else []
        temperature = self._manner.temperature
        choice = {"do_sample": False} if not temperature else {"do_sample": True, "temperature": temperature}
        with torch.random.fork_rng(devices), torch.inference_mode():
            torch.manual_seed(self._manner.seed + question.repeat)
            output = self._network.generate(**inputs, max_new_tokens=self._manner.max_tokens, **choice)
        prompt = inputs["input_ids"].shape[1]
        new = output[0, prompt:].tolist()
        text = str(self._processor.decode(new, skip_special_tokens=True))
        return text, prompt, len(new), len(new) >= self._manner.max_tokens and new[-1] not in self._ends()

    def _ends(self) -> list[int]:
        found = self._network.generation_config.eos_token_id
        return found if isinstance(found, list) else [found]


def _content(question: Question) -> list[dict[str, Any]]:
    import io

    content: list[dict[str, Any]] = []
    for caption, picture in zip(question.rubric.captions(), question.pictures, strict=True):
        content.append({"type": "text", "text": caption})
        content.append({"type": "image", "image": Image.open(io.BytesIO(picture.data)).convert("RGB")})
    return [*content, {"type": "text", "text": question.text(structured=False)}]


def _load(model: str, revision: str | None, device: str | None, dtype: str) -> tuple[Any, Any, str | None]:
    """The processor, the network, and the commit that both are of."""
    try:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor
    except ImportError as error:
        raise ImportError(f"{_NEEDED} ({error})") from error
    processor = AutoProcessor.from_pretrained(model, revision=revision)  # type: ignore[no-untyped-call]
    network: Any = AutoModelForImageTextToText.from_pretrained(model, revision=revision, dtype=dtype)
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return processor, network.to(where).eval(), getattr(network.config, "_commit_hash", None) or revision
