"""FLUX.1 Kontext, FLUX.2 and FLUX.2 klein."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

_KONTEXT_SIDES = (
    (672, 1568),
    (688, 1504),
    (720, 1456),
    (752, 1392),
    (800, 1328),
    (832, 1248),
    (880, 1184),
    (944, 1104),
)
_KONTEXT_SIZES = (*_KONTEXT_SIDES, (1024, 1024), *((w, h) for h, w in reversed(_KONTEXT_SIDES)))
_NON_COMMERCIAL = "FLUX Non-Commercial License"
_FLUX2_CITATION = """@misc{flux2,
  title = {{FLUX.2}: Frontier Visual Intelligence},
  author = {{Black Forest Labs}},
  year = {2025},
  howpublished = {https://bfl.ai/blog/flux-2}
}"""
# Larger sources it shrinks by itself, and what is over a multiple of 16 it cuts off; so neither happens.
_FLUX2_RESOLUTION = Resolution(multiple=16, max_pixels=1024 * 1024, min_side=64, rounding="down")

FLUX_KONTEXT = Family(
    name="flux-kontext",
    what="FLUX.1 Kontext",
    pipeline_classes=("FluxKontextPipeline",),
    default_repo="black-forest-labs/FLUX.1-Kontext-dev",
    steps=28,
    guidance={"guidance_scale": 2.5},
    resolution=Resolution(multiple=16, sizes=_KONTEXT_SIZES),
    # The source has one of its sizes already.
    extra_arguments={"_auto_resize": False},
    area_argument="max_area",
    batches=True,
    licence=_NON_COMMERCIAL,
    citation="""@misc{labs2025flux1kontext,
  title = {{FLUX.1 Kontext}: Flow Matching for In-Context Image Generation and Editing in Latent Space},
  author = {{Black Forest Labs}},
  year = {2025},
  eprint = {2506.15742},
  archivePrefix = {arXiv}
}""",
    card_template="flux_kontext.md.jinja",
    notes=("gated on the Hub: accept its licence there and log in",),
)

FLUX2 = Family(
    name="flux2",
    what="FLUX.2",
    pipeline_classes=("Flux2Pipeline",),
    default_repo="black-forest-labs/FLUX.2-dev",
    steps=50,
    guidance={"guidance_scale": 4.0},
    resolution=_FLUX2_RESOLUTION,
    licence=_NON_COMMERCIAL,
    citation=_FLUX2_CITATION,
    card_template="flux2.md.jinja",
    notes=(
        "gated on the Hub: accept its licence there and log in",
        "its own prompt upsampling (caption_upsample_temperature) is off unless given",
    ),
)

FLUX2_KLEIN = Family(
    name="flux2-klein",
    what="FLUX.2 klein, distilled to few steps",
    pipeline_classes=("Flux2KleinPipeline",),
    default_repo="black-forest-labs/FLUX.2-klein-4B",
    steps=4,
    guidance={"guidance_scale": 1.0},
    resolution=_FLUX2_RESOLUTION,
    config={"is_distilled": True},
    licence="Apache-2.0",
    citation=_FLUX2_CITATION,
    card_template="flux2_klein.md.jinja",
    notes=("the 9B weights are under the FLUX Non-Commercial License",),
)

FLUX2_KLEIN_BASE = Family(
    name="flux2-klein-base",
    what="FLUX.2 klein before its distillation",
    pipeline_classes=("Flux2KleinPipeline",),
    default_repo="black-forest-labs/FLUX.2-klein-base-4B",
    steps=50,
    guidance={"guidance_scale": 4.0},
    resolution=_FLUX2_RESOLUTION,
    licence="Apache-2.0",
    citation=_FLUX2_CITATION,
    card_template="flux2_klein.md.jinja",
    notes=("the 9B weights are under the FLUX Non-Commercial License",),
)
