"""What every endpoint editor does alike: lay the image out, seed, try again, tell what it will ask for and what it was."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from PIL import Image

from gsi_bench_hf.editing import EditFailedError
from gsi_bench_hf.pipelines.base import EditOutput
from gsi_bench_hf.pipelines.endpoints.hosts import ApiKey
from gsi_bench_hf.pipelines.endpoints.images import parse_sizes, plan_for, to_png
from gsi_bench_hf.pipelines.endpoints.patience import Gate, persist
from gsi_bench_hf.pipelines.endpoints.settings import PLAIN, Settings

_SEEDS = 2**31


class EndpointEditor(ABC):
    """An editor that runs elsewhere. Called like a diffusers pipeline, from as many threads as `concurrency` says.

    Args:
        name: for reports.
        key: hidden in every message.
        settings: how it is called.
        model: what the server is asked for; None leaves the choice to it.
        send_seed: whether each sample's seed goes along, modulo 2**31.
        arguments: more for the server, sent as they are and kept in run.json.
    """

    needs_sample = False
    needs_seed = True

    def __init__(
        self,
        name: str,
        key: ApiKey,
        settings: Settings,
        *,
        model: str | None,
        send_seed: bool,
        arguments: Mapping[str, Any],
    ) -> None:
        self.name, self.model, self.concurrency = name, model, settings.concurrency
        self._key, self._settings, self._gate = key, settings, Gate()
        self._send_seed, self._arguments = send_seed, dict(arguments)

    def __call__(
        self, *, image: Image.Image, prompt: str, generator: Any = None, seed: int | None = None, **arguments: Any
    ) -> EditOutput:
        """Have `image` edited after `prompt`.

        Args:
            image: the source.
            prompt: the instruction.
            generator: a torch generator, whose initial seed is sent.
            seed: the seed itself.
            arguments: for the server, beside those of the editor.

        Raises:
            EditRefusedError: a content filter said no.
            EditTimeoutError: a call took longer than it may.
            EditUnavailableError: errors up to the last attempt, or one that no attempt mends.
            EditFailedError: the answer holds no image.
        """
        plan = plan_for(image.size, self._settings.size)
        png, text = to_png(plan.fit(image)), self._settings.prompt_template.replace(PLAIN, prompt)
        size = None if self._settings.size == "auto" else plan.working
        extra = {**self._arguments, **arguments}
        number = self._seed(generator, seed)
        if number is not None:
            extra.setdefault("seed", number)
        try:
            answer = persist(lambda left: self._ask(png, text, size, extra, left), self._settings.patience, self._gate)
        except EditFailedError as error:
            raise type(error)(self._key.hide(str(error))) from None
        # An answer of a size that was not asked for is left to the runner, which notes what it does to it.
        return EditOutput((plan.restore(answer.convert("RGB")) if parse_sizes(self._settings.size) else answer,))

    @abstractmethod
    def _ask(
        self, png: bytes, prompt: str, size: tuple[int, int] | None, extra: dict[str, Any], seconds: float
    ) -> Image.Image:
        """One call.

        Args:
            png: the image.
            prompt: what to do.
            size: (width, height) to ask for; None for the server's choice.
            extra: more for the server.
            seconds: how long until patience ends.

        Raises:
            TransientError: where another call may help.
        """

    @abstractmethod
    def _where(self) -> str:
        """The address, without anything secret."""

    def estimate(self, num_samples: int) -> str:
        """What a run will ask of the endpoint, in one line."""
        asked = f"model {self.model}" if self.model else "whatever model it serves"
        times = self._settings.attempts
        calls = f"{num_samples} call{'s' * (num_samples != 1)} to {self._where()} ({asked})"
        at_once = f"{min(self.concurrency, num_samples)} at a time, {self._settings.timeout_s:g} s each at most"
        return f"{calls}, {at_once}; up to {num_samples * times} if each has to be tried {times} times"

    def provenance(self) -> dict[str, Any]:
        """What names this editor in run.json; never a key. What can't change an image is under "environment"."""
        settings = asdict(self._settings)
        return {
            "name": self.name,
            "class": type(self).__name__,
            "endpoint": self._where(),
            "model": self.model,
            "size": settings.pop("size"),
            "prompt_template": settings.pop("prompt_template"),
            "send_seed": self._send_seed,
            "arguments": dict(self._arguments),
            "environment": {**settings, "with_key": bool(self._key)},
        }

    def close(self) -> None:
        """Wake what waits."""
        self._gate.stop()

    def _seed(self, generator: Any, seed: int | None) -> int | None:
        if not self._send_seed:
            return None
        if seed is None and generator is not None:
            seed = generator.initial_seed()
        return None if seed is None else int(seed) % _SEEDS
