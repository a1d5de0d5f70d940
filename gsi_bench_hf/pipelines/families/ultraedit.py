"""UltraEdit, on Stable Diffusion 3."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.published import published
from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

ULTRAEDIT = Family(
    name="ultraedit",
    what="UltraEdit on Stable Diffusion 3, edits without a mask",
    pipeline_classes=("StableDiffusion3InstructPix2PixPipeline",),
    default_repo="BleachNick/SD3_UltraEdit_freeform",
    steps=50,
    guidance={"guidance_scale": 7.5, "image_guidance_scale": 1.5},
    resolution=Resolution(multiple=16, pixels=512 * 512),
    extra_arguments={"negative_prompt": ""},
    dtype="float16",
    batches=True,
    implementation="gsi_bench_hf.pipelines.sd3_instruct_pix2pix:StableDiffusion3InstructPix2PixPipeline",
    licence="Stability AI Community License",
    citation="""@inproceedings{zhao2024ultraedit,
  title = {{UltraEdit}: Instruction-based Fine-Grained Image Editing at Scale},
  author = {Zhao, Haozhe and Ma, Xiaojian and Chen, Liang and Si, Shuzheng and Wu, Rujie and An, Kaikai and others},
  booktitle = {NeurIPS},
  year = {2024}
}""",
    published=published("UltraEdit"),
    card_template="ultraedit.md.jinja",
    notes=(
        "its pipeline is a community one that diffusers does not carry; gsi-bench-hf has its own of that name: no foreign code runs",
    ),
)
