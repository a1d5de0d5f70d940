"""InstructPix2Pix, on Stable Diffusion 1.5 and XL."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

_CITATION = """@inproceedings{brooks2023instructpix2pix,
  title = {{InstructPix2Pix}: Learning to Follow Image Editing Instructions},
  author = {Brooks, Tim and Holynski, Aleksander and Efros, Alexei A.},
  booktitle = {CVPR},
  year = {2023}
}"""

INSTRUCT_PIX2PIX = Family(
    name="instruct-pix2pix",
    what="InstructPix2Pix on Stable Diffusion 1.5",
    pipeline_classes=("StableDiffusionInstructPix2PixPipeline",),
    default_repo="timbrooks/instruct-pix2pix",
    steps=100,
    guidance={"guidance_scale": 7.5, "image_guidance_scale": 1.5},
    # The authors' script brings images to about 512 pixels, in blocks of 64.
    resolution=Resolution(multiple=64, pixels=512 * 512),
    dtype="float16",
    licence="MIT",
    citation=_CITATION,
    batches=True,
    card_template="instruct_pix2pix.md.jinja",
    notes=("its safety checker blackens images it objects to; such samples are counted as refused",),
)

INSTRUCT_PIX2PIX_XL = Family(
    name="instruct-pix2pix-xl",
    what="InstructPix2Pix on Stable Diffusion XL",
    pipeline_classes=("StableDiffusionXLInstructPix2PixPipeline",),
    default_repo="diffusers/sdxl-instructpix2pix-768",
    steps=30,
    guidance={"guidance_scale": 3.0, "image_guidance_scale": 1.5},
    resolution=Resolution(multiple=64, pixels=768 * 768),
    dtype="float16",
    licence="openrail++",
    citation=_CITATION,
    batches=True,
    card_template="instruct_pix2pix_xl.md.jinja",
)
