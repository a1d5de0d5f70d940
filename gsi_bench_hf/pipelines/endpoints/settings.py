"""How an endpoint is called, whatever it speaks."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from gsi_bench_hf.pipelines.endpoints.images import parse_sizes
from gsi_bench_hf.pipelines.endpoints.patience import Patience

PLAIN = "{prompt}"
_THE_SERVERS_OWN = ("dtype", "batch_size", "device", "compile", "quantization")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What all endpoint editors take.

    Attributes:
        size: "auto" is the server's choice; "source" asks for the source's; "1024x1024,1536x1024" asks for the one nearest in shape
            and sends the source at that size, padded where its shape differs; the padding is cut off the answer.
        prompt_template: what the server gets, with "{prompt}" for the instruction.
        concurrency: calls at once.
        timeout_s: for one call.
        attempts, total_s, first_wait_s: see `Patience`.
    """

    size: str = "auto"
    prompt_template: str = PLAIN
    concurrency: int = 4
    timeout_s: float = 300.0
    attempts: int = Patience.attempts
    total_s: float = Patience.total_s
    first_wait_s: float = Patience.first_wait_s

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ValueError(f"concurrency is {self.concurrency!r}, expected 1 or more calls at once")
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s is {self.timeout_s!r}, expected a number of seconds above 0")
        if PLAIN not in self.prompt_template:
            raise ValueError(f"prompt_template is {self.prompt_template!r}, expected a text with {PLAIN} in it")
        parse_sizes(self.size)
        _ = self.patience

    @property
    def patience(self) -> Patience:
        """How long one sample is tried for."""
        return Patience(attempts=self.attempts, first_wait_s=self.first_wait_s, total_s=self.total_s)


def split(options: Mapping[str, Any], name: str, editor: type) -> tuple[Settings, dict[str, Any]]:
    """The settings among some options, and the rest, which goes to the server.

    Args:
        options: of both kinds.
        name: of the editor, for the message.
        editor: its class, whose own arguments are known too.

    Raises:
        TypeError: for one of the rest that is all but one we know, naming it, or that is decided where the server is started.

    >>> split({"concurrency": 2, "num_inference_steps": 30}, "http://localhost:8000/v1", object)[1]
    {'num_inference_steps': 30}
    """
    fields = [field.name for field in dataclasses.fields(Settings)]
    rest = {key: value for key, value in options.items() if key not in fields}
    signatures = (inspect.signature(cls) for cls in editor.__mro__ if "__init__" in vars(cls) and cls is not object)
    own = [p.name for signature in signatures for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    for key in rest:
        if key in _THE_SERVERS_OWN:
            raise TypeError(f"editor {name!r} takes no {key}: that is decided where its server is started")
        near = difflib.get_close_matches(key, [*fields, *own], n=1, cutoff=0.8)
        if near:
            raise TypeError(
                f"editor {name!r} takes no {key}; did you mean {near[0]}? (what it does not know goes to the server)"
            )
    return Settings(**{key: options[key] for key in fields if key in options}), rest
