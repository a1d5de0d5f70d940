"""Any diffusers editing pipeline as an editor: `GSIEditPipeline`.

Needs the "editors" extra only once there is a pipeline to wrap; importing this module needs nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.durable import RunWarning
from gsi_bench_hf.editing import EditFailedError, EditMemoryError, EditRefusedError, as_pil
from gsi_bench_hf.pipelines.base import EditOutput
from gsi_bench_hf.pipelines.families import Family, family_of
from gsi_bench_hf.pipelines.families.generic import generic_family
from gsi_bench_hf.pipelines.provenance import environment, library_versions, named, plain
from gsi_bench_hf.pipelines.resolution import Resolution
from gsi_bench_hf.pipelines.signature import check_arguments, parameters_of

PromptRewriter = Callable[[str, Image.Image], str]
_OURS = ("return_dict", "generator")


class GSIEditPipeline:
    """Wraps a diffusers pipeline that edits images, and is used like one.

    What it adds: the family's arguments, the size that the model works at and the way back to the source's size with nothing cropped,
    randomness that hangs on the generator alone, and a close look at what comes out. Everything else is the pipeline's own: `to`,
    `enable_model_cpu_offload`, `set_progress_bar_config`, `load_lora_weights`, `components`, and so on.

    Args:
        pipeline: the pipeline.
        family: what it is called with; by default that of its class, or one read off its signature.
        name: what reports call it; by default where it was loaded from.
        arguments: call arguments for every call, over the family's.
        resolution: instead of the family's.
        batch_size: how many images of one size a run may hand over at once.
        prompt_rewriter: `(prompt, image) -> prompt`, called on every instruction, and recorded by name.
        facts: what else `provenance` should tell: repository, revision, dtype, …

    Raises:
        TypeError: an argument that the pipeline does not take, or a pipeline that edits nothing.
        ValueError: a batch size below 1.
    """

    needs_sample = False

    def __init__(
        self,
        pipeline: Any,
        *,
        family: Family | None = None,
        name: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        resolution: Resolution | None = None,
        batch_size: int = 1,
        prompt_rewriter: PromptRewriter | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected 1 or more")
        self.pipeline = pipeline
        self.assumptions: tuple[str, ...] = ()
        self.family = family or self._family()
        self.resolution = resolution or self.family.resolution
        self.batch_size = batch_size
        self.prompt_rewriter = prompt_rewriter
        self._facts = dict(facts or {})
        self._loras: list[dict[str, Any]] = []
        self._adapters: dict[str, Any] | None = None
        self._parameters = parameters_of(pipeline)
        self._repo = self._facts.get("checkpoint") or getattr(getattr(pipeline, "config", None), "_name_or_path", None)
        self.name = name or str(self._repo or type(pipeline).__name__)
        own, self.resolution = split_size(dict(arguments or {}), self.resolution)
        check_arguments(type(pipeline).__name__, own, self._parameters, self._reserved())
        family_arguments = self.family.arguments(self._repo)
        self.arguments = {k: v for k, v in family_arguments.items() if k in self._parameters} | own

    @classmethod
    def from_pretrained(cls, name: str, **kwargs: Any) -> GSIEditPipeline:
        """Load and wrap a pipeline from the Hub or a folder; see `loading.load_pipeline`."""
        from gsi_bench_hf.pipelines.loading import load_pipeline

        return load_pipeline(name, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "pipeline" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.__dict__["pipeline"], name)

    def to(self, *args: Any, **kwargs: Any) -> GSIEditPipeline:
        """Move the pipeline to a device or dtype, as its own `to`."""
        self.pipeline.to(*args, **kwargs)
        return self

    def load_lora_weights(self, source: Any, **kwargs: Any) -> None:
        """Load a LoRA, as the pipeline's own method does; it is told in the provenance from then on."""
        self.pipeline.load_lora_weights(source, **kwargs)
        self._loras.append({"source": source if isinstance(source, str) else named(source), **plain(kwargs)})

    def unload_lora_weights(self) -> None:
        """Take every LoRA out again, as the pipeline's own method does."""
        self.pipeline.unload_lora_weights()
        self._loras.clear()
        self._adapters = None

    def set_adapters(self, adapter_names: Any, adapter_weights: Any = None) -> None:
        """Choose and weigh LoRAs, as the pipeline's own method does; told in the provenance too."""
        self.pipeline.set_adapters(adapter_names, adapter_weights)
        self._adapters = {"names": adapter_names, "weights": adapter_weights}

    def __call__(self, image: Any, prompt: Any, generator: Any = None, **arguments: Any) -> EditOutput:
        """Edit an image, or a list of them.

        Args:
            image: the source, or a list of sources.
            prompt: the instruction, or a list of as many.
            generator: a torch generator, or a list of as many: what noise is drawn from.
            arguments: call arguments of the pipeline, over the family's.

        Returns:
            `.images`, each of its source's size. One of a list that failed is an `EditFailedError` in its place.

        Raises:
            EditFailedError: one image alone that came out as NaN or was refused.
            EditMemoryError: there was not enough memory.
            TypeError: an argument that the pipeline does not take.
        """
        if isinstance(image, Image.Image):
            (answer,) = self._edit([image], [prompt], [generator], arguments)
            if isinstance(answer, EditFailedError):
                raise answer
            return EditOutput((answer,))
        prompts, generators = _as_many(prompt, image, "prompt"), _as_many(generator, image, "generator")
        together = self.family.batches and len({i.size for i in image}) == 1
        step = max(1, len(image)) if together else 1
        answers: list[Any] = []
        for start in range(0, len(image), step):
            part = slice(start, start + step)
            answers += self._edit(image[part], prompts[part], generators[part], arguments)
        return EditOutput(tuple(answers))

    def provenance(self) -> dict[str, Any]:
        """Everything that an edit hangs on, as JSON values; under "environment" what may differ between starts of one run."""
        scheduler = getattr(self.pipeline, "scheduler", None)
        own = {k: v for k, v in self._facts.items() if k != "environment"}
        return {
            "name": self.name,
            "family": self.family.name,
            "pipeline_class": type(self.pipeline).__name__,
            "checkpoint": self._repo,
            **plain(own),
            "lora": plain(self._loras),
            "adapters": plain(self._adapters),
            "scheduler": None if scheduler is None else type(scheduler).__name__,
            "arguments": plain(self.arguments),
            "resolution": plain(self.resolution),
            "prompt_rewriter": None if self.prompt_rewriter is None else named(self.prompt_rewriter),
            "assumptions": list(self.assumptions),
            "environment": {
                **environment(self.pipeline),
                "libraries": library_versions(),
                "batch_size": self.batch_size,
                **self._facts.get("environment", {}),
            },
        }

    def estimate(self, num_samples: int) -> str:
        """One line on what a run over so many samples asks for."""
        steps = self.arguments.get(self.family.steps_argument)
        work = f"{num_samples} edits by {type(self.pipeline).__name__} ({self.family.name})"
        return f"{work}{'' if steps is None else f', {steps} steps each'}, on {self.pipeline.device}"

    def _family(self) -> Family:
        found = family_of(type(self.pipeline).__name__, getattr(self.pipeline, "config", None))
        if found is not None:
            return found
        guess = generic_family(type(self.pipeline), 2 * int(getattr(self.pipeline, "vae_scale_factor", None) or 8))
        self.assumptions = guess.assumptions
        warnings.warn("; ".join(guess.assumptions), RunWarning, stacklevel=4)
        return guess.family

    def _reserved(self) -> tuple[str, ...]:
        return (self.family.image_argument, self.family.prompt_argument, *_OURS)

    def _edit(
        self,
        images: Sequence[Image.Image],
        prompts: Sequence[str],
        generators: Sequence[Any],
        arguments: dict[str, Any],
    ) -> list[Any]:
        """One call of the pipeline."""
        own, resolution = split_size(dict(arguments), self.resolution)
        check_arguments(type(self.pipeline).__name__, own, self._parameters, self._reserved())
        plan = resolution.plan(images[0].size)
        call: dict[str, Any] = {"output_type": "np"} if "output_type" in self._parameters else {}
        call |= self.arguments | own
        if self.family.takes_size and {"height", "width"} <= set(self._parameters):
            call |= {"width": plan.working[0], "height": plan.working[1]}
        if self.family.area_argument:
            call[self.family.area_argument] = plan.working[0] * plan.working[1]
        fitted = [self._form(plan.fit(image)) for image in images]
        worded = [self._worded(*pair) for pair in zip(prompts, images, strict=True)]
        call[self.family.image_argument] = fitted[0] if len(fitted) == 1 else fitted
        call[self.family.prompt_argument] = worded[0] if len(worded) == 1 else worded
        if "generator" in self._parameters:
            call["generator"] = generators[0] if len(images) == 1 else list(generators)
        with _own_randomness(generators[0]), _memory_errors(len(images)):
            output = self.pipeline(**call)
        return [
            answer if isinstance(answer, EditFailedError) else plan.restore(answer)
            for answer in _answers(output, self.family.output, len(images))
        ]

    def _form(self, image: Image.Image) -> Any:
        return {"image": image, "list": [image], "lists": [[image]]}[self.family.image_form]

    def _worded(self, prompt: str, image: Image.Image) -> str:
        return self.family.prompt(prompt if self.prompt_rewriter is None else self.prompt_rewriter(prompt, image))


def split_size(arguments: dict[str, Any], resolution: Resolution) -> tuple[dict[str, Any], Resolution]:
    """Call arguments without `height` and `width`, and the resolution that these two ask for.

    Raises:
        ValueError: for one of the two alone.
    """
    size = [arguments.pop(side, None) for side in ("width", "height")]
    if size == [None, None]:
        return arguments, resolution
    if None in size:
        raise ValueError(f"width is {size[0]} and height is {size[1]}, expected both or neither")
    return arguments, resolution.fixed((int(size[0]), int(size[1])))


def _as_many(value: Any, images: Sequence[Any], what: str) -> list[Any]:
    values = list(value) if isinstance(value, (list, tuple)) else [value] * (len(images) if value is None else 1)
    if len(values) != len(images):
        raise ValueError(f"{what} has {len(values)} entries for {len(images)} images; expected one for each")
    return values


@contextmanager
def _own_randomness(generator: Any) -> Iterator[None]:
    """Whatever is drawn without the generator is drawn from its seed too, and the process's own state is left as it was."""
    if generator is None:
        yield
        return
    import torch

    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(generator.initial_seed())
        yield


@contextmanager
def _memory_errors(count: int) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError) and type(error).__name__ != "OutOfMemoryError":
            raise
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise EditMemoryError(f"not enough memory for {count} image(s) at once") from error


def _answers(output: Any, attribute: str, count: int) -> list[Any]:
    """The images of a pipeline's answer: PIL images, or in the place of one an `EditFailedError`."""
    images = getattr(output, attribute)
    if len(images) != count:
        raise EditFailedError(f"the pipeline gave {len(images)} images for {count}")
    if attribute == "frames":
        images = [frames[-1] for frames in images]
    refused = getattr(output, "nsfw_content_detected", None) or [False] * count
    return [
        EditRefusedError("the pipeline's safety checker refused the image") if no else _as_image(image)
        for image, no in zip(images, refused, strict=True)
    ]


def _as_image(value: Any) -> Any:
    if isinstance(value, Image.Image):
        return value
    array = np.asarray(value.detach().cpu().float().permute(1, 2, 0) if hasattr(value, "detach") else value)
    if not np.isfinite(array).all():
        return EditFailedError(
            "the model's image holds NaN or infinities; another dtype may help (dtype='bfloat16' or 'float32')"
        )
    return as_pil(array)
