"""LongCat-Image-Edit."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

LONGCAT_IMAGE_EDIT = Family(
    name="longcat-image-edit",
    what="LongCat-Image-Edit",
    pipeline_classes=("LongCatImageEditPipeline",),
    default_repo="meituan-longcat/LongCat-Image-Edit",
    steps=50,
    guidance={"guidance_scale": 4.5},
    # What the pipeline brings any source to by itself; it can't be told another size.
    resolution=Resolution(multiple=16, pixels=1024 * 1024, rounding="up"),
    licence="Apache-2.0",
    citation="""@misc{longcat2025image,
  title = {{LongCat-Image} Technical Report},
  author = {{Meituan LongCat Team}},
  year = {2025},
  eprint = {2512.07584},
  archivePrefix = {arXiv}
}""",
    card_template="longcat_image_edit.md.jinja",
)
