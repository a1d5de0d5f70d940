"""A family for a pipeline class that no spec names: read off the signature of its `__call__`, and said so."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

_IMAGE = ("image", "images", "input_image", "input_images")
_PROMPT = ("prompt", "instruction")
_GUIDANCE = ("guidance_scale", "image_guidance_scale", "img_guidance_scale", "true_cfg_scale")
_MAX_PIXELS = 1024 * 1024


@dataclass(frozen=True)
class Guess:
    """A family that was read off a signature, and what was assumed for it, a line each."""

    family: Family
    assumptions: tuple[str, ...]


def generic_family(pipeline_class: type, multiple: int = 16) -> Guess:
    """A family for a class of pipelines.

    Args:
        pipeline_class: its `__call__` is read.
        multiple: both sides of images are brought to multiples of it.

    Raises:
        TypeError: a class that takes no image or no prompt, and so edits nothing.
    """
    name = pipeline_class.__name__
    parameters = inspect.signature(pipeline_class.__call__).parameters
    image = next((p for p in _IMAGE if p in parameters), None)
    prompt = next((p for p in _PROMPT if p in parameters), None)
    if image is None or prompt is None:
        raise TypeError(
            f"{name} takes {', '.join(p for p in parameters if p != 'self')}; expected an image (one of {', '.join(_IMAGE)}) and a "
            f"prompt (one of {', '.join(_PROMPT)}): it is no editing pipeline; wrap it in a function of image and prompt instead"
        )
    guidance = {p: parameters[p].default for p in _GUIDANCE if p in parameters and _is_number(parameters[p].default)}
    steps = parameters["num_inference_steps"].default if "num_inference_steps" in parameters else None
    family = Family(
        name="generic",
        what="any other diffusers pipeline that takes an image and a prompt, after its signature",
        pipeline_classes=(name,),
        default_repo="",
        steps=steps if isinstance(steps, int) else None,
        guidance=guidance,
        resolution=Resolution(multiple=multiple, max_pixels=_MAX_PIXELS, rounding="down"),
        licence="unknown",
        citation="",
        image_argument=image,
        prompt_argument=prompt,
        image_form="list" if image.endswith("s") else "image",
        card_template="generic.md.jinja",
    )
    return Guess(family, _assumptions(family, {"height", "width"} <= set(parameters)))


def _assumptions(family: Family, takes_size: bool) -> tuple[str, ...]:
    own = ", ".join(f"{k}={v:g}" for k, v in family.arguments().items()) or "nothing else"
    form = "a list of one" if family.image_form == "list" else "one image"
    given = f"{family.image_argument}= ({form}) and {family.prompt_argument}="
    size = "is told so in height= and width=" if takes_size else "takes its size from the image"
    return (
        f"{family.pipeline_classes[0]} is of no family known here: it is called with {given} and its own defaults ({own})",
        f"sources keep their size up to {_MAX_PIXELS} pixels, in multiples of {family.resolution.multiple}; the pipeline {size}",
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
