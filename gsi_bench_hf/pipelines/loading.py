"""Loading a diffusers pipeline for a run; every argument is checked before any weights are read."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from gsi_bench_hf.pipelines.diffusers_editor import GSIEditPipeline, PromptRewriter, split_size
from gsi_bench_hf.pipelines.families import FAMILIES, Family, family_of
from gsi_bench_hf.pipelines.families.generic import generic_family
from gsi_bench_hf.pipelines.hardware import (
    choose_device,
    choose_dtype,
    dtype_argument,
    quantisation_config,
    split_dtype,
)
from gsi_bench_hf.pipelines.missing_packages import do_without_missing
from gsi_bench_hf.pipelines.signature import check_arguments, parameters_of
from gsi_bench_hf.pipelines.source import Source, find_source

_HUB = ("revision", "variant", "token", "cache_dir", "local_files_only", "force_download", "use_safetensors")


@dataclass(frozen=True)
class LoadOptions:
    """How a pipeline is loaded and run; the keyword arguments of `load_pipeline` that are neither the Hub's nor the pipeline's own.

    Attributes:
        family: a name of `FAMILIES`, over that of the class.
        dtype: "float16", "bfloat16", "float32"; "auto" is the family's on a GPU and float32 elsewhere; or a quantisation.
        quantization: "bnb-4bit", "bnb-8bit", "torchao-int8", "torchao-int4", "torchao-fp8", or a `PipelineQuantizationConfig`.
        device: "cuda:1", "cpu", …; by default the GPU of this process, else the CPU.
        offload: "model" or "sequential": weights wait in the CPU's memory.
        compile: True, or a mode of `torch.compile`: the denoiser is compiled.
        attention: an attention back end of diffusers for the denoiser, "flash", "sage", ….
        lora: repository or folder of a LoRA; with `lora_weight_name` and `lora_scale`.
        prompt_rewriter: a function of (prompt, image), or "module:function".
        pixels: about so many pixels to work at, instead of the family's.
        batch_size: how many images at once.
        trust_remote_code: whether code that comes with the weights may run.
        custom_pipeline: as `DiffusionPipeline.from_pretrained` has it; needs `trust_remote_code`.
    """

    family: str | None = None
    dtype: str = "auto"
    quantization: Any = None
    device: str | None = None
    offload: str | None = None
    compile: bool | str = False
    attention: str | None = None
    lora: str | None = None
    lora_weight_name: str | None = None
    lora_scale: float | None = None
    prompt_rewriter: PromptRewriter | str | None = None
    pixels: int | None = None
    batch_size: int = 1
    trust_remote_code: bool = False
    custom_pipeline: str | None = None
    hub: Mapping[str, Any] = field(default_factory=dict)
    components: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)


def load_pipeline(name: str, **kwargs: Any) -> GSIEditPipeline:
    """Load a pipeline and wrap it.

    Args:
        name: a repository of the Hub, or a folder with `model_index.json`.
        kwargs: the fields of `LoadOptions`; what `from_pretrained` takes of the Hub (`revision`, `variant`, `token`, …); parts to use
            instead of the saved ones (`safety_checker=None`); and call arguments of the pipeline (`num_inference_steps=20`).

    Raises:
        OSError: nothing there that can be loaded.
        TypeError: an argument that neither we nor the pipeline takes.
        ValueError: an argument that can't be so.
        ImportError: a package is missing; the message names the extra.
    """
    diffusers = _diffusers(name)
    do_without_missing()
    source = find_source(name, kwargs)
    options = _split(source, kwargs)
    family, pipeline_class = _class_of(source, options, diffusers)
    _check(source, options, family, pipeline_class)
    device = choose_device(options.device)
    dtype_name, quantisation = split_dtype(options.dtype, options.quantization)
    dtype = choose_dtype(dtype_name, family.dtype if family else "bfloat16", device)
    given = {**options.hub, **options.components}
    given[dtype_argument()] = _dtypes(dtype, family)
    if quantisation is not None:
        given["quantization_config"] = quantisation_config(quantisation, dtype, source.modules())
    pipeline = _from_pretrained(source, options, pipeline_class, given)
    _place(pipeline, options, device, quantised=quantisation is not None)
    return _wrapped(
        name,
        source,
        options,
        family,
        pipeline,
        {"dtype": str(dtype).removeprefix("torch."), "quantization": quantisation},
    )


def _diffusers(name: str) -> Any:
    try:
        return import_module("diffusers")
    except ImportError as error:
        raise ImportError(
            f'editor {name!r} needs diffusers ({error}); install it: pip install "gsi-bench-hf[editors]"'
        ) from error


def _split(source: Source, kwargs: Mapping[str, Any]) -> LoadOptions:
    fields = {f.name for f in dataclasses.fields(LoadOptions)} - {"hub", "components", "call"}
    hub = {"use_safetensors": True} | {k: v for k, v in kwargs.items() if k in _HUB}
    rest = {k: v for k, v in kwargs.items() if k not in fields and k not in _HUB}
    components = {k: rest.pop(k) for k in source.components if k in rest}
    if not source.is_folder:
        hub["revision"] = source.revision
    own = {k: v for k, v in kwargs.items() if k in fields}
    return LoadOptions(**own, hub=hub, components=components, call=rest)


def _class_of(source: Source, options: LoadOptions, diffusers: Any) -> tuple[Family | None, type | None]:
    """The family where one is known, and the class; None for a class that comes with the files."""
    family = FAMILIES[options.family] if options.family else family_of(source.class_name, source.index)
    if options.custom_pipeline is not None or isinstance(source.index["_class_name"], list):
        return family, None
    found = getattr(diffusers, source.class_name, None)
    if found is None and family is not None and family.implementation:
        module, _, attribute = family.implementation.partition(":")
        found = getattr(import_module(module), attribute)
    if found is None:
        raise OSError(
            f"editor {source.location!r}: its pipeline class {source.class_name} is not in diffusers {diffusers.__version__}; "
            "upgrade diffusers, or give custom_pipeline= and trust_remote_code=True for one that comes with its own code"
        )
    return family, found


def _check(source: Source, options: LoadOptions, family: Family | None, pipeline_class: type | None) -> None:
    """Everything that can be known to be wrong before the weights are read."""
    if pipeline_class is None:
        if not options.trust_remote_code:
            raise ValueError(
                f"editor {source.location!r}: its pipeline class {source.class_name} is code outside of diffusers; read it, and give "
                "trust_remote_code=True to run it"
            )
        return
    known = family or generic_family(pipeline_class).family
    for package in known.requires:
        try:
            import_module(package)
        except ImportError as error:
            raise ImportError(
                f"editor {source.location!r}: {source.class_name} needs {package}, which is not here ({error}); pip install {package}"
            ) from error
    call, _ = split_size(dict(options.call), known.resolution)
    reserved = (known.image_argument, known.prompt_argument, "generator", "return_dict")
    try:
        check_arguments(source.class_name, call, parameters_of(pipeline_class), reserved)
    except TypeError as error:
        ours = ", ".join(f.name for f in dataclasses.fields(LoadOptions) if f.name not in ("hub", "components", "call"))
        raise TypeError(f"{error}; and for loading {ours}, {', '.join(_HUB)}") from None


def _dtypes(dtype: Any, family: Family | None) -> Any:
    import torch

    parts = family.float32_parts if family is not None else ()
    return {"default": dtype, **dict.fromkeys(parts, torch.float32)} if parts else dtype


def _from_pretrained(source: Source, options: LoadOptions, pipeline_class: type | None, given: dict[str, Any]) -> Any:
    if pipeline_class is not None:
        return pipeline_class.from_pretrained(source.location, **given)  # type: ignore[attr-defined]
    pipelines: Any = import_module("diffusers")
    custom = {} if options.custom_pipeline is None else {"custom_pipeline": options.custom_pipeline}
    return pipelines.DiffusionPipeline.from_pretrained(source.location, trust_remote_code=True, **custom, **given)


def _place(pipeline: Any, options: LoadOptions, device: str, *, quantised: bool) -> None:
    denoiser: Any = getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)
    if options.attention is not None:
        denoiser.set_attention_backend(options.attention)
    if options.offload is None:
        if not (quantised and device == "cpu"):
            pipeline.to(device)
    elif device == "cpu" or options.offload not in ("model", "sequential"):
        raise ValueError(f"offload is {options.offload!r} on {device}; expected 'model' or 'sequential', and a GPU")
    else:
        getattr(pipeline, f"enable_{options.offload}_cpu_offload")(device=device)
    if options.compile:
        denoiser.compile(**({"mode": options.compile} if isinstance(options.compile, str) else {}))
    # A run has a bar of its own; the steps' bar stands below it while there is someone to look.
    pipeline.set_progress_bar_config(disable=not sys.stderr.isatty(), leave=False, position=1)


def _wrapped(
    name: str, source: Source, options: LoadOptions, family: Family | None, pipeline: Any, facts: dict[str, Any]
) -> GSIEditPipeline:
    facts |= {
        "checkpoint": source.location.rstrip("/").rpartition("/")[2] if source.is_folder else source.location,
        "revision": source.revision,
        "variant": options.hub.get("variant"),
        "replaced": sorted(options.components),
        "compile": options.compile,
        "attention": options.attention,
        "custom_pipeline": options.custom_pipeline,
        "environment": {"folder": source.location if source.is_folder else None, "offload": options.offload},
    }
    editor = GSIEditPipeline(
        pipeline,
        family=family,
        name=facts["checkpoint"],
        arguments=options.call,
        batch_size=options.batch_size,
        prompt_rewriter=_rewriter(options.prompt_rewriter),
        facts=facts,
    )
    if options.pixels is not None:
        editor.resolution = editor.resolution.at(int(options.pixels))
    if options.lora is not None:
        named_file = {"weight_name": options.lora_weight_name} if options.lora_weight_name else {}
        editor.load_lora_weights(options.lora, adapter_name="lora", **named_file)
        editor.set_adapters("lora", 1.0 if options.lora_scale is None else options.lora_scale)
    return editor


def _rewriter(given: PromptRewriter | str | None) -> PromptRewriter | None:
    if not isinstance(given, str):
        return given
    from gsi_bench_hf.pipelines.function import import_object

    found: PromptRewriter = import_object(given)
    return found
