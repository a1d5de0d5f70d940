"""OmniGen, version 1."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

OMNIGEN = Family(
    name="omnigen",
    what="OmniGen v1",
    pipeline_classes=("OmniGenPipeline",),
    default_repo="Shitao/OmniGen-v1-diffusers",
    steps=50,
    guidance={"guidance_scale": 2.0, "img_guidance_scale": 1.6},
    # It shrinks longer sides and cuts off what is over a multiple of 16; so neither happens.
    resolution=Resolution(multiple=16, max_side=1024, min_side=16, rounding="down"),
    image_argument="input_images",
    image_form="list",
    prompt_template="<img><|image_1|></img> {prompt}",
    licence="MIT",
    citation="""@misc{xiao2024omnigen,
  title = {{OmniGen}: Unified Image Generation},
  author = {Xiao, Shitao and Wang, Yueze and Zhou, Junjie and Yuan, Huaying and Xing, Xingrun and Yan, Ruiran and others},
  year = {2024},
  eprint = {2409.11340},
  archivePrefix = {arXiv}
}""",
    card_template="omnigen.md.jinja",
    notes=("the paper's table has OmniGen2, which is another model",),
)
