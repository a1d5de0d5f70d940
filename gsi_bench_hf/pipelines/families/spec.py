"""What is to be known of a family of editing models: one frozen spec each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gsi_bench_hf.pipelines.resolution import Resolution

Published = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Family:
    """A family of models that are called in one way.

    Attributes:
        name: for `family=` and lists.
        what: one line for a list.
        pipeline_classes: names of its classes in `diffusers`, as `model_index.json` has them.
        default_repo: the repository on the Hub that its defaults are from.
        steps: denoising steps, from the model's own documentation; None leaves them to the pipeline.
        guidance: its guidance arguments, from the same.
        resolution: what size it works at.
        licence: of the weights in `default_repo`: an SPDX identifier, or the name of the licence.
        citation: BibTeX.
        dtype: what its weights are run in on a GPU.
        float32_parts: components that stay float32 whatever the dtype.
        image_argument, prompt_argument, steps_argument: what `__call__` calls them.
        image_form: whether one image is given as it is, in a list, or in a list of lists.
        prompt_template: the instruction in the form that the model wants; "{prompt}" stands for it.
        prompt_key: where the model wants JSON: the key of the instruction.
        extra_arguments: others that are always given.
        checkpoints: repository -> arguments in which it differs from the family.
        config: what the pipeline's config has to hold for this family; tells families of one class apart.
        takes_size: whether `height` and `width` are given (where the class has them).
        area_argument: an argument that is given the pixels of the working size; empty for none.
        batches: whether lists of images and prompts of one size are edited in one call.
        output: the attribute of the answer that holds the images; of "frames" the last is the edit.
        implementation: "module:Class" of ours for a class that `diffusers` has not.
        requires: packages that its pipeline can't be loaded without, beyond diffusers and transformers.
        published: the paper's table: subset -> metric -> 0..100; empty for a model that is not in it.
        card_template: name of the model card's template.
        notes: what a user should know, a line each.
    """

    name: str
    what: str
    pipeline_classes: tuple[str, ...]
    default_repo: str
    steps: int | None
    guidance: Mapping[str, Any]
    resolution: Resolution
    licence: str
    citation: str
    dtype: str = "bfloat16"
    float32_parts: tuple[str, ...] = ()
    image_argument: str = "image"
    prompt_argument: str = "prompt"
    steps_argument: str = "num_inference_steps"
    image_form: Literal["image", "list", "lists"] = "image"
    prompt_template: str = "{prompt}"
    prompt_key: str = ""
    extra_arguments: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    takes_size: bool = True
    area_argument: str = ""
    batches: bool = False
    output: Literal["images", "frames"] = "images"
    implementation: str = ""
    requires: tuple[str, ...] = ()
    published: Published = field(default_factory=dict)
    card_template: str = ""
    notes: tuple[str, ...] = ()

    def arguments(self, repo: str | None = None) -> dict[str, Any]:
        """The call arguments that the family gives by itself, for a checkpoint of that repository."""
        steps = {} if self.steps is None else {self.steps_argument: self.steps}
        own = {**steps, **self.guidance, **self.extra_arguments}
        return {**own, **self.checkpoints.get(repo or "", {})}

    def prompt(self, instruction: str) -> str:
        """An instruction as this model wants it. One that is JSON with the key already is left as it is."""
        if not self.prompt_key:
            return self.prompt_template.replace("{prompt}", instruction)
        return instruction if _has_key(instruction, self.prompt_key) else json.dumps({self.prompt_key: instruction})


def _has_key(text: str, key: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and key in value
