"""JoyAI-Image-Edit."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

# Width -> heights.
_BUCKETS = {
    512: (1792, 1856, 1920, 1984, 2048),
    576: (1600, 1664, 1728, 1792),
    640: (1472, 1536, 1600),
    704: (1344, 1408, 1472),
    768: (1216, 1280, 1344),
    832: (1152, 1216),
    896: (1088, 1152),
    960: (1024, 1088),
    1024: (960, 1024),
    1088: (896, 960),
    1152: (832, 896),
    1216: (768, 832),
    1280: (768,),
    1344: (704, 768),
    1408: (704,),
    1472: (640, 704),
    1536: (640,),
    1600: (576, 640),
    1664: (576,),
    1728: (576,),
    1792: (512, 576),
    1856: (512,),
    1920: (512,),
    1984: (512,),
    2048: (512,),
}

_SIZES = tuple((width, height) for width, heights in _BUCKETS.items() for height in heights)

JOYIMAGE_EDIT = Family(
    name="joyimage-edit",
    what="JoyAI-Image-Edit",
    pipeline_classes=("JoyImageEditPipeline",),
    default_repo="jdopensource/JoyAI-Image-Edit-Diffusers",
    steps=40,
    guidance={"guidance_scale": 4.0},
    # It crops to the nearest of its sizes; a source that has one already is left whole.
    resolution=Resolution(multiple=64, sizes=_SIZES, only_sizes=True),
    licence="Apache-2.0",
    citation="""@misc{joyai2026image,
  title = {{JoyAI-Image}: Awakening Spatial Intelligence in Unified Multimodal Understanding and Generation},
  author = {{JD.com}},
  year = {2026},
  eprint = {2605.04128},
  archivePrefix = {arXiv}
}""",
    card_template="joyimage_edit.md.jinja",
    notes=("it works at no other sizes than its own; pixels= can't be given",),
)
