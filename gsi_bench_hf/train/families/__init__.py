"""Recipes by name: `RECIPES`, name -> `RecipeSpec`; other packages add through the entry-point group `gsi_bench_hf.recipes`."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families import FAMILIES, TINY
from gsi_bench_hf.pipelines.resolution import Resolution
from gsi_bench_hf.registry import Registry
from gsi_bench_hf.train.recipe import Defaults, RecipeSpec

__all__ = ["RECIPES"]

RECIPES: Registry[RecipeSpec] = Registry("recipe", "gsi_bench_hf.recipes")

_HERE = "gsi_bench_hf.train.families"
_ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
_JOINT = (*_ATTENTION, "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
_FLOW = {"logit_mean": 0.0, "logit_std": 1.0}


def _pix2pix(family: str, base: str) -> tuple[str, ...]:
    """The family's classes, and the text-to-image one that it is made from."""
    return (*FAMILIES[family].pipeline_classes, base)


def _add(
    name: str, what: str, factory: str, defaults: Defaults, family: str = "", classes: tuple[str, ...] = ()
) -> None:
    classes = classes or FAMILIES[family or name].pipeline_classes
    RECIPES.add(name, RecipeSpec(name, what, f"{_HERE}.{factory}", classes, defaults=defaults))


_add(
    "instruct-pix2pix",
    "InstructPix2Pix on Stable Diffusion 1.5, or Stable Diffusion itself by method full",
    "instruct_pix2pix:InstructPix2PixRecipe",
    Defaults(
        learning_rate={"lora": 1e-4, "full": 5e-5},
        batch_size=8,
        resolution=FAMILIES["instruct-pix2pix"].resolution,
        targets=_ATTENTION,
        arguments={"drop": 0.05},
    ),
    classes=_pix2pix("instruct-pix2pix", "StableDiffusionPipeline"),
)
_add(
    "instruct-pix2pix-xl",
    "InstructPix2Pix on Stable Diffusion XL, or that itself by method full",
    "instruct_pix2pix:InstructPix2PixXLRecipe",
    Defaults(
        learning_rate={"lora": 1e-4, "full": 5e-5},
        resolution=FAMILIES["instruct-pix2pix-xl"].resolution,
        targets=_ATTENTION,
        arguments={"drop": 0.05},
    ),
    classes=_pix2pix("instruct-pix2pix-xl", "StableDiffusionXLPipeline"),
)
_add(
    "flux-kontext",
    "FLUX.1 Kontext",
    "flux:FluxKontextRecipe",
    Defaults(
        batch_size=1,
        resolution=FAMILIES["flux-kontext"].resolution,
        targets=_JOINT,
        arguments={**_FLOW, "guidance": 1.0},
    ),
)
_add(
    "flux2-klein",
    "FLUX.2 klein, distilled or not (train the base model, then use the LoRA on either)",
    "flux:Flux2KleinRecipe",
    Defaults(
        batch_size=1,
        resolution=FAMILIES["flux2-klein"].resolution,
        targets=(*_JOINT, "to_qkv_mlp_proj"),
        arguments={**_FLOW, "text_layers": (9, 18, 27)},
    ),
)
_add(
    "qwen-image-edit",
    "Qwen-Image-Edit, and 2509 and later",
    "qwen:QwenImageEditRecipe",
    Defaults(
        batch_size=1,
        resolution=FAMILIES["qwen-image-edit"].resolution,
        targets=_JOINT,
        arguments=_FLOW,
    ),
    classes=("QwenImageEditPipeline", "QwenImageEditPlusPipeline"),
)
RECIPES.add(
    "tiny",
    RecipeSpec(
        "tiny",
        "a small editor that learns from nothing, on a CPU",
        "gsi_bench_hf.train.tiny.recipe:TinyRecipe",
        TINY.pipeline_classes,
        methods=("full",),
        from_nothing=True,
        defaults=Defaults(
            learning_rate={"full": 1e-3},
            batch_size=32,
            resolution=Resolution(multiple=16, pixels=128 * 128),
            arguments={"channels": (64, 128, 256), "precision": "bfloat16"},
        ),
    ),
)
