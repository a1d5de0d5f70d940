"""The judge "chat": a multimodal model behind any server that speaks OpenAI's `/v1/chat/completions`."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import time
from collections.abc import Mapping
from typing import Any, TypeVar

from gsi_bench_hf.editing import EditFailedError, EditRefusedError, EditTimeoutError, EditUnavailableError
from gsi_bench_hf.perception.chat.asking import AskingJudge, NoReplyError
from gsi_bench_hf.perception.chat.pictures import Format
from gsi_bench_hf.perception.chat.questions import Manner, Prices, Question
from gsi_bench_hf.perception.chat.reading import ENDPOINT, TIMEOUT
from gsi_bench_hf.perception.chat.transport import Access, transport_to
from gsi_bench_hf.pipelines.endpoints.http import Answer
from gsi_bench_hf.pipelines.endpoints.patience import Gate, Patience, TransientError, persist
from gsi_bench_hf.pipelines.endpoints.verdicts import require_json, require_success
from gsi_bench_hf.registry import did_you_mean
from gsi_bench_hf.types import JudgeStoppedError

_FOR_ALL = {401, 402, 403, 404, 405}
"""Statuses that every other call would get too."""
_ABOUT_THE_FORM = re.compile(
    r"response_format|json_schema|structured|guided|grammar|unsupported field|extra_forbidden", re.IGNORECASE
)
_LONGEST_BODY = 200_000

_KINDS = (Manner, Format, Prices, Access, Patience)

T = TypeVar("T")


class ChatJudge(AskingJudge):
    """Asks a model that can see, with the images in the message.

    Args:
        url: the server, its API's root ("http://localhost:8000/v1"), or the call's own address.
        provider: instead of `url`, a Hugging Face Inference Provider, or "auto", or an address: what
            `huggingface_hub.InferenceClient` can reach. Needs `model`.
        model: what the server is asked for; None leaves the choice to it.
        rubric: a name or a file, see `load_rubric`.
        structured: whether the server is asked to see to the answer's form (`response_format`, a JSON Schema). "auto" asks, and does
            without where the server says that it can't; the answer then stands between the marks of the released evaluator.
        send_seed: whether the seed goes along; None leaves it out where the host is known to refuse it.
        max_calls: how many calls a run may make in all; it stops before the next.
        options: those of `Manner`, `Format`, `Prices`, `Access` and `Patience`; all others go to the server as they are: `top_p=0.9`.

    Raises:
        ValueError: an argument is out of range, or neither `url` nor `provider` is given.
        TypeError: one is all but one of ours.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        provider: str | None = None,
        model: str | None = None,
        rubric: str | os.PathLike[str] = "appearance",
        structured: bool | str = "auto",
        send_seed: bool | None = None,
        max_calls: int | None = None,
        **options: Any,
    ) -> None:
        if structured not in ("auto", True, False):
            raise ValueError(f"structured is {structured!r}, expected 'auto', True or False")
        access, self._patience = _take(Access, options), _take(Patience, options)
        manner, form, prices = _take(Manner, options), _take(Format, options), _take(Prices, options)
        _check_rest(options)
        super().__init__(
            "chat",
            rubric=rubric,
            manner=manner,
            form=form,
            prices=prices,
            max_calls=max_calls,
            concurrency=access.concurrency,
        )
        self.model, self._structured, self._arguments = model, structured, options
        self._can_structure, self._gate = bool(structured), Gate()
        self._transport = transport_to(url, provider, model, access)
        self._send_seed = self._transport.sends_seed if send_seed is None else send_seed

    def close(self) -> None:
        """Wake what waits, and give the connections back."""
        self._gate.stop()
        super().close()
        self._transport.close()

    def _who(self) -> dict[str, Any]:
        return {
            "endpoint": self._transport.where,
            "model": self.model,
            "structured": self._structured,
            "send_seed": self._send_seed,
            "arguments": dict(self._arguments),
        }

    def _whom(self) -> str:
        return f"{self.name} ({self.model or 'whatever model it serves'} at {self._transport.where})"

    def _call(self, question: Question, key: str) -> Mapping[str, Any]:
        hide = self._transport.key.hide
        try:
            return persist(lambda left: self._attempt(question, key, left), self._patience, self._gate)
        except EditTimeoutError as error:
            raise NoReplyError(TIMEOUT, hide(str(error))) from None
        except EditFailedError as error:
            raise NoReplyError(ENDPOINT, hide(str(error))) from None

    def _attempt(self, question: Question, key: str, seconds: float) -> Mapping[str, Any]:
        """One call, and a second one where the server only minds the form that was asked for."""
        structured = self._can_structure
        line = self._once(question, key, structured, seconds)
        if line is None:
            self._can_structure = False
            line = self._once(question, key, False, seconds)
        assert line is not None
        return line

    def _once(self, question: Question, key: str, structured: bool, seconds: float) -> Mapping[str, Any] | None:
        """The line of one call; None where the server can't see to the answer's form, and need not."""
        hide, began = self._transport.key.hide, time.monotonic()
        self._replies.begin()
        answer: Answer | None = None

        def keep(outcome: str, **said: Any) -> Mapping[str, Any]:
            facts = {"about": question.about, "rubric": question.rubric.name, "repeat": question.repeat}
            facts |= {"model": self.model, "structured": structured, "seconds": round(time.monotonic() - began, 3)}
            if answer is not None:
                body = answer.body[:_LONGEST_BODY].decode("utf-8", errors="replace")
                facts |= {"status": answer.status, "body": hide(body)}
            return self._replies.keep(key, outcome, **facts, **said)

        try:
            answer = self._transport.send(self._request(question, structured), seconds)
            require_success(answer)
            body = require_json(answer, "choices[0].message")
        except EditRefusedError as error:
            return keep("refused", said=hide(str(error)))
        except (TransientError, EditFailedError) as error:
            keep("late" if isinstance(error, EditTimeoutError) else "failed", said=hide(str(error)))
            if self._structured == "auto" and structured and _minds_the_form(answer):
                return None
            if answer is not None and answer.status in _FOR_ALL and isinstance(error, EditUnavailableError):
                raise JudgeStoppedError(f"the judge can't be asked: {hide(str(error))}") from None
            raise
        usage = body.get("usage")
        return keep("reply", usage=usage if isinstance(usage, Mapping) else {})

    def _request(self, question: Question, structured: bool) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        for caption, picture in zip(question.rubric.captions(), question.pictures, strict=True):
            content.append({"type": "text", "text": caption})
            content.append({"type": "image_url", "image_url": {"url": picture.url}})
        content.append({"type": "text", "text": question.text(structured=structured)})
        request: dict[str, Any] = {} if self.model is None else {"model": self.model}
        request["messages"] = [{"role": "user", "content": content}]
        request[self._transport.length_field] = self._manner.max_tokens
        if self._manner.temperature is not None:
            request["temperature"] = self._manner.temperature
        if self._send_seed:
            request["seed"] = self._manner.seed + question.repeat
        if structured:
            schema = {"name": question.rubric.name, "strict": True, "schema": question.rubric.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        return request | self._arguments


def _minds_the_form(answer: Answer | None) -> bool:
    return (
        answer is not None
        and answer.status in (400, 422, 501)
        and bool(_ABOUT_THE_FORM.search(answer.body[:4000].decode("utf-8", errors="replace")))
    )


def _take(kind: type[T], options: dict[str, Any]) -> T:
    """The settings of a kind among `options`, which are taken out."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: options.pop(name) for name in names if name in options})


def _check_rest(rest: Mapping[str, Any]) -> None:
    fields = [field.name for kind in _KINDS for field in dataclasses.fields(kind)]
    own = [p.name for p in inspect.signature(ChatJudge.__init__).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for key in rest:
        if hint := did_you_mean(key, [*fields, *own], cutoff=0.8):
            raise TypeError(f"the judge 'chat' takes no {key}.{hint} (what it does not know goes to the server)")
