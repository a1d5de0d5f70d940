"""Qwen-Image-Edit, and its successors that take several images (Plus)."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.published import published
from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

_CITATION = """@misc{wu2025qwenimage,
  title = {Qwen-Image Technical Report},
  author = {Wu, Chenfei and Li, Jiahao and Zhou, Jingren and Lin, Junyang and Gao, Kaiyuan and Yan, Kun and others},
  year = {2025},
  eprint = {2508.02324},
  archivePrefix = {arXiv}
}"""
# What both pipelines bring any source to by themselves.
_RESOLUTION = Resolution(multiple=32, pixels=1024 * 1024)
# Without a negative prompt, be it a blank, there is no guidance.
_NEGATIVE = {"negative_prompt": " "}

QWEN_IMAGE_EDIT = Family(
    name="qwen-image-edit",
    what="Qwen-Image-Edit",
    pipeline_classes=("QwenImageEditPipeline",),
    default_repo="Qwen/Qwen-Image-Edit",
    steps=50,
    guidance={"true_cfg_scale": 4.0},
    resolution=_RESOLUTION,
    extra_arguments=_NEGATIVE,
    licence="Apache-2.0",
    citation=_CITATION,
    published=published("Qwen-Image-Edit"),
    card_template="qwen_image_edit.md.jinja",
)

QWEN_IMAGE_EDIT_PLUS = Family(
    name="qwen-image-edit-plus",
    what="Qwen-Image-Edit 2509 and later",
    pipeline_classes=("QwenImageEditPlusPipeline",),
    default_repo="Qwen/Qwen-Image-Edit-2509",
    steps=40,
    guidance={"true_cfg_scale": 4.0},
    resolution=_RESOLUTION,
    extra_arguments=_NEGATIVE,
    licence="Apache-2.0",
    citation=_CITATION,
    card_template="qwen_image_edit_plus.md.jinja",
    notes=("the paper's Qwen-Image-Edit is not said to be this one, so no published row stands beside it",),
)
